"""How long work is told: on a terminal one line that changes, elsewhere a line now and then."""

import sys
import time
from types import TracebackType
from typing import Self

import click

_PLAIN_EVERY = 10.0  # seconds
_TERMINAL_EVERY = 0.1


class Progress:
    """Shows on standard error how much is done of how much; a context manager.

    `what` is counted; where that is bytes, they are told in MB.
    """

    def __init__(self, what: str) -> None:
        self._unit = 1e6 if what.startswith("bytes") else 1
        self._what = what.replace("bytes", "MB")
        self._terminal = sys.stderr.isatty()
        self._every = _TERMINAL_EVERY if self._terminal else _PLAIN_EVERY
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._terminal:
            click.echo("\r" + " " * 72 + "\r", nl=False, err=True)

    def __call__(self, done: int, of: int | None = None) -> None:
        """Tell how much is done, if it is time to."""
        now = time.monotonic()
        if now - self._said < self._every:
            return
        self._said = now
        whole = f" of {of / self._unit:,.0f}" if of is not None else ""
        line = f"{now - self._began:5.0f} s  {done / self._unit:,.0f}{whole} {self._what}"
        click.echo(f"\r{line}" if self._terminal else line, nl=not self._terminal, err=True)
