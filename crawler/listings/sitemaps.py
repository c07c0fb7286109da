"""Sitemaps to links: indexes, news and image sitemaps, plain text, packed or not. Pure."""

import re
from collections.abc import Iterator
from itertools import chain

from lxml import etree

from archive.records import Kind, Link
from crawler.listings.entries import NotAListing, address, beginning, line, plain
from crawler.listings.xmlstream import XmlStream

_ROOTS = frozenset({"urlset", "sitemapindex"})
_LINE = re.compile(rb"https?://[^\s<>]+", re.IGNORECASE)
_LONGEST_LINE = 8000
_MARK = b"\xef\xbb\xbf"


def sitemap(body: bytes, url: str) -> Iterator[Link]:
    """Yield the children of a sitemap index, or the pages of a sitemap, streaming.

    Gzipped ones are unpacked, plain texts read by lines (sitemaps.org protocol). A page's date is
    its news publication date, `modified` its `lastmod`; a child's date is its `lastmod`.

    Raises:
        NotAListing: if it is no sitemap, or where it breaks.
    """
    try:
        stream = XmlStream(body)
        head = stream.read().removeprefix(_MARK)
    except OSError as error:
        raise NotAListing(f"no sitemap: {beginning(body)} ({error})") from error
    if _LINE.match(head):
        yield from _text(chain([head], iter(stream.read, b"")), stream)
    else:
        yield from _xml(body, url)


def _text(pieces: Iterator[bytes], stream: XmlStream) -> Iterator[Link]:
    """Yield the addresses of a text sitemap: one a line, and nothing else."""
    rest = b""
    try:
        for piece in chain(pieces, [b"\n"]):
            *lines, rest = (rest + piece).replace(b"\r", b"\n").split(b"\n")
            if len(rest) > _LONGEST_LINE:
                raise NotAListing("the sitemap breaks (a line without end)")
            for written in lines:
                if _LINE.fullmatch(written.strip()):
                    stream.found()
                    # The stream escapes bare ampersands, as XML needs it.
                    text = written.strip().replace(b"&amp;", b"&")
                    yield Link(url=text.decode("utf-8", "replace"))
    except OSError as error:
        raise NotAListing(f"the sitemap breaks ({error})") from error


def _xml(body: bytes, url: str) -> Iterator[Link]:
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
            if not seen and _root(element) not in _ROOTS:
                break
            seen = True
            stream.found()
            if link := _link(element, url):
                yield link
            _forget(element)
    except (etree.XMLSyntaxError, OSError) as error:
        what = "the sitemap breaks" if seen else f"no sitemap: {beginning(body)}"
        raise NotAListing(f"{what} ({error})") from error
    if not seen and (parser.root is None or etree.QName(parser.root).localname not in _ROOTS):
        raise NotAListing(f"no sitemap: {beginning(body)}")


def _root(element: etree._Element) -> str:
    return etree.QName(element.getroottree().getroot()).localname


def _link(element: etree._Element, base: str) -> Link | None:
    # `&amp;` that is still there was escaped twice, or by the stream inside a CDATA section.
    found = address((element.findtext("{*}loc") or "").replace("&amp;", "&"), base)
    if not found:
        return None
    modified = line(element.findtext("{*}lastmod"))
    if etree.QName(element).localname == "sitemap":
        return Link(url=found, kind=Kind.SITEMAP, published=modified)
    return Link(
        url=found,
        title=plain(element.findtext("{*}news/{*}title")),
        published=line(element.findtext("{*}news/{*}publication_date")),
        modified=modified,
    )


def _forget(element: etree._Element) -> None:
    """Free an element that was read and all before it, so that a large file stays small."""
    element.clear()
    while element.getprevious() is not None:
        parent = element.getparent()
        if parent is None:
            return
        del parent[0]
