"""What a page asks for while it is rendered: answered by the crawl's own road, or not at all.

The browser has no network. A script or data that the page needs is fetched as every other address
is: address gate, robots.txt, pace, proxy, size and time limits hold, and the exchange is in the
WARC. Nothing is sent but GET, and nothing is fetched that adds no text.
"""

import asyncio
import logging
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, Response
from scrapy.http.request import NO_CALLBACK

from archive.models import Kind
from archive.store import Store
from archive.urls import host_of, site_of
from crawler.fetch.exceptions import network_detail

logger = logging.getLogger(__name__)

MOST_REQUESTS = 60  # of one page
MOST_BYTES = 15 * 1024 * 1024  # of one page
LARGEST = 5 * 1024 * 1024  # one script
SECONDS = 20.0  # for one
FRESH = timedelta(hours=1)  # so long a script is read back from the archive
_NEEDED = frozenset({"script", "xhr", "fetch"})
# What the page may wait for, and what it gets instead: a style that says nothing, one clear pixel.
_PIXEL = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\0\0\0!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
_INSTEAD = {"stylesheet": ("text/css", b""), "image": ("image/gif", _PIXEL)}
# Scripts that count readers, sell them, or replace a post's own address by a frame.
_NOT_NEEDED = re.compile(
    r"(?:addthis|adnxs|amazon-adsystem|chartbeat|cloudflareinsights|criteo|hotjar|"
    r"google-?(?:analytics|adservices|syndication|tagmanager|tagservices)|instagram|newrelic|"
    r"onesignal|outbrain|quantserve|scorecardresearch|sharethis|taboola|tiktok|twitter|x|youtube)"
    r"\.com|clarity\.ms|(?:doubleclick|facebook)\.net|telegram\.org|yandex\.ru"
)
# Headers of the browser's own that would tell another identity than ours, or that we send.
_OURS = ("user-agent", "accept-", "cookie", "sec-", "host", "connection", "origin", "if-", "refer")
_LOST = frozenset({"content-encoding", "content-length", "transfer-encoding", "set-cookie"})

Answer = tuple[int, dict[str, str], bytes]
_STAY: Answer = (204, {}, b"")  # a page or frame that gets no content stays as it is


class Fetcher:
    """Fetches for pages of the whole crawl; a script that several want is asked for once."""

    def __init__(self, crawler: Crawler, store: Store) -> None:
        self._crawler = crawler
        self._store = store
        self._asked: dict[str, asyncio.Task[Answer]] = {}

    async def fetch(
        self, url: str, headers: dict[str, str], *, script: bool, publisher: str
    ) -> Answer:
        """Return (status, headers, body) of an address.

        Raises:
            IgnoreRequest, or an error of the network: if there is no answer that may be used.
        """
        if not script:
            return await self._download(url, headers, publisher)
        if kept := self._kept(url):
            return kept
        if url not in self._asked:
            self._asked[url] = asyncio.ensure_future(self._download(url, headers, publisher))
            self._asked[url].add_done_callback(lambda _: self._asked.pop(url))
        return await asyncio.shield(self._asked[url])

    def _kept(self, url: str) -> Answer | None:
        known = self._store.latest(url, since=self._store.clock() - FRESH)
        if known is None or known[0] != 200:
            return None
        return 200, {"content-type": known[2], "access-control-allow-origin": "*"}, known[1]

    async def _download(self, url: str, headers: dict[str, str], publisher: str) -> Answer:
        meta = {"kind": Kind.RESOURCE, "publisher": publisher, "verbatim_url": True}
        meta |= {"download_maxsize": LARGEST, "download_timeout": SECONDS}
        request = Request(url, headers=headers, callback=NO_CALLBACK, meta=meta)
        response: Response = await self._crawler.engine.download_async(request)
        if "truncated" in response.flags:
            raise IgnoreRequest("the answer broke off")
        return response.status, headers_of(response.headers), response.body


class Subresources:
    """The requests of one page while it is rendered.

    `missed` tells what the page's own site did not give, `pending` are the addresses under way,
    `answered` counts the others.
    """

    def __init__(self, fetcher: Fetcher, document: Answer, *, url: str, publisher: str) -> None:
        """Take the page itself: it is what its first navigation gets, whatever its address is."""
        self._fetcher = fetcher
        self._document = document
        self._site = site_of(host_of(url))
        self._publisher = publisher
        self._left = MOST_REQUESTS
        self._bytes = MOST_BYTES
        self.pending: list[str] = []
        self.answered = 0
        self.missed: list[str] = []

    async def answer(self, route: Any) -> None:
        """Answer one request of the browser (a Playwright `Route`)."""
        from playwright.async_api import Error

        answer = await self._answer_to(route.request)
        try:
            if answer is None:
                await route.abort("blockedbyclient")
            else:
                status, headers, body = answer
                await route.fulfill(status=status, headers=headers, body=body)
        except Error as error:  # the page is closed already
            logger.debug("%s: %s", route.request.url, error)

    async def _answer_to(self, request: Any) -> Answer | None:
        kind = request.resource_type
        if kind == "document":  # the first of them is the page itself
            document, self._document = self._document, _STAY
            return document
        if kind in _INSTEAD:
            media, body = _INSTEAD[kind]
            return 200, {"content-type": media, "access-control-allow-origin": "*"}, body
        if kind not in _NEEDED or request.method != "GET" or not self._is_wanted(request.url):
            return None
        self._left -= 1
        return await self._fetch(request.url, request.headers, script=kind == "script")

    def _is_wanted(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or self._left <= 0 or self._bytes <= 0:
            return False
        site = site_of(parts.hostname or "")
        return site == self._site or not _NOT_NEEDED.fullmatch(site)

    async def _fetch(self, url: str, headers: dict[str, str], *, script: bool) -> Answer | None:
        asked = {name: value for name, value in headers.items() if not name.startswith(_OURS)}
        whose, answer, missing = self._publisher, None, ""
        self.pending.append(url)
        try:
            answer = await self._fetcher.fetch(url, asked, script=script, publisher=whose)
            self._bytes -= len(answer[2])
            missing = f"answered {answer[0]}" if answer[0] >= 400 else ""
        except Exception as error:  # noqa: BLE001 - left without an answer, the page would hang
            missing = network_detail(error)
        finally:
            self.pending.remove(url)
            self.answered += 1
        if missing and site_of(urlsplit(url).hostname or "") == self._site:
            self.missed.append(f"{url}: {missing}")
        return answer


def headers_of(headers: Headers) -> dict[str, str]:
    """Return an answer's headers as they go with its body when that is no longer encoded."""
    named = {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in headers.items()
    }
    return {name: value for name, value in named.items() if name not in _LOST}
