"""Which addresses are of the open internet, however they are written. Pure."""

import re
import socket
import unicodedata
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from stringprep import in_table_b1
from urllib.parse import unquote

# IANA's special-purpose registries; the last one is Azure's metadata service.
_KINDS_4 = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier-grade NAT",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "reserved",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "168.63.129.16/32": "cloud metadata",
}
_KINDS_6 = {
    "::/128": "unspecified",
    "::1/128": "loopback",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
    "2001::/23": "reserved",
    "2001:db8::/32": "documentation",
    "3fff::/20": "documentation",
}
_REFUSED_4 = {IPv4Network(net): kind for net, kind in _KINDS_4.items()}
_REFUSED_6 = {IPv6Network(net): kind for net, kind in _KINDS_6.items()}
_GLOBAL_6 = IPv6Network("2000::/3")  # the only part of IPv6 that is given out
# Where an IPv6 address carries an IPv4 one, by how many bits stand behind it: IPv4-mapped
# (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
_CARRIERS = {
    IPv6Network("::ffff:0:0/96"): 0,
    IPv6Network("64:ff9b::/96"): 0,
    IPv6Network("2002::/16"): 80,
}
# Names that never leave a machine or its network (RFC 6761, 6762, 8375; ICANN's `internal`).
_LOCAL_NAME = re.compile(r"(?:.*\.)?(?:localhost|localdomain|local|internal|home\.arpa)")
# What the C library reads as an IPv4 address: 127.1, 2130706433, 0x7f000001, 0177.0.0.1.
_NUMERIC = re.compile(r"[0-9a-fx.]+")


def reason(address: IPv4Address | IPv6Address) -> str | None:
    """Return what kind of address this is that is not connected to; None for a public one."""
    if isinstance(address, IPv4Address):
        return next((kind for net, kind in _REFUSED_4.items() if address in net), None)
    for net, behind in _CARRIERS.items():
        if address in net:
            return reason(IPv4Address((int(address) >> behind) & 0xFFFFFFFF))
    kind = next((kind for net, kind in _REFUSED_6.items() if address in net), None)
    return kind if kind or address in _GLOBAL_6 else "reserved"


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is when it is written as one, in any spelling; else None."""
    written = plain(host)
    try:
        return ip_address(written.partition("%")[0])
    except ValueError:
        pass
    if not _NUMERIC.fullmatch(written):
        return None
    try:
        return IPv4Address(socket.inet_aton(written))
    except OSError:
        return None


def is_local(host: str) -> bool:
    """Return whether a host is written as an address, or as a name of this machine."""
    return literal(host) is not None or is_local_name(host)


def is_local_name(host: str) -> bool:
    """Return whether a name is one that never leaves a machine or its network."""
    return _LOCAL_NAME.fullmatch(plain(host)) is not None


def plain(host: str) -> str:
    """Return a host's name as it is compared: plain letters, lower case, no brackets, no last dot.

    Letters are folded and dots recognised as host names have them (RFC 3490, section 3.1; RFC
    3454, table B.1).
    """
    shown = "".join(letter for letter in unquote(host) if not in_table_b1(letter))
    folded = unicodedata.normalize("NFKC", shown).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    return folded.strip("[]").rstrip(".").lower()
