"""After a crash: torn WARC tails are cut, whole records without rows become captures.

Runs at the start of every writer, under the lock (invariant 2), and looks only at the runs that
did not end.
"""

import logging
import os
import sqlite3
from pathlib import Path

from archive import captures, renderings, runs, warc
from archive.clock import from_iso
from archive.records import Capture, Kind, WarcLocation
from archive.warc_records import FETCHED_FIELD, KIND_FIELD, PUBLISHER_FIELD

logger = logging.getLogger(__name__)


def recover(db: sqlite3.Connection, folder: Path) -> None:
    """Bring the archive of a writer that died back to a whole: files, rows and its run.

    When the run ended is not known, and stays null.
    """
    for (run,) in db.execute("select id from runs where state = 'running'").fetchall():
        db.execute("begin immediate")
        for path in sorted(folder.glob(f"warraq-*-{run}-???.warc.gz")):
            _recover_file(db, path, run=run)
        runs.end(db, run, state="interrupted", now=None)
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
    """Give a record its capture's row, if it is one; return whether it was."""
    head, block = plain.split(b"\r\n\r\n", 1)
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    if fields["WARC-Type"] == "conversion":
        return _adopt_rendering(db, fields, location)
    if fields["WARC-Type"] not in {"response", "revisit", "resource"}:
        return False
    read = _resource if fields["WARC-Type"] == "resource" else _capture
    capture = read(db, fields, block, location)
    if capture.publisher:  # its row may have been in the batch that was lost
        db.execute(
            "insert into publishers (slug, name) values (:slug, :slug) on conflict do nothing",
            {"slug": capture.publisher},
        )
    captures.insert(db, capture, run=run)
    return True


def _adopt_rendering(
    db: sqlite3.Connection, fields: dict[str, str], location: WarcLocation
) -> bool:
    """Give a page as it was shown its row beside that of the capture it was made from."""
    row = db.execute(
        "select id from captures where url = ? and fetched_at = ? order by id desc limit 1",
        (fields["WARC-Target-URI"], fields[FETCHED_FIELD]),
    ).fetchone()
    if row is None:
        return False
    renderings.insert(
        db,
        row[0],
        location,
        at=from_iso(fields["WARC-Date"]),
        sha256=fields["WARC-Payload-Digest"].removeprefix("sha256:"),
        size=int(fields["Content-Length"]),
    )
    return True


def _capture(
    db: sqlite3.Connection, fields: dict[str, str], block: bytes, location: WarcLocation
) -> Capture:
    """Read a capture's row back from its record, as `Store.record` made it."""
    http_head, payload = block.removesuffix(b"\r\n\r\n").split(b"\r\n\r\n", 1)
    start_line, *headers = http_head.split(b"\r\n")
    status, size = int(start_line.split(b" ", 2)[1]), len(payload)
    sha256 = fields["WARC-Payload-Digest"].removeprefix("sha256:")
    if status == 304:
        sha256 = warc.payload_digest(payload)
    elif fields["WARC-Type"] == "revisit":
        size = captures.payload_size(db, sha256)
    return Capture(
        url=fields["WARC-Target-URI"],
        publisher=fields.get(PUBLISHER_FIELD),
        kind=Kind(fields[KIND_FIELD]),
        fetched_at=from_iso(fields["WARC-Date"]),
        status=status,
        content_type=_content_type(headers),
        sha256=sha256,
        record=location,
        wire_bytes=size,
        truncated=fields.get("WARC-Truncated"),
    )


def _resource(
    _db: sqlite3.Connection, fields: dict[str, str], block: bytes, location: WarcLocation
) -> Capture:
    """Read the row back of what came without HTTP, which has no status."""
    return Capture(
        url=fields["WARC-Target-URI"],
        publisher=fields.get(PUBLISHER_FIELD),
        kind=Kind(fields[KIND_FIELD]),
        fetched_at=from_iso(fields["WARC-Date"]),
        status=0,
        content_type=fields["Content-Type"],
        sha256=fields["WARC-Payload-Digest"].removeprefix("sha256:"),
        record=location,
        wire_bytes=len(block.removesuffix(b"\r\n\r\n")),
    )


def _content_type(headers: list[bytes]) -> str | None:
    for line in headers:
        name, _, value = line.partition(b": ")
        if name.lower() == b"content-type":
            return value.decode("utf-8", "replace")
    return None
