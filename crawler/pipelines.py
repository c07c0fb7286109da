"""From a page to the archive: Page, Reading, Ended; the chain of pipelines is that of types."""

from typing import Self

from scrapy.crawler import Crawler

from archive.problems import ProblemKind
from archive.records import Page, Reading
from crawler.outcomes import Ended
from crawler.spiders.news import NewsSpider


class ExtractPage:
    """Reads a page in a worker process: Page to Reading."""

    def __init__(self, spider: NewsSpider) -> None:
        self._spider = spider

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not isinstance(crawler.spider, NewsSpider):
            raise TypeError("ExtractPage reads the pages of the news spider only")
        return cls(crawler.spider)

    async def process_item(self, item: Page) -> Reading:
        extraction = await self._spider.workers.extract(
            item.capture,
            self._spider.publishers[item.visit.publisher],
            hints=item.visit.hints,
        )
        outage = any(problem.kind is ProblemKind.OUTAGE for problem in extraction.problems)
        self._spider.pauses.shown(item.visit.url, outage=outage)
        return Reading(page=item, extraction=extraction)

    def close_spider(self) -> None:
        self._spider.workers.close()


class KeepReading:
    """Keeps a reading in the archive, with the end of its visit: Reading to Ended."""

    def __init__(self, spider: NewsSpider) -> None:
        self._spider = spider

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not isinstance(crawler.spider, NewsSpider):
            raise TypeError("KeepReading keeps the pages of the news spider only")
        return cls(crawler.spider)

    def process_item(self, item: Reading) -> Ended:
        return self._spider.keeper.keep(item)
