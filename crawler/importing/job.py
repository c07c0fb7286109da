"""An import: foreign WARC files, one after the other, in slices of at most five minutes.

Pages are read in worker processes, several at once; what was read is kept in the file's order.
Between two slices the writing lock is free, so that other commands get their turn (invariant 8).
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from archive import imports
from archive.clock import Clock, system
from archive.errors import ArchiveLocked, DamagedWarc
from archive.foreign.copying import Copying, told_of
from archive.foreign.member import member_of
from archive.foreign.reader import Found, read
from archive.foreign.record import Damage, Foreign, Place, TooLarge
from archive.records import Capture, Extraction, Kind, Page, Problem, Reading, Visit
from archive.upkeep.importing import publish_new
from archive.urls import canonical
from crawler.faults import ARCHIVE_FAULTS
from crawler.importing.candidates import Candidate, Passed, candidate
from crawler.importing.keeping import Became, is_article, keep
from crawler.importing.owners import Owners
from crawler.publisher import Publisher
from crawler.settings import USER_AGENT
from crawler.stop import Stop
from crawler.wiring import known
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

SLICE_SECONDS = 300.0
PATIENCE = 3600.0  # seconds an import waits for its next turn at the archive
_TURN_SECONDS = 0.6  # whoever waits for the lock looks in that time
_AHEAD = 16  # pages in the hands of the workers
_AHEAD_BYTES = 1 << 26
_RECORDS = 2000  # read ahead of the page that is waited for
_FINGERPRINT = 1 << 16
_SHOWN = 20

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file to import, and the name under which the archive tells of it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to import into the archive in `root`.

    `languages` None means all of them. A first turn at the archive is waited for `patience`
    seconds. With `again` files are read from their beginning, whatever was read of them before.
    """

    root: Path
    sources: list[Source]
    publishers: Mapping[str, Publisher]
    languages: frozenset[str] | None
    patience: float = 0.0
    again: bool = False
    processes: int | None = None
    seconds_per_slice: float = SLICE_SECONDS
    clock: Clock = system


@dataclass(slots=True, kw_only=True)
class Told:
    """What became of the records of a file.

    `counts` has `records`, `damaged`, `too large`, `known`, `unread`, and those of `Passed` and
    `Became`; `damages` names the first places and what is wrong there.
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

    def damage(self, found: Damage | TooLarge) -> None:
        large = isinstance(found, TooLarge)
        self.counts["too large" if large else "damaged"] += 1
        if len(self.damages) < _SHOWN:
            what = f"it has {found.size:,} bytes" if isinstance(found, TooLarge) else found.what
            target = f" ({found.url})" if found.url else ""
            self.damages.append(f"{self.name}, byte {found.place}{target}: {what}")


@dataclass(slots=True, kw_only=True)
class _InHand:
    """A record whose turn has not come, and where reading goes on behind it."""

    behind: Place
    candidate: Candidate | None = None
    publisher: Publisher | None = None
    reading: "asyncio.Task[Extraction] | None" = None
    known: bool = False


async def run(
    job: Job,
    *,
    progress: Progress = lambda _done, _of: None,
    tell: Callable[[Told], None] = lambda _told: None,
    workers: Workers | None = None,
) -> list[Told]:
    """Import the files of a job and say what became of each.

    `progress` hears bytes of a file, `tell` what became of one as soon as it is read. Pages are
    read by `workers`, or by some that are started for this.

    Raises:
        ArchiveLocked, NewerArchive, NotAnArchive, ArchiveError: if the archive cannot be written.
        OSError: if a file cannot be read.
    """
    stop, told = Stop(), list[Told]()
    stop.install(with_parent=False)
    with contextlib.ExitStack() as closing:
        if workers is None:
            workers = Workers(processes=job.processes)
            closing.callback(workers.close)
        for source in job.sources:
            one = _File(job, source, workers, stop, first=not told)
            told.append(await one.run(progress))
            tell(told[-1])
            if stop.asked:
                break
    return told


def count(source: Source, languages: frozenset[str] | None, *, clock: Clock = system) -> Told:
    """Say what is in a file without reading pages or writing anything: `unread` may be kept."""
    told, began = Told(name=source.name), time.monotonic()
    with _opened(source.path) as descriptor:
        for found in read(descriptor):
            told.counts["records"] += 1
            if not isinstance(found, Foreign):
                told.damage(found)
                continue
            one = candidate(found, languages=languages, now=clock())
            told.counts[one if isinstance(one, Passed) else "unread"] += 1
    told.seconds = time.monotonic() - began
    return told


class _File:
    """One file on its way into the archive."""

    def __init__(
        self, job: Job, source: Source, workers: Workers, stop: Stop, *, first: bool
    ) -> None:
        self._job = job
        self._source = source
        self._workers = workers
        self._stop = stop
        self._patience = job.patience if first else PATIENCE
        self._owners = Owners(job.publishers.values())
        self._published: set[str] = set()
        self._in_hand: deque[_InHand] = deque()
        self._reading = self._bytes = 0
        self._place: Place | None = None
        self._since = Counter[str]()
        self._languages = ",".join(sorted(job.languages)) if job.languages else "all"
        self.told = Told(name=source.name)

    async def run(self, progress: Progress) -> Told:
        began = time.monotonic()
        with _opened(self._source.path) as descriptor:
            self._descriptor = descriptor
            self._size = os.fstat(descriptor).st_size
            start = os.pread(descriptor, _FINGERPRINT, 0) + self._languages.encode()
            self._key = hashlib.sha256(start).hexdigest()
            more = await self._slice(progress)
            while more and not self._stop.asked:
                await asyncio.sleep(_TURN_SECONDS)
                more = await self._slice(progress)
        self.told.seconds = time.monotonic() - began
        self.told.stopped = self._stop.asked
        return self.told

    async def _slice(self, progress: Progress) -> bool:
        """Read on for at most a slice's time; return whether there is more."""
        with contextlib.ExitStack() as turn:
            self._store = await _take_turn(turn, self._job, self._stop, self._patience)
            self._patience = PATIENCE
            if self._place is None:
                self._place = self._begin()
            ends_at = time.monotonic() + self._job.seconds_per_slice
            try:
                return await self._read(self._place, ends_at, progress)
            finally:
                self._drop()

    def _drop(self) -> None:
        """Forget what is in hand; it is read again the next time."""
        for one in self._in_hand:
            if one.reading:
                one.reading.cancel()
        self._in_hand.clear()
        self._reading = self._bytes = 0

    def _begin(self) -> Place:
        """Return where to begin: where an earlier import of the same file ended."""
        place = None if self._job.again else imports.place_of(self._store.db, self._key)
        self.told.before = place is not None
        return Place.of(place or "0")

    async def _read(self, place: Place, ends_at: float, progress: Progress) -> bool:
        for number, found in enumerate(read(self._descriptor, start=place)):
            self._in_hand.append(await self._take(found))
            while self._is_full():
                await self._next()
            if number % 100 == 0:
                await asyncio.sleep(0)  # for signals, and the workers' answers
                progress(found.place.offset, self._size)
            if self._stop.asked or time.monotonic() >= ends_at:
                await self._finish()
                return True
        await self._finish()
        return False

    async def _finish(self) -> None:
        while self._in_hand:
            await self._next()
        self._commit()

    def _is_full(self) -> bool:
        return self._reading > _AHEAD or self._bytes > _AHEAD_BYTES or len(self._in_hand) > _RECORDS

    async def _take(self, found: Found) -> _InHand:
        """Look at what was found; give the page that it may be to the workers."""
        self._since["records"] += 1
        if not isinstance(found, Foreign):
            self._damaged(found)
            return _InHand(behind=found.place)
        one = candidate(found, languages=self._job.languages, now=self._job.clock())
        if isinstance(one, Candidate) and one.again:
            original = await self._original(one)
            one = replace(one, capture=original) if original else Passed.NO_ORIGINAL
        if isinstance(one, Passed):
            self.told.counts[one] += 1
            return _InHand(behind=found.behind)
        if imports.is_known(self._store.db, one.capture):
            return _InHand(behind=found.behind, candidate=one, known=True)
        publisher = self._owners.of(one.capture.url)
        reading = asyncio.ensure_future(self._workers.extract(one.capture, publisher))
        self._reading += 1
        self._bytes += len(found.block)
        return _InHand(behind=found.behind, candidate=one, publisher=publisher, reading=reading)

    async def _original(self, one: Candidate) -> Capture | None:
        """Return a revisit's capture with its payload, which may be one of those in hand."""
        url = one.record.refers_to_url
        while any(each.candidate and each.candidate.capture.url == url for each in self._in_hand):
            await self._next()
        try:
            return self._store.original(one.record, one.capture)
        except DamagedWarc:
            return None

    def _damaged(self, found: Damage | TooLarge) -> None:
        self.told.damage(found)
        if isinstance(found, Damage):
            problem = Problem(kind="damaged-source", detail=found.what, stage="import")
            self._store.trouble(problem, url=f"{self._source.name}, byte {found.place}")

    async def _next(self) -> None:
        """Keep what the first in hand became, in its turn."""
        one = self._in_hand[0]
        if one.reading and one.candidate and one.publisher:
            try:
                extraction = await one.reading
            except Stopped:
                self._stop.asked = True
                self._drop()
                return
            self._reading -= 1
            self._bytes -= len(one.candidate.record.block)
            self.told.counts[self._keep(one.candidate, one.publisher, extraction)] += 1
        elif one.known:
            self.told.counts["known"] += 1
        self._in_hand.popleft()
        self._place = max(self._place or one.behind, one.behind)
        if self._store.batch.is_due():
            self._commit()

    def _keep(self, one: Candidate, publisher: Publisher, extraction: Extraction) -> str:
        capture = replace(one.capture, publisher=publisher.slug)
        for problem in extraction.problems:
            if problem.kind.startswith("extract-"):  # it may read another time: `--again`
                self._store.trouble(problem, url=capture.url)
        if not is_article(extraction, self._job.languages):
            is_other = bool(extraction.text) and is_article(extraction, None)
            return Passed.LANGUAGE if is_other else Became.NO_ARTICLE
        if imports.is_known(self._store.db, capture):
            return "known"
        self._store.batch.open()
        if publisher.slug not in self._published:
            publish_new(self._store.db, known(publisher))
            self._published.add(publisher.slug)
        member = member_of(one.record, self._descriptor, sha256=one.capture.sha256)
        capture = replace(self._store.copy(member, capture), body=b"")
        visit = replace(imports.enter(self._store.db, _visit(capture, publisher)), hints=None)
        reading = Reading(page=Page(visit=visit, capture=capture), extraction=extraction)
        fields = told_of(self._source.name, one.record.place, capture, member)
        try:
            became = keep(self._store, reading, fields)
        except Exception as error:
            if isinstance(error, ARCHIVE_FAULTS):
                raise
            detail = f"{type(error).__name__}: {error}"
            logger.exception("%s: internal error", capture.url)
            problem = Problem(kind="internal-error", detail=detail, stage="import")
            self._store.problem(problem, url=capture.url, publisher=capture.publisher)
            return Became.NO_ARTICLE
        self._since["articles"] += 1
        return became

    def _commit(self) -> None:
        """Acknowledge what was kept, and with it how far the file is read."""
        self._store.batch.open()
        progress = imports.Progress(
            key=self._key,
            source=self._source.name,
            languages=self._languages,
            bytes=self._size,
            place=str(self._place or Place()),
            records=self._since["records"],
            articles=self._since["articles"],
        )
        imports.remember(self._store.db, progress, now=self._store.clock())
        self.told.counts["records"] += self._since["records"]
        self._since.clear()
        self._store.batch.commit()


def _visit(capture: Capture, publisher: Publisher) -> Visit:
    return Visit(
        key=canonical(capture.url),
        url=capture.url,
        publisher=publisher.slug,
        kind=Kind.ARTICLE,
        found_at=capture.fetched_at,
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def _take_turn(turn: contextlib.ExitStack, job: Job, stop: Stop, patience: float) -> Copying:
    """Open the archive for a slice; between slices others may write first (invariant 8)."""
    ends_at = time.monotonic() + patience
    while True:
        try:
            return turn.enter_context(
                Copying(job.root, command="import-warc", software=USER_AGENT, clock=job.clock)
            )
        except ArchiveLocked:
            if stop.asked or time.monotonic() >= ends_at:
                raise
            await asyncio.sleep(_TURN_SECONDS)
