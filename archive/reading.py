"""Reading an archive from Python: open it, search it, ask it in SQL; a crawl may be writing."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from archive.database import open_for_reading
from archive.search import Hit, Order, count, search


class Archive:
    """An archive open for reading; a context manager.

    `db` is the read-only connection, for SQL of one's own.

    Raises (on opening):
        NewerArchive, NotAnArchive: if there is no archive in `root` that can be read.
    """

    db: sqlite3.Connection

    def __init__(self, root: Path | str) -> None:
        self.db = open_for_reading(Path(root))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def search(
        self, query: str, *, limit: int = 20, offset: int = 0, order: Order = "best"
    ) -> list[Hit]:
        """Return the articles that `query` finds, as `archive.search` does, best or newest first.

        Any text is a query, and `order` is "best" or "new".

        Raises:
            StaleIndex: the search index is of another version; whoever writes next mends it.
        """
        return search(self.db, query, limit=limit, offset=offset, order=order)

    def count(self, query: str, *, order: Order = "best") -> int:
        """Return how many articles `search` in this `order` finds in all."""
        return count(self.db, query, order=order)
