"""An article's history, folded from what was observed of it in the order of time. Pure.

The live crawl appends one observation to the state it finds; a rebuild folds all of them. Both come
out the same, because both are this one function. What in a reading is the publisher's writing, and
what of it is an edit, is decided here too.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from archive.models import Extraction, Outcome

STATED = frozenset({"json-ld", "meta", "microdata", "time", "script"})
CONFIRMED = timedelta(hours=1)  # between two answers of 404 or 410 before an article is gone

_DATE = ("published_at", "published_on", "published_from")
# What may move in the next reading without an edit, and what does where only a listing said it.
_MOVING = (*_DATE, "modified_at", "embeds", "images")
_LISTED = ("byline", "byline_from", "authors", "tags")


def content_hash(extraction: Extraction) -> str:
    """Return half of the SHA-256, in hexadecimal, of all that the publisher wrote in this reading.

    `modified_at` is left out: a stamp that moves without a word changing is no revision. White
    space, an image's query string (sizes, cache keys) and the order of tags and captions are no
    change either. A date of publication is compared by `dated`; a byline that only a listing gave
    is not on the page.
    """
    written = json.dumps([*_words(extraction), *_around(extraction)], ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def differ(before: Extraction, after: Extraction) -> bool:
    """Return whether a publisher wrote something else, its dates aside.

    Captions count only where both show images: an imported line says nothing of them.
    """
    return not is_small(before, after) or _around(before, after) != _around(after, before)


def is_small(before: Extraction, after: Extraction) -> bool:
    """Return whether two readings differ at most in their main image, captions or tags."""
    return _words(before) == _words(after)


_SHORT = 30  # words; a text that is shorter has no most of it


def loses(before: Extraction, after: Extraction) -> bool:
    """Return whether a reading lacks the title or three of four words that were there before.

    So may an edit; where several articles of a newspaper do at once, its pages are read wrongly.
    """
    if not after.is_article or (before.title and not after.title):
        return True
    was = Counter(before.text.split())
    kept = (was & Counter(after.text.split())).total()
    return was.total() >= _SHORT and 4 * kept < was.total()  # of a short one, a cut leaves a third


def _words(extraction: Extraction) -> list[object]:
    return [
        extraction.title,
        extraction.deck,
        None if extraction.byline_from == "feed" else extraction.byline,
        extraction.dateline,
        extraction.section,
        [" ".join(line.split()) for line in extraction.text.splitlines() if line.strip()],
    ]


def _around(extraction: Extraction, other: Extraction | None = None) -> list[object]:
    """Return what stands around the words; no captions where `other` has no images."""
    image = extraction.image_url and urlsplit(extraction.image_url)._replace(query="").geturl()
    below = captions(extraction) if other is None or other.images else []
    return [sorted(set(extraction.tags)), image, below]


def captions(extraction: Extraction) -> list[str]:
    """Return what is written below the images of a reading, each once, in a fixed order."""
    return sorted({image.caption for image in extraction.images if image.caption})


def dated(before: Extraction, after: Extraction) -> tuple[Extraction, bool]:
    """Return a reading with the date that its article then has, and whether that is an edit.

    A date that the page states for machines is taken as it is, and differs from one stated before
    only by an edit. Any other keeps its first value: a listing may have been read meanwhile, and
    a relative phrase counts from another moment (invariant 10). A day may gain its time.
    """
    at, same_day = after.published_at, after.published_on == before.published_on
    kept = _with(after, before, _DATE)
    if after.published_from in STATED:
        if at is None and same_day:
            return kept, False
        moved = None not in {at, before.published_at} and at != before.published_at
        return after, before.published_from in STATED and (moved or not same_day)
    gains_time = before.published_at is None and at is not None and same_day
    return after if before.published_on is None or gains_time else kept, False


def _with(reading: Extraction, other: Extraction, names: Iterable[str]) -> Extraction:
    """Return a reading with some of its fields as they are in another."""
    return replace(reading, **{name: getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one capture shows of an article.

    One of `reading`, `same` (the answer is the last good one) and `missing` (404 or 410) is set;
    none where the answer shows nothing of the article. `url` is the address at which a reading
    shows it.
    """

    capture: int | None
    at: datetime
    reading: Extraction | None = None
    url: str | None = None
    same: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An article as it is now; `url` is the address at which it was read last.

    `missing_at` is the first of the latest answers of 404 or 410, `gone_at` the same moment once a
    later answer has confirmed it.
    """

    reading: Extraction
    capture: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    url: str | None = None
    changed_at: datetime | None = None
    revision_count: int = 1
    missing_at: datetime | None = None
    gone_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state that was observed; `small` if only images, captions or tags changed."""

    number: int
    observed_at: datetime
    capture: int | None
    reading: Extraction
    small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What an observation was, the state after it, and the revision that it made, if any."""

    outcome: Outcome
    state: State
    revision: Revision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """An article's revisions, oldest first, and its present state."""

    state: State
    revisions: tuple[Revision, ...]


def fold(observations: Iterable[Observation], start: History | None = None) -> History | None:
    """Return the history that observations in the order of their time make; None without a reading.

    `start` is a history that is known beforehand, as that of an imported line. What was observed
    within its span adds nothing to it.
    """
    state = start.state if start else None
    revisions = list(start.revisions) if start else []
    for observation in observations:
        if start and observation.at <= start.state.last_seen_at:
            continue
        step = observe(state, observation)
        if step is None:
            continue
        state = step.state
        if step.revision:
            revisions.append(step.revision)
    return History(state=state, revisions=tuple(revisions)) if state else None


def observe(state: State | None, observation: Observation) -> Step | None:
    """Return what an observation makes of an article's state, None if it shows nothing of it."""
    reading = observation.reading
    if state is None:
        return _first(observation, reading) if reading else None
    if reading:
        return _read(state, observation, reading)
    if observation.same:
        return Step(outcome=Outcome.SAME, state=_seen(state, observation))
    return _missing(state, observation) if observation.missing else None


def _first(observation: Observation, reading: Extraction) -> Step:
    state = State(
        reading=reading,
        capture=observation.capture,
        first_seen_at=observation.at,
        last_seen_at=observation.at,
        url=observation.url,
    )
    return Step(outcome=Outcome.NEW, state=state, revision=_revision(state, observation))


def _read(state: State, observation: Observation, reading: Extraction) -> Step:
    before, seen = state.reading, _seen(state, observation)
    reading, redated = dated(before, reading)
    if not redated and not differ(before, reading):
        moving = _MOVING + _LISTED if reading.byline_from == "feed" else _MOVING
        state = replace(seen, reading=_with(before, reading, moving))
        return Step(outcome=Outcome.SAME, state=state)
    number = state.revision_count + 1
    after = replace(seen, reading=reading, changed_at=observation.at, revision_count=number)
    small = not redated and is_small(before, reading)
    return Step(
        outcome=Outcome.CHANGED, state=after, revision=_revision(after, observation, small=small)
    )


def _missing(state: State, observation: Observation) -> Step:
    missing_at, gone_at = confirmed(state.missing_at, state.gone_at, at=observation.at)
    after = replace(state, missing_at=missing_at, gone_at=gone_at)
    outcome = Outcome.MISSING if gone_at == state.gone_at else Outcome.GONE
    return Step(outcome=outcome, state=after)


def confirmed(
    missing_at: datetime | None, gone_at: datetime | None, *, at: datetime
) -> tuple[datetime, datetime | None]:
    """Return (missing since, gone since) after an answer of 404 or 410 at a moment.

    An article is gone once a second such answer comes an hour or more after the first; it counts
    as gone from the first one on.
    """
    since = missing_at or at
    if gone_at is None and at - since >= CONFIRMED:
        gone_at = since
    return since, gone_at


def _seen(state: State, observation: Observation) -> State:
    return replace(
        state,
        capture=state.capture if observation.capture is None else observation.capture,
        last_seen_at=observation.at,
        url=observation.url or state.url,
        missing_at=None,
        gone_at=None,
    )


def _revision(state: State, observation: Observation, *, small: bool = False) -> Revision:
    return Revision(
        number=state.revision_count,
        observed_at=observation.at,
        capture=observation.capture,
        reading=state.reading,
        small=small,
    )
