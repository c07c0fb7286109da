"""What `watch` does while no crawl is due: a child of its own looks after the archive."""

import asyncio
import logging
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

from archive import service
from archive.clock import system
from archive.database import ask
from archive.maintenance.upkeep import Copies, due
from crawler.config import Config
from crawler.turns import STOP_SECONDS

logger = logging.getLogger(__name__)

ROOM = 32 << 20  # bytes that have to be free on the disk before a crawl begins
_LOOK_SECONDS = 300.0  # between two looks at what is due
_AFTER_FAILURE = 3600.0


def copies_of(root: Path, config: Config) -> Copies | None:
    """Return the backup that is wanted of the archive in `root`, if one is."""
    own = config.backup
    to = own.to and root / Path(own.to).expanduser()
    return Copies(to=to, every=own.every, keep=own.keep) if to else None


def no_room(root: Path) -> str | None:
    """Return why nothing can be crawled into the archive in `root`: its disk is full."""
    free = shutil.disk_usage(root).free
    if free >= ROOM:
        return None
    return f"{root}: the disk is full ({free >> 20} MB free); crawls wait until there is room"


class Idle:
    """The child that does `warraq upkeep`; it leaves off when a crawl is to begin."""

    def __init__(self, root: Path, config: Config) -> None:
        self._root = root
        self._copies = copies_of(root, config)
        self._looks_at = 0.0
        self._child: asyncio.subprocess.Process | None = None
        self._attended: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start it where something is due, and it is not at work."""
        if self._child or time.monotonic() < self._looks_at:
            return
        self._looks_at = time.monotonic() + _LOOK_SECONDS
        if not ask(
            self._root, lambda db: due(db, self._copies, now=system()), otherwise=list[str]()
        ):
            return
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "crawler", "upkeep", "--archive", str(self._root)),
            "--with-parent",
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
            **service.streams_of_child(),
        )
        self._attended = asyncio.ensure_future(self._attend(self._child))

    async def _attend(self, child: asyncio.subprocess.Process) -> None:
        async with service.logged(child, "upkeep"):
            code = await child.wait()
        self._child = None
        if code:
            logger.warning("upkeep ended with exit code %d", code)
            self._looks_at = time.monotonic() + _AFTER_FAILURE

    def end(self) -> None:
        """Ask it to leave off; it goes on the next time."""
        if self._child and self._child.stdin:
            self._child.stdin.close()
            self._looks_at = 0.0

    async def close(self) -> None:
        """End it, at last at once."""
        self.end()
        if self._child and self._attended:
            with suppress(TimeoutError, ProcessLookupError):
                await asyncio.wait_for(asyncio.shield(self._attended), STOP_SECONDS)
            if self._child:
                self._child.kill()
                await self._attended
