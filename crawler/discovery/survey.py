"""A new site surveyed: where it lists its articles, and how Warraq reads them.

The order is that of trust and of cost: what the site declares, then what is usual, then its menu;
nothing is fetched that an earlier answer made needless, and nothing twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from urllib.parse import urljoin, urlsplit

from archive.models import Capture, Extraction, Kind, Link, PageKind, Problem
from archive.problems import ProblemKind
from archive.urls import host_of
from crawler.discovery.check import Listing, form_of, inspect
from crawler.discovery.front_page import (
    DECLARED,
    IN_MENU,
    LINKED,
    USUAL,
    Candidate,
    FrontPage,
    key,
    read_front,
)
from crawler.discovery.probe import NOBODY, Answer, Probe
from crawler.errors import CannotFollow
from crawler.listings.follow import shape
from crawler.listings.sitemaps import of_articles

MOST_READ = 7  # articles that are tried
ARTICLES = frozenset({PageKind.ARTICLE, PageKind.LIVEBLOG, PageKind.VIDEO, PageKind.GALLERY})
_TRUST = (Kind.FEED, Kind.API, Kind.SECTION, Kind.SITEMAP)  # in listing news and nothing else
_FEEDS = 4  # of a site; more are those of its sections
_ASKED = {Kind.FEED: 8, Kind.SITEMAP: 4}  # candidates that are tried at most
_ASKED_SECTIONS = 16
_CHILDREN = 3  # of a sitemap index that are opened
_SAMPLES = 3
_REMEMBERED = 1_000_000  # bytes of a page that are kept for a second reading


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
    """What there is at a site: its front page, its entry points, and articles read from there.

    `home` is the address of the front page to be kept, `front.url` the one that answered. `failed`
    are the entry points that do not work, each with the reason.
    """

    home: str
    front: FrontPage
    entries: list[Listing] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    failed: list[tuple[Candidate, Problem]] = field(default_factory=list)

    def of(self, kind: Kind) -> list[Listing]:
        """Return the entry points of a kind."""
        return [entry for entry in self.entries if entry.kind is kind]

    def broken(self) -> list[str]:
        """Return what the site names and does not work, a line for each."""
        return [
            f"{candidate.url} ({candidate.how}): {problem.detail}"
            for candidate, problem in self.failed
            if candidate.is_named
        ]

    def to_read(self) -> list[Link]:
        """Return links to read, those first that are surest to be news: a feed's newest.

        Of several entry points of a kind each gives a link in turn.
        """
        chosen: dict[str, Link] = {}
        for kind in _TRUST:
            lists = [_best(entry, self.front.url) for entry in self.of(kind)]
            for link in filter(None, chain.from_iterable(zip_longest(*lists))):
                chosen.setdefault(key(link.url), link)
        return list(chosen.values())[:MOST_READ]

    def useless(self, listing: Listing) -> Problem | None:
        """Return why a listing adds nothing to those that are known already."""
        here = {key(link.url) for link in listing.links if _is_related(link.url, self.front.url)}
        known = {key(link.url) for entry in self.of(listing.kind) for link in entry.links}
        if not listing.links:
            detail = "it lists nothing"
        elif not here:
            detail = f"its links lead elsewhere, such as to {listing.links[0].url}"
        elif here <= known:
            detail = "it lists nothing that the others do not"
        else:
            return None
        return Problem(kind=ProblemKind.OF_NO_USE, detail=detail, stage="discover")


class Surveyor:
    """Makes one survey, by fetching through a probe."""

    def __init__(self, probe: Probe) -> None:
        """Take the probe, which knows the site as the publisher `NOBODY`."""
        self._probe = probe
        self._nobody = probe.publishers[NOBODY]
        self._answers: dict[str, Answer] = {}

    async def survey(self, url: str) -> Survey:
        """Survey the site whose front page is at `url`.

        Raises:
            CannotFollow: if no newspaper can be recognised; the message says what there is.
        """
        answer, capture, given = await self._front(url)
        same = urlsplit(answer.url).path == urlsplit(capture.url).path
        survey = Survey(
            home=capture.url if answer.moved or same else answer.url,
            front=read_front(capture.body, capture.content_type, capture.url),
        )
        await self._try(survey, given, most=1)
        await self._feeds(survey)
        await self._sitemaps(survey, capture)
        await self._try(survey, survey.front.of(Kind.API, DECLARED, USUAL)[:1], most=1)
        if not survey.of(Kind.SITEMAP):  # a feed alone knows the newest only
            await self._sections(survey)
        if not survey.entries:
            raise _not_a_newspaper(survey, [])
        await self._read(survey)
        return survey

    async def _front(self, url: str) -> tuple[Answer, Capture, list[Candidate]]:
        """Return the answer that is the front page, and the given address if it is a listing."""
        answer = await self._ask(url, Kind.SECTION)
        capture = answer.capture
        if answer.problem or capture is None:
            raise _no_front_page(answer, answer.problem)
        root = urljoin(capture.url, "/")
        kind, _ = form_of(capture)
        if kind in {Kind.FEED, Kind.SITEMAP} and root != url:
            given = Candidate(url=url, kind=kind, how="the address that was given")
            return (*(await self._front(root))[:2], [given])
        if kind is not Kind.SECTION and "html" not in (capture.content_type or "text/html").lower():
            raise _no_front_page(answer, None)
        page = replace(capture, kind=Kind.ARTICLE)
        reading = await self._probe.workers.extract(page, self._nobody)
        if walls := [problem for problem in reading.problems if problem.kind.wall]:
            raise _no_front_page(answer, walls[0])
        is_article = reading.kind in ARTICLES and reading.published_on is not None
        if is_article and root not in {capture.url, url}:
            return await self._front(root)
        return answer, capture, []

    async def _feeds(self, survey: Survey) -> None:
        front = survey.front
        await self._try(survey, front.of(Kind.FEED, DECLARED), most=_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, front.of(Kind.FEED, LINKED), most=_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, self._feeds_behind(front), most=_FEEDS)
        if not survey.of(Kind.FEED):
            await self._try(survey, front.of(Kind.FEED, USUAL), most=1)

    def _feeds_behind(self, front: FrontPage) -> list[Candidate]:
        """Return the feeds on the pages about feeds that the front page linked to."""
        answers = (self._answers.get(key(page.url)) for page in front.of(Kind.FEED, LINKED))
        pages = [answer.capture for answer in answers if answer and not answer.problem]
        return [
            replace(feed, how=f"linked from {page.url}")
            for page in filter(None, pages)
            for feed in read_front(page.body, page.content_type, page.url).of(
                Kind.FEED, DECLARED, LINKED
            )
        ]

    async def _sitemaps(self, survey: Survey, front: Capture) -> None:
        named = [
            Candidate(url=url, kind=Kind.SITEMAP, how="named in robots.txt")
            for url in self._probe.announced_sitemaps(front)
            if url.isprintable()
        ]
        await self._try(survey, named, most=_ASKED[Kind.SITEMAP])
        if not survey.of(Kind.SITEMAP):
            await self._try(survey, survey.front.of(Kind.SITEMAP, USUAL), most=1)

    async def _sections(self, survey: Survey) -> None:
        menu = survey.front.of(Kind.SECTION, IN_MENU)[:_ASKED_SECTIONS]
        await self._try(survey, menu, most=_ASKED_SECTIONS)
        sections = with_links_of_their_own(survey.of(Kind.SECTION))
        survey.entries = [e for e in survey.entries if e.kind is not Kind.SECTION] + sections
        if not survey.entries:
            url = survey.front.url
            front = Candidate(url=url, kind=Kind.SECTION, how="the front page itself")
            await self._try(survey, [front], most=1)

    async def _try(self, survey: Survey, candidates: Iterable[Candidate], *, most: int) -> None:
        """Fetch candidates until `most` of them gave something new, or too many were tried."""
        taken = asked = 0
        for candidate in candidates:
            limit = _ASKED.get(candidate.kind, 1) if candidate.is_named else 100
            if taken >= most or asked >= limit:
                return
            if key(candidate.url) in {key(entry.url) for entry in survey.entries}:
                continue
            asked += 1
            listing = await self._inspected(candidate.url, candidate.kind)
            if isinstance(listing, Listing):
                listing = await self._opened(listing)
            problem = listing if isinstance(listing, Problem) else survey.useless(listing)
            if problem:
                survey.failed.append((candidate, problem))
            elif isinstance(listing, Listing):
                taken += 1
                survey.entries.append(replace(listing, url=candidate.url, how=candidate.how))

    async def _opened(self, listing: Listing, *, depth: int = 2) -> Listing:
        """Return a sitemap index with links from those of its sitemaps that promise news."""
        if listing.links or not depth:
            return listing
        newest_first = sorted(listing.listings, key=lambda link: link.published or "", reverse=True)
        links: list[Link] = []
        for url in of_articles(link.url for link in newest_first)[:_CHILDREN]:
            inner = await self._inspected(url, Kind.SITEMAP)
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
                problems += filter(None, [answer.problem])
                continue
            reading = await self._probe.workers.extract(answer.capture, publisher, hints=link)
            sample = Sample(url=answer.capture.url, reading=reading)
            if sample.is_article:
                survey.samples.append(sample)
            else:
                problems += reading.problems
            if len(survey.samples) >= _SAMPLES:
                break
        if all(sample.reading.published_on is None for sample in survey.samples):
            raise _not_a_newspaper(survey, problems)

    async def _ask(self, url: str, kind: Kind) -> Answer:
        """Fetch an address, but none twice; what it answered is then read as that kind."""
        answer = self._answers.get(key(url))
        if answer is None:
            answer = await self._probe.ask(url, kind)
            if answer.capture is None or len(answer.capture.body) <= _REMEMBERED:
                self._answers[key(url)] = answer
        return replace(answer, capture=answer.capture and replace(answer.capture, kind=kind))

    async def _inspected(self, url: str, kind: Kind) -> Listing | Problem:
        answer = await self._ask(url, kind)
        return await inspect(answer, self._probe.workers, now=self._probe.clock())


def with_links_of_their_own(pages: Sequence[Listing]) -> list[Listing]:
    """Return the pages that list something that most of the pages do not."""
    counts = Counter(key(link.url) for page in pages for link in set(page.links))
    common = {url for url, count in counts.items() if count * 2 > max(len(pages), 2)}
    return [page for page in pages if any(key(link.url) not in common for link in page.links)]


def _best(entry: Listing, home: str) -> list[Link]:
    """Return the first links of an entry point, those of its commonest shape before others."""
    links = [link for link in entry.links if _is_related(link.url, home)]
    shapes = Counter(shape(link.url) for link in links)
    return sorted(links, key=lambda link: -shapes[shape(link.url)])[:MOST_READ]  # stable


def _is_related(url: str, home: str) -> bool:
    """Return whether an address is on the host of a site, above it or below it."""
    host, other = host_of(url), host_of(home)
    if host == other:
        return urlsplit(url).port == urlsplit(home).port
    return host.endswith(f".{other}") or other.endswith(f".{host}")


def _no_front_page(answer: Answer, problem: Problem | None) -> CannotFollow:
    """Return the refusal of a site whose front page cannot be read."""
    if problem is None:
        media = (answer.capture and answer.capture.content_type) or "without a type"
        return CannotFollow(
            f"{answer.url} is not a web page ({media}); give the address of the newspaper's front"
            " page"
        )
    same = urlsplit(answer.landed)[:3] == urlsplit(answer.url)[:3]
    redirected = "" if same else f" (redirected to {answer.landed})"
    remedy = problem.kind.remedy or "see whether a browser can open it"
    return CannotFollow(
        f"{answer.url}: {problem.detail}{redirected}. No file was written: {remedy}."
    )


def _not_a_newspaper(survey: Survey, problems: Sequence[Problem]) -> CannotFollow:
    """Return the refusal of a site on which no news was found.

    `problems` are those of the pages that were read and are not articles.
    """
    if survey.samples:
        seen = "the pages it lists carry no date, so they are hardly news"
    elif survey.entries:
        seen = "the pages it lists do not read as articles"
        if problems:
            kind, _ = Counter(problem.kind for problem in problems).most_common(1)[0]
            example = next(problem.detail for problem in problems if problem.kind == kind)
            seen += f" ({example})"
    else:
        seen = "it has no feed, no sitemap and no section page with articles"
    broken = "".join(f" {line}." for line in survey.broken()[:2])
    return CannotFollow(
        f"{survey.home}: {seen}.{broken} No file was written. If it is a newspaper,"
        " give the address of its news, or write its file by hand (crawler/README.md)."
    )
