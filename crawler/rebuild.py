"""A database from WARC files: recreated from its own, or with those of another archive merged in.

Of what two archives have, all comes once. Where both visited an article, its history is derived
from the captures of both in the order of their time.
"""

from dataclasses import dataclass
from pathlib import Path

from archive.clock import Clock, system
from archive.database import require, transaction, writing
from archive.derivation import Source
from archive.errors import ArchiveError
from archive.maintenance import repair_rows, warc_index
from archive.maintenance.replacement import OLD, Complete, Rebuilt, finish, names_of, replacement
from archive.maintenance.withhold import adopt
from archive.models import Progress, silent
from archive.session import WARC_FOLDER
from archive.store import Store
from crawler.derive import Deriver, at_work, derive_all
from crawler.publisher import load_all

__all__ = ["OLD", "Merged", "Rebuilt", "merge", "rebuild"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came in: WARC files (and how many were here), articles, revisions, publisher files.

    Of the files, `unread` stretches are damaged.
    """

    files: int
    unread: int
    known: int
    articles: int
    revisions: int
    publishers: tuple[str, ...]


async def merge(
    root: Path,
    other: Path,
    *,
    processes: int | None = None,
    clock: Clock = system,
    progress: Progress = silent,
) -> Merged:
    """Bring the WARC files and articles of the archive in `other` into the one in `root`.

    A merge that was broken off resumes when it is run again. `progress` gets what is counted
    (WARC files, then articles), how much is done and of how much.

    Raises:
        NotAnArchive, NewerArchive: if one of them is not an archive that can be used.
        ArchiveLocked: if another process is writing into `root`.
    """
    require(root)
    ends = warc_index.offered(root, other)
    with at_work(processes) as workers, Store(root, command="merge", clock=clock) as store:
        before = repair_rows.counts(store.db)
        slugs = warc_index.copy_publishers(root, other)
        source = Source(store.db, store.warc_folder)
        deriver = Deriver(source, load_all(root / "publishers"), workers)
        store.batch.open()
        adopt(store.db, store.warc_folder, other)
        store.batch.commit()  # captures come before their articles from here on
        if warc_index.prepare(store.db):  # a merge was broken off
            await _derive(store, deriver, progress)
        joined, unread = warc_index.join(store.db, root, other, ends, progress)
        await _derive(store, deriver, progress)
        after = repair_rows.counts(store.db)
        return Merged(
            files=joined,
            unread=unread,
            known=len(ends) - joined,
            articles=after["article"] - before["article"],
            revisions=after["revision"] - before["revision"],
            publishers=slugs,
        )


async def _derive(store: Store, deriver: Deriver, progress: Progress) -> None:
    """Derive what the files touch, and forget that they were indexed."""
    await derive_all(deriver, store=store, progress=progress)
    with transaction(store.db, store.batch.commit):
        warc_index.clear(store.db)
