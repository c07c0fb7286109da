"""The one spider: due visits to requests, answers to links and pages."""

import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from archive.errors import ARCHIVE_FAULTS
from archive.models import Capture, Page, Problem, Visit
from archive.problems import ProblemKind
from archive.store import Store
from crawler.browser.render import Renderer
from crawler.daterange import Period
from crawler.derive import Deriver
from crawler.fetch.exceptions import (
    NO_ANSWER,
    ArchiveFault,
    Disallowed,
    HostPaused,
    ProxyFailed,
    kind_of,
    network_detail,
)
from crawler.fetch.requests import request_of
from crawler.fetch.throttle import FetchServices, Pauses
from crawler.frontier import Frontier
from crawler.ingest import Keeper
from crawler.listings import wordpress
from crawler.listings.follow import Traps
from crawler.outcomes import Ended, Outcomes
from crawler.pipelines import PageServices, workers_of
from crawler.publisher import Publisher
from crawler.responses import Responses, as_asked
from crawler.spiders.arguments import from_arguments
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
        publishers: Mapping[str, Publisher],
        period: Period,
        frontier: Frontier,
        pauses: Pauses,
        workers: Workers,
        renderer: Renderer,
    ) -> None:
        """Take the open archive, the publishers by slug, and what this crawl's parts share."""
        super().__init__()
        self._store = store
        self._publishers = publishers
        self.frontier = frontier
        self.pauses = pauses
        self.workers = workers
        self.unable: str | None = None  # why nobody can be asked
        self._renderer = renderer
        self._outcomes = Outcomes(store)
        traps = Traps(store)
        self._responses = Responses(
            store,
            publishers,
            outcomes=self._outcomes,
            traps=traps,
            period=period,
            workers=workers,
        )
        deriver = Deriver(store.warc_folder, publishers, workers)
        self._keeper = Keeper(store, publishers, traps=traps, deriver=deriver)
        self._opened = contextlib.ExitStack()

    @classmethod
    def from_crawler(
        cls,
        crawler: Crawler,
        *_: Any,
        store: Store | None = None,
        publishers: Sequence[Publisher] = (),
        period: Period | None = None,
        **plan: Any,
    ) -> Self:
        """Make the spider, and install what the crawler's components share with it.

        `plan` are the limits of `Frontier`; without a `store` they are the arguments of
        `scrapy crawl news -a publisher=SLUG -a archive=DIR`.
        """
        opened = contextlib.ExitStack()
        if store is None:
            store, publishers = from_arguments(crawler, opened, **plan)
            plan = {}
        by_slug = {one.slug: one for one in publishers}
        delays = {one.slug: one.delay for one in publishers}
        fetching = FetchServices.install(crawler, store, delays)
        plan |= {"delays": fetching.delays, "period": period or Period()}
        spider = cls(
            store=store,
            publishers=by_slug,
            period=plan["period"],
            frontier=Frontier(store, publishers, **plan),
            pauses=fetching.pauses,
            workers=workers_of(crawler.settings),
            renderer=Renderer(crawler, store, by_slug),
        )
        spider._opened.push(opened)
        spider._set_crawler(crawler)
        spider._connect(crawler)
        return spider

    def _connect(self, crawler: Crawler) -> None:
        """Install what the pipelines need, and hear how they ended."""
        PageServices(
            publishers=self._publishers,
            workers=self.workers,
            pauses=self.pauses,
            keeper=self._keeper,
        ).install(crawler)
        crawler.signals.connect(self._kept_page, signals.item_scraped)
        crawler.signals.connect(self._failed_page, signals.item_error)
        crawler.signals.connect(self._failed_answer, signals.spider_error)

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for each due visit, listings first, as room comes free."""
        while True:
            if self._store.batch.fault or self.workers.failure:
                self.stop()
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

    def _abort(self, error: BaseException) -> None:
        """Stop because the archive cannot be written; nothing more is kept."""
        self._store.batch.break_off(error)
        self.stop()

    def closed(self, reason: str) -> None:
        logger.debug("closed: %s", reason)
        self.workers.close()
        self._opened.close()

    async def parse(self, response: Response) -> AsyncIterator[Page]:
        """Hand an answer on, and the page that it is."""
        pages = wordpress.total_pages(response.headers.get("X-WP-TotalPages"))
        result = await self._responses.receive(
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
        if self._store.batch.fault or isinstance(error, ArchiveFault):
            self._end(Ended(visit=visit))
        elif isinstance(error, HostPaused):
            self.frontier.postpone(visit, until=error.until)
            self._commit()
        elif isinstance(error, ProxyFailed):
            self._proxy_failed(visit, str(error))
        elif isinstance(error, Disallowed):
            self._end(self._outcomes.refused(visit, str(error)))
        elif kind := kind_of(error):
            if isinstance(error, NO_ANSWER):
                self.pauses.missed(failure.request.url)  # type: ignore[attr-defined]
            self._end(self._outcomes.failed(visit, None, kind, network_detail(error)))
        else:
            self._break(visit, None, failure)

    def _proxy_failed(self, visit: Visit, detail: str) -> None:
        """Begin nothing more: no site is to blame, and what is due stays due."""
        if self.unable is None:
            self.unable = detail
            problem = Problem(kind=ProblemKind.PROXY_FAILED, detail=detail, stage="fetch")
            self._store.problem(problem, url=visit.url, publisher=visit.publisher)
        self.stop()
        self._end(Ended(visit=visit))

    def _end(self, ended: Ended) -> None:
        """Make room for the next visit; commit a full batch."""
        self.frontier.done(ended.visit)
        self._commit()

    def _commit(self) -> None:
        batch = self._store.batch
        if batch.fault is None and batch.is_due():
            try:
                batch.commit()
            except ARCHIVE_FAULTS:  # which is the batch's fault now
                self.stop()

    def _next_visits(self) -> list[Visit]:
        try:
            return self.frontier.next_visits()
        except ARCHIVE_FAULTS as error:
            self._abort(error)
            return []

    def _request(self, visit: Visit) -> Request | None:
        """Return the request of a visit; None if its address cannot stand in one."""
        visit = as_asked(visit, self._publishers[visit.publisher])
        try:
            return request_of(visit, callback=self.parse, errback=self.failed)
        except ValueError as error:
            self._end(self._outcomes.failed(visit, None, ProblemKind.BAD_ADDRESS, str(error)))
            return None

    async def _shown(self, visit: Visit, capture: Capture, *, response: Response) -> Capture:
        """Return what is to be read: the answer, or the page as a browser shows it.

        Raises:
            NotRendered: if a browser cannot show it.
        """
        if not self._renderer.shows(visit):
            return capture
        return await self._renderer.shown(visit, capture, response)

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
            self._abort(failure.value or RuntimeError(str(failure)))
        else:
            self._break(request.meta["visit"], request.meta.get("capture"), failure)

    def _break(self, visit: Visit, capture: Capture | None, failure: Failure) -> None:
        """End a visit that met a fault of our own, or the crawl if it is one of the archive's."""
        if isinstance(failure.value, ARCHIVE_FAULTS):
            self._abort(failure.value)
        if self._store.batch.fault:
            self._end(Ended(visit=visit))
            return
        detail = f"{type(failure.value).__name__}: {failure.value}"
        logger.error("%s: internal error (--log-level DEBUG shows where): %s", visit.url, detail)
        self._end(self._outcomes.failed(visit, capture, ProblemKind.INTERNAL_ERROR, detail))
