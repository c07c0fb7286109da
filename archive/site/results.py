"""What the search page shows: what is found and why, by which links it is narrowed; also whole.

Each search is its address: the query as typed, and how it is shown. What narrows it is written into
the query, so that its feed, its files, its SQL and the shell find the same articles.
"""

import itertools
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

from datasette.utils import sqlite_timelimit

from archive.rows import Row
from archive.search import MARKED, Doubt, Hit, Order, doubts, hits_of, refuse_stale
from archive.search.facets import Census, census
from archive.search.query import Query, narrowings, parse
from archive.search.ranking import columns, from_newest, others_of
from archive.site import wording
from archive.site.charts import Chart, Point, bars
from archive.site.language import t
from archive.site.pages import page_number
from archive.site.sql import Question

PER_PAGE, LAST_PAGE, IN_FEED = 20, 50, 40
_LISTED = 10  # values of a facet
_MONTHS = 36  # of which each has a bar; of more, years have
_FAR = 600  # months
_TIME_LIMIT = 4000  # milliseconds

_IN_JSON = (
    "id", "url", "title", "publisher", "publisher_name", "published_at", "published_on", "snippet",
    "score", "changed_at", "gone_at", "story",
)  # fmt: skip
_PUBLISHERS = "select slug, name from publishers"
_WHOLE = """
select a.id, ? || a.id as page, a.url, a.publisher, p.name as publisher_name, a.title, a.deck,
    a.byline, a.section, a.kind, a.language, a.published_at, a.published_on, a.first_seen_at,
    a.changed_at, a.gone_at, a.story, a.words{more}
from (select id {source} limit -1) as found cross join articles a on a.id = found.id
join publishers p on p.slug = a.publisher
"""
_SQL = """select id, published_on, publisher, title, url
from articles
where {where}
order by published_on desc, published_at desc"""
_WORDS = "id in (select rowid from article_stems where article_stems match {words})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for: the query as typed, its order, whether any of its words will do."""

    query: str
    order: Order = "best"
    any_word: bool = False
    page: int = 1

    @classmethod
    def read(cls, query: str, arguments: Any) -> Self:
        """Read what an address asks for."""
        order: Order = "new" if arguments.get("order") == "new" else "best"
        any_word, page = arguments.get("words") == "any", page_number(arguments.get("page"))
        return cls(query=query, order=order, any_word=any_word, page=min(page, LAST_PAGE))

    def address(self, **other: Any) -> str:
        """Return the query, with its `?`, of an address that asks for the same or in part other.

        What is other begins at the first page.
        """
        said = replace(self, **{"page": 1, **other})
        order = said.order if said.order != "best" else ""
        words = "any" if said.any_word else ""
        page = said.page if said.page > 1 else ""
        pairs = {"q": said.query, "order": order, "words": words, "page": page}
        return "?" + urlencode({name: value for name, value in pairs.items() if value})

    def understood(self) -> Query:
        """Return the query as it is searched for: with all of its words, or any."""
        return replace(parse(self.query), every=not self.any_word)


Choice = tuple[str, int, str | None]
"""A value by which a search can be narrowed: how many articles, and the query that does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a search finds.

    `several` is whether all or any of the words makes a difference; it `fell_back` to any where no
    article has all. `others` are hits with some of the words, where few have all; `sql` finds the
    same articles, `most` are shown on all pages.
    """

    asked: Asked
    several: bool
    census: Census
    hits: list[Hit]
    others: list[Hit]
    doubts: list[Doubt]
    publishers: Mapping[str, str]
    fell_back: bool
    sql: Mapping[str, str]
    most: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return min(-(-self.census.total // PER_PAGE), LAST_PAGE)

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """What narrows the search, and the query without it."""
        return [(written, rest) for _, written, rest in narrowings(self.asked.query)]

    @property
    def facets(self) -> dict[str, list[Choice]]:
        """By field the choices that there are, the most frequent first."""
        chosen = {name: list(self._choices(name)) for name in self.census.sorts}
        return {name: choices for name, choices in chosen.items() if choices}

    def _choices(self, field: str) -> Iterator[Choice]:
        operators = {"publisher": t("ناشر"), "section": t("قسم"), "kind": t("نوع")}
        states = {"edited": t("معدلة"), "gone": t("مختفية")} if field == "state" else {}
        names = self.publishers if field == "publisher" else {}
        for value, articles in list(self.census.sorts[field].items())[:_LISTED]:
            written = operators.get(field, t("حالة")), states.get(value, value)
            yield names.get(value, value), articles, _narrowed(self.asked.query, *written)

    def chart(self, path: str) -> Chart | None:
        """Return bars over time, which lead to narrower searches at a path; None for one bar."""
        months = _filled(self.census.months)
        size = len("2020-11") if len(months) <= _MONTHS else len("2020")
        counts = dict.fromkeys((month[:size] for month in months), 0)
        for month, articles in self.census.months.items():
            counts[month[:size]] += articles
        points = [
            Point(wording.month(start) if size > len("2020") else start, articles,
                  path + self.asked.address(query=_within(self.asked.query, start)))
            for start, articles in counts.items()
        ]  # fmt: skip
        period = t("الشهر") if size > len("2020") else t("السنة")
        return (
            bars(t("المواد بحسب تاريخ نشرها"), points, period=period) if len(points) > 1 else None
        )


def results(db: sqlite3.Connection, asked: Asked) -> Results:
    """Search an archive."""
    typed = parse(asked.query)
    is_any, several = asked.any_word, bool(typed.words) and len(typed.words + typed.must) > 1
    query = asked.understood()
    counted, others = census(db, query), list[Hit]()
    if several and query.every and not counted.total:
        asked, query = replace(asked, any_word=True), replace(query, every=False)
        counted = census(db, query)
    page = PER_PAGE, (asked.page - 1) * PER_PAGE
    hits = hits_of(db, query, page, order=asked.order, found=counted.total)
    if several and query.every and asked.order == "best" and len(hits) == counted.total:
        known = {hit.id for hit in hits}
        some = hits_of(db, replace(query, every=False), (PER_PAGE, 0), order="best")
        others = [hit for hit in some if hit.id not in known][: PER_PAGE - len(hits)]
    return Results(
        asked=asked,
        several=several,
        census=counted,
        hits=hits,
        others=others,
        doubts=doubts(db, asked.query),
        publishers=dict(db.execute(_PUBLISHERS).fetchall()),
        fell_back=several and asked.any_word and not is_any,
        sql=as_sql(db, asked),
        most=PER_PAGE * LAST_PAGE,
    )


def results_json(found: Results) -> Row:
    """Return a page of results as JSON has it; `next` is the query of the next page."""
    asked, counted = found.asked, found.census
    more = asked.page < found.last
    return {
        "query": asked.query,
        "order": asked.order,
        "words": "any" if asked.any_word else "all",
        "total": counted.total,
        "exact": counted.exact,
        "counted": counted.counted,
        "facets": counted.sorts,
        "months": counted.months,
        "hits": [
            {name: getattr(hit, name) for name in _IN_JSON}
            | {"path": f"/article/{hit.id}", "snippet": MARKED.sub(r"\1", hit.snippet)}
            for hit in found.hits
        ],
        "next": asked.address(page=asked.page + 1) if more else None,
    }


def read(db: sqlite3.Connection, asked: Asked, kind: str | None, path: str) -> Any:
    """Return results, for an Atom feed (`kind`) the newest hits, for a file the question for all.

    `path` is where the archive shows an article, without its number.
    """
    refuse_stale(db)
    with sqlite_timelimit(db, _TIME_LIMIT):
        if kind == "atom":
            return hits_of(db, asked.understood(), (IN_FEED, 0), order="new")
        if kind in {"csv", "jsonl"}:
            return _whole(db, asked.understood(), path, texts=kind == "jsonl")
        return results(db, asked)


def _whole(db: sqlite3.Connection, query: Query, path: str, *, texts: bool) -> Question:
    """Return the question whose answer are all articles that a query finds, the newest first."""
    source, values = ("from articles where false", ()) if query.empty else from_newest(db, query)
    sql = _WHOLE.format(more=", a.text" if texts else "", source=source)
    return Question(sql=sql, parameters=(path, *values))


def as_sql(db: sqlite3.Connection, asked: Asked) -> dict[str, str]:
    """Return the SQL that finds the same articles, as Datasette's page of SQL takes it.

    That is `sql` and the values of its parameters. Of words that `word_forms()` reads as the search
    does, they are what was typed; else the expression of the index.
    """
    query, words = asked.understood(), _without(asked.query)
    found, values = ["false"] if query.empty else list[str](), list[str | int]()
    if query.worded:
        typed = replace(parse(words), every=True)
        is_plain = query.every and typed.expression() == query.expression()
        found.append(_WORDS.format(words="word_forms(?)" if is_plain else "?"))
        values.append(words if is_plain else query.expression())
    for sql, bound in (columns(db, query), others_of(db, query, "id")):
        found += [sql] if sql else []
        values += bound
    numbers = itertools.count(1)
    sql = re.sub(r"\?", lambda _: f":p{next(numbers)}", _SQL.format(where="\n  and ".join(found)))
    return {"sql": sql} | {f"p{n}": str(each) for n, each in enumerate(values, 1)}


def _without(query: str, *parts: str) -> str:
    """Return a query without its filters, or without those of some parts."""
    for part, _, rest in narrowings(query):
        if not parts or part in parts:
            return _without(rest, *parts)
    return query


def _narrowed(query: str, operator: str, value: str) -> str | None:
    """Return a query with one more filter; None where no query can say the value."""
    written = f"{operator}:{value}" if re.fullmatch(r"[\w-]+", value) else f'{operator}:"{value}"'
    narrower = f"{query} {written}".strip()
    before, after = parse(query), parse(narrower)
    if after.publishers == (*before.publishers, value):
        return narrower
    said = [sort.value for sort in after.sorts[len(before.sorts) :]]
    return narrower if said and (said == [value] or operator == t("حالة")) else None


def _within(query: str, period: str) -> str:
    """Return a query for a month (`2020-11`) or a year alone, whatever days it had before."""
    year, month = int(period[:4]), int(period[5:] or 0)
    behind = f"{year + (month in {0, 12})}" + (f"-{month % 12 + 1:02}" if month else "")
    days = f"{t('منذ')}:{period} {t('قبل')}:{behind}"
    return f"{_without(query, 'days')} {days}".strip()


def _filled(months: Mapping[str, int]) -> list[str]:
    """Return all months from first to last, or those there are where a wrong year is far off."""
    if not months:
        return []
    ends = min(months), max(months)
    first, last = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in ends)
    if last - first > _FAR:
        return list(months)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(first, last + 1)]
