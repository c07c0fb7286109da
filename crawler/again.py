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
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from archive.chains import Loom
from archive.clock import Clock, system
from archive.database import open_for_reading, require
from archive.errors import ArchiveLocked
from archive.session import WARC_FOLDER
from archive.store import Store
from archive.upkeep.retelling import LATE
from crawler.extract.byline import names
from crawler.looks import Reader
from crawler.publisher import Publisher
from crawler.rereading import Begun, Rereading, Tell, Told
from crawler.stop import Stop
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

SLICE_SECONDS = 300.0
PATIENCE = 3600.0  # seconds that are waited for the next turn at the archive
_TURN_SECONDS = 0.6
_AHEAD = 12  # articles whose pages are with the workers

Progress = Callable[[int, int], None]
_Begin = Callable[[sqlite3.Connection], Begun]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to read again in the archive in `root`: of some publishers (slugs; none: all).

    Only articles that were first seen on or after `since`, or just `articles`. A dry run writes
    nothing. A first turn at the archive is waited for `patience` seconds.
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


async def read_again(
    job: Job,
    *,
    tell: Tell = lambda _url, _changes: None,
    progress: Progress = lambda _done, _of: None,
) -> Told:
    """Read the articles of the job again; `tell` hears each that differs, with what and how.

    Raises:
        NewerArchive, OlderArchive, NotAnArchive: if there is no archive that can be used.
        ArchiveLocked: if another process goes on writing for longer than is waited.
        NoWorkers: if the processes that read pages die as they start.
    """
    require(job.root)
    told, stop, workers = Told(), Stop(), Workers(processes=job.processes)
    stop.install(with_parent=False)
    try:
        with contextlib.closing(Loom(names)) as loom:
            reader = Reader(job.root / WARC_FOLDER, job.publishers, workers)
            await _slices(job, Rereading(reader, loom, told, tell), stop, progress)
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
        again = Rereading(reader, loom, told, lambda _url, _changes: None)
        for article in articles:
            begun = again.article(store.db, article)
            try:
                if begun.end:
                    await begun.end(store.db, store)
            finally:
                await begun.call_off()
    store.batch.commit()
    return told


async def _slices(job: Job, again: Rereading, stop: Stop, progress: Progress) -> None:
    """Read in turns at the archive; the first one finds out what there is to read."""
    waiting: deque[_Begin] | None = None
    patience, of = job.patience, 0
    while waiting is None or (waiting and not stop.asked):
        async with _opened(job, stop, patience) as (db, store):
            if waiting is None:
                waiting = _wanted(db, job, again)
                of = len(waiting)
            await _slice(waiting, db, store, stop, partial(_tell_left, progress, of))
        patience = PATIENCE
        await asyncio.sleep(0 if job.dry_run or not waiting else _TURN_SECONDS)


def _tell_left(progress: Progress, of: int, left: int) -> None:
    progress(of - left, of)


def _wanted(db: sqlite3.Connection, job: Job, again: Rereading) -> deque[_Begin]:
    """Return how each article of the job is begun, and each page that was none."""
    if job.articles is not None:
        return deque(partial(again.article, number=one) for one in job.articles)
    where, values = _where(job, "first_seen_at")
    articles = db.execute(
        f"select id from articles where {where} order by first_seen_at, id",  # noqa: S608 - ours
        values,
    )
    wanted: deque[_Begin] = deque(partial(again.article, number=one) for (one,) in articles)
    where, values = _where(job, "fetched_at")
    pages = db.execute(
        "select id from captures where article is null and kind = 'article' and status = 200"  # noqa: S608
        f" and truncated is null and {where} order by fetched_at, id",
        values,
    )
    wanted.extend(partial(again.page, number=one) for (one,) in pages)
    return wanted


def _where(job: Job, moment: str) -> tuple[str, list[str]]:
    marks = ", ".join("?" * len(job.slugs))
    parts = [f"publisher in ({marks})"] if job.slugs else []
    values = list(job.slugs)
    if job.since:
        parts.append(f"{moment} >= ?")
        values.append(job.since.isoformat())
    return " and ".join(parts) or "true", values


async def _slice(
    waiting: deque[_Begin],
    db: sqlite3.Connection,
    store: Store | None,
    stop: Stop,
    progress: Callable[[int], None],
) -> None:
    """Read again for at most five minutes; what is done leaves `waiting`."""
    ends_at = time.monotonic() + SLICE_SECONDS
    ahead: deque[Begun] = deque()
    upcoming = iter(list(waiting))
    try:
        while waiting and not stop.asked and time.monotonic() < ends_at:
            while len(ahead) < _AHEAD and (begin := next(upcoming, None)):
                ahead.append(begin(db))
            if end := ahead[0].end:
                await end(db, store)
            ahead.popleft()
            waiting.popleft()
            if store:
                store.batch.count()
                if store.batch.is_due():
                    store.batch.commit()
            progress(len(waiting))
    finally:
        for left in ahead:
            await left.call_off()


@contextlib.asynccontextmanager
async def _opened(
    job: Job, stop: Stop, patience: float
) -> AsyncIterator[tuple[sqlite3.Connection, Store | None]]:
    """Give the database and the store to write with; a dry run has none and takes no lock."""
    if job.dry_run:
        with contextlib.closing(open_for_reading(job.root)) as db:
            yield db, None
        return
    with contextlib.ExitStack() as turn:
        store = await _turn(job, turn, stop, patience)
        yield store.db, store


async def _turn(job: Job, turn: contextlib.ExitStack, stop: Stop, patience: float) -> Store:
    """Open the archive for a slice; between slices others may write first (invariant 8)."""
    began, waits = time.monotonic(), False
    while not stop.asked:
        try:
            store = Store(job.root, command="extract --again", clock=job.clock, settings=LATE)
            return turn.enter_context(store)
        except ArchiveLocked as error:
            if time.monotonic() - began >= patience:
                raise
            if not waits:
                logger.warning("%s; waiting for it to end", error.holder)
            waits = True
            await asyncio.sleep(_TURN_SECONDS)
    raise Stopped
