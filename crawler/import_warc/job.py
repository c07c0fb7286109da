"""An import: WARC files of other programs, one after the other, in slices of at most five minutes.

Between two slices the writing lock is free, so that other commands get their turn (invariant 8).
"""

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archive.clock import Clock, system
from archive.imports import Copying
from archive.models import Progress, silent
from archive.warc.files import opened
from archive.warc.parsing import Record
from archive.warc.reader import LARGEST_FOREIGN, walk
from crawler.import_warc.candidates import Passed, candidate
from crawler.import_warc.foreign_file import FileReport, ForeignFile, SourceFile
from crawler.publisher import Owners, Publisher
from crawler.settings import USER_AGENT
from crawler.turns import PATIENCE, Stop, take_turns
from crawler.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to import into the archive in `root`.

    `languages` None means all of them. A first turn at the archive is waited for `patience`
    seconds. With `again` files are read from their beginning, whatever was read of them before.
    """

    root: Path
    sources: list[SourceFile]
    publishers: Mapping[str, Publisher]
    languages: frozenset[str] | None
    patience: float = 0.0
    again: bool = False
    processes: int | None = None
    clock: Clock = system


async def run(
    job: Job,
    *,
    progress: Progress = silent,
    show: Callable[[FileReport], None] = lambda _report: None,
    workers: Workers | None = None,
) -> list[FileReport]:
    """Import the files of a job and say what became of each.

    `show` gets what became of a file as soon as it is read. Pages are read by `workers`, or by
    some that are started for this.

    Raises:
        ArchiveLocked, NewerArchive, NotAnArchive, ArchiveError: if the archive cannot be written.
        OSError: if a file cannot be read.
    """
    stop, reports = Stop(), list[FileReport]()
    with contextlib.ExitStack() as closing:
        if workers is None:
            workers = Workers(processes=job.processes)
            closing.callback(workers.close)
        for source in job.sources:
            patience = PATIENCE if reports else job.patience
            reports.append(await _file(job, source, workers, stop, patience, progress))
            show(reports[-1])
            if stop.asked:
                break
    return reports


def count(
    source: SourceFile,
    languages: frozenset[str] | None,
    *,
    clock: Clock = system,
    progress: Progress = silent,
) -> FileReport:
    """Say what is in a file without reading pages or writing anything: `unread` may be kept."""
    report, began = FileReport(name=source.name), time.monotonic()
    with opened(source.path) as descriptor:
        size = os.fstat(descriptor).st_size
        for item in walk(descriptor, largest=LARGEST_FOREIGN):
            progress("bytes read", item.place.offset, size)
            report.counts["records"] += 1
            if not isinstance(item, Record):
                report.damage(item)
                continue
            recorded = candidate(item, languages=languages, now=clock())
            report.counts[recorded if isinstance(recorded, Passed) else "unread"] += 1
    report.seconds = time.monotonic() - began
    return report


async def _file(
    job: Job,
    source: SourceFile,
    workers: Workers,
    stop: Stop,
    patience: float,
    progress: Progress,
) -> FileReport:
    """Import one file, slice by slice."""
    began = time.monotonic()
    with opened(source.path) as descriptor:
        file = ForeignFile(
            source,
            descriptor,
            languages=job.languages,
            owners=Owners(job.publishers.values()),
            workers=workers,
            stop=stop,
            again=job.again,
        )
        await take_turns(
            partial(Copying, job.root, command="import-warc", software=USER_AGENT, clock=job.clock),
            partial(file.read, progress=progress),
            root=job.root,
            stop=stop,
            patience=patience,
        )
    file.report.seconds, file.report.stopped = time.monotonic() - began, stop.asked
    return file.report
