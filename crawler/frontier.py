"""What to visit next: the due visits of some publishers, as many as may be in hand at a time.

It remembers what is in hand and nothing else; what is known, due, seen and failed is in the
archive. What is in hand is also in a file, which a crawl that dies leaves behind.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from archive import visits
from archive.models import Kind, Link, Visit
from archive.store import Store
from crawler.daterange import ALWAYS, Period
from crawler.fetch.throttle import Delays
from crawler.listings import wordpress
from crawler.outcomes import Outcomes
from crawler.publisher import Publisher

IN_HAND = 24  # pages of a publisher without a delay


class InHand:
    """The keys of the visits in hand, in the archive's file `in-hand` as long as a crawl lasts."""

    def __init__(self, root: Path) -> None:
        self._path = root / "in-hand"
        self._file = self._path.open("wb", buffering=0)

    def write(self, sign: str, visits: Iterable[Visit]) -> None:
        """Write that visits are in hand (`+`), or not any more (`-`); no disk is waited for."""
        with contextlib.suppress(OSError, ValueError):  # a full disk; a file that is closed
            self._file.write("".join(f"{sign}{visit.key}\n" for visit in visits).encode())

    def end(self) -> None:
        """Remove the file: what is in hand is to blame for nothing from now on."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def left_in_hand(root: Path) -> list[str]:
    """Return the keys that a crawl which died had in hand."""
    path = root / "in-hand"
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    last = {line[1:]: line[0] for line in text.split("\n")[:-1]}
    return [key for key, sign in last.items() if sign == "+"]


def charge(store: Store) -> list[str]:
    """Count as failed what a crawl had in hand when it died; return the keys of what is still due.

    One of them may have killed it: a `Frontier` holds them back and makes them one by one. What is
    not known was found within the last second, and is found again.
    """
    left, outcomes = left_in_hand(store.root), Outcomes(store)
    why = "the crawl died (killed, out of memory or over time) while this was in hand"
    found = {key: visits.find(store.db, key) for key in left}
    due = [key for key, visit in found.items() if visit is None or outcomes.died(visit, why)]
    store.batch.commit()
    (store.root / "in-hand").unlink(missing_ok=True)
    return due


class Frontier:
    """Hands out due visits until nothing is due or a limit is reached."""

    def __init__(
        self,
        store: Store,
        publishers: Iterable[Publisher],
        *,
        delays: Delays,
        limit: int | None = None,
        seconds: float | None = None,
        max_bytes: int | None = None,
        only: Sequence[str] | None = None,
        period: Period = ALWAYS,
        back: bool = False,
        held: Collection[str] = (),
        head_start: float = 0.0,
    ) -> None:
        """Take the publishers to visit, or `only` these addresses of them.

        With `back`, visits are those of a walk into the past of a `period` with two ends.
        At most `limit` articles are handed out, and then nothing more; after `seconds`, or when
        `max_bytes` were received, no further visit is. Of publishers with long `delays` few are.
        Those with the keys `held` are one by one, behind everything else of their publishers; and
        for the seconds of the `head_start` behind everything else.
        """
        self._store = store
        self._publishers = {publisher.slug: publisher for publisher in publishers}
        self._limit = limit
        self.articles_left = limit
        self._period = period
        self._within = period.span if back else None
        self.ended = 0  # visits
        self._delays = delays
        self._only = None if only is None else visits.by_publisher(store.db, only)
        self._ends_at = None if seconds is None else time.monotonic() + seconds
        self._last_byte = None if max_bytes is None else store.totals["bytes"] + max_bytes
        self.in_hand: dict[str, Visit] = {}
        self._record = InHand(store.root)
        self.held = list(held)
        self._tried = ""  # the one of them in hand
        self._head_start_ends_at = time.monotonic() + head_start
        self._freed = asyncio.Event()

    def next_visits(self) -> list[Visit]:
        """Return the visits to begin now; they are in hand until `done`."""
        over = self.is_over() or (self._limit and not self.articles_left)
        visits = [] if over else list(self._due_visits(self._publishers))
        if self.held and not over and self._tried not in self.in_hand:
            visits += self._next_held(
                {visit.publisher for visit in (*self.in_hand.values(), *visits)}
            )
        self.in_hand |= {visit.key: visit for visit in visits}
        self._record.write("+", visits)
        return visits

    def _next_held(self, busy: Collection[str]) -> list[Visit]:
        """Release one that is held back, of a publisher not `busy`; return what is due then.

        Only one is in hand at a time: where it ends the crawl, it alone is under suspicion again.
        """
        if busy and time.monotonic() < self._head_start_ends_at:
            return []
        for visit in self._held_visits():
            if visit.publisher in busy:
                continue
            self._store.batch.commit()  # what is done is not to be lost by it
            self.held.remove(visit.key)
            if due := list(self._due_visits([visit.publisher])):
                self._tried = visit.key
                return due
        return []

    def _held_visits(self) -> list[Visit]:
        """Return what is held back, the last first; feeds before, since articles wait for them."""
        found = (visits.find(self._store.db, key) for key in reversed(self.held))
        mine = [visit for visit in found if visit and visit.publisher in self._publishers]
        return sorted(mine, key=lambda visit: visit.kind is not Kind.FEED)

    def done(self, visit: Visit) -> None:
        """Make room: a visit's end stands in the archive's batch."""
        self.in_hand.pop(visit.key, None)
        self._record.write("-", [visit])
        self.ended += 1
        self._freed.set()

    def postpone(self, visit: Visit, *, until: datetime) -> None:
        """Leave a visit that was not made for when its host may be asked again."""
        if visit.kind is Kind.ARTICLE and self.articles_left is not None:
            self.articles_left += 1
        self._store.hosts.postpone(visit.key, until=until)

    def stop(self) -> None:
        """Hand out nothing more; what is in hand may be cut short."""
        self._record.end()
        self._ends_at = 0.0
        self._freed.set()

    def is_over(self) -> bool:
        """Return whether the time is up or enough was received."""
        if self._last_byte is not None and self._store.totals["bytes"] >= self._last_byte:
            return True
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    async def room(self, *, seconds: float) -> None:
        """Wait until a visit ends, or for so long."""
        self._freed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._freed.wait(), seconds)

    def _due_visits(self, slugs: Iterable[str]) -> Iterator[Visit]:
        feeds = {visit.publisher for visit in self._held_visits() if visit.kind is Kind.FEED}
        for slug in slugs:
            one = self._publishers[slug]
            if self._only is None and not one.is_open(self._store.clock()):
                continue
            mine = [visit for visit in self.in_hand.values() if visit.publisher == slug]
            room = self._most(one) - len(mine)
            if self._within:
                yield from self._next_past(slug, mine, room)
            else:
                yield from self._next_news(slug, mine, room, awaits_feed=slug in feeds)

    def _next_news(
        self, slug: str, mine: list[Visit], room: int, *, awaits_feed: bool
    ) -> Iterator[Visit]:
        """Yield listings while they are less than half of what is in hand, and articles.

        Where it `awaits_feed`, one that is held back, listings alone.
        """
        busy = [visit.key for visit in mine]
        few = (len(mine) + room + 1) // 2 - sum(visit.kind is not Kind.ARTICLE for visit in mine)
        listings = self._due(slug, busy, min(room, few), articles=False)
        if self._period.since and (mine or self._due(slug, busy, 1, articles=True)):
            # A section's further page has its turn when the articles before are dated.
            listings = [
                visit for visit in listings if visit.kind is not Kind.SECTION or not visit.found_in
            ]
        yield from listings
        if awaits_feed:
            return
        room -= len(listings)
        feeds = [visit.due_at for visit in (*mine, *listings) if visit.kind is Kind.FEED]
        # What a feed says of its articles is worth waiting for; those before it have a turn.
        soonest = min(filter(None, feeds), default=None)
        articles = self._articles(slug, busy, room, soonest)
        yield from articles
        if not (articles or feeds) and self._only is None:  # images have time
            yield from self._due(slug, busy, room, articles=False, images=True)

    def _next_past(self, slug: str, mine: list[Visit], room: int) -> Iterator[Visit]:
        """Yield articles, and one listing where there are none left: it leads to older ones."""
        busy = [visit.key for visit in mine]
        articles = self._articles(slug, busy, room)
        yield from articles
        if not (mine or articles):
            yield from self._due(slug, busy, 1, articles=False)

    def _articles(
        self, slug: str, busy: list[str], room: int, before: datetime | None = None
    ) -> list[Visit]:
        """Return the articles to fetch now (due `before`), which are counted against the limit."""
        most = room if self.articles_left is None else min(room, self.articles_left)
        articles = self._due(slug, busy, most, articles=True)
        if before:
            articles = [visit for visit in articles if visit.due_at and visit.due_at < before]
        if self.articles_left is not None:
            self.articles_left -= len(articles)
        return articles

    def _due(
        self, slug: str, busy: list[str], limit: int, *, articles: bool, images: bool = False
    ) -> list[Visit]:
        if limit < 1:
            return []
        return visits.due(
            self._store.db,
            slug,
            now=self._store.clock(),
            articles=articles,
            limit=limit,
            busy=[*busy, *self.held],
            only=None if self._only is None else self._only.get(slug, []),
            images=images,
            within=self._within,
        )

    def _most(self, one: Publisher) -> int:
        """Return how many pages may be in hand; few where each has to wait its turn."""
        delay = self._delays.of(one.slug)
        return IN_HAND if delay == 0 else max(1, round(4 / max(delay, 1.0)))


def entry_points(one: Publisher) -> list[tuple[str, Kind]]:
    """Return the addresses where a publisher lists its articles, with their kinds.

    Where its file names none, that is its front page.
    """
    return [
        (wordpress.listing(url) if kind is Kind.API else url, kind)
        for _, url, kind in one.entry_points
    ]


def ways_back(one: Publisher, period: Period) -> list[Link]:
    """Return the listings that lead into a publisher's past; the best way alone.

    WordPress lists everything by date; sitemaps and sections together list what there is; else the
    front page may announce one of these.
    """
    if one.api:
        return [way for url in one.api for way in wordpress.ways_back(url, period)]
    if not one.has_way_back:
        return [Link(url=one.homepage, kind=Kind.SECTION)] if one.homepage else []
    sitemaps = [Link(url=url, kind=Kind.SITEMAP) for url in one.sitemaps]
    return [*sitemaps, *(Link(url=url, kind=Kind.SECTION) for url in one.sections)]
