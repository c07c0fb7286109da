"""Listings are read by a worker and followed: their links become visits, unless they are traps.

URL traps (calendars, facets, session ids) are noticed by their shape: where many addresses of one
shape brought nothing new and hardly any did, the shape rests for a day and is a problem. So does a
listing whose addresses lead nowhere. How many new addresses a listing and a publisher may bring,
and how many pages of a listing are followed, is bounded.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, islice, tee
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from archive import visits
from archive.captures import payload_location
from archive.derivation import RecordedLinks
from archive.journal import Followed
from archive.links import NEWS, lists_articles, moved, new_on, resting, shape
from archive.models import Capture, Kind, Link, Visit, WarcLocation
from archive.problems import ProblemKind
from archive.publishers import publisher_at
from archive.search.arabic import tidy
from archive.store import Store
from archive.urls import identity_key, normal, place, site
from archive.visits import depth
from crawler.config import DEFAULTS, Config
from crawler.daterange import FRESH, Period, dated, moment
from crawler.errors import NotAListing
from crawler.listings import wordpress
from crawler.listings.feeds import feed, line
from crawler.listings.sections import section
from crawler.listings.sitemaps import in_robots, sitemap
from crawler.listings.wordpress import posts
from crawler.publisher import Publisher

LINKS_AT_ONCE = 500
FEW_EDITED = 20  # articles that a sitemap may report as edited, and
PART_EDITED = 20  # one in so many; if there are more, its dates mean something else
_FEW_SITES = 5  # are named
# The most characters of what a listing says of an article.
_LONGEST = {"title": 1000, "author": 300, "summary": 5000, "published": 100, "modified": 100}
_PAGED = frozenset({Kind.FEED, Kind.SECTION, Kind.API})  # listings that continue on further pages

LinkStore = Store | RecordedLinks  # an archive that is written to, or that is being rebuilt
ReadLinks = Callable[..., Awaitable[Iterable[Link]]]  # `Workers.links`
LeaveOut = Callable[[Capture, Path, WarcLocation], Awaitable[tuple[Capture, int]]]  # `.changed`
Keyed = tuple[str, Link]  # a link with the identity key of its address

logger = logging.getLogger(__name__)


class Traps:
    """Counts what visits bring, cuts what leads nowhere, and bounds what listings bring."""

    def __init__(self, store: Store, own: Config = DEFAULTS) -> None:
        self._store = store
        self._own = own
        self._resting = resting(store.db, now=store.clock())

    def holds(self, url: str, *, publisher: str) -> bool:
        """Return whether an address is of a shape that rests.

        Raises:
            ValueError: if it is not an http or https address.
        """
        return bool(self._resting) and (publisher, shape(identity_key(url))) in self._resting

    def count(self, visit: Visit, capture: Capture, *, fruitful: bool) -> None:
        """Count the first visit to an address that a listing led to; cut its shape if need be."""
        if visit.found_in is None or visit.last_at is not None:
            return
        for group, trap in self._store.count_first_visit(visit, fruitful=fruitful):
            self._resting.add((visit.publisher, group))
            self._store.problem(trap, url=visit.url, publisher=visit.publisher, capture=capture)

    def leads_nowhere(self, listing: Visit) -> bool:
        """Return whether the addresses of a listing led nowhere, so that it rests."""
        return (listing.publisher, listing.key) in self._resting

    def room(self, visit: Visit, new: int = 0, *, news: bool = False) -> int:
        """Return how many new addresses a listing may still bring that has brought `new` ones.

        A tenth of a publisher's day is left to news: to all but walks, and sitemaps but for their
        links of these days (`news`).
        """
        own, today = self._own, self._store.clock().date()
        tenths = 9 if visit.past or (visit.kind is Kind.SITEMAP and not news) else 10
        left = own.max_new_per_day * tenths // 10 - new_on(self._store.db, visit.publisher, today)
        return min(own.max_new_per_listing - new, left)

    def is_deep(self, visit: Visit, capture: Capture) -> bool:
        """Return whether a visit is to the last page of a listing that is followed."""
        most = self._own.max_pages
        if depth(self._store.db, visit, most=most) < most:
            return False
        detail = f"no page behind page {most} (`max_pages`); `warraq backfill` reads what is older"
        self.report(visit, capture, ProblemKind.LEFT_OUT, detail)
        return True

    def report(self, visit: Visit, capture: Capture, kind: ProblemKind, detail: str) -> None:
        """Save what was left out of a listing; once a day."""
        last = self._store.last_problem(visit.url, kind)
        if last is None or last[1] <= self._store.clock() - FRESH:
            self._store.report(visit, capture, kind, detail, stage="discover")


def links(capture: Capture, *, announced: bool = False, every: bool = False) -> Iterator[Link]:
    """Yield the links of a captured listing, in its order; what it says of them is bounded.

    With `announced`, those of a section begin with the listings that the page's head names; with
    `every`, they are all of its links. Those of a robots.txt are the sitemaps that it names.

    Raises:
        NotAListing: possibly after some links, where the body breaks.
    """
    return map(_bounded, _links(capture, announced=announced, every=every))


def _bounded(link: Link) -> Link:
    """Return a link with hints that may be compared and stored."""
    said = {name: text for name in _LONGEST if (text := getattr(link, name))}
    bounded: dict[str, Any] = {
        name: line(tidy(text)[: _LONGEST[name]])
        for name, text in said.items()
        if len(text) > _LONGEST[name] or not text.isprintable()
    }
    return replace(link, **bounded) if bounded else link


def _links(capture: Capture, *, announced: bool, every: bool) -> Iterable[Link]:
    body, url, media = capture.body, capture.url, capture.content_type
    if capture.kind is Kind.FEED:
        return feed(body, url, media)
    if capture.kind is Kind.SITEMAP:
        return sitemap(body, url)
    if capture.kind is Kind.API:
        return posts(body, url, pages=capture.pages)
    if capture.kind is Kind.ROBOTS:
        return in_robots(body, url)
    return section(body, url, media, announces=announced, every=every)


def _places(links: Iterable[Link]) -> Iterator[str]:
    """Yield the place of each link that leads anywhere, up to where a listing breaks off."""
    with suppress(NotAListing):
        for link in links:
            with suppress(ValueError):
                yield place(identity_key(link.url))


@dataclass(slots=True)
class Follower:
    """Saves the links of one captured listing in portions, so that a large one blocks nothing.

    What was published before the crawl's period is left to walks into the past, as is what such a
    walk finds. A page that continues the listing is followed where this one brought something new
    of the period; by a walk, until the pages come to an end or lead beyond the period.
    """

    store: LinkStore
    visit: Visit
    capture: Capture
    publisher: Publisher
    period: Period
    traps: Traps | None = None  # none where a recorded listing is followed as far as it was then
    known: str | None = None  # digest of a payload, of a sitemap, whose entries are left out
    _unchanged: int = field(default=0, init=False)  # entries that were left out
    _is_cut: bool = field(default=False, init=False)  # too many links: the others are for tomorrow
    taken: int = field(default=0, init=False)  # links
    _new: int = field(default=0, init=False)  # addresses
    _bad: list[str] = field(default_factory=list, init=False)  # what is wrong with links
    _articles: int = field(default=0, init=False)  # that are listed,
    _old: int = field(default=0, init=False)  # of these, what was published before the period,
    _fresh: int = field(default=0, init=False)  # and what is new, and not older
    _keys: set[str] = field(default_factory=set, init=False)  # of all these
    _edited: list[str] = field(default_factory=list, init=False)
    _resting: set[str] = field(default_factory=set, init=False)  # shapes that were left out
    _foreign: set[str] = field(default_factory=set, init=False)  # sites that were left out
    _moved: str | None = field(default=None, init=False)  # the place that its newspaper moved to

    async def follow(self, read: ReadLinks, leave_out: LeaveOut) -> Followed:
        """Read the links and save them, but for those of a page that is older than the period.

        Return how far it was followed, which the journal keeps.

        Raises:
            NotAListing: if the body is not a listing, or breaks off; what came before is saved.
        """
        visit = self.visit
        links = self._moving(await self._read(read, leave_out))
        waits = self._waits()
        if waits or self._is_beyond():
            logger.info("%s: before %s, moved, or a trap", visit.url, self.period.since)
            trap = (visit.key,) if self.traps and self.traps.leads_nowhere(visit) else ()
            return Followed(beyond=True, resting=trap, moved=waits)
        pages = await self._save_all(links)
        goes_on = bool(pages) and self._goes_on()
        if goes_on:
            self.store.found(pages, visit=visit, at=self.capture.fetched_at, past=visit.past)
        if len(self._edited) <= max(FEW_EDITED, (self._articles + self._unchanged) // PART_EDITED):
            self.store.look_again(self._edited)
        if self.traps:
            self._report(self.traps)
            self.traps.count(visit, self.capture, fruitful=self._fresh > 0 or visit.past)
        logger.info("%s: %d articles, %d new", visit.url, self._articles, self._fresh)
        resting, taken = tuple(sorted(self._resting)), self.taken if self._is_cut else None
        followed = Followed(pages=goes_on, resting=resting, taken=taken)
        return replace(followed, beyond=taken == 0, known=self.known, moved=self._moved)

    def _moving(self, links: Iterator[Link]) -> Iterator[Link]:
        """Note the place that its newspaper has moved to with the listing, if any; return links.

        That is where most of the first ones lead, on the site to which it was redirected for good,
        unless it is another newspaper's. Listings that are on that site have moved as well.
        """
        if isinstance(self.store, RecordedLinks):
            self._moved = self.store.followed.moved
            return links
        db, publisher, here = self.store.db, self.publisher, place(identity_key(self.capture.url))
        known = [] if publisher.owns(here) else moved(db, publisher.slug)
        if self.capture.moved and not self.visit.key.startswith(here):
            links, ahead = tee(links)
            places = Counter(_places(islice(ahead, LINKS_AT_ONCE)))
            ((to, count),) = places.most_common(1) or [(here, 0)]
            is_free = publisher.owns(to) or publisher_at(db, to) in {None, publisher.slug}
            if is_free and 2 * count > places.total():
                known = [to, *known]
        self._moved = next((to for to in known if site(to) == site(here)), None)
        return links

    def _waits(self) -> str | None:
        """Return where its newspaper may have moved to: what is known has to be asked for first."""
        to, store = self._moved, self.store
        has_moved = to and isinstance(store, Store) and store.move(self.visit, to=to)
        self._moved = to if has_moved or not isinstance(store, Store) else None
        return to if has_moved is None and to else None

    async def _read(self, read: ReadLinks, leave_out: LeaveOut) -> Iterator[Link]:
        """Return the links; of a sitemap whose entries are known in part, those of the others."""
        announces = has_to_announce(self.visit, self.publisher)
        before = payload_location(self.store.db, self.known) if self.known else None
        changed = self.capture
        if before:
            changed, self._unchanged = await leave_out(changed, self.store.warc_folder, before)
        every = bool(self.publisher.accept)
        links = iter(await read(changed, announced=announces, every=every))
        if announces:
            links = chain(await announced_sitemaps(self.store, self.capture, read), links)
        return links

    async def _save_all(self, links: Iterator[Link]) -> list[Keyed]:
        """Save as many links as may be; return the pages that continue the listing."""
        wanted, pages = self._wanted(links), list[Keyed]()
        for news in (False, True):
            wanted = self._news(wanted) if news else wanted
            while portion := list(islice(wanted, min(LINKS_AT_ONCE, self._room(news=news)))):
                pages += self._save(portion)
                self.taken += len(portion)
                await asyncio.sleep(0)
        if self.traps:
            is_left = self._room(news=True) < 1 and next(wanted, None) is not None
            if is_left or self._is_cut:
                self._leave_out(links, self.traps)
        return pages

    def _news(self, wanted: Iterator[Keyed]) -> Iterator[Keyed]:
        """Yield the links of these days, up to the first that is older: the others are left out."""
        since = self.store.clock().date() - NEWS
        for key, link in wanted:
            if link.latest_on is None or link.latest_on < since:
                self._is_cut = True
                return
            yield key, link

    def _report(self, traps: Traps) -> None:
        """Save which links were left out because nobody can follow them, or this newspaper not.

        So is an entry point that lists nothing.
        """
        if bad := self._bad:
            detail = f"{len(bad):,} of its links cannot be followed: {bad[0]}"
            traps.report(self.visit, self.capture, ProblemKind.BAD_LINK, detail)
        if self._foreign:
            named = ", ".join(sorted(self._foreign)[:_FEW_SITES])
            why = "`hosts` names further sites of a publisher"
            detail = f"links to {named} are not followed; {why}"
            traps.report(self.visit, self.capture, ProblemKind.FOREIGN_LINK, detail)
        if self._moved and self.capture.moved and not self.publisher.owns(self._moved):
            detail = f"it moved to {self.capture.url}: write that into {self.publisher.slug}.toml"
            traps.report(self.visit, self.capture, ProblemKind.PUBLISHER_MOVED, detail)
        visit, left = self.visit, self._is_cut or self._bad or self._foreign or self._resting
        had_news = visit.kind is Kind.SITEMAP and lists_articles(self.store.db, visit.key)
        if not (left or had_news or self.taken or self._unchanged or visit.found_in or visit.past):
            why = "; scripts may write it: `render = true`" if visit.kind is Kind.SECTION else ""
            detail = f"it lists nothing, or nothing that `accept` and `reject` let pass{why}"
            traps.report(visit, self.capture, ProblemKind.OF_NO_USE, detail)

    def _room(self, *, news: bool) -> int:
        """Return how many more links may be saved, of older ones or of `news`."""
        if isinstance(self.store, RecordedLinks):
            taken = self.store.followed.taken
            return LINKS_AT_ONCE if taken is None else taken - self.taken
        if self.traps is None:
            return LINKS_AT_ONCE
        return max(self.traps.room(self.visit, self._new, news=news), 0)

    def _leave_out(self, links: Iterator[Link], traps: Traps) -> None:
        """Leave the other links for tomorrow, and one that was looked at."""
        self._is_cut, left = True, 1
        with suppress(NotAListing):  # they may break off as they like
            for _ in links:
                left += 1
        detail = f"{self.taken:,} links were followed, {left:,} are left for tomorrow"
        why = "as many are new as `max_new_per_listing` or `max_new_per_day` allows"
        traps.report(self.visit, self.capture, ProblemKind.LEFT_OUT, f"{detail}: {why}")

    def _save(self, portion: Sequence[Keyed]) -> list[Keyed]:
        """Save news as news and the past as the past; return pages that continue the listing."""
        visit, period = self.visit, self.period
        apart: dict[tuple[Kind, bool], list[Keyed]] = defaultdict(list)
        for key, link in portion:
            past = not period.is_ahead(link) if visit.past else period.is_over(link)
            apart[link.kind, past].append((key, link))
        pages: list[Keyed] = []
        for (kind, past), links in apart.items():
            if kind is visit.kind and kind in _PAGED:
                pages += links
                continue
            articles = links if kind is Kind.ARTICLE else []
            self._note_edited(articles)
            new = self.store.found(links, visit=visit, at=self.capture.fetched_at, past=past)
            self._new += new
            self._fresh += new if articles and past is visit.past else 0
            self._articles += len(articles)
            self._old += sum(period.is_over(link) for _, link in articles)
            self._keys |= {key for key, _ in articles}
        return pages

    def _note_edited(self, articles: Sequence[Keyed]) -> None:
        """Note which known articles a sitemap reports as changed since their last visit."""
        if self.visit.kind is not Kind.SITEMAP or self.visit.past:
            return
        stated = [
            (key, changed, link.modified)
            for key, link in articles
            if link.modified and (changed := moment(link.modified, zone=self.publisher.zone))
        ]
        self._edited += self.store.edited(stated, visit=self.visit)

    def _wanted(self, links: Iterable[Link]) -> Iterator[Keyed]:
        publisher = self.publisher
        own = site(self._moved) if self._moved else None
        owns = cache(lambda there: publisher.owns(there) or site(there) == own)
        for link in self._led(links):
            if link.kind is Kind.ARTICLE and not publisher.wants(link.url):
                continue
            try:
                if not publisher.accept and self._is_trap(link.url):
                    self._resting.add(shape(link.url))
                else:
                    normal(link.url)  # which refuses longer ones
                    key = identity_key(link.url, tracking=publisher.tracking)
                    there = place(key)
                    if link.kind is Kind.ARTICLE and not owns(there):
                        self._foreign.add(site(there))
                    else:
                        yield key, self._dated(link)
            except ValueError as error:
                self._bad.append(str(error)[:200])

    def _led(self, links: Iterable[Link]) -> Iterator[Link]:
        """Yield the links, on a walk an announced interface of WordPress as its ways back."""
        walk = self.visit.past and self.visit.kind is not Kind.API
        for link in links:
            if walk and link.kind is Kind.API:
                yield from wordpress.ways_back(link.url, self.period)
            elif not (walk and link.kind is Kind.FEED):  # which leads nowhere back
                yield link

    def _dated(self, link: Link) -> Link:
        if link.kind is not Kind.API:
            return dated(link, zone=self.publisher.zone)
        if not link.latest_on:  # a page that continues this listing is of the same days
            link = replace(link, earliest_on=self.visit.earliest_on, latest_on=self.visit.latest_on)
        return link

    def _is_trap(self, url: str) -> bool:
        if isinstance(self.store, RecordedLinks):
            return shape(url) in self.store.followed.resting
        return self.traps is not None and self.traps.holds(url, publisher=self.visit.publisher)

    def _is_beyond(self) -> bool:
        """Return whether the page before this one is of older days, or the listing is a trap."""
        if isinstance(self.store, RecordedLinks):
            return self.store.followed.beyond
        visit, since = self.visit, self.period.since
        if self.traps and self.traps.leads_nowhere(visit):
            return True
        if since is None or visit.kind is not Kind.SECTION or visit.found_in is None:
            return False
        return visits.is_before(self.store.db, visit.found_in, since)

    def _goes_on(self) -> bool:
        """Return whether the page that continues a listing is to be read."""
        if isinstance(self.store, RecordedLinks):
            return self.store.followed.pages
        visit, before = self.visit, self.visit.found_in
        if self._articles and self._old == self._articles:
            return False
        if not visit.past or visit.kind is Kind.FEED:
            # Where nothing is new, older pages are known; but a feed may have named the newest.
            goes_on = self._fresh > 0 or (visit.last_at is None and before is None)
            return goes_on and not self._is_deep()
        if visit.kind is Kind.API and not self._keys:  # none is wanted, or all are traps
            return not self._resting and not self._is_deep()
        # Some sites answer for a page beyond the last one with that or the first one again.
        return bool(self._keys) and not (
            before and visits.is_like(self.store.db, self._keys, before)
        )

    def _is_deep(self) -> bool:
        return self.traps is not None and self.traps.is_deep(self.visit, self.capture)


def has_to_announce(visit: Visit, publisher: Publisher) -> bool:
    """Return whether a visit is to a front page that has to name its newspaper's listings.

    That is where the publisher's file names none; a walk into the past cannot use feeds.
    """
    unknown = publisher.is_bare or (visit.past and not publisher.has_way_back)
    return unknown and visit.kind is Kind.SECTION and visit.url == publisher.homepage


async def announced_sitemaps(store: LinkStore, page: Capture, read: ReadLinks) -> Iterable[Link]:
    """Return the sitemaps that a page's host announces in its robots.txt, which was just read."""
    url = urljoin(page.url, "/robots.txt")
    known = store.latest(url, since=store.clock() - FRESH)
    if not known or known[0] != 200:
        return []
    with suppress(NotAListing):  # it takes too long to read
        return await read(replace(page, url=url, kind=Kind.ROBOTS, body=known[1]))
    return []
