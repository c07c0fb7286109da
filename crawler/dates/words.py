"""A printed date is cut into the words and numbers that dates are made of; ages are counted back.

One word that dates are not made of, and the whole string is not a date. The words are in
`words.toml`; what is read is folded (`archive.search.arabic.fold`). An age counts back from now:
"منذ 3 ساعات", "قبل يومين", "3 hours ago".
"""

import calendar
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from archive.search.arabic import fold

TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word or number of a date: one letter for its kind, and what it says.

    D day, Y year, M month, H Hijri month, J Jalali month, W weekday (1 is Monday), N a date in
    three numbers, T time (hour, minute and perhaps second), q a part of an hour in minutes, a
    morning, p evening, n noon, l night, Z zone, h the mark of a Hijri year, m the letter that marks
    either evening or a common year, o "o'clock", r a day counted back from today, - a word that
    only stands around a date.
    """

    kind: str
    numbers: tuple[int, ...] = ()
    zone: tzinfo | None = None


def _spelled(things: Mapping[str, Any] | Iterable[str]) -> dict[str, Any]:
    """Map each folded spelling of things, parted by |, to what it means, or its place in a list."""
    pairs = things if isinstance(things, Mapping) else {name: n for n, name in enumerate(things, 1)}
    return {fold(name): value for names, value in pairs.items() for name in names.split("|")}


def any_of(words: Iterable[str]) -> str:
    """Return some words as one regular expression in no group, the longest first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def _east(hours: int, minutes: int = 0) -> tzinfo:
    return timezone(timedelta(hours=hours, minutes=-minutes if hours < 0 else minutes))


_WORDS = {
    word: Token(kind=kind, numbers=(number,), zone=_east(number) if kind == "Z" else None)
    for kind, tables in TABLES["words"].items()
    for table in tables.values()
    for word, number in _spelled(table).items()
}


def spellings(kinds: str) -> frozenset[str]:
    """Return every word, folded, whose token is of one of some kinds."""
    return frozenset(word for word, token in _WORDS.items() if token.kind in kinds)


_ZONES = _spelled(TABLES["zones"])
_PLACES = any_of(_ZONES)
_GREENWICH = any_of(place for place, zone in _ZONES.items() if zone == "UTC")
_SHIFT = (
    rf"(?:(?:gmt|utc|(?:ب?توقيت )?(?:{_GREENWICH}))\s?)?"
    r"(?P<hours>[+\-−]\s?\d{1,2})(?::?(?P<minutes>\d{2}))?"
    rf"(?![\d/]|[-.]\d|\W*(?:{any_of(spellings('M'))}))"
)
_WHOLE = r"(?<![\d.+])(?<!\d,)"  # no part of some other number
_TIME = (
    rf"{_WHOLE}(?:[01]?\d|2[0-3])\s?(?::\s?|(?:h|سا?)\s?(?=\d))[0-5]\d"
    r"(?:\s?:\s?[0-5]\d(?:[.,]\d+)?)?(?![\d:])"
)
# What may stand at a place of a date, the first that does counting.
_FORMS = {
    # After the gaps the number of a newspaper's issue, printed beside its day.
    "gap": r"[\s|،,؛;:()\[\]/\\\-–—−_•·.*«»\"']+|(?:رقم )?العدد\s*[:\[(]?\s*\d{1,6}(?!\d)[\])]?",
    "T": _TIME,
    "N": _WHOLE + r"\d{1,4}\s?(?P<mark>[/.\-\\])\s?\d{1,2}\s?(?P=mark)\s?\d{1,4}(?![\d/]|[.,]\d)",
    "Y": _WHOLE + r"\d{4}(?!\d|\s?[/.,:]\d|[+%])",
    "D": _WHOLE + r"\d{1,2}(?:st|nd|rd|th|er)?(?!\d|\s?[/.:]\s?\d|,\d|[+%])",
    "place": rf"(?:(?:حسب |وفق )?(?:ب|ال|بال)?توقيت (?:مدينه )?|(?=(?:{_GREENWICH})(?!\w)))"
    rf"(?P<town>{_PLACES})(?!\w)",
    "word": rf"(?:{any_of(_WORDS)})(?![^\W\d_])",
}


def _scanner(forms: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{form})" for name, form in forms.items()))


_ANYWHERE = _scanner(_FORMS)
# By what stands before: an hour may be written «10.30» and «14 و30 دقيقة», a zone «+3».
_SCANNERS = dict.fromkeys("Tapnl", _scanner({"Z": _SHIFT} | _FORMS)) | {
    "o": _scanner(
        _FORMS | {"T": rf"\d{{1,2}}[.,]\d{{2}}(?!\d)|\d{{1,2}} و ?\d{{1,2}} دقيقه|{_TIME}"}
    )
}
# As machines write a moment, and where a zone is named in brackets behind it.
_ISO = re.compile(r"(?<!\d)(\d{4})(-?)(\d\d)\2(\d\d)t\s?(\d\d):?(\d\d)(?::?(\d\d))?(?!\d)")
_IN_BRACKETS = re.compile(rf"\((?=(?:{_PLACES})\))")
_DIGITS = re.compile(r"\d+")
_CLOCK = re.compile("Z?o?T[apnl]?Z?")


@lru_cache(maxsize=4096)
def cut(folded: str) -> tuple[Token, ...]:
    """Return the tokens of a folded string, those around a date left out; empty for no date."""
    text = _IN_BRACKETS.sub("(بتوقيت ", _ISO.sub(_parted, folded))
    tokens: list[Token] = []
    place, last = 0, ""
    while place < len(text):
        match = _SCANNERS.get(last, _ANYWHERE).match(text, place)
        if match is None:
            return ()
        place = match.end()
        try:
            token = _read(match)
        except ValueError:  # a zone that is a day or more away
            return ()
        if token.kind == "m":  # the evening behind an hour alone
            token = Token(kind="p" if last and last in "TDZ" else "-")
        if token.kind != "-":
            tokens.append(token)
            last = token.kind
    dated = any(token.kind in "YN" for token in tokens)
    return tuple(token for token in tokens if token.kind != "r" or not dated)


def _parted(match: re.Match[str]) -> str:
    """Return a moment of ISO 8601 in the form that people print."""
    year, _, month, day, *clock = match.groups()
    return f"{year}-{month}-{day} {':'.join(filter(None, clock))}"


def _read(match: re.Match[str]) -> Token:
    """Return the token of what a scanner found."""
    kind = match.lastgroup
    if kind == "word":
        return _WORDS[match.group()]
    if kind == "place":
        name = _ZONES[match["town"]]
        return Token(kind="Z", zone=UTC if name == "UTC" else ZoneInfo(name))
    if kind == "Z":
        hours = match["hours"].replace(" ", "").replace("−", "-")
        return Token(kind="Z", zone=_east(int(hours), int(match["minutes"] or 0)))
    if kind is None or kind == "gap":
        return Token(kind="-")
    return Token(kind=kind, numbers=tuple(map(int, _DIGITS.findall(match.group())[:3])))


def is_clock(text: str) -> bool:
    """Return whether a line is nothing but a time of day."""
    if not _DIGITS.search(text):
        return False
    return _CLOCK.fullmatch("".join(token.kind for token in cut(fold(text)))) is not None


class Precision(StrEnum):
    """How much of a moment was printed."""

    SPAN = "span"  # an age counted in weeks or more
    AGE = "age"  # an age counted in days: it may be rounded
    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A printed date: its calendar day, and its moment in UTC where a time and a zone are known.

    `day` and `clock` are as printed; `at` is None where no time was printed or its zone is not
    known; `zoned` tells that the string itself names the zone.
    """

    day: date
    clock: time | None = None
    at: datetime | None = None
    precision: Precision = Precision.DAY
    zoned: bool = False

    def isoformat(self) -> str:
        """Return the moment in UTC, or the day alone where that is all there is."""
        return self.at.isoformat() if self.at else self.day.isoformat()


_AGO: dict[str, Any] = TABLES["ago"]
_UNITS: dict[str, tuple[str, int]] = _spelled(_AGO["units"])
_COUNTS: dict[str, int] = _spelled(_AGO["counts"])
_LABEL = rf"(?:(?:{'|'.join(_AGO['labels'])})\W*)?"
# So many of a unit: in two groups, its number and the unit.
_SPAN = rf"(?:(\d{{1,3}}|{any_of(_COUNTS)}) )?({any_of(_UNITS)})(?!\w)(?: واحده?(?!\w))?"
_BACK = re.compile(
    rf"{_LABEL}(?P<since>منذ |قبل |il y a )?(?P<spans>{_SPAN}(?: و ?{_SPAN})*)"
    r"(?:(?:(?<=ساعه)|(?<=ساعتين)|(?<=ساعات)) و ?(?P<half>نصف|ربع))?"
    r"(?P<ago> مضت| مضي| ago)?\W*"
)
_COUNTED = re.compile(_SPAN)
_DUAL = re.compile("[تمرع](?:ين|ان)$")
# An age inside a folded line: «منذ 3 ساعات», «نشر قبل يومين», «3 h ago», «منذ قليل».
_SHORT = rf"(?:{_SPAN}|\d{{1,3}}\s?(?:{_AGO['short']})(?!\w))"
_SPANS = (
    rf"(?:(?:{_AGO['about']}) )?{_SHORT}(?:(?: و ?|, | and | et ){_SHORT})*(?: و ?(?:نصف|ربع))?"
)
AGE = (
    rf"{_LABEL}(?:(?:{_AGO['since']}) {_SPANS}(?: (?:مضت|مضي|تقريبا))?|{_SPANS} (?:مضت|مضي|ago)"
    rf"|{_AGO['moments']})"
)


def ago(folded: str, *, now: datetime, zone: tzinfo | None) -> Moment | None:
    """Read a folded relative phrase; None if it says anything else besides.

    Hours and less give a moment to the minute; days, weeks, months and years a calendar day in
    `zone` (UTC where that is None).
    """
    match = _BACK.fullmatch(folded)
    if not match or not (match["since"] or match["ago"]):
        return None
    phrase = match["spans"] + (f" و{match['half']} ساعه" if match["half"] else "")
    counted: Counter[str] = Counter()
    for count, name in _COUNTED.findall(phrase):
        unit, times = _UNITS[name]
        number = _COUNTS.get(count) or int(count or (2 if _DUAL.search(name) else 1))
        counted[unit] += number * times
    rough = Precision.SPAN if {"weeks", "months"} & counted.keys() else Precision.AGE
    try:
        moment = _back(now.astimezone(zone or UTC), counted)
    except (OverflowError, ValueError):
        return None
    if not {"seconds", "minutes", "hours"} & counted.keys():
        return Moment(day=moment.date(), precision=rough)
    return Moment(
        day=moment.date(),
        clock=moment.time(),
        at=moment.astimezone(UTC),
        precision=rough if rough is Precision.SPAN else Precision.MINUTE,
    )


def _back(local: datetime, counted: Mapping[str, int]) -> datetime:
    """Return the minute that lies so many of each unit before a local time."""
    passed = dict(counted)
    year, month = divmod(local.year * 12 + local.month - 1 - passed.pop("months", 0), 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    then = local.replace(year=year, month=month + 1, day=day) - timedelta(**passed)
    return then.replace(second=0, microsecond=0)
