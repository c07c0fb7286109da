"""Ranges of days and hours, and the days on which listings say articles were published. Pure."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from archive.models import Kind, Link
from crawler.dates.moments import parse

FRESH = timedelta(days=1)  # for so long a robots.txt is used (RFC 9309, section 2.4)

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-](\d{1,2})(?:[/-](\d{1,2})(?=[/-])|(?=/))")
_DAY = timedelta(days=1)
_Days = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days from `since` to `until`, both included; None where it has no such end."""

    since: date | None = None
    until: date | None = None

    @property
    def span(self) -> tuple[date, date] | None:
        """Its first and its last day, where it has both."""
        return (self.since, self.until) if self.since and self.until else None

    def is_over(self, link: Link) -> bool:
        """Return whether a link leads to what was surely published before it."""
        return bool(self.since and link.latest_on and link.latest_on < self.since)

    def is_ahead(self, link: Link) -> bool:
        """Return whether a link leads to what was surely published after it."""
        return bool(self.until and link.earliest_on and link.earliest_on > self.until)


ALWAYS = Period()


def dated(link: Link, *, zone: tzinfo | None) -> Link:
    """Return a link with the days between which it was published, as far as that is stated.

    By the listing's own date, else by the day or month in the address; what was changed last on a
    day was not published after it. `zone` is where dates without a zone were printed.
    """
    if link.kind is Kind.SITEMAP:  # whose date is that of its last change
        earliest, latest, changed = None, None, link.published
    else:
        earliest, latest = _printed(link.published, zone) or _in_address(link.url)
        changed = link.modified
    last = (_printed(changed, zone) or (None, None))[1]
    if last and (latest is None or last < latest) and (earliest is None or earliest <= last):
        latest = last
    return replace(link, earliest_on=earliest, latest_on=latest)


def moment(text: str | None, *, zone: tzinfo | None) -> datetime | None:
    """Return the earliest moment that a printed date can mean, in UTC; None for anything else."""
    text = text or ""
    if _ISO.fullmatch(text):
        with suppress(ValueError, OverflowError):
            stated = datetime.fromisoformat(text)
            return stated.replace(tzinfo=stated.tzinfo or zone or UTC).astimezone(UTC)
    printed = parse(text, now=None, zone=zone or UTC)
    if printed is None:
        return None
    return printed.at or datetime.combine(printed.day, datetime.min.time(), zone or UTC)


def _printed(text: str | None, zone: tzinfo | None) -> _Days | None:
    """Return the calendar days that a printed date can mean: one, or three without a zone."""
    at = moment(text, zone=zone)
    if at is None:
        return None
    day = at.astimezone(zone or UTC).date()
    is_day = text is not None and _ISO.fullmatch(text) and len(text) == len("2020-11-09")
    return (day, day) if zone or is_day else (day - _DAY, day + _DAY)


def _in_address(url: str) -> _Days:
    """Return the day or month that an address names: /2020/11/09/, /2020-11-09/ or /2020/11/."""
    for match in _IN_ADDRESS.finditer(url):
        year, month, day = map(int, match.groups(default=0))
        with suppress(ValueError):
            first = date(year, month, day or 1)
            return first, first if day else (first + 31 * _DAY).replace(day=1) - _DAY
    return None, None


_HOURS = re.compile(r"([01]?\d|2[0-3])(?::([0-5]\d))?\s*-\s*([01]?\d|2[0-4])(?::([0-5]\d))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From `begin` on, up to `end` (exclusive); past midnight where `end` is not later."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """Read `22-06` or `21:30-5:45`.

        Raises:
            ValueError: if it is neither.
        """
        match = _HOURS.fullmatch(text.strip())
        if not match:
            raise ValueError
        begin, begin_minute, end, end_minute = (int(part or 0) for part in match.groups())
        return cls(begin=time(begin, begin_minute), end=time(end % 24, end_minute))

    def __contains__(self, moment: datetime) -> bool:
        """Return whether a moment, in whose zone the hours are meant, is within them."""
        now = moment.time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"
