"""Stop 8: a printed date is cut into the words and numbers that dates are made of.

One word that dates are not made of, and the whole string is none.
"""

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from crawler.dating import calendars


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
        ("", dict.fromkeys(calendars.AROUND_WORDS, 0)),
        ("D", calendars.ORDINALS),
        ("W", calendars.WEEKDAYS),
        ("J", calendars.JALALI_MONTHS),
        ("H", calendars.HIJRI_MONTHS),
        ("M", calendars.MONTHS),
        ("r", calendars.DAYS_BACK),
        ("h", dict.fromkeys(("ه", "هجري", "هجريه", "للهجره"), 0)),
        ("o", dict.fromkeys(("الساعه", "ساعه", "ساعت"), 0)),
        ("q", calendars.PARTS_OF_HOUR),
        ("", dict.fromkeys(("ميلادي", "ميلاديه", "للميلاد"), 0)),
    )
    words = {w: Token(kind=k, numbers=(n,)) for k, table in tables for w, n in table.items()}
    words |= {word: Token(kind="P", word=half) for word, half in calendars.MERIDIEM_OF.items()}
    for name, hours in calendars.OFFSETS.items():
        words[name] = Token(kind="Z", zone=timezone(timedelta(hours=hours)))
    return words | {"م": Token(kind="m")}


_WORDS = _words()


def _any(words: list[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_PLACES = _any(list(calendars.ZONE_OF))
_GREENWICH = _any([place for place, zone in calendars.ZONE_OF.items() if zone == "UTC"])
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
    rf"([+\-−]\s?\d{{1,2}})(?::?(\d{{2}}))?(?![\d/]|[-.]\d|\W*(?:{_any(list(calendars.MONTHS))}))"
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
    name = calendars.ZONE_OF[place]
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
