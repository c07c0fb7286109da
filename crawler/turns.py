"""Turns at the archive: slices of at most five minutes, so that whoever waits may write between.

Ctrl-C, SIGTERM or the end of the parent ends a job after the work in progress.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from archive import database
from archive.commands.options import ExitCode, counted
from archive.errors import ArchiveLocked

logger = logging.getLogger(__name__)

SLICE_SECONDS = 300.0
STOP_SECONDS = 10.0  # that a crawl which is asked to stop takes at most
PATIENCE = 3600.0  # seconds that are waited for the next turn, or for the first one with --wait
_LOOK_SECONDS = 0.1  # between two attempts to get the lock
_HANDOVER_SECONDS = 5.0  # that who waits gets to take it

S = TypeVar("S")


class Stop:
    """Ctrl-C and SIGTERM: once, what is in hand is finished; twice, the process ends at once."""

    def __init__(self, *, with_parent: bool = False, seconds: float | None = None) -> None:
        """Take the signals of the running event loop, and the end of standard input.

        `react` is called when a signal asks to stop; `in_hand` says how many pages are still to be
        finished then. After `seconds` the process ends at once,
        even where something keeps the loop busy: whatever is not acknowledged is done again.
        """
        self.asked = False
        self.react: Callable[[], object] = bool
        self.in_hand: Callable[[], int] = int
        self._seconds = seconds
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self)
            if seconds is not None:
                signal.signal(number, self._limit)  # by the interpreter, beside the loop's own
        if with_parent:
            loop.add_reader(sys.stdin, self._parent_ended)

    def _parent_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin)
        self.asked = True
        self._limit()

    def _limit(self, *_: object) -> None:
        if self._seconds is not None:
            end = threading.Timer(self._seconds, os._exit, [ExitCode.INTERRUPTED])
            end.daemon = True
            end.start()

    def __call__(self) -> None:
        if self.asked:
            os._exit(ExitCode.INTERRUPTED)
        self.asked = True
        if number := self.in_hand():
            announce(counted(number, "page"))
        self.react()


def announce(what: str) -> None:
    """Say at once, on a line of its own, what is still finished after Ctrl-C."""
    start = "\n" if sys.stderr.isatty() else ""
    click.echo(f"{start}finishing {what}; Ctrl-C again stops at once", err=True)


async def take_turns(
    opened: Callable[[], contextlib.AbstractContextManager[S]],
    work: Callable[[S, float], Awaitable[bool]],
    *,
    root: Path,
    stop: Stop,
    patience: float = PATIENCE,
) -> None:
    """Do `work` with the archive in `root`, turn after turn, until nothing is left or `stop` asked.

    What `opened` gives takes the archive's lock as it is entered, for the first time within
    `patience` seconds. `work` gets the session and when its turn is over (`time.monotonic`), and
    returns whether more is left. Between two turns, whoever waits for the archive has it.

    Raises:
        ArchiveLocked: if somebody else is still writing after that time.
    """
    if patience and (holder := database.held_by(root)):
        logger.warning("%s; waiting for it to end", holder)
    more = True
    while more and not stop.asked:
        with contextlib.ExitStack() as turn:
            session = await _entered(turn, opened, root, stop, patience)
            if session is None:
                return
            more = await work(session, time.monotonic() + SLICE_SECONDS)
        patience = PATIENCE
        if more:
            await hand_over(root)


async def _entered(
    turn: contextlib.ExitStack,
    opened: Callable[[], contextlib.AbstractContextManager[S]],
    root: Path,
    stop: Stop,
    patience: float,
) -> S | None:
    """Return the session once the lock is free; None where `stop` is asked for before."""
    ends_at = time.monotonic() + patience
    with database.waiting(root):
        while not stop.asked:
            try:
                return turn.enter_context(opened())
            except ArchiveLocked:
                if time.monotonic() >= ends_at:
                    raise
            await asyncio.sleep(_LOOK_SECONDS)
    return None


async def hand_over(root: Path) -> None:
    """Return as soon as those who wait for the archive have it, at once where nobody waits."""
    ends_at = time.monotonic() + _HANDOVER_SECONDS
    while database.is_awaited(root) and not database.held_by(root) and time.monotonic() < ends_at:  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(_LOOK_SECONDS / 2)
