"""Captures out of the archive as one WARC file: records byte for byte, revisits with originals."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from warcio.warcwriter import WARCWriter

from archive.clock import Clock, system
from archive.database import open_for_reading
from archive.session import WARC_FOLDER
from archive.upkeep.exporting import selected
from archive.upkeep.removing import gather
from archive.upkeep.warc_record import CAPTURED, parse, unpack, unpack_next
from archive.warc.records import info_record

Progress = Callable[[int, int], None]

_PLACE = """
select id, url, warc_file, warc_offset, warc_length from captures
where id = ? and id not in (select id from gone_captures)
"""
_ORIGINAL = """
select id from captures where sha256 = ? and url = ? and fetched_at = ? order by id limit 1
"""
_SAME = """
select id from captures where sha256 = (select sha256 from captures where id = :id) and id < :id
order by id limit 1
"""


@dataclass(slots=True, kw_only=True)
class Cut:
    """What was written: captures asked for, originals that were added, and what could not be."""

    captures: int = 0
    originals: int = 0
    unreadable: list[str]


def write_warc(
    root: Path,
    out: IO[bytes],
    *,
    where: str = "true",
    clock: Clock = system,
    progress: Progress = lambda _done, _all: None,
) -> Cut:
    """Write the captures for which the SQL condition `where` on the table `captures` holds.

    Each with what was recorded beside it (its request); the payload that a revisit record stands
    for comes before it. Captures of withheld articles are left out. `progress` hears captures.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
        ArchiveError: if `where` is no condition.
    """
    with closing(open_for_reading(root)) as db:
        db.execute("begin")
        ids = [row[0] for row in selected(db, "captures", where, order="id")]
        gather(db, root)
        cutting = _Cutting(db, root / WARC_FOLDER, out)
        out.write(_info(f"captures where {where}", clock))
        for number, capture in enumerate(ids, 1):
            cutting.write(capture)
            progress(number, len(ids))
    asked = set(ids)
    cutting.cut.captures = len(cutting.written & asked)
    cutting.cut.originals = len(cutting.written - asked)
    return cutting.cut


class _Cutting:
    """Copies captures, each once, and their originals before them."""

    def __init__(self, db: sqlite3.Connection, folder: Path, out: IO[bytes]) -> None:
        self._db = db
        self._folder = folder
        self._out = out
        self.written: set[int] = set()
        self.cut = Cut(unreadable=[])

    def write(self, capture: int) -> None:
        row = self._db.execute(_PLACE, (capture,)).fetchone()
        if row is None or capture in self.written:
            return
        _, url, name, offset, length = row
        try:
            with (self._folder / name).open("rb", buffering=0) as file:
                original, records = self._exchange(file.fileno(), capture, offset, length)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            self.cut.unreadable.append(f"{url}: {name}, byte {offset}: {why}")
            return
        self.written.add(capture)
        if original is not None:
            self.write(original)
        for record in records:
            self._out.write(record)

    def _exchange(
        self, descriptor: int, capture: int, offset: int, length: int
    ) -> tuple[int | None, list[bytes]]:
        """Return the capture that a revisit record refers to, and the packed records."""
        plain = unpack(descriptor, offset, length)
        record = plain and parse(plain)
        if not record:
            raise ValueError("no whole record is there")
        original = None
        if record.type == "revisit":
            digest = record.fields.get("warc-payload-digest", "").removeprefix("sha256:")
            told = (record.fields.get(f"warc-refers-to-{name}") for name in ("target-uri", "date"))
            row = self._db.execute(_ORIGINAL, (digest, *told)).fetchone()
            # A record of another program's making names its payload in other ways.
            row = row or self._db.execute(_SAME, {"id": capture}).fetchone()
            original = row and row[0]
        beside = _beside(descriptor, offset + length, record.fields.get("warc-record-id", ""))
        places = [(offset, length), *beside]
        return original, [os.pread(descriptor, size, place) for place, size in places]


def _beside(descriptor: int, offset: int, answer: str) -> Iterator[tuple[int, int]]:
    """Yield offset and length of what was recorded with an answer (its id): its request, behind it.

    Between an answer and the next one stands what is told of others as well, withheld ones too.
    """
    end = os.fstat(descriptor).st_size
    while offset < end:
        found = unpack_next(descriptor, offset, end)
        record = found and parse(found[0])
        if not found or not record or record.type in {*CAPTURED, "warcinfo"}:
            return
        of = {record.fields.get(f"warc-{name}") for name in ("concurrent-to", "refers-to")}
        if answer in of:
            yield offset, found[1]
        offset += found[1]


def _info(description: str, clock: Clock) -> bytes:
    """Return the packed warcinfo record that opens the file."""
    writer: Any = WARCWriter(None, gzip=True, warc_version="WARC/1.1")
    record = info_record(
        writer, "export.warc.gz", {"software": "warraq export", "isPartOf": description},
        now=clock(),
    )  # fmt: skip
    packed = BytesIO()
    writer._write_warc_record(packed, record)  # noqa: SLF001 - as archive/warc.py does
    return packed.getvalue()
