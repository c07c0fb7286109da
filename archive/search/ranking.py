"""Which articles answer a query, and in which order: the rare words choose, all words score.

Scoring an article costs far more than finding it, so of a word that is nearly everywhere only the
articles are scored that have it in their title, or are new. The best ones are then read
again: the index knows stems, and a word written exactly as it was typed is worth more.
`conditions` puts what a query requires besides its words into SQL.
"""

import heapq
import json
import math
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from archive.article_rows import find_all
from archive.rows import value
from archive.rows import values as values_of
from archive.search.arabic import fold, forms, strip_prefix
from archive.search.query import Clause, Query, join

Condition = tuple[str, tuple[str | int, ...]]  # SQL with a question mark for each value

# In subqueries, on indexes alone: an article's columns after its text are slow to reach.
# The unary plus keeps SQLite from asking the word index again for each of their rows.
_VISIBLE = "+{row} not in (select id from articles where withheld_at is not null)"
_WITHIN = "+{row} in (select id from articles where {filters})"
_AT = "{row} in (select value from json_each(?))"
_OF_PUBLISHERS = "publisher {operator} (select value from json_each(?))"
_MATCHING = "+{row} in (select rowid from article_stems where article_stems match ?)"
_WITHOUT = "+{row} not in (select rowid from article_stems where article_stems match ?)"


def conditions(db: sqlite3.Connection, query: Query, row: str) -> Condition:
    """Return what must hold for the article whose id is in `row`, besides the words of `query`.

    Exclusions are among it where there is no word that the index could take them from.
    """
    filters, values = list[str](), list[str | int]()
    for day, operator in ((query.after, ">="), (query.before, "<")):
        if day:
            filters.append(f"published_on {operator} ?")
            values.append(day.isoformat())
    for names, operator in ((query.publishers, "in"), (query.not_publishers, "not in")):
        if names:
            filters.append(_OF_PUBLISHERS.format(operator=operator))
            values.append(json.dumps(slugs(db, names)))
    found = [_VISIBLE.format(row=row)]
    if filters:
        found.append(_WITHIN.format(row=row, filters=" and ".join(filters)))
    if query.address:
        found.append(_AT.format(row=row))
        values.append(json.dumps(_at(db, query.address)))
    if query.must_not and not query.worded:
        found.append(_WITHOUT.format(row=row))
        values.append(join("OR", query.must_not))
    return " and ".join(found), tuple(values)


def _at(db: sqlite3.Connection, address: str) -> list[int]:
    """Return the articles of an address, none for one that no page can have."""
    with suppress(ValueError):
        return find_all(db, address)
    return []


def slugs(db: sqlite3.Connection, names: tuple[str, ...]) -> list[str]:
    """Return the publishers meant by `names`: by slug, or by a part of a name."""
    wanted, slugs = list(map(fold, names)), []
    for slug, *labels in db.execute("select slug, name, name_latin from publishers"):
        printed = fold("\n".join(filter(None, labels)))
        if fold(slug) in wanted or any(name in printed for name in wanted):
            slugs.append(slug)
    return slugs


def publishers_of(
    db: sqlite3.Connection, query: Query, chosen: tuple[str, ...] = ()
) -> list[str] | None:
    """Return the publishers that a query is for, of the `chosen` ones if any; None for all."""
    if not (chosen or query.publishers or query.not_publishers):
        return None
    wanted = set(chosen or values_of(db, "select slug from publishers"))
    if query.publishers:
        wanted &= set(slugs(db, query.publishers))
    return sorted(wanted - set(slugs(db, query.not_publishers)))


_BY_INDEX = "articles indexed by articles_days"  # which has all that is asked of an article here
_WORDED = f"article_stems join {_BY_INDEX} on articles.id = article_stems.rowid"


def dated(
    db: sqlite3.Connection,
    query: Query,
    chosen: tuple[str, ...] = (),
    *,
    by_publisher: bool = False,
) -> list[tuple[str, str | None, int]]:
    """Return (publisher, printed day, how many) of the articles that have all words of a query.

    They are those of the `chosen` publishers, if any; the publisher is empty unless asked for.
    """
    bare = replace(query, publishers=(), not_publishers=(), after=None, before=None)
    found, values = [], list[str | int]()
    if query.worded:
        found.append("article_stems match ?")
        values.append(query.expression(every=True))
    where, bound = conditions(db, bare, "articles.id")
    found.append(where if not query.empty else "false")
    values += bound
    if (publishers := publishers_of(db, query, chosen)) is not None:
        found.append(_OF_PUBLISHERS.format(operator="in"))
        values.append(json.dumps(publishers))
    for day, operator in ((query.after, ">="), (query.before, "<")):
        if day:
            found.append(f"published_on {operator} ?")
            values.append(day.isoformat())
    name, source = "publisher" if by_publisher else "''", _WORDED if query.worded else _BY_INDEX
    sql = f"select {name}, published_on, count(*) from {source} where {' and '.join(found)}"  # noqa: S608 - pieces of our own, values bound
    return db.execute(f"{sql} group by 1, 2", values).fetchall()


Page = tuple[int, int]  # limit, offset
Row = tuple[int, float]  # article, score

_SCORES = "select rowid, -bm25(article_stems, 8.0, 4.0, 2.0, 1.0)"  # title, deck, byline, text
_MATCHES = "from article_stems where article_stems match ?"
_NEWEST = "published_on desc, published_at desc, id desc"
_ENOUGH = 400  # articles, before commoner words only add to scores
_MOST = 5000  # articles found by one word that are all scored
_SAMPLE = 16  # a common word is counted in one of so many articles
_LEAST_SAMPLED = 64
_WINDOW = 20  # the best, which are read again
_LEAD = 3000  # characters of their text
_LEAST_WEIGHT = 1e-6  # FTS5's, of a word in every other article
_AS_TYPED = 0.3  # of a word's weight, for standing there as it was typed; its ending, and all


# Articles to be scored by a query: those that match an expression and fulfil a condition, where
# there are these.
_Pool = tuple[Query, str | None, Condition | None]


def best(db: sqlite3.Connection, query: Query, page: Page) -> list[Row]:
    """Rank by bm25, the best again by their words as typed.

    Articles are scored pool by pool until there are enough, and all of them if there are not.
    """
    limit, offset = page
    wanted = limit + offset
    articles = value(db, "select count(*) from articles") or 0
    sizes = {word: _size(db, str(word)) for word in query.words}
    scores: dict[int, float] = {}
    for asked, chosen, condition in _pools(db, query, sizes, articles):
        if len(scores) >= (max(wanted, _ENOUGH) if chosen or condition else wanted):
            break
        scores |= _scores(db, asked, chosen, condition)
    rows = heapq.nsmallest(max(wanted, _WINDOW), scores.items(), key=_best_first)
    weights = {word: _weight(size, articles) for word, size in sizes.items()}
    ranked = _again(db, rows[:_WINDOW], weights) + rows[_WINDOW:]
    return ranked[offset : offset + limit]


def newest(db: sqlite3.Connection, query: Query, page: Page) -> list[Row]:
    """Walk the articles from the newest on, until a page of those with all words is full."""
    where, values = conditions(db, query, "id")
    if query.worded:
        where = f"{where} and {_MATCHING.format(row='id')}"
        values += (query.expression(every=True),)
    sql = f"select id, 0.0 from articles where {where} order by {_NEWEST}"  # noqa: S608 - pieces of our own, values bound
    return db.execute(f"{sql} limit ? offset ?", (*values, *page)).fetchall()


def _pools(
    db: sqlite3.Connection, query: Query, sizes: dict[Clause, int], articles: int
) -> Iterator[_Pool]:
    """Yield pools of articles, the most promising first; demands choose by themselves."""
    sources = {str(word): size for word, size in sizes.items()}
    if query.must:
        demand = join("AND", query.must)
        sources = {demand: _size(db, demand)}
    rare, common = _rarest(sources)
    if len(rare) < len(sources):
        choosing = {*rare, common}
        selective = (
            word for word in query.words if str(word) in choosing or sizes[word] * 2 < articles
        )
        asked = replace(query, words=tuple(selective))
        if rare:
            yield asked, " OR ".join(rare), None
        if common:
            titled = f"{{title}} : ({common})"
            yield asked, titled, _first(db, titled)
            yield asked, None, _new(db, query)
    yield query, None, None


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


def _first(db: sqlite3.Connection, expression: str) -> Condition | None:
    """Return the condition that leaves about `_MOST` of the articles that match."""
    size = _size(db, expression)
    return ("rowid <= ?", (_last(db) * _MOST // size,)) if size > _MOST else None


def _new(db: sqlite3.Connection, query: Query) -> Condition:
    """Return the condition that leaves the newest articles that fulfil the filters of `query`."""
    where, values = conditions(db, query, "id")
    sql = f"select id from articles where {where} order by {_NEWEST} limit {_MOST}"  # noqa: S608 - as above
    return f"+rowid in ({sql})", values


def _scores(
    db: sqlite3.Connection, query: Query, chosen: str | None, condition: Condition | None
) -> dict[int, float]:
    """Score the articles of a pool.

    FTS5 skips fast to where a further expression matches, but lets it score as well: what it
    scores alone is taken off again.
    """
    where, values = conditions(db, query, "rowid")
    bound, limits = condition or ("true", ())
    expression = f"({chosen}) AND ({query.expression()})" if chosen else query.expression()
    sql = f"{_SCORES} {_MATCHES} and {bound}"
    scored = dict(db.execute(f"{sql} and {where}", (expression, *limits, *values)))
    extra = dict(db.execute(sql, (chosen, *limits))) if chosen else {}
    return {article: score - extra.get(article, 0.0) for article, score in scored.items()}


def _size(db: sqlite3.Connection, expression: str) -> int:
    """Return how many articles match, counted in a sample when they are many.

    Ids are hashes, so those up to a bound are as good a sample as any.
    """
    sql = f"select count(*) {_MATCHES}"
    part = int(value(db, f"{sql} and rowid <= ?", (expression, _last(db) // _SAMPLE)) or 0)
    if part >= _LEAST_SAMPLED:
        return part * _SAMPLE
    return int(value(db, sql, (expression,)) or 0)


def _last(db: sqlite3.Connection) -> int:
    return value(db, "select max(id) from articles") or 0


def _weight(size: int, articles: int) -> float:
    """Return a word's weight, as FTS5's bm25 has it (inverse document frequency)."""
    return max(math.log((max(articles - size, 0) + 0.5) / (size + 0.5)), _LEAST_WEIGHT)


def _again(db: sqlite3.Connection, rows: list[Row], weights: dict[Clause, float]) -> list[Row]:
    """Rank `rows` again, higher where words stand in an article as they were typed.

    It counts once that a word has the ending that was typed, and once more the whole of it.
    """
    typed = {word.form: _AS_TYPED * weight for word, weight in weights.items() if word.form}
    terms = frozenset(term for word in weights for term in word.terms if word.form)
    if not typed:
        return rows
    ranked = []
    beginning = "select title, deck, substr(text, 1, ?) from articles where id = ?"
    for article, score in rows:
        printed = db.execute(beginning, (_LEAD, article)).fetchone()
        found = forms("\n".join(filter(None, printed)), terms)
        bare = set(map(strip_prefix, found))
        for form, weight in typed.items():
            score += weight * ((form in found) + (strip_prefix(form) in bare))  # noqa: PLW2901
        ranked.append((article, score))
    return sorted(ranked, key=_best_first)


def _best_first(row: Row) -> tuple[float, int]:
    article, score = row
    return -score, article
