"""Take the README's pictures of an archive: `python -m tests.screenshot ARCHIVE OUT.png`.

`OUT.png` is the first page, `OUT-article.png` the page of its first article.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.chromium import chromium
from tests.serving import serving


def take(browser: Browser, address: str, out: Path) -> tuple[Path, Path]:
    """Write a picture of a served archive's first page and one of its first article."""
    article = out.with_stem(f"{out.stem}-article")
    page = browser.new_page(viewport={"width": 1280, "height": 960}, device_scale_factor=2)
    page.goto(address)
    _take(page, out)
    page.locator(".headline a").first.click()
    page.wait_for_selector(".story")
    _take(page, article)
    page.close()
    return out, article


def _take(page: Page, out: Path) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=out)


if __name__ == "__main__":
    with serving(Path(sys.argv[1])) as address, chromium() as browser:
        for picture in take(browser, address, Path(sys.argv[2])):
            print(picture)
