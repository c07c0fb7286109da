"""The whole check of an archive: what there is to look at, shared out to all cores.

It takes no lock. Of a run that is going on (or died) it looks at what was acknowledged.
"""

import multiprocessing
import multiprocessing.context
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archive.database import is_held, open_for_reading
from archive.errors import ArchiveError, DamagedDatabase
from archive.session import WARC_FOLDER
from archive.upkeep import index_check, table_check, warc_check
from archive.upkeep.damage import FROM_BACKUP, ROW_FROM_BACKUP, Damage, Findings
from archive.upkeep.mending import latest
from archive.upkeep.table_check import Articles
from archive.upkeep.warc_check import Piece
from archive.warc.files import Name, entries, is_of, kept_writer, present

_PIECE = 1 << 25  # bytes of a WARC file for one task
_ALONE = 1 << 24  # an archive smaller than this is checked without other processes

Task = Callable[[], Findings]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A WARC file as the rows have it: how far it is acknowledged, and whether its run goes on.

    `known` is whether a row of warc_files tells of it.
    """

    name: str
    known: bool = True
    committed: int
    rows: int
    open: bool


def verify(
    root: Path, *, processes: int | None = None, progress: Progress = lambda _done, _all: None
) -> Findings:
    """Check every record, row, revision and word of the archive in `root`.

    `progress` hears how many bytes of WARC are done and how many there are.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
        ArchiveError: if a checking process was killed.
    """
    findings = Findings()
    tasks: list[Task] = []
    try:
        pieces, parts = _shared_out(root, findings)
        tasks.append(partial(table_check.check_database, root))
        tasks.append(partial(index_check.weigh_index, root))
    except DamagedDatabase as error:  # the records can be checked by themselves
        findings.add(table_check.broken(error))
        pieces, parts = list(_unknown(root)), []
    tasks += [partial(warc_check.check_piece, piece) for piece in pieces]
    for part in parts:
        tasks.append(partial(table_check.check_revisions, part))
        tasks.append(partial(index_check.weigh_articles, part))
    total = sum(piece.end - piece.start for piece in pieces)
    for found in _run(tasks, small=total < _ALONE, processes=processes):
        findings.add(found)
        progress(findings.counts["bytes of WARC"], total)
    findings.settle()
    if any(findings.balance.values()):  # damage, or a crawl that wrote meanwhile
        findings.add(_guarded(partial(index_check.compare, root)))
    findings.damages.sort(key=lambda damage: (damage.place, damage.offset or 0))
    return findings


def _shared_out(root: Path, findings: Findings) -> tuple[list[Piece], list[Articles]]:
    with closing(open_for_reading(root)) as db:
        try:
            return list(_pieces(db, root, findings)), list(table_check.article_ranges(db, root))
        except sqlite3.DatabaseError as error:
            findings.add(table_check.broken(error))
            return list(_unknown(root)), []


def _run(tasks: list[Task], *, small: bool, processes: int | None) -> Iterator[Findings]:
    processes = processes or os.cpu_count() or 1
    if small or processes == 1:
        yield from map(_guarded, tasks)
        return
    with ProcessPoolExecutor(processes, mp_context=_context()) as pool:
        waiting: list[Future[Findings]] = [pool.submit(_guarded, task) for task in tasks]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BrokenProcessPool as error:
            raise ArchiveError("a checking process was killed; `warraq verify` again") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _context() -> multiprocessing.context.BaseContext:
    """Return how processes are started: as copies of this one, where nothing speaks against it."""
    if sys.platform == "linux" and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _guarded(task: Task) -> Findings:
    """Run a task; a database that breaks under it is a finding."""
    try:
        return task()
    except sqlite3.DatabaseError as error:
        return table_check.broken(error)


def _pieces(db: sqlite3.Connection, root: Path, findings: Findings) -> Iterator[Piece]:
    """Yield what there is to read, and note files that are missing, short or of nobody."""
    folder = root / WARC_FOLDER
    # Listed before the rows are read: a file that a crawl begins meanwhile is none of ours.
    there = entries(folder)
    held = is_held(root)
    db.execute("begin")
    files = {file.name: file for file in _files(db)}
    for file in files.values():
        findings.counts["WARC files"] += 1
        size = _size(folder / file.name)
        if size is None:
            findings.damages.append(_file(file.name, f"is missing; {file.rows} captures are in it"))
            continue
        findings.damages += _misfits(file, size)
        if file.open and size > file.committed:
            findings.notes.append(_unacknowledged(file, size, held=held))
        end = min(size, file.committed) if file.open else size
        # A run that goes on may have told what rows say by now behind what is looked at.
        yield from _cut(db, root, file.name, end, tells=not file.open)
    going_on = _is_running(db)
    own = kept_writer(db)
    db.execute("commit")
    newest = set(latest(there))
    for name in sorted(there - files.keys()):
        stray = _file(name, "is a file that no row of warc_files knows")
        if Name.parse(name) is None:  # nothing of the archive is in it
            findings.notes.append(
                f"{stray.place}: {stray.detail}; `warraq import-warc` takes the pages of others"
            )
        elif name not in newest:
            findings.notes.append(
                f"{stray.place}: its mended form is in its place; `warraq repair` puts it aside"
            )
        elif not (going_on and is_of(name, own)):
            findings.damages.append(stray)


def _files(db: sqlite3.Connection) -> Iterator[_File]:
    running = _is_running(db)
    rows = dict(db.execute("select warc_file, count(*) from captures group by warc_file"))
    for name, committed, closed in db.execute("select * from warc_files order by name").fetchall():
        is_open = running and not closed
        yield _File(name=name, committed=committed, rows=rows.pop(name, 0), open=is_open)
    for name, count in rows.items():  # a row of warc_files is lost
        yield _File(name=name, known=False, committed=0, rows=count, open=False)


def _is_running(db: sqlite3.Connection) -> bool:
    return db.execute("select 1 from runs where state = 'running'").fetchone() is not None


def _cut(
    db: sqlite3.Connection, root: Path, name: str, end: int, *, tells: bool
) -> Iterator[Piece]:
    start = 0
    rows = db.execute(
        "select warc_offset from captures where warc_file = ? order by warc_offset", (name,)
    )
    for (offset,) in rows:
        if offset - start >= _PIECE and offset < end:
            yield Piece(root=root, file=name, start=start, end=offset, tells=tells)
            start = offset
    if start < end:
        yield Piece(root=root, file=name, start=start, end=end, tells=tells)


def _unknown(root: Path) -> Iterable[Piece]:
    """Yield every WARC file whole: what is left to check where the database does not read."""
    for name in present(root / WARC_FOLDER):
        size = (root / WARC_FOLDER / name).stat().st_size
        yield Piece(root=root, file=name, start=0, end=size)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _misfits(file: _File, size: int) -> Iterator[Damage]:
    """Yield where a file's length is not what its row says; a run that goes on is ahead of it.

    Of the files of first releases, rows know no more than where the last capture ends.
    """
    if not file.known:
        told = f"no row of warc_files tells that it has {size} bytes"
        yield _file(file.name, told, remedy=ROW_FROM_BACKUP)
    elif size < file.committed:
        yield _file(file.name, f"lacks {file.committed - size} bytes at its end")
    elif size > file.committed and not file.open:
        told = f"has {size - file.committed} bytes behind those that its row of warc_files knows"
        yield _file(file.name, told, remedy=ROW_FROM_BACKUP)


def _unacknowledged(file: _File, size: int, *, held: bool) -> str:
    behind = size - file.committed
    if held:
        return f"{file.name}: {behind} bytes are still being written; they were not checked"
    return (
        f"{file.name}: its run was interrupted; the next command that writes looks through the"
        f" {behind} bytes behind the last that was acknowledged"
    )


def _file(name: str, detail: str, *, remedy: str = FROM_BACKUP) -> Damage:
    return Damage(kind="file", place=f"{WARC_FOLDER}/{name}", detail=detail, remedy=remedy)
