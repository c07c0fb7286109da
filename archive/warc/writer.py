"""Bytes first: WARC 1.1 files, written record by record.

warcio writes the records (it knows request, response, revisit and warcinfo records and both
digests), fastwarc, which has other code for reading, checks them in the tests.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from archive.clock import Clock
from archive.models import Exchange, Kind, WarcLocation
from archive.warc.files import ROLL_BYTES, Length, sync_folders
from archive.warc.parsing import Record, parse
from archive.warc.records import (
    RUN_FIELD,
    Original,
    info_record,
    metadata_record,
    pack,
    plain_bytes,
    request_record,
    response_record,
)

NextFile = Callable[[date], tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """The run that writes: its name among all archives, its command, its beginning, its settings.

    `settings` are lines of the warcinfo record of each file that the run begins.
    """

    name: str
    command: str
    software: str
    started_at: datetime
    settings: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, str]:
        """Return what the metadata record says with which the run begins in each file."""
        return {
            "act": "run",
            "run": self.name,
            "command": self.command,
            "software": self.software,
            **self.settings,
        }


class WarcWriter:
    """The files of one run: written in order, one gzip member per record, one file for each day.

    Each record that is no request names the run, and a metadata record of the run stands before
    the first of them in each file: a file may hold several runs, and a run several files.
    """

    def __init__(
        self,
        folder: Path,
        *,
        next_file: NextFile,
        run: RunInfo,
        clock: Clock,
        roll_bytes: int = ROLL_BYTES,
    ) -> None:
        """Write into `folder`; no file is opened before the first record.

        `next_file` says which file a day's records go to, by its name and how long it is. That is
        asked again where the file has `roll_bytes` or more, and when the day ends.
        """
        self._folder = folder
        self._next_file = next_file
        self._run = run
        self._clock = clock
        self._roll_bytes = roll_bytes
        self._file: Any = None
        self._name = ""
        self._day: date | None = None
        self._dirty = False
        self._grown: dict[str, Length] = {}

    def write(
        self,
        exchange: Exchange,
        *,
        sha256: str,
        kind: Kind,
        publisher: str | None,
        refers_to: Original | None = None,
    ) -> tuple[WarcLocation, Record]:
        """Append the answer and its request; with `refers_to` the answer as a revisit record.

        Returns the answer's record and where it is.

        The bytes are the operating system's, not the disk's, until `sync`.
        """
        self._roll()
        response = response_record(
            exchange, sha256=sha256, kind=kind, publisher=publisher, refers_to=refers_to
        )
        request = request_record(exchange)
        location, record = self._append(response)
        request.rec_headers.add_header(
            "WARC-Concurrent-To", response.rec_headers.get_header("WARC-Record-ID")
        )
        self._append(request)
        return location, record

    def append(self, built: Any) -> tuple[WarcLocation, Record]:
        """Append a record that `archive.warc.records` has built; return where it is, and itself."""
        self._roll()
        return self._append(built)

    def copy(self, member: bytes, *, record_id: str | None = None) -> WarcLocation:
        """Append a record of another file, one gzip member, byte for byte."""
        self._roll()
        return self._put(member, record_id)

    @property
    def is_open(self) -> bool:
        """Whether there is a file that records are appended to."""
        return self._file is not None

    def take_grown(self) -> dict[str, Length]:
        """Return the lengths, by name, of the files that grew since this was asked last."""
        grown, self._grown = self._grown, {}
        return grown

    def sync(self) -> None:
        """Put what was written on the disk."""
        if self._file is not None and self._dirty:
            os.fsync(self._file.fileno())
            self._dirty = False

    def close(self) -> None:
        """Sync and close; a further record opens the next file."""
        try:
            self.sync()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close without a sync: after an error of the disk, when nothing is acknowledged."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _roll(self) -> None:
        """Have the file open that the next record belongs to."""
        today = self._clock().astimezone(UTC).date()
        if self._file is not None:
            if today == self._day and self._file.tell() < self._roll_bytes:
                return
            self._grown[self._name] = Length(bytes=self._file.tell(), closed=True)
            self.close()
        self._day = today
        self._name, length = self._next_file(today)
        path = self._folder / self._name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("r+b" if length else "xb", buffering=0)
        self._file.seek(length)
        run = self._run
        if not length:
            info = {"software": run.software, **run.settings}
            self._append(info_record(path.name, info, now=run.started_at))
            sync_folders(self._folder, [self._name])
        url = f"urn:x-warraq:run:{run.name}"
        self._append(metadata_record(url, run.fields(), refers_to=None, now=run.started_at))

    def _append(self, built: Any) -> tuple[WarcLocation, Record]:
        if built.rec_type not in {"warcinfo", "request"}:
            built.rec_headers.add_header(RUN_FIELD, self._run.name)
        plain = plain_bytes(built)
        record = parse(plain)
        if record is None:
            raise ValueError(f"not a record: {plain[:200]!r}")
        return self._put(pack(plain), record.id), record

    def _put(self, member: bytes, record_id: str | None) -> WarcLocation:
        """Write a record wholly or not at all: half of one would hide all that follow it."""
        offset, rest = self._file.tell(), memoryview(member)
        self._dirty = True
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.seek(offset)
            self._file.truncate()
            raise
        self._grown[self._name] = Length(bytes=offset + len(member))
        return WarcLocation(file=self._name, offset=offset, length=len(member), record_id=record_id)
