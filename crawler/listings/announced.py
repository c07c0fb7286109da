"""A front page that has to name its newspaper's listings, as no file does: with its robots.txt."""

from datetime import datetime
from urllib.parse import urljoin

from archive.records import Capture, Kind, Link, Visit
from archive.store import Store
from crawler.publisher import Publisher
from crawler.robots import FRESH
from crawler.scouting.autodiscovery import in_robots


def has_to_announce(visit: Visit, publisher: Publisher) -> bool:
    """Return whether a visit is to such a page; a walk into the past cannot use feeds."""
    unknown = publisher.is_bare or (visit.past and not publisher.has_way_back)
    return unknown and visit.kind is Kind.SECTION and visit.url == publisher.homepage


def sitemaps(store: Store, page: Capture, *, now: datetime) -> list[Link]:
    """Return the sitemaps that a page's host announces in its robots.txt, which was just read."""
    url = urljoin(page.url, "/robots.txt")
    known = store.latest(url, since=now - FRESH)
    text = known[1].decode("utf-8-sig", "replace") if known and known[0] == 200 else ""
    return [Link(url=one.url, kind=Kind.SITEMAP) for one in in_robots(text, url)]
