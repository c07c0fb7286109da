"""Threads of their own for the SQL of strangers, with bounds of memory.

A page of ours waits for no question of a stranger: what may take long (`sql=`, canned queries,
tables with conditions or facets) is asked by a few threads that come last in the machine's turn.
"""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

THREADS = 2  # for each of the
KINDS = ("table", "sql", "whole")  # a table by conditions, SQL, and answers to their last row
MEMORY = 256 << 20  # bytes that SQLite takes in this process, pages of its cache included
LONGEST = 2 << 20  # bytes of one value; FTS5 reads a MATCH in squared time, and never looks up
COLUMNS = 100  # of an answer; while Datasette writes its page, nobody else is answered
LARGEST = 32 << 20  # bytes of an answer that is not streamed
_LONGEST_PATTERN = 1000  # of what SQLite compares in one step that no limit can end
_NICENESS = 10

kind = ContextVar("kind", default="")  # of the request that is being answered, of `KINDS`
_thread = threading.local()

TOO_MUCH_MEMORY = "the query needs more memory than this server gives to SQL"
_TOO_LARGE = f"the answer is larger than {LARGEST >> 20} MB; as CSV or JSON of SQL it can be had"


class Pools:
    """In place of a Datasette's executor: its own threads, and a few for each of `KINDS`."""

    def __init__(self, own: Any) -> None:
        self._own = own
        self._strange = {
            each: ThreadPoolExecutor(THREADS, each, initializer=_begin_thread) for each in KINDS
        }
        self.closed = False

    def submit(self, question: Callable[..., T], *args: Any) -> "Future[T]":
        """Let a thread ask; which one, the request says that is being answered."""
        if kind.get():
            return self._strange[kind.get()].submit(_bounded, question, *args)
        return self._own.submit(_patient, question, *args)  # type: ignore[no-any-return]

    def shutdown(self, **options: Any) -> None:
        """End all threads."""
        self.closed = True
        for pool in (self._own, *self._strange.values()):
            pool.shutdown(**options)


def _begin_thread() -> None:
    _thread.strange = True
    if sys.platform == "linux":  # where threads have a niceness each
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _bounded(question: Callable[..., T], *args: Any) -> T:
    _thread.size = 0
    try:
        return question(*args)
    except MemoryError as error:
        raise sqlite3.OperationalError(TOO_MUCH_MEMORY) from error


def _patient(question: Callable[..., T], *args: Any) -> T:
    """Ask again where a stranger has all of SQLite's memory, which he loses at once."""
    for _ in range(20):
        with suppress(MemoryError):
            return question(*args)
        time.sleep(0.05)
    return question(*args)


def limit(connection: sqlite3.Connection) -> None:
    """Bound what a connection may take, if it is one of a stranger's thread.

    The memory is that of all connections of the process; what is bounded once stays so.
    """
    if getattr(_thread, "strange", False):
        connection.execute(f"pragma hard_heap_limit = {MEMORY}")
        connection.execute("pragma temp_store = memory")  # which is bounded, a disk is not
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN)
        connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, COLUMNS)
        connection.row_factory = _counted
        for name, (arguments, function) in _BOUNDED.items():
            connection.create_function(name, arguments, _short(function), deterministic=True)


def _short(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of SQL whose second argument is short: SQLite's own may take hours."""

    def answer(*given: Any) -> Any:
        if None in given:
            return None
        is_bytes = all(isinstance(value, bytes) for value in given)
        values = given if is_bytes else tuple(map(_text, given))
        if len(values[1]) > _LONGEST_PATTERN:
            return bytes(LONGEST + 1)  # of which SQLite says that it is too big
        return function(*values)

    return answer


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _replaced(text: Any, old: Any, new: Any) -> Any:
    if old and text.count(old) * len(new) > LONGEST:
        return bytes(LONGEST + 1)
    return text.replace(old, new) if old else text


# With time that grows with the product of two arguments, in SQLite.
_BOUNDED: dict[str, tuple[int, Callable[..., Any]]] = {
    "instr": (2, lambda text, part: text.find(part) + 1),
    "replace": (3, _replaced),
    "trim": (2, lambda text, letters: text.strip(letters)),
    "ltrim": (2, lambda text, letters: text.lstrip(letters)),
    "rtrim": (2, lambda text, letters: text.rstrip(letters)),
}


def _counted(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> sqlite3.Row:
    _thread.size += sum(len(value) for value in row if isinstance(value, str | bytes))
    if _thread.size > LARGEST:
        raise sqlite3.DataError(_TOO_LARGE)
    return sqlite3.Row(cursor, row)
