"""Sitemaps to links: indexes, news and image sitemaps, plain text, packed or not. Pure."""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from urllib.parse import urlsplit

from lxml import etree

from archive.models import Kind, Link
from archive.urls import absolute
from crawler.errors import NotAListing
from crawler.listings.feeds import beginning, line, plain

_ROOTS = frozenset({"urlset", "sitemapindex"})
_LINE = re.compile(rb"https?://[^\s<>]+", re.IGNORECASE)
_LONGEST_LINE = 8000
_MARK = b"\xef\xbb\xbf"
LIMIT_BYTES = 256 * 1024 * 1024  # sitemaps.org allows 50 MB; a packed bomb comes to many GB
LONGEST_GAP = 2 * 1024 * 1024  # between two entries; all between them is held in memory
_CHUNK = 1 << 16
_LONGEST_ENTITY = 12

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
_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class XmlStream:
    """Reads a body, gzipped or not, in pieces that an XML parser can take.

    `read` raises OSError where the gzip data is damaged, where more than `limit` bytes come out,
    and where none of `LONGEST_GAP` bytes was an entry (`entry_read`).
    """

    def __init__(self, body: bytes, *, limit: int = LIMIT_BYTES) -> None:
        packed = body[:2] == b"\x1f\x8b"
        self._source = gzip.GzipFile(fileobj=BytesIO(body)) if packed else BytesIO(body)
        self._left = limit
        self._waiting = b""
        self._begun = False
        self._gap = 0

    def entry_read(self) -> None:
        """Report to the stream that an entry was read."""
        self._gap = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next piece, of any length whatever `size` asks; nothing at the end."""
        del size
        while chunk := self._chunk():
            text = self._waiting + chunk
            if not self._begun:
                text = text.lstrip()
            cut = text.rfind(b"&", max(len(text) - _LONGEST_ENTITY, 0))
            text, self._waiting = (text, b"") if cut < 0 else (text[:cut], text[cut:])
            if text:
                self._begun = True
                return _tidy(text)
        rest, self._waiting = self._waiting, b""
        return _tidy(rest)

    def _chunk(self) -> bytes:
        try:
            chunk = self._source.read(_CHUNK)
        except (EOFError, zlib.error) as error:
            raise OSError(f"damaged gzip data: {error}") from error
        self._left -= len(chunk)
        self._gap += len(chunk)
        if self._gap > LONGEST_GAP:
            raise OSError(f"there is no entry in {LONGEST_GAP} bytes")
        if self._left < 0:
            raise OSError("it is larger than any sitemap may be")
        return chunk


def _tidy(text: bytes) -> bytes:
    if b"\x00" in text:
        return text  # UTF-16: not ours to touch
    return _FORBIDDEN.sub(b"", _BARE_AMPERSAND.sub(b"&amp;", text))


def sitemap(body: bytes, url: str) -> Iterator[Link]:
    """Yield the children of a sitemap index, or the pages of a sitemap, streaming.

    Gzipped ones are unpacked, plain texts read by lines (sitemaps.org protocol). A page's date is
    its news publication date, `modified` its `lastmod`; a child's date is its `lastmod`.

    Raises:
        NotAListing: if it is not a sitemap, or where it breaks.
    """
    try:
        stream = XmlStream(body)
        head = stream.read().removeprefix(_MARK)
    except OSError as error:
        raise NotAListing(f"not a sitemap: {beginning(body)} ({error})") from error
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
                    stream.entry_read()
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
            stream.entry_read()
            if link := _link(element, url):
                yield link
            _forget(element)
    except (etree.XMLSyntaxError, OSError) as error:
        what = "the sitemap breaks" if seen else f"not a sitemap: {beginning(body)}"
        raise NotAListing(f"{what} ({error})") from error
    if not seen and (parser.root is None or etree.QName(parser.root).localname not in _ROOTS):
        raise NotAListing(f"not a sitemap: {beginning(body)}")


def _root(element: etree._Element) -> str:
    return etree.QName(element.getroottree().getroot()).localname


def _link(element: etree._Element, base: str) -> Link | None:
    # `&amp;` that is still there was escaped twice, or by the stream inside a CDATA section.
    address = absolute((element.findtext("{*}loc") or "").replace("&amp;", "&"), base)
    if not address:
        return None
    modified = line(element.findtext("{*}lastmod"))
    if etree.QName(element).localname == "sitemap":
        return Link(url=address, kind=Kind.SITEMAP, published=modified)
    return Link(
        url=address,
        title=plain(element.findtext("{*}news/{*}title")),
        published=line(element.findtext("{*}news/{*}publication_date")),
        modified=modified,
    )


def _forget(element: etree._Element) -> None:
    """Free an element that was read and all before it, so that a large file takes little memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def in_robots(text: str, url: str) -> list[str]:
    """Return the sitemaps that a robots.txt at `url` names (sitemaps.org; in any group).

    Relative addresses are accepted. Those that by their names list articles come first.
    """
    named = (absolute(match[1], url) for match in _SITEMAP_LINE.finditer(text))
    return of_articles(dict.fromkeys(filter(None, named)))


def of_articles(sitemaps: Iterable[str]) -> list[str]:
    """Return the sitemaps that may list articles, the most promising first.

    Those that by their names list something else are left out if others remain.
    """
    every = list(sitemaps)
    some = [url for url in every if not _NO_ARTICLES.search(_name(url))] or every
    return sorted(some, key=_promise)


def _promise(url: str) -> tuple[bool, bool]:
    name = _name(url)
    other = _NO_ARTICLES.search(name) is not None
    return other or not _NEWS.search(name), other or not _ARTICLES.search(name)


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2] + "?" + urlsplit(url).query
