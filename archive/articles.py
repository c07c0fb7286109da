"""Rows of articles and their revisions: nothing a publisher wrote is ever overwritten."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from archive import revisions, shown, stories
from archive.clock import from_iso, iso
from archive.records import Extraction, Outcome, Visit
from archive.revisions import Dated
from archive.urls import article_id, next_id

_REVISED = (
    "title", "deck", "byline", "dateline", "section", "published_at", "published_on",
    "modified_at", "text", "image_url",
)  # fmt: skip

# What may differ in a reading that is otherwise the same.
_MOVING = (
    "capture", "last_seen_at", "modified_at", "published_at", "published_on", "published_from",
)  # fmt: skip


def keep(
    db: sqlite3.Connection,
    extraction: Extraction,
    *,
    url: str,
    publisher: str,
    capture: int | None,
    seen_at: datetime,
    article: int | None = None,
) -> tuple[int, Outcome]:
    """Keep a reading as a new article, a further revision, or a sign of life of a known one.

    `url` is canonical; `article` says which one it is where that is known better. Returns the
    article's id and what the reading was.
    """
    if article is None:
        article = find(db, url)
    known, redated = None, False
    if article is not None:
        known = _current_hash(db, article)
        extraction, redated = _dated(db, article, extraction)
    outcome = revisions.decide(known, extraction, redated=redated)
    fields = _fields(extraction) | {"capture": capture, "last_seen_at": iso(seen_at)}
    if article is None:
        article = free_id(db, url)
        insert(db, "articles", fields | {
            "id": article, "url": url, "publisher": publisher, "first_seen_at": iso(seen_at),
        })  # fmt: skip
        stories.enter(db, article)
    elif outcome is Outcome.CHANGED:
        _shelve(db, article)
        fields["changed_at"] = iso(seen_at)
        with stories.reconsidered(db, article, extraction.text):
            _update(db, article, fields | {"gone_at": None}, "revision_count = revision_count + 1")
    else:
        listed = ("byline", "byline_from") if extraction.byline_from == "feed" else ()
        seen = {key: fields[key] for key in (*_MOVING, *listed)}
        _update(db, article, seen | {"gone_at": None})
        if listed:
            set_names(db, article, authors=extraction.authors, tags=extraction.tags)
    if outcome is not Outcome.SAME:
        _revise(db, article, extraction, capture=capture, seen_at=seen_at)
        set_names(db, article, authors=extraction.authors, tags=extraction.tags)
    shown.keep(db, article, extraction, known=outcome is not Outcome.NEW)
    return article, outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which article a page is: its id if it is known, its URL, whether another address leads it."""

    article: int | None
    url: str
    led: bool = False


def identify(
    db: sqlite3.Connection, visit: Visit, *, claimed: str, answered: str, title: str | None
) -> Identity:
    """Say which article a page is that was found at a visit's address.

    An article keeps the address it was first known by (invariant 11), whatever the page claims
    later. A claim is believed where nothing stands yet, or an article of the same title: many
    sites name one and the same page as canonical for all of theirs. The address that led to an
    article first is the one that is looked at again; two would make revisions of each other.
    """
    moved = answered != visit.key and find(db, answered) not in {None, visit.article}
    if visit.article is not None and not moved:
        return Identity(article=visit.article, url=answered)
    for url in dict.fromkeys((claimed, answered)):
        row = db.execute("select id, title from articles where url = ?", (url,)).fetchone()
        if row is None:
            return Identity(article=None, url=url)
        if url == answered or row[1] == title:
            led = db.execute(
                "select 1 from visits where article = ? and key != ?", (row[0], visit.key)
            ).fetchone()
            return Identity(article=row[0], url=url, led=led is not None)
    return Identity(article=None, url=answered)


def find(db: sqlite3.Connection, url: str) -> int | None:
    """Return the id of the article with that canonical URL, None if there is none."""
    row = db.execute("select id from articles where url = ?", (url,)).fetchone()
    return row and int(row[0])


def seen(db: sqlite3.Connection, article: int, *, capture: int | None, at: datetime) -> None:
    """Note that an article stood unchanged at that time."""
    db.execute(
        "update articles set last_seen_at = ?, capture = coalesce(?, capture), gone_at = null"
        " where id = ?",
        (iso(at), capture, article),
    )


def gone(db: sqlite3.Connection, article: int, *, at: datetime) -> bool:
    """Mark an article as gone, once; its text stays. Return whether it was marked now."""
    marked = db.execute(
        "update articles set gone_at = ? where id = ? and gone_at is null", (iso(at), article)
    )
    return marked.rowcount > 0


def _fields(extraction: Extraction) -> dict[str, Any]:
    return {
        "kind": extraction.kind,
        "title": extraction.title,
        "deck": extraction.deck,
        "byline": extraction.byline,
        "byline_from": extraction.byline_from,
        "dateline": extraction.dateline,
        "section": extraction.section,
        "language": extraction.language,
        "published_at": extraction.published_at and iso(extraction.published_at),
        "published_on": extraction.published_on and extraction.published_on.isoformat(),
        "published_from": extraction.published_from,
        "modified_at": extraction.modified_at and iso(extraction.modified_at),
        "text": extraction.text,
        "words": len(extraction.text.split()),
        "image_url": extraction.image_url,
    }


def _dated(db: sqlite3.Connection, article: int, extraction: Extraction) -> tuple[Extraction, bool]:
    """Return the reading with the date the article has after it; whether that was edited."""
    at, on, source = db.execute(
        "select published_at, published_on, published_from from articles where id = ?", (article,)
    ).fetchone()
    before = Dated(
        at=from_iso(at) if at else None, on=date.fromisoformat(on) if on else None, source=source
    )
    after, edited = revisions.dated(before, extraction)
    extraction = replace(
        extraction, published_at=after.at, published_on=after.on, published_from=after.source
    )
    return extraction, edited


def _shelve(db: sqlite3.Connection, article: int) -> None:
    """Move the text of the current revision, so far only in `articles`, to its own row."""
    db.execute(
        "update revisions set text = (select text from articles where id = :id)"
        " where article = :id and text is null",
        {"id": article},
    )


def _revise(
    db: sqlite3.Connection,
    article: int,
    extraction: Extraction,
    *,
    capture: int | None,
    seen_at: datetime,
) -> None:
    fields = {name: value for name, value in _fields(extraction).items() if name in _REVISED}
    number = db.execute(
        "select coalesce(max(number), 0) + 1 from revisions where article = ?", (article,)
    ).fetchone()[0]
    insert(db, "revisions", fields | {
        "article": article,
        "number": number,
        "observed_at": iso(seen_at),
        "capture": capture,
        "tags": json.dumps(extraction.tags, ensure_ascii=False) if extraction.tags else None,
        "text": None,
        "content_hash": revisions.content_hash(extraction),
    })  # fmt: skip


def set_names(
    db: sqlite3.Connection, article: int, *, authors: Iterable[str], tags: Iterable[str]
) -> None:
    """Set the article's authors and tags to those of its latest reading."""
    db.execute("delete from article_authors where article = ?", (article,))
    for position, author in enumerate(_ids(db, "authors", authors)):
        db.execute("insert into article_authors values (?, ?, ?)", (article, author, position))
    db.execute("delete from article_tags where article = ?", (article,))
    for tag in _ids(db, "tags", tags):
        db.execute("insert into article_tags values (?, ?)", (article, tag))


def _ids(db: sqlite3.Connection, table: str, names: Iterable[str]) -> list[int]:
    ids = []
    for name in dict.fromkeys(names):
        db.execute(f"insert into {table} (name) values (?) on conflict do nothing", (name,))  # noqa: S608 - the table's name is ours
        ids.append(db.execute(f"select id from {table} where name = ?", (name,)).fetchone()[0])  # noqa: S608
    return ids


def free_id(db: sqlite3.Connection, url: str) -> int:
    """Return the id for a new article: that of its URL, or the next free one on a collision."""
    wanted = article_id(url)
    while db.execute("select 1 from articles where id = ?", (wanted,)).fetchone():
        wanted = next_id(wanted)
    return wanted


def _current_hash(db: sqlite3.Connection, article: int) -> str:
    return str(
        db.execute(
            "select content_hash from revisions where article = ? order by number desc limit 1",
            (article,),
        ).fetchone()[0]
    )


def insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert a row of `articles` or `revisions`."""
    names = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    db.execute(f"insert into {table} ({names}) values ({marks})", row)  # noqa: S608 - names are ours


def _update(db: sqlite3.Connection, article: int, row: dict[str, Any], *more: str) -> None:
    sets = ", ".join([*(f"{name} = :{name}" for name in row), *more])
    db.execute(f"update articles set {sets} where id = :id", row | {"id": article})  # noqa: S608
