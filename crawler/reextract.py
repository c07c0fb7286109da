"""Articles read again from their captures, with the current rules and without the network.

Each article's history is derived from all its captures, so that no edit is invented where only a
rule changed. Slices of at most five minutes, between which the writing lock is free (invariant 8);
what is read again twice comes out the same.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from archive import articles, derivation
from archive.article_rows import Rows
from archive.clock import Clock, system
from archive.database import open_for_reading, require
from archive.derivation import PageAgain
from archive.errors import ArchiveLocked, DamagedWarc
from archive.history import History
from archive.models import Extraction
from archive.session import WARC_FOLDER
from archive.store import Store
from crawler import turns
from crawler.derive import Deriver
from crawler.publisher import Publisher
from crawler.turns import Stop
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

_AHEAD = 12  # articles that are with the workers

Show = Callable[[str, Mapping[str, tuple[Any, Any]]], None]
Progress = Callable[[int, int], None]


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
    patience: float = turns.PATIENCE
    clock: Clock = system


@dataclass(slots=True, kw_only=True)
class Report:
    """What was found: counts, and how many articles differ in which field.

    `counts`: articles read, changed, new, unreadable (no article by the current rules; left as they
    are), damaged (a capture does not read; left as they are).
    """

    counts: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    stopped: bool = False


class Rereading:
    """Derives articles again, reads pages that were none, and reports what differs.

    Without a store to save with, nothing is written.
    """

    def __init__(self, deriver: Deriver, report: Report, show: Show) -> None:
        self._deriver = deriver
        self._report = report
        self._show = show

    async def article(self, article: int, db: sqlite3.Connection) -> "Result":
        """Derive an article; return how to save it."""
        known = derivation.known_article(db, article)
        if known is None:
            return Result()
        if known.is_untraced:
            return Result(error=f"{known.url}: captures of it are lost")
        try:
            history = await self._deriver.history(
                db, article, key=known.key, publisher=known.publisher
            )
        except DamagedWarc as error:
            return Result(error=str(error))
        return Result(save=partial(self._save, article, known.url, history))

    async def page(self, number: int, db: sqlite3.Connection) -> "Result":
        """Read a page that was no article; return how to save the one that it is."""
        try:
            page = derivation.page_again(db, number)
            if page is None:
                return Result()
            publisher = self._deriver.publisher(page.visit.publisher, page.visit.url)
            reading = await self._deriver.read(db, page.capture, publisher)
        except DamagedWarc as error:
            return Result(error=str(error))
        return (
            Result(save=partial(self._save_page, page, reading)) if reading.is_article else Result()
        )

    def end(self, result: "Result", db: sqlite3.Connection, store: Store | None) -> None:
        """Save a result, in its turn."""
        if result.error:
            logger.warning("left as it is: %s", result.error)
            self._report.counts["damaged"] += 1
        elif result.save:
            result.save(db, store)

    def _save(
        self,
        article: int,
        url: str,
        history: History | None,
        db: sqlite3.Connection,
        store: Store | None,
    ) -> None:
        """Compare the history derived with the one there is, and put it in its place."""
        counts = self._report.counts
        counts["read"] += 1
        before = Rows.stored(db, article)
        if before is None:
            return
        if history is None:
            counts["unreadable"] += bool(derivation.has_captures(db, article))
            return
        after = derivation.seen_since(before, Rows.of(history))
        changes = before.changes(after)
        if not changes:
            return
        counts["changed"] += 1
        self._report.fields.update(changes.keys())
        self._show(url, changes)
        if store:
            with store.batch.one_page():
                articles.replace(db, article, before, after)

    def _save_page(
        self, page: PageAgain, reading: Extraction, db: sqlite3.Connection, store: Store | None
    ) -> None:
        """Save an article that is read for the first time, at the moment of its capture."""
        if derivation.leads_somewhere(db, page.visit.key):
            return
        self._report.counts["new"] += 1
        self._show(page.capture.url, {"article": (None, reading.title)})
        if store is None:
            return
        with store.batch.one_page():
            identity = store.identify(
                page.visit,
                claimed=reading.canonical_url,
                answered=page.capture.url,
                title=reading.title,
            )
            if identity.article is None:
                store.discover(
                    reading,
                    key=identity.key,
                    url=identity.url,
                    visit=page.visit,
                    capture=page.capture,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of reading an article again: how to save it, or why it stays as it is."""

    save: Callable[[sqlite3.Connection, Store | None], None] | None = None
    error: str | None = None


_Begin = Callable[[sqlite3.Connection], Awaitable[Result]]


async def reextract(
    job: Job,
    *,
    show: Show = lambda _url, _changes: None,
    progress: Progress = lambda _done, _of: None,
) -> Report:
    """Read the articles of the job again; `show` gets each that differs, with what and how.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be used.
        ArchiveLocked: if another process goes on writing for longer than is waited.
        NoWorkers: if the processes that read pages die as they start.
    """
    require(job.root)
    report, stop, workers = Report(), Stop(), Workers(processes=job.processes)
    stop.install(with_parent=False)
    try:
        deriver = Deriver(job.root / WARC_FOLDER, job.publishers, workers)
        await _slices(job, Rereading(deriver, report, show), stop, progress)
    except Stopped:  # the workers were told so as well, or none of them lives
        if workers.failure:
            raise workers.failure from None
        report.stopped = True
    finally:
        workers.close()
    report.stopped |= stop.asked
    return report


async def derive_again(
    store: Store,
    numbers: Iterable[int],
    publishers: Mapping[str, Publisher],
    workers: Workers,
) -> Report:
    """Derive some articles again, in an archive that is open for writing."""
    report = Report()
    deriver = Deriver(store.warc_folder, publishers, workers)
    again = Rereading(deriver, report, lambda _url, _changes: None)
    for number in numbers:
        again.end(await again.article(number, store.db), store.db, store)
    store.batch.commit()
    return report


async def _slices(job: Job, again: Rereading, stop: Stop, progress: Progress) -> None:
    """Read in turns at the archive; the first one finds out what there is to read."""
    waiting: deque[_Begin] | None = None
    patience, of = job.patience, 0
    while waiting is None or (waiting and not stop.asked):
        async with _opened(job, stop, patience) as (db, store):
            if waiting is None:
                waiting = _wanted(db, job, again)
                of = len(waiting)
            await _slice(again, waiting, db, store, stop, partial(_count_left, progress, of))
        patience = turns.PATIENCE
        if waiting and not job.dry_run:
            await turns.hand_over(job.root)


def _count_left(progress: Progress, of: int, left: int) -> None:
    progress(of - left, of)


def _wanted(db: sqlite3.Connection, job: Job, again: Rereading) -> deque[_Begin]:
    """Return how each article of the job is begun, and each page that was none."""
    if job.articles is not None:
        return deque(partial(again.article, number) for number in job.articles)
    numbers = derivation.articles(db, publishers=job.slugs, since=job.since)
    pages = derivation.other_pages(db, publishers=job.slugs, since=job.since)
    return deque(
        [
            *(partial(again.article, number) for number in numbers),
            *(partial(again.page, number) for number in pages),
        ]
    )


async def _slice(
    again: Rereading,
    waiting: deque[_Begin],
    db: sqlite3.Connection,
    store: Store | None,
    stop: Stop,
    progress: Callable[[int], None],
) -> None:
    """Read again for at most five minutes; what is done leaves `waiting`."""
    ends_at = time.monotonic() + turns.SLICE_SECONDS
    ahead: deque[asyncio.Future[Result]] = deque()
    upcoming = iter(list(waiting))
    try:
        while waiting and not stop.asked and time.monotonic() < ends_at:
            while len(ahead) < _AHEAD and (begin := next(upcoming, None)):
                ahead.append(asyncio.ensure_future(begin(db)))
            again.end(await ahead[0], db, store)
            ahead.popleft()
            waiting.popleft()
            if store:
                store.batch.count()
                if store.batch.is_due():
                    store.batch.commit()
            progress(len(waiting))
    finally:
        for left in ahead:
            left.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


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
        opened = partial(_store, job)
        try:
            store = await turns.take(
                turn, opened, job.root, stop, patience=patience, waits=_tell_of
            )
        except ArchiveLocked:
            if stop.asked:
                raise Stopped from None
            raise
        yield store.db, store


def _store(job: Job) -> Store:
    return Store(job.root, command="extract --again", clock=job.clock)


def _tell_of(error: ArchiveLocked) -> None:
    logger.warning("%s; waiting for it to end", error.holder)
