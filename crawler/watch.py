"""Continuous running: one-shot crawls as child processes, started as publishers become due.

A child is one slice of at most five minutes, so that a crash stays small, memory flat, and a long
first crawl of one newspaper never delays the polls of the others.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from archive import visits
from archive.captures import received
from archive.clock import system
from archive.commands.options import ExitCode
from archive.database import ask
from archive.errors import ARCHIVE_FAULTS, ArchiveError
from archive.models import Problem
from archive.problems import ProblemKind
from archive.service import Conditions, logged, notifying, streams_of_child
from archive.store import Store
from crawler.alerts import Alerts
from crawler.config import Config, Schedule, cron_trigger
from crawler.idle import Idle, no_room
from crawler.publisher import Publisher
from crawler.turns import SLICE_SECONDS, STOP_SECONDS, announce

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
AFTER_FAILURE = timedelta(minutes=1)
LONGEST_REST = 3600.0  # where one crawl after the other dies
SHORTEST_SLICE = 10.0  # a crawl takes one or two to start
LONGEST_CHILD = 3 * SLICE_SECONDS  # a slice, and what was in hand when it was over
_UNREACHED = "no publisher was reached (is the network there?); what is due is tried again"
_NEVER = datetime.max.replace(tzinfo=UTC)  # when 30 February is


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
        schedules = {slug: config.schedule_of(slug) for slug in self._publishers}
        self._next_after = {slug: _trigger(schedule) for slug, schedule in schedules.items()}
        self._poll_at = {slug: system() for slug in schedules}
        self._plan([slug for slug, schedule in schedules.items() if schedule.cron], after=system())
        self._alerts = Alerts(root, config)
        self._death = ""  # why the last crawl died
        self._deaths = 0  # how many in a row did
        self._rests_until = 0.0  # by time.monotonic
        self._idle = Idle(root, config)
        self._conditions = Conditions(logger)
        self._stopped = asyncio.Event()
        self._signal = 0
        self._child: asyncio.subprocess.Process | None = None

    def _plan(self, slugs: Sequence[str], *, after: datetime, latest: datetime = _NEVER) -> None:
        """Set when publishers are polled next; what was missed meanwhile counts once."""
        for slug in slugs:
            self._poll_at[slug] = min(self._next_after[slug](after) or _NEVER, latest)

    async def run(self) -> int:
        """Run until SIGINT or SIGTERM; the crawl in hand is ended cleanly, at once on a second.

        Return which signal it was.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        async with notifying(f"watching {', '.join(self._publishers)}"):
            while not self._stopped.is_set():
                self._alerts.begin_look()
                await self._next()
            await self._idle.close()
        return self._signal

    async def _next(self) -> None:
        """Start the crawl that is due next and wait for its end, or for something to do."""
        now = system()
        for slug, at in self._poll_at.items():  # the clock may have been set back
            self._plan([slug], after=now, latest=at)
        is_open = {slug for slug, publisher in self._publishers.items() if publisher.is_open(now)}
        polled = sorted(slug for slug in is_open if self._poll_at[slug] <= now)
        resumed = [slug for slug in self.due() if slug in is_open.difference(polled)]
        if self._config.per_run is not None and not polled:
            resumed = []  # what the cap left waits for the next run of the schedule
        watched = not polled and self._has_watched()
        if watched:
            resumed = []  # until the next look: these are few
        if (polled or resumed or watched) and not self._is_hindered():
            code = await self._crawl(polled, resumed)
            if self._has_ended_well(code):
                self._plan(polled, after=now)
                return
            self._record_death(code)
            now = system()
            self._plan(polled, after=now, latest=now + AFTER_FAILURE)
        else:
            await self._idle.begin()
        ahead = [(at - now).total_seconds() for at in self._poll_at.values() if at > now]
        await self._wait(min([LOOK_SECONDS, *ahead]))

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    def _is_hindered(self) -> bool:
        """Return whether no crawl is to begin: no room, crawls that die one by one, or the cap."""
        full = no_room(self._root)
        self._conditions.note("disk", full)
        return bool(full) or time.monotonic() < self._rests_until or self._is_capped()

    def _has_ended_well(self, code: int) -> bool:
        """Return whether a crawl ended by itself; one that reached nobody is said once."""
        self._conditions.note("network", _UNREACHED if code == ExitCode.INCOMPLETE else None)
        if code not in {ExitCode.DONE, ExitCode.INCOMPLETE}:
            return False
        self._death, self._deaths = "", 0
        return True

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
        due = partial(visits.due_publishers, publishers=self._publishers, now=system())
        return ask(self._root, due, otherwise=list[str]())

    def _has_watched(self) -> bool:
        """Return whether a page is due that somebody asked to be watched."""
        due = partial(visits.watched, now=system())
        return bool(ask(self._root, due, otherwise=list[tuple[str, str]]()))

    def _seconds(self, polled: Sequence[str]) -> float:
        """Return how long a crawl may begin visits: a slice, but not beyond the next poll."""
        now = system()
        polls = (
            (self._next_after[slug](now) or _NEVER) if slug in polled else at
            for slug, at in self._poll_at.items()
            if self._publishers[slug].is_open(now)
        )
        ahead = (min(polls, default=_NEVER) - now).total_seconds()
        return min(SLICE_SECONDS, max(SHORTEST_SLICE, ahead))

    async def _crawl(self, polled: Sequence[str], resumed: Sequence[str]) -> int:
        logger.info("crawl %s, resume %s", polled, resumed)
        self._idle.end()
        resume = [word for slug in resumed for word in ("--resume", slug)]
        resume += [] if polled or resumed else ["--watched"]
        # The child ends when its standard input does: with this process, however that ends. A
        # group of its own keeps Ctrl-C from reaching it twice.
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "crawler", "crawl", *polled, *resume),
            *("--archive", str(self._root), "--seconds", f"{self._seconds(polled):.0f}"),
            *("--log-level", self._log_level, "--with-parent"),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
            **streams_of_child(),
        )
        if self._stopped.is_set():
            self._end_child()
        try:
            async with logged(self._child, "crawl"):
                return await asyncio.wait_for(self._child.wait(), LONGEST_CHILD)
        except TimeoutError:
            logger.warning("a crawl did not end in %g s; it is killed", LONGEST_CHILD)
            self._child.kill()
            return await self._child.wait()
        finally:
            self._child = None

    def _record_death(self, code: int) -> None:
        """Save that a crawl died, and why; once until one ends well."""
        by = f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit code {code}"
        why = f"the crawl ended with {by}"
        if self._stopped.is_set():
            return
        self._deaths += 1
        rest = LOOK_SECONDS * (1 << min(self._deaths, 8)) if self._deaths > 1 else 0.0
        self._rests_until = time.monotonic() + min(rest, LONGEST_REST)
        if why == self._death:
            return
        logger.warning("%s", why)
        problem = Problem(kind=ProblemKind.SLICE_DIED, detail=why, stage="watch")
        try:
            with Store(self._root, command="watch") as store:
                store.problem(problem, url="urn:x-warraq:watch", publisher=None)
            self._death = why
        except (ArchiveError, *ARCHIVE_FAULTS) as error:
            logger.warning("it cannot be recorded: %s", error)

    def _stop(self, number: int) -> None:
        self._signal = number
        if self._child and not self._stopped.is_set():
            announce("the crawl in progress")
        if self._stopped.is_set():
            if self._child is None:
                os._exit(ExitCode.INTERRUPTED)
            with suppress(ProcessLookupError):
                self._child.terminate()
        self._stopped.set()
        self._end_child()

    def _end_child(self) -> None:
        """Ask the crawl in hand to end: by its input, since a service manager signals it itself."""
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
            asyncio.get_running_loop().call_later(STOP_SECONDS, self._kill)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            if self._child is not None:
                self._child.kill()


def _trigger(schedule: Schedule) -> Callable[[datetime], datetime | None]:
    """Return what gives the first poll after a moment, or None if none follows."""
    if schedule.cron is not None:
        return partial(cron_trigger(schedule.cron).get_next_fire_time, None)
    every = schedule.every or timedelta(minutes=15)
    return lambda after: after + every
