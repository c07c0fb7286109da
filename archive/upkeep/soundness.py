"""Whether a database can be repaired as it is, or has to be made anew."""

import re
import sqlite3
from contextlib import closing

from sqlite_utils import Database

from archive.schema import MIGRATIONS

SEARCH = "FTS5"  # how SQLite begins to tell of the search index

# What it says where only an index of its own is wrong, which it makes anew.
_INDEX = re.compile(r"row \d+ missing from index|wrong # of entries in index|non-unique entry")


def faults(db: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong in its pages; the search index is looked at apart."""
    lines = [str(line) for (line,) in db.execute("pragma integrity_check(100)")]
    return [line for line in lines if line != "ok" and SEARCH not in line]


def are_of_indexes(found: list[str]) -> bool:
    """Return whether nothing but indexes is wrong, which `reindex` makes anew."""
    return bool(found) and all(map(_INDEX.search, found))


def missing_tables(db: sqlite3.Connection) -> list[str]:
    """Return what a database lacks that its migrations made: tables, indexes, triggers."""
    with closing(sqlite3.connect(":memory:")) as empty:
        MIGRATIONS.apply(Database(empty))
        whole = _names(empty)
    return sorted(whole - _names(db))


def _names(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("select name from sqlite_master")}
