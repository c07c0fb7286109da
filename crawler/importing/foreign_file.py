"""One WARC file of another program on its way into the archive, some time at a time.

Pages are read in worker processes, several at once; what was read is kept in the file's order, and
how far that is stands in the archive, committed with what was kept.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from archive import captures, imports
from archive.errors import ARCHIVE_FAULTS, DamagedWarc
from archive.imports import Copying, journaled
from archive.models import Capture, Extraction, Kind, Page, Problem, Reading, Visit
from archive.problems import ProblemKind
from archive.publishers import save_new
from archive.urls import identity_key
from archive.warc.parsing import Place, Record
from archive.warc.reader import LARGEST_FOREIGN, Damage, TooLarge, walk
from archive.warc.records import copy_of
from crawler.importing.ahead import Ahead, Waiting
from crawler.importing.candidates import Candidate, Passed, candidate
from crawler.importing.owners import Owners
from crawler.importing.telling import Source, Told
from crawler.ingest import Became, is_article, keep
from crawler.publisher import Publisher
from crawler.reextract import derive_again
from crawler.turns import Stop
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

_FINGERPRINT = 1 << 16
_PAUSE = 100  # records between two looks at signals and the workers' answers

Progress = Callable[[int, int], None]


class ForeignFile:
    """Reads an open file into the archive; `told` says what became of it so far."""

    def __init__(
        self,
        source: Source,
        descriptor: int,
        *,
        languages: frozenset[str] | None,
        owners: Owners,
        workers: Workers,
        stop: Stop,
        again: bool,
    ) -> None:
        """Take the file; `again` reads it from its beginning whatever was read before."""
        self._source = source
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._languages = languages
        self._owners = owners
        self._workers = workers
        self._stop = stop
        self._again = again
        self._published: set[str] = set()
        self._ahead = Ahead()
        self._place = Place()
        self._found: Iterator[Record | Damage | TooLarge] | None = None
        self._since = Counter[str]()
        self._touched: set[int] = set()  # articles of which older captures came in
        self._remembered: Place | None = None  # how far the archive knows the file to be read
        self.told = Told(name=source.name)

    async def read(self, store: Copying, *, ends_at: float, progress: Progress) -> bool:
        """Read on until a moment of the monotonic clock; return whether there is more."""
        self._store = store
        if self._found is None:
            self._place = self._begin()
            self._found = walk(self._descriptor, start=self._place, largest=LARGEST_FOREIGN)
        try:
            for number, found in enumerate(self._found):
                self._ahead.append(await self._look(found))
                while self._ahead.is_full():
                    await self._next()
                if number % _PAUSE == 0:
                    await asyncio.sleep(0)
                    progress(found.place.offset, self._size)
                if self._stop.asked or time.monotonic() >= ends_at:
                    await self._finish()
                    return True
            await self._finish()
        finally:
            self._ahead.drop()
        return False

    def _begin(self) -> Place:
        """Return where to begin: where an earlier import of the same file ended."""
        self._names = ",".join(sorted(self._languages)) if self._languages else "all"
        start = os.pread(self._descriptor, _FINGERPRINT, 0) + self._names.encode()
        self._key = hashlib.sha256(start).hexdigest()
        place = None if self._again else imports.place_of(self._store.db, self._key)
        self.told.before = place is not None
        self._remembered = Place.of(place) if place else None
        return Place.of(place or "0")

    async def _finish(self) -> None:
        while self._ahead:
            await self._next()
        await self._derive()
        self._commit()

    async def _look(self, found: Record | Damage | TooLarge) -> Waiting:
        """Look at what was found; give the page that it may be to the workers."""
        self._since["records"] += 1
        if not isinstance(found, Record):
            self._damaged(found)
            return Waiting(behind=found.place)
        one = candidate(found, languages=self._languages, now=self._store.clock())
        if isinstance(one, Candidate) and one.again:
            original = await self._original(one)
            one = replace(one, capture=original) if original else Passed.NO_ORIGINAL
        if isinstance(one, Passed):
            self.told.counts[one] += 1
            return Waiting(behind=found.behind)
        if imports.is_known(self._store.db, one.capture):
            return Waiting(behind=found.behind, candidate=one)
        publisher = self._owners.of(one.capture.url)
        reading = asyncio.ensure_future(self._workers.extract(one.capture, publisher))
        return Waiting(behind=found.behind, candidate=one, publisher=publisher, reading=reading)

    async def _original(self, one: Candidate) -> Capture | None:
        """Return a revisit's capture with its payload, which may be that of one that waits."""
        while self._ahead.has(one.record.refers_to_url):
            await self._next()
        try:
            return self._store.original(one.record, one.capture)
        except DamagedWarc:
            return None

    def _damaged(self, found: Damage | TooLarge) -> None:
        self.told.damage(found)
        if isinstance(found, Damage):
            problem = Problem(kind=ProblemKind.DAMAGED_SOURCE, detail=found.what, stage="import")
            self._store.import_problem(problem, place=f"{self._source.name}, byte {found.place}")

    async def _next(self) -> None:
        """Keep what the first that waits became, in its turn."""
        one = self._ahead.popleft()
        if one.reading and one.candidate and one.publisher:
            try:
                extraction = await one.reading
            except Stopped:
                self._stop.asked = True
                self._ahead.drop()
                return
            self.told.counts[self._keep(one.candidate, one.publisher, extraction)] += 1
        elif one.candidate:
            self.told.counts["known"] += 1
        self._place = max(self._place, one.behind)
        if self._store.batch.is_due():
            await self._derive()
            self._commit()

    async def _derive(self) -> None:
        """Derive the articles again that older captures came in of."""
        touched, self._touched = sorted(self._touched), set()
        if touched:
            await derive_again(self._store, touched, self._owners.by_slug, self._workers)

    def _keep(self, one: Candidate, publisher: Publisher, extraction: Extraction) -> str:
        """Keep a page that reads as an article; return what became of it."""
        for problem in extraction.problems:
            if problem.kind.startswith("extract-"):  # it may read another time: `--again`
                self._store.import_problem(problem, place=one.capture.url)
        if not is_article(extraction, self._languages):
            return Passed.LANGUAGE if is_article(extraction, None) else Became.NO_ARTICLE
        if imports.is_known(self._store.db, one.capture):
            return "known"
        self._publish(publisher)
        copied = copy_of(one.record, self._descriptor, sha256=one.capture.sha256)
        capture = self._store.copy(copied, replace(one.capture, publisher=publisher.slug))
        visit = replace(imports.enter(self._store.db, _visit(capture, publisher)), hints=None)
        page = Page(visit=visit, capture=replace(capture, body=b""))
        told = journaled(self._source.name, one.record.place, capture, copied)
        try:
            became = keep(self._store, Reading(page=page, extraction=extraction), told)
        except ARCHIVE_FAULTS:
            raise
        except Exception as error:
            logger.exception("%s: internal error", capture.url)
            detail = f"{type(error).__name__}: {error}"
            problem = Problem(kind=ProblemKind.INTERNAL_ERROR, detail=detail, stage="import")
            self._store.problem(problem, url=capture.url, publisher=capture.publisher)
            return Became.NO_ARTICLE
        self._since["articles"] += 1
        article = captures.article_of(self._store.db, capture.id)
        if became is Became.OLDER and article is not None:
            self._touched.add(article)
        return became

    def _publish(self, publisher: Publisher) -> None:
        self._store.batch.open()
        if publisher.slug not in self._published:
            save_new(self._store.db, publisher.record())
            self._published.add(publisher.slug)

    def _commit(self) -> None:
        """Acknowledge what was kept, and with it how far the file is read, if that is news."""
        if self._since or self._place != self._remembered:
            self._remember()
        self.told.counts["records"] += self._since["records"]
        self._since.clear()
        self._store.batch.commit()

    def _remember(self) -> None:
        progress = imports.Progress(
            key=self._key,
            name=" ".join(self._source.name.split()),
            languages=self._names,
            bytes=self._size,
            place=str(self._place),
            records=self._since["records"],
            articles=self._since["articles"],
        )
        now = self._store.clock()
        self._store.write_metadata(f"urn:x-warraq:import:{self._key}", progress.fields(), at=now)
        imports.remember(self._store.db, progress, now=now)
        self._remembered = self._place


def _visit(capture: Capture, publisher: Publisher) -> Visit:
    return Visit(
        key=identity_key(capture.url, tracking=publisher.tracking),
        url=capture.url,
        publisher=publisher.slug,
        kind=Kind.ARTICLE,
        found_at=capture.fetched_at,
    )
