"""How many articles answer a query, and of which sorts they are: what a reader can narrow it by.

Up to `MOST` articles all is exact. Of more, the newest `MOST` are sorted, and their number is an
estimate from a sample. The database counts and joins by itself on indexes alone; rows that are
made here would cost twice as much.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from archive.rows import select, value
from archive.search.query import Query
from archive.search.ranking import (
    SAMPLE,
    Condition,
    columns,
    from_matches,
    from_newest,
    last_id,
    others_of,
    size,
)

MOST = 10_000
_BETWEEN = "\x1f"
# What few articles answer is looked up where they are; what many do, from the newest on.
_FEW = """
from article_stems
cross join articles indexed by articles_facets on articles.id = article_stems.rowid
where article_stems match ? and {where} {order}
"""
_SORTED = """
select count(*) as counted, group_concat(substr(published_on, 1, 7), char(31)) as months,
    group_concat(publisher, char(31)) as publisher, group_concat(section, char(31)) as section,
    group_concat(kind, char(31)) as kind, count(changed_at) as edited, count(gone_at) as gone
from (select published_on, publisher, section, kind, changed_at, gone_at {source} limit ?)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """How many articles there are, and how many of each sort.

    `total` is `exact`, or right in about two digits; `counted` are those that `sorts` (by
    publisher, section, kind and state) and `months` (`2020-11`) count: all of them, or the newest.
    """

    total: int
    exact: bool
    counted: int
    sorts: Mapping[str, Mapping[str, int]]
    months: Mapping[str, int]


def census(db: sqlite3.Connection, query: Query) -> Census:
    """Count the articles that a query finds; one that asks nothing finds nothing."""
    if query.empty:
        return Census(total=0, exact=True, counted=0, sorts={}, months={})
    few = size(db, query.expression()) if query.worded else 0
    source, bound = _lookup(db, query, few) if 0 < few <= 2 * MOST else from_newest(db, query)
    (row,) = select(db, _SORTED.format(source=source), (*bound, MOST))
    exact = row["counted"] < MOST
    return Census(
        total=row["counted"] if exact else max(MOST, _about(db, query)),
        exact=exact,
        counted=row["counted"],
        sorts={name: _counts(row[name]) for name in ("publisher", "section", "kind")}
        | {"state": {name: row[name] for name in ("edited", "gone") if row[name]}},
        months=dict(sorted(_counts(row["months"]).items())),
    )


def _lookup(db: sqlite3.Connection, query: Query, about: int) -> Condition:
    """Return from where SQL reads the articles of a query of whose words there are about so many.

    They are in no order where there are less than `MOST` without doubt.
    """
    own, values = columns(db, query)
    others, more = others_of(db, query, "article_stems.rowid")
    order = "order by published_on desc" if about > MOST * 0.9 else ""
    source = _FEW.format(where=f"{own or 'true'} and {others}", order=order)
    return source, (query.expression(), *values, *more)


def _about(db: sqlite3.Connection, query: Query) -> int:
    """Return in two digits how many articles a query finds.

    Ids are hashes, so those up to a bound are as good a sample as any.
    """
    source, values = from_matches(db, query)
    sample = (*values, last_id(db) // SAMPLE)
    part = value(db, f"select count(*) {source} and rowid <= ?", sample) or 0
    return int(float(f"{part * SAMPLE:.2g}"))


def _counts(joined: str | None) -> dict[str, int]:
    """Return how often each value is among those joined, the most frequent first."""
    return dict(Counter(joined.split(_BETWEEN)).most_common()) if joined else {}
