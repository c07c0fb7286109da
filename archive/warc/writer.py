"""Bytes first: WARC 1.1 files, written record by record, and the batch that acknowledges them.

warcio and fastwarc check them in the tests. A batch's bytes are on the disk before its rows are
committed (invariant 1): what `Batch.commit` has returned from is acknowledged. A batch is at most a
hundred pages or one second.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from archive.clock import Clock
from archive.errors import ARCHIVE_FAULTS
from archive.models import Exchange, WarcLocation
from archive.warc import files
from archive.warc.files import ROLL_BYTES, Length
from archive.warc.parsing import Record
from archive.warc.records import Draft, info_record, metadata_record, pack, request_record


@dataclass(slots=True, kw_only=True)
class WarcWriter:
    """The files of one run: written in order, one gzip member per record, one file for each day.

    `next_file` says which file in `folder` a day's records go to, by its name and how long it is
    (asked with `roll_bytes`): before the first record, when the day ends, and where the file has
    so many or more.

    Each record but requests names the `run`, and a metadata record that says what is known `about`
    it (command, software, settings) precedes the first of them in each file: a file may hold
    several runs, and a run several files.
    """

    folder: Path
    next_file: Callable[[date, int], tuple[str, int]]
    run: str
    about: Mapping[str, str]
    started_at: datetime
    clock: Clock
    roll_bytes: int = ROLL_BYTES
    file: Any = None  # that records are appended to, if there is one
    _name: str = ""
    _day: date | None = None
    _grown: dict[str, Length] = field(default_factory=dict)

    def write(self, answer: Draft, exchange: Exchange) -> tuple[WarcLocation, Record]:
        """Append the record of an exchange's answer, and that of its request.

        Returns where the answer's record is, and itself. The bytes are the operating system's, not
        the disk's, until `sync`.
        """
        location, record = self.append(answer)
        self._append(request_record(exchange, answer=record.id))
        return location, record

    def append(self, draft: Draft) -> tuple[WarcLocation, Record]:
        """Append a record; return where it is, and itself."""
        self._roll()
        return self._append(draft)

    def copy(self, member: bytes, *, record_id: str | None = None) -> WarcLocation:
        """Append a record of another file, one gzip member, byte for byte."""
        self._roll()
        return self._put(member, record_id)

    def sync(self) -> dict[str, Length]:
        """Put what was written on the disk; return the files that grew since, and their lengths."""
        if self.file is not None and self._grown:
            os.fsync(self.file.fileno())
        grown, self._grown = self._grown, {}
        return grown

    def close(self) -> None:
        """Close without a sync; a further record opens the next file."""
        if self.file is not None:
            self.file.close()
            self.file = None

    def _roll(self) -> None:
        """Have the file open that the next record belongs to."""
        today = self.clock().astimezone(UTC).date()
        if self.file is not None:
            if today == self._day and self.file.tell() < self.roll_bytes:
                return
            os.fsync(self.file.fileno())
            self._grown[self._name] = Length(bytes=self.file.tell(), closed=True)
            self.close()
        self._day = today
        self._name, length = self.next_file(today, self.roll_bytes)
        path = self.folder / self._name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("r+b" if length else "xb", buffering=0)
        self.file.seek(length)
        if not length:
            self._append(info_record(path.name, self.about, now=self.started_at))
            files.sync_all(self.folder, [self._name])
        url, fields = f"urn:x-warraq:run:{self.run}", {"act": "run", "run": self.run, **self.about}
        self._append(metadata_record(url, fields, refers_to=None, now=self.started_at))

    def _append(self, draft: Draft) -> tuple[WarcLocation, Record]:
        names_run = draft.fields["warc-type"] not in {"warcinfo", "request"}
        record = draft.record(run=self.run if names_run else None)
        return self._put(pack(record), record.id), record

    def _put(self, member: bytes, record_id: str | None) -> WarcLocation:
        """Write a record wholly or not at all: half of one would hide all that follow it."""
        offset, rest = self.file.tell(), memoryview(member)
        try:
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError:
            self.file.seek(offset)
            self.file.truncate()
            raise
        self._grown[self._name] = Length(bytes=offset + len(member))
        return WarcLocation(file=self._name, offset=offset, length=len(member), record_id=record_id)


PAGES = 100
SECONDS = 1.0


class Batch:
    """One open transaction and the WARC bytes its rows describe, again and again."""

    def __init__(self, db: sqlite3.Connection, warc: WarcWriter, *, clock: Clock) -> None:
        self._db = db
        self._warc = warc
        self._clock = clock
        self._pages = 0
        self._begun: datetime | None = None
        self.fault: BaseException | None = None  # why nothing is committed any more

    def open(self) -> None:
        """Begin the batch, unless it is open."""
        if not self._db.in_transaction:
            self._db.execute("begin immediate")
            self._begun = self._clock()

    def count(self) -> None:
        """Count one page of the batch."""
        self._pages += 1

    @contextlib.contextmanager
    def one_page(self) -> Iterator[None]:
        """Do several writes for one page wholly or not at all; an error leaves the others alone."""
        self.open()
        self._db.execute("savepoint page")
        try:
            yield
        except BaseException:
            self._db.execute("rollback to page")
            raise
        finally:
            self._db.execute("release page")

    def is_due(self) -> bool:
        """Return whether the batch has its hundred pages or its second."""
        if self._begun is None:
            return False
        age = (self._clock() - self._begun).total_seconds()
        return self._pages >= PAGES or not 0 <= age < SECONDS

    def commit(self) -> None:
        """Acknowledge the batch: first its bytes are on the disk, then its rows.

        An error breaks the batch for good: after a failed fsync the kernel may have dropped the
        pages and call the next one a success.
        """
        try:
            if grown := self._warc.sync():
                self.open()
                files.acknowledge(self._db, grown)
            if self._db.in_transaction:
                self._db.execute("commit")
        except (*ARCHIVE_FAULTS, MemoryError) as error:
            self.break_off(error)
            raise
        self._pages = 0
        self._begun = None

    def break_off(self, fault: BaseException) -> None:
        """Never commit what is open: the disk or the database failed."""
        self.fault = self.fault or fault

    def abandon(self) -> None:
        """Leave the batch as a kill would: the next writer's recovery sees to it."""
        self._warc.close()
        if self._db.in_transaction:
            self._db.execute("rollback")
