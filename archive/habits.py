"""What a publisher usually does: in the same hours of past weeks, by median and MAD.

A window is held against the same weekday and hours of up to eight weeks before; of an archive that
is younger than a month, against the same hours of up to eight days. Pure, but for two queries.
"""

import math
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median

from archive.clock import from_iso, iso
from archive.rows import select

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
PERIODS, _FEWEST = 8, 3  # that a window is held against, and how many of them there must be
# How many standard deviations from the median are still usual, and roots of it at least; how many
# of them a MAD makes (of a normal distribution).
_SPREADS, _NORMAL = 3.0, 1.4826
_FEW, _FEWEST_USUAL = 0.15, 20  # share of what is usual, where that is so many articles a day
_SAMPLE, _ENOUGH = 100, 8  # captures of a window that are looked at; pages that make a share
_DROP, _SURE = 0.3, 4.0  # of a share, in itself and in standard errors
FIELDS = ("date", "byline", "deck", "image")

_ACTIVITY = """
select publisher, substr(started_at, 1, 13) || ':00:00Z' hour, sum(r.new) new
from run_publishers r join runs on runs.id = r.run
where r.run > coalesce((
        select id from runs where started_at < :since order by id desc limit 1
    ), 0) and started_at <= :until
    and (command = 'crawl' or command like 'crawl %' or command = 'scrapy crawl')
group by 1, 2
"""
_PAGES = """
select c.outcome, a.published_on is not null date, a.byline is not null byline,
    a.deck is not null deck, a.image_url is not null image
from captures c left join articles a on a.id = c.article
where c.publisher = :publisher and c.kind = 'article'
    and c.fetched_at > :since and c.fetched_at <= :until
    and c.outcome in ('new', 'changed', 'same', 'other', 'failed', 'doubted')
order by c.fetched_at desc limit :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """A number in a window of so many `hours`, and what is usual there: `unusual` if far below."""

    hours: int
    count: int
    usual: float
    unusual: bool


def step(since: datetime, now: datetime) -> timedelta | None:
    """Return how far apart the windows are that something known `since` is held against.

    Whole weeks, or days where it is not known that long; None where it has no habits yet.
    """
    return next((each for each in (WEEK, DAY) if now - since > (_FEWEST + 1) * each), None)


def activity(db: sqlite3.Connection, now: datetime) -> dict[str, Counter[datetime]]:
    """Return by publisher how many new articles its crawls brought, by the hour they began.

    Of the last ten weeks; an hour in which nothing was asked is missing.
    """
    hours: dict[str, Counter[datetime]] = {}
    bounds = {"since": iso(now - (PERIODS + 2) * WEEK), "until": iso(now)}
    for row in select(db, _ACTIVITY, bounds):
        hours.setdefault(row["publisher"], Counter())[from_iso(row["hour"])] = row["new"]
    return hours


def novelty(hours: Mapping[datetime, int], now: datetime) -> Usual:
    """Return how many articles were new in the last day, or none since longer than is usual.

    `hours` are those of one publisher, as `activity` has them.
    """
    apart = step(min(hours, default=now), now)
    last = max((at for at, new in hours.items() if new), default=now - WEEK)
    gap = min(max(now - last, HOUR), apart or DAY)
    since_last = _usual(hours, now, gap, apart)
    if since_last.unusual:
        return since_last
    return _usual(hours, now, DAY, apart)


def _usual(
    hours: Mapping[datetime, int], now: datetime, length: timedelta, apart: timedelta | None
) -> Usual:
    """Hold a window that ends `now` against those before; where nothing was asked, none was."""
    ends = (now - back * (apart or DAY) for back in range(PERIODS + 1))
    inside = [[new for at, new in hours.items() if end - length < at <= end] for end in ends]
    count, past = sum(inside[0]), [sum(each) for each in inside[1:] if each and apart]
    return Usual(
        hours=round(length / HOUR),
        count=count,
        usual=median(past) if past else 0,
        unusual=is_low(count, past),
    )


def is_low(count: int, past: Sequence[float]) -> bool:
    """Return whether a count is far below those of the same hours before.

    None at all counts where it is three robust standard deviations (and three roots) below the
    median; some, where they are a seventh of many. Measured in tests/benchmarks/silence.py.
    """
    if len(past) < _FEWEST:
        return False
    middle = median(past)
    spread = _NORMAL * median(abs(each - middle) for each in past)
    if count == 0:
        return middle > _SPREADS * max(spread, math.sqrt(middle))
    few = middle >= _FEWEST_USUAL and count < _FEW * middle
    return few and count < middle - _SPREADS * spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of pages lately (0 to 1, of `of` pages), and in the past; None where there are none.

    `unusual` if it fell far.
    """

    lately: float | None
    before: float | None
    of: int
    unusual: bool


def shares(
    db: sqlite3.Connection, publisher: str, *, apart: timedelta | None, now: datetime
) -> dict[str, Share]:
    """Return the share of a publisher's pages that read as articles, and of these with each field.

    Of the last day, and in the median of the days before that it is held against.
    """
    ends = [now - back * (apart or DAY) for back in range(PERIODS + 1 if apart else 1)]
    own = {"publisher": publisher, "limit": _SAMPLE}
    bounds = ({"since": iso(end - DAY), "until": iso(end)} for end in ends)
    periods = [select(db, _PAGES, own | each) for each in bounds]
    unread = {"other", "failed", "doubted"}
    read = [[row["outcome"] not in unread for row in rows] for rows in periods]
    new = [[row for row in rows if row["outcome"] == "new"] for rows in periods]
    fields = {name: [[bool(row[name]) for row in rows] for rows in new] for name in FIELDS}
    return {name: _share(each) for name, each in {"read": read, **fields}.items()}


def _share(periods: Sequence[Sequence[bool]]) -> Share:
    lately, *past = periods
    parts = [fmean(each) for each in past if len(each) >= _ENOUGH]
    before = median(parts) if len(parts) >= _FEWEST else None
    share, fell = fmean(lately) if lately else None, False
    if share is not None and before is not None and len(lately) >= _ENOUGH:
        error = math.sqrt(max(before * (1 - before), 0.01) / len(lately))
        fell = before - share > max(_DROP, _SURE * error)
    return Share(lately=share, before=before, of=len(lately), unusual=fell)
