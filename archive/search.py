"""Searching the archive: a typed query to hits, best or newest first."""

import sqlite3
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from archive.arabic import fold
from archive.index import create_index, index_is_current, rebuild_index, register
from archive.query import Clause, Query, join, parse

__all__ = [
    "MARK_END",
    "MARK_START",
    "Hit",
    "Order",
    "count",
    "create_index",
    "index_is_current",
    "rebuild_index",
    "register",
    "search",
]

Order = Literal["best", "new"]
_Page = tuple[int, int]  # limit, offset
_Row = tuple[int, float]  # article, score

MARK_START = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}"
MARK_END = "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"

_WEIGHTS = "8.0, 4.0, 2.0, 1.0"  # title, deck, byline, text
_SNIPPET_WORDS = 32
_LEAD = 240
_ENOUGH = 1000  # articles with a rare word of the query, before its common ones only add to scores
_NEWEST = "published_on desc, published_at desc, id desc"

# In subqueries, on indexes alone: beside its text, an article's later columns are slow to reach.
# The unary plus keeps SQLite from asking the word index anew for each of their rows.
_VISIBLE = "+{row} not in (select id from articles where withheld_at is not null)"
_WITHIN = "+{row} in (select id from articles where {filters})"
_MATCHING = "+{row} in (select rowid from articles_fts where articles_fts match ?)"
_WITHOUT = "+{row} not in (select rowid from articles_fts where articles_fts match ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An article a query found.

    `snippet` is original text with what was found between `MARK_START` and `MARK_END`. `score`
    is bm25, higher is better, comparable within one query only; 0.0 where the newest are
    first. `publisher` is the slug; the times are ISO 8601 as in `articles`.
    """

    id: int
    url: str
    title: str | None
    publisher: str
    publisher_name: str
    published_at: str | None
    published_on: str | None
    snippet: str
    score: float


def search(
    connection: sqlite3.Connection,
    query: str,
    *,
    limit: int = 20,
    offset: int = 0,
    order: Order = "best",
) -> list[Hit]:
    """Return the articles that `query` finds, best first or (`order="new"`) newest first.

    Best first takes any of the words, newest first needs all of them. A query of filters alone
    gives the newest. Withheld articles are never found. Any text is a valid query.
    """
    asked = parse(query)
    page = limit, offset
    ranked = order == "best" and asked.worded
    rows = (_best if ranked else _newest)(connection, asked, page)
    return [_hit(connection, asked, article, score) for article, score in rows]


def count(connection: sqlite3.Connection, query: str, *, order: Order = "best") -> int:
    """Return how many articles `search` in this `order` finds in all."""
    asked = parse(query)
    if asked.worded:
        source = "articles_fts where articles_fts match ? and"
        where, values = _where(connection, asked, "rowid")
        values = (asked.expression(every=order == "new"), *values)
    else:
        source = "articles where"
        where, values = _where(connection, asked, "id")
    sql = f"select count(*) from {source} {where}"  # noqa: S608 - pieces of our own, values bound
    (number,) = connection.execute(sql, values).fetchone()
    return int(number)


def _best(connection: sqlite3.Connection, query: Query, page: _Page) -> list[_Row]:
    """Rank by bm25: the rare words choose the articles, all words score them."""
    where, values = _where(connection, query, "rowid")
    if rare := _rare_words(connection, query, enough=max(_ENOUGH, sum(page))):
        where, values = f"{where} and {_MATCHING.format(row='rowid')}", (*values, join("OR", rare))
    sql = (
        f"select rowid, -bm25(articles_fts, {_WEIGHTS}) as score from articles_fts"  # noqa: S608 - as above
        f" where articles_fts match ? and {where} order by score desc, rowid limit ? offset ?"
    )
    return connection.execute(sql, (query.expression(), *values, *page)).fetchall()


def _newest(connection: sqlite3.Connection, query: Query, page: _Page) -> list[_Row]:
    """Walk the articles from the newest on, until a page of those that match is full."""
    where, values = _where(connection, query, "id")
    if query.worded:
        where = f"{where} and {_MATCHING.format(row='id')}"
        values = (*values, query.expression(every=True))
    sql = f"select id, 0.0 from articles where {where} order by {_NEWEST}"  # noqa: S608 - as above
    return connection.execute(f"{sql} limit ? offset ?", (*values, *page)).fetchall()


def _rare_words(connection: sqlite3.Connection, query: Query, *, enough: int) -> list[Clause]:
    """Return the rarest words of `query` that find `enough` articles, none if it takes them all."""
    if query.must:
        return []
    sql = "select count(*) from articles_fts where articles_fts match ?"
    sizes = {word: connection.execute(sql, (str(word),)).fetchone()[0] for word in query.words}
    rare: list[Clause] = []
    for word in sorted(sizes, key=sizes.__getitem__):
        if sum(map(sizes.__getitem__, rare)) >= enough:
            return rare
        rare.append(word)
    return []


def _where(connection: sqlite3.Connection, query: Query, row: str) -> tuple[str, tuple[str, ...]]:
    """Return the conditions on an article beside its words, and their values."""
    conditions, values = [_VISIBLE], []
    filters = list(_filters(connection, query))
    if filters:
        conditions.append(_WITHIN)
        values += [value for _, bound in filters for value in bound]
    if query.must_not and not query.worded:
        conditions.append(_WITHOUT)
        values.append(join("OR", query.must_not))
    sql = " and ".join(conditions)
    return sql.format(row=row, filters=" and ".join(sql for sql, _ in filters)), tuple(values)


def _filters(connection: sqlite3.Connection, query: Query) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the conditions on the article itself, each with its values."""
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
        if slug in wanted or any(name in fold(label or "") for name in wanted for label in printed)
    )


def _hit(connection: sqlite3.Connection, query: Query, article: int, score: float) -> Hit:
    row = connection.execute(
        "select articles.id, url, title, publisher, name, published_at, published_on, text"
        " from articles join publishers on slug = publisher where articles.id = ?",
        (article,),
    ).fetchone()
    *fields, text = row
    snippet = _snippet(connection, query, article) or _lead(text)
    names = ("id", "url", "title", "publisher", "publisher_name", "published_at", "published_on")
    return Hit(**dict(zip(names, fields, strict=True)), snippet=snippet, score=score)


def _snippet(connection: sqlite3.Connection, query: Query, article: int) -> str | None:
    """Return the passage of the text that shows best what was found."""
    row = connection.execute(
        "select snippet(articles_fts, 3, ?, ?, '…', ?) from articles_fts"
        " where articles_fts match ? and rowid = ?",
        (MARK_START, MARK_END, _SNIPPET_WORDS, query.expression(), article),
    ).fetchone()
    return row[0] if row else None


def _lead(text: str) -> str:
    return textwrap.shorten(text, _LEAD, placeholder="…")
