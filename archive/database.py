"""The database of an archive: its schema, opening it to write or to read, and the writer's lock.

schema.sql has the tables, descriptions.toml what Datasette says about them. There is one writer at
a time, under a lock that names its holder.
"""

import fcntl
import hashlib
import json
import logging
import os
import sqlite3
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from functools import cache, reduce
from importlib.resources import files
from logging import WARNING
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from archive import errors
from archive.clock import iso
from archive.rows import Parameters
from archive.search import register
from archive.search.arabic import TOKENIZE, fold_in_sql
from archive.search.index import index_is_current, rebuild_index
from archive.stories import MOMENT
from archive.warc.files import Name, modes_of, opened, present, size_of

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

logger = logging.getLogger(__name__)

NAME = "archive.db"
PRIVATE = 0o700  # mode of a new archive's folder, which its files follow
_SETTINGS = "journal_mode = wal", "synchronous = full", "foreign_keys = on", "cache_size = -16384"
T = TypeVar("T")


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


_COLUMNS = "id, publisher, published_on, url, title"
_FOLDING = [
    f", step{number} as (select {_COLUMNS}, {step} as folded, printed from step{number - 1})"  # noqa: S608 - ours
    for number, step in enumerate(fold_in_sql(), 1)
]
_PLACES = {
    "{tokenize}": TOKENIZE,
    "{moment}": MOMENT,
    "{folding}": "".join(_FOLDING),
    "{steps}": str(len(_FOLDING)),
}
SCHEMA = reduce(lambda sql, place: sql.replace(*place), _PLACES.items(), _text("schema.sql"))
FIRST = f"m001_schema_{hashlib.sha256(SCHEMA.encode()).hexdigest()[:8]}"
"""Name of the first migration; an archive without it was made by an earlier development version."""


@cache
def migrations() -> "Migrations":
    """Return what makes the tables of an archive.

    Its library is imported here alone: with it comes pandas where that is installed, which no
    process needs that only reads pages.
    """
    from sqlite_utils import Migrations

    steps = Migrations("warraq")

    @steps(name=FIRST)
    def m001_schema(db: "Database") -> None:
        """Create the tables, the search index and the stories, each kept up to date by triggers."""
        register(db.conn)
        run_script(db.conn, SCHEMA)
        rebuild_index(db.conn)

    return steps


def as_library(db: sqlite3.Connection) -> "Database":
    """Return a connection as the library of the migrations has it."""
    from sqlite_utils import Database

    return Database(db)


def run_script(db: sqlite3.Connection, sql: str, parameters: Parameters = ()) -> None:
    """Execute the statements of a script one by one, so that all stay in the one transaction."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement, parameters)
            statement = ""


def fault_of_sqlite() -> str:
    """Return why the SQLite of this Python does not make the tables; empty if it does."""
    with closing(sqlite3.connect(":memory:")) as db:
        try:
            register(db)
            run_script(db, SCHEMA)
        except sqlite3.Error as error:
            return f"SQLite {sqlite3.sqlite_version} does not make the tables: {error}"
    return ""


@cache
def _descriptions() -> str:
    return json.dumps(tomllib.loads(_text("descriptions.toml")))


def database_metadata() -> dict[str, Any]:
    """Return Datasette's metadata for one archive: title, description, tables and columns.

    A new dictionary each time, for Datasette merges other sources into what it is given.
    """
    return dict(json.loads(_descriptions()))


def ready_queries(say: Callable[[Sequence[str]], str] = " · ".join) -> dict[str, dict[str, str]]:
    """Return the questions of archive/site/queries.toml, by name, as Datasette's canned queries.

    `say` makes one text of two, Arabic and English.
    """
    asked = tomllib.loads((files("archive.site") / "queries.toml").read_text(encoding="utf-8"))
    return {
        name: {
            "title": say(query["title"]),
            "description": say(query["sentence"]),
            "sql": query["sql"].strip(),
        }
        for name, query in asked.items()
    }


def open_for_writing(root: Path) -> sqlite3.Connection:
    """Open (or make) the database of the archive in `root` and bring its tables up to date.

    Every commit is on the disk when it returns (WAL with `synchronous=full`).

    Raises:
        NewerArchive, OlderArchive: if another version of Warraq wrote it.
        NotAnArchive: if the file is no SQLite database, cannot be written, or was lost while
            the WARC files of its rows are still there.
    """
    _refuse_lost(root)
    with _connected(root, mode="rwc") as db:
        _refuse_other_versions(db, root)
        for setting in _SETTINGS:
            db.execute(f"pragma {setting}")
        migrations().apply(as_library(db))
        if not index_is_current(db):
            logger.warning("%s: rebuilding the search index; this takes a while", root / NAME)
            rebuild_index(db)
    return db


@contextmanager
def transaction(
    db: sqlite3.Connection, commit: Callable[[], object] | None = None
) -> Iterator[None]:
    """Commit what is done within, or nothing of it; `commit` commits, where more is to be done."""
    if not db.in_transaction:
        db.execute("begin immediate")
    try:
        yield
        (commit or db.commit)()
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def is_finished(path: Path) -> bool:
    """Return whether nobody may write next to the database at `path`, or its disk is read-only."""
    folder = path.parent
    return not folder.stat().st_mode & 0o222 or bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def is_frozen(path: Path) -> bool:
    """Return whether this user may not write next to the database, and it has no log left.

    SQLite opens a WAL database there only as immutable (https://sqlite.org/wal.html#readonly),
    which reads nonsense once it does change: see `state_of`.
    """
    own = os.access in os.supports_effective_ids
    shut = is_finished(path) or not os.access(path.parent, os.W_OK, effective_ids=own)
    return shut and not size_of(_log(path))


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def state_of(path: Path) -> list[int]:
    """Return what is other once somebody has written into the database at `path`.

    Inode, size and time of its file, and of its log if there is anything in it: SQLite's own change
    counter does not count in WAL mode (https://sqlite.org/fileformat2.html#file_change_counter).
    """
    files = [each.stat() for each in (path, _log(path)) if size_of(each)]
    return [number for each in files for number in (each.st_ino, each.st_size, each.st_mtime_ns)]


class _Frozen(sqlite3.Connection):
    """A connection that cannot notice a writer; when it is closed it says if there was one."""

    path: Path
    state: Sequence[int] = ()

    def close(self) -> None:
        super().close()
        state, self.state = self.state, ()
        if state and state != state_of(self.path):
            raise errors.ArchiveError(f"{self.path} changed while it was read: try again")


def uri(path: Path, *, mode: str) -> str:
    """Return the URI by which SQLite opens the database at `path`: `ro`, or `rwc` for writing."""
    frozen = "&immutable=1" if mode == "ro" and is_frozen(path) else ""
    return f"{path.absolute().as_uri()}?mode={mode}{frozen}"


def spill_into(folder: Path, db: sqlite3.Connection) -> None:
    """Let what large statements put aside go to files in a folder, which must have room for it."""
    place = str(folder.absolute()).replace("'", "''")
    db.execute("pragma temp_store = file")
    db.execute(f"pragma temp_store_directory = '{place}'")


def open_for_reading(root: Path) -> sqlite3.Connection:
    """Open the archive in `root` read-only; works while a crawl writes.

    Raises:
        NewerArchive, OlderArchive: if another version of Warraq wrote it.
        NotAnArchive: if there is no archive in `root`.
    """
    require(root)
    with _connected(root, mode="ro") as db:
        _refuse_other_versions(db, root)
        if migrations().pending(as_library(db)):
            _refuse_lost(root)
            raise errors.NotAnArchive(
                f"{root / NAME} is not an archive yet, or an older Warraq wrote it;"
                " any command that writes brings it up to date"
            )
    return db


def is_archive(folder: Path) -> bool:
    """Return whether a folder is an archive's, even if it has lost its database."""
    files = present(folder / "warc")
    return (folder / NAME).is_file() or any(map(Name.parse, files))


def require(root: Path) -> None:
    """Raise NotAnArchive where there is no database in `root`."""
    if not (root / NAME).is_file():
        _refuse_lost(root)
        why = f"no {NAME}" if root.is_dir() else "the folder does not exist"
        raise errors.NotAnArchive(
            f"{root} holds no archive ({why}); name the folder of one with --archive, or"
            f" `warraq crawl SLUG --archive {root}` creates one"
        )


def _refuse_lost(root: Path) -> None:
    """Refuse to begin a new database next to WARC files: the one that knew them is gone.

    A first run commits its tables before it writes a record.
    """
    if size_of(root / NAME) or size_of(root / f"{NAME}-wal"):
        return
    if files := len(present(root / "warc")):
        lost = "is empty" if (root / NAME).exists() else "is missing"
        raise errors.DamagedDatabase(
            f"{root / NAME} {lost}, but {files} WARC files of the archive are there;"
            " restore it from a backup, or recreate it with `warraq rebuild --from-warc`"
        )


@contextmanager
def _connected(root: Path, *, mode: str) -> Iterator[sqlite3.Connection]:
    """Give a connection that is closed again if what follows fails."""
    path = root / NAME
    with ExitStack() as opening:
        try:
            db = _connect(path, mode)
            opening.callback(db.close)
            db.execute("pragma temp_store = memory")  # whether or not the temporary folder is full
            register(db)
            yield db
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter: in the schema
            kind = (
                errors.NotAnArchive if errors.is_of_the_machine(error) else errors.DamagedDatabase
            )
            raise kind(errors.explain(error, path)) from error
        opening.pop_all()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = uri(path, mode=mode)
    if "immutable" not in address.rpartition("?")[2]:
        return sqlite3.connect(address, uri=True, isolation_level=None)
    state = state_of(path)
    db = sqlite3.connect(address, uri=True, isolation_level=None, factory=_Frozen)
    db.path, db.state = path, state
    return db


def _refuse_other_versions(db: sqlite3.Connection, root: Path) -> None:
    """Refuse tables that an earlier development version or a newer Warraq made."""
    applied = [migration.name for migration in migrations().applied(as_library(db))]
    if applied and FIRST not in applied:
        raise errors.OlderArchive(
            f"{root / NAME} has the tables of an earlier development version;"
            " run `warraq rebuild --from-warc` to make them again from the WARC files"
        )
    with closing(sqlite3.connect(":memory:")) as empty:
        known = {migration.name for migration in migrations().pending(as_library(empty))}
    if unknown := [name for name in applied if name not in known]:
        raise errors.NewerArchive(
            f"{root / NAME} was written by a newer Warraq (it has {', '.join(unknown)});"
            " update with `pip install --upgrade warraq`"
        )


def ask(
    root: Path, question: Callable[[sqlite3.Connection], T], *, otherwise: T, level: int = WARNING
) -> T:
    """Return what the archive in `root` answers, or `otherwise` where there is none to ask.

    Nor is there while it is being made or brought up to date; that is logged at a `level`.
    """
    if not (root / NAME).is_file():
        return otherwise
    try:
        with closing(open_for_reading(root)) as db:
            return question(db)
    except (sqlite3.Error, errors.NotAnArchive) as error:
        logger.log(level, "%s cannot be read just now: %s", root, error)
        return otherwise


@contextmanager
def writing(root: Path, *, command: str, now: datetime) -> Iterator[None]:
    """Hold the archive's writing lock, with the holder's command, pid and start time in it.

    Raises:
        ArchiveError: if the folder cannot be written.
        ArchiveLocked: if another process holds it; its message names that process.
    """
    path, holder = root / "lock", {"command": command, "pid": os.getpid(), "since": iso(now)}
    with ExitStack() as held:
        try:
            held.enter_context(modes_of(root))
            # Unbuffered: what a full disk refuses would be tried again at the end.
            file = held.enter_context(path.open("a+b", buffering=0))
            if not _locks(file, fcntl.LOCK_EX):
                who = _holder(root, file)
                raise errors.ArchiveLocked(f"{who}; wait for it to end, or stop it, and try again")
            file.truncate(0)
            file.write(json.dumps(holder).encode())
        except OSError as error:
            raise errors.ArchiveError(errors.explain(error, path)) from error
        held.callback(file.truncate, 0)
        yield


@contextmanager
def waiting(root: Path) -> Iterator[None]:
    """Show, while it lasts, that this process waits for the archive's lock."""
    with ExitStack() as shown:
        with suppress(OSError):  # no folder yet, or a file system that locks none
            _locks(shown.enter_context(opened(root)), fcntl.LOCK_SH)
        yield


def is_awaited(root: Path) -> bool:
    """Return whether some process waits for the archive's lock."""
    with suppress(OSError), opened(root) as folder:
        return not _locks(folder, fcntl.LOCK_EX)
    return False


def held_by(root: Path) -> str | None:
    """Return who is writing into the archive now, as a sentence; None if nobody is."""
    with suppress(OSError), (root / "lock").open("rb") as file:
        return None if _locks(file, fcntl.LOCK_SH) else _holder(root, file)
    return None


def _locks(file: IO[bytes] | int, kind: int) -> bool:
    """Lock a file or folder until it is closed; return whether no other process holds it."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(root: Path, file: IO[bytes]) -> str:
    file.seek(0)
    try:
        holder = json.load(file)
        who = f"`warraq {holder['command']}` (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return f"{root}: {who} is writing"


@contextmanager
def existing(root: Path, *, command: str, now: datetime) -> Iterator[sqlite3.Connection]:
    """Give the archive in `root`, brought up to date; none is made where there is none.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be used.
        ArchiveLocked: if another process is writing.
    """
    require(root)
    with writing(root, command=command, now=now), closing(open_for_writing(root)) as db:
        yield db
