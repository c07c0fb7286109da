"""What to visit next: the due visits of some publishers, as many as may be in hand at a time.

It remembers what is in hand and nothing else; what is known, due, seen and failed is in the
archive.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from archive.records import Kind, Visit
from archive.store import Store
from archive.urls import canonical
from crawler.publisher import Publisher

IN_HAND = 24  # pages of a publisher without a delay
DELAY = 1.0  # seconds, where a publisher says nothing; DOWNLOAD_DELAY is the same


class Frontier:
    """Hands out due visits until nothing is due or a limit is reached."""

    def __init__(
        self,
        store: Store,
        publishers: Iterable[Publisher],
        *,
        limit: int | None = None,
        seconds: float | None = None,
        max_bytes: int | None = None,
        only: Sequence[str] | None = None,
    ) -> None:
        """Take the publishers to visit, or `only` these addresses of them.

        At most `limit` articles are handed out; after `seconds`, or when `max_bytes` were
        received, no further visit is. `delays` are the seconds that robots.txt files ask for, by
        publisher.
        """
        self._store = store
        self._publishers = {one.slug: one for one in publishers}
        self.articles_left = limit
        self.ended = 0  # visits
        self.delays: dict[str, float] = {}
        self._only = None if only is None else [canonical(url) for url in only]
        self._ends_at = None if seconds is None else time.monotonic() + seconds
        self._last_byte = None if max_bytes is None else store.totals["bytes"] + max_bytes
        self._in_hand: dict[str, Visit] = {}
        self._freed = asyncio.Event()

    def next_visits(self) -> list[Visit]:
        """Return the visits to begin now; they are in hand until `done`."""
        visits = [] if self.is_over() else list(self._due_visits())
        self._in_hand |= {visit.key: visit for visit in visits}
        return visits

    def done(self, visit: Visit) -> None:
        """Make room: a visit's end stands in the archive's batch."""
        self._in_hand.pop(visit.key, None)
        self.ended += 1
        self._freed.set()

    def postpone(self, visit: Visit, *, until: datetime) -> None:
        """Leave a visit that was not made for when its host may be asked again."""
        if visit.kind is Kind.ARTICLE and self.articles_left is not None:
            self.articles_left += 1
        self._store.hosts.postpone(visit.key, until=until)
        self.done(visit)

    def stop(self) -> None:
        """Hand out nothing more."""
        self._ends_at = 0.0
        self._freed.set()

    def is_over(self) -> bool:
        """Return whether the time is up or enough was received."""
        if self._last_byte is not None and self._store.totals["bytes"] >= self._last_byte:
            return True
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def is_idle(self) -> bool:
        """Return whether nothing is in hand."""
        return not self._in_hand

    async def room(self, *, seconds: float) -> None:
        """Wait until a visit ends, or for so long."""
        self._freed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._freed.wait(), seconds)

    def _due_visits(self) -> Iterator[Visit]:
        for slug, one in self._publishers.items():
            if self._only is None and not one.is_open(self._store.clock()):
                continue
            mine = [visit for visit in self._in_hand.values() if visit.publisher == slug]
            busy = [visit.key for visit in mine]
            room = self._most(one) - len(busy)
            listings = self._due(slug, articles=False, limit=(room + 1) // 2, busy=busy)
            yield from listings
            room -= len(listings)
            if any(visit.kind is Kind.FEED for visit in (*mine, *listings)):
                continue  # what a feed says of its articles is worth waiting for
            if self.articles_left is not None:
                room = min(room, self.articles_left)
            articles = self._due(slug, articles=True, limit=room, busy=busy)
            if self.articles_left is not None:
                self.articles_left -= len(articles)
            yield from articles
            if not articles and self._only is None:  # images have time
                limit = self._most(one) - len(busy)
                yield from self._due(slug, articles=False, images=True, limit=limit, busy=busy)

    def _due(
        self, slug: str, *, articles: bool, limit: int, busy: list[str], images: bool = False
    ) -> list[Visit]:
        if limit < 1:
            return []
        return self._store.due(
            slug, articles=articles, limit=limit, busy=busy, only=self._only, images=images
        )

    def _most(self, one: Publisher) -> int:
        """Return how many pages may be in hand; few where each has to wait its turn."""
        delay = max(DELAY if one.delay is None else one.delay, self.delays.get(one.slug, 0.0))
        return IN_HAND if delay == 0 else max(1, round(4 / max(delay, 1.0)))
