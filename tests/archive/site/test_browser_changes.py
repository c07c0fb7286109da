"""What a reader does with what changed, in a real browser, on a desk and on a phone."""

from collections.abc import Iterator

import feedparser
import pytest
from playwright.sync_api import Browser, Page
from warcio.checker import Checker

from tests.archive.desk import Checked
from tests.archive.edits import NEW, OLD, Edits, fill
from tests.archive.site.test_browser import _FAINT
from tests.chromium import StrictPage, find_chromium, strict_page
from tests.screenshot import take
from tests.serving import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome is installed"),
]

WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def edits(tmp_path_factory: pytest.TempPathFactory) -> Edits:
    return fill(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def address(edits: Edits) -> Iterator[str]:
    with serving(edits.root) as address:
        yield address


@pytest.fixture(scope="module")
def tab(browser: Browser, address: str) -> Iterator[StrictPage]:
    with strict_page(browser, address) as tab:
        yield tab


@pytest.fixture(params=WIDTHS)
def page(tab: StrictPage, request: pytest.FixtureRequest) -> Iterator[Page]:
    tab.page.set_viewport_size({"width": request.param, "height": 900})
    yield tab.page
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= request.param
    tab.check()


def test_see_what_was_edited(page, address):
    page.goto(address)
    page.get_by_label("ما تغيّر بعد نشره").get_by_role("link", name=NEW).click()
    page.wait_for_url("**/diff/*/*")
    was, now = (page.locator(f".pair .{side}").first for side in ("was", "now"))
    assert was.inner_text() == f"قبل:\n{OLD}"
    assert now.inner_text() == f"بعد:\n{NEW}"
    one, other = was.bounding_box(), now.bounding_box()
    if page.viewport_size["width"] > 1000:  # side by side, what was on the right
        assert one["y"] == other["y"]
        assert one["x"] > other["x"]
    else:
        assert one["y"] + one["height"] <= other["y"]
        assert one["x"] == other["x"]
    line = "e => getComputedStyle(e).textDecorationLine"
    assert page.locator("del").first.evaluate(line) == "line-through"
    assert page.locator("ins").first.evaluate(line) == "underline"


def test_compare_two_states_of_an_article_and_read_the_older_one(page, address, edits):
    page.goto(f"{address}article/{edits.headline}")
    page.get_by_label("بالصيغة").select_option("1")
    page.get_by_label("قارن الصيغة").select_option("2")
    page.get_by_role("button", name="قارن").click()
    page.wait_for_url("**/diff/*/*")
    assert page.locator(".pair .now").first.inner_text() == f"بعد:\n{OLD}"
    page.get_by_role("link", name="الصيغة 1", exact=True).click()
    page.wait_for_url("**/at/*")
    assert page.locator("h1").inner_text() == OLD
    page.get_by_role("link", name="أحدث صيغة").click()
    assert page.locator("h1").inner_text() == NEW


def test_from_a_state_to_its_evidence_and_to_the_page_as_captured(page, address, edits):
    for link, path in (("الدليل والاستشهاد", "**/evidence"), ("الصفحة كما التُقطت", "**/page")):
        page.goto(f"{address}article/{edits.headline}")
        page.locator("#revision-1").get_by_role("link", name=link).click()
        page.wait_for_url(path)
        assert page.locator("h1").inner_text() in {OLD, "الصفحة كما سُجلت"}


def test_download_the_record_cite_the_state_and_follow_the_feed(page, address, edits, tmp_path):
    page.goto(f"{address}article/{edits.headline}")
    page.locator("#revision-1").get_by_role("link", name="الدليل والاستشهاد").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="نزّل السجل").click()
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    assert Checker(Checked([path])).process_all() == 0
    page.get_by_text("BibTeX").click()
    with page.expect_download() as saved:
        page.locator("details[open]").get_by_role("link", name="نزّل الملف").click()
    assert saved.value.path().read_text("utf-8").startswith("@online{warraq-")
    page.goto(f"{address}changes")
    feed = page.get_by_role("link", name="تابعها في قارئ الخلاصات").get_attribute("href")
    body = page.request.get(address.rstrip("/") + feed).text()
    titles = [entry.title for entry in feedparser.parse(body).entries]
    assert any(NEW in title for title in titles)


def test_choose_from_what_changed(page, address):
    page.goto(f"{address}changes")
    page.get_by_label("نوع التغيير").select_option("quotation")
    page.get_by_role("button", name="اعرض").click()
    page.wait_for_url("**kind=quotation**")
    assert page.locator(".change").count() == 1
    assert page.locator(".excerpt").inner_text() == "قال الوزير: «سنعود غدا اليوم» ثم غادر القاعة."


def test_see_who_printed_first_and_what_another_changed(page, address, edits):
    page.goto(f"{address}story/{edits.reprint}")
    assert page.get_by_text("أول من نشر: صحيفة الشام").is_visible()
    assert page.locator(".axis circle").count() == 2
    herald = page.locator(".versions li", has_text="The Herald")
    assert "بعد الأول بـ 1 س" in herald.inner_text()
    assert herald.locator(".now").first.inner_text() == "بعد:\nShip arrives"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_changes_stand_out_from_their_ground(page, address, edits, scheme):
    page.emulate_media(color_scheme=scheme)
    for path in ("", "changes", f"article/{edits.headline}/diff/1/2", f"story/{edits.reprint}"):
        page.goto(address + path)
        assert page.evaluate(_FAINT) == [], path


def test_the_pictures_of_the_readme(browser, address, tmp_path):
    pictures = take(browser, address, tmp_path / "archive.png")
    assert [path.name for path in pictures] == [
        "archive.png", "archive-diff.png", "archive-evidence.png"
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
