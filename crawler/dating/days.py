"""Stop 8: the numbers and months of a printed date become a calendar day, by its calendar."""

from datetime import date, timedelta

from hijridate import Hijri
from persiantools.jdatetime import JalaliDate

from crawler.dating.datewords import Token


def day_of(dates: list[list[Token]], weekday: int | None, *, us: bool) -> date:
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


def _is_other(parts: list[Token], *, paired: bool) -> bool:
    """Tell whether one date is Hijri or Jalali: by its month or mark, in a pair by its year too."""
    if any(token.kind in "HhJ" for token in parts):
        return True
    return paired and parts[0].kind == "N" and any(1343 <= n <= 1500 for n in parts[0].numbers)


def _of_other(parts: list[Token]) -> date:
    if parts[0].kind == "N":
        first, middle, last = parts[0].numbers
        year, day = (first, last) if first > 31 else (last, first)
        return _hijri(year, middle, day)
    values = {token.kind: token.numbers[0] for token in parts if token.numbers}
    if "J" in values:
        return _jalali(values["Y"], values["J"], values["D"])
    return _hijri(values["Y"], values["H"], values["D"])


def _of_common(parts: list[Token], weekday: int | None, *, us: bool) -> date:
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
