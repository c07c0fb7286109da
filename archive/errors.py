"""What can go wrong with an archive, and what to do when the disk or the database fails.

ArchiveError
├── NotAnArchive      the folder holds no archive that can be used
│   └── DamagedDatabase   its database is damaged or lost; its WARC files may be sound
├── OlderArchive      an earlier development version wrote it
├── NewerArchive      a newer Warraq wrote it
├── ArchiveLocked     another process is writing
├── StaleIndex        the search index was made by something else than this Warraq
└── DamagedWarc       a WARC file does not read as one
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ARCHIVE_FAULTS = (OSError, sqlite3.Error)  # the disk's, and the database's


class ArchiveError(Exception):
    """The archive cannot do what was asked; the message says where and what to do."""


class NotAnArchive(ArchiveError):  # noqa: N818 - reads as what it is
    """The folder holds no archive.db, or one that cannot be used; the message says why."""


class DamagedDatabase(NotAnArchive):
    """The archive's database does not read, or is lost while its WARC files are there."""


class OlderArchive(ArchiveError):  # noqa: N818
    """An earlier development version wrote the database; a rebuild makes it again."""


class NewerArchive(ArchiveError):  # noqa: N818
    """The database was written by a newer version of Warraq."""


class ArchiveLocked(ArchiveError):  # noqa: N818
    """Another process holds the archive's writing lock; the message says which."""


class StaleIndex(ArchiveError):  # noqa: N818
    """Another version of the analyser built the search index; the next writer rebuilds it."""


class DamagedWarc(ArchiveError):  # noqa: N818
    """A WARC file ends or breaks in the middle of a record that was acknowledged."""


_DAMAGED = (
    "it is damaged: restore it from a backup, or recreate it from the WARC files with"
    " `warraq rebuild --from-warc`"
)
_FULL = "the disk is full: free some space and run the same command again"
_REFUSED = (
    "writing needs write permission on the folder and its files, and reading needs it where a run"
    " was killed: let their owner run any command that writes"
)
_FORBIDDEN = "give this user read and write permission there, or use another folder"
_BUSY = "another program is using the database: end it, and try again"
_NO_MEMORY = "there is not enough memory: end other programs, and try again"
_BY_CODE = {  # SQLite's primary result codes, https://sqlite.org/rescode.html
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _REFUSED,
    sqlite3.SQLITE_PERM: _REFUSED,
    sqlite3.SQLITE_CANTOPEN: _REFUSED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_NOMEM: _NO_MEMORY,
    sqlite3.SQLITE_INTERRUPT: "it was stopped before its end: try again",
    sqlite3.SQLITE_IOERR: "the disk is full, over quota or failing: fix that, and try again",
}
_MACHINE = _BY_CODE.keys() - {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
    errno.EFBIG: "the file size limit is reached (ulimit -f)",
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: "that disk is mounted read-only",
    errno.EIO: "the disk is failing: copy what can be read from it",
    errno.ENOMEM: _NO_MEMORY,
}


def explain(error: BaseException, path: Path | str | None) -> str:
    """Return one line: what cannot be used (a file or folder), why, and what to do."""
    named = getattr(error, "filename", None) or path
    why = " ".join(str(getattr(error, "strerror", None) or error).split())[:300]  # or a schema
    remedy = _remedy(error)
    if remedy is None and isinstance(error, sqlite3.Error | UnicodeDecodeError):
        remedy = "it may be damaged: `warraq verify` says where, and what to do"
    return (f"{named}: " if named else "") + "; ".join(filter(None, (why, remedy)))


def unwritten(error: BaseException, root: Path) -> str:
    """Return the line on which a writer ends: nothing that was acknowledged is lost."""
    return (
        f"the archive cannot be written: {explain(error, root)}"
        " (what was acknowledged is safe; the rest is still due)"
    )


def is_of_the_machine(error: BaseException) -> bool:
    """Return whether the disk, the memory, a right or a stop is at fault, and not the database."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, OSError | MemoryError) or code in _MACHINE


@contextmanager
def passing_over_damage() -> Iterator[None]:
    """Leave off where the database is damaged; what is the machine's fault is raised."""
    try:
        yield
    except (DamagedDatabase, sqlite3.Error) as error:
        if is_of_the_machine(error):
            raise


def is_failure(error: Exception) -> bool:
    """Return whether the disk or the database failed, not the question that was put to it."""
    return _remedy(error) is not None


def _remedy(error: BaseException) -> str | None:
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0)
    if isinstance(error, MemoryError):
        return _NO_MEMORY
    return _BY_CODE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
