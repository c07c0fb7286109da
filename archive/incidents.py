"""What the owner is to hear of, and by which ways that was sent: once by each.

An incident is a flag of `archive.status` that stands, or new hits of a saved search, which are over
at once. Its row goes once its end was sent as well.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from archive.clock import iso
from archive.database import open_for_writing, transaction, waiting, writing
from archive.errors import ArchiveLocked
from archive.rows import insert, record, row_of, select
from archive.status import Flag

_SENTENCES: tuple[Literal["reason", "remedy"], ...] = ("reason", "remedy")
_OBJECTS = ("facts", "alerted", "recovered")
HITS = "hits"  # the name of those of a saved search


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that concerns a publisher (its slug), a saved search, or the archive (empty).

    The `facts` of a flag are its `reason` and `remedy`, in English and Arabic. `alerted` and
    `recovered` are the ways by which its beginning and its end were sent, with times.
    """

    subject: str
    name: str
    facts: Mapping[str, Any]
    opened_at: datetime
    example: str | None = None
    closed_at: datetime | None = None
    alerted: Mapping[str, str] = field(default_factory=dict)
    recovered: Mapping[str, str] = field(default_factory=dict)

    def is_news(self, way: str) -> bool:
        """Return whether something of it was not sent by a way."""
        return way not in (self.recovered if self.closed_at else self.alerted)

    def sent(self, way: str, *, at: datetime) -> "Incident":
        """Return it with all that there is sent by a way."""
        now = {way: iso(at)}
        recovered = {**self.recovered, **now} if self.closed_at else {}
        return replace(self, alerted={**now, **self.alerted}, recovered=recovered)


def compare(
    known: Iterable[Incident], flags: Iterable[tuple[str | None, Flag]], *, now: datetime
) -> list[Incident]:
    """Return incidents as the flags of a status (publisher, flag) continue, end and begin them."""
    standing, current = {(slug or "", flag.name): flag for slug, flag in flags}, list[Incident]()
    for each in known:
        if each.closed_at or standing.pop((each.subject, each.name), None):
            current.append(each)
        else:
            current.append(replace(each, closed_at=now))
    for (subject, name), flag in standing.items():
        facts = {str(it): [flag.said(it, language) for language in (1, 0)] for it in _SENTENCES}
        new = Incident(subject=subject, name=name, facts=facts, example=flag.example, opened_at=now)
        current.append(new)
    return current


def read(db: sqlite3.Connection) -> list[Incident]:
    """Return the incidents that stand, and those whose end was not sent."""
    rows = select(db, "select * from incidents order by opened_at, subject, name")
    return [record(Incident, row | {it: json.loads(row[it]) for it in _OBJECTS}) for row in rows]


def save(db: sqlite3.Connection, incidents: Iterable[Incident], ways: Sequence[str]) -> None:
    """Save incidents in place of those before; what is over and was sent by all `ways` goes."""
    db.execute("delete from incidents")
    for each in incidents:
        if each.closed_at is None or any(map(each.is_news, ways)):
            row = row_of(each, [column.name for column in fields(each)])
            written = {it: json.dumps(row[it], ensure_ascii=False) for it in _OBJECTS}
            insert(db, "incidents", row | written)


@contextmanager
def turn(root: Path, *, now: datetime, patience: float) -> Iterator[sqlite3.Connection]:
    """Give the open database in a transaction, as soon as nobody else writes.

    Raises:
        ArchiveLocked: if somebody still does after `patience` seconds.
        ArchiveError: if it cannot be written.
    """
    ends_at = time.monotonic() + patience
    with ExitStack() as held:
        with waiting(root):
            while True:
                try:
                    held.enter_context(writing(root, command="alerts", now=now))
                    break
                except ArchiveLocked:
                    if time.monotonic() > ends_at:
                        raise
                time.sleep(0.1)
        db = held.enter_context(closing(open_for_writing(root)))
        with transaction(db):
            yield db
