"""WARC files of another archive on their way into this one: each once, whole, under a run of ours.

A file is copied aside, its rows are committed, then it takes its place among the others; a kill
between the two is finished by the next writer (`files.settle`).
"""

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from archive.database import open_for_reading
from archive.errors import NotAnArchive, OlderArchive
from archive.maintenance import warc_index
from archive.models import Progress
from archive.session import WARC_FOLDER
from archive.store import Store
from archive.warc import files
from archive.warc.files import ASIDE, Name
from archive.warc.reader import records


def offered(root: Path, other: Path) -> dict[str, int]:
    """Return the WARC files of another archive, in order, with how many bytes of each are taken.

    A file that is still written there is taken as far as it is acknowledged.

    Raises:
        NewerArchive: if a newer Warraq wrote `other`.
        NotAnArchive: if `other` has no WARC files, or `root` and `other` are one.
    """
    folder = other / WARC_FOLDER
    if root.resolve() == other.resolve():
        raise NotAnArchive(f"{other} is the archive itself; name another one")
    names = [name for name in warc_index.names_in(folder) if Name.parse(name)]
    if not names:
        what = "WARC files of other programs, and none of an archive"
        raise NotAnArchive(f"{folder} holds {what}; `warraq import-warc` imports those")
    ends = _acknowledged(other)
    return {
        name: min(ends.get(name, 1 << 62), (folder / name).stat().st_size)
        for name in names
        if any(records(folder / name))
    }


def _acknowledged(other: Path) -> dict[str, int]:
    """Return how far the files of the other archive are acknowledged that are still written."""
    try:
        with closing(open_for_reading(other)) as db:
            return dict(db.execute("select name, bytes from warc_files where not closed"))
    except (NotAnArchive, OlderArchive):
        return {}


def begin(store: Store) -> bool:
    """Make ready for captures that come before their articles; return if a merge was broken off."""
    store.batch.commit()
    return warc_index.prepare(store.db)


def join(store: Store, other: Path, ends: Mapping[str, int], progress: Progress) -> tuple[int, int]:
    """Copy and index what this archive has not.

    Return how many files came, and how many stretches of them cannot be read.
    """
    db, aside = store.db, store.root / ASIDE
    warc_index.prepare(db)
    wanted, unread = [name for name, end in ends.items() if files.acknowledged(db, name) < end], 0
    for number, name in enumerate(wanted, 1):
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        files.copy(other / WARC_FOLDER / name, aside / name, end=ends[name])
        files.sync_all(aside, [name])
        known = files.acknowledged(db, name)
        unread += warc_index.index_files(db, aside, [name], start=known)
        files.settle(db, store.warc_folder)
        progress("WARC files", number, len(wanted))
    return len(wanted), unread


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """Return how many articles and revisions there are."""
    articles, revisions = db.execute(
        "select (select count(*) from articles), (select count(*) from revisions)"
    ).fetchone()
    return articles, revisions


def copy_publishers(root: Path, other: Path) -> tuple[str, ...]:
    """Copy the publisher files that only the other archive has; return their slugs."""
    here, there = root / "publishers", sorted((other / "publishers").glob("*.toml"))
    copied = [path for path in there if not (here / path.name).exists()]
    for path in copied:
        here.mkdir(exist_ok=True)
        shutil.copyfile(path, here / path.name)
    return tuple(path.stem for path in copied)
