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
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from pathlib import Path

from archive.database import open_for_reading
from archive.errors import ArchiveError, DamagedDatabase
from archive.maintenance.checks import (
    Damage,
    Findings,
    check_articles,
    check_database,
    check_piece,
)
from archive.maintenance.salvage import latest
from archive.models import Progress, silent
from archive.rows import value, values
from archive.session import WARC_FOLDER
from archive.warc.files import Name, entries, is_of, kept_writer, present, size_of

_PIECE = 1 << 25  # bytes of a WARC file for one task
_ALONE = 1 << 24  # an archive smaller than this is checked without other processes
_TOGETHER = 1000  # articles for one task

# Each file: how far it is acknowledged, whether it is closed, and its captures. What no row of
# warc_files knows, captures may.
_FILES = """
select name, bytes, closed, (select count(*) from captures where warc_file = name)
from warc_files
union all select warc_file, 0, 1, count(*) from captures
where warc_file not in (select name from warc_files) group by warc_file order by 1
"""
_RUNNING = "select 1 from runs where state = 'running'"

Task = Callable[[], Findings]


def verify(root: Path, *, processes: int | None = None, progress: Progress = silent) -> Findings:
    """Check every record, row and revision of the archive in `root`, and its search index.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
        ArchiveError: if a checking process was killed.
    """
    findings = Findings()
    try:
        # Listed before the rows are read: a file that a crawl begins meanwhile is none of ours.
        there = entries(root / WARC_FOLDER)
        with closing(open_for_reading(root)) as db:
            db.execute("begin")
            pieces = list(_pieces(db, root, findings))
            _report_strays(db, there, findings)
            of_tables: list[Task] = [partial(check_database, root), *_parts(db, root)]
    except (DamagedDatabase, sqlite3.DatabaseError) as error:
        findings, of_tables = _broken(error), []
        folder = root / WARC_FOLDER
        pieces = [(name, 0, size_of(folder / name) or 0, False) for name in present(folder)]
    total = sum(end - start for _, start, end, _ in pieces)
    of_files: list[Task] = [
        partial(check_piece, root, name, start, end, is_ended=is_ended)
        for name, start, end, is_ended in pieces
    ]
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
        return _broken(error)


def _broken(error: Exception) -> Findings:
    """Return the findings of a check that the database itself brought to a halt."""
    findings = Findings()
    findings.of_tables("database", str(error))
    return findings


def _pieces(
    db: sqlite3.Connection, root: Path, findings: Findings
) -> Iterator[tuple[str, int, int, bool]]:
    """Yield what there is to read: file, start, end, and whether nobody writes into the file.

    Files that are missing, or of another length than their row says, are reported.
    """
    running = value(db, _RUNNING)
    for name, committed, closed, captures in db.execute(_FILES).fetchall():
        is_open = running and not closed
        findings.counts["WARC files"] += 1
        size = size_of(root / WARC_FOLDER / name)
        if size is None:
            _report(findings, "file", name, f"is missing; {captures} captures are in it")
            continue
        if size < committed:
            _report(findings, "file", name, f"lacks {committed - size} bytes at its end")
        elif size > committed and is_open:
            findings.notes.append(
                f"{name}: {size - committed} bytes are not acknowledged yet and were not checked;"
                " if their run was killed, the next command that writes sees to them"
            )
        elif size > committed:
            detail = f"has {size - committed} bytes more than its row of warc_files knows"
            _report(findings, "row", name, detail)
        end = min(size, committed) if is_open else size
        starts = _starts(db, name, end)
        for start, behind in zip(starts, [*starts[1:], end], strict=True):
            yield name, start, behind, not is_open


def _starts(db: sqlite3.Connection, name: str, end: int) -> list[int]:
    """Return where the pieces of a file begin, each with the record of a capture."""
    starts = [0]
    sql = "select warc_offset from captures where warc_file = ? and warc_offset < ? order by 1"
    for offset in values(db, sql, (name, end)):
        if offset - starts[-1] >= _PIECE:
            starts.append(offset)
    return starts


def _report_strays(db: sqlite3.Connection, there: set[str], findings: Findings) -> None:
    """Report files that no row knows, but for what a run may have begun just now."""
    own = kept_writer(db) if value(db, _RUNNING) else None
    for name in sorted(there - set(values(db, f"select name from ({_FILES})"))):  # noqa: S608
        detail = "is a file that no row of warc_files knows"
        if Name.parse(name) is None:  # nothing of the archive is in it
            place = f"{WARC_FOLDER}/{name}"
            findings.notes.append(
                f"{place}: {detail}; `warraq import-warc` imports pages of others"
            )
        elif name not in latest(there):
            detail = "its repaired form replaces it; `warraq repair` puts it aside"
            findings.notes.append(f"{WARC_FOLDER}/{name}: {detail}")
        elif not is_of(name, own):
            _report(findings, "file", name, detail)


def _parts(db: sqlite3.Connection, root: Path) -> Iterator[Task]:
    ids = values(db, "select id from articles order by id")
    for start in range(0, len(ids), _TOGETHER):
        part = ids[start : start + _TOGETHER]
        yield partial(check_articles, root, part[0], part[-1])


def _report(findings: Findings, kind: str, name: str, detail: str) -> None:
    findings.damages.append(Damage(kind=kind, place=f"{WARC_FOLDER}/{name}", detail=detail))
