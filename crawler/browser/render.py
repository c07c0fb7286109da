"""Pages that are empty without scripts: Chromium shows them, from the bytes that were recorded.

Between the answer of a page and its reading. The browser's own request for the page gets exactly
the recorded bytes, so the publisher is asked once; what the page asks for then is answered by
subresources.py. What is shown in the end is kept beside the bytes and read in their place.

It is the machine's own Chromium, started without a network of its own: no name resolves, and every
connection would have to go through a proxy that is not there. Nothing is downloaded.

scrapy-playwright cannot be used: its handler wants a Twisted reactor («RuntimeError:
verify_installed_reactor() called without an installed reactor»), and this crawl has none.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Headers

from archive.clock import system
from archive.models import Capture, Problem, Visit
from archive.problems import ProblemKind
from archive.store import Store
from archive.warc.records import RENDERED_TYPE
from crawler.browser.subresources import Fetcher, Subresources, headers_of
from crawler.errors import NotRendered, RenderError
from crawler.fetch.middlewares import LARGEST_PAGE
from crawler.publisher import Publisher, files

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = [
    "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=http://nowhere.invalid:9",
    "--proxy-bypass-list=<-loopback>", "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy", "--block-new-web-contents",
    "--js-flags=--max-old-space-size=512", "--disable-gpu", "--disable-quic",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def check(publishers: Iterable[Publisher], folders: Iterable[Path] = ()) -> None:
    """Check that what `render = true` needs is there, if a publisher says so.

    Raises:
        RenderError: naming the publisher's file and key, and the remedy.
    """
    if find_spec("playwright") is None:
        missing = "Playwright; install it with `pip install 'warraq[render]'`"
    elif find_chromium() is None:
        missing = f"Chromium, and none of {', '.join(_NAMES)} is on the PATH;"
        missing += " install it, on Debian with `apt-get install chromium`"
    else:
        return
    for each in publishers:
        if each.render:
            file = files(*folders).get(each.slug, each.slug)
            raise RenderError(f"{file}: `render = true` needs {missing}")


logger = logging.getLogger(__name__)

_AT_ONCE = 2  # pages
_QUIET = 0.5  # seconds a loaded page must ask for nothing to be taken as built
_TOLD = 5  # addresses that gave nothing
_CLOSING = 10.0  # seconds that a page, or the browser, gets to close
_SAME_TIME = timedelta(minutes=1)  # the browser's clock is set only where ours is another
# Once it has done, within a second, what it has to do already.
_IS_LOADED = """new Promise(done => requestIdleCallback(
    () => done(document.readyState === "complete"), {timeout: 1000}
))"""
_SIZE = "document.documentElement.outerHTML.length"


class Renderer:
    """Shows pages of the publishers that need it; the browser starts with the first of them."""

    def __init__(self, crawler: Crawler, store: Store, publishers: Mapping[str, Publisher]) -> None:
        self._store = store
        self._publishers = publishers
        self._seconds = crawler.settings.getfloat("RENDER_SECONDS")
        self._fetcher = Fetcher(crawler, store)
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._starting = asyncio.Lock()
        self._browser: Any = None
        self._ending = AsyncExitStack()
        crawler.signals.connect(self.close, signals.spider_closed)

    async def shown(self, visit: Visit, capture: Capture, headers: Headers) -> Capture:
        """Return a capture whose body is the page as it is shown, which is kept as well.

        Raises:
            NotRendered: if it cannot be shown in time and within limits.
        """
        if "html" not in (capture.content_type or "html"):
            return capture
        document = 200, headers_of(headers), capture.body
        page = Subresources(self._fetcher, document, url=capture.url, publisher=visit.publisher)
        html = (await self._html(visit, capture, page)).encode("utf-8", "replace")
        if page.missed:
            more = [f"and {len(page.missed) - _TOLD} more"] if len(page.missed) > _TOLD else []
            detail = "; ".join([*page.missed[:_TOLD], *more])
            problem = Problem(kind=ProblemKind.RENDER_INCOMPLETE, detail=detail, stage="render")
            self._store.problem(problem, url=visit.url, publisher=visit.publisher, capture=capture)
        self._store.rendered(capture, html, at=self._store.clock())
        return replace(capture, body=html, content_type=RENDERED_TYPE)

    async def close(self) -> None:
        """End the browser, and what drives it."""
        self._browser, ending, self._ending = None, self._ending, AsyncExitStack()
        with suppress(Exception):  # it is gone already
            # First the browser's time is over, then that of what drives it.
            async with asyncio.timeout(2 * _CLOSING), asyncio.timeout(_CLOSING):
                await ending.aclose()

    async def _html(self, visit: Visit, capture: Capture, page: Subresources) -> str:
        from playwright.async_api import Error

        async with self._room:
            context = None
            try:
                async with asyncio.timeout(self._seconds):
                    context = await self._context(visit, capture)
                    return await _built(context, capture.url, page)
            except TimeoutError as error:
                waiting = f", waiting for {page.pending[0]}" if page.pending else ""
                detail = f"the page was not built within {self._seconds:g} s{waiting}"
                raise NotRendered(ProblemKind.RENDER_TIMEOUT, detail) from error
            except Error as error:
                detail = error.message.partition("\n")[0]
                crashed = "crashed" in detail
                kind = ProblemKind.RENDER_CRASH if crashed else ProblemKind.RENDER_FAILED
                raise NotRendered(kind, detail) from error
            finally:
                await self._leave(context)

    async def _context(self, visit: Visit, capture: Capture) -> Any:
        """Return a fresh browser profile: nothing is left in it by another page."""
        browser = await self._started()
        zone = self._publishers[visit.publisher].zone
        context = await browser.new_context(
            accept_downloads=False,
            locale="ar",
            service_workers="block",
            timezone_id=zone.key if zone else "UTC",
        )
        if abs(capture.fetched_at - system()) > _SAME_TIME:
            await context.clock.install(time=capture.fetched_at)
        return context

    async def _started(self) -> Any:
        from playwright.async_api import async_playwright

        async with self._starting:
            if self._browser is None or not self._browser.is_connected():
                await self.close()
                playwright = await self._ending.enter_async_context(async_playwright())
                self._browser = await playwright.chromium.launch(
                    executable_path=find_chromium(),
                    args=ARGUMENTS,
                    chromium_sandbox=os.geteuid() != 0,  # it refuses that to root
                )
                self._ending.push_async_callback(self._browser.close)
            return self._browser

    async def _leave(self, context: Any) -> None:
        """Close a profile; a browser that does not do so in time is ended."""
        if context is None:
            return
        try:
            async with asyncio.timeout(_CLOSING):
                await context.close()
        except Exception as error:  # noqa: BLE001 - Playwright's own, a lost driver's, or the time
            logger.warning("the browser is ended: %s", error or "a page did not close in time")
            await self.close()


async def _built(context: Any, url: str, subresources: Subresources) -> str:
    """Open a page, and return it once it is loaded and asks for nothing more."""
    await context.route("**/*", subresources.answer)
    await context.route_web_socket("**/*", lambda socket: socket.close())
    page = await context.new_page()
    # Not until "load": Playwright waits without end for a page that tries to go elsewhere.
    await page.goto(url, wait_until="commit", timeout=0)
    loaded, answered = False, -1
    while not loaded or subresources.pending or answered != subresources.answered:
        answered = subresources.answered
        await asyncio.sleep(_QUIET)
        loaded = await page.evaluate(_IS_LOADED)
    if await page.evaluate(_SIZE) > LARGEST_PAGE:
        detail = f"the page as shown is over {LARGEST_PAGE} characters"
        raise NotRendered(ProblemKind.TOO_LARGE, detail)
    return str(await page.content())
