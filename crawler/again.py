"""Articles read again from their captures, by today's rules and without the network.

Each article's chain of revisions is made again from all its captures in the order of their time,
so that no edit is invented where only a rule changed. Slices of at most five minutes, between
which the writing lock is free (invariant 8); what is read again twice comes out the same.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from archive import chains, imports
from archive.chains import Chain, Loom
from archive.clock import Clock, system
from archive.database import open_for_reading
from archive.errors import ArchiveLocked, DamagedWarc
from archive.records import Extraction, Page, Reading
from archive.session import WARC_FOLDER
from archive.store import Store
from crawler.bylines import names
from crawler.keeping import addresses
from crawler.looks import PageAgain, ReadAgain, Reader, Untraced, is_article
from crawler.publisher import Publisher
from crawler.stop import Stop
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

SLICE_SECONDS = 300.0
PATIENCE = 3600.0
_TURN_SECONDS = 0.6
_AHEAD = 12  # articles whose pages are with the workers

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to read again in the archive in `root`: of some publishers (slugs; none: all).

    Only articles that were first seen on or after `since`, or just `articles`. A dry run writes
    nothing.
    """

    root: Path
    publishers: Mapping[str, Publisher]
    articles: Collection[int] | None = None
    slugs: tuple[str, ...] = ()
    since: date | None = None
    dry_run: bool = False
    processes: int | None = None
    patience: float = PATIENCE
    clock: Clock = system


@dataclass(slots=True, kw_only=True)
class Told:
    """What was found: counts, and how many articles differ in which field.

    `counts`: articles read, changed, new, unreadable (no article by today's rules; left as they
    are), damaged (a capture does not read; left as they are).
    """

    counts: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    stopped: bool = False


Tell = Callable[[str, Mapping[str, tuple[Any, Any]]], None]


async def read_again(
    job: Job,
    *,
    tell: Tell = lambda _url, _changes: None,
    progress: Progress = lambda _done, _of: None,
) -> Told:
    """Read the articles of the job again; `tell` hears each that differs, with what and how.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be used.
        ArchiveLocked: if another process goes on writing for longer than the job's patience.
        NoWorkers: if the processes that read pages die as they start.
    """
    with contextlib.closing(open_for_reading(job.root)) as db:
        articles = _articles(db, job) if job.articles is None else list(job.articles)
        pages = _pages(db, job) if job.articles is None else []
    told, stop, workers = Told(), Stop(), Workers(processes=job.processes)
    stop.install(with_parent=False)
    try:
        with contextlib.closing(Loom(names)) as loom:
            reader = Reader(job.root / WARC_FOLDER, job.publishers, workers)
            again = _Again(reader, loom, told, tell)
            waiting: deque[tuple[_Begin, int]] = deque((again.article, one) for one in articles)
            waiting.extend((again.page, one) for one in pages)
            of = len(waiting)
            while waiting and not stop.asked:
                await _slice(job, waiting, stop, lambda: progress(of - len(waiting), of))
                await asyncio.sleep(0 if job.dry_run or not waiting else _TURN_SECONDS)
    except Stopped:  # the workers were told so as well, or none of them lives
        if workers.failure:
            raise workers.failure from None
        told.stopped = True
    finally:
        workers.close()
    told.stopped |= stop.asked
    return told


async def weave_again(
    store: Store, articles: list[int], publishers: Mapping[str, Publisher], workers: Workers
) -> Told:
    """Make the chains of some articles again, in an archive that is open for writing."""
    told = Told()
    with contextlib.closing(Loom(names)) as loom:
        reader = Reader(store.warc_folder, publishers, workers)
        again = _Again(reader, loom, told, lambda _url, _changes: None)
        for article in articles:
            if end := again.article(store.db, article).end:
                await end(store.db, store)
    store.batch.commit()
    return told


def _articles(db: sqlite3.Connection, job: Job) -> list[int]:
    where, values = _where(job, "first_seen_at")
    rows = db.execute(f"select id from articles where {where} order by first_seen_at, id", values)  # noqa: S608
    return [number for (number,) in rows]


def _pages(db: sqlite3.Connection, job: Job) -> list[int]:
    """Return the captures that were no article by the rules of their time."""
    where, values = _where(job, "fetched_at")
    rows = db.execute(
        "select id from captures where article is null and kind = 'article' and status = 200"  # noqa: S608
        f" and truncated is null and {where} order by fetched_at, id",
        values,
    )
    return [number for (number,) in rows]


def _where(job: Job, moment: str) -> tuple[str, list[str]]:
    marks = ", ".join("?" * len(job.slugs))
    parts = [f"publisher in ({marks})"] if job.slugs else []
    values = list(job.slugs)
    if job.since:
        parts.append(f"{moment} >= ?")
        values.append(job.since.isoformat())
    return " and ".join(parts) or "true", values


_End = Callable[[sqlite3.Connection, Store | None], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A reading that is under way: how it ends, and what to cancel if it is not to end."""

    end: _End | None = None
    readings: "tuple[asyncio.Task[Extraction], ...]" = ()


_Begin = Callable[[sqlite3.Connection, int], _Begun]


async def _slice(
    job: Job, waiting: deque[tuple[_Begin, int]], stop: Stop, progress: Callable[[], None]
) -> None:
    """Read again for at most five minutes; what is done leaves `waiting`."""
    ends_at = time.monotonic() + SLICE_SECONDS
    ahead: deque[_Begun] = deque()
    upcoming = iter(list(waiting))
    async with _opened(job) as (db, store):
        while waiting and not stop.asked and time.monotonic() < ends_at:
            while len(ahead) < _AHEAD and (following := next(upcoming, None)):
                begin, number = following
                ahead.append(begin(db, number))
            if end := ahead.popleft().end:
                await end(db, store)
            waiting.popleft()
            if store:
                store.batch.count()
                if store.batch.is_due():
                    store.batch.commit()
            progress()
        for left in ahead:
            for reading in left.readings:
                reading.cancel()


@contextlib.asynccontextmanager
async def _opened(job: Job) -> AsyncIterator[tuple[sqlite3.Connection, Store | None]]:
    """Give the database and the store to write with; a dry run has none and takes no lock."""
    if job.dry_run:
        with contextlib.closing(open_for_reading(job.root)) as db:
            yield db, None
        return
    with contextlib.ExitStack() as turn:
        store = await _turn(job, turn)
        yield store.db, store


async def _turn(job: Job, turn: contextlib.ExitStack) -> Store:
    ends_at = time.monotonic() + job.patience
    while True:
        try:
            store = Store(job.root, command="extract --again", clock=job.clock)
            return turn.enter_context(store)
        except ArchiveLocked:
            if time.monotonic() >= ends_at:
                raise
            await asyncio.sleep(_TURN_SECONDS)


class _Again:
    """Begins and ends to read articles, and pages that were none, and tells what differs."""

    def __init__(self, reader: Reader, loom: Loom, told: Told, tell: Tell) -> None:
        self._reader = reader
        self._loom = loom
        self._told = told
        self._tell = tell

    def article(self, db: sqlite3.Connection, number: int) -> _Begun:
        """Begin to read an article's captures."""
        try:
            read = self._reader.begin(db, number)
        except (Untraced, DamagedWarc) as error:
            return self._damaged(error)
        if read is None:
            return _Begun()
        return _Begun(end=partial(self._weave, read), readings=tuple(read.readings.values()))

    def page(self, db: sqlite3.Connection, number: int) -> _Begun:
        """Begin to read a page that was no article."""
        try:
            read = self._reader.begin_page(db, number)
        except DamagedWarc as error:
            return self._damaged(error)
        return _Begun(end=partial(self._keep, read), readings=(read.reading,)) if read else _Begun()

    def _damaged(self, error: Exception) -> _Begun:
        logger.warning("left as it is: %s", error)
        self._told.counts["damaged"] += 1
        return _Begun()

    async def _weave(self, one: ReadAgain, db: sqlite3.Connection, store: Store | None) -> None:
        """Hold the chain made again against the one there is; put it in its place."""
        looks = [look async for look in self._reader.looks(one)]
        self._told.counts["read"] += 1
        before = Chain.stored(db, one.article)
        after = self._loom.woven(one.url, one.publisher, looks)
        if before is None:
            return
        if after is None:
            self._told.counts["unreadable"] += bool(one.captures)
            return
        changes = before.changes(after)
        if not changes:
            return
        self._told.counts["changed"] += 1
        self._told.fields.update(changes.keys())
        self._tell(one.url, changes)
        if store:
            with store.batch.one_page():
                chains.replace(db, one.article, before, after)

    async def _keep(self, one: PageAgain, db: sqlite3.Connection, store: Store | None) -> None:
        """Keep an article that is read for the first time, at the moment of its capture."""
        reading = await one.reading
        key = (one.visit.key,)
        (led,) = db.execute("select article from visits where key = ?", key).fetchone()
        if led is not None or not is_article(reading):
            return
        self._told.counts["new"] += 1
        self._tell(one.capture.url, {"article": (None, reading.title)})
        if store is None:
            return
        claimed, answered = addresses(
            Reading(page=Page(visit=one.visit, capture=one.capture), extraction=reading)
        )
        with store.batch.one_page():
            identity = store.identify(
                one.visit, claimed=claimed, answered=answered, title=reading.title
            )
            if identity.article is None:
                article, _ = store.keep(
                    reading, url=identity.url, visit=one.visit, capture=one.capture
                )
                if article is not None:
                    imports.lead(store.db, one.visit.key, article=article)
