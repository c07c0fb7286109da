"""Continuous running: a child process crawls slice by slice, as listings and articles become due.

A slice takes five minutes at most, and the child is replaced every hour: a crash stays small,
memory flat, and a long first crawl of one newspaper never delays the polls of the others.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from pathlib import Path

from archive import visits
from archive.captures import received
from archive.clock import system
from archive.commands.options import ExitCode
from archive.database import ask
from archive.errors import ARCHIVE_FAULTS, ArchiveError
from archive.models import Problem, Visit
from archive.problems import ProblemKind
from archive.service import Conditions, logged, notifying, streams_of_child
from archive.store import Store
from archive.urls import identity_key
from archive.visits import Pending
from crawler.alerts import Alerts
from crawler.config import Config
from crawler.frontier import entry_points
from crawler.idle import Idle, no_room
from crawler.publisher import Publisher
from crawler.turns import SLICE_SECONDS, STOP_SECONDS, announce

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
LATEST = timedelta(minutes=5)  # that an article which is due waits for others
ENOUGH = 40  # of them do not wait
AFTER_FAILURE = 10.0
BETWEEN_SECONDS = 2.0  # from the beginning of a slice to the next
LONGEST_REST = 3600.0  # where one crawl after the other dies
LONGEST_SLICE = 3 * SLICE_SECONDS  # with what was in hand when it was over
CHILD_SECONDS = 3600.0  # that a child serves,
IDLE_SECONDS = 600.0  # and that it waits for its next slice
_UNREACHED = "no publisher was reached (is the network there?); what is due is tried again"
_NEVER = datetime.max.replace(tzinfo=UTC)
_NOTHING = Pending(count=0, first=None)

_Next = tuple[datetime, bool, Visit | None]
Polls = dict[str, tuple[datetime, bool]]  # when, and whether it has to be said


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
        self._agenda = Agenda(root, publishers, config, since=system())
        self._child = Child(root, log_level)
        self._alerts = Alerts(root, config)
        self._death = ""  # why the last crawl died
        self._deaths = 0  # how many in a row did
        self._rests_until = 0.0  # by time.monotonic
        self._idle = Idle(root, config)
        self._conditions = Conditions(logger)
        self._stopped = asyncio.Event()
        self._signal = 0

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
            await asyncio.gather(self._idle.close(), self._child.end())
        return self._signal

    async def _next(self) -> None:
        """Crawl a slice of what is due, or wait until something is."""
        now = system()
        polls = self._agenda.polls(now)
        begins_at = self._agenda.begins_at(polls, now)
        words = self._words(polls, now, is_time=begins_at <= now)
        if words and not self._is_hindered():
            began = time.monotonic()
            code = await self._crawl(words)
            if not self._has_ended_well(code):
                self._record_death(code)
                began += AFTER_FAILURE
            await self._wait(began + BETWEEN_SECONDS - time.monotonic())
            return
        ahead = (begins_at - now).total_seconds()
        if ahead > IDLE_SECONDS:
            await self._child.end()
        await self._idle.begin()
        await self._wait(min(LOOK_SECONDS, ahead) if ahead > 0 else LOOK_SECONDS)

    def _words(self, polls: Polls, now: datetime, *, is_time: bool) -> list[str]:
        """Return what a slice is to crawl now, as arguments of `warraq crawl`; none: nothing."""
        due = [slug for slug, (at, _) in polls.items() if at <= now]
        if not due and self._has_watched():
            return ["--watched"]
        # What a cap for each run left waits for the next run of the schedule.
        if not is_time or not (due or self._config.per_run is None):
            return []
        forced = [slug for slug in due if polls[slug][1]]
        return [*forced, *(word for slug in polls for word in ("--resume", slug))]

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), max(seconds, 0.0))

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

    def check(self) -> None:
        """Check that the archive can be read, if there is one.

        Raises:
            NewerArchive, OlderArchive: if another version of Warraq wrote the archive.
        """
        self._agenda.pending(system())

    def _has_watched(self) -> bool:
        """Return whether a page is due that somebody asked to be watched."""
        due = partial(visits.watched, now=system())
        return bool(ask(self._root, due, otherwise=list[tuple[str, str]]()))

    async def _crawl(self, words: Sequence[str]) -> int:
        logger.info("crawl %s", " ".join(words))
        self._idle.end()
        return await self._child.crawl(words)

    def _record_death(self, code: int) -> None:
        """Save that a crawl died, and why; once until one ends well."""
        by = f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit code {code}"
        why = f"the crawl ended with {by}"
        if self._stopped.is_set():
            return
        self._deaths += 1
        rest = 3 * AFTER_FAILURE * (1 << min(self._deaths, 8)) if self._deaths > 1 else 0.0
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
        if self._stopped.is_set():
            if not self._child.is_busy:
                os._exit(ExitCode.INTERRUPTED)
            self._child.terminate()
        elif self._child.is_busy:
            announce("the crawl in progress")
        self._stopped.set()
        self._child.stop()


class Agenda:
    """When each publisher is polled next, by its visits and by what warraq.toml says."""

    def __init__(
        self, root: Path, publishers: Sequence[Publisher], config: Config, *, since: datetime
    ) -> None:
        """Take the archive's folder; what cron says counts `since` a moment."""
        self._root = root
        self._publishers = publishers
        self._schedules = {each.slug: config.schedule_of(each.slug) for each in publishers}
        self._since = since
        self._keys = {
            each.slug: {identity_key(url, tracking=each.tracking) for url, _ in entry_points(each)}
            for each in publishers
        }

    def polls(self, now: datetime) -> Polls:
        """Return when each publisher that may be asked now is polled next.

        And whether that has to be said, since its visits say otherwise: nobody has polled it, its
        schedule was changed, or the clock was set back.
        """
        known = self._known()
        return {
            each.slug: self._next(each, known, now)[:2]
            for each in self._publishers
            if each.is_open(now)
        }

    def listings(self, now: datetime) -> Iterator[tuple[Publisher, datetime, Visit | None]]:
        """Yield each publisher with its next poll, and the listing if that was visited before.

        One that may not be asked now is polled when it may.
        """
        known = self._known()
        for each in self._publishers:
            at, _, visit = self._next(each, known, now)
            minutes = (max(at, now) + timedelta(minutes=number) for number in range(24 * 60))
            yield each, next(filter(each.is_open, minutes), at), visit

    def _next(self, publisher: Publisher, known: dict[str, Visit], now: datetime) -> _Next:
        each = self._each(publisher, known, now)
        return min(each, key=itemgetter(0), default=(_NEVER, False, None))

    def _known(self) -> dict[str, Visit]:
        """Return what is known of the entry points, by their keys."""
        entries = partial(visits.entries, publishers=list(self._keys))
        return {each.key: each for each in ask(self._root, entries, otherwise=list[Visit]())}

    def _each(
        self, publisher: Publisher, known: dict[str, Visit], now: datetime
    ) -> Iterator[_Next]:
        schedule, zone = self._schedules[publisher.slug], publisher.zone
        for key in self._keys[publisher.slug]:
            visit = known.get(key)
            if visit is None or visit.due_at is None:
                yield schedule.after(self._since, zone) if schedule.cron else now, True, None
            elif visit.last_at and visit.last_at > now:
                yield now, True, visit
            elif schedule.is_fixed and visit.last_at and not visit.failures:
                at = schedule.after(visit.last_at, zone)
                yield at, at < visit.due_at, visit
            else:
                yield visit.due_at, False, visit

    def pending(self, now: datetime) -> Pending:
        """Return how many articles are due, and since when."""
        open_now = [each.slug for each in self._publishers if each.is_open(now)]
        due = partial(visits.pending, publishers=open_now, now=now)
        return ask(self._root, due, otherwise=_NOTHING)

    def begins_at(self, polls: Polls, now: datetime) -> datetime:
        """Return when the next slice begins.

        That is when a listing is due, enough articles are, or one has waited for long enough.
        """
        pending = self.pending(now)
        if pending.count >= ENOUGH:
            return now
        waited = pending.first + LATEST if pending.first else _NEVER
        return min([waited, *(at for at, _ in polls.values())])


class Child:
    """The process that crawls slice after slice, as it is asked."""

    def __init__(self, root: Path, log_level: str) -> None:
        words = "-m", "crawler", "crawl", "--archive", str(root), "--log-level", log_level
        self._words = (sys.executable, *words)
        self._root = root
        self._log_level = log_level
        self._process: asyncio.subprocess.Process | None = None
        self._codes = asyncio.StreamReader()
        self._lines: asyncio.Future[None] | None = None
        self._began = 0.0
        self.is_busy = False

    async def crawl(self, words: Sequence[str]) -> int:
        """Crawl a slice; return its exit code, or that of a child that died of it."""
        if time.monotonic() - self._began > CHILD_SECONDS:
            await self.end()
        self.is_busy = True
        try:
            process = self._process or await self._start()
            options = ["--archive", str(self._root), "--log-level", self._log_level]
            options += ["--seconds", f"{SLICE_SECONDS:.0f}"]
            line = json.dumps([*words, *options, "--with-parent"])
            if process.stdin:
                process.stdin.write(f"{line}\n".encode())
            code = await asyncio.wait_for(self._codes.readline(), LONGEST_SLICE)
        except TimeoutError:
            logger.warning("a crawl did not end in %g s; it is killed", LONGEST_SLICE)
            self.kill()
            code = b""
        finally:
            self.is_busy = False
        return int(code) if code else await self._ended()

    async def _start(self) -> asyncio.subprocess.Process:
        """Start the process.

        It ends when its standard input does: with this one, however that ends. A group of its own
        keeps Ctrl-C from reaching it twice.
        """
        read, write = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._words, "--slices", str(write)),
                stdin=asyncio.subprocess.PIPE,
                pass_fds=(write,),
                start_new_session=True,
                **streams_of_child(),
            )
        finally:
            os.close(write)
        self._began, self._codes = time.monotonic(), asyncio.StreamReader()
        loop, codes = asyncio.get_running_loop(), self._codes
        protocol = partial(asyncio.StreamReaderProtocol, codes)
        await loop.connect_read_pipe(protocol, os.fdopen(read, "rb", buffering=0))
        self._lines = asyncio.ensure_future(_attend(self._process))
        return self._process

    async def _ended(self) -> int:
        """Wait for the end of the process; return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return ExitCode.DONE
        code = await process.wait()
        if self._lines:
            await self._lines
        return code

    async def end(self) -> None:
        """End the process, which is idle; at last at once."""
        self.stop()
        await self._ended()

    def stop(self) -> None:
        """Ask it to end: by its input, since a service manager signals it itself."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            asyncio.get_running_loop().call_later(STOP_SECONDS, _kill, self._process)

    def terminate(self) -> None:
        """End the crawl in hand at once."""
        with suppress(ProcessLookupError):
            if self._process:
                self._process.terminate()

    def kill(self) -> None:
        """Kill it."""
        if self._process:
            _kill(self._process)


async def _attend(process: asyncio.subprocess.Process) -> None:
    async with logged(process, "crawl"):
        await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
