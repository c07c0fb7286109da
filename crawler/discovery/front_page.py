"""What a site says of itself, and where it may list its articles. Pure.

Whether anything is at an address is found out by fetching it (`survey.py`).
"""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import unquote, urljoin, urlsplit

from lxml.html import HtmlElement

from archive.models import Kind
from archive.search.arabic import fold
from archive.urls import host_of, identity_key
from crawler.errors import NotAListing
from crawler.extract import vocabulary
from crawler.extract.metadata import read_stated
from crawler.extract.vocabulary import one_line
from crawler.listings import sections, sitemaps, wordpress

_WORDS = tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))
KEYS = {  # of a publisher file, by the kind of listing
    Kind.FEED: "feeds",
    Kind.SITEMAP: "sitemaps",
    Kind.SECTION: "sections",
    Kind.API: "api",
}

# What content systems offer without being asked, the commonest first.
_FEEDS = ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json")
_FEEDS_OF = {".aspx": "rss.aspx", ".asp": "rss.asp", ".php": "rss.php"}
_SITEMAPS = ("sitemap_index.xml", "sitemap.xml", "wp-sitemap.xml", "news-sitemap.xml")
USUAL = "tried as a usual address"

_FEED_ADDRESS = re.compile(_WORDS["feed_address"], re.IGNORECASE)
_FEED_TEXT = re.compile(_WORDS["feed_text"], re.IGNORECASE)
_MADE_BY_WORDPRESS = re.compile(
    rb"/wp-(?:content|includes|json)/|<meta [^>]*content=[\"']?wordpress", re.IGNORECASE
)
_SUFFIX = re.compile(r"\.(?:aspx|asp|php)$", re.IGNORECASE)

_MENU = re.compile(r"nav|menu|قائمة", re.IGNORECASE)
_OTHER_TEXT = re.compile("|".join(_WORDS["other_text"]))
_OTHER_PATH = re.compile(
    rf"/(?:{'|'.join(_WORDS['other_path'])})(?:[/.?]|$)|{_WORDS['other_file']}", re.IGNORECASE
)
_LONGEST_TEXT = 32
_DEEPEST = 4

_TITLE_PARTS = re.compile(r"\s+[|\-–—:·•»«›‹/~]+\s+|\s*[|»«›•]\s*|\s+::\s+|\s*[:،,]\s+")
_LATIN = re.compile(r"[A-Za-z]")
_ARABIC = re.compile("[\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER YEH}]")
_LONGEST_NAME = 60
_GENERIC = frozenset(map(vocabulary.key, _WORDS["generic"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address where a site may list its articles, and how it was found, for a person."""

    url: str
    kind: Kind
    how: str

    @property
    def is_named(self) -> bool:
        """Whether the site itself names it: where it fails, a person should know."""
        return self.how != USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """What a front page at `url` says; nothing of it has been fetched yet.

    `declared` are the feeds its head names, `shown` links that look like feeds, `menu` those that
    look like sections, `suffixes` the endings of its addresses (`.aspx`), `language` its own claim.
    """

    url: str
    name: str | None = None
    name_latin: str | None = None
    language: str | None = None
    declared: tuple[Candidate, ...] = ()
    shown: tuple[Candidate, ...] = ()
    menu: tuple[str, ...] = ()
    api: Candidate | None = None
    suffixes: tuple[str, ...] = ()


def read_front(body: bytes, content_type: str | None, url: str) -> FrontPage:
    """Read a front page; what it does not say is None or empty, and nothing raises."""
    try:
        tree, base = sections.read_page(body, url, content_type)
        articles = [link.url for link in sections.section(body, url, content_type)]
    except NotAListing:
        return FrontPage(url=url)
    links = list(_links(tree, base))
    own = [(anchor, address) for anchor, address in links if _place(address) == _place(base)]
    name, latin = name_of(read_stated(tree).names, _mentions(tree, own, url))
    suffixes = (_SUFFIX.search(urlsplit(address).path) for _, address in own)
    announced = _announced(tree, base)
    guess = usual_api(base) if _MADE_BY_WORDPRESS.search(body) else None
    return FrontPage(
        url=url,
        name=name,
        name_latin=latin,
        language=_language(tree),
        declared=tuple(one for one in announced if one.kind is Kind.FEED),
        shown=tuple(_shown_feeds(links)),
        menu=tuple(_sections_among(own, {key(address) for address in (*articles, url)})),
        api=next((one for one in announced if one.kind is Kind.API), guess),
        suffixes=tuple(dict.fromkeys(match[0].lower() for match in suffixes if match)),
    )


def feeds_on(body: bytes, content_type: str | None, url: str) -> list[Candidate]:
    """Return the feeds that a page about feeds links to."""
    try:
        tree, base = sections.read_page(body, url, content_type)
    except NotAListing:
        return []
    declared = [one for one in _announced(tree, base) if one.kind is Kind.FEED]
    return [*declared, *_shown_feeds(_links(tree, base))]


def in_robots(text: str, url: str) -> list[Candidate]:
    """Return the sitemaps that the robots.txt at `url` names, the most promising first."""
    return [
        Candidate(url=address, kind=Kind.SITEMAP, how="named in robots.txt")
        for address in sitemaps.in_robots(text, url)
        if address.isprintable()
    ]


def usual_feeds(home: str, suffixes: Iterable[str] = ()) -> list[Candidate]:
    """Return the addresses at which systems put their feeds, below `home` and below its host.

    `suffixes` are those of the site's own addresses, such as `.aspx`.
    """
    of_system = [_FEEDS_OF[suffix] for suffix in suffixes if suffix in _FEEDS_OF]
    return _usual(home, [*of_system, *_FEEDS], Kind.FEED)


def usual_sitemaps(home: str) -> list[Candidate]:
    """Return the addresses at which systems put their sitemaps."""
    return _usual(home, _SITEMAPS, Kind.SITEMAP)


def usual_api(home: str) -> Candidate:
    """Return the address at which WordPress lists a site's posts."""
    url = wordpress.posts_of(urljoin(_folder(home), "wp-json"))
    return Candidate(url=url, kind=Kind.API, how=USUAL)


def key(url: str) -> str:
    """Return what the spellings of one address have in common."""
    try:
        return identity_key(url)
    except ValueError:
        return url


def name_of(stated: Iterable[str], said: Iterable[str]) -> tuple[str | None, str | None]:
    """Return a newspaper's (name in Arabic, name in Latin letters), None where it has none.

    `stated` are the names a page states as those of its site, `said` texts that hold the name
    among other words: titles, the text of links to the front page. What most places agree on is
    the name; a stated one counts twice.
    """
    votes: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    texts = [(text, [text], 2) for text in stated] + [(text, [], 1) for text in said]
    for text, whole, weight in texts:
        for part in dict.fromkeys(map(one_line, [*whole, *_TITLE_PARTS.split(text)])):
            folded = vocabulary.key(part)
            if folded and folded not in _GENERIC and len(part) <= _LONGEST_NAME:
                votes[folded] += weight
                spelled.setdefault(folded, part)
    ranked = [spelled[folded] for folded, _ in votes.most_common()]
    arabic = (name for name in ranked if _ARABIC.search(name) and not _LATIN.search(name))
    latin = (name for name in ranked if _LATIN.search(name) and not _ARABIC.search(name))
    return next(arabic, None), next(latin, None)


def _links(tree: HtmlElement, base: str) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the links of a page without their fragments; unprintable addresses are left out."""
    for anchor, address in sections.links_of(tree, base, "a"):
        if address.isprintable():
            yield anchor, address.partition("#")[0]


def _announced(tree: HtmlElement, base: str) -> list[Candidate]:
    return [
        Candidate(url=link.url, kind=link.kind, how="declared on the front page")
        for link in sections.announced(tree, base)
        if link.url.isprintable()
    ]


def _shown_feeds(links: Iterable[tuple[HtmlElement, str]]) -> Iterator[Candidate]:
    """Yield the links that look like feeds, or like a page about them."""
    for anchor, url in links:
        parts = urlsplit(url)
        looks_so = _FEED_ADDRESS.search(f"{parts.path}?{parts.query}")
        if (looks_so or _FEED_TEXT.search(_text(anchor))) and not sections.COMMENTS.search(
            unquote(url)
        ):
            yield Candidate(url=url, kind=Kind.FEED, how="linked from the front page")


def _mentions(tree: HtmlElement, own: Iterable[tuple[HtmlElement, str]], url: str) -> Iterator[str]:
    """Yield texts that hold the name of the site among other words."""
    yield tree.findtext(".//title") or ""
    yield from (
        link.get("title") or ""
        for link in tree.iter("link")
        if "alternate" in (link.get("rel") or "")
    )
    homes = {key(url), key(urljoin(url, "/"))}
    for anchor, address in own:
        if key(address) in homes:
            yield _text(anchor)
            yield from (image.get("alt") or "" for image in anchor.iter("img"))


def _sections_among(
    own: Iterable[tuple[HtmlElement, str]], other: Collection[str]
) -> Iterator[str]:
    """Yield the links of a page that look like its sections: those of menus first.

    `other` are the keys of addresses that are something else. Variants of one page
    (`/sport?view=2`) are left out.
    """
    ranks: dict[str, tuple[tuple[bool, int], str]] = {}
    for anchor, address in own:
        path = unquote(urlsplit(address).path)
        depth = path.strip("/").count("/")
        if key(address) in other or depth >= _DEEPEST or not _is_section(anchor, address, path):
            continue
        rank = ((not _in_menu(anchor), depth), address)
        ranks[key(address)] = min(ranks.get(key(address), rank), rank)
    bare = {key(address) for _, address in ranks.values() if not urlsplit(address).query}
    for _, address in sorted(ranks.values(), key=lambda ranked: ranked[0]):  # stable
        if not urlsplit(address).query or key(address.partition("?")[0]) not in bare:
            yield address


def _is_section(anchor: HtmlElement, address: str, path: str) -> bool:
    text = fold(_text(anchor))
    return (
        0 < len(text) <= _LONGEST_TEXT
        and not _OTHER_TEXT.search(text)
        and not _OTHER_PATH.search(path)
        and not _FEED_ADDRESS.search(address.partition("://")[2].partition("/")[2])
    )


def _in_menu(anchor: HtmlElement) -> bool:
    return any(
        element.tag in {"nav", "header", "menu"}
        or _MENU.search(" ".join(element.get(name) or "" for name in ("class", "id", "role")))
        for element in anchor.iterancestors()
    )


def _usual(home: str, names: Iterable[str], kind: Kind) -> list[Candidate]:
    folders = dict.fromkeys((_folder(home), urljoin(home, "/")))
    return [
        Candidate(url=urljoin(folder, name), kind=kind, how=USUAL)
        for folder in folders
        for name in names
    ]


def _folder(home: str) -> str:
    """Return the address below which a front page's site lies: `/ar` has `/ar/feed`."""
    parts = urlsplit(home)
    path = parts.path
    if "." in path.rpartition("/")[2]:  # index.php and its like
        path = path.rpartition("/")[0]
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}/"


def _language(tree: HtmlElement) -> str | None:
    code = (tree.get("lang") or "").strip().lower().split("-")[0].split("_")[0]
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None


def _text(anchor: HtmlElement) -> str:
    return sections.plain_text(anchor) or ""


def _place(url: str) -> tuple[str, int | None]:
    return host_of(url), urlsplit(url).port
