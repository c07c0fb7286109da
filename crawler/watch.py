"""Continuous running: one-shot crawls as child processes, started as publishers become due.

A child is one slice of at most five minutes, so that a crash stays small, memory flat, and a long
first crawl of one newspaper never delays the polls of the others.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from archive.captures import received
from archive.clock import system
from archive.commands.options import ExitCode
from archive.database import ask
from archive.visits import due_publishers
from crawler.config import Config, Schedule, cron_trigger
from crawler.publisher import Publisher
from crawler.turns import SLICE_SECONDS

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
AFTER_FAILURE_SECONDS = 60.0
LONGEST_CHILD = 3 * SLICE_SECONDS  # a slice, and what was in hand when it was over


class Watch:
    """Crawls publishers by their schedules until it is stopped."""

    def __init__(
        self,
        root: Path,
        publishers: Sequence[Publisher],
        config: Config,
        *,
        log_level: str = "WARNING",
    ) -> None:
        """Take the archive's folder and whom to crawl, within their hours."""
        self._root = root
        self._publishers = {each.slug: each for each in publishers}
        self._config = config
        self._log_level = log_level
        self._triggered: set[str] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._child: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM; the crawl in hand is ended cleanly, at once on a second."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        scheduler = self._scheduler()
        scheduler.start()
        try:
            while not self._stopping:
                await self._next()
        finally:
            scheduler.shutdown(wait=False)

    def _scheduler(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(
            timezone=UTC,
            # A trigger that was missed while the machine slept counts once, however late.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for slug in self._publishers:
            schedule = self._config.schedule_of(slug)
            first = {} if schedule.cron else {"next_run_time": datetime.now(UTC)}
            scheduler.add_job(self._trigger, _trigger(schedule), args=[slug], id=slug, **first)
        return scheduler

    async def _trigger(self, slug: str) -> None:
        self._triggered.add(slug)
        self._wake.set()

    async def _next(self) -> None:
        """Start the crawl that is due next and wait for its end, or for something to do."""
        polled = sorted(filter(self._is_open, self._triggered))
        resumed = [slug for slug in self.due() if slug not in polled and self._is_open(slug)]
        if self._config.per_run is not None and not polled:
            resumed = []  # what the cap left waits for the next run of the schedule
        if (polled or resumed) and not self._is_capped():
            self._triggered.difference_update(polled)
            if await self._crawl(polled, resumed) == 0 or self._stopping:
                return
            self._triggered.update(polled)
            await self._wait(AFTER_FAILURE_SECONDS)
        else:
            await self._wait(LOOK_SECONDS)

    async def _wait(self, seconds: float) -> None:
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    def _is_open(self, slug: str) -> bool:
        return self._publishers[slug].is_open(system())

    def _is_capped(self) -> bool:
        """Return whether this month's bytes are used up."""
        cap, now = self._config.per_month, system()
        month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        if cap is None:
            return False
        return ask(self._root, lambda db: received(db, since=month), otherwise=0) >= cap

    def due(self) -> list[str]:
        """Return the publishers of which something is due.

        Raises:
            NewerArchive, OlderArchive: if another version of Warraq wrote the archive.
        """
        return ask(
            self._root, lambda db: due_publishers(db, self._publishers, now=system()), otherwise=[]
        )

    async def _crawl(self, polled: Sequence[str], resumed: Sequence[str]) -> int:
        logger.info("crawl %s, resume %s", polled, resumed)
        resume = [word for slug in resumed for word in ("--resume", slug)]
        # The child ends when its standard input does: with this process, however that ends. A
        # group of its own keeps Ctrl-C from reaching it twice.
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "crawler", "crawl", *polled, *resume),
            *("--archive", str(self._root), "--seconds", str(SLICE_SECONDS)),
            *("--log-level", self._log_level, "--with-parent"),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        if self._stopping:
            self._end_child()
        try:
            return await asyncio.wait_for(self._child.wait(), LONGEST_CHILD)
        except TimeoutError:
            logger.warning("a crawl did not end in %g s; it is killed", LONGEST_CHILD)
            self._child.kill()
            return await self._child.wait()
        finally:
            self._child = None

    def _stop(self) -> None:
        if self._stopping:
            if self._child is None:
                os._exit(ExitCode.INTERRUPTED)
            with suppress(ProcessLookupError):
                self._child.terminate()
        self._stopping = True
        self._wake.set()
        self._end_child()

    def _end_child(self) -> None:
        """Ask the crawl in hand to end: by its input, since a service manager signals it itself."""
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()


def _trigger(schedule: Schedule) -> CronTrigger | IntervalTrigger:
    if schedule.cron is not None:
        return cron_trigger(schedule.cron)
    every = schedule.every or timedelta(minutes=15)
    return IntervalTrigger(seconds=round(every.total_seconds()), timezone=UTC)
