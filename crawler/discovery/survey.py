"""A new site surveyed: where it lists its articles, and how they are read.

The order is that of trust and of cost: what the site declares, then what is usual, then its menu;
nothing is asked for that an earlier answer made needless, and nothing twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from urllib.parse import urljoin, urlsplit

from archive.problems import ProblemKind
from archive.records import Capture, Extraction, Kind, Link, PageKind, Problem
from archive.urls import host_of
from crawler.discovery.check import Listing, form_of, inspect
from crawler.discovery.probe import NOBODY, Answer, Scout
from crawler.discovery.site import (
    USUAL,
    USUAL_OF_WORDPRESS,
    Candidate,
    FrontPage,
    feeds_on,
    in_robots,
    key,
    read_front,
    sections_on,
    usual_feeds,
    usual_sitemaps,
)
from crawler.errors import CannotFollow
from crawler.listings.sitemaps import of_articles
from crawler.politeness.traps import shape
from crawler.publisher import Publisher

MOST_READ = 7  # articles that are tried
ARTICLES = frozenset({PageKind.ARTICLE, PageKind.LIVEBLOG, PageKind.VIDEO, PageKind.GALLERY})
_TRUST = (Kind.FEED, Kind.API, Kind.SECTION, Kind.SITEMAP)  # in listing news and nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry point that works: where it was found, and what it gave."""

    candidate: Candidate
    listing: Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A page that an entry point listed, as Warraq read it."""

    url: str
    reading: Extraction

    @property
    def is_article(self) -> bool:
        """Whether it is a piece of news with a title."""
        return self.reading.kind in ARTICLES and bool(self.reading.title)


@dataclass(slots=True, kw_only=True)
class Survey:
    """What was found at a site: its front page, its entry points, and articles read from there.

    `home` is the address of the front page to be kept, `front.url` the one that answered; `menu`
    are its links that look like sections. `failed` are the entry points that do not work, each
    with the reason.
    """

    home: str
    front: FrontPage
    menu: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    failed: list[tuple[Candidate, Problem]] = field(default_factory=list)

    def of(self, kind: Kind) -> list[Entry]:
        """Return the entry points of a kind."""
        return [entry for entry in self.entries if entry.candidate.kind is kind]

    def to_read(self) -> list[Link]:
        """Return links to read, those first that are surest to be news: a feed's newest.

        Of several entry points of a kind each gives one in turn.
        """
        chosen: dict[str, Link] = {}
        for kind in _TRUST:
            lists = [_best(entry, self.front.url) for entry in self.of(kind)]
            for turn in zip_longest(*lists):
                for link in filter(None, turn):
                    chosen.setdefault(key(link.url), link)
        return list(chosen.values())[:MOST_READ]

    def useless(self, listing: Listing) -> Problem | None:
        """Return why a listing is of no use beside those that are known already."""
        here = [link for link in listing.links if _related(link.url, self.front.url)]
        known = {key(link.url) for entry in self.of(listing.kind) for link in entry.listing.links}
        detail = None
        if not listing.links:
            detail = "it lists nothing"
        elif not here:
            detail = f"its links lead elsewhere, such as to {listing.links[0].url}"
        elif {key(link.url) for link in here} <= known:
            detail = "it lists nothing that the others do not"
        return (
            Problem(kind=ProblemKind.OF_NO_USE, detail=detail, stage="discover") if detail else None
        )


def with_links_of_their_own(found: Sequence[Entry]) -> list[Entry]:
    """Return the pages that list something beside what stands on most of the pages."""
    counts = Counter(key(link.url) for entry in found for link in set(entry.listing.links))
    common = {one for one, count in counts.items() if count * 2 > max(len(found), 2)}
    return [
        entry for entry in found if any(key(link.url) not in common for link in entry.listing.links)
    ]


def _best(entry: Entry, home: str) -> list[Link]:
    """Return the first links of an entry point, those of its commonest shape before others."""
    links = [one for one in entry.listing.links if _related(one.url, home)]
    shapes = Counter(shape(link.url) for link in links)
    return sorted(links, key=lambda link: -shapes[shape(link.url)])[:MOST_READ]  # stable


def _related(url: str, home: str) -> bool:
    """Tell whether an address is on the host of a site, above it or below it."""
    one, other = host_of(url), host_of(home)
    if one == other:
        return urlsplit(url).port == urlsplit(home).port
    return one.endswith(f".{other}") or other.endswith(f".{one}")


_FEEDS = 4  # of a site; more are those of its sections
_ASKED_FEEDS = 8
_ASKED_SITEMAPS = 4
_ASKED_SECTIONS = 16
_CHILDREN = 3  # of a sitemap index that are looked into
_FEWEST = 3  # links that make a front page a list of articles
_SAMPLES = 3
_REMEMBERED = 1_000_000  # bytes of a page that are kept for a second reading


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
        if walls := [one for one in reading.problems if one.kind.wall]:
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


def no_front_page(answer: Answer, wall: Problem | None = None) -> CannotFollow:
    """Return the refusal of a site whose front page cannot be read."""
    problem = wall or answer.problem
    if problem is None:
        media = (answer.capture and answer.capture.content_type) or "no type at all"
        return CannotFollow(
            f"{answer.url}: that is no web page, but {media};"
            " give the address of the newspaper's front page"
        )
    remedy = problem.kind.remedy or "see whether a browser can open it"
    return CannotFollow(
        f"{answer.url}: {problem.detail}{_where(answer)}. Nothing written: {remedy}."
    )


def not_a_newspaper(survey: Survey, problems: Sequence[Problem]) -> CannotFollow:
    """Return the refusal of a site on which no news was found.

    `problems` are those of the pages that were read and are no articles.
    """
    if survey.samples:
        seen = "the pages it lists carry no date, so they are hardly news"
    elif problems:
        kind, _ = Counter(one.kind for one in problems).most_common(1)[0]
        example = next(one.detail for one in problems if one.kind == kind)
        seen = f"the pages it lists do not read as articles ({example})"
    elif survey.entries:
        seen = "the pages it lists do not read as articles"
    else:
        seen = "there is no feed, no sitemap and no section page with articles to be found"
    broken = [
        f" {one.url} ({one.how}): {problem.detail}."
        for one, problem in survey.failed
        if one.how not in {USUAL, USUAL_OF_WORDPRESS}
    ]
    return CannotFollow(
        f"{survey.home}: {seen}.{''.join(broken[:2])} Nothing written. If it is a newspaper, give"
        " the address of its news, or write its file by hand (README, «Follow another newspaper»)."
    )


def _where(answer: Answer) -> str:
    landed = answer.capture.url if answer.capture else answer.url
    same = urlsplit(landed)[:3] == urlsplit(answer.url)[:3]
    return "" if same else f" (it led to {landed})"
