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
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from archive import chains, imports, replayed
from archive.chains import Chain, Look, Loom
from archive.clock import Clock, system
from archive.database import open_for_reading
from archive.errors import ArchiveLocked, DamagedWarc
from archive.records import Capture, Extraction, Page, PageKind, Reading, Visit
from archive.session import WARC_FOLDER
from archive.store import Store
from archive.urls import canonical, host_of
from archive.visits import VISITS, as_visit
from crawler.arrival import NO_PROOF
from crawler.article.language import changes_script
from crawler.keeping import addresses
from crawler.media import medium
from crawler.publisher import Publisher
from crawler.stop import Stop
from crawler.workers import Workers

logger = logging.getLogger(__name__)

SLICE_SECONDS = 300.0
PATIENCE = 3600.0
_TURN_SECONDS = 0.6
_AHEAD = 12  # articles whose pages are with the workers

# A revision whose capture was lost: made again without it, the chain would lose its text.
_UNTRACED = "select 1 from revisions where article = ? and capture is null"

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
    """
    if job.articles is None:
        with contextlib.closing(open_for_reading(job.root)) as db:
            wanted = _wanted(db, job)
    else:
        wanted = list(job.articles)
    told, stop = Told(), Stop()
    stop.install(with_parent=False)
    workers = Workers(processes=job.processes)
    try:
        with contextlib.closing(Loom()) as loom:
            again = _Again(job, workers, loom, told, tell)
            waiting, of = deque(wanted), len(wanted)
            while waiting and not stop.asked:
                await again.slice(waiting, stop, lambda: progress(of - len(waiting), of))
                await asyncio.sleep(0 if job.dry_run or not waiting else _TURN_SECONDS)
            if not stop.asked and job.articles is None:
                await again.unread(stop)
    finally:
        workers.close()
    told.stopped = stop.asked
    return told


async def weave_again(
    store: Store, articles: list[int], publishers: Mapping[str, Publisher], workers: Workers
) -> Told:
    """Make the chains of some articles again, in an archive that is open for writing."""
    told, job = Told(), Job(root=store.root, publishers=publishers)
    with contextlib.closing(Loom()) as loom:
        again = _Again(job, workers, loom, told, lambda _url, _changes: None)
        again.folder = store.warc_folder
        for article in articles:
            await again.one(store, article)
    store.batch.commit()
    return told


def _wanted(db: sqlite3.Connection, job: Job) -> list[int]:
    where, values = _where(job, "first_seen_at")
    rows = db.execute(f"select id from articles a where {where} order by first_seen_at, id", values)  # noqa: S608
    return [number for (number,) in rows]


def _where(job: Job, moment: str) -> tuple[str, list[str]]:
    marks = ", ".join("?" * len(job.slugs))
    parts = [f"publisher in ({marks})"] if job.slugs else []
    values = list(job.slugs)
    if job.since:
        parts.append(f"{moment} >= ?")
        values.append(job.since.isoformat())
    return " and ".join(parts) or "true", values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """An article with its captures and the readings under way."""

    article: int
    url: str
    publisher: str
    captures: tuple[Capture, ...]
    readings: "Mapping[int, asyncio.Task[Extraction]]"


class _Again:
    def __init__(self, job: Job, workers: Workers, loom: Loom, told: Told, tell: Tell) -> None:
        self._job = job
        self._workers = workers
        self._loom = loom
        self._told = told
        self._tell = tell
        self.folder = job.root / WARC_FOLDER
        self._publishers = dict(job.publishers)

    async def slice(self, waiting: deque[int], stop: Stop, progress: Callable[[], None]) -> None:
        """Read articles again for at most five minutes; those that are done leave `waiting`."""
        ends_at = time.monotonic() + SLICE_SECONDS
        ahead: deque[_Read | None] = deque()
        upcoming = iter(list(waiting))
        async with self._opened() as (db, store):
            while waiting and not stop.asked and time.monotonic() < ends_at:
                while len(ahead) < _AHEAD and (article := next(upcoming, None)) is not None:
                    ahead.append(self._begun(db, article))
                one = ahead.popleft()
                if one:
                    await self._weave(db, store, one)
                waiting.popleft()
                if store:
                    store.batch.count()
                    if store.batch.is_due():
                        store.batch.commit()
                progress()
            for left in filter(None, ahead):
                for reading in left.readings.values():
                    reading.cancel()

    async def one(self, store: Store, article: int) -> None:
        """Make the chain of one article again."""
        if read := self._begun(store.db, article):
            await self._weave(store.db, store, read)

    @contextlib.asynccontextmanager
    async def _opened(self) -> Any:
        """Give the database and the store to write with; a dry run has none and takes no lock."""
        if self._job.dry_run:
            with contextlib.closing(open_for_reading(self._job.root)) as db:
                yield db, None
            return
        with contextlib.ExitStack() as turn:
            store = await self._turn(turn)
            yield store.db, store

    async def _turn(self, turn: contextlib.ExitStack) -> Store:
        ends_at = time.monotonic() + self._job.patience
        while True:
            try:
                return turn.enter_context(
                    Store(self._job.root, command="extract --again", clock=self._job.clock)
                )
            except ArchiveLocked:
                if time.monotonic() >= ends_at:
                    raise
                await asyncio.sleep(_TURN_SECONDS)

    def _begun(self, db: sqlite3.Connection, article: int) -> _Read | None:
        """Begin to read all captures of an article; None where one of them is damaged."""
        row = db.execute("select url, publisher from articles where id = ?", (article,)).fetchone()
        if row is None:
            return None
        if db.execute(_UNTRACED, (article,)).fetchone():
            logger.warning("%s is left as it is: captures of it are lost", row[0])
            self._told.counts["damaged"] += 1
            return None
        try:
            captures = [self._recorded(db, number) for number in chains.captures_of(db, article)]
        except DamagedWarc as error:
            logger.warning("%s is left as it is: %s", row[0], error)
            self._told.counts["damaged"] += 1
            return None
        publisher = self._publisher(row[1], row[0])
        readings = {
            capture.id: asyncio.ensure_future(
                self._workers.extract(capture, publisher, hints=self._hints(db, article, capture))
            )
            for capture in captures
            if capture.id is not None and _is_page(capture)
        }
        return _Read(
            article=article, url=row[0], publisher=row[1],
            captures=tuple(captures), readings=readings,
        )  # fmt: skip

    def _recorded(self, db: sqlite3.Connection, number: int) -> Capture:
        capture = replayed.recorded(db, self.folder, number)
        if capture.status == 0:
            return capture
        found = replayed.shown(db, self.folder, capture)
        return replace(capture, body=found[0], content_type=found[1]) if found else capture

    def _hints(self, db: sqlite3.Connection, article: int, capture: Capture) -> Any:
        with contextlib.suppress(ValueError):
            if found := chains.hints_at(db, canonical(capture.url), capture.fetched_at):
                return found
        row = db.execute(
            "select key from visits where article = ? order by found_at, key limit 1", (article,)
        ).fetchone()
        return chains.hints_at(db, row[0], capture.fetched_at) if row else None

    def _publisher(self, slug: str, url: str) -> Publisher:
        if slug not in self._publishers:
            self._publishers[slug] = replace(Publisher.of_url(url), slug=slug, name=slug)
        return self._publishers[slug]

    async def _weave(self, db: sqlite3.Connection, store: Store | None, one: _Read) -> None:
        """Hold the chain made again against the one there is; put it in its place."""
        looks = [look async for look in self._looks(one)]
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

    async def _looks(self, one: _Read) -> Any:
        """Yield what each capture says of the article, in the order of their time."""
        last_good: str | None = None
        language: str | None = None
        for capture in one.captures:
            number = capture.id or 0
            look = Look(capture=number, at=capture.fetched_at)
            if capture.status == 0:
                yield replace(look, line=capture.body)
                continue
            if capture.status == 304 or (last_good and capture.sha256 == last_good):
                yield replace(look, same=True)
                continue
            if capture.status in {404, 410}:
                yield replace(look, gone=await self._is_gone(capture, one.url))
                continue
            reading = await one.readings[number] if number in one.readings else None
            if reading and _is_article(reading) and not changes_script(language, reading.text):
                last_good, language = capture.sha256, reading.language
                yield replace(look, reading=reading)

    async def _is_gone(self, capture: Capture, url: str) -> bool:
        wall = await self._workers.wall(capture)
        return not (wall and wall.kind in NO_PROOF) and host_of(capture.url) == host_of(url)

    async def unread(self, stop: Stop) -> None:
        """Read the pages again that were no article by the rules of their time."""
        where, values = _where(self._job, "fetched_at")
        with contextlib.closing(open_for_reading(self._job.root)) as db:
            found = db.execute(
                "select id from captures where article is null and kind = 'article'"  # noqa: S608
                f" and status = 200 and truncated is null and {where} order by fetched_at, id",
                values,
            ).fetchall()
        async with self._opened() as (db, store):
            for (number,) in found:
                if stop.asked:
                    return
                await self._unread(db, store, number)

    async def _unread(self, db: sqlite3.Connection, store: Store | None, number: int) -> None:
        capture = self._page(db, number)
        visit = self._visit(db, capture) if capture else None
        if capture is None or visit is None or visit.article is not None:
            return
        publisher = self._publisher(visit.publisher, visit.url)
        reading = await self._workers.extract(
            capture, publisher, hints=chains.hints_at(db, visit.key, capture.fetched_at)
        )
        if not _is_article(reading):
            return
        self._told.counts["new"] += 1
        self._tell(capture.url, {"article": (None, reading.title)})
        if store:
            with store.batch.one_page():
                _keep(store, Reading(page=Page(visit=visit, capture=capture), extraction=reading))

    def _page(self, db: sqlite3.Connection, number: int) -> Capture | None:
        try:
            capture = self._recorded(db, number)
        except DamagedWarc as error:
            logger.warning("%s", error)
            self._told.counts["damaged"] += 1
            return None
        return capture if _is_page(capture) else None

    def _visit(self, db: sqlite3.Connection, capture: Capture) -> Visit | None:
        """Return the visit to the address that answered, if there is one."""
        try:
            key = canonical(capture.url)
        except ValueError:
            return None
        row = db.execute(f"{VISITS} where v.key = ?", (key,)).fetchone()
        return as_visit(row) if row else None


def _keep(store: Store, reading: Reading) -> None:
    """Keep an article that is read for the first time, at the moment of its capture."""
    visit, capture = reading.page.visit, reading.page.capture
    claimed, answered = addresses(reading)
    identity = store.identify(
        visit, claimed=claimed, answered=answered, title=reading.extraction.title
    )
    if identity.article is not None:
        return
    article, _ = store.keep(reading.extraction, url=identity.url, visit=visit, capture=capture)
    if article is not None:
        imports.lead(store.db, visit.key, article=article)


def _is_page(capture: Capture) -> bool:
    return (
        capture.status == 200
        and not capture.truncated
        and bool(capture.body)
        and not medium(capture)
    )


def _is_article(reading: Extraction) -> bool:
    return bool(reading.text) and reading.kind not in {PageKind.SECTION, PageKind.OTHER}
