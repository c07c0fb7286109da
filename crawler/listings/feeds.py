"""Feeds to links: RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed, and what is nearly one of them. Pure."""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO

import feedparser

from archive.records import Kind, Link
from crawler.decode import decode
from crawler.listings import jsonfeed
from crawler.listings.entries import NotAListing, address, beginning, line, plain

_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
# What a feed begins with, behind the warnings and scripts that some servers put before it.
_BEGIN = re.compile(r"<(?:\?xml|rss|feed|(?:rdf:)?RDF|channel)[\s>]", re.IGNORECASE)


def feed(body: bytes, url: str, content_type: str | None = None) -> Iterator[Link]:
    """Yield the entries of a feed of any format and version.

    Last comes the page that continues it (RFC 5005, JSON Feed's `next_url`), as a link of the kind
    feed, where there is one.

    Raises:
        NotAListing: if it is not a feed at all; a malformed one is read as far as it goes.
    """
    text = decode(body, content_type).text.strip("\0\N{ZERO WIDTH NO-BREAK SPACE} \t\r\n")
    if text.startswith("{"):
        yield from jsonfeed.feed(text, url)
        return
    parsed = _parsed(text, url)
    if not parsed.get("version") and not parsed.entries:
        raise NotAListing(f"no RSS, Atom or JSON feed: {beginning(body)}")
    atom = str(parsed.get("version") or "").startswith("atom")
    for entry in parsed.entries:
        if found := address(entry.get("link"), url):
            yield _link(entry, found, atom=atom)
    if continued := _next_page(parsed.feed.get("links", ()), url):
        yield Link(url=continued, kind=Kind.FEED)


def _parsed(text: str, url: str) -> feedparser.FeedParserDict:
    begin = _BEGIN.search(text, 0, 5000)
    text = _DECLARATION.sub("", text[begin.start() :] if begin else text, count=1).lstrip()
    if "<" not in text:
        return feedparser.FeedParserDict(entries=[], feed=feedparser.FeedParserDict())
    return feedparser.parse(
        BytesIO(text.encode("utf-8", "replace")),
        response_headers={"content-location": url, "content-type": "text/xml; charset=utf-8"},
        sanitize_html=False,
        # Both are for showing a feed's HTML; a feed with whole articles takes six times longer.
        resolve_relative_uris=False,
    )


def _link(entry: feedparser.FeedParserDict, found: str, *, atom: bool) -> Link:
    """Return an entry's link; what Atom calls updated tells of a change, not of publication.

    Keys are asked for as a dict has them: feedparser would put one date for the other, and warn.
    """
    published = line(dict.get(entry, "published"))
    updated = line(dict.get(entry, "updated"))
    return Link(
        url=found,
        title=plain(entry.get("title")),
        published=published if atom else published or updated,
        modified=updated if atom or published else None,
        author=plain(entry.get("author")),
        summary=plain(entry.get("summary")),
    )


def _next_page(links: Iterable[feedparser.FeedParserDict], url: str) -> str | None:
    for link in links:
        if link.get("rel") in {"next", "prev-archive"} and link.get("href"):
            return address(link["href"], url)
    return None
