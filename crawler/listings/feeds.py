"""Feeds to links: RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed, and what is nearly one of them. Pure.

The texts of entries and JSON values are read as in every kind of listing.
"""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

import feedparser

from archive.models import Kind, Link
from archive.search.arabic import tidy
from archive.urls import absolute, with_few_marks
from crawler.errors import NotAListing
from crawler.extract.blocks import parse_page
from crawler.extract.charset import decode

_CONTINUES = {"next", "prev-archive"}  # relations of a link to the page that continues a feed


MOST_ITEMS = 5_000  # of a feed in XML: the first, which are the newest
_ITEM = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)


def plain(text: object) -> str | None:
    """Return a title, name or summary as one line of plain text, without its HTML.

    None for what is not a text, or an empty one.
    """
    if not isinstance(text, str):
        return None
    if "<" in text or "&" in text:
        tree = parse_page(f"<div>{text}</div>")
        text = "" if tree is None else str(tree.xpath("string()"))
    return line(tidy(text))


def line(text: object) -> str | None:
    """Return a text on one line; None for what is not a text, or an empty one."""
    return (isinstance(text, str) and " ".join(text.split())) or None


def names(people: object) -> str | None:
    """Return the names of people that are listed as JSON objects, as one text."""
    listed = people if isinstance(people, list) else []
    texts = (plain(person.get("name")) for person in listed if isinstance(person, dict))
    return "، ".join(filter(None, texts)) or None


def beginning(body: bytes) -> str:
    """Return how a body begins, for a message."""
    return repr(body[:60].decode("utf-8", "replace"))


def read_json(text: str) -> Any:
    """Return what a JSON text says.

    Raises:
        NotAListing: if it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAListing(f"not readable JSON ({error}): {text[:60]!r}") from error


def feed(body: bytes, url: str, content_type: str | None = None) -> Iterator[Link]:
    """Yield the entries of a feed of any format and version.

    Last comes the page that continues it (RFC 5005, JSON Feed's `next_url`), as a link of the kind
    feed, where there is one.

    Raises:
        NotAListing: if it is not a feed at all; a malformed one is read as far as it goes.
    """
    text = with_few_marks(decode(body, content_type).text).strip(
        "\0\N{ZERO WIDTH NO-BREAK SPACE} \t\r\n"
    )
    if text.startswith("{"):
        yield from _json_feed(text, url)
        return
    parsed = _parsed(_first_items(text), url)
    if not parsed.get("version") and not parsed.entries:
        raise NotAListing(f"not an RSS, Atom or JSON feed: {beginning(body)}")
    atom = str(parsed.get("version") or "").startswith("atom")
    for entry in parsed.entries:
        written = (entry.get("feedburner_origlink"), entry.get("link"))  # the first is its own
        if address := next(filter(None, (absolute(to, url) for to in written)), None):
            yield _link(entry, address, atom=atom)
    links = [link for link in parsed.feed.get("links", ()) if link.get("rel") in _CONTINUES]
    if continued := absolute(links[0].get("href"), url) if links else None:
        yield Link(url=continued, kind=Kind.FEED)


def _first_items(text: str) -> str:
    """Return a feed with no more than its first items, and what stands behind the last one."""
    surplus = next(islice(_ITEM.finditer(text), MOST_ITEMS, None), None)
    if surplus is None:
        return text
    return text[: surplus.start()] + "".join(_ITEM_END.split(text[surplus.start() :])[1:][-1:])


def _parsed(text: str, url: str) -> feedparser.FeedParserDict:
    try:
        return feedparser.parse(
            BytesIO(text.encode("utf-8", "replace")),
            response_headers={"content-location": url, "content-type": "text/xml; charset=utf-8"},
            sanitize_html=False,
            # Both are for showing a feed's HTML; one with complete articles takes six times longer.
            resolve_relative_uris=False,
        )
    except (TypeError, AttributeError, ValueError, LookupError) as error:  # on odd elements
        raise NotAListing(f"feedparser cannot read it ({error}): {text[:60]!r}") from error


def _link(entry: feedparser.FeedParserDict, address: str, *, atom: bool) -> Link:
    """Return an entry's link; what Atom calls updated is the time of a change, not of publication.

    Keys are asked for as a dict has them: feedparser would put one date for the other, and warn.
    """
    published = line(dict.get(entry, "published"))
    updated = line(dict.get(entry, "updated"))
    return Link(
        url=address,
        title=plain(entry.get("title")),
        published=published if atom else published or updated,
        modified=updated if atom or published else None,
        author=plain(entry.get("author")),
        summary=plain(entry.get("summary")),
    )


def _json_feed(text: str, url: str) -> Iterator[Link]:
    """Yield the items of a JSON Feed (jsonfeed.org, versions 1 and 1.1), then its next page.

    Raises:
        NotAListing: if it is not one, or not JSON at all.
    """
    parsed = read_json(text)
    items = parsed.get("items") if isinstance(parsed, dict) else None
    if not isinstance(items, list):
        raise NotAListing(f"not an RSS, Atom or JSON feed: {text[:60]!r}")
    for item in items:
        if isinstance(item, dict) and (link := _json_link(item, url)):
            yield link
    if continued := absolute(line(parsed.get("next_url")), url):
        yield Link(url=continued, kind=Kind.FEED)


def _json_link(item: dict[str, Any], url: str) -> Link | None:
    """Return an item's link; an `id` that is an address stands in for a missing `url`.

    Authors are the item's own (version 1.1, then 1.0): those of the feed are the newspaper itself.
    """
    identity = line(item.get("id")) or ""
    written = line(item.get("url")) or line(item.get("external_url"))
    address = absolute(written or (identity if identity.startswith("http") else None), url)
    if address is None:
        return None
    return Link(
        url=address,
        title=plain(item.get("title")),
        published=line(item.get("date_published")),
        modified=line(item.get("date_modified")),
        author=names(item.get("authors") or [item.get("author")]),
        summary=plain(item.get("summary")),
    )
