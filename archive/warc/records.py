"""The records of our WARC files: built from an exchange, or copied from a file of others.

warcio builds them; the HTTP heads are ours, byte for byte as they went over the wire.
"""

import hashlib
import os
import re
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.clock import iso
from archive.models import Capture, Exchange, Kind
from archive.warc.parsing import Record, holds

_AUTHORITY = re.compile(r"^\w+://[^/?#]*")

# Named fields of our own on a response or revisit record: what the bytes alone do not say, and a
# database that is rebuilt from them needs (WARC 1.1, section 5.1, allows extensions).
KIND_FIELD = "Warraq-Kind"
PUBLISHER_FIELD = "Warraq-Publisher"
# On every record of ours but requests: the run that wrote it.
RUN_FIELD = "Warraq-Run"
# On a revisit record: how many bytes its payload had, which is in another record.
LENGTH_FIELD = "Warraq-Payload-Length"
# On a conversion record: the WARC-Date of the response that it refers to, which has its address.
FETCHED_FIELD = "Warraq-Fetched-At"
RENDERED_TYPE = "text/html; charset=utf-8"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"

# The payload is stored without its transfer coding, so a header that still announced one would
# make readers undo it twice. Common Crawl keeps such headers under the same prefix.
_RENAMED = {b"transfer-encoding": b"X-Crawl-Transfer-Encoding"}
_INFO = {
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    "description": (
        "Header names, their order and duplicates, the reason phrase and the payload's content "
        "coding are as received. Not as received: white space around header values, and the "
        "chunked transfer coding, which is removed from the payload and whose header is kept as "
        "X-Crawl-Transfer-Encoding. WARC-Truncated marks a body that was cut short. Warraq-Kind "
        "and Warraq-Publisher say what a capture was asked for, Warraq-Run by which run. A "
        "conversion record is a page as a browser showed it after its scripts had run, made from "
        "the response it refers to. A "
        "metadata record documents the end of a visit, in the order in which they came: what the "
        "database knows beyond the bytes."
    ),
}

# A head that every reader takes: one `Name: value` in each line, in ASCII.
_STRICT = re.compile(rb"WARC/1\.[01]\r\n(?:[!-9;-~]+: [ -~]*\r\n)+\r\n")
_INITIALS = {"warc", "uri", "id", "ip"}
# By these fields our own tools say what this archive asked for; another archive's are only kept.
_OURS = frozenset(name.lower() for name in (KIND_FIELD, PUBLISHER_FIELD, LENGTH_FIELD, RUN_FIELD))
_PAYLOAD_DIGEST = "warc-payload-digest"
_ID = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The recorded capture whose payload a revisit record stands for."""

    url: str
    fetched_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What came into the archive without HTTP, as a line of a file: bytes, and where it belongs."""

    url: str
    payload: bytes
    content_type: str
    kind: Kind
    publisher: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A record of others as a gzip member of ours, and the id that further records refer to.

    `exact` is whether these are the very bytes of the source.
    """

    member: bytes
    record_id: str
    exact: bool


class _Writer(WARCWriter):  # type: ignore[misc]
    """Writes no payload digest where the block is all there is: requests without a body, fields."""

    def ensure_digest(self, record: Any, block: bool = True, payload: bool = True) -> None:
        whole = record.rec_type not in {"request", "metadata"}
        super().ensure_digest(record, block=block, payload=payload and whole)


_WRITER = _Writer(None, gzip=False, warc_version="WARC/1.1")


def info_record(name: str, info: dict[str, str], *, now: datetime) -> Any:
    """Return the warcinfo record that opens the file `name`."""
    record = _WRITER.create_warcinfo_record(name, info | _INFO)
    record.rec_headers.replace_header("WARC-Date", iso(now))
    return record


def response_record(
    exchange: Exchange,
    *,
    sha256: str,
    kind: Kind,
    publisher: str | None,
    refers_to: Original | None,
) -> Any:
    """Return the response record of an exchange, or with `refers_to` its revisit record."""
    start_line = f"{exchange.protocol} {exchange.status} {exchange.reason}".rstrip()
    headers = tuple(
        (_RENAMED.get(name.lower(), name), value) for name, value in exchange.response_headers
    )
    named = {"WARC-Date": iso(exchange.fetched_at)}
    if not (refers_to and exchange.status == 304):  # which brings no payload
        named["WARC-Payload-Digest"] = f"sha256:{refers_to.sha256 if refers_to else sha256}"
    named[KIND_FIELD] = kind.value
    if publisher:
        named[PUBLISHER_FIELD] = publisher
    if exchange.ip:
        named["WARC-IP-Address"] = exchange.ip
    if exchange.truncated:
        named["WARC-Truncated"] = exchange.truncated
    if refers_to:
        named["WARC-Profile"] = NOT_MODIFIED if exchange.status == 304 else IDENTICAL
        named["WARC-Refers-To-Target-URI"] = refers_to.url
        named["WARC-Refers-To-Date"] = iso(refers_to.fetched_at)
        if exchange.payload:
            named[LENGTH_FIELD] = str(len(exchange.payload))
    return _WRITER.create_warc_record(
        exchange.url,
        "revisit" if refers_to else "response",
        payload=BytesIO(b"" if refers_to else exchange.payload),
        length=0 if refers_to else len(exchange.payload),
        warc_headers_dict=named,
        # A reason phrase in the server's own code page comes with its bytes as surrogates.
        http_headers=_ExactHeaders(start_line.encode("utf-8", "surrogateescape"), headers),
    )


def request_record(exchange: Exchange) -> Any:
    """Return the request record of an exchange."""
    return _WRITER.create_warc_record(
        exchange.url,
        "request",
        warc_headers_dict={"WARC-Date": iso(exchange.fetched_at)},
        http_headers=_ExactHeaders(
            f"{exchange.method} {_target(exchange.url)} HTTP/1.1".encode(),
            exchange.request_headers,
        ),
    )


def conversion_record(
    capture: Capture, html: bytes, *, refers_to: str, sha256: str, now: datetime
) -> Any:
    """Return the record of a page as it was shown, which refers to that of its response by id."""
    named = {
        "WARC-Date": iso(now),
        "WARC-Refers-To": refers_to,
        "WARC-Block-Digest": f"sha256:{sha256}",
        "WARC-Payload-Digest": f"sha256:{sha256}",
        FETCHED_FIELD: iso(capture.fetched_at),
    }
    return _record("conversion", capture.url, html, RENDERED_TYPE, named)


def resource_record(resource: Resource, *, sha256: str) -> Any:
    """Return the record of what came without HTTP."""
    named = {
        "WARC-Date": iso(resource.at),
        "WARC-Payload-Digest": f"sha256:{sha256}",
        KIND_FIELD: resource.kind.value,
        PUBLISHER_FIELD: resource.publisher,
    }
    return _record("resource", resource.url, resource.payload, resource.content_type, named)


def metadata_record(
    url: str, fields: Mapping[str, str], *, refers_to: str | None, now: datetime
) -> Any:
    """Return a record of what is known beyond the bytes (`archive.journal`).

    Raises:
        ValueError: if a value has a line break.
    """
    named = {"WARC-Date": iso(now)} | ({"WARC-Refers-To": refers_to} if refers_to else {})
    return _record("metadata", url, write_fields(fields), "application/warc-fields", named)


def _record(kind: str, url: str, block: bytes, media: str, named: dict[str, str]) -> Any:
    return _WRITER.create_warc_record(
        url,
        kind,
        payload=BytesIO(block),
        length=len(block),
        warc_content_type=media,
        warc_headers_dict=named,
    )


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
    """Return what `write_fields` wrote; lines that are no field are passed over."""
    lines = bytes(block).decode("utf-8", "replace").split("\r\n")
    split = (line.partition(": ") for line in lines)
    return {name: value for name, colon, value in split if colon}


def payload_digest(payload: bytes) -> str:
    """Return the SHA-256 of a payload, in hexadecimal."""
    return hashlib.sha256(payload).hexdigest()


def plain_bytes(record: Any) -> bytes:
    """Return the bytes of a record of warcio's, with the digests that it is to have."""
    plain = BytesIO()
    _WRITER._write_warc_record(plain, record)  # noqa: SLF001 - the only way past its own level 9
    return plain.getvalue()


def pack(plain: bytes) -> bytes:
    """Return bytes as one gzip member."""
    member = zlib.compressobj(6, zlib.DEFLATED, 31)
    return member.compress(plain) + member.flush()


def _target(url: str) -> str:
    """Return what the request line asks for: path and query as written (RFC 9112, 3.2.1)."""
    target = _AUTHORITY.sub("", url).partition("#")[0]
    return target if target.startswith("/") else "/" + target


class _ExactHeaders(StatusAndHeaders):  # type: ignore[misc]
    """An HTTP head that is written byte for byte; warcio would percent-encode what is not ASCII."""

    def __init__(self, start_line: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        super().__init__("", [])
        lines = [start_line, *(name + b": " + value for name, value in headers)]
        self.exact = b"\r\n".join(lines) + b"\r\n\r\n"

    def __bool__(self) -> bool:
        return True

    def compute_headers_buffer(self, header_filter: object = None) -> None:  # noqa: ARG002 - warcio's
        self.headers_buff = self.exact


def copy_of(record: Record, descriptor: int, *, sha256: str | None) -> Copied:
    """Return a record of an open file of others as one gzip member of ours.

    A head in a dialect is written again in the standard's spelling, as is one without a record
    id. A payload digest that our own readers would not find to hold (`sha256` is what they find)
    is kept under the name `X-Source-WARC-Payload-Digest`, and so is a field of ours.

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
    head = record.head
    if fields != record.fields or not _STRICT.fullmatch(head) or not _is_plain(record):
        head = _head(record.version, fields | {"warc-type": record.type})
    elif record.length is not None and _is_all(descriptor, record):
        member = os.pread(descriptor, record.length, record.place.offset)
        return Copied(member=member, record_id=record.id, exact=True)
    return Copied(
        member=pack(head + record.block + b"\r\n\r\n"),
        record_id=fields["warc-record-id"],
        exact=head is record.head and record.length is None,
    )


def _is_plain(record: Record) -> bool:
    """Return whether the names that our readers go by are there once, in the usual spelling."""
    names = [line.partition(b":")[0] for line in record.head.split(b"\r\n")[1:-2]]
    return len(names) == len(record.fields) and record.fields["warc-type"] == record.type


def _payload_holds(record: Record, sha256: str | None) -> bool:
    """Return whether a payload's digest says what verify and rows of captures say."""
    labelled = record.fields.get(_PAYLOAD_DIGEST, "")
    if record.type == "revisit" or not labelled:
        return True
    if sha256 and labelled.startswith("sha256:") and labelled != f"sha256:{sha256}":
        return False
    return holds(labelled, record.payload)


def _is_all(descriptor: int, record: Record) -> bool:
    """Return whether the source's member unpacks to the record and nothing else."""
    end = os.pread(descriptor, 4, record.behind.offset - 4)  # RFC 1952: the length of what it holds
    whole = len(record.head) + len(record.block) + len(b"\r\n\r\n")
    return int.from_bytes(end, "little") == whole & 0xFFFFFFFF


def _head(version: str, fields: Mapping[str, str]) -> bytes:
    lines = [f"WARC/{version if version in {'1.0', '1.1'} else '1.0'}"]
    lines += [f"{_named(name)}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


def _named(name: str) -> str:
    """Return a field's name as the standard spells it: `WARC-Target-URI`."""
    words = name.split("-")
    return "-".join(w.upper() if w in _INITIALS else w.capitalize() for w in words)
