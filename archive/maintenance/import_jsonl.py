"""Import articles from JSON lines: each line first as a WARC record, then as an article.

Bytes come first here, too (invariant 1). An article that the archive has stays as it is, whatever
a line says about it: the archive saw it before.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from archive import articles, captures, publishers
from archive.article_rows import reading_of
from archive.clock import from_iso, iso
from archive.history import History, Revision, State, content_hash
from archive.maintenance.export import TIMES
from archive.maintenance.json_line import TEXTS, BadLine, Imported, NamesOf, nobody, read_line
from archive.models import Extraction, Kind, PageKind, Problem
from archive.problems import ProblemKind
from archive.session import Session
from archive.warc import records
from archive.warc.records import Resource

CONTENT_TYPE = "application/json"
SHOWN = 20  # rejected lines that are listed with the reason

Progress = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of the lines of a file.

    `counts`: new, known (duplicates), differing (known, but the line contradicts), bad. `rejected`
    lists the first bad and differing lines, each with the reason.
    """

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[str] = field(default_factory=list)


class Importer(Session):
    """An archive open for an import; a context manager, as every session."""

    def read(
        self,
        lines: Iterable[bytes],
        *,
        name: str,
        publisher: str | None = None,
        names_of: NamesOf = nobody,
        progress: Progress = lambda _lines: None,
    ) -> Outcome:
        """Import every line of a file called `name`; a rejected one becomes a problem.

        `publisher` is for lines without one; `names_of` parses bylines. Empty lines are skipped.
        """
        outcome = Outcome()
        for number, line in enumerate(lines, 1):
            if line.strip():
                read = _Line(bytes=line.strip(), publisher=publisher, names_of=names_of)
                what, problem = self._line(read)
                outcome.counts[what] += 1
                if problem:
                    self._reject(problem, f"{name}:{number}", outcome)
            if self.batch.is_due():
                self.batch.commit()
            progress(number)
        return outcome

    def _reject(self, problem: Problem, place: str, outcome: Outcome) -> None:
        if len(outcome.rejected) < SHOWN:
            outcome.rejected.append(f"{place}: {problem.detail}")
        self.import_problem(problem, place=place)

    def _line(self, line: "_Line") -> tuple[str, Problem | None]:
        """Save a line's article; return what came of it, and the problem if it was rejected."""
        self.batch.open()
        self.batch.count()
        now = self.clock()
        try:
            imported = line.read(now)
        except BadLine as error:
            return "bad", Problem(kind=ProblemKind.IMPORT_LINE, detail=str(error), stage="import")
        known = known_article(self.db, imported)
        if known is not None:
            differing = self._differing(known, imported)
            return ("differing", differing) if differing else ("known", None)
        with self.batch.one_page():
            self._keep(line, imported, now)
        self.totals["new"] += 1
        return "new", None

    def _differing(self, article: int, imported: Imported) -> Problem | None:
        """Return the problem of a line that contradicts the article that the archive has."""
        row = self.db.execute("select title, text from articles where id = ?", (article,))
        names = ("title", "text")
        differing = [
            name
            for name, value in zip(names, row.fetchone(), strict=True)
            if value != imported.article[name]
        ]
        if not differing:
            return None
        detail = (
            f"{imported.article['url']} is known already with another {' and '.join(differing)};"
            " the archive's version was kept"
        )
        return Problem(kind=ProblemKind.IMPORT_DIFFERS, detail=detail, stage="import")

    def _keep(self, line: "_Line", imported: Imported, now: datetime) -> None:
        """Write the line as a WARC record and its rows, unless a killed import left the record.

        Line and record have the same time, as a rebuild only knows that of the record.
        """
        sha256 = records.payload_digest(line.bytes)
        left = self.db.execute(
            "select id, fetched_at from captures where sha256 = ? and url = ? and status = 0",
            (sha256, imported.article["url"]),
        ).fetchone()
        if left:
            imported = line.read(from_iso(left[1]))
        publishers.save_new(self.db, imported.publisher)
        capture = int(left[0]) if left else self._record(line.bytes, sha256, imported, now)
        keep_imported(self.db, imported, capture=capture)

    def _record(self, line: bytes, sha256: str, imported: Imported, now: datetime) -> int:
        resource = Resource(
            url=imported.article["url"],
            payload=line,
            content_type=CONTENT_TYPE,
            kind=Kind.ARTICLE,
            publisher=imported.publisher.slug,
            at=now,
        )
        location, record = self._warc.write_resource(resource, sha256=sha256)
        capture = captures.of_record(record, location)
        if capture is None:
            raise ValueError(f"{resource.url}: its record is not one of a capture")
        return captures.insert(self.db, capture, run=self.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of the file, and how to read it."""

    bytes: bytes
    publisher: str | None
    names_of: NamesOf

    def read(self, at: datetime) -> Imported:
        return read_line(self.bytes, publisher=self.publisher, now=iso(at), names_of=self.names_of)


def lines_of(file: Any) -> Iterator[bytes]:
    """Yield the lines of a binary file, the first without a byte order mark."""
    for number, line in enumerate(file):
        yield line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line


def known_article(db: sqlite3.Connection, imported: Imported) -> int | None:
    """Return the article at the address of a line, or the one that a visit to it led to."""
    key = publishers.key_of(db, imported.article["url"], imported.publisher.slug)
    article = articles.find(db, key)
    if article is None:
        row = db.execute("select article from visits where key = ?", (key,)).fetchone()
        article = row and row[0]
    return article


def keep_imported(db: sqlite3.Connection, imported: Imported, *, capture: int) -> int:
    """Keep the article of a line, of which there is none yet, and return its id."""
    slug = imported.publisher.slug
    key = publishers.key_of(db, imported.article["url"], slug)
    article = articles.free_id(db, key)
    history = history_of(imported, capture=capture)
    articles.add(db, article, history, key=key, publisher=slug)
    captures.attribute(db, capture, article=article)
    return article


def history_of(imported: Imported, *, capture: int) -> History:
    """Return the history that a line tells; its record is the capture."""
    row = imported.article
    moments = {
        name: from_iso(row[name]) if row[name] else None
        for name in (*TIMES, "published_at", "modified_at")
    }
    reading = Extraction(
        kind=PageKind(row["kind"]),
        **{name: row[name] for name in TEXTS},
        published_at=moments["published_at"],
        published_on=row["published_on"] and date.fromisoformat(row["published_on"]),
        modified_at=moments["modified_at"],
        text=row["text"],
        authors=imported.authors,
        tags=imported.tags,
    )
    revisions = tuple(_revision(state, row, capture) for state in imported.revisions)
    return History(
        state=State(
            reading=reading,
            url=row["url"],
            capture=capture,
            first_seen_at=from_iso(row["first_seen_at"]),
            last_seen_at=from_iso(row["last_seen_at"]),
            changed_at=moments["changed_at"],
            revision_count=len(revisions),
            missing_at=moments["gone_at"],
            gone_at=moments["gone_at"],
        ),
        revisions=revisions,
    )


def _revision(state: dict[str, Any], article: dict[str, Any], capture: int) -> Revision:
    text = article["text"] if state["text"] is None else state["text"]
    on = state["published_on"]
    reading = replace(
        reading_of(state, text=text, byline=state["byline"]),
        published_at=from_iso(state["published_at"]) if state["published_at"] else None,
        published_on=date.fromisoformat(on) if on else None,
        modified_at=from_iso(state["modified_at"]) if state["modified_at"] else None,
    )
    if content_hash(reading) != state["content_hash"]:
        reading = replace(reading, byline_from="feed")  # which the page does not print
    return Revision(
        number=state["number"],
        observed_at=from_iso(state["observed_at"]),
        capture=capture,
        reading=reading,
        small=bool(state["small"]),
    )
