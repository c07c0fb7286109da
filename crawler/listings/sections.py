"""Section pages to links: what seems to be an article, the next page, announced listings. Pure."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from archive.models import Kind, Link
from archive.urls import absolute, host_of
from crawler.errors import NotAListing
from crawler.extract.blocks import parse_page
from crawler.extract.charset import decode
from crawler.listings import wordpress
from crawler.listings.feeds import line, plain

# Where systems write the number of a listing's page: a parameter, or a part of the path.
_PAGE = re.compile(
    r"(?:[?&](?:page|paged|pageno|pg|p)=|/page/|/page-)(\d{1,4})(?=[&/#]|$)", re.IGNORECASE
)
_NEXT_WORDS = frozenset(
    {"التالي", "التالية", "الصفحة التالية", "الصفحة الموالية", "next", "next page", "suivant"}
)
_AROUND = " «»‹›<>→←."
_CARD_DEPTH = 6  # elements between a card's date and the card
_FEED_TYPE = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|text/xml", re.IGNORECASE)
_OTHER_FEEDS = re.compile(r"/(?:author|tag)/", re.IGNORECASE)
COMMENTS = re.compile(r"comment|replies|تعليق|ردود", re.IGNORECASE)
_WORDPRESS = "https://api.w.org/"  # developer.wordpress.org/rest-api/using-the-rest-api/discovery


def section(
    body: bytes, url: str, content_type: str | None = None, *, announces: bool = False
) -> Iterator[Link]:
    """Yield the links of a section page on its own host that seem to be articles.

    Where it `announces` listings, those that its head names come first. An article's date is that
    of its card, where it has a `<time datetime>` of its own. Last comes the page that continues
    it, as a link of the kind section, where there is one.

    Raises:
        NotAListing: if there is no page to read.
    """
    tree, base = read_page(body, url, content_type)
    if announces:
        for link in announced(tree, base):
            if host_of(link.url) == host_of(url):
                is_api = link.kind is Kind.API
                yield replace(link, url=wordpress.listing(link.url)) if is_api else link
    dates = _card_dates(tree, base)
    articles: dict[str, Link] = {}
    own, continues = [], None
    for anchor, address in links_of(tree, base, "a", "link"):
        if host_of(address) != host_of(url):
            continue
        own.append(address)
        if continues is None and address != url and _is_next(anchor):
            continues = address
        if anchor.tag == "a" and _is_of_article(address):
            link = articles.setdefault(address, Link(url=address, published=dates.get(address)))
            if link.title is None:  # a card's picture is a link of its own, without a word
                articles[address] = replace(link, title=plain_text(anchor))
    yield from articles.values()
    listing, number = _numbered(url)
    following = (address for address in own if _numbered(address) == (listing, number + 1))
    if continued := next(following, continues):
        yield Link(url=continued, kind=Kind.SECTION)


def announced(tree: HtmlElement, base: str) -> Iterator[Link]:
    """Yield the listings that a page announces in its head: feeds and WordPress's interface.

    Feeds of comments, authors and tags are left out, as they are not those of the newspaper.
    """
    for element, address in links_of(tree, base, "link"):
        rel = (element.get("rel") or "").lower().split()
        if _WORDPRESS in rel:
            yield Link(url=wordpress.posts_of(address), kind=Kind.API)
        elif "alternate" in rel and _FEED_TYPE.fullmatch((element.get("type") or "").strip()):
            words = f"{element.get('title') or ''} {unquote(address)}"
            if not COMMENTS.search(words) and not _OTHER_FEEDS.search(urlsplit(address).path):
                yield Link(url=address, kind=Kind.FEED)


def read_page(body: bytes, url: str, content_type: str | None = None) -> tuple[HtmlElement, str]:
    """Return a page's tree, and the address that its relative ones are relative to.

    Raises:
        NotAListing: if there is no page to read.
    """
    tree = parse_page(decode(body, content_type).text)
    if tree is None:
        raise NotAListing("not a readable page")
    element = tree.find(".//base")
    return tree, url if element is None else absolute(element.get("href"), url) or url


def links_of(tree: HtmlElement, base: str, *tags: str) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the elements of a page that link to somewhere, each with the absolute address."""
    for element in tree.iter(*tags):
        if address := absolute(element.get("href"), base):
            yield element, address


def plain_text(element: HtmlElement) -> str | None:
    """Return the words of an element on one line."""
    return plain(str(element.xpath("string()")))


def _card_dates(tree: HtmlElement, base: str) -> dict[str, str]:
    """Return the dates of cards that link to a single article, by its address."""
    dates: dict[str, str] = {}
    for time in tree.iter("time"):
        written = line(time.get("datetime")) or ""
        for card in islice(time.iterancestors(), _CARD_DEPTH) if written else ():
            articles = {url for _, url in links_of(card, base, "a") if _is_of_article(url)}
            if articles:
                if len(articles) == 1 and sum(1 for _ in card.iter("time")) == 1:
                    dates.setdefault(articles.pop(), written)
                break
    return dates


def _is_next(anchor: HtmlElement) -> bool:
    words = (plain_text(anchor) or "").strip(_AROUND).lower()
    return words in _NEXT_WORDS or "next" in (anchor.get("rel") or "").lower().split()


def _numbered(written: str) -> tuple[str, int]:
    """Return an address without its page number, and the number; a first page may have none."""
    match = _PAGE.search(written)
    if not match:
        return written.rstrip("/?"), 1
    rest = (written[: match.start()] + "?" + written[match.end() :].lstrip("&")).rstrip("/?&")
    return rest.replace("??", "?"), int(match[1])


def _is_of_article(written: str) -> bool:
    """Return whether an address has what an article's has: a number, or a long last part."""
    parts = urlsplit(written)
    path = unquote(parts.path).rstrip("/")
    digits = sum(letter.isdigit() for letter in path + unquote(parts.query))
    last = path.rpartition("/")[2]
    return bool(last) and (digits >= 3 or last.count("-") >= 3)
