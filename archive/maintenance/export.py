"""Export articles as JSON lines, CSV or Parquet, and captures as a WARC file.

WARC records are copied byte for byte, revisit records with their originals.
"""

import csv
import io
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from archive.article_rows import Rows
from archive.clock import Clock, system
from archive.database import open_for_reading
from archive.errors import ArchiveError, DamagedWarc, is_failure
from archive.models import Progress, WarcLocation, silent
from archive.renderings import of_capture
from archive.rows import Row, from_json, select, value, values
from archive.session import WARC_FOLDER
from archive.warc.parsing import Record
from archive.warc.reader import read_record, records
from archive.warc.records import info_record, pack

# The fields of a line, in their order.
ARTICLE = (
    "id", "url", "publisher", "publisher_name", "publisher_name_latin", "publisher_homepage",
    "publisher_country", "publisher_language", "kind", "title", "deck", "byline", "byline_from",
    "authors", "dateline", "section", "tags", "language", "published_at", "published_on",
    "published_from", "modified_at", "text", "words", "image_url", "first_seen_at", "last_seen_at",
    "changed_at", "revision_count", "gone_at",
)  # fmt: skip
_PUBLISHER = """
select a.id, p.* from articles a join publishers p on p.slug = a.publisher
where a.id = ?
"""
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # by which Excel recognises a formula
_GROUP = 1000  # rows of a Parquet row group


def articles(
    root: Path, *, where: str = "true", revisions: bool = True, progress: Progress = silent
) -> Iterator[Row]:
    """Yield each article for which the SQL condition `where` on the table `articles` holds.

    In the order in which the archive first saw them, with the fields of ARTICLE. `revisions` adds
    the list of its states, oldest first; the last one's text is the article's own and null there.
    All is of one moment.

    Raises:
        NewerArchive, NotAnArchive: if `root` holds no archive that can be read.
        ArchiveError: if `where` is not a valid condition.
    """
    with closing(open_for_reading(root)) as db:
        db.execute("begin")
        ids = _selected(db, "articles", where, order="first_seen_at, id")
        for number, article in enumerate(ids, 1):
            for publisher in select(db, _PUBLISHER, (article,)):
                if rows := Rows.stored(db, article):
                    yield _line(publisher, rows, revisions=revisions)
            progress("articles", number, len(ids))


def _selected(db: sqlite3.Connection, table: str, where: str, *, order: str) -> list[int]:
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
        columns = (row[1] for row in db.execute(f"pragma table_info({table})"))
        names = ", ".join(name for name in columns if name != "key")
        why = str(error).partition("\n")[0]
        raise ArchiveError(
            f"--where {where!r} is not a valid condition on {table}: {why}; its columns are {names}"
        ) from error


def _line(publisher: Row, rows: Rows, *, revisions: bool) -> Row:
    fields = {f"publisher_{name}": said for name, said in publisher.items()}
    fields |= {"id": publisher["id"], "publisher": publisher["slug"]} | rows.article
    fields |= {"authors": rows.lists["authors"], "tags": rows.tags}
    line = {name: fields[name] for name in ARTICLE}
    if revisions:
        line["revisions"] = [_state(row) for row in rows.revisions]
    return line


def _state(row: Row) -> Row:
    """Return a row of `revisions` as JSON has it."""
    lists = {name: from_json(row[name]) for name in ("tags", "captions")}
    state = row | lists | {"small": bool(row["small"])}
    del state["capture"]
    return state


def write_jsonl(rows: Iterable[Row], out: IO[bytes]) -> int:
    """Write one JSON object a line, in UTF-8; return how many."""
    number = 0
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        number += 1
    return number


def write_csv(
    rows: Iterable[Row], out: IO[bytes], *, names: Sequence[str] = ARTICLE, excel: bool = False
) -> int:
    """Write a table with a line of names, lists joined by `; `; return how many rows.

    For Excel it begins with a byte order mark, and what would be taken for a formula is quoted.
    """
    text = io.TextIOWrapper(out, encoding="utf-8-sig" if excel else "utf-8", newline="")
    table = csv.writer(text)
    table.writerow(names)
    number = 0
    for row in rows:
        table.writerow(cell(row[name], excel=excel) for name in names)
        number += 1
    text.detach()
    return number


def cell(value: Any, *, excel: bool) -> Any:
    """Return a value as a cell of CSV; for Excel, a formula with an apostrophe before it."""
    if isinstance(value, list):
        value = "; ".join(value)
    is_formula = excel and isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if is_formula else value


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
    types = {name: pa.timestamp("us", tz="UTC") for name in ARTICLE if name.endswith("_at")}
    types |= dict.fromkeys(("id", "words", "revision_count"), pa.int64())
    types |= dict.fromkeys(("authors", "tags"), pa.list_(pa.string()))
    types["published_on"] = pa.date32()
    schema = pa.schema([(name, types.get(name, pa.string())) for name in ARTICLE])
    number, rows = 0, iter(rows)
    with parquet.ParquetWriter(out, schema, compression="zstd") as table:
        while group := list(islice(rows, _GROUP)):
            table.write_table(pa.Table.from_pylist(group).cast(schema))
            number += len(group)
    return number


WRITERS: dict[str, Callable[[Iterable[Row], IO[bytes]], int]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "excel": partial(write_csv, excel=True),
    "parquet": write_parquet,
}

_CAPTURE = """
select url, warc_file as file, warc_offset as offset, warc_length as length from captures
where id = ?
"""
# Where no record says which payload it is, as those of other programs, it is the first one.
_ORIGINAL = """
select id from captures
where sha256 = (select sha256 from captures where id = :revisit) and revisit = 0
order by url = :url and fetched_at = :at desc, fetched_at, id limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was written: requested captures, added originals, and what could not be read."""

    captures: int
    originals: int
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

    Raises:
        NewerArchive, NotAnArchive: if `root` holds no archive that can be read.
        ArchiveError: if `where` is not a valid condition.
    """
    info = {"software": "warraq export", "isPartOf": f"captures where {where}"}
    written, unreadable = set[int](), list[str]()
    with closing(open_for_reading(root)) as db:
        db.execute("begin")
        ids = _selected(db, "captures", where, order="id")
        out.write(pack(info_record("export.warc.gz", info, now=clock()).record()))
        for number, capture in enumerate(ids, 1):
            out.writelines(_records(db, root / WARC_FOLDER, capture, written, unreadable))
            progress("captures", number, len(ids))
    originals = written - set(ids)
    return Cut(
        captures=len(written) - len(originals), originals=len(originals), unreadable=unreadable
    )


def _records(
    db: sqlite3.Connection, folder: Path, capture: int, written: set[int], unreadable: list[str]
) -> Iterator[bytes]:
    """Yield the records of a capture that was not written yet, behind those of its original.

    What a browser showed of it comes with it.
    """
    row = next(iter(select(db, _CAPTURE, (capture,))), None)
    if row is None or capture in written:
        return
    url, place = row.pop("url"), WarcLocation(**row)
    try:
        record = read_record(folder, place)
        packed = list(_exchange(folder / place.file, record))
        packed += [_packed(folder, each.record) for each in of_capture(db, capture).values()]
    except (OSError, DamagedWarc) as error:
        unreadable.append(f"{url}: {error}")
        return
    written.add(capture)
    if record.type == "revisit":
        at, uri = (record.fields.get(f"warc-refers-to-{name}") for name in ("date", "target-uri"))
        original = value(db, _ORIGINAL, {"revisit": capture, "url": uri, "at": at})
        if original is not None:
            yield from _records(db, folder, original, written, unreadable)
    yield from packed


def _packed(folder: Path, place: WarcLocation) -> bytes:
    with (folder / place.file).open("rb") as file:
        return os.pread(file.fileno(), place.length, place.offset)


def _exchange(path: Path, answer: Record) -> Iterator[bytes]:
    """Yield a response as it is packed, and what was recorded with it: its request, behind it.

    Records of others, even of withheld ones, may be between a response and the next one.
    """
    with path.open("rb", buffering=0) as file:
        for record in records(path, start=answer.place.offset):
            beside = {record.fields.get(f"warc-{name}") for name in ("concurrent-to", "refers-to")}
            if record.id != answer.id and (record.is_capture or record.type == "warcinfo"):
                return
            if record.id == answer.id or (answer.id in beside and not record.rendering):
                yield os.pread(file.fileno(), record.length or 0, record.place.offset)
