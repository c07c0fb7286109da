"""An archive brought back from its backup: what is lost or damaged is taken from there.

What is newer than the backup is kept: WARC files that it does not know, and the ends of those that
grew since. A database from the backup does not know of them; `warraq repair` makes their rows.
Nothing is deleted: what is replaced moves to the folder `damaged`.
"""

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from archive import runs
from archive.clock import Clock, system
from archive.database import (
    NAME,
    PRIVATE,
    is_archive,
    open_for_reading,
    open_for_writing,
    uri,
    writing,
)
from archive.errors import ArchiveError, NotAnArchive, is_of_the_machine
from archive.maintenance.backup import MARK, earlier, is_incomplete, put_in_place, refuse_others
from archive.maintenance.salvage import FOLDER, put_aside, walk
from archive.maintenance.withhold import HELD, withhold
from archive.models import Progress, silent
from archive.recovery import recover
from archive.rows import value, values
from archive.search import register
from archive.session import WARC_FOLDER
from archive.warc.files import copy, replacing, size_of, sync

_YOURS = {"warraq.toml", "publishers", "lock", FOLDER, WARC_FOLDER}
_CHUNK = 1 << 20
_FILES = "select name, bytes from warc_files order by name"
_WITHHELD = "select distinct article from withheld"
_ARTICLES = "select id from articles"
_AGAIN = "withheld again after an earlier day was restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came from the backup: WARC files by name, the database; and what could not.

    `unsound` are files that are damaged in the backup as well. `withheld` is how many articles were
    withheld after the day that was gone back to, and are again.
    """

    files: tuple[str, ...]
    database: bool
    unsound: tuple[str, ...] = ()
    withheld: int = 0


def restore(
    backup: Path,
    root: Path,
    *,
    day: date | None = None,
    clock: Clock = system,
    progress: Progress = silent,
) -> Restored:
    """Bring the archive in `root` back from a backup; with a `day`, as it was at the end of that.

    Without one, only what `root` lacks or has damaged is taken. An earlier day goes into a new
    folder.

    Raises:
        ArchiveError: if the backup is not complete or lacks that day, or `root` is something else.
        ArchiveLocked: if somebody writes into `root`.
    """
    mark = _mark(backup)
    _refuse_other(backup, root, mark, is_new=day is not None)
    source = _databases(backup, mark, day)
    root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    with writing(root, command="restore", now=clock()):
        is_replaced = _is_older(root, source)
        if is_replaced:
            for name in (HELD, NAME):
                _replace(source / name, root / name, root)
        elif not (root / HELD).exists():
            _replace(source / HELD, root / HELD, root)
        with closing(_read(source / NAME)) as db:
            lengths = dict(db.execute(_FILES).fetchall())
        files, unsound = _put_back(backup, root, lengths, progress)
        with closing(open_for_writing(root)) as db:
            recover(db, root / WARC_FOLDER)  # of a run that was killed
        _put_back_settings(backup, root)
    withheld = _withhold_again(backup, root, clock) if day else 0
    return Restored(
        files=tuple(files), database=is_replaced, unsound=tuple(unsound), withheld=withheld
    )


def _mark(backup: Path) -> dict[str, Any]:
    if not (backup / MARK).is_file() or is_incomplete(backup):
        why = "broken off: run `warraq backup` again" if (backup / MARK).is_file() else "none"
        raise ArchiveError(f"{backup} is not a complete backup ({why})")
    return dict(json.loads((backup / MARK).read_text(encoding="utf-8")))


def _databases(backup: Path, mark: dict[str, Any], day: date | None) -> Path:
    """Return the folder of a backup with the databases that it had at the end of a day."""
    if day is None or str(mark.get("database"))[:10] <= f"{day}":
        return backup
    days = earlier(backup)
    if not (fitting := [folder for kept, folder in days.items() if kept <= day]):
        known = f"the first is {min(days)}" if days else "no earlier days were kept"
        raise ArchiveError(f"{backup} does not go back to {day}: {known}")
    return fitting[-1]


def _refuse_other(backup: Path, root: Path, mark: dict[str, Any], *, is_new: bool) -> None:
    """Keep an archive from being mixed with another one, or with an earlier state of itself."""
    if root.resolve().is_relative_to(backup.resolve()):
        raise ArchiveError(f"{root} is the backup itself, or inside it; name another folder")
    if not is_archive(root):
        refuse_others(root, _YOURS, "archive")
        return
    if is_new:
        raise ArchiveError(f"{root} is an archive; an earlier day goes into a new folder")
    own = None
    with suppress(NotAnArchive, sqlite3.DatabaseError), closing(open_for_reading(root)) as db:
        own = value(db, "select started_at from runs order by id limit 1")
    if own not in (None, mark.get("origin")):
        raise ArchiveError(f"{backup} is a backup of another archive than {root}")


def _is_older(root: Path, source: Path) -> bool:
    """Return whether an archive has no sound database, or one that is older than the backup's.

    Raises:
        NewerArchive, OlderArchive: if another version of Warraq wrote it.
    """
    try:
        with closing(open_for_reading(root)) as db, closing(_read(source / NAME)) as other:
            if value(db, "pragma quick_check(1)") != "ok":
                return True
            begun, last = runs.last_at(db), runs.last_at(other)
            return last is not None and (begun is None or begun < last)
    except (NotAnArchive, sqlite3.DatabaseError) as error:
        if is_of_the_machine(error):
            raise
        return True


def _read(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(uri(path, mode="ro"), uri=True)
    register(db)
    return db


def _replace(source: Path, target: Path, root: Path) -> None:
    """Put a copy of a database in place, if there is one; the one that was there is put aside."""
    if not source.exists():
        return
    part = target.with_name(f".{target.name}.part")
    copy(source, part, end=source.stat().st_size)
    for old in (target.with_name(f"{target.name}-wal"), target):
        if old.exists():
            put_aside(old, root / FOLDER)
    put_in_place(part, target)


def _put_back(
    backup: Path, root: Path, lengths: dict[str, int], progress: Progress
) -> tuple[list[str], list[str]]:
    """Take WARC files that are missing or not as in the backup from there, if they are sound there.

    `lengths` are those that the restored state knows. Return the files that came, and the others.
    """
    came, unsound, done = list[str](), list[str](), 0
    for name, length in lengths.items():
        ours, kept = root / WARC_FOLDER / name, backup / WARC_FOLDER / name
        if not _begins_like(ours, kept, length):
            if not _has_gap(kept, length):
                _take(kept, ours, length, root)
                came.append(name)
            elif _has_gap(ours, length):
                unsound.append(name)
        done += length
        progress("bytes of WARC", done, sum(lengths.values()))
    return came, unsound


def _put_back_settings(backup: Path, root: Path) -> None:
    for path in (*backup.glob("warraq.toml"), *backup.glob("publishers/*.toml")):
        if not (own := root / path.relative_to(backup)).exists():
            own.parent.mkdir(exist_ok=True)
            copy(path, own, end=path.stat().st_size)


def _begins_like(ours: Path, kept: Path, length: int) -> bool:
    """Return whether both files are there and the same up to a length."""
    if min(size_of(ours) or 0, size_of(kept) or 0) < length:
        return False
    with ours.open("rb") as one, kept.open("rb") as other:
        for start in range(0, length, _CHUNK):
            size = min(_CHUNK, length - start)
            if one.read(size) != other.read(size):
                return False
    return True


def _has_gap(path: Path, end: int) -> bool:
    """Return whether a file is shorter than that, or holds bytes before that are not a record."""
    if (size_of(path) or 0) < end:
        return True
    return any(isinstance(part, range) for part in walk(path, end=end, check=True))


def _take(kept: Path, ours: Path, length: int, root: Path) -> None:
    """Put the beginning of a file of the backup in place of ours, whose longer end stays."""
    ours.parent.mkdir(parents=True, exist_ok=True)
    with replacing(ours) as part:
        copy(kept, part, end=length)
        if (size_of(ours) or 0) > length:
            with ours.open("rb") as newer, part.open("ab") as file:
                newer.seek(length)
                shutil.copyfileobj(newer, file, _CHUNK)
            sync(part)
        if ours.exists():
            put_aside(ours, root / FOLDER)
    sync(ours.parent)


def _withhold_again(backup: Path, root: Path, clock: Clock) -> int:
    """Withhold what was withheld since the day that was gone back to; return how many articles."""
    with closing(_read(backup / NAME)) as last, closing(_read(root / NAME)) as db:
        later = {*values(last, _WITHHELD)} & {*values(db, _ARTICLES)}
    for article in sorted(later):
        withhold(root, str(article), reason=_AGAIN, clock=clock)
    return len(later)
