"""Where names become addresses, and how the wire is reached: only the open internet is.

A page, a redirect or a name server may point at the machine itself, its neighbours or a cloud's
metadata service. The addresses that pass are the very ones the connection is made to, so a name
that changes between two requests (DNS rebinding) gains nothing.

With a proxy by `socks5h` or HTTP the proxy looks names up, so that none are seen on the user's own
network; by `socks5` we do, and check the addresses.
"""

import socket
from collections.abc import Iterable
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from archive.problems import ProblemKind
from crawler.fetch.addresses import is_local_name, literal, plain, reason
from crawler.fetch.exceptions import NotFetched

_refused = partial(NotFetched, ProblemKind.ADDRESS_REFUSED)


class Gate:
    """Says which hosts may be connected to: all public ones, and those that the user named."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        """Take the URLs that the user wrote; their hosts and ports are open as they stand there."""
        self._open: set[tuple[str, int]] = set()
        for url in named:
            self.open(url)

    def open(self, url: str) -> None:
        """Let the host and port of a URL pass, whatever it resolves to."""
        parts = URL(url)
        self._open.add((plain(parts.raw_host or ""), parts.port or 0))

    def is_open(self, host: str, port: int) -> bool:
        """Return whether the user named this host and port."""
        return (plain(host), port) in self._open

    def check(self, url: str) -> None:
        """Check a URL's host as far as that goes without a name server.

        Raises:
            NotFetched: if it is a literal address, or a name, of no public host.
        """
        parts = URL(url, encoded=True)  # as aiohttp reads it, not as another parser might
        host = parts.raw_host or ""
        if self.is_open(host, parts.port or 0):
            return
        address = literal(host)
        kind = reason(address) if address else "local" if is_local_name(host) else None
        if kind:
            raise _refused(f"{host} is a {kind} address")


class CheckedResolver(ThreadedResolver):
    """Resolves names and hands on only the addresses that may be used."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the public addresses of a name.

        Raises:
            NotFetched: if it has addresses, but no public one.
        """
        found = await super().resolve(host, port, family)
        if self._gate.is_open(host, port):
            return found
        public = [each for each in found if _reason(each) is None]
        if found and not public:
            raise _refused(f"{host} leads to {found[0]['host']}, a {_reason(found[0])} address")
        return public


def _reason(resolved: ResolveResult) -> str | None:
    return reason(ip_address(resolved["host"].partition("%")[0]))


_NO_PROXY = {405, 501}  # of CONNECT: what a web server says that is no proxy


def is_http(proxy: str | None) -> bool:
    """Return whether this is an HTTP proxy, which aiohttp itself can talk to."""
    return proxy is not None and urlsplit(proxy).scheme in {"http", "https"}


def failure(error: BaseException | None, proxy: str | None) -> str | None:
    """Return what is wrong with the proxy itself that an error tells of; None if nothing is.

    What the proxy says of the site (a SOCKS reply, RFC 1928, section 6) is the site's.
    """
    if proxy is None:
        return None
    parts = urlsplit(proxy)
    place = f"the proxy {parts.scheme}://{parts.hostname}:{parts.port}"  # its password is a secret
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"{place} cannot be reached"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        if error.status == 407:
            return f"{place} asks for a name and password: write them into `proxy`"
        if error.status in _NO_PROXY:
            return f"{place} is none, or none for https: it answered CONNECT with {error.status}"
    socks = type(error).__module__.startswith("python_socks")
    # A time that ran out may be the site's: Tor is slow.
    if socks and not isinstance(error, TimeoutError) and not getattr(error, "error_code", None):
        return f"{place} does not work: {error}"
    return None


def connector(gate: Gate, *, proxy: str | None, **options: Any) -> aiohttp.TCPConnector:
    """Return what makes the connections; only to addresses that `gate` lets pass.

    `options` are those of aiohttp's TCPConnector.
    """
    resolver = CheckedResolver(gate)
    if proxy is None or is_http(proxy):
        if proxy:
            gate.open(proxy)
        return aiohttp.TCPConnector(resolver=resolver, **options)
    from aiohttp_socks import ProxyConnector

    # python-socks knows no `socks5h`; which of the two it is, is said by `rdns`.
    remote = proxy.startswith("socks5h:")
    url = "socks5:" + proxy.partition(":")[2]
    made: aiohttp.TCPConnector = ProxyConnector.from_url(url, rdns=remote, **options)
    if not remote:
        made._resolver = resolver  # noqa: SLF001 - it takes no other, and would not check
    return made
