from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.archive.reading_room import PARAGRAPHS, TITLE
from tests.chromium import StrictPage, find_chromium, strict_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome is installed"),
]

WIDTHS = (320, 768)


@pytest.fixture(scope="module")
def tab(browser: Browser, address: str) -> Iterator[StrictPage]:
    with strict_page(browser, address) as tab:
        yield tab


@pytest.fixture
def page(tab: StrictPage) -> Iterator[Page]:
    tab.page.set_viewport_size({"width": 1280, "height": 720})
    yield tab.page
    tab.check()


def test_from_the_first_page_to_an_article(page, address):
    page.goto(address)
    assert page.locator("html").evaluate("e => getComputedStyle(e).direction") == "rtl"
    page.get_by_label("أحدث المواد").get_by_role("link", name=TITLE).click()
    page.wait_for_url("**/article/*")
    assert page.title() == f"{TITLE} · صحيفة الورق"
    assert page.locator("h1").inner_text() == TITLE
    assert page.locator(".text").evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert page.locator(".text p").all_inner_texts() == list(PARAGRAPHS)


def test_search_box_finds_and_marks(page, address):
    page.goto(address)
    page.get_by_role("searchbox").fill("مكتبه")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*")
    assert page.locator("mark").all_inner_texts()[0] == "المكتبات"
    page.get_by_role("link", name=TITLE).click()
    page.wait_for_url("**/article/*")


def test_latin_text_runs_left_to_right(page, address):
    page.goto(address)
    headline = page.locator("h3", has_text="Roads reopen")
    assert headline.evaluate("e => getComputedStyle(e).direction") == "ltr"
    page.get_by_role("link", name="Roads reopen").click()
    assert page.locator(".text").evaluate("e => getComputedStyle(e).direction") == "rtl"


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways(page, address, shelf, width):
    page.set_viewport_size({"width": width, "height": 800})
    tables = ("archive/articles", "archive/edited", "archive/stories")
    for path in ("", f"article/{shelf.edited}", "search", "search?q=تونس", *tables):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page, address, shelf, scheme):
    page.emulate_media(color_scheme=scheme)
    for path in ("", f"article/{shelf.edited}", f"article/{shelf.gone}", "search?q=تونس"):
        page.goto(address + path)
        assert page.evaluate(_FAINT) == [], path


def test_tables_show_each_text_in_its_own_direction(page, address):
    page.goto(f"{address}archive/articles")
    cell = page.locator("td.col-title bdi", has_text=TITLE)
    style = "e => { const s = getComputedStyle(e); return [s.unicodeBidi, s.direction]; }"
    assert cell.evaluate(style) == ["isolate", "rtl"]
    cell.get_by_role("link").click()
    page.wait_for_url("**/article/*")


def test_the_menu_of_a_column_works_and_speaks_the_readers_language(page, address):
    page.goto(f"{address}archive/articles")
    page.locator("th.col-byline svg").click()
    assert page.locator(".dropdown-sort-asc").inner_text() == "رتّب تصاعدياً"
    page.locator(".dropdown-facet").click()
    page.wait_for_url("**_facet=byline")
    assert page.locator("#facet-byline a").first.is_visible()
    page.get_by_role("link", name="كل الأعمدة").click()
    page.wait_for_url("**_columns=all*")
    assert page.locator("th.col-url").count() == 1


def test_the_editor_of_sql_formats_and_runs(page, address):
    page.goto(f"{address}archive?sql=select+id,title+from+articles+limit+2")
    editor = page.get_by_label("الاستعلام بلغة SQL").last
    page.get_by_role("button", name="نسّق الاستعلام").click()
    assert page.locator(".CodeMirror-line").count() > 1
    editor.press("Control+a")
    editor.type("select 6 * 7 as answer")
    page.get_by_role("button", name="نفّذ").click()
    page.wait_for_url("**answer*")
    assert page.locator("td.col-answer").inner_text() == "42"


def test_the_language_is_one_click_away_and_stays(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}search?q=تونس")
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/search?q=*")
    page.get_by_role("link", name=TITLE).click()
    page.wait_for_url("**/article/*")
    html = page.locator("html")
    assert html.evaluate("e => [e.lang, getComputedStyle(e).direction]") == ["en", "ltr"]
    assert page.get_by_text("Record of the article").is_visible()
    text = page.locator(".text")
    assert text.evaluate("e => [e.lang, getComputedStyle(e).direction]") == ["ar", "rtl"]
    page.goto(f"{address}archive/articles")
    assert page.get_by_role("link", name="Day of publication").is_visible()
    context.close()


def test_the_fonts_are_the_packages_own(page, address, shelf):
    got: dict[str, int] = {}
    page.on("response", lambda answer: got.setdefault(answer.url, len(answer.body())))
    page.goto(f"{address}article/{shelf.edited}")
    page.evaluate("document.fonts.ready")
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    for selector in (".text p", ".rubric", "h1"):
        node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert all(font["isCustomFont"] for font in fonts), (selector, fonts)
    session.detach()
    page.wait_for_load_state("networkidle")
    without_fonts = sum(size for url, size in got.items() if not url.endswith(".woff2"))
    assert 0 < without_fonts < 40_000
    assert {url.rpartition("/")[2][:10] for url in got if url.endswith("woff2")} == {
        "noto-naskh", "noto-kufi-",
    }  # fmt: skip


def test_focus_is_seen(page, address):
    page.goto(address)
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.bounding_box()["width"] > 20
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


# Texts whose contrast with the ground is below 4.5 (WCAG 2.1, 1.4.3).
_FAINT = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = color => {
    const [r, g, b] = color.map(c => {
      const v = c / 255;
      return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own) continue;
    const a = light(rgb(getComputedStyle(e).color).slice(0, 3));
    const b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([e.textContent.trim().slice(0, 40), ratio]);
  }
  return faint;
}"""
