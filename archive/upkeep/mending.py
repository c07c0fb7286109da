"""WARC files without their damage: what does not read is moved aside, the rest stays byte for byte.

A file that is damaged in the middle gets a mended form under a name of its own, so that at any
moment the rows are those of a file that is there. The damaged one goes into the folder `damaged`.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path

from archive.session import SOFTWARE
from archive.upkeep.survey import Member, Survey, survey
from archive.warc.files import sync_folder
from archive.warc.records import RUN_FIELD, info_record, metadata_record, pack, plain_bytes

FOLDER = "damaged"

_NAME = re.compile(r"((?:\d{4}-\d{2}/)?warraq-\d{8}-[a-z2-7]+-)(\d+)(\.warc\.gz)")


def is_ours(name: str) -> bool:
    """Return whether a file is named as those that runs write."""
    return _NAME.fullmatch(name) is not None


def mended_name(name: str) -> str:
    """Return the name of a file's mended form: the same run and number, with one zero more."""
    return _NAME.sub(r"\g<1>0\2\3", name)


def forms(names: Iterable[str]) -> Iterator[list[str]]:
    """Yield the forms of each file of ours, the latest last; files of others by themselves."""
    for _, found in groupby(sorted(names, key=_form), key=lambda name: _form(name)[:2]):
        yield list(found)


def latest(names: Iterable[str]) -> list[str]:
    """Return names without those of files of which there is a mended form."""
    return [found[-1] for found in forms(names)]


def _form(name: str) -> tuple[str, int, int]:
    ours = _NAME.fullmatch(name)
    return (ours[1], int(ours[2]), len(name)) if ours else (name, 0, 0)


def places(members: Iterable[Member], begin: int) -> dict[int, int]:
    """Return where records stand in a mended form, the first at `begin`, by where they stood."""
    found = {}
    for member in members:
        found[member.offset] = begin
        begin += member.length
    return found


def info_of(found: Survey, *, run: str, command: str, at: datetime) -> bytes:
    """Return the packed records that a mended form begins with, empty if it has its own."""
    if not found.members or found.members[0].type == "warcinfo":
        return b""
    fields = {"act": "run", "run": run, "command": command, "software": SOFTWARE}
    told = metadata_record(f"urn:x-warraq:run:{run}", fields, refers_to=None, now=at)
    told.rec_headers.add_header(RUN_FIELD, run)
    info = info_record(found.path.name, {"software": SOFTWARE}, now=at)
    return pack(plain_bytes(info)) + pack(plain_bytes(told))


def write_mended(found: Survey, head: bytes, kept: Path) -> int:
    """Write a file's mended form beside it, whole or not at all; return its length."""
    target = found.path.with_name(mended_name(found.path.name))
    aside = kept / f"{target.name}.part"
    with found.path.open("rb") as source, aside.open("wb") as file:
        file.write(head)
        for member in found.members:
            source.seek(member.offset)
            file.write(source.read(member.length))
        size = file.tell()
        file.flush()
        os.fsync(file.fileno())
    aside.replace(target)
    sync_folder(target.parent)
    return size


def bring_back(db: sqlite3.Connection, folder: Path, whole: str, mended: str) -> bool:
    """Let rows be of a whole file again instead of its mended form, if it has all of that.

    Returns whether it has. What it has beyond that has no rows yet.
    """
    old, new = survey(folder, whole), survey(folder, mended)
    places = {member.id: member.offset for member in old.members}
    told = [member for member in new.members if member.type != "warcinfo"]
    if old.lost or not all(member.id in places for member in told):
        return False
    moved = [(whole, places[one.id], mended, one.offset) for one in told]
    for table in ("captures", "renderings"):
        db.executemany(
            f"update {table} set warc_file = ?, warc_offset = ?"  # noqa: S608 - ours
            " where warc_file = ? and warc_offset = ?",
            moved,
        )
    db.execute(
        "update warc_files set name = ?, bytes = ? where name = ?",
        (whole, old.size, mended),
    )
    return True


def put_aside(path: Path, kept: Path) -> Path:
    """Move a file into the folder of damaged ones; return its place there."""
    target = _free(kept, path.name)
    path.rename(target)
    sync_folder(kept)
    sync_folder(path.parent)
    return target


def keep_tail(path: Path, start: int, kept: Path) -> Path:
    """Copy what stands from byte `start` into the folder of damaged files; return its place."""
    target = kept / f"{path.name}.from-{start}"
    with path.open("rb") as source, target.open("wb") as file:
        source.seek(start)
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(kept)
    return target


def cut(path: Path, end: int) -> None:
    """End a file there, and put that on the disk."""
    with path.open("r+b") as file:
        file.truncate(end)
        os.fsync(file.fileno())


def _free(folder: Path, name: str) -> Path:
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{name}.{number}"
    return target
