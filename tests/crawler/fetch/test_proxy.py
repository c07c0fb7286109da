"""Through the user's proxy: HTTP, or SOCKS with names looked up there or here."""

import asyncio
import base64
import contextlib
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from crawler.fetch.proxy import connector, is_http
from crawler.fetch.resolver import Gate
from tests.connections import Connections
from tests.crawler import wire


@dataclass(slots=True)
class Socks:
    """A SOCKS5 server (RFC 1928) that leads every request to one port; `asked` are the hosts."""

    port: int
    asked: list[str] = field(default_factory=list)
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        length = (await reader.readexactly(1))[0] if kind == 3 else 4
        host = await reader.readexactly(length)
        await reader.readexactly(2)
        self.asked.append(host.decode() if kind == 3 else ".".join(map(str, host)))
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        inner, outer = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(_copy(reader, outer), _copy(inner, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def socks(port: int) -> AsyncIterator[Socks]:
    made = Socks(port)
    connections = Connections(made.handle)
    server = await asyncio.start_server(connections, "127.0.0.1", 0)
    made.url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await connections.end()


@pytest.mark.parametrize(
    ("proxy", "http"),
    [(None, False), ("http://p:1", True), ("https://p:1", True), ("socks5h://p:1", False)],
)
def test_which_proxies_are_http(proxy, http):
    assert is_http(proxy) is http


def follow(archive):
    """Follow a newspaper of another host, which only the proxy can reach."""
    site = archive.site
    listing = wire.feed("http://paper.example/news/1", "http://169.254.169.254/latest/meta-data/")
    site.answers["/feed"] = (wire.http(listing, media="application/rss+xml"),)
    archive.follow(feeds=["http://paper.example/feed"], homepage="http://paper.example/")


async def test_by_socks5h_the_proxy_looks_names_up(archive, site):
    follow(archive)
    async with socks(int(site.url.rpartition(":")[2])) as proxy:
        await archive.crawl(proxy=f"socks5h://{proxy.url}")
    assert set(proxy.asked) == {"paper.example"}
    assert archive.rows("select url from articles") == [("http://paper.example/news/1",)]
    assert [kind for kind, _ in archive.problems()] == ["address-refused"]


async def test_by_socks5_names_are_looked_up_and_checked_here(archive, site):
    follow(archive)
    async with socks(int(site.url.rpartition(":")[2])) as proxy:
        made = connector(Gate(), proxy=f"socks5://{proxy.url}")
        assert type(made._resolver).__name__ == "CheckedResolver"
        await made.close()
        await archive.crawl(proxy=f"socks5://{proxy.url}")
    assert proxy.asked == []  # there is no such name here
    assert [kind for kind, _ in archive.problems()] == ["robots-unreachable"]


async def test_an_http_proxy_is_asked_for_whole_addresses(archive, site):
    follow(archive)
    answers = dict(site.answers)
    site.answers |= {f"http://paper.example{path}": answer for path, answer in answers.items()}
    await archive.crawl(proxy=site.url)
    assert site.count("http://paper.example/feed") == 1
    assert archive.rows("select url from articles") == [("http://paper.example/news/1",)]
    assert not [target for target in site.targets() if "169.254" in target]


async def test_a_proxy_is_given_its_password_and_the_archive_is_not(archive, site):
    follow(archive)
    answers = dict(site.answers)
    site.answers |= {f"http://paper.example{path}": answer for path, answer in answers.items()}
    host = site.url.removeprefix("http://")
    await archive.crawl(proxy=f"http://reader:secret@{host}")
    assert archive.rows("select count(*) from articles") == [(1,)]
    token = base64.b64encode(b"reader:secret")
    assert {one.header("Proxy-Authorization") for one in site.asked} == {f"Basic {token.decode()}"}
    files = list((archive.root / "warc").rglob("*.warc.gz"))
    kept = b"".join(gzip.decompress(path.read_bytes()) for path in files)
    assert b"GET /news/1" in kept or b"GET http://paper.example/news/1" in kept
    assert token not in kept
    assert b"secret" not in kept


ASKS = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
@pytest.mark.parametrize("alive", [False, True], ids=["none-there", "asks-for-a-password"])
async def test_a_proxy_that_does_not_work_is_one_problem_and_blames_no_site(
    archive, site, scheme, alive
):
    follow(archive)
    # `socks5` looks names up here, where there are none; an address needs no looking up.
    host = "http://93.184.216.34"
    articles = [(f"{host}/news/{number}", "paper") for number in range(50)]

    def answer(_reader, writer):
        writer.write(ASKS)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if not alive:
        server.close()
        await server.wait_closed()
    proxy = f"{scheme}://reader:secret@127.0.0.1:{port}"
    summary = await archive.crawl(proxy=proxy, addresses=articles, poll=frozenset())
    server.close()
    ((kind, detail),) = archive.rows("select kind, detail from problems")
    assert kind == "proxy-failed"
    assert f"the proxy {scheme}://127.0.0.1:{port}" in detail
    assert "secret" not in detail
    assert summary.left == 50
    assert summary.notes[0].startswith("the proxy")
    assert archive.rows("select count(*) from hosts") == [(0,)]
