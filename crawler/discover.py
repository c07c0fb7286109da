"""Listings to links: feeds, sitemaps and section pages, with the hints they carry. Pure."""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from urllib.parse import unquote, urljoin, urlsplit

import feedparser
from lxml import etree, html

from archive.arabic import tidy
from archive.records import Capture, Kind, Link
from archive.urls import host_of
from crawler.decode import decode
from crawler.xmlstream import XmlStream

_WHOLE = re.compile(r"https?://[^/?#\[\]\s]+[^\s]*", re.IGNORECASE)  # nothing to join or to doubt
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")

# Where systems write the number of a listing's page: a parameter, or a part of the path.
_PAGE = re.compile(
    r"(?:[?&](?:page|paged|pageno|pg|p)=|/page/|/page-)(\d{1,4})(?=[&/#]|$)", re.IGNORECASE
)


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
    text = _DECLARATION.sub("", decode(body, content_type).text, count=1).strip("\0 \t\r\n")
    if "<" not in text:
        raise NotAListing(f"no RSS or Atom feed: {_beginning(body)}")
    parsed = feedparser.parse(
        BytesIO(text.encode("utf-8", "replace")),
        response_headers={"content-location": url, "content-type": "text/xml; charset=utf-8"},
        sanitize_html=False,
        # Both are for showing a feed's HTML; a feed with whole articles takes six times longer.
        resolve_relative_uris=False,
    )
    if not parsed.get("version") and not parsed.entries:
        raise NotAListing(f"no RSS or Atom feed: {_beginning(body)}")
    for entry in parsed.entries:
        if address := _address(entry.get("link"), url):
            yield Link(
                url=address,
                title=_clean(entry.get("title")),
                published=_printed_date(entry),
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
    stream = XmlStream(body)
    parser = etree.iterparse(
        stream,
        events=("end",),
        tag=("{*}url", "{*}sitemap"),
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        for _, element in parser:
            seen = True
            stream.found()
            if link := _sitemap_link(element, url):
                yield link
            _forget(element)
    except (etree.XMLSyntaxError, OSError) as error:
        what = "the sitemap breaks" if seen else f"no sitemap: {_beginning(body)}"
        raise NotAListing(f"{what} ({error})") from error
    if not seen and etree.QName(parser.root).localname not in {"urlset", "sitemapindex"}:
        raise NotAListing(f"no sitemap: {_beginning(body)}")


def section(body: bytes, url: str, content_type: str | None = None) -> Iterator[Link]:
    """Yield the links of a section page that stay on its host and look like articles.

    Last comes the page that continues it, as a link of the kind section, where there is one.

    Raises:
        NotAListing: if there is no page to read.
    """
    text = decode(body, content_type).text.replace("\0", "")
    try:
        tree = html.document_fromstring(
            text.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8")
        )
    except (etree.LxmlError, ValueError) as error:
        raise NotAListing(f"no readable page: {error}") from error
    base_element = tree.find(".//base")
    base = url if base_element is None else _address(base_element.get("href"), url) or url
    seen = set()
    for anchor in tree.iter("a", "link"):
        address = _address(anchor.get("href"), base)
        if not address or host_of(address) != host_of(url) or address in seen:
            continue
        seen.add(address)
        if anchor.tag == "a" and _looks_like_article(address):
            yield Link(url=address, title=_clean(str(anchor.xpath("string()"))))
    if continued := _next_page(url, seen):
        yield Link(url=continued, kind=Kind.SECTION)


def _next_page(url: str, addresses: Iterable[str]) -> str | None:
    """Return the address that is the same listing's next page, by its number."""
    listing, number = _numbered(url)
    return next((one for one in addresses if _numbered(one) == (listing, number + 1)), None)


def _numbered(address: str) -> tuple[str, int]:
    """Return an address without its page number, and the number; a first page may have none."""
    match = _PAGE.search(address)
    if not match:
        return address.rstrip("/?"), 1
    rest = (address[: match.start()] + "?" + address[match.end() :].lstrip("&")).rstrip("/?&")
    return rest.replace("??", "?"), int(match[1])


def _sitemap_link(element: etree._Element, base: str) -> Link | None:
    # `&amp;` that is still there was escaped twice, or by the stream inside a CDATA section.
    address = _address((element.findtext("{*}loc") or "").replace("&amp;", "&"), base)
    if not address:
        return None
    modified = _line(element.findtext("{*}lastmod"))
    if etree.QName(element).localname == "sitemap":
        return Link(url=address, kind=Kind.SITEMAP, published=modified)
    return Link(
        url=address,
        title=_clean(element.findtext("{*}news/{*}title")),
        published=_line(element.findtext("{*}news/{*}publication_date")),
    )


def _forget(element: etree._Element) -> None:
    """Free an element that was read and all before it, so that a large file stays small."""
    element.clear()
    while element.getprevious() is not None:
        parent = element.getparent()
        if parent is None:
            return
        del parent[0]


def _looks_like_article(address: str) -> bool:
    """Say whether an address has what an article's has: a number, or a long last part."""
    parts = urlsplit(address)
    path = unquote(parts.path).rstrip("/")
    digits = sum(letter.isdigit() for letter in path + unquote(parts.query))
    last = path.rpartition("/")[2]
    return bool(last) and (digits >= 3 or last.count("-") >= 3)


def _address(written: str | None, base: str) -> str | None:
    """Return an address as it was written, made absolute; None for none, or none of the web."""
    written = (written or "").strip()
    if not written or _WHOLE.fullmatch(written):
        return written or None
    try:
        address = urljoin(base, written)
        is_web = urlsplit(address).scheme in {"http", "https"} and bool(urlsplit(address).hostname)
    except ValueError:
        return None
    return address if is_web else None


def _printed_date(entry: feedparser.FeedParserDict) -> str | None:
    """Return the entry's date as printed; asked twice, feedparser would warn and guess."""
    return next(
        (_line(entry[key]) for key in ("published", "updated") if dict.get(entry, key)), None
    )


def _clean(text: str | None) -> str | None:
    """Return a title or summary as one line of plain text, without its HTML."""
    if text and ("<" in text or "&" in text):
        try:
            tree = html.fromstring(f"<div>{text}</div>")
        except (etree.LxmlError, ValueError):
            return None
        text = str(tree.xpath("string()"))
    return _line(text and tidy(text))


def _line(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def _beginning(body: bytes) -> str:
    return repr(body[:60].decode("utf-8", "replace"))
