"""An article's chain of revisions, made again from its captures in the order of their time.

It is made in an empty database in memory, by the same code that keeps articles as they arrive, and
then held against the chain there is.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlite_utils import Database

from archive import articles, stories
from archive.clock import iso
from archive.maintenance.import_jsonl import keep_imported, publish_new
from archive.maintenance.json_line import BadLine, NamesOf, nobody, read_line
from archive.records import Extraction, Kind, Link
from archive.schema import MIGRATIONS
from archive.search.index import register

# What a reader sees of an article; the rest tells when it was looked at.
WRITTEN = (
    "kind", "title", "deck", "byline", "byline_from", "dateline", "section", "language",
    "published_at", "published_on", "published_from", "modified_at", "text", "words", "image_url",
    "gone_at",
)  # fmt: skip
_LOOKS = ("capture", "first_seen_at", "last_seen_at", "changed_at", "revision_count")
_REVISION = (
    "number", "observed_at", "capture", "title", "deck", "byline", "dateline", "section", "tags",
    "published_at", "published_on", "modified_at", "text", "image_url", "content_hash",
)  # fmt: skip
_NAMED = {
    "authors": "select name from article_authors join authors on id = author where article = ?"
    " order by position",
    "tags": "select name from article_tags join tags on id = tag where article = ? order by name",
}
_SHOWN = {
    "embeds": "select position, provider, url from embeds where article = ? order by position",
    "images": "select position, url, caption, credit, alt from images where article = ?"
    " order by position",
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One capture of an article in the order of time, and what it says by today's rules.

    One of `reading`, `line` (of a collection), `gone` and `same` is set; none, where the answer
    tells nothing of the article.
    """

    capture: int
    at: datetime
    reading: Extraction | None = None
    line: bytes | None = None
    gone: bool = False
    same: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """An article's fields, its revisions, and the rows that go with its latest state."""

    fields: dict[str, Any]
    revisions: tuple[Row, ...]
    names: dict[str, tuple[str, ...]]
    shown: dict[str, tuple[Row, ...]]

    @classmethod
    def stored(cls, db: sqlite3.Connection, article: int) -> Self | None:
        """Read the chain of an article out of a database; None where there is no such article."""
        columns = (*WRITTEN, *_LOOKS)
        row = db.execute(
            f"select {', '.join(columns)} from articles where id = ?",  # noqa: S608 - names are ours
            (article,),
        ).fetchone()
        if row is None:
            return None
        revisions = db.execute(
            f"select {', '.join(_REVISION)} from revisions where article = ? order by number",  # noqa: S608
            (article,),
        )
        return cls(
            fields=dict(zip(columns, row, strict=True)),
            revisions=tuple(revisions),
            names={
                table: tuple(name for (name,) in db.execute(sql, (article,)))
                for table, sql in _NAMED.items()
            },
            shown={table: tuple(db.execute(sql, (article,))) for table, sql in _SHOWN.items()},
        )

    def changes(self, new: "Chain") -> dict[str, tuple[Any, Any]]:
        """Return (what it is, what it would be) by the name of what differs in another chain."""
        found: dict[str, tuple[Any, Any]] = {
            name: (self.fields[name], new.fields[name])
            for name in WRITTEN
            if self.fields[name] != new.fields[name]
        }
        for name in ("authors", "tags"):
            if sorted(self.names[name]) != sorted(new.names[name]):
                found[name] = (self.names[name], new.names[name])
        for name in ("embeds", "images"):
            if self.shown[name] != new.shown[name]:
                found[name] = (_told(self.shown[name]), _told(new.shown[name]))
        if len(self.revisions) != len(new.revisions):
            found["revisions"] = (len(self.revisions), len(new.revisions))
        elif self.revisions != new.revisions and "text" not in found:
            pairs = zip(self.revisions, new.revisions, strict=True)
            one, other = _told(next((one, other) for one, other in pairs if one != other))
            found["earlier revisions"] = (one, other)
        return found


def _told(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return rows as a person reads them, but for their positions or numbers."""
    return tuple(" ".join(str(part) for part in row[1:] if part is not None) for row in rows)


class Loom:
    """Makes chains, one after the other; close it when done."""

    def __init__(self, names_of: NamesOf = nobody) -> None:
        """Take what says whom a byline names, for imported lines that tell of no authors."""
        self._names_of = names_of
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        register(self._db)
        MIGRATIONS.apply(Database(self._db))
        self._db.execute("pragma foreign_keys = off")

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    def woven(self, url: str, publisher: str, looks: Iterable[Look]) -> Chain | None:
        """Return the chain of the article at a canonical URL; None if no look shows one."""
        self._db.execute("begin")
        try:
            article: int | None = None
            for look in looks:
                article = self._look(look, article, url=url, publisher=publisher)
            return None if article is None else Chain.stored(self._db, article)
        finally:
            self._db.execute("rollback")

    def _look(self, look: Look, article: int | None, *, url: str, publisher: str) -> int | None:
        db = self._db
        if look.line is not None and article is None:
            try:
                imported = read_line(
                    look.line, publisher=publisher, now=iso(look.at), names_of=self._names_of
                )
            except BadLine:
                return None
            publish_new(db, imported.publisher)
            return keep_imported(db, imported, capture=look.capture)
        if look.reading is not None:
            article, _ = articles.keep(
                db,
                look.reading,
                url=url,
                publisher=publisher,
                capture=look.capture,
                seen_at=look.at,
                article=article,
            )
        elif article is not None and look.same:
            articles.seen(db, article, capture=look.capture, at=look.at)
        elif article is not None and look.gone:
            articles.gone(db, article, at=look.at)
        return article


def replace(db: sqlite3.Connection, article: int, before: Chain, after: Chain) -> None:
    """Let an article be what its chain made again says; rows of revisions keep their numbers.

    A later last look than the chain knows of stays: not every look left a capture of its own.
    """
    fields = dict(after.fields)
    if before.fields["last_seen_at"] > fields["last_seen_at"]:
        fields |= {name: before.fields[name] for name in ("last_seen_at", "capture")}
    sets = ", ".join(f"{name} = :{name}" for name in fields)
    with stories.reconsidered(db, article, fields["text"]):
        db.execute(f"update articles set {sets} where id = :id", fields | {"id": article})  # noqa: S608
    known = dict(db.execute("select capture, id from revisions where article = ?", (article,)))
    db.execute("delete from revisions where article = ?", (article,))
    names = ", ".join(("id", "article", *_REVISION))
    marks = ", ".join("?" * (len(_REVISION) + 2))
    numbered = [(known.pop(row[_REVISION.index("capture")], None), row) for row in after.revisions]
    # Those with a number first: a new one must not get a number that another has.
    for number, row in sorted(numbered, key=lambda one: one[0] is None):
        db.execute(f"insert into revisions ({names}) values ({marks})", (number, article, *row))  # noqa: S608
    articles.set_names(db, article, authors=after.names["authors"], tags=after.names["tags"])
    for table, rows in after.shown.items():
        db.execute(f"delete from {table} where article = ?", (article,))  # noqa: S608
        for row in rows:
            values = ", ".join("?" * (len(row) + 1))
            db.execute(f"insert into {table} values ({values})", (article, *row))  # noqa: S608


def captures_of(db: sqlite3.Connection, article: int) -> list[int]:
    """Return the captures of an article in the order of their time."""
    rows = db.execute(
        "select id from captures where article = ? and kind = 'article' order by fetched_at, id",
        (article,),
    )
    return [number for (number,) in rows]


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
    found = db.execute(
        f"select {name} from links where url = ? and {name} != '' and found_at <= ?"  # noqa: S608
        " order by found_in limit 1",
        (key, iso(at)),
    ).fetchone()
    return str(found[0]) if found else None
