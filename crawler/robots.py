"""robots.txt by RFC 9309, where Scrapy's own middleware is more lenient than the RFC.

Unreachable (no answer, or 5xx) means not now; 4xx means allowed (section 2.3.1); an answer is
good for a day (section 2.4), and is read back from the archive in that time. A Crawl-delay, which
is not in the RFC but in many files, becomes the delay of the host's slot.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from archive.records import Kind, Visit
from crawler.faults import (
    NETWORK,
    AddressRefused,
    Disallowed,
    HostPaused,
    Unreachable,
    network_detail,
)
from crawler.pauses import FIRST_PAUSE

if TYPE_CHECKING:
    from crawler.spiders.news import NewsSpider

FRESH = timedelta(days=1)
LIMIT_BYTES = 500 * 1024
LONGEST_DELAY = 300.0
_NO_ANSWER: tuple[type[Exception], ...] = (*NETWORK, IgnoreRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    """What a host allows: `rules` None allows everything; `problem` forbids everything for now.

    `refused` says why the host is none to ask at all.
    """

    rules: Protego | None = None
    problem: str | None = None
    refused: str | None = None


class RobotsPolicy(RobotsTxtMiddleware):
    """Drops requests that robots.txt forbids, or whose robots.txt cannot be reached."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._spider = cast("NewsSpider", crawler.spider)
        self._agent = str(crawler.settings["ROBOTSTXT_USER_AGENT"])
        self._policies: dict[str, asyncio.Task[_Policy]] = {}

    async def process_request(self, request: Request) -> None:  # type: ignore[override]
        if request.meta.get("dont_obey_robotstxt"):
            return
        policy = await self._policy(request)
        if policy.refused:
            raise AddressRefused(policy.refused)
        if policy.problem:
            raise Unreachable(policy.problem)
        if policy.rules is None:
            return
        if not policy.rules.can_fetch(request.url, self._agent):
            raise Disallowed(f"robots.txt forbids {request.url} to {self._agent}")
        self._slow_down(request, policy.rules.crawl_delay(self._agent))

    async def _policy(self, request: Request) -> _Policy:
        parts = urlsplit(request.url)
        host = f"{parts.scheme}://{parts.netloc}"
        if host not in self._policies:
            self._policies[host] = asyncio.ensure_future(
                self._fetch(f"{host}/robots.txt", _publisher(request))
            )
        return await asyncio.shield(self._policies[host])

    async def _fetch(self, url: str, publisher: str) -> _Policy:
        known = self._spider.store.latest(url, since=self._spider.clock() - FRESH)
        if known and (known[0] == 200 or 400 <= known[0] < 500) and known[0] != 429:
            return _judge(url, *known)
        request = Request(
            url,
            callback=NO_CALLBACK,
            priority=self.DOWNLOAD_PRIORITY,
            meta={
                "dont_obey_robotstxt": True,
                "kind": Kind.ROBOTS,
                "publisher": publisher,
                "download_timeout": 30,
            },
        )
        try:
            response = await self.crawler.engine.download_async(request)
        except HostPaused:
            del self._policies[url.removesuffix("/robots.txt")]
            raise
        except AddressRefused as error:
            return _Policy(refused=f"{url}: {error}")
        except _NO_ANSWER as error:
            return _Policy(problem=f"{url} cannot be reached: {network_detail(error)}")
        if response.status in FIRST_PAUSE:  # asked again when the host is no longer paused
            del self._policies[url.removesuffix("/robots.txt")]
        if "truncated" in response.flags and len(response.body) < LIMIT_BYTES:
            return _Policy(problem=f"{url} broke off")
        return _judge(url, response.status, response.body)

    def _slow_down(self, request: Request, delay: float | None) -> None:
        if delay:
            _, slot = self.crawler.engine.downloader._get_slot(request)  # noqa: SLF001 - Scrapy has no public way
            slot.delay = max(slot.delay, min(float(delay), LONGEST_DELAY))
            self._spider.frontier.delays[_publisher(request)] = slot.delay


def _publisher(request: Request) -> str:
    visit: Visit | None = request.meta.get("visit")
    return visit.publisher if visit else str(request.meta["publisher"])


def _judge(url: str, status: int, body: bytes) -> _Policy:
    if status >= 500 or status == 429:
        return _Policy(problem=f"{url} answered {status}")
    if status >= 400:
        return _Policy()
    return _Policy(rules=Protego.parse(body[:LIMIT_BYTES].decode("utf-8-sig", "replace")))
