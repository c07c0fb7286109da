"""From a page to the archive: Page, then Reading, then rows; the chain of types is the road."""

from typing import Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler

from archive.articles import Identity
from archive.records import Extraction, Kind, Outcome, Page, PageKind, Problem, Reading, Visit
from archive.urls import canonical, host_of
from crawler import revisit
from crawler.article.language import changes_script
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
        self._workers = spider.workers = Workers(
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
        visit, capture, store = item.page.visit, item.page.capture, self._spider.store
        claimed, answered = addresses(item)
        with store.batch.one_page():
            identity = store.identify(
                visit, claimed=claimed, answered=answered, title=item.extraction.title
            )
            if identity.led:
                store.visited(visit, capture, due_at=None, state="done", article=identity.article)
                self._spider.traps.count(visit, fruitful=False)
            else:
                self._keep(item, identity)
        self._spider.done(visit)
        return item

    def _keep(self, item: Reading, identity: Identity) -> None:
        visit, capture, store = item.page.visit, item.page.capture, self._spider.store
        now = self._spider.clock()
        article, outcome = store.keep(
            self._believed(item.extraction, visit),
            url=identity.url,
            visit=visit,
            capture=capture,
            article=identity.article,
        )
        passing = any(problem.kind in PASSING for problem in item.extraction.problems)
        passing = passing or (article is None and visit.article is not None)
        again = revisit.after_failure if passing else revisit.after_success
        store.visited(
            visit,
            capture,
            due_at=again(visit, now=now),
            state="failed" if passing else "done",
            article=article,
            good=article is not None,
        )
        if article is not None and self._spider.publishers[visit.publisher].lead_image:
            self._want_image(item)
        if not passing:
            self._spider.traps.count(visit, fruitful=outcome is Outcome.NEW)

    def _believed(self, extraction: Extraction, visit: Visit) -> Extraction:
        """Return a reading, or that it is of another page: no newspaper changes its script."""
        before = self._spider.store.language(visit.article) if visit.article else None
        if not extraction.text or not changes_script(before, extraction.text):
            return extraction
        detail = f"another page stands here: the article was in another script ({before})"
        problem = Problem(kind="replaced", detail=detail, stage="keep")
        return Extraction(kind=PageKind.OTHER, problems=(problem,))

    def _want_image(self, item: Reading) -> None:
        """Make the main image of an article due; its address may be none at all."""
        visit, url = item.page.visit, item.extraction.image_url
        try:
            if url:
                self._spider.store.want(url, Kind.IMAGE, visit=visit)
        except ValueError as error:
            problem = Problem(kind="bad-link", detail=f"the main image: {error}", stage="keep")
            self._spider.store.problem(
                problem, url=visit.url, publisher=visit.publisher, capture=item.page.capture
            )


def addresses(reading: Reading) -> tuple[str, str]:
    """Return the page's own canonical URL, where it can be believed, and the one that answered.

    Believed is a claim on the same host, `www.` or not, that is not just the front page;
    otherwise both are the address that answered.
    """
    answered = canonical(reading.page.capture.url)
    claim = reading.extraction.canonical_url
    if claim is None:
        return answered, answered
    try:
        claimed = canonical(claim, answered)
    except ValueError:
        return answered, answered
    front_page = claimed.rstrip("/").count("/") == 2
    believed = not front_page and _place(claimed) == _place(answered)
    return (claimed if believed else answered), answered


def _place(url: str) -> tuple[str, int | None]:
    return host_of(url), urlsplit(url).port
