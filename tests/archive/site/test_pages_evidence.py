"""The evidence page, its files for reference managers, and the download of the records."""

import gzip
import io
import json
import re
from contextlib import closing
from html import unescape
from shutil import rmtree

import pytest
from datasette.app import Datasette
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive import captures
from archive.database import open_for_writing
from archive.models import Kind
from tests.archive.desk import HOUR, NOON, PAGE, PAPER, Checked, exchange, hide, rows
from tests.archive.test_evidence import BODY, fill, keep, of, store_at

PACKED = gzip.compress(BODY, mtime=0)

pytestmark = pytest.mark.slow


def client_of(root):
    return Datasette([str(root / "archive.db")]).client


def path_of(root, capture):
    return f"/article/{of(root, capture).article}/at/{capture}"


async def test_the_page_shows_it_in_both_languages(tmp_path):
    capture = fill(tmp_path)
    stated = of(tmp_path, capture)
    html = (await client_of(tmp_path).get(f"{path_of(tmp_path, capture)}/evidence")).text
    seen = unescape(html)
    place = stated.record
    for text in (
        "الرابط المطلوب", "Address asked for", PAGE, "2020-11-09T13:00:00+01:00", "Africa/Tunis",
        "192.0.2.7", stated.sha256, f"warc/{place.file} @ {place.offset} + {place.length}",
 "سلمى", "مركز التوثيق", "warraq/test", *stated.check,
        "The file is not yet closed", "لم يُغلق الملف بعد",
        "@online{", "TY  - NEWS", '"type": "article-newspaper"', f"SHA-256 {stated.sha256}",
        f"http://localhost{path_of(tmp_path, capture)}",
    ):  # fmt: skip
        assert text in seen, text
    assert "<script" not in html
    assert f'href="/capture/{capture}/page"' in html


async def test_what_cannot_be_read_is_not_said_to_be_none(tmp_path):
    """Of a damaged start of a file, what it said of the run and the road is not known."""
    capture = fill(tmp_path)
    place = of(tmp_path, capture).record
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("update captures set journal_offset = null")
    path = tmp_path / "warc" / place.file
    path.write_bytes(bytes(place.offset) + path.read_bytes()[place.offset :])
    html = (await client_of(tmp_path).get(f"{path_of(tmp_path, capture)}/evidence")).text
    for field in ("Address asked for", "Redirects", "Collector", "Software"):
        assert re.search(f"{field}[^<]*</span></dt><dd><p>[^<]*<span[^>]*>Not known<", html), field


async def test_a_hostile_title_stays_a_text(tmp_path):
    capture = fill(tmp_path, title="</pre><script>alert(1)</script>")
    html = (await client_of(tmp_path).get(f"{path_of(tmp_path, capture)}/evidence")).text
    assert "<script" not in html


async def test_it_is_data_too(tmp_path):
    capture = fill(tmp_path)
    answer = await client_of(tmp_path).get(f"{path_of(tmp_path, capture)}/evidence.json")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["sha256"] == of(tmp_path, capture).sha256


@pytest.mark.parametrize("ending", ["bib", "ris", "json"])
async def test_a_citation_is_a_file(tmp_path, ending):
    capture = fill(tmp_path)
    answer = await client_of(tmp_path).get(f"{path_of(tmp_path, capture)}/cite.{ending}")
    assert answer.status_code == 200
    name = f"warraq-{of(tmp_path, capture).article}-{capture}.{ending}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert f"http://localhost{path_of(tmp_path, capture)}" in answer.text


async def records_of(root, capture):
    answer = await client_of(root).get(f"/capture/{capture}.warc.gz")
    assert (
        answer.headers["content-disposition"] == f'attachment; filename="warraq-{capture}.warc.gz"'
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/gzip"
    return answer.content


async def test_the_records_are_a_whole_warc_file(tmp_path):
    fill(tmp_path, payload=PACKED, response_headers=((b"Content-Encoding", b"gzip"),))
    with store_at(tmp_path, NOON + HOUR) as store:
        again = keep(store, PACKED, at=NOON + HOUR,
                     response_headers=((b"Content-Encoding", b"gzip"),))  # fmt: skip
        keep(store, b"<p>another", "another", NOON + 2 * HOUR)
    content = await records_of(tmp_path, again)
    types = [(record.rec_type, record.content_stream().read()) for record in
             ArchiveIterator(io.BytesIO(content))]  # fmt: skip
    kinds = [kind for kind, _ in types]
    assert kinds[0] == "warcinfo"
    assert [kinds.count(kind) for kind in ("response", "revisit", "request")] == [1, 1, 2]
    assert BODY in dict(types)["response"]
    path = tmp_path / "one.warc.gz"
    path.write_bytes(content)
    assert Checker(Checked([path])).process_all() == 0


async def test_what_nobody_may_see_is_not_found(tmp_path):
    with store_at(tmp_path) as store:
        store.publish(PAPER)
        capture = keep(store)
        other = store.record(
            exchange("https://alwaraq.example/feed"), kind=Kind.FEED, publisher=PAPER.slug
        )
    path = path_of(tmp_path, capture)
    client = client_of(tmp_path)
    article = path.split("/")[2]
    assert (await client.get(f"/article/{article}/at/{other.id}/evidence")).status_code == 404
    assert (await client.get(f"/article/1/at/{capture}/evidence")).status_code == 404
    hide(tmp_path, *(row[0] for row in rows(tmp_path, "select id from articles")))
    client = client_of(tmp_path)
    for rest in ("evidence", "evidence.json", "cite.bib", "cite.ris", "cite.json"):
        answer = await client.get(f"{path}/{rest}")
        assert answer.status_code == 404
        assert "عنوان" not in answer.text


async def test_without_the_warc_files_it_says_so(tmp_path):
    capture = fill(tmp_path)
    path = path_of(tmp_path, capture)
    rmtree(tmp_path / "warc")
    client = client_of(tmp_path)
    html = (await client.get(f"{path}/evidence")).text
    assert "In the WARC files, which are not with this copy" in html
    assert f"/capture/{capture}.warc.gz" not in html
    assert json.loads((await client.get(f"{path}/evidence.json")).text)["here"] is False


async def test_what_a_browser_showed_is_there_until_the_article_is_withheld(tmp_path):
    pem = "subject: CN=test\nissuer: CN=authority\nvalid-until: 2030-01-01\n-----BEGIN CERTIFI"
    blocks = {"dom": b"<script>alert(1)</script>", "screenshot": b"\x89PNG", "resources": b"{}"}
    with store_at(tmp_path) as store:
        store.publish(PAPER)
        number = keep(store)
        capture = captures.get(store.db, number)
        for kind, block in (blocks | {"certificates": pem.encode()}).items():
            store.rendered(capture, block, at=NOON, kind=kind)
    client, path = client_of(tmp_path), f"/capture/{number}"
    html = unescape((await client.get(f"{path_of(tmp_path, number)}/evidence")).text)
    for text in (
        f'<img class="shown" src="{path}/screenshot"', f'href="{path}/resources"', "CN=authority",
        "صورة الصفحة كلها", "valid-until",
        *(each.sha256 for each in of(tmp_path, number).renderings),
    ):  # fmt: skip
        assert text in html, text
    image = await client.get(f"{path}/screenshot")
    assert (image.content, image.headers["content-type"]) == (blocks["screenshot"], "image/png")
    page = await client.get(f"{path}/dom")
    assert page.headers["content-disposition"] == f'attachment; filename="warraq-{number}-dom.html"'
    assert (await client.get(f"{path}/page/frame")).text.count("alert") == 0
    article = of(tmp_path, number).article
    hide(tmp_path, article)
    for kind in blocks:
        assert (await client.get(f"{path}/{kind}")).status_code == 404
    assert rows(tmp_path, "select * from renderings") == []
