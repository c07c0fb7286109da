"""Canonical URLs: the one spelling under which an address is known, and the id made from it."""

import hashlib
import re
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

# Parameters that name a campaign or a click, never a page.
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|yclid|msclkid|mc_[ce]id|igshid|_ga|ocid|cmpid|ns_\w+|"
    r"at_(?:medium|campaign|custom\d)|ref_src|__twitter_impression"
)
_PORTS = {"http": "80", "https": "443"}
_SAFE = "!$&'()*+,;=:@/~"


def canonical(url: str, base: str | None = None) -> str:
    """Return the canonical form of an http(s) URL, resolved against `base` where it is relative.

    Lower-case scheme and host (IDNA), no default port, fragment, user info or tracking parameter,
    percent-encoding in one spelling (RFC 3986, section 6.2.2). Anything else stays as written:
    two addresses that a server could tell apart never become one.

    Raises:
        ValueError: if it is not an absolute http or https URL after resolving.
    """
    joined = urljoin(base, url.strip()) if base else url.strip()
    parts = urlsplit(joined)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"not an http or https address: {url!r}")
    host = _host(parts.hostname)
    port = parts.port
    netloc = host if port is None or str(port) == _PORTS[scheme] else f"{host}:{port}"
    return urlunsplit((scheme, netloc, _path(parts.path), _query(parts.query), ""))


def readable(url: str) -> str:
    """Return a URL for a person to read: percent-encoded letters as letters, else unchanged."""
    text = unquote(url, errors="strict") if _decodes(url) else url
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
    name = name.rstrip(".").lower()
    try:
        return name.encode("idna").decode("ascii") if not name.isascii() else _bracketed(name)
    except UnicodeError as error:
        raise ValueError(f"not a host name: {name!r}") from error


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _path(path: str) -> str:
    return _respelled(path, _SAFE) or "/"


def _query(query: str) -> str:
    kept = [
        _respelled(pair, _SAFE + "?")
        for pair in query.split("&")
        if pair and not _TRACKING.fullmatch(pair.split("=", 1)[0].lower())
    ]
    return "&".join(kept)


def _respelled(text: str, safe: str) -> str:
    """Decode what needs no encoding, encode the rest in upper-case UTF-8."""
    pieces = re.split(r"((?:%[0-9A-Fa-f]{2})+)", text)
    return "".join(
        _reencoded(piece) if number % 2 else quote(piece, safe=safe + "%")
        for number, piece in enumerate(pieces)
    )


def _reencoded(escapes: str) -> str:
    decoded = bytes.fromhex(escapes.replace("%", ""))
    return "".join(
        chr(byte) if re.match(rb"[A-Za-z0-9._~-]", bytes([byte])) else f"%{byte:02X}"
        for byte in decoded
    )


def _decodes(url: str) -> bool:
    try:
        unquote(url, errors="strict")
    except UnicodeDecodeError:
        return False
    return True
