"""The account of a repair: what was done, and whether it may be done at all."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

Say = Callable[[str], None]


class Account:
    """Counts and says what a repair does; a dry run's transactions are one, which is undone."""

    def __init__(self, *, now: datetime, say: Say, dry_run: bool) -> None:
        self.now = now
        self.dry_run = dry_run
        self.counts: Counter[str] = Counter()
        self.say = say

    def add(self, what: str, line: str, number: int = 1) -> None:
        """Count what was done (adopted, lost, mended) and say it."""
        self.counts[what] += number
        self.say(line)

    @contextmanager
    def transaction(self, db: sqlite3.Connection) -> Iterator[None]:
        """Commit what is done within, or nothing of it."""
        if self.dry_run:
            yield
            return
        db.execute("begin immediate")
        try:
            yield
            db.execute("commit")
        except BaseException:
            db.execute("rollback")
            raise
