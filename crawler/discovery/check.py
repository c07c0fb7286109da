"""Whether entry points work: what an answer is as a listing, and what to do where it is none.

Each is asked once, without the validators of its visit, which is not ended by it.
"""

import asyncio
import codecs
import contextlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from archive.problems import ProblemKind
from archive.records import Capture, Kind, Link, Problem
from archive.urls import host_of
from crawler import listings
from crawler.dates.moments import parse
from crawler.discovery.probe import Answer, Scout
from crawler.discovery.site import KEYS, absolute
from crawler.extract.vocabulary import one_line
from crawler.listings import NotAListing
from crawler.publisher import Publisher
from crawler.workers import Stopped, Workers

MOST_LINKS = 200_000  # counted of one listing; sitemaps.org allows 50,000
KEPT = 2000  # links that are kept for a closer look
_AT_ONCE = 500
_HEAD = 4096
_DATES = 2500  # at either end of a listing: the newest stands at one of them
_SOON = timedelta(days=1)  # a listing's date may be that far ahead: some print local times as UTC

# What may stand before the element that tells what a document is.
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


async def inspect(answer: Answer, workers: Workers, *, now: datetime) -> Listing | Problem:
    """Read what an address answered as the listing that its kind promises.

    Returns a problem for no good answer, for something else than a listing, or one of another kind.
    """
    capture = answer.capture
    if not answer.good or capture is None:
        return answer.problem or _not_listing("it answered nothing")
    kind, form = form_of(capture)
    try:
        links = await _links(capture, workers)
    except (NotAListing, Stopped) as error:
        return _not_listing(f"it is {a(form)}" if kind not in {capture.kind, None} else str(error))
    if kind not in {capture.kind, None} and not links:
        return _not_listing(f"it is {a(form)}")
    listings = tuple(link for link in links if link.kind is Kind.SITEMAP)
    articles = [link for link in links if link.kind is Kind.ARTICLE]
    return Listing(
        url=capture.url,
        kind=capture.kind,
        form=form,
        links=tuple(articles[:KEPT]),
        listings=listings,
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
    return None, f"document of the type {media}" if media else "document of no known type"


def a(form: str) -> str:
    """Return a form with its indefinite article: `an RSS feed`."""
    return f"{'an' if form.startswith(('RSS', 'Atom')) else 'a'} {form}"


def posts(body: bytes, url: str) -> Iterator[Link]:
    """Yield the posts that WordPress' interface lists (REST API handbook, `/wp/v2/posts`).

    Raises:
        NotAListing: if it is no such list.
    """
    try:
        found = json.loads(body)
    except ValueError as error:
        raise NotAListing(f"no list of posts: {error}") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        said = found.get("message") if isinstance(found, dict) else None
        raise NotAListing(f"no list of posts{f': {one_line(str(said))}' if said else ''}")
    for post in found:
        if address := absolute(str(post.get("link") or ""), url):
            gmt = post.get("date_gmt")
            yield Link(
                url=address,
                title=_rendered(post.get("title")),
                published=f"{gmt}Z" if isinstance(gmt, str) and gmt else None,
            )


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


async def _links(capture: Capture, workers: Workers) -> list[Link]:
    if capture.kind is Kind.API:
        return list(posts(capture.body, capture.url))
    if capture.kind is not Kind.SITEMAP:
        return await workers.links(capture)
    found: list[Link] = []
    stream = listings.links(capture)
    while (portion := list(islice(stream, _AT_ONCE))) and len(found) < MOST_LINKS:
        found += portion
        await asyncio.sleep(0)
    return found


def _beginning(body: bytes) -> str:
    """Return the first characters of a body, unpacked where it is gzip."""
    head = body[:_HEAD]
    if body[:2] == b"\x1f\x8b":
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(wbits=31).decompress(body, _HEAD)
    plain = head.removeprefix(codecs.BOM_UTF8).lstrip(b"\xff\xfe")
    return plain.replace(b"\0", b"").decode("latin-1")


def _rendered(title: object) -> str | None:
    text = title.get("rendered") if isinstance(title, dict) else title
    return one_line(text) if isinstance(text, str) and text.strip() else None


def _not_listing(detail: str) -> Problem:
    return Problem(kind=ProblemKind.NOT_A_LISTING, detail=detail, stage="discover")


STALE = timedelta(days=30)
_KEYS = dict(KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one entry point gave: its listing, or the problem in one sentence.

    `status` is of the answer, None where there was none; `wanted` counts the links that the
    publisher's patterns let pass. `remedies` say what to do, also where it works for now.
    """

    publisher: str
    kind: Kind
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


async def check(scout: Scout, publishers: Sequence[Publisher]) -> list[Finding]:
    """Ask every entry point of the publishers once, and return what each gave, in their order.

    Raises:
        CrawlerError: what ended the look, when everything that was in hand is finished.
    """
    asked = [
        (one, kind, url) for one in publishers for kind, key in KEYS for url in getattr(one, key)
    ]
    looks = (_look(scout, one, kind, url) for one, kind, url in asked)
    found = await asyncio.gather(*looks, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if isinstance(one, Finding)]


async def _look(scout: Scout, one: Publisher, kind: Kind, url: str) -> Finding:
    answer = await scout.ask(url, kind, publisher=one.slug)
    now = scout.clock()
    found = await inspect(answer, scout.workers, now=now)
    status = answer.capture.status if answer.capture else None
    if isinstance(found, Problem):
        remedies = [*_moved(answer, url), *_remedies(answer, kind, found)]
        return Finding(
            publisher=one.slug, kind=kind, url=url, status=status,
            problem=found.detail, remedies=tuple(remedies),
        )  # fmt: skip
    wanted = sum(one.wants(link.url) for link in found.links)
    problem = _useless(found, wanted)
    remedies = [*_moved(answer, url), *_stale(found, now=now)]
    if problem and found.links:
        remedies.append(f"mend `accept` and `reject`: it lists addresses such as {_example(found)}")
    elif problem:
        remedies.append(_ANEW)
    return Finding(
        publisher=one.slug, kind=kind, url=url, status=status, listing=found, wanted=wanted,
        problem=problem, remedies=tuple(remedies),
    )  # fmt: skip


_ANEW = "look where it lists its articles now: `warraq publishers add` with its front page"


def _useless(found: Listing, wanted: int) -> str | None:
    if found.listings or wanted:
        return None
    if not found.links:
        return f"the {found.form} is sound, and lists nothing"
    return f"none of its {found.count} links is one that `accept` and `reject` let pass"


def _remedies(answer: Answer, kind: Kind, problem: Problem) -> list[str]:
    if problem.kind != "not-a-listing" or answer.capture is None:
        return [problem.kind.remedy or _ANEW]
    other, form = form_of(answer.capture)
    if other in {Kind.FEED, Kind.SITEMAP, Kind.API} and other is not kind:
        return [f"it is {a(form)}: move it from `{_KEYS[kind]}` to `{_KEYS[other]}`"]
    return [_ANEW]


def _moved(answer: Answer, url: str) -> list[str]:
    landed = answer.capture.url if answer.capture else url
    if not answer.moved or landed == url:
        return []
    where = "" if host_of(landed) == host_of(url) else ", on another host: is it the newspaper's?"
    return [f"it moved for good; write {landed} instead{where}"]


def _stale(found: Listing, *, now: datetime) -> list[str]:
    if found.newest is None:
        return []
    day = found.newest if not isinstance(found.newest, datetime) else found.newest.date()
    return _age(now.astimezone(UTC).date(), day)


def _age(today: date, newest: date) -> list[str]:
    days = (today - newest).days
    if days <= STALE.days:
        return []
    return [f"nothing new for {days} days: has the newspaper stopped, or does it list elsewhere?"]


def _example(found: Listing) -> str:
    return found.links[0].url
