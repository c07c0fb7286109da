"""One article's history from its captures in the order of their time, read with the current rules.

Each payload is read once. Captures come one after the other, so that one body of an article is in
memory at a time. The links of recorded listings are read first: they hint at what a page is.
"""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from archive import articles, captures, derivation, models, publishers, stories
from archive.articles import address_of
from archive.errors import DamagedWarc
from archive.history import History, Observation, fold
from archive.maintenance import projection
from archive.maintenance.import_jsonl import BadLine, Imported, history_of, read_line
from archive.maintenance.projection import Decided, ToDerive
from archive.maintenance.recorded import START, RecordedLinks, RecordedListing, next_listing
from archive.models import Capture, Extraction, Kind, Link, PageKind, Progress, silent
from crawler.daterange import Period
from crawler.errors import NotAListing
from crawler.extract.byline import names
from crawler.listings.follow import Follower
from crawler.outcomes import Meaning, believed, meaning_of, medium, proves_absence
from crawler.publisher import Publisher
from crawler.workers import Workers

AHEAD = 24  # articles that are with the workers
AT_ONCE = 100  # articles that are committed together


@dataclass(slots=True, kw_only=True)
class _Progress:
    """How far the captures of an article are gone through.

    `payload` is the digest of the payload that was read last as the article, `language` that in
    which it was written. `readings` are those that were made, by what they were made from.
    """

    number: int
    key: str
    publisher: Publisher
    start: History | None = None
    observations: list[Observation] = field(default_factory=list)
    payload: str | None = None
    language: str | None = None
    readings: dict[object, Extraction] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        return self.start is not None or self.payload is not None


class Deriver:
    """Derives histories of articles in an archive; `folder` is that of its WARC files."""

    def __init__(self, folder: Path, publishers: Mapping[str, Publisher], workers: Workers) -> None:
        self._folder = folder
        self._publishers = dict(publishers)
        self._workers = workers
        self.imported: list[models.Publisher] = []  # of lines of collections, as these say

    async def history(
        self, db: sqlite3.Connection, article: int, *, key: str, publisher: str
    ) -> History | None:
        """Return the history of an article; None if none of its captures shows it.

        `key` is its identity key.

        Raises:
            DamagedWarc: if a capture does not read.
            Stopped: if the workers were told to end.
        """
        progress = _Progress(number=article, key=key, publisher=self.publisher(publisher, key))
        for capture in captures.of_article(db, article):
            if capture.status:
                await self._observe(db, capture, progress)
            else:
                self._import(db, capture, progress)
        return fold(progress.observations, progress.start)

    def publisher(self, slug: str, url: str) -> Publisher:
        """Return a publisher; of one without a file no more than an address of it tells."""
        if slug not in self._publishers:
            self._publishers[slug] = replace(Publisher.of_url(url), slug=slug, name=slug)
        return self._publishers[slug]

    async def read(
        self, db: sqlite3.Connection, capture: Capture, publisher: Publisher
    ) -> Extraction:
        """Read a captured page again, as a browser showed it and by the hints it was read by.

        Raises:
            DamagedWarc: if it does not read.
        """
        visit = derivation.visit_of(db, self._folder, capture)
        return await self._read(db, capture, publisher, visit.hints if visit else None)

    def _import(self, db: sqlite3.Connection, capture: Capture, progress: _Progress) -> None:
        """Begin with a line of a collection, unless the article is known by then."""
        if progress.is_known:
            return
        line = captures.with_body(db, self._folder, capture).body
        imported = line_of(line, publisher=capture.publisher, at=capture.fetched_at)
        if imported and capture.id is not None:
            progress.start = history_of(imported, capture=capture.id)
            self.imported.append(imported.publisher)

    async def _observe(self, db: sqlite3.Connection, capture: Capture, progress: _Progress) -> None:
        shown = captures.rendering_digest(db, capture.id) if capture.id is not None else None
        known = replace(capture, sha256=shown or capture.sha256)
        visit = None
        if _needs_visit(capture):
            visit = derivation.visit_of(db, self._folder, capture, article=progress.number)
        meaning = meaning_of(
            known,
            kind=Kind.ARTICLE,
            asked=visit.url if visit else progress.key,
            validated=True,
            last_payload=progress.payload,
            publisher=progress.publisher,
        )
        seen = Observation(capture=capture.id, at=capture.fetched_at)
        if meaning is Meaning.UNCHANGED:
            progress.observations.append(replace(seen, same=True))
        elif meaning is Meaning.ABSENT and await self._is_absent(db, capture):
            progress.observations.append(replace(seen, missing=True))
        elif meaning in {Meaning.PAGE, Meaning.MEDIUM}:  # which is seen in the body
            hints = visit.hints if visit else None
            reading = await self._read_once(db, known, progress, hints)
            if reading.is_article and believed(reading, progress.language) is reading:
                progress.payload, progress.language = known.sha256, reading.language
                url = address_of(
                    progress.key,
                    claimed=reading.canonical_url,
                    answered=capture.url,
                    tracking=progress.publisher.tracking,
                )
                progress.observations.append(replace(seen, reading=reading, url=url))

    async def _is_absent(self, db: sqlite3.Connection, capture: Capture) -> bool:
        loaded = captures.with_body(db, self._folder, capture)
        return proves_absence(await self._workers.wall(loaded))

    async def _read_once(
        self, db: sqlite3.Connection, capture: Capture, progress: _Progress, hints: Link | None
    ) -> Extraction:
        made_from = (capture.sha256, capture.url, capture.content_type, hints)
        if made_from not in progress.readings:
            reading = await self._read(db, capture, progress.publisher, hints)
            progress.readings[made_from] = reading
        return progress.readings[made_from]

    async def _read(
        self, db: sqlite3.Connection, capture: Capture, publisher: Publisher, hints: Link | None
    ) -> Extraction:
        loaded = captures.with_body(db, self._folder, capture)
        if medium(loaded):
            return Extraction(kind=PageKind.OTHER)
        page = captures.as_shown(db, self._folder, loaded)
        return await self._workers.extract(page, publisher, hints=hints)


async def derive_all(
    db: sqlite3.Connection,
    folder: Path,
    deriver: Deriver,
    workers: Workers,
    *,
    progress: Progress = silent,
    decide: Callable[[Decided], None] = lambda _decided: None,
    commit: Callable[[], object] | None = None,
) -> None:
    """Make all rows that follow from WARC files that are indexed.

    `progress` gets what is counted, how many are done and of how many; `decide` what is decided
    otherwise than the files say. `commit` commits, where more is to be put on the disk before.

    Raises:
        Stopped: if the workers were told to end; what is derived by then stays.
    """
    commit = commit or partial(db.execute, "commit")
    if not projection.is_projected(db):
        db.execute("begin immediate")
        try:
            for decided in projection.project(db, folder):
                decide(decided)
            for slug, url in projection.publishers(db):
                publishers.save_new(db, deriver.publisher(slug, url).record())
            await read_listings(db, folder, deriver.publisher, workers)
        except BaseException:
            db.execute("rollback")
            raise
        commit()
    await _derive(db, deriver, progress)
    db.execute("begin immediate")
    stories.regroup_all(db)
    projection.finish(db)
    commit()


async def _derive(db: sqlite3.Connection, deriver: Deriver, progress: Progress) -> None:
    """Derive the articles that are to be derived; several are with the workers at a time."""
    waiting = projection.to_derive(db)
    upcoming, ahead = iter(waiting), deque[tuple[ToDerive, asyncio.Task[History | None]]]()
    try:
        for done in range(1, len(waiting) + 1):
            while len(ahead) < AHEAD and (one := next(upcoming, None)):
                reading = deriver.history(db, one.article, key=one.key, publisher=one.publisher)
                ahead.append((one, asyncio.ensure_future(reading)))
            article, history = ahead[0]
            await asyncio.wait({history})
            if not db.in_transaction:
                db.execute("begin immediate")
            _save(db, article, history, deriver)
            ahead.popleft()
            if done % AT_ONCE == 0 or done == len(waiting):
                db.execute("commit")
            progress("articles", done, len(waiting))
    finally:
        if db.in_transaction:
            db.execute("commit")
        for _, task in ahead:
            task.cancel()
        await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)


def _save(
    db: sqlite3.Connection,
    article: ToDerive,
    derived: "asyncio.Task[History | None]",
    deriver: Deriver,
) -> None:
    """Put a derived history in the place of the one there is; a capture that is lost is named."""
    try:
        history = derived.result()
    except DamagedWarc as error:
        projection.damaged(db, article, str(error))
        history = None
    while deriver.imported:
        publishers.save_new(db, deriver.imported.pop())
    if history is not None:
        articles.put(db, article.article, history, key=article.key, publisher=article.publisher)
    projection.derived(db, article.article)


def line_of(line: bytes, *, publisher: str | None, at: datetime) -> Imported | None:
    """Return what an imported line says; None where it is not an article by the current rules."""
    try:
        return read_line(line, publisher=publisher, now=at, names_of=names)
    except BadLine:
        return None


def _needs_visit(capture: Capture) -> bool:
    """Return whether what was asked, and what a listing said of it, matters for a capture."""
    return capture.status in {200, 404, 410} and not capture.truncated


async def read_listings(
    db: sqlite3.Connection,
    folder: Path,
    publisher_of: Callable[[str, str], Publisher],
    workers: Workers,
    *,
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Save the links of all recorded listings, in the order in which they were visited.

    `publisher_of` gives a publisher by its slug and an address of it. `progress` gets how many are
    read.

    Raises:
        Stopped: if the workers were told to end.
    """
    place, done = START, 0
    while True:
        listing = next_listing(db, folder, place)
        if listing is None:
            return
        publisher = publisher_of(listing.visit.publisher, listing.visit.url)
        await _read(db, folder, listing, publisher, workers)
        place, done = listing.place, done + 1
        progress(done)


async def _read(
    db: sqlite3.Connection,
    folder: Path,
    recorded: RecordedListing,
    publisher: Publisher,
    workers: Workers,
) -> None:
    store = RecordedLinks(db, folder, recorded)
    visit, capture = recorded.visit, replace(recorded.capture, kind=recorded.visit.kind)
    follower = Follower(store, visit, capture, publisher)
    with contextlib.suppress(NotAListing):  # possibly after some links, which were kept then
        await follower.follow(workers.links, Period(since=recorded.since, until=recorded.until))
