"""The database recreated from the WARC files and the publishers' files alone."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from archive.clock import Clock, system
from archive.database import writing
from archive.errors import ArchiveError
from archive.maintenance.replacement import OLD, Complete, names_of, replacement, take_place
from archive.models import Progress, silent
from crawler.derive import Deriver, at_work, derive_all
from crawler.publisher import load_all

__all__ = ["OLD", "Rebuilt", "rebuild"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was made: WARC records read by type, rows by table, stretches that cannot be read.

    `damaged` are captures that could not be read; `missing` is by how many rows of each table the
    database there was had more, as far as it can be read.
    """

    records: Counter[str]
    rows: dict[str, int]
    lost: tuple[str, ...] = ()
    damaged: int = 0
    missing: dict[str, int] = field(default_factory=dict)


async def rebuild(
    root: Path,
    *,
    processes: int | None = None,
    clock: Clock = system,
    progress: Progress = silent,
    complete: Complete = lambda _db: None,
) -> Rebuilt:
    """Recreate the database of the archive in `root`; the one there is is kept under another name.

    `progress` gets what is counted (bytes of WARC, then articles), how much is done and of how
    much. A rebuild that was broken off resumes when it is run again. `complete` gets the new
    database before it takes its place, to add what the files do not hold.

    Raises:
        NotAnArchive: if there are no WARC files.
        NewerArchive: if a newer Warraq wrote the database there is.
        ArchiveLocked: if another process is writing.
        ArchiveError: if the folder cannot be written, or the workers were asked to stop.
        NoWorkers: if the processes that read pages die as they start.
    """
    names = names_of(root)
    try:
        with writing(root, command="rebuild", now=clock()):
            rebuilt = await _rebuild(root, names, complete, processes=processes, progress=progress)
            take_place(root)
            return rebuilt
    except OSError as error:
        raise ArchiveError(
            f"{error.filename or root}: {error.strerror}; the database there was is as it was,"
            " and the same command goes on"
        ) from error


async def _rebuild(
    root: Path,
    names: list[str],
    complete: Complete,
    *,
    processes: int | None,
    progress: Progress,
) -> Rebuilt:
    with at_work(processes) as workers, replacement(root, names) as new:
        indexed = new.index(progress)
        deriver = Deriver(new.source, load_all(root / "publishers"), workers)
        await derive_all(deriver, progress=progress)
        rows, damaged = new.finish(complete)
        return Rebuilt(
            records=indexed.counts,
            rows=rows,
            lost=tuple(indexed.lost),
            damaged=damaged,
            missing=new.missing(rows),
        )
