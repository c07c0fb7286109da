"""First half of a rebuild: each record of the WARC files becomes its row again.

What their metadata records tell of visits, of imported lines and of what was withheld waits in a
table of its own, in the order in which it was acknowledged, for the second half to do again.
"""

import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from archive import captures, runs
from archive.captures import SOURCE
from archive.clock import from_iso, iso
from archive.records import WarcLocation
from archive.recovery import adopt
from archive.upkeep.salvage import Lost, walk
from archive.warc import files
from archive.warc.files import Length, Name
from archive.warc.parsing import Record
from archive.warc.reader import read_record
from archive.warc.records import KIND_FIELD, read_fields

logger = logging.getLogger(__name__)


TABLES = """
create table replay_files (name text primary key) strict;
create table replay_records (id text primary key, capture integer not null) strict, without rowid;
create table replay_copied (
    id text primary key, file text not null, offset integer not null, length integer not null
) strict, without rowid;
create table replay (
    position integer primary key, at text not null, run integer not null, act text not null,
    capture integer, fields text not null
) strict
"""

Progress = Callable[[int, int], None]


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What was found in the WARC files: records by type, and stretches that do not read."""

    counts: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables in which a rebuild remembers how far it is, unless they are there."""
    if not _exists(db):
        for statement in TABLES.split(";\n"):
            db.execute(statement)


def _exists(db: sqlite3.Connection) -> bool:
    found = db.execute("select 1 from sqlite_master where name = 'replay_files'")
    return found.fetchone() is not None


def clear(db: sqlite3.Connection) -> None:
    """Remove the tables again: all is done."""
    for table in ("replay_files", "replay_records", "replay_copied", "replay"):
        db.execute(f"drop table if exists {table}")


def in_order(names: Iterator[str]) -> list[str]:
    """Return names of WARC files in the order of their days; others come last."""
    return sorted(names, key=lambda name: (Name.parse(name) is None, Name.parse(name) or 0, name))


def gather(
    db: sqlite3.Connection,
    folder: Path,
    names: list[str],
    *,
    writer: str | None = None,
    starts: Mapping[str, int] = MappingProxyType({}),
    progress: Progress = lambda _done, _of: None,
) -> Gathered:
    """Read the WARC files that are not read yet, each in one transaction.

    Those of another than the `writer` are of a merged archive. `starts` are the bytes from which
    files are read that had rows before. `progress` hears bytes.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    gathered = Gathered()
    sizes = {name: (folder / name).stat().st_size for name in names}
    done = {name for (name,) in db.execute("select name from replay_files")}
    behind = sum(sizes[name] for name in names if name in done)
    for name in names:
        if name in done:
            continue
        db.execute("begin immediate")
        joined = writer is not None and not files.is_of(name, writer)
        _File(db, folder, name, gathered, joined=joined, start=starts.get(name, 0)).read(
            lambda offset, behind=behind: progress(behind + offset, sum(sizes.values()))  # type: ignore[misc]
        )
        files.acknowledge(db, {name: Length(bytes=sizes[name])})
        db.execute("insert into replay_files values (?)", (name,))
        db.execute("commit")
        behind += sizes[name]
    files.close_earlier(db)
    return gathered


class _File:
    """One WARC file on its way into the database."""

    def __init__(
        self,
        db: sqlite3.Connection,
        folder: Path,
        name: str,
        gathered: Gathered,
        *,
        joined: bool,
        start: int,
    ) -> None:
        self._db = db
        self._joined = joined
        self._folder = folder
        self._name = name
        self._start = start
        self._gathered = gathered
        self._run = 0
        # The last record that was copied from another program's file.
        self._foreign: tuple[Record, WarcLocation] | None = None

    def read(self, progress: Callable[[int], None]) -> None:
        end = 0
        for part in walk(self._folder / self._name, start=self._start):
            if isinstance(part, Lost):
                end = part.offset + part.length
                where = f"{self._name}, bytes {part.offset} to {end}"
                self._gathered.lost.append(where)
                logger.error("%s: no record reads there", where)
                continue
            self._gathered.counts[part.type] += 1
            end = part.behind.offset
            self._record(part)
            progress(end)
        self._set_aside()

    def _record(self, record: Record) -> None:
        kind, location = record.type, record.location(self._name)
        if record.run:
            self._run = self._number(record.run, record)
        if kind == "warcinfo":
            return
        if kind == "metadata":
            self._tell(record.fields, read_fields(record.block), location)
        elif kind in {"response", "revisit"} and KIND_FIELD.lower() not in record.fields:
            self._set_aside()
            self._foreign = record, location
        elif self._run:
            capture = adopt(self._db, record, location, run=self._run)
            if capture is not None and kind != "conversion":
                self._adopted(capture, record)

    def _number(self, name: str, record: Record) -> int:
        """Return the run of a name, which becomes known; its own record may be lost."""
        if (number := runs.numbered(self._db, name)) is not None:
            return number
        told = read_fields(record.block) if record.type == "metadata" else {}
        at = from_iso(record.fields["warc-date"])
        number = known_run(self._db, name, told.get("command", "crawl"), at)
        if told.get("act") != "run":
            self._run = number
            self._wait(at, "run", {"joined": "yes"} if self._joined else {})
        return number

    def _tell(self, fields: Mapping[str, str], told: dict[str, str], place: WarcLocation) -> None:
        if SOURCE in told:
            self._copied(fields.get("warc-refers-to"), told)
        row = self._db.execute(
            "select capture from replay_records where id = ?", (fields.get("warc-refers-to"),)
        ).fetchone()
        act = "visit" if "visit" in told else told.get("act", "")
        act = "import-warc" if SOURCE in told else act
        told |= {"joined": "yes"} if act == "run" and self._joined else {}
        self._wait(from_iso(fields["warc-date"]), act, told, capture=row and row[0])
        if row and "visit" in told:
            captures.journaled(self._db, captures.get(self._db, row[0]), place)

    def _copied(self, record_id: str | None, told: dict[str, str]) -> None:
        """Give a record of another program its row, by what is told of it behind it."""
        found = self._foreign_of(record_id)
        capture = captures.of_record(*found, told) if found else None
        if capture is not None and capture.record is not None and record_id is not None:
            self._db.execute(
                "insert into publishers (slug, name) values (:slug, :slug) on conflict do nothing",
                {"slug": capture.publisher},
            )
            number = captures.insert(self._db, capture, run=self._run)
            self._db.execute(
                "insert or replace into replay_records values (?, ?)", (record_id, number)
            )

    def _foreign_of(self, record_id: str | None) -> tuple[Record, WarcLocation] | None:
        """Return a copied record by its id: the last one, or one that was not told of till now."""
        if self._foreign and self._foreign[0].id == record_id:
            found, self._foreign = self._foreign, None
            return found
        row = self._db.execute(
            "delete from replay_copied where id = ? returning file, offset, length", (record_id,)
        ).fetchone()
        if row is None:
            return None
        file, offset, length = row
        place = WarcLocation(file=file, offset=offset, length=length, record_id=record_id)
        return read_record(self._folder, place), place

    def _set_aside(self) -> None:
        """Remember where a copied record is that nothing tells of behind it; a repair may."""
        if self._foreign:
            record, place = self._foreign
            self._db.execute(
                "insert or replace into replay_copied values (?, ?, ?, ?)",
                (record.id, place.file, place.offset, place.length),
            )
            self._foreign = None

    def _adopted(self, capture: int, record: Record) -> None:
        """Remember the capture of a record by its id, and what it tells by itself."""
        self._db.execute(
            "insert or replace into replay_records values (?, ?)",
            (record.id, capture),
        )
        if record.type == "resource":
            self._wait(from_iso(record.fields["warc-date"]), "import", {}, capture=capture)

    def _wait(
        self, at: datetime, act: str, told: dict[str, str], *, capture: int | None = None
    ) -> None:
        self._db.execute(
            "insert into replay (at, run, act, capture, fields) values (?, ?, ?, ?, ?)",
            (at.isoformat(), self._run, act, capture, json.dumps(told, ensure_ascii=False)),
        )


def known_run(db: sqlite3.Connection, name: str, command: str, at: datetime) -> int:
    """Return the run of a name, made known: by its own number, or another if that is taken."""
    if (known := runs.numbered(db, name)) is not None:
        return known
    number = int(name.rpartition("-")[2])
    if db.execute("select 1 from runs where id = ?", (number,)).fetchone():
        number = 0
    cursor = db.execute(
        "insert into runs (id, name, command, started_at, state, pid)"
        " values (?, ?, ?, ?, 'interrupted', 0)",
        (number or None, name, command, iso(at)),
    )
    return int(cursor.lastrowid or 0)
