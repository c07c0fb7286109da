"""What Scrapy logs of a page: one line, never the page's text."""

from typing import Any

from scrapy import Spider
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from archive.records import Page, Reading


class PageLogFormatter(LogFormatter):
    """Names pages by their address instead of printing the whole record."""

    def scraped(
        self, item: Any, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        return super().scraped(_address(item), response, spider)

    def item_error(
        self, item: Any, exception: BaseException, response: Any, spider: Spider
    ) -> LogFormatterResult:
        return super().item_error(_address(item), exception, response, spider)


def _address(item: Any) -> Any:
    if isinstance(item, Reading):
        return item.page.visit.url
    return item.visit.url if isinstance(item, Page) else item
