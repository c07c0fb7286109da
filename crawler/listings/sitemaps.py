"""Sitemaps to links: indexes, news and image sitemaps, plain text, packed or not. Pure.

They are read as leniently as feeds: by their tags, whatever namespace, case or junk these stand in.
"""

import codecs
import gzip
import html
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from io import BytesIO
from itertools import chain, pairwise

from archive.models import Kind, Link
from archive.urls import absolute
from crawler.errors import NotAListing
from crawler.extract.charset import decode
from crawler.listings.feeds import beginning, feed, line, plain

_PACKED = b"\x1f\x8b"
_END = b"</url>"
_ENTRY = re.compile(rb"\s*<url[\s>]")
LIMIT_BYTES = 256 * 1024 * 1024  # sitemaps.org allows 50 MB; a packed bomb comes to many GB
LONGEST_GAP = 2 * 1024 * 1024  # between two entries; all between them is held in memory
_CHUNK = 1 << 16
_BREAKS = (EOFError, OSError, ValueError, zlib.error)

_PREFIX = r"(?:[\w.-]+:)?"  # of a tag, whose namespace may be declared or not
_ROOT = re.compile(rf"<{_PREFIX}(?:urlset|sitemapindex)\b", re.IGNORECASE)
_CLOSED = re.compile(
    rf"</{_PREFIX}(?:urlset|sitemapindex)\s*>|{_ROOT.pattern}[^<>]*/>", re.IGNORECASE
)
_OPENING = re.compile(r"<((?:[\w.-]+:)?)(url|sitemap)(?=[\s/>])", re.IGNORECASE)
_FEED = re.compile(r"<(?:rss|rdf:RDF|channel|feed)[\s>]|jsonfeed\.org/", re.IGNORECASE)
_LINE = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_COMMENTS = re.compile(r"(?:\s|#[^\n]*)*")  # before the first address of a text
# XML's own five entities and character references; any other `&` is one that someone forgot to
# escape, and declared entities (where XML bombs and local files come from) are text to us as well.
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)

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

    Gzipped ones are unpacked, plain texts read by lines, and a feed, which may stand in for a
    sitemap, as a feed (sitemaps.org protocol). A page's date is its news publication date,
    `modified` its `lastmod`; a child's date is its `lastmod`.

    Raises:
        NotAListing: if it is not a sitemap, or where it breaks.
    """
    begun = False
    try:
        stream = _decoded(pieces(body))
        head = next(stream, "").lstrip()
        if _FEED.search(head) and not _ROOT.search(head):
            items = feed(_unpacked(body), url)
            read: Iterable[Link] = (link for link in items if link.kind is Kind.ARTICLE)
        elif "<" not in head or _LINE.match(head, _COMMENTS.match(head).end()):  # type: ignore[union-attr]
            read = _text(chain([head], stream), url)
        else:
            read = _xml(chain([head], stream), url)
        for link in read:
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
    """Yield a body, gzipped or not, in pieces; what stands behind gzip data is left out.

    Raises:
        ValueError: where more than `limit` bytes come out.
        OSError, EOFError, zlib.error: where the gzip data is damaged.
    """
    source = gzip.GzipFile(fileobj=BytesIO(body)) if body.startswith(_PACKED) else BytesIO(body)
    left = limit
    try:
        while chunk := source.read1(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ValueError("it is larger than any sitemap may be")
            yield chunk
    except gzip.BadGzipFile:
        if left == limit:
            raise


def _decoded(stream: Iterator[bytes]) -> Iterator[str]:
    """Yield the characters of a stream; its first piece shows its charset, bad bytes are U+FFFD."""
    head = next(stream, b"")
    decoder = codecs.getincrementaldecoder(decode(head).charset or "utf-8")("replace")
    yield decoder.decode(head).lstrip("\N{ZERO WIDTH NO-BREAK SPACE}")
    yield from map(decoder.decode, stream)


def _text(stream: Iterable[str], url: str) -> Iterator[Link]:
    """Yield the addresses of a text sitemap, each at the beginning of a line.

    Raises:
        ValueError: if there is none.
    """
    rest, count = "", 0
    for piece in chain(stream, ["\n"]):
        *lines, rest = (rest + piece).replace("\r", "\n").split("\n")
        for match in filter(None, (_LINE.match(written.strip()) for written in lines)):
            count += 1
            # Some have the ampersands that XML would need escaped.
            if address := absolute(match[0].replace("&amp;", "&"), url):
                yield Link(url=address)
        if len(rest) > LONGEST_GAP:
            raise ValueError(f"a line is longer than {LONGEST_GAP} characters")
    if not count:
        raise ValueError("no line begins with an address")


def _xml(stream: Iterable[str], url: str) -> Iterator[Link]:
    """Yield the links of a sitemap or of an index in XML, read tag by tag.

    An entry goes from its opening tag to the next one's. What was read is freed, so that a large
    file takes little memory.

    Raises:
        ValueError: if there is neither a root element nor an entry, or no end of the root.
    """
    rest, has_entries, has_root = "", False, False
    for piece in stream:
        rest = _uncommented(rest + piece)
        has_root = has_root or _ROOT.search(rest) is not None
        done = rest.partition("<!--")[0]  # a comment that ends in a later piece
        starts = [match.start() for match in _OPENING.finditer(done)]
        for start, end in pairwise(starts):
            if link := _link(rest[start:end], url):
                has_entries = True
                yield link
        rest = rest[starts[-1] :] if starts else rest
        if len(rest) > LONGEST_GAP:
            raise ValueError(f"there is no entry in {LONGEST_GAP} characters")
    if link := _link(rest, url):
        has_entries = True
        yield link
    if not (has_root or has_entries):
        raise ValueError("it has no <urlset> and no <sitemapindex>")
    if has_root and not _CLOSED.search(rest):
        raise ValueError("it ends before its root element does")


def _uncommented(text: str) -> str:
    """Return a text without its comments; one that has no end stays."""
    *ended, rest = text.split("-->")
    return "".join(part.partition("<!--")[0] for part in ended) + rest


def _link(entry: str, base: str) -> Link | None:
    """Return the link of an entry; None where it begins as none, or has no address."""
    opening = _OPENING.match(entry)
    if opening is None:
        return None
    entry = entry.replace("<![CDATA[", "").replace("]]>", "")
    # `&amp;` that is still there was escaped twice.
    written = (_field(entry, "loc", opening[1]) or "").replace("&amp;", "&")
    address = absolute(written, base)
    if not address:
        return None
    modified = line(_field(entry, "lastmod"))
    if opening[2].lower() == "sitemap":
        return Link(url=address, kind=Kind.SITEMAP, published=modified)
    news = _field(entry, "news") or ""
    return Link(
        url=address,
        title=plain(_field(news, "title")),
        published=line(_field(news, "publication_date")),
        modified=modified,
    )


def _field(entry: str, name: str, prefix: str | None = None) -> str | None:
    """Return what stands in the first element of a name, with that prefix or any; else None."""
    opening, closing = _tags(name, prefix)
    begin = opening.search(entry)
    end = begin and closing.search(entry, begin.end())
    if not (begin and end):
        return None
    return _ENTITY.sub(lambda match: html.unescape(match[0]), entry[begin.end() : end.start()])


@lru_cache
def _tags(name: str, prefix: str | None) -> tuple[re.Pattern[str], re.Pattern[str]]:
    named = (_PREFIX if prefix is None else re.escape(prefix)) + name
    opening, closing = rf"<{named}(?:\s[^<>]*)?>", rf"</?{named}\s*>"
    return re.compile(opening, re.IGNORECASE), re.compile(closing, re.IGNORECASE)


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
