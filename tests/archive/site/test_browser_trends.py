"""Words over time, and lists of searches, as a reader on a desk or with a phone has them."""

import csv
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.archive.site import yearbook
from tests.chromium import StrictPage, find_chromium, strict_page
from tests.serving import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome is installed"),
]

WIDTHS = (390, 1280)
PAGES = ("trends?q=دمشق&q=حلب", "publisher/alwaraq", "author/7", "batch", "trends")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(yearbook.fill(tmp_path_factory.mktemp("archive"))) as address:
        yield address


@pytest.fixture(params=["ar", "en"], scope="module")
def tab(request, browser: Browser, address: str) -> Iterator[StrictPage]:
    with strict_page(browser, address) as tab:
        tab.page.goto(f"{address}language/{request.param}?next=/trends")
        yield tab


@pytest.fixture(params=WIDTHS)
def page(request, tab: StrictPage) -> Iterator[Page]:
    tab.page.set_viewport_size({"width": request.param, "height": 800})
    yield tab.page
    tab.check()


def is_arabic(page: Page) -> bool:
    return page.locator("html").get_attribute("lang") == "ar"


def test_words_are_compared_and_a_point_leads_to_what_it_counts(page, address):
    page.goto(f"{address}trends")
    boxes = page.locator(".words input")
    boxes.nth(0).fill("دمشق")
    boxes.nth(1).fill("حلب")
    page.locator(".filters > button").click()
    page.wait_for_url("**/trends?*")
    assert page.locator(".plot path.line").count() == 2
    first, last = (page.locator(".plot a circle").nth(place).bounding_box() for place in (0, 10))
    assert (first["x"] > last["x"]) == is_arabic(page)  # time runs as the interface is read
    assert page.locator(".plot text").first.evaluate("e => getComputedStyle(e).unicodeBidi") == (
        "plaintext"
    )
    page.locator(".chart summary").click()
    cell = page.locator(".numbers td a").first
    number = cell.inner_text()
    cell.click()
    page.wait_for_url("**/search?*")
    assert number in page.locator("main").inner_text()


def test_a_bar_leads_to_its_articles(page, address):
    page.goto(f"{address}publisher/alwaraq")
    bar = page.locator(".plot a").first
    assert bar.get_attribute("href").startswith("/search?order=new&q=publisher%3Aalwaraq+after")
    bar.click()
    page.wait_for_url("**/search?*")


def test_a_list_is_searched_and_downloaded(page, address, tmp_path):
    page.goto(f"{address}batch")
    page.locator("#lines").fill("دمشق\n\nحلب القديمه\nلا أحد بهذا الاسم")
    page.locator(".list button").nth(0).click()
    page.wait_for_selector(".answers")
    rows = page.locator(".answers tbody tr")
    assert rows.count() == 4
    assert "81" in rows.nth(0).inner_text()
    assert rows.nth(1).locator("em").count() == 1
    assert rows.nth(2).locator("li").count() == 3
    assert page.locator("#lines").input_value() == "دمشق\n\nحلب القديمه\nلا أحد بهذا الاسم"
    with page.expect_download() as download:
        page.locator(".list button").nth(1).click()
    table = csv.DictReader(download.value.path().read_text(encoding="utf-8-sig").splitlines())
    assert [row["found"] for row in table] == ["81", "", "10", "0"]
    rows.nth(2).locator("li a").first.click()
    page.wait_for_url("**/article/*")


def test_no_page_scrolls_sideways(page, address):
    width = page.viewport_size["width"]
    for path in PAGES:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_picture_stands_by_itself(page, address):
    page.goto(f"{address}trends?q=دمشق&q=حلب")
    path = page.locator("a[href*='trends.svg']").get_attribute("href")
    page.goto(address.rstrip("/") + path)
    box = page.evaluate("document.documentElement.getBoundingClientRect().toJSON()")
    assert (box["width"], box["height"]) == (720, 348)


def test_a_list_without_its_token_is_refused(address, browser):
    page = browser.new_page()
    page.goto(f"{address}batch")  # sets the cookie of a token
    answer = page.request.post(f"{address}batch", form={"lines": "دمشق"})
    assert answer.status == 403
    page.close()
