"""The tasks of a search, in both languages of the interface, on a desk and with a phone."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from archive.database import open_for_writing
from tests.archive.newsroom import add_article
from tests.chromium import StrictPage, find_chromium, strict_page
from tests.serving import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome is installed"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("archive")
    connection = open_for_writing(root)
    for number in range(1, 61):
        add_article(
            connection, id=number, title="لقاء اللاجئين", text="عاد اللاجئون إلى المدينة.",
            publisher=("wire", "daily")[number % 2], section="محليات",
            published_on=f"2020-{1 + number % 12:02}-01",
        )  # fmt: skip
    connection.execute("update publishers set name = 'صحيفة الورق' where slug = 'wire'")
    connection.close()
    with serving(root) as address:
        yield address


@pytest.fixture(params=["ar", "en"], scope="module")
def tab(request, browser: Browser, address: str) -> Iterator[StrictPage]:
    with strict_page(browser, address) as tab:
        tab.page.goto(f"{address}language/{request.param}?next=/search")
        yield tab


@pytest.fixture(params=[390, 1280])
def page(request, tab: StrictPage) -> Iterator[Page]:
    tab.page.set_viewport_size({"width": request.param, "height": 800})
    yield tab.page
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= request.param
    tab.check()


def find(page: Page, address: str, query: str) -> None:
    page.goto(f"{address}search")
    page.locator("main .help summary").wait_for()
    box = page.get_by_role("searchbox").first
    box.fill(query)
    box.press("Enter")
    page.wait_for_url("**/search?*")


def test_another_form_of_the_word_is_found(page, address):
    find(page, address, "لاجئ")
    assert page.locator(".total strong").inner_text().startswith("60")
    marks = page.locator("article.headline").first.locator("mark").all_inner_texts()
    assert marks == ["اللاجئين", "اللاجئون"]
    page.locator("article.headline a").first.click()
    page.wait_for_url("**/article/*")


def test_a_search_is_narrowed_by_date_and_publisher_and_widened_again(page, address):
    find(page, address, "لاجئ")
    page.locator("aside a", has_text="صحيفة الورق").click()
    page.locator(".total strong", has_text="30").wait_for()
    page.locator(".plot a").nth(2).click()
    page.locator(".total strong", has_text="5").wait_for()
    days = page.locator("article.headline time").evaluate_all("all => all.map(e => e.dateTime)")
    assert len(set(days)) == 1
    page.locator(".chosen a").first.click()
    page.wait_for_load_state()
    assert page.locator(".chosen a").count() == 2


def test_the_whole_result_is_downloaded(page, address, tmp_path):
    find(page, address, "لاجئ")
    with page.expect_download() as download:
        page.locator(".files a", has_text="CSV").click()
    download.value.save_as(tmp_path / "hits.csv")
    text = Path(tmp_path / "hits.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 60
    assert rows[0]["page"].startswith(f"{address}article/")
    with page.expect_download() as download:
        page.locator(".files a", has_text="JSON lines").click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == 60


def test_its_sql_gives_the_same_articles(page, address):
    find(page, address, "لاجئ ناشر:wire")
    page.locator(".files a", has_text="SQL").click()
    page.wait_for_url("**/archive?sql=*")
    assert page.locator("table.rows-and-columns tbody tr").count() == 30
