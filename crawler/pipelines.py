"""From a page to the archive: Page, then Reading, then rows; the chain of types is the road."""

from typing import Self

from scrapy.crawler import Crawler

from archive.records import Page, Reading
from crawler.spiders.news import NewsSpider
from crawler.workers import Workers


class ExtractPage:
    """Reads a page in a worker process: Page to Reading."""

    def __init__(self, spider: NewsSpider, *, processes: int | None, seconds: float) -> None:
        self._spider = spider
        self._workers = spider.arrivals.workers = Workers(
            processes=processes, seconds=seconds, gave_up=spider.stop
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not isinstance(crawler.spider, NewsSpider):
            raise TypeError("ExtractPage reads the pages of the news spider only")
        settings = crawler.settings
        return cls(
            crawler.spider,
            processes=settings.getint("EXTRACT_PROCESSES") or None,
            seconds=settings.getfloat("EXTRACT_SECONDS"),
        )

    async def process_item(self, item: Page) -> Reading:
        extraction = await self._workers.extract(
            item.capture,
            self._spider.publishers[item.visit.publisher],
            hints=item.visit.hints,
        )
        outage = any(problem.kind == "outage" for problem in extraction.problems)
        self._spider.pauses.shown(item.visit.url, outage=outage)
        return Reading(page=item, extraction=extraction)

    def close_spider(self) -> None:
        self._workers.close()


class KeepReading:
    """Keeps a reading in the archive, with the end of its visit, wholly or not at all."""

    def __init__(self, spider: NewsSpider) -> None:
        self._spider = spider

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not isinstance(crawler.spider, NewsSpider):
            raise TypeError("KeepReading keeps the pages of the news spider only")
        return cls(crawler.spider)

    def process_item(self, item: Reading) -> Reading:
        self._spider.keeper.keep(item)
        return item
