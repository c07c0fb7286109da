"""robots.txt (RFC 9309): asked for before anything else of a host, recorded, obeyed."""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from archive.models import Kind, Problem
from archive.problems import ProblemKind
from crawler.daterange import FRESH
from crawler.fetch.exceptions import (
    NETWORK,
    HostPaused,
    NotFetched,
    ProxyFailed,
    kind_of,
    network_detail,
)
from crawler.fetch.throttle import FetchServices, origin_of, slot_of

AGENT = "warraq"
LIMIT_BYTES = 500 * 1024  # section 2.5; what stands behind it does not count
LONGEST_DELAY = 300.0

_unreachable = partial(NotFetched, ProblemKind.ROBOTS_UNREACHABLE)
_NO_ANSWER: tuple[type[Exception], ...] = (*NETWORK, IgnoreRequest)
# The product token of section 2.2.1. Protego takes `war`, a part of ours, for ours as well, and
# `Warraq/1.0` for another's.
_AGENT_LINE = re.compile(
    r"^[ \t]*user[- ]?agent[ \t:]+([a-z_-]+|\*)?.*", re.IGNORECASE | re.MULTILINE
)
_LINE_ENDS = re.compile(r"\r\n?|\n")  # section 2.2: EOL
# Where Protego ends a line, too, and RFC 9309 does not.
_NO_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a host allows: the rules of its robots.txt, and whose of them are ours."""

    rules: Protego
    agent: str

    def allows(self, url: str) -> bool:
        """Return whether an address may be fetched."""
        return bool(self.rules.can_fetch(url, self.agent))

    @property
    def asked_delay(self) -> float:
        """The Crawl-delay in seconds, as it was written; 0 where there is none that makes sense."""
        return self.rules.crawl_delay(self.agent) or 0.0


def judge(url: str, status: int, body: bytes) -> Policy:
    """Return the policy that the answer to a robots.txt at `url` makes.

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
    is_named = AGENT in map(str.lower, _AGENT_LINE.findall(text))
    rules = Protego.parse(_AGENT_LINE.sub(r"User-agent: \1", text))
    return Policy(rules=rules, agent=AGENT if is_named else "*")


class RobotsPolicy(RobotsTxtMiddleware):
    """Drops requests that robots.txt forbids, or whose robots.txt cannot be reached."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._fetching = FetchServices.of(crawler)
        self._policies: dict[str, asyncio.Task[Policy]] = {}

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
        if not policy.allows(request.url):
            detail = f"robots.txt forbids {request.url} to {self._robotstxt_useragent}"
            raise NotFetched(ProblemKind.ROBOTS_DISALLOW, detail)
        if delay := policy.asked_delay:
            slot = slot_of(self.crawler, request)
            slot.delay = max(slot.delay, min(delay, LONGEST_DELAY))
            self._fetching.delays.asked[publisher] = slot.delay

    async def _find(self, origin: str, publisher: str) -> Policy:
        """Return an origin's policy; that none is to be had is not remembered."""
        url = f"{origin}/robots.txt"
        try:
            return await self._fetch(url, publisher)
        except (NotFetched, ProxyFailed) as error:
            del self._policies[origin]
            if kind_of(error) is ProblemKind.ROBOTS_UNREACHABLE:
                with contextlib.suppress(HostPaused):  # it has said itself for how long
                    self._fetching.pauses.check(url)
                    self._fetching.pauses.away(url)
            raise

    async def _fetch(self, url: str, publisher: str) -> Policy:
        store = self._fetching.store
        known = store.latest(url, since=store.clock() - FRESH)
        if known and (known[0] == 200 or 400 <= known[0] < 500) and known[0] != 429:
            return judge(url, *known[:2])
        meta = {"dont_obey_robotstxt": True, "kind": Kind.ROBOTS, "publisher": publisher}
        meta["download_timeout"] = 30
        request = Request(url, callback=NO_CALLBACK, priority=self.DOWNLOAD_PRIORITY, meta=meta)
        try:
            response = await self.crawler.engine.download_async(request)
        except (HostPaused, ProxyFailed):
            raise
        except _NO_ANSWER as error:
            if kind_of(error) is ProblemKind.ADDRESS_REFUSED:
                raise NotFetched(ProblemKind.ADDRESS_REFUSED, f"{url}: {error}") from error
            raise _unreachable(f"{url} cannot be reached: {network_detail(error)}") from error
        if "truncated" in response.flags and len(response.body) < LIMIT_BYTES:
            raise _unreachable(f"{url} broke off")
        policy = judge(url, response.status, response.body)
        if policy.asked_delay > LONGEST_DELAY:
            detail = (
                f"Crawl-delay: {policy.asked_delay:g} is over {LONGEST_DELAY:g} s, which are kept"
            )
            problem = Problem(kind=ProblemKind.CRAWL_DELAY, detail=detail, stage="fetch")
            store.problem(problem, url=url, publisher=publisher)
        return policy
