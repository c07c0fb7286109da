"""From a page to its article: read by a worker, kept, and logged in one line."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from archive.models import Page, Reading
from archive.problems import ProblemKind
from crawler.fetch.throttle import Pauses
from crawler.ingest import Keeper
from crawler.outcomes import Ended
from crawler.publisher import Publisher
from crawler.workers import Workers

_SETTING = "PAGE_SERVICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageServices:
    """What the pipelines need; a spider installs it as it is made."""

    publishers: Mapping[str, Publisher]
    workers: Workers
    pauses: Pauses
    keeper: Keeper

    def install(self, crawler: Crawler) -> None:
        """Give them to a crawler whose pipelines are not made yet."""
        crawler.settings.set(_SETTING, self, priority="spider")

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """Return what the crawler's spider installed."""
        services = crawler.settings[_SETTING]
        if not isinstance(services, cls):
            raise TypeError("the spider of this crawler installs no PageServices")
        return services


def workers_of(settings: BaseSettings) -> Workers:
    """Start the worker processes that a crawler's settings ask for."""
    return Workers(
        processes=settings.getint("EXTRACT_PROCESSES") or None,
        seconds=settings.getfloat("EXTRACT_SECONDS"),
    )


class ExtractPage:
    """Reads a page in a worker process: Page to Reading."""

    def __init__(self, services: PageServices) -> None:
        self._publishers = services.publishers
        self._workers = services.workers
        self._pauses = services.pauses

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(PageServices.of(crawler))

    async def process_item(self, item: Page) -> Reading:
        publisher = self._publishers[item.visit.publisher]
        extraction = await self._workers.extract(item.capture, publisher, hints=item.visit.hints)
        outage = any(problem.kind is ProblemKind.OUTAGE for problem in extraction.problems)
        self._pauses.shown(item.visit.url, outage=outage)
        return Reading(page=item, extraction=extraction)


class KeepReading:
    """Keeps a reading in the archive, with the end of its visit: Reading to Ended."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(PageServices.of(crawler).keeper)

    async def process_item(self, item: Reading) -> Ended:
        return await self._keeper.keep(item)


class PageLogFormatter(LogFormatter):
    """Names pages by their address; leaves the traceback of a broken page to `--log-level DEBUG`.

    The page is a problem in the archive, and the spider says so in one line.
    """

    def scraped(
        self, item: Any, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        return super().scraped(_address(item), response, spider)

    def item_error(
        self, item: Any, exception: BaseException, response: Any, spider: Spider
    ) -> LogFormatterResult:
        result = super().item_error(_address(item), exception, response, spider)
        return result | {"level": logging.DEBUG}

    def spider_error(
        self, failure: Failure, request: Request, response: Any, spider: Spider
    ) -> LogFormatterResult:
        return super().spider_error(failure, request, response, spider) | {"level": logging.DEBUG}


def _address(item: Any) -> Any:
    if isinstance(item, Reading):
        return item.page.visit.url
    return item.visit.url if isinstance(item, Page | Ended) else item
