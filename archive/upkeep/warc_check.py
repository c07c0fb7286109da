"""A piece of a WARC file against itself and against its rows of `captures`, in a worker process."""

import os
import sqlite3
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive import captures
from archive.clock import iso
from archive.database import open_for_reading
from archive.errors import DamagedDatabase
from archive.session import WARC_FOLDER
from archive.upkeep.damage import FROM_BACKUP, ROW_FROM_BACKUP, TELL_AGAIN, Damage, Findings
from archive.upkeep.losses import known_lost
from archive.upkeep.telling import Telling
from archive.warc.members import unpack, unpack_next
from archive.warc.parsing import CAPTURED, Record, faults, moment_of, parse, url_of
from archive.warc.records import KIND_FIELD, PUBLISHER_FIELD

_KIND, _PUBLISHER = KIND_FIELD.lower(), PUBLISHER_FIELD.lower()
_ROWS = """
select id, url, publisher, kind, fetched_at, status, sha256, truncated, revisit, warc_offset,
    warc_length, article
from captures where warc_file = ? and warc_offset >= ? and warc_offset < ? order by warc_offset
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a WARC file that begins with a record; `end` is behind its last one.

    `tells` is whether a record has to tell of each visit to an article that the file is of.
    """

    root: Path
    file: str
    start: int
    end: int
    tells: bool = False


class _Check:
    """One piece being read, record by record."""

    def __init__(self, piece: Piece, db: sqlite3.Connection | None) -> None:
        self._piece = piece
        self._db = db
        self._rows: dict[int, dict[str, Any]] = {}
        self._lost = known_lost(db) if db is not None else frozenset()
        self.findings = Findings()
        self._telling = Telling(untold=self.findings.untold, elsewhere=self.findings.told)
        if db is not None:
            cursor = db.execute(_ROWS, (piece.file, piece.start, piece.end))
            names = [column[0] for column in cursor.description]
            rows = (dict(zip(names, row, strict=True)) for row in cursor)
            self._rows = {row["warc_offset"]: row for row in rows}

    def run(self, descriptor: int) -> None:
        """Walk the records; behind a damaged one go on at the next that a row knows."""
        offset, end = self._piece.start, self._piece.end
        while offset < end:
            row = self._rows.pop(offset, None)
            length = self._one(descriptor, offset, row)
            if length is None:
                behind = min((known for known in self._rows if known > offset), default=end)
                self.findings.counts["bytes of WARC"] += behind - offset
                offset = behind
                continue
            self.findings.counts["bytes of WARC"] += length
            offset += length
        for offset, row in self._rows.items():
            self._damaged("row", offset, "no record begins there", row, remedy=ROW_FROM_BACKUP)

    def _one(self, descriptor: int, offset: int, row: dict[str, Any] | None) -> int | None:
        """Check one record; return its length, None if it cannot be read."""
        try:
            plain = unpack(descriptor, offset, row["warc_length"]) if row else None
            length = row["warc_length"] if row else 0
            if plain is None:
                found = unpack_next(descriptor, offset, self._piece.end)
                if found is None:
                    self._damaged("record", offset, "no whole gzip member is there", row)
                    return None
                plain, length = found
                if row:
                    told = f"the row says {row['warc_length']} bytes, the record has {length}"
                    self._damaged("row", offset, told, row, remedy=ROW_FROM_BACKUP)
        except OSError as error:
            self._damaged("record", offset, f"the disk does not read: {error.strerror}", row)
            return None
        self._record(plain, offset, row)
        return length

    def _record(self, plain: bytes, offset: int, row: dict[str, Any] | None) -> None:
        self.findings.counts["WARC records"] += 1
        self.findings.counts["bytes unpacked"] += len(plain)
        record = parse(plain)
        if record is None:
            self._damaged("record", offset, "what is there is no WARC record", row)
            return
        for fault in faults(record):
            self._damaged("digest", offset, fault, row)
        of_article = self._piece.tells and row is not None and row["article"] is not None
        self._telling.hear(record, self._untold(offset, row) if of_article else None)
        if row:
            self.findings.counts["rows of captures"] += 1
            for fault in differences(record, row, self._lost):
                self._damaged("row", offset, fault, row, remedy=ROW_FROM_BACKUP)
        elif record.type in CAPTURED and self._db is not None:
            self._damaged(
                "orphan", offset, f"a {record.type} record that no row of captures knows",
                remedy="`warraq repair` gives it its row",
            )  # fmt: skip
        if record.type == "revisit" and not self._has_original(record):
            self._revisit(record, offset, row)

    def _revisit(self, record: Record, offset: int, row: dict[str, Any] | None) -> None:
        """Tell of a revisit whose payload is nowhere; one that a repair told of is no news."""
        told = "the payload it refers to is in no other record"
        _, _, digest = record.fields.get("warc-payload-digest", "").partition(":")
        if digest in self._lost:
            place = f"{WARC_FOLDER}/{self._piece.file}, byte {offset}"
            self.findings.notes.append(f"{place}: {told} (known loss, a row of problems)")
        else:
            self._damaged("revisit", offset, told, row)

    def _has_original(self, record: Record) -> bool:
        algorithm, _, digest = record.fields.get("warc-payload-digest", "").partition(":")
        if self._db is None or algorithm != "sha256":  # a record of another program's making
            return True
        url = url_of(record.fields, "warc-refers-to-target-uri")
        date = _moment(record.fields, "warc-refers-to-date")
        return captures.has_brought(self._db, digest, url=url, at=date)

    def _untold(self, offset: int, row: dict[str, Any] | None) -> Damage:
        told = (
            "the record that tells of this visit to an article is lost; a database made anew from"
            " the WARC files would not know of it"
        )
        return self._damage("visit", offset, told, row, remedy=TELL_AGAIN)

    def _damaged(
        self,
        kind: str,
        offset: int,
        detail: str,
        row: dict[str, Any] | None = None,
        *,
        remedy: str = FROM_BACKUP,
    ) -> None:
        self.findings.damages.append(self._damage(kind, offset, detail, row, remedy=remedy))

    def _damage(
        self, kind: str, offset: int, detail: str, row: dict[str, Any] | None, *, remedy: str
    ) -> Damage:
        return Damage(
            kind=kind,
            place=f"{WARC_FOLDER}/{self._piece.file}",
            offset=offset,
            detail=detail,
            remedy=remedy,
            table="captures" if row else None,
            row=f"{row['id']} ({row['url']})" if row else None,
        )


def check_piece(piece: Piece) -> Findings:
    """Check every record of a piece: frame, digests, its row, and what a revisit refers to.

    A database that does not read leaves the records to be checked by themselves.
    """
    try:
        with closing(open_for_reading(piece.root)) as db:
            return _checked(piece, db)
    except (sqlite3.DatabaseError, DamagedDatabase):
        return _checked(piece, None)


def _checked(piece: Piece, db: sqlite3.Connection | None) -> Findings:
    check = _Check(piece, db)
    path = piece.root / WARC_FOLDER / piece.file
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        check._damaged("file", piece.start, f"does not open: {error.strerror}")  # noqa: SLF001 - its own
        return check.findings
    try:
        check.run(descriptor)
    finally:
        os.close(descriptor)
    return check.findings


def differences(record: Record, row: Mapping[str, Any], lost: Container[str] = ()) -> Iterator[str]:
    """Yield what a row tells otherwise than its record.

    Of a payload that is known to be lost (SHA-256), rows do not tell the digest.
    """
    fields, status = record.fields, record.status if record.is_http else None
    answers = record.is_http and (record.block or record.type != "revisit")
    for name, in_record in (
        ("url", _as_row(row["url"], fields.get("warc-target-uri"), fields, url_of)),
        ("fetched_at", _as_row(row["fetched_at"], fields.get("warc-date"), fields, _moment)),
        ("truncated", fields.get("warc-truncated")),
        ("revisit", int(record.type == "revisit")),
        ("status", status if answers else row["status"]),
        ("kind", fields.get(_KIND, row["kind"])),
        ("publisher", fields.get(_PUBLISHER, row["publisher"])),
    ):
        if row[name] != in_record:
            yield f"{name} is {row[name]!r} in the row and {in_record!r} in the record"
    algorithm, _, digest = fields.get("warc-payload-digest", "").partition(":")
    told = algorithm == "sha256" and status != 304 and digest != row["sha256"]
    if told and not (row["sha256"] is None and digest in lost):
        yield f"sha256 is {row['sha256']!r} in the row and {digest!r} in the record"


def _as_row(
    in_row: str | None,
    written: str | None,
    fields: Mapping[str, str],
    read: Callable[[Mapping[str, str]], str | None],
) -> str | None:
    """Return what a record says as rows have it; it is read only where it is written otherwise."""
    return written if written == in_row else read(fields)


def _moment(fields: Mapping[str, str], name: str = "warc-date") -> str | None:
    """Return a moment of a record as rows have it; those of other programs have it shorter."""
    at = moment_of(fields, name)
    return iso(at) if at else fields.get(name)
