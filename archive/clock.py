"""The one clock, and how times are written."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

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
