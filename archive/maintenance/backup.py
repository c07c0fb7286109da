"""A snapshot of the archive in another folder, made while a crawl writes.

First the database of one moment, then the WARC files as far as its rows go: what a row refers to
was on the disk before the row (invariant 1). The database is put in place last; where nobody wrote
into it, or into its copy, since it was copied, it is not copied again. Else it is copied whole, for
the last copy stays until the new one is complete; archive/README.md has the figures.

WARC files only grow, and the backup never gives one up. So an earlier day takes no more than that
day's database, in a folder `earlier`: with it, the one set of WARC files is the archive of then.
"""

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from archive.clock import Clock, from_iso, iso, system
from archive.database import NAME, PRIVATE, open_for_reading, state_of, writing
from archive.errors import ArchiveError, explain, is_of_the_machine
from archive.maintenance.withhold import HELD
from archive.models import Progress, silent
from archive.recovery import recover
from archive.rows import value
from archive.search import register
from archive.session import WARC_FOLDER
from archive.warc.files import Length, copy, replacing, size_of, sync, sync_all

MARK = "backup.json"
EARLIER = "earlier"  # folder inside the backup with a database for each day before the last
_NEW = "new"  # folder inside the backup in which its next database is made ready
# What a backup has before its mark.
_BEGINNING = {"lock", f".{MARK}.part"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup holds: WARC files, how many were copied now, bytes in all.

    `missing` are files that are not there, or shorter than their rows say; of these the backup
    keeps what it has. `database` is whether the database was copied now.
    """

    files: int
    copied: int
    database: bool
    bytes: int
    missing: tuple[str, ...]


def back_up(
    root: Path,
    target: Path,
    *,
    link: bool = False,
    keep: int = 0,
    clock: Clock = system,
    progress: Progress = silent,
) -> Backup:
    """Write a snapshot of the archive in `root` into `target`, or bring the one there up to date.

    It takes no lock of `root`. Files that were copied before are kept, so an interrupted backup
    resumes; `link` makes hard links of finished files, where it can. Databases of the last `keep`
    days are kept, so that `restore` can go back to each; 0 leaves those that are there as they are.

    Raises:
        NewerArchive, NotAnArchive: if `root` holds no archive that can be read.
        ArchiveLocked: if somebody writes into `target`.
        ArchiveError: if `target` holds something else, or cannot be written.
    """
    with closing(open_for_reading(root)) as db:
        # What identifies an archive is when its first run began.
        origin = value(db, "select started_at from runs order by id limit 1") or "no run yet"
    before, now = _refuse_other(target, root, origin), clock()
    mark = before | {"of": str(root.resolve()), "origin": origin, "at": iso(now)}
    try:
        target.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        with writing(target, command="backup", now=now):
            return _update(root, target, mark, link=link, keep=keep, progress=progress)
    except (OSError, sqlite3.Error) as error:
        if not is_of_the_machine(error):
            raise
        raise ArchiveError(f"the backup cannot be written: {explain(error, target)}") from error


def _update(
    root: Path, target: Path, mark: dict[str, Any], *, link: bool, keep: int, progress: Progress
) -> Backup:
    """Bring a backup up to date, and its mark, which has no `states` meanwhile."""
    states, at = mark.pop("states", None), str(mark["at"])
    _write_mark(target, mark)
    state = state_of(root / NAME)
    is_known = states == [state, state_of(target / NAME)]
    if keep and not is_known:
        _keep_earlier(target, mark.get("database"), from_iso(at) - timedelta(days=keep))
    try:
        made = _write(root, target, is_known=is_known, link=link, progress=progress)
    finally:
        shutil.rmtree(target / _NEW, ignore_errors=True)  # or a full disk stays full
    if made.database:
        mark["database"] = at
    _write_mark(target, mark | {"states": [state, state_of(target / NAME)]})
    return made


def refuse_others(target: Path, beginning: set[str], copy: str) -> None:
    """Refuse a folder with files of somebody else: all but those a `copy` of ours begins with.

    Raises:
        ArchiveError: naming one of them.
    """
    names = {path.name for path in target.iterdir()} if target.is_dir() else set()
    # A disk of its own always has lost+found.
    for other in sorted(names - beginning - {"lost+found"}):
        raise ArchiveError(
            f"{target} holds something else ({other}) and no {copy}; name an empty or new folder"
        )


def is_incomplete(target: Path) -> bool:
    """Return whether a backup goes on or was broken off: its files may be newer than its rows."""
    with suppress(OSError, ValueError):  # it is none, or its mark is not ours
        return "states" not in json.loads((target / MARK).read_text(encoding="utf-8"))
    return False


def earlier(target: Path) -> dict[date, Path]:
    """Return the folders in a backup with the databases of earlier days, the oldest first."""
    folders = sorted((target / EARLIER).glob("????-??-??"))
    return {date.fromisoformat(folder.name): folder for folder in folders}


def _keep_earlier(target: Path, copied_at: str | None, oldest: datetime) -> None:
    """Keep the databases that are about to be replaced as those of their day; the old ones go."""
    for day, folder in earlier(target).items():
        if day < oldest.date():
            shutil.rmtree(folder)
    if copied_at is None or from_iso(copied_at) < oldest:
        return
    folder = target / EARLIER / copied_at[:10]
    folder.mkdir(parents=True, exist_ok=True)
    for name in (HELD, NAME):
        if (target / name).exists():
            with replacing(folder / name) as part:
                try:
                    part.hardlink_to(target / name)  # which gets another file in its place
                except OSError:
                    shutil.copyfile(target / name, part)


def _write_mark(target: Path, mark: dict[str, object]) -> None:
    with replacing(target / MARK) as part:
        part.write_text(json.dumps(mark, ensure_ascii=False) + "\n", encoding="utf-8")
        sync(part)


def _write(root: Path, target: Path, *, is_known: bool, link: bool, progress: Progress) -> Backup:
    """Copy what is missing; the database too, unless it `is_known` to be as it was."""
    new, folder = target / _NEW, target / WARC_FOLDER
    shutil.rmtree(new, ignore_errors=True)
    if not is_known:
        _copy_databases(root, new)
    with closing(sqlite3.connect((target if is_known else new) / NAME)) as db:
        files, missing = _wanted(db, root / WARC_FOLDER)
    copied = _copy_files(files, root / WARC_FOLDER, folder, link, progress)
    for path in (*root.glob("warraq.toml"), *root.glob("publishers/*.toml")):
        _copy(path, target / path.relative_to(root), path.stat().st_size)
    if not is_known:
        with closing(sqlite3.connect(new / NAME, isolation_level=None)) as db:
            recover(db, folder)  # a run that is active there has ended here
        if (new / HELD).exists():
            put_in_place(new / HELD, target / HELD)
        put_in_place(new / NAME, target / NAME)
    total = sum(length.bytes for length in files.values()) + (target / NAME).stat().st_size
    counts = {"files": len(files), "copied": copied, "bytes": total}
    return Backup(**counts, database=not is_known, missing=tuple(missing))


def _copy_databases(root: Path, new: Path) -> None:
    """Copy both databases as they were while no row went from one to the other."""
    state: list[int] | None = None
    while state != (state := state_of(root / HELD)):
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        with closing(sqlite3.connect(new / NAME, isolation_level=None)) as db:
            copy_into(db, root)
            _refuse_damaged(db, root)
        if state:
            shutil.copy(root / HELD, new / HELD)


def _refuse_other(target: Path, root: Path, origin: str) -> dict[str, Any]:
    """Return the mark of a backup of this archive, an empty one of a new folder.

    Any other is refused: its content would be lost, or mixed.
    """
    if target.resolve().is_relative_to(root.resolve()):
        raise ArchiveError(
            f"{target} is the archive itself, or inside it; back up into another folder"
        )
    try:
        mark = dict[str, Any](json.loads((target / MARK).read_text(encoding="utf-8")))
    except FileNotFoundError:
        refuse_others(target, _BEGINNING, "backup")
        return {}
    except (OSError, ValueError) as error:
        raise ArchiveError(f"{target} cannot be written: {explain(error, target / MARK)}") from None
    if mark.get("origin") != origin:
        raise ArchiveError(
            f"{target} is a backup of another archive ({mark.get('of')}); use another folder"
        )
    return mark


def _refuse_damaged(copy: sqlite3.Connection, root: Path) -> None:
    """Keep a copy with damaged pages from replacing what may be the last sound one."""
    register(copy)
    answer = value(copy, "pragma quick_check(1)") or ""
    if answer != "ok":
        raise ArchiveError(
            f"{root / NAME} is damaged ({' '.join(answer.split())}); the backup's database"
            " was not replaced: restore that one"
        )


def _wanted(db: sqlite3.Connection, folder: Path) -> tuple[dict[str, Length], list[str]]:
    """Return how long the files are that a snapshot refers to, and those with bytes missing.

    All of a closed file belongs to it, of another one what is acknowledged.
    """
    files, missing = dict[str, Length](), list[str]()
    for name, acknowledged, closed in db.execute("select * from warc_files order by name"):
        size = size_of(folder / name)
        if (size or 0) < acknowledged or size is None:
            missing.append(name)
        if size is not None:
            end = size if closed else min(size, acknowledged)
            files[name] = Length(bytes=end, closed=bool(closed))
    return files, missing


def _copy_files(
    files: dict[str, Length], source: Path, target: Path, link: bool, progress: Progress
) -> int:
    """Copy what is missing in the backup; return the number of files.

    A file that is longer there stays: this one has lost its end.
    """
    target.mkdir(exist_ok=True)
    sizes = {name: size_of(target / name) for name in files}
    wanted = {
        name: each for name, each in files.items() if (size := sizes[name]) is None
        or size < each.bytes
    }  # fmt: skip
    total, done = sum(length.bytes for length in wanted.values()), 0
    for name, length in wanted.items():
        if not (link and length.closed and _linked(source / name, target / name)):
            _copy(source / name, target / name, length.bytes)
        done += length.bytes
        progress("bytes of WARC", done, total)
    sync_all(target, wanted)
    return len(wanted)


def _linked(source: Path, target: Path) -> bool:
    """Make a hard link; return whether both folders' disk allows one."""
    try:
        target.parent.mkdir(exist_ok=True)
        target.unlink(missing_ok=True)
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def _copy(source: Path, target: Path, end: int) -> None:
    """Copy a file up to `end`; half a copy never has its name."""
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as part:
        copy(source, part, end=end)


def copy_into(copy: sqlite3.Connection, root: Path) -> None:
    """Copy the archive's database into an empty one, all of one moment.

    Raises:
        NewerArchive, NotAnArchive: if `root` holds no archive that can be read.
    """
    copy.execute("pragma synchronous = off")  # synced once, by whoever keeps it
    with closing(open_for_reading(root)) as source:
        source.backup(copy)  # in one step, whatever a crawl commits meanwhile
    copy.execute("pragma journal_mode = delete")


def put_in_place(new: Path, target: Path) -> None:
    """Replace a database by a new one, without the log of the old."""
    sync(new)
    for tail in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + tail).unlink(missing_ok=True)
    new.replace(target)
    sync(target.parent)
