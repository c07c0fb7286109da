"""How a command ends: the exit codes of `warraq`, in one table."""

import signal
from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell gets."""

    DONE = 0
    FAILED = 1  # an error, in one line on standard error; or what was checked is not in order
    USAGE = 2  # options or arguments that do not fit; click's own
    INTERRUPTED = 128 + signal.SIGINT  # Ctrl-C, as shells say of what a signal ended
