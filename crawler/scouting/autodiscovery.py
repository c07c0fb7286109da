"""Where a site may list its articles: what robots.txt names, and what addresses are usual. Pure.

What a front page declares is read by `frontpage.py`; whether there is anything at an
address is seen by asking (`survey.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from archive import urls
from archive.records import Kind
from crawler.listings import sitemaps

# What content systems offer without being asked, the commonest first.
_FEEDS = ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json")
_FEEDS_OF = {".aspx": ("rss.aspx",), ".asp": ("rss.asp",), ".php": ("rss.php",)}
_SITEMAPS = ("sitemap_index.xml", "sitemap.xml", "wp-sitemap.xml", "news-sitemap.xml")
USUAL = "tried as a usual address"
USUAL_OF_WORDPRESS = "the usual address of WordPress"
_POSTS = "wp-json/wp/v2/posts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address where a site may list its articles, and how we came by it, for a person."""

    url: str
    kind: Kind
    how: str


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
    names = [*(name for suffix in suffixes for name in _FEEDS_OF.get(suffix, ())), *_FEEDS]
    return _usual(home, names, Kind.FEED)


def usual_sitemaps(home: str) -> list[Candidate]:
    """Return the addresses at which systems put their sitemaps."""
    return _usual(home, _SITEMAPS, Kind.SITEMAP)


def usual_api(home: str) -> Candidate:
    """Return the address at which WordPress lists a site's posts."""
    return Candidate(url=urljoin(_folder(home), _POSTS), kind=Kind.API, how=USUAL_OF_WORDPRESS)


def absolute(written: str, base: str) -> str | None:
    """Return an address as an absolute one without a fragment; None for one of no use."""
    address = urls.absolute(written, base)
    return address.partition("#")[0] if address and address.isprintable() else None


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
