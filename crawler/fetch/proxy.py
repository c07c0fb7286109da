"""How the wire is reached: directly, or through the user's HTTP or SOCKS proxy, Tor's included.

By `socks5h` and by an HTTP proxy the proxy looks names up, so that none are seen on the user's own
network; by `socks5` we do, and check the addresses.
"""

from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.resolver import ThreadedResolver

from crawler.fetch.resolver import CheckedResolver, Gate


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
    if isinstance(error, aiohttp.ClientHttpProxyError) and error.status == 407:
        return f"{place} asks for a name and password: write them into `proxy`"
    socks = type(error).__module__.startswith("python_socks")
    # A time that ran out may be the site's: Tor is slow.
    if socks and not isinstance(error, TimeoutError) and not getattr(error, "error_code", None):
        return f"{place} does not work: {error}"
    return None


def connector(gate: Gate, *, proxy: str | None, **options: Any) -> aiohttp.TCPConnector:
    """Return what makes the connections; only to addresses that `gate` lets pass.

    `options` are those of aiohttp's TCPConnector.
    """
    resolver = CheckedResolver(ThreadedResolver(), gate)
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
