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

from archive import captures, publishers, renderings, runs
from archive.database import spill_into
from archive.models import WarcLocation
from archive.rows import upsert, value, values
from archive.warc import files, reader
from archive.warc.files import Length
from archive.warc.parsing import Record
from archive.warc.records import KIND_FIELD, read_fields

logger = logging.getLogger(__name__)


def recover(db: sqlite3.Connection, folder: Path) -> None:
    """Bring the archive of a writer that died back to a whole: files, rows and its run.

    When the run ended is not known, and stays null.
    """
    files.settle(db, folder)
    scrub(db, folder.parent)
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
    tail = bytearray()
    with path.open("r+b") as file:
        file.seek(start)
        for record in reader.records(path, start=start):
            packed = file.read(record.length or 0)
            if is_kept(record):
                place = record.location(name, offset=start + len(tail))
                _adopt(db, record, place, run=runs.numbered(db, record.run) or run)
                tail += packed
        file.seek(start)
        file.write(tail)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())  # before its rows
    if end := start + len(tail):
        files.acknowledge(db, {name: Length(bytes=end)})
    else:
        path.unlink()
    logger.info("%s: %d bytes kept of the %d that run %d left", name, len(tail), size - start, run)


def ask_to_scrub(db: sqlite3.Connection) -> None:
    """Have no byte left of what is deleted in this transaction, once it is committed."""
    upsert(db, "settings", {"name": "unscrubbed", "value": "1"}, key="name")


def scrub(db: sqlite3.Connection, root: Path) -> None:
    """Rewrite the database and empty its log, where that is asked for.

    Where SQLite splits a page, copies of rows stay in its free space, which `secure_delete` does
    not know of. What a reader or the disk hinders is done by the next writer.
    """
    if value(db, "select 1 from settings where name = 'unscrubbed'") is None:
        return
    spill_into(root, db)
    try:
        db.execute("vacuum")
        (is_busy, _, _) = db.execute("pragma wal_checkpoint(truncate)").fetchone()
        why: object = "another program reads it for long" if is_busy else None
        if not is_busy:
            db.execute("delete from settings where name = 'unscrubbed'")
    except sqlite3.OperationalError as error:
        why = error
    finally:
        db.execute("pragma temp_store_directory = ''")
        db.execute("pragma temp_store = memory")
    if why:
        logger.warning("%s: deleted words stay in its files until the next writer (%s)", root, why)


def is_kept(record: Record) -> bool:
    """Return whether a whole record stays that no batch acknowledged.

    Not the journal of visits that were not, nor what comes from a file that is read again.
    """
    if record.type == "metadata":
        return read_fields(record.block).get("act") == "run"
    if record.type in {"response", "revisit"}:
        return KIND_FIELD in record.fields
    return record.type != "resource" or record.rendering is not None


def _adopt(db: sqlite3.Connection, record: Record, place: WarcLocation, *, run: int) -> None:
    """Give a record its row, if it is to have one."""
    if record.rendering:
        number = renderings.shown_in(record)
        if value(db, "select 1 from captures where id = ?", (number,)):
            renderings.insert(db, number, record, place)
    elif capture := captures.of_record(record, place):
        publishers.name(db, capture.publisher)  # its row may have been in the batch that was lost
        captures.insert(db, capture, run=run)
