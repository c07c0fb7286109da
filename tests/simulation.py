"""Simulated months of newspapers: the policy of `crawler.polls` against fixed intervals.

    python -m tests.simulation              the table: 30 days of each newspaper
    python -m tests.simulation --days 60

Newspapers publish by day and rest for eight hours, in part in bursts; a feed shows the newest
twenty. Requests are the polls, and of each article its page and five later visits as far as the
month goes. A missed article counts as one that came a day late.
"""

import argparse
import random
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from archive.models import Kind, Visit
from crawler import polls, schedule

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Damascus")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ENTRIES = 20
NIGHT = range(8)  # the hours in which it hardly publishes,
BY_NIGHT = 0.05  # and how much, against the day
IN_BURSTS = 0.2  # of the articles,
BURST = 8  # so many together at the mean,
BURST_LASTS = timedelta(minutes=15)  # within this time
LATE = DAY  # that a missed article counts
FEED = Visit(key="feed", url="https://paper.example/feed", publisher="paper", kind=Kind.FEED)
LOOKS = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 72, 168))


@dataclass(slots=True, kw_only=True)
class Paper:
    """A newspaper: when its articles come, and what its feed of so many `entries` shows.

    `listed` are (moment, number of an article) in the order in which they came to the top. It does
    not answer while it is `away`; then its feed may be `another`, of which nothing is known. A
    `sticky` one says that it is unchanged, whatever it shows.
    """

    comes: Sequence[datetime]
    listed: Sequence[tuple[datetime, int]] = ()
    entries: int = ENTRIES
    away: tuple[datetime, datetime] = (BEGIN, BEGIN)
    another: bool = False
    sticky: bool = False

    def feed(self, now: datetime) -> list[int] | None:
        """Return the articles (their numbers) in the feed, None while it is away."""
        if self.away[0] <= now < self.away[1]:
            return None
        end = bisect_right(self.listed, (now, len(self.comes)))
        newest = reversed(self.listed[max(0, end - 10 * self.entries) : end])
        return list(dict.fromkeys(number for _, number in newest))[: self.entries]


def of(comes: Sequence[datetime], **ways: Any) -> Paper:
    """Return a newspaper whose articles come at these moments."""
    return Paper(comes=comes, listed=[(at, number) for number, at in enumerate(comes)], **ways)


def paper(rate: float, *, days: int, seed: int = 1, edits: float = 0.0, **ways: Any) -> Paper:
    """Return a newspaper of so many articles a day; a part of them comes to the top again."""
    chance = random.Random(f"{seed} {rate} {edits}")
    one = of(sorted(_comes(chance, rate, days)), **ways)
    edited = [pair for pair in one.listed if chance.random() < edits]
    again = ((at + timedelta(hours=chance.expovariate(0.5)), number) for at, number in edited)
    return replace(one, listed=sorted([*one.listed, *again]))


def _comes(chance: random.Random, a_day: float, days: int) -> Iterator[datetime]:
    by_day = a_day / ((24 - len(NIGHT)) + BY_NIGHT * len(NIGHT))
    for number in range(days * 24):
        begin = BEGIN + timedelta(hours=number)
        night = begin.astimezone(ZONE).hour in NIGHT
        rate = by_day * (BY_NIGHT if night else 1)
        for _ in range(_poisson(chance, rate * (1 - IN_BURSTS))):
            yield begin + timedelta(hours=chance.random())
        for _ in range(_poisson(chance, rate * IN_BURSTS / BURST)):
            first = begin + timedelta(hours=chance.random())
            for _ in range(chance.randint(1, 2 * BURST - 1)):
                yield first + BURST_LASTS * chance.random()


def _poisson(chance: random.Random, mean: float) -> int:
    count, at = 0, chance.expovariate(1.0)
    while at < mean:
        count, at = count + 1, at + chance.expovariate(1.0)
    return count


@dataclass(slots=True, kw_only=True)
class Lived:
    """What came of a month: when it was polled, and when each article was found."""

    paper: Paper
    end: datetime
    polls: list[datetime] = field(default_factory=list)
    good: list[datetime] = field(default_factory=list)  # that were answered,
    read: list[datetime] = field(default_factory=list)  # and not by a 304
    found: dict[int, datetime] = field(default_factory=dict)

    @property
    def came(self) -> Sequence[datetime]:
        """When the articles came that it can have found."""
        return self.paper.comes[: bisect_right(self.paper.comes, self.good[-1])]

    @property
    def missed(self) -> list[int]:
        """The articles (their numbers) that had left the feed when it was polled again."""
        return [number for number, _ in enumerate(self.came) if number not in self.found]

    def requests(self) -> float:
        """Return the requests per article."""
        looks = sum(self.found[number] + age < self.end for number in self.found for age in LOOKS)
        return (len(self.polls) + len(self.found) + looks) / len(self.found)

    def delays(self) -> list[float]:
        """Return the minutes that each article waited."""
        late = LATE / MINUTE
        found = self.found
        return [(found[n] - at) / MINUTE if n in found else late for n, at in enumerate(self.came)]

    def __str__(self) -> str:
        delays = sorted(self.delays())
        p95 = delays[int(len(delays) * 0.95)]
        median, missed = statistics.median(delays), len(self.missed)
        return f"{self.requests():5.1f} · {median:5.1f} · {p95:6.1f} · {missed:4}"


Next = Callable[[Lived, datetime], datetime]


def live(paper: Paper, after: Next, *, days: int) -> Lived:
    """Poll a newspaper for so many days, each time when the policy says."""
    lived = Lived(paper=paper, end=BEGIN + days * DAY)
    now, failures = BEGIN, 0
    while now < lived.end:
        lived.polls.append(now)
        feed = paper.feed(now)
        if feed is None:
            now = schedule.after_failure(replace(FEED, failures=failures), now=now) or lived.end
            failures += 1
            continue
        failures = 0
        if not (paper.sticky and lived.read and _may_be_unchanged(lived, now)):
            lived.read.append(now)
            for number in feed:
                lived.found.setdefault(number, now)
        lived.good.append(now)
        now = after(lived, now)
    return lived


def rhythm(lived: Lived, now: datetime) -> polls.Rhythm:
    """Return what is learnt by then: of another feed, what that one brought."""
    known = list(lived.found.items())
    if lived.paper.another and now >= lived.paper.away[1]:
        known = [(number, at) for number, at in known if at >= lived.paper.away[1]]
    comes = sorted(lived.paper.comes[number] for number, _ in known)
    since = min([*comes[:1], next((at for at in lived.good), now)])
    return polls.learn(
        comes[bisect_left(comes, now - polls.WINDOW) :], since=since, now=now, zone=ZONE
    )


def _may_be_unchanged(lived: Lived, now: datetime) -> bool:
    entries, read_at = lived.paper.entries, lived.read[-1]
    return polls.is_conditional(rhythm(lived, now), read_at=read_at, now=now, entries=entries)


def learnt(lived: Lived, now: datetime) -> datetime:
    """Poll as `crawler.polls` says."""
    entries = min(len(lived.found), lived.paper.entries)
    return polls.next_poll(rhythm(lived, now), key="paper", now=now, entries=entries)


def fixed(minutes: int) -> Next:
    """Return the policy that polls every so many minutes."""
    return lambda _, now: now + minutes * MINUTE


def newspapers(days: int) -> Iterator[tuple[str, Paper]]:
    """Yield newspapers that live less evenly, 30 articles a day."""
    week = BEGIN + days * DAY / 2, BEGIN + days * DAY / 2 + 7 * DAY
    yield "edits a third of its articles", paper(30, days=days, edits=0.33)
    yield "is away for a week", paper(30, days=days, away=week)
    moved = week[0], week[0] + DAY
    yield "has another feed, found in a day", paper(30, days=days, away=moved, another=True)
    yield "always says 304", paper(30, days=days, sticky=True)
    comes = [*paper(3, days=days // 2).comes]
    comes += [at + days // 2 * DAY for at in paper(100, days=days - days // 2).comes]
    yield "from 3 to 100 a day", of(comes)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Simulate months of newspapers.")
    parser.add_argument("--days", type=int, default=30)
    days = parser.parse_args().days
    print("requests per article · median · p95 minutes · missed")
    for name, policy in (("fixed 15", fixed(15)), ("fixed 60", fixed(60)), ("learnt", learnt)):
        for rate in (3, 30, 300):
            lived = live(paper(rate, days=days), policy, days=days)
            print(f"{name:8} {rate:4} a day  {lived}  of {len(lived.came):,}")
    for name, one in newspapers(days):
        lived = live(one, learnt, days=days)
        print(f"{name:32}  {lived}  of {len(lived.came):,}{_back(lived)}")


def _back(lived: Lived) -> str:
    """Return how soon a newspaper that was away was read again."""
    begin, end = lived.paper.away
    if begin == end:
        return ""
    tries = sum(begin <= at < end for at in lived.polls)
    first = next(at for at in lived.good if at >= end)
    return f"; {tries} polls meanwhile, read again after {(first - end) / MINUTE:.0f} minutes"


if __name__ == "__main__":
    main()
