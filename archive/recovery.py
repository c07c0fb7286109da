"""After a crash: torn WARC tails are cut, whole records without rows become captures.

What metadata records tell of visits that were not acknowledged never happened, so they are cut as
well: the visits are due as before, and a database made anew must not know better.

Runs at the start of every writer, under the lock (invariant 2), and looks only at the runs that
did not end.
"""

import logging
import os
import sqlite3
from pathlib import Path

from archive import captures, renderings, runs
from archive.clock import from_iso
from archive.records import Capture, Kind, WarcLocation
from archive.warc import files, reader
from archive.warc.records import FETCHED_FIELD, KIND_FIELD, PUBLISHER_FIELD

logger = logging.getLogger(__name__)


def recover(db: sqlite3.Connection, folder: Path) -> None:
    """Bring the archive of a writer that died back to a whole: files, rows and its run.

    When the run ended is not known, and stays null.
    """
    files.settle(db, folder)
    for (run,) in db.execute("select id from runs where state = 'running'").fetchall():
        db.execute("begin immediate")
        for path in sorted(folder.glob(f"warraq-{'[0-9]' * 14}-{run}-[0-9]*.warc.gz")):
            _recover_file(db, path, run=run)
        runs.end(db, run, state="interrupted", now=None)
        db.execute("commit")


def _recover_file(db: sqlite3.Connection, path: Path, *, run: int) -> None:
    start, size = files.acknowledged(db, path.name), path.stat().st_size
    if size < start:
        logger.error("%s: %d acknowledged bytes are missing at its end", path.name, start - size)
        return
    tail, adopted = bytearray(), 0
    with path.open("rb") as file:
        file.seek(start)
        end = start
        for behind, plain in reader.whole_members(path, start):
            packed = file.read(behind - end)
            location = WarcLocation(file=path.name, offset=start + len(tail), length=len(packed))
            fields, block = parts(plain)
            if is_kept(fields):
                adopted += adopt(db, fields, block, location, run=run)
                tail += packed
            end = behind
    _end_with(path, start, bytes(tail), changed=start + len(tail) < end)
    files.acknowledge(db, {path.name: start + len(tail)} if start + len(tail) else {}, run=run)
    logger.info(
        "%s: cut %d bytes, adopted %d records of interrupted run %d",
        path.name, size - start - len(tail), adopted, run,
    )  # fmt: skip


def is_kept(fields: dict[str, str]) -> bool:
    """Return whether a whole record stays that no batch acknowledged.

    Not what tells of visits that were not, nor what was copied from a file that is read again.
    """
    kind = fields["WARC-Type"]
    ours = kind not in {"response", "revisit"} or KIND_FIELD in fields
    return kind != "metadata" and ours


def parts(plain: bytes) -> tuple[dict[str, str], bytes]:
    """Return the named fields and the block of a record, with the two line ends behind it."""
    head, block = plain.split(b"\r\n\r\n", 1)
    return dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:]), block


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
    db: sqlite3.Connection,
    fields: dict[str, str],
    block: bytes,
    location: WarcLocation,
    *,
    run: int,
) -> bool:
    """Give a record its row, if it is to have one; return whether it is.

    `block` ends with the two line ends that close a record (WARC 1.1, section 4).
    """
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
    sha256 = None
    if status != 304:
        sha256 = fields["WARC-Payload-Digest"].removeprefix("sha256:")
        if fields["WARC-Type"] == "revisit":
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
