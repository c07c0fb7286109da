"""Days, times, numbers and evidence in Arabic words, for the pages."""

import tomllib
from collections import Counter
from datetime import UTC, date, datetime
from importlib.resources import files
from unicodedata import bidirectional

_LETTERS_LOOKED_AT = 1000
_DAY = len("2020-11-09")

_WORDS = tomllib.loads(files(__package__).joinpath("wording.toml").read_text(encoding="utf-8"))


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
    """Write an ISO time as day and hour in UTC: `9 نوفمبر 2020، 15:04 بتوقيت غرينتش`."""
    read = _utc(moment)
    if read is None:
        return moment or ""
    return f"{day(read.date().isoformat())}، {clock(moment)}"


def moment(moment: str | None) -> str:
    """Write an ISO day as `day` does, an ISO time as `time` does."""
    return day(moment) if moment and len(moment) == _DAY else time(moment)


def span(seconds: int) -> str:
    """Write a span of time in its two largest units, in the genitive: `7 ساعات و12 دقيقة`."""
    minutes = round(seconds / 60)
    parts = [_counted(minutes // 1440, "يوم", "أيام", "يوما")]
    parts.append(_counted(minutes // 60 % 24, "ساعة", "ساعات", "ساعة"))
    if minutes < 1440:
        parts.append(_counted(minutes % 60, "دقيقة", "دقائق", "دقيقة"))
    return " و".join(filter(None, parts)) or "أقل من دقيقة"


def _counted(number: int, one: str, few: str, many: str) -> str:
    """Write a number of things as Arabic counts them: one, two, three to ten, eleven and more."""
    if number <= 2:
        return ("", one, f"{one.replace('ة', 'ت')}ين")[number]
    rest = number % 100
    return f"{number} {few if 3 <= rest <= 10 else many if rest > 10 else one}"


def utc_day(moment: str | None) -> str | None:
    """Return the ISO day in UTC of an ISO time, None where there is none."""
    read = _utc(moment)
    return read.date().isoformat() if read else None


def evidence(source: str | None) -> str:
    """Name where a date or a byline was read, in Arabic; an unknown word stays as it is."""
    return str(_WORDS["evidence"].get(source, source or ""))


def platform(provider: str) -> str:
    """Name a platform in Arabic; an unknown word stays as it is."""
    return str(_WORDS["platforms"].get(provider, provider))


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


FILTERS = (clock, day, direction, evidence, moment, number, platform, span, time, utc_day)
