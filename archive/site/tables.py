"""Datasette's own pages of tables: which are archives, names, columns, search box, labels."""

import csv
import io
import itertools
import re
import sqlite3
import time
import tomllib
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import await_me_maybe, tilde_decode
from datasette.views.base import DatasetteError
from markupsafe import Markup

from archive.database import state_of, uri
from archive.errors import StaleIndex
from archive.maintenance.export import FORMULA
from archive.rows import value, values
from archive.search import refuse_stale
from archive.search.query import parse
from archive.search.ranking import Condition, conditions
from archive.site.language import ARABIC, either, interface

_TELLING_TABLES = frozenset({"articles", "captures", "revisions"})
_known: set[str] = set()  # hooks ask many times per page, and an archive stays one


def is_archive(path: str) -> bool:
    """Return whether the SQLite file at `path` can be read and holds the tables of an archive."""
    if path not in _known:
        address = uri(Path(path).resolve(), mode="ro")
        with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as db:
            tables = values(db, "select name from sqlite_master where type = 'table'")
            if _TELLING_TABLES.issubset(tables):
                _known.add(path)
    return path in _known


def archive_names(datasette: Any) -> list[str]:
    """Return the names under which this Datasette serves archives, in its own order."""
    return [
        name
        for name, database in datasette.databases.items()
        if database.path and is_archive(str(database.path))
    ]


_NAMES = tomllib.loads(files(__package__).joinpath("names.toml").read_text(encoding="utf-8"))
_LONGEST = 200  # characters of a cell


def table_name(name: str) -> str:
    """Return what people call a table; nothing where it has no name but that for SQL."""
    return either(_NAMES["tables"].get(name, ("", "")))


def column_name(name: str) -> str:
    """Return what people call a column; nothing where it has no name but that for SQL."""
    return either(_NAMES["columns"].get(name, ("", "")))


def about(table: str, description: str | None) -> str | None:
    """Return what a table holds: in Arabic where that is known, else its English description."""
    *_, arabic = _NAMES["tables"].get(table, (None,))
    return arabic if arabic and interface() is ARABIC else description


def shown(table: str) -> list[str]:
    """Return the columns that a page of a table shows unless others are asked for; [] for all."""
    return list(_NAMES["shown"].get(table, ()))


def in_order(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tables or views in the order in which a reader meets them; the unknown last."""
    order = list(_NAMES["tables"])
    return sorted(
        tables, key=lambda each: order.index(each["name"]) if each["name"] in order else len(order)
    )


# What the templates call them.
NAMES: dict[str, Callable[..., Any]] = {
    "table": table_name,
    "column": column_name,
    "about": about,
    "shown": shown,
    "in_order": in_order,
}


def table_page(datasette: Any) -> Callable[..., Awaitable[Any]]:
    """Return Datasette's page of a table, with few columns unless others are asked for.

    `?_columns=all` asks for all of them, `?_col=` for one.
    """
    from datasette.views.table import TableView  # which imports the plugins first

    class FewColumns(TableView):  # type: ignore[misc]
        async def columns_to_select(self, columns: Any, pks: Any, request: Any) -> list[str]:
            allowed: list[str] = await super().columns_to_select(columns, pks, request)
            few = shown(tilde_decode(request.url_vars["table"]))
            if not few or "_col" in request.args or request.args.get("_columns") == "all":
                return allowed
            return [*pks, *(each for each in few if each in allowed and each not in pks)]

    view: Callable[..., Awaitable[Any]] = FewColumns.as_view(datasette)
    return view


def cut(value: str) -> str:
    """Return the text of a cell, its beginning alone where it is long."""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


_ASKED = "escape_fts(:search)"
_FEW = 3000  # articles that are quicker looked up one by one than passed by in an index
_OFTEN = "select count(*) from (select 1 from article_stems where article_stems match ? limit ?)"


def understood(found: Any, archive: Any, typed: str) -> Callable[[], Awaitable[Any]]:
    """Wrap what a filter hook gave: if it is Datasette's own search, it takes all of `typed`.

    Datasette asks the index with `escape_fts(:search)`, which takes the words, phrases, signs and
    columns of a query; publishers and days are conditions on the article, added here. An empty box
    restricts nothing, one with nothing but punctuation finds nothing. An index of another version
    is not asked: the page says so.
    """
    query = parse(typed)

    def more(db: sqlite3.Connection) -> tuple[Condition, bool]:
        refuse_stale(db)
        words = query.expression(every=True) if query.worded else '""'
        often = value(db, _OFTEN, (words, _FEW)) == _FEW
        return conditions(db, query, "articles.id"), often

    async def arguments() -> Any:
        filters = await await_me_maybe(found)
        if not (filters and "search" in filters.params and _ASKED in filters.where_clauses[0]):
            return filters
        if not query.worded and not (query.empty and typed.strip()):
            filters.where_clauses.clear()
        if not query.empty:
            try:
                (sql, values), often = await archive.execute_fn(more)
            except StaleIndex as error:
                raise DatasetteError(str(error), title="Search", status=503) from error
            if often and filters.where_clauses:  # then newest first through an index is quicker
                filters.where_clauses[0] = f"+{filters.where_clauses[0]}"
            numbers = itertools.count()
            filters.where_clauses.append(re.sub(r"\?", lambda _: f":warraq_{next(numbers)}", sql))
            filters.params |= {f"warraq_{n}": value for n, value in enumerate(values)}
        return filters

    return arguments


FACETS = 200  # milliseconds of the clock for all facets of a page
_MOST_FACETS = 500  # that are remembered
_counted_facets: dict[tuple[Any, ...], Any] = {}  # by database, its state, and what was asked


class _Thrifty:
    """A Datasette for the facets of one page: counts what is known already no second time.

    Nor does it count any more once all facets together took `FACETS` milliseconds; the page says
    which ones were not counted.
    """

    def __init__(self, datasette: Any) -> None:
        self._datasette, self._end = datasette, time.perf_counter() + FACETS / 1000

    def __getattr__(self, name: str) -> Any:
        return getattr(self._datasette, name)

    async def execute(self, name: str, sql: str, parameters: Any = None, **options: Any) -> Any:
        """Ask as Datasette does; what it gives a time, for as long as there is any."""
        if "custom_time_limit" not in options:
            return await self._datasette.execute(name, sql, parameters, **options)
        path = self._datasette.get_database(name).path
        state = state_of(Path(path)) if path else time.time()
        key = (name, str(state), sql, str(parameters), options.get("truncate"))
        if key not in _counted_facets:
            left = int(1000 * (self._end - time.perf_counter()))
            if left <= 0:
                raise QueryInterrupted(None, sql, parameters)
            limit = min(left, options.pop("custom_time_limit"))
            found = await self._datasette.execute(
                name, sql, parameters, custom_time_limit=limit, **options
            )
            if len(_counted_facets) > _MOST_FACETS:
                _counted_facets.clear()
            _counted_facets[key] = found
        return _counted_facets[key]


def thrifty(facet: Any) -> Any:
    """Return a class of facets that asks a `_Thrifty` Datasette, one for all facets of a page."""

    class Thrifty(facet):  # type: ignore[misc]
        def __init__(self, datasette: Any, request: Any, *args: Any, **named: Any) -> None:
            own = request.scope.setdefault("warraq_facets", _Thrifty(datasette))
            super().__init__(own, request, *args, **named)

        async def facet_results(self) -> tuple[list[dict[str, Any]], list[str]]:
            counted, late = await super().facet_results()
            if self.request.path.endswith(".json"):  # where Datasette leaves out these in silence
                own = {"type": self.type, "results": [], "truncated": True, "timed_out": True}
                counted += [{"name": name, **own} for name in late]
            return counted, late

    return Thrifty


def with_kept_counts(database: Any) -> Callable[..., Awaitable[dict[str, int | None]]]:
    """Return how to count the rows of an archive's tables once, until something is written."""
    kept: dict[str, dict[str, int | None]] = {}

    async def table_counts(limit: int = 10) -> dict[str, int | None]:
        state = str(state_of(Path(database.path)))
        if state not in kept:
            counts: dict[str, int | None] = dict.fromkeys(await database.table_names())
            for name in counts.keys() - set(await database.hidden_table_names()):
                with suppress(QueryInterrupted, sqlite3.Error):
                    sql = f"select count(*) from [{name}]"  # noqa: S608 - a table's own name
                    found = await database.execute(sql, custom_time_limit=20 * limit)
                    counts[name] = found.rows[0][0]
            kept.clear()
            kept[state] = counts
        return dict(kept[state])

    return table_counts


_NUMBER = re.compile(r"-?[\d.]+")
csv.field_size_limit(2**31 - 1)  # a text is one field


def _harmless(cell: str) -> str:
    """Return a cell with an apostrophe before what a spreadsheet takes for a formula."""
    is_formula = cell.startswith(FORMULA) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell


def _without_formulas(rows: str) -> str:
    """Return whole rows of CSV as they are, but for formulas."""
    written = io.StringIO(newline="")
    read = csv.reader(io.StringIO(rows, newline=""))
    csv.writer(written).writerows(map(_harmless, row) for row in read)
    return written.getvalue()


def with_excel(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap a site: with `_excel=1`, CSV has a byte order mark, and no formulas.

    That of a search always does. Rows are sent whole.
    """

    async def served(scope: Any, receive: Any, send: Any) -> None:
        begun = is_csv = False

        async def sent(message: Any) -> None:
            nonlocal begun, is_csv
            if message["type"] == "http.response.start":
                types = [value for name, value in message["headers"] if name == b"content-type"]
                is_csv = not any(b"html" in value for value in types)
            elif is_csv and message.get("body"):
                mark = "" if begun else "\N{ZERO WIDTH NO-BREAK SPACE}"
                begun, rows = True, _without_formulas(message["body"].decode())
                message = message | {"body": f"{mark}{rows}".encode()}
            await send(message)

        asked = scope["type"] == "http" and scope["path"].endswith(".csv")
        excel = b"_excel=1" in scope.get("query_string", b"").split(b"&")
        excel = asked and (excel or scope["path"].endswith("/search.csv"))
        await app(scope, receive, sent if excel else send)

    return served


# The columns that name a row of another table, in whatever table they stand.
TABLES = {
    "article": "articles",
    "author": "authors",
    "capture": "captures",
    "first_article": "articles",
    "first_publisher": "publishers",
    "listing": "visits",
    "publisher": "publishers",
    "run": "runs",
    "story": "stories",
    "tag": "tags",
    "visit": "visits",
}


_labels: dict[tuple[Any, ...], Markup | None] = {}  # by what is asked, of which state, and when
_MOST_LABELS = 5000  # that are remembered
_LABEL_LIVES = 5  # seconds at most


async def labelled(datasette: Any, database: str, column: str, value: int | str) -> Markup | None:
    """Return a link to the row that a foreign key names, by its label; None where there is none.

    Nor is there one where not everybody may see the other table. A page has many cells that name
    the same row, so a label is remembered for some seconds.
    """
    state = str(state_of(Path(datasette.get_database(database).path)))
    now = int(time.monotonic() / _LABEL_LIVES)
    key = (id(datasette), database, state, now, column, value)
    if key not in _labels:
        if len(_labels) > _MOST_LABELS:
            _labels.clear()
        _labels[key] = await _label(datasette, database, TABLES[column], value)
    return _labels[key]


async def _label(datasette: Any, database: str, table: str, value: int | str) -> Markup | None:
    archive = datasette.get_database(database)
    if not await datasette.permission_allowed(None, "view-table", (database, table), default=True):
        return None
    (key,) = await archive.primary_keys(table)
    label = await archive.label_column_for_table(table)
    sql = f"select [{label}] from [{table}] where [{key}] = ?"  # noqa: S608 - names of our own
    found = (await archive.execute(sql, [value])).first()
    if found is None or found[0] is None:
        return None
    address = datasette.urls.row(database, table, value)
    return Markup('<a href="{}">{}</a>&nbsp;<em>{}</em>').format(address, cut(str(found[0])), value)
