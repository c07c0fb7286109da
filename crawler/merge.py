"""Another archive into this one: WARC files are copied and indexed, what they touch is derived.

What both have comes once. Where both visited an article, its history is derived from the captures
of both in the order of their time.
"""

from dataclasses import dataclass
from pathlib import Path

from archive.clock import Clock, system
from archive.database import require, transaction
from archive.derivation import Source
from archive.maintenance import joining, warc_index
from archive.models import Progress, silent
from archive.store import Store
from crawler.derive import Deriver, at_work, derive_all
from crawler.publisher import load_all


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
    ends = joining.offered(root, other)
    with at_work(processes) as workers, Store(root, command="merge", clock=clock) as store:
        before = joining.counts(store.db)
        slugs = joining.copy_publishers(root, other)
        source = Source(store.db, store.warc_folder)
        deriver = Deriver(source, load_all(root / "publishers"), workers)
        if joining.begin(store):
            await _derive(store, deriver, progress)
        joined, unread = joining.join(store, other, ends, progress)
        await _derive(store, deriver, progress)
        after = joining.counts(store.db)
        return Merged(
            files=joined,
            unread=unread,
            known=len(ends) - joined,
            articles=after[0] - before[0],
            revisions=after[1] - before[1],
            publishers=slugs,
        )


async def _derive(store: Store, deriver: Deriver, progress: Progress) -> None:
    """Derive what the files touch, and forget that they were indexed."""
    await derive_all(deriver, store=store, progress=progress)
    with transaction(store.db, store.batch.commit):
        warc_index.clear(store.db)
