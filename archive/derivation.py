"""What there is to derive articles from: which articles, which captures, what listings said."""

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from archive import captures
from archive.article_rows import Rows
from archive.clock import iso
from archive.models import Capture, Kind, Link, Visit
from archive.publishers import key_of
from archive.visits import find, first_visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An article of the archive: its identity key, its address and its publisher.

    `is_untraced` where captures of it are lost, so that its history cannot be derived.
    """

    key: str
    url: str
    publisher: str
    is_untraced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAgain:
    """A page that was no article, without its body, and the visit to its address."""

    capture: Capture
    visit: Visit


def known_article(db: sqlite3.Connection, article: int) -> Known | None:
    """Return what is to be known of an article to derive it; None where it is not there."""
    row = db.execute(
        "select key, url, publisher, exists (select 1 from revisions where article = :id"
        " and capture is null) from articles where id = :id",
        {"id": article},
    ).fetchone()
    return row and Known(key=row[0], url=row[1], publisher=row[2], is_untraced=bool(row[3]))


def articles(
    db: sqlite3.Connection, *, publishers: Sequence[str] = (), since: date | None = None
) -> list[int]:
    """Return the articles of publishers (none: all), first seen on a day or later."""
    where, values = _where(publishers, since, "first_seen_at")
    rows = db.execute(f"select id from articles where {where} order by first_seen_at, id", values)  # noqa: S608 - ours
    return [number for (number,) in rows]


def other_pages(
    db: sqlite3.Connection, *, publishers: Sequence[str] = (), since: date | None = None
) -> list[int]:
    """Return the captures of pages that were no articles, fetched on a day or later."""
    where, values = _where(publishers, since, "fetched_at")
    rows = db.execute(
        "select id from captures where article is null and kind = 'article' and status = 200"  # noqa: S608
        f" and truncated is null and {where} order by fetched_at, id",
        values,
    )
    return [number for (number,) in rows]


def page_again(db: sqlite3.Connection, number: int) -> PageAgain | None:
    """Return a page that was no article; None where its address leads to one, or is not known."""
    capture = captures.get(db, number)
    try:
        visit = find(db, key_of(db, capture.url, capture.publisher))
    except ValueError:
        return None
    if visit is None or visit.article is not None:
        return None
    return PageAgain(capture=capture, visit=visit)


def has_captures(db: sqlite3.Connection, article: int) -> bool:
    """Return whether an article has captures at all."""
    return bool(captures.of_article(db, article))


def leads_somewhere(db: sqlite3.Connection, key: str) -> bool:
    """Return whether a visit leads to an article by now."""
    row = db.execute("select article from visits where key = ?", (key,)).fetchone()
    return row is not None and row[0] is not None


def seen_since(before: Rows, after: Rows) -> Rows:
    """Return rows with the last time that the article was seen, if those before know a later one.

    Not every capture is there any more.
    """
    if before.article["last_seen_at"] <= after.article["last_seen_at"]:
        return after
    later = {name: before.article[name] for name in ("last_seen_at", "capture")}
    return replace(after, article=after.article | later)


def visit_of(
    db: sqlite3.Connection, folder: Path, capture: Capture, *, article: int | None = None
) -> Visit | None:
    """Return the visit that a capture is of, with the hints by which it was read.

    Its journal record says so. Where that is lost, the visits and links that are known have to do.
    """
    if journaled := captures.visit_of(db, folder, capture):
        return journaled
    visit = None
    with contextlib.suppress(ValueError):
        visit = find(db, key_of(db, capture.url, capture.publisher))
    if visit is None and article is not None:
        visit = first_visit(db, article)
    return visit and replace(visit, hints=hints_at(db, visit.key, capture.fetched_at))


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


def _where(publishers: Sequence[str], since: date | None, moment: str) -> tuple[str, list[Any]]:
    marks = ", ".join("?" * len(publishers))
    parts = [f"publisher in ({marks})"] if publishers else []
    values = list(publishers)
    if since:
        parts.append(f"{moment} >= ?")
        values.append(since.isoformat())
    return " and ".join(parts) or "true", values
