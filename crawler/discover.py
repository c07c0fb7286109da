"""Listings to links: feeds, sitemaps and section pages, with the hints they carry. Pure."""

import gzip
import logging
import zlib
from collections.abc import Iterator
from io import BytesIO
from urllib.parse import urljoin, urlsplit

import feedparser
from lxml import etree, html

from archive.arabic import tidy
from archive.records import Capture, Kind, Link

logger = logging.getLogger(__name__)

_NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


class NotAListing(Exception):  # noqa: N818 - an instruction to its catcher, not an accident
    """The body is no listing of the kind that was expected there; the message says what it is."""


def links(capture: Capture) -> Iterator[Link]:
    """Yield the links of a captured listing, in its order.

    Raises:
        NotAListing: possibly after some links, when the body ends being one.
    """
    if capture.kind is Kind.FEED:
        return feed(capture.body, capture.url, capture.content_type)
    if capture.kind is Kind.SITEMAP:
        return sitemap(capture.body, capture.url)
    return section(capture.body, capture.url, capture.content_type)


def feed(body: bytes, url: str, content_type: str | None = None) -> Iterator[Link]:
    """Yield the entries of an RSS or Atom feed of any version.

    Raises:
        NotAListing: if it is not a feed at all; a malformed one is read as far as it goes.
    """
    headers = {"content-location": url} | ({"content-type": content_type} if content_type else {})
    parsed = feedparser.parse(BytesIO(body), response_headers=headers, sanitize_html=False)
    if not parsed.version and not parsed.entries:
        raise NotAListing(f"no RSS or Atom feed: {_beginning(body)}")
    for entry in parsed.entries:
        if address := _http(urljoin(url, entry.get("link", ""))):
            yield Link(
                url=address,
                title=_clean(entry.get("title")),
                published=entry.get("published") or entry.get("updated"),
                author=_clean(entry.get("author")),
                summary=_clean(entry.get("summary")),
            )


def sitemap(body: bytes, url: str) -> Iterator[Link]:
    """Yield the children of a sitemap index, or the pages of a sitemap, streaming.

    Gzipped ones are unpacked (sitemaps.org protocol); a page's date is its news publication date.

    Raises:
        NotAListing: if it is no sitemap, or where it breaks.
    """
    seen = False
    parser = etree.iterparse(
        _unpacked(body),
        events=("end",),
        tag=("{*}url", "{*}sitemap"),
        recover=True,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        for _, element in parser:
            seen = True
            if link := _sitemap_link(element, url):
                yield link
            _forget(element)
    except (etree.XMLSyntaxError, OSError, EOFError, zlib.error) as error:
        raise NotAListing(f"the sitemap breaks: {error}") from error
    if not seen and etree.QName(parser.root).localname not in {"urlset", "sitemapindex"}:
        raise NotAListing(f"no sitemap: {_beginning(body)}")


def section(body: bytes, url: str, content_type: str | None = None) -> Iterator[Link]:
    """Yield the links of a section page that stay on its host and look like articles."""
    charset = (content_type or "").partition("charset=")[2].strip() or None
    try:
        tree = html.document_fromstring(body, parser=html.HTMLParser(encoding=charset))
    except (etree.ParserError, LookupError, ValueError) as error:
        raise NotAListing(f"no readable page: {error}") from error
    host = urlsplit(url).hostname
    seen = set()
    for anchor in tree.iter("a"):
        address = _http(urljoin(url, (anchor.get("href") or "").strip()))
        if not address or urlsplit(address).hostname != host or address in seen:
            continue
        seen.add(address)
        if _looks_like_article(address):
            yield Link(url=address, title=_clean(str(anchor.xpath("string()"))))


def _sitemap_link(element: etree._Element, base: str) -> Link | None:
    address = _http(urljoin(base, (element.findtext("{*}loc") or "").strip()))
    if not address:
        return None
    modified = element.findtext("{*}lastmod")
    if etree.QName(element).localname == "sitemap":
        return Link(url=address, kind=Kind.SITEMAP, published=modified)
    return Link(
        url=address,
        title=_clean(element.findtext(f".//{_NEWS}title")),
        published=element.findtext(f".//{_NEWS}publication_date"),
    )


def _forget(element: etree._Element) -> None:
    """Free an element that was read and all before it, so that a large file stays small."""
    element.clear()
    while element.getprevious() is not None:
        parent = element.getparent()
        if parent is None:
            return
        del parent[0]


def _unpacked(body: bytes) -> BytesIO | gzip.GzipFile:
    return gzip.GzipFile(fileobj=BytesIO(body)) if body[:2] == b"\x1f\x8b" else BytesIO(body)


def _looks_like_article(address: str) -> bool:
    """Say whether an address has what an article's has: a number, or a long last part."""
    parts = urlsplit(address)
    last = parts.path.rstrip("/").rpartition("/")[2]
    return bool(last) and (
        sum(letter.isdigit() for letter in parts.path + parts.query) >= 3 or last.count("-") >= 3
    )


def _http(address: str) -> str | None:
    return address if address.lower().startswith(("http://", "https://")) else None


def _clean(text: str | None) -> str | None:
    if not text:
        return None
    if "<" in text:
        text = str(html.fromstring(f"<div>{text}</div>").xpath("string()"))
    return " ".join(tidy(text).split()) or None


def _beginning(body: bytes) -> str:
    return repr(body[:60].decode("utf-8", "replace"))
