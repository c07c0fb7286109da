"""After a crash: torn WARC tails are cut, whole records without rows become captures.

Visits that were not acknowledged never happened, so their metadata records are cut as well: the
visits are due as before, and a rebuilt database must not know better.

Runs at the start of every writer, under the lock (invariant 2), and looks only at the runs that
did not end.
"""

import logging
import os
import sqlite3
from pathlib import Path

from archive import captures, publishers, runs
from archive.models import WarcLocation
from archive.rows import value, values
from archive.warc import files, reader
from archive.warc.files import Length
from archive.warc.parsing import Record
from archive.warc.records import FETCHED_FIELD, KIND_FIELD, read_fields

logger = logging.getLogger(__name__)


def recover(db: sqlite3.Connection, folder: Path) -> None:
    """Bring the archive of a writer that died back to a whole: files, rows and its run.

    When the run ended is not known, and stays null.
    """
    files.settle(db, folder)
    running = values(db, "select id from runs where state = 'running'")
    if not running:
        return
    db.execute("begin immediate")
    for name in files.unfinished(db, folder, files.kept_writer(db)):
        _recover_file(db, folder, name, run=running[-1])
    for run in running:
        runs.end(db, run, state="interrupted", now=None)
    db.execute("commit")


def _recover_file(db: sqlite3.Connection, folder: Path, name: str, *, run: int) -> None:
    path = folder / name
    start, size = files.acknowledged(db, name), path.stat().st_size
    if size < start:
        logger.error("%s: %d acknowledged bytes are missing at its end", name, start - size)
    if 0 < start >= size:
        return
    tail, adopted, end = bytearray(), 0, start
    with path.open("rb") as file:
        file.seek(start)
        for record in reader.records(path, start=start):
            packed = file.read(record.length or 0)
            if is_kept(record):
                location = record.location(name, offset=start + len(tail))
                number = runs.numbered(db, record.run) or run
                adopted += adopt(db, record, location, run=number) is not None
                tail += packed
            end = record.behind.offset
    _end_with(path, start, bytes(tail), changed=start + len(tail) < end)
    if length := start + len(tail):
        files.acknowledge(db, {name: Length(bytes=length)})
    logger.info(
        "%s: cut %d bytes, adopted %d records of interrupted run %d",
        name, size - start - len(tail), adopted, run,
    )  # fmt: skip


def is_kept(record: Record) -> bool:
    """Return whether a whole record stays that no batch acknowledged.

    Not the journal of visits that were not, nor what comes from a file that is read again.
    """
    if record.type == "metadata":
        return read_fields(record.block).get("act") == "run"
    if record.type in {"response", "revisit"}:
        return KIND_FIELD in record.fields
    return record.type != "resource"


def _end_with(path: Path, start: int, tail: bytes, *, changed: bool) -> None:
    """End a file with that tail, and put it on the disk before its rows."""
    if not start + len(tail):
        path.unlink()
        return
    with path.open("r+b") as file:
        if changed:
            file.seek(start)
            file.write(tail)
        file.truncate(start + len(tail))
        file.flush()
        os.fsync(file.fileno())


def adopt(
    db: sqlite3.Connection, record: Record, location: WarcLocation, *, run: int
) -> int | None:
    """Give a record its row, if it is to have one; return the id of its capture, else None.

    A rendering's is the one that it was made from.
    """
    if record.type == "conversion":
        return _adopt_rendering(db, record, location)
    capture = captures.of_record(record, location)
    if capture is None:
        return None
    publishers.name(db, capture.publisher)  # its row may have been in the batch that was lost
    return captures.insert(db, capture, run=run)


def _adopt_rendering(db: sqlite3.Connection, record: Record, location: WarcLocation) -> int | None:
    """Give a page as it was shown its row beside that of the capture it was made from."""
    capture = value(
        db,
        "select id from captures where url = ? and fetched_at = ? order by id limit 1",
        (record.url, record.fields.get(FETCHED_FIELD)),
    )
    if capture is not None:
        captures.insert_rendering(db, capture, record, location)
    return capture
