"""WARC files to rows: captures, renderings, runs, and the journal that waits to be projected.

Files may come in any order. What the journal says of visits, imports and withholdings is put into
a table of its own; `projection` makes rows of it once all files are read.

Files of another archive come in whole, each once: one is copied aside, its rows are committed, then
it takes its place among the others; a kill between the two is finished by the next writer
(`files.settle`).
"""

import json
import logging
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from archive import captures, publishers, renderings, runs
from archive.captures import SOURCE
from archive.clock import from_iso, iso
from archive.database import open_for_reading, run_script, transaction
from archive.errors import NotAnArchive, OlderArchive
from archive.journal import IMPORT, VISIT, fields_of
from archive.maintenance.salvage import walk
from archive.models import Capture, Progress, WarcLocation, silent
from archive.rows import insert, upsert, value, values
from archive.session import WARC_FOLDER
from archive.urls import capture_id
from archive.warc import files
from archive.warc.files import ASIDE, Length, Name
from archive.warc.parsing import Record
from archive.warc.reader import read_record, records
from archive.warc.records import KIND_FIELD

logger = logging.getLogger(__name__)


_TABLES = """
create table if not exists indexed_files (name text primary key) strict;
create table if not exists copied_records (
    capture integer primary key, id text not null,
    file text not null, offset integer not null, length integer not null
) strict, without rowid;
create table if not exists journal (
    at text not null, file text not null, offset integer not null, run integer not null,
    act text not null, capture integer, visit text, fields text not null,
    primary key (file, offset)
) strict, without rowid;
create index if not exists journal_capture on journal (capture) where capture is not null;
create index if not exists journal_visit on journal (visit, at) where visit is not null;
create table if not exists validators (
    capture integer primary key, etag text, last_modified text
) strict;
"""
# What the journal said of each first.
_COPIED = """
select r.id, r.file, r.offset, r.length, j.run, j.fields, min(j.at)
from copied_records r join journal j on j.capture = r.capture where j.act = ? group by r.capture
"""
_NAMES = ("indexed_files", "copied_records", "journal", "validators", "derived_articles")


def prepare(db: sqlite3.Connection) -> bool:
    """Make the tables in which it is remembered what was read; return whether they were there.

    Rows may come before those they refer to from then on.
    """
    db.execute("pragma foreign_keys = off")
    is_prepared = value(db, "select 1 from sqlite_master where name = 'validators'") is not None
    if not is_prepared:
        run_script(db, _TABLES)
    return is_prepared


def clear(db: sqlite3.Connection) -> None:
    """Remove the tables again: all is projected."""
    for table in _NAMES:
        db.execute(f"drop table if exists {table}")


def names_in(folder: Path) -> list[str]:
    """Return the WARC files in a folder, in the order of their days.

    Raises:
        NotAnArchive: if there are none.
    """
    if names := files.present(folder):
        return in_order(names)
    raise NotAnArchive(
        f"{folder} holds no WARC files (*.warc.gz); is {folder.parent} the folder of an archive?"
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Return names of WARC files in the order of their days; others come last."""
    return sorted(names, key=lambda name: (Name.parse(name) is None, Name.parse(name) or 0, name))


def index_files(
    db: sqlite3.Connection,
    folder: Path,
    names: Iterable[str],
    *,
    start: int = 0,
    progress: Progress = silent,
) -> int:
    """Index the WARC files that are not indexed yet, each in one transaction.

    A file that had rows before is read from byte `start` on. Return how many stretches cannot be
    read; each is logged.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    sizes = {name: (folder / name).stat().st_size for name in names}
    done, behind, unread = set(values(db, "select name from indexed_files")), 0, 0
    for name, size in sizes.items():
        if name not in done:
            with transaction(db):
                for end, is_read in _index_file(db, folder, name, start):
                    unread += not is_read
                    progress("bytes of WARC", behind + end, sum(sizes.values()))
                files.acknowledge(db, {name: Length(bytes=size)})
                db.execute("insert into indexed_files values (?)", (name,))
        behind += size
    files.close_earlier(db)
    return unread


def _index_file(
    db: sqlite3.Connection, folder: Path, name: str, start: int
) -> Iterator[tuple[int, bool]]:
    """Make rows of a file's records; yield where each ends, and whether it could be read."""
    run = 0
    for part in walk(folder / name, start=start):
        if isinstance(part, range):
            logger.error(
                "%s, bytes %d to %d: no readable record there; `warraq repair` says more",
                name, part.start, part.stop,
            )  # fmt: skip
            yield part.stop, False
            continue
        fields = fields_of(part) if part.type == "metadata" else {}
        if part.run:
            run = _known_run(db, part, fields)
        if part.type == "metadata":
            _enter(db, part, part.location(name), fields, run)
        elif run:
            _index_record(db, part, part.location(name), run=run)
        yield part.behind.offset, True


def _index_record(db: sqlite3.Connection, record: Record, place: WarcLocation, *, run: int) -> None:
    """Make the row of a record that is not of the journal; one that was copied waits for that."""
    if record.rendering:
        renderings.insert(db, renderings.shown_in(record), record, place)
    elif record.type in {"response", "revisit"} and KIND_FIELD.lower() not in record.fields:
        row = (capture_id(record.id), record.id, place.file, place.offset, place.length)
        db.execute("insert or replace into copied_records values (?, ?, ?, ?, ?)", row)
    elif capture := captures.of_record(record, place):
        _insert(db, capture, run=run)


def _enter(
    db: sqlite3.Connection, record: Record, place: WarcLocation, fields: Mapping[str, str], run: int
) -> None:
    """Enter a record of the journal."""
    refers_to = record.fields.get("warc-refers-to")
    act = IMPORT if SOURCE in fields else VISIT if "visit" in fields else fields.get("act", "")
    row = {
        "at": iso(from_iso(record.fields["warc-date"])),
        "file": place.file,
        "offset": place.offset,
        "run": run,
        "act": act,
        "capture": capture_id(refers_to) if refers_to else None,
        "visit": fields.get("visit"),
        "fields": json.dumps(fields, ensure_ascii=False),
    }
    upsert(db, "journal", row, key="file, offset")


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
    for name, file, offset, length, run, text, _ in db.execute(_COPIED, (IMPORT,)).fetchall():
        place = WarcLocation(file=file, offset=offset, length=length, record_id=name)
        record = read_record(folder, place)
        if capture := captures.of_record(record, place, json.loads(text)):
            _insert(db, capture, run=run)


def _known_run(db: sqlite3.Connection, record: Record, fields: Mapping[str, str]) -> int:
    """Return the run of a record, made known: by its own number, or another if that is taken.

    Its own record says when it began, whichever of its records comes first.
    """
    name = record.run or ""
    if (known := runs.numbered(db, name)) is not None:
        return known
    number = int(name.rpartition("-")[2])
    is_taken = value(db, "select 1 from runs where id = ?", (number,))
    row = {"id": None if is_taken else number or None, "name": name, "pid": 0}
    row |= {"command": fields.get("command", "crawl"), "state": "interrupted"}
    return insert(db, "runs", row | {"started_at": iso(from_iso(record.fields["warc-date"]))})


def offered(root: Path, other: Path) -> dict[str, int]:
    """Return the WARC files of another archive, in order, with how many bytes of each are taken.

    A file that is still written there is taken as far as it is acknowledged.

    Raises:
        NewerArchive: if a newer Warraq wrote `other`.
        NotAnArchive: if `other` has no WARC files, or `root` and `other` are one.
    """
    folder, ends = other / WARC_FOLDER, dict[str, int]()
    if root.resolve() == other.resolve():
        raise NotAnArchive(f"{other} is the archive itself; name another one")
    names = [name for name in names_in(folder) if Name.parse(name)]
    if not names:
        what = "WARC files of other programs, and none of an archive"
        raise NotAnArchive(f"{folder} holds {what}; `warraq import-warc` imports those")
    with suppress(NotAnArchive, OlderArchive), closing(open_for_reading(other)) as db:
        ends = dict(db.execute("select name, bytes from warc_files where not closed"))
    return {
        name: min(ends.get(name, 1 << 62), (folder / name).stat().st_size)
        for name in names
        if any(records(folder / name))
    }


def join(
    db: sqlite3.Connection, root: Path, other: Path, ends: Mapping[str, int], progress: Progress
) -> tuple[int, int]:
    """Copy and index what the archive in `root` has not of another's files.

    Return how many files came, and how many stretches of them cannot be read.
    """
    aside = root / ASIDE
    prepare(db)
    wanted, unread = [name for name, end in ends.items() if files.acknowledged(db, name) < end], 0
    for number, name in enumerate(wanted, 1):
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        files.copy(other / WARC_FOLDER / name, aside / name, end=ends[name])
        files.sync_all(aside, [name])
        unread += index_files(db, aside, [name], start=files.acknowledged(db, name))
        files.settle(db, root / WARC_FOLDER)
        progress("WARC files", number, len(wanted))
    return len(wanted), unread


def copy_publishers(root: Path, other: Path) -> tuple[str, ...]:
    """Copy the publisher files that only the other archive has; return their slugs."""
    here, there = root / "publishers", sorted((other / "publishers").glob("*.toml"))
    copied = [path for path in there if not (here / path.name).exists()]
    for path in copied:
        here.mkdir(exist_ok=True)
        shutil.copyfile(path, here / path.name)
    return tuple(path.stem for path in copied)
