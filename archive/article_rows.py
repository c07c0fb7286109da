"""The rows that one article is: its own, its revisions, and those of what it lists.

They are made of a history, read back from the database, compared, and put in each other's place;
`find_all` finds those that an address names.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from archive import publishers
from archive.history import History, Revision, State, captions, content_hash
from archive.models import Extraction, PageKind
from archive.rows import Row, from_json, record, row_of, select, stored, update, upsert, values
from archive.urls import LARGEST_ID, article_id, identity_key

# What the publisher says; the rest of a row says when it was looked at.
WRITTEN = (
    "kind", "title", "deck", "byline", "byline_from", "dateline", "section", "language",
    "published_at", "published_on", "published_from", "modified_at", "text", "image_url",
)  # fmt: skip
_SEEN = (
    "first_seen_at", "last_seen_at", "changed_at", "missing_at", "gone_at", "capture",
    "revision_count",
)  # fmt: skip
_ARTICLE = ", ".join((*WRITTEN, "words", "url", *_SEEN))
_OBSERVED = ("number", "observed_at", "capture", "small")
_STATED = (
    "title", "deck", "byline", "dateline", "section", "tags", "published_at", "published_on",
    "modified_at", "text", "image_url",
)  # fmt: skip
REVISION = (*_OBSERVED, *_STATED, "captions", "content_hash")
_NAMES = {
    "authors": "select name from article_authors join authors on id = author where article = ?"
    " order by position",
    "tags": "select name from article_tags join tags on id = tag where article = ? order by name",
}
_MEDIA = {"embeds": ("provider", "url"), "images": ("url", "caption", "credit", "alt")}
# First what an article (?1) lists no more, then each of what it lists: its place, and its columns.
_SAVE = {
    "authors": (
        "delete from article_authors where article = ?",
        "insert or ignore into authors (name) values (?3)",
        "insert into article_authors select ?1, id, ?2 from authors where name = ?3",
    ),
    "tags": (
        "delete from article_tags where article = ?",
        "insert or ignore into tags (name) values (?3)",
        "insert into article_tags select ?1, id from tags where name = ?3",
    ),
    "embeds": (
        "delete from embeds where article = ?",
        "insert into embeds values (?, ?, ?, ?)",
    ),
    "images": (
        "delete from images where article = ?",
        "insert into images values (?, ?, ?, ?, ?, ?)",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One article's rows, without its id, key, publisher and story.

    `lists` has the names of its authors in their order and its tags in that of the alphabet, and
    the rows of its embeds and images.
    """

    article: Row
    revisions: tuple[Row, ...] = ()
    lists: dict[str, list[Any]]

    @classmethod
    def of(cls, history: History, before: Self | None = None) -> Self:
        """Return the rows that a history makes, or one that goes on where rows `before` end.

        The text of the last revision is the article's.
        """
        state, reading = history.state, history.state.reading
        revisions = [_revision(revision) for revision in history.revisions]
        if revisions:
            revisions[-1]["text"] = None
        if before:
            moved = {"text": before.article["text"] if revisions else None}
            earlier = (row | moved if row["text"] is None else row for row in before.revisions)
            revisions = [*earlier, *revisions]
        url = {"url": state.url} if state.url else {}
        words = {"words": len(reading.text.split())}
        return cls(
            article=row_of(reading, WRITTEN) | words | row_of(state, _SEEN) | url,
            revisions=tuple(revisions),
            lists={
                "authors": [*dict.fromkeys(reading.authors)],
                "tags": sorted(set(reading.tags)),
                "embeds": [row_of(embed, _MEDIA["embeds"]) for embed in reading.embeds],
                "images": [row_of(image, _MEDIA["images"]) for image in reading.images],
            },
        )

    @classmethod
    def stored(cls, db: sqlite3.Connection, article: int) -> Self | None:
        """Read an article's rows; None where there is no such article."""
        asked = (article,)
        articles = select(db, f"select {_ARTICLE} from articles where id = ?", asked)  # noqa: S608
        if not articles:
            return None
        lists = {table: values(db, sql, asked) for table, sql in _NAMES.items()}
        for table, columns in _MEDIA.items():
            sql = f"select {', '.join(columns)} from {table} where article = ? order by position"  # noqa: S608
            lists[table] = select(db, sql, asked)
        sql = f"select {', '.join(REVISION)} from revisions where article = ? order by number"  # noqa: S608
        return cls(article=articles[0], revisions=tuple(select(db, sql, asked)), lists=lists)

    @property
    def tags(self) -> list[str]:
        """The article's tags in the page's order, which the latest revision has."""
        printed = from_json(self.revisions[-1]["tags"]) if self.revisions else []
        in_order = [*dict.fromkeys(printed)]
        return in_order if sorted(in_order) == self.lists["tags"] else self.lists["tags"]

    @property
    def state(self) -> State:
        """The article's present state."""
        return record(State, self.article | {"reading": self.article | self.lists})

    @property
    def states(self) -> list[Row]:
        """Its revisions, oldest first, each with its text."""
        text = {"text": self.article["text"]}
        return [row | text if row["text"] is None else row for row in self.revisions]

    def changes(self, new: "Rows") -> dict[str, tuple[Any, Any]]:
        """Return (value here, value there) by the name of each field that differs in other rows."""
        changes: dict[str, tuple[Any, Any]] = {
            name: (self.article[name], new.article[name])
            for name in ("url", *WRITTEN, "gone_at")
            if name in new.article and self.article[name] != new.article[name]
        }
        for name, listed in self.lists.items():
            if listed != new.lists[name]:
                changes[name] = (_in_words(listed), _in_words(new.lists[name]))
        if len(self.revisions) != len(new.revisions):
            changes["revisions"] = (len(self.revisions), len(new.revisions))
        elif "text" not in changes and (pair := self._differing(new)):
            was, would_be = _in_words(pair)
            changes["earlier revisions"] = (was, would_be)
        return changes

    def _differing(self, new: "Rows") -> tuple[Row, Row] | None:
        """Return the first revision that differs; the last one's text is in the article's row."""
        *earlier, last = zip(self.revisions, new.revisions, strict=True)
        if any(last[0][name] != last[1][name] for name in _OBSERVED):
            earlier.append(last)
        return next((pair for pair in earlier if pair[0] != pair[1]), None)


def _revision(revision: Revision) -> Row:
    """Return the row of a revision."""
    reading = revision.reading
    below = {"captions": stored(tuple(captions(reading))), "content_hash": content_hash(reading)}
    return row_of(revision, _OBSERVED) | row_of(reading, _STATED) | below


def reading(state: Mapping[str, Any]) -> Extraction:
    """Return what a state says: the row of a revision with its text.

    Raises:
        sqlite3.DatabaseError: if its lists are not JSON.
    """
    own = {name: state[name] for name in _STATED}
    own |= {"kind": PageKind.ARTICLE, "tags": from_json(state["tags"])}
    own["images"] = [{"url": "", "caption": caption} for caption in from_json(state["captions"])]
    return record(Extraction, own)


def save(db: sqlite3.Connection, article: int, before: Rows, after: Rows) -> None:
    """Let an article's rows be others, as far as they differ."""
    was = before.article
    changed = {name: now for name, now in after.article.items() if was[name] != now}
    update(db, "articles", changed, id=article)
    for row in after.revisions:
        if row not in before.revisions:
            upsert(db, "revisions", row | {"article": article}, key="article, number")
    if len(after.revisions) < len(before.revisions):
        last = len(after.revisions)
        db.execute("delete from revisions where article = ? and number > ?", (article, last))
    for table, listed in after.lists.items():
        if listed != before.lists.get(table, []):
            remove, *add = _SAVE[table]
            db.execute(remove, (article,))
            values = (item.values() if table in _MEDIA else (item,) for item in listed)
            rows = [(article, place, *value) for place, value in enumerate(values)]
            for sql in add:
                db.executemany(sql, rows)


def _in_words(listed: Iterable[Any]) -> tuple[str, ...]:
    """Return names or rows as a person reads them."""
    rows = (item.values() if isinstance(item, dict) else (item,) for item in listed)
    return tuple(" ".join(str(part) for part in row if part is not None) for row in rows)


# By the key of its address, by an address that led to it, and by one that a redirect went through.
_BY_ADDRESS = """
select id from articles where key in (select value from json_each(:keys))
union select article from visits
    where key in (select value from json_each(:keys)) and article is not null
union select article from captures where url = :url and article is not null
union select r.article from captures c join revisions r on r.capture = c.id where c.url = :url
"""


def find_all(db: sqlite3.Connection, id_or_url: int | str) -> list[int]:
    """Return the ids of the articles that an id, or any spelling of an address, names.

    Several, if an address led to one after the other.

    Raises:
        ValueError: if it is neither a number nor an http or https address.
    """
    named = str(id_or_url).strip()
    if named.isascii() and named.isdigit():
        number = int(named)
        sql = "select id from articles where id = ?"
        return values(db, sql, (number,)) if number <= LARGEST_ID else []
    keys = json.dumps(publishers.keys_of(db, named))
    return values(db, _BY_ADDRESS, {"keys": keys, "url": named})


def withheld(db: sqlite3.Connection, id_or_url: int | str) -> tuple[int, str] | None:
    """Return (id, since when) of the withheld article that `find_all` would find; None for none.

    The id of one of its captures names it, too.

    Raises:
        ValueError: as `find_all`.
    """
    named = str(id_or_url).strip()
    if named.isascii() and named.isdigit():
        marks = [int(named)] if int(named) <= LARGEST_ID else []
    else:
        marks = list(map(article_id, (named, *publishers.keys_of(db, named))))
    sql = "select article, at from withheld where mark in (select value from json_each(?))"
    row: tuple[int, str] | None = db.execute(f"{sql} limit 1", (json.dumps(marks),)).fetchone()
    return row


_BEFORE = "select url, key from articles where key < ? order by key desc"
_BEHIND = "select url, key from articles where key >= ? order by key"


def nearest(db: sqlite3.Connection, url: str) -> list[str]:
    """Return the addresses, of the same host, that begin most like an address: at most two.

    Raises:
        ValueError: if it is not an http or https address.
    """
    key = identity_key(url)
    host = key[: key.index("/", len("https://")) + 1]
    rows = [row for sql in (_BEFORE, _BEHIND) for row in db.execute(f"{sql} limit 1", (key,))]
    return [address for address, other in rows if other.startswith(host)]
