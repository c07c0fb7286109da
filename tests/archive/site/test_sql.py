"""SQL of strangers: bounded in time and memory, never in the way of pages, and never cut unseen."""

import asyncio
import csv
import io
import json
import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qsl, quote

import httpx
import pytest
from datasette.app import Datasette

from archive.site import pools, server, sql
from tests.archive import reading_room
from tests.serving import started

MANY = "with recursive c(x) as (select 1 union all select x + 1 from c limit {}) "
ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c) "
FIVE_THOUSAND = f"{MANY.format(5000)}select x, 'سطر' as word from c"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return reading_room.fill(tmp_path_factory.mktemp("archive") / "a", withhold=False)


@pytest.fixture
def site(shelf):
    queries = {"many": {"sql": FIVE_THOUSAND}, "of": {"sql": "select :word as word"}}
    return Datasette([shelf.database], metadata={"databases": {"archive": {"queries": queries}}})


def path(query, kind="json", **args):
    more = "".join(f"&{name}={quote(str(value))}" for name, value in args.items())
    return f"/archive.{kind}?sql={quote(query)}{more}"


def rows_of(answer):
    return list(csv.reader(io.StringIO(answer.text)))


async def test_csv_of_sql_and_of_a_canned_query_is_whole(site):
    for address in (path(FIVE_THOUSAND, "csv"), "/archive/many.csv", "/archive/many.csv?_size=max"):
        rows = rows_of(await site.client.get(address))
        assert rows[0] == ["x", "word"]
        assert [len(rows), rows[-1]] == [5001, ["5000", "سطر"]]


@pytest.mark.parametrize("shape", ["arrays", "objects", "array", "arrayfirst", ""])
async def test_json_has_the_shape_that_datasette_gives_but_all_rows(site, shape, monkeypatch):
    args = {"_shape": shape} if shape else {}
    few = "select 1 as a, 'ب' as b, null as c, x'00ff' as d, 9e999 as e"
    few += " union all select 2, :p, 3, 4, 5"
    ours = await site.client.get(path(few, **args, p="س"))
    whole = await site.client.get(path(FIVE_THOUSAND, **args))
    with monkeypatch.context() as patch:
        patch.setattr(sql, "_SHAPES", {})  # so that Datasette answers
        theirs = await site.client.get(path(few, **args, p="س"))
    mine, other = ours.json(), theirs.json()
    if isinstance(mine, dict):
        other.pop("query_ms")
        assert list(mine) == list(other)
    assert mine == other
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    rows = whole.json()
    assert len(rows["rows"] if isinstance(rows, dict) else rows) == 5000


async def test_json_lines_nested_lists_and_parameters_of_canned_queries(site):
    lines = (await site.client.get(path(FIVE_THOUSAND, _shape="array", _nl="on"))).text
    assert json.loads(lines.split("\n")[4999]) == {"x": 5000, "word": "سطر"}
    answer = await site.client.get(path("select '[1]' as a", _shape="array", _json="a"))
    assert answer.json() == [{"a": [1]}]
    for address, said in (("/archive/of.json?word=w", "w"), ("/archive/of.json", "")):
        assert (await site.client.get(address)).json()["rows"] == [[said]]


async def test_a_table_as_csv_is_whole_with_labels(site, monkeypatch):
    monkeypatch.setattr(sql, "_PIECE", 10)
    for args in (
        "_labels=on",
        "_labels=on&_size=max&_col=publisher",
        "_sort_desc=title&_col=title",
    ):
        ours = rows_of(await site.client.get(f"/archive/articles.csv?{args}"))
        pages = args.replace("&_size=max", "") + "&_size=100"
        theirs = rows_of(await site.client.get(f"/archive/articles.csv?{pages}"))
        assert ours == theirs
        assert len(ours) == 7
    assert (
        "publisher_label" in rows_of(await site.client.get("/archive/articles.csv?_labels=on"))[0]
    )


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select 1 from nowhere", "no such table"),
        ("delete from articles", "SELECT"),
        (f"select {', '.join(['1'] * 101)}", "too many columns"),
        ("select zeroblob(300000000)", "too big"),
        (f"{MANY.format(10)}select group_concat(printf('%1000000d', x)) from c", "too big"),
    ],
)
async def test_an_error_before_the_first_row_has_its_status(site, query, why):
    for kind in ("csv", "json"):
        answer = await site.client.get(path(query, kind))
        assert answer.status_code == 400
        assert why in answer.text


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_an_answer_that_a_limit_cuts_has_no_end(site, kind, monkeypatch):
    monkeypatch.setattr(sql, "_PIECE", 100)
    sent = await messages(site, path(f"{ENDLESS}select x from c", kind, _timelimit=200))
    assert sent[0]["status"] == 200
    assert len(sent) > 2
    assert all(message.get("more_body") for message in sent[1:])
    counted = path(f"{ENDLESS}select count(*) from c", kind, _timelimit=50)
    answer = await site.client.get(counted)
    assert answer.status_code == 400
    assert "took longer" in answer.text


async def messages(site, address, version="1.1"):
    """Return what a server would be given to send."""
    await site.invoke_startup()
    place, _, query = address.partition("?")
    sent, asked = [], asyncio.Event()
    scope = {
        "type": "http", "http_version": version, "method": "GET", "path": place, "headers": [],
        "raw_path": place.encode(), "query_string": query.encode(), "scheme": "http",
    }  # fmt: skip

    async def receive():
        if asked.is_set():
            await asyncio.Event().wait()
        asked.set()
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    await site.app()(scope, receive, send)
    return sent


async def test_what_cannot_show_a_cut_gets_nothing(site):
    sent = await messages(site, path("select 1"), version="1.0")
    assert sent[0]["status"] == 505


LONG = "substr(hex(zeroblob(600)), 1, 1001)"


@pytest.mark.parametrize("asked", ["instr(a, {})", "replace(a, {}, '')", "trim(a, {})"])
async def test_what_is_compared_in_one_step_is_short(site, asked):
    answer = await site.client.get(path(f"select {asked.format(LONG)} from (select 'a' as a)"))
    assert answer.status_code == 400
    assert "too big" in answer.text


async def test_functions_of_strangers_answer_as_sqlite_does(site):
    asked = """select instr('خبر عاجل', 'ع'), instr('a', 'b'), instr(x'd8ae', x'ae'),
        instr(null, 'a'),
        instr(1234, 3), replace('aXbX', 'X', 'yy'), replace('a', '', 'b'), replace(105, 0, 7),
        trim('xyaxy', 'yx'), ltrim('xxa', 'x'), rtrim('a--', '-'), trim(' a '), trim('a', '')"""
    answer = await site.client.get(path(asked))
    assert answer.json()["rows"] == [list(sqlite3.connect(":memory:").execute(asked).fetchone())]
    huge = "select replace(hex(zeroblob(500000)), '0', hex(zeroblob(1000)))"
    assert (await site.client.get(path(huge))).status_code == 400


async def test_a_time_limit_of_many_digits_is_one(site):
    assert (await site.client.get(path("select 1", _timelimit="9" * 400))).status_code == 200


async def test_a_streamed_table_that_fails_has_no_end(site, monkeypatch):
    monkeypatch.setattr(sql, "_PIECE", 10)
    late = quote("iif(id = (select max(id) from articles), json(title || '{'), 1)")
    address = f"/archive/articles.csv?_stream=1&_size=1&_sort=id&_where={late}"
    sent = await messages(site, address)
    assert all(message.get("more_body") for message in sent[1:])


async def test_what_an_answer_may_take_of_the_memory_is_bounded(site):
    values = f"{MANY.format(40)}select randomblob(1000000) as b from c"
    page = await site.client.get(f"/archive?sql={quote(values)}")
    assert page.status_code == 400
    assert "larger than" in page.text
    assert (await site.client.get("/")).status_code == 200


def test_a_query_without_memory_is_an_error_of_the_query():
    def question():
        raise MemoryError

    with pytest.raises(sqlite3.OperationalError, match="more memory"):
        pools._bounded(question)


@pytest.mark.slow
def test_strangers_cannot_take_the_memory_of_the_server(shelf):
    hog = f"{MANY.format(3000)}select sum(length(b)) from (select hex(randomblob(500000)) b"
    hog = path(f"{hog} from c order by b)")
    with started(shelf.root) as (front, process):
        address = front.rstrip("/")
        with ThreadPoolExecutor() as clients:
            asked = [clients.submit(httpx.get, f"{address}{hog}", timeout=90) for _ in range(3)]
            while not all(each.done() for each in asked):
                assert httpx.get(front, timeout=60).status_code == 200
        assert all("more memory" in each.result().text for each in asked)
        assert "too big" in httpx.get(f"{address}{path('select zeroblob(300000000)')}").text
        peak = Path(f"/proc/{process.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) < 600_000  # kB


async def test_pages_do_not_wait_for_strangers_of_whom_a_few_wait(site, monkeypatch):
    monkeypatch.setattr(server, "MOST_WAITING", 3)
    release = threading.Event()
    seen = []

    def hold(connection):
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        release.wait(20)

    await site.client.get("/")
    token = pools.kind.set("whole")
    database = site.get_database("archive")
    held = [asyncio.ensure_future(database.execute_fn(hold)) for _ in range(pools.THREADS)]
    await asyncio.sleep(0)
    pools.kind.reset(token)
    waiting = [asyncio.ensure_future(site.client.get(path("select 1"))) for _ in range(3)]
    await asyncio.sleep(0.05)
    others = ("/archive/articles?_facet=publisher", "/archive?sql=select+1", "/archive/daily")
    for address in ("/", "/search?q=تونس", "/archive/articles", "/archive", *others):
        assert (await site.client.get(address)).status_code == 200
    refused = await site.client.get("/archive/articles.csv")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert not any(each.done() for each in waiting)
    release.set()
    await asyncio.gather(*held)
    assert {each.status_code for each in await asyncio.gather(*waiting)} == {200}
    assert all(niceness > 0 for niceness in seen)


def test_a_page_asks_again_where_a_stranger_has_the_memory():
    tries = []

    def question():
        tries.append(1)
        if len(tries) < 3:
            raise MemoryError
        return "answer"

    assert pools._patient(question) == "answer"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/", ""), ("/search?q=1", ""), ("/archive", ""), ("/archive/articles", ""),
        ("/archive/articles/1", ""), ("/archive.json", ""), ("/archive/articles.json", ""),
        ("/archive/articles?_facet=kind", "table"), ("/archive/daily", "table"),
        ("/archive/articles.json?title__contains=x", "table"),
        ("/archive?sql=select+1", "sql"), ("/archive/many", "sql"),
        ("/archive/articles?_where=1", "sql"), ("/archive/articles.json?_where=1", "sql"),
        ("/archive.json?sql=select+1", "whole"), ("/archive.csv?sql=select+1", "whole"),
        ("/archive/articles.csv", "whole"), ("/archive/many.json", "whole"),
    ],
)  # fmt: skip
async def test_which_threads_a_request_waits_for(site, address, kind):
    gate = server.Gate(site)
    await gate._open()
    place, _, query = address.partition("?")
    assert gate._kind(place, dict(parse_qsl(query))) == kind


async def test_what_is_not_sql_or_a_table_is_as_before(site):
    assert "datasette" in (await site.client.get("/-/versions.json")).json()
    assert (await site.client.get("/archive.json")).json()["database"] == "archive"
    assert (await site.client.get("/nothing.csv?sql=select+1")).status_code == 404


@pytest.mark.slow
def test_a_cut_answer_breaks_the_connection_and_the_end_of_the_server_ends_it(shelf):
    endless = path(f"{ENDLESS}select x, hex(randomblob(500)) from c", "csv")
    with started(shelf.root) as (front, process):
        address = front.rstrip("/")
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            httpx.get(f"{address}{endless}&_timelimit=300", timeout=20)
        assert httpx.get(front, timeout=20).status_code == 200
        with httpx.stream("GET", f"{address}{endless}", timeout=20) as answer:
            next(answer.iter_bytes())
            began = time.monotonic()
            process.terminate()
            process.wait(20)
        assert time.monotonic() - began < 15
