"""Where a dry run opens the database: in its place, or as a copy where nobody may write.

What is tried in it is undone, but SQLite lets nobody try in a folder that cannot be written.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from archive.clock import Clock
from archive.database import NAME, open_for_reading, writing
from archive.errors import ArchiveError, ArchiveLocked, DamagedDatabase, NotAnArchive


@contextlib.contextmanager
def place(root: Path, *, command: str, clock: Clock) -> Iterator[Path]:
    """Give the folder in which a dry run opens the database of the archive in `root`.

    Raises:
        ArchiveLocked: if another process is writing.
        NewerArchive, OlderArchive: if another Warraq wrote the database of a read-only archive.
        NotAnArchive: if a database cannot be read that others may write.
    """
    if not (root / NAME).is_file() or _is_writable(root, command, clock):
        yield root
        return
    with tempfile.TemporaryDirectory(prefix="warraq-") as folder:
        _copy(root, Path(folder))
        yield Path(folder)


def _is_writable(root: Path, command: str, clock: Clock) -> bool:
    try:
        with writing(root, command=command, now=clock()):
            return True
    except ArchiveLocked:
        raise
    except ArchiveError:
        return False


def _copy(root: Path, folder: Path) -> None:
    """Copy the database as it is; one that does not read byte for byte."""
    try:
        with closing(open_for_reading(root)) as db, closing(sqlite3.connect(folder / NAME)) as copy:
            db.backup(copy)
    except (DamagedDatabase, sqlite3.DatabaseError):
        _copy_bytes(root, folder)
    except NotAnArchive:
        # In a disk that is mounted read-only nobody writes meanwhile, and SQLite reads no log.
        if not os.statvfs(root).f_flag & os.ST_RDONLY:
            raise
        _copy_bytes(root, folder)


def _copy_bytes(root: Path, folder: Path) -> None:
    for name in (NAME, f"{NAME}-wal"):
        (folder / name).unlink(missing_ok=True)
        if (root / name).is_file():
            shutil.copyfile(root / name, folder / name)
