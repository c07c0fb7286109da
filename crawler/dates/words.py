"""A printed date is cut into the words and numbers that dates are made of; ages are counted back.

One word that dates are not made of, and the whole string is not a date. The words are in
`words.toml`; what is read is folded (`archive.search.arabic.fold`). An age counts back from now:
"منذ 3 ساعات", "قبل يومين", "3 hours ago".
"""

import calendar
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from archive.search.arabic import fold

TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def _numbered(lists: Iterable[list[str]], first: int = 1) -> dict[str, int]:
    """Map every folded spelling in lists of things to the number of its thing."""
    return {
        fold(name): number
        for things in lists
        for number, names in enumerate(things, first)
        for name in names.split("|")
    }


def spelled(table: dict[str, int]) -> dict[str, int]:
    """Return a table with a key for each of the spellings that were parted by |."""
    return {name: value for names, value in table.items() for name in names.split("|")}


def _by_name(table: dict[str, str]) -> dict[str, str]:
    """Return a table of name to names, parted by |, as one of folded name to what it names."""
    return {fold(name): value for value, names in table.items() for name in names.split("|")}


_months, _days, _clock = TABLES["months"], TABLES["days"], TABLES["clock"]
MONTHS = _numbered(_months[each] for each in ("persian", "urdu", "kurdish", "arabic", "latin"))
JALALI_MONTHS = _numbered([_months["jalali"]])
HIJRI_MONTHS = _numbered([_months["hijri"]])
WEEKDAYS = _numbered([_days["weekdays"]], first=0)
_ordinals = {word: number for number, word in enumerate(_days["ordinals"], 1)}
ORDINALS = (
    _ordinals
    | {word.replace("ين", "ون"): n for word, n in _ordinals.items() if n >= 20}
    | {word: number for number, word in enumerate(_clock["hours"], 1)}
    | dict.fromkeys(("اول", "الفاتح", "فاتح"), 1)
)
PARTS_OF_HOUR = spelled(_clock["parts"])
DAYS_BACK: dict[str, int] = _days["back"]
MERIDIEM_OF = _by_name(_clock["halves"])
ZONE_OF = _by_name(TABLES["zones"])
OFFSETS = spelled(TABLES["offsets"])
AROUND_WORDS = frozenset(map(fold, TABLES["around"]["words"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word or number of a date: one letter for its kind, and what it says.

    D day, Y year, M month, H Hijri month, J Jalali month, W weekday, N a date in three numbers,
    T time (hour, minute and perhaps second), q a part of an hour in minutes, P half of the day,
    Z zone, h the mark of a Hijri year, m the letter that marks either afternoon or a common year,
    o "o'clock", r a day counted back from today; a word that only stands around a date has no kind.
    """

    kind: str
    numbers: tuple[int, ...] = ()
    word: str = ""
    zone: tzinfo | None = None


def _words() -> dict[str, Token]:
    """Map every known word and phrase to its token; later tables win over earlier ones."""
    tables: tuple[tuple[str, dict[str, int]], ...] = (
        ("", dict.fromkeys(AROUND_WORDS, 0)),
        ("D", ORDINALS),
        ("W", WEEKDAYS),
        ("J", JALALI_MONTHS),
        ("H", HIJRI_MONTHS),
        ("M", MONTHS),
        ("r", DAYS_BACK),
        ("h", dict.fromkeys(("ه", "هجري", "هجريه", "للهجره"), 0)),
        ("o", dict.fromkeys(("الساعه", "ساعه", "ساعت"), 0)),
        ("q", PARTS_OF_HOUR),
        ("", dict.fromkeys(("ميلادي", "ميلاديه", "للميلاد"), 0)),
    )
    words = {w: Token(kind=k, numbers=(n,)) for k, table in tables for w, n in table.items()}
    words |= {word: Token(kind="P", word=half) for word, half in MERIDIEM_OF.items()}
    for name, hours in OFFSETS.items():
        words[name] = Token(kind="Z", zone=timezone(timedelta(hours=hours)))
    return words | {"م": Token(kind="m")}


_WORDS = _words()


def _any(words: list[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_PLACES = _any(list(ZONE_OF))
_GREENWICH = _any([place for place, zone in ZONE_OF.items() if zone == "UTC"])
_ISO = re.compile(
    r"(\d{4})(-?)(\d{2})\2(\d{2})(?:t| (?=\s?\d\d:))\s?(\d{2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)?"
    r"\s?(?:(z)|([+-]\d{2}):?(\d{2})?)?(?!\d)"
)
_NUMERIC = re.compile(r"(\d{1,4})\s?([/.\-\\])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?![\d/]|[.,]\d)")
_TIME = re.compile(
    r"([01]?\d|2[0-3])\s?(?::\s?|(?:h|سا?)\s?(?=\d))([0-5]\d)(?:\s?:\s?([0-5]\d)(?:[.,]\d+)?)?(?![\d:])"
)
_YEAR = re.compile(r"\d{4}(?!\d|\s?[/.,:]\d|[+%])")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er)?(?!\d|\s?[/.:]\s?\d|,\d|[+%])")
_SHIFT = re.compile(
    rf"(?:(?:gmt|utc|(?:ب?توقيت )?(?:{_GREENWICH}))\s?)?"
    rf"([+\-−]\s?\d{{1,2}})(?::?(\d{{2}}))?(?![\d/]|[-.]\d|\W*(?:{_any(list(MONTHS))}))"
)
_PLACE = re.compile(
    rf"(?:(?:حسب |وفق )?(?:ب|ال|بال)?توقيت (?:مدينه )?({_PLACES})|({_GREENWICH}))(?!\w)"
)
_PHRASE = re.compile(rf"(?:{_any(list(_WORDS))})(?![^\W\d_])")
# The number of a newspaper's issue, printed beside its day.
_ISSUE = re.compile(r"(?:رقم )?العدد\s*[:\[(]?\s*\d{1,6}(?!\d)[\])]?")
_IN_BRACKETS = re.compile(rf"[\s,،]*\((?:بتوقيت )?({_PLACES})\)")
_IN_NUMBER = re.compile(r"[\d.+]$|\d,$")  # what stands before a digit of some other number
_DOTTED = re.compile(r"(\d{1,2})[.,](\d{2})(?!\d)")
_GAP = re.compile(r"[\s|،,؛;:()\[\]/\\\-–—−_•·.*«»\"']+")
# «الساعة 14 و30 دقيقة»
_SPOKEN = re.compile(r"(\d{1,2}) و ?(\d{1,2}) دقيقه")
_AFTER_TIME = frozenset("TP")
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
    if match := _GAP.match(folded, place):
        return [], match.end()
    if match := _ISSUE.match(folded, place):
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
    if match := _SHIFT.match(folded, place):  # "GMT+3" before the time
        return [Token(kind="Z", zone=_shift(match[1], match[2]))], match.end() * (
            folded[place] == "g"
        )
    return [], 0


def _zone(place: str) -> Token:
    name = ZONE_OF[place]
    return Token(kind="Z", zone=UTC if name == "UTC" else ZoneInfo(name))


def _number(folded: str, place: int) -> tuple[list[Token], int]:
    if _IN_NUMBER.search(folded[max(0, place - 2) : place]):
        return [], 0
    if match := _ISO.match(folded, place):
        return _iso(match), match.end()
    if match := _TIME.match(folded, place):
        return [Token(kind="T", numbers=_numbers(match.groups()))], match.end()
    if match := _NUMERIC.match(folded, place):
        return [Token(kind="N", numbers=_numbers((match[1], match[3], match[4])))], match.end()
    if match := _YEAR.match(folded, place):
        return [Token(kind="Y", numbers=(int(match.group()),))], match.end()
    if match := _DAY.match(folded, place):
        return [Token(kind="D", numbers=(int(match[1]),))], match.end()
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
