"""Export articles as JSON lines, CSV or Parquet, and captures as a WARC file.

Withheld articles and their captures are left out. WARC records are copied byte for byte, revisit
records with their originals.
"""

import csv
import io
import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import IO, Any

from archive.article_rows import Rows
from archive.clock import Clock, from_iso, system
from archive.database import open_for_reading
from archive.errors import ArchiveError, DamagedWarc, is_failure
from archive.maintenance.withhold import gather
from archive.models import Progress, WarcLocation, silent
from archive.rows import Row, from_json, select, value, values
from archive.session import WARC_FOLDER
from archive.warc.parsing import CAPTURED, Record
from archive.warc.reader import read_record, records
from archive.warc.records import info_record, pack


class Form(Enum):
    """What a field holds; in JSON a text for all but numbers, names (a list) and truth values."""

    TEXT = "text"
    TIME = "time"  # ISO 8601, in UTC
    DAY = "day"  # ISO 8601
    NAMES = "names"
    NUMBER = "number"
    TRUTH = "truth"


# The fields of a line, and of each of its `revisions`, in their order.
ARTICLE = (
    "id", "url", "publisher", "publisher_name", "publisher_name_latin", "publisher_homepage",
    "publisher_country", "publisher_language", "kind", "title", "deck", "byline", "byline_from",
    "authors", "dateline", "section", "tags", "language", "published_at", "published_on",
    "published_from", "modified_at", "text", "words", "image_url", "first_seen_at", "last_seen_at",
    "changed_at", "revision_count", "gone_at",
)  # fmt: skip
REVISION = (
    "number", "observed_at", "title", "deck", "byline", "dateline", "section", "tags",
    "captions", "published_at", "published_on", "modified_at", "text", "image_url", "small",
    "content_hash",
)  # fmt: skip
_FORMS = {
    Form.TIME: (
        "published_at", "modified_at", "first_seen_at", "last_seen_at", "changed_at", "gone_at",
        "observed_at",
    ),
    Form.DAY: ("published_on",),
    Form.NAMES: ("authors", "tags", "captions"),
    Form.NUMBER: ("id", "words", "revision_count", "number"),
    Form.TRUTH: ("small",),
}  # fmt: skip
_FORM = {name: form for form, names in _FORMS.items() for name in names}
_PUBLISHER = """
select a.id, p.slug as publisher, p.name as publisher_name, p.name_latin as publisher_name_latin,
    p.homepage as publisher_homepage, p.country as publisher_country,
    p.language as publisher_language
from articles a join publishers p on p.slug = a.publisher
where a.id = ? and a.withheld_at is null
"""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # by which Excel recognises a formula
_NEAR = re.compile(r'near "(.*)": syntax error')
_GROUP = 1000  # rows of a Parquet row group


def form_of(name: str) -> Form:
    """Return what a field of a line, or of a revision, holds."""
    return _FORM.get(name, Form.TEXT)


def articles(
    root: Path, *, where: str = "true", revisions: bool = True, progress: Progress = silent
) -> Iterator[Row]:
    """Yield each article for which the SQL condition `where` on the table `articles` holds.

    In the order in which the archive first saw them, with the fields of ARTICLE. `revisions` adds
    the list of its states, oldest first; the last one's text is the article's own and null there.
    All is of one moment. Withheld articles are left out, whatever `where` says.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
        ArchiveError: if `where` is not a valid condition.
    """
    with closing(open_for_reading(root)) as db:
        db.execute("begin")
        ids = selected(db, "articles", where, order="first_seen_at, id")
        for number, article in enumerate(ids, 1):
            for publisher in select(db, _PUBLISHER, (article,)):
                if rows := Rows.stored(db, article):
                    yield _line(publisher, rows, revisions=revisions)
            progress("articles", number, len(ids))


def selected(db: sqlite3.Connection, table: str, where: str, *, order: str) -> list[int]:
    """Return the ids of the rows that meet a condition of the user.

    Raises:
        ArchiveError: if it is not valid.
    """
    sql = f"select id from {table} where ({where}\n) order by {order}"  # noqa: S608 - it is the user's own SQL, on a read-only connection
    try:
        return values(db, sql)
    except (sqlite3.Error, sqlite3.Warning) as error:
        if is_failure(error):
            raise
        columns = [row[1] for row in db.execute(f"pragma table_info({table})")]
        raise ArchiveError(
            f"--where {where!r} is not a valid condition on {table}:"
            f" {_what_is_wrong(error, where)}; its columns are {', '.join(columns)}"
        ) from error


def _what_is_wrong(error: Exception, where: str) -> str:
    """Return what SQLite says about a condition, without the SQL around it."""
    said = str(error)
    if "\n" in said:  # it took all that follows for one word
        return "a quote in it is not closed"
    near = _NEAR.match(said)
    if said == "incomplete input" or (near and near[1].lower() not in where.lower()):
        return "it is not complete"
    return said


def _line(publisher: Row, rows: Rows, *, revisions: bool) -> Row:
    values = publisher | rows.article
    values |= {"authors": list(rows.names["authors"]), "tags": list(rows.tags)}
    line = {name: values[name] for name in ARTICLE}
    if revisions:
        states = [{name: _plain(name, row[name]) for name in REVISION} for row in rows.revisions]
        line["revisions"] = states
    return line


def _plain(name: str, stored: Any) -> Any:
    """Return a field of a revision as JSON has it."""
    if form_of(name) is Form.NAMES:
        return from_json(stored)
    return bool(stored) if form_of(name) is Form.TRUTH else stored


def write_jsonl(rows: Iterable[Row], out: IO[bytes]) -> int:
    """Write one JSON object a line, in UTF-8; return how many."""
    number = 0
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        number += 1
    return number


def write_csv(rows: Iterable[Row], out: IO[bytes], *, excel: bool = False) -> int:
    """Write a table with a line of names, lists joined by `; `; return how many articles.

    For Excel it begins with a byte order mark, and what would be taken for a formula is quoted.
    """
    text = io.TextIOWrapper(out, encoding="utf-8-sig" if excel else "utf-8", newline="")
    number, table = 0, None
    for row in rows:
        number += 1
        cells = {name: _cell(value, excel=excel) for name, value in row.items()}
        if table is None:
            table = csv.DictWriter(text, list(cells))
            table.writeheader()
        table.writerow(cells)
    text.flush()
    text.detach()
    return number


def _cell(value: Any, *, excel: bool) -> Any:
    if isinstance(value, list):
        value = "; ".join(value)
    if excel and isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def write_parquet(rows: Iterable[Row], out: IO[bytes]) -> int:
    """Write a Parquet table with times, days and lists as such; return how many articles.

    Raises:
        ArchiveError: if pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise ArchiveError(
            "Parquet needs one more library: pip install 'warraq[parquet]'"
        ) from error
    types = {
        Form.TIME: pa.timestamp("us", tz="UTC"),
        Form.NAMES: pa.list_(pa.string()),
        Form.DAY: pa.date32(),
        Form.NUMBER: pa.int64(),
    }
    schema = pa.schema([(name, types.get(form_of(name), pa.string())) for name in ARTICLE])
    number, typed = 0, map(_typed, rows)
    with parquet.ParquetWriter(out, schema, compression="zstd") as table:
        while group := list(islice(typed, _GROUP)):
            table.write_table(pa.Table.from_pylist(group, schema=schema))
            number += len(group)
    return number


def _typed(row: Row) -> Row:
    parsed = {Form.TIME: from_iso, Form.DAY: date.fromisoformat}
    forms = {name: form_of(name) for name, value in row.items() if value is not None}
    return row | {name: parsed[form](row[name]) for name, form in forms.items() if form in parsed}


_PLACE = """
select id, url, warc_file, warc_offset, warc_length from captures
where id = ? and id not in (select id from gone_captures)
"""
_ORIGINAL = """
select id from captures where sha256 = ? and url = ? and fetched_at = ? and revisit = 0
order by id limit 1
"""
_SAME = """
select id from captures where sha256 = (select sha256 from captures where id = :id)
and revisit = 0 order by fetched_at, id limit 1
"""


@dataclass(slots=True, kw_only=True)
class Cut:
    """What was written: requested captures, added originals, and what could not be read."""

    captures: int = 0
    originals: int = 0
    unreadable: list[str]


def write_warc(
    root: Path,
    out: IO[bytes],
    *,
    where: str = "true",
    clock: Clock = system,
    progress: Progress = silent,
) -> Cut:
    """Write the captures for which the SQL condition `where` on the table `captures` holds.

    Each comes with its request; the payload that a revisit record stands for comes before it.
    Captures of withheld articles are left out.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
        ArchiveError: if `where` is not a valid condition.
    """
    with closing(open_for_reading(root)) as db:
        db.execute("begin")
        ids = selected(db, "captures", where, order="id")
        gather(db, root)
        cutting = _Cutting(db, root / WARC_FOLDER, out)
        out.write(_info(f"captures where {where}", clock))
        for number, capture in enumerate(ids, 1):
            cutting.write(capture)
            progress("captures", number, len(ids))
    asked = set(ids)
    cutting.cut.captures = len(cutting.written & asked)
    cutting.cut.originals = len(cutting.written - asked)
    return cutting.cut


class _Cutting:
    """Copies captures, each once, and their originals before them."""

    def __init__(self, db: sqlite3.Connection, folder: Path, out: IO[bytes]) -> None:
        self._db = db
        self._folder = folder
        self._out = out
        self.written: set[int] = set()
        self.cut = Cut(unreadable=[])

    def write(self, capture: int) -> None:
        row = self._db.execute(_PLACE, (capture,)).fetchone()
        if row is None or capture in self.written:
            return
        _, url, name, offset, length = row
        place = WarcLocation(file=name, offset=offset, length=length)
        try:
            record = read_record(self._folder, place)
            packed = list(_exchange(self._folder / name, record))
        except (OSError, DamagedWarc) as error:
            self.cut.unreadable.append(f"{url}: {error}")
            return
        original = self._original(record, capture)
        self.written.add(capture)
        if original is not None:
            self.write(original)
        for member in packed:
            self._out.write(member)

    def _original(self, record: Record, capture: int) -> int | None:
        """Return the capture whose payload a revisit record stands for."""
        if record.type != "revisit":
            return None
        of_original = (
            record.fields.get(f"warc-refers-to-{name}") for name in ("target-uri", "date")
        )
        original = value(self._db, _ORIGINAL, (record.sha256, *of_original))
        # A record of another program's making names its payload in other ways.
        return original or value(self._db, _SAME, {"id": capture})


def _exchange(path: Path, answer: Record) -> Iterator[bytes]:
    """Yield a response as it is packed, and what was recorded with it: its request, behind it.

    Records of others, even of withheld ones, may be between a response and the next one.
    """
    with path.open("rb", buffering=0) as file:
        for record in records(path, start=answer.place.offset):
            beside = {record.fields.get(f"warc-{name}") for name in ("concurrent-to", "refers-to")}
            if record.id != answer.id and record.type in {*CAPTURED, "warcinfo"}:
                return
            if record.id == answer.id or answer.id in beside:
                yield os.pread(file.fileno(), record.length or 0, record.place.offset)


def _info(description: str, clock: Clock) -> bytes:
    """Return the packed warcinfo record that opens the file."""
    info = {"software": "warraq export", "isPartOf": description}
    return pack(info_record("export.warc.gz", info, now=clock()).record())
