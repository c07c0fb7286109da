"""A printed date is cut into the words and numbers that dates are made of.

One word that dates are not made of, and the whole string is none. The words are in
`words.toml`; what is read is folded (`archive.search.arabic.fold`).
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
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


def cut(folded: str) -> list[Token]:
    """Return the tokens of a folded string, those around a date left out; empty for no date."""
    tokens: list[Token] = []
    place = 0
    while place < len(folded):
        found, end = _read(folded, place, tokens)
        if not end:
            return []
        place = end
        tokens.extend(token for token in found if token.kind)
    dated = any(token.kind in "YN" for token in tokens)
    return [token for token in tokens if token.kind != "r" or not dated]


def is_clock(text: str) -> bool:
    """Return whether a line is nothing but a time of day."""
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
