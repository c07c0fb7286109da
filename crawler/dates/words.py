"""A printed date is cut into the words and numbers that dates are made of; ages are counted back.

One word that dates are not made of, and the whole string is not a date. The words are in
`words.toml`; what is read is folded (`archive.search.arabic.fold`). An age counts back from now:
"منذ 3 ساعات", "قبل يومين", "3 hours ago".
"""

import calendar
import re
import tomllib
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


def _spelled(things: Mapping[str, Any] | Iterable[str]) -> dict[str, Any]:
    """Map each folded spelling of things, parted by |, to what it means, or its place in a list."""
    pairs = things if isinstance(things, Mapping) else {name: n for n, name in enumerate(things, 1)}
    return {fold(name): value for names, value in pairs.items() for name in names.split("|")}


_months, _days, _clock = TABLES["months"], TABLES["days"], TABLES["clock"]
MONTHS = {
    name: number
    for language in ("persian", "urdu", "kurdish", "arabic", "latin")
    for name, number in _spelled(_months[language]).items()
}
HIJRI_MONTHS = _spelled(_months["hijri"])
WEEKDAYS = _spelled(_days["weekdays"])
_ZONES = _spelled(TABLES["zones"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word or number of a date: one letter for its kind, and what it says.

    D day, Y year, M month, H Hijri month, J Jalali month, W weekday (1 is Monday), N a date in
    three numbers, T time (hour, minute and perhaps second), q a part of an hour in minutes, P half
    of the day, Z zone, h the mark of a Hijri year, m the letter that marks either afternoon or a
    common year, o "o'clock", r a day counted back from today; a word that only stands around a date
    has no kind.
    """

    kind: str
    numbers: tuple[int, ...] = ()
    word: str = ""
    zone: tzinfo | None = None


def _words() -> dict[str, Token]:
    """Map every known word and phrase to its token; later tables win over earlier ones."""
    tables: tuple[tuple[str, dict[str, int]], ...] = (
        ("", _spelled(TABLES["around"]["words"])),
        ("D", _spelled(_days["ordinals"]) | _spelled(_clock["hours"])),
        ("W", WEEKDAYS),
        ("J", _spelled(_months["jalali"])),
        ("H", HIJRI_MONTHS),
        ("M", MONTHS),
        ("r", _days["back"]),
        ("h", _spelled([TABLES["marks"]["hijri"]])),
        ("o", _spelled([TABLES["marks"]["hour"]])),
        ("q", _spelled(_clock["parts"])),
    )
    words = {w: Token(kind=k, numbers=(n,)) for k, table in tables for w, n in table.items()}
    words |= {w: Token(kind="P", word=half) for w, half in _spelled(_clock["halves"]).items()}
    for name, hours in _spelled(TABLES["offsets"]).items():
        words[name] = Token(kind="Z", zone=timezone(timedelta(hours=hours)))
    return words | {"م": Token(kind="m")}


_WORDS = _words()


def _any(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_PLACES = _any(_ZONES)
_GREENWICH = _any(place for place, zone in _ZONES.items() if zone == "UTC")
_ISO = re.compile(
    r"(\d{4})(-?)(\d{2})\2(\d{2})(?:t| (?=\s?\d\d:))\s?(\d{2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)?"
    r"\s?(?:(z)|([+-]\d{2}):?(\d{2})?)?(?!\d)"
)
_NUMERIC = re.compile(r"(\d{1,4})\s?([/.\-\\])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?![\d/]|[.,]\d)")
_TIME = re.compile(
    r"([01]?\d|2[0-3])\s?(?::\s?|(?:h|سا?)\s?(?=\d))([0-5]\d)(?:\s?:\s?([0-5]\d)(?:[.,]\d+)?)?(?![\d:])"
)
_YEAR = re.compile(r"(\d{4})(?!\d|\s?[/.,:]\d|[+%])")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er)?(?!\d|\s?[/.:]\s?\d|,\d|[+%])")
_SHIFT = re.compile(
    rf"(?:(?:gmt|utc|(?:ب?توقيت )?(?:{_GREENWICH}))\s?)?"
    rf"([+\-−]\s?\d{{1,2}})(?::?(\d{{2}}))?(?![\d/]|[-.]\d|\W*(?:{_any(MONTHS)}))"
)
_PLACE = re.compile(
    rf"(?:(?:حسب |وفق )?(?:ب|ال|بال)?توقيت (?:مدينه )?({_PLACES})|({_GREENWICH}))(?!\w)"
)
_PHRASE = re.compile(rf"(?:{_any(_WORDS)})(?![^\W\d_])")
# The number of a newspaper's issue, printed beside its day.
_ISSUE = re.compile(r"(?:رقم )?العدد\s*[:\[(]?\s*\d{1,6}(?!\d)[\])]?")
_IN_BRACKETS = re.compile(rf"[\s,،]*\((?:بتوقيت )?({_PLACES})\)")
_IN_NUMBER = re.compile(r"[\d.+]$|\d,$")  # what stands before a digit of some other number
_DOTTED = re.compile(r"(\d{1,2})[.,](\d{2})(?!\d)")
_GAP = re.compile(r"[\s|،,؛;:()\[\]/\\\-–—−_•·.*«»\"']+")
# «الساعة 14 و30 دقيقة»
_SPOKEN = re.compile(r"(\d{1,2}) و ?(\d{1,2}) دقيقه")
_AFTER_TIME = frozenset("TP")
# What a number may be besides ISO 8601: its kind, its form, and the groups that count.
_NUMBERS = (
    ("T", _TIME, (1, 2, 3)),
    ("N", _NUMERIC, (1, 3, 4)),
    ("Y", _YEAR, (1,)),
    ("D", _DAY, (1,)),
)
_CLOCK = re.compile("Z?o?TP?Z?")
_DIGIT = re.compile(r"\d")


@lru_cache(maxsize=4096)
def cut(folded: str) -> tuple[Token, ...]:
    """Return the tokens of a folded string, those around a date left out; empty for no date."""
    tokens: list[Token] = []
    place = 0
    while place < len(folded):
        found, end = _read(folded, place, tokens)
        if not end:
            return ()
        place = end
        tokens.extend(token for token in found if token.kind)
    dated = any(token.kind in "YN" for token in tokens)
    return tuple(token for token in tokens if token.kind != "r" or not dated)


def is_clock(text: str) -> bool:
    """Return whether a line is nothing but a time of day."""
    if not _DIGIT.search(text):
        return False
    return _CLOCK.fullmatch("".join(token.kind for token in cut(fold(text)))) is not None


def _read(folded: str, place: int, before: list[Token]) -> tuple[list[Token], int]:
    """Read what stands at `place`: its tokens and where it ends, which is 0 if nobody knows it."""
    last = before[-1].kind if before else ""
    if last in _AFTER_TIME and (match := _SHIFT.match(folded, place)):
        return [Token(kind="Z", zone=_shift(match[1], match[2]))], match.end()
    if last in _AFTER_TIME and (match := _IN_BRACKETS.match(folded, place)):
        return [_zone(match[1])], match.end()
    if match := _GAP.match(folded, place) or _ISSUE.match(folded, place):
        return [], match.end()
    if last == "o" and (match := _DOTTED.match(folded, place) or _SPOKEN.match(folded, place)):
        return [Token(kind="T", numbers=_numbers(match.groups()))], match.end()
    if folded[place].isdigit():
        return _number(folded, place)
    if match := _PLACE.match(folded, place):
        return [_zone(match[1] or match[2])], match.end()
    if match := _PHRASE.match(folded, place):
        token = _WORDS[match.group()]
        if token.kind == "m":
            token = Token(kind="P" if last in {"T", "D", "Z"} else "", word="pm")
        return [token], match.end()
    if folded[place] == "g" and (match := _SHIFT.match(folded, place)):  # "GMT+3" before the time
        return [Token(kind="Z", zone=_shift(match[1], match[2]))], match.end()
    return [], 0


def _zone(place: str) -> Token:
    name = _ZONES[place]
    return Token(kind="Z", zone=UTC if name == "UTC" else ZoneInfo(name))


def _number(folded: str, place: int) -> tuple[list[Token], int]:
    if _IN_NUMBER.search(folded[max(0, place - 2) : place]):
        return [], 0
    if match := _ISO.match(folded, place):
        return _iso(match), match.end()
    for kind, form, groups in _NUMBERS:
        if match := form.match(folded, place):
            numbers = _numbers(tuple(match[group] for group in groups))
            return [Token(kind=kind, numbers=numbers)], match.end()
    return [], 0


def _iso(match: re.Match[str]) -> list[Token]:
    tokens = [
        Token(kind="N", numbers=_numbers(match.group(1, 3, 4))),
        Token(kind="T", numbers=_numbers(match.group(5, 6, 7))),
    ]
    if match[8]:
        tokens.append(Token(kind="Z", zone=UTC))
    elif match[9]:
        tokens.append(Token(kind="Z", zone=_shift(match[9], match[10])))
    return tokens


def _numbers(parts: tuple[str | None, ...]) -> tuple[int, ...]:
    return tuple(int(part) for part in parts if part is not None)


def _shift(hours: str, minutes: str | None) -> tzinfo:
    whole = int(hours.replace(" ", "").replace("−", "-"))
    part = int(minutes or 0)
    return timezone(timedelta(hours=whole, minutes=-part if whole < 0 else part))


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

    def date(self) -> date:
        """Return the calendar day as printed."""
        return self.day

    def isoformat(self) -> str:
        """Return the moment in UTC, or the day alone where that is all there is."""
        return self.at.isoformat() if self.at else self.day.isoformat()


_TABLE: dict[str, Any] = TABLES["ago"]
_UNIT_OF: dict[str, str] = _spelled(_TABLE["units"])
_DUALS = re.compile(r".*(?:تين|تان|مين|مان|رين|ران|عين|عان)")
_COUNTS: dict[str, int] = _spelled(_TABLE["counts"])
_LABELS = "|".join(_TABLE["labels"])
_BACK = re.compile(
    rf"(?:(?:{_LABELS})\W*)?"
    r"(?:(?:منذ|قبل|il y a) (?P<after>.+?)(?: مضت)?|(?P<before>.+?) (?:مضت|مضي|ago))\W*"
)
_PART = re.compile(r"(?:(?P<count>\d{1,3}|[^\W\d_]+(?: عشره?)?) )?(?P<unit>[^\W\d_]+)")
_ONE = re.compile(r" واحده?$")
_JOINT = re.compile(rf" و ?(?=\d|(?:{'|'.join(_UNIT_OF)})\b)")
# Parts of an hour, alone or after a whole one («ساعة ونصف»), become minutes.
_PART_OF_HOUR = re.compile(
    r"^(نصف|ثلث|ربع) ساعه$|(?:(?<=ساعه)|(?<=ساعتين)|(?<=ساعات)) و ?(نصف|ربع)$"
)
_MINUTES = {"نصف": "30 دقيقه", "ثلث": "20 دقيقه", "ربع": "15 دقيقه"}
# An age inside a folded line, in no group: «منذ 3 ساعات», «نشر قبل يومين», «3 h ago», «منذ قليل».
_NUMBER = rf"(?:\d{{1,3}}|{_any(_COUNTS)})"
_SPAN = (
    rf"(?:(?:{_NUMBER} )?(?:{_any(_UNIT_OF)})(?!\w)"
    rf"(?: واحده?(?!\w))?|\d{{1,3}}\s?(?:{_TABLE['short']})(?!\w)|(?:نصف|ربع|ثلث) ساعه)"
)
_SPANS = (
    rf"(?:(?:{_TABLE['about']}) )?{_SPAN}(?:(?: و ?|, | and | et ){_SPAN})*(?: و ?(?:نصف|ربع))?"
)
AGE = (
    rf"(?:(?:{_LABELS})\W*)?"
    rf"(?:(?:{_TABLE['since']}) {_SPANS}(?: (?:مضت|مضي|تقريبا))?|{_SPANS} (?:مضت|مضي|ago)"
    rf"|{_TABLE['moments']})"
)
_CLOCK_UNITS = frozenset({"second", "minute", "hour"})
_COARSE = frozenset({"week", "month", "year"})


def ago(folded: str, *, now: datetime, zone: tzinfo | None) -> Moment | None:
    """Read a folded relative phrase; None if it says anything else besides.

    Hours and less give a moment to the minute; days, weeks, months and years a calendar day in
    `zone` (UTC where that is None).
    """
    match = _BACK.fullmatch(folded)
    if not match:
        return None
    phrase = match["after"] or match["before"]
    if part := _PART_OF_HOUR.search(phrase):
        minutes = _MINUTES[part[1] or part[2]]
        phrase = minutes if part[1] else f"{phrase[: part.start()]} و{minutes}"
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
        return unit, 2 if _DUALS.fullmatch(match["unit"]) else 1
    if count.isdigit():
        return unit, int(count)
    return (unit, _COUNTS[count]) if count in _COUNTS else None


def _counted_back(counted: dict[str, int], now: datetime, zone: tzinfo | None) -> Moment:
    local = now.astimezone(zone or UTC)
    months = counted.get("month", 0) + 12 * counted.get("year", 0)
    day = _months_back(local.date(), months)
    day -= timedelta(days=counted.get("day", 0), weeks=counted.get("week", 0))
    rough = Precision.SPAN if _COARSE & counted.keys() else Precision.AGE
    if not _CLOCK_UNITS & counted.keys():
        return Moment(day=day, precision=rough)
    delta = timedelta(
        hours=counted.get("hour", 0),
        minutes=counted.get("minute", 0),
        seconds=counted.get("second", 0),
    )
    moment = (datetime.combine(day, local.timetz()) - delta).replace(second=0, microsecond=0)
    moment = moment.astimezone(zone or UTC)
    return Moment(
        day=moment.date(),
        clock=moment.time(),
        at=moment.astimezone(UTC),
        precision=rough if rough is Precision.SPAN else Precision.MINUTE,
    )


def _months_back(day: date, months: int) -> date:
    if not months:
        return day
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
