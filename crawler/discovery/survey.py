"""A new site surveyed: where it lists its articles, and how Warraq reads them.

The order is that of trust and of cost: what the site declares, then what is usual, then its menu;
nothing is fetched that an earlier answer made needless, and no candidate twice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, zip_longest
from urllib.parse import urljoin, urlsplit

from archive.links import shape
from archive.models import Capture, Extraction, Kind, Link, Problem
from archive.problems import ProblemKind
from archive.urls import host_of
from crawler.discovery.check import Listing, form_of, inspect, problem_of
from crawler.discovery.front_page import WORDS, FrontPage, Way, key, name_of, place, read_front
from crawler.discovery.probe import Answer, Probe
from crawler.errors import CannotFollow, Unread
from crawler.listings import wordpress
from crawler.listings.sitemaps import of_articles
from crawler.publisher import Publisher

MOST_READ = 7  # articles that are tried
_TRUST = (Kind.FEED, Kind.API, Kind.SECTION, Kind.SITEMAP)  # in listing news and nothing else
_ROUNDS = [
    (Kind(row["kind"]), Way[row["how"]], row["kept"], row["tried"]) for row in WORDS["rounds"]
]
_CHILDREN = 3  # of a sitemap index that are opened
_SAMPLES = 3
_ABOUT = "?_fields=name,timezone_string,gmt_offset"  # of WordPress's interface
_GUESSED = {Way.USUAL, Way.IN_MENU}  # where nobody says that there is a listing


@dataclass(slots=True, kw_only=True)
class Survey:
    """What there is at a site: its front page, its entry points, and articles read from there.

    `home` is the address of the front page to be kept, `front.url` the one that answered; `zone` is
    that of the times it prints. `samples`
    are articles by their addresses, as Warraq reads them. `broken` are listings that the site names
    itself and that do not work.
    """

    home: str
    front: FrontPage
    entries: list[Listing] = field(default_factory=list)
    samples: dict[str, Extraction] = field(default_factory=dict)
    zone: str | None = None
    broken: list[Listing] = field(default_factory=list)

    def of(self, kind: Kind) -> list[Listing]:
        """Return the entry points of a kind."""
        return [entry for entry in self.entries if entry.kind is kind]

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
        if here - known:
            return None
        detail = "it lists nothing that the others do not"
        if listing.links and not here:
            detail = f"its links lead elsewhere, such as to {listing.links[0].url}"
        return problem_of(ProblemKind.OF_NO_USE, detail)


async def survey_of(probe: Probe, site: Publisher) -> Survey:
    """Survey a site, a publisher of which nothing but the front page is known.

    Raises:
        CannotFollow: if no newspaper can be recognised; the message says what there is.
    """
    return await _Surveyor(probe, site).survey()


class _Surveyor:
    """Makes one survey of a site, by fetching through a probe."""

    def __init__(self, probe: Probe, site: Publisher) -> None:
        self._probe = probe
        self._site = site
        self._asked: set[str] = set()  # keys of addresses
        self._given: list[tuple[Link, Answer]] = []  # a listing, in place of a front page
        self._candidates: dict[Way, list[Link]] = defaultdict(list)

    async def survey(self) -> Survey:
        """Survey the site round by round, and read articles from where it lists them."""
        answer, capture = await self._front(self._site.homepage or "")
        same = urlsplit(answer.url).path == urlsplit(capture.url).path
        front = await self._read_front(capture)
        home = capture.url if answer.moved_to or same else answer.url
        survey = await self._about(Survey(home=home, front=front))
        front = survey.front
        name = front.name or self._site.name
        self._site = replace(self._site, name=name, name_latin=front.name_latin)
        self._candidates |= front.candidates
        self._candidates[Way.IN_ROBOTS] = list(await self._probe.announced_sitemaps(capture))
        for link, given in self._given:
            await self._take(survey, link, Way.GIVEN, given)
        for kind, how, most, tried in _ROUNDS:
            if _is_needed(survey, kind, how):
                fit = [link for link in self._candidates[how] if link.kind is kind]
                await self._try(survey, fit[:tried], how, most=most)
        survey.entries = with_links_of_their_own(survey.entries)
        if not survey.entries:
            await self._take(survey, Link(url=front.url, kind=Kind.SECTION), Way.ITSELF, answer)
        if not survey.entries:
            raise _not_a_newspaper(survey, [])
        await self._read(survey)
        return survey

    async def _about(self, survey: Survey) -> Survey:
        """Return a survey with the name and zone that WordPress says its site has, if it is one."""
        front = survey.front
        listed = chain(front.candidates.get(Way.DECLARED, ()), front.candidates.get(Way.USUAL, ()))
        posts = next((link.url for link in listed if link.kind is Kind.API), None)
        root = urljoin(posts, "../../") if posts and "?" not in posts else None
        page = root and (await self._probe.ask(f"{root}{_ABOUT}", Kind.PROBE)).page
        with suppress(Unread):
            work = partial(wordpress.site_of, page.body if page else b"")
            said, survey.zone = await self._probe.workers.do(work)
            name, latin = name_of([said], [])
            name, latin = name or front.name, latin or front.name_latin
            survey.front = replace(front, name=name, name_latin=latin)
        return survey

    async def _front(self, url: str) -> tuple[Answer, Capture]:
        """Return the answer that is the front page; of an article or a listing, its host's."""
        answer = await self._probe.ask(url, Kind.SECTION)
        capture = answer.page
        if capture is None:
            raise _no_front_page(answer, answer.problem)
        root = urljoin(capture.url, "/")
        self._asked |= {key(url), key(capture.url)}
        is_below = key(root) not in self._asked
        kind, form = form_of(capture)
        if kind in {Kind.FEED, Kind.SITEMAP} and is_below:
            self._given.append((Link(url=url, kind=kind), answer))
            return await self._front(root)
        if kind is not Kind.SECTION and "html" not in (capture.content_type or "text/html").lower():
            detail = f"it is {form}, not a web page"
            raise _no_front_page(answer, problem_of(ProblemKind.NOT_A_LISTING, detail))
        reading = await self._extract(capture)
        for problem in reading.problems:
            if problem.kind.wall or problem.kind.passing:  # what a worker cannot read, nobody reads
                raise _no_front_page(answer, problem)
        if reading.is_article and reading.published_on and is_below:
            return await self._front(root)
        return answer, capture

    async def _try(self, survey: Survey, links: Iterable[Link], how: Way, *, most: int) -> None:
        """Fetch candidates until `most` of them gave something new."""
        enough = len(survey.entries) + most
        for link in links:
            is_new = key(link.url) not in self._asked and link.url.isprintable()
            if is_new and len(survey.entries) < enough:
                self._asked.add(key(link.url))
                answer = await self._probe.ask(link.url, link.kind)
                await self._take(survey, link, how, answer)

    async def _take(self, survey: Survey, link: Link, how: Way, answer: Answer) -> None:
        """Take a candidate as an entry point, or note what is wrong with it.

        A feed may be named as a sitemap.
        """
        page = answer.page
        if page and link.kind is Kind.SITEMAP and form_of(page)[0] is Kind.FEED:
            link = replace(link, kind=Kind.FEED)
        listing = await self._opened(await self._inspected(answer, link.kind))
        problem = listing.problem or survey.useless(listing)
        listing = replace(listing, url=link.url, how=how, problem=problem)
        if problem is None:
            survey.entries.append(listing)
        elif how not in _GUESSED:
            survey.broken.append(listing)
        if problem and how is Way.LINKED and page:  # a page about feeds?
            behind = (await self._read_front(page)).candidates
            linked = chain(behind.get(Way.DECLARED, ()), behind.get(Way.LINKED, ()))
            self._candidates[Way.BEHIND] += linked

    async def _opened(self, listing: Listing, *, depth: int = 2) -> Listing:
        """Return a sitemap index with links from those of its sitemaps that promise news."""
        links = listing.links
        newest_first = sorted(listing.listings, key=lambda link: link.published or "", reverse=True)
        for child in of_articles(newest_first)[:_CHILDREN] if depth else ():
            if len(links) < MOST_READ:
                answer = await self._probe.ask(child.url, child.kind)
                inner = await self._inspected(answer, child.kind)
                links += (await self._opened(inner, depth=depth - 1)).links
        return replace(listing, links=links)

    async def _read(self, survey: Survey) -> None:
        """Read articles from the entry points, until there are enough of them.

        Raises:
            CannotFollow: if no page reads as an article, or none has a date.
        """
        problems: list[Problem] = []
        for link in survey.to_read():
            answer = await self._probe.ask(link.url, Kind.ARTICLE)
            if answer.page is None:
                problems += filter(None, [answer.problem])
                continue
            reading = await self._extract(answer.page, link)
            if reading.is_article and reading.title:
                survey.samples[answer.page.url] = reading
            else:
                problems += reading.problems
            if len(survey.samples) >= _SAMPLES:
                break
        if not any(reading.published_on for reading in survey.samples.values()):
            raise _not_a_newspaper(survey, problems)

    async def _read_front(self, page: Capture) -> FrontPage:
        """Return what a page says of its site: nothing where no worker can read it."""
        work = partial(read_front, page.body, page.content_type, page.url)
        with suppress(Unread):
            return await self._probe.workers.do(work)
        return FrontPage(url=page.url)

    async def _extract(self, page: Capture, hints: Link | None = None) -> Extraction:
        capture = replace(page, kind=Kind.ARTICLE)
        return await self._probe.workers.extract(capture, self._site, hints=hints)

    async def _inspected(self, answer: Answer, kind: Kind) -> Listing:
        return await inspect(answer, kind, self._probe.workers, now=self._probe.store.clock())


def _is_needed(survey: Survey, kind: Kind, how: Way) -> bool:
    """Return whether a round of candidates can add to what there is already."""
    if kind is Kind.SECTION:  # a feed alone knows the newest only
        return not survey.of(Kind.SITEMAP)
    return how is Way.DECLARED or not survey.of(kind)


def with_links_of_their_own(entries: Sequence[Listing]) -> list[Listing]:
    """Return entry points without the sections that list nothing but what most of them do."""
    pages = {
        entry.url: {key(link.url) for link in entry.links}
        for entry in entries
        if entry.kind is Kind.SECTION
    }
    counts = Counter(chain.from_iterable(pages.values()))
    common = {url for url, count in counts.items() if count * 2 > max(len(pages), 2)}
    return [entry for entry in entries if entry.url not in pages or pages[entry.url] - common]


def _best(entry: Listing, home: str) -> list[Link]:
    """Return the first links of an entry point, those of its commonest shape before others."""
    links = [link for link in entry.links if _is_related(link.url, home)]
    shapes = Counter(shape(link.url) for link in links)
    return sorted(links, key=lambda link: -shapes[shape(link.url)])[:MOST_READ]  # stable


def _is_related(url: str, home: str) -> bool:
    """Return whether an address is on the host of a site, above it or below it."""
    host, other = host_of(url), host_of(home)
    return place(url) == place(home) or host.endswith(f".{other}") or other.endswith(f".{host}")


def _no_front_page(answer: Answer, problem: Problem | None) -> CannotFollow:
    """Return the refusal of a site whose front page cannot be read."""
    detail = problem.detail if problem else "it did not answer"
    remedy = (problem and problem.kind.remedy) or "give the newspaper's front page"
    where = (answer.capture or answer).url
    return CannotFollow(f"{where}: {detail}. No file was written: {remedy}.")


def _not_a_newspaper(survey: Survey, problems: Sequence[Problem]) -> CannotFollow:
    """Return the refusal of a site on which no news was found.

    `problems` are those of the pages that were read and are not articles.
    """
    seen = "it has no feed, no sitemap and no section page with articles"
    if survey.samples:
        seen = "the pages it lists carry no date, so they are hardly news"
    elif survey.entries:
        seen = "the pages it lists do not read as articles"
        details = Counter(problem.detail for problem in problems).most_common(1)
        seen += f" ({details[0][0]})" if details else ""
    broken = "".join(f" {one.url} ({one.how}): {one.fault}." for one in survey.broken[-2:])
    return CannotFollow(
        f"{survey.home}: {seen}.{broken} No file was written. If it is a newspaper,"
        " give the address of its news, or write its file by hand (crawler/README.md)."
    )
