"""Days, times, numbers and evidence in Arabic words, for the pages."""

import tomllib
from collections import Counter
from datetime import UTC, date, datetime
from importlib.resources import files
from unicodedata import bidirectional

from markupsafe import Markup, escape

from archive.search import MARKED

_LETTERS_LOOKED_AT = 1000
_DAY = len("2020-11-09")

_WORDS = tomllib.loads(files(__package__).joinpath("wording.toml").read_text(encoding="utf-8"))
_NAMES = _WORDS["evidence"] | _WORDS["platforms"]


def day(day: str | None) -> str:
    """Write an ISO day (`2020-11-09`) as `9 نوفمبر 2020`; anything else stays as it is."""
    try:
        read = date.fromisoformat((day or "")[:10])
    except ValueError:
        return day or ""
    return f"{read.day} {_WORDS['months'][read.month - 1]} {read.year}"


def clock(moment: str | None) -> str:
    """Write an ISO time as the hour in UTC: `15:04 بتوقيت غرينتش`."""
    read = _utc(moment)
    return f"{read:%H:%M} بتوقيت غرينتش" if read else moment or ""


def time(moment: str | None) -> str:
    """Write an ISO time as day and hour in UTC: `9 نوفمبر 2020، 15:04 بتوقيت غرينتش`.

    Of a day, the hour is not known.
    """
    if len(moment or "") == _DAY:
        return day(moment)
    utc = utc_day(moment)
    return f"{day(utc)}، {clock(moment)}" if utc else moment or ""


def utc_day(moment: str | None) -> str | None:
    """Return the ISO day in UTC of an ISO time, None where there is none."""
    read = _utc(moment)
    return read.date().isoformat() if read else None


def named(word: str | None) -> str:
    """Name in Arabic a platform, or where a date or byline was read; other words stay."""
    return str(_NAMES.get(word, word or ""))


def number(value: int | None) -> str:
    """Write a count with thousands separators, a dash where it is not known."""
    return "—" if value is None else f"{value:,}"


def direction(text: str | None) -> str:
    """Return the writing direction of most of a text's letters, `auto` where it has none.

    The browser's own rule uses the first letter alone, which in Arabic news is often Latin.
    """
    kinds = Counter(map(bidirectional, (text or "")[:_LETTERS_LOOKED_AT]))
    right, left = kinds["AL"] + kinds["R"], kinds["L"]
    if right == left == 0:
        return "auto"
    return "rtl" if right >= left else "ltr"


def _utc(moment: str | None) -> datetime | None:
    """Read an ISO time; one that names no zone is in UTC, as all times of the archive are."""
    try:
        read = datetime.fromisoformat(moment or "")
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def marked(text: str | None) -> Markup:
    """Return a text as HTML, what was found in `mark` elements, everything else escaped."""
    return Markup(MARKED.sub(r"<mark>\1</mark>", str(escape(text or ""))))  # noqa: S704 - escaped


def label(field: str) -> tuple[str, str]:
    """Return what a field of evidence (archive.evidence) is called, in Arabic and in English."""
    arabic, english = _WORDS["fields"][field]
    return arabic, english


def meaning(word: str) -> tuple[str, str]:
    """Return what a word in evidence means, in both languages."""
    arabic, english = _WORDS["meanings"][word]
    return arabic, english


def obstacle(word: str | None) -> str | None:
    """Return in Arabic why a page as captured is not shown."""
    return str(_WORDS["obstacles"][word]) if word else None


FILTERS = (clock, day, direction, label, marked, meaning, named, number, time, utc_day)
