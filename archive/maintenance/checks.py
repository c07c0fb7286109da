"""What `warraq verify` checks: a stretch of a WARC file with its rows, the tables, some articles.

Each check opens the archive read-only, so that it can run in a process of its own.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from archive import renderings
from archive.article_rows import reading
from archive.captures import IN_FILE
from archive.clock import iso
from archive.database import NAME, as_library, migrations, open_for_reading
from archive.errors import passing_over_damage
from archive.history import content_hash
from archive.maintenance.salvage import walk
from archive.rows import Row, select, value, values
from archive.search.arabic import analyse
from archive.search.index import index_is_current
from archive.session import WARC_FOLDER
from archive.urls import capture_id, key_or_none, mark_of
from archive.warc import reader
from archive.warc.parsing import Record, faults
from archive.warc.records import KIND_FIELD, PUBLISHER_FIELD

_OF_FILES = "put the file back from a backup; without one, `warraq repair` saves what is readable"
_OF_ROWS = "`warraq repair` restores it, or put it back from a backup"
_REMEDIES = {
    **dict.fromkeys(("file", "record", "revisit"), _OF_FILES),
    "index": "`warraq reindex` rebuilds the search index from the articles",
}

_CAPTURES = f"""
select *, coalesce(journal_file, warc_file) as journaled_in
from captures where {IN_FILE} and warc_offset >= ?2 and warc_offset < ?3 order by warc_offset
"""  # noqa: S608 - ours
_ARTICLES = """
select a.*, sz from articles a left join article_stems_docsize d on d.id = a.id
where a.id between ? and ? order by a.id
"""
_REVISIONS = "select * from revisions where article between ? and ? order by article, number"
_CURRENT = ("title", "deck", "dateline", "section")
_INDEXED = ("title", "deck", "byline", "text")
_PAGES = """
select null, null, integrity_check from pragma_integrity_check(100) where integrity_check != 'ok'
"""
_REFERENCES = """
select "table", coalesce(
        (select id from captures where "table" = 'captures' and captures.rowid = k.rowid), rowid
    ), 'refers to a row of ' || parent || ' that is not there'
from pragma_foreign_key_check k limit 100
"""
_STORIES = """
select 'stories', id, 'it counts other articles than it has' from stories where articles != (
    select count(*) from articles where story = stories.id
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
) and sha256 not in (select sha256 from withheld_payloads) group by sha256
"""
# Kinds of damage, each with a query for table, row and detail of all that there is of it.
_TABLES = (
    ("database", _PAGES),
    ("reference", _REFERENCES),
    ("revisit", _PAYLOADS),
    ("story", _STORIES),
    ("story", _STRAY.format("article", "story_sketches")),
    ("index", _STRAY.format("id", "article_stems_docsize")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is not as it was written: where, and what.

    `place` is a file inside the archive's folder, `offset` the byte of the damaged record there;
    `table` and `row` name a row of the database by its key.
    """

    kind: str
    place: str = NAME
    detail: str
    offset: int | None = None
    table: str | None = None
    row: int | str | None = None

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES.get(self.kind, _OF_ROWS)

    def __str__(self) -> str:
        at = f", byte {self.offset}" if self.offset is not None else ""
        row = f", {self.table} {self.row}" if self.row is not None else ""
        return f"{self.place}{at}{row}: {self.detail} ({self.kind})\n    {self.remedy}"


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a check looked at, in words and numbers, the damages it found, and notes.

    `lost` are captures that an earlier repair could not save (problems of kind lost-capture).
    """

    counts: Counter[str] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lost: int = 0

    def add(self, other: "Findings") -> None:
        """Take in what another check found."""
        self.counts.update(other.counts)
        self.damages += other.damages
        self.notes += other.notes
        self.lost += other.lost

    def of_tables(self, kind: str, detail: str, table: str, row: int | str | None) -> None:
        """Add a damage of the database."""
        self.damages.append(Damage(kind=kind, detail=detail, table=table, row=row))

    def plain(self) -> dict[str, object]:
        """Return it as JSON has it."""
        damages = [asdict(damage) | {"remedy": damage.remedy} for damage in self.damages]
        found = {"damages": damages, "lost": self.lost, "notes": self.notes}
        return {"checked": dict(self.counts)} | found

    def lines(self) -> Iterator[str]:
        """Yield each damage and note for a person to read."""
        yield from map(str, self.damages)
        yield from self.notes


def check_piece(root: Path, file: str, start: int, end: int, is_ended: bool) -> Findings:
    """Check every record of a stretch of a WARC file: its digests, its row and its journal.

    The stretch begins with a record; `end` is behind its last one, `is_ended` whether nobody
    writes into the file any more. Where the database cannot be read, the records are checked by
    themselves.
    """
    rows: list[Row] | None = None
    withheld, shown = frozenset[int](), list[int]()
    with passing_over_damage(), closing(open_for_reading(root)) as db:
        rows = select(db, _CAPTURES, (file, start, end))
        withheld = frozenset(values(db, "select mark from withheld"))
        shown = values(db, "select warc_offset from renderings where warc_file = ?", (file,))
    lengths = {row["warc_offset"]: row["warc_length"] for row in rows or ()}
    piece = _Piece(root / WARC_FOLDER, file, rows)
    piece.withheld, piece.renderings = withheld, frozenset(shown)
    try:
        for part in walk(root / WARC_FOLDER / file, start=start, end=end, lengths=lengths):
            if isinstance(part, Record):
                piece.record(part)
            else:
                piece.gap(part)
    except OSError as error:
        piece.damage("file", f"it cannot be read: {error.strerror}", start)
    else:
        piece.findings.counts["bytes of WARC"] += end - start
        piece.finish(is_ended=is_ended)
    return piece.findings


class _Piece:
    """A stretch of a WARC file being read, record by record."""

    withheld = frozenset[int]()  # marks of what has no rows
    renderings = frozenset[int]()  # offsets of those that have rows

    def __init__(self, folder: Path, file: str, rows: list[Row] | None) -> None:
        """Take the rows of its captures, None where the database cannot be read."""
        self.findings = Findings()
        self._folder = folder
        self._file = file
        self._has_rows = rows is not None
        self._rows = {row["warc_offset"]: row for row in rows or ()}  # whose records are ahead
        self._journal: dict[int, str] = {}  # by offset, the record that each metadata refers to
        self._visits: list[tuple[Row, str]] = []

    def record(self, record: Record) -> None:
        """Check a record; its row is passed."""
        offset, counts = record.place.offset, self.findings.counts
        counts["WARC records"] += 1
        counts["bytes unpacked"] += len(record.head) + len(record.block) + 4
        row = self._rows.pop(offset, None)
        for fault in faults(record):
            self.damage("record", fault, offset, row)
        if record.type == "metadata":
            self._journal[offset] = record.fields.get("warc-refers-to", "")
        if row:
            counts["rows of captures"] += 1
            for fault in _differences(record, row):
                self.damage("row", fault, offset, row)
            if row["article"] is not None and record.type != "resource":
                self._visits.append((row, record.id))
        elif self._has_rows and not self.withheld & _marks(record):
            if record.is_capture:
                self.damage("row", f"a {record.type} record that no row of captures knows", offset)
            elif record.rendering and offset not in self.renderings:
                self.damage("row", f"a {record.rendering} that no row of renderings knows", offset)

    def gap(self, stretch: range) -> None:
        """Report bytes in which there is no record, and the rows of those that were there."""
        lost = {stretch.start, *(offset for offset in self._rows if offset in stretch)}
        for offset in sorted(lost):
            row = self._rows.pop(offset, None)
            self.damage("record", "no complete record is there", offset, row)

    def finish(self, *, is_ended: bool) -> None:
        """Report rows that have no record, and visits whose journal records are lost."""
        for offset, row in self._rows.items():
            self.damage("row", "no record begins there", offset, row)
        for row, record in self._visits if is_ended else ():
            if self._journaled(row) != record:
                detail = "the journal record of this visit is lost; a rebuild would not know of it"
                self.damage("visit", detail, row["warc_offset"], row)

    def _journaled(self, row: Row) -> str | None:
        """Return the record to which the journal record refers that a row names."""
        name, offset = row["journaled_in"], row["journal_offset"]
        if offset is None or (name == self._file and offset in self._journal):
            return self._journal.get(offset)
        with suppress(OSError):
            for entry in reader.records(self._folder / name, start=offset):
                return entry.fields.get("warc-refers-to")
        return None

    def damage(self, kind: str, detail: str, offset: int, row: Row | None = None) -> None:
        """Report damage at a byte of the file, and of the row that knows it."""
        table, name = ("captures", f"{row['id']} ({row['url']})") if row else (None, None)
        place = f"{WARC_FOLDER}/{self._file}"
        self.findings.damages.append(
            Damage(kind=kind, place=place, detail=detail, offset=offset, table=table, row=name)
        )


def _marks(record: Record) -> set[int | None]:
    """Return by which numbers a record may be known as one of what is withheld."""
    shown = renderings.shown_in(record) if record.rendering else capture_id(record.id)
    return {shown, mark_of(record.url), mark_of(key_or_none(record.url))}


def _differences(record: Record, row: Row) -> Iterator[str]:
    """Yield what a row says otherwise than its record, as far as that says it by itself."""
    status, at = record.status or row["status"], record.fields.get("warc-date")
    if at != row["fetched_at"] and record.date:  # other programs write it shorter
        at = iso(record.date)
    said = {
        "url": record.url,
        "fetched_at": at,
        "truncated": record.fields.get("warc-truncated"),
        "revisit": record.type == "revisit",
        "status": status,
        "kind": record.fields.get(KIND_FIELD, row["kind"]),
        "publisher": record.fields.get(PUBLISHER_FIELD, row["publisher"]),
        "sha256": record.sha256 if record.sha256 and status != 304 else row["sha256"],
        "warc_length": record.length,
    }
    for name, stated in said.items():
        if row[name] != stated:
            yield f"{name} is {row[name]!r} in the row and {stated!r} in the record"


def check_database(root: Path) -> Findings:
    """Let SQLite check its pages and references; check stories and the search index as wholes."""
    findings = Findings()
    with closing(open_for_reading(root)) as db:
        (findings.counts["pages of the database"],) = db.execute("pragma page_count").fetchone()
        if missing := _missing(db):
            findings.damages.append(
                Damage(kind="database", detail=f"it lacks {', '.join(missing)}")
            )
        for kind, sql in _TABLES:
            for table, row, detail in db.execute(sql):
                findings.of_tables(kind, detail, table, row)
        for detail in _index_faults(db):
            findings.of_tables("index", detail, "article_stems", None)
        if losses := value(db, "select count(*) from problems where kind = 'lost-capture'"):
            findings.lost = losses
    return findings


def _missing(db: sqlite3.Connection) -> list[str]:
    """Return what a database lacks of its schema.

    sqlite-utils keeps its list of migrations without an index where the first run was killed early.
    """
    names = "select name from sqlite_master where tbl_name != '_sqlite_migrations'"
    with closing(sqlite3.connect(":memory:")) as empty:
        migrations().apply(as_library(empty))
        return sorted({*values(empty, names)} - {*values(db, names)})


def _index_faults(db: sqlite3.Connection) -> Iterator[str]:
    """Yield what is wrong with the search index by itself; all of it is read."""
    db.execute("create virtual table temp.warraq_words using fts5vocab(main, article_stems, col)")
    db.execute("begin")
    if not index_is_current(db):
        yield "it was not built by this version's analyser, or was built by SQLite itself"
    words = dict(db.execute("select col, sum(cnt) from temp.warraq_words group by col"))
    sizes = [_sizes(size) for (size,) in db.execute("select sz from article_stems_docsize")]
    for name, counts in zip(_INDEXED, zip(*sizes, strict=False), strict=False):
        if words.get(name, 0) != sum(counts):
            yield f"it holds {words.get(name, 0)} words of {name}, its sizes say {sum(counts)}"
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
    findings, chains = Findings(), defaultdict[int, list[Row]](list)
    with closing(open_for_reading(root)) as db:
        db.execute("begin")  # all of one moment, whatever is written meanwhile
        for revision in select(db, _REVISIONS, (first, last)):
            chains[revision["article"]].append(revision)
        for article in select(db, _ARTICLES, (first, last)):
            number, revisions = article["id"], chains[article["id"]]
            findings.counts["articles"] += 1
            findings.counts["revisions"] += len(revisions)
            for detail in _chain_faults(article, revisions):
                findings.of_tables("revision", detail, "articles", f"{number} ({article['url']})")
            words = [len(analyse(article[name] or "")) for name in _INDEXED]
            findings.counts["words of the search index"] += sum(words)
            if (indexed := _sizes(article["sz"] or b"")) != words:
                detail = f"the index has {indexed} words of its {', '.join(_INDEXED)}, not {words}"
                findings.of_tables("index", detail, "article_stems", number)
    return findings


def _chain_faults(article: Row, revisions: list[Row]) -> Iterator[str]:
    if not revisions:
        yield "it has no revision"
        return
    numbers, current = [revision["number"] for revision in revisions], revisions[-1]
    if numbers != list(range(1, article["revision_count"] + 1)):
        yield f"revision_count is {article['revision_count']}, its revisions are {numbers}"
    if current["text"] is not None:
        yield f"the text of its current revision {current['number']} is stored twice"
    for name in _CURRENT:
        if current[name] != article[name]:
            yield f"{name} is not that of its current revision {current['number']}"
    for revision in revisions:
        if revision is not current and revision["text"] is None:
            yield f"revision {revision['number']} has lost its text"
        elif not _hash_holds(revision, article["text"]):
            yield f"revision {revision['number']} is not what its content_hash was made of"


def _hash_holds(revision: Row, current: str) -> bool:
    """Return whether a revision's digest is that of its fields; a listing's byline is left out."""
    state = revision | {"text": current} if revision["text"] is None else revision
    readings = (reading(each) for each in (state, state | {"byline": None}))
    with suppress(ValueError, TypeError):  # its tags or captions are no lists of texts
        return revision["content_hash"] in map(content_hash, readings)
    return False
