"""What there is to derive articles from: which articles, which captures, what listings said.

Recorded listings are read again in the order of their time.
"""

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from archive import captures, journal, links, renderings
from archive.article_rows import Rows
from archive.clock import iso
from archive.errors import DamagedWarc
from archive.journal import VISIT, Followed
from archive.models import Capture, Link, Outcome, Visit
from archive.publishers import key_of
from archive.rows import record, select
from archive.visits import find, first_visit, hint_columns

logger = logging.getLogger(__name__)

_SUBJECT = "select id article, key, publisher from articles where id = ?"
_AMONG = "(:slugs = '[]' or publisher in (select value from json_each(:slugs)))"
_READABLE = f"""
select id, 0, first_seen_at as at from articles where first_seen_at >= :since and {_AMONG}
union all
select id, 1, fetched_at from captures where article is null and kind = 'article'
    and status = 200 and truncated is null and fetched_at >= :since and {_AMONG}
order by 2, 3, 1
"""  # noqa: S608 - ours
_HINTS_AT = f"""
select v.url, {hint_columns("and l.found_at <= :at")} from visits v
where v.key = :key and v.found_in is not null
"""  # noqa: S608 - ours
_LISTINGS = """
select j.at, j.capture, j.fields, r.started_at, (
    select fields from journal i where i.run = j.run and i.act = 'run' limit 1
)
from journal j join captures c on c.id = j.capture join runs r on r.id = j.run
where j.act = ? and c.status = 200 and c.truncated is null
    and json_extract(j.fields, '$.kind') in ('feed', 'sitemap', 'section', 'api')
    and json_extract(j.fields, '$.outcome') in (?, ?)
order by j.at, j.file, j.offset
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An article to be derived: its id, identity key and publisher (slug)."""

    article: int
    key: str
    publisher: str


class Source:
    """An archive as articles are derived from it; `folder` is that of its WARC files."""

    def __init__(self, db: sqlite3.Connection, folder: Path) -> None:
        self.db = db
        self.folder = folder

    def subject(self, article: int) -> Subject | None:
        """Return what is to be known of an article to derive it; None where it is not there."""
        return next((record(Subject, row) for row in select(self.db, _SUBJECT, (article,))), None)

    def readable(self, publishers: Sequence[str], since: date | None) -> list[tuple[int, bool]]:
        """Return what can be read again: articles, then captures of pages that were none.

        Each by its id, with whether it is such a page; of publishers (none: all), and first seen
        on a day or later.
        """
        asked = {"slugs": json.dumps(publishers), "since": since.isoformat() if since else ""}
        rows = self.db.execute(_READABLE, asked).fetchall()
        return [(number, bool(is_page)) for number, is_page, _ in rows]

    def page(self, number: int) -> tuple[Capture, Visit] | None:
        """Return a capture without its body, and the visit to its address.

        None where that leads to an article, or is not known.
        """
        capture = captures.get(self.db, number)
        visit = self._visit_to(capture)
        return None if visit is None or visit.article is not None else (capture, visit)

    def body(self, capture: Capture) -> Capture:
        """Return a capture with its decoded body.

        Raises:
            DamagedWarc: if it cannot be read.
        """
        return captures.with_body(self.db, self.folder, capture)

    def shown(self, capture: Capture) -> Capture:
        """Return a capture with the body that a browser showed, where one did.

        Raises:
            DamagedWarc: if it cannot be read.
        """
        return renderings.as_shown(self.db, self.folder, capture)

    def visit(self, capture: Capture, *, article: int | None = None) -> Visit | None:
        """Return the visit that a capture is of, with the hints by which it was read.

        Its journal record says so. Where that is lost, the visits and links that are known have to
        do.
        """
        if journaled := captures.visit_of(self.db, self.folder, capture):
            return journaled
        visit = self._visit_to(capture)
        if visit is None and article is not None:
            visit = first_visit(self.db, article)
        return visit and replace(visit, hints=hints_at(self.db, visit.key, capture.fetched_at))

    def _visit_to(self, capture: Capture) -> Visit | None:
        return find(self.db, key_of(self.db, capture.url, capture.publisher))


def seen_since(before: Rows, after: Rows) -> Rows:
    """Return rows with the last time that the article was seen, if those before know a later one.

    Not every capture is there any more.
    """
    if before.article["last_seen_at"] <= after.article["last_seen_at"]:
        return after
    later = {name: before.article[name] for name in ("last_seen_at", "capture")}
    return replace(after, article=after.article | later)


def hints_at(db: sqlite3.Connection, key: str, at: datetime) -> Link | None:
    """Return what listings had said of an address (its key) by a moment; None if none led to it."""
    rows = select(db, _HINTS_AT, {"key": key, "at": iso(at)})
    return record(Link, rows[0]) if rows else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLinks:
    """A listing that is read again: its visit at a moment, and what it asks of the archive.

    `capture` has its decoded body. It was `followed` so far in a run that began at `run_began`, and
    was of the days from `since` until `until`.
    """

    db: sqlite3.Connection
    warc_folder: Path
    at: datetime
    visit: Visit
    capture: Capture
    followed: Followed
    run_began: datetime
    since: date | None = None
    until: date | None = None

    def clock(self) -> datetime:
        """Return the moment of the visit."""
        return self.at

    def found(
        self, found: Iterable[tuple[str, Link]], *, visit: Visit, at: datetime, past: bool = False
    ) -> int:
        """Save links; return how many addresses were new."""
        return links.found(self.db, found, visit=visit, now=at, run_began=self.run_began, past=past)

    def edited(self, stated: Iterable[tuple[str, datetime, str]], *, visit: Visit) -> list[str]:
        """Return which known articles were not looked at since the listing says they changed."""
        return links.edited(self.db, stated, listing=visit.key, now=self.at)

    def look_again(self, keys: Iterable[str]) -> None:
        """Make known addresses due."""
        links.make_due(self.db, keys, now=self.at)

    def latest(self, url: str, *, since: datetime) -> tuple[int, bytes, str] | None:
        """Return (status, decoded body, content type) of an address's newest capture by then."""
        return captures.latest(self.db, self.warc_folder, url, since=since, until=self.at)


def recorded_listings(db: sqlite3.Connection, folder: Path) -> Iterator[RecordedLinks]:
    """Yield the listings that were visited, in the order of time; damaged ones are left out."""
    asked = (VISIT, Outcome.READ, Outcome.OTHER)
    for at, number, text, began, info in db.execute(_LISTINGS, asked):
        fields = json.loads(text)
        visit = journal.visit_of(fields)
        known = find(db, visit.key) or visit
        try:
            capture = renderings.as_shown(db, folder, captures.load(db, folder, number))
        except DamagedWarc as error:
            logger.warning("%s", error)
            continue
        own = {
            "db": db, "warc_folder": folder, "at": at, "run_began": began,
            "visit": replace(visit, earliest_on=known.earliest_on, latest_on=known.latest_on),
            "capture": replace(capture, kind=visit.kind),
            "followed": journal.decision_of(fields).followed,
        }  # fmt: skip
        yield record(RecordedLinks, json.loads(info or "{}") | own)
