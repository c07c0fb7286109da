"""The one spider: due visits to requests, answers to links and pages.

It remembers what is in flight and nothing else; what is known, due, seen and failed is in the
archive.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urldefrag

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure
from w3lib.url import safe_url_string

from archive.errors import ArchiveError
from archive.records import Capture, Kind, Page, Visit
from archive.store import Store
from archive.urls import canonical, host_of
from crawler import config, discover
from crawler.discover import NotAListing
from crawler.ending import Endings
from crawler.errors import CrawlerError, PublisherError
from crawler.faults import (
    ARCHIVE_FAULTS,
    ArchiveFault,
    Disallowed,
    HostPaused,
    kind_of,
    network_detail,
)
from crawler.listing import keep_links
from crawler.pauses import Pauses
from crawler.publisher import Publisher, find
from crawler.traps import Traps
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

IN_FLIGHT = 24  # pages of a publisher without a delay
HEARTBEAT = 0.25  # seconds
LARGEST_PAGE = 10 * 1024 * 1024  # bytes, packed and unpacked
LARGEST = {Kind.SITEMAP: 52_428_800}  # sitemaps.org allows as much
DELAY = 1.0  # seconds, where a publisher says nothing; DOWNLOAD_DELAY is the same
LONGEST_ADDRESS = 8000  # characters; a percent-encoded Arabic path is long


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
    ) -> None:
        """Take the open archive and the publishers to visit, or `only` these addresses of them.

        At most `limit` articles are fetched; after `seconds`, or when `max_bytes` were received,
        no further visit is begun.
        """
        super().__init__()
        self.store = store
        self.publishers = {one.slug: one for one in publishers}
        self.clock = store.clock
        self.articles_left = limit
        self.visits = 0
        self._only = None if only is None else [canonical(url) for url in only]
        self._ends_at = None if seconds is None else time.monotonic() + seconds
        self._last_byte = None if max_bytes is None else store.totals["bytes"] + max_bytes
        self._busy: dict[str, Visit] = {}
        self._freed = asyncio.Event()
        self.fault: BaseException | None = None
        self.endings = Endings(store, self.done)
        self.pauses = Pauses(store.hosts, store.clock)
        self.traps = Traps(store)
        self.workers: Workers  # those of the pipeline that extracts
        self.delays: dict[str, float] = {}  # seconds a site's robots.txt asks for, by publisher
        self._own: contextlib.ExitStack | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *_: Any, **arguments: Any) -> Self:
        """Make the spider, also for `scrapy crawl news -a publisher=SLUG -a archive=DIR`."""
        opened = contextlib.ExitStack()
        if "store" not in arguments:
            arguments = _from_shell(crawler, opened, arguments)
        spider = cls(**arguments)
        spider._own = opened
        spider._set_crawler(crawler)
        crawler.signals.connect(spider._failed_page, signals.item_error)
        crawler.signals.connect(spider._failed_answer, signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for each due visit, listings first, as room comes free."""
        while True:
            visits = [] if self._time_is_up() else self._next_visits()
            for visit in visits:
                self._busy[visit.key] = visit
                if request := self._request(visit):
                    yield request
            idle = not visits and not self._busy
            if idle and (self._time_is_up() or not self.pauses.soon_over()):
                return
            self._freed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._freed.wait(), HEARTBEAT)
            self._commit()

    def stop(self) -> None:
        """Begin no further visit; what is in hand is finished."""
        self._ends_at = 0.0
        self._freed.set()

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
        """Turn an answer into a page, a listing's links, or the end of a visit."""
        visit: Visit = response.meta["visit"]
        capture: Capture = replace(response.meta["capture"], body=response.body)
        if capture.truncated:
            self.endings.failed(
                visit, capture, "truncated", f"the answer broke off ({capture.truncated})"
            )
        elif _is_unchanged(visit, capture):
            self.endings.unchanged(visit, capture)
        elif capture.status == 200 and visit.kind is Kind.ARTICLE:
            yield Page(visit=visit, capture=capture)
        elif capture.status == 200:
            await self._read_listing(visit, capture)
        elif capture.status in {404, 410} and host_of(capture.url) == host_of(visit.url):
            self.endings.gone(visit, capture)
        else:
            self.endings.failed(
                visit,
                capture,
                f"http-{capture.status}",
                f"answered {capture.status}",
                retry_after=(response.headers.get("Retry-After") or b"").decode("latin-1"),
            )

    def failed(self, failure: Failure) -> None:
        """Keep a visit that got no answer as a problem, due again later."""
        visit: Visit = failure.request.meta["visit"]  # type: ignore[attr-defined]
        error = failure.value
        if self.fault or isinstance(error, ArchiveFault):
            self.done(visit)
        elif isinstance(error, HostPaused):
            self._postpone(visit, until=error.until)
        elif isinstance(error, Disallowed):
            self.endings.refused(visit, str(error))
        elif kind := kind_of(error):
            self.endings.failed(visit, None, kind, network_detail(error))
        else:
            self._break(visit, None, failure)

    def _postpone(self, visit: Visit, *, until: datetime) -> None:
        """Leave a visit for when its host may be asked again."""
        if visit.kind is Kind.ARTICLE and self.articles_left is not None:
            self.articles_left += 1
        self.store.hosts.postpone(visit.key, until=until)
        self.done(visit)

    def done(self, visit: Visit) -> None:
        """Forget a visit whose end stands in the archive's batch; commit a full batch."""
        self._busy.pop(visit.key, None)
        self.visits += 1
        self._freed.set()
        self._commit()

    def _commit(self) -> None:
        if self.fault is None and self.store.batch.is_due():
            try:
                self.store.batch.commit()
            except ARCHIVE_FAULTS as error:
                self.abort(error)

    def _time_is_up(self) -> bool:
        if self._last_byte is not None and self.store.totals["bytes"] >= self._last_byte:
            return True
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def _next_visits(self) -> list[Visit]:
        try:
            return list(self._due_visits())
        except ARCHIVE_FAULTS as error:
            self.abort(error)
            return []

    def _due_visits(self) -> Iterator[Visit]:
        for slug, one in self.publishers.items():
            if self._only is None and not one.is_open(self.clock()):
                continue
            mine = [visit for visit in self._busy.values() if visit.publisher == slug]
            busy = [visit.key for visit in mine]
            room = _room(
                max(DELAY if one.delay is None else one.delay, self.delays.get(slug, 0.0))
            ) - len(busy)
            listings = self._due(slug, articles=False, limit=(room + 1) // 2, busy=busy)
            yield from listings
            room -= len(listings)
            if any(visit.kind is Kind.FEED for visit in (*mine, *listings)):
                continue  # what a feed says of its articles is worth waiting for
            if self.articles_left is not None:
                room = min(room, self.articles_left)
            articles = self._due(slug, articles=True, limit=room, busy=busy)
            if self.articles_left is not None:
                self.articles_left -= len(articles)
            yield from articles

    def _due(self, slug: str, *, articles: bool, limit: int, busy: list[str]) -> list[Visit]:
        if limit < 1:
            return []
        return self.store.due(slug, articles=articles, limit=limit, busy=busy, only=self._only)

    def _request(self, visit: Visit) -> Request | None:
        """Return the request of a visit; None if its address cannot stand in one."""
        # As it was found: a server may tell escapes apart that mean the same. Only what cannot
        # stand in a request line (RFC 9112, section 3.2) is escaped.
        try:
            url = safe_url_string(urldefrag(visit.url).url)
            request = self._get(url, visit)
        except ValueError as error:
            self.endings.failed(visit, None, "bad-address", str(error))
            return None
        if len(url) > LONGEST_ADDRESS:
            self.endings.failed(visit, None, "bad-address", f"{len(url)} characters long")
            return None
        return request

    def _get(self, url: str, visit: Visit) -> Request:
        return Request(
            url,
            callback=self.parse,
            errback=self.failed,
            dont_filter=True,
            priority=0 if visit.kind is Kind.ARTICLE else 10,
            meta={
                "visit": visit,
                "verbatim_url": True,
                "download_maxsize": LARGEST.get(visit.kind, LARGEST_PAGE),
            },
        )

    async def _read_listing(self, visit: Visit, capture: Capture) -> None:
        try:
            one = self.publishers[visit.publisher]
            # A sitemap is read as a stream; what others make of their bodies can take for ever.
            streamed = visit.kind is Kind.SITEMAP
            links = discover.links(capture) if streamed else await self.workers.links(capture)
            await keep_links(self.store, links, visit, capture, one, self.traps)
        except Stopped:
            self.done(visit)
        except NotAListing as error:
            self.endings.failed(visit, capture, "not-a-listing", str(error), stage="discover")
        else:
            self.endings.done(visit, capture)

    def _failed_page(self, item: Any, failure: Failure) -> None:
        """Keep a page that broke a pipeline as a problem, so that it is tried again."""
        page = item if isinstance(item, Page) else item.page
        if isinstance(failure.value, Stopped):
            self.done(page.visit)
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
            self.done(visit)
            return
        detail = f"{type(failure.value).__name__}: {failure.value}"
        logger.error("%s: internal error (--log-level DEBUG shows where): %s", visit.url, detail)
        self.endings.failed(visit, capture, "internal-error", detail)


def _is_unchanged(visit: Visit, capture: Capture) -> bool:
    """Say whether the answer is the last good one; a 304 that nobody asked for is not."""
    if capture.status == 304:
        return bool(visit.etag or visit.last_modified)
    return bool(capture.status == 200 and visit.article and capture.sha256 == visit.last_sha256)


def _from_shell(
    crawler: Crawler, opened: contextlib.ExitStack, arguments: dict[str, str]
) -> dict[str, Any]:
    """Open what `scrapy crawl` names, as the command `warraq crawl` does."""
    from crawler.crawl import entry_points, known, scrapy_settings, warcinfo
    from crawler.settings import USER_AGENT

    try:
        root, chosen = _named(**arguments)
        contact = config.load(root).contact
        store = opened.enter_context(
            Store(root, command="scrapy crawl", software=USER_AGENT, settings=warcinfo(contact))
        )
    except (ArchiveError, CrawlerError) as error:
        # asyncio would show the traceback of the task that ends here.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        raise SystemExit(f"Error: {error}") from None
    wanted = scrapy_settings(chosen, contact=contact)
    wanted.set("PROXY", config.load(root).proxy)
    for name in ("USER_AGENT", "DOWNLOAD_SLOTS", "OPEN_URLS", "PROXY"):
        crawler.settings.set(name, wanted[name], priority="spider")
    for one in chosen:
        store.publish(known(one))
        store.enter(entry_points(one), publisher=one.slug)
    store.batch.commit()
    return {"store": store, "publishers": chosen}


def _named(
    *, publisher: str = "", archive: str = "warraq-archive", **other: str
) -> tuple[Path, list[Publisher]]:
    root = Path(archive)
    chosen = [find(slug, [root / "publishers"]) for slug in publisher.split(",") if slug]
    if not chosen or other:
        raise PublisherError(
            "say scrapy crawl news -a publisher=SLUG[,SLUG] [-a archive=DIR];"
            " `warraq crawl` knows more options"
        )
    return root, chosen


def _room(delay: float) -> int:
    """Return how many pages of a publisher may be in hand; few where each has to wait its turn."""
    return IN_FLIGHT if delay == 0 else max(1, round(4 / max(delay, 1.0)))
