"""Whether entry points work: what each answers as a listing, and what to do where it fails.

They are read by the crawl's own listing code. Each is fetched once, without the validators of its
visit, and the visit does not end: what is new stays new for the next crawl.
"""

import asyncio
import codecs
import contextlib
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from urllib.parse import urljoin

from archive.commands.options import counted
from archive.models import Capture, Kind, Link, Problem
from archive.problems import ProblemKind
from archive.urls import host_of
from crawler.dates.moments import parse
from crawler.discovery.front_page import KEYS
from crawler.discovery.probe import Answer, Probe
from crawler.errors import NotAListing
from crawler.frontier import entry_points
from crawler.listings import sitemaps
from crawler.publisher import Publisher
from crawler.workers import Stopped, Workers

STALE = timedelta(days=30)
MOST_LINKS = 200_000  # counted of one listing; sitemaps.org allows 50,000
KEPT = 2000  # links that are kept for a closer look
_AT_ONCE = 500
_HEAD = 4096
_DATES = 2500  # at either end of a listing: the newest is at one of them
_SOON = timedelta(days=1)  # a listing's date may be that far ahead: some print local times as UTC
_ADD = "find where it lists its articles now: run `warraq publishers add` with its front page"

# What may come before the element that says what a document is.
_BEFORE = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>)*", re.DOTALL | re.IGNORECASE)
_FORMS = (
    (re.compile(r"<(?:\w+:)?sitemapindex\b"), Kind.SITEMAP, "sitemap index"),
    (re.compile(r"<(?:\w+:)?urlset\b[^>]*sitemap-news"), Kind.SITEMAP, "sitemap with news"),
    (re.compile(r"<(?:\w+:)?urlset\b"), Kind.SITEMAP, "sitemap"),
    (re.compile(r"<rdf:RDF\b", re.IGNORECASE), Kind.FEED, "RSS 1.0 feed"),
    (re.compile(r"<(?:rss|channel)\b", re.IGNORECASE), Kind.FEED, "RSS feed"),
    (re.compile(r"<(?:\w+:)?feed\b"), Kind.FEED, "Atom feed"),
    (re.compile(r"\{.*?jsonfeed\.org", re.DOTALL), Kind.FEED, "JSON Feed"),
    (re.compile(r"\["), Kind.API, "list of posts"),
    (re.compile(r"<(?:html|head|body|div|table)\b", re.IGNORECASE), Kind.SECTION, "web page"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A listing that was read: `form` for a person, its links, and the newest date it gives.

    `links` are the first of `count`, `listings` those that lead to further listings. `newest` is
    a moment in UTC or a day.
    """

    url: str
    kind: Kind
    form: str
    links: tuple[Link, ...] = ()
    listings: tuple[Link, ...] = ()
    count: int = 0
    newest: datetime | date | None = None

    def __str__(self) -> str:
        """Return what it holds, in one line: `RSS feed, 10 links, newest 2020-11-12`."""
        is_index = bool(self.listings) and not self.count
        number, noun = (len(self.listings), "sitemap") if is_index else (self.count, "link")
        if is_index and self.kind is not Kind.SITEMAP:
            noun = "listing"
        newest = f", newest {when(self.newest)}" if self.newest else ""
        return f"{self.form}, {counted(number, noun)}{newest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one entry point gave: its listing, or the problem in one sentence.

    `key` and `url` are its place in the publisher's file; `status` is None without an answer.
    `wanted` counts the links that the publisher's patterns accept. `remedies` say what to do, even
    where it still works.
    """

    publisher: str
    key: str
    url: str
    status: int | None = None
    listing: Listing | None = None
    wanted: int = 0
    problem: str | None = None
    remedies: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Whether the crawl gets articles, or listings of them, from here."""
        return self.problem is None


async def check(probe: Probe, publishers: Sequence[Publisher]) -> list[Finding]:
    """Fetch every entry point of the publishers once; return what each gave, in their order.

    Raises:
        CrawlerError: what ended the check, when everything in progress is finished.
    """
    checks = [
        _check(probe, publisher, place, asked)
        for publisher in publishers
        for place, asked in zip(_places(publisher), entry_points(publisher), strict=True)
    ]
    findings = await asyncio.gather(*checks, return_exceptions=True)
    for finding in findings:
        if isinstance(finding, BaseException):
            raise finding
    return [finding for finding in findings if isinstance(finding, Finding)]


def _places(publisher: Publisher) -> list[tuple[str, str]]:
    """Return (key, address as written) of each entry point, in the order of `entry_points`."""
    written = [(key, url) for key in KEYS.values() for url in getattr(publisher, key)]
    return written or ([("homepage", publisher.homepage)] if publisher.homepage else [])


async def _check(
    probe: Probe, publisher: Publisher, place: tuple[str, str], asked: tuple[str, Kind]
) -> Finding:
    (key, written), (url, kind) = place, asked
    answer = await probe.ask(url, kind, publisher=publisher.slug)
    now = probe.clock()
    listing = await inspect(answer, probe.workers, now=now, announced=publisher.is_bare)
    if publisher.is_bare and isinstance(listing, Listing):
        listing = await _with_announced(probe, listing)
    remedies = _moved(answer, url, written)
    wanted, status = 0, answer.capture.status if answer.capture else None
    if isinstance(listing, Problem):
        problem: str | None = listing.detail
        remedies += _remedies(answer, kind, listing)
    else:
        wanted = sum(publisher.wants(link.url) for link in listing.links)
        problem = _useless(listing, wanted)
        remedies += _stale(listing, now=now)
        if problem and listing.links:
            example = listing.links[0].url
            remedies.append(f"correct `accept` and `reject`: it lists addresses such as {example}")
        elif problem:
            remedies.append(_ADD)
    return Finding(
        publisher=publisher.slug, key=key, url=written, status=status,
        listing=None if isinstance(listing, Problem) else listing,
        wanted=wanted, problem=problem, remedies=tuple(remedies),
    )  # fmt: skip


async def _with_announced(probe: Probe, front: Listing) -> Listing:
    """Return a front page with the sitemaps that its site's robots.txt names, as in a crawl."""
    robots = urljoin(front.url, "/robots.txt")
    named = sitemaps.in_robots(await probe.robots(robots), robots)
    more = [Link(url=url, kind=Kind.SITEMAP) for url in named]
    return replace(front, listings=(*more, *front.listings))


def _useless(listing: Listing, wanted: int) -> str | None:
    if listing.listings or wanted:
        return None
    if listing.links:
        return f"none of its {listing.count} links passes `accept` and `reject`"
    if listing.kind is Kind.SECTION:
        return "the page loads, but no article links were recognised on it"
    return f"the {listing.form} is valid, but lists nothing"


def _remedies(answer: Answer, kind: Kind, problem: Problem) -> list[str]:
    if problem.kind is not ProblemKind.NOT_A_LISTING or answer.capture is None:
        return [problem.kind.remedy or _ADD]
    other, form = form_of(answer.capture)
    if other in {Kind.FEED, Kind.SITEMAP, Kind.API} and other is not kind:
        return [f"it is {a(form)}: move it from `{KEYS[kind]}` to `{KEYS[other]}`"]
    return [_ADD]


def _moved(answer: Answer, url: str, written: str) -> list[str]:
    landed = answer.capture.url if answer.capture else url
    if not answer.moved or landed == url:
        return []
    if url != written:  # the crawl asks WordPress for certain fields
        landed = landed.partition("?")[0]
    where = "" if host_of(landed) == host_of(url) else ", on another host: is it the newspaper's?"
    return [f"it moved permanently; write {landed} instead{where}"]


def _stale(listing: Listing, *, now: datetime) -> list[str]:
    if listing.newest is None:
        return []
    day = listing.newest.date() if isinstance(listing.newest, datetime) else listing.newest
    days = (now.astimezone(UTC).date() - day).days
    if days <= STALE.days:
        return []
    return [f"nothing new for {days} days: has the newspaper stopped, or does it list elsewhere?"]


async def inspect(
    answer: Answer, workers: Workers, *, now: datetime, announced: bool = False
) -> Listing | Problem:
    """Read what an address answered as the listing that its kind promises, as the crawl does.

    Returns a problem for no good answer, for what is not a listing, or one of another kind.
    """
    capture = answer.capture
    if not answer.good or capture is None:
        return answer.problem or _not_listing("it answered nothing")
    kind, form = form_of(capture)
    try:
        links = await _links(capture, workers, announced=announced)
    except (NotAListing, Stopped) as error:
        return _not_listing(f"it is {a(form)}" if kind not in {capture.kind, None} else str(error))
    if kind not in {capture.kind, None} and not links:
        return _not_listing(f"it is {a(form)}")
    articles = [link for link in links if link.kind is Kind.ARTICLE]
    pages = {Kind.ARTICLE, capture.kind} - {Kind.SITEMAP}
    return Listing(
        url=capture.url,
        kind=capture.kind,
        form=form,
        links=tuple(articles[:KEPT]),
        listings=tuple(link for link in links if link.kind not in pages),
        count=len(articles),
        newest=newest(links, now=now),
    )


def form_of(capture: Capture) -> tuple[Kind | None, str]:
    """Return what kind of listing a body looks like, and its name for a person."""
    head = _BEFORE.sub("", _beginning(capture.body), count=1)
    for pattern, kind, form in _FORMS:
        if pattern.match(head):
            return kind, form
    media = (capture.content_type or "").partition(";")[0].strip()
    return None, f"document of the type {media}" if media else "document of an unknown type"


def a(form: str) -> str:
    """Return a form with its indefinite article: `an RSS feed`."""
    return f"{'an' if form.startswith(('RSS', 'Atom')) else 'a'} {form}"


def when(moment: datetime | date | None) -> str:
    """Return a moment or a day for a person."""
    if isinstance(moment, datetime):
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    return str(moment) if moment else "without a date"


def newest(links: Iterable[Link], *, now: datetime) -> datetime | date | None:
    """Return the newest date that a listing gives its links, none of the future."""
    dates = [link.published for link in links if link.published]
    latest: tuple[datetime, bool] | None = None
    for written in {*dates[:_DATES], *dates[-_DATES:]}:
        moment = parse(written, now=None, zone=None)
        if moment is None:
            continue
        at = moment.at or datetime.combine(moment.day, moment.clock or time(), UTC)
        if at <= now + _SOON and (latest is None or at > latest[0]):
            latest = at, moment.at is not None
    return latest and (latest[0] if latest[1] else latest[0].date())


async def _links(capture: Capture, workers: Workers, *, announced: bool) -> list[Link]:
    stream = iter(await workers.links(capture, announced=announced))
    links: list[Link] = []
    while (portion := list(islice(stream, _AT_ONCE))) and len(links) < MOST_LINKS:
        links += portion
        await asyncio.sleep(0)
    return links


def _beginning(body: bytes) -> str:
    """Return the first characters of a body, unpacked where it is gzip."""
    head = body[:_HEAD]
    if body[:2] == b"\x1f\x8b":
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(wbits=31).decompress(body, _HEAD)
    plain = head.removeprefix(codecs.BOM_UTF8).lstrip(b"\xff\xfe")
    return plain.replace(b"\0", b"").decode("latin-1")


def _not_listing(detail: str) -> Problem:
    return Problem(kind=ProblemKind.NOT_A_LISTING, detail=detail, stage="discover")
