"""What addresses of one shape have led to: the counts by which a trap is told from a section."""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from archive.batch import Batch
from archive.clock import iso

_COUNT = """
insert into shapes (publisher, shape, fruitful, fruitless) values (?, ?, ?, ?)
on conflict (publisher, shape) do update set
    fruitful = fruitful + excluded.fruitful, fruitless = fruitless + excluded.fruitless
returning fruitful, fruitless
"""


class Shapes:
    """How many visits of each publisher and shape brought something new, and how many did not."""

    def __init__(self, db: sqlite3.Connection, batch: Batch) -> None:
        self._db = db
        self._batch = batch

    def count(self, publisher: str, shape: str, *, fruitful: bool) -> tuple[int, int]:
        """Count one visit; return how many were fruitful and fruitless so far."""
        self._batch.open()
        values = (publisher, shape, int(fruitful), int(not fruitful))
        row = self._db.execute(_COUNT, values).fetchone()
        return int(row[0]), int(row[1])

    def rest(
        self, publisher: str, shape: str, *, until: datetime, shape_of: Callable[[str], str]
    ) -> None:
        """Let the due visits of a shape rest; it is counted afresh afterwards.

        Entry points do not rest. `shape_of` gives the shape of an address.
        """
        self._batch.open()
        self._db.create_function("shape_of", 1, shape_of, deterministic=True)
        self._db.execute(
            "update shapes set fruitful = 0, fruitless = 0, rests_until = ?"
            " where publisher = ? and shape = ?",
            (iso(until), publisher, shape),
        )
        self._db.execute(
            "update visits set due_at = ?1 where publisher = ?2 and due_at < ?1"
            " and article is null and found_in is not null and shape_of(key) = ?3",
            (iso(until), publisher, shape),
        )

    def resting(self, *, now: datetime) -> set[tuple[str, str]]:
        """Return (publisher, shape) of those that rest."""
        rows = self._db.execute(
            "select publisher, shape from shapes where rests_until > ?", (iso(now),)
        )
        return {(publisher, shape) for publisher, shape in rows}
