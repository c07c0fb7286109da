"""A writing session: lock, recovery, database, WARC file and run, from opening to a clean end.

An archive into which nothing came is removed again.
"""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Self

from archive import captures, journal, problems, recovery, runs, stories
from archive.articles import Rechecks
from archive.clock import Clock, system
from archive.database import NAME, PRIVATE, open_for_reading, open_for_writing, writing
from archive.errors import ArchiveError, unwritten
from archive.models import Capture, Problem, WarcLocation
from archive.problems import ProblemKind
from archive.publishers import Hosts
from archive.rows import value
from archive.warc import files, reader
from archive.warc.records import metadata_record
from archive.warc.writer import Batch, WarcWriter

WARC_FOLDER = "warc"
SOFTWARE = f"warraq/{version('warraq')}"


class Session:
    """An archive open for writing, and the run that writes; a context manager.

    Leaving it commits what is complete, closes the run and gives the lock up. After an error of
    the disk or the database it commits nothing more and leaves the run to the next recovery.

    Raises (on entering):
        ArchiveError: if the folder cannot be written.
        ArchiveLocked: if another process is writing.
        NewerArchive, NotAnArchive: if the database cannot be used.
    """

    def __init__(
        self,
        root: Path,
        *,
        command: str,
        software: str = SOFTWARE,
        settings: Mapping[str, str] = MappingProxyType({}),
        clock: Clock = system,
        roll_bytes: int = files.ROLL_BYTES,
    ) -> None:
        """Take the archive's folder; `software` names the program in each WARC file.

        `settings` are further lines of its warcinfo record.

        A WARC file that has `roll_bytes` or more is followed by the next one. `totals` counts
        while it happens: requests, bytes, new, changed, same, problems. `hosts` is
        what is remembered of these.
        """
        self.totals: Counter[str] = Counter()
        self._rechecks: dict[str, Rechecks] = {}  # by publisher, as they stand
        self.root = root
        self.warc_folder = root / WARC_FOLDER
        self._roll_bytes = roll_bytes
        self.clock = clock
        self._command = command
        self._about = {"command": command, "software": software, **settings}
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            self._make_folders()
            now = self.clock()
            opening.enter_context(writing(self.root, command=self._command, now=now))
            self.db = open_for_writing(self.root)
            opening.callback(self.db.close)
            recovery.recover(self.db, self.warc_folder)
            word = files.writer_of(self.db, self.warc_folder)
            files.close_past(self.db, word, today=now.astimezone(UTC).date())
            self.run = runs.begin(self.db, self._command, now=now, writer=word)
            self._warc = self._writer(word, runs.named(self.db, self.run), now)
            self.batch = Batch(self.db, self._warc, clock=self.clock)
            self.hosts = Hosts(self.db, self.batch)
            self._began = now
            self._closing = opening.pop_all()
        return self

    def __exit__(self, _kind: object, exc: BaseException | None, _traceback: object) -> None:
        with self._closing:
            if self.batch.fault or isinstance(exc, sqlite3.Error | OSError):
                self.batch.abandon()
                return
            now = self.clock()
            state = "finished" if exc is None else "failed"
            try:
                if self._warc.file:
                    name = runs.named(self.db, self.run)
                    fields = {"act": "end", "run": name, "state": state}
                    self.write_metadata(f"urn:x-warraq:run:{name}", fields, at=now)
                self.batch.open()
                stories.settle(self.db)
                self.batch.commit()
                self._warc.close()
                runs.end(self.db, self.run, state=state, now=now)
                recovery.scrub(self.db, self.root)
                self.db.execute("pragma optimize")
            except (OSError, sqlite3.Error) as error:
                self.batch.abandon()
                raise ArchiveError(unwritten(error, self.root)) from error

    def _writer(self, word: str, run: str, now: datetime) -> WarcWriter:
        """Return the writer of the run's WARC files; `word` is that of the archive."""
        return WarcWriter(
            folder=self.warc_folder,
            next_file=partial(files.next_file, self.db, self.warc_folder, writer=word),
            run=run,
            about=self._about,
            started_at=now,
            clock=self.clock,
            roll_bytes=self._roll_bytes,
        )

    def write_metadata(
        self, url: str, fields: Mapping[str, str], *, at: datetime, refers_to: str | None = None
    ) -> WarcLocation:
        """Write a metadata record of what the database knows beyond the bytes; return where it is.

        It is of a moment, and of the address or the record with the id `refers_to`; a value is one
        line.
        """
        self.batch.open()
        said = journal.written(fields, url)
        return self._warc.append(metadata_record(url, said, refers_to=refers_to, now=at))[0]

    def record_id(self, capture: Capture) -> str:
        """Return the WARC-Record-ID of a capture.

        Raises:
            DamagedWarc: if its record has to be read, and cannot be.
        """
        place = capture.place
        return place.record_id or reader.read_record(self.warc_folder, place).id

    def import_problem(
        self, kind: ProblemKind, detail: str, *, place: str, stage: str = "import"
    ) -> None:
        """Save what was wrong at a place of what is imported, once for all imports."""
        problem = Problem(kind=kind, detail=detail, stage=stage)
        fields, at = journal.problem_fields(problem, place=place), self.clock()
        if not problems.is_known(self.db, fields):
            self.write_metadata("urn:x-warraq:problem", fields, at=at)
            self.totals["problems"] += 1
            problems.insert(self.db, fields, at=at, run=self.run)

    def write_journal(self, capture: Capture, fields: Mapping[str, str], *, at: datetime) -> None:
        """Write what came of a capture, and let its row know where that is."""
        refers_to = self.record_id(capture)
        place = self.write_metadata(capture.url, fields, at=at, refers_to=refers_to)
        captures.journaled(self.db, capture, place, outcome=fields.get("outcome"))

    def _make_folders(self) -> None:
        try:
            self.root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            with files.modes_of(self.root):
                self.warc_folder.mkdir(exist_ok=True)
            files.sync(self.root)
        except OSError as error:
            raise ArchiveError(unwritten(error, self.root)) from error


_OF_THE_DATABASE = (NAME, f"{NAME}-wal", f"{NAME}-shm", "lock", "in-hand")


class Beginning:
    """What there is of an archive before a command; take it before the archive is opened."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # WARC files without a database are not nothing: they are what it is made from.
        self._is_new = not any((root / name).exists() for name in (NAME, WARC_FOLDER))
        above = (root, *root.absolute().parents)
        self._made = [path for path in above if not path.exists()]

    def take_back(self, *, now: datetime, captures: bool = False) -> bool:
        """Remove the archive that was begun, if nothing came into it; return whether it went.

        With `captures`, also one that holds captures, but no article. What was there before, and
        what others put into the folder, stays.
        """
        if not self._is_new or not (self._root / NAME).exists():
            return False
        content = ("articles",) if captures else ("articles", "captures")
        try:
            with writing(self._root, command="cleanup", now=now):
                with closing(open_for_reading(self._root)) as db:
                    if any(value(db, f"select 1 from {table} limit 1") for table in content):  # noqa: S608
                        return False
                self._remove()
        except (ArchiveError, OSError, sqlite3.Error):
            return False  # another process writes there, or it may not be touched
        return True

    def _remove(self) -> None:
        folder = self._root / WARC_FOLDER
        own = [folder / name for name in files.present(folder) if files.Name.parse(name)]
        for path in (*own, *(self._root / name for name in _OF_THE_DATABASE)):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # something else is in there
            for emptied in (*{path.parent for path in own}, folder, *self._made):
                emptied.rmdir()
