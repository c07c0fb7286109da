"""A collection into the archive: each line first as a WARC record, then as an article.

Bytes come first here, too (invariant 1). An article that the archive knows stays as it is:
whatever a collection says of it now, the archive saw it before.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from archive import articles, captures, stories, warc
from archive.clock import from_iso, iso
from archive.records import Capture, Kind, Publisher
from archive.session import Session
from archive.upkeep.imported_line import BadLine, Imported, read_line
from archive.warc_records import Resource

CONTENT_TYPE = "application/json"

Progress = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class Told:
    """What became of the lines of a file.

    `counts`: new, known (as they say), differing (known, and the line says otherwise), bad.
    `bad` names the first bad lines, with number and reason.
    """

    counts: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)


class Importer(Session):
    """An archive open for a collection; a context manager, as every session."""

    def read(
        self,
        lines: Iterable[bytes],
        *,
        name: str,
        publisher: str | None = None,
        progress: Progress = lambda _lines: None,
    ) -> Told:
        """Take in every line of a file called `name`, and keep what was wrong with any of them.

        `publisher` is that of lines that name none. Lines that are empty are passed over.
        """
        told = Told()
        for number, line in enumerate(lines, 1):
            if line.strip():
                outcome = self._line(line.strip(), f"{name}:{number}", publisher, told.bad)
                told.counts[outcome] += 1
            if self.batch.is_due():
                self.batch.commit()
            progress(number)
        return told

    def _line(self, line: bytes, place: str, publisher: str | None, bad: list[str]) -> str:
        self.batch.open()
        self.batch.count()
        try:
            imported = read_line(line, publisher=publisher, now=iso(self.clock()))
        except BadLine as error:
            bad.append(f"{place}: {error}")
            self._problem(place, str(error))
            return "bad"
        known = known_article(self.db, imported.article["url"])
        if known is not None:
            return "known" if self._same(known, imported) else "differing"
        with self.batch.one_page():
            self._keep(imported, line)
        self.totals["new"] += 1
        return "new"

    def _same(self, article: int, imported: Imported) -> bool:
        row = self.db.execute("select title, text from articles where id = ?", (article,))
        return bool(row.fetchone() == (imported.article["title"], imported.article["text"]))

    def _keep(self, imported: Imported, line: bytes) -> None:
        publish_new(self.db, imported.publisher)
        keep_imported(self.db, imported, capture=self._record(imported, line))

    def _record(self, imported: Imported, line: bytes) -> int:
        """Write the line as a WARC record and its row, unless a killed import left it there."""
        sha256 = warc.payload_digest(line)
        url = imported.article["url"]
        left = self.db.execute(
            "select id from captures where sha256 = ? and url = ? and status = 0", (sha256, url)
        ).fetchone()
        if left:
            return int(left[0])
        resource = Resource(
            url=url,
            payload=line,
            content_type=CONTENT_TYPE,
            kind=Kind.ARTICLE,
            publisher=imported.publisher.slug,
            at=self.clock(),
        )
        capture = Capture(
            url=url,
            publisher=resource.publisher,
            kind=resource.kind,
            fetched_at=from_iso(iso(resource.at)),
            status=0,
            content_type=CONTENT_TYPE,
            sha256=sha256,
            record=self._warc.write_resource(resource, sha256=sha256),
            wire_bytes=len(line),
        )
        return captures.insert(self.db, capture, run=self.run)

    def _problem(self, place: str, detail: str) -> None:
        """Keep what was wrong with a line, once."""
        row = ("import", "import-line", place, detail)
        known = self.db.execute(
            "select 1 from problems where stage = ? and kind = ? and url = ? and detail = ?", row
        ).fetchone()
        if not known:
            self.totals["problems"] += 1
            self.db.execute(
                "insert into problems (at, run, stage, kind, url, detail)"
                " values (?, ?, ?, ?, ?, ?)",
                (iso(self.clock()), self.run, *row),
            )


def lines_of(file: Any) -> Iterator[bytes]:
    """Yield the lines of a binary file, the first without a byte order mark."""
    for number, line in enumerate(file):
        yield line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line


def known_article(db: sqlite3.Connection, url: str) -> int | None:
    """Return the article at a canonical address, or the one that a visit to it led to."""
    article = articles.find(db, url)
    if article is None:
        row = db.execute("select article from visits where key = ?", (url,)).fetchone()
        article = row and row[0]
    return article


def keep_imported(db: sqlite3.Connection, imported: Imported, *, capture: int) -> int:
    """Keep the article of a line, of which there is none yet, and return its id."""
    url = imported.article["url"]
    row = imported.article | {
        "id": articles.free_id(db, url),
        "publisher": imported.publisher.slug,
        "capture": capture,
    }
    articles.insert(db, "articles", row)
    for state in imported.revisions:
        articles.insert(db, "revisions", state | {"article": row["id"], "capture": capture})
    articles.set_names(db, row["id"], authors=imported.authors, tags=imported.tags)
    captures.attribute(db, capture, article=row["id"])
    stories.enter(db, row["id"])
    return int(row["id"])


def publish_new(db: sqlite3.Connection, publisher: Publisher) -> None:
    """Make a publisher known; one that is known stays as it is."""
    db.execute(
        "insert into publishers (slug, name, name_latin, homepage, country, language)"
        " values (?, ?, ?, ?, ?, ?) on conflict (slug) do nothing",
        (
            publisher.slug,
            publisher.name,
            publisher.name_latin,
            publisher.homepage,
            publisher.country,
            publisher.language,
        ),
    )
