"""Take the README's pictures of an archive: `python -m tests.screenshot ARCHIVE OUT.png`.

`OUT.png` is the first page, `OUT-diff.png` what its first edit changed, and `OUT-evidence.png` the
evidence for the state after it.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.chromium import chromium
from tests.serving import serving


def take(browser: Browser, address: str, out: Path) -> list[Path]:
    """Write the pictures of a served archive that has edits."""
    pictures = [out, *(out.with_stem(f"{out.stem}-{name}") for name in ("diff", "evidence"))]
    page = browser.new_page(viewport={"width": 1280, "height": 960}, device_scale_factor=2)
    page.goto(address)
    _take(page, pictures[0])
    page.locator(".change a[href*='/diff/']").first.click()
    page.wait_for_url("**/diff/*/*")
    _take(page, pictures[1])
    path, _, states = page.url.partition("/diff/")
    page.goto(f"{path}/at/{states.split('/')[1]}/evidence")
    _take(page, pictures[2])
    page.close()
    return pictures


def _take(page: Page, out: Path) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=out)


if __name__ == "__main__":
    with serving(Path(sys.argv[1])) as address, chromium() as browser:
        for picture in take(browser, address, Path(sys.argv[2])):
            print(picture)
