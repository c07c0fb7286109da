"""What there is to derive articles from: which articles, which captures, what listings said.

Recorded listings are read again in the order of their time.
"""

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from archive import captures, journal, links
from archive.article_rows import Rows
from archive.clock import from_iso, iso
from archive.errors import DamagedWarc
from archive.journal import VISIT, Followed
from archive.models import Capture, Kind, Link, Outcome, Problem, Visit
from archive.publishers import key_of
from archive.rows import record, select, value, values
from archive.visits import find, first_visit

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An article to be derived: its id, identity key, publisher (slug) and address.

    `is_untraced` where captures of it are lost, so that its history cannot be derived.
    """

    article: int
    key: str
    publisher: str
    url: str = ""
    is_untraced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAgain:
    """A page that was no article, without its body, and the visit to its address."""

    capture: Capture
    visit: Visit


class Source:
    """An archive as articles are derived from it; `folder` is that of its WARC files."""

    def __init__(self, db: sqlite3.Connection, folder: Path) -> None:
        self.db = db
        self.folder = folder

    def subject(self, article: int) -> Subject | None:
        """Return what is to be known of an article to derive it; None where it is not there."""
        rows = select(
            self.db,
            "select id article, key, publisher, url, exists (select 1 from revisions"
            " where article = :id and capture is null) is_untraced from articles where id = :id",
            {"id": article},
        )
        return record(Subject, rows[0]) if rows else None

    def articles(self, *, publishers: Sequence[str] = (), since: date | None = None) -> list[int]:
        """Return the articles of publishers (none: all), first seen on a day or later."""
        where, named = _where(publishers, since, "first_seen_at")
        sql = f"select id from articles where {where} order by first_seen_at, id"  # noqa: S608
        return values(self.db, sql, named)

    def other_pages(
        self, *, publishers: Sequence[str] = (), since: date | None = None
    ) -> list[int]:
        """Return the captures of pages that were no articles, fetched on a day or later."""
        where, named = _where(publishers, since, "fetched_at")
        sql = (
            "select id from captures where article is null and kind = 'article' and status = 200"  # noqa: S608
            f" and truncated is null and {where} order by fetched_at, id"
        )
        return values(self.db, sql, named)

    def page_again(self, number: int) -> PageAgain | None:
        """Return a page that was no article; None where its address leads to one, or is unknown."""
        capture = captures.get(self.db, number)
        visit = self._visit_to(capture)
        if visit is None or visit.article is not None:
            return None
        return PageAgain(capture=capture, visit=visit)

    def is_led(self, key: str) -> bool:
        """Return whether a visit leads to an article."""
        return value(self.db, "select article from visits where key = ?", (key,)) is not None

    def captures(self, article: int) -> list[Capture]:
        """Return the captures of an article in the order of their time, without their bodies.

        Their digests are those of what a browser showed, where one did.
        """
        return [
            replace(capture, sha256=captures.rendering_digest(self.db, capture.id or 0) or sha256)
            for capture in captures.of_article(self.db, article)
            for sha256 in [capture.sha256]
        ]

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
        return captures.as_shown(self.db, self.folder, capture)

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
        with contextlib.suppress(ValueError):
            return find(self.db, key_of(self.db, capture.url, capture.publisher))
        return None


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
    row = db.execute("select url, found_in from visits where key = ?", (key,)).fetchone()
    if row is None or row[1] is None:
        return None
    title, published, author, summary = (
        _hint(db, name, key, at) for name in ("title", "published", "author", "summary")
    )
    dated = db.execute(
        "select k.kind from links l join visits k on k.key = l.found_in where l.url = ?"
        " and l.published != '' and l.found_at <= ? order by l.found_in limit 1",
        (key, iso(at)),
    ).fetchone()
    return Link(
        url=row[0],
        title=title,
        published=published,
        author=author,
        summary=summary,
        dated_by=Kind(dated[0]) if dated else None,
    )


def _hint(db: sqlite3.Connection, name: str, key: str, at: datetime) -> str | None:
    row = db.execute(
        f"select {name} from links where url = ? and {name} != '' and found_at <= ?"  # noqa: S608
        " order by found_in limit 1",
        (key, iso(at)),
    ).fetchone()
    return str(row[0]) if row else None


def _where(
    publishers: Sequence[str], since: date | None, moment: str
) -> tuple[str, tuple[Any, ...]]:
    marks = ", ".join("?" * len(publishers))
    parts = [f"publisher in ({marks})"] if publishers else []
    named = [*publishers, *([since.isoformat()] if since else [])]
    if since:
        parts.append(f"{moment} >= ?")
    return " and ".join(parts) or "true", tuple(named)


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
    known = find(db, visit.key) or visit
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
