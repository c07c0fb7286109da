"""In a real Chromium a page as captured connects to nobody, whatever it holds."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page

from tests.archive.site.test_replay import GONE, PHOTO, PNG, fill
from tests.chromium import find_chromium, strict_page
from tests.serving import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome is installed"),
]

# What connects, or would on a click. {there} is the host and port of a stranger.
_ZOO = """<!DOCTYPE html><html><head>
<link rel=preconnect href=http://{there}/><link rel=dns-prefetch href=//{there}>
<link rel=preload as=image href=http://{there}/a><link rel=modulepreload href=http://{there}/b>
<link rel=prefetch href=http://{there}/c><link rel=stylesheet href=http://{there}/d>
<link rel=icon href=http://{there}/e><link rel=manifest href=http://{there}/f>
<link rel=prerender href=http://{there}/g>
<meta http-equiv=refresh content='0;url=http://{there}/h'>
<meta http-equiv=Link content='<http://{there}/>; rel=preconnect'>
<meta http-equiv=x-dns-prefetch-control content=on>
<script type=speculationrules>{{"prefetch": [{{"urls": ["http://{there}/i"]}}]}}</script>
<style>@import 'http://{there}/j'; @font-face {{ font-family: x; src: url(http://{there}/k) }}
body {{ font-family: x; background: u\\72l(http://{there}/l) }}</style>
</head><body background=http://{there}/m onload="location='http://{there}/n'">
<p id=wide style='width: 9000px; background: url(http://{there}/o)'>صفحة</p>
<a class=go href=http://{there}/p ping=http://{there}/q>رابط</a>
<a class=go href='javascript:location="http://{there}/r"'>برنامج</a>
<form action=http://{there}/s><button class=go>أرسل</button><input class=go type=submit></form>
<button class=go formaction=http://{there}/t onclick="location='http://{there}/u'">زر</button>
<img src=http://{there}/v srcset='http://{there}/w 2x'><video src=http://{there}/x></video>
<iframe src=http://{there}/y></iframe><object data=http://{there}/z></object>
<svg width=9 height=9><a href=http://{there}/1><rect class=go width=9 height=9 /></a>
<image href=http://{there}/2 /></svg><div class=go>آخر</div>
"""


class Stranger:
    """A socket on this machine that counts who connects."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.there = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.connected = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connected += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    stranger = Stranger()
    yield stranger
    stranger.close()


@contextmanager
def replayed(browser: Browser, tmp_path, page: str, **fields) -> Iterator[tuple[Page, str]]:
    """Serve an archive of a page; give a tab, and the address of its replay."""
    capture = fill(tmp_path, page.encode(), **fields)
    with serving(tmp_path) as address, strict_page(browser, address) as tab:
        yield tab.page, f"{address}capture/{capture}/page"


def pages_of(stranger: Stranger) -> str:
    zoo = _ZOO.format(there=stranger.there)
    return zoo + "".join(part.replace("//evil", f"http://{stranger.there}/") for part in GONE)


def test_the_stranger_would_notice(browser: Browser, stranger, tmp_path):
    """The same page, opened as it is."""
    path = tmp_path / "page.html"
    path.write_text(pages_of(stranger), "utf-8")
    page = browser.new_page()
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_timeout(500)
    page.close()
    assert stranger.connected


@pytest.mark.parametrize("rest", ["", "/frame"])
def test_nothing_connects(browser: Browser, stranger, tmp_path, rest):
    with replayed(browser, tmp_path, pages_of(stranger)) as (page, address):
        page.goto(f"{address}{rest}")
        inside = page.frames[-1]
        for each in inside.locator(".go:not(:empty)").all():
            each.click(force=True, no_wait_after=True)
        page.wait_for_timeout(500)
        assert inside.url == f"{address}/frame"
        assert inside.locator("#wide").inner_text() == "صفحة"
        assert page.url == f"{address}{rest}"
    assert stranger.connected == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_a_wide_page_stays_in_its_frame(browser: Browser, tmp_path, width):
    wide = "<p style='width:9000px'>عريض</p><div style='position:fixed;inset:-99px'>فوق</div>"
    with replayed(browser, tmp_path, wide) as (page, address):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.locator("iframe").bounding_box()
        assert box is not None
        assert box["width"] > 0.8 * min(width, 1000)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_of_evidence_can_be_read_and_printed(browser: Browser, tmp_path, width):
    with replayed(browser, tmp_path, "<p>x</p>") as (page, address):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(address)
        page.get_by_role("link", name="الدليل").click()
        page.wait_for_url("**/evidence")
        page.get_by_text("BibTeX").click()
        assert page.get_by_text("@online{").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.emulate_media(media="print")
        assert page.get_by_text("sha256sum").last.is_visible()
        assert not page.get_by_role("searchbox").is_visible()


def test_an_image_of_the_page_is_painted(browser: Browser, tmp_path):
    with replayed(browser, tmp_path, f"<img src={PHOTO}>", image=PNG) as (page, address):
        page.goto(address)
        assert page.frames[-1].locator("img").evaluate("image => image.naturalWidth")
