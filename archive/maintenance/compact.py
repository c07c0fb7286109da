"""An archive's database made smaller: what is of no use any more goes, and so does free space.

What the archive saw stays: captures, revisions, texts, every known address. The WARC files are not
touched, so that a rebuild brings back what went.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from archive.clock import Clock, iso, system
from archive.database import NAME, open_for_writing, require, transaction, writing
from archive.errors import ArchiveError
from archive.maintenance.backup import put_in_place
from archive.recovery import recover
from archive.session import WARC_FOLDER

YEAR = timedelta(days=365)
_PART = f".{NAME}.compact"  # next to the database; a kill may leave it, the next time it goes

# What was given up a year ago or before that, and no listing has made due again.
_SPENT_LINKS = """
delete from links where visit in (
    select id from visits
    where kind = 'article' and article is null and due_at is null and last_at < ?
)
"""
# Imports and repairs look for what they reported before.
_OLD_PROBLEMS = """
delete from problems
where at < ? and kind != 'lost-capture' and stage not in ('import', 'rebuild', 'repair')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What was removed, and the bytes of the database before and after."""

    problems: int
    links: int
    before: int
    after: int


def compact(root: Path, *, clock: Clock = system) -> Compacted:
    """Write the database of the archive in `root` again without what is of no use.

    The new one takes the place of the old in one step: a kill leaves one of them.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be used.
        ArchiveLocked: if another process is writing.
        ArchiveError: if another program does not let go of the database.
    """
    require(root)
    path, part, now = root / NAME, root / _PART, clock()
    with writing(root, command="compact", now=now):
        try:
            with closing(open_for_writing(root)) as db:
                recover(db, root / WARC_FOLDER)
                before = path.stat().st_size
                problems, links = _remove(db, iso(now - YEAR))
                _copy(db, path, part)
            put_in_place(part, path)
        finally:
            part.unlink(missing_ok=True)
    return Compacted(problems=problems, links=links, before=before, after=path.stat().st_size)


def _remove(db: sqlite3.Connection, before: str) -> tuple[int, int]:
    """Remove old problems and spent links, return how many; merge the pieces of the index."""
    with transaction(db):
        problems = db.execute(_OLD_PROBLEMS, (before,)).rowcount
        links = db.execute(_SPENT_LINKS, (before,)).rowcount
        db.execute("insert into article_stems(article_stems) values ('optimize')")
    return problems, links


def _copy(db: sqlite3.Connection, path: Path, part: Path) -> None:
    """Copy all that is in use into a new file; the log must be empty, for it goes with the old."""
    part.unlink(missing_ok=True)
    db.execute("vacuum into ?", (str(part),))
    (is_busy, _, _) = db.execute("pragma wal_checkpoint(truncate)").fetchone()
    if is_busy:
        raise ArchiveError(f"{path}: another program is reading it for long; end it, and try again")
    with closing(sqlite3.connect(part)) as made:
        made.execute("pragma journal_mode = wal")  # as readers of a crawl need it from the first
    shutil.copymode(path, part)
