"""What `warraq verify` checks: a stretch of a WARC file with its rows, the tables, some articles.

Each check opens the archive read-only, so that it can run in a process of its own.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from sqlite_utils import Database

from archive import captures
from archive.article_rows import reading_of
from archive.clock import iso
from archive.database import MIGRATIONS, NAME, open_for_reading
from archive.errors import DamagedDatabase
from archive.history import content_hash
from archive.maintenance.salvage import known_lost
from archive.rows import Row, select, values
from archive.search.arabic import analyse
from archive.search.index import index_is_current
from archive.session import WARC_FOLDER
from archive.warc import reader
from archive.warc.parsing import CAPTURED, Place, Record, faults, moment_of, url_of
from archive.warc.records import KIND_FIELD, PUBLISHER_FIELD

_FROM_BACKUP = (
    "put the file back from a backup; without one, `warraq repair` saves what is readable"
)
OF_ROWS = "`warraq repair` brings rows and records into agreement"
_RESTORE = (
    "put archive.db back from a backup, or let `warraq repair` restore it from the WARC files"
)
_REMEDIES = {
    "file": _FROM_BACKUP,
    "record": _FROM_BACKUP,
    "digest": _FROM_BACKUP,
    "revisit": _FROM_BACKUP,
    "row": OF_ROWS,
    "orphan": "`warraq repair` gives it its row",
    "visit": "`warraq repair` writes it again from what the database knows",
    "index": "`warraq reindex` rebuilds the search index from the articles",
    "database": _RESTORE,
    "reference": _RESTORE,
    "revision": _RESTORE,
    "story": _RESTORE,
}

_MOST = 100  # damages of one kind that SQLite lists
_KIND, _PUBLISHER = KIND_FIELD.lower(), PUBLISHER_FIELD.lower()
_CAPTURES = """
select id, url, publisher, kind, fetched_at, status, sha256, truncated, revisit, warc_offset,
    warc_length, article, coalesce(journal_file, warc_file) as journal_file, journal_offset
from captures where warc_file = ? and warc_offset >= ? and warc_offset < ? order by warc_offset
"""
_ARTICLES = """
select a.id as article, a.url, a.revision_count, a.title as now_title, a.deck as now_deck,
    a.byline as now_byline, a.dateline as now_dateline, a.section as now_section,
    a.text as now_text, d.sz, r.number, r.title, r.deck, r.byline, r.dateline, r.section, r.tags,
    r.captions, r.text, r.image_url, r.content_hash
from articles a left join revisions r on r.article = a.id
left join articles_fts_docsize d on d.id = a.id
where a.id between ? and ? order by a.id, r.number
"""
_CURRENT = ("title", "deck", "dateline", "section")
_INDEXED = ("title", "deck", "byline", "text")
_STORIES = """
select id from stories where articles != (
    select count(*) from articles where story = stories.id and withheld_at is null
)
"""
_STRAY = "select distinct {0} from {1} where {0} != 0 and {0} not in (select id from articles)"
_NO_ARTICLE = "it is of an article that is not there"
_COUNTED = (
    ("story", "stories", _STORIES, "it counts other articles than it has"),
    ("story", "story_sketches", _STRAY.format("article", "story_sketches"), _NO_ARTICLE),
    ("index", "articles_fts_docsize", _STRAY.format("id", "articles_fts_docsize"), _NO_ARTICLE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is not as it was written: where, what, and what to do.

    `place` is a file inside the archive's folder, `offset` the byte of the damaged record there;
    `table` and `row` name a row of the database by its key.
    """

    kind: str
    place: str
    detail: str
    offset: int | None = None
    table: str | None = None
    row: int | str | None = None
    remedy: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "remedy", self.remedy or _REMEDIES[self.kind])

    def __str__(self) -> str:
        at = f", byte {self.offset}" if self.offset is not None else ""
        row = f", {self.table} {self.row}" if self.table and self.row is not None else ""
        return f"{self.place}{at}{row}: {self.detail} ({self.kind})\n    {self.remedy}"


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a check looked at, in words and numbers, the damages it found, and notes."""

    counts: Counter[str] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Take in what another check found."""
        self.counts.update(other.counts)
        self.damages += other.damages
        self.notes += other.notes

    def plain(self) -> dict[str, object]:
        """Return it as JSON has it."""
        damages = [asdict(damage) for damage in self.damages]
        return {"checked": dict(self.counts), "damages": damages, "notes": self.notes}

    def lines(self) -> Iterator[str]:
        """Yield each damage and note for a person to read."""
        yield from map(str, self.damages)
        yield from self.notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a WARC file that begins with a record; `end` is behind its last one.

    `is_ended` is whether nobody writes into the file any more.
    """

    root: Path
    file: str
    start: int
    end: int
    is_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Articles:
    """The articles with ids from `first` to `last`."""

    root: Path
    first: int
    last: int


def check_piece(piece: Piece) -> Findings:
    """Check every record of a piece: digests, its row, its journal, and what a revisit refers to.

    Where the database cannot be read, the records are checked by themselves.
    """
    try:
        with closing(open_for_reading(piece.root)) as db:
            return _PieceCheck(piece, db).run()
    except (sqlite3.DatabaseError, DamagedDatabase):
        return _PieceCheck(piece, None).run()


class _PieceCheck:
    """One piece being read, record by record."""

    def __init__(self, piece: Piece, db: sqlite3.Connection | None) -> None:
        self._piece = piece
        self._db = db
        self._place = f"{WARC_FOLDER}/{piece.file}"
        self._folder = piece.root / WARC_FOLDER
        self._behind = piece.start
        self._lost = known_lost(db) if db else frozenset()
        rows = select(db, _CAPTURES, (piece.file, piece.start, piece.end)) if db else []
        self._rows = {row["warc_offset"]: row for row in rows}
        self._journal: dict[int, str] = {}  # by offset, the record that each metadata refers to
        self._visits: list[tuple[Row, str]] = []
        self.findings = Findings()

    def run(self) -> Findings:
        try:
            with reader.opened(self._folder / self._piece.file) as descriptor:
                while self._behind < self._piece.end:
                    self._read(descriptor)
        except OSError as error:
            self._damage("file", self._piece.start, f"cannot be opened: {error.strerror}")
            return self.findings
        for offset, row in self._rows.items():
            self._damage("row", offset, "no record begins there", row)
        for row, record in self._visits:
            if not self._is_journaled(row, record):
                detail = "the journal record of this visit is lost; a rebuild would not know of it"
                self._damage("visit", row["warc_offset"], detail, row)
        self.findings.counts["bytes of WARC"] += self._piece.end - self._piece.start
        return self.findings

    def _read(self, descriptor: int) -> None:
        """Read on to the end of the piece, or to where the disk does not give its bytes."""
        start, end = Place(offset=self._behind), self._piece.end
        lengths = {offset: row["warc_length"] for offset, row in self._rows.items()}
        try:
            for part in reader.walk(descriptor, start=start, end=end, check=False, lengths=lengths):
                if isinstance(part, Record) and part.length is not None:
                    self._gap(part.place.offset, "no complete record is there")
                    self._record(part, part.length)
                    self._behind = part.behind.offset
            self._gap(end, "no complete record is there")
            self._behind = end
        except OSError as error:
            behind = min((known for known in self._rows if known > self._behind), default=end)
            self._gap(behind, f"the disk cannot read it: {error.strerror}")
            self._behind = behind

    def _gap(self, end: int, detail: str) -> None:
        """Report bytes in which there is no record, and the rows of those that were there."""
        if self._behind >= end:
            return
        lost = [offset for offset in self._rows if self._behind <= offset < end]
        if self._behind not in lost:
            self._damage("record", self._behind, detail)
        for offset in lost:
            self._damage("record", offset, detail, self._rows.pop(offset))

    def _record(self, record: Record, length: int) -> None:
        offset, counts = record.place.offset, self.findings.counts
        counts["WARC records"] += 1
        counts["bytes unpacked"] += len(record.head) + len(record.block) + 4
        row = self._rows.pop(offset, None)
        for fault in faults(record):
            self._damage("digest", offset, fault, row)
        if record.type == "metadata":
            self._journal[offset] = record.fields.get("warc-refers-to", "")
        if row:
            counts["rows of captures"] += 1
            self._compare(record, row, length)
        elif record.type in CAPTURED and self._db:
            detail = f"a {record.type} record that no row of captures knows"
            self._damage("orphan", offset, detail)
        if record.type == "revisit" and not self._has_original(record):
            self._revisit(record, offset, row)

    def _compare(self, record: Record, row: Row, length: int) -> None:
        offset = record.place.offset
        if row["warc_length"] != length:
            detail = f"the row says {row['warc_length']} bytes, the record has {length}"
            self._damage("row", offset, detail, row)
        for fault in _differences(record, row):
            self._damage("row", offset, fault, row)
        if self._piece.is_ended and row["article"] is not None and record.type != "resource":
            self._visits.append((row, record.id))

    def _is_journaled(self, row: Row, record: str) -> bool:
        """Return whether the journal record that a row names is there and refers to its record."""
        name, offset = row["journal_file"], row["journal_offset"]
        if offset is None:
            return False
        if name == self._piece.file and self._piece.start <= offset < self._piece.end:
            return self._journal.get(offset) == record
        try:
            entry = next(reader.records(self._folder / name, start=offset), None)
        except OSError:
            return False
        return entry is not None and entry.fields.get("warc-refers-to") == record

    def _has_original(self, record: Record) -> bool:
        if self._db is None or record.sha256 is None:  # a record that another program made
            return True
        return captures.has_payload(self._db, record.sha256)

    def _revisit(self, record: Record, offset: int, row: Row | None) -> None:
        """Report a revisit whose payload is nowhere; a known loss is a note."""
        detail = "the payload it refers to is in no other record"
        if record.sha256 in self._lost:
            note = f"{self._place}, byte {offset}: {detail} (known loss, see `problems`)"
            self.findings.notes.append(note)
        else:
            self._damage("revisit", offset, detail, row)

    def _damage(self, kind: str, offset: int, detail: str, row: Row | None = None) -> None:
        table, name = ("captures", f"{row['id']} ({row['url']})") if row else (None, None)
        self.findings.damages.append(
            Damage(
                kind=kind, place=self._place, offset=offset, detail=detail, table=table, row=name
            )
        )


def _differences(record: Record, row: Row) -> Iterator[str]:
    """Yield what a row says otherwise than its record."""
    fields, status = record.fields, record.status if record.is_http else None
    answers = record.is_http and (record.block or record.type != "revisit")
    for name, in_record in (
        ("url", _as_row(row["url"], fields.get("warc-target-uri"), fields, url_of)),
        ("fetched_at", _as_row(row["fetched_at"], fields.get("warc-date"), fields, _moment)),
        ("truncated", fields.get("warc-truncated")),
        ("revisit", int(record.type == "revisit")),
        ("status", status if answers else row["status"]),
        ("kind", fields.get(_KIND, row["kind"])),
        ("publisher", fields.get(_PUBLISHER, row["publisher"])),
    ):
        if row[name] != in_record:
            yield f"{name} is {row[name]!r} in the row and {in_record!r} in the record"
    digest = record.sha256
    if digest is not None and status != 304 and digest != row["sha256"]:
        yield f"sha256 is {row['sha256']!r} in the row and {digest!r} in the record"


def _as_row(
    in_row: str | None,
    written: str | None,
    fields: Mapping[str, str],
    read: Callable[[Mapping[str, str]], str | None],
) -> str | None:
    """Return what a record says as rows have it; it is read only where it is written otherwise."""
    return written if written == in_row else read(fields)


def _moment(fields: Mapping[str, str], name: str = "warc-date") -> str | None:
    """Return a moment of a record as rows have it; other programs write it shorter."""
    at = moment_of(fields, name)
    return iso(at) if at else fields.get(name)


def check_database(root: Path) -> Findings:
    """Let SQLite check its pages and references; check stories and the search index as wholes."""
    findings = Findings()
    with closing(open_for_reading(root)) as db:
        (findings.counts["pages of the database"],) = db.execute("pragma page_count").fetchone()
        for detail in faults_of(db):
            findings.damages.append(_of_tables("database", detail))
        for table, row, parent, _ in db.execute("pragma foreign_key_check").fetchmany(_MOST):
            detail = f"refers to a row of {parent} that is not there"
            findings.damages.append(_of_tables("reference", detail, table, row))
        for kind, table, sql, detail in _COUNTED:
            for (row,) in db.execute(sql).fetchmany(_MOST):
                findings.damages.append(_of_tables(kind, detail, table, row))
        for detail in _index_faults(db):
            findings.damages.append(_of_tables("index", detail, "articles_fts"))
    return findings


def faults_of(db: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong in a database's pages, and what it lacks of its schema."""
    rows = db.execute(f"pragma integrity_check({_MOST})")
    found = [str(line) for (line,) in rows if line != "ok"]
    with closing(sqlite3.connect(":memory:")) as empty:
        MIGRATIONS.apply(Database(empty))
        names = "select name from sqlite_master"
        missing = sorted({*values(empty, names)} - {*values(db, names)})
    return found + ([f"it lacks {', '.join(missing)}"] if missing else [])


def _index_faults(db: sqlite3.Connection) -> Iterator[str]:
    """Yield what is wrong with the search index by itself; all of it is read."""
    db.execute("create virtual table temp.warraq_words using fts5vocab(main, articles_fts, col)")
    db.execute("begin")
    if not index_is_current(db):
        yield "it was not built by this version's analyser, or was built by SQLite itself"
    words = dict(db.execute("select col, sum(cnt) from temp.warraq_words group by col"))
    sizes = [_sizes(size) for (size,) in db.execute("select sz from articles_fts_docsize")]
    for number, name in enumerate(_INDEXED):
        wanted = sum(size[number] for size in sizes if len(size) == len(_INDEXED))
        if words.get(name, 0) != wanted:
            yield f"it holds {words.get(name, 0)} words of {name}, its sizes say {wanted}"
    db.execute("commit")


def _sizes(packed: bytes) -> list[int]:
    """Return the words of each column of a row of the index, which FTS5 keeps as varints."""
    sizes, value = [], 0
    for byte in packed:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            sizes.append(value)
            value = 0
    return sizes


def check_articles(part: Articles) -> Findings:
    """Check articles: their chains of revisions, the digests of these, and their indexed words."""
    findings = Findings()
    with closing(open_for_reading(part.root)) as db:
        rows = select(db, _ARTICLES, (part.first, part.last))
        for article, chain in groupby(rows, key=itemgetter("article")):
            states = list(chain)
            findings.counts["articles"] += 1
            findings.counts["revisions"] += sum(state["number"] is not None for state in states)
            row = f"{article} ({states[0]['url']})"
            for detail in _chain_faults(states):
                findings.damages.append(_of_tables("revision", detail, "articles", row))
            words = [len(analyse(states[0][f"now_{name}"] or "")) for name in _INDEXED]
            findings.counts["words of the search index"] += sum(words)
            if (indexed := _sizes(states[0]["sz"] or b"")) != words:
                detail = f"the index has {indexed} words of its {', '.join(_INDEXED)}, not {words}"
                findings.damages.append(_of_tables("index", detail, "articles_fts", article))
    return findings


def _chain_faults(states: list[Row]) -> Iterator[str]:
    numbers = [state["number"] for state in states]
    if numbers == [None]:
        yield "it has no revision"
        return
    if numbers != list(range(1, states[0]["revision_count"] + 1)):
        yield f"revision_count is {states[0]['revision_count']}, its revisions are {numbers}"
    current = states[-1]
    if current["text"] is not None:
        yield f"the text of its current revision {current['number']} is stored twice"
    for name in _CURRENT:
        if current[name] != current[f"now_{name}"]:
            yield f"{name} is not that of its current revision {current['number']}"
    for state in states:
        if state is not current and state["text"] is None:
            yield f"revision {state['number']} has lost its text"
        elif not _hash_holds(state):
            yield f"revision {state['number']} is not what its content_hash was made of"


def _hash_holds(state: Row) -> bool:
    """Return whether a revision's digest is that of its fields; a listing's byline is left out."""
    text = state["now_text"] if state["text"] is None else state["text"]
    try:
        readings = [
            reading_of(state, text=text, byline=byline) for byline in (state["byline"], None)
        ]
    except json.JSONDecodeError:
        return False
    return state["content_hash"] in map(content_hash, readings)


def broken(error: Exception) -> Findings:
    """Return the findings of a check that the database itself brought to a halt."""
    return Findings(damages=[_of_tables("database", str(error))])


def _of_tables(
    kind: str, detail: str, table: str | None = None, row: int | str | None = None
) -> Damage:
    return Damage(kind=kind, place=NAME, detail=detail, table=table, row=row)
