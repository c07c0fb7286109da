"""A look at a site that may be a newspaper: where it lists its articles, and how they read.

The order is that of trust and of cost: what the site declares, then what is usual, then its menu;
nothing is asked for that an earlier answer made needless, and nothing twice.
"""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from archive.records import Capture, Kind, Link, Problem
from crawler.listings.sitemaps import of_articles
from crawler.publisher import Publisher
from crawler.scouting.anchors import key
from crawler.scouting.autodiscovery import (
    Candidate,
    in_robots,
    usual_feeds,
    usual_sitemaps,
)
from crawler.scouting.frontpage import FrontPage, feeds_on, read_front
from crawler.scouting.inspection import Listing, form_of, inspect
from crawler.scouting.menus import sections_on
from crawler.scouting.refusals import no_front_page, not_a_newspaper
from crawler.scouting.scout import NOBODY, Answer, Scout
from crawler.scouting.survey import (
    ARTICLES,
    MOST_READ,
    Entry,
    Sample,
    Survey,
    with_links_of_their_own,
)

_FEEDS = 4  # of a site; more are those of its sections
_ASKED_FEEDS = 8
_ASKED_SITEMAPS = 4
_ASKED_SECTIONS = 16
_CHILDREN = 3  # of a sitemap index that are looked into
_FEWEST = 3  # links that make a front page a list of articles
_SAMPLES = 3
_REMEMBERED = 1_000_000  # bytes of a page that are kept for a second reading
_WALLS = frozenset({"challenge", "captcha", "consent", "parked", "login", "outage"})


class Surveyor:
    """Makes one survey, by asking through a scout."""

    def __init__(self, scout: Scout) -> None:
        self._scout = scout
        self._asked: dict[str, Answer] = {}

    async def survey(self, url: str) -> Survey:
        """Look at the site whose front page is at `url`.

        Raises:
            CannotFollow: if there is no newspaper to be seen; the message says what there is.
        """
        answer, given = await self._front(url)
        survey = await self._begun(answer)
        await self._try(survey, given, most=1)
        await self._feeds(survey)
        await self._sitemaps(survey)
        if survey.front.api:
            await self._try(survey, [survey.front.api], most=1)
        if not survey.of(Kind.SITEMAP):  # a feed alone knows the newest only
            await self._sections(survey)
        if not survey.entries:
            raise not_a_newspaper(survey, [])
        await self._read(survey)
        return survey

    async def _front(self, url: str) -> tuple[Answer, list[Candidate]]:
        """Return the answer that is the front page, and the given address if it is a listing."""
        answer = await self._ask(url, Kind.SECTION)
        capture = answer.capture
        if not answer.good or capture is None:
            raise no_front_page(answer)
        root = urljoin(capture.url, "/")
        kind, _ = form_of(capture)
        if kind in {Kind.FEED, Kind.SITEMAP} and root != url:
            given = Candidate(url=url, kind=kind, how="the address that was given")
            return (await self._front(root))[0], [given]
        if kind is not Kind.SECTION and not _is_page(capture):
            raise no_front_page(answer)
        reading = await self._scout.workers.extract(
            replace(capture, kind=Kind.ARTICLE), self._nobody
        )
        if walls := [one for one in reading.problems if one.kind in _WALLS]:
            raise no_front_page(answer, walls[0])
        is_article = reading.kind in ARTICLES and reading.published_on is not None
        if is_article and root not in {capture.url, url}:
            return await self._front(root)
        return answer, []

    async def _begun(self, answer: Answer) -> Survey:
        """Return a survey that knows the front page and its menu, and nothing else yet."""
        capture = answer.capture
        if capture is None:
            raise no_front_page(answer)
        front = read_front(capture.body, capture.content_type, capture.url)
        found = await self._inspected(answer)
        articles = [link.url for link in found.links] if isinstance(found, Listing) else []
        same = urlsplit(answer.url).path == urlsplit(capture.url).path
        return Survey(
            home=capture.url if answer.moved or same else answer.url,
            front=front,
            menu=sections_on(capture.body, capture.content_type, capture.url, articles),
        )

    async def _feeds(self, survey: Survey) -> None:
        front = survey.front
        await self._try(survey, front.declared, most=_FEEDS, asking=_ASKED_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, front.shown, most=_FEEDS, asking=_ASKED_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, self._linked(front), most=_FEEDS, asking=_ASKED_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, usual_feeds(front.url, front.suffixes), most=1)

    def _linked(self, front: FrontPage) -> list[Candidate]:
        """Return the feeds on the pages about feeds that the front page linked to."""
        pages = (self._asked.get(key(one.url)) for one in front.shown)
        captures = [one.capture for one in pages if one and one.good and one.capture]
        return [
            replace(feed, how=f"linked from {capture.url}")
            for capture in captures
            for feed in feeds_on(capture.body, capture.content_type, capture.url)
        ]

    async def _sitemaps(self, survey: Survey) -> None:
        home = survey.front.url
        robots = urljoin(home, "/robots.txt")
        named = in_robots(await self._scout.robots(robots), robots)
        await self._try(survey, named, most=_ASKED_SITEMAPS, asking=_ASKED_SITEMAPS)
        if not survey.of(Kind.SITEMAP):
            await self._try(survey, usual_sitemaps(home), most=1)

    async def _sections(self, survey: Survey) -> None:
        found: list[Entry] = []
        for url in survey.menu[:_ASKED_SECTIONS]:
            one = Candidate(url=url, kind=Kind.SECTION, how="in the menu of the front page")
            found += await self._page(one, fewest=1)
        survey.entries += with_links_of_their_own(found)
        if not survey.entries:
            one = Candidate(url=survey.front.url, kind=Kind.SECTION, how="the front page itself")
            survey.entries += await self._page(one, fewest=_FEWEST)

    async def _page(self, one: Candidate, *, fewest: int) -> list[Entry]:
        listing = await self._inspected(await self._ask(one.url, one.kind))
        if isinstance(listing, Problem) or len(listing.links) < fewest:
            return []
        return [Entry(candidate=one, listing=listing)]

    async def _try(
        self,
        survey: Survey,
        candidates: Iterable[Candidate],
        *,
        most: int,
        asking: int = 100,
    ) -> None:
        """Ask candidates until `most` of them gave something new, but not more than `asking`."""
        taken = asked = 0
        for one in candidates:
            if taken >= most or asked >= asking:
                return
            if key(one.url) in {key(entry.candidate.url) for entry in survey.entries}:
                continue
            asked += 1
            listing = await self._inspected(await self._ask(one.url, one.kind))
            if isinstance(listing, Listing):
                listing = await self._opened(listing)
            if isinstance(listing, Problem):
                survey.failed.append((one, listing))
            elif problem := survey.useless(listing):
                survey.failed.append((one, problem))
            else:
                taken += 1
                survey.entries.append(Entry(candidate=one, listing=listing))

    async def _opened(self, listing: Listing, *, depth: int = 2) -> Listing:
        """Return a sitemap index with links from those of its sitemaps that promise news."""
        if listing.links or not depth:
            return listing
        newest_first = sorted(listing.listings, key=lambda one: one.published or "", reverse=True)
        links: list[Link] = []
        for url in of_articles(one.url for one in newest_first)[:_CHILDREN]:
            inner = await self._inspected(await self._ask(url, Kind.SITEMAP))
            if isinstance(inner, Listing):
                links += (await self._opened(inner, depth=depth - 1)).links
            if len(links) >= MOST_READ:
                break
        return replace(listing, links=tuple(links))

    async def _read(self, survey: Survey) -> None:
        """Read articles from the entry points, until there are enough of them.

        Raises:
            CannotFollow: if no page reads as an article, or none has a date.
        """
        name = survey.front.name or self._nobody.name
        publisher = replace(self._nobody, name=name, name_latin=survey.front.name_latin)
        problems: list[Problem] = []
        for link in survey.to_read():
            answer = await self._ask(link.url, Kind.ARTICLE)
            if answer.capture is None or answer.problem:
                problems += [answer.problem] if answer.problem else []
                continue
            reading = await self._scout.workers.extract(answer.capture, publisher, hints=link)
            sample = Sample(url=answer.capture.url, reading=reading)
            if sample.is_article:
                survey.samples.append(sample)
            problems += [] if sample.is_article else reading.problems
            if len(survey.samples) >= _SAMPLES:
                break
        if all(sample.reading.published_on is None for sample in survey.samples):
            raise not_a_newspaper(survey, problems)

    async def _ask(self, url: str, kind: Kind) -> Answer:
        """Ask an address, but none twice; what stands there is then read as that kind."""
        answer = self._asked.get(key(url))
        if answer is None:
            answer = await self._scout.ask(url, kind)
            if answer.capture is None or len(answer.capture.body) <= _REMEMBERED:
                self._asked[key(url)] = answer
        return replace(answer, capture=answer.capture and replace(answer.capture, kind=kind))

    async def _inspected(self, answer: Answer) -> Listing | Problem:
        return await inspect(answer, self._scout.workers, now=self._scout.clock())

    @property
    def _nobody(self) -> Publisher:
        return self._scout.publishers[NOBODY]


def _is_page(capture: Capture) -> bool:
    media = (capture.content_type or "text/html").lower()
    return "html" in media
