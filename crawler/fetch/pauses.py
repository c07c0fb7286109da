"""Hosts that are left alone for a while: those that answered 429 or 503, or serve nothing now.

As long as they ask for (Retry-After), or longer each time; the other hosts go on.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from archive.clock import Clock
from archive.hosts import Hosts
from archive.urls import normal
from crawler import schedule
from crawler.fetch.exceptions import HostPaused

# Seconds of the first pause, doubled with every further strike in a row.
FIRST_PAUSE = {429: 30.0, 503: 10.0}
FIRST_ABSENCE = 300.0  # of a host whose robots.txt cannot be had, or that is away altogether
# So many addresses in a row that no answer, or a 5xx, came from: the host is away. Fewer tell it
# where they took so many seconds; a few bad pages that stand together do not.
MISSES = 40
FEWER, SECONDS = 10, 60.0
OUTAGES = 10  # articles in a row in whose place a page of the newspaper says that it is away
LONGEST_PAUSE = timedelta(days=1)
WAITED_SECONDS = (
    60.0  # a crawl waits for a pause that is over so soon, and ends before a longer one
)


@dataclass(slots=True)
class _Pause:
    """A pause: its end by the crawl's clock and by the machine's, and the strikes so far."""

    until: datetime
    ends: float
    strikes: int


class Pauses:
    """The hosts that are left alone for now.

    Who asks for it is left alone by any scheme; one that is away, by that scheme alone: where
    port 80 is closed, 443 may answer.
    """

    def __init__(self, hosts: Hosts, clock: Clock) -> None:
        self._hosts = hosts
        self._clock = clock
        now = clock()
        self._pauses = {
            host: _Pause(until, time.monotonic() + (until - now).total_seconds(), strikes)
            for host, until, strikes in hosts.paused()
        }
        self._met: set[str] = set()
        self._misses: dict[str, tuple[int, float]] = {}  # how many in a row, and since when
        self._outages: dict[str, int] = {}  # how many in a row

    def check(self, url: str) -> None:
        """Check that the host of a URL is not paused.

        Raises:
            HostPaused: with the end of the pause.
        """
        for place in (host_of(url), origin_of(url)):
            pause = self._pauses.get(place)
            if pause and time.monotonic() < pause.ends:
                self._met.add(place)
                message = f"{place} is left alone until {pause.until:%F %T}"
                raise HostPaused(message, until=pause.until)

    def strike(self, url: str, status: int, retry_after: str = "") -> None:
        """Pause the host that gave this answer."""
        asked = schedule.retry_after(retry_after, now=self._clock())
        self._pause(host_of(url), FIRST_PAUSE[status], asked)

    def away(self, url: str) -> None:
        """Pause a host that does not answer for itself."""
        self._misses.pop(origin_of(url), None)
        self._pause(origin_of(url), FIRST_ABSENCE)

    def missed(self, url: str) -> None:
        """Count an address that no answer, or a 5xx, came from; pause a host that is away."""
        place = origin_of(url)
        now = time.monotonic()
        count, since = self._misses.get(place, (0, now))
        self._misses[place] = count + 1, since
        if count + 1 >= MISSES or (count + 1 >= FEWER and now - since >= SECONDS):
            self.away(url)

    def shown(self, url: str, *, outage: bool) -> None:
        """Count a page that says, with status 200, that the site is away; another ends the count.

        From `OUTAGES` in a row on the host is paused, by each further one for twice as long.
        """
        place = host_of(url)
        if not outage:
            self._outages.pop(place, None)
        elif not self._is_paused(place):  # else it was on its way when the pause began
            count = self._outages[place] = self._outages.get(place, 0) + 1
            if count >= OUTAGES:
                self._pause(place, FIRST_ABSENCE * (1 << min(count - OUTAGES, 16)))

    def answered(self, url: str) -> None:
        """End the strikes of a host that answers again."""
        self._misses.pop(origin_of(url), None)
        for place in (host_of(url), origin_of(url)):
            pause = self._pauses.get(place)
            if pause and time.monotonic() >= pause.ends:
                del self._pauses[place]
                self._hosts.forgive(place)

    def _is_paused(self, place: str) -> bool:
        pause = self._pauses.get(place)
        return pause is not None and time.monotonic() < pause.ends

    def _pause(self, place: str, first: float, asked: datetime | None = None) -> None:
        """Pause a place for as long as it asked, or twice as long as last time."""
        now, known = self._clock(), self._pauses.get(place)
        strikes = known.strikes + 1 if known else 1
        seconds = first * (1 << min(strikes - 1, 16))
        until = (
            asked if asked and asked > now else now + min(timedelta(seconds=seconds), LONGEST_PAUSE)
        )
        if known:
            until = max(until, known.until)
        ends = time.monotonic() + (until - now).total_seconds()
        self._pauses[place] = _Pause(until, ends, strikes)
        self._met.add(place)
        self._hosts.pause(place, until=until, strikes=strikes)

    def soon_over(self) -> bool:
        """Return whether visits wait for a pause that is worth waiting for."""
        now = time.monotonic()
        return any(
            0 < pause.ends - now <= WAITED_SECONDS
            and self._hosts.is_awaited(host, until=pause.until)
            for host, pause in self._pauses.items()
            if host in self._met
        )

    def met(self) -> list[tuple[str, datetime]]:
        """Return the places that stopped visits and are still paused, with the pause's end."""
        return sorted(
            (host, pause.until)
            for host, pause in self._pauses.items()
            if host in self._met and pause.ends > time.monotonic()
        )


@lru_cache(maxsize=1024)  # each address is asked about several times
def host_of(url: str) -> str:
    """Return a URL's host, with its port where that is not the scheme's own."""
    return urlsplit(normal(url)).netloc


@lru_cache(maxsize=1024)
def origin_of(url: str) -> str:
    """Return a URL's scheme and host, as robots.txt is one's."""
    parts = urlsplit(normal(url))
    return f"{parts.scheme}://{parts.netloc}"
