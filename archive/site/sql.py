"""SQL of strangers: threads of its own, bounds of time and memory, whole answers as CSV and JSON.

A page of ours waits for no question of a stranger: what may take long (`sql=`, canned queries,
tables with conditions or facets) is asked by a few threads that come last in the machine's turn.
"""

import asyncio
import base64
import csv
import io
import json
import logging
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from datasette import Forbidden, NotFound, Response
from datasette.renderer import convert_specific_columns_to_json
from datasette.utils import (
    CustomJSONEncoder,
    InvalidSql,
    derive_named_parameters,
    remove_infinites,
    tilde_decode,
    validate_sql_select,
)
from datasette.views.database import DatabaseView, MagicParameters
from datasette.views.table import TableView

from archive.database import uri

_log = logging.getLogger(__name__)
T = TypeVar("T")
App = Callable[..., Awaitable[None]]

THREADS = 2
MOST_WAITING = 16  # requests, those that are answered included
MEMORY = 256 << 20  # bytes that SQLite takes in this process, pages of its cache included
LONGEST = 8 << 20  # bytes of one value
LARGEST = 32 << 20  # bytes of an answer that is not streamed
SECONDS = 60  # of a thread's, for a whole answer
_LONGEST_PATTERN = 1000  # of LIKE and GLOB, which compare it in one step that no limit can end
_PIECE = 1 << 18  # characters that are sent at a time
_OPERATIONS = 10_000  # of SQLite's machine, about a millisecond, between looks at the clock
_NICENESS = 10
_MOST_LABELS = 10_000  # that are remembered

_is_strange = ContextVar("is_strange", default=False)
_thread = threading.local()

TOO_MUCH_MEMORY = "the query needs more memory than this server gives to SQL"
_TOO_LARGE = f"the answer is larger than {LARGEST >> 20} MB; as CSV or JSON of SQL it can be had"
_TOO_LONG = f"the query took longer than the {SECONDS} seconds that a whole answer may take"
_BUSY = "too many questions at once; try again in a few seconds"
_OLD = "a cut answer can be told from a whole one in HTTP/1.1 only (nginx: proxy_http_version 1.1)"


class Pools:
    """The threads of a Datasette, and a few more for what strangers ask; in place of its executor."""

    def __init__(self, own: Any):
        self._own = own
        self._strange = ThreadPoolExecutor(THREADS, "strangers", initializer=_begin_thread)
        self.closed = False

    def submit(self, question: Callable[..., T], *args: Any) -> "Future[T]":
        """Let a thread ask; which one, the request says that is being answered."""
        if _is_strange.get():
            return self._strange.submit(_bounded, question, *args)
        return self._own.submit(_patient, question, *args)  # type: ignore[no-any-return]

    def shutdown(self, **options: Any) -> None:
        """End all threads."""
        self.closed = True
        self._own.shutdown(**options)
        self._strange.shutdown(**options)


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
    """Bound the memory of SQLite, and what a connection of a stranger's thread may ask for."""
    connection.execute(f"pragma hard_heap_limit = {MEMORY}")
    if getattr(_thread, "strange", False):
        connection.execute("pragma temp_store = memory")  # which is bounded, a disk is not
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN)
        connection.row_factory = _counted


def _counted(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> sqlite3.Row:
    _thread.size += sum(len(value) for value in row if isinstance(value, str | bytes))
    if _thread.size > LARGEST:
        raise sqlite3.DataError(_TOO_LARGE)
    return sqlite3.Row(cursor, row)


@dataclass(slots=True)
class Gate:
    """Decides which requests are strangers' questions, and how many may wait at once."""

    datasette: Any
    waiting: int = 0
    tables: dict[str, frozenset[str]] = field(default_factory=dict)

    async def open(self) -> None:
        """Learn the tables of each database, and give strangers their threads."""
        for database in self.datasette.databases.values():
            self.tables[database.route] = frozenset(await database.table_names())
        if self.datasette.executor:
            self.datasette.executor = Pools(self.datasette.executor)

    def is_strange(self, scope: Any) -> bool:
        """Return whether a request may ask SQL that is a stranger's, or that takes long."""
        base = self.datasette.setting("base_url").rstrip("/")
        place, *rest = scope["path"].removeprefix(base).strip("/").split("/")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        name, _, ending = (rest[0] if rest else place).partition(".")
        tables = self.tables.get(tilde_decode(place.partition(".")[0]))
        if tables is None or len(rest) > 1:
            return False  # a page of ours, or of one row
        if not rest:
            return "sql" in dict(query)
        return bool(query) or ending == "csv" or tilde_decode(name) not in tables

    def __call__(self, app: App) -> App:
        """Wrap a site: strangers' questions go to their threads, and no more than a few wait."""

        async def served(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or not self.is_strange(scope):
                await app(scope, receive, send)
            elif self.waiting >= MOST_WAITING:
                await Response.text(_BUSY, 503, {"Retry-After": "5"}).asgi_send(send)
            else:
                self.waiting += 1
                token = _is_strange.set(True)
                try:
                    await app(scope, receive, send)
                finally:
                    _is_strange.reset(token)
                    self.waiting -= 1

        return served


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a database: SQL with its parameters, for which `labels` there are.

    Those are SQL by column: what to call the row of another table that a value names.
    """

    sql: str
    parameters: Any
    query: str | None = None  # the name of a canned one
    private: bool = False
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How rows are written: what stands before, between and behind them, and each row itself."""

    headers: list[tuple[bytes, bytes]]
    each: Callable[[tuple[Any, ...]], str]
    before: str = ""
    between: str = ""
    behind: str = ""


async def whole(datasette: Any, request: Any, send: Any) -> Any:
    """Give the whole answer to SQL as CSV or JSON, and a whole table as CSV.

    All else of the same addresses is Datasette's. An answer that cannot be given to its end is cut
    so that the client sees it: the connection breaks.
    """
    is_csv = request.url_vars["format"] == "csv"
    try:
        asked = request.method == "GET" and await _question(datasette, request, is_csv)
        if not asked or not (is_csv or request.args.get("_shape", "arrays") in _SHAPES):
            view = TableView if "table" in request.url_vars else DatabaseView
            return await view.as_view(datasette)(request, send)
        if request.scope.get("http_version") == "1.0":
            return _refused(_OLD, is_csv, 505)
        database = _database(datasette, request)
        answer = _Answer(datasette, database, asked, request)
        with closing(answer):
            columns = await answer.run(answer.ask)
            if is_csv:
                form = _csv_form(asked, columns, request, answer)
            else:
                about = await _about(datasette, request, database.name, asked, columns)
                form = _json_form(asked, columns, request, about)
            return await _stream(answer, form, request, send)
    except (sqlite3.Error, sqlite3.Warning, InvalidSql) as error:
        return _refused(_TOO_LONG if str(error) == "interrupted" else str(error), is_csv)


def _refused(why: str, is_csv: bool, status: int = 400) -> Response:
    error = {"ok": False, "error": why, "status": status, "title": "Invalid SQL"}
    return Response.text(why, status) if is_csv else Response.json(error, status)


def _database(datasette: Any, request: Any) -> Any:
    try:
        return datasette.get_database(route=tilde_decode(request.url_vars["database"]))
    except KeyError:
        raise NotFound("Database not found") from None


async def _question(datasette: Any, request: Any, is_csv: bool) -> Question | None:
    """Return what is asked for; None where it is for Datasette to answer."""
    database, sql = _database(datasette, request), request.args.get("sql")
    if "table" not in request.url_vars:
        return await _typed(datasette, request, database, sql) if sql else None
    name = tilde_decode(request.url_vars["table"])
    canned = await datasette.get_canned_query(database.name, name, request.actor)
    if canned:
        return None if canned.get("write") else await _canned(datasette, request, database, canned)
    pages = request.args.get("_next") or request.args.get("_size", "max") != "max"
    return None if pages or not is_csv else await _table(datasette, request, database, name)


async def _typed(datasette: Any, request: Any, database: Any, sql: str) -> Question:
    near = [("view-database", database.name), "view-instance"]
    await datasette.ensure_permissions(request.actor, near)
    await datasette.ensure_permissions(request.actor, [("execute-sql", database.name)])
    validate_sql_select(sql)
    named = await derive_named_parameters(database, sql)
    return Question(sql=sql, parameters=_parameters(request, named))


async def _canned(datasette: Any, request: Any, database: Any, canned: dict[str, Any]) -> Question:
    name, sql = canned["name"], canned["sql"]
    near = [("view-query", (database.name, name)), ("view-database", database.name)]
    visible, private = await datasette.check_visibility(
        request.actor, permissions=[*near, "view-instance"]
    )
    if not visible:
        raise Forbidden("You do not have permission to view this query")
    named = canned.get("params") or await derive_named_parameters(database, sql)
    magic = MagicParameters(_parameters(request, named), request, datasette)
    return Question(sql=sql, parameters=magic, query=name, private=private)


def _parameters(request: Any, named: Iterable[str]) -> dict[str, str]:
    """Return the values of a query's parameters; those that are not given are empty."""
    given = {name: request.args.get(name) for name in request.args if name != "sql"}
    return {name: "" for name in named if not name.startswith("_")} | given


async def _table(datasette: Any, request: Any, database: Any, table: str) -> Question | None:
    """Return what Datasette asks for the first row of a table, without its limit."""
    query = f"{request.query_string}&_nocount=1&_nofacet=1"
    request.scope = request.scope | {"query_string": query.encode("latin-1")}
    found = await TableView(datasette).data(request, _size=1)
    if isinstance(found, Response):
        return None
    labels = {}
    for key in await database.foreign_keys_for_table(table):
        label = await database.label_column_for_table(key["other_table"])
        if key["column"] in found[0]["expanded_columns"] and label:
            other = f"[{key['other_table']}] where [{key['other_column']}]"
            labels[key["column"]] = f"select [{label}] from {other} = ?"  # noqa: S608 - the schema's
    asked = found[0]["query"]
    return Question(
        sql=asked["sql"].removesuffix(" limit 2"), parameters=asked["params"], labels=labels
    )


class _Answer:
    """The answer to a question: one cursor on a connection of its own, read piece by piece.

    Between pieces it holds no thread, however slowly its client reads.
    """

    def __init__(self, datasette: Any, database: Any, asked: Question, request: Any):
        self._datasette, self._database, self._asked = datasette, database, asked
        limit = request.args.get("_timelimit") or ""
        self._left = min(SECONDS, int(limit) / 1000) if limit.isdecimal() else float(SECONDS)
        self._labels: dict[tuple[str, Any], Any] = {}
        self._db: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        address = uri(Path(self._database.path).resolve(), mode="ro")
        self._db = sqlite3.connect(address, uri=True, check_same_thread=False)
        self._datasette._prepare_connection(self._db, self._database.name)  # noqa: SLF001 - as it does
        return self._db

    def ask(self, db: sqlite3.Connection) -> list[str]:
        """Ask; return the names of the columns."""
        self._cursor = db.execute(self._asked.sql, self._asked.parameters)
        return [column[0] for column in self._cursor.description]

    def piece(self, form: _Form) -> str | None:
        """Return more rows as they are written, None behind the last one."""
        written, size = list[str](), 0
        while size < _PIECE and (row := self._cursor.fetchone()) is not None:
            written.append(form.each(tuple(row)))
            size += len(written[-1])
        return form.between.join(written) if written else None

    def label(self, column: str, value: Any) -> Any:
        """Return what the row of another table is called that a value names."""
        if (column, value) not in self._labels and self._db:
            if len(self._labels) > _MOST_LABELS:
                self._labels.clear()
            row = self._db.execute(self._asked.labels[column], (value,)).fetchone()
            self._labels[column, value] = row[0] if row else None
        return self._labels[column, value]

    async def run(self, step: Callable[[sqlite3.Connection], T]) -> T:
        """Let a thread of strangers take a step, while there is time left for this answer."""
        executor = self._datasette.executor

        def timed() -> T:
            db, began = self._db or self._open(), time.perf_counter()
            end = began + self._left
            db.set_progress_handler(
                lambda: time.perf_counter() > end or getattr(executor, "closed", False), _OPERATIONS
            )
            try:
                return step(db)
            finally:
                self._left -= time.perf_counter() - began

        return await asyncio.get_running_loop().run_in_executor(executor, timed)

    def close(self) -> None:
        """Give up the connection, in a thread that waits for what it does just now."""
        if self._db:
            with suppress(RuntimeError):  # the server ends, and this with it
                asyncio.get_running_loop().run_in_executor(self._datasette.executor, self._db.close)


async def _stream(answer: _Answer, form: _Form, request: Any, send: Any) -> None:
    """Send an answer piece by piece; where it breaks off, so does the connection."""
    piece = await answer.run(lambda _: answer.piece(form))
    gone = asyncio.ensure_future(_gone(request.receive))

    async def write(text: str, *, more: bool = True) -> None:
        await send({"type": "http.response.body", "body": text.encode(), "more_body": more})

    await send({"type": "http.response.start", "status": 200, "headers": form.headers})
    try:
        await write(form.before)
        between = ""
        while piece is not None and not gone.done():
            await write(between + piece)
            between, piece = form.between, await answer.run(lambda _: answer.piece(form))
        if piece is None:
            await write(form.behind, more=False)
    except sqlite3.Error as error:  # without an end, which lets the server break the connection
        _log.warning("%s was cut: %s", request.path, error)
    finally:
        gone.cancel()


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _csv_form(asked: Question, columns: list[str], request: Any, answer: _Answer) -> _Form:
    """Return the form of CSV: as Datasette's, with a column of labels where they are asked for.

    Bytes are in base64, as in JSON.
    """
    heads = [name for column in columns for name in (column, f"{column}_label")]
    heads = [
        name for name in heads if name in columns or name.removesuffix("_label") in asked.labels
    ]

    def each(row: tuple[Any, ...]) -> str:
        cells = list[Any]()
        for column, cell in zip(columns, row, strict=True):
            cells.append(base64.b64encode(cell).decode() if isinstance(cell, bytes) else cell)
            if column in asked.labels:
                cells.append(answer.label(column, cell))
        return _line(cells)

    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if request.args.get("_dl"):
        name = request.url_vars.get("table") or request.url_vars["database"]
        saved = f'attachment; filename="{name}.csv"'.encode()
        headers = [(b"content-type", b"text/csv; charset=utf-8"), (b"content-disposition", saved)]
    before = "" if request.args.get("_header") == "off" else _line(heads)
    return _Form(headers=headers, each=each, before=before)


def _line(cells: list[Any]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _json_form(asked: Question, columns: list[str], request: Any, about: tuple[Any, Any]) -> _Form:
    """Return the form of JSON, in the shape that is asked for, with all that Datasette says."""
    shape, lists = request.args.get("_shape", "arrays"), request.args.getlist("_json")

    def each(row: tuple[Any, ...]) -> str:
        values = convert_specific_columns_to_json([row], columns, lists)[0]
        if not request.args.get("_json_infinity"):
            values = remove_infinites(values)
        item = _SHAPES[shape](columns, values)
        return json.dumps(item, cls=CustomJSONEncoder)

    headers = [(b"content-type", b"application/json; charset=utf-8")]
    if shape == "array" and request.args.get("_nl"):
        return _Form(headers=[(b"content-type", b"text/plain")], each=each, between="\n")
    if shape in {"array", "arrayfirst"}:
        return _Form(headers=headers, each=each, before="[", between=", ", behind="]")
    begin, end = (json.dumps(part) for part in about)
    before, behind = f'{begin[:-1]}, "rows": [', f"], {end[1:]}"
    return _Form(headers=headers, each=each, before=before, between=", ", behind=behind)


async def _about(
    datasette: Any, request: Any, database: str, asked: Question, columns: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what Datasette's JSON says before and behind the rows."""
    may = await datasette.permission_allowed(request.actor, "execute-sql", database, default=True)
    before = {"ok": True, "database": database, "query_name": asked.query}
    query = {"sql": asked.sql, "params": dict(asked.parameters)}
    own = {"error": None, "private": asked.private, "allow_execute_sql": may}
    return before, {"truncated": False, "columns": columns, "query": query, **own}


_SHAPES: dict[str, Callable[[list[str], Any], Any]] = {
    "arrays": lambda _, values: values,
    "arrayfirst": lambda _, values: values[0],
    "array": lambda columns, values: dict(zip(columns, values, strict=True)),
    "objects": lambda columns, values: dict(zip(columns, values, strict=True)),
}
