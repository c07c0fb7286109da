"""A captured listing into the archive: its links become due visits, the bad ones problems."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from itertools import islice

from archive.records import Capture, Kind, Link, Problem, Visit
from archive.store import Store
from archive.urls import canonical
from crawler.publisher import Publisher
from crawler.traps import Traps

logger = logging.getLogger(__name__)

LINKS_AT_ONCE = 500


async def keep_links(
    store: Store,
    links: Iterable[Link],
    visit: Visit,
    capture: Capture,
    publisher: Publisher,
    traps: Traps,
) -> None:
    """Keep a listing's links in portions, so that a large one does not hold up the crawl.

    A page that continues the listing is followed only where this one brought something new.

    Raises:
        NotAListing: when the body is none, or stops being one; what came before is kept.
    """
    wanted = _wanted(store, links, visit, capture, publisher, traps)
    found = new = articles = 0
    while portion := list(islice(wanted, LINKS_AT_ONCE)):
        pages = [link for link in portion if link[1].kind is Kind.SECTION]
        listings = [link for link in portion if link[1].kind is Kind.SITEMAP]
        rest = [link for link in portion if link[1].kind not in {Kind.SECTION, Kind.SITEMAP}]
        found += len(portion)
        articles += (fresh := store.found(rest, visit=visit))
        new += fresh + store.found(listings, visit=visit)
        if new or visit.last_at is None:  # where nothing is new, older pages are known
            store.found(pages, visit=visit)
        if len(portion) == LINKS_AT_ONCE:
            await asyncio.sleep(0)
    traps.count(visit, fruitful=articles > 0)
    logger.info("%s: %d links, %d new", visit.url, found, new)


def _wanted(
    store: Store,
    links: Iterable[Link],
    visit: Visit,
    capture: Capture,
    publisher: Publisher,
    traps: Traps,
) -> Iterator[tuple[str, Link]]:
    for link in links:
        if link.kind is Kind.ARTICLE and not publisher.wants(link.url):
            continue
        try:
            if not traps.holds(link.url, publisher=visit.publisher):
                yield canonical(link.url), link
        except ValueError as error:
            problem = Problem(kind="bad-link", detail=str(error), stage="discover")
            store.problem(problem, url=visit.url, publisher=visit.publisher, capture=capture)
