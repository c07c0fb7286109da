"""The one clock, and how times are written."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def system() -> datetime:
    """Return the machine's time, aware, in UTC."""
    return datetime.now(UTC)


def starting_at(start: datetime, *, ticking: Clock = system) -> Clock:
    """Return a clock that shows `start` (aware) now and runs on from there as `ticking` does."""
    shift: timedelta = start.astimezone(UTC) - ticking()
    return lambda: ticking() + shift


def iso(moment: datetime) -> str:
    """Return an aware datetime as the archive stores it: UTC, ISO 8601, microseconds, `Z`.

    One width for all, so that text order is time order (WARC 1.1 allows this precision).
    """
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec="microseconds") + "Z"


def from_iso(text: str) -> datetime:
    """Return the aware datetime that `iso` (or another ISO 8601 text with a zone) stands for."""
    return datetime.fromisoformat(text).astimezone(UTC)


def local(moment: str | None, day: str | None, zone: str | None) -> str | None:
    """Return the time of publication on the clocks of its place, as `2020-11-09T02:30:00`.

    Of a `moment` (as `iso` writes it), the `day` that the publisher prints and its `zone` (IANA).
    None where the zone is not known or has another day then, and for midnight in UTC: such a stamp
    names a day, as in `crawler.dates`. It has no offset, for SQLite would take that off again.
    """
    if moment and zone:
        with suppress(ValueError, OSError, KeyError, OverflowError):  # as of a name that is none
            there = from_iso(moment).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            printed = there.isoformat(timespec="seconds")
            if printed.startswith(f"{day}T") and not moment.endswith("T00:00:00.000000Z"):
                return printed
    return None
