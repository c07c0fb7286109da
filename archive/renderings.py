"""Rows of renderings: what a browser showed of a capture, each a record of its own."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from archive import rows
from archive.captures import columns_of, place_in
from archive.clock import iso
from archive.models import Capture, Rendering, WarcLocation
from archive.rows import Row
from archive.urls import capture_id
from archive.warc import reader
from archive.warc.parsing import Record
from archive.warc.records import RENDERED_TYPE


def shown_in(record: Record) -> int:
    """Return the id of the capture whose page a record shows as a browser did."""
    fields = record.fields
    return capture_id(fields.get("warc-refers-to") or fields.get("warc-concurrent-to") or "")


def insert(db: sqlite3.Connection, capture: int, record: Record, location: WarcLocation) -> None:
    """Insert a rendering of a capture (its id) by its record, unless its row is there already."""
    if record.date and record.sha256:
        row: Row = {"capture": capture, "kind": record.rendering, "sha256": record.sha256}
        row |= {"rendered_at": iso(record.date), "bytes": len(record.block)}
        row |= columns_of(location)
        rows.insert(db, "renderings", row, conflict="on conflict do nothing")


def of_capture(db: sqlite3.Connection, capture: int) -> dict[str, Rendering]:
    """Return what a browser showed of a capture, by kind; of each the newest.

    A `page` is what the article was read from; the capture's own payload is what the scripts
    started with. The other kinds (archive.warc.records.RENDERINGS) are evidence.
    """
    found = rows.select(db, "select * from renderings where capture = ? order by id", (capture,))
    return {row["kind"]: rows.record(Rendering, row | {"record": place_in(row)}) for row in found}


def place_of(db: sqlite3.Connection, capture: int, kind: str = "page") -> WarcLocation | None:
    """Return where a rendering of a capture lies; None where it has none of that kind."""
    shown = of_capture(db, capture).get(kind)
    return shown.record if shown else None


def as_shown(db: sqlite3.Connection, folder: Path, capture: Capture) -> Capture:
    """Return a capture as a browser showed it, or as it is where none did.

    Raises:
        DamagedWarc: if its record cannot be read.
    """
    place = None if capture.id is None else place_of(db, capture.id)
    if place is None:
        return capture
    return replace(capture, body=reader.read_payload(folder, place), content_type=RENDERED_TYPE)
