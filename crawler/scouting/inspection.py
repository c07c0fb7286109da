"""What an answer is as a listing: its form, its links, how new they are; and what is wrong with it.

For `warraq publishers add` and `check`, which look at listings without keeping their links.
"""

import asyncio
import codecs
import contextlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from archive.records import Capture, Kind, Link, Problem
from crawler import listings
from crawler.article.headline import one_line
from crawler.dating.moments import parse
from crawler.listings import NotAListing
from crawler.scouting.autodiscovery import absolute
from crawler.scouting.scout import Answer
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
    return Problem(kind="not-a-listing", detail=detail, stage="discover")
