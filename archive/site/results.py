"""What the search page shows."""

from dataclasses import dataclass
from typing import Any

from datasette.utils import sqlite_timelimit

from archive import search

PER_PAGE = 20
_TIME_LIMIT = 4000  # milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """One page of hits; `number` counts from 1, `more` tells whether another one follows."""

    query: str
    hits: tuple[Any, ...]
    number: int
    more: bool


async def results_page(database: Any, query: str, number: int) -> ResultsPage:
    """Search the archive for `query`; an empty query finds nothing."""

    def find(connection: Any) -> list[Any]:
        with sqlite_timelimit(connection, _TIME_LIMIT):
            return search.search(
                connection, query, limit=PER_PAGE + 1, offset=(number - 1) * PER_PAGE
            )

    hits = await database.execute_fn(find) if query else []
    return ResultsPage(
        query=query, hits=tuple(hits[:PER_PAGE]), number=number, more=len(hits) > PER_PAGE
    )
