"""Whose page an address is: a publisher that is known, or one of which only the host is."""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from archive.urls import host_of, identity_key, normal
from crawler.publisher import Publisher


class Owners:
    """Finds the publisher of an address among those that are known."""

    def __init__(self, publishers: Iterable[Publisher]) -> None:
        self._known: dict[str, list[tuple[str, Publisher]]] = {}
        self.by_slug = {one.slug: one for one in publishers}
        for one in self.by_slug.values():
            home = _place(one.homepage) if one.homepage else None
            for host in {_host(f"http://{host}/") for host in one.hosts}:
                path = home[1] if home and home[0] == host else "/"
                self._known.setdefault(host, []).append((path, one))
        self._made = lru_cache(maxsize=1024)(Publisher.of_url)

    def of(self, url: str) -> Publisher:
        """Return the publisher at the address's host, its mobile twin included.

        Of several at one host (editions in other languages) that with the longest homepage above
        the address; one whose patterns want the address goes before others. Without any, one is
        made that is called as the host.

        Raises:
            ValueError: if it is no http or https address.
        """
        host, path = _place(url)
        fitting = [(home, one) for home, one in self._known.get(host, ()) if path.startswith(home)]
        if fitting:
            return max(fitting, key=lambda each: (each[1].wants(url), len(each[0])))[1]
        return self._made(normal("/", url))


def _place(url: str) -> tuple[str, str]:
    return _host(url), urlsplit(identity_key(url)).path.rstrip("/") + "/"


def _host(url: str) -> str:
    return host_of(identity_key(url))
