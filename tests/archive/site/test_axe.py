"""axe-core finds nothing critical or serious on any page, in both languages, light and dark."""

from importlib.resources import files

import pytest
from playwright.sync_api import Browser

from archive.site.language import COOKIE
from tests.archive.reading_room import Shelf
from tests.chromium import find_chromium

pytest.importorskip("axe_playwright_python", reason="axe-core comes with axe-playwright-python")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome is installed"),
]

PAGES = (
    "", "?publisher=alwaraq", "changes", "search", "search?q=تونس", "search?q=لاشيء",
    "article/{0.edited}", "article/{0.gone}", "article/{0.hostile}", "article/{0.edited}/at/1",
    "article/{0.edited}/diff/1/2", "publisher/alwaraq", "trends?q=تونس", "batch", "nothing",
    "status", "archive", "archive/articles", "archive/articles?_columns=all&_facet=publisher",
    "archive/articles?_search=تونس&publisher=alwaraq", "archive/articles/{0.edited}",
    "archive/captures", "archive/article_tags", "archive/edits", "archive/articles?_col=no",
    "archive?sql=select+*+from+articles", "archive?sql=select+1+where+0", "archive?sql=nonsense",
    "-/versions",
)  # fmt: skip

# Language, colours, width.
LOOKS = [("ar", "light", 1280), ("ar", "dark", 390), ("en", "dark", 1280), ("en", "light", 390)]

_FOUND = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter(each => ["critical", "serious"].includes(each.impact))
  .map(each => [each.id, each.nodes.slice(0, 3).map(node => node.html.slice(0, 200))])"""


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_nothing_is_in_a_readers_way(
    browser: Browser, address: str, shelf: Shelf, language: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 800},
        reduced_motion="reduce",
    )
    context.add_cookies([{"name": COOKIE, "value": language, "url": address}])
    context.add_init_script(
        files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    )
    page = context.new_page()
    wrong = {}
    for path in PAGES:
        page.goto(address + path.format(shelf))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if found := page.evaluate(_FOUND):
            wrong[path] = found
    context.close()
    assert wrong == {}
