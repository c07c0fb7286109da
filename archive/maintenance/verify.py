"""The check of a whole archive: what there is to look at, shared out to all cores.

It takes no lock. Of a run that is going on (or died) it looks at what was acknowledged.
"""

import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from zlib import crc32

from archive.captures import IN_FILE
from archive.database import open_for_reading
from archive.errors import ArchiveError, DamagedDatabase, is_of_the_machine
from archive.maintenance import backup, checks
from archive.maintenance.checks import Damage, Findings
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
with held as materialized (
    select warc_file, count(*) as rows from captures group by warc_file
)
select name, bytes, closed, coalesce(rows, 0) from warc_files left join held on warc_file = name
union all select warc_file, 0, 1, rows from held
where warc_file not in (select name from warc_files) order by 1
"""
# Where the pieces of a file begin behind its first, each with the record of a capture.
_STARTS = f"""
select min(warc_offset) from captures where {IN_FILE} and warc_offset between ?2 and ?3 - 1
group by warc_offset / ?2 order by 1
"""  # noqa: S608 - ours
_PARTS = """
select min(id), max(id) from (
    select id, (row_number() over (order by id) - 1) / ? as part from articles
) group by part
"""
_INCOMPLETE = (
    "this backup goes on, or was broken off and wants `warraq backup` again: WARC files that are"
    " newer than its database were not checked"
)
_RUNNING = "select 1 from runs where state = 'running'"

SHARES = 10
"""How many shares a whole check has, for `verify_share`."""
_RANGES = 200  # of article ids, in a check by shares
_IDS = 1 << 53  # ids of articles are below, but for those of a collision (archive.urls)

Task = Callable[[], Findings]


# Something to check by itself: its name, the bytes of WARC in it, and the check.
_Piece = tuple[str, int, Task]


def verify(root: Path, *, processes: int | None = None, progress: Progress = silent) -> Findings:
    """Check every record, row and revision of the archive in `root`, and its search index.

    Raises:
        NewerArchive, NotAnArchive: if `root` holds no archive that can be read.
        ArchiveError: if a checking process was killed.
        OSError, sqlite3.Error, MemoryError: if the machine does not let it go on.
    """
    findings, pieces = _planned(root, by_share=False)
    total = sum(size for _, size, _ in pieces)
    for result in _run([task for *_, task in pieces], is_small=total < _ALONE, processes=processes):
        findings.add(result)
        progress("bytes of WARC", findings.counts["bytes of WARC"], total)
    findings.damages.sort(key=lambda damage: (damage.place, damage.offset or 0))
    return findings


def verify_share(
    root: Path, share: int, *, after: str = "", stop: Callable[[], bool] = lambda: False
) -> tuple[Findings, str | None]:
    """Check one of the `SHARES` shares of an archive, piece by piece, until `stop`.

    A piece never changes its share, so that after all shares all was checked. Return what was found
    and the name of the last piece, `after` which to go on; None once the share is complete.

    Raises:
        As `verify` does.
    """
    found, pieces = _planned(root, by_share=True)
    findings = Findings()
    if not after:  # what is seen without reading
        findings.damages = [each for each in found.damages if _is_in(share, each.place)]
    for key, _, task in sorted(pieces, key=itemgetter(0)):
        if key > after and _is_in(share, key):
            if stop():
                return findings, after
            findings.add(_guarded(task))
            after = key
    return findings, None


def _is_in(share: int, key: str) -> bool:
    return crc32(key.encode()) % SHARES == share


def _planned(root: Path, *, by_share: bool) -> tuple[Findings, list[_Piece]]:
    """Return what is found without reading, and what there is to check."""
    folder, findings = root / WARC_FOLDER, Findings()
    of_tables: list[_Piece] = [("database", 0, partial(checks.check_database, root))]
    try:
        # Listed before the rows are read: a file that a crawl begins meanwhile is none of ours.
        there = entries(folder)
        with closing(open_for_reading(root)) as db:
            db.execute("begin")
            is_incomplete = backup.is_incomplete(root)
            is_ahead = bool(value(db, _RUNNING)) or is_incomplete
            files = list(_pieces(db, folder, findings, is_ahead=is_ahead))
            if is_incomplete:
                findings.notes.append(_INCOMPLETE)
            else:
                _report_strays(db, there, findings)
            parts = _ranges() if by_share else db.execute(_PARTS, (_TOGETHER,))
            check = partial(checks.check_articles, root)
            of_tables += [(f"articles {part[0]:016}", 0, partial(check, *part)) for part in parts]
    except (DamagedDatabase, sqlite3.DatabaseError) as error:
        findings, of_tables = _broken(error), []
        files = [(name, 0, size_of(folder / name) or 0, False) for name in present(folder)]
    check = partial(checks.check_piece, root)
    of_files = [
        (f"{file[0]} {file[1]:016}", file[2] - file[1], partial(check, *file)) for file in files
    ]
    return findings, [*of_tables[:1], *of_files, *of_tables[1:]]


def _ranges() -> Iterator[tuple[int, int]]:
    step = _IDS // _RANGES
    for start in range(0, _IDS, step):
        yield start, start + step - 1 if start + step < _IDS else sys.maxsize


def _run(tasks: list[Task], *, is_small: bool, processes: int | None) -> Iterator[Findings]:
    processes = processes or os.cpu_count() or 1
    if is_small or processes == 1:
        yield from map(_guarded, tasks)
        return
    # Copies of this process start fastest, where no thread of it may hold a lock.
    start = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    context = multiprocessing.get_context(start)
    deaf = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=deaf)
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # nor while they start
        try:
            given = [pool.submit(_guarded, task) for task in tasks]
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for done in as_completed(given):
            yield done.result()
    except BrokenProcessPool as error:
        raise ArchiveError("a checking process was killed; `warraq verify` again") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _guarded(task: Task) -> Findings:
    """Run a task; a database that breaks under it is a finding."""
    try:
        return task()
    except sqlite3.DatabaseError as error:
        return _broken(error)


def _broken(error: Exception) -> Findings:
    """Return the findings of a check that the database itself brought to a halt."""
    if is_of_the_machine(error):
        raise error
    return Findings(damages=[Damage(kind="database", detail=str(error))])


def _pieces(
    db: sqlite3.Connection, folder: Path, findings: Findings, *, is_ahead: bool
) -> Iterator[tuple[str, int, int, bool]]:
    """Yield what there is to read: file, start, end, and whether nobody writes into the file.

    Files that are missing, or of another length than their row says, are reported; open ones may
    be longer where they are ahead of the database.
    """
    for name, committed, closed, captures in db.execute(_FILES).fetchall():
        size, is_open = size_of(folder / name), is_ahead and not closed
        findings.counts["WARC files"] += 1
        if size is None:
            _report(findings, "file", name, f"is missing; {captures} captures are in it")
            continue
        more = size - committed
        if more < 0:
            _report(findings, "file", name, f"lacks {-more} bytes at its end")
        elif more and is_open:
            findings.notes.append(
                f"{name}: {more} bytes are not acknowledged yet and were not checked;"
                " if their run was killed, the next command that writes sees to them"
            )
        elif more:
            _report(
                findings, "row", name, f"has {more} bytes more than its row of warc_files knows"
            )
        end = min(size, committed) if is_open else size
        for start, behind in pairwise([0, *values(db, _STARTS, (name, _PIECE, end)), end]):
            yield name, start, behind, not is_open


def _report_strays(db: sqlite3.Connection, there: set[str], findings: Findings) -> None:
    """Report files that no row knows, but for what a run may have begun just now."""
    own = kept_writer(db) if value(db, _RUNNING) else None
    detail = "is a file that no row of warc_files knows"
    for name in sorted(there - set(values(db, f"select name from ({_FILES})"))):  # noqa: S608
        if Name.parse(name) is None:  # nothing of the archive is in it
            note = f"{detail}; `warraq import-warc` imports pages of others"
            findings.notes.append(f"{WARC_FOLDER}/{name}: {note}")
        elif not is_of(name, own):
            _report(findings, "file", name, detail)


def _report(findings: Findings, kind: str, name: str, detail: str) -> None:
    findings.damages.append(Damage(kind=kind, place=f"{WARC_FOLDER}/{name}", detail=detail))
