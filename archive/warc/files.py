"""Rows of WARC files: how far each one is acknowledged (invariant 1)."""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

ASIDE = "merge"  # folder beside `warc` of files that a merge has copied and not put there yet


def acknowledge(db: sqlite3.Connection, lengths: Mapping[str, int], *, run: int) -> None:
    """Keep how long the files of a run (by name) are; their bytes are on the disk."""
    db.executemany(
        "insert into warc_files (name, run, bytes) values (?, ?, ?)"
        " on conflict (name) do update set bytes = excluded.bytes",
        [(name, run, length) for name, length in lengths.items()],
    )


def acknowledged(db: sqlite3.Connection, name: str) -> int:
    """Return how many bytes of a file are acknowledged, 0 if no row knows it."""
    row = db.execute("select bytes from warc_files where name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def settle(db: sqlite3.Connection, folder: Path) -> None:
    """Put copied files whose rows are committed in their place in `folder`; remove the others."""
    aside = folder.parent / ASIDE
    if not aside.is_dir():
        return
    for path in list(aside.iterdir()):
        if acknowledged(db, path.name):
            path.replace(folder / path.name)
        else:
            path.unlink()
    sync_folder(folder)
    aside.rmdir()


def sync_folder(folder: Path) -> None:
    """Put a folder's own entries on the disk, so that a new file survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
