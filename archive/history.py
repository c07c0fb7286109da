"""An article's history, folded from what was observed of it in the order of time. Pure.

The live crawl appends one observation to the state it finds; a rebuild folds all of them. Both come
out the same, because both are this one function.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archive.records import Extraction, Outcome
from archive.revisions import Dated, dated, differ, is_small

CONFIRMED = timedelta(hours=1)
"""Time between two answers of 404 or 410 before an article counts as gone."""


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
    if observation.reading is not None:
        if state is None:
            return _first(observation, observation.reading)
        return _read(state, observation, observation.reading)
    if state is None:
        return None
    if observation.same:
        seen = _seen(state, observation)
        return Step(outcome=Outcome.SAME, state=seen)
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
    before = state.reading
    date, redated = dated(Dated.of(before), reading)
    reading = replace(
        reading, published_at=date.at, published_on=date.on, published_from=date.source
    )
    seen = _seen(state, observation)
    if not redated and not differ(before, reading):
        return Step(outcome=Outcome.SAME, state=replace(seen, reading=_moved(before, reading)))
    after = replace(
        seen,
        reading=reading,
        changed_at=observation.at,
        revision_count=state.revision_count + 1,
    )
    revision = _revision(after, observation, small=not redated and is_small(before, reading))
    return Step(outcome=Outcome.CHANGED, state=after, revision=revision)


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


def _moved(before: Extraction, after: Extraction) -> Extraction:
    """Return a reading with what may move in the next one without an edit."""
    moved = replace(
        before,
        modified_at=after.modified_at,
        published_at=after.published_at,
        published_on=after.published_on,
        published_from=after.published_from,
        embeds=after.embeds,
        images=after.images,
    )
    if after.byline_from != "feed":
        return moved
    return replace(
        moved,
        byline=after.byline,
        byline_from=after.byline_from,
        authors=after.authors,
        tags=after.tags,
    )


def _revision(state: State, observation: Observation, *, small: bool = False) -> Revision:
    return Revision(
        number=state.revision_count,
        observed_at=observation.at,
        capture=observation.capture,
        reading=state.reading,
        small=small,
    )
