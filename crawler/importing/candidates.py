"""Which records of a foreign WARC file are pages to read, and what is known of them then."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from archive import captures
from archive.models import Capture, Kind
from archive.urls import identity_key
from archive.warc.parsing import Message, Record
from archive.warc.records import payload_digest
from crawler.importing.look import may_be
from crawler.outcomes import medium

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
    NO_ORIGINAL = "revisits of what is not here"
    LANGUAGE = "other language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record that may hold an article: as it stands in its file, and as a capture (unnumbered).

    `again` marks that of a revisit record, whose payload stands in another one.
    """

    record: Record
    capture: Capture
    again: bool = False


def candidate(
    record: Record, *, languages: Collection[str] | None, now: datetime
) -> Candidate | Passed:
    """Return a record's page, unless it holds none that can be in one of the languages."""
    if record.type not in {"response", "revisit"}:
        return Passed.OTHER_RECORD
    if not _is_address(record.url):
        return Passed.NO_ADDRESS
    at = record.date
    if at is None or not _FIRST < at <= now + _FAST:
        return Passed.NO_DATE
    if record.type == "revisit":
        return _again(record)
    message = Message.parse(record.block)
    if message is None:
        return Passed.NO_ANSWER
    if message.status != 200:
        return Passed.STATUS
    if not _may_be_page(message.header("Content-Type")):
        return Passed.NO_PAGE
    if record.fields.get("warc-truncated"):
        return Passed.CUT_SHORT
    return _page(record, message, languages)


def _page(
    record: Record, message: Message, languages: Collection[str] | None
) -> Candidate | Passed:
    body, capture = message.decoded(), _capture(record)
    if capture is None:
        return Passed.NO_ANSWER
    capture, media = replace(capture, body=body), capture.content_type
    if not body or medium(capture) or not (_is_page(media) or _MARKUP.match(body)):
        return Passed.NO_PAGE
    if not may_be(body, languages):
        return Passed.LANGUAGE
    payload = message.payload()
    sha256 = payload_digest(payload)
    return Candidate(
        record=record, capture=replace(capture, sha256=sha256, wire_bytes=len(payload))
    )


def _capture(record: Record) -> Capture | None:
    """Return the capture that a record is; what its head says of another archive does not count."""
    capture = captures.of_record(record, None)
    return capture and replace(capture, publisher=None, kind=Kind.ARTICLE, sha256=None)


def _again(record: Record) -> Candidate | Passed:
    """Return a revisit record (WARC 1.1, section 6.7), whose payload is still to be found."""
    message = Message.parse(record.block) or Message(status=200, reason="", headers=(), body=b"")
    if message.status not in {200, 304}:
        return Passed.STATUS
    if not _may_be_page(message.header("Content-Type")):
        return Passed.NO_PAGE
    capture = _capture(record)
    return Candidate(record=record, capture=capture, again=True) if capture else Passed.NO_ANSWER


def _is_address(url: str) -> bool:
    try:
        identity_key(url)
    except ValueError:
        return False
    return True


def _media(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


def _is_page(value: str | None) -> bool:
    return _media(value) in _PAGES


def _may_be_page(value: str | None) -> bool:
    return _media(value) in (*_PAGES, *_UNSURE)
