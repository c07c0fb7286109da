"""The handler keeps what came over the wire, byte for byte, however badly it ends."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.http import Response

from archive.models import Exchange, Kind
from archive.problems import ProblemKind
from archive.store import Store
from crawler.fetch.throttle import FetchServices
from crawler.settings import scrapy_settings
from crawler.workers import Workers
from tests.crawler import wire

PAGE = wire.article()
PACKED = gzip.compress(PAGE, mtime=0)


class Unwritten(Store):
    """Hands on what it is to record."""

    def record(self, exchange, **_):
        return exchange


class Fetch(Spider):
    """Fetches one address and keeps what came."""

    name = "fetch"
    address: str
    meta: dict[str, object]

    @classmethod
    def from_crawler(cls, crawler, store, **arguments):
        FetchServices.install(crawler, store, {}, Workers(processes=1).do)
        return super().from_crawler(crawler, **arguments)

    async def start(self):
        meta = dict.fromkeys(
            ("dont_obey_robotstxt", "handle_httpstatus_all", "dont_retry", "verbatim_url"), True
        )
        named = {"kind": Kind.PROBE, "publisher": ""}
        yield Request(self.address, meta=meta | named | self.meta, errback=self.fail)

    def parse(self, response: Response):
        self.response = response

    def fail(self, failure):
        self.failure = failure.value


async def fetch(url: str, *, opened: str = "", **meta: object) -> Fetch:
    settings = scrapy_settings([])
    middlewares = settings["DOWNLOADER_MIDDLEWARES"]
    for name in (
        "crawler.fetch.middlewares.RobotsPolicy",
        "crawler.fetch.throttle.HostPacing",
    ):
        middlewares[name] = None
    settings.set("DOWNLOADER_MIDDLEWARES", middlewares, priority="cmdline")
    settings.set("ITEM_PIPELINES", {}, priority="cmdline")
    settings.set("DOWNLOAD_DELAY", 0, priority="cmdline")
    settings.set("OPEN_URLS", [opened or url], priority="cmdline")
    crawler = Crawler(Fetch, settings)
    with TemporaryDirectory() as folder, Unwritten(Path(folder), command="c") as store:
        await AsyncCrawlerRunner(settings).crawl(crawler, store, address=url, meta=meta)
    assert isinstance(crawler.spider, Fetch)
    return crawler.spider


async def exchange(url: str, **meta: object) -> Exchange:
    found = (await fetch(url, opened="", **meta)).response.meta["capture"]
    assert isinstance(found, Exchange)
    return found


@pytest.fixture
def site() -> Iterator[wire.Site]:
    with wire.serving() as one:
        yield one


async def test_header_names_order_and_duplicates_are_as_received(site):
    head = b"HTTP/1.1 200 Fine By Me\r\nx-LOWER: 1\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n"
    rest = b"SET-cookie: b=2\r\nSet-Cookie: a=3\r\nConnection: close\r\n\r\nok"
    site.answers["/"] = (head, rest)
    seen = await exchange(site.url + "/")
    assert (seen.status, seen.reason, seen.protocol) == (200, "Fine By Me", "HTTP/1.1")
    assert seen.response_headers == (
        (b"x-LOWER", b"1"),
        (b"Set-Cookie", b"a=1"),
        (b"Content-Length", b"2"),
        (b"SET-cookie", b"b=2"),
        (b"Set-Cookie", b"a=3"),
        (b"Connection", b"close"),
    )
    assert (seen.payload, seen.truncated, seen.ip) == (b"ok", None, "127.0.0.1")


@pytest.mark.parametrize(
    "value", ["خبر".encode(), "خبر".encode("cp1256"), b"caf\xe9", b"\xff\xfe"], ids=repr
)
async def test_header_bytes_beyond_ascii_stay_as_they_are(site, value):
    site.answers["/"] = (
        b"HTTP/1.1 200 OK\r\nX-Name: " + value + b"\r\nContent-Length: 2\r\n"
        b"Connection: close\r\n\r\nok",
    )
    found = await fetch(site.url + "/")
    assert (b"X-Name", value) in found.response.meta["capture"].response_headers
    assert found.response.headers["X-Name"] == value


async def test_an_answer_without_reason_phrase(site):
    site.answers["/"] = (b"HTTP/1.1 200 \r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",)
    assert (await exchange(site.url + "/")).reason == ""


async def test_gzip_stays_packed_in_the_exchange_and_is_unpacked_for_the_spider(site):
    site.answers["/"] = (wire.http(PACKED, "Content-Encoding: gzip"),)
    found = await fetch(site.url + "/")
    assert found.response.meta["capture"].payload == PACKED
    assert found.response.body == PAGE


async def test_chunks_are_joined_and_their_header_is_kept(site):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    site.answers["/"] = (head, b"5\r\nhello\r\n", 0.05, b"6\r\n world\r\n0\r\n\r\n")
    seen = await exchange(site.url + "/")
    assert (seen.payload, seen.truncated) == (b"hello world", None)
    assert (b"Transfer-Encoding", b"chunked") in seen.response_headers


@pytest.mark.parametrize(
    ("script", "meta", "payload", "truncated"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",), {}, b"half", "disconnect"),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",),
            {},
            b"hello",
            "disconnect",
        ),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 0.1, wire.RESET),
            {},
            b"half",
            "disconnect",
        ),
        ((wire.http(b"0123456789"),), {"download_maxsize": 4}, b"0123", "length"),
        ((wire.http(b"0123"),), {"download_maxsize": 4}, b"0123", None),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", *[b".", 0.2] * 10),
            {"download_timeout": 0.7},
            None,
            "time",
        ),
    ],
    ids=["short", "short-chunked", "reset", "too-long", "just-right", "drip"],
)
async def test_what_came_of_a_body_cut_short_is_kept(site, script, meta, payload, truncated):
    site.answers["/"] = script
    found = await fetch(site.url + "/", **meta)
    seen = found.response.meta["capture"]
    assert seen.truncated == truncated
    assert ("truncated" in found.response.flags) == (truncated is not None)
    if payload is None:
        assert 0 < len(seen.payload) < 10
    else:
        assert seen.payload == payload


@pytest.mark.parametrize(
    "script", [(wire.RESET,), (5.0,), (b"no http at all\r\n\r\n",)], ids=["reset", "silent", "junk"]
)
async def test_no_answer_at_all_is_an_error_and_no_exchange(site, script):
    site.answers["/"] = script
    found = await fetch(site.url + "/", download_timeout=0.5)
    assert type(found.failure).__name__.startswith("Download")


async def test_headers_of_many_kilobytes_are_read(site):
    long = "x" * 20_000
    site.answers["/"] = (wire.http(b"ok", f"Content-Security-Policy: {long}"),)
    headers = dict((await exchange(site.url + "/")).response_headers)
    assert headers[b"Content-Security-Policy"] == long.encode()


async def test_the_request_is_kept_as_it_was_sent(site):
    site.answers["/a?b=1"] = (wire.http(b"ok"),)
    seen = await exchange(site.url + "/a?b=1")
    sent = [(name.decode(), value.decode()) for name, value in seen.request_headers]
    assert tuple(sent) == site.asked[0].headers
    assert dict(sent)["Accept-Language"].startswith("ar")
    assert dict(sent)["User-Agent"].startswith("Warraq/")
    assert "Content-Length" not in dict(sent)


async def test_too_many_headers_are_an_error_and_not_read_on(site):
    flood = (f"Set-Cookie: c{number}={'x' * 900}" for number in range(5000))
    site.answers["/"] = (wire.http(b"ok", *flood),)
    found = await fetch(site.url + "/")
    assert type(found.failure).__name__ == "DownloadFailedError"


async def test_an_address_beyond_all_measure_is_not_asked(site):
    found = await fetch(site.url + "/" + "x" * 9000)
    assert found.failure.kind is ProblemKind.BAD_ADDRESS
    assert site.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "127.0.0.1."]
)
async def test_an_address_that_nobody_named_is_not_asked(site, host):
    port = site.url.rpartition(":")[2]
    found = await fetch(f"http://{host}:{port}/", opened="https://example.org/")
    assert found.failure.kind is ProblemKind.ADDRESS_REFUSED
    assert site.asked == []


async def test_another_port_of_a_named_host_is_not_asked(site):
    found = await fetch(site.url + "/", opened="http://127.0.0.1:1/")
    assert found.failure.kind is ProblemKind.ADDRESS_REFUSED
    assert site.asked == []


async def test_large_bodies_come_in_one_after_the_other(site, monkeypatch):
    monkeypatch.setattr("crawler.fetch.handler._LARGE", 3)
    site.answers["/"] = (b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n1234", 0.1, b"5678")
    assert (await exchange(site.url + "/")).payload == b"12345678"
