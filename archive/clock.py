"""The one clock, and how times are written.

After the machine's clock was set back, what a clock ahead of it put off comes forward again: it
found addresses "tomorrow", and nobody would visit them before that.
"""

import sqlite3
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


WORTH_IT = timedelta(hours=1)  # less than that is waited for

# Times are text of one width; SQLite's own have milliseconds.
_SHIFTED = "strftime('%Y-%m-%dT%H:%M:%f', {0}, :shift) || '000Z'"
_BRING_FORWARD = f"""
update visits set
    due_at = case when last_at is null then :now else max(:now, {_SHIFTED.format("due_at")}) end,
    not_before = {_SHIFTED.format("not_before")},
    last_at = min(last_at, :now),
    found_at = min(found_at, :now)
where due_at > :now and max(found_at, coalesce(last_at, '')) > :soon
"""  # noqa: S608 - constants
_RESUME_HOSTS = f"""
update hosts set not_before = {_SHIFTED.format("not_before")} where not_before > :now
"""  # noqa: S608


def make_good(db: sqlite3.Connection, *, now: datetime) -> timedelta | None:
    """Make what is to be visited due as it would be by the clock that shows `now`.

    Looks only where a run began over an hour after `now`. Returns how far ahead that clock was,
    None where nothing had to be changed. What was observed keeps the times it was given.
    """
    (latest,) = db.execute("select max(started_at) from runs").fetchone()
    ahead = from_iso(latest) - now if latest else timedelta()
    if ahead < WORTH_IT:
        return None
    shift = f"-{ahead.total_seconds():.3f} seconds"
    told = {"now": iso(now), "soon": iso(now + WORTH_IT), "shift": shift}
    if not db.execute(_BRING_FORWARD, told).rowcount:
        return None
    db.execute(_RESUME_HOSTS, told)
    return ahead
