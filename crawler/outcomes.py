"""What an answer means, and how its visit ends: in the archive, with the time of the next one."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from archive import articles, captures
from archive.journal import Followed
from archive.models import Capture, Extraction, Kind, Outcome, PageKind, Problem, Visit
from archive.problems import ProblemKind
from archive.store import Store
from archive.urls import host_of, identity_key, is_home
from archive.visits import State
from crawler import schedule
from crawler.extract.vocabulary import changes_script
from crawler.listings import wordpress
from crawler.publisher import Publisher


class Meaning(StrEnum):
    """What an answer is, before anything in it is read."""

    TRUNCATED = "truncated"
    UNCHANGED = "unchanged"  # a 304 that was asked for, or the payload of last time
    IMAGE = "image"
    MEDIUM = "medium"  # a document, an image or a film where a page was expected
    PAGE = "page"
    LISTING = "listing"
    PAST_THE_END = "past the end"  # of a listing's pages
    MAYBE_GONE = "maybe gone"  # an article's address that leads to a listing now
    ABSENT = "absent"  # 404 or 410 by the host that was asked
    ERROR = "error"


def meaning_of(
    capture: Capture,
    *,
    kind: Kind,
    asked: str,
    validated: bool,
    last_payload: str | None,
    publisher: Publisher,
) -> Meaning:
    """Return what a capture means that answers a visit of a kind to the address `asked`.

    `validated` tells that validators were sent, `last_payload` is the digest of the payload that
    the article was last read from, None where no article is known. At another address it is
    read again.
    """
    if capture.truncated:
        return Meaning.TRUNCATED
    answered = kind is Kind.ARTICLE and capture.status in {200, 304}
    if answered and _lists(capture.url, publisher) and not _lists(asked, publisher):
        return Meaning.MAYBE_GONE
    is_known = last_payload is not None and capture.sha256 == last_payload
    if is_known and kind is Kind.ARTICLE:
        is_known = identity_key(capture.url) == identity_key(asked)
    if (capture.status == 304 and validated) or (capture.status == 200 and is_known):
        return Meaning.UNCHANGED
    if capture.status == 200 and kind is Kind.ARTICLE:
        return Meaning.MEDIUM if medium(capture) else Meaning.PAGE
    if capture.status == 200:
        return Meaning.IMAGE if kind is Kind.IMAGE else Meaning.LISTING
    if capture.status == 400 and wordpress.is_past_the_end(capture.body):
        return Meaning.PAST_THE_END
    if capture.status in {404, 410} and host_of(capture.url) == host_of(asked):
        return Meaning.ABSENT
    return Meaning.ERROR


def _lists(url: str, publisher: Publisher) -> bool:
    """Return whether an address is a front page's, or a section's in the publisher's file."""
    sections = {section.rstrip("/") for section in publisher.sections}
    return is_home(url) or url.rstrip("/") in sections


def believed(reading: Extraction, language: str | None) -> Extraction:
    """Return a reading of an article in a language, or that it is of another page.

    No newspaper changes the script of an article.
    """
    if not reading.text or not changes_script(language, reading.text):
        return reading
    detail = f"another page stands here: the article was in another script ({language})"
    problem = Problem(kind=ProblemKind.REPLACED, detail=detail, stage="keep")
    return Extraction(kind=PageKind.OTHER, problems=(problem,))


# By how they begin, where every one of them does.
_BEGINNINGS = {
    b"%PDF-": "a PDF document", b"\x89PNG\r\n": "an image (PNG)",
    b"\xff\xd8\xff": "an image (JPEG)", b"GIF8": "an image (GIF)",
    b"RIFF": "a picture, sound or film (RIFF)", b"PK\x03\x04": "a ZIP archive or office document",
    b"Rar!\x1a": "a RAR archive", b"7z\xbc\xaf": "a 7z archive", b"\x1f\x8b\x08": "a gzip file",
    b"\xd0\xcf\x11\xe0": "an office document", b"\x7fELF": "a program", b"ID3": "sound (MP3)",
    b"OggS": "sound or film (Ogg)",
}  # fmt: skip
_TYPES = re.compile(
    r"(?!image/svg)(?:image|audio|video|font|model)/"
    r"|application/(?:pdf|zip|gzip|x-(?:rar|7z|tar|gzip)|msword|vnd\.|octet-stream|epub)",
    re.IGNORECASE,
)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


def medium(capture: Capture) -> str | None:
    """Return what an answer is that holds no page to read; None where it may hold one.

    The bytes decide: many servers give a page the type of something else, or the other way round.
    """
    body, declared = capture.body, (capture.content_type or "").strip()
    for beginning, name in _BEGINNINGS.items():
        if body.startswith(beginning):
            return name
    if body[4:8] == b"ftyp":
        return "a film or sound (MP4)"
    is_other = _TYPES.match(declared) and not _MARKUP.match(body)
    return f"{declared.partition(';')[0]}, no page" if is_other else None


# The first bytes of the kinds of image that newspapers print (WHATWG MIME Sniffing, 6.1).
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM")


def is_image(content_type: str, body: bytes) -> bool:
    """Return whether an answer is a raster image: it says so, or says nothing and begins so."""
    media = content_type.partition(";")[0].strip().lower()
    known = body.startswith(_IMAGES) or body[4:12] in {b"ftypavif", b"ftypheic", b"ftypmif1"}
    return known and (media.startswith("image/") or media in {"", "application/octet-stream"})


def after_failure(
    store: Store, visit: Visit, *, now: datetime, asked: datetime | None = None, away: bool = False
) -> datetime | None:
    """Return when a failed visit is tried again, None when never.

    It is given up only while its newspaper shows other articles: else that refuses, or is ill.
    """
    tired = visit.failures + 1 >= schedule.GIVE_UP and not away
    since = visit.last_at or now
    shows = tired and captures.has_read(store.db, visit.publisher, since=since)
    return schedule.after_failure(visit, now=now, retry_after=asked, give_up=shows)


class Outcomes:
    """Writes how visits ended to the archive's open batch; each returns the state after it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._after_failure = partial(after_failure, store)

    def unchanged(self, visit: Visit, capture: Capture) -> State:
        """End a visit whose address answered as last time, or said so with a 304."""
        if visit.article is None:
            return self.done(visit, capture, followed=Followed(beyond=True))
        self._store.unchanged(visit.article, capture=capture)
        return self.done(visit, capture, outcome=Outcome.UNCHANGED)

    def done(
        self,
        visit: Visit,
        capture: Capture,
        *,
        outcome: Outcome = Outcome.READ,
        followed: Followed | None = None,
    ) -> State:
        """End a visit whose answer was read; a listing was `followed` so far."""
        now = self._store.clock()
        rechecks = self._store.rechecks(visit.publisher) if visit.article else None
        due_at, not_before = schedule.after_success(visit, now=now, rechecks=rechecks), None
        waits = followed is not None and followed.beyond and followed.moved is not None
        if waits:
            due_at = now + schedule.FIRST_FAILURE
        if followed and followed.taken is not None:
            due_at = schedule.tomorrow(now)
            not_before = None if followed.taken else due_at  # there is room for nothing
        if followed and (followed.taken is not None or followed.resting or waits):
            # It is read again, and whole.
            visit, outcome = replace(visit, etag=None, last_modified=None), Outcome.OTHER
        return self._store.visited(
            visit,
            capture,
            state="done",
            due_at=due_at,
            not_before=not_before,
            outcome=outcome,
            followed=followed,
        )

    def image(self, visit: Visit, capture: Capture) -> State:
        """End a visit to an image: what answers must be one, by its header and its first bytes."""
        if is_image(capture.content_type or "", capture.body):
            return self.done(visit, capture)
        detail = f"answered {capture.content_type or 'without a type'}, which is not an image"
        return self.failed(visit, capture, ProblemKind.NOT_AN_IMAGE, detail)

    def gone(self, visit: Visit, capture: Capture) -> State:
        """End a visit to an address where nothing is any more (404 or 410)."""
        kind, article, outcome = ProblemKind.http(capture.status), visit.article, Outcome.GONE
        if article is not None:
            outcome = self._store.missing(article, capture=capture)
        if outcome is Outcome.GONE and (article is not None or self._is_news(visit, kind)):
            self._store.report(visit, capture, kind, f"answered {capture.status}: gone")
        is_open = article is not None and not articles.is_gone(self._store.db, article)
        again = schedule.to_confirm if is_open else schedule.after_gone
        return self._end(visit, capture, outcome, again, state="gone")

    def maybe_gone(self, visit: Visit, capture: Capture) -> State:
        """End a visit to an article whose address leads to a front page or section now."""
        detail = f"the address leads to {capture.url} now"
        self._report(visit, capture, ProblemKind.MAYBE_GONE, detail)
        return self._end(visit, capture, Outcome.OTHER, schedule.after_maybe_gone)

    def refused(self, visit: Visit, detail: str) -> State:
        """End a visit that the site's robots.txt forbids."""
        self._report(visit, None, ProblemKind.ROBOTS_DISALLOW, detail)
        return self._end(visit, None, Outcome.REFUSED, self._after_failure, state="refused")

    def died(self, visit: Visit, detail: str) -> bool:
        """End a visit that was in hand when its crawl died; return whether it is due still.

        Others were in hand as well: it is put off only where that happened at its last visit, too.
        """
        now, last = self._store.clock(), self._store.last_problem(visit.url)
        again = visit.failures and last and last[0] == ProblemKind.SLICE_DIED
        due_at = schedule.after_failure(visit, now=now) if again else now
        self._store.report(visit, None, ProblemKind.SLICE_DIED, detail, stage="crawl")
        self._store.visited(visit, None, state="failed", due_at=due_at, not_before=due_at)
        return not again

    def not_a_page(self, visit: Visit, capture: Capture) -> State:
        """End a visit to an article's address that answered with something else than a page."""
        self._report(visit, capture, ProblemKind.NOT_A_PAGE, f"the answer is {medium(capture)}")
        if visit.article is None:
            return self.done(visit, capture, outcome=Outcome.OTHER)
        return self._end(visit, capture, Outcome.OTHER, self._after_failure)

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
    ) -> State:
        """End a visit that brought nothing that can be used; the address is asked again later.

        `retry_after` is the header of that name.
        """
        now = self._store.clock()
        asked = schedule.retry_after(retry_after, now=now)
        due_at = self._after_failure(visit, now=now, asked=asked, away=kind.away)
        self._store.report(visit, capture, kind, detail, stage=stage)
        # 429 and 503 ask for patience (RFC 6585, section 4; RFC 9110, 15.6.4).
        not_before = due_at if asked or kind.status in {429, 503} else None
        return self._store.visited(
            visit, capture, state="failed", due_at=due_at, not_before=not_before, outcome=outcome
        )

    def _end(
        self,
        visit: Visit,
        capture: Capture | None,
        outcome: Outcome,
        again: Callable[..., datetime | None],
        *,
        state: State = "failed",
    ) -> State:
        """End a visit; `again` is the rule of `crawler.schedule` that says when the next is due."""
        due_at = again(visit, now=self._store.clock())
        return self._store.visited(visit, capture, state=state, due_at=due_at, outcome=outcome)

    def _is_news(self, visit: Visit, kind: ProblemKind) -> bool:
        """Return whether a state of an address is not reported yet; of an entry point, today."""
        last = self._store.last_problem(visit.url)
        if visit.last_at is None or last is None or last[0] != kind:
            return True
        entry = visit.kind is not Kind.ARTICLE and visit.found_in is None
        return entry and last[1] <= self._store.clock() - schedule.LONGEST_WAIT

    def _report(
        self, visit: Visit, capture: Capture | None, kind: ProblemKind, detail: str
    ) -> None:
        """Save what is wrong with an address, unless that is known."""
        if self._is_news(visit, kind):
            self._store.report(visit, capture, kind, detail)
