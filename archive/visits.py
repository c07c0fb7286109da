"""The frontier: which addresses are known, which are due, and what the last visit said.

Nothing about the crawl is remembered anywhere else (invariant 3).
"""

import sqlite3
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

from archive.clock import from_iso, iso
from archive.records import Capture, Kind, Link, Visit
from archive.urls import canonical

State = Literal["due", "done", "gone", "refused", "failed"]

# Listings first: a long first crawl never delays the next news.
_DUE = """
select v.key, v.url, v.publisher, v.kind, v.found_in, v.found_at, v.due_at, v.last_at, v.etag,
    v.last_modified, v.last_sha256, v.interval, v.failures,
    l.title, l.published, l.author, l.summary
from visits v left join links l on l.url = v.key and l.found_in = v.found_in
where v.publisher = :publisher and v.due_at <= :now and (v.kind = 'article') = :articles
order by v.due_at limit :limit
"""
_FOUND = """
insert into visits (key, url, publisher, kind, found_in, found_at, due_at)
values (?, ?, ?, ?, ?, ?, ?) on conflict (key) do nothing
"""
_LINKED = """
insert into links (url, found_in, title, published, author, summary, found_at)
values (?, ?, ?, ?, ?, ?, ?) on conflict (url, found_in) do nothing
"""
_VISITED = """
update visits set due_at = :due_at, last_at = :last_at, state = :state, failures = :failures,
    interval = :interval, etag = :etag, last_modified = :last_modified, last_sha256 = :last_sha256
where key = :key
"""


def enter(db: sqlite3.Connection, visits: Iterable[tuple[str, Kind]], *, publisher: str,
          now: datetime) -> None:
    """Make a publisher's entry points (address, kind) known and due now."""
    for url, kind in visits:
        key = canonical(url)
        at = iso(now)
        db.execute(_FOUND, (key, url, publisher, kind, None, at, at))
        db.execute(
            "update visits set due_at = ?, kind = ?, publisher = ? where key = ?",
            (at, kind, publisher, key),
        )


def found(
    db: sqlite3.Connection, links: Iterable[tuple[str, Link]], *, visit: Visit, now: datetime
) -> int:
    """Keep the links (canonical URL, link) of a listing; new ones are due at once.

    Returns:
        How many addresses were new.
    """
    at = iso(now)
    new = 0
    for key, link in links:
        new += db.execute(
            _FOUND, (key, link.url, visit.publisher, link.kind, visit.key, at, at)
        ).rowcount
        db.execute(
            _LINKED,
            (key, visit.key, link.title, link.published, link.author, link.summary, at),
        )
    return new


def due(
    db: sqlite3.Connection,
    publisher: str,
    *,
    now: datetime,
    articles: bool,
    limit: int,
    busy: Collection[str] = (),
) -> list[Visit]:
    """Return at most `limit` visits that are due and not `busy` (keys), longest due first."""
    rows = db.execute(
        _DUE,
        {
            "publisher": publisher,
            "now": iso(now),
            "articles": articles,
            "limit": limit + len(busy),
        },
    )
    return [_visit(row) for row in rows if row[0] not in busy][:limit]


def count_due(db: sqlite3.Connection, publishers: Collection[str], *, now: datetime) -> int:
    """Return how many visits of these publishers are due."""
    marks = ", ".join("?" * len(publishers))
    row = db.execute(
        f"select count(*) from visits where publisher in ({marks}) and due_at <= ?",  # noqa: S608
        (*publishers, iso(now)),
    ).fetchone()
    return int(row[0])


def visited(
    db: sqlite3.Connection,
    visit: Visit,
    capture: Capture | None,
    *,
    now: datetime,
    due_at: datetime | None,
    state: State,
) -> None:
    """Keep what a visit brought; `due_at` None means it is not visited again.

    Validators (ETag, Last-Modified) and digest of the last good answer stay when this one has
    none: a 304 names them or not, an error never replaces them.
    """
    good = capture is not None and capture.status == 200 and state == "done"
    failed = state in {"failed", "refused"}
    db.execute(
        _VISITED,
        {
            "key": visit.key,
            "due_at": due_at and iso(due_at),
            "last_at": iso(now),
            "state": state,
            "failures": visit.failures + 1 if failed else 0,
            "interval": round((due_at - now).total_seconds()) if due_at else None,
            "etag": capture.etag if good and capture else visit.etag,
            "last_modified": capture.last_modified if good and capture else visit.last_modified,
            "last_sha256": capture.sha256 if good and capture else visit.last_sha256,
        },
    )


def _visit(row: tuple[object, ...]) -> Visit:
    (key, url, publisher, kind, found_in, found_at, due_at, last_at, etag, modified, sha256,
     interval, failures, title, published, author, summary) = row  # fmt: skip
    hints = Link(
        url=str(url),
        kind=Kind(str(kind)),
        title=_text(title),
        published=_text(published),
        author=_text(author),
        summary=_text(summary),
    )
    return Visit(
        key=str(key),
        url=str(url),
        publisher=str(publisher),
        kind=Kind(str(kind)),
        found_in=_text(found_in),
        found_at=from_iso(str(found_at)),
        due_at=from_iso(str(due_at)),
        last_at=from_iso(str(last_at)) if last_at else None,
        etag=_text(etag),
        last_modified=_text(modified),
        last_sha256=_text(sha256),
        interval=int(str(interval)) if interval is not None else None,
        failures=int(str(failures)),
        hints=hints if found_in else None,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
