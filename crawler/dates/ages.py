"""Phrases that count back from now ("منذ 3 ساعات", "قبل يومين", "3 hours ago")."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from crawler.dates.words import TABLES, spelled

_TABLE: dict[str, Any] = TABLES["ago"]
_UNIT_OF = {word: unit for unit, words in _TABLE["units"].items() for word in words.split("|")}
_DUALS = frozenset(
    word
    for word in _UNIT_OF
    if word.endswith(("تين", "تان", "مين", "مان", "رين", "ران", "عين", "عان"))
)
_COUNTS = spelled(_TABLE["counts"]) | {
    f"{word} {ten}": number
    for number, words in enumerate(_TABLE["teens"], 11)
    for word in words.split("|")
    for ten in ("عشر", "عشره")
}
_BACK = re.compile(
    rf"(?:(?:{'|'.join(_TABLE['labels'])})\W*)?"
    r"(?:(?:منذ|قبل|il y a) (?P<after>.+?)(?: مضت)?|(?P<before>.+?) (?:مضت|مضي|ago))\W*"
)
_PART = re.compile(r"(?:(?P<count>\d{1,3}|[^\W\d_]+(?: عشره?)?) )?(?P<unit>[^\W\d_]+)")
_ONE = re.compile(r" واحده?$")
_JOINT = re.compile(rf" و ?(?=\d|(?:{'|'.join(_UNIT_OF)})\b)")
# Parts of an hour; after a whole one they are minutes more ("ساعة ونصف").
_HALVES = (
    (re.compile(r"(?<=ساعه) و ?نصف$|(?<=ساعتين) و ?نصف$|(?<=ساعات) و ?نصف$"), " و30 دقيقه"),
    (re.compile(r"(?<=ساعه) و ?ربع$|(?<=ساعتين) و ?ربع$|(?<=ساعات) و ?ربع$"), " و15 دقيقه"),
    (re.compile(r"^نصف ساعه$"), "30 دقيقه"),
    (re.compile(r"^ثلث ساعه$"), "20 دقيقه"),
    (re.compile(r"^ربع ساعه$"), "15 دقيقه"),
)
# An age inside a folded line, in no group: «منذ 3 ساعات», «نشر قبل يومين», «3 h ago», «منذ قليل».
_NUMBER = rf"(?:\d{{1,3}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"
_SPAN = (
    rf"(?:(?:{_NUMBER} )?(?:{'|'.join(sorted(_UNIT_OF, key=len, reverse=True))})(?!\w)"
    rf"(?: واحده?(?!\w))?|\d{{1,3}}\s?(?:{_TABLE['short']})(?!\w)|(?:نصف|ربع|ثلث) ساعه)"
)
_SPANS = (
    rf"(?:(?:{_TABLE['about']}) )?{_SPAN}(?:(?: و ?|, | and | et ){_SPAN})*(?: و ?(?:نصف|ربع))?"
)
AGE = (
    rf"(?:(?:{'|'.join(_TABLE['labels'])})\W*)?"
    rf"(?:(?:{_TABLE['since']}) {_SPANS}(?: (?:مضت|مضي|تقريبا))?|{_SPANS} (?:مضت|مضي|ago)"
    rf"|{_TABLE['moments']})"
)
_CLOCK_UNITS = frozenset({"second", "minute", "hour"})
_COARSE = frozenset({"week", "month", "year"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A moment counted back from now: a day, and clock and UTC moment if hours were counted.

    `coarse` tells that weeks or more were counted.
    """

    day: date
    clock: time | None = None
    at: datetime | None = None
    coarse: bool = False


def ago(folded: str, *, now: datetime, zone: tzinfo | None) -> Back | None:
    """Read a folded relative phrase; None if it says anything else besides.

    Hours and less give a moment to the minute; days, weeks, months and years a calendar day in
    `zone` (UTC where that is None).
    """
    match = _BACK.fullmatch(folded)
    if not match:
        return None
    phrase = match["after"] or match["before"]
    for pattern, minutes in _HALVES:
        phrase = pattern.sub(minutes, phrase)
    spans = [_span(part) for part in _JOINT.split(phrase)]
    counted = {unit: count for span in spans if span for unit, count in [span]}
    if len(counted) != len(spans):
        return None
    try:
        return _counted_back(counted, now, zone)
    except (OverflowError, ValueError):
        return None


def _span(part: str) -> tuple[str, int] | None:
    """Read "3 ساعات", "ساعتين", "ساعة واحدة" as a unit and how many of it."""
    match = _PART.fullmatch(_ONE.sub("", part))
    unit = _UNIT_OF.get(match["unit"]) if match else None
    if not match or not unit:
        return None
    count = match["count"]
    if count is None:
        return unit, 2 if match["unit"] in _DUALS else 1
    if count.isdigit():
        return unit, int(count)
    return (unit, _COUNTS[count]) if count in _COUNTS else None


def _counted_back(counted: dict[str, int], now: datetime, zone: tzinfo | None) -> Back:
    local = now.astimezone(zone or UTC)
    months = counted.get("month", 0) + 12 * counted.get("year", 0)
    day = _months_back(local.date(), months)
    day -= timedelta(days=counted.get("day", 0), weeks=counted.get("week", 0))
    coarse = bool(_COARSE & counted.keys())
    if not _CLOCK_UNITS & counted.keys():
        return Back(day=day, coarse=coarse)
    delta = timedelta(
        hours=counted.get("hour", 0),
        minutes=counted.get("minute", 0),
        seconds=counted.get("second", 0),
    )
    moment = (datetime.combine(day, local.timetz()) - delta).replace(second=0, microsecond=0)
    moment = moment.astimezone(zone or UTC)
    return Back(day=moment.date(), clock=moment.time(), at=moment.astimezone(UTC), coarse=coarse)


def _months_back(day: date, months: int) -> date:
    if not months:
        return day
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
