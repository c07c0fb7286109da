"""Section pages to links: what seems to be an article, the next page, announced listings. Pure.

A link seems to be one of an article by its address (a number, many words), or by its place: in a
block that repeats and holds headlines, or alone in a card with a headline.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from archive.models import Kind, Link
from archive.urls import absolute, host_of, is_home, site_of
from crawler.errors import NotAListing
from crawler.extract.blocks import parse_page, unwritten
from crawler.extract.charset import decode
from crawler.extract.vocabulary import pattern
from crawler.listings import wordpress
from crawler.listings.feeds import line, plain

# Where systems write the number of a listing's page: a parameter, or a part of the path.
_PAGE = re.compile(r"(?i)(?:[?&](?:page|paged|pageno|pg|p)=|/page/|/page-)(\d{1,4})(?=[&/#]|$)")
_NEXT_WORDS = frozenset(
    {"التالي", "التالية", "الصفحة التالية", "الصفحة الموالية", "next", "next page", "suivant"}
)
_AROUND = " «»‹›<>→←."
_CARD_DEPTH = 7  # elements from a card's date, headline or link to the card
_ALIKE = 5  # elements from a link outward by which the blocks of a page are alike
_FEWEST = 3  # links of a block that repeats, digits of an article's number
_MANY = 10  # articles of a page that shows by its blocks which links are none
_NUMBERED = 0.8  # of a page's articles have a number where those without are something else
_MENU = re.compile(r"(?i)(?:^|[-_\s])(?:nav|menu|footer|breadcrumb)\w*(?![^-_\s])|قائمة")
_NO_ARTICLE = pattern("walls", "paths.no_article", "(?i)/(?:{})(?:[/.?]|$)")
_FEED_TYPE = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|text/xml", re.IGNORECASE)
_OTHER_FEEDS = re.compile(r"/(?:author|tag)/", re.IGNORECASE)
COMMENTS = re.compile(r"comment|replies|تعليق|ردود", re.IGNORECASE)
_WORDPRESS = "https://api.w.org/"  # developer.wordpress.org/rest-api/using-the-rest-api/discovery

_Around = dict[HtmlElement, set[str]]  # elements around links, and where these lead


class _Anchor(NamedTuple):
    """A link to another page: its words, or its picture's, and whether it is one of a menu's."""

    element: HtmlElement
    url: str
    words: str
    in_menu: bool


def section(
    body: bytes, url: str, media: str | None = None, *, announces: bool = False, every: bool = False
) -> Iterator[Link]:
    """Yield the links of a section page on its own host that seem to be articles.

    Or `every` link on its site, where something else chooses among them. Where it `announces`
    listings, those that its head names come first. An article's date is that of its card, where it
    has a `<time datetime>` of its own. Last comes the page that continues it, as a link of the kind
    section, where there is one.

    Raises:
        NotAListing: if there is no page to read, or none before its scripts have run.
    """
    tree, base = read_page(body, url, media)
    for link in announced(tree, base) if announces else ():
        if host_of(link.url) == host_of(url):
            is_api = link.kind is Kind.API
            yield replace(link, url=wordpress.listing(link.url)) if is_api else link
    others = [a for a in _anchors(tree, base) if a.url.rstrip("/") != url.rstrip("/")]
    bound = (lambda to: site_of(host_of(to))) if every else host_of
    anchors = [a for a in others if bound(a.url) == bound(url) and not is_home(a.url)]
    around = _around(anchors)
    articles = anchors if every else _articles(anchors, _shown(anchors, around, tree))
    words: dict[str, list[str]] = defaultdict(list)
    for anchor in articles:
        words[anchor.url] += filter(None, [plain_text(anchor.element)])
    dates = _card_dates(tree, around, {*words})
    for address, texts in words.items():  # a card's picture is a link of its own, without a word
        title = max(texts, key=_is_headline, default=None)
        yield Link(url=address, title=title, published=dates.get(address))
    if continued := _continued(tree, base, url):
        yield Link(url=continued, kind=Kind.SECTION)
    elif not (words or announces) and (why := unwritten(tree)):
        raise NotAListing(why)


def _continued(tree: HtmlElement, base: str, url: str) -> str | None:
    """Return the address of the page that continues a section, None where there is none."""
    links = [each for each in links_of(tree, base, "a", "link") if host_of(each[1]) == host_of(url)]
    named = (to for element, to in links if to != url and _is_next(element))
    listing, number = _numbered(url)
    following = (to for _, to in links if _numbered(to) == (listing, number + 1))
    return next(chain(following, named), None)


def _anchors(tree: HtmlElement, base: str) -> Iterator[_Anchor]:
    of_menus = {a for menu in filter(is_menu, tree.iter("*")) for a in menu.iter("a")}
    for element, address in links_of(tree, base, "a"):
        names = filter(None, element.xpath("@title | @aria-label | .//img/@alt"))
        words, in_menu = plain_text(element) or next(names, ""), element in of_menus
        yield _Anchor(element, address.partition("#")[0], words, in_menu)


def is_menu(element: HtmlElement) -> bool:
    """Return whether an element is a menu or a footer, by its tag or what it is called."""
    names = " ".join(filter(None, map(element.get, ("class", "id", "role"))))
    is_named = element.tag not in {"html", "body"} and _MENU.search(names) is not None
    return is_named or element.tag in {"nav", "menu", "footer"}


def _is_headline(words: str) -> bool:
    return len(words) >= 30 or (len(words) >= 15 and words.count(" ") >= 3)


def _outward(element: HtmlElement, most: int = _CARD_DEPTH) -> Iterator[HtmlElement]:
    """Yield an element and those around it, up to the size of a card."""
    yield from islice(chain([element], element.iterancestors()), most)


def _place(element: HtmlElement) -> tuple[str, ...]:
    """Return what the elements of one place in repeated blocks have in common."""
    classes = ((e.tag, *(e.get("class") or "").split()[:1]) for e in _outward(element, _ALIKE))
    return tuple(".".join(names).rstrip("0123456789") for names in classes)


def _around(anchors: Iterable[_Anchor]) -> _Around:
    """Return the addresses that may be articles, by the elements that are cards around them."""
    around: _Around = defaultdict(set)
    for anchor in anchors:
        if not anchor.in_menu and not _NO_ARTICLE.search(unquote(urlsplit(anchor.url).path)):
            for element in _outward(anchor.element):
                around[element].add(anchor.url)
    return around


def _shown(anchors: Iterable[_Anchor], around: _Around, tree: HtmlElement) -> set[str]:
    """Return the addresses that a page shows as articles, whatever they are like.

    What a menu calls in a few words is a section. Where nearly all have a number, one without is
    something else.
    """
    blocks: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for anchor in anchors:
        if anchor.element in around:
            block = blocks[_place(anchor.element)]
            block[anchor.url] = max(block.get(anchor.url, ""), anchor.words, key=len)
    shown: set[str] = set()
    for block in blocks.values():
        if len(block) >= _FEWEST and 2 * sum(map(_is_headline, {*block.values()})) >= len(block):
            shown |= {url for url, words in block.items() if " " in words}
    for heading in tree.iter("h1", "h2", "h3", "h4", "h5", "h6"):
        urls = next((around[card] for card in _outward(heading) if card in around), ())
        if len(urls) == 1 and _is_headline(plain_text(heading)):
            shown |= {*urls}
    shown -= {a.url for a in anchors if a.in_menu and a.words and not _is_headline(a.words)}
    numbered = {url for url in shown if _digits(url) >= _FEWEST}
    return numbered if len(numbered) > _NUMBERED * len(shown) else shown


def _articles(anchors: Iterable[_Anchor], shown: set[str]) -> list[_Anchor]:
    """Return the links of a page that seem to be articles.

    Where it shows many, those of its menus are none, unless they are headlines.
    """
    few = len(shown) < _MANY
    listed = {a.url for a in anchors if few or not a.in_menu or _is_headline(a.words)}
    return [a for a in anchors if a.url in shown or (a.url in listed and _is_of_article(a.url))]


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


def plain_text(element: HtmlElement) -> str:
    """Return the words of an element on one line."""
    return plain(str(element.xpath("string()"))) or ""


def _card_dates(tree: HtmlElement, around: _Around, articles: set[str]) -> dict[str, str]:
    """Return the dates of cards that link to a single article, by its address."""
    dates: dict[str, set[str]] = defaultdict(set)
    for time in tree.iter("time"):
        cards = (around.get(card, set()) & articles for card in _outward(time))
        urls = next(filter(None, cards), set())
        if len(urls) == 1:
            dates[urls.pop()].update(filter(None, [line(time.get("datetime"))]))
    return {url: written.pop() for url, written in dates.items() if len(written) == 1}


def _is_next(anchor: HtmlElement) -> bool:
    words = plain_text(anchor).strip(_AROUND).lower()
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
    last = unquote(urlsplit(written).path).rstrip("/").rpartition("/")[2]
    return bool(last) and (_digits(written) >= _FEWEST or last.count("-") >= 3)


def _digits(written: str) -> int:
    parts = urlsplit(written)
    return sum(letter.isdigit() for letter in unquote(parts.path) + unquote(parts.query))
