"""Names become addresses of the open internet, or nothing."""

import socket
from ipaddress import ip_address

import pytest
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.addresses import is_local, literal, reason
from crawler.fetch.exceptions import AddressRefused
from crawler.fetch.resolver import CheckedResolver, Gate

KINDS = [
    ("93.184.216.34", None),
    ("8.8.8.8", None),
    ("172.32.0.1", None),
    ("100.128.0.1", None),
    ("0.1.2.3", "unspecified"),
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
    ("255.255.255.255", "reserved"),
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
    ("2001:db8::1", "documentation"),
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
    with pytest.raises(AddressRefused, match="address"):
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
        with pytest.raises(AddressRefused):
            gate.check(url)


class Turncoat(AbstractResolver):
    """A name server that gives other addresses each time."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0}
            for one in self.answers.pop(0)
        ]

    async def close(self):
        pass


async def addresses(resolver, host="evil.example", port=80):
    return [one["host"] for one in await resolver.resolve(host, port)]


async def test_a_name_that_turns_to_the_machine_itself_is_refused_the_second_time():
    resolver = CheckedResolver(Turncoat(["93.184.216.34"], ["127.0.0.1"]), Gate())
    assert await addresses(resolver) == ["93.184.216.34"]
    with pytest.raises(AddressRefused, match=r"evil\.example leads to 127\.0\.0\.1, a loopback"):
        await addresses(resolver)


async def test_of_mixed_addresses_only_the_public_ones_are_used():
    resolver = CheckedResolver(Turncoat(["10.0.0.1", "93.184.216.34", "fe80::1%eth0"]), Gate())
    assert await addresses(resolver) == ["93.184.216.34"]


async def test_a_named_literal_opens_no_name_that_leads_to_it():
    gate = Gate(["http://127.0.0.1:80/"])
    with pytest.raises(AddressRefused):
        await addresses(CheckedResolver(Turncoat(["127.0.0.1"]), gate))
    assert await addresses(CheckedResolver(Turncoat(["127.0.0.1"]), Gate(["http://evil.example/"])))
