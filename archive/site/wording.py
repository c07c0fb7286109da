"""Days, times, numbers and evidence in the words of the page's language."""

import tomllib
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from importlib.resources import files
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from archive.search import MARKED
from archive.site.language import either, t

_LETTERS_LOOKED_AT = 1000
_DAY = len("2020-11-09")
_UTC = frozenset({"Etc/GMT", "Etc/UTC", "UTC"})

_WORDS = tomllib.loads(files(__package__).joinpath("wording.toml").read_text(encoding="utf-8"))
_NAMES = _WORDS["evidence"] | _WORDS["platforms"] | _WORDS["sorts"]


def day(day: str | None) -> str:
    """Write an ISO day (`2020-11-09`) as `9 نوفمبر 2020`; anything else stays as it is."""
    try:
        read = date.fromisoformat((day or "")[:10])
    except ValueError:
        return day or ""
    return f"{read.day} {either(_WORDS['months'][read.month - 1])} {read.year}"


def month(month: str) -> str:
    """Write an ISO month (`2020-11`) as `نوفمبر 2020`."""
    return day(f"{month}-01").removeprefix("1 ")


def clock(moment: str | None, zone: str | None = None) -> str:
    """Write an ISO time as the hour in a zone (IANA), which is named: `15:04 بتوقيت غرينتش`."""
    read, place = _read(moment, zone)
    return t("{time} بتوقيت {place}", time=f"{read:%H:%M}", place=place) if read else moment or ""


def time(moment: str | None, zone: str | None = None) -> str:
    """Write an ISO time as day and hour: `9 نوفمبر 2020، 15:04 بتوقيت غرينتش`.

    Of a day, the hour is not known.
    """
    if len(moment or "") == _DAY:
        return day(moment)
    local = local_day(moment, zone)
    return t("{day}، {hour}", day=day(local), hour=clock(moment, zone)) if local else moment or ""


def local_day(moment: str | None, zone: str | None = None) -> str | None:
    """Return the ISO day in a zone of an ISO time, None where there is none."""
    read, _ = _read(moment, zone)
    return read.date().isoformat() if read else None


def published(day_printed: str | None, moment: str | None, zone: str | None = None) -> str:
    """Write when something was published: in the publisher's zone, or by its printed day alone.

    A day is only added to a time that falls on it in that zone.
    """
    if day_printed and local_day(moment, zone) != day_printed:
        return day(day_printed)
    return time(moment or day_printed, zone)


def span(seconds: float) -> str:
    """Write how long something took, in its two largest units: `2 ي 3 س`, `5 د`."""
    minutes = round(seconds / 60)
    days, hours = divmod(minutes // 60, 24)
    parts = ((days, t("ي")), (hours, t("س")), (minutes % 60, t("د")))
    said = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(said[:2]) or f"0 {t('د')}"


def named(word: str | None) -> str:
    """Name a platform, or where a date or byline was read; other words stay."""
    return either(_NAMES[word]) if word in _NAMES else word or ""


def word(name: str, table: str) -> str:
    """Return the word for a kind of change (`changes`), or for a passage (`passages`)."""
    return either(_WORDS[table][name])


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


def _read(moment: str | None, zone: str | None) -> tuple[datetime | None, str]:
    """Return an ISO time in a zone, and the name of the zone's place.

    One that names no zone is in UTC, as all times of the archive are.
    """
    there, *place = _zone(zone)
    with suppress(ValueError, OverflowError):
        read = datetime.fromisoformat(moment or "")
        aware = read.replace(tzinfo=UTC) if read.tzinfo is None else read
        return aware.astimezone(there), either(place)
    return None, either(place)


@cache
def _zone(name: str | None) -> tuple[tzinfo, str, str]:
    """Return a zone, and its place in Arabic and in English."""
    with suppress(ValueError, OSError, KeyError):  # as of a name that is none
        if name and name not in _UTC:
            arabic = _WORDS["zones"].get(name, name)
            return ZoneInfo(name), arabic, name.rpartition("/")[2].replace("_", " ")
    return UTC, "غرينتش", "UTC"


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
    """Return why a page as captured is not shown."""
    return either(_WORDS["obstacles"][word]) if word else None


FILTERS = (
    clock, day, direction, label, local_day, marked, meaning, month, named, number, published, span,
    time, word,
)  # fmt: skip
