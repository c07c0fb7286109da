"""What Scrapy logs of a page: one line, never the page's text."""

import logging
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from archive.records import Page, Reading
from crawler.outcomes import Ended


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
