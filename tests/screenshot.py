"""Take the README's pictures of an archive: `python -m tests.screenshot ARCHIVE OUT.png`.

`OUT.png` is the first page, `OUT-article.png` the page of its first article.
"""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

from tests.chromium import chromium
from tests.serving import serving

_WIDE = (1280, 960)


def take(
    archive: Path,
    out: Path,
    *,
    size: tuple[int, int] = _WIDE,
    scheme: Literal["light", "dark"] = "light",
) -> tuple[Path, Path]:
    """Write a picture of the archive's first page and one of its first article.

    `size` is width and height of the window in CSS pixels. Returns the two files.
    """
    article = out.with_stem(f"{out.stem}-article")
    width, height = size
    with serving(archive) as address, chromium() as browser:
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            device_scale_factor=2,
        )
        page.goto(address)
        _take(page, out)
        page.locator(".headline a").first.click()
        page.wait_for_selector(".story")
        _take(page, article)
    return out, article


def _take(page: Page, out: Path) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=out)


if __name__ == "__main__":
    for picture in take(Path(sys.argv[1]), Path(sys.argv[2])):
        print(picture)
