"""Export captures as one WARC file: records byte for byte, revisits with their originals."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from archive.clock import Clock, system
from archive.database import open_for_reading
from archive.errors import DamagedWarc
from archive.maintenance.export import selected
from archive.maintenance.withhold import gather
from archive.models import WarcLocation
from archive.session import WARC_FOLDER
from archive.warc.parsing import CAPTURED, Record
from archive.warc.reader import read_record, records
from archive.warc.records import info_record, pack, plain_bytes

Progress = Callable[[int, int], None]

_PLACE = """
select id, url, warc_file, warc_offset, warc_length from captures
where id = ? and id not in (select id from gone_captures)
"""
_ORIGINAL = """
select id from captures where sha256 = ? and url = ? and fetched_at = ? and revisit = 0
order by id limit 1
"""
_SAME = """
select id from captures where sha256 = (select sha256 from captures where id = :id)
and revisit = 0 order by fetched_at, id limit 1
"""


@dataclass(slots=True, kw_only=True)
class Cut:
    """What was written: requested captures, added originals, and what could not be read."""

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

    Each comes with its request; the payload that a revisit record stands for comes before it.
    Captures of withheld articles are left out. `progress` gets the captures.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
        ArchiveError: if `where` is not a valid condition.
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
        place = WarcLocation(file=name, offset=offset, length=length)
        try:
            record = read_record(self._folder, place)
            packed = list(_exchange(self._folder / name, record))
        except (OSError, DamagedWarc) as error:
            self.cut.unreadable.append(f"{url}: {error}")
            return
        original = self._original(record, capture)
        self.written.add(capture)
        if original is not None:
            self.write(original)
        for member in packed:
            self._out.write(member)

    def _original(self, record: Record, capture: int) -> int | None:
        """Return the capture whose payload a revisit record stands for."""
        if record.type != "revisit":
            return None
        of_original = (
            record.fields.get(f"warc-refers-to-{name}") for name in ("target-uri", "date")
        )
        row = self._db.execute(_ORIGINAL, (record.sha256, *of_original)).fetchone()
        # A record of another program's making names its payload in other ways.
        row = row or self._db.execute(_SAME, {"id": capture}).fetchone()
        return row and int(row[0])


def _exchange(path: Path, answer: Record) -> Iterator[bytes]:
    """Yield a response as it is packed, and what was recorded with it: its request, behind it.

    Records of others, even of withheld ones, may be between a response and the next one.
    """
    with path.open("rb", buffering=0) as file:
        for record in records(path, start=answer.place.offset):
            beside = {record.fields.get(f"warc-{name}") for name in ("concurrent-to", "refers-to")}
            if record.id != answer.id and record.type in {*CAPTURED, "warcinfo"}:
                return
            if record.id == answer.id or answer.id in beside:
                yield os.pread(file.fileno(), record.length or 0, record.place.offset)


def _info(description: str, clock: Clock) -> bytes:
    """Return the packed warcinfo record that opens the file."""
    info = {"software": "warraq export", "isPartOf": description}
    return pack(plain_bytes(info_record("export.warc.gz", info, now=clock())))
