"""Searching the archive: a typed query to hits, best or newest first."""

import sqlite3
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from archive.arabic import fold
from archive.index import create_index, index_is_current, rebuild_index, register
from archive.query import Query, join, parse

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

MARK_START = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}"
MARK_END = "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"

_WEIGHTS = "8.0, 4.0, 2.0, 1.0"  # title, deck, byline, text
_SNIPPET_WORDS = 32
_LEAD = 240
_NEWEST = "coalesce(articles.published_at, articles.published_on) desc, articles.id desc"
_WITHOUT = "articles.id not in (select rowid from articles_fts where articles_fts match ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An article a query found.

    `snippet` is original text with what was found between `MARK_START` and `MARK_END`. `score`
    is bm25, higher is better, comparable within one query only; 0.0 where only filters were
    asked for. `publisher` is the slug; the times are ISO 8601 as in `articles`.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selection:
    """The FROM and WHERE of a query with the values of its placeholders."""

    sql: str
    values: tuple[str, ...]
    ranked: bool


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
    found = _select(connection, asked, every=order == "new")
    score = f"-bm25(articles_fts, {_WEIGHTS})" if found.ranked else "0.0"
    by = "score desc, articles.id" if found.ranked and order == "best" else _NEWEST
    rows = connection.execute(
        f"select articles.id, {score} as score {found.sql} order by {by} limit ? offset ?",
        (*found.values, limit, offset),
    )
    return [_hit(connection, asked, article, score) for article, score in rows.fetchall()]


def count(connection: sqlite3.Connection, query: str, *, order: Order = "best") -> int:
    """Return how many articles `search` in this `order` finds in all."""
    found = _select(connection, parse(query), every=order == "new")
    (number,) = connection.execute(f"select count(*) {found.sql}", found.values).fetchone()
    return int(number)


def _select(connection: sqlite3.Connection, query: Query, *, every: bool) -> _Selection:
    ranked = bool(query.words or query.must)
    conditions = [("articles.withheld_at is null", ()), *_filters(connection, query)]
    source = "articles"
    if ranked:
        source = "articles_fts cross join articles on articles.id = articles_fts.rowid"
        conditions.append(("articles_fts match ?", (query.expression(every=every),)))
    elif query.must_not:
        conditions.append((_WITHOUT, (join("OR", query.must_not),)))
    where = " and ".join(condition for condition, _ in conditions)
    values = tuple(value for _, bound in conditions for value in bound)
    return _Selection(sql=f"from {source} where {where}", values=values, ranked=ranked)


def _filters(connection: sqlite3.Connection, query: Query) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the conditions on the article itself, each with its values."""
    if query.after:
        yield "articles.published_on >= ?", (query.after.isoformat(),)
    if query.before:
        yield "articles.published_on < ?", (query.before.isoformat(),)
    for names, operator in ((query.publishers, "in"), (query.not_publishers, "not in")):
        if names:
            slugs = _slugs(connection, names)
            yield f"articles.publisher {operator} ({', '.join('?' * len(slugs))})", slugs


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
