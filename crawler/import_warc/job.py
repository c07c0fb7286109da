"""An import: a WARC file of another program, in slices of at most five minutes.

Between two slices the writing lock is free, so that other commands get their turn (invariant 8).
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archive.clock import Clock, system
from archive.imports import Copying
from archive.models import Progress, silent
from archive.warc.files import opened
from archive.warc.parsing import Record
from archive.warc.reader import LARGEST_FOREIGN, walk
from crawler.import_warc.candidates import Candidate, candidate
from crawler.import_warc.foreign_file import FileReport, ForeignFile, SourceFile
from crawler.publisher import Owners, Publisher
from crawler.settings import USER_AGENT
from crawler.turns import Stop, take_turns
from crawler.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How to import files into the archive in `root`.

    `languages` None means all of them. A first turn at the archive is waited for `patience`
    seconds. With `again` a file is read from its beginning, whatever was read of it before.
    """

    root: Path
    publishers: Mapping[str, Publisher]
    languages: frozenset[str] | None
    patience: float = 0.0
    again: bool = False
    clock: Clock = system


async def run(
    job: Job, source: SourceFile, workers: Workers, *, progress: Progress = silent
) -> FileReport:
    """Import a file, slice by slice, with workers that read its pages; say what became of it.

    Raises:
        ArchiveLocked, NewerArchive, NotAnArchive, ArchiveError: if the archive cannot be written.
        OSError: if the file cannot be read.
    """
    stop, began = Stop(), time.monotonic()
    store = partial(Copying, job.root, command="import-warc", software=USER_AGENT, clock=job.clock)
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
        read = partial(file.read, progress=progress)
        await take_turns(store, read, root=job.root, stop=stop, patience=job.patience)
    file.report.seconds, file.report.stopped = time.monotonic() - began, stop.asked
    return file.report


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
            found = None
            if isinstance(item, Record):
                found = candidate(item, languages=languages, now=clock())
            report.count(item, found)
            report.counts["unread"] += isinstance(found, Candidate)
    report.seconds = time.monotonic() - began
    return report
