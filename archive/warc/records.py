"""The records of our WARC files: made of an exchange, or copied from a file of others.

The heads of HTTP are byte for byte as they went over the wire.
"""

import base64
import hashlib
import os
import re
import struct
import uuid
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from isal import isal_zlib

from archive.clock import iso
from archive.models import Capture, Exchange, Kind, Tls
from archive.warc.members import MAGIC
from archive.warc.parsing import RENDERING_FIELD, Record, fields_of, holds

_AUTHORITY = re.compile(r"^\w+://[^/?#]*")

# Named fields of our own on a response or revisit record: what the bytes alone do not say, and a
# database that is rebuilt from them needs (WARC 1.1, section 5.1, allows extensions).
KIND_FIELD = "warraq-kind"
PUBLISHER_FIELD = "warraq-publisher"
# On every record of ours but requests: the run that wrote it.
RUN_FIELD = "warraq-run"
# On what came by TLS: the SHA-256 of the server's certificate, and `no` where it was not verified.
CERTIFICATE_FIELD = "warraq-tls-certificate"
VERIFIED_FIELD = "warraq-tls-verified"
# On a revisit record: how many bytes its payload had, which is in another record.
LENGTH_FIELD = "warraq-payload-length"
# On a warcinfo record, who collects, by the keys of `[collector]` in warraq.toml; the first is the
# standard's (WARC 1.1, annex C.1).
COLLECTOR = {"name": "operator", "organisation": "collector-organisation", "note": "collector-note"}
# On a conversion record: the WARC-Date of the response that it refers to, which has its address.
FETCHED_FIELD = "warraq-fetched-at"
RENDERED_TYPE = "text/html; charset=utf-8"
# What a browser showed of a page, by kind: how its record is called, its media type, and how a file
# of it ends. An article was read from a `page`; the others are evidence. Screenshots and lists of
# what a page consists of have the names that Browsertrix gives them, so that its tools find them.
RENDERINGS = {
    "page": ("{}", RENDERED_TYPE, ".html"),
    "dom": ("{}", RENDERED_TYPE, ".html"),
    "screenshot": ("urn:fullPage:{}", "image/png", ".png"),
    "resources": ("urn:pageinfo:{}", "application/json", ".json"),
    "certificates": ("urn:x-warraq:certificates:{}", "application/x-pem-file", ".pem"),
}

_FIELDS_TYPE = "application/warc-fields"
# The payload is stored without its transfer coding, so a header that still announced one would
# make readers undo it twice. Common Crawl keeps such headers under the same prefix.
_RENAMED = {b"transfer-encoding": b"X-Crawl-Transfer-Encoding"}
_INFO = {
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    "description": (
        "Header names, their order and duplicates, the reason phrase and the content coding are "
        "as received. Not as received: white space around header values, and the chunked transfer "
        "coding, which is removed; its header is kept as X-Crawl-Transfer-Encoding. Conversion "
        "records are pages as a browser showed them, metadata records say what came of a visit."
    ),
}

# A head that every reader takes: one `Name: value` in each line, in ASCII.
_STRICT = re.compile(rb"WARC/1\.[01]\r\n(?:[!-9;-~]+: [ -~]*\r\n)+\r\n")
_INITIALS = {"warc", "uri", "id", "ip", "tls"}
# By these fields our own tools say what this archive asked for; another archive's are only kept.
_OURS = frozenset({KIND_FIELD, PUBLISHER_FIELD, LENGTH_FIELD, RUN_FIELD})
_BLOCK_DIGEST, _PAYLOAD_DIGEST = "warc-block-digest", "warc-payload-digest"
_ID = re.compile(r"<[^<>\s]+>")
_HALF = re.compile(r"<urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-")
_END = b"\r\n\r\n"
_GZIP = 31  # as zlib numbers formats
_NO_FLAGS = MAGIC + bytes((0, 0, 0, 0, 0, 0, 255))  # nor a time, of an unknown system
_SMALL, _LARGE = 1 << 12, 1 << 20
# Bytes that are stored in one block at most (RFC 1951, section 3.2.4). The length of a larger one
# could be part of a sign.
_BLOCK = 0x74DF
_SIGNS = MAGIC, b"WARC/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record that is to be written: named fields (in lower case), and its block."""

    fields: Mapping[str, str | None]
    block: bytes

    def record(self, *, run: str | None = None) -> Record:
        """Return the record, with the fields that every one has, and the run that writes it."""
        digest = hashlib.sha1(self.block, usedforsecurity=False).digest()
        own = {
            RUN_FIELD: run,
            "warc-record-id": _new_id(self.fields),
            "warc-block-digest": f"sha1:{base64.b32encode(digest).decode()}",
            "content-length": str(len(self.block)),
        }
        named = {**self.fields, **own}
        fields = {name: value for name, value in named.items() if value}
        head = _head("1.1", fields)
        return Record(version="1.1", fields=fields, head=head, block=memoryview(self.block))


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A record of others as a gzip member of ours, and the id that further records refer to.

    `exact` is whether these are the very bytes of the source.
    """

    member: bytes
    record_id: str
    exact: bool


def info_record(name: str, info: Mapping[str, str], *, now: datetime) -> Draft:
    """Return the warcinfo record that opens the file `name`."""
    fields = _fields("warcinfo", None, now, _FIELDS_TYPE) | {"warc-filename": name}
    return Draft(fields=fields, block=write_fields({**info, **_INFO}))


def response_record(
    exchange: Exchange, *, sha256: str, kind: Kind, publisher: str | None, refers_to: Capture | None
) -> Draft:
    """Return the response record of an exchange.

    With `refers_to` its revisit record: that capture brought the payload for which it stands.
    """
    fields = _of_exchange("response", exchange) | {
        _PAYLOAD_DIGEST: f"sha256:{sha256}",
        KIND_FIELD: kind.value,
        PUBLISHER_FIELD: publisher,
        "warc-ip-address": exchange.ip,
        "warc-truncated": exchange.truncated,
        **_of_connection(exchange.tls),
    }
    payload = exchange.payload
    if refers_to:
        unmodified = exchange.status == 304  # which brings no payload
        profile = "server-not-modified" if unmodified else "identical-payload-digest"
        fields |= {
            "warc-type": "revisit",
            "warc-profile": f"http://netpreserve.org/warc/1.1/revisit/{profile}",
            "warc-refers-to-target-uri": refers_to.url,
            "warc-refers-to-date": iso(refers_to.fetched_at),
            _PAYLOAD_DIGEST: None if unmodified else f"sha256:{refers_to.sha256}",
            LENGTH_FIELD: str(len(payload)) if payload else None,
        }
        payload = b""
    line = f"{exchange.protocol} {exchange.status} {exchange.reason}".rstrip()
    headers = ((_RENAMED.get(name.lower(), name), text) for name, text in exchange.response_headers)
    return Draft(fields=fields, block=_http_head(line, headers) + payload)


def request_record(exchange: Exchange, *, answer: str) -> Draft:
    """Return the request record of an exchange; `answer` is the id of its other record."""
    target = _AUTHORITY.sub("", exchange.url).partition("#")[0]  # as written (RFC 9112, 3.2.1)
    target = target if target.startswith("/") else f"/{target}"
    head = _http_head(f"{exchange.method} {target} HTTP/1.1", exchange.request_headers)
    fields = _of_exchange("request", exchange) | {"warc-concurrent-to": answer}
    return Draft(fields=fields, block=head)


def rendering_record(
    capture: Capture, kind: str, block: bytes, *, refers_to: str, now: datetime
) -> Draft:
    """Return the record of a page as it was shown, in one of RENDERINGS.

    It refers to the record of the response by id: what shows the page again is a conversion record,
    what came with it a resource record (WARC 1.1, sections 6.4, 6.8 and 5.7).
    """
    name, media, _ = RENDERINGS[kind]
    is_page = media == RENDERED_TYPE
    sort, other = ("conversion", "refers-to") if is_page else ("resource", "concurrent-to")
    fields = _fields(sort, name.format(capture.url), now, media) | {
        f"warc-{other}": refers_to,
        _PAYLOAD_DIGEST: f"sha256:{payload_digest(block)}",
        FETCHED_FIELD: iso(capture.fetched_at),
        RENDERING_FIELD: None if kind == "page" else kind,
    }
    return Draft(fields=fields, block=block)


def resource_record(capture: Capture) -> Draft:
    """Return the record of what came without HTTP, as a line of a file: a capture's body."""
    fields = _fields("resource", capture.url, capture.fetched_at, capture.content_type) | {
        _PAYLOAD_DIGEST: f"sha256:{capture.sha256}",
        KIND_FIELD: capture.kind.value,
        PUBLISHER_FIELD: capture.publisher,
    }
    return Draft(fields=fields, block=capture.body)


def metadata_record(
    url: str, fields: Mapping[str, str], *, refers_to: str | None, now: datetime
) -> Draft:
    """Return a record of what is known beyond the bytes (`archive.journal`).

    Raises:
        ValueError: if a value has a line break.
    """
    named = _fields("metadata", url, now, _FIELDS_TYPE) | {"warc-refers-to": refers_to}
    return Draft(fields=named, block=write_fields(fields))


def _new_id(fields: Mapping[str, str | None]) -> str:
    """Return an id for a record: half of it is that of the record it refers to, where it is ours.

    The other half is random (48 bits). What is the same twice takes less space.
    """
    other = fields.get("warc-concurrent-to") or fields.get("warc-refers-to") or ""
    if half := _HALF.match(other):
        return f"{half[0]}{os.urandom(6).hex()}>"
    return f"<urn:uuid:{uuid.uuid4()}>"


def _fields(kind: str, url: str | None, at: datetime, media: str | None) -> dict[str, str | None]:
    return {"warc-type": kind, "warc-target-uri": url, "warc-date": iso(at), "content-type": media}


def _of_exchange(kind: str, exchange: Exchange) -> dict[str, str | None]:
    media = f"application/http; msgtype={kind}"
    return _fields(kind, exchange.url, exchange.fetched_at, media)


def _of_connection(tls: Tls | None) -> dict[str, str | None]:
    """Return how a connection was encrypted, in the fields that are proposed for it.

    Source: iipc/warc-specifications, issues 42 and 86.
    """
    if tls is None:
        return {}
    fields = {"warc-protocol": tls.protocol, "warc-cipher-suite": tls.cipher}
    verified = None if tls.verified else "no"
    return fields | {CERTIFICATE_FIELD: f"sha256:{tls.certificate}", VERIFIED_FIELD: verified}


def _http_head(line: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    # A reason phrase in the server's own code page comes with its bytes as surrogates.
    start = line.encode("utf-8", "surrogateescape")
    return b"\r\n".join([start, *(name + b": " + text for name, text in headers), b"", b""])


def write_fields(fields: Mapping[str, str]) -> bytes:
    """Return the block of an `application/warc-fields` record; a value is one line.

    Raises:
        ValueError: if a value has a line break.
    """
    for name, value in fields.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"{name} has a line break: {value!r}")
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()


def read_fields(block: memoryview | bytes) -> dict[str, str]:
    """Return what `write_fields` wrote, by names in lower case; other lines are passed over."""
    return fields_of(bytes(block)) or {}


def payload_digest(payload: bytes) -> str:
    """Return the SHA-256 of a payload, in hexadecimal."""
    return hashlib.sha256(payload).hexdigest()


def pack(record: Record) -> bytes:
    """Return a record as one gzip member."""
    plain = record.head + record.block + _END
    return packed(plain, payload=plain.find(_END, len(record.head)) + len(_END))


def packed(plain: bytes, *, payload: int) -> bytes:
    """Return bytes as one gzip member.

    A gzip member that is their `payload`, which begins there, is stored as it came if it is not
    large: smaller than packed once more, in half of the time. zlib packs what is small, isal the
    rest: it needs a quarter of zlib's time, and 1 % more bytes.
    """
    start = payload + len(_NO_FLAGS)
    if plain.startswith(MAGIC, payload) and start < len(plain) < _LARGE:
        return _stored(plain, start)
    if len(plain) < _SMALL:
        return zlib.compress(plain, wbits=_GZIP)
    return bytes(isal_zlib.compress(plain, 3, _GZIP))


def _stored(plain: bytes, start: int) -> bytes:
    """Return bytes as one gzip member, those from `start` on as they are."""
    head = zlib.compressobj(wbits=-15)
    parts = [_NO_FLAGS, head.compress(plain[:start]), head.flush(zlib.Z_SYNC_FLUSH)]
    for begin, behind in pairwise([start, *_cuts(plain, start), len(plain)]):
        size, is_last = behind - begin, behind == len(plain)
        parts += [struct.pack("<BHH", is_last, size, size ^ 0xFFFF), plain[begin:behind]]
    end = struct.pack("<II", isal_zlib.crc32(plain), len(plain) & 0xFFFFFFFF)
    return b"".join([*parts, end])


def _cuts(plain: bytes, start: int) -> list[int]:
    """Return where bytes are cut into blocks: after so many, and within each sign of a record.

    Who looks for the records of a damaged file must not find one within a page.
    """
    cuts = {*range(start + _BLOCK, len(plain), _BLOCK)}
    for sign in _SIGNS:
        at = len(plain)
        while (at := plain.rfind(sign, start, at)) >= 0:  # twice as fast as from the front
            cuts.add(at + 1)
    return sorted(cuts)


def copy_of(record: Record, descriptor: int, *, sha256: str | None) -> Copied:
    """Return a record of an open file of others as one gzip member of ours.

    A head in a dialect is written again in the standard's spelling, as is one without a record
    id. A digest that our own readers would not find to hold (`sha256` is what they find of the
    payload) is kept under a name as `X-Source-WARC-Payload-Digest`, and so is a field of ours.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    fields = {
        f"x-source-{name}" if name in _OURS else name: value
        for name, value in record.fields.items()
    }
    if not _ID.fullmatch(record.id):
        fields["warc-record-id"] = f"<urn:uuid:{uuid.uuid4()}>"
    if not _payload_holds(record, sha256):
        fields[f"x-source-{_PAYLOAD_DIGEST}"] = fields.pop(_PAYLOAD_DIGEST)
    if record.flaw and not holds(fields.get(_BLOCK_DIGEST), record.block):
        fields[f"x-source-{_BLOCK_DIGEST}"] = fields.pop(_BLOCK_DIGEST)
    exact = fields == record.fields and _is_plain(record)
    if exact and record.length is not None:
        member = os.pread(descriptor, record.length, record.place.offset)
    else:
        version = record.version if record.version in {"1.0", "1.1"} else "1.0"
        head = record.head if exact else _head(version, fields | {"warc-type": record.type})
        member = pack(replace(record, head=head))
    return Copied(member=member, record_id=fields["warc-record-id"], exact=exact)


def _is_plain(record: Record) -> bool:
    """Return whether every reader takes the head, and what ours go by is there once."""
    names = [line.partition(b":")[0] for line in record.head.split(b"\r\n")[1:-2]]
    once = len(names) == len(record.fields) and record.fields.get("warc-type") == record.type
    return once and _STRICT.fullmatch(record.head) is not None


def _payload_holds(record: Record, sha256: str | None) -> bool:
    """Return whether a payload's digest says what verify and rows of captures say."""
    labelled = record.fields.get(_PAYLOAD_DIGEST, "")
    if record.type == "revisit" or not labelled:
        return True
    if sha256 and labelled.startswith("sha256:") and labelled != f"sha256:{sha256}":
        return False
    return holds(labelled, record.payload)


def _head(version: str, fields: Mapping[str, str]) -> bytes:
    lines = [f"WARC/{version}"]
    lines += [f"{_named(name)}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


@lru_cache(maxsize=1024)
def _named(name: str) -> str:
    """Return a field's name as the standard spells it: `WARC-Target-URI`."""
    words = name.split("-")
    return "-".join(w.upper() if w in _INITIALS else w.capitalize() for w in words)
