"""Rows of captures: one for every HTTP exchange in the WARC files."""

import sqlite3

from archive.clock import iso
from archive.records import Capture


def insert(db: sqlite3.Connection, capture: Capture, *, run: int) -> int:
    """Insert a recorded capture (its `record` is set) and return its id."""
    record = capture.record
    if record is None:
        raise ValueError(f"{capture.url}: a capture has no row before it has a WARC record")
    cursor = db.execute(
        "insert into captures (url, publisher, kind, fetched_at, status, content_type, sha256,"
        " wire_bytes, warc_file, warc_offset, warc_length, run)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            capture.url,
            capture.publisher,
            capture.kind,
            iso(capture.fetched_at),
            capture.status,
            capture.content_type,
            capture.sha256,
            capture.wire_bytes,
            record.file,
            record.offset,
            record.length,
            run,
        ),
    )
    return int(cursor.lastrowid or 0)
