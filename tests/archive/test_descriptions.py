import re
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from datasette.app import Datasette

from archive.database import database_metadata, ready_queries
from archive.site.tables import TABLES
from archive.urls import capture_id
from tests.archive.reading_room import TITLE, Shelf, fill, record_of
from tests.crawler import wire

HIDDEN = {"_sqlite_migrations"}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return fill(tmp_path_factory.mktemp("archive"), withhold=False)


@pytest.fixture(scope="module")
def datasette(shelf: Shelf) -> Datasette:
    return Datasette([shelf.database])


async def test_table_page_search_finds_folded_words(datasette, shelf):
    found = await datasette.client.get("/archive/articles.json?_search=وزراء+مكتبه&_shape=array")
    assert [row["id"] for row in found.json()] == [shelf.edited]


async def test_table_page_is_set_in_arabic_and_leads_to_the_article(datasette, shelf):
    html = (await datasette.client.get("/archive/articles")).text
    assert 'href="/-/static-plugins/warraq/datasette.css"' in html
    assert f'<a href="/article/{shelf.edited}">{TITLE}</a>' in html
    assert "Headline (العنوان) as printed." in html
    assert "<script>alert" not in html


async def test_every_page_of_the_database_answers(datasette):
    described = [*database_metadata()["tables"], *ready_queries()]
    tables = [f"/archive/{table}" for table in described]
    for path in (*tables, "/archive", "/favicon.ico", "/-/static-plugins/warraq/icon.svg"):
        assert (await datasette.client.get(path)).status_code == 200


FIRST, SECOND = (capture_id(record_of(offset)) for offset in (0, 1000))
LABELS = [
    ("/archive/articles/{0.edited}", "publisher", "/archive/publishers/alwaraq", "صحيفة الورق"),
    ("/archive/articles/{0.edited}", "capture", f"/archive/captures/{SECOND}", "2020-11-09T14:00"),
    ("/archive/revisions/2", "article", "/archive/articles/{0.edited}", TITLE),
    (f"/archive/captures/{FIRST}", "run", "/archive/runs/1", "2020-11-09T12:00"),
    ("/archive/captures", "publisher", "/archive/publishers/herald", "The Herald"),
    ("/archive/captures", "run", "/archive/runs/1", "2020-11-09T12:00"),
    ("/archive/article_tags", "tag", "/archive/tags/2", "مكتبات"),
]


@pytest.fixture(scope="module")
def served(shelf: Shelf) -> Iterator[str]:
    """Plain `datasette archive.db`, as a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "datasette", shelf.database, "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            assert wire.until(lambda: fetched(f"{address}/-/versions.json"), seconds=30)
            yield address
        finally:
            process.terminate()


def fetched(address: str) -> str:
    try:
        with urllib.request.urlopen(address) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


@pytest.mark.parametrize(("path", "column", "leads", "label"), LABELS)
def test_rows_and_tables_call_foreign_keys_by_name(shelf, served, path, column, leads, label):
    html = fetched(served + path.format(shelf))
    cells = re.findall(rf'<td class="col-{column}\b.*?</td>', html, re.DOTALL)
    link = f'<a href="{leads.format(shelf)}">{label}'
    assert any(link in cell for cell in cells), cells


async def test_a_row_tells_nothing_of_a_table_that_is_closed(shelf):
    metadata = {"databases": {"archive": {"tables": {"articles": {"allow": {"id": "me"}}}}}}
    closed = Datasette([shelf.database], metadata=metadata)
    html = (await closed.client.get("/archive/revisions/2")).text
    assert f">{TITLE}</a>&nbsp;" not in html
    assert str(shelf.edited) in html


async def test_a_key_without_a_row_stays_a_number(tmp_path):
    shelf = fill(tmp_path / "archive", withhold=False)
    with sqlite3.connect(shelf.database) as db:
        db.execute(f"update captures set run = 77 where id = {FIRST}")
    db.close()
    html = (await Datasette([shelf.database]).client.get(f"/archive/captures/{FIRST}")).text
    assert re.search(r'<td class="col-run [^>]*><bdi>77</bdi></td>', html)


def test_every_foreign_key_is_known(shelf):
    db = sqlite3.connect(shelf.database)
    keys = db.execute(
        'select m.name, k."from", k."table" from sqlite_master m,'
        " pragma_foreign_key_list(m.name) k where m.type = 'table'"
    ).fetchall()
    db.close()
    assert {(column, other) for _, column, other in keys} == set(TABLES.items())
    for table in TABLES.values():
        assert database_metadata()["tables"][table]["label_column"]


async def test_every_table_and_column_is_described(shelf):
    db = sqlite3.connect(shelf.database)
    tables = [
        name
        for (name,) in db.execute("select name from sqlite_master where type in ('table', 'view')")
        if not name.startswith("article_stems_") and name not in HIDDEN
    ]
    schema = {
        table: {row[1] for row in db.execute(f"pragma table_info({table})")} for table in tables
    }
    db.close()
    said = database_metadata()["tables"]
    described = {
        table: set(about["columns"]) for table, about in said.items() if table not in HIDDEN
    }
    assert described == schema
    for table, about in said.items():
        named = {*about.get("facets", ()), *about.get("units", ())} | {
            about[key] for key in ("sort", "sort_desc", "label_column") if key in about
        }
        assert named <= schema.get(table, set())
        assert about.get("hidden") or about["description"].endswith(".")
