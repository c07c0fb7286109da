"""Single addresses fetched without a crawl: same robots.txt, delays, gate and WARC files.

No visit is read or ended, so that no conditional state is spent: what is new stays new for the next
crawl. Only a host that asks for a pause (429, 503) has its visits wait, as in a crawl.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, cast
from urllib.parse import urljoin

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.log import configure_logging

from archive.clock import Clock
from archive.errors import ArchiveError, unwritten
from archive.models import Capture, Kind, Problem, Visit
from archive.problems import ProblemKind
from archive.store import Store
from archive.urls import identity_key, readable
from crawler import config
from crawler.config import Config
from crawler.errors import CrawlerError, InquiryStopped
from crawler.fetch.exceptions import NETWORK, ArchiveFault, kind_of, network_detail
from crawler.fetch.middlewares import request_of
from crawler.fetch.robots import FRESH
from crawler.fetch.throttle import FetchServices
from crawler.listings import follow, wordpress
from crawler.listings.sitemaps import in_robots
from crawler.publisher import Publisher
from crawler.settings import USER_AGENT, scrapy_settings, warcinfo
from crawler.turns import Stop
from crawler.workers import Workers

NOBODY = ""  # the slug of a publisher that is not one yet; its captures have none
_NOTHING: tuple[Request, ...] = ()
_PERMANENT = {301, 308}
_FAILURES: tuple[type[Exception], ...] = (*NETWORK, IgnoreRequest, ValueError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an address answered: a capture with its body, or the problem instead.

    `url` is the address that was requested; `moved` says that all redirects were permanent.
    """

    url: str
    capture: Capture | None = None
    problem: Problem | None = None
    moved: bool = False

    @property
    def landed(self) -> str:
        """The address that answered in the end."""
        return self.capture.url if self.capture else self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry(Generic[T]):
    """What to find out with a probe, and where the bytes go: the archive in `root`.

    `report` gets a line for each answer.
    """

    ask: "Callable[[Probe], Awaitable[T]]"
    root: Path
    command: str
    publishers: Sequence[Publisher]
    log_level: str
    clock: Clock
    report: Callable[[str], None] = lambda _line: None


class Probe(Spider):
    """Fetches the addresses that an inquiry names, in turn or several at once."""

    name = "probe"
    store: Store
    inquiry: Inquiry[Any]
    workers: Workers
    stopping: Stop  # when asked, the inquiry is cancelled
    max_bytes: int | None  # beyond them nothing more is fetched
    result: Any = None
    failure: Exception | None = None

    @classmethod
    def from_crawler(
        cls, crawler: Crawler, *_: Any, store: Store, inquiry: Inquiry[Any], **limits: Any
    ) -> Self:
        """Make the probe, and install what the crawler's components share with it."""
        delays = {publisher.slug: publisher.delay for publisher in inquiry.publishers}
        FetchServices.install(crawler, store, delays)
        workers = Workers.of(crawler.settings)
        return super().from_crawler(
            crawler, store=store, inquiry=inquiry, workers=workers, **limits
        )

    def closed(self, reason: str) -> None:  # noqa: ARG002 - Scrapy's
        self.workers.close()

    async def start(self) -> AsyncIterator[Any]:
        """Make the inquiry; nothing is left to be scheduled."""
        asking = asyncio.ensure_future(self.inquiry.ask(self))
        self.stopping.react = asking.cancel
        if self.stopping.asked:
            asking.cancel()
        try:
            self.result = await asking
        except asyncio.CancelledError:
            self.failure = InquiryStopped("Stopped; run the same command to start again.")
        except Exception as error:  # noqa: BLE001 - `run` raises it again, outside of the crawler
            self.failure = error
        for request in _NOTHING:
            yield request

    async def ask(self, url: str, kind: Kind, *, publisher: str = NOBODY) -> Answer:
        """Fetch an address once, unconditionally, and return what it answered.

        Of WordPress's interface, the fields are requested that the crawl requests.

        Raises:
            CrawlerError: if a data cap is reached.
        """
        if self.max_bytes is not None and self.store.totals["bytes"] >= self.max_bytes:
            raise CrawlerError("a data cap of warraq.toml is reached; nothing more is fetched")
        url = wordpress.listing(url) if kind is Kind.API else url
        try:
            response = await self.crawler.engine.download_async(_request(url, kind, publisher))
            answer = _answered(url, response)
        except ArchiveFault:
            raise
        except _FAILURES as error:
            problem = kind_of(error) or ProblemKind.BAD_ADDRESS
            answer = Answer(url=url, problem=_problem(problem, network_detail(error)))
        if self.store.batch.fault is None and self.store.batch.is_due():
            self.store.batch.commit()
        status = answer.capture.status if answer.capture else answer.problem and answer.problem.kind
        self.inquiry.report(f"{status}  {readable(url)}")
        return answer

    async def announced_sitemaps(self, page: Capture) -> list[str]:
        """Return the sitemaps that the robots.txt of a page's host names; it was just read."""
        self.store.batch.commit()
        url = urljoin(page.url, "/robots.txt")
        known = self.store.latest(url, since=self.store.clock() - FRESH)
        if known and 300 <= known[0] < 400:
            answer = await self.ask(url, Kind.ROBOTS)
            body = answer.capture.body if answer.capture and not answer.problem else b""
            return in_robots(body.decode("utf-8-sig", "replace"), url)
        return [link.url for link in follow.announced_sitemaps(self.store, page)]


async def run(inquiry: Inquiry[T]) -> T:
    """Make an inquiry and return its result; its exchanges are in the WARC files then.

    Raises:
        CrawlerError: what the inquiry raised.
        ArchiveError: if the archive cannot be written.
    """
    stop, settings = Stop(), config.load(inquiry.root)
    with Store(
        inquiry.root,
        command=inquiry.command,
        software=USER_AGENT,
        settings=warcinfo(settings.contact),
        clock=inquiry.clock,
    ) as store:
        probe = await _send(inquiry, store, stop, settings)
        if fault := store.batch.fault:
            raise ArchiveError(unwritten(fault, inquiry.root)) from fault
    if failure := probe.workers.failure or probe.failure:
        raise failure
    return cast("T", probe.result)


async def _send(inquiry: Inquiry[T], store: Store, stop: Stop, settings: Config) -> Probe:
    """Run the probe in an open archive."""
    max_bytes = settings.left(store)
    if max_bytes == 0:
        raise CrawlerError(" ".join(settings.notes(store)))
    for publisher in inquiry.publishers:
        if publisher.slug != NOBODY:
            store.publish(publisher.record())
    wanted = scrapy_settings(
        inquiry.publishers, contact=settings.contact, log_level=inquiry.log_level.upper()
    )
    # Nothing is kept but the bytes, and a handful of pages is read.
    own: dict[str, Any] = {"PROXY": settings.proxy, "EXTRACT_PROCESSES": 1}
    wanted.update(own, priority="cmdline")
    configure_logging(wanted)
    crawler = Crawler(Probe, wanted)
    await AsyncCrawlerRunner(wanted).crawl(
        crawler, store=store, inquiry=inquiry, stopping=stop, max_bytes=max_bytes
    )
    return cast("Probe", crawler.spider)


def _request(url: str, kind: Kind, publisher: str) -> Request:
    visit = Visit(key=identity_key(url), url=url, publisher=publisher, kind=kind)
    request = request_of(visit, callback=NO_CALLBACK, errback=NO_CALLBACK)
    request.meta["visit"] = replace(visit, kind=Kind.PROBE)
    return request


def _answered(url: str, response: Response) -> Answer:
    capture = replace(response.meta["capture"], body=response.body)
    reasons = response.meta.get("redirect_reasons", [])
    problem = None
    if capture.truncated:
        detail = f"the answer broke off ({capture.truncated})"
        problem = _problem(ProblemKind.TRUNCATED, detail)
    elif capture.status != 200:
        problem = _problem(ProblemKind.http(capture.status), f"answered {capture.status}")
    moved = bool(reasons) and set(reasons) <= _PERMANENT
    return Answer(url=url, capture=capture, problem=problem, moved=moved)


def _problem(kind: ProblemKind, detail: str) -> Problem:
    return Problem(kind=kind, detail=detail, stage="fetch")
