"""Reading an archive from Python: search, articles, revisions, captures, SQL; a crawl may write."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Self

from archive import captures
from archive.article_rows import Rows, find_all, reading
from archive.database import open_for_reading
from archive.diff import Diff, compare
from archive.models import Capture, Embed, Image, PageKind
from archive.rows import Row, from_json, record, select, values
from archive.search import Hit, Order, count, search
from archive.session import WARC_FOLDER
from archive.urls import LARGEST_ID

_OWN = "select publisher, story from articles where id = ?"
_SELECTED = """
select id from articles
where (:publisher is null or publisher = :publisher)
    and (:since is null or published_on >= :since) and (:until is null or published_on <= :until)
    and (:edited is null or (changed_at is not null) = :edited)
    and (:gone is null or (gone_at is not null) = :gone)
order by published_on, published_at, id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article as the archive saw it last.

    `id` stays what it is; `url` is an address that answers; `publisher` is a slug. `text` has one
    paragraph per line, `words` counts its words. `published_on` is the publisher's calendar day,
    `published_at` None where the page prints no time; all times are aware, in UTC. `changed_at` is
    when the last edit was observed, `gone_at` since when the page is missing, None where neither
    was. `capture` is the id of the latest capture that showed it, `story` that of its versions.
    """

    id: int
    url: str
    publisher: str
    kind: PageKind
    title: str | None
    deck: str | None
    byline: str | None
    authors: tuple[str, ...]
    dateline: str | None
    section: str | None
    tags: tuple[str, ...]
    language: str | None
    published_at: datetime | None
    published_on: date | None
    modified_at: datetime | None
    text: str
    words: int
    image_url: str | None
    images: tuple[Image, ...]
    embeds: tuple[Embed, ...]
    first_seen_at: datetime
    last_seen_at: datetime
    changed_at: datetime | None
    gone_at: datetime | None
    revision_count: int
    capture: int | None
    story: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of an article, with all of its fields as they were.

    `number` counts from 1, `observed_at` is when this state was seen first, in the capture whose id
    is `capture`. A `small` revision changed only the main image, captions or tags of the one
    before. `/article/ARTICLE/at/CAPTURE` is its address in the reading room.
    """

    article: int
    number: int
    observed_at: datetime
    capture: int | None
    small: bool
    title: str | None
    deck: str | None
    byline: str | None
    dateline: str | None
    section: str | None
    tags: tuple[str, ...]
    captions: tuple[str, ...]
    published_at: datetime | None
    published_on: date | None
    modified_at: datetime | None
    text: str
    image_url: str | None


class Archive:
    """An archive open for reading; a context manager.

    A crawl may be writing: each call sees what was committed before it. `db` is the read-only
    connection, for SQL of one's own, with `word_forms(query)` for articles that hold words in any
    form (archive/README.md). What is withheld is not there.

    Raises (on opening):
        NewerArchive, NotAnArchive, OlderArchive: if there is no archive in `root` that this
            version can read.
    """

    db: sqlite3.Connection

    def __init__(self, root: Path | str) -> None:
        self._root = Path(root)
        self.db = open_for_reading(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def search(
        self, query: str, *, limit: int = 20, offset: int = 0, order: Order = "best"
    ) -> list[Hit]:
        """Return the articles that `query` finds, as `warraq search` does, best or newest first.

        Any text is a query, and `order` is "best" or "new".

        Raises:
            StaleIndex: if the search index is of another version; the next command that writes
                rebuilds it.
        """
        return search(self.db, query, limit=limit, offset=offset, order=order)

    def count(self, query: str, *, order: Order = "best") -> int:
        """Return how many articles `search` in this `order` finds in all."""
        return count(self.db, query, order=order)

    def article(self, id_or_url: int | str) -> Article | None:
        """Return an article by its id or by any spelling of its address; None if there is none.

        An address that led to it once, as one that redirects to it, is one of its addresses.

        Raises:
            ValueError: if it is neither a number nor an http or https address.
        """
        return next(self._each(find_all(self.db, id_or_url)), None)

    def articles(
        self,
        *,
        publisher: str | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        edited: bool | None = None,
        gone: bool | None = None,
    ) -> Iterator[Article]:
        """Return an iterator over the articles that meet all conditions, oldest first.

        `publisher` is a slug. `since` and `until` are the first and the last day of publication
        (a date, or text such as "2020-11-09"); with either, articles without a day are left out,
        without both they come first. `edited` and `gone` are True for those alone, False for the
        others alone. One article at a time is in memory.

        Raises:
            ValueError: if a day is not an ISO 8601 date.
        """
        asked = {
            "publisher": publisher,
            "since": _iso_day(since),
            "until": _iso_day(until),
            "edited": edited,
            "gone": gone,
        }
        return self._each(values(self.db, _SELECTED, asked))

    def revisions(self, id_or_url: int | str) -> list[Revision]:
        """Return the states of an article, oldest first; the last one is what it says now.

        Empty if there is no such article.

        Raises:
            ValueError: if it is neither a number nor an http or https address.
        """
        for number, rows, _ in self._there(find_all(self.db, id_or_url)):
            states = rows.states
            for row in states:
                row |= {name: from_json(row[name]) for name in ("tags", "captions")}
                row["article"] = number
            return [record(Revision, row) for row in states]
        return []

    def diff(self, id_or_url: int | str, before: int = 1, after: int | None = None) -> Diff:
        """Return what changed from one state of an article to another.

        A state is named by its number or by the id of its capture; by default it is the first
        and the last.

        Raises:
            KeyError: if the article or one of its two states does not exist.
            ValueError: if it is neither a number nor an http or https address.
        """
        for _, rows, _ in self._there(find_all(self.db, id_or_url)):
            named = {name: row for row in rows.states for name in (row["capture"], row["number"])}
            last = rows.revisions[-1]["number"] if after is None else after
            return compare(reading(named[before]), reading(named[last]))
        raise KeyError(id_or_url)

    def capture(self, number: int) -> Capture:
        """Return a capture by its id, read from its WARC file; `body` has its decoded bytes.

        Raises:
            KeyError: if there is none of that id.
            DamagedWarc: if its record cannot be read, or the WARC files are not there.
        """
        if number > LARGEST_ID or not captures.has(self.db, number):
            raise KeyError(f"no capture {number}")
        return captures.load(self.db, self._root / WARC_FOLDER, number)

    def _each(self, ids: Iterable[int]) -> Iterator[Article]:
        """Yield those of the articles that are there when their turn comes."""
        for number, rows, own in self._there(ids):
            own |= {"id": number, "tags": rows.tags}
            yield record(Article, rows.article | rows.lists | own)

    def _there(self, ids: Iterable[int]) -> Iterator[tuple[int, Rows, Row]]:
        """Yield (id, rows, publisher and story) of the articles that are there."""
        for number in ids:
            for own in select(self.db, _OWN, (number,)):
                if rows := Rows.stored(self.db, number):
                    yield number, rows, own


def _iso_day(day: date | str | None) -> str | None:
    return None if day is None else datetime.fromisoformat(str(day)).date().isoformat()
