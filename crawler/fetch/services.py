"""What the parts that fetch share, as each of them finds it when Scrapy makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from scrapy.crawler import Crawler

from archive.store import Store
from crawler.fetch.pauses import Pauses

_SETTING = "FETCH_SERVICES"


class Delays:
    """Seconds between two requests to each publisher: its file's, or more where robots.txt asks."""

    def __init__(self, own: Mapping[str, float | None], *, usual: float) -> None:
        """Take what the publishers' files say, by slug; None is the `usual` delay."""
        self._own = own
        self._usual = usual
        self._asked: dict[str, float] = {}

    def own(self, slug: str) -> float:
        """Return the delay that a publisher's file names."""
        delay = self._own.get(slug)
        return self._usual if delay is None else delay

    def ask(self, slug: str, seconds: float) -> None:
        """Note the delay that a robots.txt asks for."""
        self._asked[slug] = seconds

    def of(self, slug: str) -> float:
        """Return the delay that is kept: the longest of those that were asked for."""
        return max(self.own(slug), self._asked.get(slug, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchServices:
    """The open archive, the hosts that are left alone, and the publishers' delays.

    A spider installs it as it is made; the components of `crawler.fetch` take it in their
    `from_crawler`, and nothing else of the spider.
    """

    store: Store
    pauses: Pauses
    delays: Delays

    @classmethod
    def install(cls, crawler: Crawler, store: Store, delays: Mapping[str, float | None]) -> Self:
        """Make them for a crawler whose components are not made yet, and return them."""
        services = cls(
            store=store,
            pauses=Pauses(store.hosts, store.clock),
            delays=Delays(delays, usual=crawler.settings.getfloat("DOWNLOAD_DELAY")),
        )
        crawler.settings.set(_SETTING, services, priority="spider")
        return services

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """Return what the crawler's spider installed."""
        services = crawler.settings[_SETTING]
        if not isinstance(services, cls):
            raise TypeError("the spider of this crawler installs no FetchServices")
        return services
