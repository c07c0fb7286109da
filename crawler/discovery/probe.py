"""Single addresses fetched without a crawl: same robots.txt, delays, gate and WARC files.

No visit is read or ended, so that no conditional state is spent: what is new stays new for the next
crawl. Only a host that asks for a pause (429, 503) has its visits wait, as in a crawl.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, cast
from urllib.parse import urldefrag

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.settings import Settings
from scrapy.utils.log import configure_logging
from w3lib.url import safe_url_string

from archive.clock import Clock
from archive.errors import ArchiveError, unwritten
from archive.models import Capture, Kind, Problem, Visit
from archive.problems import ProblemKind
from archive.store import Store
from archive.urls import identity_key, readable
from crawler.config import Config
from crawler.errors import CrawlerError, StoppedLooking
from crawler.fetch import limits
from crawler.fetch.exceptions import (
    NETWORK,
    ArchiveFault,
    Disallowed,
    HostPaused,
    kind_of,
    network_detail,
)
from crawler.fetch.requests import LARGEST, LARGEST_PAGE
from crawler.fetch.robots import FRESH
from crawler.fetch.throttle import FetchServices
from crawler.pipelines import workers_of
from crawler.publisher import Publisher
from crawler.settings import USER_AGENT, scrapy_settings, warcinfo
from crawler.turns import Stop
from crawler.workers import Workers

NOBODY = ""  # the slug of a publisher that is not one yet; its captures have none
_NOTHING: tuple[Request, ...] = ()
_PERMANENT = {301, 308}
_FAILURES: tuple[type[Exception], ...] = (*NETWORK, IgnoreRequest, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an address answered: a capture with its body, or the problem instead.

    `url` is the address that was asked; `moved` says that all redirects were permanent.
    """

    url: str
    capture: Capture | None = None
    problem: Problem | None = None
    moved: bool = False

    @property
    def good(self) -> bool:
        """Whether the answer is a complete page or file."""
        return bool(self.capture and self.capture.status == 200 and not self.capture.truncated)


class Probe(Spider):
    """Fetches what an inquiry asks for, one address after the other or several at once."""

    name = "probe"

    def __init__(
        self,
        *,
        store: Store,
        publishers: Sequence[Publisher],
        workers: Workers,
        ask: "Callable[[Probe], Awaitable[Any]]",
        max_bytes: int | None,
        report: Callable[[str], None],
    ) -> None:
        """Take the open archive, the publishers whose delays hold, and what asks the questions.

        `report` gets a line for each answer; beyond `max_bytes` nothing more is fetched.
        """
        super().__init__()
        self.store = store
        self.clock = store.clock
        self.publishers = {publisher.slug: publisher for publisher in publishers}
        self.workers = workers
        self._ask = ask
        self._room = max_bytes
        self._report = report
        self._stopped = False
        self.result: Any = None
        self.failure: Exception | None = None

    @classmethod
    def from_crawler(
        cls,
        crawler: Crawler,
        *_: Any,
        store: Store,
        publishers: Sequence[Publisher],
        **arguments: Any,
    ) -> Self:
        """Make the probe, and install what the crawler's components share with it."""
        delays = {publisher.slug: publisher.delay for publisher in publishers}
        FetchServices.install(crawler, store, delays)
        workers = workers_of(crawler.settings)
        probe = cls(store=store, publishers=publishers, workers=workers, **arguments)
        probe._set_crawler(crawler)
        return probe

    def closed(self, reason: str) -> None:  # noqa: ARG002 - Scrapy's
        self.workers.close()

    async def start(self) -> AsyncIterator[Any]:
        """Make the inquiry; nothing is left to be scheduled."""
        try:
            self.result = await self._ask(self)
        except Exception as error:  # noqa: BLE001 - `run` raises it again, outside of the crawler
            self.failure = error
        for request in _NOTHING:
            yield request

    def stop(self) -> None:
        """Fetch nothing more; what is in progress is finished."""
        self._stopped = True

    async def ask(self, url: str, kind: Kind, *, publisher: str = NOBODY) -> Answer:
        """Fetch an address once, unconditionally, and return what it answered.

        Raises:
            StoppedLooking: if the user stopped the inquiry.
            CrawlerError: if a data cap is reached.
        """
        if self._stopped:
            raise StoppedLooking("stopped before the end; no file was written")
        if self._room is not None and self.store.totals["bytes"] >= self._room:
            raise CrawlerError("a data cap of warraq.toml is reached; nothing more is fetched")
        try:
            response = await self.crawler.engine.download_async(_request(url, kind, publisher))
            answer = _answered(url, kind, response)
        except _FAILURES as error:
            answer = Answer(url=url, problem=_problem(error))
        if self.store.batch.fault is None and self.store.batch.is_due():
            self.store.batch.commit()
        capture, problem = answer.capture, answer.problem
        status = capture.status if capture else problem and problem.kind
        self._report(f"{status}  {readable(url)}")
        return answer

    async def robots(self, url: str) -> str:
        """Return the text of a robots.txt, which was fetched before anything else was."""
        self.store.batch.commit()
        known = self.store.latest(url, since=self.clock() - FRESH)
        if known and known[0] == 200:
            return known[1].decode("utf-8-sig", "replace")
        answer = await self.ask(url, Kind.ROBOTS)  # it was redirected, or there is none
        good = answer.capture if answer.good else None
        return good.body.decode("utf-8-sig", "replace") if good else ""


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry(Generic[T]):
    """What to find out with a probe, and where the bytes go: the archive in `root`.

    `named` are URLs that the user wrote: their hosts may be of the own machine or network.
    """

    ask: Callable[[Probe], Awaitable[T]]
    root: Path
    command: str
    publishers: Sequence[Publisher]
    named: Sequence[str] = ()
    settings: Config
    log_level: str
    clock: Clock
    report: Callable[[str], None] = lambda _line: None


async def run(inquiry: Inquiry[T]) -> T:
    """Make an inquiry and return its result; its exchanges are in the WARC files then.

    Raises:
        CrawlerError: what the inquiry raised.
        ArchiveError: if the archive cannot be written.
    """
    stop = Stop()
    stop.install(with_parent=False)
    with Store(
        inquiry.root,
        command=inquiry.command,
        software=USER_AGENT,
        settings=warcinfo(inquiry.settings.contact),
        clock=inquiry.clock,
    ) as store:
        probe = await _send(inquiry, store, stop)
        if fault := store.batch.fault:
            raise ArchiveError(unwritten(fault, inquiry.root)) from fault
    if failure := probe.workers.failure or probe.failure:
        raise failure
    return cast("T", probe.result)


async def _send(inquiry: Inquiry[T], store: Store, stop: Stop) -> Probe:
    """Run the probe in an open archive."""
    caps = inquiry.settings.caps
    room = limits.left(store, caps)
    if room == 0:
        raise CrawlerError(" ".join(limits.notes(store, caps)))
    for publisher in inquiry.publishers:
        if publisher.slug != NOBODY:
            store.publish(publisher.record())

    async def ask(probe: Probe) -> T:
        stop.spider = probe
        if stop.asked:
            probe.stop()
        return await inquiry.ask(probe)

    settings = _settings(inquiry)
    configure_logging(settings)
    crawler = Crawler(Probe, settings)
    await AsyncCrawlerRunner(settings).crawl(
        crawler,
        store=store,
        publishers=inquiry.publishers,
        ask=ask,
        max_bytes=room,
        report=inquiry.report,
    )
    return cast("Probe", crawler.spider)


def _settings(inquiry: Inquiry[T]) -> Settings:
    settings = scrapy_settings(
        inquiry.publishers, contact=inquiry.settings.contact, log_level=inquiry.log_level
    )
    settings.set("OPEN_URLS", [*settings["OPEN_URLS"], *inquiry.named], priority="cmdline")
    settings.set("PROXY", inquiry.settings.proxy, priority="cmdline")
    settings.set("ITEM_PIPELINES", {}, priority="cmdline")  # nothing is kept but the bytes
    settings.set("EXTRACT_PROCESSES", 1, priority="cmdline")  # a handful of pages is read
    return settings


def _request(url: str, kind: Kind, publisher: str) -> Request:
    visit = Visit(key=identity_key(url), url=url, publisher=publisher, kind=Kind.PROBE)
    return Request(
        safe_url_string(urldefrag(url).url),
        callback=NO_CALLBACK,
        meta={
            "visit": visit,
            "verbatim_url": True,
            "download_maxsize": LARGEST.get(kind, LARGEST_PAGE),
        },
    )


def _answered(url: str, kind: Kind, response: Response) -> Answer:
    meta = response.meta
    capture = replace(meta["capture"], kind=kind, body=response.body)
    reasons = meta.get("redirect_reasons", [])
    moved = bool(reasons) and all(reason in _PERMANENT for reason in reasons)
    problem = None
    if capture.truncated:
        problem = _fetch(ProblemKind.TRUNCATED, f"the answer broke off ({capture.truncated})")
    elif capture.status != 200:
        problem = _fetch(ProblemKind.http(capture.status), f"answered {capture.status}")
    return Answer(url=url, capture=capture, problem=problem, moved=moved)


def _problem(error: Exception) -> Problem:
    """Return why a request got no answer; a fault of our own disk is raised again."""
    if isinstance(error, ArchiveFault):
        raise error
    if isinstance(error, HostPaused):
        return _fetch(ProblemKind.HOST_PAUSED, str(error))
    if isinstance(error, Disallowed):
        return _fetch(ProblemKind.ROBOTS_DISALLOW, str(error))
    return _fetch(kind_of(error) or ProblemKind.BAD_ADDRESS, network_detail(error))


def _fetch(kind: ProblemKind, detail: str) -> Problem:
    return Problem(kind=kind, detail=detail, stage="fetch")
