"""Which records of a foreign WARC file are pages to read, and what is known of them then."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from archive.foreign.http_message import Message
from archive.foreign.record import Foreign
from archive.records import Capture, Kind
from archive.urls import canonical
from archive.warc import payload_digest
from crawler.importing.look import may_be
from crawler.media import medium

_PAGES = ("text/html", "application/xhtml+xml")
_UNSURE = ("", "text/plain", "application/octet-stream", "unknown/unknown")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b",
                     re.IGNORECASE | re.DOTALL)  # fmt: skip
_FIRST = datetime(1990, 12, 1, tzinfo=UTC)  # no page is older
_FAST = timedelta(days=1)  # by which another machine's clock may be ahead


class Passed(StrEnum):
    """Why a record is passed over."""

    OTHER_RECORD = "other records"
    NO_ADDRESS = "without a web address"
    NO_DATE = "without a usable date"
    NO_ANSWER = "without an HTTP answer"
    STATUS = "errors and redirects"
    NO_PAGE = "no HTML"
    CUT_SHORT = "cut short"
    LANGUAGE = "other language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record that may hold an article: as it stands in its file, and as a capture (unnumbered).

    For a revisit record the capture has no body, and `original` is (address, moment) of the
    record it refers to, as far as it says.
    """

    record: Foreign
    capture: Capture
    original: tuple[str, datetime] | None = None


def candidate(
    record: Foreign, *, languages: Collection[str] | None, now: datetime
) -> Candidate | Passed:
    """Return a record's page, unless it holds none that can be in one of the languages."""
    if record.type not in {"response", "revisit"}:
        return Passed.OTHER_RECORD
    if not _is_address(record.url):
        return Passed.NO_ADDRESS
    at = moment(record.fields.get("warc-date"), now=now)
    if at is None:
        return Passed.NO_DATE
    if record.type == "revisit":
        return _again(record, at, now=now)
    message = Message.parse(record.block)
    if message is None:
        return Passed.NO_ANSWER
    if message.status != 200:
        return Passed.STATUS
    media = message.header("Content-Type")
    if not _may_be_page(media):
        return Passed.NO_PAGE
    if record.fields.get("warc-truncated"):
        return Passed.CUT_SHORT
    return _page(record, message, media, at, languages)


def moment(text: str | None, *, now: datetime) -> datetime | None:
    """Return the moment of a WARC-Date; None if there is none, or one that cannot be.

    It is in UTC, with seconds or a fraction of them (WARC 1.1, section 5.4).
    """
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    at = read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)
    return at if len(text or "") > len("2020-11-09") and _FIRST < at <= now + _FAST else None


def _page(
    record: Foreign,
    message: Message,
    media: str | None,
    at: datetime,
    languages: Collection[str] | None,
) -> Candidate | Passed:
    payload, body = message.payload(), message.decoded()
    capture = Capture(
        url=record.url,
        publisher=None,
        kind=Kind.ARTICLE,
        fetched_at=at,
        status=message.status,
        content_type=media,
        sha256=None,
        etag=message.header("ETag"),
        last_modified=message.header("Last-Modified"),
        wire_bytes=len(payload),
        body=body,
    )
    if not body or medium(capture) or not (_is_page(media) or _MARKUP.match(body)):
        return Passed.NO_PAGE
    if not may_be(body, languages):
        return Passed.LANGUAGE
    return Candidate(record=record, capture=replace(capture, sha256=payload_digest(payload)))


def _again(record: Foreign, at: datetime, *, now: datetime) -> Candidate | Passed:
    """Return a revisit record with what it refers to (WARC 1.1, section 6.7)."""
    message = Message.parse(record.block)
    if message is not None and message.status not in {200, 304}:
        return Passed.STATUS
    media = message.header("Content-Type") if message else None
    if media and not _may_be_page(media):
        return Passed.NO_PAGE
    target = record.fields.get("warc-refers-to-target-uri", record.url).strip("<>")
    before = moment(record.fields.get("warc-refers-to-date"), now=now)
    capture = Capture(
        url=record.url,
        publisher=None,
        kind=Kind.ARTICLE,
        fetched_at=at,
        status=message.status if message else 200,
        content_type=media,
    )
    return Candidate(record=record, capture=capture, original=(target, before) if before else None)


def _is_address(url: str) -> bool:
    try:
        canonical(url)
    except ValueError:
        return False
    return True


def _media(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


def _is_page(value: str | None) -> bool:
    return _media(value) in _PAGES


def _may_be_page(value: str | None) -> bool:
    return _media(value) in (*_PAGES, *_UNSURE)
