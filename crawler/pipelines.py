"""From a page to the archive: Page, then Reading, then rows; the chain of types is the road."""

from typing import Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler

from archive.records import Outcome, Page, Reading
from archive.urls import canonical, host_of
from crawler import revisit
from crawler.spiders.news import NewsSpider
from crawler.workers import Workers

# What stood in the way of the page and may be gone next time: tried again as after a failure.
PASSING = frozenset(
    {"challenge", "captcha", "outage", "extract-timeout", "extract-crash", "extract-error"}
)


class ExtractPage:
    """Reads a page in a worker process: Page to Reading."""

    def __init__(self, spider: NewsSpider, *, processes: int | None, seconds: float) -> None:
        self._spider = spider
        self._workers = Workers(processes=processes, seconds=seconds)

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
        visit, capture, store = item.page.visit, item.page.capture, self._spider.store
        now = self._spider.clock()
        passing = any(problem.kind in PASSING for problem in item.extraction.problems)
        with store.batch.one_page():
            article, outcome = store.keep(
                item.extraction, url=article_url(item), visit=visit, capture=capture
            )
            store.visited(
                visit,
                capture,
                due_at=(revisit.after_failure if passing else revisit.after_success)(
                    visit, now=now
                ),
                state="failed" if passing else "done",
                article=article,
            )
            if not passing:
                self._spider.traps.count(visit, fruitful=outcome is Outcome.NEW)
        self._spider.done(visit)
        return item


def article_url(reading: Reading) -> str:
    """Return the article's canonical URL: the page's own claim where it can be believed.

    Believed is a claim on the same host, `www.` or not, that is not just the front page;
    otherwise it is the address that answered.
    """
    answered = canonical(reading.page.capture.url)
    claim = reading.extraction.canonical_url
    if claim is None:
        return answered
    try:
        claimed = canonical(claim, answered)
    except ValueError:
        return answered
    front_page = claimed.rstrip("/").count("/") == 2
    return answered if front_page or _place(claimed) != _place(answered) else claimed


def _place(url: str) -> tuple[str, int | None]:
    return host_of(url), urlsplit(url).port
