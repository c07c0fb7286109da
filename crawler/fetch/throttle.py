"""How often a host is asked: no faster than its slowest publisher, not while it is paused.

Hosts that answered 429 or 503, refuse everything (403) or serve nothing now, are left alone for as
long as they ask for (Retry-After), or longer each time; the other hosts go on.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Self, cast
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.http import Response

from archive.clock import Clock
from archive.models import Kind
from archive.publishers import Hosts
from archive.store import Store
from archive.urls import normal
from crawler import schedule
from crawler.fetch.exceptions import HostPaused

# Seconds of the first pause, doubled with every further strike in a row.
FIRST_PAUSE = {403: 30.0, 429: 30.0, 503: 10.0}
# So many answers are borne before the first pause: a page may be refused (403) for its own sake,
# ten in a row say what 429 says. No listing's answer ends the row: it may be all that is allowed.
BORNE = {403: 9}
FIRST_ABSENCE = 300.0  # of a host whose robots.txt cannot be had, or that is away altogether
# So many addresses in a row that no answer, or a 5xx, came from: the host is away. Fewer tell it
# where they took so many seconds; a few bad pages that stand together do not.
MISSES = 40
FEWER, SECONDS = 10, 60.0
OUTAGES = 10  # articles in a row in whose place a page of the newspaper says that it is away
LONGEST_PAUSE = timedelta(days=1)
WAITED_SECONDS = 60.0  # a crawl waits for a pause that is over so soon, and for no longer one


@dataclass(slots=True)
class _Pause:
    """A pause: its end by the crawl's clock and by the machine's, and the strikes so far.

    Strikes of 0 or less are borne: no pause came of them.
    """

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
        self._pauses: dict[str, _Pause] = {}
        for place, until, strikes in hosts.paused():
            self._begin(place, until, strikes)
        self._met: set[str] = set()
        self._misses: dict[str, tuple[int, float]] = {}  # how many in a row, and since when
        self._outages: dict[str, int] = {}  # how many in a row

    def check(self, url: str) -> None:
        """Check that the host of a URL is not paused.

        Raises:
            HostPaused: with the end of the pause.
        """
        for place in (host_of(url), origin_of(url)):
            if pause := self._lasting(place):
                self._met.add(place)
                message = f"{place} is left alone until {pause.until:%F %T}"
                raise HostPaused(message, until=pause.until)

    def strike(self, url: str, status: int, retry_after: str = "") -> None:
        """Pause the host that gave this answer, unless so many of these are borne."""
        asked = schedule.retry_after(retry_after, now=self._clock())
        borne = 0 if asked else BORNE.get(status, 0)
        self._pause(host_of(url), FIRST_PAUSE[status], asked, borne=borne)

    def away(self, url: str) -> None:
        """Pause a host that does not answer for itself."""
        self._misses.pop(origin_of(url), None)
        self._pause(origin_of(url), FIRST_ABSENCE)

    def missed(self, url: str) -> None:
        """Count an address that no answer, or a 5xx, came from; pause a host that is away."""
        place, now = origin_of(url), time.monotonic()
        before, since = self._misses.get(place, (0, now))
        count = before + 1
        self._misses[place] = count, since
        if count >= MISSES or (count >= FEWER and now - since >= SECONDS):
            self.away(url)

    def shown(self, url: str, *, outage: bool) -> None:
        """Count a page that says, with status 200, that the site is away; another ends the count.

        From `OUTAGES` in a row on the host is paused, by each further one for twice as long.
        """
        place = host_of(url)
        if not outage:
            self._outages.pop(place, None)
        elif not self._lasting(place):  # else it was on its way when the pause began
            count = self._outages[place] = self._outages.get(place, 0) + 1
            if count >= OUTAGES:
                self._pause(place, FIRST_ABSENCE * (1 << min(count - OUTAGES, 16)))

    def answered(self, url: str, *, with_page: bool = True) -> None:
        """End the misses of a host that answers again, and its strikes where it is a page."""
        self._misses.pop(origin_of(url), None)
        for place in (host_of(url), origin_of(url)) if with_page else ():
            if place in self._pauses and not self._lasting(place):
                del self._pauses[place]
                self._hosts.forgive(place, now=self._clock())

    def _lasting(self, place: str) -> _Pause | None:
        """Return the pause of a place, None if there is none that is not over."""
        pause = self._pauses.get(place)
        return pause if pause and time.monotonic() < pause.ends else None

    def _pause(
        self, place: str, first: float, asked: datetime | None = None, *, borne: int = 0
    ) -> None:
        """Pause a place for as long as it asked, or twice as long as last time.

        An answer that was on its way when the pause began does not count as a strike.
        """
        if pause := self._lasting(place):
            if asked and asked > pause.until:
                self._begin(place, asked, pause.strikes)
                self._hosts.pause(place, until=asked, strikes=pause.strikes)
            return
        now, known = self._clock(), self._pauses.get(place)
        strikes = max((known.strikes if known else -borne) + 1, 1 - borne)
        longer = timedelta(seconds=first * int(2 ** min(strikes - 1, 16)))  # of none 0
        until = asked if asked and asked > now else now + min(longer, LONGEST_PAUSE)
        until = max(until, known.until) if known else until
        self._begin(place, until, strikes)
        if strikes > 0:
            self._met.add(place)
        self._hosts.pause(place, until=until, strikes=strikes)

    def _begin(self, place: str, until: datetime, strikes: int) -> None:
        ends = time.monotonic() + (until - self._clock()).total_seconds()
        self._pauses[place] = _Pause(until, ends, strikes)

    def soon_over(self) -> bool:
        """Return whether visits wait for a pause that is worth waiting for."""
        soon = time.monotonic() + WAITED_SECONDS
        return any(
            self._pauses[place].ends <= soon and self._hosts.is_awaited(place, until=until)
            for place, until in self.met()
        )

    def met(self) -> list[tuple[str, datetime]]:
        """Return the places that stopped visits and are still paused, with the pause's end."""
        lasting = ((place, self._lasting(place)) for place in sorted(self._met))
        return [(place, pause.until) for place, pause in lasting if pause]


def host_of(url: str) -> str:
    """Return a URL's host, with its port where that is not the scheme's own."""
    return origin_of(url).partition("://")[2]


@lru_cache(maxsize=1024)  # asked several times for each request
def origin_of(url: str) -> str:
    """Return a URL's scheme and host, as robots.txt is one's."""
    parts = urlsplit(url)
    return normal(f"{parts.scheme}://{parts.netloc}/").rstrip("/")


def slot_of(crawler: Crawler, request: Request) -> Slot:
    """Return the pace of a request's host; Scrapy has no public way to it."""
    slot: Slot = crawler.engine.downloader._get_slot(request)[1]  # noqa: SLF001
    return slot


_SETTING = "FETCH_SERVICES"
Reader = Callable[[Callable[[], Any]], Awaitable[Any]]  # `Workers.do`


class Delays:
    """Seconds between two requests to each publisher: its file's, or more where robots.txt asks."""

    def __init__(self, own: Mapping[str, float | None], *, usual: float) -> None:
        """Take what the publishers' files say, by slug; None is the `usual` delay."""
        self._own = own
        self._usual = usual
        self.asked: dict[str, float] = {}  # by robots.txt, for each publisher

    def own(self, slug: str) -> float:
        """Return the delay that a publisher's file names."""
        delay = self._own.get(slug)
        return self._usual if delay is None else delay

    def of(self, slug: str) -> float:
        """Return the delay that is kept: the longest of those that were asked for."""
        return max(self.own(slug), self.asked.get(slug, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchServices:
    """The open archive, the hosts that are left alone, the publishers' delays, and who reads.

    A spider installs it as it is made; the components of `crawler.fetch` take it in their
    `from_crawler`, and nothing else of the spider.
    """

    store: Store
    pauses: Pauses
    delays: Delays
    read: Reader

    @classmethod
    def install(
        cls,
        crawler: Crawler,
        store: Store,
        delays: Mapping[str, float | None],
        read: Reader,
    ) -> Self:
        """Make them for a crawler whose components are not made yet, and return them."""
        services = cls(
            store=store,
            pauses=Pauses(store.hosts, store.clock),
            delays=Delays(delays, usual=crawler.settings.getfloat("DOWNLOAD_DELAY")),
            read=read,
        )
        crawler.settings.set(_SETTING, services, priority="spider")
        return services

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """Return what the crawler's spider installed."""
        return cast("Self", crawler.settings[_SETTING])


_PAGES = frozenset({Kind.ARTICLE, Kind.IMAGE, Kind.PROBE, Kind.RESOURCE})


class HostPacing:
    """Holds back requests to paused hosts, and gives a host the pace of its slowest publisher."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._fetching = FetchServices.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        self._fetching.pauses.check(request.url)
        slot = slot_of(self._crawler, request)
        slot.delay = max(slot.delay, self._fetching.delays.own(request.meta["publisher"]))
        # A new slot's delay counts from the last answer of the crawl before this one.
        at = self._asked.pop(urlsplit(request.url).hostname, None)
        if at and not slot.lastseen:
            ago = (self._fetching.store.clock() - at).total_seconds()
            slot.lastseen = time.monotonic() - max(ago, 0.0)

    def process_response(self, request: Request, response: Response) -> Response:
        pauses, kind = self._fetching.pauses, request.meta["kind"]
        if response.status in FIRST_PAUSE and (response.status != 403 or "visit" in request.meta):
            retry_after = (response.headers.get("Retry-After") or b"").decode("latin-1")
            pauses.strike(request.url, response.status, retry_after)
        elif response.status < 500:
            pauses.answered(request.url, with_page=kind in _PAGES)
        elif "visit" in request.meta:
            pauses.missed(request.url)
        return response

    @cached_property
    def _asked(self) -> dict[str | None, datetime]:
        # Not read before the first request, where a database that fails ends the crawl cleanly.
        return self._fetching.store.hosts.last_asked()
