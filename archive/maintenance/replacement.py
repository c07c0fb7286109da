"""A new database in the place of the old one: made from WARC files, or without what is of no use.

A rebuild makes it in a folder of its own, and resumes there if it was killed; the database there
was keeps another name.

What the archive saw stays in one that is made smaller: captures, revisions, texts, every known
address. The WARC files are not touched, so that a rebuild brings back what went.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from archive import recovery
from archive.clock import Clock, iso, system
from archive.database import NAME, open_for_writing, require, spill_into, transaction, uri, writing
from archive.errors import ArchiveError, NewerArchive, passing_over_damage
from archive.maintenance import warc_index
from archive.maintenance.backup import put_in_place
from archive.maintenance.salvage import latest
from archive.maintenance.withhold import HELD, take_out_marked
from archive.models import Progress
from archive.rows import Row, select, value
from archive.session import WARC_FOLDER
from archive.warc import files
from archive.warc.files import sync

FOLDER = "rebuild"
OLD = "archive.before-rebuild.db"
_COUNTED = ("articles", "revisions", "captures", "links", "authors", "tags")
_LEFT_OUT = _COUNTED[:3]  # names and links that nothing bears any more are no loss
_SIGN = "files.txt"  # which files a rebuild that was broken off is of
_ACTS = """
select key, w.at, act, reason from withholdings w join articles a on a.id = article order by w.at
"""

Complete = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was made: rows by table, and how many `damaged` captures could not be read.

    `missing` is by how many rows of each table the database there was had more, as far as it can
    be read.
    """

    rows: dict[str, int]
    damaged: int = 0
    missing: dict[str, int] = field(default_factory=dict)


def names_of(root: Path) -> list[str]:
    """Return the WARC files of an archive, in their order.

    Raises:
        NotAnArchive: if there are none.
    """
    return warc_index.in_order(latest(warc_index.names_in(root / WARC_FOLDER)))


@contextlib.contextmanager
def replacement(root: Path, names: list[str], progress: Progress) -> Iterator[sqlite3.Connection]:
    """Give the database that is being made of WARC files, which are indexed, or was begun before.

    At the end it replaces the current one, which is kept beside it under another name.

    Raises:
        NewerArchive: if a newer Warraq wrote the database there is.
    """
    _finish_runs(root)
    with closing(open_for_writing(_workplace(root, names))) as db:
        # Of a database that is not in its place yet, a power cut may take the last second.
        db.execute("pragma synchronous = normal")
        spill_into(root, db)
        _index(db, root, names, progress)
        held = root / FOLDER / HELD
        if (root / HELD).exists() and not held.exists():  # the bytes of it may be lost
            shutil.copy(root / HELD, held)
        yield db
    _take_place(root)


def _index(db: sqlite3.Connection, root: Path, names: list[str], progress: Progress) -> None:
    warc_index.prepare(db)
    with passing_over_damage(), closing(_there_is(root)) as old:
        if writer := files.kept_writer(old):
            files.keep_writer(db, writer)
            # Runs of merged files get their numbers last.
            names = sorted(names, key=lambda name: not files.is_of(name, writer))
    warc_index.index_files(db, root / WARC_FOLDER, names, progress=progress)


def finish(db: sqlite3.Connection, root: Path, complete: Complete) -> Rebuilt:
    """Complete it, withhold what the database there was withholds, and say what it has."""
    # From here on, a rebuild that is broken off does not resume.
    (root / FOLDER / _SIGN).unlink()
    with transaction(db):
        complete(db)
        _withhold_again(db, root)
        warc_index.clear(db)
    recovery.scrub(db, root)
    db.execute("analyze")
    db.execute("pragma wal_checkpoint(truncate)")
    rows, missing = {table: _count(db, table) for table in _COUNTED}, dict[str, int]()
    with passing_over_damage(), closing(_there_is(root)) as old:
        more = {table: _count(old, table) - rows[table] for table in _LEFT_OUT}
        missing = {table: number for table, number in more.items() if number > 0}
    damaged = value(db, "select count(*) from problems where stage = 'rebuild'") or 0
    return Rebuilt(rows=rows, damaged=damaged, missing=missing)


def _take_place(root: Path) -> None:
    """Put the new database in the place of the old one."""
    path, old, folder = root / NAME, root / OLD, root / FOLDER
    if path.exists():
        with passing_over_damage(), closing(sqlite3.connect(path)) as db:
            db.execute("pragma wal_checkpoint(truncate)")
        old.unlink(missing_ok=True)
        old.hardlink_to(path)
    if (folder / HELD).exists():  # first: what is in both counts as withheld by the other
        put_in_place(folder / HELD, root / HELD)
    put_in_place(folder / NAME, path)
    shutil.rmtree(folder, ignore_errors=True)
    sync(root)


def _finish_runs(root: Path) -> None:
    """Let the database there is finish the runs that were killed, if it can be read."""
    if not (root / NAME).is_file():
        return
    try:
        with passing_over_damage(), closing(open_for_writing(root)) as db:
            recovery.recover(db, root / WARC_FOLDER)
    except NewerArchive:  # what it knows, this version would leave out
        raise
    except ArchiveError:
        pass  # it cannot be read; what its runs left is indexed as it is


def _workplace(root: Path, names: list[str]) -> Path:
    """Return the folder in which the database is made; what is there of other files is discarded.

    The last file may have grown since, by runs that a rebuild knows nothing of yet.
    """
    folder = root / FOLDER
    sizes = [(root / WARC_FOLDER / name).stat().st_size for name in names]
    sign = "".join(f"{size} {name}\n" for name, size in zip(names, sizes, strict=True))
    written = folder / _SIGN
    if not (written.is_file() and written.read_text(encoding="utf-8") == sign):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        written.write_text(sign, encoding="utf-8")
    return folder


def _count(db: sqlite3.Connection, table: str) -> int:
    return value(db, f"select count(*) from {table}") or 0  # noqa: S608 - ours


def _there_is(root: Path, name: str = NAME) -> sqlite3.Connection:
    """Open the database there is, whatever its version, to read; an empty one if it is lost."""
    if not (root / name).is_file():
        return sqlite3.connect(":memory:")
    return sqlite3.connect(uri(root / name, mode="ro"), uri=True)


def _withhold_again(db: sqlite3.Connection, root: Path) -> None:
    """Withhold what the database there was withholds, as far as no WARC file says so.

    A witness must not come to light because a file is lost.
    """
    acts, marks = list[Row](), "select withheld, withheld, max(at) from withholdings group by 1"
    known: list[tuple[int, int, str]] | None = None
    with passing_over_damage(), closing(_there_is(root)) as old:
        acts = select(old, _ACTS)
        known = old.execute("select mark, article, at from withheld").fetchall()
    with passing_over_damage(), closing(_there_is(root, HELD)) as held:
        acts += select(held, _ACTS)
        known = held.execute(marks).fetchall() if known is None else known
    db.executemany(
        "insert into withholdings (article, at, act, reason)"
        " select id, :at, :act, :reason from articles where key = :key and not exists"
        " (select 1 from withholdings where article = articles.id and at = :at and act = :act)",
        acts,
    )
    db.executemany("insert or ignore into withheld values (?, ?, ?)", known or ())
    take_out_marked(db, root / WARC_FOLDER)


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
                recovery.recover(db, root / WARC_FOLDER)
                before = path.stat().st_size
                problems, links = _remove(db, iso(now - YEAR))
                _vacuum(db, path, part)
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


def _vacuum(db: sqlite3.Connection, path: Path, part: Path) -> None:
    """Copy all that is in use into a new file; the log must be empty, for it goes with the old."""
    part.unlink(missing_ok=True)
    db.execute("vacuum into ?", (str(part),))
    (is_busy, _, _) = db.execute("pragma wal_checkpoint(truncate)").fetchone()
    if is_busy:
        raise ArchiveError(f"{path}: another program is reading it for long; end it, and try again")
    with closing(sqlite3.connect(part)) as made:
        made.execute("pragma journal_mode = wal")  # as readers of a crawl need it from the first
    shutil.copymode(path, part)
