"""Turns at the archive: slices of at most five minutes, so that whoever waits may write between.

Ctrl-C, SIGTERM or the end of the parent ends a job after the work in progress.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from archive import database
from archive.commands.options import ExitCode
from archive.errors import ArchiveLocked

SLICE_SECONDS = 300.0
PATIENCE = 3600.0  # seconds that are waited for the next turn, or for the first one with --wait
_LOOK_SECONDS = 0.1  # between two attempts to get the lock
_HANDOVER_SECONDS = 5.0  # that who waits gets to take it

S = TypeVar("S", bound=contextlib.AbstractContextManager[object])


class Stoppable(Protocol):
    """What can be asked to begin nothing more."""

    def stop(self) -> None: ...


class Stop:
    """Ctrl-C and SIGTERM: once, what is in hand is finished; twice, the process ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self.spider: Stoppable | None = None

    def install(self, *, with_parent: bool) -> None:
        """Take the signals of the running event loop, and the end of standard input."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self)
        if with_parent:
            loop.add_reader(sys.stdin, self._parent_ended)

    def _parent_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin)
        if not self.asked:
            self()

    def __call__(self) -> None:
        if self.asked:
            os._exit(ExitCode.INTERRUPTED)
        self.asked = True
        if self.spider is not None:
            self.spider.stop()


async def take(
    turn: contextlib.ExitStack,
    opened: Callable[[], S],
    root: Path,
    stop: Stop,
    *,
    patience: float,
    waits: Callable[[ArchiveLocked], None] = lambda _error: None,
) -> S:
    """Enter what `opened` gives, which takes the archive's lock, within `patience` seconds.

    `waits` is called once where somebody else is writing.

    Raises:
        ArchiveLocked: if somebody else is still writing then, or the job was told to stop.
    """
    try:
        return _entered(turn, opened)
    except ArchiveLocked as error:
        if patience <= 0 or stop.asked:
            raise
        waits(error)
    ends_at = time.monotonic() + patience
    with database.waiting(root):
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                return _entered(turn, opened)
            except ArchiveLocked:
                if stop.asked or time.monotonic() >= ends_at:
                    raise


def _entered(turn: contextlib.ExitStack, opened: Callable[[], S]) -> S:
    session = opened()
    turn.enter_context(session)
    return session


async def hand_over(root: Path) -> None:
    """Return as soon as those who wait for the archive have it, at once where nobody waits."""
    ends_at = time.monotonic() + _HANDOVER_SECONDS
    while database.is_awaited(root) and not database.is_held(root) and time.monotonic() < ends_at:  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(_LOOK_SECONDS / 2)
