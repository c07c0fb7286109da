"""Which of the databases that Datasette serves are Warraq archives."""

import sqlite3
from pathlib import Path
from typing import Any

from archive.database import uri

_TELLING_TABLES = frozenset({"articles", "captures", "revisions"})
_known: set[str] = set()  # hooks ask many times per page, and an archive stays one


def is_archive(path: str) -> bool:
    """Tell whether the SQLite file at `path` holds the tables of an archive.

    A file that cannot be read is none.
    """
    if path not in _known and _tables(path) >= _TELLING_TABLES:
        _known.add(path)
    return path in _known


def archive_names(datasette: Any) -> list[str]:
    """Return the names under which this Datasette serves archives, in its own order."""
    return [
        name
        for name, database in datasette.databases.items()
        if database.path and is_archive(str(database.path))
    ]


def _tables(path: str) -> set[str]:
    try:
        connection = sqlite3.connect(uri(Path(path).resolve(), mode="ro"), uri=True)
    except sqlite3.Error:
        return set()
    try:
        rows = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    except sqlite3.Error:
        return set()
    finally:
        connection.close()
    return {name for (name,) in rows}
