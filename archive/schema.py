"""The tables of an archive (schema.sql), and what Datasette says about them (descriptions.toml)."""

import hashlib
import json
import sqlite3
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from sqlite_utils import Database, Migrations

from archive.search.arabic import TOKENIZE
from archive.search.index import rebuild_index, register
from archive.stories import MOMENT


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


SCHEMA = _text("schema.sql").replace("{tokenize}", TOKENIZE).replace("{moment}", MOMENT)
FIRST = f"m001_schema_{hashlib.sha256(SCHEMA.encode()).hexdigest()[:8]}"
"""Name of the first migration; an archive without it was made by an earlier development version."""

MIGRATIONS = Migrations("warraq")


@MIGRATIONS(name=FIRST)
def m001_schema(db: Database) -> None:
    """Create the tables, the search index and the stories, each kept up to date by triggers."""
    register(db.conn)
    for statement in statements(SCHEMA):
        db.execute(statement)
    rebuild_index(db.conn)


def statements(sql: str) -> Iterator[str]:
    """Yield the statements of a script one by one, so that all stay in the one transaction."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@cache
def _descriptions() -> str:
    return json.dumps(tomllib.loads(_text("descriptions.toml")))


def database_metadata() -> dict[str, Any]:
    """Return Datasette's metadata for one archive: title, description, tables and columns.

    A new dictionary each time, for Datasette merges other sources into what it is given.
    """
    metadata: dict[str, Any] = json.loads(_descriptions())
    return metadata
