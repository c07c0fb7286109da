"""What was wrong with something that is imported: kept once, and told in the WARC files.

No answer tells of it, so that a database which is made anew would not know it otherwise.
"""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from archive.clock import iso
from archive.records import Problem
from archive.session import Session

ACT = "problem"
_FIELDS = ("place", "stage", "kind", "detail")
_TARGET = "urn:x-warraq:problem"
_KNOWN = """
select 1 from problems
where url = :place and kind = :kind and stage = :stage and detail = :detail
"""


def keep(session: Session, problem: Problem, *, place: str) -> bool:
    """Keep what was wrong at a place (of a file, or an address); return whether it is news."""
    fields = {
        "act": ACT,
        "place": _one_line(place),
        "stage": problem.stage,
        "kind": problem.kind,
        "detail": _one_line(problem.detail),
    }
    if _is_known(session.db, fields):
        return False
    at = session.clock()
    session.write_metadata(_TARGET, fields, at=at)
    session.totals["problems"] += 1
    enter(session.db, fields, at=at, run=session.run)
    return True


def enter(db: sqlite3.Connection, fields: Mapping[str, str], *, at: datetime, run: int) -> None:
    """Make the row of a problem from the fields of the record that tells of it.

    Raises:
        KeyError: if they are not those of a problem.
    """
    if _is_known(db, fields):
        return
    db.execute(
        "insert into problems (at, run, url, stage, kind, detail) values (?, ?, ?, ?, ?, ?)",
        (iso(at), run, *(fields[name] for name in _FIELDS)),
    )


def _is_known(db: sqlite3.Connection, fields: Mapping[str, str]) -> bool:
    found = db.execute(_KNOWN, {name: fields[name] for name in _FIELDS})
    return found.fetchone() is not None


def _one_line(value: str) -> str:
    """Return a value as a record can hold it; a file's name may be no text at all."""
    return " ".join(value.encode("utf-8", "replace").decode().split())
