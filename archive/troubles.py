"""Rows of problems: what was wrong with a page, or with something that is imported.

The WARC files say so as well, so that a database which is made from them knows it.
"""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from archive import journal
from archive.clock import iso
from archive.models import Problem
from archive.session import Session

_TARGET = "urn:x-warraq:problem"
_KNOWN = """
select 1 from problems
where url = :place and kind = :kind and stage = :stage and detail = :detail
"""


def keep(session: Session, problem: Problem, *, place: str) -> bool:
    """Save once what was wrong at a place (of a file, or an address); return whether it is news."""
    fields = journal.problem_fields(problem, place=place)
    if _is_known(session.db, fields):
        return False
    at = session.clock()
    session.write_metadata(_TARGET, fields, at=at)
    session.totals["problems"] += 1
    insert(session.db, fields, at=at, run=session.run)
    return True


def enter(db: sqlite3.Connection, fields: Mapping[str, str], *, at: datetime, run: int) -> None:
    """Make the row of a problem of an import from the fields of its record, once.

    Raises:
        KeyError: if they are not those of a problem.
    """
    if not _is_known(db, fields):
        insert(db, fields, at=at, run=run)


def insert(
    db: sqlite3.Connection,
    fields: Mapping[str, str],
    *,
    at: datetime,
    run: int,
    capture: int | None = None,
) -> None:
    """Insert the row of a problem.

    Raises:
        KeyError: if the fields are not those of one.
    """
    names = ("place", "stage", "kind", "detail")
    db.execute(
        "insert into problems (at, run, publisher, capture, url, stage, kind, detail)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        (iso(at), run, fields.get("publisher"), capture, *(fields[name] for name in names)),
    )


def _is_known(db: sqlite3.Connection, fields: Mapping[str, str]) -> bool:
    names = ("place", "stage", "kind", "detail")
    row = db.execute(_KNOWN, {name: fields[name] for name in names}).fetchone()
    return row is not None
