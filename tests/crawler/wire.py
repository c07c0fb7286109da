"""A little web site that answers byte for byte what a test wrote down, and tells what it was asked.

It listens on loopback from a thread of its own, so that crawls in the test's event loop and crawls
in other processes can both talk to it.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from threading import Thread
from typing import Any

import pytest

from crawler.settings import scrapy_settings
from tests.connections import Connections

RESET = "reset"  # the connection is reset here

# What is sent: bytes, seconds of silence (a float), or RESET; then the connection is closed.
Script = Iterable[bytes | float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came: its target, and its header lines in their order."""

    target: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


Answer = Script | Callable[[Asked], Script]


@dataclass(slots=True)
class Site:
    """The answers by target; anything else is a 404. `asked` are the requests in their order."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def targets(self) -> list[str]:
        return [one.target for one in self.asked]

    def count(self, target: str) -> int:
        return self.targets().count(target)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = _parse(await reader.readuntil(b"\r\n\r\n"))
            self.asked.append(asked)
            answer = self.answers.get(
                asked.target, (http(b"nothing here", status="404 Not Found"),)
            )
            for piece in answer(asked) if callable(answer) else answer:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                elif isinstance(piece, str):
                    writer.transport.abort()
                else:
                    writer.write(piece)
                    await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass


def http(
    body: bytes = b"", *headers: str, status: str = "200 OK", media: str = "text/html"
) -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media}", f"Content-Length: {len(body)}"]
    return "\r\n".join((*lines, *headers, "Connection: close", "", "")).encode() + body


def article(title: str = "خبر من المدينة", *, paragraphs: int = 6) -> bytes:
    """Return an article page that any extraction reads as one."""
    text = "".join(
        f"<p>قال مراسلنا في المدينة إن الوضع هادئ اليوم، وإن السكان عادوا إلى بيوتهم بعد أيام من"
        f" الغياب، بحسب ما أفادت به مصادر محلية متقاطعة في الحي رقم {number}.</p>"
        for number in range(paragraphs)
    )
    return (
        f"<!DOCTYPE html><html lang='ar' dir='rtl'><head><meta charset='utf-8'>"
        f"<title>{title}</title><meta property='og:type' content='article'></head>"
        f"<body><article><h1>{title}</h1>{text}</article></body></html>"
    ).encode()


def feed(*links: str) -> bytes:
    """Return an RSS feed of these links."""
    items = "".join(f"<item><title>خبر</title><link>{link}</link></item>" for link in links)
    return f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode()


def publisher(root: Path, slug: str, **keys: object) -> Path:
    """Write a publisher's file into an archive; values are written as TOML's own."""
    folder = root / "publishers"
    folder.mkdir(parents=True, exist_ok=True)
    values = {"slug": slug, "name": slug, "delay": 0} | keys
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, int) else repr(value)}"
        for key, value in values.items()
    ]
    path = folder / f"{slug}.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


@contextlib.contextmanager
def serving(tls: SSLContext | None = None, *, host: str = "127.0.0.1") -> Iterator[Site]:
    """Serve a new site until the block ends, encrypted with a context."""
    site, loop, ready = Site(), asyncio.new_event_loop(), Future[str]()
    end = asyncio.Event()

    async def run() -> None:
        connections = Connections(site.handle)
        server = await asyncio.start_server(connections, host, 0, ssl=tls)
        scheme = "https" if tls else "http"
        ready.set_result(f"{scheme}://{host}:{server.sockets[0].getsockname()[1]}")
        await end.wait()
        server.close()
        await connections.end()

    thread = Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    try:
        site.url = ready.result(5)
        yield site
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()


def may_be_asked(patch: pytest.MonkeyPatch, site: Site) -> None:
    """Let crawls ask a site that no publisher's file names, as they may one that is public."""

    def settings(*arguments: Any, open_urls: Iterable[str], **named: Any) -> Any:
        return scrapy_settings(*arguments, open_urls=[*open_urls, site.url], **named)

    patch.setattr("crawler.crawl.scrapy_settings", settings)


def until(condition: Callable[[], object], *, seconds: float = 15.0) -> bool:
    """Wait until something is so; return whether it came to be."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _parse(head: bytes) -> Asked:
    first, *lines = head.decode("utf-8", "surrogateescape").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name, value.strip()) for name, _, value in pairs)
    return Asked(target=first.split(" ")[1], headers=headers)
