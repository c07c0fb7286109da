"""One printed date becomes a moment, or nothing; all that a page says of its date one decision.

The kinds of a date's words must come in an order that publishers write. An impossible day, an
ambiguous order, a word too many: the answer is None, never a guess. The evidence is tried in order
of trust; what contradicts it is reported, never averaged.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from hijridate import Hijri
from persiantools.jdatetime import JalaliDate

from archive.models import Problem
from archive.problems import ProblemKind
from archive.search.arabic import fold
from crawler.dates.words import TABLES, Moment, Precision, Token, ago, cut

_LONGEST = 160
_SIGHTING = timedelta(days=2)  # countries that look for the moon may begin a month later, or sooner
_CLOCK = r"(?:Z?(?:o?T|oDq?|Dq?(?=[apnl]))[apnl]?Z?[apnl]?)"
_ONE_DAY = r"(?:DMM?Y|MM?DY|YMM?D|Nh?|DHYh?|HDYh?|DJY|YJD)"
# The kinds of tokens in an order that publishers write; the C library's has the time inside.
_DATE = re.compile(
    rf"(?P<before>{_CLOCK}|[apnl](?=W))?W?"
    rf"(?:(?P<day>{_ONE_DAY}|MD(?P<inside>TZ?)Y)(?:W?(?P<same>{_ONE_DAY}))?|(?P<today>r))W?"
    rf"(?P<after>{_CLOCK})?W?"
)
# d/m/Y is the order of this field, but a US clock beside it makes 3/4/2024 ambiguous.
_US_CLOCK = re.compile(r"\d ?[ap]\.?m")


@lru_cache(maxsize=256)  # a page states the same moment several times
def parse(text: str, *, now: datetime | None, zone: tzinfo | None) -> Moment | None:
    """Read one printed date, in any spelling of `words.toml`; None unless it is certain.

    `zone` is where times without a zone of their own were printed, None when that is not known
    (their `at` is None then). `now` is what relative phrases count from; None reads none of them.
    """
    if len(text) > _LONGEST:
        return None
    folded = " ".join(fold(text).split())
    if now and (age := ago(folded, now=now, zone=zone)):
        return age
    tokens = cut(folded)
    match = _DATE.fullmatch("".join(token.kind for token in tokens))
    if match is None:
        return None
    parts = {name: tokens[slice(*match.span(name))] for name in match.groupdict() if match[name]}
    weekday = next((token.numbers[0] - 1 for token in tokens if token.kind == "W"), None)
    today = (now.astimezone(zone) if zone else now).date() if now else None
    try:
        day = _day_of(parts, today, weekday, us=_US_CLOCK.search(folded) is not None)
        return _clocked(day, parts, zone)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def as_date(text: str) -> Moment | None:
    """Return what a text reads as, counted from an arbitrary day: is it a date, and how exact."""
    return parse(text, now=_SOME_DAY, zone=None)


_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def _day_of(
    parts: Mapping[str, Sequence[Token]], today: date | None, weekday: int | None, *, us: bool
) -> date:
    """Return the day that one date, or dates of two calendars together, name.

    `weekday` is the one printed beside it, from 0 for Monday; `us` says that the clock beside it is
    a US one. ValueError where there is no such day, or the two calendars do not agree.
    """
    if "today" in parts:
        if today is None:
            raise ValueError("nobody knows today")
        return today - timedelta(days=parts["today"][0].numbers[0])
    paired = "same" in parts
    read = [parts["day"], parts["same"]] if paired else [parts["day"]]
    days = dict(_read_day(tokens, weekday, paired=paired, us=us) for tokens in read)
    if len(days) < len(read):
        raise ValueError("two dates")
    if paired and abs(days[True] - days[False]) > _SIGHTING:
        raise ValueError("two days")
    return days.get(True) or days[False]


def _read_day(
    tokens: Sequence[Token], weekday: int | None, *, paired: bool, us: bool
) -> tuple[bool, date]:
    """Return whether a date is one of the common calendar, and its day.

    Figures are Hijri ones by a mark, or by their year where another date stands beside them.
    """
    numbers = tokens[0].numbers
    if tokens[0].kind == "N":
        first, middle, last = numbers
        hijri = len(tokens) > 1 or (paired and any(1343 <= n <= 1500 for n in numbers))
        if not hijri:
            return True, _numeric(first, middle, last, weekday=weekday, us=us)
        year, day = (first, last) if first > 31 else (last, first)
        return False, _in_calendar("H", middle, year, day)
    values = {token.kind: token.numbers[0] for token in tokens}
    months = {(token.kind, token.numbers[0]) for token in tokens if token.kind in "MHJ"}
    if len(months) > 1:
        raise ValueError("two months")
    [(calendar, month)] = months
    return calendar == "M", _in_calendar(calendar, month, values["Y"], values["D"])


def _numeric(first: int, middle: int, last: int, *, weekday: int | None, us: bool) -> date:
    """Read three numbers: Y/m/d, or d/m/Y where the day allows it, m/d/Y where only that does.

    A printed weekday decides between the two; without one a US clock leaves them undecided.
    """
    if first > 31:
        return _in_calendar("M", middle, first, last)
    if middle > 12:
        return _in_calendar("M", first, last, middle)
    usual = _in_calendar("M", middle, last, first)
    if first > 12 or first == middle:
        return usual
    american = _in_calendar("M", first, last, middle)
    if weekday is not None and american.weekday() == weekday != usual.weekday():
        return american
    if us and weekday is None:
        raise ValueError("ambiguous")
    return usual


def _in_calendar(month_kind: str, month: int, year: int, day: int) -> date:
    """Return the common day of a date; the kind of its month's token tells the calendar.

    Hijri dates are those of Umm al-Qura (1343 to 1500). The Solar Hijri calendar is known by its
    named months alone: in figures such a date looks like a lunar one, and is not read.
    """
    if month_kind == "H":
        return date.fromordinal(Hijri(year, month, day).to_gregorian().toordinal())
    oldest, newest = (1300, 1499) if month_kind == "J" else (1800, 2199)
    if not oldest <= year <= newest:
        raise ValueError("no year of this calendar")
    if month_kind == "J":
        solar = JalaliDate(year, month, day)  # type: ignore[no-untyped-call]
        return solar.to_gregorian()
    return date(year, month, day)


def _clocked(day: date, parts: Mapping[str, Sequence[Token]], zone: tzinfo | None) -> Moment:
    """Return the moment of a day and the tokens of its clock, if any."""
    clocks = [parts[name] for name in ("before", "inside", "after") if name in parts]
    if len(clocks) > 1:
        raise ValueError("two times")
    clock = {token.kind: token for tokens in clocks for token in tokens}
    printed = clock.get("T") or clock.get("D")
    if printed is None:
        return Moment(day=day)
    hour, minute, second = (*printed.numbers, 0, 0)[:3]
    if "q" in clock:
        hours, minute = divmod(clock["q"].numbers[0], 60)
        hour += hours
    half = next((kind for kind in reversed(clock) if kind in "apnl"), None)
    at = time(_hour(hour, half), minute, second)
    own = clock["Z"].zone if "Z" in clock else None
    where = own or zone
    return Moment(
        day=day,
        clock=at,
        at=datetime.combine(day, at, where).astimezone(UTC) if where else None,
        precision=Precision.SECOND if len(printed.numbers) == 3 else Precision.MINUTE,
        zoned=own is not None,
    )


def _hour(hour: int, half: str | None) -> int:
    """Return the hour of 24 for an hour as printed and the half of the day printed with it."""
    if half is None:
        return hour
    morning = {"a": True, "p": False, "n": hour in {10, 11}, "l": hour < 6 or hour == 12}[half]
    if not 0 <= hour <= (12 if morning else 23):
        raise ValueError("no such hour in that half of the day")
    return hour % 12 + (0 if morning else 12)


TRUST: list[str] = TABLES["sources"]["trust"]
_STATED = frozenset(TABLES["sources"]["stated"])
_OLDEST = date(1990, 1, 1)
_ROUGH = frozenset({Precision.AGE, Precision.SPAN})
_DAY = timedelta(days=1)
_FARTHEST = timedelta(hours=14)  # how far a zone is from UTC
_PATIENCE = timedelta(minutes=5)  # how far a server's clock may be ahead of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One date as a source prints it: `source` is one of `TRUST`.

    `above` says that it is above the headline, where a page may show today's date, `within`
    that it is in the text, which may name the day of the events.
    """

    source: str
    text: str
    modified: bool = False
    above: bool = False
    within: bool = False


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

    A date over a day ahead or before 1990 is none; an age in days is reported, and gives none.
    """
    today = now.astimezone(zone or UTC).date()
    read = [
        (stamp, moment)
        for stamp in sorted(evidence, key=lambda stamp: TRUST.index(stamp.source))
        if (moment := parse(stamp.text, now=now, zone=zone))
        and _OLDEST <= moment.day <= (now + _DAY).date()
        and not (stamp.above and moment.day == today)
    ]
    known = [(stamp, moment) for stamp, moment in read if moment.precision not in _ROUGH]
    stated = [(stamp.source, moment) for stamp, moment in known if not stamp.modified]
    published, source = None, None
    problems: list[tuple[ProblemKind, str]] = []
    if stated:
        source, published = _sharpest(stated)
        for other, moment in stated:
            if other in _STATED and abs(moment.day - published.day) > _DAY:
                detail = f"{source} says {published.day}, {other} says {moment.day}"
                problems.append((ProblemKind.DATE_CONFLICT, detail))
                break
        if local := _really_local(published, stated, now, zone):
            detail = f"{published.isoformat()} names UTC but is local time"
            problems.append((ProblemKind.ZONE_CONFLICT, detail))
        published = _on_calendar(local or published, zone)
        if printed := _as_printed(published, (stamp for stamp, _ in known), zone):
            problems.append((ProblemKind.ZONE_CONFLICT, f"the page prints {printed.day}"))
            published = printed
    elif age := next((pair for pair in read if pair not in known and not pair[0].modified), None):
        detail = f"the page prints an age only, {age[0].text!r}: {age[1].day} or near it"
        problems.append((ProblemKind.DATE_AGE, detail))
    return Decision(
        published=published,
        modified=_modified(known, published, zone),
        published_from=source,
        problems=tuple(Problem(kind=k, detail=d, stage="extract") for k, d in problems),
    )


def _sharpest(stated: Sequence[tuple[str, Moment]]) -> tuple[str, Moment]:
    """Return the most trusted date, or one that agrees on its day and knows the time as well."""
    day = stated[0][1].day
    timed = (pair for pair in stated if pair[1].at is not None and pair[1].day == day)
    return stated[0] if stated[0][1].at else next(timed, stated[0])


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
    printed = {
        (moment.day, moment.clock.replace(second=0))
        for source, moment in stated
        if source in {"dateline", "time"} and moment.clock and not moment.zoned
    }
    shown = (chosen.day, chosen.clock.replace(second=0)) in printed
    if shown or (chosen.at > now + _PATIENCE and local <= now + _PATIENCE):
        return replace(chosen, at=local.astimezone(UTC), zoned=False)
    return None


def _as_printed(chosen: Moment, stamps: Iterable[Stamp], zone: tzinfo | None) -> Moment | None:
    """Return a UTC stamp moved to the day that the page prints, if only the zone makes them differ.

    Where the `zone` is known, that is only the day which the stamp itself names, and nobody knows
    the moment. None where it is not, or where the page prints several days.
    """
    at = chosen.at
    if at is None or not chosen.zoned or at.time() != chosen.clock:
        return None
    stamps = (s for s in stamps if s.source == "dateline" and not s.modified)
    lines = (s.text for s in stamps if not (s.above or s.within))
    # Without a now, no age is read, which may be rounded.
    printed = [m for line in lines if (m := parse(line, now=None, zone=None)) and not m.zoned]
    days = {moment.day for moment in printed}
    if len(days) != 1 or chosen.day in days or not all(_in_some_zone(at, m) for m in printed):
        return None
    if zone is None:
        return replace(chosen, day=days.pop())
    return replace(chosen, day=at.date(), at=None) if at.date() in days else None


def _in_some_zone(at: datetime, moment: Moment) -> bool:
    """Return whether clocks of some zone may show a moment, or its day, at the time `at`."""
    if moment.clock is None:
        return moment.day in {(at + shift).date() for shift in (_FARTHEST, -_FARTHEST)}
    shown = datetime.combine(moment.day, moment.clock.replace(second=0), UTC)
    ahead = shown - at.replace(second=0, microsecond=0)
    return abs(ahead) <= _FARTHEST and not ahead.seconds % 900  # zones differ by quarters


def _on_calendar(moment: Moment, zone: tzinfo | None) -> Moment:
    """Return `moment` with the publisher's calendar day.

    A stamp of midnight UTC names a day, not a moment: its day is the one it prints.
    """
    at = moment.at
    if zone is None or at is None or not moment.zoned:
        return moment
    midnight = at.time() == time.min and at.date() == moment.day
    return moment if midnight else replace(moment, day=at.astimezone(zone).date())


def _modified(
    read: Sequence[tuple[Stamp, Moment]], published: Moment | None, zone: tzinfo | None
) -> Moment | None:
    """Return the most trusted moment of a change that does not lie before publication."""
    for stamp, moment in read:
        if stamp.modified and (at := moment.at):
            changed = _on_calendar(moment, zone)
            if not published or (published.day <= changed.day and (published.at or at) <= at):
                return changed
    return None
