"""The capture that a foreign record is: the same from its source and from our own copy of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from archive.foreign.http_message import Message
from archive.foreign.record import moment_of, url_of
from archive.records import Capture, Kind, WarcLocation
from archive.warc.records import payload_digest

# What the metadata record behind a copied one tells of it, beside what every visit's tells.
SOURCE, PLACE = "source", "source-place"
PAYLOAD, WIRE_BYTES, MEDIA = "payload-sha256", "payload-bytes", "payload-type"


def answer_of(url: str, at: datetime, message: Message) -> Capture:
    """Return the capture that a recorded answer is, with its decoded body, without its digest."""
    return Capture(
        url=url,
        publisher=None,
        kind=Kind.ARTICLE,
        fetched_at=at,
        status=message.status,
        content_type=message.header("Content-Type"),
        etag=message.header("ETag"),
        last_modified=message.header("Last-Modified"),
        body=message.decoded(),
    )


def digested(capture: Capture, message: Message) -> Capture:
    """Return the capture of an answer with the digest and the size of its payload."""
    payload = message.payload()
    return replace(capture, sha256=payload_digest(payload), wire_bytes=len(payload))


def copied(
    fields: Mapping[str, str], block: bytes, told: Mapping[str, str], location: WarcLocation
) -> Capture | None:
    """Return the row of a copied record, by its named fields (any case) and its metadata record.

    None if the two do not tell of a capture.
    """
    lower = {name.lower(): value for name, value in fields.items()}
    message, at = Message.parse(block), moment_of(lower)
    if at is None or not url_of(lower) or PAYLOAD not in told:
        return None
    if message is None:
        message = Message(status=200, reason="", headers=(), body=b"")
    capture = answer_of(url_of(lower), at, message)
    return replace(
        capture,
        publisher=told.get("publisher"),
        kind=Kind(told.get("kind", Kind.ARTICLE)),
        sha256=told[PAYLOAD],
        wire_bytes=int(told.get(WIRE_BYTES, 0)),
        content_type=told.get(MEDIA),
        record=location,
        body=b"",
    )
