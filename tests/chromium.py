"""A real Chromium for tests and screenshots: the machine's own, none is downloaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a Chromium that talks to nobody by itself, and end it afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


class StrictPage:
    """A page that must stay on one server, find everything and complain of nothing."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address
        self._wrong: list[str] = []
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._wrong.append(str(error)))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self._address):
            self._wrong.append(f"asked {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._wrong.append(f"{response.status} for {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._wrong.append(f"console: {message.text}")

    def check(self) -> None:
        """Assert that nothing went wrong since the last check."""
        wrong, self._wrong = self._wrong, []
        assert wrong == []


@contextmanager
def strict_page(browser: Browser, address: str) -> Iterator[StrictPage]:
    """Open a page and check it as it ends."""
    page = StrictPage(browser.new_page(), address)
    yield page
    page.page.close()
    page.check()
