"""WARC files of another archive on their way into this one: each once, whole, under a run of ours.

A file is copied aside, its rows are committed, then it takes its place among the others; a kill
between the two is finished by the next writer (`files.settle`).
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archive.database import NAME, open_for_reading
from archive.errors import ArchiveError, NewerArchive, NotAnArchive
from archive.upkeep.gathering import in_order, run_of
from archive.warc.files import ASIDE, sync_folder
from archive.warc.reader import first_record

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file of the other archive that this one does not have, and the run that wrote it there."""

    path: Path
    run: int


def missing(root: Path, other: Path) -> tuple[list[Taken], int]:
    """Return the WARC files that only `other` has, in their order, and how many both have.

    A file is told by the id of its first record, whatever it is called. Files of runs that are
    still going on there are left for the next time.

    Raises:
        NotAnArchive: if `other` has no WARC files, or `root` and `other` are one.
    """
    folder = other / "warc"
    if root.resolve() == other.resolve():
        raise NotAnArchive(f"{other} is the archive itself; name another one")
    names = [path.name for path in folder.glob("*.warc.gz")] if folder.is_dir() else []
    if not names:
        raise NotAnArchive(f"{folder} holds no WARC files (*.warc.gz) to take in")
    here = {_first_id(path) for path in (root / "warc").glob("*.warc.gz")} - {None}
    running = _running(other)
    taken, known = [], 0
    for name in in_order(iter(names)):
        run, first = run_of(name), _first_id(folder / name)
        if first in here:
            known += 1
        elif run and first and run not in running:
            taken.append(Taken(path=folder / name, run=run))
    return taken, known


def refuse_newer(other: Path) -> None:
    """Refuse an archive that a newer Warraq wrote: its files tell what this one cannot read.

    Raises:
        NewerArchive: if that is so. A database that does not read is none of ours: files do.
    """
    try:
        open_for_reading(other).close()
    except NewerArchive:
        raise
    except ArchiveError:
        return


def _running(other: Path) -> set[int]:
    """Return the runs that write into the other archive, as far as its database tells."""
    if not (other / NAME).is_file():
        return set()
    try:
        with closing(open_for_reading(other)) as db:
            return {run for (run,) in db.execute("select id from runs where state = 'running'")}
    except ArchiveError:
        return set()


def _first_id(path: Path) -> str | None:
    """Return the id of a file's first record, its warcinfo record; None if that does not read."""
    record = first_record(path)
    return record.id if record else None


def copy_aside(root: Path, taken: Taken, *, run: int) -> str:
    """Copy a file beside the archive's own, named after its run here, and return that name."""
    stem, _, serial = taken.path.name.removesuffix(".warc.gz").rpartition("-")
    name = f"{stem.rpartition('-')[0]}-{run}-{serial}.warc.gz"
    folder = root / ASIDE
    folder.mkdir(exist_ok=True)
    with taken.path.open("rb") as source, (folder / name).open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 22)
        copy.flush()
        os.fsync(copy.fileno())
    sync_folder(folder)
    return name


def copy_publishers(root: Path, other: Path) -> list[str]:
    """Copy the publisher files that only the other archive has; return their slugs."""
    return list(_copied_publishers(root / "publishers", other / "publishers"))


def _copied_publishers(here: Path, there: Path) -> Iterator[str]:
    for path in sorted(there.glob("*.toml")):
        if not (here / path.name).exists():
            here.mkdir(exist_ok=True)
            shutil.copyfile(path, here / path.name)
            yield path.stem
