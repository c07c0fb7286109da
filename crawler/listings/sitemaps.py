"""Sitemaps to links: indexes, news and image sitemaps, plain text, packed or not. Pure."""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from typing import Any

from lxml import etree

from archive.models import Kind, Link
from archive.urls import absolute
from crawler.errors import NotAListing
from crawler.listings.feeds import beginning, line, plain

_ROOTS = frozenset({"urlset", "sitemapindex"})
_PACKED = b"\x1f\x8b"
_END = b"</url>"
_ENTRY = re.compile(rb"\s*<url[\s>]")
_LINE = re.compile(rb"https?://[^\s<>]+", re.IGNORECASE)
LIMIT_BYTES = 256 * 1024 * 1024  # sitemaps.org allows 50 MB; a packed bomb comes to many GB
LONGEST_GAP = 2 * 1024 * 1024  # between two entries; all between them is held in memory
_CHUNK = 1 << 16
_LONGEST_ENTITY = 12
_BREAKS = (etree.XMLSyntaxError, EOFError, OSError, ValueError, zlib.error)

# Anything but XML's own five entities and character references is a bare `&` that someone forgot
# to escape; declared entities (where XML bombs and local files come from) are text to us as well.
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # XML 1.0, section 2.2

# Sitemaps by the words of their names: of something other than articles, of news, of articles.
_NO_ARTICLES = re.compile(
    r"(?:^|[/_.-])(?:image|images|video|videos|author|authors|users?|tags?|post_tag|categor\w*|"
    r"pages?|static|taxonom\w*|products?|archives?)(?:[/_.\-\d]|sitemap|$)",
    re.IGNORECASE,
)
_NEWS = re.compile(r"news|akhbar|google", re.IGNORECASE)
_ARTICLES = re.compile(r"post|article|stor(?:y|ies)|node|content|maqal", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"(?im)^[^\S\n]*sitemap[^\S\n]*:[^\S\n]*(\S+)")


def sitemap(body: bytes, url: str) -> Iterator[Link]:
    """Yield the children of a sitemap index, or the pages of a sitemap, streaming.

    Gzipped ones are unpacked, plain texts read by lines (sitemaps.org protocol). A page's date is
    its news publication date, `modified` its `lastmod`; a child's date is its `lastmod`.

    Raises:
        NotAListing: if it is not a sitemap, or where it breaks.
    """
    begun = False
    try:
        stream = filter(None, pieces(body))
        head = next(stream, b"").lstrip().removeprefix(codecs.BOM_UTF8)
        read = _text if _LINE.match(head) else _xml
        for link in read(chain([head], stream), url):
            begun = True
            yield link
    except _BREAKS as error:
        what = "the sitemap breaks" if begun else f"not a sitemap: {beginning(body)}"
        raise NotAListing(f"{what} ({error})") from error


def without(body: bytes, known: bytes) -> tuple[bytes, int]:
    """Return a sitemap without the entries that an earlier one had too, and how many those are.

    By their bytes: of a large one, reading the entries is what takes long. The first one stays,
    which has the head of the file before it.
    """
    head, *entries = _unpacked(body).split(_END)
    there = set(map(hash, _unpacked(known).split(_END)))
    kept = [each for each in entries[:-1] if not (_ENTRY.match(each) and hash(each) in there)]
    return _END.join([head, *kept, *entries[-1:]]), len(entries[:-1]) - len(kept)


def _unpacked(body: bytes) -> bytes:
    return b"".join(pieces(body)) if body.startswith(_PACKED) else body


def pieces(body: bytes, *, limit: int = LIMIT_BYTES) -> Iterator[bytes]:
    """Yield a body, gzipped or not, in pieces that an XML parser can take.

    Raises:
        ValueError: where more than `limit` bytes come out.
        OSError, EOFError, zlib.error: where the gzip data is damaged.
    """
    source = gzip.GzipFile(fileobj=BytesIO(body)) if body.startswith(_PACKED) else BytesIO(body)
    waiting = b""
    while chunk := source.read(_CHUNK):
        limit -= len(chunk)
        if limit < 0:
            raise ValueError("it is larger than any sitemap may be")
        text = waiting + chunk
        cut = text.rfind(b"&", -_LONGEST_ENTITY)  # the rest of an entity may be in the next chunk
        text, waiting = (text, b"") if cut < 0 else (text[:cut], text[cut:])
        yield _tidy(text)
    yield _tidy(waiting)


def _tidy(text: bytes) -> bytes:
    if b"\x00" in text:
        return text  # UTF-16: not ours to touch
    return _FORBIDDEN.sub(b"", _BARE_AMPERSAND.sub(b"&amp;", text))


def _text(stream: Iterable[bytes], url: str) -> Iterator[Link]:
    """Yield the addresses of a text sitemap: one a line, and nothing else."""
    rest = b""
    for piece in chain(stream, [b"\n"]):
        *lines, rest = (rest + piece).replace(b"\r", b"\n").split(b"\n")
        for written in map(bytes.strip, lines):
            if _LINE.fullmatch(written):  # with the ampersands that XML would need escaped
                plainly = written.replace(b"&amp;", b"&").decode("utf-8", "replace")
                if address := absolute(plainly, url):
                    yield Link(url=address)
        if len(rest) > LONGEST_GAP:
            raise ValueError(f"a line is longer than {LONGEST_GAP} bytes")


def _xml(stream: Iterable[bytes], url: str) -> Iterator[Link]:
    """Yield the links of a sitemap or of an index in XML; where it breaks, first what came before.

    What was parsed is freed as soon as it is read, so that a large file takes little memory.
    """
    parser = etree.XMLPullParser(
        events=("end",), tag=("{*}url", "{*}sitemap"), resolve_entities=False, no_network=True
    )
    gap, broken = 0, None
    for piece in stream:
        try:
            parser.feed(piece)
        except etree.XMLSyntaxError as error:
            broken = error
        gap += len(piece)
        events: Iterable[tuple[str, Any]] = parser.read_events()
        for _, element in events:
            parent = element.getparent()
            if parent is None or _name_of(parent) not in _ROOTS:
                continue  # the address of a picture, in a feed
            gap = 0
            if link := _link(element, url):
                yield link
            element.clear()
            while element.getprevious() is not None:
                del parent[0]
        if broken:
            raise broken
        if gap > LONGEST_GAP:
            raise ValueError(f"there is no entry in {LONGEST_GAP} bytes")
    if (root := _name_of(parser.close())) not in _ROOTS:
        raise ValueError(f"its root is <{root}>")


def _link(element: etree._Element, base: str) -> Link | None:
    # `&amp;` that is still there was escaped twice, or by the stream inside a CDATA section.
    address = absolute((element.findtext("{*}loc") or "").replace("&amp;", "&"), base)
    if not address:
        return None
    modified = line(element.findtext("{*}lastmod"))
    if _name_of(element) == "sitemap":
        return Link(url=address, kind=Kind.SITEMAP, published=modified)
    return Link(
        url=address,
        title=plain(element.findtext("{*}news/{*}title")),
        published=line(element.findtext("{*}news/{*}publication_date")),
        modified=modified,
    )


def _name_of(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2]


def in_robots(body: bytes, url: str) -> list[Link]:
    """Return the sitemaps that a robots.txt at `url` names (sitemaps.org; in any group).

    Relative addresses are accepted. Those that by their names list articles come first.
    """
    named = _SITEMAP_LINE.findall(body.decode("utf-8-sig", "replace"))
    addresses = dict.fromkeys(filter(None, (absolute(written, url) for written in named)))
    return of_articles(Link(url=address, kind=Kind.SITEMAP) for address in addresses)


def of_articles(sitemaps: Iterable[Link]) -> list[Link]:
    """Return the sitemaps that may list articles, the most promising first.

    Those that by their names list something else are left out if others remain.
    """
    named = [(link.url.rpartition("/")[2], link) for link in sitemaps]
    some = [each for each in named if not _NO_ARTICLES.search(each[0])] or named
    some.sort(key=lambda each: (not _NEWS.search(each[0]), not _ARTICLES.search(each[0])))
    return [link for _, link in some]
