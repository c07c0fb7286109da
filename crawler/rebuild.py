"""The database recreated from the WARC files and the publishers' files alone."""

from pathlib import Path

from archive.clock import Clock, system
from archive.database import writing
from archive.derivation import Source
from archive.errors import ArchiveError
from archive.maintenance.replacement import OLD, Complete, Rebuilt, finish, names_of, replacement
from archive.models import Progress, silent
from archive.session import WARC_FOLDER
from crawler.derive import Deriver, at_work, derive_all
from crawler.publisher import load_all

__all__ = ["OLD", "Rebuilt", "rebuild"]


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
        with (
            writing(root, command="rebuild", now=clock()),
            at_work(processes) as workers,
            replacement(root, names, progress) as db,
        ):
            source = Source(db, root / WARC_FOLDER)
            deriver = Deriver(source, load_all(root / "publishers"), workers)
            await derive_all(deriver, progress=progress)
            return finish(db, root, complete)
    except OSError as error:
        raise ArchiveError(
            f"{error.filename or root}: {error.strerror}; the database there was is as it was,"
            " and the same command goes on"
        ) from error
