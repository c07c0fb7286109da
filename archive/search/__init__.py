"""Searching the archive: a typed query to hits, best or newest first."""

import json
import re
import sqlite3
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal, get_args

from archive.errors import StaleIndex
from archive.rows import Row, select, value
from archive.search.arabic import fold
from archive.search.index import index_is_current
from archive.search.index import register as register_index
from archive.search.query import Query, parse
from archive.search.ranking import Page, best, from_matches, newest, slugs

Order = Literal["best", "new"]

MARK_START = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}"
MARK_END = "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
MARKED = re.compile(f"{MARK_START}(.*?){MARK_END}", re.DOTALL)

_SNIPPET_WORDS = 32
_LEAD = 240
_LISTED = 5  # publishers, where one is not known
_MARKS = """
select rowid, highlight(article_stems, 0, ?1, ?2), highlight(article_stems, 1, ?1, ?2),
    highlight(article_stems, 2, ?1, ?2), snippet(article_stems, 3, ?1, ?2, '…', ?3)
from article_stems
where article_stems match ?4 and {once}rowid in (select value from json_each(?5))
"""
_FOUND = """
select articles.id, url, title, publisher, name as publisher_name, published_at, published_on,
    coalesce(articles.language, publishers.language) as language, first_seen_at,
    substr(text, 1, 1000) as lead, changed_at, gone_at,
    (select id from stories where id = story and articles > 1) as story
from json_each(?) as wanted join articles on articles.id = wanted.value
join publishers on slug = publisher order by wanted.key
"""
_IN_JSON = ("id", "url", "title", "publisher", "published_at", "snippet", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An article a query found.

    `headline` is the title, and `snippet` a passage of the text, with what was found between
    `MARK_START` and `MARK_END`; `deck` and `byline` are None unless it was found there. `score` is
    bm25, and more where words stand as they were typed; higher is better, comparable within one
    query only, 0.0 where the newest are first.
    `publisher` is the slug; the times are ISO 8601 as in `articles`. `story` is that of which the
    archive has another version.
    """

    id: int
    url: str
    title: str | None
    publisher: str
    publisher_name: str
    published_at: str | None
    published_on: str | None
    headline: str | None
    snippet: str
    score: float
    deck: str | None = None
    byline: str | None = None
    language: str | None = None
    first_seen_at: str | None = None
    changed_at: str | None = None
    gone_at: str | None = None
    story: int | None = None


def search(
    db: sqlite3.Connection,
    query: str,
    *,
    limit: int = 20,
    offset: int = 0,
    order: Order = "best",
    every: bool = False,
) -> list[Hit]:
    """Return the articles that `query` finds, best first or (`order="new"`) newest first.

    Best first takes any of the words (with `every`, all), newest first needs all of them. A query
    of filters alone gives the newest, an address its article, one that asks nothing finds nothing.
    Withheld articles are never found. Any text is a valid query; the next writer rebuilds an index
    that something else made.

    Raises:
        StaleIndex: the index was made by another version of the analyser, or by SQLite's `rebuild`.
        ValueError: there is no such `order`.
    """
    if order not in get_args(Order):
        raise ValueError(f"order is {order!r}, and can be one of {', '.join(get_args(Order))}")
    refuse_stale(db)
    asked = replace(parse(query), every=every or order == "new")
    return hits_of(db, asked, (max(limit, 0), max(offset, 0)), order=order)


def hits_of(
    db: sqlite3.Connection,
    asked: Query,
    page: Page,
    *,
    order: Order,
    found: int | None = None,
) -> list[Hit]:
    """Return a page (limit, offset) of what a query finds; `found` is how many, if known."""
    if asked.empty:
        return []
    if order == "best" and asked.worded:
        scores = dict(best(db, asked, page, found=found))
    else:
        scores = dict(newest(db, asked, page))
    ids = json.dumps(list(scores))
    marks = _marks(db, asked, ids)
    return [
        _hit(row, marks.get(row["id"]), scores[row["id"]]) for row in select(db, _FOUND, (ids,))
    ]


def _hit(row: Row, marks: tuple[str | None, ...] | None, score: float) -> Hit:
    """Return a row as a hit: title, deck, byline and a passage of its text with their marks."""
    lead = row.pop("lead")
    if marks is None:
        marks = row["title"], None, None, textwrap.shorten(lead, _LEAD, placeholder="…")
    headline, *others, snippet = marks
    deck, byline = (each if each and MARK_START in each else None for each in others)
    return Hit(
        **row, headline=headline, deck=deck, byline=byline, snippet=snippet or "", score=score
    )


def count(db: sqlite3.Connection, query: str, *, order: Order = "best") -> int:
    """Return how many articles `search` in this `order` finds in all."""
    refuse_stale(db)
    asked = replace(parse(query), every=order == "new")
    if asked.empty:
        return 0
    source, values = from_matches(db, asked)
    return value(db, f"select count(*) {source}", values) or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a query, with what was `typed`, finds less than was meant.

    A day that cannot be read, a publisher that the archive does not know (`known` are those it may
    be, by slug), or bounds that leave no day.
    """

    kind: Literal["day", "publisher", "bounds"]
    typed: str
    known: tuple[str, ...] = ()


def doubts(db: sqlite3.Connection, query: str) -> list[Doubt]:
    """Return what a person would want to hear about a `query`."""
    asked = parse(query)
    found = [Doubt(kind="day", typed=bound) for bound in asked.unread]
    names = (*asked.publishers, *asked.not_publishers)
    for name in (name for name in names if not slugs(db, (name,))):
        found.append(Doubt(kind="publisher", typed=name, known=_alike(db, name)))
    if asked.contradicts_itself:
        found.append(Doubt(kind="bounds", typed=f"after:{asked.after} before:{asked.before}"))
    return found


def _alike(db: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """Return the slugs of the publishers whose slug or name is most like a `name`, or a few."""
    spelt = dict[str, str]()
    for slug, *labels in db.execute("select slug, name, name_latin from publishers order by slug"):
        for label in (slug, *filter(None, labels)):
            spelt |= dict.fromkeys((fold(label), *fold(label).split()), slug)
    close = get_close_matches(fold(name), spelt, n=_LISTED)
    return tuple(dict.fromkeys(map(spelt.__getitem__, close or spelt)))[:_LISTED]


def to_json(hits: Iterable[Hit], *, indent: int | None = None) -> str:
    """Write `hits` as a JSON list of objects, for programs and for SQL's `json_each`."""
    objects = [{name: getattr(hit, name) for name in _IN_JSON} for hit in hits]
    return json.dumps(objects, ensure_ascii=False, indent=indent)


def register(db: sqlite3.Connection) -> None:
    """Give `db` the SQL functions of the index, `warraq_search` and `word_forms`.

    `warraq_search(query, limit, offset, order)`, of which the query alone must be given, is what
    `search` returns, as JSON. `word_forms(query)` is `word_forms` below. They ask `db` itself, and
    are freed only when that is closed.
    """

    def answer(query: str | None, limit: int = 20, offset: int = 0, order: Order = "best") -> str:
        return to_json(search(db, query or "", limit=limit, offset=offset, order=order))

    register_index(db)
    db.create_function("warraq_search", -1, answer)
    db.create_function("word_forms", 1, lambda query: word_forms(db, query), deterministic=True)


def word_forms(db: sqlite3.Connection, query: str | None) -> str:
    """Return the MATCH expression of the articles that hold all of a query's words, in any form.

    For `article_stems match word_forms(…)`. Words, phrases, `-`, `OR`, `title:` and `author:` are
    read as `search` does. What no expression can say makes MATCH fail, with a sentence that says
    why: SQLite hides what a function raises, and names an unknown column as it was typed.
    """
    asked = parse(str(query or ""))
    why = ""
    if not index_is_current(db):
        why = "the search index is of another version of Warraq; the next crawl rebuilds it"
    elif replace(asked, words=(), must=(), must_not=()) != Query():
        why = "takes words alone; publishers, days and addresses are columns of articles"
    elif not asked.worded:
        why = "the query has no word to find"
    typed = str(query).replace('"', "'")
    return f'"word_forms({typed}): {why}" : x' if why else asked.expression(every=True)


def refuse_stale(db: sqlite3.Connection) -> None:
    """Raise StaleIndex unless the index is what this version of the analyser made."""
    if not index_is_current(db):
        raise StaleIndex(
            "this version of Warraq did not build the search index and cannot use it;"
            " the next command that writes (such as `warraq crawl`) rebuilds it"
        )


def _marks(db: sqlite3.Connection, query: Query, ids: str) -> dict[int, tuple[str | None, ...]]:
    """Return by id title, deck, byline, and the passage that shows best what was found, marked.

    To ask for one article after the other costs least, but for a beginning, which the index puts
    together from all the words that begin so, every time it is asked: the plus asks once for all.
    """
    sql = _MARKS.format(once="+" if query.has_beginning else "")
    values = (MARK_START, MARK_END, _SNIPPET_WORDS, query.expression(), ids)
    rows = db.execute(sql, values)
    return {article: tuple(marked) for article, *marked in rows}
