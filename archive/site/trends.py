"""A word over time: how many articles have it in each period, and what share that is of all.

What is found gets its day from an index of few columns, and how many articles there are at all is
kept by day (`day_counts`), so that a page costs what its words find.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Any, Self
from urllib.parse import urlencode

from datasette.utils import sqlite_timelimit

from archive.rows import Row, value
from archive.search import doubts, refuse_stale
from archive.search.query import Query, parse
from archive.search.ranking import columns, dated
from archive.site import wording
from archive.site.charts import Chart, Point, Series, bars, lines
from archive.site.language import t

MOST_LINES = 6  # more cannot be told apart
DRAWN, WRITTEN = 400, 8000  # periods, of a chart and of a file
_TIME_LIMIT = 4000  # milliseconds
_LENGTHS = {"year": 4, "month": 7, "day": 10}  # of what a period has of its days' spelling
_LATEST = date(9999, 12, 30)  # behind which there is another day
_FITTING = (("day", 62), ("week", 400), ("month", 7500))  # the longest span of each, in days


class Period(StrEnum):
    """What a chart counts by; weeks begin on Monday, as ISO 8601 has them."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    @classmethod
    def fitting(cls, first: date, last: date) -> Self:
        """Return the period by which so many days are best seen."""
        span = (last - first).days
        return cls(next((name for name, longest in _FITTING if span <= longest), "year"))

    def start(self, day: str) -> str:
        """Return the first day of the period of a day, both in ISO 8601."""
        if self is Period.WEEK:
            read = date.fromisoformat(day)
            return str(read - timedelta(days=read.weekday()))
        length = _LENGTHS[self]
        return day[:length] + "-01-01"[length - 4 :]

    def following(self, start: str) -> str:
        """Return the first day of the next period."""
        days = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 32, Period.YEAR: 366}[self]
        return self.start(str(date.fromisoformat(start) + timedelta(days=days)))

    def label(self, start: str) -> str:
        """Return the name of the period that begins on a day."""
        if self is Period.YEAR:
            return start[:4]
        if self is Period.MONTH:
            return wording.month(start[:7])
        day = wording.day(start)
        return day if self is Period.DAY else t("أسبوع {day}", day=day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which words, in which publishers (slugs; none: all), by which period, from when to when."""

    words: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    period: Period | None = None
    first: date | None = None
    last: date | None = None
    share: bool = False

    @classmethod
    def read(cls, arguments: Any) -> Self:
        """Read what an address asks for; commas part words, but for those in quotes.

        Raises:
            ValueError: if a day or the period is not valid.
        """
        typed = [text[:1000] for text in arguments.getlist("q")]
        parts = [[text] if '"' in text else re.split("[,،;؛\n]", text) for text in typed]
        words = dict.fromkeys(word.strip() for each in parts for word in each if word.strip())
        per, first, last = (arguments.get(name) for name in ("per", "from", "to"))
        return cls(
            words=tuple(words),
            publishers=tuple(dict.fromkeys(filter(None, arguments.getlist("publisher")))),
            period=Period(per) if per else None,
            first=date.fromisoformat(first) if first else None,
            last=min(date.fromisoformat(last), _LATEST) if last else None,
            share=arguments.get("show") == "share",
        )

    def query(self, **other: str | None) -> str:
        """Return the query, with its `?`, of an address that asks for the same or in part other."""
        show = "share" if self.share else None
        own = {"per": self.period, "from": self.first, "to": self.last, "show": show, **other}
        pairs = [("q", word) for word in self.words]
        pairs += [("publisher", slug) for slug in self.publishers]
        return f"?{urlencode(pairs + [(name, str(each)) for name, each in own.items() if each])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one period has: articles found, of how many, and of a hundred; None is a gap."""

    start: str
    articles: int | None
    of: int | None
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A word (in one publisher, or in all that were chosen) over time.

    `undated` are found articles without a printed day, `elsewhere` those of days that are not in
    `counts`; the sum of all is `found`.
    """

    query: str
    publisher: str | None
    counts: tuple[Count, ...]
    found: int
    undated: int
    elsewhere: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Lines over the same periods, and how many were left out, for they are too many to be seen.

    `doubtful` are words of which a part was not understood.
    """

    period: Period
    lines: tuple[Line, ...]
    left_out: int
    doubtful: tuple[str, ...]


Address = Callable[[str], str]
_Days = Mapping[str, int]  # articles by ISO day; "" is none
_TOTALS = """
select day, sum(articles)
from (select day, nullif(day, '') as published_on, publisher, articles from day_counts)
where {where} group by day
"""
# A day that is printed wrong must not stretch the axis beyond the archive's own last.
_LAST = "select date(max(first_seen_at), '+1 day') from articles"
_FAR = "9000-01-01"
_NAMES = {"day": "اليوم", "week": "الأسبوع", "month": "الشهر", "year": "السنة"}


def trend(db: sqlite3.Connection, asked: Asked, *, most: int = DRAWN) -> Trend:
    """Count the words that are asked for; of more than `most` periods, the newest.

    Raises:
        StaleIndex: the index was made by another version of the analyser.
        sqlite3.OperationalError: it took longer than the site allows.
    """
    refuse_stale(db)
    split = [(slug,) for slug in asked.publishers]
    pairs = list(product(asked.words, split if len(split) > 1 else [asked.publishers]))
    shown = pairs[:MOST_LINES]
    with sqlite_timelimit(db, _TIME_LIMIT):
        totals = cache(lambda *own: dict(db.execute(_TOTALS.format(where=own[0]), own[1:])))
        hits = [dated(db, parse(word), slugs) for word, slugs in shown]
        there = [totals(*_bounds(db, parse(word), slugs)) for word, slugs in shown]
        doubtful = {word for word, _ in shown if doubts(db, word)}
        limit = value(db, _LAST) or _FAR
    earliest = min((day for each in there for day in each if day), default="")
    axis = _axis(asked, [day for each in hits for day in each], earliest, limit, most)
    return Trend(
        period=axis.period,
        lines=tuple(map(axis.line, shown, hits, there)),
        left_out=len(pairs) - len(shown),
        doubtful=tuple(sorted(doubtful)),
    )


def _bounds(db: sqlite3.Connection, query: Query, slugs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the condition on the articles of which a query finds some, and its values."""
    names = ("publishers", "not_publishers", "after", "before")
    own, values = columns(db, Query(**{name: getattr(query, name) for name in names}))
    among = "publisher in (select value from json_each(?))" if slugs else "? is not null"
    return f"{own or 'true'} and {among}", *map(str, values), json.dumps(slugs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """The periods that are shown, by their starts, and the days that count: first and last."""

    period: Period
    starts: tuple[str, ...]
    first: str
    last: str

    def line(self, pair: tuple[str, tuple[str, ...]], hits: _Days, totals: _Days) -> Line:
        """Return what is found of a word in publishers; the name of a publisher alone."""
        counts, found = self.counts(hits, totals), sum(hits.values())
        shown, undated = sum(each.articles or 0 for each in counts), hits.get("", 0)
        return Line(
            query=pair[0],
            publisher=pair[1][0] if len(pair[1]) == 1 else None,
            counts=counts,
            found=found,
            undated=undated,
            elsewhere=found - shown - undated,
        )

    def counts(self, hits: _Days, totals: _Days) -> tuple[Count, ...]:
        """Return what is found in each period, of how many."""
        found, of = self._summed(hits), self._summed(totals)
        return tuple(
            Count(start=each, articles=found[each], of=of[each], share=100 * found[each] / of[each])
            if of[each]
            else Count(start=each, articles=None, of=0, share=None)
            for each in self.starts
        )

    def _summed(self, days: _Days) -> Counter[str]:
        """Return the sums of periods by their starts; of months and years, by slices of days."""
        length = _LENGTHS.get(self.period, 0)
        sums, first, last = Counter[str](), self.first, self.last
        for day, number in days.items():
            if first <= day <= last:
                sums[day[:length] or self.period.start(day)] += number
        return Counter({self.period.start(each): number for each, number in sums.items()})


def _axis(asked: Asked, days: Iterable[str], earliest: str, latest: str, most: int) -> _Axis:
    """Return the periods from the first day to the last, or those that are asked for.

    None are outside of the `earliest` and the `latest` day of which there can be anything.
    """
    printed = [day for day in days if "" < day <= latest]
    first = max(earliest, str(asked.first or min(printed, default="9999-12-31")))
    last = min(latest, str(asked.last or max(printed, default="")))
    period, starts = asked.period or Period.YEAR, list[str]()
    if first <= last:
        period = asked.period or Period.fitting(*map(date.fromisoformat, (first, last)))
        start = period.start(last)
        while len(starts) < most:
            starts.append(start)
            if start <= first:
                break
            start = period.start(str(date.fromisoformat(start) - timedelta(days=1)))
    starts.reverse()
    first = max(first, starts[0]) if starts else first
    return _Axis(period=period, starts=tuple(starts), first=first, last=last)


def trend_chart(
    asked: Asked, found: Trend, names: dict[str, str], address: Address
) -> Chart | None:
    """Return the picture of what was found, each point with a link; None where there is none.

    `names` are those of publishers by slug, `address` gives that of a path of this site.
    """
    if not found.lines or not found.lines[0].counts:
        return None
    series = [
        Series(
            name=f"{line.query} · {names.get(line.publisher, line.publisher)}"
            if line.publisher
            else line.query,
            points=_points(asked, found.period, line.query, line.counts, address, line.publisher),
        )
        for line in found.lines
    ]
    title = t("نسبة المواد من كل ما نُشر") if asked.share else t("عدد المواد")
    return lines(title, series, period=t(_NAMES[found.period]), share=asked.share)


def volume_chart(days: _Days, slug: str, limit: str | None, address: Address) -> Chart | None:
    """Return a picture of how many articles a publisher has; a period without any is a gap."""
    axis = _axis(Asked(), days, "", limit or _FAR, DRAWN)
    points = _points(Asked(), axis.period, "", axis.counts(days, days), address, slug)
    return bars(t("عدد المواد"), points, period=t(_NAMES[axis.period])) if points else None


def _points(
    asked: Asked, period: Period, query: str, counts: tuple[Count, ...], address: Address,
    slug: str | None,
) -> tuple[Point, ...]:  # fmt: skip
    """Return what is drawn of counts, each with the address of a search for what it counts."""
    words = urlencode({"q": f"{query} publisher:{slug} ".lstrip() if slug else f"{query} "})
    path = address(f"/search?order=new&{words}")
    first, last = str(asked.first or ""), asked.last and str(asked.last + timedelta(days=1))
    return tuple(
        Point(
            period.label(each.start),
            each.share if asked.share else each.articles,
            f"{path}after%3A{max(each.start, first)}"
            f"+before%3A{min(period.following(each.start), last or '~')}",
        )
        for each in counts
    )


COLUMNS = ("query", "publisher", "start", "articles", "of", "share")


def trend_rows(found: Trend) -> Iterator[Row]:
    """Yield a row for each point, and one without a start for what prints no day."""
    for line in found.lines:
        undated = Count(start="", articles=line.undated, of=None, share=None)
        for each in (*line.counts, undated):
            yield {"query": line.query, "publisher": line.publisher} | asdict(each)
