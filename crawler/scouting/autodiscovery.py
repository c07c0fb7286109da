"""Where a site may list its articles: what robots.txt names, and what addresses are usual. Pure.

What a front page declares is read by `frontpage.py`; whether there is anything at an
address is seen by asking (`survey.py`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from archive.records import Kind

_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)

# What content systems offer without being asked, the commonest first.
_FEEDS = ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json")
_FEEDS_OF = {".aspx": ("rss.aspx",), ".asp": ("rss.asp",), ".php": ("rss.php",)}
_SITEMAPS = ("sitemap_index.xml", "sitemap.xml", "wp-sitemap.xml", "news-sitemap.xml")
USUAL = "tried as a usual address"
USUAL_OF_WORDPRESS = "the usual address of WordPress"
_POSTS = "wp-json/wp/v2/posts"

# Sitemaps that list something else than articles, by the words of their names.
_NO_ARTICLES = re.compile(
    r"(?:^|[/_.-])(?:image|images|video|videos|author|authors|users?|tags?|post_tag|categor\w*|"
    r"pages?|static|taxonom\w*|products?|archives?)(?:[/_.\-\d]|sitemap|$)",
    re.IGNORECASE,
)
_NEWS = re.compile(r"news|akhbar|google", re.IGNORECASE)
_ARTICLES = re.compile(r"post|article|stor(?:y|ies)|node|content|maqal", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address where a site may list its articles, and how we came by it, for a person."""

    url: str
    kind: Kind
    how: str


def in_robots(text: str, url: str) -> list[Candidate]:
    """Return the sitemaps that a robots.txt names (sitemaps.org; the lines stand in any group).

    `url` is where the file stands; addresses relative to it are forgiven. Those that by their name
    list articles come first, those that list something else are left out if others remain.
    """
    found = dict.fromkeys(
        address
        for match in _SITEMAP_LINE.finditer(text)
        if (address := absolute(match[1], url)) is not None
    )
    return [
        Candidate(url=address, kind=Kind.SITEMAP, how="named in robots.txt")
        for address in of_articles(found)
    ]


def of_articles(sitemaps: Iterable[str]) -> list[str]:
    """Return sitemaps in the order in which it is worth asking them for articles."""
    every = list(sitemaps)
    some = [one for one in every if not _NO_ARTICLES.search(_path(one))] or every
    return sorted(some, key=_promise)


def usual_feeds(home: str, suffixes: Iterable[str] = ()) -> list[Candidate]:
    """Return the addresses at which systems put their feeds, below `home` and below its host.

    `suffixes` are those of the site's own addresses, such as `.aspx`.
    """
    names = [*(name for suffix in suffixes for name in _FEEDS_OF.get(suffix, ())), *_FEEDS]
    return _usual(home, names, Kind.FEED)


def usual_sitemaps(home: str) -> list[Candidate]:
    """Return the addresses at which systems put their sitemaps."""
    return _usual(home, _SITEMAPS, Kind.SITEMAP)


def usual_api(home: str) -> Candidate:
    """Return the address at which WordPress lists a site's posts."""
    return Candidate(url=urljoin(_folder(home), _POSTS), kind=Kind.API, how=USUAL_OF_WORDPRESS)


def absolute(written: str, base: str) -> str | None:
    """Return an address as an absolute one of the web, None where it is none."""
    written = written.strip()
    if not written:
        return None
    try:
        address = urljoin(base, written)
        parts = urlsplit(address)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return address.partition("#")[0] if is_web and address.isprintable() else None


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


def _promise(url: str) -> tuple[bool, bool]:
    path = _path(url)
    none = _NO_ARTICLES.search(path) is not None
    return none or not _NEWS.search(path), none or not _ARTICLES.search(path)


def _path(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2] + "?" + urlsplit(url).query
