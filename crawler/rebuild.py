"""A database made anew from the WARC files and the publishers' files alone.

It is made in a folder of its own, where a killed rebuild goes on, and takes its place at the end.
"""

import contextlib
import logging
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from archive import recovery
from archive.clock import Clock, system
from archive.database import NAME, open_for_writing, uri, writing
from archive.errors import ArchiveError, NewerArchive, NotAnArchive
from archive.maintenance import warc_index
from archive.maintenance.backup import put_in_place
from archive.maintenance.salvage import latest
from archive.models import Progress, silent
from archive.session import WARC_FOLDER
from archive.warc import files
from archive.warc.files import sync_folder
from crawler.derive import Deriver, derive_all
from crawler.publisher import load_all
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

FOLDER = "rebuild"
STOPPED = "it was told to end; the same command goes on where it was"
OLD = "archive.before-rebuild.db"
_COUNTED = ("articles", "revisions", "captures", "links", "authors", "tags")
_LEFT_OUT = _COUNTED[:3]  # names and links that nothing bears any more are no loss
_DAMAGED = "select count(*) from problems where stage = 'rebuild'"
_SIGN = "files.txt"  # which files a rebuild that was broken off is of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was made: WARC records read by type, rows by table, stretches that do not read.

    `damaged` are answers that visits tell of and that could not be read again; `missing` is by how
    many rows of each table the database there was had more, as far as it reads.
    """

    records: Counter[str]
    rows: dict[str, int]
    lost: tuple[str, ...] = ()
    damaged: int = 0
    missing: dict[str, int] = field(default_factory=dict)


async def rebuild(
    root: Path,
    *,
    processes: int | None = None,
    clock: Clock = system,
    progress: Progress = silent,
) -> Rebuilt:
    """Make the database of the archive in `root` anew; the one there is kept under another name.

    `progress` hears what is counted (bytes of WARC, then events), how much is done and of how much.

    Raises:
        NotAnArchive: if there are no WARC files.
        NewerArchive: if a newer Warraq wrote the database there is.
        ArchiveLocked: if another process is writing.
        ArchiveError: if the folder cannot be written, or the workers were told to end.
        NoWorkers: if the processes that read pages die as they start.
    """
    names = _files(root)
    try:
        with writing(root, command="rebuild", now=clock()):
            _finish_runs(root)
            return await _rebuild(root, names, processes=processes, progress=progress)
    except OSError as error:
        raise ArchiveError(
            f"{error.filename or root}: {error.strerror}; the database there was is as it was,"
            " and the same command goes on"
        ) from error


def _files(root: Path) -> list[str]:
    folder = root / WARC_FOLDER
    found = files.present(folder) if folder.is_dir() else []
    if not found:
        raise NotAnArchive(f"{folder} holds no WARC files (*.warc.gz) to rebuild from")
    return warc_index.in_order(latest(found))


def _finish_runs(root: Path) -> None:
    """Let the runs that were killed be finished by the database that knows of them, if it reads."""
    if (root / NAME).is_file():
        try:
            with closing(open_for_writing(root)) as db:
                recovery.recover(db, root / WARC_FOLDER)
        except NewerArchive:  # what it knows, this version would leave out
            raise
        except (ArchiveError, sqlite3.Error):
            logger.info("%s does not read; what its runs left is read as it is", root / NAME)


async def _rebuild(
    root: Path, names: list[str], *, processes: int | None, progress: Progress
) -> Rebuilt:
    folder, warc = _workplace(root, names), root / WARC_FOLDER
    workers = Workers(processes=processes)
    try:
        with closing(_opened(folder)) as db:
            warc_index.prepare(db)
            if writer := _writer(root, names):
                files.keep_writer(db, writer)
                # Runs of merged files get their numbers last.
                names = sorted(names, key=lambda name: not files.is_of(name, writer))
            indexed = warc_index.index_files(
                db, warc, names, progress=partial(progress, "bytes of WARC")
            )
            deriver = Deriver(warc, load_all(root / "publishers"), workers)
            await derive_all(db, warc, deriver, workers, progress=progress)
            rows = _finish(db, root)
            (damaged,) = db.execute(_DAMAGED).fetchone()
    except Stopped as error:
        raise workers.failure or ArchiveError(STOPPED) from error
    finally:
        workers.close()
    missing = _missing(root, rows)
    _take_place(root, folder)
    return Rebuilt(
        records=indexed.counts,
        rows=rows,
        lost=tuple(indexed.lost),
        damaged=damaged,
        missing=missing,
    )


def _opened(folder: Path) -> sqlite3.Connection:
    """Open the database that is being made."""
    folder.mkdir(parents=True, exist_ok=True)
    db = open_for_writing(folder)
    # Of a database that is not in its place yet, a power cut may take the last second.
    db.execute("pragma synchronous = normal")
    # Rows of captures come before those of what they are captures of.
    db.execute("pragma foreign_keys = off")
    return db


def _workplace(root: Path, names: list[str]) -> Path:
    """Return the folder in which the database is made; what is there of other files is discarded.

    The last file may have grown since, by runs that a rebuild knows nothing of yet.
    """
    folder = root / FOLDER
    sizes = [(root / WARC_FOLDER / name).stat().st_size for name in names]
    sign = "".join(f"{size} {name}\n" for name, size in zip(names, sizes, strict=True))
    written = folder / _SIGN
    is_of_these = written.is_file() and written.read_text(encoding="utf-8") == sign
    if not is_of_these or _has_forgotten(folder / NAME):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        written.write_text(sign, encoding="utf-8")
    return folder


def _has_forgotten(path: Path) -> bool:
    """Return whether a database was done, and its memory cleared, but not put in its place."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(path)) as db:
            tables = {name for (name,) in db.execute("select name from sqlite_master")}
            filled = "captures" in tables and db.execute("select 1 from captures").fetchone()
    except sqlite3.Error:
        return True
    return bool(filled) and "indexed_files" not in tables


def _finish(db: sqlite3.Connection, root: Path) -> dict[str, int]:
    """Withhold what the database there was withholds, and count what there is."""
    db.execute("begin immediate")
    _withhold_again(db, root)
    warc_index.clear(db)
    db.execute("commit")
    db.execute("analyze")
    db.execute("pragma wal_checkpoint(truncate)")
    return {table: _count(db, table) for table in _COUNTED}


def _count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608 - ours


def _missing(root: Path, rows: dict[str, int]) -> dict[str, int]:
    """Return by how many rows of each table the database there is has more."""
    with contextlib.suppress(sqlite3.Error), closing(_there_is(root)) as old:
        more = {table: _count(old, table) - rows[table] for table in _LEFT_OUT}
        return {table: number for table, number in more.items() if number > 0}
    return {}


def _there_is(root: Path) -> sqlite3.Connection:
    """Open the database there is, whatever its version, to read."""
    return sqlite3.connect(uri(root / NAME, mode="ro"), uri=True)


def _writer(root: Path, names: list[str]) -> str | None:
    """Return the word of the archive's own files: the old database knows it, else most have it."""
    with contextlib.suppress(sqlite3.Error), closing(_there_is(root)) as old:
        return files.kept_writer(old)
    writers = Counter(ours.writer for ours in map(files.Name.parse, names) if ours)
    return next((word for word, _ in writers.most_common(1)), None)


def _withhold_again(db: sqlite3.Connection, root: Path) -> None:
    """Withhold what the database there was withholds, as far as no WARC file tells of it.

    A witness must not come to light because a file is lost.
    """
    try:
        with closing(_there_is(root)) as old:
            told = old.execute("select article, at, act, reason from withholdings").fetchall()
            hidden = old.execute(
                "select id, withheld_at from articles where withheld_at is not null"
            ).fetchall()
    except sqlite3.Error:
        return
    db.executemany(
        "insert into withholdings (article, at, act, reason) select ?1, ?2, ?3, ?4"
        " where exists (select 1 from articles where id = ?1) and not exists"
        " (select 1 from withholdings where article = ?1 and at = ?2 and act = ?3)",
        told,
    )
    db.executemany(
        "update articles set withheld_at = ?2 where id = ?1 and withheld_at is null", hidden
    )


def _take_place(root: Path, folder: Path) -> None:
    """Put the new database in the place of the old one, which keeps another name beside it."""
    path, old = root / NAME, root / OLD
    if path.exists():
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(path)) as db:
            db.execute("pragma wal_checkpoint(truncate)")
        old.unlink(missing_ok=True)
        old.hardlink_to(path)
    put_in_place(folder / NAME, path)
    shutil.rmtree(folder, ignore_errors=True)
    sync_folder(root)
