"""What was found at a site that may be a newspaper, and which of it is of use. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from urllib.parse import urlsplit

from archive.records import Extraction, Kind, Link, PageKind, Problem
from archive.urls import host_of
from crawler.politeness.traps import shape
from crawler.scouting.anchors import key
from crawler.scouting.autodiscovery import Candidate
from crawler.scouting.frontpage import FrontPage
from crawler.scouting.inspection import Listing

MOST_READ = 7  # articles that are tried
ARTICLES = frozenset({PageKind.ARTICLE, PageKind.LIVEBLOG, PageKind.VIDEO, PageKind.GALLERY})
_TRUST = (Kind.FEED, Kind.API, Kind.SECTION, Kind.SITEMAP)  # in listing news and nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry point that works: where it was found, and what it gave."""

    candidate: Candidate
    listing: Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A page that an entry point listed, as Warraq read it."""

    url: str
    reading: Extraction

    @property
    def is_article(self) -> bool:
        """Whether it is a piece of news with a title."""
        return self.reading.kind in ARTICLES and bool(self.reading.title)


@dataclass(slots=True, kw_only=True)
class Survey:
    """What was found at a site: its front page, its entry points, and articles read from there.

    `home` is the address of the front page to be kept, `front.url` the one that answered; `menu`
    are its links that look like sections. `failed` are the entry points that do not work, each
    with the reason.
    """

    home: str
    front: FrontPage
    menu: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    failed: list[tuple[Candidate, Problem]] = field(default_factory=list)

    def of(self, kind: Kind) -> list[Entry]:
        """Return the entry points of a kind."""
        return [entry for entry in self.entries if entry.candidate.kind is kind]

    def to_read(self) -> list[Link]:
        """Return links to read, those first that are surest to be news: a feed's newest.

        Of several entry points of a kind each gives one in turn.
        """
        chosen: dict[str, Link] = {}
        for kind in _TRUST:
            lists = [_best(entry, self.front.url) for entry in self.of(kind)]
            for turn in zip_longest(*lists):
                for link in filter(None, turn):
                    chosen.setdefault(key(link.url), link)
        return list(chosen.values())[:MOST_READ]

    def useless(self, listing: Listing) -> Problem | None:
        """Return why a listing is of no use beside those that are known already."""
        here = [link for link in listing.links if _related(link.url, self.front.url)]
        known = {key(link.url) for entry in self.of(listing.kind) for link in entry.listing.links}
        detail = None
        if not listing.links:
            detail = "it lists nothing"
        elif not here:
            detail = f"its links lead elsewhere, such as to {listing.links[0].url}"
        elif {key(link.url) for link in here} <= known:
            detail = "it lists nothing that the others do not"
        return Problem(kind="of-no-use", detail=detail, stage="discover") if detail else None


def with_links_of_their_own(found: Sequence[Entry]) -> list[Entry]:
    """Return the pages that list something beside what stands on most of the pages."""
    counts = Counter(key(link.url) for entry in found for link in set(entry.listing.links))
    common = {one for one, count in counts.items() if count * 2 > max(len(found), 2)}
    return [
        entry for entry in found if any(key(link.url) not in common for link in entry.listing.links)
    ]


def _best(entry: Entry, home: str) -> list[Link]:
    """Return the first links of an entry point, those of its commonest shape before others."""
    links = [one for one in entry.listing.links if _related(one.url, home)]
    shapes = Counter(shape(link.url) for link in links)
    return sorted(links, key=lambda link: -shapes[shape(link.url)])[:MOST_READ]  # stable


def _related(url: str, home: str) -> bool:
    """Tell whether an address is on the host of a site, above it or below it."""
    one, other = host_of(url), host_of(home)
    if one == other:
        return urlsplit(url).port == urlsplit(home).port
    return one.endswith(f".{other}") or other.endswith(f".{one}")
