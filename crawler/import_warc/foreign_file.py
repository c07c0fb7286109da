"""A WARC file of another program on its way into the archive, some time at a time.

Pages are read in worker processes, several at once; what was read is kept in the file's order, and
how far that is stands in the archive, committed with what was kept.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from archive import imports
from archive.derivation import Source
from archive.errors import ARCHIVE_FAULTS, DamagedWarc
from archive.imports import Copying, journaled
from archive.models import (
    Capture,
    Extraction,
    Kind,
    Outcome,
    Problem,
    Progress,
    Reading,
    Visit,
)
from archive.problems import ProblemKind
from archive.publishers import save_new
from archive.urls import identity_key
from archive.warc.parsing import Place, Record
from archive.warc.reader import LARGEST_FOREIGN, Damage, walk
from archive.warc.records import copy_of
from crawler.derive import Deriver, renew
from crawler.import_warc.candidates import Candidate, Passed, candidate
from crawler.ingest import ImportKeeper, Kept, is_article
from crawler.publisher import Owners, Publisher
from crawler.turns import Stop
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

_FINGERPRINT = 1 << 16
_PAUSE = 100  # records between two looks at signals and the workers' answers
_SHOWN = 20  # damaged places that are named
# What is read ahead of its turn at most:
_PAGES = 16  # in the hands of the workers
_BYTES = 1 << 26
_RECORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file to import, and the name by which the archive calls it."""

    path: Path
    name: str


@dataclass(slots=True, kw_only=True)
class FileReport:
    """What became of the records of a file.

    `counts` has `records`, `damaged`, `too large`, `known`, `unread`, and those of `Passed` and
    `_became`; `damages` names the first places and what is wrong there. `before`: an earlier import
    read a part of it; `stopped`: this one was asked to end.
    """

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    damages: list[str] = field(default_factory=list)
    seconds: float = 0.0
    before: bool = False
    stopped: bool = False

    @property
    def is_warc(self) -> bool:
        """Whether there was a record in it that reads."""
        return self.counts["records"] > self.counts["damaged"]

    def damage(self, item: Damage) -> None:
        """Count a place where no record could be read, and say where it is."""
        self.counts["damaged" if item.size is None else "too large"] += 1
        if len(self.damages) < _SHOWN:
            target = f" ({item.url})" if item.url else ""
            self.damages.append(f"{self.name}, byte {item.place}{target}: {item.what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A record whose turn has not come, and where reading goes on behind it.

    `candidate` is the page that it holds; its `reading` is under way unless it is known already.
    """

    behind: Place
    candidate: Candidate | None = None
    publisher: Publisher | None = None
    reading: "asyncio.Task[Extraction] | None" = None

    @property
    def size(self) -> int:
        return len(self.candidate.record.block) if self.candidate else 0


class Ahead:
    """The records that wait, first come first."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._pages = self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def append(self, waiting: Waiting) -> None:
        self._waiting.append(waiting)
        self._pages += waiting.reading is not None
        self._bytes += waiting.size

    def popleft(self) -> Waiting:
        waiting = self._waiting.popleft()
        self._pages -= waiting.reading is not None
        self._bytes -= waiting.size
        return waiting

    def is_full(self) -> bool:
        """Return whether the first has to be finished before more is read."""
        full = self._pages > _PAGES or self._bytes > _BYTES
        return full or len(self._waiting) > _RECORDS

    def has(self, url: str) -> bool:
        """Return whether a page of that address waits."""
        return any(
            waiting.candidate and waiting.candidate.capture.url == url for waiting in self._waiting
        )

    def drop(self) -> None:
        """Forget all: it is read again the next time."""
        for waiting in self._waiting:
            if waiting.reading:
                waiting.reading.cancel()
        self._waiting.clear()
        self._pages = self._bytes = 0


class ForeignFile:
    """Reads an open file into the archive; `report` says what became of it so far."""

    def __init__(
        self,
        source: SourceFile,
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
        self._found: Iterator[Record | Damage] | None = None
        self._since = Counter[str]()
        self._touched: set[int] = set()  # articles of which older captures came in
        self._remembered: Place | None = None  # how far the archive knows the file to be read
        self.report = FileReport(name=source.name)

    async def read(self, store: Copying, ends_at: float, *, progress: Progress) -> bool:
        """Read on until a moment of the monotonic clock; return whether there is more."""
        self._store = store
        if self._found is None:
            self._place = self._begin()
            self._found = walk(self._descriptor, start=self._place, largest=LARGEST_FOREIGN)
        try:
            for number, item in enumerate(self._found):
                self._ahead.append(await self._look(item))
                while self._ahead.is_full():
                    await self._next()
                if number % _PAUSE == 0:
                    await asyncio.sleep(0)
                    progress("bytes read", item.place.offset, self._size)
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
        self.report.before = place is not None
        self._remembered = Place.of(place) if place else None
        return Place.of(place or "0")

    async def _finish(self) -> None:
        while self._ahead:
            await self._next()
        await self._derive()
        self._commit()

    async def _look(self, item: Record | Damage) -> Waiting:
        """Look at what was found; give the page that it may be to the workers."""
        self._since["records"] += 1
        if not isinstance(item, Record):
            self._damaged(item)
            return Waiting(behind=item.place)
        recorded = candidate(item, languages=self._languages, now=self._store.clock())
        if isinstance(recorded, Candidate) and recorded.again:
            original = await self._original(recorded)
            recorded = replace(recorded, capture=original) if original else Passed.NO_ORIGINAL
        if isinstance(recorded, Passed):
            self.report.counts[recorded] += 1
            return Waiting(behind=item.behind)
        if imports.is_known(self._store.db, recorded.capture):
            return Waiting(behind=item.behind, candidate=recorded)
        publisher = self._owners.of(recorded.capture.url)
        reading = asyncio.ensure_future(self._workers.extract(recorded.capture, publisher))
        return Waiting(behind=item.behind, candidate=recorded, publisher=publisher, reading=reading)

    async def _original(self, recorded: Candidate) -> Capture | None:
        """Return a revisit's capture with its payload, which may be that of one that waits."""
        while self._ahead.has(recorded.record.refers_to_url):
            await self._next()
        try:
            return self._store.original(recorded.record, recorded.capture)
        except DamagedWarc:
            return None

    def _damaged(self, item: Damage) -> None:
        self.report.damage(item)
        if item.size is None:
            problem = Problem(kind=ProblemKind.DAMAGED_SOURCE, detail=item.what, stage="import")
            self._store.import_problem(problem, place=f"{self._source.name}, byte {item.place}")

    async def _next(self) -> None:
        """Keep what the first that waits became, in its turn."""
        waiting = self._ahead.popleft()
        if waiting.reading and waiting.candidate and waiting.publisher:
            try:
                extraction = await waiting.reading
            except Stopped:
                self._stop.asked = True
                self._ahead.drop()
                return
            self.report.counts[self._keep(waiting.candidate, waiting.publisher, extraction)] += 1
        elif waiting.candidate:
            self.report.counts["known"] += 1
        self._place = max(self._place, waiting.behind)
        if self._store.batch.is_due():
            await self._derive()
            self._commit()

    async def _derive(self) -> None:
        """Derive the articles again that older captures came in of."""
        touched, self._touched = sorted(self._touched), set()
        source = Source(self._store.db, self._store.warc_folder)
        deriver = Deriver(source, self._owners.by_slug, self._workers)
        for article in touched:
            await renew(self._store, deriver, article)

    def _keep(self, recorded: Candidate, publisher: Publisher, extraction: Extraction) -> str:
        """Keep a page that reads as an article; return what became of it."""
        for problem in extraction.problems:
            if problem.kind.startswith("extract-"):  # it may read another time: `--again`
                self._store.import_problem(problem, place=recorded.capture.url)
        if not is_article(extraction, self._languages):
            return Passed.LANGUAGE if is_article(extraction, None) else "no article"
        if imports.is_known(self._store.db, recorded.capture):
            return "known"
        self._publish(publisher)
        copied = copy_of(recorded.record, self._descriptor, sha256=recorded.capture.sha256)
        capture = self._store.copy(copied, replace(recorded.capture, publisher=publisher.slug))
        visit = replace(imports.enter(self._store.db, _visit(capture, publisher)), hints=None)
        capture = replace(capture, body=b"")
        reading = Reading(visit=visit, capture=capture, extraction=extraction)
        source = journaled(self._source.name, recorded.record.place, capture, copied)
        try:
            kept = ImportKeeper(self._store).keep(reading, source)
        except ARCHIVE_FAULTS:
            raise
        except Exception as error:
            logger.exception("%s: internal error", capture.url)
            detail = f"{type(error).__name__}: {error}"
            problem = Problem(kind=ProblemKind.INTERNAL_ERROR, detail=detail, stage="import")
            self._store.problem(problem, url=capture.url, publisher=capture.publisher)
            return "no article"
        self._since["articles"] += 1
        if kept.article is not None and (kept.aside or kept.outcome is Outcome.CHANGED):
            self._touched.add(kept.article)  # with the current rules it may be no edit
        return _became(kept)

    def _publish(self, publisher: Publisher) -> None:
        self._store.batch.open()
        if publisher.slug not in self._published:
            save_new(self._store.db, publisher.record())
            self._published.add(publisher.slug)

    def _commit(self) -> None:
        """Acknowledge what was kept, and with it how far the file is read, if that is news."""
        if self._since or self._place != self._remembered:
            self._remember()
        self.report.counts["records"] += self._since["records"]
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


def _became(kept: Kept) -> str:
    """Return the word under which a page that was kept is counted."""
    if kept.article is None:
        return "no article"
    if kept.aside:
        return "older"
    return kept.outcome.value if kept.outcome in {Outcome.NEW, Outcome.CHANGED} else "same"


def _visit(capture: Capture, publisher: Publisher) -> Visit:
    return Visit(
        key=identity_key(capture.url, tracking=publisher.tracking),
        url=capture.url,
        publisher=publisher.slug,
        kind=Kind.ARTICLE,
        found_at=capture.fetched_at,
    )
