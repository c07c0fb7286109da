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

from archive import captures, warc
from archive.clock import from_iso, iso
from archive.records import Capture, Kind, WarcLocation
from archive.urls import canonical

logger = logging.getLogger(__name__)


def recover(db: sqlite3.Connection, folder: Path, *, now: datetime) -> None:
    """Bring the archive of a writer that died back to a whole: files, rows and its run."""
    for (run,) in db.execute("select id from runs where state = 'running'").fetchall():
        db.execute("begin immediate")
        for path in sorted(folder.glob(f"warraq-*-{run}-???.warc.gz")):
            _recover_file(db, path, run=run)
        db.execute(
            "update runs set state = 'interrupted', ended_at = ? where id = ?", (iso(now), run)
        )
        db.execute("commit")


def _recover_file(db: sqlite3.Connection, path: Path, *, run: int) -> None:
    start = db.execute(
        "select coalesce(max(warc_offset + warc_length), 0) from captures where warc_file = ?",
        (path.name,),
    ).fetchone()[0]
    end, adopted = start, 0
    for behind, plain in warc.whole_members(path, start):
        location = WarcLocation(file=path.name, offset=end, length=behind - end)
        adopted += _adopt(db, plain, location, run=run)
        end = behind
    torn = path.stat().st_size - end
    if torn:
        with path.open("r+b") as file:
            file.truncate(end)
            os.fsync(file.fileno())
    if not end:
        path.unlink()
    logger.info(
        "%s: cut %d torn bytes, adopted %d records of interrupted run %d",
        path.name, torn, adopted, run,
    )  # fmt: skip


def _adopt(db: sqlite3.Connection, plain: bytes, location: WarcLocation, *, run: int) -> bool:
    record: Any = next(iter(ArchiveIterator(BytesIO(plain))))
    if record.rec_type not in {"response", "revisit"}:
        return False
    captures.insert(db, _capture(db, record, location), run=run)
    return True


def _capture(db: sqlite3.Connection, record: Any, location: WarcLocation) -> Capture:
    url = record.rec_headers.get_header("WARC-Target-URI")
    known = db.execute(
        "select publisher, kind from visits where key = ? or url = ?", (canonical(url), url)
    ).fetchone()
    publisher, kind = known or (None, Kind.ROBOTS if url.endswith("/robots.txt") else Kind.ARTICLE)
    digest = record.rec_headers.get_header("WARC-Payload-Digest") or ""
    return Capture(
        url=url,
        publisher=publisher,
        kind=Kind(kind),
        fetched_at=from_iso(record.rec_headers.get_header("WARC-Date")),
        status=int(record.http_headers.get_statuscode()),
        content_type=record.http_headers.get_header("Content-Type"),
        sha256=digest.removeprefix("sha256:") or None,
        record=location,
        wire_bytes=len(record.raw_stream.read()),
    )
