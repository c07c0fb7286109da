"""The rows that one article is: its own, its revisions, its names and what it shows.

They are made of a history, read back from the database, compared, and put in each other's place.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from archive.clock import from_iso, iso
from archive.history import History, Revision, State, captions, content_hash
from archive.models import Embed, Extraction, Image, PageKind

Row = dict[str, Any]

# What the publisher says; the rest of a row says when it was looked at.
WRITTEN = (
    "kind", "title", "deck", "byline", "byline_from", "dateline", "section", "language",
    "published_at", "published_on", "published_from", "modified_at", "text", "words", "image_url",
)  # fmt: skip
SEEN = (
    "url", "capture", "first_seen_at", "last_seen_at", "changed_at", "revision_count", "missing_at",
    "gone_at",
)  # fmt: skip
REVISION = (
    "number", "observed_at", "capture", "title", "deck", "byline", "dateline", "section", "tags",
    "captions", "published_at", "published_on", "modified_at", "text", "image_url", "small",
    "content_hash",
)  # fmt: skip
_REVISED = (
    "title", "deck", "byline", "dateline", "section", "published_at", "published_on",
    "modified_at", "image_url",
)  # fmt: skip
_NAMES = {
    "authors": "select name from article_authors join authors on id = author where article = ?"
    " order by position",
    "tags": "select name from article_tags join tags on id = tag where article = ? order by name",
}
_SHOWN = {
    "embeds": "select position, provider, url from embeds where article = ? order by position",
    "images": "select position, url, caption, credit, alt from images where article = ?"
    " order by position",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One article's rows, without its id, address, publisher and story.

    `names` has the authors in their order and the tags, `shown` the embeds and images.
    """

    article: Row
    revisions: tuple[Row, ...]
    names: Mapping[str, tuple[str, ...]]
    shown: Mapping[str, tuple[tuple[Any, ...], ...]]

    @classmethod
    def of(cls, history: History) -> Self:
        """Return the rows that a history makes."""
        state, last = history.state, len(history.revisions)
        return cls(
            article=fields_of(state.reading) | seen_of(state),
            revisions=tuple(
                revision_of(one, is_current=number == last)
                for number, one in enumerate(history.revisions, 1)
            ),
            names=names_of(state.reading),
            shown=shown_of(state.reading),
        )

    @classmethod
    def stored(cls, db: sqlite3.Connection, article: int) -> Self | None:
        """Read an article's rows; None where there is no such article."""
        found = _select(db, "articles", (*WRITTEN, *SEEN), "id = ?", article)
        if not found:
            return None
        return cls(
            article=found[0],
            revisions=tuple(
                _select(db, "revisions", REVISION, "article = ? order by number", article)
            ),
            names={
                table: tuple(name for (name,) in db.execute(sql, (article,)))
                for table, sql in _NAMES.items()
            },
            shown={table: tuple(db.execute(sql, (article,))) for table, sql in _SHOWN.items()},
        )

    def changes(self, new: "Rows") -> dict[str, tuple[Any, Any]]:
        """Return (value here, value there) by the name of each field that differs in other rows."""
        changes: dict[str, tuple[Any, Any]] = {
            name: (self.article[name], new.article[name])
            for name in ("url", *WRITTEN, "gone_at")
            if name in new.article and self.article[name] != new.article[name]
        }
        for name in ("authors", "tags"):
            if sorted(self.names[name]) != sorted(new.names[name]):
                changes[name] = (self.names[name], new.names[name])
        for name in ("embeds", "images"):
            if self.shown[name] != new.shown[name]:
                changes[name] = (_in_words(self.shown[name]), _in_words(new.shown[name]))
        if len(self.revisions) != len(new.revisions):
            changes["revisions"] = (len(self.revisions), len(new.revisions))
        elif "text" not in changes and (pair := self._differing(new)):
            before, after = pair
            shown = _in_words(tuple(one.values()) for one in (before, after))
            changes["earlier revisions"] = (shown[0], shown[1])
        return changes

    def _differing(self, new: "Rows") -> tuple[Row, Row] | None:
        """Return the first revision that differs; what the last one says stands in the article."""
        *earlier, last = zip(self.revisions, new.revisions, strict=True)
        observed = ("observed_at", "capture", "small")
        if any(last[0][name] != last[1][name] for name in observed):
            earlier.append(last)
        return next((pair for pair in earlier if pair[0] != pair[1]), None)


def fields_of(reading: Extraction) -> Row:
    """Return the columns of `articles` that a reading fills."""
    return {
        "kind": reading.kind.value,
        "title": reading.title,
        "deck": reading.deck,
        "byline": reading.byline,
        "byline_from": reading.byline_from,
        "dateline": reading.dateline,
        "section": reading.section,
        "language": reading.language,
        "published_at": _moment(reading.published_at),
        "published_on": reading.published_on and reading.published_on.isoformat(),
        "published_from": reading.published_from,
        "modified_at": _moment(reading.modified_at),
        "text": reading.text,
        "words": len(reading.text.split()),
        "image_url": reading.image_url,
    }


def seen_of(state: State) -> Row:
    """Return the columns of `articles` that say when it was seen."""
    moments = ("first_seen_at", "last_seen_at", "changed_at", "missing_at", "gone_at")
    row: Row = {name: _moment(getattr(state, name)) for name in moments}
    row |= {"capture": state.capture, "revision_count": state.revision_count}
    return row | ({"url": state.url} if state.url else {})


def revision_of(revision: Revision, *, is_current: bool) -> Row:
    """Return the row of a revision; the text of the current one is stored with its article."""
    reading, written = revision.reading, fields_of(revision.reading)
    return {name: written[name] for name in _REVISED} | {
        "number": revision.number,
        "observed_at": iso(revision.observed_at),
        "capture": revision.capture,
        "tags": _list(reading.tags),
        "captions": _list(captions(reading)),
        "text": None if is_current else reading.text,
        "small": int(revision.small),
        "content_hash": content_hash(reading),
    }


def reading_of(row: Mapping[str, Any], *, text: str, byline: str | None) -> Extraction:
    """Return what the row of a revision says, with its text and a byline.

    Raises:
        ValueError: if its lists are not JSON.
    """
    return Extraction(
        kind=PageKind.ARTICLE,
        byline=byline,
        text=text,
        **{name: row[name] for name in ("title", "deck", "dateline", "section", "image_url")},
        tags=tuple(json.loads(row["tags"] or "[]")),
        images=tuple(
            Image(url="", caption=caption) for caption in json.loads(row["captions"] or "[]")
        ),
    )


def names_of(reading: Extraction) -> dict[str, tuple[str, ...]]:
    """Return authors and tags, each once and in their order."""
    return {
        "authors": tuple(dict.fromkeys(reading.authors)),
        "tags": tuple(dict.fromkeys(reading.tags)),
    }


def shown_of(reading: Extraction) -> dict[str, tuple[tuple[Any, ...], ...]]:
    """Return the embeds and images of a reading, with their positions."""
    return {
        "embeds": tuple((i, one.provider, one.url) for i, one in enumerate(reading.embeds)),
        "images": tuple(
            (i, one.url, one.caption, one.credit, one.alt) for i, one in enumerate(reading.images)
        ),
    }


def state_of(db: sqlite3.Connection, article: int) -> State | None:
    """Read an article's present state; None where there is no such article."""
    rows = Rows.stored(db, article)
    if rows is None:
        return None
    row = rows.article
    return State(
        reading=_reading(rows),
        capture=row["capture"],
        first_seen_at=from_iso(row["first_seen_at"]),
        last_seen_at=from_iso(row["last_seen_at"]),
        url=row["url"],
        changed_at=_from(row["changed_at"]),
        revision_count=row["revision_count"],
        missing_at=_from(row["missing_at"]),
        gone_at=_from(row["gone_at"]),
    )


def _reading(rows: Rows) -> Extraction:
    row = rows.article
    return Extraction(
        kind=PageKind(row["kind"]),
        **{name: row[name] for name in ("title", "deck", "byline", "byline_from", "dateline")},
        **{name: row[name] for name in ("section", "language", "published_from", "image_url")},
        text=row["text"],
        published_at=_from(row["published_at"]),
        published_on=row["published_on"] and date.fromisoformat(row["published_on"]),
        modified_at=_from(row["modified_at"]),
        authors=rows.names["authors"],
        tags=rows.names["tags"],
        embeds=tuple(Embed(provider=one[1], url=one[2]) for one in rows.shown["embeds"]),
        images=tuple(
            Image(url=one[1], caption=one[2], credit=one[3], alt=one[4])
            for one in rows.shown["images"]
        ),
    )


def replace_rows(db: sqlite3.Connection, article: int, before: Rows, after: Rows) -> None:
    """Let an article's rows be others; rows of revisions keep their numbers where they can."""
    update(db, article, after.article)
    known = dict(db.execute("select capture, id from revisions where article = ?", (article,)))
    db.execute("delete from revisions where article = ?", (article,))
    numbered = [(known.pop(row["capture"], None), row) for row in after.revisions]
    # Those with a number first: a new one must not get a number that another has.
    for number, row in sorted(numbered, key=lambda pair: pair[0] is None):
        insert(db, "revisions", row | {"id": number, "article": article})
    save_names(db, article, after.names)
    if before.shown != after.shown:
        save_shown(db, article, after.shown)


def insert(db: sqlite3.Connection, table: str, row: Row) -> None:
    """Insert a row of `articles` or `revisions`."""
    names = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    db.execute(f"insert into {table} ({names}) values ({marks})", row)  # noqa: S608 - names are ours


def update(db: sqlite3.Connection, article: int, row: Row) -> None:
    """Set columns of an article's row, if there are any to set."""
    if not row:
        return
    sets = ", ".join(f"{name} = :{name}" for name in row)
    db.execute(f"update articles set {sets} where id = :id", row | {"id": article})  # noqa: S608


def save_names(db: sqlite3.Connection, article: int, names: Mapping[str, Iterable[str]]) -> None:
    """Set the article's authors and tags."""
    db.execute("delete from article_authors where article = ?", (article,))
    for position, author in enumerate(_ids(db, "authors", names["authors"])):
        db.execute("insert into article_authors values (?, ?, ?)", (article, author, position))
    db.execute("delete from article_tags where article = ?", (article,))
    for tag in _ids(db, "tags", names["tags"]):
        db.execute("insert into article_tags values (?, ?)", (article, tag))


def save_shown(
    db: sqlite3.Connection, article: int, shown: Mapping[str, tuple[tuple[Any, ...], ...]]
) -> None:
    """Set the article's embeds and images."""
    for table, rows in shown.items():
        db.execute(f"delete from {table} where article = ?", (article,))  # noqa: S608 - ours
        for row in rows:
            marks = ", ".join("?" * (len(row) + 1))
            db.execute(f"insert into {table} values ({marks})", (article, *row))  # noqa: S608


def _ids(db: sqlite3.Connection, table: str, names: Iterable[str]) -> list[int]:
    ids = []
    for name in dict.fromkeys(names):
        db.execute(f"insert into {table} (name) values (?) on conflict do nothing", (name,))  # noqa: S608 - the table's name is ours
        ids.append(db.execute(f"select id from {table} where name = ?", (name,)).fetchone()[0])  # noqa: S608
    return ids


def _select(
    db: sqlite3.Connection, table: str, names: tuple[str, ...], where: str, article: int
) -> list[Row]:
    sql = f"select {', '.join(names)} from {table} where {where}"  # noqa: S608 - names are ours
    return [dict(zip(names, row, strict=True)) for row in db.execute(sql, (article,))]


def _in_words(rows: Iterable[tuple[Any, ...]]) -> tuple[str, ...]:
    """Return rows as a person reads them, but for their positions or numbers."""
    return tuple(" ".join(str(part) for part in row[1:] if part is not None) for row in rows)


def _list(values: Iterable[str]) -> str | None:
    listed = list(values)
    return json.dumps(listed, ensure_ascii=False) if listed else None


def _moment(value: datetime | None) -> str | None:
    return None if value is None else iso(value)


def _from(value: str | None) -> datetime | None:
    return None if value is None else from_iso(value)
