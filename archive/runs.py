"""The history of runs, with counts that are read from the rows they made."""

import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from archive.clock import Clock, from_iso, iso, system
from archive.models import Run
from archive.rows import insert, record, row_of, select, update, value, values

_COUNTS = """
select coalesce(publisher, '') publisher, sum(requests) requests, sum(new) new,
    sum(changed) changed, sum(unchanged) unchanged, sum(problems) problems, sum(bytes) bytes,
    sum(seconds) seconds
from (
    select publisher, count(*) requests, sum(outcome is 'new') new,
        sum(outcome is 'changed') changed,
        sum(article is not null and coalesce(outcome, '') in ('same', 'unchanged')) unchanged,
        0 problems,
        sum(wire_bytes) bytes,
        (julianday(max(fetched_at)) - julianday(min(fetched_at))) * 86400 seconds
    from captures indexed by captures_run where run = :run group by publisher
    union all
    select c.publisher, 0, count(*), 0, 0, 0, 0, 0
    from captures c indexed by captures_run join revisions r on r.capture = c.id and r.number = 1
    where c.run = :run and c.status = 0 group by c.publisher
    union all
    select publisher, 0, 0, 0, 0, count(*), 0, 0 from problems where run = :run group by publisher
)
group by 1 order by 1
"""
# An import's captures have the times of others.
_CLOCKS = """
select distinct command like '% --now' from runs
where requests > 0 and command not like 'import-%'
"""
_COUNTED = ("requests", "new", "changed", "unchanged", "problems", "bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one run did for one publisher.

    `bytes` are payload bytes over the wire, `seconds` the time from its first to its last answer.
    """

    publisher: str
    requests: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """What came of it: news (new or changed articles), problems without news, or quiet."""
        if self.new or self.changed:
            return "news"
        return "problems" if self.problems else "quiet"


def begin(db: sqlite3.Connection, command: str, *, now: datetime, writer: str) -> int:
    """Start a run's row and return its id; `writer` is the archive's word (`warc.files`)."""
    row = {"command": command, "started_at": iso(now), "state": "running", "pid": os.getpid()}
    run = insert(db, "runs", row)
    update(db, "runs", {"name": f"{writer}-{run}"}, id=run)
    return run


def named(db: sqlite3.Connection, run: int) -> str:
    """Return the name that a run has in WARC files, by which any archive knows it."""
    return str(value(db, "select name from runs where id = ?", (run,)))


def numbered(db: sqlite3.Connection, name: str | None) -> int | None:
    """Return the id of the run of a name, None if it is not known."""
    return value(db, "select id from runs where name = ?", (name,))


def end(db: sqlite3.Connection, run: int, *, state: str, now: datetime | None) -> None:
    """Close a run's row with its state, its end if that is known, and the sums of its counts."""
    publishers = counts(db, run)
    sums = {name: sum(getattr(each, name) for each in publishers) for name in _COUNTED}
    update(db, "runs", {"state": state, "ended_at": now and iso(now)} | sums, id=run)
    db.execute("delete from run_publishers where run = ?", (run,))
    for each in publishers:
        if each.publisher:
            own = row_of(each, ("publisher", "outcome", *_COUNTED))
            insert(db, "run_publishers", {"run": run} | own)


def by_publisher(db: sqlite3.Connection, run: int) -> list[Counts]:
    """Return what a run that has ended did, one record per publisher."""
    rows = select(db, "select * from run_publishers where run = ? order by publisher", (run,))
    return [record(Counts, row) for row in rows]


def counts(db: sqlite3.Connection, run: int) -> list[Counts]:
    """Return what a run has done, one record per publisher."""
    return [record(Counts, row) for row in select(db, _COUNTS, {"run": run})]


def problem_kinds(db: sqlite3.Connection, run: int) -> list[tuple[str, str, int, str]]:
    """Return (publisher, kind, how many, one of them) of a run's problems, most first."""
    return db.execute(
        "select coalesce(publisher, ''), kind, count(*), min(url || ': ' || detail) from problems"
        " where run = ? group by 1, 2 order by 3 desc, 1, 2",
        (run,),
    ).fetchall()


def last_at(db: sqlite3.Connection) -> datetime | None:
    """Return when the latest run began or ended, None before the first."""
    at = value(db, "select max(coalesce(ended_at, started_at)) from runs")
    return at and from_iso(at)


def by_clock(command: str, clock: Clock) -> str:
    """Return what the history calls a command that asks sites: also by which clock."""
    return command if clock is system else f"{command} --now"


def clocks(db: sqlite3.Connection) -> set[bool]:
    """Return whether the runs that asked sites had a clock of their own: none, either or both."""
    return {bool(own) for own in values(db, _CLOCKS)}


def history(db: sqlite3.Connection, *, limit: int = 20) -> list[Run]:
    """Return the latest runs, newest first."""
    rows = select(db, "select * from runs order by id desc limit ?", (limit,))
    return [record(Run, row) for row in rows]


def latest(db: sqlite3.Connection, command: str) -> Run | None:
    """Return the latest run of a command, whatever its words; None if there was none."""
    sql = (
        "select * from runs where command = ?1 or command like ?1 || ' %' order by id desc limit 1"
    )
    return next((record(Run, row) for row in select(db, sql, (command,))), None)
