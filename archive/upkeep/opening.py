"""Opening an archive that is there already to change something in it, under the writing lock."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from archive.database import open_for_writing, require
from archive.lock import writing


@contextmanager
def existing(root: Path, *, command: str, now: datetime) -> Iterator[sqlite3.Connection]:
    """Give the archive in `root`, brought up to date; none is made where there is none.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be used.
        ArchiveLocked: if another process is writing.
    """
    require(root)
    with writing(root, command=command, now=now), closing(open_for_writing(root)) as db:
        yield db
