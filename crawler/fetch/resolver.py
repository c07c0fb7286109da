"""Where names become addresses: only those of the open internet are connected to.

A page, a redirect or a name server may point at the machine itself, its neighbours or a cloud's
metadata service. The addresses that pass are the very ones the connection is made to, so a name
that changes between two looks (DNS rebinding) gains nothing.
"""

import socket
from collections.abc import Iterable
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from crawler.fetch.addresses import is_local_name, literal, plain, reason
from crawler.fetch.exceptions import AddressRefused

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


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
        self._open.add((plain(parts.raw_host or ""), parts.port or _PORTS.get(parts.scheme, 0)))

    def is_open(self, host: str, port: int) -> bool:
        """Return whether the user named this host and port."""
        return (plain(host), port) in self._open

    def check(self, url: str) -> None:
        """Check a URL's host as far as that goes without a name server.

        Raises:
            AddressRefused: if it is a literal address, or a name, of no public host.
        """
        parts = URL(url, encoded=True)  # as aiohttp reads it, not as another parser might
        host = parts.raw_host or ""
        if self.is_open(host, parts.port or 0):
            return
        address = literal(host)
        kind = reason(address) if address else "local" if is_local_name(host) else None
        if kind:
            raise AddressRefused(f"{host} is a {kind} address")


class CheckedResolver(AbstractResolver):
    """Resolves names by another resolver and hands on only the addresses that may be used."""

    def __init__(self, resolver: AbstractResolver, gate: Gate) -> None:
        self._resolver = resolver
        self._gate = gate

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the public addresses of a name.

        Raises:
            AddressRefused: if it has addresses, but no public one.
        """
        found = await self._resolver.resolve(host, port, family)
        if self._gate.is_open(host, port):
            return found
        kinds = [reason(ip_address(one["host"].partition("%")[0])) for one in found]
        public = [one for one, kind in zip(found, kinds, strict=True) if kind is None]
        if found and not public:
            raise AddressRefused(f"{host} leads to {found[0]['host']}, a {kinds[0]} address")
        return public

    async def close(self) -> None:
        """Close the resolver that is asked."""
        await self._resolver.close()
