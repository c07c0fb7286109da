"""When a listing is polled next: learnt from when its newspaper published, by the hour of the day.

Pure. A poll for about every article that is expected, between ten minutes and four hours apart, and
so often that a burst fills at most half of the listing: nothing is missed where what arrives
between two polls fits into it. `python -m tests.simulation` holds it against fixed intervals.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from math import sqrt

SHORTEST = timedelta(minutes=10)
LONGEST = timedelta(hours=4)
WINDOW = timedelta(days=28)  # what is older says nothing of today

_HOUR = timedelta(hours=1)
_WHOLE = timedelta(hours=6)  # for so long validators are believed at most
_STEP = timedelta(minutes=5)
_PER_POLL = 1.35  # articles
_FIRST = 1.5  # articles that are expected in the first hour of a listing
_DAYS = 4.0  # for so many, an hour of the day is held for like the others
_LATELY = timedelta(hours=6)
_ANY = 8  # so many articles more than usual in them are no sign
_DEVIATIONS = 1.5  # a burst is so far above what is expected
_JITTER = 0.04  # of an interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How many articles a listing brings in each of the 24 `hours` of the day, in a `zone`.

    `bursts` is the variance of what comes in an hour, by its mean: 1 where each comes by itself.
    """

    hours: tuple[float, ...]
    bursts: float = 1.0
    zone: tzinfo = UTC

    def expected(self, begin: datetime, end: datetime) -> float:
        """Return how many articles are expected between two moments."""
        whole, rest = divmod(end - begin, _STEP)
        steps = sum(self.rate(begin + number * _STEP) for number in range(whole))
        return steps * (_STEP / _HOUR) + self.rate(end) * (rest / _HOUR)

    def rate(self, moment: datetime) -> float:
        """Return how many articles are expected in an hour at a moment."""
        return self.hours[moment.astimezone(self.zone).hour]

    def fits(self, expected: float, entries: int | None) -> bool:
        """Return whether a burst, where so many are expected, is at most half of the listing."""
        return not entries or (expected + _DEVIATIONS * sqrt(self.bursts * expected) <= entries / 2)


def learn(
    arrivals: Sequence[datetime], *, since: datetime, now: datetime, zone: tzinfo | None = None
) -> Rhythm:
    """Return the rhythm of a listing by when its articles came, known from `since` on.

    Hours of the day get rates of their own as days go by. Where more came lately than is usual,
    that is expected to go on; where less did, as much as usual is: a quiet day ends at some time.
    """
    zone, begin = zone or UTC, min(max(since, now - WINDOW), now)
    came = Counter(_hour_of(at, zone) for at in arrivals if begin <= at <= now)
    span = (now - begin) / _HOUR
    last = int(span)
    hours = [_hour_of(begin + number * _HOUR, zone) for number in range(last + 1)]
    mean = (came.total() + _FIRST) / (span + 1)
    counts, known = [0.0] * 24, [0.0] * 24
    for hour in {*hours, *came}:
        counts[hour % 24] += came[hour]
        known[hour % 24] += 1
    known[hours[-1] % 24] -= last + 1 - span  # it is not over
    rates = [(counts[hour] + _DAYS * mean) / (known[hour] + _DAYS) for hour in range(24)]
    usual = Rhythm(hours=tuple(rates), bursts=_bursts(came, hours, rates), zone=zone)
    lately = sum(now - _LATELY < at <= now for at in arrivals)
    more = lately - usual.expected(max(begin, now - _LATELY), now) - _ANY
    return replace(usual, hours=tuple(rate + max(more, 0) / (_LATELY / _HOUR) for rate in rates))


def _hour_of(moment: datetime, zone: tzinfo) -> int:
    """Return the number of an hour on the clocks of a zone; modulo 24 it is that of the day."""
    there = moment.astimezone(zone)
    return 24 * there.toordinal() + there.hour


def _bursts(came: Counter[int], hours: Sequence[int], rates: Sequence[float]) -> float:
    among = {*hours, *came}
    apart = sum((came[hour] - rates[hour % 24]) ** 2 for hour in among)
    return max(apart / sum(rates[hour % 24] for hour in among), 1.0)


def interval(rhythm: Rhythm, *, now: datetime, entries: int | None = None) -> timedelta:
    """Return how long after a poll `now` the next one is due.

    `entries` is how many articles the listing shows, None or 0 where that is not known.
    """
    wait, expected = timedelta(0), 0.0
    while wait < LONGEST:
        expected += rhythm.rate(now + wait) * (_STEP / _HOUR)
        if expected > _PER_POLL or not rhythm.fits(expected, entries):
            break
        wait += _STEP
    return max(wait, SHORTEST)


def next_poll(rhythm: Rhythm, *, key: str, now: datetime, entries: int | None = None) -> datetime:
    """Return when a listing (its key) that is polled `now` is polled next.

    That is up to a twenty-fifth sooner than its interval, by chance of key and time: else listings
    that were once due together would be for ever.
    """
    wait = interval(rhythm, now=now, entries=entries)
    chance = zlib.crc32(f"{key} {now.isoformat()}".encode()) / 2**32
    return now + max(wait * (1 - _JITTER * chance), SHORTEST)


def is_conditional(
    rhythm: Rhythm, *, read_at: datetime, now: datetime, entries: int | None = None
) -> bool:
    """Return whether a listing that was last read at a moment may answer that it is unchanged.

    Some keep their validators when they change. So they are not sent once an eighth of the listing
    is expected to be new, nor after six hours.
    """
    if now - read_at >= _WHOLE:
        return False
    return rhythm.expected(min(read_at, now), now) < max((entries or 0) / 8, 1.0)
