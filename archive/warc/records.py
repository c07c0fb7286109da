"""The records of a WARC file: an exchange as its request and its response or revisit record.

warcio makes them; the HTTP heads are ours, byte for byte as they went over the wire.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from warcio.statusandheaders import StatusAndHeaders

from archive.clock import iso
from archive.records import Capture, Exchange, Kind

_AUTHORITY = re.compile(r"^\w+://[^/?#]*")

# Named fields of our own on a response or revisit record: what the bytes alone do not tell, and a
# database that is made again from them needs (WARC 1.1, section 5.1, allows extensions).
KIND_FIELD = "Warraq-Kind"
PUBLISHER_FIELD = "Warraq-Publisher"
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
        "and Warraq-Publisher say what a capture was asked for. A conversion record is a page as "
        "a browser showed it after its scripts had run, made from the response it refers to. A "
        "metadata record tells the end of a visit, in the order in which they came: what the "
        "database knows beyond the bytes."
    ),
}


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


def info_record(writer: Any, name: str, info: dict[str, str], *, now: datetime) -> Any:
    """Return the warcinfo record that opens the file `name`."""
    record = writer.create_warcinfo_record(name, info | _INFO)
    record.rec_headers.replace_header("WARC-Date", iso(now))
    return record


def response_record(
    writer: Any,
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
    return writer.create_warc_record(
        exchange.url,
        "revisit" if refers_to else "response",
        payload=BytesIO(b"" if refers_to else exchange.payload),
        length=0 if refers_to else len(exchange.payload),
        warc_headers_dict=named,
        # A reason phrase in the server's own code page comes with its bytes as surrogates.
        http_headers=_ExactHeaders(start_line.encode("utf-8", "surrogateescape"), headers),
    )


def request_record(writer: Any, exchange: Exchange) -> Any:
    """Return the request record of an exchange."""
    return writer.create_warc_record(
        exchange.url,
        "request",
        warc_headers_dict={"WARC-Date": iso(exchange.fetched_at)},
        http_headers=_ExactHeaders(
            f"{exchange.method} {_target(exchange.url)} HTTP/1.1".encode(),
            exchange.request_headers,
        ),
    )


def conversion_record(
    writer: Any, capture: Capture, html: bytes, *, refers_to: str, sha256: str, now: datetime
) -> Any:
    """Return the record of a page as it was shown, which refers to that of its response by id."""
    return writer.create_warc_record(
        capture.url,
        "conversion",
        payload=BytesIO(html),
        length=len(html),
        warc_content_type=RENDERED_TYPE,
        warc_headers_dict={
            "WARC-Date": iso(now),
            "WARC-Refers-To": refers_to,
            "WARC-Block-Digest": f"sha256:{sha256}",
            "WARC-Payload-Digest": f"sha256:{sha256}",
            FETCHED_FIELD: iso(capture.fetched_at),
        },
    )


def resource_record(writer: Any, resource: Resource, *, sha256: str) -> Any:
    """Return the record of what came without HTTP."""
    named = {
        "WARC-Date": iso(resource.at),
        "WARC-Payload-Digest": f"sha256:{sha256}",
        KIND_FIELD: resource.kind.value,
        PUBLISHER_FIELD: resource.publisher,
    }
    return writer.create_warc_record(
        resource.url,
        "resource",
        payload=BytesIO(resource.payload),
        length=len(resource.payload),
        warc_content_type=resource.content_type,
        warc_headers_dict=named,
    )


def metadata_record(
    writer: Any, url: str, fields: Mapping[str, str], *, refers_to: str | None, now: datetime
) -> Any:
    """Return a record of what is known beyond the bytes (`archive/told.py`), or was done here."""
    block = write_fields(fields)
    named = {"WARC-Date": iso(now)} | ({"WARC-Refers-To": refers_to} if refers_to else {})
    return writer.create_warc_record(
        url,
        "metadata",
        payload=BytesIO(block),
        length=len(block),
        warc_content_type="application/warc-fields",
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


def read_fields(block: bytes) -> dict[str, str]:
    """Return what `write_fields` wrote; lines that are no field are passed over."""
    lines = block.decode("utf-8", "replace").split("\r\n")
    split = (line.partition(": ") for line in lines)
    return {name: value for name, colon, value in split if colon}


def payload_digest(payload: bytes) -> str:
    """Return the SHA-256 of a payload, in hexadecimal."""
    return hashlib.sha256(payload).hexdigest()


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
