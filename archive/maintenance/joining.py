"""WARC files of another archive on their way into this one: each once, whole, under a run of ours.

A file is copied aside, its rows are committed, then it takes its place among the others; a kill
between the two is finished by the next writer (`files.settle`).
"""

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archive import captures, journal
from archive.database import NAME, open_for_reading
from archive.errors import ArchiveError, NewerArchive, NotAnArchive
from archive.maintenance import warc_index
from archive.maintenance.projection import Decided
from archive.maintenance.warc_index import in_order
from archive.models import Outcome, Progress
from archive.store import Store
from archive.warc import files
from archive.warc.files import ASIDE, Name
from archive.warc.reader import first_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """How many files came in, how many were here, and stretches that cannot be read."""

    files: int
    known: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file of the other archive, and how much of it this one has to have."""

    folder: Path
    name: str
    end: int


def join(store: Store, offered: Sequence[Taken], progress: Progress) -> Joined:
    """Copy and index what this archive has not."""
    db, root = store.db, store.root
    wanted = [taken for taken in offered if files.acknowledged(db, taken.name) < taken.end]
    warc_index.prepare(db)
    lost: list[str] = []
    for number, taken in enumerate(wanted, 1):
        copy_aside(root, taken)
        starts = {taken.name: files.acknowledged(db, taken.name)}
        lost += warc_index.index_files(db, root / ASIDE, [taken.name], starts=starts).lost
        files.settle(db, store.warc_folder)
        progress("WARC files", number, len(wanted))
    return Joined(files=len(wanted), known=len(offered) - len(wanted), lost=tuple(lost))


def begin(store: Store) -> bool:
    """Make ready for captures that come before their articles; return if a merge was broken off."""
    store.batch.commit()
    store.db.execute("pragma foreign_keys = off")
    return warc_index.is_prepared(store.db)


def finish(store: Store) -> None:
    """Forget that files were indexed: all is derived."""
    store.batch.open()
    warc_index.clear(store.db)
    store.batch.commit()


def decide(store: Store, decided: Decided) -> None:
    """Write whose a capture is here, which its own file says otherwise."""
    decision = journal.Decision(outcome=Outcome(decided.outcome), article=decided.key)
    store.decide(captures.get(store.db, decided.capture), decision)


def counts(store: Store) -> tuple[int, int]:
    """Return how many articles and revisions there are."""
    articles, revisions = store.db.execute(
        "select (select count(*) from articles), (select count(*) from revisions)"
    ).fetchone()
    return articles, revisions


def offered(root: Path, other: Path) -> list[Taken]:
    """Return the WARC files of another archive, in order.

    A file that is still written there is taken as far as it is acknowledged.

    Raises:
        NewerArchive: if a newer Warraq wrote `other`.
        NotAnArchive: if `other` has no WARC files, or `root` and `other` are one.
    """
    folder = other / "warc"
    if root.resolve() == other.resolve():
        raise NotAnArchive(f"{other} is the archive itself; name another one")
    names = files.present(folder) if folder.is_dir() else []
    if not names:
        raise NotAnArchive(f"{folder} holds no WARC files (*.warc.gz) to take in")
    ends, taken = _acknowledged(other), list[Taken]()
    for name in in_order(names):
        end = min(ends.get(name, 1 << 62), (folder / name).stat().st_size)
        if Name.parse(name) and first_record(folder / name):
            taken.append(Taken(folder=folder, name=name, end=end))
    return taken


def _acknowledged(other: Path) -> dict[str, int]:
    """Return how far the files of the other archive are acknowledged that are still written."""
    if not (other / NAME).is_file():
        return {}
    try:
        with closing(open_for_reading(other)) as db:
            return dict(db.execute("select name, bytes from warc_files where not closed"))
    except NewerArchive:  # its files may say what this version cannot read
        raise
    except ArchiveError:
        return {}


def copy_aside(root: Path, taken: Taken) -> None:
    """Copy a file beside the archive's own, as far as it is to be taken."""
    target = root / ASIDE / taken.name
    target.parent.mkdir(parents=True, exist_ok=True)
    files.copy(taken.folder / taken.name, target, end=taken.end)
    files.sync_all(root / ASIDE, [taken.name])


def copy_publishers(root: Path, other: Path) -> list[str]:
    """Copy the publisher files that only the other archive has; return their slugs."""
    here, there = root / "publishers", sorted((other / "publishers").glob("*.toml"))
    copied = [path for path in there if not (here / path.name).exists()]
    for path in copied:
        here.mkdir(exist_ok=True)
        shutil.copyfile(path, here / path.name)
    return [path.stem for path in copied]
