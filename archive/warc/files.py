"""The WARC files of an archive: their names, and how far each is acknowledged (invariant 1).

One file per writer and UTC day, in a folder per month; a further one where it reached its size. The
writer is a short random word of the archive's own, so that files of archives that are merged keep
their names.
"""

import base64
import json
import os
import re
import shutil
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from archive.rows import upsert, value, values

ASIDE = "merge"  # folder next to `warc` of files that a merge has copied and not put there yet
ROLL_BYTES = 1 << 30

_CHUNK = 1 << 22
_NAME = re.compile(r"\d{4}-\d{2}/warraq-(\d{8})-([a-z2-7]+)-(\d+)\.warc\.gz")
_SUFFIX = ".warc.gz"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Name:
    """What the name of a file of ours says: its day (20261129), its writer, and its number."""

    day: str
    writer: str
    serial: int

    @classmethod
    def parse(cls, name: str) -> "Name | None":
        """Read the name of a file in the folder of WARC files; None if it is not one of ours."""
        ours = _NAME.fullmatch(name)
        return cls(day=ours[1], writer=ours[2], serial=int(ours[3])) if ours else None

    def __str__(self) -> str:
        month = f"{self.day[:4]}-{self.day[4:6]}"
        return f"{month}/warraq-{self.day}-{self.writer}-{self.serial:03}{_SUFFIX}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How many bytes a file has, and whether nothing is appended to it any more."""

    bytes: int
    closed: bool = False


def present(folder: Path) -> list[str]:
    """Return the names of all WARC files in a folder and in its folders of months, sorted."""
    paths = (path for pattern in ("*", "*/*") for path in folder.glob(f"{pattern}{_SUFFIX}"))
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def entries(folder: Path) -> set[str]:
    """Return the names of all files in a folder of WARC files, whatever they are."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def kept_writer(db: sqlite3.Connection) -> str | None:
    """Return the word in the names of this archive's own files, if it is known."""
    return value(db, "select value from settings where name = 'writer'")


def writer_of(db: sqlite3.Connection, folder: Path) -> str:
    """Return the word under which files are written in `folder` from now on.

    It is kept in the database; one that was rebuilt learns it from the files, if all are of one
    writer. A copy of an archive that is written to itself gets a word of its own.
    """
    # Two signs of a folder, of which one lasts when it is moved or its disk is.
    home = [f"inode {folder.stat().st_ino}", f"{socket.gethostname()}:{folder.resolve()}"]
    word, known = kept_writer(db), value(db, "select value from settings where name = 'home'")
    if word and known and not set(home).isdisjoint(json.loads(known)):
        return word
    writers = {ours.writer for ours in map(Name.parse, present(folder)) if ours}
    if known or len(writers) != 1:
        word = base64.b32encode(os.urandom(4))[:6].decode().lower()
    else:
        word = writers.pop()
    keep_writer(db, word)
    upsert(db, "settings", {"name": "home", "value": json.dumps(home)}, key="name")
    return word


def keep_writer(db: sqlite3.Connection, word: str) -> None:
    """Save the word in the names of this archive's own files."""
    upsert(db, "settings", {"name": "writer", "value": word}, key="name")


def next_file(
    db: sqlite3.Connection, folder: Path, day: date, roll_bytes: int, *, writer: str
) -> tuple[str, int]:
    """Return (name, length) of the file that a writer appends to on a day; a new one has 0 bytes.

    That is the day's last one, if it is not closed, has room, and ends where it is acknowledged.
    """
    stamp = f"{day:%Y%m%d}"
    rows = dict(db.execute("select name, bytes * (1 - closed) from warc_files").fetchall())
    names = map(Name.parse, {*rows, *present(folder)})
    serials = [name.serial for name in names if name and (name.day, name.writer) == (stamp, writer)]
    last = Name(day=stamp, writer=writer, serial=max(serials, default=0))
    length = rows.get(str(last), 0)
    if 0 < length < roll_bytes and size_of(folder / str(last)) == length:
        return str(last), length
    return str(replace(last, serial=last.serial + 1)), 0


def acknowledge(db: sqlite3.Connection, lengths: Mapping[str, Length]) -> None:
    """Keep how long files (by name) are; their bytes are on the disk."""
    for name, length in lengths.items():
        row = {"name": name, "bytes": length.bytes, "closed": int(length.closed)}
        upsert(db, "warc_files", row, key="name")


def acknowledged(db: sqlite3.Connection, name: str) -> int:
    """Return how many bytes of a file are acknowledged, 0 if no row knows it."""
    return value(db, "select bytes from warc_files where name = ?", (name,)) or 0


def close_past(db: sqlite3.Connection, writer: str, *, today: date) -> None:
    """Close the files that a writer left open on other days."""
    db.execute(
        "update warc_files set closed = 1 where name glob ? and name not glob ?",
        (f"*-{writer}-*", f"*-{today:%Y%m%d}-*"),
    )


def is_of(name: str, writer: str | None) -> bool:
    """Return whether a file is one that a writer wrote."""
    ours = Name.parse(name)
    return ours is not None and ours.writer == writer


def unfinished(db: sqlite3.Connection, folder: Path, writer: str | None) -> list[str]:
    """Return the files of a writer that are there and may have more than is acknowledged."""
    closed = set(values(db, "select name from warc_files where closed"))
    return [name for name in present(folder) if is_of(name, writer) and name not in closed]


def close_earlier(db: sqlite3.Connection) -> None:
    """Close the files that another one of the same writer follows."""
    names = {name: Name.parse(name) for name in values(db, "select name from warc_files")}
    last = {ours.writer: ours for ours in sorted(filter(None, names.values()))}
    for name, ours in names.items():
        closed = ours is None or ours != last[ours.writer]
        db.execute("update warc_files set closed = ? where name = ?", (closed, name))


def settle(db: sqlite3.Connection, folder: Path) -> None:
    """Put copied files whose rows are committed in their place in `folder`; remove the others."""
    aside = folder.parent / ASIDE
    if not aside.is_dir():
        return
    for name in present(aside):
        if acknowledged(db, name) == size_of(aside / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).replace(folder / name)
    sync_all(folder, present(folder))
    shutil.rmtree(aside)


def sync_all(folder: Path, names: Iterable[str]) -> None:
    """Put the entries of a folder of WARC files on the disk, and those of its months."""
    for path in {folder, *((folder / name).parent for name in names)}:
        sync(path)


def sync(path: Path) -> None:
    """Put a file on the disk; of a folder its entries, so that a new file survives a power cut."""
    with opened(path) as descriptor:
        os.fsync(descriptor)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Give a descriptor of a file or folder to read from, closed afterwards."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def modes_of(folder: Path) -> Iterator[None]:
    """Let new files be for nobody for whom their folder is not, while it lasts."""
    before = os.umask(0o077)
    os.umask(before | (~folder.stat().st_mode & 0o077))
    try:
        yield
    finally:
        os.umask(before)


def copy(source: Path, target: Path, *, start: int = 0, end: int) -> None:
    """Copy the bytes of a file from `start` up to `end` to another, and put them on the disk."""
    with source.open("rb") as reading, target.open("wb") as writing:
        reading.seek(start)
        while piece := reading.read(min(_CHUNK, end - start - writing.tell())):
            writing.write(piece)
    sync(target)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a file that takes the place of another once it is complete, or goes."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def size_of(path: Path) -> int | None:
    """Return how many bytes a file has, None if it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
