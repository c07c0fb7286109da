"""Whole answers to SQL, tables and searches, as CSV and JSON: every row, or a broken connection."""

import asyncio
import csv
import io
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from datasette import Forbidden, NotFound, Response
from datasette.renderer import convert_specific_columns_to_json
from datasette.utils import (
    CustomJSONEncoder,
    InvalidSql,
    derive_named_parameters,
    escape_sqlite,
    remove_infinites,
    tilde_decode,
    validate_sql_select,
)

from archive.database import uri
from archive.site import pools

_log = logging.getLogger(__name__)
T = TypeVar("T")

SECONDS = 60  # of a thread's, for a whole answer
_PATIENCE = 900  # seconds that the reader of a whole answer may take
_PIECE = 1 << 18  # characters that are sent at a time
_OPERATIONS = 1000  # of SQLite's machine between looks at the clock, as of Datasette's own


_TOO_LONG = f"the query took longer than it may ({SECONDS} seconds at most)"
_OLD = "a cut answer can be told from a whole one in HTTP/1.1 only (nginx: proxy_http_version 1.1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a database: SQL with its parameters, and the name of a canned query."""

    sql: str
    parameters: Any
    query: str | None = None
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How rows are written: what stands before, between and behind them, and each row itself."""

    media: str
    each: Callable[[tuple[Any, ...]], str]
    before: str = ""
    between: str = ""
    behind: str = ""


async def whole(datasette: Any, request: Any, send: Any) -> Any:
    """Give the whole answer to SQL as CSV or JSON, and a whole table as CSV.

    All else of the same addresses is Datasette's. An answer that cannot be given to its end is cut
    so that the client sees it: the connection breaks.
    """
    from datasette.views.database import DatabaseView  # which imports this package
    from datasette.views.table import TableView

    is_csv = request.url_vars["format"] == "csv"
    try:
        database = _database(datasette, request)
        asked = await _question(datasette, request, database)
        if asked is None:
            view = TableView if "table" in request.url_vars else DatabaseView
            return await view.as_view(datasette)(request, send)
        if request.scope.get("http_version") == "1.0":
            return _refused(_OLD, is_csv, 505)
        limit = request.args.get("_timelimit") or ""  # milliseconds
        seconds = min(SECONDS, int(limit[:9]) / 1000) if limit.isdecimal() else SECONDS
        with closing(_Answer(datasette, database, asked, seconds)) as answer:
            columns = await answer.step(answer.ask)
            if is_csv:
                form = _csv_form(columns, request)
            else:
                form = await _json_form(datasette, request, database.name, asked, columns)
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


async def download(
    datasette: Any, request: Any, send: Any, database: Any, asked: Question
) -> Response | None:
    """Send the whole answer to a question of ours as a file, CSV or JSON lines, as `whole` does."""
    if request.scope.get("http_version") == "1.0":
        return _refused(_OLD, is_csv=True, status=505)
    pools.kind.set("whole")
    with closing(_Answer(datasette, database, asked, SECONDS)) as answer:
        columns = await answer.step(answer.ask)
        is_csv = request.url_vars["format"] == "csv"
        form = _csv_form(columns, request) if is_csv else _lines_form(columns)
        await _stream(answer, form, request, send)
    return None


async def _question(datasette: Any, request: Any, database: Any) -> Question | None:
    """Return what is asked for; None where it is for Datasette to answer."""
    args, is_csv = request.args, request.url_vars["format"] == "csv"
    if (
        request.method != "GET"
        or not database.path
        or not (is_csv or args.get("_shape", "arrays") in _SHAPES)
    ):
        return None
    if "table" not in request.url_vars:
        sql = args.get("sql")
        return await _asked(datasette, request, database, {"sql": sql}) if sql else None
    name = tilde_decode(request.url_vars["table"])
    if canned := await datasette.get_canned_query(database.name, name, request.actor):
        return None if canned.get("write") else await _asked(datasette, request, database, canned)
    is_whole = args.get("_stream") or args.get("_size", "max") == "max"
    is_page = not is_csv or args.get("_next") or not is_whole
    return None if is_page else await _table(datasette, request)


async def _asked(datasette: Any, request: Any, database: Any, query: dict[str, Any]) -> Question:
    """Return a canned query, or one that was typed, with its parameters; if it may be asked."""
    from datasette.views.database import MagicParameters

    sql, name, actor = query["sql"], query.get("name"), request.actor
    near: list[Any] = [("view-database", database.name), "view-instance"]
    near = [("view-query", (database.name, name)), *near] if name else near
    visible, private = await datasette.check_visibility(actor, permissions=near)
    if not visible:
        raise Forbidden("You do not have permission to view this query")
    if not name:
        await datasette.ensure_permissions(actor, [("execute-sql", database.name)])
        validate_sql_select(sql)
    named = query.get("params") or await derive_named_parameters(database, sql)
    given = {key: request.args.get(key) for key in request.args if key not in {"sql", "_shape"}}
    given = {key: "" for key in named if not key.startswith("_")} | given
    parameters = MagicParameters(given, request, datasette) if name else given
    return Question(sql=sql, parameters=parameters, query=name, private=private)


async def _table(datasette: Any, request: Any) -> Question | None:
    """Return what Datasette asks for a table's first row, without its limit, and with labels."""
    from datasette.views.table import TableView

    query = f"{request.query_string}&_nocount=1&_nofacet=1".encode("latin-1")
    request.scope = request.scope | {"query_string": query}
    found = await TableView(datasette).data(request, _size="0")  # one row, and no next page
    if isinstance(found, Response):
        return None
    data = found[0]
    sql, labels = data["query"]["sql"].removesuffix(" limit 1"), dict[str, tuple[str, ...]]()
    for key, label in data["expandable_columns"]:
        if key["column"] in data["expanded_columns"] and label:
            labels[key["column"]] = (label, key["other_table"], key["other_column"])
    if labels:
        sql = f"select {', '.join(_columns(data['columns'], labels))} from ({sql}) as rows"  # noqa: S608
    return Question(sql=sql, parameters=data["query"]["params"])


def _columns(columns: list[str], labels: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield columns of `rows`, each with what the row that it names is called."""
    for column in columns:
        own = f"rows.{escape_sqlite(column)}"
        yield own
        if column in labels:
            label, table, key = map(escape_sqlite, labels[column])
            name = escape_sqlite(f"{column}_label")
            yield f"(select {label} from {table} where {key} = {own}) as {name}"  # noqa: S608


class _Answer:
    """The answer to a question: one cursor on a connection of its own, read piece by piece.

    Between pieces it holds no thread, however slowly its client reads.
    """

    def __init__(self, datasette: Any, database: Any, asked: Question, seconds: float) -> None:
        self._datasette, self._database, self._asked = datasette, database, asked
        self._left, self.cors = seconds, datasette.cors
        self._db: sqlite3.Connection | None = None

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

    async def step(self, do: Callable[[sqlite3.Connection], T]) -> T:
        """Let a thread of strangers do something, while there is time left for this answer."""
        executor = self._datasette.executor

        def timed() -> T:
            db, began = self._db or self._open(), time.perf_counter()
            end = began + self._left
            db.set_progress_handler(
                lambda: time.perf_counter() > end or getattr(executor, "closed", False), _OPERATIONS
            )
            try:
                return do(db)
            finally:
                self._left -= time.perf_counter() - began

        return await asyncio.get_running_loop().run_in_executor(executor, timed)

    def _open(self) -> sqlite3.Connection:
        address = uri(Path(self._database.path).resolve(), mode="ro")
        self._db = db = sqlite3.connect(address, uri=True, check_same_thread=False)
        self._datasette._prepare_connection(db, self._database.name)  # noqa: SLF001 - as itself does
        return db

    def close(self) -> None:
        """Give up the connection, in a thread that waits for what it does just now."""
        if self._db:
            with suppress(RuntimeError):  # the server ends, and this with it
                loop = asyncio.get_running_loop()
                loop.run_in_executor(self._datasette.executor, self._db.close)


async def _stream(answer: _Answer, form: _Form, request: Any, send: Any) -> None:
    """Send an answer piece by piece; where it breaks off, so does the connection."""
    piece = await answer.step(lambda _: answer.piece(form))
    gone = asyncio.ensure_future(_gone(request.receive))

    async def write(text: str, *, more: bool = True) -> None:
        await send({"type": "http.response.body", "body": text.encode(), "more_body": more})

    headers = [(b"content-type", form.media.encode())]
    if answer.cors:
        headers.append((b"access-control-allow-origin", b"*"))
    if _saved(request):
        name = request.url_vars.get("table") or request.url_vars.get("database", "warraq-search")
        saved = f'attachment; filename="{name}.{request.url_vars["format"]}"'
        headers.append((b"content-disposition", saved.encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        async with asyncio.timeout(_PATIENCE):
            await write(form.before)
            between = ""
            while piece is not None and not gone.done():
                await write(between + piece)
                between, piece = form.between, await answer.step(lambda _: answer.piece(form))
            if piece is None:
                await write(form.behind, more=False)
    except (
        sqlite3.Error,
        TimeoutError,
    ) as error:  # without an end, which lets the server break the connection
        _log.warning("%s was cut: %s", request.path, error)
    finally:
        gone.cancel()


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _csv_form(columns: list[str], request: Any) -> _Form:
    def each(row: tuple[Any, ...]) -> str:
        line = io.StringIO(newline="")
        csv.writer(line).writerow(row)
        return line.getvalue()

    before = "" if request.args.get("_header") == "off" else each(tuple(columns))
    media = "text/csv" if _saved(request) else "text/plain"  # as Datasette does
    return _Form(media=f"{media}; charset=utf-8", each=each, before=before)


def _saved(request: Any) -> bool:
    """Return whether an answer is a file to save, as one of ours always is."""
    return bool(request.args.get("_dl")) or "database" not in request.url_vars


def _lines_form(columns: list[str]) -> _Form:
    def each(row: tuple[Any, ...]) -> str:
        return json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n"

    return _Form(media="application/jsonl; charset=utf-8", each=each)


async def _json_form(
    datasette: Any, request: Any, database: str, asked: Question, columns: list[str]
) -> _Form:
    """Return the form of JSON, in the shape that is asked for, with all that Datasette says."""
    shape, lists = request.args.get("_shape", "arrays"), request.args.getlist("_json")

    def each(row: tuple[Any, ...]) -> str:
        values = convert_specific_columns_to_json([row], columns, lists)[0]
        if not request.args.get("_json_infinity"):
            values = remove_infinites(values)
        return json.dumps(_SHAPES[shape](columns, values), cls=CustomJSONEncoder)

    media = "application/json; charset=utf-8"
    if shape == "array" and request.args.get("_nl"):
        return _Form(media="text/plain", each=each, between="\n")
    if shape in {"array", "arrayfirst"}:
        return _Form(media=media, each=each, before="[", between=", ", behind="]")
    may = await datasette.permission_allowed(request.actor, "execute-sql", database, default=True)
    head = {"ok": True, "database": database, "query_name": asked.query}
    query = {"sql": asked.sql, "params": dict(asked.parameters)}
    tail = {"truncated": False, "columns": columns, "query": query, "error": None}
    tail |= {"private": asked.private, "allow_execute_sql": may}
    before, behind = f'{json.dumps(head)[:-1]}, "rows": [', f"], {json.dumps(tail)[1:]}"
    return _Form(media=media, each=each, before=before, between=", ", behind=behind)


def _as_object(columns: list[str], values: Any) -> dict[str, Any]:
    return dict(zip(columns, values, strict=True))


_SHAPES: dict[str, Callable[[list[str], Any], Any]] = {
    "arrays": lambda _, values: list(values),
    "arrayfirst": lambda _, values: values[0],
    "array": _as_object,
    "objects": _as_object,
}
