"""A copy of the database as it stands at one moment, and one that takes the place of another."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from archive.database import open_for_reading
from archive.warc.files import sync_folder

_PAGES = 1000  # at a time, 4 MB

Progress = Callable[[int, int], None]


def copy_database(
    root: Path, target: Path, *, progress: Progress = lambda _done, _all: None
) -> None:
    """Copy the archive's database into the new file `target`, all of one moment.

    `progress` hears how many bytes are copied and how many there are.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
    """
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        copy_into(copy, root, progress=progress)


def copy_into(
    copy: sqlite3.Connection, root: Path, *, progress: Progress = lambda _done, _all: None
) -> None:
    """Copy the archive's database into an empty one, as `copy_database` does.

    SQLite's online backup does it; a transaction of our own keeps it from starting again at every
    commit of a crawl.
    """
    with closing(open_for_reading(root)) as source:
        (size,) = source.execute("pragma page_size").fetchone()
        copy.execute("pragma synchronous = off")  # synced once, by whoever keeps it
        source.execute("begin")
        source.execute("select 1 from sqlite_master limit 1").fetchone()
        source.backup(
            copy,
            pages=_PAGES,
            progress=lambda _status, left, pages: progress((pages - left) * size, pages * size),
        )
        source.execute("commit")
        copy.execute("pragma journal_mode = delete")


def put_in_place(new: Path, target: Path) -> None:
    """Give the new database the old one's name, whose log must not be taken for the new one's."""
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    for tail in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + tail).unlink(missing_ok=True)
    new.replace(target)
    sync_folder(target.parent)
