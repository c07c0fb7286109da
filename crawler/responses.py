"""What an answer means: a page to be read, links, or the end of a visit.

The spider hands on what came over the wire, a rebuild what was recorded of it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from archive.models import Capture, Kind, Outcome, Page, Visit
from archive.problems import ProblemKind
from archive.store import Store
from crawler.browser.render import NotRendered, is_shown
from crawler.daterange import Period
from crawler.errors import NotAListing
from crawler.listings.follow import Follower, Traps, has_to_announce
from crawler.outcomes import Ended, Meaning, Outcomes, meaning_of, medium
from crawler.publisher import Publisher
from crawler.workers import Stopped, Workers

Shown = Callable[[Visit, Capture], Awaitable[Capture]]


def as_asked(visit: Visit, publisher: Publisher) -> Visit:
    """Return a visit with the validators that its request has and its answer is held against."""
    if has_to_announce(visit, publisher):
        # What it names is due again only where it is read again.
        visit = replace(visit, etag=None, last_modified=None)
    if is_shown(visit, publisher):  # the same bytes may show something else
        visit = replace(visit, etag=None, last_modified=None, last_sha256=None)
    return visit


class Responses:
    """Takes each visit's answer and ends the visit, unless it is a page that is read first."""

    def __init__(
        self,
        store: Store,
        publishers: Mapping[str, Publisher],
        *,
        outcomes: Outcomes,
        traps: Traps,
        period: Period,
        workers: Workers,
    ) -> None:
        """Take the open archive, and the workers that parse what strangers sent."""
        self._store = store
        self._publishers = publishers
        self._outcomes = outcomes
        self._traps = traps
        self._period = period
        self._workers = workers

    async def receive(
        self, visit: Visit, capture: Capture, *, shown: Shown, retry_after: str = ""
    ) -> Page | Ended:
        """Return the page that an answer is, with its decoded body, or else the end of its visit.

        `shown` gives the capture as a browser shows it, where its publisher needs that, and
        raises NotRendered where it cannot; `retry_after` is the header of that name.
        """
        meaning = meaning_of(
            capture,
            kind=visit.kind,
            asked=visit.url,
            validated=bool(visit.etag or visit.last_modified),
            last_payload=visit.last_sha256 if visit.article else None,
            publisher=self._publishers[visit.publisher],
        )
        outcomes = self._outcomes
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
                self._traps.count(visit, fruitful=False)
                return outcomes.not_a_page(visit, capture, medium(capture) or "")
            case Meaning.PAGE | Meaning.LISTING:
                return await self._read(visit, capture, shown)
            case Meaning.PAST_THE_END:  # posts were withdrawn since it was listed
                return outcomes.done(visit, capture)
        return await self._read_error(visit, capture, retry_after, meaning)

    async def _read(self, visit: Visit, capture: Capture, shown: Shown) -> Page | Ended:
        """Return the page that a good answer is, or the end of a visit to a listing."""
        try:
            as_shown = await shown(visit, capture)
        except NotRendered as error:
            return self._outcomes.failed(visit, capture, error.kind, str(error), stage="render")
        if visit.kind is Kind.ARTICLE:
            return Page(visit=visit, capture=as_shown)
        return await self._read_listing(visit, as_shown)

    async def _read_error(
        self, visit: Visit, capture: Capture, retry_after: str, meaning: Meaning
    ) -> Ended:
        """End a visit that an error answered: gone, unless something else says so in its place."""
        try:
            wall = await self._workers.wall(capture)
        except Stopped:
            return Ended(visit=visit)
        detail = f"answered {capture.status}" + (f": {wall.detail}" if wall else "")
        if meaning is not Meaning.ABSENT:
            kind = ProblemKind.http(capture.status)
            return self._outcomes.failed(visit, capture, kind, detail, retry_after=retry_after)
        if wall and not wall.kind.proves_removal:
            return self._outcomes.failed(visit, capture, wall.kind, detail)
        return self._outcomes.gone(visit, capture)

    async def _read_listing(self, visit: Visit, capture: Capture) -> Ended:
        try:
            one = self._publishers[visit.publisher]
            follower = Follower(self._store, visit, capture, one, traps=self._traps)
            followed = await follower.follow(self._workers.links, self._period)
        except Stopped:
            return Ended(visit=visit)
        except NotAListing as error:
            kind = ProblemKind.NOT_A_LISTING
            return self._outcomes.failed(
                visit, capture, kind, str(error), stage="discover", outcome=Outcome.OTHER
            )
        return self._outcomes.done(visit, capture, followed=followed)
