"""Kill a piece of work at each of its steps: one file opened, renamed, removed or made."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "sqlite3.connect")


def killed_at(folder: Path, number: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process that is killed at its n-th step in `folder`; return whether it was."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = number

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in _EVENTS and str(folder) in str(arguments):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    work()
    os._exit(0)
