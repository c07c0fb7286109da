"""Single addresses fetched without a crawl: same robots.txt, delays, gate and WARC files.

No visit is read or ended, so that no conditional state is spent: what is new stays new for the next
crawl. Only a host that asks for a pause (429, 503) has its visits wait, as in a crawl.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar, cast
from urllib.parse import urljoin

import click
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.log import configure_logging

from archive.clock import Clock
from archive.errors import ArchiveError, unwritten
from archive.models import Capture, Kind, Link, Problem, Visit
from archive.problems import ProblemKind
from archive.runs import by_clock
from archive.store import Store
from archive.urls import identity_key, readable
from crawler import config
from crawler.config import Config
from crawler.daterange import FRESH
from crawler.errors import CrawlerError, InquiryStopped, NotAListing
from crawler.fetch.exceptions import NETWORK_ERRORS, ArchiveFault, kind_of, network_detail
from crawler.fetch.middlewares import request_of
from crawler.fetch.throttle import FetchServices
from crawler.listings import follow, wordpress
from crawler.publisher import Publisher
from crawler.settings import USER_AGENT, scrapy_settings, warcinfo
from crawler.turns import Stop
from crawler.workers import Workers

NOBODY = ""  # the slug of a publisher that is not one yet; its captures have none
_PERMANENT = {301, 308}
_FAILURES: tuple[type[Exception], ...] = (*NETWORK_ERRORS, IgnoreRequest, ValueError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an address answered: a capture with its body, or the problem instead.

    `url` is the address that was requested, `moved_to` the one where it is now for good.
    """

    url: str
    capture: Capture | None = None
    problem: Problem | None = None
    moved_to: str | None = None

    @property
    def page(self) -> Capture | None:
        """The capture, unless something is wrong with it."""
        return None if self.problem else self.capture


class Probe(Spider):
    """Fetches the addresses that an inquiry asks it for, in turn or several at once."""

    name = "probe"
    store: Store
    workers: Workers
    inquire: "Callable[[Probe], Awaitable[Any]]"
    caps: Config  # where one is reached, nothing more is fetched
    inquiry: asyncio.Future[Any]

    @classmethod
    def from_crawler(
        cls, crawler: Crawler, *_: Any, store: Store, publishers: Sequence[Publisher], **more: Any
    ) -> Self:
        """Make the probe, and install what the crawler's components share with it."""
        workers = more["workers"] = Workers.of(crawler.settings)
        delays = {each.slug: each.delay for each in publishers}
        FetchServices.install(crawler, store, delays, workers.do)
        for publisher in publishers:
            if publisher.slug != NOBODY:
                store.publish(publisher.record())
        return super().from_crawler(crawler, store=store, **more)

    def closed(self, reason: str) -> None:  # noqa: ARG002 - Scrapy's
        self.workers.close()

    async def start(self) -> AsyncIterator[Any]:
        """Make the inquiry; nothing is left to be scheduled."""
        self.inquiry = asyncio.ensure_future(self.inquire(self))
        Stop().react = self.inquiry.cancel
        _, unfinished = await asyncio.wait({self.inquiry})
        for request in unfinished:
            yield request

    async def ask(self, url: str, kind: Kind, *, publisher: str = NOBODY) -> Answer:
        """Fetch an address once, unconditionally, and return what it answered.

        Of WordPress's interface, the fields are requested that the crawl requests.

        Raises:
            CrawlerError: if a data cap is reached.
        """
        if reached := self.caps.notes(self.store):
            raise CrawlerError(" ".join(reached))
        url = wordpress.listing(url) if kind is Kind.API else url
        try:
            response = await self.crawler.engine.download_async(_request(url, kind, publisher))
            answer = _answered(url, response)
        except ArchiveFault:
            raise
        except _FAILURES as error:
            failure, detail = kind_of(error) or ProblemKind.BAD_ADDRESS, network_detail(error)
            answer = Answer(url=url, problem=Problem(kind=failure, detail=detail, stage="fetch"))
        if self.store.batch.fault is None and self.store.batch.is_due():
            self.store.batch.commit()
        if sys.stderr.isatty():
            said = answer.problem.kind if answer.problem else "ok"
            click.echo(f"{said}  {readable(url)}", err=True)
        return answer

    async def announced_sitemaps(self, page: Capture) -> Iterable[Link]:
        """Return the sitemaps that the robots.txt of a page's host names; it was just read."""
        self.store.batch.commit()
        url = urljoin(page.url, "/robots.txt")
        known = self.store.latest(url, since=self.store.clock() - FRESH)
        if known and 300 <= known[0] < 400:
            robots = (await self.ask(url, Kind.ROBOTS, publisher=page.publisher or NOBODY)).page
            with contextlib.suppress(NotAListing):
                return await self.workers.links(replace(robots, kind=Kind.ROBOTS)) if robots else []
        return await follow.announced_sitemaps(self.store, page, self.workers.links)


async def run(
    inquire: Callable[[Probe], Awaitable[T]],
    publishers: Sequence[Publisher],
    root: Path,
    command: str,
    log_level: str,
    clock: Clock,
) -> T:
    """Return what an inquiry finds out with a probe; its exchanges are in the WARC files then.

    Raises:
        CrawlerError: what the inquiry raised.
        ArchiveError: if the archive in `root` cannot be written.
    """
    own = config.load(root)
    settings = scrapy_settings(publishers, own, log_level=log_level.upper())
    # Nothing is kept but the bytes, and a handful of pages is read.
    settings.set("EXTRACT_PROCESSES", 1, priority="cmdline")
    configure_logging(settings)
    crawler = Crawler(Probe, settings)
    stated, command = warcinfo(own), by_clock(command, clock)
    with Store(root, command=command, software=USER_AGENT, settings=stated, clock=clock) as store:
        shared = {"store": store, "publishers": publishers, "caps": own}
        await AsyncCrawlerRunner(settings).crawl(crawler, inquire=inquire, **shared)
        if fault := store.batch.fault:
            raise ArchiveError(unwritten(fault, root)) from fault
    probe = cast("Probe", crawler.spider)
    if probe.workers.failure:
        raise probe.workers.failure
    with contextlib.suppress(asyncio.CancelledError):
        return cast("T", probe.inquiry.result())
    raise InquiryStopped("Stopped; run the same command to start again.")


def _request(url: str, kind: Kind, publisher: str) -> Request:
    visit = Visit(key=identity_key(url), url=url, publisher=publisher, kind=kind)
    request = request_of(visit, callback=NO_CALLBACK, errback=NO_CALLBACK)
    request.meta["kind"] = Kind.PROBE
    return request


def _answered(url: str, response: Response) -> Answer:
    capture = replace(response.meta["capture"], body=response.body)
    reasons = response.meta.get("redirect_reasons", [])
    kind, detail = ProblemKind.http(capture.status), f"answered {capture.status}"
    if capture.truncated:
        kind, detail = ProblemKind.TRUNCATED, f"the answer broke off ({capture.truncated})"
    is_good = capture.status == 200 and not capture.truncated
    problem = None if is_good else Problem(kind=kind, detail=detail, stage="fetch")
    moved_to = capture.url if reasons and set(reasons) <= _PERMANENT else None
    return Answer(url=url, capture=capture, problem=problem, moved_to=moved_to)
