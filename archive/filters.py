"""Which articles may be found at all: what a query asks beside its words, as conditions in SQL."""

import sqlite3
from collections.abc import Iterator

from archive.arabic import fold
from archive.query import Query, join

Condition = tuple[str, tuple[str | int, ...]]  # SQL with a question mark for each value

# In subqueries, on indexes alone: beside its text, an article's later columns are slow to reach.
# The unary plus keeps SQLite from asking the word index anew for each of their rows.
_VISIBLE = "+{row} not in (select id from articles where withheld_at is not null)"
_WITHIN = "+{row} in (select id from articles where {filters})"
_MATCHING = "+{row} in (select rowid from articles_fts where articles_fts match ?)"
_WITHOUT = "+{row} not in (select rowid from articles_fts where articles_fts match ?)"


def conditions(connection: sqlite3.Connection, query: Query, row: str) -> Condition:
    """Return what must hold for the article whose id is in `row`, beside the words of `query`.

    Exclusions are among it where there is no word that the index could take them from.
    """
    found, values = [_VISIBLE.format(row=row)], list[str | int]()
    filters = list(_filters(connection, query))
    if filters:
        sql = " and ".join(sql for sql, _ in filters)
        found.append(_WITHIN.format(row=row, filters=sql))
        values += [value for _, bound in filters for value in bound]
    if query.must_not and not query.worded:
        found.append(_WITHOUT.format(row=row))
        values.append(join("OR", query.must_not))
    return " and ".join(found), tuple(values)


def matching(expression: str, row: str) -> Condition:
    """Return that the article whose id is in `row` matches an FTS5 expression."""
    return _MATCHING.format(row=row), (expression,)


def _filters(connection: sqlite3.Connection, query: Query) -> Iterator[Condition]:
    """Yield the conditions on the article itself."""
    if query.after:
        yield "published_on >= ?", (query.after.isoformat(),)
    if query.before:
        yield "published_on < ?", (query.before.isoformat(),)
    for names, operator in ((query.publishers, "in"), (query.not_publishers, "not in")):
        if names:
            slugs = _slugs(connection, names)
            yield f"publisher {operator} ({', '.join('?' * len(slugs))})", slugs


def _slugs(connection: sqlite3.Connection, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the publishers meant by `names`: by slug, or by a part of a name."""
    known = connection.execute("select slug, name, name_latin from publishers").fetchall()
    wanted = [fold(name) for name in names]
    return tuple(
        slug
        for slug, *printed in known
        if fold(slug) in wanted
        or any(name in fold(label or "") for name in wanted for label in printed)
    )
