"""`warraq` and `python -m crawler`: the command line, quiet when Ctrl-C ends it.

Nothing is imported here but what Python itself has loaded: half a second of imports follows, and
Ctrl-C in the middle of them would show a traceback, or be lost in one of their callbacks.
"""

import atexit
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_INTERRUPTED = 128 + signal.SIGINT  # ExitCode.INTERRUPTED, which nobody has imported yet


def main() -> None:
    """Run the command that the program's arguments name."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # nohup has it ignored
        signal.signal(signal.SIGINT, _interrupt)
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # last: all is done and said
    try:
        from crawler.cli import warraq

        warraq(prog_name="warraq")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    finally:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, _end)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End at once while modules are loaded, when nothing has begun; else raise as Python does."""
    above = frame
    while above and not above.f_code.co_filename.startswith("<frozen importlib"):
        above = above.f_back
    if above:
        _end(number, frame)
    raise KeyboardInterrupt


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
