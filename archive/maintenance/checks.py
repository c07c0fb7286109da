"""What `warraq verify` checks: a stretch of a WARC file with its rows, the tables, some articles.

Each check opens the archive read-only, so that it can run in a process of its own.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from sqlite_utils import Database

from archive.article_rows import reading_of
from archive.clock import iso
from archive.database import MIGRATIONS, NAME, open_for_reading
from archive.errors import DamagedDatabase
from archive.history import content_hash
from archive.maintenance.salvage import walk
from archive.rows import Row, select, value, values
from archive.search.arabic import analyse
from archive.search.index import index_is_current
from archive.session import WARC_FOLDER
from archive.warc import reader
from archive.warc.parsing import CAPTURED, Record, faults
from archive.warc.records import KIND_FIELD, PUBLISHER_FIELD

_REMEDIES = {
    **dict.fromkeys(
        ("file", "record", "revisit"),
        "put the file back from a backup; without one, `warraq repair` saves what is readable",
    ),
    **dict.fromkeys(
        ("database", "reference", "revision", "story"),
        "put archive.db back from a backup, or let `warraq repair` restore it from the WARC files",
    ),
    "row": "`warraq repair` brings rows and records into agreement",
    "visit": "`warraq repair` writes it again from what the database knows",
    "index": "`warraq reindex` rebuilds the search index from the articles",
}

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
_PAGES = """
select null, null, integrity_check from pragma_integrity_check(100) where integrity_check != 'ok'
"""
_REFERENCES = """
select "table", rowid, 'refers to a row of ' || parent || ' that is not there'
from pragma_foreign_key_check limit 100
"""
_STORIES = """
select 'stories', id, 'it counts other articles than it has' from stories where articles != (
    select count(*) from articles where story = stories.id and withheld_at is null
) limit 100
"""
_STRAY = """
select distinct '{1}', {0}, 'it is of an article that is not there' from {1}
where {0} != 0 and {0} not in (select id from articles) limit 100
"""
_PAYLOADS = """
select 'captures', min(id) || ' (' || url || ')', 'the payload that it refers to is in no record'
from captures c where revisit and sha256 is not null and not exists (
    select 1 from captures where sha256 = c.sha256 and not revisit
) and not exists (
    select 1 from problems where kind = 'lost-capture' and instr(detail, c.sha256)
) group by sha256
"""
# Kinds of damage, each with a query for table, row and detail of all that there is of it.
_TABLES = (
    ("database", _PAGES),
    ("reference", _REFERENCES),
    ("revisit", _PAYLOADS),
    ("story", _STORIES),
    ("story", _STRAY.format("article", "story_sketches")),
    ("index", _STRAY.format("id", "articles_fts_docsize")),
)
_LOSSES = "select count(*) from problems where kind = 'lost-capture'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is not as it was written: where, and what.

    `place` is a file inside the archive's folder, `offset` the byte of the damaged record there;
    `table` and `row` name a row of the database by its key.
    """

    kind: str
    place: str
    detail: str
    offset: int | None = None
    table: str | None = None
    row: int | str | None = None

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self.kind]

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

    def of_tables(
        self, kind: str, detail: str, table: str | None = None, row: int | str | None = None
    ) -> None:
        """Add a damage of the database."""
        self.damages.append(Damage(kind=kind, place=NAME, detail=detail, table=table, row=row))

    def plain(self) -> dict[str, object]:
        """Return it as JSON has it."""
        damages = [asdict(damage) | {"remedy": damage.remedy} for damage in self.damages]
        return {"checked": dict(self.counts), "damages": damages, "notes": self.notes}

    def lines(self) -> Iterator[str]:
        """Yield each damage and note for a person to read."""
        yield from map(str, self.damages)
        yield from self.notes


def check_piece(root: Path, file: str, start: int, end: int, *, is_ended: bool = False) -> Findings:
    """Check every record of a stretch of a WARC file: its digests, its row and its journal.

    The stretch begins with a record; `end` is behind its last one, `is_ended` whether nobody
    writes into the file any more. Where the database cannot be read, the records are checked by
    themselves.
    """
    check = _Piece(root, file, start, end)
    try:
        with closing(open_for_reading(root)) as db:
            return check.run(select(db, _CAPTURES, (file, start, end)), is_ended=is_ended)
    except (sqlite3.DatabaseError, DamagedDatabase):
        return check.run(None)


class _Piece:
    """A stretch of a WARC file being read, record by record."""

    def __init__(self, root: Path, file: str, start: int, end: int) -> None:
        self._folder = root / WARC_FOLDER
        self._file = file
        self._start = start
        self._end = end
        self._rows: dict[int, Row] | None = None  # by offset, those whose records are ahead
        self._journal: dict[int, str] = {}  # by offset, the record that each metadata refers to
        self._visits: list[tuple[Row, str]] = []
        self._findings = Findings()

    def run(self, rows: list[Row] | None, *, is_ended: bool = False) -> Findings:
        """Read it; `rows` are those of its captures, None where the database cannot be read."""
        if rows is not None:
            self._rows = {row["warc_offset"]: row for row in rows}
        lengths = {row["warc_offset"]: row["warc_length"] for row in rows or []}
        path = self._folder / self._file
        try:
            for part in walk(path, start=self._start, end=self._end, lengths=lengths):
                if isinstance(part, Record):
                    self._record(part, part.length or 0)
                else:
                    self._gap(part)
        except OSError as error:
            self._damage("file", self._start, f"it cannot be read: {error.strerror}")
            return self._findings
        self._findings.counts["bytes of WARC"] += self._end - self._start
        for offset, row in (self._rows or {}).items():
            self._damage("row", offset, "no record begins there", row)
        for row, record in self._visits if is_ended else ():
            if not self._is_journaled(row, record):
                detail = "the journal record of this visit is lost; a rebuild would not know of it"
                self._damage("visit", row["warc_offset"], detail, row)
        return self._findings

    def _gap(self, stretch: range) -> None:
        """Report bytes in which there is no record, and the rows of those that were there."""
        rows = self._rows or {}
        lost = {stretch.start, *(offset for offset in rows if offset in stretch)}
        for offset in sorted(lost):
            self._damage("record", offset, "no complete record is there", rows.pop(offset, None))

    def _record(self, record: Record, length: int) -> None:
        offset, counts = record.place.offset, self._findings.counts
        counts["WARC records"] += 1
        counts["bytes unpacked"] += len(record.head) + len(record.block) + 4
        row = self._rows.pop(offset, None) if self._rows else None
        for fault in faults(record):
            self._damage("record", offset, fault, row)
        if record.type == "metadata":
            self._journal[offset] = record.fields.get("warc-refers-to", "")
        if row:
            counts["rows of captures"] += 1
            for fault in _differences(record, row, length):
                self._damage("row", offset, fault, row)
            if row["article"] is not None and record.type != "resource":
                self._visits.append((row, record.id))
        elif record.type in CAPTURED and self._rows is not None:
            self._damage("row", offset, f"a {record.type} record that no row of captures knows")

    def _is_journaled(self, row: Row, record: str) -> bool:
        """Return whether the journal record that a row names is there and refers to its record."""
        name, offset = row["journal_file"], row["journal_offset"]
        if offset is None:
            return False
        if name == self._file and self._start <= offset < self._end:
            return self._journal.get(offset) == record
        try:
            entry = next(reader.records(self._folder / name, start=offset), None)
        except OSError:
            return False
        return entry is not None and entry.fields.get("warc-refers-to") == record

    def _damage(self, kind: str, offset: int, detail: str, row: Row | None = None) -> None:
        table, name = ("captures", f"{row['id']} ({row['url']})") if row else (None, None)
        place = f"{WARC_FOLDER}/{self._file}"
        self._findings.damages.append(
            Damage(kind=kind, place=place, offset=offset, detail=detail, table=table, row=name)
        )


def _differences(record: Record, row: Row, length: int) -> Iterator[str]:
    """Yield what a row says otherwise than its record, as far as that says it by itself."""
    status = record.status if record.is_http else None
    answers = record.is_http and (record.block or record.type != "revisit")
    digest = None if status == 304 else record.sha256
    at = record.fields.get("warc-date")
    if at != row["fetched_at"] and record.date:  # other programs write it shorter
        at = iso(record.date)
    for name, said in (
        ("url", record.url),
        ("fetched_at", at),
        ("truncated", record.fields.get("warc-truncated")),
        ("revisit", int(record.type == "revisit")),
        ("status", status if answers else row["status"]),
        ("kind", record.fields.get(KIND_FIELD, row["kind"])),
        ("publisher", record.fields.get(PUBLISHER_FIELD, row["publisher"])),
        ("sha256", digest or row["sha256"]),
        ("warc_length", length),
    ):
        if row[name] != said:
            yield f"{name} is {row[name]!r} in the row and {said!r} in the record"


def check_database(root: Path) -> Findings:
    """Let SQLite check its pages and references; check stories and the search index as wholes."""
    findings = Findings()
    with closing(open_for_reading(root)) as db:
        (findings.counts["pages of the database"],) = db.execute("pragma page_count").fetchone()
        if missing := _missing(db):
            findings.of_tables("database", f"it lacks {', '.join(missing)}")
        for kind, sql in _TABLES:
            for table, row, detail in db.execute(sql):
                findings.of_tables(kind, detail, table, row)
        for detail in _index_faults(db):
            findings.of_tables("index", detail, "articles_fts")
        if losses := value(db, _LOSSES):
            findings.notes.append(f"{losses} losses are known: problems of kind lost-capture")
    return findings


def _missing(db: sqlite3.Connection) -> list[str]:
    """Return what a database lacks of its schema."""
    names = "select name from sqlite_master"
    with closing(sqlite3.connect(":memory:")) as empty:
        MIGRATIONS.apply(Database(empty))
        return sorted({*values(empty, names)} - {*values(db, names)})


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


def check_articles(root: Path, first: int, last: int) -> Findings:
    """Check articles from one id to another: their revisions, and their words in the index."""
    findings = Findings()
    with closing(open_for_reading(root)) as db:
        rows = select(db, _ARTICLES, (first, last))
        for article, chain in groupby(rows, key=itemgetter("article")):
            states = list(chain)
            findings.counts["articles"] += 1
            findings.counts["revisions"] += sum(state["number"] is not None for state in states)
            for detail in _chain_faults(states):
                row = f"{article} ({states[0]['url']})"
                findings.of_tables("revision", detail, "articles", row)
            words = [len(analyse(states[0][f"now_{name}"] or "")) for name in _INDEXED]
            findings.counts["words of the search index"] += sum(words)
            if (indexed := _sizes(states[0]["sz"] or b"")) != words:
                detail = f"the index has {indexed} words of its {', '.join(_INDEXED)}, not {words}"
                findings.of_tables("index", detail, "articles_fts", article)
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
    readings = (reading_of(state, text=text, byline=byline) for byline in (state["byline"], None))
    return state["content_hash"] in map(content_hash, readings)
