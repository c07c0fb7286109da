"""All that a page says about its date becomes one decision, or none.

The evidence is tried in order of trust; what contradicts it is reported, never averaged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from archive.problems import ProblemKind
from archive.records import Problem
from crawler.dates.moments import Moment, Precision, parse

# From the most to the least trusted.
TRUST = (
    "rules",
    "json-ld",
    "meta",
    "microdata",
    "time",
    "script",
    "sitemap",
    "api",
    "feed",
    "dateline",
    "url",
    "section",
)
# Sources made for machines about this very article: when two of them disagree, someone should look.
_STATED = frozenset({"rules", "json-ld", "meta", "sitemap", "api", "feed", "dateline"})
_OLDEST = date(1990, 1, 1)
_ROUGH = frozenset({Precision.AGE, Precision.SPAN})
_DAY = timedelta(days=1)
_PATIENCE = timedelta(minutes=5)  # how far a server's clock may be ahead of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One date as a source prints it: `source` is one of `TRUST`.

    `above` tells that it stands above the headline, where a page may show today's date.
    """

    source: str
    text: str
    modified: bool = False
    above: bool = False


class Decision(NamedTuple):
    """When an article was published and changed, and which source said so; a tuple of these four.

    `published.day` is the publisher's calendar day; `published.at` is None where only a day is
    known. `published_from` is the source of the chosen stamp. `problems` names what contradicts
    the decision.
    """

    published: Moment | None = None
    modified: Moment | None = None
    published_from: str | None = None
    problems: tuple[Problem, ...] = ()


def decide(evidence: Iterable[Stamp], *, now: datetime, zone: tzinfo | None) -> Decision:
    """Weigh the printed dates of one page; `now` is when it was first captured.

    A date more than a day in the future or before 1990 is no date of publication. An age in days
    or more may be rounded: it is reported, and gives no date.
    """
    read = [
        (stamp, moment)
        for stamp in sorted(evidence, key=lambda stamp: TRUST.index(stamp.source))
        if (moment := parse(stamp.text, now=now, zone=zone))
        and _is_plausible(moment, now)
        and not (stamp.above and moment.day == now.astimezone(zone or UTC).date())
    ]
    known = [(s, m) for s, m in read if m.precision not in _ROUGH]
    ages = [(s, m) for s, m in read if m.precision in _ROUGH and not s.modified]
    stated = [(stamp.source, moment) for stamp, moment in known if not stamp.modified]
    problems = [] if stated else list(_rough(ages))
    if not stated:
        return Decision(modified=_modified(known, None, zone), problems=tuple(problems))
    source, published = _sharpest(stated)
    problems += _conflicts(source, published, stated)
    local = _really_local(published, stated, now, zone)
    if local:
        detail = f"{published.isoformat()} names UTC but is local time"
        problems.append(Problem(kind=ProblemKind.ZONE_CONFLICT, detail=detail, stage="extract"))
        published = local
    published = _on_calendar(published, zone)
    return Decision(
        published=published,
        modified=_modified(known, published, zone),
        published_from=source,
        problems=tuple(problems),
    )


def _rough(ages: Sequence[tuple[Stamp, Moment]]) -> Iterable[Problem]:
    for stamp, moment in ages[:1]:
        detail = f"the page prints an age only, {stamp.text!r}: {moment.day} or near it"
        yield Problem(kind=ProblemKind.DATE_AGE, detail=detail, stage="extract")


def _is_plausible(moment: Moment, now: datetime) -> bool:
    return _OLDEST <= moment.day <= (now + _DAY).date()


def _sharpest(stated: Sequence[tuple[str, Moment]]) -> tuple[str, Moment]:
    """Return the most trusted date, or one that agrees on its day and knows the time as well."""
    source, first = stated[0]
    if first.at is None:
        for other, moment in stated[1:]:
            if moment.at is not None and moment.day == first.day:
                return other, moment
    return source, first


def _conflicts(
    source: str, chosen: Moment, stated: Sequence[tuple[str, Moment]]
) -> Iterable[Problem]:
    for other, moment in stated:
        if other in _STATED and abs(moment.day - chosen.day) > _DAY:
            detail = f"{source} says {chosen.day}, {other} says {moment.day}"
            yield Problem(kind=ProblemKind.DATE_CONFLICT, detail=detail, stage="extract")
            return


def _really_local(
    chosen: Moment, stated: Sequence[tuple[str, Moment]], now: datetime, zone: tzinfo | None
) -> Moment | None:
    """Return a "UTC" stamp as local time where that is proven: else None.

    Some systems write Z behind their local clock. Proof is the printed dateline showing the very
    same clock, or a stamp that would lie in the future while its local reading does not.
    """
    if zone is None or chosen.at is None or chosen.clock is None or not chosen.zoned:
        return None
    local = datetime.combine(chosen.day, chosen.clock, zone)
    if local.astimezone(UTC) == chosen.at or chosen.at.time() != chosen.clock:
        return None
    hour_minute = chosen.clock.hour, chosen.clock.minute
    shown = any(
        moment.clock
        and not moment.zoned
        and moment.day == chosen.day
        and (moment.clock.hour, moment.clock.minute) == hour_minute
        for source, moment in stated
        if source in {"dateline", "time"}
    )
    if shown or (chosen.at > now + _PATIENCE and local <= now + _PATIENCE):
        return replace(chosen, at=local.astimezone(UTC), zoned=False)
    return None


def _on_calendar(moment: Moment, zone: tzinfo | None) -> Moment:
    """Return `moment` with the publisher's calendar day.

    A stamp of midnight UTC names a day, not a moment: its day is the one it prints.
    """
    if zone is None or moment.at is None or not moment.zoned:
        return moment
    if moment.at.time() == datetime.min.time() and moment.at.date() == moment.day:
        return moment
    return replace(moment, day=moment.at.astimezone(zone).date())


def _modified(
    read: Sequence[tuple[Stamp, Moment]], published: Moment | None, zone: tzinfo | None
) -> Moment | None:
    """Return the most trusted moment of a change that does not lie before publication."""
    for stamp, moment in read:
        if not stamp.modified or moment.at is None:
            continue
        changed = _on_calendar(moment, zone)
        early = published and (
            published.day > changed.day or (published.at or moment.at) > moment.at
        )
        if not early:
            return changed
    return None
