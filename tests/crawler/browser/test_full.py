"""`warraq save --full`: a real Chromium's screenshot, and what it showed, next to the exchange."""

import asyncio
import json
import shutil
import struct
import zlib
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive import renderings
from archive.database import open_for_reading
from archive.evidence import of_capture
from archive.maintenance.verify import verify
from archive.warc.reader import read_payload
from crawler import browser
from crawler.rebuild import rebuild
from tests.archive.desk import Checked
from tests.crawler import certificates, shell, wire
from tests.crawler.conftest import Archive

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(browser.find_chromium() is None, reason="no Chromium is installed"),
]

RED, BLUE = (255, 0, 0), (0, 0, 255)
HEAD = "<link rel='stylesheet' href='/style.css'><script src='/app.js'></script>"
# High enough that its last image is far below the window, and asked for only by who goes there.
FOOT = (
    "<div style='height: 9000px'></div><img loading='lazy' src='/far.png' width=40 height=40>"
    "<img src='/private.png'><img src='http://169.254.169.254/latest.png'>"
    "<img src='http://127.0.0.1:9/refused.png'></article>"
)


def png(colour):
    """Return an image of one pixel."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data)
        )  # fmt: skip

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" + bytes(colour))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def size_of(image):
    assert image.startswith(b"\x89PNG")
    return struct.unpack(">II", image[16:24])


def dress(site):
    """Give the site's first article a style, a script, images near and far, and forbidden ones."""
    page = wire.article("خبر رقم 1 من المدينة").decode()
    page = page.replace("</head>", f"{HEAD}</head>").replace("</article>", FOOT)
    site.answers["/news/1"] = (wire.http(page.encode()),)
    site.answers["/robots.txt"] = (
        wire.http(b"User-agent: *\nDisallow: /private", media="text/plain"),
    )
    site.answers["/style.css"] = (
        wire.http(b"body { background: url(/near.png); margin: 0 }", media="text/css"),
    )
    script = b"addEventListener('load', () => document.body.append('by a script'))"
    site.answers["/app.js"] = (wire.http(script, media="text/javascript"),)
    for name, colour in (("near", RED), ("far", BLUE)):
        site.answers[f"/{name}.png"] = (wire.http(png(colour), media="image/png"),)


async def save(archive, path="/news/1", **more):
    url = archive.site.url + path
    addresses = [(url, "paper")]
    return await archive.crawl(addresses=addresses, poll=frozenset(), full=True, **more)


def shown(archive):
    """Return what is kept of the newest capture of the article, by kind: its bytes."""
    with closing(open_for_reading(archive.root)) as db:
        ((number,),) = db.execute(
            "select id from captures where url like '%/news/1' order by fetched_at desc limit 1"
        ).fetchall()
        folder = archive.root / "warc"
        found = renderings.of_capture(db, number).items()
        return number, {kind: read_payload(folder, each.record) for kind, each in found}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """An archive into which a page was saved, and what was asked of its site."""
    with wire.serving() as site:
        archive = Archive(tmp_path_factory.mktemp("full"), site)
        archive.follow()
        dress(site)
        asyncio.run(save(archive))
        yield archive


def test_a_page_is_kept_as_it_was_seen(kept):
    _, found = shown(kept)
    assert found.keys() == {"dom", "screenshot", "resources"}
    width, height = size_of(found["screenshot"])
    assert width == 1280
    assert height > 9000
    assert "by a script" in found["dom"].decode()
    listed = json.loads(found["resources"])
    assert listed["url"] == kept.site.url + "/news/1"
    assert listed["screenshot"] == {"width": 1280, "height": height, "cut": False}
    came = {url.removeprefix(kept.site.url): each for url, each in listed["urls"].items()}
    assert came == {
        "/news/1": {"status": 200, "mime": "text/html", "type": "document"},
        "/style.css": {"status": 200, "mime": "text/css", "type": "stylesheet"},
        "/app.js": {"status": 200, "mime": "text/javascript", "type": "script"},
        "/near.png": {"status": 200, "mime": "image/png", "type": "image"},
        "/far.png": {"status": 200, "mime": "image/png", "type": "image"},
    }
    ((text, title),) = kept.rows("select text, title from articles")
    assert "by a script" not in text  # it is read as it always is
    assert title == "خبر رقم 1 من المدينة"


def test_every_request_goes_the_crawls_own_road(kept):
    """robots.txt, the address gate and the record hold for what the browser asks for."""
    assert "/private.png" not in kept.site.targets()
    found = kept.rows("select url from captures where kind = 'resource' order by url")
    assert [url.removeprefix(kept.site.url) for (url,) in found] == [
        "/app.js", "/far.png", "/near.png", "/style.css",
    ]  # fmt: skip
    assert [kind for kind, _ in kept.problems()] == ["render-incomplete"]
    ((detail,),) = kept.rows("select detail from problems")
    assert "robots.txt forbids" in detail


def test_the_records_are_browsertrixs_and_sound(kept):
    paths = list((kept.root / "warc").rglob("*.warc.gz"))
    assert Checker(Checked(paths)).process_all() == 0
    url, found = kept.site.url + "/news/1", dict[str, list[Any]]()
    with paths[0].open("rb") as file:
        for one in ArchiveIterator(file):
            name = one.rec_headers.get_header("WARC-Target-URI")
            found.setdefault(name, []).append((one.rec_type, one.rec_headers))
    answer = found[url][0][1].get_header("WARC-Record-ID")
    for name, media in (("fullPage", "image/png"), ("pageinfo", "application/json")):
        ((kind, head),) = found[f"urn:{name}:{url}"]
        assert kind == "resource"
        assert head.get_header("Content-Type") == media
        assert head.get_header("WARC-Concurrent-To") == answer
    assert verify(kept.root).damages == []


async def test_a_rebuild_knows_all_of_it(kept, tmp_path):
    root = tmp_path / "archive"
    shutil.copytree(kept.root, root)
    again = replace(kept, root=root)
    sql = "select capture, kind, rendered_at, sha256, bytes, warc_file, warc_offset from renderings"
    before = again.rows(sql)
    await rebuild(root, clock=again.clock)
    assert again.rows(sql) == before
    assert len(before) == 3


async def test_saved_again_it_is_asked_for_again_and_no_edit(archive, site):
    dress(site)
    await save(archive)
    archive.forward(minutes=5)
    await save(archive)
    await archive.crawl()
    _, found = shown(archive)
    assert found.keys() == {"dom", "screenshot", "resources"}
    assert archive.rows("select revision_count from articles where title like '%رقم 1%'") == [(1,)]
    assert archive.rows("select count(*) from renderings where kind = 'screenshot'") == [(2,)]
    assert site.count("/near.png") == 1  # within an hour it is read back from the archive


async def test_a_page_that_cannot_be_shown_is_archived_all_the_same(archive, site, monkeypatch):
    dress(site)
    site.answers["/app.js"] = (wire.http(b"for (;;) ;", media="text/javascript"),)
    monkeypatch.setattr("crawler.settings.FULL_SECONDS", 4.0)
    await save(archive)
    assert archive.rows("select count(*) from articles") == [(1,)]
    assert archive.rows("select count(*) from renderings") == [(0,)]
    assert ("render-timeout", "/news/1") in archive.problems()


async def test_the_certificates_of_the_server_are_kept(tmp_path, monkeypatch):
    with wire.serving(certificates.context(tmp_path)) as site:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "site.pem"))
        archive = Archive(tmp_path / "archive", site)
        archive.follow(feeds=[site.url + "/feed"])
        site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
        dress(site)
        await save(archive)
    number, found = shown(archive)
    assert found.keys() == {"dom", "screenshot", "resources", "certificates"}
    sent = found["certificates"].decode()
    own = (tmp_path / "site.pem").read_text()
    assert own.strip() in sent
    ((digest,),) = archive.rows("select sha256 from renderings where kind = 'certificates'")
    with closing(open_for_reading(archive.root)) as db:
        stated = of_capture(db, archive.root, number)
    assert stated is not None
    (said,) = stated.certificates
    assert said["subject"] == said["issuer"] == "commonName=test"
    assert said["valid-from"] != said["valid-until"]
    assert said["valid-until"].endswith(" GMT")
    assert stated.tls is not None
    assert said["sha256"] == stated.tls["certificate"].removeprefix("sha256:")
    assert digest in {each.sha256 for each in stated.renderings}
    assert stated.rendered is None


def test_a_table_is_complete_once_every_page_has_a_screenshot(archive, site, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(f"url\n{site.url}/news/1\n", "utf-8")
    words = ("save", path, "--archive", archive.root, "--now", "2026-11-23T12:00Z")
    assert shell.run(*words)[0] == 0
    code, output = shell.run(*words, "--full")
    assert (code, site.count("/news/1")) == (0, 2)
    assert output.splitlines()[-1].endswith("list.saved.csv: 1 row, 1 archived.")
    assert shell.run(*words, "--full")[0] == 0
    assert site.count("/news/1") == 2
