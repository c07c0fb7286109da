"""The end of a visit: what it brought goes into the archive, with the time of the next one."""

from dataclasses import dataclass
from datetime import datetime

from archive.journal import Followed
from archive.problems import ProblemKind
from archive.records import Capture, Kind, Outcome, Problem, Visit
from archive.store import Store
from archive.visits import State
from crawler import schedule

# The first bytes of the kinds of image that newspapers print (WHATWG MIME Sniffing, 6.1).
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM")


def is_image(content_type: str, body: bytes) -> bool:
    """Return whether an answer is a raster image: it says so, or says nothing and begins so."""
    media = content_type.partition(";")[0].strip().lower()
    known = body.startswith(_IMAGES) or body[4:12] in {b"ftypavif", b"ftypheic", b"ftypmif1"}
    return known and (media.startswith("image/") or media in {"", "application/octet-stream"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A visit that is over: its row is in the open batch, unless `state` is None.

    None means that the visit did not come to an end and stays due, as where the workers stopped.
    """

    visit: Visit
    state: State | None = None


class Outcomes:
    """Writes how visits ended to the archive's open batch, and returns the end."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def unchanged(self, visit: Visit, capture: Capture) -> Ended:
        """End a visit whose address answered as last time, or said so with a 304."""
        outcome = Outcome.READ
        if visit.article is not None:
            self._store.unchanged(visit.article, capture=capture)
            outcome = Outcome.UNCHANGED
        return self.done(visit, capture, outcome=outcome)

    def done(
        self,
        visit: Visit,
        capture: Capture,
        *,
        outcome: Outcome = Outcome.READ,
        followed: Followed | None = None,
    ) -> Ended:
        """End a visit whose answer was read; a listing was `followed` so far."""
        due_at = schedule.after_success(visit, now=self._store.clock())
        return self._end(
            visit, capture, state="done", due_at=due_at, outcome=outcome, followed=followed
        )

    def image(self, visit: Visit, capture: Capture) -> Ended:
        """End a visit to an image: what answers must be one, by its header and its first bytes."""
        if is_image(capture.content_type or "", capture.body):
            return self.done(visit, capture)
        detail = f"answered {capture.content_type or 'without a type'}, which is not an image"
        return self.failed(visit, capture, ProblemKind.NOT_AN_IMAGE, detail)

    def gone(self, visit: Visit, capture: Capture) -> Ended:
        """End a visit to an address where nothing is any more (404 or 410)."""
        kind, now = ProblemKind.http(capture.status), self._store.clock()
        if visit.article is None:
            outcome, is_news = Outcome.GONE, self._is_news(visit, kind)
        else:
            outcome = self._store.missing(visit.article, capture=capture)
            is_news = outcome is Outcome.GONE
        if is_news:
            self._problem(visit, capture, kind, f"answered {capture.status}: gone")
        is_open = visit.article is not None and not self._store.is_gone(visit.article)
        due_at = (schedule.to_confirm if is_open else schedule.after_gone)(visit, now=now)
        return self._end(visit, capture, state="gone", due_at=due_at, outcome=outcome)

    def refused(self, visit: Visit, detail: str) -> Ended:
        """End a visit that the site's robots.txt forbids."""
        if self._is_news(visit, ProblemKind.ROBOTS_DISALLOW):
            self._problem(visit, None, ProblemKind.ROBOTS_DISALLOW, detail)
        now = self._store.clock()
        due_at = schedule.after_failure(visit, now=now)
        return self._end(visit, None, state="refused", due_at=due_at, outcome=Outcome.REFUSED)

    def not_a_page(self, visit: Visit, capture: Capture, what: str) -> Ended:
        """End a visit to an article's address that answered with something else than a page."""
        if self._is_news(visit, ProblemKind.NOT_A_PAGE):
            self._problem(visit, capture, ProblemKind.NOT_A_PAGE, f"the answer is {what}")
        now = self._store.clock()
        known = visit.article is not None
        due_at = (schedule.after_failure if known else schedule.after_success)(visit, now=now)
        state: State = "failed" if known else "done"
        return self._end(visit, capture, state=state, due_at=due_at, outcome=Outcome.OTHER)

    def failed(
        self,
        visit: Visit,
        capture: Capture | None,
        kind: ProblemKind,
        detail: str,
        *,
        retry_after: str = "",
        stage: str = "fetch",
        outcome: Outcome = Outcome.FAILED,
    ) -> Ended:
        """End a visit that brought nothing that can be used; the address is asked again later.

        `retry_after` is the header of that name.
        """
        now = self._store.clock()
        asked = schedule.retry_after(retry_after, now=now)
        due_at = schedule.after_failure(visit, now=now, retry_after=asked, give_up=not kind.away)
        self._problem(visit, capture, kind, detail, stage=stage)
        not_before = due_at if asked or kind.asks_for_patience else None
        return self._end(
            visit,
            capture,
            state="failed",
            due_at=due_at,
            not_before=not_before,
            outcome=outcome,
        )

    def _is_news(self, visit: Visit, kind: ProblemKind) -> bool:
        """Return whether a state of an address was not told yet; of an entry point, today."""
        told = self._store.last_problem(visit.url)
        if visit.last_at is None or told is None or told[0] != kind:
            return True
        entry = visit.kind is not Kind.ARTICLE and visit.found_in is None
        return entry and told[1] <= self._store.clock() - schedule.LONGEST_WAIT

    def _problem(
        self,
        visit: Visit,
        capture: Capture | None,
        kind: ProblemKind,
        detail: str,
        *,
        stage: str = "fetch",
    ) -> None:
        problem = Problem(kind=kind, detail=detail, stage=stage)
        self._store.problem(problem, url=visit.url, publisher=visit.publisher, capture=capture)

    def _end(
        self,
        visit: Visit,
        capture: Capture | None,
        *,
        state: State,
        due_at: datetime | None,
        not_before: datetime | None = None,
        outcome: Outcome = Outcome.READ,
        followed: Followed | None = None,
    ) -> Ended:
        self._store.visited(
            visit,
            capture,
            due_at=due_at,
            state=state,
            not_before=not_before,
            outcome=outcome,
            followed=followed,
        )
        return Ended(visit=visit, state=state)
