"""The search box of Datasette's table of articles: the same query language as everywhere.

Datasette itself asks the index with `escape_fts(:search)`, which takes the words, phrases, signs
and columns of a query; publishers and days are conditions on the article, added here.
"""

import itertools
import re
from collections.abc import Awaitable, Callable
from typing import Any

from datasette.utils import await_me_maybe
from datasette.views.base import DatasetteError

from archive.errors import StaleIndex
from archive.search import refuse_stale
from archive.search.query import parse
from archive.search.ranking import conditions

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
