"""The search box of the table of articles, and the search in SQL, against the search itself."""

import csv
import io
import json
import re
from contextlib import closing

import pytest
from datasette.app import Datasette

from archive.database import database_metadata, open_for_writing
from archive.search import search
from archive.site import tables
from archive.site.language import COOKIE
from archive.site.tables import _NAMES as TABLE_NAMES
from archive.site.tables import NAMES
from tests.archive import reading_room
from tests.archive.newsroom import add_article
from tests.archive.reading_room import fill
from tests.archive.search.news import ARTICLES

BOX = [
    # typed, the articles of the table page in the order of their ids
    ("حكومة حلب", [2, 3]),
    ('"سعر الخبز"', [2]),
    ('"حلب السعر"~3', [2]),
    ("الحكومة -حلب", [1, 4]),
    ("title:الحكومة", [1]),
    ("author:الجرعتلي", [1]),
    ("حكوم* after:2020-11-10", [2, 3]),
    ("حكومة before:2020-11-10", [1]),
    ("حكومة publisher:other", [3]),
    ("-publisher:other", [1, 2, 4]),
    ("after:2020-11-09 before:2020-11-11", [1, 2]),
    ("publisher:nobody", []),
    ("-حلب", [1, 4]),
    ("محجوبة", []),
    ('"', []),
    ("؟!", []),
]


@pytest.fixture(scope="module")
def datasette(tmp_path_factory):
    root = tmp_path_factory.mktemp("archive")
    connection = open_for_writing(root)
    for fields in ARTICLES:
        add_article(connection, **fields)
    # What tells an archive are these tables, and they are there; nothing was captured.
    connection.close()
    return Datasette([str(root / "archive.db")])


async def table(datasette, **arguments):
    """Return the answer of the articles' table page, all rows as objects."""
    answer = await datasette.client.get(
        "/archive/articles.json", params={"_shape": "array", "_sort": "id", **arguments}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(("typed", "expected"), BOX)
async def test_the_box_takes_the_whole_language(datasette, typed, expected):
    assert [row["id"] for row in await table(datasette, _search=typed)] == expected


async def test_an_empty_box_restricts_nothing(datasette):
    assert [row["id"] for row in await table(datasette, _search="")] == [1, 2, 3, 4]


async def test_the_box_goes_with_other_filters(datasette):
    rows = await table(
        datasette, _search="حكومة before:2021", publisher="enabbaladi", title="أسعار الخبز"
    )
    assert [row["id"] for row in rows] == [2]


async def test_a_raw_search_stays_as_it_is(datasette):
    rows = await table(datasette, _search="حلب NOT مبارا", _searchmode="raw")
    assert [row["id"] for row in rows] == [2]


@pytest.mark.parametrize(
    ("sql", "options"),
    [
        ("select warraq_search('حكومة حلب') as found", {}),
        ("select warraq_search('حكومة حلب', 2) as found", {"limit": 2}),
        ("select warraq_search('حكومة', 2, 1) as found", {"limit": 2, "offset": 1}),
        ("select warraq_search('حكومة', 9, 0, 'new') as found", {"limit": 9, "order": "new"}),
    ],
)
async def test_sql_finds_what_the_search_finds(datasette, sql, options):
    query = sql.split("'")[1]
    answer = await datasette.client.get("/archive.json", params={"sql": sql, "_shape": "array"})
    (row,) = answer.json()
    hits = await datasette.get_database("archive").execute_fn(
        lambda connection: search(connection, query, **options)
    )
    found = json.loads(row["found"])
    assert [(hit["id"], hit["score"], hit["snippet"]) for hit in found] == [
        (hit.id, hit.score, hit.snippet) for hit in hits
    ]
    assert hits


async def test_no_query_in_sql_finds_nothing(datasette):
    sql = "select warraq_search(null) as found"
    answer = await datasette.client.get("/archive.json", params={"sql": sql, "_shape": "array"})
    assert answer.json() == [{"found": "[]"}]


async def test_an_index_that_something_else_made_is_not_asked(tmp_path):
    connection = open_for_writing(tmp_path)
    add_article(connection, title="خبر", text="الحكومة")
    connection.execute("insert into article_stems(article_stems) values ('rebuild')")
    connection.close()
    datasette = Datasette([str(tmp_path / "archive.db")])
    for path in ("/archive/articles?_search=حكومة", "/archive/articles.json?_search=حكومة"):
        answer = await datasette.client.get(path)
        assert answer.status_code == 503
        assert "rebuilds it" in answer.text
    answer = await datasette.client.get("/search?q=حكومة")
    assert answer.status_code == 503
    assert "فهرس البحث" in answer.text
    assert (await datasette.client.get("/archive/articles?_search=")).status_code == 200


async def test_csv_has_a_form_without_formulas(datasette):
    cells = ["=1+1", "-5", "-x", "@x, y", "\t=1", 'a "b"\r\n=c', '"=d"', "+7", "خبر"]
    sql = "select value, 'x' as [=name] from json_each(:cells)"
    asked = {"sql": sql, "cells": json.dumps(cells)}
    plain = await datasette.client.get("/archive.csv", params=asked)
    excel = await datasette.client.get("/archive.csv", params=asked | {"_excel": "1"})
    page = await datasette.client.get("/archive/articles?_excel=1")
    exact = list(csv.reader(io.StringIO(plain.text, newline="")))
    assert [row[0] for row in exact[1:]] == cells
    assert excel.content.startswith(b"\xef\xbb\xbfvalue,'=name\r\n")
    harmless = list(csv.reader(io.StringIO(excel.content.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in harmless[1:]] == [
        "'=1+1", "-5", "'-x", "'@x, y", "'\t=1", 'a "b"\r\n=c', '"=d"', "'+7", "خبر",
    ]  # fmt: skip
    assert page.text.startswith("<!DOCTYPE html>")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("shelf"), withhold=False)


@pytest.fixture(scope="module")
def shown(shelf):
    return Datasette([shelf.database])


def columns(html):
    return re.findall(r'<th scope="col" class="[^"]*" data-column="([^"]+)"', html)


async def test_a_table_shows_few_columns_until_more_are_asked_for(shown):
    page = (await shown.client.get("/archive/articles")).text
    few = columns(page)
    assert few == ["id", *NAMES["shown"]("articles")]
    assert '<a href="/archive/articles?_columns=all">' in page
    every = columns((await shown.client.get("/archive/articles?_columns=all")).text)
    assert {"text", "url", "words"} < set(every)
    assert columns((await shown.client.get("/archive/articles?_col=url")).text) == ["id", "url"]
    assert columns((await shown.client.get("/archive/articles?_nocol=byline")).text) == [
        each for each in few if each != "byline"
    ]
    data = (await shown.client.get("/archive/articles.json?_shape=objects")).json()
    assert set(data["rows"][0]) == set(every)


async def test_every_column_that_is_shown_is_there():
    described = database_metadata()["tables"]
    for table in TABLE_NAMES["shown"]:
        assert set(NAMES["shown"](table)) <= set(described[table]["columns"]), table


def test_every_table_and_column_has_a_name_in_both_languages():
    described = {
        name: table for name, table in database_metadata()["tables"].items() if name[0] != "_"
    }
    for name, table in described.items():
        arabic, english, told = TABLE_NAMES["tables"][name]
        assert "" not in {arabic, english, told}
        assert set(table.get("columns", {})) <= set(TABLE_NAMES["columns"]), name


async def test_names_for_people_stand_beside_those_for_sql(shown):
    for code, name in (("ar", "يوم النشر"), ("en", "Day of publication")):
        page = (await shown.client.get("/archive/articles", cookies={COOKIE: code})).text
        assert f'{name} <code dir="ltr">published_on</code>' in page


async def test_readers_tables_are_listed_apart_from_internal_ones(shown):
    page = (await shown.client.get("/archive")).text
    readers, internal = page.split("<details", 1)
    for table in ("articles", "revisions", "publishers", "captures", "problems"):
        assert f'href="/archive/{table}"' in readers
    for table in ("visits", "links", "hosts", "shapes", "imports", "settings", "incidents"):
        assert f'href="/archive/{table}"' not in readers
        assert f'href="/archive/{table}"' in internal
    assert readers.index('"/archive/articles"') < readers.index('"/archive/captures"')


async def test_no_text_is_shown_whole(shown, shelf, monkeypatch):
    long = "كلمة " * 200
    db = open_for_writing(shelf.root)
    db.execute("update articles set text = ? where id = ?", (long, shelf.gone))
    db.close()
    sql = "/archive?sql=select+text+as+t+from+articles"
    for path in ("/archive/articles?_columns=all", f"/archive/articles/{shelf.gone}", sql):
        page = (await shown.client.get(path)).text
        assert "كلمة " * 30 in page
        assert "كلمة " * 50 not in page
    row = (await shown.client.get(f"/archive/articles/{shelf.gone}.json?_shape=array")).json()
    assert row[0]["text"] == long


async def test_a_row_names_what_it_points_at(shown, shelf):
    page = (await shown.client.get(f"/archive/articles/{shelf.edited}")).text
    assert '<a href="/archive/publishers/alwaraq">صحيفة الورق</a>' in page
    assert 'href="/archive/revisions?article=' in page
    assert f'href="/archive/articles/{shelf.edited}.json' in page


async def test_facets_are_counted_once_until_something_is_written(tmp_path, monkeypatch):
    shelf = reading_room.fill(tmp_path / "a", withhold=False)
    site, asked = Datasette([shelf.database]), []
    plain = Datasette.execute

    async def execute(self, name, sql, *args, **named):
        asked.append(sql)
        return await plain(self, name, sql, *args, **named)

    monkeypatch.setattr(Datasette, "execute", execute)
    address = "/archive/articles.json?_nosuggest=1&_facet=kind&_facet=publisher"
    answers = []
    for _ in range(2):
        answers.append((await site.client.get(address)).json())
        counted = [sql for sql in asked if "group by" in sql]
        assert len(counted) == 3  # with the section, by default
    assert answers[0]["facet_results"] == answers[1]["facet_results"]
    with closing(open_for_writing(shelf.root)) as db:
        add_article(db, id=1, kind="gallery")
    again = (await site.client.get(address)).json()["facet_results"]["kind"]["results"]
    assert {each["value"]: each["count"] for each in again}["gallery"] == 1


async def test_facets_that_were_not_counted_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "FACETS", 0)
    site = Datasette([reading_room.fill(tmp_path / "a", withhold=False).database])
    answer = await site.client.get("/archive/articles.json?_facet=kind&_facet=words")
    facets = answer.json()["facet_results"]
    assert all(facets[name]["timed_out"] for name in ("kind", "words"))
    page = (await site.client.get("/archive/articles?_facet=kind")).text
    assert "facets-timed-out" in page


async def test_the_rows_of_tables_are_counted_once_until_something_is_written(tmp_path):
    shelf = reading_room.fill(tmp_path / "a", withhold=False)
    site = Datasette([shelf.database])
    await site.client.get("/")
    counts = await site.get_database("archive").table_counts()
    assert counts["articles"] == 6
    assert counts["article_stems_data"] is None
    with closing(open_for_writing(shelf.root)) as db:
        add_article(db, id=1)
    assert (await site.get_database("archive").table_counts())["articles"] == 7
