"""The check of a whole archive: what there is to look at, shared out to all cores.

It takes no lock. Of a run that is going on (or died) it looks at what was acknowledged.
"""

import multiprocessing
import multiprocessing.context
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archive.database import held_by, open_for_reading
from archive.errors import ArchiveError, DamagedDatabase
from archive.maintenance.checks import (
    OF_ROWS,
    Articles,
    Damage,
    Findings,
    Piece,
    broken,
    check_articles,
    check_database,
    check_piece,
)
from archive.maintenance.salvage import latest
from archive.models import Progress, silent
from archive.rows import value, values
from archive.session import WARC_FOLDER
from archive.warc.files import Name, entries, is_of, kept_writer, present

_PIECE = 1 << 25  # bytes of a WARC file for one task
_ALONE = 1 << 24  # an archive smaller than this is checked without other processes
_TOGETHER = 1000  # articles for one task

Task = Callable[[], Findings]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A WARC file as the rows have it: how far it is acknowledged, and whether its run goes on.

    `is_known` is whether a row of warc_files knows it.
    """

    name: str
    committed: int
    captures: int
    is_open: bool = False
    is_known: bool = True


def verify(root: Path, *, processes: int | None = None, progress: Progress = silent) -> Findings:
    """Check every record, row and revision of the archive in `root`, and its search index.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
        ArchiveError: if a checking process was killed.
    """
    findings = Findings()
    try:
        with closing(open_for_reading(root)) as db:
            pieces, parts = list(_pieces(db, root, findings)), list(_parts(db, root))
        of_tables: list[Task] = [partial(check_database, root)]
        of_tables += [partial(check_articles, part) for part in parts]
    except (DamagedDatabase, sqlite3.DatabaseError) as error:
        findings = broken(error)
        pieces, of_tables = list(_without_rows(root)), []
    total = sum(piece.end - piece.start for piece in pieces)
    of_files: list[Task] = [partial(check_piece, piece) for piece in pieces]
    tasks = [*of_tables[:1], *of_files, *of_tables[1:]]
    for result in _run(tasks, is_small=total < _ALONE, processes=processes):
        findings.add(result)
        progress("bytes of WARC", findings.counts["bytes of WARC"], total)
    findings.damages.sort(key=lambda damage: (damage.place, damage.offset or 0))
    return findings


def _run(tasks: list[Task], *, is_small: bool, processes: int | None) -> Iterator[Findings]:
    processes = processes or os.cpu_count() or 1
    if is_small or processes == 1:
        yield from map(_guarded, tasks)
        return
    with ProcessPoolExecutor(processes, mp_context=_context()) as pool:
        waiting = [pool.submit(_guarded, task) for task in tasks]
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
        return broken(error)


def _pieces(db: sqlite3.Connection, root: Path, findings: Findings) -> Iterator[Piece]:
    """Yield what there is to read; report files that are missing, short or of nobody."""
    folder = root / WARC_FOLDER
    # Listed before the rows are read: a file that a crawl begins meanwhile is none of ours.
    there, is_written = entries(folder), bool(held_by(root))
    db.execute("begin")
    known = {file.name: file for file in _files(db)}
    for file in known.values():
        findings.counts["WARC files"] += 1
        if file.name not in there:
            detail = f"is missing; {file.captures} captures are in it"
            findings.damages.append(_damage(file.name, detail))
            continue
        size = (folder / file.name).stat().st_size
        findings.damages += _misfits(file, size)
        if file.is_open and size > file.committed:
            findings.notes.append(_unacknowledged(file, size, is_written=is_written))
        end = min(size, file.committed) if file.is_open else size
        yield from _cut(db, root, file, end)
    running = any(file.is_open for file in known.values()) or _is_running(db)
    own = kept_writer(db) if running else None
    db.execute("commit")
    _report_strays(there, known.keys(), findings, own=own)


def _report_strays(
    there: AbstractSet[str], known: AbstractSet[str], findings: Findings, *, own: str | None
) -> None:
    """Report files that no row knows; those of the writer `own` may be of a run that goes on."""
    newest = set(latest(there))
    for name in sorted(there - known):
        damage = _damage(name, "is a file that no row of warc_files knows")
        if Name.parse(name) is None:  # nothing of the archive is in it
            findings.notes.append(
                f"{damage.place}: {damage.detail}; `warraq import-warc` imports pages of others"
            )
        elif name not in newest:
            findings.notes.append(
                f"{damage.place}: its repaired form replaces it; `warraq repair` puts it aside"
            )
        elif not is_of(name, own):
            findings.damages.append(damage)


def _files(db: sqlite3.Connection) -> Iterator[_File]:
    running = _is_running(db)
    rows = dict(db.execute("select warc_file, count(*) from captures group by warc_file"))
    for name, committed, closed in db.execute("select * from warc_files order by name").fetchall():
        is_open = running and not closed
        yield _File(name=name, committed=committed, captures=rows.pop(name, 0), is_open=is_open)
    for name, number in rows.items():
        yield _File(name=name, is_known=False, committed=0, captures=number)


def _is_running(db: sqlite3.Connection) -> bool:
    return value(db, "select 1 from runs where state = 'running'") is not None


def _cut(db: sqlite3.Connection, root: Path, file: _File, end: int) -> Iterator[Piece]:
    """Yield a file in pieces that begin with the record of a capture."""
    piece = partial(Piece, root=root, file=file.name, is_ended=not file.is_open)
    start = 0
    sql = "select warc_offset from captures where warc_file = ? order by warc_offset"
    for offset in values(db, sql, (file.name,)):
        if offset - start >= _PIECE and offset < end:
            yield piece(start=start, end=offset)
            start = offset
    if start < end:
        yield piece(start=start, end=end)


def _parts(db: sqlite3.Connection, root: Path) -> Iterator[Articles]:
    ids = values(db, "select id from articles order by id")
    for start in range(0, len(ids), _TOGETHER):
        part = ids[start : start + _TOGETHER]
        yield Articles(root=root, first=part[0], last=part[-1])


def _without_rows(root: Path) -> Iterator[Piece]:
    """Yield every WARC file: what is left to check where the database cannot be read."""
    for name in present(root / WARC_FOLDER):
        size = (root / WARC_FOLDER / name).stat().st_size
        yield Piece(root=root, file=name, start=0, end=size)


def _misfits(file: _File, size: int) -> Iterator[Damage]:
    """Yield where a file's length is not what its row says; a run that goes on is ahead of it."""
    if not file.is_known:
        detail = f"no row of warc_files knows that it has {size} bytes"
        yield _damage(file.name, detail, remedy=OF_ROWS)
    elif size < file.committed:
        yield _damage(file.name, f"lacks {file.committed - size} bytes at its end")
    elif size > file.committed and not file.is_open:
        detail = f"has {size - file.committed} bytes more than its row of warc_files knows"
        yield _damage(file.name, detail, remedy=OF_ROWS)


def _unacknowledged(file: _File, size: int, *, is_written: bool) -> str:
    behind = size - file.committed
    if is_written:
        return f"{file.name}: {behind} bytes are still being written; they were not checked"
    return (
        f"{file.name}: its run was interrupted; the next command that writes checks the"
        f" {behind} bytes behind the last that was acknowledged"
    )


def _damage(name: str, detail: str, *, remedy: str = "") -> Damage:
    return Damage(kind="file", place=f"{WARC_FOLDER}/{name}", detail=detail, remedy=remedy)
