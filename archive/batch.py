"""Invariant 1: a batch's WARC bytes are on the disk before its rows are committed.

What `commit` has returned from is acknowledged. A batch is at most a hundred pages or one second.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime

from archive.clock import Clock
from archive.warc import files
from archive.warc.writer import WarcWriter

PAGES = 100
SECONDS = 1.0


class Batch:
    """One open transaction and the WARC bytes it tells of, again and again."""

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
            self._warc.sync()
            if grown := self._warc.take_grown():
                self.open()
                files.acknowledge(self._db, grown)
            if self._db.in_transaction:
                self._db.execute("commit")
        except (OSError, sqlite3.Error) as error:
            self.break_off(error)
            raise
        self._pages = 0
        self._begun = None

    def break_off(self, fault: BaseException) -> None:
        """Never commit what is open: the disk or the database failed."""
        self.fault = self.fault or fault

    def abandon(self) -> None:
        """Leave the batch as a kill would: the next writer's recovery sees to it."""
        self._warc.abandon()
        if self._db.in_transaction:
            self._db.execute("rollback")
