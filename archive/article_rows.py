"""The rows that one article is: its own, its revisions, its names and what it shows.

They are made of a history, read back from the database, compared, and put in each other's place.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from archive.clock import iso
from archive.history import History, Revision, State, captions, content_hash
from archive.models import Embed, Extraction, Image, PageKind
from archive.rows import Row, from_json, insert, record, row_of, select, stored, update, values

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
    "modified_at", "image_url", "tags",
)  # fmt: skip
_SEEN = ("first_seen_at", "last_seen_at", "changed_at", "missing_at", "gone_at", "capture",
         "revision_count")  # fmt: skip
_NAMES = {
    "authors": "select name from article_authors join authors on id = author where article = ?"
    " order by position",
    "tags": "select name from article_tags join tags on id = tag where article = ? order by name",
}
_ADD_NAME = "insert into {} (name) values (?) on conflict do nothing"
_SAVE_NAMES = {
    "authors": (
        "delete from article_authors where article = ?",
        _ADD_NAME.format("authors"),
        "insert into article_authors select ?1, id, ?2 from authors where name = ?3",
    ),
    "tags": (
        "delete from article_tags where article = ?",
        _ADD_NAME.format("tags"),
        "insert into article_tags select ?1, id from tags where name = ?3",
    ),
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
    names: dict[str, tuple[str, ...]]
    shown: dict[str, tuple[tuple[Any, ...], ...]]

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
        written, seen = ", ".join((*WRITTEN, *SEEN)), ", ".join(REVISION)
        articles = select(db, f"select {written} from articles where id = ?", (article,))  # noqa: S608
        if not articles:
            return None
        revisions = f"select {seen} from revisions where article = ? order by number"  # noqa: S608
        return cls(
            article=articles[0],
            revisions=tuple(select(db, revisions, (article,))),
            names={table: tuple(values(db, sql, (article,))) for table, sql in _NAMES.items()},
            shown={table: tuple(db.execute(sql, (article,))) for table, sql in _SHOWN.items()},
        )

    def media(self) -> dict[str, tuple[Embed | Image, ...]]:
        """Return the embeds and the images, under these names."""
        return {
            "embeds": tuple(
                Embed(provider=provider, url=url) for _, provider, url in self.shown["embeds"]
            ),
            "images": tuple(
                Image(url=url, caption=caption, credit=credit, alt=alt)
                for _, url, caption, credit, alt in self.shown["images"]
            ),
        }

    @property
    def tags(self) -> tuple[str, ...]:
        """The article's tags in the page's order, which the latest revision has."""
        printed = from_json(self.revisions[-1]["tags"]) if self.revisions else []
        in_order = tuple(dict.fromkeys(printed))
        return in_order if sorted(in_order) == sorted(self.names["tags"]) else self.names["tags"]

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
            shown = _in_words(tuple(row.values()) for row in (before, after))
            changes["earlier revisions"] = (shown[0], shown[1])
        return changes

    def _differing(self, new: "Rows") -> tuple[Row, Row] | None:
        """Return the first revision that differs; the last one's text is in the article's row."""
        *earlier, last = zip(self.revisions, new.revisions, strict=True)
        observed = ("observed_at", "capture", "small")
        if any(last[0][name] != last[1][name] for name in observed):
            earlier.append(last)
        return next((pair for pair in earlier if pair[0] != pair[1]), None)


def fields_of(reading: Extraction) -> Row:
    """Return the columns of `articles` that a reading fills."""
    names = (name for name in WRITTEN if name != "words")
    return row_of(reading, names) | {"words": len(reading.text.split())}


def seen_of(state: State) -> Row:
    """Return the columns of `articles` that say when it was seen."""
    return row_of(state, _SEEN) | ({"url": state.url} if state.url else {})


def revision_of(revision: Revision, *, is_current: bool) -> Row:
    """Return the row of a revision; the text of the current one is stored with its article."""
    reading = revision.reading
    return row_of(reading, _REVISED) | {
        "number": revision.number,
        "observed_at": iso(revision.observed_at),
        "capture": revision.capture,
        "captions": stored(tuple(captions(reading))),
        "text": None if is_current else reading.text,
        "small": int(revision.small),
        "content_hash": content_hash(reading),
    }


def reading_of(row: Mapping[str, Any], *, text: str, byline: str | None) -> Extraction:
    """Return what the row of a revision says, with its text and a byline.

    Raises:
        sqlite3.DatabaseError: if its lists are not JSON.
    """
    names = ("title", "deck", "dateline", "section", "image_url", "tags")
    own = {"kind": PageKind.ARTICLE, "byline": byline, "text": text}
    below = from_json(row["captions"])
    images = tuple(Image(url="", caption=caption) for caption in below)
    return record(Extraction, {name: row[name] for name in names} | own | {"images": images})


def names_of(reading: Extraction) -> dict[str, tuple[str, ...]]:
    """Return authors and tags, each once and in their order."""
    return {
        "authors": tuple(dict.fromkeys(reading.authors)),
        "tags": tuple(dict.fromkeys(reading.tags)),
    }


def shown_of(reading: Extraction) -> dict[str, tuple[tuple[Any, ...], ...]]:
    """Return the embeds and images of a reading, with their positions."""
    return {
        "embeds": tuple((i, each.provider, each.url) for i, each in enumerate(reading.embeds)),
        "images": tuple(
            (i, each.url, each.caption, each.credit, each.alt)
            for i, each in enumerate(reading.images)
        ),
    }


def state_of(db: sqlite3.Connection, article: int) -> State | None:
    """Read an article's present state; None where there is no such article."""
    rows = Rows.stored(db, article)
    if rows is None:
        return None
    reading = record(Extraction, rows.article | rows.names | rows.media())
    return record(State, rows.article | {"reading": reading})


def replace_rows(db: sqlite3.Connection, article: int, before: Rows, after: Rows) -> None:
    """Let an article's rows be others; rows of revisions keep their numbers where they can."""
    update(db, "articles", after.article, id=article)
    known = dict(db.execute("select capture, id from revisions where article = ?", (article,)))
    db.execute("delete from revisions where article = ?", (article,))
    numbered = [(known.pop(row["capture"], None), row) for row in after.revisions]
    # Those with a number first: a new one must not get a number that another has.
    for number, row in sorted(numbered, key=lambda pair: pair[0] is None):
        insert(db, "revisions", row | {"id": number, "article": article})
    save_names(db, article, after.names)
    if before.shown != after.shown:
        save_shown(db, article, after.shown)


def save_names(db: sqlite3.Connection, article: int, names: Mapping[str, Iterable[str]]) -> None:
    """Set the article's authors and tags."""
    for table, names_of_it in names.items():
        numbered = list(enumerate(names_of_it))
        remove, add, link = _SAVE_NAMES[table]
        db.execute(remove, (article,))
        db.executemany(add, [(name,) for _, name in numbered])
        db.executemany(link, [(article, position, name) for position, name in numbered])


def save_shown(
    db: sqlite3.Connection, article: int, shown: Mapping[str, tuple[tuple[Any, ...], ...]]
) -> None:
    """Set the article's embeds and images."""
    for table, rows in shown.items():
        db.execute(f"delete from {table} where article = ?", (article,))  # noqa: S608 - ours
        for row in rows:
            marks = ", ".join("?" * (len(row) + 1))
            db.execute(f"insert into {table} values ({marks})", (article, *row))  # noqa: S608


def _in_words(rows: Iterable[tuple[Any, ...]]) -> tuple[str, ...]:
    """Return rows as a person reads them, but for their positions or numbers."""
    return tuple(" ".join(str(part) for part in row[1:] if part is not None) for row in rows)
