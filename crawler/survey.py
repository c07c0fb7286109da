"""A look at a site that may be a newspaper: where it lists its articles, and how they read.

The order is that of trust and of cost: what the site declares, then what is usual, then its menus;
nothing is asked for that an earlier answer made needless.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from urllib.parse import urljoin, urlsplit

from archive.records import Extraction, Kind, Link, PageKind, Problem
from archive.urls import canonical, host_of
from crawler.autodiscovery import (
    Candidate,
    in_robots,
    of_articles,
    usual_feeds,
    usual_sitemaps,
)
from crawler.frontpage import FrontPage, feeds_on, read_front, sections_on
from crawler.inspection import Listing, inspect
from crawler.publisher import Publisher
from crawler.refusals import no_front_page, not_a_newspaper
from crawler.scout import NOBODY, Answer, Scout
from crawler.traps import shape

FEEDS = 4  # of a site; more are those of its sections
_ASKED_FEEDS = 8
_ASKED_SITEMAPS = 4
_ASKED_SECTIONS = 16
_CHILDREN = 3  # of a sitemap index that are looked into
_FEWEST = 3  # links that make a front page a list of articles
SAMPLES = 3
_TRIES = 7
_WALLS = frozenset({"challenge", "captcha", "consent", "parked", "login", "outage"})
_READ = frozenset({PageKind.ARTICLE, PageKind.LIVEBLOG, PageKind.VIDEO, PageKind.GALLERY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry point that works: where it was found, and what it gave."""

    candidate: Candidate
    listing: Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An article as Warraq read it."""

    url: str
    reading: Extraction


@dataclass(slots=True, kw_only=True)
class Survey:
    """What was found at a site: its front page, its entry points, and articles read from there.

    `home` is the address of the front page to be kept, `front.url` the one that answered; `menu`
    are its links that look like sections.
    `failed` are the entry points that do not work, each with the reason.
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


class Surveyor:
    """Makes one survey; the answers it had are not asked for again."""

    def __init__(self, scout: Scout) -> None:
        self._scout = scout
        self._asked: dict[str, Answer] = {}
        self._articles: list[Link] = []  # those the front page links to

    async def survey(self, url: str) -> Survey:
        """Look at the site whose front page is at `url`.

        Raises:
            CannotFollow: if there is no newspaper to be seen; the message says what there is.
        """
        front, given = await self._front(url)
        survey = Survey(home=self._home(front), front=front, menu=self._menu(front))
        await self._try(survey, given, most=1)
        await self._feeds(survey)
        await self._sitemaps(survey)
        if front.api:
            await self._try(survey, [front.api], most=1)
        if not survey.of(Kind.SITEMAP):  # a feed alone knows the newest only
            await self._sections(survey)
        if not survey.entries:
            raise not_a_newspaper(front.url, survey.failed, [])
        await self._read(survey)
        return survey

    def _home(self, front: FrontPage) -> str:
        """Return where the front page was asked for, unless that only leads to its new address."""
        asked = next(one for one in self._asked.values() if _landed(one) == front.url)
        same = urlsplit(asked.url).path == urlsplit(front.url).path
        return front.url if asked.moved or same else asked.url

    def _menu(self, front: FrontPage) -> list[str]:
        capture = self._asked[_key(front.url)].capture
        known = [link.url for link in self._articles]
        return sections_on(capture.body, capture.content_type, front.url, known) if capture else []

    async def _front(self, url: str) -> tuple[FrontPage, list[Candidate]]:
        """Return the front page, and the address that was given if it is a listing itself."""
        answer = await self._ask(url, Kind.SECTION)
        if not answer.good or answer.capture is None:
            raise no_front_page(answer)
        given: list[Candidate] = []
        for kind in (Kind.FEED, Kind.SITEMAP):
            capture = replace(answer.capture, kind=kind)
            found = await self._inspected(replace(answer, capture=capture))
            if isinstance(found, Listing) and found.count + len(found.listings):
                given = [Candidate(url=url, kind=kind, how="the address that was given")]
        reading = await self._scout.workers.extract(
            replace(answer.capture, kind=Kind.ARTICLE), self._publisher
        )
        walls = [one for one in reading.problems if one.kind in _WALLS]
        if walls and not given:
            raise no_front_page(answer, walls[0])
        root = urljoin(answer.capture.url, "/")
        article = reading.kind in _READ and reading.published_on is not None
        if (given or article) and root not in {answer.capture.url, url}:
            return (await self._front(root))[0], given
        if not given and not self._is_page(answer):
            raise no_front_page(answer)
        return await self._read_front(answer), given

    async def _read_front(self, answer: Answer) -> FrontPage:
        capture = answer.capture
        if capture is None:
            raise no_front_page(answer)
        found = await self._inspected(answer)
        self._articles = list(found.links) if isinstance(found, Listing) else []
        return read_front(capture.body, capture.content_type, capture.url)

    async def _feeds(self, survey: Survey) -> None:
        front = survey.front
        await self._try(survey, front.declared, most=FEEDS, asking=_ASKED_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, front.shown, most=FEEDS, asking=_ASKED_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, self._linked(front), most=FEEDS, asking=_ASKED_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, usual_feeds(front.url, front.suffixes), most=1)

    def _linked(self, front: FrontPage) -> list[Candidate]:
        """Return the feeds on the pages about feeds that the front page linked to."""
        pages = (self._asked.get(_key(one.url)) for one in front.shown)
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
            listing = await self._inspected(await self._ask(url, Kind.SECTION))
            if isinstance(listing, Listing) and listing.links:
                found.append(Entry(candidate=one, listing=listing))
        survey.entries += _own(found)
        if not survey.entries and len(self._articles) >= _FEWEST:
            one = Candidate(url=survey.front.url, kind=Kind.SECTION, how="the front page itself")
            answer = await self._ask(survey.front.url, Kind.SECTION)
            if isinstance(listing := await self._inspected(answer), Listing):
                survey.entries.append(Entry(candidate=one, listing=listing))

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
            if _key(one.url) in {_key(entry.candidate.url) for entry in survey.entries}:
                continue
            asked += 1
            listing = await self._inspected(await self._ask(one.url, one.kind))
            if isinstance(listing, Listing):
                listing = await self._opened(listing)
            if isinstance(listing, Problem):
                survey.failed.append((one, listing))
            elif problem := self._useless(listing, survey):
                survey.failed.append((one, problem))
            else:
                taken += 1
                survey.entries.append(Entry(candidate=one, listing=listing))

    async def _opened(self, listing: Listing, *, depth: int = 2) -> Listing:
        """Return a sitemap index with the links of the first sitemap in it that has articles."""
        if listing.links or not listing.listings or not depth:
            return listing
        newest_first = sorted(listing.listings, key=lambda one: one.published or "", reverse=True)
        links: list[Link] = []
        for url in of_articles(one.url for one in newest_first)[:_CHILDREN]:
            inner = await self._inspected(await self._ask(url, Kind.SITEMAP))
            if isinstance(inner, Listing) and len(links) < _TRIES:
                links += (await self._opened(inner, depth=depth - 1)).links
            if len(links) >= _TRIES:
                break
        return replace(listing, links=tuple(links))

    def _useless(self, listing: Listing, survey: Survey) -> Problem | None:
        """Return why a listing is of no use beside those that are known already."""
        here = [link for link in listing.links if _related(link.url, survey.front.url)]
        known = {
            _key(link.url) for entry in survey.of(listing.kind) for link in entry.listing.links
        }
        if not listing.links:
            return _of_no_use("it lists nothing")
        if not here:
            return _of_no_use(f"its links lead elsewhere, such as to {listing.links[0].url}")
        if {_key(link.url) for link in here} <= known:
            return _of_no_use("it lists nothing that the others do not")
        return None

    async def _read(self, survey: Survey) -> None:
        """Read articles from the entry points, until there are enough of them."""
        others: list[Sample] = []
        name = survey.front.name or self._publisher.name
        publisher = replace(self._publisher, name=name, name_latin=survey.front.name_latin)
        for link in _chosen(survey)[:_TRIES]:
            answer = await self._ask(link.url, Kind.ARTICLE)
            if answer.capture is None or not answer.good:
                continue
            capture = replace(answer.capture, kind=Kind.ARTICLE)
            reading = await self._scout.workers.extract(capture, publisher, hints=link)
            good = reading.kind in _READ and reading.title
            (survey.samples if good else others).append(Sample(url=capture.url, reading=reading))
            if len(survey.samples) >= SAMPLES:
                break
        if not any(_is_dated(sample) for sample in survey.samples):
            seen = [one for sample in others for one in sample.reading.problems]
            raise not_a_newspaper(
                survey.front.url, survey.failed, seen, undated=bool(survey.samples)
            )

    async def _ask(self, url: str, kind: Kind) -> Answer:
        """Ask an address, but none twice; what stands there is then read as that kind."""
        known = self._asked.get(_key(url))
        if known is None:
            known = self._asked[_key(url)] = await self._scout.ask(url, kind)
            if known.capture:
                self._asked.setdefault(_key(known.capture.url), known)
        capture = known.capture and replace(known.capture, kind=kind)
        return replace(known, capture=capture)

    async def _inspected(self, answer: Answer) -> Listing | Problem:
        return await inspect(answer, self._scout.workers, now=self._scout.clock())

    def _is_page(self, answer: Answer) -> bool:
        media = ((answer.capture and answer.capture.content_type) or "text/html").lower()
        return "html" in media or "xml" in media

    @property
    def _publisher(self) -> Publisher:
        return self._scout.publishers[NOBODY]


def _own(found: list[Entry]) -> list[Entry]:
    """Return the pages that list something of their own, beside what stands on most of them."""
    counts = Counter(_key(link.url) for entry in found for link in set(entry.listing.links))
    common = {key for key, count in counts.items() if count * 2 > max(len(found), 2)}
    return [
        entry
        for entry in found
        if any(_key(link.url) not in common for link in entry.listing.links)
    ]


def _chosen(survey: Survey) -> list[Link]:
    """Return links to read, those first that are surest to be news: a feed's newest.

    Of several entry points of a kind each gives one in turn.
    """
    chosen: dict[str, Link] = {}
    for kind in _TRUST:
        lists = [_best(entry, survey.front.url) for entry in survey.of(kind)]
        for turn in zip_longest(*lists):
            for link in filter(None, turn):
                chosen.setdefault(_key(link.url), link)
    return list(chosen.values())


def _best(entry: Entry, home: str) -> list[Link]:
    """Return the first links of an entry point, those of its commonest shape before others."""
    links = [one for one in entry.listing.links if _related(one.url, home)]
    shapes = Counter(shape(link.url) for link in links)
    return sorted(links, key=lambda link: -shapes[shape(link.url)])[:_TRIES]  # stable


_TRUST = (Kind.FEED, Kind.API, Kind.SECTION, Kind.SITEMAP)


def _is_dated(sample: Sample) -> bool:
    return sample.reading.published_on is not None


def _related(url: str, home: str) -> bool:
    """Tell whether an address is on the host of a site, above it or below it."""
    one, other = host_of(url), host_of(home)
    if one == other:
        return urlsplit(url).port == urlsplit(home).port
    return one.endswith(f".{other}") or other.endswith(f".{one}")


def _landed(answer: Answer) -> str:
    return answer.capture.url if answer.capture else answer.url


def _key(url: str) -> str:
    try:
        return canonical(url)
    except ValueError:
        return url


def _of_no_use(detail: str) -> Problem:
    return Problem(kind="of-no-use", detail=detail, stage="discover")
