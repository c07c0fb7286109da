"""What a browser may do on each page of an archive, in headers."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from datasette.app import Datasette

from archive.site import language, security

PAGES = (
    "/", "/search?q=تونس", "/changes", "/article/{0.edited}", "/archive", "/archive/articles",
    "/archive/articles/{0.edited}", "/archive?sql=select+1", "/archive/per_day", "/-/versions",
    "/-/plugins", "/nothing", "/archive/nothing", "/archive/articles?_sort=no", "/archive?sql=x",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_a_policy_that_allows_each_of_its_scripts(datasette, shelf, path):
    answer = await datasette.client.get(path.format(shelf))
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] in {"same-origin", "no-referrer"}  # Datasette's own
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2]
    assert not re.search(r"<[^>]+\son\w+=", answer.text)
    for script in re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL):
        assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy


@pytest.mark.parametrize("path", ["/", "/article/{0.edited}", "/search?q=تونس", "/nothing"])
async def test_our_own_pages_have_neither_scripts_nor_inline_styles(datasette, shelf, path):
    answer = await datasette.client.get(path.format(shelf))
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert " style=" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/archive.json?sql=select+1", "/archive/articles.csv", "/-/static-plugins/warraq/icon.svg"],
)
async def test_data_runs_nothing(datasette, path):
    answer = await datasette.client.get(path)
    assert answer.status_code == 200
    assert "script-src" not in answer.headers["content-security-policy"]


async def test_hashes_come_from_the_template_files_alone(datasette):
    hashed = security._hashes(datasette.jinja_env)
    sql = "select '<script>alert(1)</script>' as [<script>alert(2)</script>]"
    answer = await datasette.client.get("/archive", params={"sql": sql})
    assert "<script>alert" not in answer.text
    assert re.findall(r"'sha256-\S+'", answer.headers["content-security-policy"]) == list(hashed)
    for script in (b"alert(1)", b"alert(2)"):
        digest = b64encode(sha256(script).digest()).decode()
        assert digest not in answer.headers["content-security-policy"]


async def test_a_datasette_without_an_archive_is_left_alone(tmp_path):
    answer = await Datasette(memory=True).client.get("/_memory")
    assert "content-security-policy" not in answer.headers
    assert "Warraq" not in answer.text
    assert "<h1>_memory</h1>" in answer.text


ERRORS = [
    ("/nothing", 404, "لا صفحة بهذا العنوان", "There is no page at this address"),
    ("/archive/nothing", 404, "لا صفحة بهذا العنوان", "There is no page at this address"),
    ("/archive/articles/12", 404, "لا صفحة بهذا العنوان", "There is no page at this address"),
    ("/archive/articles?_col=no", 400, "لا يمكن الجواب", "This request cannot be answered"),
    ("/archive?sql=drop+table+x", 400, "لا يمكن الجواب", "This request cannot be answered"),
    ("/archive/articles?_sort=no", 500, "حدث خطأ في الخادم", "Something went wrong"),
]


@pytest.mark.parametrize(("path", "status", "arabic", "english"), ERRORS)
async def test_an_error_is_a_page_of_ours(datasette, path, status, arabic, english):
    for code, said in (("ar", arabic), ("en", english)):
        answer = await datasette.client.get(path, cookies={language.COOKIE: code})
        assert answer.status_code == status
        assert said in answer.text
        assert 'class="masthead"' in answer.text
        assert "Traceback" not in answer.text


async def test_an_error_in_json_is_as_datasette_has_it(datasette):
    answer = await datasette.client.get("/archive/articles.json?_col=no")
    assert answer.status_code == 400
    assert answer.json() == {
        "ok": False, "error": "_col=no - invalid columns", "status": 400, "title": None,
    }  # fmt: skip


async def test_what_nobody_foresaw_is_in_the_log_alone(datasette, monkeypatch, caplog):
    async def broken(*_):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(datasette, "get_canned_query", broken)
    answer = await datasette.client.get("/archive/articles")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret of the house" in caplog.text


async def test_slow_sql_says_so_without_a_script(shelf):
    datasette = Datasette([shelf.database], settings={"sql_time_limit_ms": 20})
    sql = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"
    answer = await datasette.client.get("/archive", params={"sql": sql})
    assert answer.status_code == 400
    assert "طال الاستعلام" in answer.text
    assert "<script" not in answer.text
