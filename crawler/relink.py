"""Recorded listings, read again in the order of their time for what each said of an address."""

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from archive.maintenance.recorded import START, RecordedLinks, RecordedListing, next_listing
from crawler.daterange import Period
from crawler.errors import NotAListing
from crawler.listings.follow import Decided, Follower, announced_sitemaps, has_to_announce
from crawler.publisher import Publisher
from crawler.workers import Workers


async def read_listings(
    db: sqlite3.Connection,
    folder: Path,
    publisher_of: Callable[[str, str], Publisher],
    workers: Workers,
    *,
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Save the links of all recorded listings, in the order in which they were visited.

    `publisher_of` gives a publisher by its slug and an address of it. `progress` gets how many are
    read.

    Raises:
        Stopped: if the workers were told to end.
    """
    place, done = START, 0
    while True:
        listing = next_listing(db, folder, place)
        if listing is None:
            return
        publisher = publisher_of(listing.visit.publisher, listing.visit.url)
        await _read(db, folder, listing, publisher, workers)
        place, done = listing.place, done + 1
        progress(done)


async def _read(
    db: sqlite3.Connection,
    folder: Path,
    recorded: RecordedListing,
    publisher: Publisher,
    workers: Workers,
) -> None:
    store = RecordedLinks(db, folder, recorded)
    visit, capture = recorded.visit, replace(recorded.capture, kind=recorded.visit.kind)
    announces = has_to_announce(visit, publisher)
    follower = Follower(store, visit, capture, publisher, Decided(recorded.followed))
    with contextlib.suppress(NotAListing):  # possibly after some links, which were kept then
        links = await workers.links(capture, announced=announces)
        if announces:
            links = [*announced_sitemaps(store, capture, now=recorded.at), *links]
        await follower.follow(links, Period(since=recorded.since, until=recorded.until))
