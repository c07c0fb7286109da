"""Between the spider and the wire: request what is due and allowed, only if it changed; unpack it.

A host's robots.txt (RFC 9309) is asked for before anything else of it, recorded, and obeyed.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urldefrag

from isal import igzip_lib, isal_zlib
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils._compression import _DecompressionMaxSizeExceeded
from w3lib.url import safe_url_string

from archive.models import Kind, Problem, Visit
from archive.problems import ProblemKind
from archive.urls import is_long, normal
from archive.warc.parsing import MOST_LAYERS, unpacked
from crawler.daterange import FRESH
from crawler.errors import Unread
from crawler.fetch.exceptions import HostPaused, NotFetched, ProxyFailed, kind_of, network_detail
from crawler.fetch.robots import AGENT, LIMIT_BYTES, MOST_RULES, Rules, rules
from crawler.fetch.throttle import FetchServices, Reader, origin_of, slot_of

_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*[<{\[]|\Z")  # a coding that is named and was not used
LARGEST_PAGE = 10 * 1024 * 1024  # bytes, packed and unpacked
LARGEST = {Kind.SITEMAP: 52_428_800}  # sitemaps.org allows as much
_VALIDATORS = ("If-None-Match", "If-Modified-Since")
LONGEST_DELAY = 300.0

_unreachable = partial(NotFetched, ProblemKind.ROBOTS_UNREACHABLE)
_OTHERS = {None, ProblemKind.HOST_PAUSED, ProblemKind.PROXY_FAILED}  # no matter of a robots.txt
_OWN = {ProblemKind.ADDRESS_REFUSED, ProblemKind.NETWORK_TLS}  # that say more than "unreachable"
_MOST_KEPT = 2_000_000  # bytes of rules, which take up to thirty times the memory
_judged: dict[bytes, Rules] = {}  # by their digests; slices of a crawl ask for the same ones


def request_of(
    visit: Visit, *, callback: Callable[..., Any], errback: Callable[..., Any]
) -> Request:
    """Return the request of a visit, listings before articles.

    It is conditional where the last good answer gave validators (RFC 9110, section 13).

    The address is asked for as it was found: a server may tell escapes apart that mean the same.
    Only what cannot stand in a request line (RFC 9112, section 3.2) is escaped.

    Raises:
        ValueError: if the address cannot be asked for; the message says why.
    """
    normal(visit.url)
    validators = zip(_VALIDATORS, (visit.etag, visit.last_modified), strict=True)
    return Request(
        safe_url_string(urldefrag(visit.url).url),
        headers={name: value for name, value in validators if value},
        callback=callback,
        errback=errback,
        dont_filter=True,
        priority=0 if visit.kind is Kind.ARTICLE else 10,
        meta={
            "visit": visit,
            "kind": visit.kind,
            "publisher": visit.publisher,
            "verbatim_url": True,
            "download_maxsize": LARGEST.get(visit.kind, LARGEST_PAGE),
        },
    )


async def judge(url: str, status: int, body: bytes, read: Reader) -> Rules:
    """Return the rules that the answer to a robots.txt at `url` makes; a worker reads it, once.

    4xx allows everything (section 2.3.1.3), 429 and 5xx nothing (section 2.3.1.4).

    Raises:
        NotFetched: if nothing may be fetched for now; also where not all of the file can be read.
        Stopped: if the workers were asked to stop.
    """
    if status >= 500 or status == 429:
        raise _unreachable(f"{url} answered {status}")
    if status >= 400 or not body:
        return rules(b"")
    digest = sha256(body).digest()
    if digest not in _judged:
        try:
            found: Rules = await read(partial(rules, body))
        except Unread as error:
            raise _unreachable(f"{url} is not to be read: {error}") from error
        if sum(each.size for each in _judged.values()) > _MOST_KEPT:
            _judged.clear()
        _judged[digest] = found
    if _judged[digest].incomplete:
        raise _unreachable(f"{url} has over {MOST_RULES:,} rules for us: not all are read")
    return _judged[digest]


class RobotsPolicy(RobotsTxtMiddleware):
    """Drops requests that robots.txt forbids, or whose robots.txt cannot be reached."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._fetching = FetchServices.of(crawler)
        self._policies: dict[str, asyncio.Task[Rules]] = {}
        self._sizes: dict[str, int] = {}  # of those that were found

    async def process_request(self, request: Request) -> None:  # type: ignore[override]
        if request.meta.get("dont_obey_robotstxt"):
            return
        origin, publisher = origin_of(request.url), request.meta["publisher"]
        first = origin not in self._policies
        if first:
            self._policies[origin] = asyncio.ensure_future(self._find(origin, publisher))
        try:
            policy = await asyncio.shield(self._policies[origin])
        except NotFetched:
            if not first:  # the host is one problem, not one for each of its addresses
                self._fetching.pauses.check(request.url)
            raise
        if not policy.can_fetch(request.url, AGENT):
            detail = f"robots.txt forbids {request.url} to {self._robotstxt_useragent}"
            raise NotFetched(ProblemKind.ROBOTS_DISALLOW, detail)
        if delay := policy.crawl_delay(AGENT):
            slot = slot_of(self.crawler, request)
            slot.delay = max(slot.delay, min(delay, LONGEST_DELAY))
            self._fetching.delays.asked[publisher] = slot.delay

    async def _find(self, origin: str, publisher: str) -> Rules:
        """Return an origin's policy; that none is to be had is not remembered."""
        url = f"{origin}/robots.txt"
        try:
            found = await self._fetch(url, publisher)
        except (NotFetched, ProxyFailed) as error:
            del self._policies[origin]
            if kind_of(error) in {ProblemKind.ROBOTS_UNREACHABLE, ProblemKind.NETWORK_TLS}:
                with suppress(HostPaused):  # it has said itself for how long
                    self._fetching.pauses.check(url)
                    self._fetching.pauses.away(url)
            raise
        self._sizes[origin] = found.size
        while sum(self._sizes.values()) > _MOST_KEPT:
            oldest = next(iter(self._sizes))
            del self._sizes[oldest], self._policies[oldest]
        return found

    async def _fetch(self, url: str, publisher: str) -> Rules:
        store = self._fetching.store
        known = store.latest(url, since=store.clock() - FRESH)
        if known and (known[0] == 200 or 400 <= known[0] < 500) and known[0] != 429:
            return await judge(url, *known[:2], self._fetching.read)
        meta = {"dont_obey_robotstxt": True, "kind": Kind.ROBOTS, "publisher": publisher}
        meta["download_timeout"] = 30
        request = Request(url, callback=NO_CALLBACK, priority=self.DOWNLOAD_PRIORITY, meta=meta)
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:
            if (kind := kind_of(error)) in _OTHERS:
                raise
            kind = kind if kind in _OWN else ProblemKind.ROBOTS_UNREACHABLE
            detail = f"{url} cannot be reached: {network_detail(error)}"
            raise NotFetched(kind, detail) from error
        if "truncated" in response.flags and len(response.body) < LIMIT_BYTES:
            raise _unreachable(f"{url} broke off")
        found = await judge(url, response.status, response.body, self._fetching.read)
        if (delay := found.crawl_delay(AGENT) or 0) > LONGEST_DELAY:
            detail = f"Crawl-delay: {delay:g} is over {LONGEST_DELAY:g} s, which are kept"
            problem = Problem(kind=ProblemKind.CRAWL_DELAY, detail=detail, stage="fetch")
            store.problem(problem, url=url, publisher=publisher)
        return found


class FollowRedirects(RedirectMiddleware):
    """Follows redirects; one to an address that is not valid is a problem of its page."""

    def process_response(  # type: ignore[override]  # the spider is not passed any more
        self, request: Request, response: Response
    ) -> Request | Response:
        if is_long((response.headers.get("Location") or b"").decode("latin-1")):
            raise NotFetched(ProblemKind.BAD_ADDRESS, "it redirects to too long an address")
        try:
            followed = super().process_response(request, response)
            if isinstance(followed, Request):
                normal(followed.url)
        except ValueError as error:
            detail = f"it redirects to no address: {error}"
            raise NotFetched(ProblemKind.BAD_ADDRESS, detail) from error
        if isinstance(followed, Request):  # the validators were not meant for its address
            for name in _VALIDATORS:
                followed.headers.pop(name, None)
        return followed


class Unpack(HttpCompressionMiddleware):
    """Undoes the content coding; a body that is not what it says it is a problem of its page."""

    def process_response(  # type: ignore[override]  # the spider is not passed any more
        self, request: Request, response: Response
    ) -> Response:
        codings = response.headers.getlist("Content-Encoding")
        layers = b",".join(codings).count(b",") + 1
        if layers > MOST_LAYERS:
            raise _undecodable(f"the body is packed {layers} times over")
        packed, most = response.body, request.meta.get("download_maxsize", self._max_size)
        try:
            body, left = self._handle_encoding(packed, codings, most)
        except _DecompressionMaxSizeExceeded as error:
            detail = f"the body of {len(packed)} bytes unpacks to too many"
            raise NotFetched(ProblemKind.TOO_LARGE, detail) from error
        except Exception as error:  # every decoder has errors of its own, gzip's is an OSError
            what = str(error) or type(error).__name__
            raise _undecodable(f"the body does not unpack: {what}") from error
        if any(left) and not _TEXT.match(body):
            coding = b",".join(left).decode("latin-1")[:50]
            raise _undecodable(f"the body is packed as {coding}, which was not asked for")
        if request.meta["kind"] is Kind.ROBOTS and response.status == 200 and not any(left):
            named = b",".join(codings).decode("latin-1")
            if len(body) < LIMIT_BYTES and unpacked(packed, named, most=most) is None:
                raise _undecodable("the packed body broke off")  # with rules that are not known
        plain = response.replace(body=body)
        plain.headers.setlist("Content-Encoding", left)
        return plain

    @classmethod
    def _decode(cls, body: bytes, encoding: bytes, max_size: int) -> bytes:
        """Undo one coding; a whole gzip member at three times Scrapy's speed."""
        if encoding in {b"gzip", b"x-gzip"}:
            member = isal_zlib.decompressobj(31)
            with suppress(igzip_lib.IsalError):  # type: ignore[arg-type]  # its stubs
                plain: bytes = member.decompress(body, max_size + 1)
                if member.eof and not member.unused_data and len(plain) <= max_size:
                    return plain
        return super()._decode(body, encoding, max_size)


_undecodable = partial(NotFetched, ProblemKind.UNDECODABLE)
