"""WARC files to rows: captures, renderings, runs, and the journal that waits to be projected.

Files may come in any order. What the journal says of visits, imports and withholdings is put into
a table of its own; `projection` makes rows of it once all files are read.
"""

import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from archive import captures, publishers, runs
from archive.captures import SOURCE
from archive.clock import from_iso, iso
from archive.database import run_script
from archive.journal import IMPORT, VISIT
from archive.maintenance.salvage import Lost, walk
from archive.models import Capture, Progress, WarcLocation, silent
from archive.rows import insert, value, values
from archive.urls import capture_id
from archive.warc import files
from archive.warc.files import Length, Name
from archive.warc.parsing import CAPTURED, Record
from archive.warc.reader import read_record
from archive.warc.records import KIND_FIELD, read_fields

logger = logging.getLogger(__name__)

_TABLES = """
create table indexed_files (name text primary key) strict;
create table copied_records (
    id text primary key, file text not null, offset integer not null, length integer not null
) strict, without rowid;
create table journal (
    at text not null, file text not null, offset integer not null, run integer not null,
    act text not null, capture integer, visit text, fields text not null,
    primary key (file, offset)
) strict, without rowid;
create index journal_capture on journal (capture) where capture is not null;
create index journal_visit on journal (visit, at) where visit is not null;
create table validators (
    capture integer primary key, etag text, last_modified text
) strict;
"""
_NAMES = ("indexed_files", "copied_records", "journal", "validators", "derived_articles")


@dataclass(slots=True, kw_only=True)
class Indexed:
    """What WARC files held: records by type, and stretches that do not read."""

    counts: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables in which it is remembered what was read, unless they are there."""
    if not is_prepared(db):
        run_script(db, _TABLES)


def is_prepared(db: sqlite3.Connection) -> bool:
    """Return whether those tables are there."""
    return value(db, "select 1 from sqlite_master where name = 'indexed_files'") is not None


def clear(db: sqlite3.Connection) -> None:
    """Remove the tables again: all is projected."""
    for table in _NAMES:
        db.execute(f"drop table if exists {table}")


def in_order(names: Iterable[str]) -> list[str]:
    """Return names of WARC files in the order of their days; others come last."""
    return sorted(names, key=lambda name: (Name.parse(name) is None, Name.parse(name) or 0, name))


def index_files(
    db: sqlite3.Connection,
    folder: Path,
    names: Iterable[str],
    *,
    starts: Mapping[str, int] = MappingProxyType({}),
    progress: Progress = silent,
) -> Indexed:
    """Index the WARC files that are not indexed yet, each in one transaction.

    `starts` are the bytes from which files are read that had rows before.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    indexed, names = Indexed(), list(names)
    sizes = {name: (folder / name).stat().st_size for name in names}
    done = set(values(db, "select name from indexed_files"))
    behind = sum(sizes[name] for name in names if name in done)
    for name in names:
        if name in done:
            continue
        db.execute("begin immediate")
        _File(db, folder, name, indexed, start=starts.get(name, 0)).read(
            lambda offset, behind=behind: progress(
                "bytes of WARC", behind + offset, sum(sizes.values())
            )  # type: ignore[misc]
        )
        files.acknowledge(db, {name: Length(bytes=sizes[name])})
        db.execute("insert into indexed_files values (?)", (name,))
        db.execute("commit")
        behind += sizes[name]
    files.close_earlier(db)
    return indexed


class _File:
    """One WARC file on its way into the database."""

    def __init__(
        self, db: sqlite3.Connection, folder: Path, name: str, indexed: Indexed, *, start: int
    ) -> None:
        self._db = db
        self._folder = folder
        self._name = name
        self._start = start
        self._indexed = indexed
        self._run = 0

    def read(self, progress: Callable[[int], None]) -> None:
        for part in walk(self._folder / self._name, start=self._start):
            if isinstance(part, Lost):
                where = f"{self._name}, bytes {part.offset} to {part.offset + part.length}"
                self._indexed.lost.append(where)
                logger.error("%s: no record reads there", where)
                continue
            self._indexed.counts[part.type] += 1
            self._record(part)
            progress(part.behind.offset)

    def _record(self, record: Record) -> None:
        kind, place = record.type, record.location(self._name)
        fields = read_fields(record.block) if kind == "metadata" else {}
        if record.run:
            at, command = from_iso(record.fields["warc-date"]), fields.get("command", "crawl")
            self._run = _known_run(self._db, record.run, command, at)
        if kind == "metadata":
            act = IMPORT if SOURCE in fields else VISIT if "visit" in fields else fields.get("act")
            self._enter(record, place, act or "", fields)
        elif not self._run or kind == "warcinfo":
            return
        elif kind == "conversion":
            if refers_to := record.fields.get("warc-refers-to"):
                captures.insert_rendering(self._db, capture_id(refers_to), record, place)
        elif kind in {"response", "revisit"} and KIND_FIELD.lower() not in record.fields:
            self._db.execute(
                "insert or replace into copied_records values (?, ?, ?, ?)",
                (record.id, place.file, place.offset, place.length),
            )
        elif kind in CAPTURED and (capture := captures.of_record(record, place)):
            _insert(self._db, capture, run=self._run)

    def _enter(
        self, record: Record, place: WarcLocation, act: str, fields: Mapping[str, str]
    ) -> None:
        refers_to = record.fields.get("warc-refers-to")
        self._db.execute(
            "insert or replace into journal values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                iso(from_iso(record.fields["warc-date"])),
                place.file,
                place.offset,
                self._run,
                act,
                capture_id(refers_to) if refers_to else None,
                fields.get("visit"),
                json.dumps(fields, ensure_ascii=False),
            ),
        )


def _insert(db: sqlite3.Connection, capture: Capture, *, run: int) -> None:
    """Insert a capture, its publisher, and the validators that its answer gave."""
    publishers.name(db, capture.publisher)
    number = captures.put(db, capture, run=run)
    if capture.status == 200 and (capture.etag or capture.last_modified):
        db.execute(
            "insert or replace into validators values (?, ?, ?)",
            (number, capture.etag, capture.last_modified),
        )


def index_copied(db: sqlite3.Connection, folder: Path) -> None:
    """Give records that were copied from files of others their rows, by what the journal says.

    Raises:
        DamagedWarc: if one of them does not read any more.
    """
    for name, file, offset, length in db.execute("select * from copied_records").fetchall():
        entry = db.execute(
            "select run, fields from journal where capture = ? and act = ? order by at limit 1",
            (capture_id(name), IMPORT),
        ).fetchone()
        if entry is None:
            continue
        place = WarcLocation(file=file, offset=offset, length=length, record_id=name)
        capture = captures.of_record(read_record(folder, place), place, json.loads(entry[1]))
        if capture is not None:
            _insert(db, capture, run=entry[0])
        db.execute("delete from copied_records where id = ?", (name,))


def _known_run(db: sqlite3.Connection, name: str, command: str, at: datetime) -> int:
    """Return the run of a name, made known: by its own number, or another if that is taken.

    Its own record says when it began, whichever of its records comes first.
    """
    if (known := runs.numbered(db, name)) is not None:
        return known
    number = int(name.rpartition("-")[2])
    is_taken = value(db, "select 1 from runs where id = ?", (number,))
    row = {"id": None if is_taken else number or None, "name": name, "command": command}
    return insert(db, "runs", row | {"started_at": iso(at), "state": "interrupted", "pid": 0})
