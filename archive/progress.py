"""How far a long work is: on a terminal one line that changes, in a log a line now and then."""

import sys
import time
from collections.abc import Callable
from typing import Self

Progress = Callable[[str, int, int | None], None]
"""Is called with what is counted, how much is done, and of how much (None if not known)."""

_IN_A_LOG = 10.0  # seconds between two lines
_ON_A_TERMINAL = 0.1
_CLEARED = "\r\x1b[K"


def silent(_what: str, _done: int, _of: int | None) -> None:
    """Show nothing."""


class ProgressLine:
    """Shows progress on standard error; a context manager, at whose end a terminal's line goes.

    Bytes are shown in MB.
    """

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._every = _ON_A_TERMINAL if self._is_terminal else _IN_A_LOG
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_terminal:
            print(_CLEARED, end="", file=sys.stderr, flush=True)

    def __call__(self, what: str, done: int, of: int | None = None) -> None:
        """Show how much is done, if it is time to."""
        now = time.monotonic()
        if now - self._shown < self._every:
            return
        self._shown = now
        unit, what = (1e6, f"MB{what[5:]}") if what.startswith("bytes") else (1, what)
        whole = "" if of is None else f" of {of / unit:,.0f}"
        line = f"{now - self._began:5.0f} s  {done / unit:,.0f}{whole} {what}"
        if self._is_terminal:
            print(_CLEARED + line, end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)
