"""The one spider: pending visits to requests, and each answer to the end of its visit."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from archive.errors import ARCHIVE_FAULTS, ArchiveError
from archive.models import Capture, Visit
from archive.problems import ProblemKind
from archive.store import Store
from crawler import config
from crawler.daterange import ALWAYS, Period
from crawler.errors import CrawlerError, PublisherError
from crawler.fetch.exceptions import (
    NO_ANSWER,
    ArchiveFault,
    HostPaused,
    ProxyFailed,
    kind_of,
    network_detail,
)
from crawler.fetch.middlewares import request_of
from crawler.fetch.throttle import FetchServices
from crawler.frontier import Frontier, entry_points
from crawler.listings.follow import Traps
from crawler.outcomes import Outcomes
from crawler.publisher import Publisher, find
from crawler.responses import Responses, as_asked
from crawler.settings import USER_AGENT, scrapy_settings, warcinfo
from crawler.workers import Stopped, Workers

if TYPE_CHECKING:  # a crawl that renders nothing needs no browser
    from crawler.browser import Renderer

logger = logging.getLogger(__name__)

HEARTBEAT = 0.25  # seconds


class NewsSpider(Spider):
    """Visits what is due of some publishers until nothing is, or its time is up."""

    name = "news"

    def __init__(
        self,
        crawler: Crawler,
        store: Store,
        publishers: Sequence[Publisher],
        *,
        own: config.Config = config.DEFAULTS,
        period: Period = ALWAYS,
        opened: contextlib.ExitStack | None = None,
        **limits: Any,
    ) -> None:
        """Take the open archive, its `own` settings, the publishers, and `Frontier`'s limits.

        What is `opened` ends with the crawl.

        What the crawler's components share with the spider is installed.
        """
        super().__init__()
        delays = {publisher.slug: publisher.delay for publisher in publishers}
        self.workers = Workers.of(crawler.settings)
        fetching = FetchServices.install(crawler, store, delays, self.workers.do)
        self._store = store
        self._publishers = {publisher.slug: publisher for publisher in publishers}
        self._opened = opened or contextlib.ExitStack()
        self._outcomes = Outcomes(store)
        self.pauses = fetching.pauses
        self.unable: str | None = None  # why nobody can be asked
        self.frontier = Frontier(store, publishers, delays=fetching.delays, period=period, **limits)
        self._responses = Responses(
            store=store,
            publishers=self._publishers,
            outcomes=self._outcomes,
            traps=Traps(store, own),
            period=period,
            pauses=self.pauses,
            workers=self.workers,
            renderer=_renderer(crawler, store, self._publishers),
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler, *_: Any, **plan: Any) -> Self:
        """Make the spider.

        `plan` are its own arguments; without a `store` among them they are those of
        `scrapy crawl news -a publisher=SLUG -a archive=DIR`.
        """
        spider = cls(crawler, **(plan if "store" in plan else _opened(crawler, **plan)))
        spider._set_crawler(crawler)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for each pending visit, listings first, as room comes free."""
        try:
            while True:
                if self._store.batch.fault or self.workers.failure:
                    self.stop()
                visits = self.frontier.next_visits()
                for visit in visits:
                    if request := self._request(visit):
                        yield request
                idle = not (visits or self.frontier.in_hand)
                if idle and (self.frontier.is_over() or not self.pauses.soon_over()):
                    return
                await self.frontier.room(seconds=HEARTBEAT)
                self._commit()
        except Exception as error:  # noqa: BLE001 - whatever it was, the crawl cannot go on
            self._abort(error)

    def stop(self) -> None:
        """Begin no further visit; what is in hand is finished, but for the links of listings."""
        self.frontier.stop()
        self.workers.stop()

    def _abort(self, error: BaseException) -> None:
        """Stop because the archive cannot be written; nothing more is saved."""
        self._store.batch.break_off(error)
        self.stop()

    def closed(self, _reason: str) -> None:
        self.frontier.stop()
        self.workers.close()
        self._opened.close()

    async def parse(self, response: Response) -> None:
        """End the visit that was answered."""
        visit, capture = response.meta["visit"], response.meta["capture"]
        reasons = response.meta.get("redirect_reasons", [])
        moved = bool(reasons) and {301, 308}.issuperset(reasons)
        answer = replace(capture, body=response.body, moved=moved)
        try:
            state = await self._responses.receive(visit, answer, response.headers)
            logger.debug("%s: %s", visit.url, state)
        except Stopped:  # it stays due
            logger.debug("%s: stopped", visit.url)
        except Exception as error:  # noqa: BLE001 - a page that breaks us is a problem of its own
            self._break(visit, capture, error)
        finally:
            self._end(visit)

    def failed(self, failure: Failure) -> None:
        """Save a visit that got no answer as a problem, due again later."""
        request: Request = failure.request  # type: ignore[attr-defined]
        visit: Visit = request.meta["visit"]
        if isinstance(failure.value, asyncio.CancelledError):  # what is cut off stays due
            return
        try:
            self._fail(visit, request.url, failure.value or RuntimeError(str(failure)))
        finally:
            self._end(visit)

    def _fail(self, visit: Visit, url: str, error: BaseException) -> None:
        if self._store.batch.fault or isinstance(error, ArchiveFault | Stopped):
            return
        if isinstance(error, HostPaused):
            self.frontier.postpone(visit, until=error.until)
        elif isinstance(error, ProxyFailed):
            self._proxy_failed(visit, str(error))
        elif (kind := kind_of(error)) is ProblemKind.ROBOTS_DISALLOW:
            self._outcomes.refused(visit, str(error))
        elif kind:
            if kind in NO_ANSWER:
                self.pauses.missed(url)
            self._outcomes.failed(visit, None, kind, network_detail(error))
        else:
            self._break(visit, None, error)

    def _proxy_failed(self, visit: Visit, detail: str) -> None:
        """Begin nothing more: no site is to blame, and what is due stays due."""
        if self.unable is None:
            self.unable = detail
            self._store.report(visit, None, ProblemKind.PROXY_FAILED, detail)
        self.stop()

    def _end(self, visit: Visit) -> None:
        """Make room for the next visit; commit a full batch."""
        self.frontier.done(visit)
        self._commit()

    def _commit(self) -> None:
        batch = self._store.batch
        if batch.fault is None and batch.is_due():
            try:
                batch.commit()
            except ARCHIVE_FAULTS:  # which is the batch's fault now
                self.stop()

    def _request(self, visit: Visit) -> Request | None:
        """Return the request of a visit; None if its address cannot stand in one."""
        full = self.crawler.settings.getbool("FULL")
        visit = as_asked(visit, self._publishers[visit.publisher], full=full)
        try:
            return request_of(visit, callback=self.parse, errback=self.failed)
        except ValueError as error:
            self._outcomes.failed(visit, None, ProblemKind.BAD_ADDRESS, str(error))
            self._end(visit)
            return None

    def _break(self, visit: Visit, capture: Capture | None, error: BaseException) -> None:
        """Save a fault of our own as the page's problem; stop if it is one of the archive's."""
        if isinstance(error, ARCHIVE_FAULTS):
            self._abort(error)
        if self._store.batch.fault:
            return
        detail = f"{type(error).__name__}: {error}"
        logger.error("%s: internal error (--log-level DEBUG shows where): %s", visit.url, detail)
        logger.debug("%s", visit.url, exc_info=error)
        self._outcomes.failed(visit, capture, ProblemKind.INTERNAL_ERROR, detail)


def _renderer(
    crawler: Crawler, store: Store, publishers: Mapping[str, Publisher]
) -> "Renderer | None":
    """Return the browser, if a publisher needs one, or pages are kept in full."""
    if not crawler.settings.getbool("FULL") and not any(
        publisher.render for publisher in publishers.values()
    ):
        return None
    from crawler.browser import Renderer

    return Renderer(crawler, store, publishers)


def check_browser(publishers: Sequence[Publisher], root: Path, *, full: bool = False) -> None:
    """Check that a browser is there, if a publisher needs one, or pages are kept in `full`.

    Raises:
        RenderError: if it is not.
    """
    if full or any(publisher.render for publisher in publishers):
        from crawler.browser import check

        check(publishers, [root / "publishers"], full=full)


def _opened(
    crawler: Crawler, *, publisher: str = "", archive: str = "warraq-archive", **other: str
) -> dict[str, Any]:
    """Open the archive that the `-a` arguments name; return what a spider of it takes.

    Raises:
        SystemExit: with one line on what is wrong with them, or with the archive.
    """
    root, opened = Path(archive), contextlib.ExitStack()
    try:
        chosen = [find(slug, [root / "publishers"]) for slug in publisher.split(",") if slug]
        if not chosen or other:
            raise PublisherError(
                "say scrapy crawl news -a publisher=SLUG[,SLUG] [-a archive=DIR];"
                " `warraq crawl` knows more options"
            )
        own = config.load(root)
        check_browser(chosen, root)
        store = opened.enter_context(
            Store(root, command="scrapy crawl", software=USER_AGENT, settings=warcinfo(own))
        )
    except (ArchiveError, CrawlerError) as error:
        # asyncio would show the traceback of the task that ends here.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        raise SystemExit(f"Error: {error}") from None
    wanted = scrapy_settings(chosen, own)
    named = ("USER_AGENT", "DOWNLOAD_SLOTS", "OPEN_URLS", "PROXY", "UNVERIFIED")
    for name in (*named, "EXTRACT_PROCESSES", "EXTRACT_MB"):
        crawler.settings.set(name, wanted[name], priority="spider")
    for each in chosen:
        store.publish(each.record(), wanted=each.wanted)
        store.enter(entry_points(each), publisher=each.slug)
    store.batch.commit()
    return {"store": store, "publishers": chosen, "own": own, "opened": opened}
