"""robots.txt (RFC 9309): asked for before anything else of a host, recorded, obeyed."""

import asyncio
import contextlib
import re
from functools import partial
from urllib.parse import quote

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http.request import NO_CALLBACK

from archive.models import Kind, Problem
from archive.problems import ProblemKind
from crawler.daterange import FRESH
from crawler.fetch.exceptions import HostPaused, NotFetched, ProxyFailed, kind_of, network_detail
from crawler.fetch.throttle import FetchServices, origin_of, slot_of

AGENT = "warraq"
LIMIT_BYTES = 500 * 1024  # section 2.5; what stands behind it does not count
LONGEST_DELAY = 300.0

_unreachable = partial(NotFetched, ProblemKind.ROBOTS_UNREACHABLE)
_OTHERS = {None, ProblemKind.HOST_PAUSED, ProblemKind.PROXY_FAILED}  # no matter of a robots.txt
_OWN = {ProblemKind.ADDRESS_REFUSED, ProblemKind.NETWORK_TLS}  # that say more than "unreachable"
# The product token of section 2.2.1. Protego takes `war`, a part of ours, for ours as well, and
# `Warraq/1.0` for another's.
_AGENT_LINE = re.compile(r"(?im)^[ \t]*user[- ]?agent[ \t:]+([a-z_-]+|\*)?.*")
_LINE_ENDS = re.compile(r"\r\n?|\n")  # section 2.2: EOL
# Where Protego ends a line, too, and RFC 9309 does not.
_NO_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")


def judge(url: str, status: int, body: bytes) -> Protego:
    """Return the rules that the answer to a robots.txt at `url` makes for `AGENT`.

    4xx allows everything (section 2.3.1.3), 429 and 5xx nothing (section 2.3.1.4).

    Raises:
        NotFetched: if nothing may be fetched for now.
    """
    if status >= 500 or status == 429:
        raise _unreachable(f"{url} answered {status}")
    if status >= 400:
        body = b""
    if len(body) > LIMIT_BYTES:  # half a rule would be another rule
        ends = (body.rfind(end, 0, LIMIT_BYTES) for end in (b"\n", b"\r"))
        body = body[: max(*ends, 0)]
    text = _LINE_ENDS.sub("\n", body.decode("utf-8-sig", "replace"))
    text = _NO_LINE_ENDS.sub(lambda found: quote(found[0]), text)
    return Protego.parse(_AGENT_LINE.sub(_agent, text))


def _agent(line: re.Match[str]) -> str:
    """Return the line of a group, by which Protego takes it for ours, everyone's or another's."""
    token = (line[1] or "").lower()
    return f"User-agent: {token if token in {AGENT, '*'} else '-'}"


class RobotsPolicy(RobotsTxtMiddleware):
    """Drops requests that robots.txt forbids, or whose robots.txt cannot be reached."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._fetching = FetchServices.of(crawler)
        self._policies: dict[str, asyncio.Task[Protego]] = {}

    async def process_request(self, request: Request) -> None:  # type: ignore[override]
        if request.meta.get("dont_obey_robotstxt"):
            return
        origin, publisher = origin_of(request.url), request.meta["publisher"]
        first = origin not in self._policies
        if first:
            self._policies[origin] = asyncio.ensure_future(self._find(origin, publisher))
        try:
            rules = await asyncio.shield(self._policies[origin])
        except NotFetched:
            if not first:  # the host is one problem, not one for each of its addresses
                self._fetching.pauses.check(request.url)
            raise
        if not rules.can_fetch(request.url, AGENT):
            detail = f"robots.txt forbids {request.url} to {self._robotstxt_useragent}"
            raise NotFetched(ProblemKind.ROBOTS_DISALLOW, detail)
        if delay := rules.crawl_delay(AGENT):
            slot = slot_of(self.crawler, request)
            slot.delay = max(slot.delay, min(delay, LONGEST_DELAY))
            self._fetching.delays.asked[publisher] = slot.delay

    async def _find(self, origin: str, publisher: str) -> Protego:
        """Return an origin's policy; that none is to be had is not remembered."""
        url = f"{origin}/robots.txt"
        try:
            return await self._fetch(url, publisher)
        except (NotFetched, ProxyFailed) as error:
            del self._policies[origin]
            if kind_of(error) in {ProblemKind.ROBOTS_UNREACHABLE, ProblemKind.NETWORK_TLS}:
                with contextlib.suppress(HostPaused):  # it has said itself for how long
                    self._fetching.pauses.check(url)
                    self._fetching.pauses.away(url)
            raise

    async def _fetch(self, url: str, publisher: str) -> Protego:
        store = self._fetching.store
        known = store.latest(url, since=store.clock() - FRESH)
        if known and (known[0] == 200 or 400 <= known[0] < 500) and known[0] != 429:
            return judge(url, *known[:2])
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
        rules = judge(url, response.status, response.body)
        if (delay := rules.crawl_delay(AGENT) or 0) > LONGEST_DELAY:
            detail = f"Crawl-delay: {delay:g} is over {LONGEST_DELAY:g} s, which are kept"
            problem = Problem(kind=ProblemKind.CRAWL_DELAY, detail=detail, stage="fetch")
            store.problem(problem, url=url, publisher=publisher)
        return rules
