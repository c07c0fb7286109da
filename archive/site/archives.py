"""Which of the databases that Datasette serves are Warraq archives."""

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Any

_TELLING_TABLES = frozenset({"articles", "captures", "revisions"})


@lru_cache
def is_archive(path: str) -> bool:
    """Tell whether the SQLite file at `path` holds the tables of an archive.

    A file that cannot be read is none. The answer is kept: hooks ask many times per page.
    """
    try:
        connection = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return False
    try:
        rows = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    except sqlite3.Error:
        return False
    finally:
        connection.close()
    return {name for (name,) in rows} >= _TELLING_TABLES


def archive_names(datasette: Any) -> list[str]:
    """Return the names under which this Datasette serves archives, in its own order."""
    return [
        name
        for name, database in datasette.databases.items()
        if database.path and is_archive(str(database.path))
    ]
