"""One article's history from its captures in the order of their time, read with the current rules.

Each payload is read once. Captures come one after the other, so that one body of an article is in
memory at a time. The links of recorded listings are read first: they hint at what a page is.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from archive import articles, captures, models, publishers
from archive.article_rows import Rows
from archive.articles import address_of
from archive.database import transaction
from archive.derivation import Source, Subject, recorded_listings, seen_since
from archive.errors import ArchiveError, DamagedWarc
from archive.history import History, Observation, fold, loses
from archive.maintenance import projection
from archive.maintenance.import_jsonl import BadLine, history_of, read_line
from archive.models import Capture, Extraction, Kind, Link, PageKind, Progress, silent
from archive.store import Store
from crawler.daterange import Period
from crawler.errors import NotAListing
from crawler.extract.byline import names
from crawler.listings.follow import Follower
from crawler.outcomes import Meaning, believed, meaning_of, medium
from crawler.publisher import Publisher
from crawler.workers import Stopped, Workers

AHEAD = 24  # articles that are with the workers
AT_ONCE = 100  # articles that are committed together

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Derived:
    """What the captures of an article show of it, as far as they are gone through.

    `start` and `imported` are the article and its publisher as a line of a collection has them.
    `payload` is the digest of the payload that was read last as the article, `reading` what it
    says; `readings` are all that were made, by what they were made from. `charsets` are the
    encodings with which captures (ids) were decoded.
    """

    subject: Subject
    publisher: Publisher
    start: History | None = None
    imported: models.Publisher | None = None
    observations: list[Observation] = field(default_factory=list)
    payload: str | None = None
    reading: Extraction | None = None
    readings: dict[object, Extraction] = field(default_factory=dict)
    charsets: dict[int, str] = field(default_factory=dict)

    @property
    def history(self) -> History | None:
        """The article's history; None if nothing shows the article."""
        return fold(self.observations, self.start)

    def add(self, capture: Capture, observation: Observation) -> None:
        """Note what a capture shows, and how its payload was decoded where it has its own."""
        self.observations.append(observation)
        self.decoded(capture, self.reading.charset if self.reading else None)

    def decoded(self, capture: Capture, charset: str | None) -> None:
        """Note how the payload of a capture was decoded, where it has its own."""
        if charset and capture.id and capture.status == 200 and not capture.revisit:
            self.charsets[capture.id] = charset


class Deriver:
    """Derives histories of articles from the captures of an archive."""

    def __init__(self, source: Source, known: Mapping[str, Publisher], workers: Workers) -> None:
        self.source = source
        self.workers = workers
        self._publishers = dict(known)

    async def derive(self, subject: Subject) -> Derived:
        """Go through the captures of an article, of which its history follows.

        Raises:
            DamagedWarc: if a capture cannot be read.
            Stopped: if the workers were asked to stop.
        """
        publisher = self.publisher(subject.publisher, subject.key)
        derived = Derived(subject=subject, publisher=publisher)
        for capture in captures.of_article(self.source.db, subject.article):
            if not capture.status:
                self._import(capture, derived)
            elif observation := await self._observed(capture, derived):
                derived.add(capture, observation)
        return derived

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

    def _import(self, capture: Capture, derived: Derived) -> None:
        """Begin with a line of a collection, if it is an article by the current rules."""
        if derived.start or derived.payload:  # known by then
            return
        line, at = self.source.body(capture).body, capture.fetched_at
        with contextlib.suppress(BadLine):
            imported = read_line(line, publisher=capture.publisher, now=at, names_of=names)
            derived.start = history_of(imported, capture=capture.id)
            derived.imported = imported.publisher

    async def _observed(self, capture: Capture, derived: Derived) -> Observation | None:
        """Return what a capture shows of the article, None if nothing."""
        subject, seen = derived.subject, Observation(capture=capture.id, at=capture.fetched_at)
        visit = None
        if capture.status in {200, 404, 410} and not capture.truncated:  # for which it matters
            visit = self.source.visit(capture, article=subject.article)
        meaning = meaning_of(
            capture,
            kind=Kind.ARTICLE,
            asked=visit.url if visit else subject.key,
            validated=True,
            last_payload=derived.payload,
            publisher=derived.publisher,
        )
        if meaning is Meaning.UNCHANGED:
            return replace(seen, same=True)
        if meaning is Meaning.ABSENT:
            wall = await self.workers.wall(self.source.body(capture))
            return replace(seen, missing=True) if not wall or wall.kind.proves_removal else None
        if meaning in {Meaning.PAGE, Meaning.MEDIUM}:  # which is seen in the body
            return await self._page(capture, derived, visit.hints if visit else None, seen)
        return None

    async def _page(
        self, capture: Capture, derived: Derived, hints: Link | None, seen: Observation
    ) -> Observation | None:
        """Return what is seen in a page that is read, once for all captures of its payload."""
        made_from = (capture.sha256, capture.url, capture.content_type, hints)
        if made_from not in derived.readings:
            reading = await self._read(capture, derived.publisher, hints)
            derived.readings[made_from] = reading
        reading, last = derived.readings[made_from], derived.reading
        language = last.language if last else None
        if not reading.is_article or believed(reading, language) is not reading:
            return None
        if capture.doubted and last and loses(last, reading):
            derived.decoded(capture, reading.charset)
            return None
        derived.payload, derived.reading = capture.sha256, reading
        url = address_of(
            derived.subject.key,
            claimed=reading.canonical_url,
            answered=capture.url,
            tracking=derived.publisher.tracking,
        )
        return replace(seen, reading=reading, url=url)

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
    charsets: Mapping[int, str]


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
    if any(row["capture"] is None for row in before.revisions):
        raise DamagedWarc(f"{before.article['url']}: captures of it are lost")
    derived = await deriver.derive(subject)
    history = derived.history
    after = seen_since(before, Rows.of(history)) if history else None
    return Again(subject=subject, before=before, after=after, charsets=derived.charsets)


def save_again(store: Store, again: Again) -> bool:
    """Let an article's rows be those that were derived again; return whether there are any."""
    with store.batch.one_page():
        captures.decoded(store.db, again.charsets)
        if again.after is not None:
            article, key, slug = again.subject.article, again.subject.key, again.subject.publisher
            articles.put(store.db, article, again.after, key=key, publisher=slug)
    return again.after is not None


async def renew(store: Store, deriver: Deriver, article: int) -> bool:
    """Let an article's rows be what the current rules make of its captures; return if they can."""
    with contextlib.suppress(DamagedWarc):
        if again := await derived_again(deriver, article):
            return save_again(store, again)
    return False


async def derive_all(
    deriver: Deriver, *, store: Store | None = None, progress: Progress = silent
) -> None:
    """Make all rows that follow from WARC files that are indexed.

    `progress` gets what is counted, how many are done and of how many. `store` is that of an
    archive that had rows before; it journals what is decided otherwise than the files say.

    Raises:
        Stopped: if the workers were asked to stop; what was committed by then stays.
    """
    db, folder = deriver.source.db, deriver.source.folder
    commit = store.batch.commit if store else None
    if not projection.is_projected(db):
        with transaction(db, commit):
            for capture, decision in projection.project(db, folder):
                if store:
                    store.decide(captures.get(db, capture), decision)
            for slug, url, _ in projection.publishers(db):
                publishers.save_new(db, deriver.publisher(slug, url).record())
            await read_listings(deriver)
    waiting = projection.to_derive(db)
    tasks = in_order(map(deriver.derive, waiting), room=AHEAD)
    async with contextlib.aclosing(tasks):
        for start in range(0, len(waiting), AT_ONCE):
            some = waiting[start : start + AT_ONCE]
            with transaction(db):
                for done, subject in enumerate(some, start + 1):
                    _save(deriver.source, subject, await anext(tasks))
                    progress("articles", done, len(waiting))
    with transaction(db, commit):
        projection.finish(db, folder)


def _save(source: Source, subject: Subject, task: "asyncio.Future[Derived]") -> None:
    """Put a derived history in the place of the one there is; a capture that is lost is named."""
    try:
        derived = task.result()
    except DamagedWarc as error:
        projection.damaged(source.db, subject, str(error))
        return
    projection.derived(source.db, subject, derived.history)
    captures.decoded(source.db, derived.charsets)
    if derived.imported:
        publishers.save_new(source.db, derived.imported)


async def in_order(
    begun: Iterable[Coroutine[Any, Any, T]],
    *,
    room: int,
    is_full: Callable[[], bool] = lambda: False,
) -> AsyncGenerator["asyncio.Future[T]", None]:
    """Yield tasks that are done in their order, while so many of the next ones are under way.

    No further one is begun while `is_full`, unless there is none.
    """
    ahead, upcoming = deque["asyncio.Future[T]"](), iter(begun)
    try:
        while True:
            while len(ahead) < room and not (ahead and is_full()):
                if (following := next(upcoming, None)) is None:
                    break
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
    for listing in recorded_listings(deriver.source.db, deriver.source.folder):
        visit = listing.visit
        publisher = deriver.publisher(visit.publisher, visit.url)
        period = Period(since=listing.since, until=listing.until)
        known = listing.followed.known
        follower = Follower(listing, visit, listing.capture, publisher, period, known=known)
        with contextlib.suppress(NotAListing):  # possibly after some links, which were kept then
            await follower.follow(deriver.workers.links, deriver.workers.changed)


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
