"""Which addresses are of the open internet, however they are written. Pure."""

import re
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from stringprep import in_table_b1
from urllib.parse import unquote

from archive.urls import composed

# Kinds that `ipaddress` knows, the closer ones first; what it has learnt late or not at all.
_KINDS = ("unspecified", "loopback", "link_local", "multicast", "private", "reserved")
_FURTHER: dict[IPv4Network | IPv6Network, str] = {
    IPv4Network("100.64.0.0/10"): "carrier-grade NAT",
    IPv4Network("192.0.0.0/24"): "reserved",
    IPv4Network("192.88.99.0/24"): "reserved",
    IPv4Network("168.63.129.16/32"): "cloud metadata",  # Azure's
    IPv6Network("2001::/23"): "reserved",
    IPv6Network("3fff::/20"): "documentation",
}
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
    for carrier, behind in _CARRIERS.items():
        if address in carrier:
            return reason(IPv4Address((int(address) >> behind) & 0xFFFFFFFF))
    for net, kind in _FURTHER.items():
        if address in net:
            return kind
    for kind in _KINDS:
        if getattr(address, f"is_{kind}"):
            return kind.replace("_", "-")
    return None if address.version == 4 or address in _GLOBAL_6 else "reserved"


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is when it is written as one, in any spelling; else None."""
    written = plain(host)
    with suppress(ValueError):
        return ip_address(written.partition("%")[0])
    with suppress(OSError):
        return IPv4Address(socket.inet_aton(written)) if _NUMERIC.fullmatch(written) else None
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
    shown = (composed(char, "NFKC") for char in unquote(host) if not in_table_b1(char))
    folded = "".join(shown).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    return folded.strip("[]").rstrip(".").lower()
