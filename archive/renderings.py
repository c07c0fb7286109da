"""Rows of renderings: pages as a browser showed them, each beside the capture it was made from."""

import sqlite3
from datetime import datetime

from archive.clock import iso
from archive.records import WarcLocation


def insert(
    db: sqlite3.Connection,
    capture: int,
    location: WarcLocation,
    *,
    at: datetime,
    sha256: str,
    size: int,
) -> None:
    """Insert the rendering of a capture (its id), unless its row is there already."""
    db.execute(
        "insert into renderings (capture, rendered_at, sha256, bytes, warc_file, warc_offset,"
        " warc_length) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
        (capture, iso(at), sha256, size, location.file, location.offset, location.length),
    )


def location_of(db: sqlite3.Connection, capture: int) -> WarcLocation | None:
    """Return where the page of a capture lies as it was shown; None where it was not rendered.

    It is what the article was read from; the capture's own payload is what the scripts started
    with.
    """
    row = db.execute(
        "select warc_file, warc_offset, warc_length from renderings where capture = ?"
        " order by id desc limit 1",
        (capture,),
    ).fetchone()
    return row and WarcLocation(file=row[0], offset=row[1], length=row[2])


def digest_of(db: sqlite3.Connection, capture: int) -> str | None:
    """Return the SHA-256 of a capture's page as it was shown; None where it was not rendered."""
    row = db.execute(
        "select sha256 from renderings where capture = ? order by id desc limit 1", (capture,)
    ).fetchone()
    return row and str(row[0])
