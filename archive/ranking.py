"""Which articles answer a query, and in which order: the rare words choose, all words score.

Scoring an article costs far more than finding it, so of a word that is nearly everywhere only the
articles are scored that have it in their title or are new. The best ones are then looked at
again: the index knows stems, and a word that stands there as it was typed is worth more.
"""

import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from archive.arabic import forms
from archive.filters import Condition, conditions, matching
from archive.query import Clause, Query, join

Page = tuple[int, int]  # limit, offset
Row = tuple[int, float]  # article, score

_WEIGHTS = "8.0, 4.0, 2.0, 1.0"  # title, deck, byline, text
_MATCHES = "select rowid from articles_fts where articles_fts match ?"
_NEWEST = "published_on desc, published_at desc, id desc"
_ENOUGH = 400  # articles that rare words find, before common ones only add to scores
_MOST = 5000  # articles found by one word that are all scored
_SAMPLE = 16  # a common word is counted in one of so many articles
_LEAST_SAMPLED = 64
_WINDOW = 30  # the best, which are looked at again
_LEAD = 3000  # characters of their text
_AS_TYPED = 0.3  # of a word's weight, for standing there as it was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What to score by, and which of the articles found are scored: None for all."""

    query: Query
    weights: dict[Clause, float]
    chosen: Condition | None


def best(connection: sqlite3.Connection, query: Query, page: Page) -> list[Row]:
    """Rank by bm25, the best again by their words as typed.

    The first pages come from the articles chosen; whoever asks for more gets all there are.
    """
    limit, offset = page
    plan = _plan(connection, query, deep=limit + offset > _ENOUGH)
    where, values = conditions(connection, query, "rowid")
    if plan.chosen:
        where, values = f"{where} and {plan.chosen[0]}", values + plan.chosen[1]
    sql = (
        f"select rowid, -bm25(articles_fts, {_WEIGHTS}) as score from articles_fts"  # noqa: S608 - pieces of our own, values bound
        f" where articles_fts match ? and {where} order by score desc, rowid limit ?"
    )
    bound = (plan.query.expression(), *values, max(_WINDOW, limit + offset))
    rows = connection.execute(sql, bound).fetchall()
    ranked = _again(connection, rows[:_WINDOW], plan.weights) + rows[_WINDOW:]
    return ranked[offset : offset + limit]


def newest(connection: sqlite3.Connection, query: Query, page: Page) -> list[Row]:
    """Walk the articles from the newest on, until a page of those with all words is full."""
    where, values = conditions(connection, query, "id")
    if query.worded:
        match, bound = matching(query.expression(every=True), "id")
        where, values = f"{where} and {match}", values + bound
    sql = f"select id, 0.0 from articles where {where} order by {_NEWEST}"  # noqa: S608 - as above
    return connection.execute(f"{sql} limit ? offset ?", (*values, *page)).fetchall()


def _plan(connection: sqlite3.Connection, query: Query, *, deep: bool) -> _Plan:
    """Choose by the rarest words that find enough articles, or by the demands if there are any."""
    (articles,) = connection.execute("select count(*) from articles").fetchone()
    sizes = {word: _size(connection, str(word)) for word in query.words}
    weights = {word: _weight(size, articles) for word, size in sizes.items()}
    sources = {str(word): size for word, size in sizes.items()}
    if query.must:
        demand = join("AND", query.must)
        sources = {demand: _size(connection, demand)}
    rare, common = _rarest(sources)
    if deep or len(rare) == len(sources):
        return _Plan(query=query, weights=weights, chosen=None)
    choosing = {*rare, common}
    telling = (word for word in query.words if str(word) in choosing or sizes[word] * 2 < articles)
    return _Plan(
        query=replace(query, words=tuple(telling)),
        weights=weights,
        chosen=_chosen(rare, common, conditions(connection, query, "id")),
    )


def _rarest(sources: dict[str, int]) -> tuple[list[str], str | None]:
    """Return the rarest expressions that find enough, and the next one if it finds too many."""
    rare, found = list[str](), 0
    for source in sorted(sources, key=sources.__getitem__):
        if found >= _ENOUGH:
            break
        if sources[source] > _MOST:
            return rare, source
        rare.append(source)
        found += sources[source]
    return rare, None


def _chosen(rare: Iterable[str], common: str | None, visible: Condition) -> Condition:
    """Return the condition on the articles to be scored."""
    where, values = visible
    parts: list[Condition] = [(_MATCHES, (" OR ".join(rare),))] if rare else []
    if common:
        new = f"articles where {where} order by {_NEWEST} limit {_MOST}"
        parts += [
            (f"select * from ({_MATCHES} limit {_MOST})", (f"{{title}} : ({common})",)),  # noqa: S608 - as above
            (f"select * from (select id from {new})", values),  # noqa: S608 - as above
        ]
    sql = " union all ".join(sql for sql, _ in parts)
    return f"+rowid in ({sql})", tuple(value for _, bound in parts for value in bound)


def _size(connection: sqlite3.Connection, expression: str) -> int:
    """Return how many articles match, counted in a sample when they are many.

    Ids are hashes, so those up to a bound are as good a sample as any.
    """
    sql = _MATCHES.replace("rowid", "count(*)", 1)
    (last,) = connection.execute("select max(id) from articles").fetchone()
    sampled = f"{sql} and rowid <= ?"
    (part,) = connection.execute(sampled, (expression, (last or 0) // _SAMPLE)).fetchone()
    if part >= _LEAST_SAMPLED:
        return int(part) * _SAMPLE
    (size,) = connection.execute(sql, (expression,)).fetchone()
    return int(size)


def _weight(size: int, articles: int) -> float:
    """Return a word's weight, as FTS5's bm25 has it (inverse document frequency)."""
    return max(math.log((max(articles - size, 0) + 0.5) / (size + 0.5)), 0.0)


def _again(
    connection: sqlite3.Connection, rows: Sequence[Row], weights: dict[Clause, float]
) -> list[Row]:
    """Rank `rows` again, higher where words stand in an article as they were typed."""
    typed = {word.form: _AS_TYPED * weight for word, weight in weights.items() if word.form}
    if not typed:
        return list(rows)
    terms = frozenset(term for word in weights for term in word.terms if word.form)
    ranked = []
    for article, score in rows:
        found = forms(_beginning(connection, article), terms) & typed.keys()
        ranked.append((article, score + sum(typed[form] for form in found)))
    return sorted(ranked, key=lambda row: (-row[1], row[0]))


def _beginning(connection: sqlite3.Connection, article: int) -> str:
    """Return an article's title, deck and first words."""
    sql = "select title, deck, substr(text, 1, ?) from articles where id = ?"
    return "\n".join(filter(None, connection.execute(sql, (_LEAD, article)).fetchone()))
