"""Datasette's own pages of tables: which databases are archives, labels of keys, and closing.

They are closed while something is withheld. A withheld article has rows in many tables and in the
word index, and SQL can ask for each; so there is no page of tables or SQL that could be shown with
a part left out. The Arabic pages leave out what is withheld by themselves.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from markupsafe import Markup

from archive.database import uri
from archive.rows import values

_TELLING_TABLES = frozenset({"articles", "captures", "revisions"})
_known: set[str] = set()  # hooks ask many times per page, and an archive stays one


def is_archive(path: str) -> bool:
    """Return whether the SQLite file at `path` can be read and holds the tables of an archive."""
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
    address = uri(Path(path).resolve(), mode="ro")
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as connection:
        return set(values(connection, "select name from sqlite_master where type = 'table'"))
    return set()


_CLOSED = frozenset({"view-table", "view-query", "execute-sql", "view-database-download"})
_WITHHELD = "select 1 from articles where withheld_at is not null limit 1"
_own_page = ContextVar("own_page", default=False)

MESSAGE = (
    "Tables and SQL are closed, because articles of this archive are withheld from readers."
    " `warraq publish DIR` makes a copy without them, where `datasette DIR/` shows everything."
)


@contextmanager
def own_page() -> Iterator[None]:
    """Say that a page of ours asks for permission, which shows nothing that is withheld."""
    token = _own_page.set(True)
    try:
        yield
    finally:
        _own_page.reset(token)


async def refused(datasette: Any, action: str, resource: Any) -> bool | None:
    """Return False for what must be closed now, None for what others decide."""
    if action not in _CLOSED or resource is None or _own_page.get():
        return None
    name = resource if isinstance(resource, str) else resource[0]
    everywhere = name == "_memory" and datasette.crossdb  # from where SQL reaches every database
    for archive in archive_names(datasette):
        if (everywhere or archive == name) and await is_closed(datasette, archive):
            return False
    return None


async def is_closed(datasette: Any, name: str) -> bool:
    """Return whether something in the archive of that name is withheld."""
    return bool((await datasette.get_database(name).execute(_WITHHELD)).rows)


# The columns that name a row of another table, in whatever table they stand.
TABLES = {
    "article": "articles",
    "author": "authors",
    "capture": "captures",
    "first_article": "articles",
    "first_publisher": "publishers",
    "publisher": "publishers",
    "run": "runs",
    "story": "stories",
    "tag": "tags",
}


def is_key(column: str, value: object) -> bool:
    """Return whether a cell holds a bare foreign key; where Datasette labelled it, it is a dict."""
    return column in TABLES and isinstance(value, int | str)


async def labelled(datasette: Any, database: str, column: str, value: int | str) -> Markup | None:
    """Return a link to the row that a foreign key names, by its label; None where there is none.

    Nor is there one where not everybody may see the other table.
    """
    table, archive = TABLES[column], datasette.get_database(database)
    if not await datasette.permission_allowed(None, "view-table", (database, table), default=True):
        return None
    (key,) = await archive.primary_keys(table)
    label = await archive.label_column_for_table(table)
    sql = f"select [{label}] from [{table}] where [{key}] = ?"  # noqa: S608 - names of our own
    found = (await archive.execute(sql, [value])).first()
    if found is None or found[0] is None:
        return None
    address = datasette.urls.row(database, table, value)
    return Markup('<a href="{}">{}</a>&nbsp;<em>{}</em>').format(address, found[0], value)
