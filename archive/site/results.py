"""Search in the reading room: the page of results, and the search box of Datasette's table.

Datasette itself asks the index with `escape_fts(:search)`, which takes the words, phrases, signs
and columns of a query; publishers and days are conditions on the article, added here.
"""

import itertools
import re
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from datasette.utils import await_me_maybe, sqlite_timelimit
from datasette.views.base import DatasetteError
from markupsafe import Markup, escape

from archive import search
from archive.errors import StaleIndex
from archive.search import refuse_stale
from archive.search.query import parse
from archive.search.ranking import conditions

PER_PAGE = 20
_LAST_PAGE = 500
_TIME_LIMIT = 4000  # milliseconds
_FOUND = re.compile(f"{search.MARK_START}(.*?){search.MARK_END}", re.DOTALL)


async def results_page(
    database: Any, query: str, *, number: int = 1, order: search.Order = "best"
) -> dict[str, Any]:
    """Search the archive and return what the template shows; an empty query finds nothing.

    `number` counts pages from 1, `found` the articles on all pages; `unread` are bounds of time
    whose day could not be read, as typed.

    Raises:
        sqlite3.OperationalError: the search took longer than the site allows.
        StaleIndex: the index is of another version.
    """

    def find(connection: sqlite3.Connection) -> tuple[int, list[search.Hit]]:
        offset = (number - 1) * PER_PAGE
        with sqlite_timelimit(connection, _TIME_LIMIT):
            hits = search.search(connection, query, limit=PER_PAGE, offset=offset, order=order)
            return search.count(connection, query, order=order), hits

    found, hits = await database.execute_fn(find) if query else (0, [])
    return {
        "query": query,
        "order": order,
        "hits": hits,
        "found": found,
        "number": number,
        "last": min(-(-found // PER_PAGE), _LAST_PAGE),
        "unread": parse(query).unread,
    }


def page_number(wanted: str | None) -> int:
    """Read a page number from an address; whatever is none is the first page."""
    if wanted and wanted.isascii() and wanted.isdigit():
        return min(max(int(wanted[:6]), 1), _LAST_PAGE)
    return 1


def marked(text: str | None) -> Markup:
    """Return a text as HTML, what was found in `mark` elements, everything else escaped."""
    return Markup(_FOUND.sub(r"<mark>\1</mark>", str(escape(text or ""))))  # noqa: S704 - escaped


_ASKED = "escape_fts(:search)"


def understood(found: Any, archive: Any, typed: str) -> Callable[[], Awaitable[Any]]:
    """Wrap what a filter hook gave: if it is Datasette's own search, it takes all of `typed`.

    An empty box restricts nothing, one with nothing but punctuation finds nothing. An index of
    another version is not asked: the page says so.
    """

    async def arguments() -> Any:
        filters = await await_me_maybe(found)
        if filters and "search" in filters.params and _ASKED in filters.where_clauses[0]:
            query = parse(typed)
            if not query.worded and not (query.empty and typed.strip()):
                filters.where_clauses.clear()
            if not query.empty:
                await _refuse_stale(archive)
                await _add(filters, query, archive)
        return filters

    return arguments


async def _refuse_stale(archive: Any) -> None:
    try:
        await archive.execute_fn(refuse_stale)
    except StaleIndex as error:
        raise DatasetteError(str(error), title="Search", status=503) from error


async def _add(filters: Any, query: Any, archive: Any) -> None:
    """Add the conditions of `query` other than its words, under names of their own."""
    sql, values = await archive.execute_fn(lambda db: conditions(db, query, "articles.id"))
    names = [f"warraq_{number}" for number in range(len(values))]
    numbers = itertools.count()
    filters.where_clauses.append(re.sub(r"\?", lambda _: f":warraq_{next(numbers)}", sql))
    filters.params.update(zip(names, values, strict=True))
