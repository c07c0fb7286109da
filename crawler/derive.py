"""One article's history from its captures in the order of their time, read with the current rules.

Each payload is read once. Captures come one after the other, so that one body of an article is in
memory at a time. The links of recorded listings are read first: they hint at what a page is.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from archive import articles, captures, models, publishers
from archive.article_rows import Rows
from archive.articles import address_of
from archive.database import transaction
from archive.derivation import START, RecordedLinks, Source, Subject, next_listing, seen_since
from archive.errors import ArchiveError, DamagedWarc
from archive.history import History, Observation, fold
from archive.maintenance import projection
from archive.maintenance.import_jsonl import BadLine, Imported, history_of, read_line
from archive.maintenance.projection import Decided
from archive.models import Capture, Extraction, Kind, Link, PageKind, Progress, silent
from archive.store import Store
from crawler.daterange import Period
from crawler.errors import NotAListing
from crawler.extract.byline import names
from crawler.listings.follow import Follower
from crawler.outcomes import Meaning, believed, meaning_of, medium, proves_absence
from crawler.publisher import Publisher
from crawler.workers import Stopped, Workers

AHEAD = 24  # articles that are with the workers
AT_ONCE = 100  # articles that are committed together

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class _Progress:
    """How far the captures of an article are gone through.

    `payload` is the digest of the payload that was read last as the article, in `language` and
    encoded in `charset`. `readings` are those that were made, by what they were made from.
    """

    subject: Subject
    publisher: Publisher
    start: History | None = None
    observations: list[Observation] = field(default_factory=list)
    payload: str | None = None
    language: str | None = None
    charset: str | None = None
    readings: dict[object, Extraction] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        return self.start is not None or self.payload is not None


class Deriver:
    """Derives histories of articles from the captures of an archive."""

    def __init__(self, source: Source, known: Mapping[str, Publisher], workers: Workers) -> None:
        self.source = source
        self.workers = workers
        self.imported: list[models.Publisher] = []  # of lines of collections, as these say
        self._charsets: dict[int, dict[int, str]] = {}  # of articles, by the ids of captures
        self._publishers = dict(known)

    async def history(self, subject: Subject) -> History | None:
        """Return the history of an article; None if none of its captures shows it.

        Raises:
            DamagedWarc: if a capture cannot be read.
            Stopped: if the workers were asked to stop.
        """
        publisher = self.publisher(subject.publisher, subject.key)
        progress = _Progress(subject=subject, publisher=publisher)
        for capture in self.source.captures(subject.article):
            if capture.status:
                await self._observe(capture, progress)
            else:
                self._import(capture, progress)
        return fold(progress.observations, progress.start)

    def publisher(self, slug: str, url: str) -> Publisher:
        """Return a publisher; of one without a file no more than an address of it says."""
        if slug not in self._publishers:
            self._publishers[slug] = replace(Publisher.of_url(url), slug=slug, name=slug)
        return self._publishers[slug]

    async def read(self, capture: Capture, publisher: Publisher) -> Extraction:
        """Read a captured page again, as a browser showed it and by the hints it was read by.

        Raises:
            DamagedWarc: if it cannot be read.
            Stopped: if the workers were asked to stop.
        """
        visit = self.source.visit(capture)
        return await self._read(capture, publisher, visit.hints if visit else None)

    def save_charsets(self, article: int) -> None:
        """Save with which character encodings the captures of a derived article were decoded."""
        captures.decoded(self.source.db, self._charsets.pop(article, {}))

    def forget(self, article: int) -> None:
        """Forget what was read of an article that is not saved."""
        self._charsets.pop(article, None)

    def _import(self, capture: Capture, progress: _Progress) -> None:
        """Begin with a line of a collection, unless the article is known by then."""
        if progress.is_known:
            return
        line = self.source.body(capture).body
        imported = _line(line, publisher=capture.publisher, at=capture.fetched_at)
        if imported and capture.id is not None:
            progress.start = history_of(imported, capture=capture.id)
            self.imported.append(imported.publisher)

    async def _observe(self, capture: Capture, progress: _Progress) -> None:
        subject, seen = progress.subject, Observation(capture=capture.id, at=capture.fetched_at)
        visit = None
        if _needs_visit(capture):
            visit = self.source.visit(capture, article=subject.article)
        meaning = meaning_of(
            capture,
            kind=Kind.ARTICLE,
            asked=visit.url if visit else subject.key,
            validated=True,
            last_payload=progress.payload,
            publisher=progress.publisher,
        )
        if meaning is Meaning.UNCHANGED:
            progress.observations.append(replace(seen, same=True))
            self._decoded(capture, progress)
        elif meaning is Meaning.ABSENT and await self._is_absent(capture):
            progress.observations.append(replace(seen, missing=True))
        elif meaning in {Meaning.PAGE, Meaning.MEDIUM}:  # which is seen in the body
            reading = await self._read_once(capture, progress, visit.hints if visit else None)
            if reading.is_article and believed(reading, progress.language) is reading:
                progress.payload, progress.language = capture.sha256, reading.language
                url = address_of(
                    subject.key,
                    claimed=reading.canonical_url,
                    answered=capture.url,
                    tracking=progress.publisher.tracking,
                )
                progress.observations.append(replace(seen, reading=reading, url=url))
                progress.charset = reading.charset
                self._decoded(capture, progress)

    def _decoded(self, capture: Capture, progress: _Progress) -> None:
        """Note how a payload was decoded, at the capture whose record it is in."""
        is_own = capture.status == 200 and not capture.revisit
        if progress.charset and capture.id is not None and is_own:
            charsets = self._charsets.setdefault(progress.subject.article, {})
            charsets[capture.id] = progress.charset

    async def _is_absent(self, capture: Capture) -> bool:
        return proves_absence(await self.workers.wall(self.source.body(capture)))

    async def _read_once(
        self, capture: Capture, progress: _Progress, hints: Link | None
    ) -> Extraction:
        made_from = (capture.sha256, capture.url, capture.content_type, hints)
        if made_from not in progress.readings:
            reading = await self._read(capture, progress.publisher, hints)
            progress.readings[made_from] = reading
        return progress.readings[made_from]

    async def _read(self, capture: Capture, publisher: Publisher, hints: Link | None) -> Extraction:
        loaded = self.source.body(capture)
        if medium(loaded):
            return Extraction(kind=PageKind.OTHER)
        return await self.workers.extract(self.source.shown(loaded), publisher, hints=hints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """An article's rows, and those that its captures make with the current rules, if any."""

    subject: Subject
    before: Rows
    after: Rows | None


async def derived_again(deriver: Deriver, article: int) -> Again | None:
    """Derive a known article (its id); None where it is not there.

    Raises:
        DamagedWarc: if a capture of it is lost, or cannot be read.
        Stopped: if the workers were asked to stop.
    """
    source = deriver.source
    subject, before = source.subject(article), Rows.stored(source.db, article)
    if subject is None or before is None:
        return None
    if subject.is_untraced:
        raise DamagedWarc(f"{subject.url}: captures of it are lost")
    history = await deriver.history(subject)
    after = seen_since(before, Rows.of(history)) if history else None
    return Again(subject=subject, before=before, after=after)


def save_again(deriver: Deriver, again: Again) -> None:
    """Let an article's rows be those that were derived again."""
    deriver.save_charsets(again.subject.article)
    if again.after is not None:
        db, article = deriver.source.db, again.subject.article
        articles.replace(db, article, again.before, again.after)


async def renew(store: Store, deriver: Deriver, article: int) -> bool:
    """Let an article's rows be what the current rules make of its captures; return if they can."""
    with contextlib.suppress(DamagedWarc):
        again = await derived_again(deriver, article)
        if again is not None and again.after is not None:
            with store.batch.one_page():
                save_again(deriver, again)
            return True
    return False


async def derive_all(
    deriver: Deriver,
    *,
    progress: Progress = silent,
    decide: Callable[[Decided], None] = lambda _decided: None,
    commit: Callable[[], object] | None = None,
) -> None:
    """Make all rows that follow from WARC files that are indexed.

    `progress` gets what is counted, how many are done and of how many; `decide` what is decided
    otherwise than the files say. `commit` commits, where more is to be put on the disk before.

    Raises:
        Stopped: if the workers were asked to stop; what was committed by then stays.
    """
    db, folder = deriver.source.db, deriver.source.folder
    if not projection.is_projected(db):
        with transaction(db, commit):
            for decided in projection.project(db, folder):
                decide(decided)
            for slug, url in projection.publishers(db):
                publishers.save_new(db, deriver.publisher(slug, url).record())
            await read_listings(deriver)
    waiting = projection.to_derive(db)
    histories = in_order(map(deriver.history, waiting), room=AHEAD)
    async with contextlib.aclosing(histories):
        for start in range(0, len(waiting), AT_ONCE):
            some = waiting[start : start + AT_ONCE]
            with transaction(db):
                for done, subject in enumerate(some, start + 1):
                    _save(deriver, subject, await anext(histories))
                    progress("articles", done, len(waiting))
    with transaction(db, commit):
        projection.finish(db)


def _save(deriver: Deriver, subject: Subject, derived: "asyncio.Future[History | None]") -> None:
    """Put a derived history in the place of the one there is; a capture that is lost is named."""
    db = deriver.source.db
    try:
        projection.derived(db, subject, derived.result())
    except DamagedWarc as error:
        projection.damaged(db, subject, str(error))
    while deriver.imported:
        publishers.save_new(db, deriver.imported.pop())
    deriver.save_charsets(subject.article)


async def in_order(
    begun: Iterable[Coroutine[Any, Any, T]], *, room: int
) -> AsyncGenerator["asyncio.Future[T]", None]:
    """Yield tasks that are done in their order, while so many of the next ones are under way."""
    ahead, upcoming = deque["asyncio.Future[T]"](), iter(begun)
    try:
        while True:
            while len(ahead) < room and (following := next(upcoming, None)) is not None:
                ahead.append(asyncio.ensure_future(following))
            if not ahead:
                return
            await asyncio.wait({ahead[0]})
            yield ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


async def read_listings(deriver: Deriver) -> None:
    """Save the links of all recorded listings, in the order in which they were visited.

    Raises:
        Stopped: if the workers were asked to stop.
    """
    db, folder, place = deriver.source.db, deriver.source.folder, START
    while listing := next_listing(db, folder, place):
        store, visit = RecordedLinks(db, folder, listing), listing.visit
        capture = replace(listing.capture, kind=visit.kind)
        publisher = deriver.publisher(visit.publisher, visit.url)
        period = Period(since=listing.since, until=listing.until)
        follower = Follower(store, visit, capture, publisher, period)
        with contextlib.suppress(NotAListing):  # possibly after some links, which were kept then
            await follower.follow(deriver.workers.links)
        place = listing.place


@contextlib.contextmanager
def at_work(processes: int | None) -> Iterator[Workers]:
    """Give workers that end with the block.

    Raises:
        ArchiveError: if they were asked to stop.
        NoWorkers: if they die as they start.
    """
    workers = Workers(processes=processes)
    try:
        yield workers
    except Stopped as error:
        stopped = ArchiveError("it was stopped; run the same command again to resume")
        raise workers.failure or stopped from error
    finally:
        workers.close()


def _line(line: bytes, *, publisher: str | None, at: datetime) -> Imported | None:
    """Return what an imported line says; None where it is not an article by the current rules."""
    try:
        return read_line(line, publisher=publisher, now=at, names_of=names)
    except BadLine:
        return None


def _needs_visit(capture: Capture) -> bool:
    """Return whether what was asked, and what a listing said of it, matters for a capture."""
    return capture.status in {200, 404, 410} and not capture.truncated
