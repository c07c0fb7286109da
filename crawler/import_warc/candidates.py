"""Which records of a foreign WARC file are pages to read.

Before a page is parsed its bytes say whether it can be in a language. That errs to one side: what
could be an article in the language always passes, however its page is labelled; what extraction
reads in the text decides.
"""

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
from crawler.extract.vocabulary import ARABIC_SCRIPT
from crawler.outcomes import is_medium

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
    if not body or is_medium(capture) or not (_is_page(media) or _MARKUP.match(body)):
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


# The first bytes, in UTF-8, of the letters of Arabic (U+0600 to U+067F) and of those that its
# neighbours add (U+0680 to U+06FF: ک گ چ ی ے ۆ); no other script begins with them.
_ARABIC = (b"\xd8", b"\xd9")
_NEIGHBOURS = (b"\xda", b"\xdb")
# Letters that Arabic writes all the time and its neighbours hardly: ة أ إ
_ARABIC_ONLY = ("ة".encode(), "أ".encode(), "إ".encode())
_PEH = "پ".encode()  # of Arabic's neighbours, in spite of its first byte
# Alef, and lam in windows-1256, ISO 8859-6 and Mac Arabic.
_ALEF, _LAMS = b"\xc7", (b"\xe1", b"\xe4")
# How letters are escaped in markup and in the data of scripts: what is looked for, what it may be.
_ESCAPES = {
    b"&#": re.compile(rb"&#(?:1[56]\d\d|17[0-7]\d|[xX]0?6[0-9A-Fa-f]{2});?"),
    b"\\u06": re.compile(rb"\\u06[0-9A-Fa-f]{2}"),
}

_LETTERS = 60  # of the script, below which nothing is an article (as in crawler.extract.kind)
_LEGACY_LETTERS = 5  # alefs: one in ten letters
_MARKS = 12  # letters of a language's own that make up its mind


def may_be(body: bytes, languages: Collection[str] | None) -> bool:
    """Return whether a page (decoded from its content coding) can be in one of the languages.

    `languages` are codes of `crawler.extract.vocabulary`; None is all of them.
    """
    if languages is None or not set(languages) <= set(ARABIC_SCRIPT):
        return True
    if _is_wide(body) or _is_legacy(body):  # in which the bytes below are letters of their own
        return True
    if sum(_up_to(_LETTERS, lead, body) for lead in (*_ARABIC, *_NEIGHBOURS)) < _LETTERS:
        return _is_escaped(body)
    arabic = "ar" in languages and _may_be_arabic(body)
    return arabic or (set(languages) != {"ar"} and _may_be_another(body))


def _up_to(most: int, mark: bytes, body: bytes) -> int:
    """Count a mark up to a number: where it is rare this is a single fast search."""
    found, at = 0, body.find(mark)
    while at >= 0:
        found += 1
        if found == most:
            return found
        at = body.find(mark, at + len(mark))
    return found


def _may_be_arabic(body: bytes) -> bool:
    arabic = sum(_up_to(_MARKS, mark, body) for mark in _ARABIC_ONLY)
    return arabic >= _MARKS or sum(map(body.count, _NEIGHBOURS)) <= 4 * max(arabic, 3)


def _may_be_another(body: bytes) -> bool:
    """Return whether letters are there that Persian, Urdu or Kurdish add to those of Arabic."""
    return sum(_up_to(_MARKS, mark, body) for mark in (*_NEIGHBOURS, _PEH)) >= _MARKS // 2


def _is_escaped(body: bytes) -> bool:
    """Return whether the letters are there as entities or as escapes of a script."""
    found = (pattern.findall(body) for mark, pattern in _ESCAPES.items() if mark in body)
    return sum(map(len, found)) >= _LETTERS


def _is_wide(body: bytes) -> bool:
    """Return whether this is UTF-16, of which the general reading takes care."""
    return body.startswith((b"\xff\xfe", b"\xfe\xff")) or body[:400].count(0) > 50


def _is_legacy(body: bytes) -> bool:
    """Return whether a page can be Arabic in one byte a letter, whatever it says it is in."""
    if _up_to(_LEGACY_LETTERS, _ALEF, body) < _LEGACY_LETTERS:
        return False
    if max(_up_to(_LEGACY_LETTERS, lam, body) for lam in _LAMS) < _LEGACY_LETTERS // 2:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False
