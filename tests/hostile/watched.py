"""A newspaper that does all attacks at once beside healthy ones, under `warraq watch`."""

import sys
import time
from collections import ChainMap
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive.database import open_for_reading
from tests.crawler import wire
from tests.hostile.attack import Attack
from tests.hostile.host import Hostile, serve
from tests.hostile.measuring import Taken, measure
from tests.hostile.series import ATTACKS, said
from tests.sound import Unsound, sound

HEALTHY = 5
MOST_MB = 800  # at the peak, of what takes 500 one by one
POLLS = 2  # an item is archived before its newspaper is asked so often for what is new
_IN_FEED = 30


def poison(*, without: Collection[str] = ()) -> Attack:
    """Return all attacks that one site can do, but for some, as one attack."""
    others = {"robots-marks", "robots-wildcards", "robots-endless", *without}
    others |= {"private-addresses", "bad-addresses"}  # names of these would be looked up
    joined = [attack for name, attack in ATTACKS.items() if not attack.alone and name not in others]
    lists: dict[str, Any] = {
        kind: tuple(point for attack in joined for point in getattr(attack, kind))
        for kind in ("listed", "feeds", "sitemaps", "sections", "api")
    }
    routes = dict(ChainMap(*(dict(attack.routes) for attack in joined)))
    return Attack(name="poison", routes=routes, **lists)


@dataclass(slots=True, kw_only=True)
class Newspaper:
    """A healthy newspaper that publishes an item every so many seconds, and when it was asked."""

    site: wire.Site
    every: float
    began: float = field(default_factory=time.monotonic)
    polled: list[float] = field(default_factory=list)
    listed: list[int] = field(default_factory=list)  # items by then, at each poll
    fetched: dict[int, int] = field(default_factory=dict)  # items, by how many polls there were

    def open(self) -> None:
        """Answer from now on."""
        self.site.answers["/feed"] = self._feed
        for number in range(1, 10_000):
            self.site.answers[f"/news/{number}"] = self._article

    def _feed(self, _: wire.Asked) -> wire.Script:
        now = time.monotonic()
        newest = 1 + int((now - self.began) / self.every)
        self.polled.append(now)
        self.listed.append(newest)
        numbers = range(newest, max(0, newest - _IN_FEED), -1)
        return [wire.http(wire.feed(*map(self.address, numbers)), media="text/xml")]

    def _article(self, asked: wire.Asked) -> wire.Script:
        number = int(asked.target.rpartition("/")[2])
        self.fetched.setdefault(number, len(self.polled))
        return [wire.http(wire.article(f"خبر رقم {number}"))]

    def address(self, number: int) -> str:
        return f"{self.site.url}/news/{number}"

    def due(self) -> Iterator[tuple[int, int]]:
        """Yield each item that is to be archived by now, with the poll that first listed it."""
        before = 0
        for poll, newest in enumerate(self.listed[:-POLLS], 1):
            yield from ((number, poll) for number in range(before + 1, newest + 1))
            before = newest

    @property
    def longest_gap(self) -> float:
        """The most seconds between two polls."""
        return max((b - a for a, b in zip(self.polled, self.polled[1:], strict=False)), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What came of it: items that were due, polls, the most that an item waited for, harm."""

    items: int
    polls: int
    most_polls: int
    longest_gap: float
    requests: int
    taken: Taken
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        told = "".join(f"\n    WRONG: {each}" for each in self.wrong)
        return (
            f"{self.items} items of {HEALTHY} healthy newspapers were archived, each within"
            f" {self.most_polls} of {self.polls} polls, at most {self.longest_gap:.0f} s apart;"
            f" {self.requests:,} requests to the poisoned one; {self.taken.cpu:.0f} CPU s,"
            f" {self.taken.peak_mb:.0f} MB at the peak{told}"
        )


def watch(
    archive: Path,
    *,
    minutes: float,
    size: float = 1.0,
    every: int = 60,
    without: Collection[str] = (),
) -> Watched:
    """Watch the poisoned newspaper beside the healthy ones, each polled `every` seconds."""
    with ExitStack() as served:
        host = served.enter_context(serve(poison(without=without), size=size))
        papers = []
        for number in range(HEALTHY):
            site = served.enter_context(wire.serving(host=f"127.0.1.{number + 1}"))
            feeds = [f"{site.url}/feed"]
            wire.publisher(archive, f"healthy-{number}", homepage=f"{site.url}/", feeds=feeds)
            papers.append(Newspaper(site=site, every=every * 0.4))
        slugs = [*host.publish(archive), *(f"healthy-{number}" for number in range(HEALTHY))]
        follow = f"follow = {slugs!r}\nevery = '{every}s'\n"
        (archive / "warraq.toml").write_text(follow, "utf-8")
        for paper in papers:
            paper.open()
        taken = measure(
            [sys.executable, "-m", "crawler", "watch", "--archive", str(archive)],
            log=archive.with_name(f"{archive.name}.log"),
            cpu=minutes * 120,
            megabytes=MOST_MB,
            ends=minutes * 60,
        )
    wrong = [*said([taken]), *_late(archive, papers), *_unsound(archive, host)]
    if taken.peak_mb > MOST_MB:
        wrong.append(f"{taken.peak_mb:.0f} MB at the peak")
    waits = [
        paper.fetched.get(number, 99) - poll + 1 for paper in papers for number, poll in paper.due()
    ]
    return Watched(
        items=len(waits),
        polls=sum(len(paper.polled) for paper in papers),
        most_polls=max(waits, default=0),
        longest_gap=max(paper.longest_gap for paper in papers),
        requests=len(host.asked),
        taken=taken,
        wrong=tuple(wrong),
    )


def _late(archive: Path, papers: Sequence[Newspaper]) -> Iterator[str]:
    """Yield the items that were archived late, or not at all."""
    with closing(open_for_reading(archive)) as db:
        archived = {url for (url,) in db.execute("select url from articles")}
    for paper in papers:
        if not [*paper.due()]:
            yield f"{paper.site.url} was polled {len(paper.polled)} times"
        for number, poll in paper.due():
            if paper.address(number) not in archived:
                yield f"{paper.address(number)} is not archived"
            elif (waited := paper.fetched[number] - poll + 1) > POLLS:
                yield f"{paper.address(number)} was archived after {waited} polls"


def _unsound(archive: Path, host: Hostile) -> Iterator[str]:
    if host.reached:
        yield f"a forbidden address was reached: {host.reached[0]!r}"
    try:
        sound(archive)
    except Unsound as error:
        yield str(error)
