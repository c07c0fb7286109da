"""The reading room: a Datasette plugin that shows archives in Arabic. Hooks only.

Databases that are not archives keep Datasette's own pages.
"""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from pluggy import HookimplMarker

from archive import urls
from archive.database import database_metadata, ready_queries
from archive.errors import is_failure
from archive.maintenance.withhold import HELD
from archive.site import pools, server, sql, views, wording
from archive.site.language import LANGUAGES, choose, either, interface, t, with_language
from archive.site.security import with_headers
from archive.site.tables import (
    NAMES,
    TABLES,
    archive_names,
    cut,
    labelled,
    table_page,
    thrifty,
    understood,
    with_excel,
)
from archive.warc.records import RENDERINGS

hookimpl = HookimplMarker("datasette")
TESTED = "0.65"  # the line of Datasette that this plugin is for

# By table, the column of a row that leads to a page, the page, and the column that names it; a
# query that names an id asks for articles.
_PAGES = {
    "articles": ("title", "article", "id"),
    None: ("title", "article", "id"),
    "stories": ("title", "story", "id"),
    "authors": ("name", "author", "id"),
    "tags": ("name", "tag", "id"),
    "publishers": ("name", "publisher", "slug"),
}

_ID = "(?P<id>[0-9]{1,16})"
_TWO = "(?P<before>[0-9]{1,16})/(?P<after>[0-9]{1,16})"
_STATE = rf"/article/{_ID}/at/(?P<capture>[0-9]{{1,16}})"
_CAPTURE = r"/capture/(?P<capture>[0-9]{1,16})"


@hookimpl
def startup(datasette: Any) -> None:
    """Refuse a Datasette of another line: hooks that it lacks would leave open what they close.

    What is withheld is never served, though it is in the folder of an archive.
    """
    from datasette import utils
    from datasette.version import __version__

    if not __version__.startswith(f"{TESTED}."):
        raise utils.StartupError(
            f"Warraq's pages were tested with Datasette {TESTED} and may show what is to be hidden"
            f' in {__version__}; install it with `pip install "datasette=={TESTED}.*"`'
        )
    for name, database in list(datasette.databases.items()):
        if database.path and Path(database.path).name == HELD:
            datasette.remove_database(name)


@hookimpl
def get_metadata(datasette: Any) -> dict[str, Any]:
    """Describe every table and column of the archives."""
    return {"databases": {name: database_metadata() for name in archive_names(datasette)}}


@hookimpl
def canned_queries(datasette: Any, database: str) -> dict[str, dict[str, str]]:
    """Have the questions that are asked most ready, in the language of the page."""
    return ready_queries(either) if database in archive_names(datasette) else {}


@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection, database: str, datasette: Any) -> None:
    """Give SQL the archive's own functions; last, for one of them replaces Datasette's."""
    from datasette import utils

    from archive import search

    names = archive_names(datasette)
    if names:
        pools.limit(conn)
    if database in names:
        search.register(conn)
        # In the brackets of a reserved word, a column that reads as null would lose its name.
        utils.reserved_words.discard("key")
        conn.set_authorizer(_without_keys)


def _without_keys(action: int, table: str | None, column: str | None, *_: str | None) -> int:
    """Let an article's identity key read as null: it is not an address to follow or to cite."""
    hidden = (action, table, column) == (sqlite3.SQLITE_READ, "articles", "key")
    return sqlite3.SQLITE_IGNORE if hidden else sqlite3.SQLITE_OK


@hookimpl(hookwrapper=True)
def filters_from_request(
    request: Any, database: str, table: str, datasette: Any
) -> Generator[None, Any, None]:
    """Let the search box over the articles understand every operator."""
    outcome = yield
    typed = request.args.get("_search")
    if typed is not None and table == "articles" and database in archive_names(datasette):
        archive = datasette.get_database(database)
        outcome.force_result([understood(found, archive, typed) for found in outcome.get_result()])


@hookimpl(tryfirst=True)
def forbidden(datasette: Any, request: Any, message: str) -> Awaitable[Any]:
    """Say in a page of ours what nobody may see."""
    return views.forbidden(datasette, request, message)


@hookimpl(hookwrapper=True)
def handle_exception(
    datasette: Any, request: Any, exception: Exception
) -> Generator[None, Any, None]:
    """Show a page of ours, without a traceback, where something fails."""
    outcome = yield
    if archive_names(datasette):  # in the place of Datasette's own, which prints one
        is_unreadable = isinstance(exception, sqlite3.Error) and is_failure(exception)
        answer = views.unreadable if is_unreadable else views.failed
        outcome.force_result([answer(datasette, request, exception)])


@hookimpl
def extra_template_vars(database: str | None, request: Any, datasette: Any) -> dict[str, Any]:
    """Give the templates the archive that a page is about; none on pages of other databases."""
    archives = archive_names(datasette)
    about = [name for name in archives if database in {None, name}]
    if not about:
        return {}
    return {
        "archive": about[0],
        "static": lambda name: datasette.urls.static_plugins("warraq", name),
        "searched": views.searched(request) if request else "",
    }


@hookimpl(hookwrapper=True)
def register_facet_classes() -> Generator[None, Any, None]:
    """Bound the time of all facets of a page, and count none twice."""
    outcome = yield
    outcome.force_result([list(map(thrifty, found)) for found in outcome.get_result()])


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    """Answer in the reader's language, with headers that let nothing run.

    Strangers' SQL waits for its turn; `?_excel=1` makes the formulas in CSV harmless.
    """
    gate = server.Gate(datasette)
    return lambda app: with_headers(with_language(gate(with_excel(app))), datasette)


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    """Teach the templates both languages: sentences, days, times, numbers, directions."""
    env.filters.update({f"warraq_{each.__name__}": each for each in wording.FILTERS})
    env.filters |= {"warraq_address": urls.readable, "warraq_column": NAMES["column"]}
    env.globals.update(t=t, interface=interface, languages=LANGUAGES.values(), names=NAMES)


@hookimpl
def register_routes(datasette: Any) -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """Put the Arabic pages before Datasette's own, where there is an archive to show."""
    routes = [re.escape(datasette.get_database(name).route) for name in archive_names(datasette)]
    if not routes:
        return []
    return [
        (r"/$", views.front),
        (r"/changes(\.(?P<format>json|atom))?$", views.changes),
        (rf"/article/{_ID}(\.(?P<format>json))?$", views.article),
        (rf"{_STATE}$", views.article),
        (rf"/article/{_ID}/diff$", views.diff),
        (rf"/article/{_ID}/diff/{_TWO}(\.(?P<format>json))?$", views.diff),
        (rf"{_STATE}/evidence(?:\.json)?$", views.evidence),
        (rf"{_STATE}/cite\.(?P<ending>bib|ris|json)$", views.cite),
        (rf"{_CAPTURE}/page$", views.captured),
        (rf"{_CAPTURE}/page/frame$", views.frame),
        (rf"{_CAPTURE}(?P<kind>)\.warc\.gz$", views.records),
        (rf"{_CAPTURE}/(?P<kind>{'|'.join(RENDERINGS)})$", views.records),
        (rf"/image/{_ID}$", views.image),
        (rf"/story/{_ID}(\.(?P<format>json))?$", views.story),
        (r"/search(\.(?P<format>json|atom|csv|jsonl))?$", views.search),
        (r"/language/(?P<language>ar|en)$", choose),
        (r"/status(\.(?P<format>json))?$", views.status),
        (r"/batch(\.(?P<format>csv))?$", views.batch),
        (r"/trends(\.(?P<format>csv|json|svg))?$", views.trends),
        (r"/publisher/(?P<slug>[^/]+?)(\.(?P<format>json))?$", views.publisher),
        (rf"/(?P<kind>author|tag)/{_ID}$", views.named),
        (r"/robots\.txt$", server.robots),
        (r"/-/health$", server.health),
        (r"/(?P<database>[^/.]+)\.(?P<format>csv|json)$", sql.whole),
        (r"/(?P<database>(?!-/)[^/.]+)/(?P<table>[^/.]+)\.(?P<format>csv|json)$", sql.whole),
        (
            rf"/(?P<database>{'|'.join(routes)})/(?P<table>[^/.]+)(?P<format>)$",
            table_page(datasette),
        ),
    ]


@hookimpl
def render_cell(
    row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any
) -> Markup | Awaitable[Markup | None] | None:
    """Lead from titles and keys to pages; show addresses in their letters, spreads as hours."""
    if database not in archive_names(datasette):
        return None
    shown, page, key = _PAGES.get(table, ("", "", ""))
    if column == shown and key in list(row.keys()):
        page = datasette.urls.path(f"/{page}/{quote(str(row[key]))}")
        return Markup('<a href="{}">{}</a>').format(page, value or t("بلا عنوان"))
    if column == "article" and table is None and isinstance(value, int):  # of a query
        page = datasette.urls.path(f"/article/{value}")
        return Markup('<a href="{}">{}</a>').format(page, value)
    if table and column in TABLES and isinstance(value, int | str):  # a dict is labelled already
        return labelled(datasette, database, column, value)
    if (table, column) == ("stories", "spread") and value is not None:
        return Markup("{}").format(timedelta(seconds=value))
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return Markup('<a href="{}" rel="noreferrer nofollow">{}</a>').format(
            value, cut(urls.readable(value))
        )
    return Markup("{}").format(cut(value)) if isinstance(value, str) and value else None
