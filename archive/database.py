"""Opening archive.db: for the one writer with its migrations, for readers read-only."""

import sqlite3
from pathlib import Path

from sqlite_utils import Database

from archive.errors import NewerArchive, NotAnArchive
from archive.schema import MIGRATIONS
from archive.index import register

NAME = "archive.db"


def open_for_writing(root: Path) -> sqlite3.Connection:
    """Open (or make) the database of the archive in `root` and bring its tables up to date.

    Every commit is on the disk when it returns (WAL with `synchronous=full`).

    Raises:
        NewerArchive: if a newer Warraq wrote it.
        NotAnArchive: if the file is no SQLite database.
    """
    db = sqlite3.connect(root / NAME, isolation_level=None)
    try:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
        db.execute("pragma foreign_keys = on")
        db.execute("pragma cache_size = -65536")
        register(db)
        _migrate(db, root)
    except sqlite3.DatabaseError as error:
        db.close()
        raise NotAnArchive(f"{root / NAME} is not a usable database: {error}") from error
    except BaseException:
        db.close()
        raise
    return db


def open_for_reading(root: Path) -> sqlite3.Connection:
    """Open the archive in `root` read-only; works while a crawl writes.

    Raises:
        NotAnArchive: if there is no archive in `root`.
    """
    path = root / NAME
    if not path.is_file():
        raise NotAnArchive(f"{root} holds no archive ({NAME}); `warraq crawl --archive` makes one")
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    register(db)
    return db


def _migrate(db: sqlite3.Connection, root: Path) -> None:
    tables = Database(db)
    known = {migration.name for migration in MIGRATIONS.pending(Database(memory=True))}
    unknown = [m.name for m in MIGRATIONS.applied(tables) if m.name not in known]
    if unknown:
        raise NewerArchive(
            f"{root / NAME} was written by a newer Warraq (it has {', '.join(unknown)});"
            " update with `pip install --upgrade warraq`"
        )
    MIGRATIONS.apply(tables)

