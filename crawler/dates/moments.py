"""One printed date becomes a moment, or nothing; all that a page says of its date one decision.

The kinds of a date's words must come in an order that publishers write. An impossible day, an
ambiguous order, a word too many: the answer is None, never a guess. The evidence is tried in order
of trust; what contradicts it is reported, never averaged.
"""

import re
from collections.abc import Iterable, Sequence
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


def _day_of(dates: Sequence[Sequence[Token]], weekday: int | None, *, us: bool) -> date:
    """Return the day that one date, or dates of two calendars together, name.

    `weekday` is the one printed beside it, from 0 for Monday, `us` tells of a US clock. ValueError
    where there is no such day, or the two calendars do not agree.
    """
    days: dict[bool, date] = {}
    for parts in dates:
        other = _is_other(parts, paired=len(dates) == 2)
        days[other] = _of_other(parts) if other else _of_common(parts, weekday, us=us)
    if len(days) < len(dates):
        raise ValueError("two dates")
    if len(days) == 2 and abs(days[True] - days[False]) > _SIGHTING:
        raise ValueError("two days")
    return days.get(False) or days[True]


_SIGHTING = timedelta(days=2)  # countries that look for the moon may begin a month later, or sooner


def _is_other(parts: Sequence[Token], *, paired: bool) -> bool:
    """Return whether one date is Hijri or Jalali: by its month or mark, paired by its year too."""
    if any(token.kind in "HhJ" for token in parts):
        return True
    return paired and parts[0].kind == "N" and any(1343 <= n <= 1500 for n in parts[0].numbers)


def _of_other(parts: Sequence[Token]) -> date:
    if parts[0].kind == "N":
        first, middle, last = parts[0].numbers
        year, day = (first, last) if first > 31 else (last, first)
        return _hijri(year, middle, day)
    values = {token.kind: token.numbers[0] for token in parts if token.numbers}
    if "J" in values:
        return _jalali(values["Y"], values["J"], values["D"])
    return _hijri(values["Y"], values["H"], values["D"])


def _of_common(parts: Sequence[Token], weekday: int | None, *, us: bool) -> date:
    if parts[0].kind == "N":
        first, middle, last = parts[0].numbers
        return _numeric(first, middle, last, weekday=weekday, us=us)
    values = {token.kind: token.numbers[0] for token in parts}
    if len({token.numbers for token in parts if token.kind == "M"}) != 1:
        raise ValueError("two months")
    return _common(values["Y"], values["M"], values["D"])


def _numeric(first: int, middle: int, last: int, *, weekday: int | None, us: bool) -> date:
    """Read three numbers: Y/m/d, or d/m/Y where the day allows it, m/d/Y where only that does.

    A printed weekday decides between the two; without one a US clock leaves them undecided.
    """
    if first > 31:
        return _common(first, middle, last)
    if middle > 12 or first > 12 or first == middle:
        return _common(last, first, middle) if middle > 12 else _common(last, middle, first)
    usual, american = _common(last, middle, first), _common(last, first, middle)
    if weekday is not None and american.weekday() == weekday != usual.weekday():
        return american
    if us and weekday is None:
        raise ValueError("ambiguous")
    return usual


def _common(year: int, month: int, day: int) -> date:
    if not 1800 <= year < 2200:
        raise ValueError("no year of the common calendar")
    return date(year, month, day)


def _hijri(year: int, month: int, day: int) -> date:
    """Return the common day of a Hijri date by the Umm al-Qura calendar (1343 to 1500)."""
    common = Hijri(year, month, day).to_gregorian()
    return date(common.year, common.month, common.day)


def _jalali(year: int, month: int, day: int) -> date:
    """Return the common day of a date of the Solar Hijri calendar, by its named month alone.

    In figures such a date looks like a lunar one, and is not read.
    """
    if not 1300 <= year < 1500:
        raise ValueError("no year of the Solar Hijri calendar")
    solar = JalaliDate(year, month, day)  # type: ignore[no-untyped-call]
    return solar.to_gregorian()


_LONGEST = 160
_CLOCK = r"(?:Z?(?:o?T|oDq?|Dq?(?=P))P?Z?P?)"
_COMMON = r"(?:DMM?Y|MM?DY|YMM?D|N(?!h))"
_HIJRI = r"(?:DHYh?|HDYh?|Nh|DJY|YJD)"
_WHOLE = re.compile(
    rf"(?P<before>{_CLOCK})?(?P<half>P(?=W))?W?(?P<one>{_COMMON}|{_HIJRI})(?:W?(?P<two>{_COMMON}|{_HIJRI}))?W?"
    rf"(?P<after>{_CLOCK})?W?"
)
_FROM_TODAY = re.compile(
    rf"(?P<before>{_CLOCK})?(?P<half>P(?=W))?W?(?P<today>r)W?(?P<after>{_CLOCK})?"
)
_YEAR_LAST = re.compile(r"(W?MD)(TZ?)(Y)")  # as the C library prints a moment
# d/m/Y is the order of this field, but a US clock beside it makes 3/4/2024 ambiguous.
_US_CLOCK = re.compile(r"\d ?[ap]\.?m")


def parse(text: str, *, now: datetime | None, zone: tzinfo | None) -> Moment | None:
    """Read one printed date, in any spelling of `calendars`; None unless it is certain.

    `zone` is where times without a zone of their own were printed, None when that is not known
    (their `at` is None then). `now` is what relative phrases count from; None reads none of them.
    """
    if len(text) > _LONGEST:
        return None
    folded = " ".join(fold(text).split())
    if now and (age := ago(folded, now=now, zone=zone)):
        return age
    tokens = _in_order(cut(folded))
    kinds = "".join(token.kind for token in tokens)
    try:
        if match := _WHOLE.fullmatch(kinds):
            dates = [tokens[slice(*match.span(group))] for group in ("one", "two") if match[group]]
            weekday = next((token.numbers[0] - 1 for token in tokens if token.kind == "W"), None)
            day = _day_of(dates, weekday, us=_US_CLOCK.search(folded) is not None)
            return _clocked(day, tokens, match, zone)
        if now and (match := _FROM_TODAY.fullmatch(kinds)):
            back_by = timedelta(days=tokens[match.start("today")].numbers[0])
            today = now.astimezone(zone).date() if zone else now.date()
            return _clocked(today - back_by, tokens, match, zone)
    except (ValueError, OverflowError):
        return None
    return None


@lru_cache(maxsize=4096)
def as_date(text: str) -> Moment | None:
    """Return what a text reads as, counted from an arbitrary day: is it a date, and how exact."""
    return parse(text, now=_SOME_DAY, zone=None)


_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def _in_order(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return tokens with the year behind its day where the time stands between them."""
    match = _YEAR_LAST.fullmatch("".join(token.kind for token in tokens))
    return (*tokens[: match.end(1)], tokens[-1], *tokens[match.end(1) : -1]) if match else tokens


def _clocked(
    day: date, tokens: Sequence[Token], match: re.Match[str], zone: tzinfo | None
) -> Moment:
    """Return the moment of a day and the tokens of its clock, if any."""
    if match["after"] and (match["before"] or match["half"]):
        raise ValueError("two times")
    group = "before" if match["before"] else "after"
    parts = {token.kind: token for token in tokens[slice(*match.span(group))]}
    printed = parts.get("T") or parts.get("D")
    if printed is None:
        return Moment(day=day)
    hour, minute, second = (*printed.numbers, 0, 0)[:3]
    half = parts["P"].word if "P" in parts else None
    if "q" in parts:
        hours, minute = divmod(parts["q"].numbers[0], 60)
        hour += hours
    clock = time(_hour(hour, half), minute, second)
    own = parts["Z"].zone if "Z" in parts else None
    where = own or zone
    return Moment(
        day=day,
        clock=clock,
        at=datetime.combine(day, clock, where).astimezone(UTC) if where else None,
        precision=Precision.SECOND if len(printed.numbers) == 3 else Precision.MINUTE,
        zoned=own is not None,
    )


def _hour(hour: int, half: str | None) -> int:
    """Return the hour of 24 for an hour as printed and the half of the day printed with it."""
    if half is None:
        return hour
    if half == "am" and hour > 12:
        raise ValueError("no such hour in the morning")
    if half == "noon":
        half = "am" if hour in {10, 11} else "pm"
    elif half == "night":
        half = "am" if hour < 6 or hour == 12 else "pm"
    if half == "pm":
        return hour if hour >= 12 else hour + 12
    return 0 if hour == 12 else hour


TRUST: list[str] = TABLES["sources"]["trust"]
_STATED = frozenset(TABLES["sources"]["stated"])
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
