"""What an answer means, carried out: a page is read and saved, links are followed, visits end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scrapy.http import Headers

from archive import links, visits
from archive.models import Capture, Kind, Outcome, Problem, Reading, Visit
from archive.problems import ProblemKind
from archive.store import Store
from archive.visits import State
from crawler.daterange import Period
from crawler.errors import NotAListing, NotRendered
from crawler.fetch.throttle import Pauses
from crawler.ingest import Keeper
from crawler.listings.follow import Follower, Traps, has_to_announce
from crawler.outcomes import Meaning, Outcomes, meaning_of
from crawler.publisher import Publisher
from crawler.workers import Workers

if TYPE_CHECKING:  # a crawl that renders nothing needs no browser
    from crawler.browser import Renderer

_VALIDATOR = re.compile("[ -~]{1,1000}")
# Of a site whose pages are all of these, nothing is to be had for now.
_PAUSING = {ProblemKind.OUTAGE, ProblemKind.EXTRACT_TIMEOUT, ProblemKind.EXTRACT_CRASH}
_RENDERED = frozenset({Kind.ARTICLE, Kind.SECTION})


def as_asked(visit: Visit, publisher: Publisher, *, full: bool = False) -> Visit:
    """Return a visit with the validators that its request has and its answer is held against.

    With `full`, articles are kept as a browser shows them, whoever the publisher is.
    """
    if visit.etag or visit.last_modified:
        etag, last_modified = _sendable(visit.etag), _sendable(visit.last_modified)
        visit = replace(visit, etag=etag, last_modified=last_modified)
    if has_to_announce(visit, publisher):
        # What it names is due again only where it is read again.
        visit = replace(visit, etag=None, last_modified=None)
    if _is_rendered(visit, publisher, full=full):  # the same bytes may show something else
        visit = replace(visit, etag=None, last_modified=None, last_sha256=None)
    return visit


def _sendable(validator: str | None) -> str | None:
    """Return a validator if it can be sent back, else None (RFC 9110, section 8.8.3)."""
    return validator if _VALIDATOR.fullmatch(validator or "") else None


def _is_rendered(visit: Visit, publisher: Publisher, *, full: bool) -> bool:
    """Return whether the page of a visit is shown in a browser."""
    return (publisher.render or full) and visit.kind in _RENDERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """Takes each visit's answer and ends the visit, by the workers and the browser."""

    store: Store
    publishers: Mapping[str, Publisher]
    outcomes: Outcomes
    traps: Traps
    period: Period
    pauses: Pauses
    workers: Workers
    renderer: "Renderer | None"

    async def receive(self, visit: Visit, capture: Capture, headers: Headers) -> State:
        """End a visit by its answer, with its decoded body; return the state that it is in now.

        Raises:
            Stopped: if the workers were asked to stop; the visit stays due.
        """
        outcomes = self.outcomes
        meaning = meaning_of(
            capture,
            kind=visit.kind,
            asked=visit.url,
            validated=bool(visit.etag or visit.last_modified),
            last_payload=self._last_payload(visit),
            publisher=self.publishers[visit.publisher],
        )
        match meaning:
            case Meaning.TRUNCATED:
                detail = f"the answer broke off ({capture.truncated})"
                return outcomes.failed(visit, capture, ProblemKind.TRUNCATED, detail)
            case Meaning.UNCHANGED:
                return outcomes.unchanged(visit, capture)
            case Meaning.MAYBE_GONE:
                return outcomes.maybe_gone(visit, capture)
            case Meaning.IMAGE:
                return outcomes.image(visit, capture)
            case Meaning.MEDIUM:
                self.traps.count(visit, capture, fruitful=False)
                return outcomes.not_a_page(visit, capture)
            case Meaning.PAGE | Meaning.LISTING:
                return await self._read(visit, capture, headers)
            case Meaning.PAST_THE_END:  # posts were withdrawn since it was listed
                return outcomes.done(visit, capture)
            case Meaning.ABSENT | Meaning.ERROR:
                return await self._read_error(visit, capture, headers, meaning)

    def _known(self, visit: Visit) -> str | None:
        """Return the digest of a sitemap that was read today: what it says is known.

        Once a day all of it is read: what is wanted of it may have changed. An answer that nothing
        is new does not count.
        """
        if visit.kind is not Kind.SITEMAP or visit.past:
            return None
        read_at = visits.read_at(self.store.db, visit.key)
        is_fresh = read_at is not None and read_at.date() == self.store.clock().date()
        return visit.last_sha256 if is_fresh else None

    def _last_payload(self, visit: Visit) -> str | None:
        """Return the digest of the payload that says nothing new."""
        if visit.article:
            return visit.last_sha256
        known = self._known(visit)
        return known if known and links.lists_articles(self.store.db, visit.key) else None

    async def _read(self, visit: Visit, capture: Capture, headers: Headers) -> State:
        """Read a page or listing, as a browser shows it where its publisher needs that."""
        publisher = self.publishers[visit.publisher]
        if self.renderer and _is_rendered(visit, publisher, full=self.renderer.full):
            try:
                capture = await self.renderer.shown(visit, capture, headers)
            except NotRendered as error:
                kind, detail = error.kind, str(error)
                if publisher.render:
                    return self.outcomes.failed(visit, capture, kind, detail, stage="render")
                self.store.report(visit, capture, kind, detail, stage="render")
        if visit.kind is Kind.ARTICLE:
            return await self._read_page(visit, capture, publisher)
        return await self._read_listing(visit, capture, publisher)

    async def _read_page(self, visit: Visit, capture: Capture, publisher: Publisher) -> State:
        extraction = await self.workers.extract(capture, publisher, hints=visit.hints)
        outage = any(problem.kind in _PAUSING for problem in extraction.problems)
        self.pauses.shown(visit.url, outage=outage)
        reading = Reading(visit=visit, capture=capture, extraction=extraction)
        keeper = Keeper(self.store, self.publishers, self.traps, self.workers)
        return await keeper.keep(reading)

    async def _read_listing(self, visit: Visit, capture: Capture, publisher: Publisher) -> State:
        traps, known = self.traps, self._known(visit)
        follower = Follower(
            self.store, visit, capture, publisher, self.period, traps=traps, known=known
        )
        try:
            followed = await follower.follow(self.workers.links, self.workers.changed)
            is_bare = visit.kind is Kind.SECTION and not follower.taken
            wrong = await self.workers.wall(capture) if is_bare else None
        except NotAListing as error:
            unread = Problem(kind=ProblemKind.NOT_A_LISTING, detail=str(error), stage="discover")
            wrong = await self.workers.wall(capture) or unread
        if wrong:
            return self.outcomes.failed(
                visit, capture, wrong.kind, wrong.detail, stage="discover", outcome=Outcome.OTHER
            )
        return self.outcomes.done(visit, capture, followed=followed)

    async def _read_error(
        self, visit: Visit, capture: Capture, headers: Headers, meaning: Meaning
    ) -> State:
        """End a visit that an error answered: gone, unless something else says so in its place."""
        wall = await self.workers.wall(capture)
        detail = f"answered {capture.status}" + (f": {wall.detail}" if wall else "")
        if meaning is not Meaning.ABSENT:
            kind = ProblemKind.http(capture.status)
            retry_after = (headers.get("Retry-After") or b"").decode("latin-1")
            return self.outcomes.failed(visit, capture, kind, detail, retry_after=retry_after)
        if wall and not wall.kind.proves_removal:
            return self.outcomes.failed(visit, capture, wall.kind, detail)
        self.traps.count(visit, capture, fruitful=False)
        return self.outcomes.gone(visit, capture)
