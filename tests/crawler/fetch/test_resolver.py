"""Tests of resolver."""

import asyncio
import base64
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.resolver import ThreadedResolver
from hypothesis import given
from hypothesis import strategies as st

from crawler.config import Config
from crawler.fetch.addresses import is_local, literal, reason
from crawler.fetch.exceptions import NotFetched
from crawler.fetch.resolver import CheckedResolver, Gate, connector, failure, is_http
from tests.connections import Connections
from tests.crawler import wire

KINDS = [
    ("93.184.216.34", None),
    ("8.8.8.8", None),
    ("172.32.0.1", None),
    ("100.128.0.1", None),
    ("0.1.2.3", "private"),
    ("10.1.2.3", "private"),
    ("172.16.0.1", "private"),
    ("192.168.1.1", "private"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("169.254.169.254", "link-local"),
    ("100.64.0.1", "carrier-grade NAT"),
    ("100.100.100.200", "carrier-grade NAT"),
    ("168.63.129.16", "cloud metadata"),
    ("192.0.0.192", "reserved"),
    ("224.0.0.1", "multicast"),
    ("255.255.255.255", "private"),
    ("2606:4700:4700::1111", None),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::7f00:1", "reserved"),
    ("fe80::1", "link-local"),
    ("fc00::1", "private"),
    ("fd00:ec2::254", "private"),
    ("fec0::1", "reserved"),
    ("ff02::1", "multicast"),
    ("2001::1", "reserved"),
    ("2001:db8::1", "private"),
    ("3fff::1", "documentation"),
    ("192.0.2.1", "private"),
    ("198.18.0.1", "private"),
    ("198.51.100.1", "private"),
    ("203.0.113.1", "private"),
    ("192.88.99.1", "reserved"),
    ("240.0.0.1", "private"),
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:8.8.8.8", None),
    ("64:ff9b::169.254.169.254", "link-local"),
    ("64:ff9b::8.8.8.8", None),
    ("64:ff9b:1::8.8.8.8", "reserved"),
    ("2002:7f00:1::", "loopback"),
    ("2002:808:808::", None),
]


@pytest.mark.parametrize(("address", "kind"), KINDS)
def test_the_kind_of_an_address(address, kind):
    assert reason(ip_address(address)) == kind


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("1", "0.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[::ffff:10.0.0.1]", "::ffff:10.0.0.1"),
        ("example.org", None),
        ("1.example.org", None),
        ("face.feed", None),
        ("", None),
    ],
)
def test_a_literal_address_in_any_spelling(host, address):
    assert literal(host) == (ip_address(address) if address else None)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "a.localhost", "metadata.google.internal", "nas.local"]
)
def test_names_of_the_machine_and_its_network(host):
    assert is_local(host)


@pytest.mark.parametrize("host", ["localhost.example.org", "mylocal", "internal-news.net"])
def test_names_that_only_look_local(host):
    assert not is_local(host)


@given(st.integers(0, 2**32 - 1))
def test_every_carrier_of_an_address_is_judged_as_the_address(number):
    plain = reason(ip_address(number))
    for carrier in (0xFFFF << 32 | number, (0x64FF9B << 96) | number, 0x2002 << 112 | number << 80):
        assert reason(ip_address(carrier.to_bytes(16))) == plain


@given(st.integers(0, 2**32 - 1))
def test_every_number_is_read_as_the_c_library_reads_it(number):
    assert literal(str(number)) == literal(hex(number)) == ip_address(number)


REFUSED = [
    "http://127.0.0.1/",
    "http://127.0.0.1:8000/",
    "http://[::1]/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://user:secret@10.0.0.1/",
    "http://example.org@10.0.0.1/",
    "http://localhost/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://127%E3%80%820.0.1/",
    "http://127.0.0\N{SOFT HYPHEN}.1/",
    "http://127.0.0%C2%AD.1/",
    "http://localhost./",
    "http://0/",
    "http://[::127.0.0.1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "https://metadata.google.internal/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_leads_to_no_public_host_is_refused(url):
    with pytest.raises(NotFetched, match="address"):
        Gate().check(url)


@pytest.mark.parametrize("url", ["https://example.org/", "http://[2606:4700:4700::1111]:8080/x"])
def test_a_public_url_passes(url):
    Gate().check(url)


@pytest.mark.parametrize(
    ("named", "url", "passes"),
    [
        ("http://127.0.0.1:8000/feed", "http://127.0.0.1:8000/news/1", True),
        ("http://127.0.0.1:8000/feed", "http://127.0.0.1:8001/news/1", False),
        ("http://127.0.0.1:8000/feed", "http://localhost:8000/news/1", False),
        ("http://localhost/", "http://LOCALHOST.:80/x", True),
        ("http://localhost/", "https://localhost/x", False),
        ("http://[::1]:8000/", "http://[::1]:8000/x", True),
    ],
)
def test_what_the_user_named_is_open_exactly(named, url, passes):
    gate = Gate([named])
    if passes:
        gate.check(url)
    else:
        with pytest.raises(NotFetched):
            gate.check(url)


@pytest.fixture
def answers(monkeypatch):
    """What a name server says to each question: it may be something else each time."""
    given: list[list[str]] = []

    async def resolve(_self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0}
            for one in given.pop(0)
        ]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    return given


async def addresses(resolver, host="evil.example", port=80):
    return [one["host"] for one in await resolver.resolve(host, port)]


async def test_a_name_that_turns_to_the_machine_itself_is_refused_the_second_time(answers):
    answers += ["93.184.216.34"], ["127.0.0.1"]
    resolver = CheckedResolver(Gate())
    assert await addresses(resolver) == ["93.184.216.34"]
    with pytest.raises(NotFetched, match=r"evil\.example leads to 127\.0\.0\.1, a loopback"):
        await addresses(resolver)


async def test_of_mixed_addresses_only_the_public_ones_are_used(answers):
    answers.append(["10.0.0.1", "93.184.216.34", "fe80::1%eth0"])
    assert await addresses(CheckedResolver(Gate())) == ["93.184.216.34"]


async def test_a_named_literal_opens_no_name_that_leads_to_it(answers):
    answers += ["127.0.0.1"], ["127.0.0.1"]
    gate = Gate(["http://127.0.0.1:80/"])
    with pytest.raises(NotFetched):
        await addresses(CheckedResolver(gate))
    assert await addresses(CheckedResolver(Gate(["http://evil.example/"])))


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
    archive.follow(
        feeds=["http://paper.example/feed"],
        homepage="http://paper.example/",
        hosts=["169.254.169.254"],
    )


async def test_by_socks5h_the_proxy_looks_names_up(archive, site):
    follow(archive)
    async with socks(int(site.url.rpartition(":")[2])) as proxy:
        await archive.crawl(config=Config(proxy=f"socks5h://{proxy.url}"))
    assert set(proxy.asked) == {"paper.example"}
    assert archive.rows("select url from articles") == [("http://paper.example/news/1",)]
    assert [kind for kind, _ in archive.problems()] == ["address-refused"]


async def test_by_socks5_names_are_looked_up_and_checked_here(archive, site):
    follow(archive)
    async with socks(int(site.url.rpartition(":")[2])) as proxy:
        made = connector(Gate(), proxy=f"socks5://{proxy.url}")
        assert type(made._resolver).__name__ == "CheckedResolver"
        await made.close()
        await archive.crawl(config=Config(proxy=f"socks5://{proxy.url}"))
    assert proxy.asked == []  # there is no such name here
    assert [kind for kind, _ in archive.problems()] == ["robots-unreachable"]


async def test_an_http_proxy_is_asked_for_whole_addresses(archive, site):
    follow(archive)
    answers = dict(site.answers)
    site.answers |= {f"http://paper.example{path}": answer for path, answer in answers.items()}
    await archive.crawl(config=Config(proxy=site.url))
    assert site.count("http://paper.example/feed") == 1
    assert archive.rows("select url from articles") == [("http://paper.example/news/1",)]
    assert not [target for target in site.targets() if "169.254" in target]


async def test_a_proxy_is_given_its_password_and_the_archive_is_not(archive, site):
    follow(archive)
    answers = dict(site.answers)
    site.answers |= {f"http://paper.example{path}": answer for path, answer in answers.items()}
    host = site.url.removeprefix("http://")
    await archive.crawl(config=Config(proxy=f"http://reader:secret@{host}"))
    assert archive.rows("select count(*) from articles") == [(1,)]
    token = base64.b64encode(b"reader:secret")
    assert {one.header("Proxy-Authorization") for one in site.asked} == {f"Basic {token.decode()}"}
    files = list((archive.root / "warc").rglob("*.warc.gz"))
    kept = b"".join(gzip.decompress(path.read_bytes()) for path in files)
    assert b"GET /news/1" in kept or b"GET http://paper.example/news/1" in kept
    assert token not in kept
    assert b"secret" not in kept


@pytest.mark.parametrize(("status", "said"), [(405, "none for https"), (501, "none for https")])
def test_a_web_server_that_is_no_proxy_is_named_as_that(status, said):
    error = aiohttp.ClientHttpProxyError(Mock(), (), status=status)
    assert said in (failure(error, "http://127.0.0.1:3128") or "")


@pytest.mark.parametrize("status", [400, 403, 404, 502, 503, 504])
def test_what_a_proxy_says_of_a_site_is_the_sites(status):
    error = aiohttp.ClientHttpProxyError(Mock(), (), status=status)
    assert failure(error, "http://127.0.0.1:3128") is None


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
    summary = await archive.crawl(config=Config(proxy=proxy), addresses=articles, poll=frozenset())
    server.close()
    ((kind, detail),) = archive.rows("select kind, detail from problems")
    assert kind == "proxy-failed"
    assert f"the proxy {scheme}://127.0.0.1:{port}" in detail
    assert "secret" not in detail
    assert summary.left == 50
    assert summary.notes[0].startswith("the proxy")
    assert archive.rows("select count(*) from hosts") == [(0,)]
