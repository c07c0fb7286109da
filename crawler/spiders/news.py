"""The one spider: due visits to requests, answers to links and pages."""

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from archive.problems import ProblemKind
from archive.records import Capture, Page, Problem, Visit
from archive.store import Store
from crawler.browser.render import Renderer
from crawler.daterange import Period
from crawler.fetch.exceptions import (
    ARCHIVE_FAULTS,
    NO_ANSWER,
    ArchiveFault,
    Disallowed,
    HostPaused,
    ProxyFailed,
    kind_of,
    network_detail,
)
from crawler.fetch.requests import request_of
from crawler.fetch.throttle import Pauses
from crawler.frontier import Frontier
from crawler.keeping import Keeper
from crawler.listings import wordpress
from crawler.outcomes import Ended, Outcomes
from crawler.publisher import Publisher
from crawler.responses import Responses, as_asked
from crawler.traps import Traps
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

HEARTBEAT = 0.25  # seconds


class NewsSpider(Spider):
    """Visits what is due of some publishers until nothing is, or its time is up."""

    name = "news"

    def __init__(
        self,
        *,
        store: Store,
        publishers: Sequence[Publisher],
        limit: int | None = None,
        seconds: float | None = None,
        max_bytes: int | None = None,
        only: Sequence[str] | None = None,
        period: Period | None = None,
        back: bool = False,
    ) -> None:
        """Take the open archive and the publishers to visit; for the limits see `Frontier`."""
        super().__init__()
        self.store = store
        self.publishers = {one.slug: one for one in publishers}
        self.clock = store.clock
        self.period = period or Period()
        self.frontier = Frontier(
            store,
            publishers,
            limit=limit,
            seconds=seconds,
            max_bytes=max_bytes,
            only=only,
            period=period,
            back=back,
        )
        self.fault: BaseException | None = None
        self.unable: str | None = None  # why nobody can be asked
        self.outcomes = Outcomes(store)
        self.pauses = Pauses(store.hosts, store.clock)
        self.traps = Traps(store)
        self.renderer: Renderer
        self.workers: Workers
        self.responses: Responses
        self.keeper = Keeper(store, self.publishers, traps=self.traps)
        self._own: contextlib.ExitStack | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *_: Any, **arguments: Any) -> Self:
        """Make the spider, also for `scrapy crawl news -a publisher=SLUG -a archive=DIR`."""
        opened = contextlib.ExitStack()
        if "store" not in arguments:
            from crawler.crawl import named

            arguments = named(crawler, opened, arguments)
        spider = cls(**arguments)
        spider._own = opened
        spider._set_crawler(crawler)
        spider.renderer = Renderer(crawler, spider.store, spider.publishers)
        spider._read_in(crawler.settings)
        crawler.signals.connect(spider._kept_page, signals.item_scraped)
        crawler.signals.connect(spider._failed_page, signals.item_error)
        crawler.signals.connect(spider._failed_answer, signals.spider_error)
        return spider

    def _read_in(self, settings: BaseSettings) -> None:
        """Make the worker processes that read answers, and what takes their readings."""
        self.workers = Workers(
            processes=settings.getint("EXTRACT_PROCESSES") or None,
            seconds=settings.getfloat("EXTRACT_SECONDS"),
            gave_up=self.stop,
        )
        self.responses = Responses(
            self.store,
            self.publishers,
            outcomes=self.outcomes,
            traps=self.traps,
            period=self.period,
            workers=self.workers,
        )

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for each due visit, listings first, as room comes free."""
        while True:
            visits = self._next_visits()
            for visit in visits:
                if request := self._request(visit):
                    yield request
            idle = not visits and self.frontier.is_idle()
            if idle and (self.frontier.is_over() or not self.pauses.soon_over()):
                return
            await self.frontier.room(seconds=HEARTBEAT)
            self._commit()

    def stop(self) -> None:
        """Begin no further visit; what is in hand is finished."""
        self.frontier.stop()

    def abort(self, error: BaseException) -> None:
        """Stop because the archive cannot be written; nothing more is kept."""
        self.fault = self.fault or error
        self.store.batch.break_off()
        self.stop()

    def closed(self, reason: str) -> None:
        logger.debug("closed: %s", reason)
        if self._own is not None:
            self._own.close()

    async def parse(self, response: Response) -> AsyncIterator[Page]:
        """Hand an answer on, and the page that it is."""
        pages = wordpress.total_pages(response.headers.get("X-WP-TotalPages"))
        result = await self.responses.receive(
            response.meta["visit"],
            replace(response.meta["capture"], body=response.body, pages=pages),
            shown=partial(self._shown, response=response),
            retry_after=(response.headers.get("Retry-After") or b"").decode("latin-1"),
        )
        if isinstance(result, Page):
            yield result
        else:
            self._end(result)

    def failed(self, failure: Failure) -> None:
        """Keep a visit that got no answer as a problem, due again later."""
        visit: Visit = failure.request.meta["visit"]  # type: ignore[attr-defined]
        error = failure.value
        if self.fault or isinstance(error, ArchiveFault):
            self._end(Ended(visit=visit))
        elif isinstance(error, HostPaused):
            self.frontier.postpone(visit, until=error.until)
            self._commit()
        elif isinstance(error, ProxyFailed):
            self._proxy_failed(visit, str(error))
        elif isinstance(error, Disallowed):
            self._end(self.outcomes.refused(visit, str(error)))
        elif kind := kind_of(error):
            if isinstance(error, NO_ANSWER):
                self.pauses.missed(failure.request.url)  # type: ignore[attr-defined]
            self._end(self.outcomes.failed(visit, None, kind, network_detail(error)))
        else:
            self._break(visit, None, failure)

    def _proxy_failed(self, visit: Visit, detail: str) -> None:
        """Begin nothing more: no site is to blame, and what is due stays due."""
        if self.unable is None:
            self.unable = detail
            problem = Problem(kind=ProblemKind.PROXY_FAILED, detail=detail, stage="fetch")
            self.store.problem(problem, url=visit.url, publisher=visit.publisher)
        self.stop()
        self._end(Ended(visit=visit))

    def _end(self, ended: Ended) -> None:
        """Make room for the next visit; commit a full batch."""
        self.frontier.done(ended.visit)
        self._commit()

    def _commit(self) -> None:
        if self.fault is None and self.store.batch.is_due():
            try:
                self.store.batch.commit()
            except ARCHIVE_FAULTS as error:
                self.abort(error)

    def _next_visits(self) -> list[Visit]:
        try:
            return self.frontier.next_visits()
        except ARCHIVE_FAULTS as error:
            self.abort(error)
            return []

    def _request(self, visit: Visit) -> Request | None:
        """Return the request of a visit; None if its address cannot stand in one."""
        visit = as_asked(visit, self.publishers[visit.publisher])
        try:
            return request_of(visit, callback=self.parse, errback=self.failed)
        except ValueError as error:
            self._end(self.outcomes.failed(visit, None, ProblemKind.BAD_ADDRESS, str(error)))
            return None

    async def _shown(self, visit: Visit, capture: Capture, *, response: Response) -> Capture:
        """Return what is to be read: the answer, or the page as a browser shows it.

        Raises:
            NotRendered: if a browser cannot show it.
        """
        if not self.renderer.shows(visit):
            return capture
        return await self.renderer.shown(visit, capture, response)

    def _kept_page(self, item: Ended) -> None:
        """End the visit of a page that has been through the pipelines."""
        self._end(item)

    def _failed_page(self, item: Any, failure: Failure) -> None:
        """Keep a page that broke a pipeline as a problem, so that it is tried again."""
        page = item if isinstance(item, Page) else item.page
        if isinstance(failure.value, Stopped):
            self._end(Ended(visit=page.visit))
        else:
            self._break(page.visit, page.capture, failure)

    def _failed_answer(self, response: Response | Failure | None, failure: Failure) -> None:
        """Keep an answer that broke the spider as a problem, so that it is tried again.

        `response` is a Failure where the errback broke, and None where `start` did.
        """
        request = getattr(response, "request", None)
        if request is None:
            self.abort(failure.value or RuntimeError(str(failure)))
        else:
            self._break(request.meta["visit"], request.meta.get("capture"), failure)

    def _break(self, visit: Visit, capture: Capture | None, failure: Failure) -> None:
        """End a visit that met a fault of our own, or the crawl if it is one of the archive's."""
        if isinstance(failure.value, ARCHIVE_FAULTS):
            self.abort(failure.value)
        if self.fault:
            self._end(Ended(visit=visit))
            return
        detail = f"{type(failure.value).__name__}: {failure.value}"
        logger.error("%s: internal error (--log-level DEBUG shows where): %s", visit.url, detail)
        self._end(self.outcomes.failed(visit, capture, ProblemKind.INTERNAL_ERROR, detail))
