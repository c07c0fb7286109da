"""Datasette's own pages are closed while something is withheld: they show rows as they are.

A withheld article has rows in many tables and in the word index, and SQL can ask for each;
so there is no page of tables or SQL that could be shown with a part left out. The Arabic pages
leave out what is withheld by themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from archive.site.archives import archive_names

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
    names = archive_names(datasette)
    if name == "_memory" and datasette.crossdb:  # from where SQL reaches every database
        concerned = names
    else:
        concerned = [name] if name in names else []
    for archive in concerned:
        if await is_closed(datasette, archive):
            return False
    return None


async def is_closed(datasette: Any, name: str) -> bool:
    """Return whether something in the archive of that name is withheld."""
    return bool((await datasette.get_database(name).execute(_WITHHELD)).rows)
