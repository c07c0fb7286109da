"""Canonical URLs: the one spelling under which an address is known, and the id made from it."""

import hashlib
import re
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

# Parameters that name a campaign or a click, never a page.
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|yclid|msclkid|mc_[ce]id|igshid|_ga|ocid|cmpid|"
    r"ns_(?:campaign|mchannel|source|linkname|fee)|at_(?:medium|campaign|custom\d)|ref_src|"
    r"__twitter_impression"
)
_NETLOC = re.compile(r"(?:[^@]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^\[\]]+)(?::\d*)?")
_PORTS = {"http": "80", "https": "443"}
_SAFE = "!$&'()*+,;=:@/~"
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
# An escaped letter, digit or mark that needs no escape. Not behind a stray `%` or `%4`: decoded
# there it would make an escape that was not written.
_NEEDLESS = re.compile(
    r"(?<!%)(?<!%[0-9A-Fa-f])%(?:2D|2E|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])"
)
_LETTERS = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")


def canonical(url: str, base: str | None = None) -> str:
    """Return the canonical form of an http(s) URL, resolved against `base` where it is relative.

    Lower-case scheme and host (IDNA), no default port, fragment, user info, tracking parameter or
    lone `?`, percent-encoding in one spelling (RFC 3986, section 6.2.2). Anything else stays as
    written: two addresses that a server could tell apart never become one.

    Raises:
        ValueError: if it is not an absolute http or https URL after resolving.
    """
    joined = urljoin(base, url.strip()) if base else url.strip()
    parts = urlsplit(joined)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or not _NETLOC.fullmatch(parts.netloc):
        raise ValueError(f"not an http or https address: {url!r}")
    host = _host(parts.hostname)
    port = parts.port
    netloc = host if port is None or str(port) == _PORTS[scheme] else f"{host}:{port}"
    return urlunsplit((scheme, netloc, _path(parts.path), _query(parts.query), ""))


def readable(url: str) -> str:
    """Return a URL for a person to read: letters beyond ASCII as letters, all else unchanged."""
    text = _LETTERS.sub(_letters, url)
    return text if text.isprintable() and " " not in text else url


def article_id(url: str) -> int:
    """Return the id of the article whose first canonical URL this is.

    An integer from 1 to 2**53 - 1, from the first 53 bits of the URL's SHA-256, so that a rebuilt
    or merged archive agrees and JavaScript can hold it (invariant 11).
    """
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:8]) >> 11 or 1


def host_of(url: str) -> str:
    """Return the host name of a URL, in lower case, without `www.`."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _host(name: str) -> str:
    plain = unquote(name).lower()
    try:
        host = plain if plain.isascii() else plain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueError(f"not a host name: {name!r}") from error
    host = host.removesuffix(".")
    if not _HOST.fullmatch(host):
        raise ValueError(f"not a host name: {name!r}")
    return f"[{host}]" if ":" in host else host


def _path(path: str) -> str:
    return _respelled(path, _SAFE) or "/"


def _query(query: str) -> str:
    pairs = query.split("&")
    kept = [pair for pair in pairs if not _TRACKING.fullmatch(pair.split("=", 1)[0].lower())]
    return _respelled("&".join(kept), _SAFE + "?")


def _respelled(text: str, safe: str) -> str:
    """Decode what needs no encoding, encode the rest in upper-case UTF-8."""
    encoded = _ESCAPE.sub(lambda escape: escape[0].upper(), quote(text, safe=safe + "%"))
    return _NEEDLESS.sub(lambda escape: chr(int(escape[0][1:], 16)), encoded)


def _letters(escapes: re.Match[str]) -> str:
    try:
        return unquote(escapes[0], errors="strict")
    except UnicodeDecodeError:
        return escapes[0]
