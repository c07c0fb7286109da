"""How often a host is asked: no faster than its slowest publisher, not while it is paused."""

import time
from datetime import datetime
from functools import cached_property
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.fetch.pauses import FIRST_PAUSE
from crawler.fetch.services import FetchServices


class HostPacing:
    """Holds back requests to paused hosts, and gives a host the pace of its slowest publisher."""

    def __init__(self, crawler: Crawler, services: FetchServices) -> None:
        self._crawler = crawler
        self._store = services.store
        self._pauses = services.pauses
        self._delays = services.delays

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler, FetchServices.of(crawler))

    def process_request(self, request: Request) -> None:
        self._pauses.check(request.url)
        visit = request.meta.get("visit")
        slug = visit.publisher if visit else request.meta["publisher"]
        # Scrapy has no public way to a slot.
        name, slot = self._crawler.engine.downloader._get_slot(request)  # noqa: SLF001
        slot.delay = max(slot.delay, self._delays.own(slug))
        self._resume(name, slot)

    def process_response(self, request: Request, response: Response) -> Response:
        if response.status in FIRST_PAUSE:
            retry_after = (response.headers.get("Retry-After") or b"").decode("latin-1")
            self._pauses.strike(request.url, response.status, retry_after)
        elif response.status < 500:
            self._pauses.answered(request.url)
        elif request.meta.get("visit"):
            self._pauses.missed(request.url)
        return response

    @cached_property
    def _asked(self) -> dict[str | None, datetime]:
        # Not read before the first request, where a database that fails ends the crawl cleanly.
        asked = self._store.hosts.last_asked()
        return {urlsplit(url).hostname: at for url, at in asked.items()}

    def _resume(self, name: str, slot: Slot) -> None:
        """Count a new slot's delay from the last answer of the crawl before this one."""
        if (at := self._asked.pop(name, None)) and not slot.lastseen:
            ago = (self._store.clock() - at).total_seconds()
            slot.lastseen = time.monotonic() - max(ago, 0.0)
