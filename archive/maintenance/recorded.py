"""Recorded listings, to be read again in the order of their time for what each said."""

import json
import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from archive import captures, journal, links, visits
from archive.clock import from_iso
from archive.errors import DamagedWarc
from archive.journal import VISIT, Followed
from archive.models import Capture, Link, Outcome, Problem, Visit

logger = logging.getLogger(__name__)

_LISTINGS = """
select j.at, j.file, j.offset, j.capture, j.fields, r.started_at, (
    select fields from journal i where i.run = j.run and i.act = 'run' limit 1
)
from journal j join captures c on c.id = j.capture join runs r on r.id = j.run
where j.act = :visit and c.status = 200 and c.truncated is null
    and json_extract(j.fields, '$.kind') in ('feed', 'sitemap', 'section', 'api')
    and json_extract(j.fields, '$.outcome') in (:read, :other)
    and (j.at, j.file, j.offset) > (:at, :file, :offset)
order by j.at, j.file, j.offset limit 1
"""

Place = tuple[str, str, int]
START: Place = ("", "", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedListing:
    """A listing that was visited at a moment, with its decoded body, and how it was followed.

    `place` is where it stands among all; `since` and `until` are the period of its run, which began
    at `run_began`.
    """

    place: Place
    at: datetime
    visit: Visit
    capture: Capture
    followed: Followed
    run_began: datetime
    since: date | None = None
    until: date | None = None


def next_listing(db: sqlite3.Connection, folder: Path, behind: Place) -> RecordedListing | None:
    """Return the listing that was visited next after a place; None where there is no other.

    One whose record does not read is passed over.
    """
    named = {"visit": VISIT, "read": Outcome.READ.value, "other": Outcome.OTHER.value}
    place = dict(zip(("at", "file", "offset"), behind, strict=True))
    row = db.execute(_LISTINGS, named | place).fetchone()
    if row is None:
        return None
    at, file, offset, number, text, began, info = row
    fields = json.loads(text)
    run = json.loads(info) if info else {}
    try:
        capture = captures.as_shown(db, folder, captures.load(db, folder, number))
    except DamagedWarc as error:
        logger.warning("%s", error)
        return next_listing(db, folder, (at, file, offset))
    visit = journal.visit_of(fields)
    known = visits.find(db, visit.key) or visit
    return RecordedListing(
        place=(at, file, offset),
        at=from_iso(at),
        visit=replace(
            visit,
            found_in=known.found_in,
            last_at=from_iso(at),
            earliest_on=known.earliest_on,
            latest_on=known.latest_on,
        ),
        capture=capture,
        followed=journal.decision_of(fields).followed or Followed(),
        run_began=from_iso(began),
        since=date.fromisoformat(run["since"]) if "since" in run else None,
        until=date.fromisoformat(run["until"]) if "until" in run else None,
    )


class RecordedLinks:
    """What a listing that is read again asks of the archive; the moment is that of its visit."""

    def __init__(self, db: sqlite3.Connection, folder: Path, listing: RecordedListing) -> None:
        self._db = db
        self._folder = folder
        self._listing = listing
        self.followed = listing.followed

    def clock(self) -> datetime:
        """Return the moment of the visit."""
        return self._listing.at

    def found(
        self, found: Iterable[tuple[str, Link]], *, visit: Visit, at: datetime, past: bool = False
    ) -> int:
        """Save links; return how many addresses were new."""
        began = self._listing.run_began
        return links.found(self._db, found, visit=visit, now=at, run_began=began, past=past)

    def edited(self, stated: Iterable[tuple[str, datetime, str]], *, visit: Visit) -> list[str]:
        """Return which known articles were not looked at since the listing says they changed."""
        return links.edited(self._db, stated, listing=visit.key, now=self.clock())

    def look_again(self, keys: Iterable[str]) -> None:
        """Make known addresses due."""
        links.make_due(self._db, keys, now=self.clock())

    def latest(self, url: str, *, since: datetime) -> tuple[int, bytes] | None:
        """Return (status, decoded body) of the newest whole capture of an address by then."""
        known = captures.latest(self._db, self._folder, url, since=since, until=self.clock())
        return known and (known[0], known[2])

    def problem(
        self, problem: Problem, *, url: str, publisher: str | None, capture: Capture | None = None
    ) -> None:
        """Save nothing: the journal has it."""
