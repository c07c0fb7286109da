import sqlite3

import pytest
from datasette.app import Datasette

from archive.site.descriptions import database_metadata
from tests.archive.reading_room import TITLE, Shelf, fill

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


@pytest.mark.parametrize("name", sorted(database_metadata()["queries"]))
async def test_ready_made_query_runs(datasette, name):
    answer = await datasette.client.get(f"/archive/{name}.json?_shape=array&q=تونس")
    assert answer.status_code == 200
    assert answer.json()


async def test_every_page_of_the_database_answers(datasette):
    tables = [f"/archive/{table}" for table in database_metadata()["tables"]]
    for path in (*tables, "/archive", "/favicon.ico", "/-/static-plugins/warraq/icon.svg"):
        assert (await datasette.client.get(path)).status_code == 200


async def test_every_table_and_column_is_described(shelf):
    db = sqlite3.connect(shelf.database)
    tables = [
        name
        for (name,) in db.execute("select name from sqlite_master where type in ('table', 'view')")
        if not name.startswith("articles_fts_") and name not in HIDDEN
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
