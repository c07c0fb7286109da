"""robots.txt (RFC 9309): asked for before anything else of a host, recorded, obeyed."""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from archive.models import Kind, Problem, Visit
from archive.problems import ProblemKind
from crawler.fetch.exceptions import (
    NETWORK,
    AddressRefused,
    Disallowed,
    HostPaused,
    ProxyFailed,
    Unreachable,
    network_detail,
)
from crawler.fetch.throttle import FetchServices

AGENT = "warraq"
LIMIT_BYTES = 500 * 1024  # section 2.5; what stands behind it does not count
LONGEST_DELAY = 300.0
FRESH = timedelta(days=1)  # for so long an answer is used (section 2.4)

_NO_ANSWER: tuple[type[Exception], ...] = (*NETWORK, IgnoreRequest)
# The product token of section 2.2.1. Protego takes `war`, a part of ours, for ours as well, and
# `Warraq/1.0` for another's.
_AGENT_LINE = re.compile(r"\s*user[- ]?agent[\s:]+(?P<token>[a-z_-]+|\*)?.*", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r\n?|\n")  # section 2.2: EOL
# Where Protego ends a line, too, and RFC 9309 does not.
_NO_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a host allows: `rules` None allows everything; `problem` forbids everything for now.

    `agent` is whose rules are ours. `refused` says why the host is none to ask at all.
    """

    rules: Protego | None = None
    agent: str = AGENT
    problem: str | None = None
    refused: str | None = None

    def allows(self, url: str) -> bool:
        """Return whether an address may be fetched."""
        return self.rules is None or self.rules.can_fetch(url, self.agent)

    @property
    def asked_delay(self) -> float:
        """The Crawl-delay in seconds, as it was written; 0 where there is none that makes sense."""
        return (self.rules and self.rules.crawl_delay(self.agent)) or 0.0


def judge(url: str, status: int, body: bytes) -> Policy:
    """Return the policy that the answer to a robots.txt at `url` makes.

    4xx allows everything (section 2.3.1.3), 429 and 5xx nothing (section 2.3.1.4).
    """
    if status >= 500 or status == 429:
        return Policy(problem=f"{url} answered {status}")
    if status >= 400:
        return Policy()
    if len(body) > LIMIT_BYTES:  # half a rule would be another rule
        ends = (body.rfind(end, 0, LIMIT_BYTES) for end in (b"\n", b"\r"))
        body = body[: max(*ends, 0)]
    lines = _LINE_ENDS.split(body.decode("utf-8-sig", "replace"))
    tokens, plain = set(), []
    for line in lines:
        if agent := _AGENT_LINE.fullmatch(line):
            token = (agent["token"] or "").lower()
            tokens.add(token)
            plain.append(f"User-agent: {token}")
        else:
            plain.append(_NO_LINE_ENDS.sub(lambda found: quote(found[0]), line))
    return Policy(rules=Protego.parse("\n".join(plain)), agent=AGENT if AGENT in tokens else "*")


class RobotsPolicy(RobotsTxtMiddleware):
    """Drops requests that robots.txt forbids, or whose robots.txt cannot be reached."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        services = FetchServices.of(crawler)
        self._store = services.store
        self._pauses = services.pauses
        self._delays = services.delays
        self._agent = str(crawler.settings["ROBOTSTXT_USER_AGENT"])
        self._policies: dict[str, asyncio.Task[Policy]] = {}

    async def process_request(self, request: Request) -> None:  # type: ignore[override]
        if request.meta.get("dont_obey_robotstxt"):
            return
        first = _origin(request.url) not in self._policies
        policy = await self._policy(request)
        if policy.refused:
            raise AddressRefused(policy.refused)
        if policy.problem:
            if not first:  # the host is one problem, not one for each of its addresses
                self._pauses.check(request.url)
            raise Unreachable(policy.problem)
        if not policy.allows(request.url):
            raise Disallowed(f"robots.txt forbids {request.url} to {self._agent}")
        self._slow_down(request, policy.asked_delay)

    async def _policy(self, request: Request) -> Policy:
        origin = _origin(request.url)
        if origin not in self._policies:
            self._policies[origin] = asyncio.ensure_future(self._find(origin, _publisher(request)))
        return await asyncio.shield(self._policies[origin])

    async def _find(self, origin: str, publisher: str) -> Policy:
        """Return an origin's policy; one that forbids everything for now is not remembered."""
        url = f"{origin}/robots.txt"
        try:
            policy = await self._fetch(url, publisher)
        except (HostPaused, ProxyFailed):
            del self._policies[origin]
            raise
        if policy.problem:
            del self._policies[origin]
            with contextlib.suppress(HostPaused):  # it has said itself for how long
                self._pauses.check(url)
                self._pauses.away(url)
        return policy

    async def _fetch(self, url: str, publisher: str) -> Policy:
        known = self._store.latest(url, since=self._store.clock() - FRESH)
        if known and (known[0] == 200 or 400 <= known[0] < 500) and known[0] != 429:
            return judge(url, *known)
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
        except (HostPaused, ProxyFailed):
            raise
        except AddressRefused as error:
            return Policy(refused=f"{url}: {error}")
        except _NO_ANSWER as error:
            return Policy(problem=f"{url} cannot be reached: {network_detail(error)}")
        if "truncated" in response.flags and len(response.body) < LIMIT_BYTES:
            return Policy(problem=f"{url} broke off")
        policy = judge(url, response.status, response.body)
        if policy.asked_delay > LONGEST_DELAY:
            told = f"Crawl-delay: {policy.asked_delay:g} is more than {LONGEST_DELAY:g} seconds,"
            problem = Problem(
                kind=ProblemKind.CRAWL_DELAY, detail=f"{told} which are kept", stage="fetch"
            )
            self._store.problem(problem, url=url, publisher=publisher)
        return policy

    def _slow_down(self, request: Request, delay: float) -> None:
        if delay:
            _, slot = self.crawler.engine.downloader._get_slot(request)  # noqa: SLF001 - Scrapy has no public way
            slot.delay = max(slot.delay, min(delay, LONGEST_DELAY))
            self._delays.ask(_publisher(request), slot.delay)


def _publisher(request: Request) -> str:
    visit: Visit | None = request.meta.get("visit")
    return visit.publisher if visit else str(request.meta["publisher"])


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
