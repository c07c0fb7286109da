"""Days as they are written on the command line."""

import contextlib
import re
from datetime import date, datetime, timedelta
from typing import Any

import click

from archive.clock import Clock
from crawler.daterange import Period

_WRITTEN = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", re.ASCII)


class Day(click.ParamType[date]):
    """A day, a month or a year: `2020-11-09`, `2020-11` or `2020`; the first day of it.

    With `last`, the last day of it.
    """

    name = "DATE"

    def __init__(self, *, last: bool = False) -> None:
        self._last = last

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        found = _WRITTEN.fullmatch(value.strip())
        with contextlib.suppress(ValueError):
            if found:
                return self._day(*(int(part) if part else None for part in found.groups()))
        return self.fail(f"{value!r} is not a date; write 2020-11-09, 2020-11 or 2020", param, ctx)

    def _day(self, year: int | None, month: int | None, day: int | None) -> date:
        first = date(year or 0, month or 1, day or 1)
        if not self._last or day:
            return first
        following = (first.replace(month=month or 12) + timedelta(days=31)).replace(day=1)
        return following - timedelta(days=1)


def period(since: date | None, until: date | None, *, now: Clock) -> Period:
    """Return the period of two given days.

    Raises:
        click.BadParameter: if it lies in the future, or ends before it begins.
    """
    today: date = datetime.date(now())
    if since and since > today + timedelta(days=1):
        raise click.BadParameter(
            f"{since} is in the future (today is {today}); give a past day",
            param_hint="--since",
        )
    if since and until and until < since:
        raise click.BadParameter(
            f"{until} is before --since {since}; give a later day", param_hint="--until"
        )
    return Period(since=since, until=until)
