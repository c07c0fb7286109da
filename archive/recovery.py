"""After a crash: torn WARC tails are cut, whole records without rows become captures.

Runs at the start of every writer, under the lock (invariant 2), and looks only at the runs that
did not end.
"""

import logging
import os
import sqlite3
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator

from archive import captures, runs, warc
from archive.clock import from_iso
from archive.records import Capture, Kind, WarcLocation
from archive.warc_records import KIND_FIELD, PUBLISHER_FIELD

logger = logging.getLogger(__name__)


def recover(db: sqlite3.Connection, folder: Path, *, now: datetime) -> None:
    """Bring the archive of a writer that died back to a whole: files, rows and its run."""
    for (run,) in db.execute("select id from runs where state = 'running'").fetchall():
        db.execute("begin immediate")
        for path in sorted(folder.glob(f"warraq-*-{run}-???.warc.gz")):
            _recover_file(db, path, run=run)
        runs.end(db, run, state="interrupted", now=now)
        db.execute("commit")


def _recover_file(db: sqlite3.Connection, path: Path, *, run: int) -> None:
    start = db.execute(
        "select coalesce(max(warc_offset + warc_length), 0) from captures where warc_file = ?",
        (path.name,),
    ).fetchone()[0]
    torn = path.stat().st_size - start
    if torn < 0:
        logger.error("%s: %d acknowledged bytes are missing at its end", path.name, -torn)
        return
    end, adopted = start, 0
    for behind, plain in warc.whole_members(path, start):
        location = WarcLocation(file=path.name, offset=end, length=behind - end)
        adopted += _adopt(db, plain, location, run=run)
        torn, end = torn - location.length, behind
    _cut(path, end)
    logger.info(
        "%s: cut %d torn bytes, adopted %d records of interrupted run %d",
        path.name, torn, adopted, run,
    )  # fmt: skip


def _cut(path: Path, end: int) -> None:
    """End a file behind its last whole record, and put the rest on the disk before its rows."""
    if not end:
        path.unlink()
        return
    with path.open("r+b") as file:
        file.truncate(end)
        os.fsync(file.fileno())


def _adopt(db: sqlite3.Connection, plain: bytes, location: WarcLocation, *, run: int) -> bool:
    record: Any = next(iter(ArchiveIterator(BytesIO(plain))))
    if record.rec_type not in {"response", "revisit"}:
        return False
    captures.insert(db, _capture(db, record, location), run=run)
    return True


def _capture(db: sqlite3.Connection, record: Any, location: WarcLocation) -> Capture:
    """Read a capture's row back from its record."""
    field, payload = record.rec_headers.get_header, record.raw_stream.read()
    status, size = int(record.http_headers.get_statuscode()), len(payload)
    sha256 = field("WARC-Payload-Digest").removeprefix("sha256:")
    if status == 304:
        sha256 = warc.payload_digest(payload)
    elif record.rec_type == "revisit":
        size = captures.payload_size(db, sha256)
    return Capture(
        url=field("WARC-Target-URI"),
        publisher=field(PUBLISHER_FIELD),
        kind=Kind(field(KIND_FIELD)),
        fetched_at=from_iso(field("WARC-Date")),
        status=status,
        content_type=record.http_headers.get_header("Content-Type"),
        sha256=sha256,
        record=location,
        wire_bytes=size,
    )
