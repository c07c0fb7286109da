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
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from archive.article_rows import find_all
from archive.rows import value
from archive.search.arabic import fold, forms, strip_prefix
from archive.search.query import Clause, Query, join

Condition = tuple[str, tuple[str | int, ...]]  # SQL with a question mark for each value

# On indexes alone: an article's columns after its text are slow to reach. The unary plus keeps
# SQLite from asking the word index again for each of their rows.
_ONE = """
exists (select 1 from articles as own indexed by articles_facets
    where own.id = {row} and {columns})
"""
_AT = "{row} in (select value from json_each(?))"
_STATES = {"edited": "changed_at", "gone": "gone_at"}
_MATCHING = "+{row} in (select rowid from article_stems where article_stems match ?)"
_WITHOUT = "+{row} not in (select rowid from article_stems where article_stems match ?)"


def conditions(db: sqlite3.Connection, query: Query, row: str) -> Condition:
    """Return what must hold for the article whose id is in `row`, besides the words of `query`.

    `row` is a column with its table's name. Exclusions are among the conditions where the query
    has no word whose matches the index could take them from.
    """
    own, values = columns(db, query)
    others, more = others_of(db, query, row)
    return f"{_ONE.format(row=row, columns=own)} and {others}" if own else others, values + more


def columns(db: sqlite3.Connection, query: Query) -> Condition:
    """Return what must hold for an article's own columns, all in two indexes; empty for nothing."""
    found, values = list[str](), list[str | int]()
    for day, operator in ((query.after, ">="), (query.before, "<")):
        if day:
            found.append(f"published_on {operator} ?")
            values.append(day.isoformat())
    for (column, excluded), wanted in _among(db, query).items():
        if column == "state":
            empty = "" if excluded else "not "
            found += [f"{_STATES[state]} is {empty}null" for state in wanted]
        elif len(wanted) == 1:
            found.append(f"{column} is {'not ' if excluded else ''}?")
            values += wanted
        else:
            operator = "not in" if excluded else "in"
            found.append(f"ifnull({column}, '') {operator} (select value from json_each(?))")  # noqa: S608 - names of our own
            values.append(json.dumps(wanted))
    return " and ".join(found), tuple(values)


def _among(db: sqlite3.Connection, query: Query) -> dict[tuple[str, bool], list[str]]:
    """Return by column, and whether they are excluded, the values of which any will do."""
    asked = defaultdict[tuple[str, bool], list[str]](list)
    for sort in query.sorts:
        asked[sort.field, sort.excluded].append(sort.value)
    for names, excluded in ((query.publishers, False), (query.not_publishers, True)):
        if names:
            asked["publisher", excluded] = slugs(db, names)
    return asked


def others_of(db: sqlite3.Connection, query: Query, row: str) -> Condition:
    """Return what else must hold for the article whose id is in `row`."""
    found, values = list[str](), list[str | int]()
    if query.address:
        found.append(_AT.format(row=row))
        values.append(json.dumps(_at(db, query.address)))
    if query.must_not and not query.worded:
        found.append(_WITHOUT.format(row=row))
        values.append(join("OR", query.must_not))
    return " and ".join(found) or "true", tuple(values)


def from_matches(db: sqlite3.Connection, query: Query) -> Condition:
    """Return from where SQL reads the articles of a query, in no order; their ids are `rowid`."""
    where, values = conditions(db, query, "article_stems.rowid" if query.worded else "articles.id")
    if not query.worded:
        return f"from articles where {where}", values
    return f"from article_stems where article_stems match ? and {where}", (
        query.expression(),
        *values,
    )


def from_newest(db: sqlite3.Connection, query: Query) -> Condition:
    """Return from where SQL reads the articles of a query, the newest first."""
    own, values = columns(db, query)
    others, more = others_of(db, query, "articles.id")
    found = [own or "true", others]
    if query.worded:
        found.append(_MATCHING.format(row="articles.id"))
        more += (query.expression(),)
    index = "" if query.address else "indexed by articles_newest"
    where = " and ".join(found)
    return f"from articles {index} where {where} order by {_NEWEST}", values + more


def _at(db: sqlite3.Connection, address: str) -> list[int]:
    """Return the articles of an address, none for one that no page can have."""
    with suppress(ValueError):
        return find_all(db, address)
    return []


def slugs(db: sqlite3.Connection, names: tuple[str, ...]) -> list[str]:
    """Return the publishers meant by `names`: by slug, or else by a part of a name."""
    rows = db.execute("select slug, name, name_latin from publishers").fetchall()
    known, wanted, slugs = {fold(row[0]) for row in rows}, set(map(fold, names)), []
    for slug, *labels in rows:
        printed = fold("\n".join(filter(None, labels)))
        if fold(slug) in wanted or any(name in printed for name in wanted - known):
            slugs.append(slug)
    return slugs


_DATED = """
select group_concat(coalesce(published_on, ''))
from {words} articles indexed by articles_facets where {where}
"""


def dated(db: sqlite3.Connection, query: Query, publishers: tuple[str, ...] = ()) -> Counter[str]:
    """Return how many articles have all words of a query, by printed day; "" is that of no day.

    They are those of these publishers (slugs), if any are named. Python counts what SQLite strings
    together in half the time of SQLite's own sorting.
    """
    (own, values), (others, more) = columns(db, query), others_of(db, query, "articles.id")
    found = [own or "true", others, "false" if query.empty else "true"]
    words = "article_stems cross join" if query.worded else ""
    if words:
        found.append("articles.id = article_stems.rowid and article_stems match ?")
        more += (query.expression(every=True),)
    if publishers:
        found.append("publisher in (select value from json_each(?))")
        more += (json.dumps(publishers),)
    joined = value(db, _DATED.format(words=words, where=" and ".join(found)), values + more)
    return Counter([] if joined is None else joined.split(","))


Page = tuple[int, int]  # limit, offset
Row = tuple[int, float]  # article, score

_SCORES = "select rowid, -bm25(article_stems, 8.0, 4.0, 2.0, 1.0)"  # title, deck, byline, text
_MATCHES = "from article_stems where article_stems match ?"
_NEWEST = "published_on desc, published_at desc"
_ENOUGH = 400  # articles, before commoner words only add to scores
_MOST = 5000  # articles found by one word that are all scored
_PART = 2000  # and of those found by a commoner one: in titles, and new
SAMPLE = 16  # a common word is counted in one of so many articles
_LEAST_SAMPLED = 64
_WINDOW = 20  # the best, which are read again
_LEAD = 3000  # characters of their text
_LEAST_WEIGHT = 1e-6  # FTS5's, of a word in every other article
_AS_TYPED = 0.3  # of a word's weight, for standing there as it was typed; its ending, and all


# Articles to be scored by a query: those that match an expression and fulfil a condition, where
# there are these; of what many match, only `_PART`.
_Pool = tuple[Query, str | None, Condition | None]


def best(
    db: sqlite3.Connection, query: Query, page: Page, *, found: int | None = None
) -> list[Row]:
    """Rank by bm25, the best again by their words as typed.

    Articles are scored pool by pool until there are enough, and all of them if there are not.
    `found` is how many answer, where that is known.
    """
    limit, offset = page
    wanted = limit + offset
    articles = value(db, "select count(*) from articles") or 0
    sizes = {word: size(db, str(word)) for word in query.words}
    scores: dict[int, float] = {}
    for asked, chosen, condition in _pools(db, query, sizes, articles, found):
        if len(scores) >= (max(wanted, _ENOUGH) if chosen or condition else wanted):
            break
        scores |= _scores(db, asked, chosen, condition)
    rows = heapq.nsmallest(max(wanted, _WINDOW), scores.items(), key=_best_first)
    weights = {word: _weight(size, articles) for word, size in sizes.items()}
    ranked = _again(db, rows[:_WINDOW], weights) + rows[_WINDOW:]
    return ranked[offset : offset + limit]


def newest(db: sqlite3.Connection, query: Query, page: Page) -> list[Row]:
    """Walk the articles from the newest on, until a page of those that answer is full."""
    source, values = from_newest(db, query)
    sql = f"select id, 0.0 {source}, id desc limit ? offset ?"
    return db.execute(sql, (*values, *page)).fetchall()


def _pools(
    db: sqlite3.Connection,
    query: Query,
    sizes: dict[Clause, int],
    articles: int,
    found: int | None,
) -> Iterator[_Pool]:
    """Yield pools of articles, the most promising first; demands choose by themselves."""
    sources = {str(word): size for word, size in sizes.items()}
    demands = query.must + (query.words if query.every else ())
    if found is not None and len(demands) > 1:  # few have all of them in the title
        if found > 2 * _MOST:
            yield query, None, _newest(db, query)
        sources = {}
    elif demands:
        demand = join("AND", demands)
        sources = {demand: size(db, demand)}
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
            yield asked, f"{{title}} : ({common})", ("true", ())
            yield asked, None, _newest(db, replace(query, words=(), must=(), must_not=()))
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


def _newest(db: sqlite3.Connection, query: Query) -> Condition:
    """Return the condition that leaves the newest articles that a query finds."""
    source, values = from_newest(db, query)
    return f"+article_stems.rowid in (select id {source} limit {_PART})", values


def _scores(
    db: sqlite3.Connection, query: Query, chosen: str | None, condition: Condition | None
) -> dict[int, float]:
    """Score the articles of a pool.

    FTS5 skips fast to where a further expression matches, but lets it score as well: what it
    scores alone is taken off again, but for a lone word.
    """
    where, values = conditions(db, query, "article_stems.rowid")
    bound, limits = condition or ("true", ())
    sql = f"{_SCORES} {_MATCHES} and {bound} and {where}"
    if chosen and len(query.words + query.must) > 1:
        expression = f"({chosen}) AND ({query.expression()})"
    else:
        expression, chosen = chosen or query.expression(), None
    most = f"limit {_PART}" if condition else ""
    scored = dict(db.execute(f"{sql} {most}", (expression, *limits, *values)))
    if not (chosen and scored):
        return scored
    rows = db.execute(f"{sql} and rowid <= ?", (chosen, *limits, *values, max(scored)))
    extra = dict(rows)
    return {article: score - extra.get(article, 0.0) for article, score in scored.items()}


def size(db: sqlite3.Connection, expression: str) -> int:
    """Return how many articles match, counted in a sample when they are many.

    Ids are hashes, so those up to a bound are as good a sample as any.
    """
    sql = f"select count(*) {_MATCHES}"
    part = int(value(db, f"{sql} and rowid <= ?", (expression, last_id(db) // SAMPLE)) or 0)
    if part >= _LEAST_SAMPLED:
        return part * SAMPLE
    return int(value(db, sql, (expression,)) or 0)


def last_id(db: sqlite3.Connection) -> int:
    """Return the highest id of an article."""
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
