"""Pages that are empty without scripts: Chromium shows them, from the bytes that were recorded.

Between the answer of a page and its reading. The browser's own request for the page gets exactly
the recorded bytes, so the publisher is asked once. What is shown in the end is kept beside the
bytes and read in their place. Where a page is to be kept in full, its images, styles and fonts are
fetched as well, and a screenshot, a list of all that and the server's certificates are kept.

It is the machine's own Chromium, started without a network of its own: no name resolves, and every
connection would have to go through a proxy that is not there. Nothing is downloaded. What a page
asks for while it is rendered is answered by the crawl's own road, or not at all: address gate,
robots.txt, pace, proxy, size and time limits hold, and the exchange is in the WARC. Nothing is sent
but GET, and nothing is fetched that adds no text.

scrapy-playwright cannot be used: its handler wants a Twisted reactor («RuntimeError:
verify_installed_reactor() called without an installed reactor»), and this crawl has none.
"""

import asyncio
import json
import logging
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, Response
from scrapy.http.request import NO_CALLBACK

from archive.clock import iso, system
from archive.models import Capture, Kind, Visit
from archive.problems import ProblemKind
from archive.store import Store
from archive.urls import host_of, site_of
from archive.warc.records import RENDERED_TYPE
from crawler.errors import NotRendered, RenderError
from crawler.fetch.exceptions import network_detail
from crawler.fetch.middlewares import LARGEST_PAGE
from crawler.publisher import Publisher, files

logger = logging.getLogger(__name__)

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


def check(
    publishers: Iterable[Publisher], folders: Iterable[Path] = (), *, full: bool = False
) -> None:
    """Check that what `render = true` needs is there, if a publisher says so; or `--full`.

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
    if full:
        raise RenderError(f"--full needs {missing}")
    for each in publishers:
        if each.render:
            file = files(*folders).get(each.slug, each.slug)
            raise RenderError(f"{file}: `render = true` needs {missing}")


MOST_REQUESTS = 60  # of one page
MOST_BYTES = 15 * 1024 * 1024  # of one page
LARGEST = 5 * 1024 * 1024  # one script
SECONDS = 20.0  # for one
FRESH = timedelta(hours=1)  # so long a script is read back from the archive
_NEEDED = frozenset({"script", "xhr", "fetch"})
# Of a page that is kept in full, with more requests and bytes.
_NEEDED_IN_FULL = _NEEDED | {"stylesheet", "image", "font"}
_FULL_REQUESTS, _FULL_BYTES = 200, 50 * 1024 * 1024
_SHARED = frozenset({"script", "stylesheet", "image", "font"})  # by pages: asked for once
# What the page may wait for, and what it gets instead: a style that says nothing, one clear pixel.
_PIXEL = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\0\0\0!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
_INSTEAD = {"stylesheet": ("text/css", b""), "image": ("image/gif", _PIXEL)}
# Scripts that count readers, sell them, or replace a post's own address by a frame.
_NOT_NEEDED = re.compile(
    r"(?:addthis|adnxs|amazon-adsystem|chartbeat|cloudflareinsights|criteo|hotjar|"
    r"google-?(?:analytics|adservices|syndication|tagmanager|tagservices)|instagram|newrelic|"
    r"onesignal|outbrain|quantserve|scorecardresearch|sharethis|taboola|tiktok|twitter|x|youtube)"
    r"\.com|clarity\.ms|(?:doubleclick|facebook)\.net|telegram\.org|yandex\.ru"
)
# Headers of the browser's own that would tell another identity than ours, or that we send.
_OURS = ("user-agent", "accept-", "cookie", "sec-", "host", "connection", "origin", "if-", "refer")
_LOST = frozenset({"content-encoding", "content-length", "transfer-encoding", "set-cookie"})

Answer = tuple[int, dict[str, str], bytes]
_STAY: Answer = (204, {}, b"")  # a page or frame that gets no content stays as it is


class Fetcher:
    """Fetches for pages of the whole crawl; a script that several want is asked for once."""

    def __init__(self, crawler: Crawler, store: Store) -> None:
        self._crawler = crawler
        self._store = store
        self._asked: dict[str, asyncio.Task[Answer]] = {}

    async def fetch(
        self, url: str, headers: dict[str, str], *, shared: bool, publisher: str
    ) -> Answer:
        """Return (status, headers, body) of an address.

        Raises:
            IgnoreRequest, or an error of the network: if there is no answer that may be used.
        """
        if not shared:
            return await self._download(url, headers, publisher)
        if kept := self._kept(url):
            return kept
        if url not in self._asked:
            self._asked[url] = asyncio.ensure_future(self._download(url, headers, publisher))
            self._asked[url].add_done_callback(lambda _: self._asked.pop(url))
        return await asyncio.shield(self._asked[url])

    def _kept(self, url: str) -> Answer | None:
        known = self._store.latest(url, since=self._store.clock() - FRESH)
        if known is None or known[0] != 200:
            return None
        return 200, {"content-type": known[2], "access-control-allow-origin": "*"}, known[1]

    async def _download(self, url: str, headers: dict[str, str], publisher: str) -> Answer:
        meta = {"kind": Kind.RESOURCE, "publisher": publisher, "verbatim_url": True}
        meta |= {"download_maxsize": LARGEST, "download_timeout": SECONDS}
        request = Request(url, headers=headers, callback=NO_CALLBACK, meta=meta)
        response: Response = await self._crawler.engine.download_async(request)
        if "truncated" in response.flags:
            raise IgnoreRequest("the answer broke off")
        return response.status, headers_of(response.headers), response.body


class Subresources:
    """The requests of one page while it is rendered.

    `missed` tells what the page's own site did not give, `pending` are the addresses under way,
    `answered` counts the others. `came` says of each that was answered with which status, media
    type, and what it is to the page.
    """

    def __init__(
        self, fetcher: Fetcher, document: Answer, *, url: str, publisher: str, full: bool = False
    ) -> None:
        """Take the page itself: it is what its first navigation gets, whatever its address is."""
        self._needed = _NEEDED_IN_FULL if full else _NEEDED
        self._fetcher = fetcher
        self._document = document
        self._site = site_of(host_of(url))
        self._publisher = publisher
        self._left = _FULL_REQUESTS if full else MOST_REQUESTS
        self._bytes = _FULL_BYTES if full else MOST_BYTES
        self.came: dict[str, dict[str, object]] = {}
        self._note(url, document, "document")
        self.pending: list[str] = []
        self.answered = 0
        self.missed: list[str] = []

    async def answer(self, route: Any) -> None:
        """Answer one request of the browser (a Playwright `Route`)."""
        from playwright.async_api import Error

        answer = await self._answer_to(route.request)
        try:
            if answer is None:
                await route.abort("blockedbyclient")
            else:
                status, headers, body = answer
                await route.fulfill(status=status, headers=headers, body=body)
        except Error as error:  # the page is closed already
            logger.debug("%s: %s", route.request.url, error)

    async def _answer_to(self, request: Any) -> Answer | None:
        kind = request.resource_type
        if kind == "document":  # the first of them is the page itself
            document, self._document = self._document, _STAY
            return document
        if kind in self._needed and request.method == "GET" and self._is_wanted(request.url):
            self._left -= 1
            answer = await self._fetch(request.url, request.headers, shared=kind in _SHARED)
            if answer:
                self._note(request.url, answer, kind)
            return answer
        if kind in _INSTEAD:
            media, body = _INSTEAD[kind]
            return 200, {"content-type": media, "access-control-allow-origin": "*"}, body
        return None

    def _note(self, url: str, answer: Answer, kind: str) -> None:
        media = answer[1].get("content-type", "").partition(";")[0]
        self.came[url] = {"status": answer[0], "mime": media, "type": kind}

    def _is_wanted(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or self._left <= 0 or self._bytes <= 0:
            return False
        site = site_of(parts.hostname or "")
        return site == self._site or not _NOT_NEEDED.fullmatch(site)

    async def _fetch(self, url: str, headers: dict[str, str], *, shared: bool) -> Answer | None:
        asked = {name: value for name, value in headers.items() if not name.startswith(_OURS)}
        whose, answer, missing = self._publisher, None, ""
        self.pending.append(url)
        try:
            answer = await self._fetcher.fetch(url, asked, shared=shared, publisher=whose)
            self._bytes -= len(answer[2])
            missing = f"answered {answer[0]}" if answer[0] >= 400 else ""
        except Exception as error:  # noqa: BLE001 - left without an answer, the page would hang
            missing = network_detail(error)
        finally:
            self.pending.remove(url)
            self.answered += 1
        if missing and site_of(urlsplit(url).hostname or "") == self._site:
            self.missed.append(f"{url}: {missing}")
        return answer


def headers_of(headers: Headers) -> dict[str, str]:
    """Return an answer's headers as they go with its body when that is no longer encoded."""
    named = {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in headers.items()
    }
    return {name: value for name, value in named.items() if name not in _LOST}


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
# Down the page, so that it asks for what it shows only then, and back; returns its height.
_SCROLLED = """async most => {
    for (let y = 0; y < Math.min(document.documentElement.scrollHeight, most); y += innerHeight) {
        scrollTo(0, y);
        await new Promise(done => setTimeout(done, 50));
    }
    scrollTo(0, 0);
    return document.documentElement.scrollHeight;
}"""
_WIDTH, _TALLEST = 1280, 16_384  # pixels of a screenshot; Chromium paints no larger one
_LARGEST_IMAGE = 30 * 1024 * 1024


View = tuple[str, bytes, int]  # HTML; where it is kept in full, a screenshot, the page's height


class Renderer:
    """Shows pages of the publishers that need it; the browser starts with the first of them.

    `full` is whether pages are kept in full, whoever their publisher is.
    """

    def __init__(self, crawler: Crawler, store: Store, publishers: Mapping[str, Publisher]) -> None:
        self._store = store
        self._publishers = publishers
        self.full = crawler.settings.getbool("FULL")
        self._seconds = crawler.settings.getfloat("FULL_SECONDS" if self.full else "RENDER_SECONDS")
        self._fetcher = Fetcher(crawler, store)
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._starting = asyncio.Lock()
        self._browser: Any = None
        self._ending = AsyncExitStack()
        crawler.signals.connect(self.close, signals.spider_closed)

    async def shown(self, visit: Visit, capture: Capture, headers: Headers) -> Capture:
        """Return a capture whose body is the page as it is shown, which is kept as well.

        The body stays as it is where the publisher's pages need no scripts.

        Raises:
            NotRendered: if it cannot be shown in time and within limits.
        """
        if "html" not in (capture.content_type or "html"):
            return capture
        document = 200, headers_of(headers), capture.body
        slug, store = visit.publisher, self._store
        page = Subresources(
            self._fetcher, document, url=capture.url, publisher=slug, full=self.full
        )
        text, image, height = await self._view(visit, capture, page)
        html = text.encode("utf-8", "replace")
        if page.missed:
            more = [f"and {len(page.missed) - _TOLD} more"] if len(page.missed) > _TOLD else []
            detail = "; ".join([*page.missed[:_TOLD], *more])
            kind = ProblemKind.RENDER_INCOMPLETE
            store.report(visit, capture, kind, detail, stage="render")
        is_read = self._publishers[slug].render
        store.rendered(capture, html, at=store.clock(), kind="page" if is_read else "dom")
        if self.full:
            self._keep(capture, image, height, page)
        return replace(capture, body=html, content_type=RENDERED_TYPE) if is_read else capture

    def _keep(self, capture: Capture, image: bytes, height: int, page: Subresources) -> None:
        """Save the screenshot of a page, what it consists of, and the server's certificates.

        The list is as Browsertrix writes it, with the size of the screenshot besides.
        """
        size = {"width": _WIDTH, "height": min(height, _TALLEST), "cut": height > _TALLEST}
        names = {"pageid": capture.place.record_id, "url": capture.url}
        listed = names | {"ts": iso(capture.fetched_at), "urls": page.came, "screenshot": size}
        blocks = {"screenshot": image, "resources": json.dumps(listed, ensure_ascii=False).encode()}
        if capture.certificates:
            blocks["certificates"] = capture.certificates.encode()
        for kind, block in blocks.items():
            self._store.rendered(capture, block, at=self._store.clock(), kind=kind)

    async def close(self) -> None:
        """End the browser, and what drives it."""
        self._browser, ending, self._ending = None, self._ending, AsyncExitStack()
        with suppress(Exception):  # it is gone already
            # First the browser's time is over, then that of what drives it.
            async with asyncio.timeout(2 * _CLOSING), asyncio.timeout(_CLOSING):
                await ending.aclose()

    async def _view(self, visit: Visit, capture: Capture, page: Subresources) -> View:
        from playwright.async_api import Error

        async with self._room:
            context = None
            try:
                async with asyncio.timeout(self._seconds):
                    context = await self._context(visit, capture)
                    return await _built(context, capture.url, page, full=self.full)
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


async def _built(context: Any, url: str, subresources: Subresources, *, full: bool) -> View:
    """Open a page, and return it once it is loaded and asks for nothing more."""
    await context.route("**/*", subresources.answer)
    await context.route_web_socket("**/*", lambda socket: socket.close())
    page = await context.new_page()
    # Not until "load": Playwright waits without end for a page that tries to go elsewhere.
    await page.goto(url, wait_until="commit", timeout=0)
    await _settled(page, subresources)
    image, height = b"", 0
    if full:
        height = await page.evaluate(_SCROLLED, _TALLEST)
        await _settled(page, subresources)
        clip = {"x": 0, "y": 0, "width": _WIDTH, "height": min(height, _TALLEST)}
        image = await page.screenshot(full_page=True, clip=clip, timeout=0)
    if await page.evaluate(_SIZE) > LARGEST_PAGE or len(image) > _LARGEST_IMAGE:
        detail = f"the page as shown is over {LARGEST_PAGE} characters, or its image too large"
        raise NotRendered(ProblemKind.TOO_LARGE, detail)
    return str(await page.content()), image, height


async def _settled(page: Any, subresources: Subresources) -> None:
    """Return once a page is loaded and asks for nothing more."""
    loaded, answered = False, -1
    while not loaded or subresources.pending or answered != subresources.answered:
        answered = subresources.answered
        await asyncio.sleep(_QUIET)
        loaded = await page.evaluate(_IS_LOADED)
