"""One writer at a time: a lock file that names its holder and dies with it."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from archive.clock import iso
from archive.errors import ArchiveError, ArchiveLocked, explain


@contextlib.contextmanager
def writing(root: Path, *, command: str, now: datetime) -> Iterator[None]:
    """Hold the archive's writing lock, with the holder's command, pid and start time in it.

    Raises:
        ArchiveError: if the folder cannot be written.
        ArchiveLocked: if another process holds it; its message names that process.
    """
    with _opened(root / "lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveLocked(_holder(root, file)) from None
        file.truncate(0)
        _name(root / "lock", file, {"command": command, "pid": os.getpid(), "since": iso(now)})
        try:
            yield
        finally:
            file.truncate(0)


@contextlib.contextmanager
def waiting(root: Path) -> Iterator[None]:
    """Show, while it lasts, that this process waits for the archive's lock."""
    with _folder(root) as folder:
        with contextlib.suppress(OSError):  # a file system that locks no folders
            fcntl.flock(folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


def is_awaited(root: Path) -> bool:
    """Return whether some process waits for the archive's lock."""
    with _folder(root) as folder:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


@contextlib.contextmanager
def _folder(root: Path) -> Iterator[int]:
    descriptor = os.open(root, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(root: Path) -> bool:
    """Return whether some process is writing into the archive now."""
    try:
        with (root / "lock").open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise ArchiveError(explain(error, path)) from error


def _name(path: Path, file: IO[str], holder: dict[str, object]) -> None:
    # Unbuffered: what a full disk refuses would be tried again when the file is closed.
    try:
        os.write(file.fileno(), json.dumps(holder).encode())
    except OSError as error:
        raise ArchiveError(explain(error, path)) from error


def _holder(root: Path, file: IO[str]) -> str:
    file.seek(0)
    try:
        holder = json.load(file)
        who = f"`warraq {holder['command']}` (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return f"{root}: {who} is writing"
