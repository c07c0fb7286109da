"""Kill a piece of work at each of its steps: one file opened, renamed, removed or made."""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "sqlite3.connect")


def killed_at(
    folder: Path, number: int, work: Callable[[], object], *, statements: bool = False
) -> bool:
    """Do `work` in a process that is killed at its n-th step in `folder`; return whether it was.

    With `statements`, a step is one that a connection begins, too.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = number

    def step(*_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS and str(folder) in str(arguments):
            step()

    def traced(*place: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*place, **options)
        db.set_trace_callback(step)
        return db

    connect: Any = sqlite3.connect
    if statements:
        sqlite3.connect = traced  # type: ignore[assignment]
    sys.addaudithook(count)
    work()
    os._exit(0)
