"""An import: a WARC file of another program into the archive, in slices of at most five minutes.

Pages are read in worker processes, several at once; what was read is kept in the file's order, and
how far that is stands in the archive, committed with what was kept. Between two slices the writing
lock is free, so that other commands get their turn (invariant 8).
"""

import contextlib
import hashlib
import logging
import os
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from archive import imports
from archive.captures import PLACE
from archive.clock import Clock, system
from archive.derivation import Source
from archive.errors import ARCHIVE_FAULTS
from archive.imports import Copying
from archive.models import (
    Capture,
    Extraction,
    Kind,
    Outcome,
    Problem,
    Progress,
    Reading,
    Visit,
    silent,
)
from archive.problems import ProblemKind
from archive.publishers import save_new
from archive.urls import identity_key
from archive.warc.files import opened
from archive.warc.members import dictionary_end
from archive.warc.parsing import Place, Record
from archive.warc.reader import LARGEST_FOREIGN, Damage, walk
from archive.warc.records import copy_of
from crawler.derive import Deriver, in_order, renew
from crawler.import_warc.candidates import Candidate, Passed, candidate
from crawler.ingest import Kept, is_article, keep_copied
from crawler.publisher import Owners, Publisher
from crawler.settings import USER_AGENT
from crawler.turns import Stop, take_turns
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

_FINGERPRINT = 1 << 16
_PAUSE = 100  # records between two looks at signals and the workers' answers
_AHEAD = 16  # pages that are with the workers
_HELD = 1 << 26  # bytes of their records from which on no further page is read ahead
_SHOWN = 20  # damaged places that are named

Found = Record | Damage
Read = tuple[Place, Candidate | None, Extraction | None]
"""How far a file is read; the page that was read last, if there was one, and what it says.

A revisit is read in its turn where what it stands for is not known before.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file to import, and the name by which the archive calls it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How to import files into the archive in `root`.

    `languages` None means all of them. A first turn at the archive is waited for `patience`
    seconds. With `again` a file is read from its beginning, whatever was read of it before. If
    `strict`, a record that contradicts its digests is damaged, and not kept with a problem.
    """

    root: Path
    publishers: Mapping[str, Publisher]
    languages: frozenset[str] | None
    patience: float = 0.0
    again: bool = False
    strict: bool = False
    clock: Clock = system


@dataclass(slots=True, kw_only=True)
class FileReport:
    """What became of the records of a file.

    `counts` has `records`, `damaged`, `too large`, `known`, `unread`, `flawed`, and those of
    `Passed` and `_became`; `damages` names the first places and what is wrong there. `before`: an
    earlier import read a part of it; `stopped`: this one was asked to end.
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

    def count(self, item: Found, found: Candidate | Passed | None) -> None:
        """Count what was found; of a place where no record could be read say where it is."""
        self.counts["records"] += 1
        if isinstance(found, Passed):
            self.counts[found] += 1
        if isinstance(item, Damage):
            self.counts["damaged" if item.size is None else "too large"] += 1
            if len(self.damages) < _SHOWN:
                target = f" ({item.url})" if item.url else ""
                self.damages.append(f"{self.name}, byte {item.place}{target}: {item.what}")


async def run(
    job: Job, source: SourceFile, workers: Workers, *, progress: Progress = silent
) -> FileReport:
    """Import a file, slice by slice, with workers that read its pages; say what became of it.

    Raises:
        ArchiveLocked, NewerArchive, NotAnArchive, ArchiveError: if the archive cannot be written.
        OSError: if the file cannot be read.
    """
    stop, began = Stop(), time.monotonic()
    stop.in_hand = lambda: workers.busy
    store = partial(Copying, job.root, command="import-warc", software=USER_AGENT, clock=job.clock)
    with opened(source.path) as descriptor:
        file = ForeignFile(job, source, descriptor, workers, stop)
        read = partial(file.read, progress=progress)
        await take_turns(store, read, root=job.root, stop=stop, patience=job.patience)
    file.report.seconds, file.report.stopped = time.monotonic() - began, stop.asked
    return file.report


def count(job: Job, source: SourceFile, *, progress: Progress = silent) -> FileReport:
    """Say what is in a file without reading pages or writing anything: `unread` may be kept."""
    report, began = FileReport(name=source.name), time.monotonic()
    with opened(source.path) as descriptor:
        size = os.fstat(descriptor).st_size
        for item in _walk(job, descriptor):
            progress("bytes read", item.place.offset, size)
            found = None
            if isinstance(item, Record):
                found = candidate(item, languages=job.languages, now=job.clock())
            report.count(item, found)
            report.counts["unread"] += isinstance(found, Candidate)
    report.seconds = time.monotonic() - began
    return report


def _walk(job: Job, descriptor: int, start: Place = Place()) -> Iterator[Found]:  # noqa: B008
    return walk(descriptor, start=start, largest=LARGEST_FOREIGN, lenient=not job.strict)


class ForeignFile:
    """Reads an open file into the archive; `report` says what became of it so far."""

    def __init__(
        self, job: Job, source: SourceFile, descriptor: int, workers: Workers, stop: Stop
    ) -> None:
        self._job = job
        self._source = source
        self._descriptor = descriptor
        self._workers = workers
        self._stop = stop
        self._owners = Owners(job.publishers.values())
        self._size = os.fstat(descriptor).st_size
        self._names = ",".join(sorted(job.languages)) if job.languages else "all"
        # Files that one program packed have the same dictionary in front.
        start = os.pread(descriptor, _FINGERPRINT, dictionary_end(descriptor))
        start += self._names.encode()
        self._key = hashlib.sha256(start).hexdigest()
        self._found: Iterator[Found] | None = None
        self._place = self._remembered = Place()  # how far it is read, and the archive knows that
        self._since = Counter[str]()
        self._touched: set[int] = set()  # articles of which older captures came in
        self.report = FileReport(name=source.name)

    async def read(self, store: Copying, ends_at: float, *, progress: Progress) -> bool:
        """Read on until a moment of the monotonic clock; return whether there is more."""
        self._store, self._held = store, 0
        if self._found is None:
            known = None if self._job.again else imports.place_of(store.db, self._key)
            self.report.before = known is not None
            self._place = self._remembered = Place.of(known or "0")
            self._found = _walk(self._job, self._descriptor, start=self._place)
        pages = in_order(
            self._pages(self._found, ends_at, progress),
            room=_AHEAD,
            is_full=lambda: self._held > _HELD,
        )
        try:
            async with contextlib.aclosing(pages) as tasks:
                async for task in tasks:
                    await self._take(*task.result())
            await self._commit()
        except Stopped:
            self._stop.asked = True
        return time.monotonic() >= ends_at

    def _pages(
        self, found: Iterator[Found], ends_at: float, progress: Progress
    ) -> Iterator[Coroutine[Any, Any, Read]]:
        """Yield the reading of each page that may be an article; now and then, and last, of none.

        It ends with the file, with the time that there is, or where that is asked for.
        """
        behind = self._place
        for number, item in enumerate(found):
            page = self._look(item)
            behind = item.behind if isinstance(item, Record) else item.place
            if number % _PAUSE == 0:
                progress("bytes read", item.place.offset, self._size)
            if page or number % _PAUSE == 0:
                self._held += _size(page)
                yield self._read(behind, page)
            if self._stop.asked or time.monotonic() >= ends_at:
                break
        yield self._read(behind, None)

    def _look(self, item: Found) -> Candidate | None:
        """Return the page that was found, if it may be an article that the archive has not."""
        store, found = self._store, None
        self._since["records"] += 1
        if isinstance(item, Record):
            found = candidate(item, languages=self._job.languages, now=store.clock())
        elif item.size is None:
            place = f"{self._source.name}, byte {item.place}"
            store.import_problem(ProblemKind.DAMAGED_SOURCE, item.what, place=place)
        self.report.count(item, found)
        if not isinstance(found, Candidate) or self._is_known(found):
            return None
        return self._with_payload(found) or found

    def _with_payload(self, page: Candidate) -> Candidate | None:
        """Return a page with what it stands for, if that is here."""
        if page.capture.body:
            return page
        original = self._store.original(page.record, page.capture)
        return replace(page, capture=original) if original else None

    def _is_known(self, page: Candidate) -> bool:
        is_known = imports.is_known(self._store.db, page.capture)
        self.report.counts["known"] += is_known
        return is_known

    async def _read(self, behind: Place, page: Candidate | None) -> Read:
        if page is None or not page.capture.body:
            return behind, page, None
        return behind, page, await self._extract(page.capture)

    async def _extract(self, capture: Capture) -> Extraction:
        return await self._workers.extract(capture, self._owners.of(capture.url))

    async def _take(
        self, behind: Place, page: Candidate | None, extraction: Extraction | None
    ) -> None:
        """Keep what was read, in its turn."""
        self._held -= _size(page)
        if page and not (page := self._with_payload(page)):
            self.report.counts[Passed.NO_ORIGINAL] += 1
        if page and not self._is_known(page):
            extraction = extraction or await self._extract(page.capture)
            self.report.counts[self._keep(page, extraction)] += 1
        self._place = max(self._place, behind)
        if self._store.batch.is_due():
            await self._commit()

    def _keep(self, page: Candidate, extraction: Extraction) -> str:
        """Keep a page that reads as an article; return what became of it."""
        store, publisher = self._store, self._owners.of(page.capture.url)
        for problem in extraction.problems:
            if problem.kind.startswith("extract-"):  # it may read another time: `--again`
                url, kind = page.capture.url, problem.kind
                store.import_problem(kind, problem.detail, place=url, stage=problem.stage)
        if not is_article(extraction, self._job.languages):
            return Passed.LANGUAGE if is_article(extraction, None) else "without an article"
        if flaw := page.record.flaw:
            self.report.counts["flawed"] += 1
            kind, detail = ProblemKind.DAMAGED_SOURCE, f"kept; {flaw}"
            store.import_problem(kind, detail, place=page.capture.url)
        store.batch.open()
        save_new(store.db, publisher.record())
        copied = copy_of(page.record, self._descriptor, sha256=page.capture.sha256)
        capture = store.copy(copied, replace(page.capture, publisher=publisher.slug, body=b""))
        visit = replace(imports.enter(store.db, _visit(capture, publisher)), hints=None)
        source = imports.journaled(capture, self._source.name) | {
            PLACE: str(page.record.place),
            "source-record": "as it was" if copied.exact else "with its head rewritten",
        }
        try:
            reading = Reading(visit=visit, capture=capture, extraction=extraction)
            kept = keep_copied(store, reading, source)
        except ARCHIVE_FAULTS:
            raise
        except Exception as error:
            logger.exception("%s: internal error", capture.url)
            detail = f"{type(error).__name__}: {error}"
            problem = Problem(kind=ProblemKind.INTERNAL_ERROR, detail=detail, stage="import")
            store.problem(problem, url=capture.url, publisher=capture.publisher)
            return "without an article"
        self._since["articles"] += 1
        if kept.article is not None and (kept.aside or kept.outcome is Outcome.CHANGED):
            self._touched.add(kept.article)  # with the current rules it may be no edit
        return _became(kept)

    async def _commit(self) -> None:
        """Derive articles again of which older captures came in, and acknowledge what was kept.

        With it, how far the file is read, if that is news.
        """
        store, touched = self._store, sorted(self._touched)
        self._touched.clear()
        source = Source(store.db, store.warc_folder)
        deriver = Deriver(source, self._owners.by_slug, self._workers)
        for article in touched:
            await renew(store, deriver, article)
        if self._place != self._remembered:
            file = {"key": self._key, "name": self._source.name, "languages": self._names}
            read = {"bytes": self._size, "place": self._place, "records": 0, "articles": 0}
            store.remember({**file, **read, **self._since})
            self._since.clear()
            self._remembered = self._place
        store.batch.commit()


def _size(page: Candidate | None) -> int:
    return max(len(page.record.block), len(page.capture.body)) if page else 0


def _became(kept: Kept) -> str:
    """Return the word under which a page that was kept is counted."""
    if kept.article is None:
        return "without an article"
    if kept.aside:
        return "older"
    return kept.outcome.value if kept.outcome in {Outcome.NEW, Outcome.CHANGED} else "seen again"


def _visit(capture: Capture, publisher: Publisher) -> Visit:
    return Visit(
        key=identity_key(capture.url, tracking=publisher.tracking),
        url=capture.url,
        publisher=publisher.slug,
        kind=Kind.ARTICLE,
        found_at=capture.fetched_at,
    )
