"""What a site says of itself, and where it may list its articles. Pure.

Whether anything is at an address is only known when it is fetched (`survey.py`).
"""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from urllib.parse import unquote, urljoin, urlsplit

from lxml.html import HtmlElement

from archive.models import Kind, Link
from archive.search.arabic import fold
from archive.urls import host_of, identity_key
from crawler.errors import NotAListing
from crawler.extract import vocabulary
from crawler.extract.metadata import read_stated
from crawler.listings import sections, wordpress

WORDS = tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))

_FEED_ADDRESS = re.compile(WORDS["feed_address"], re.IGNORECASE)
_FEED_TEXT = re.compile(WORDS["feed_text"], re.IGNORECASE)
_MADE_BY_WORDPRESS = re.compile(
    rb"(?i)/wp-(?:content|includes|json)/|<meta [^>]*content=[\"']?wordpress"
)
_OTHER_TEXT = re.compile("|".join(WORDS["other_text"]))
_OTHER_PATH = re.compile(
    rf"/(?:{'|'.join(WORDS['other_path'])})(?:[/.?]|$)|{WORDS['other_file']}", re.IGNORECASE
)
_LONGEST_TEXT = 32
_DEEPEST = 4

_TITLE_PARTS = re.compile(r"\s+[|\-–—:·•»«›‹/~]+\s+|\s*[|»«›•]\s*|\s+::\s+|\s*[:،,]\s+")
_LATIN = re.compile(r"[A-Za-z]")
_ARABIC = re.compile("[\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER YEH}]")
_LONGEST_NAME = 60
_LANGUAGE = re.compile(r"\s*([a-z]{2,3})(?![^-_\s])", re.IGNORECASE)
_GENERIC = frozenset(map(vocabulary.key, ["", *WORDS["generic"]]))

_Anchors = Iterable[tuple[HtmlElement, str]]  # the links of a page, and where they lead


class Way(StrEnum):
    """How an address was found, for a person."""

    GIVEN = "the address that was given"
    DECLARED = "declared on the front page"
    LINKED = "linked from the front page"
    BEHIND = "linked from a page about feeds"
    IN_ROBOTS = "named in robots.txt"
    IN_MENU = "in the menu of the front page"
    ITSELF = "the front page itself"
    USUAL = "tried as a usual address"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """What a front page at `url` says; `language` is its own claim.

    The `candidates` are addresses where the site may list its articles, by how they were found:
    what the head declares, links that seem to be feeds, sections of the menu and usual addresses.
    None of them has been fetched yet.
    """

    url: str
    name: str | None = None
    name_latin: str | None = None
    language: str | None = None
    candidates: dict[Way, list[Link]] = field(default_factory=dict)


def read_front(body: bytes, content_type: str | None, url: str) -> FrontPage:
    """Read a front page; what it does not say is None or missing, and nothing raises."""
    try:
        tree, base = sections.read_page(body, url, content_type)
        listed = {
            key(link.url) for link in sections.section(body, url, content_type, announces=True)
        }
    except NotAListing:
        return FrontPage(url=url, candidates={Way.USUAL: list(_usual(url))})
    anchors = sections.links_of(tree, base, "a")
    links = [(anchor, address.partition("#")[0]) for anchor, address in anchors]
    own = [(anchor, address) for anchor, address in links if place(address) == place(base)]
    name, latin = name_of(read_stated(tree).names, _mentions(tree, own, url))
    language = _LANGUAGE.match(tree.get("lang") or "")
    feeds = list(_linked_feeds(links))
    others = {key(url), *(key(feed.url) for feed in feeds), *listed}
    interface = wordpress.posts_of(urljoin(_folder(base), "wp-json"))
    is_wordpress = _MADE_BY_WORDPRESS.search(body) is not None
    return FrontPage(
        url=url,
        name=name,
        name_latin=latin,
        language=language[1].lower() if language else None,
        candidates={
            Way.DECLARED: list(sections.announced(tree, base)),
            Way.LINKED: feeds,
            Way.IN_MENU: _in_menu(own, others),
            Way.USUAL: [Link(url=interface, kind=Kind.API)] * is_wordpress + list(_usual(url)),
        },
    )


def key(url: str) -> str:
    """Return what the spellings of one address have in common."""
    try:
        return identity_key(url)
    except ValueError:
        return url


def name_of(stated: Iterable[str], mentions: Iterable[str]) -> tuple[str | None, str | None]:
    """Return a newspaper's (name in Arabic, name in Latin letters), None where it has none.

    `stated` are the names a page states as those of its site, `mentions` texts that hold the name
    among other words: titles, the text of links to the front page. What most places agree on is
    the name; a stated one counts twice.
    """
    votes: Counter[str] = Counter()
    twice = [*stated] * 2
    for text in [*twice, *mentions]:
        parts = dict.fromkeys(map(vocabulary.one_line, _TITLE_PARTS.split(text)))
        names = (part for part in parts if vocabulary.key(part) not in _GENERIC)
        votes.update(name for name in names if len(name) <= _LONGEST_NAME)
    ranked = [name for name, _ in votes.most_common()]
    arabic = (name for name in ranked if _ARABIC.search(name) and not _LATIN.search(name))
    latin = (name for name in ranked if _LATIN.search(name) and not _ARABIC.search(name))
    return next(arabic, None), next(latin, None)


def _mentions(tree: HtmlElement, own: _Anchors, url: str) -> Iterator[str]:
    """Yield texts that hold the name of the site among other words."""
    yield tree.findtext(".//title") or ""
    yield from tree.xpath("//link[contains(@rel, 'alternate')]/@title")
    homes = {key(url), key(urljoin(url, "/"))}
    for anchor, address in own:
        if key(address) in homes:
            yield sections.plain_text(anchor)
            yield from anchor.xpath(".//img/@alt")


def _linked_feeds(links: _Anchors) -> Iterator[Link]:
    """Yield the links that seem to be feeds, or like a page about them."""
    for anchor, url in links:
        parts = urlsplit(url)
        is_feed = _FEED_ADDRESS.search(f"{parts.path}?{parts.query}")
        is_feed = is_feed or _FEED_TEXT.search(sections.plain_text(anchor))
        if is_feed and not sections.COMMENTS.search(unquote(url)):
            yield Link(url=url, kind=Kind.FEED)


def _in_menu(own: _Anchors, other: Collection[str]) -> list[Link]:
    """Return the links of a page that seem to be its sections: those of menus first.

    `other` are the keys of addresses that are something else. Variants of one page
    (`/sport?view=2`) are left out.
    """
    ranked = []
    for anchor, address in own:
        text, path = fold(sections.plain_text(anchor)), unquote(urlsplit(address).path)
        depth = path.strip("/").count("/")
        is_other = _OTHER_TEXT.search(text) or _OTHER_PATH.search(path) or key(address) in other
        if 0 < len(text) <= _LONGEST_TEXT and depth < _DEEPEST and not is_other:
            is_of_menu = any(map(sections.is_menu, anchor.iterancestors()))
            ranked.append(((not is_of_menu, depth), address))
    pages: dict[str, Link] = {}
    for _, address in sorted(ranked, key=lambda link: link[0]):  # stable
        pages.setdefault(key(address), Link(url=address, kind=Kind.SECTION))
    bare = {url: key(page.url.partition("?")[0]) for url, page in pages.items()}
    return [page for url, page in pages.items() if bare[url] == url or bare[url] not in pages]


def _usual(home: str) -> Iterator[Link]:
    """Yield the addresses at which systems put listings, below `home` and below its host."""
    names = {Kind.FEED: WORDS["feeds"], Kind.SITEMAP: WORDS["sitemaps"]}
    for folder in dict.fromkeys((_folder(home), urljoin(home, "/"))):
        for kind, listed in names.items():
            for name in listed:
                yield Link(url=urljoin(folder, name), kind=kind)


def _folder(home: str) -> str:
    """Return the address of the folder that a front page's site is in: `/ar` has `/ar/feed`."""
    parts = urlsplit(home)
    path = re.sub(r"/[^/]*\.[^/]*$", "", parts.path).rstrip("/")  # index.php and its like
    return f"{parts.scheme}://{parts.netloc}{path}/"


def place(url: str) -> tuple[str, int | None]:
    """Return the host and the port that an address is at."""
    return host_of(url), urlsplit(url).port
