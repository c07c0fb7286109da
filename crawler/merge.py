"""Another archive into this one: WARC files are copied and indexed, what they touch is derived.

What both have comes once. Where both visited an article, its history is derived from the captures
of both in the order of their time.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archive import captures, journal
from archive.clock import Clock, system
from archive.database import require
from archive.errors import ArchiveError
from archive.maintenance import joining, warc_index
from archive.maintenance.joining import Taken
from archive.maintenance.projection import Decided
from archive.models import Outcome, Progress, silent
from archive.store import Store
from archive.warc.files import ASIDE, acknowledged, settle
from crawler.derive import Deriver, derive_all
from crawler.publisher import load_all
from crawler.rebuild import STOPPED
from crawler.workers import Stopped, Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came in: WARC files (and how many were here), articles, revisions, publisher files."""

    files: int
    known: int
    articles: int
    revisions: int
    publishers: tuple[str, ...]
    lost: tuple[str, ...]


async def merge(
    root: Path,
    other: Path,
    *,
    processes: int | None = None,
    clock: Clock = system,
    progress: Progress = silent,
) -> Merged:
    """Bring the WARC files and articles of the archive in `other` into the one in `root`.

    A merge that was broken off goes on when it is asked for again. `progress` hears what is
    counted (WARC files, then events), how much is done and of how much.

    Raises:
        NotAnArchive, NewerArchive: if one of them is no archive that can be used.
        ArchiveLocked: if another process is writing into `root`.
    """
    require(root)
    joining.refuse_newer(other)
    workers = Workers(processes=processes)
    try:
        with Store(root, command="merge", clock=clock) as store:
            store.batch.commit()
            store.db.execute("pragma foreign_keys = off")  # captures come before their articles
            return await _merge(store, other, workers, progress)
    except Stopped as error:
        raise workers.failure or ArchiveError(STOPPED) from error
    finally:
        workers.close()


async def _merge(store: Store, other: Path, workers: Workers, progress: Progress) -> Merged:
    root, before = store.root, _counts(store)
    slugs = joining.copy_publishers(root, other)
    deriver = Deriver(store.warc_folder, load_all(root / "publishers"), workers)
    if warc_index.is_prepared(store.db):  # a merge was broken off
        await _derive(store, deriver, workers, progress)
    wanted, known = joining.missing(store.db, root, other)
    warc_index.prepare(store.db)
    lost: tuple[str, ...] = ()
    for number, taken in enumerate(wanted, 1):
        lost += _take(store, taken)
        progress("WARC files", number, len(wanted))
    await _derive(store, deriver, workers, progress)
    after = _counts(store)
    return Merged(
        files=len(wanted),
        known=known,
        articles=after[0] - before[0],
        revisions=after[1] - before[1],
        publishers=tuple(slugs),
        lost=lost,
    )


def _take(store: Store, taken: Taken) -> tuple[str, ...]:
    """Copy and index a file, or what is new of it; return the stretches that do not read."""
    joining.copy_aside(store.root, taken)
    indexed = warc_index.index_files(
        store.db,
        store.root / ASIDE,
        [taken.name],
        starts={taken.name: acknowledged(store.db, taken.name)},
    )
    settle(store.db, store.warc_folder)
    return tuple(indexed.lost)


async def _derive(store: Store, deriver: Deriver, workers: Workers, progress: Progress) -> None:
    """Derive what the files touch, and forget that they were read."""
    decide = partial(_decide, store)
    await derive_all(
        store.db,
        store.warc_folder,
        deriver,
        workers,
        progress=progress,
        decide=decide,
        commit=store.batch.commit,
    )
    warc_index.clear(store.db)
    store.batch.commit()


def _decide(store: Store, decided: Decided) -> None:
    """Write whose a capture is here, which its own file says otherwise."""
    capture = captures.get(store.db, decided.capture)
    outcome = Outcome(decided.outcome)
    store.decide(capture, journal.Decision(outcome=outcome, article=decided.key))


def _counts(store: Store) -> tuple[int, int]:
    row = store.db.execute(
        "select (select count(*) from articles), (select count(*) from revisions)"
    ).fetchone()
    return int(row[0]), int(row[1])
