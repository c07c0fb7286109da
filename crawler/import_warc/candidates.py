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
from itertools import accumulate

from archive import captures
from archive.models import Capture, Kind
from archive.urls import identity_key
from archive.warc.parsing import Record
from archive.warc.records import payload_digest
from crawler.extract.vocabulary import ARABIC_SCRIPT
from crawler.outcomes import medium

_PAGES = ("text/html", "application/xhtml+xml")
_UNSURE = ("", "text/plain", "application/octet-stream", "unknown/unknown")
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--(?>.{0,2000}?-->)\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_FIRST = datetime(1990, 12, 1, tzinfo=UTC)  # no page is older
_FAST = timedelta(days=1)  # by which another machine's clock may be ahead


class Passed(StrEnum):
    """Why a record is passed over."""

    OTHER_RECORD = "of other kinds"
    NO_ADDRESS = "without a web address"
    NO_DATE = "without a usable date"
    NO_ANSWER = "without an HTTP answer"
    STATUS = "with an error or redirect"
    NO_PAGE = "without HTML"
    CUT_SHORT = "cut short"
    NO_ORIGINAL = "revisiting what is not here"
    LANGUAGE = "in another language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record that may hold an article: as it stands in its file, and as a capture (unnumbered).

    The payload of a revisit is still to be found.
    """

    record: Record
    capture: Capture


def candidate(
    record: Record, *, languages: Collection[str] | None, now: datetime
) -> Candidate | Passed:
    """Return a record's page, unless it holds none that can be in one of the languages."""
    if record.type not in {"response", "revisit"}:
        return Passed.OTHER_RECORD
    try:
        identity_key(record.url)
    except ValueError:
        return Passed.NO_ADDRESS
    if record.date is None or not _FIRST < record.date <= now + _FAST:
        return Passed.NO_DATE
    capture, message = captures.of_record(record, None), record.message
    if capture is None:
        return Passed.NO_ANSWER
    if capture.status != 200 and not (capture.revisit and capture.status == 304):
        return Passed.STATUS
    declared = capture.content_type if message else None
    media = (declared or "").partition(";")[0].strip().lower()
    if media not in (*_PAGES, *_UNSURE):
        return Passed.NO_PAGE
    # What its head says of another archive does not count.
    capture = replace(capture, publisher=None, kind=Kind.ARTICLE, sha256=None)
    if capture.revisit or message is None:
        return Candidate(record=record, capture=capture)
    if capture.truncated:
        return Passed.CUT_SHORT
    body, payload = message.decoded(), message.payload()
    capture = replace(capture, body=body, wire_bytes=len(payload))
    if not body or medium(capture) or not (media in _PAGES or _MARKUP.match(body)):
        return Passed.NO_PAGE
    if not may_be(body, languages):
        return Passed.LANGUAGE
    capture = replace(capture, sha256=payload_digest(payload))
    return Candidate(record=record, capture=capture)


# The first bytes, in UTF-8, of the letters of Arabic and of those that its neighbours add (U+0600
# to U+06FF); no other script begins with them.
_LEADS = (b"\xd8", b"\xd9", b"\xda", b"\xdb")
# Alef, and lam in windows-1256, ISO 8859-6 and Mac Arabic.
_ALEF, _LAMS = b"\xc7", (b"\xe1", b"\xe4")
# How letters are escaped in markup and in the data of scripts.
_ESCAPED = re.compile(rb"&#(?:1[56]\d\d|17[0-7]\d|[xX]0?6[0-9A-Fa-f]{2});?|\\u06[0-9A-Fa-f]{2}")
_LETTERS = 60  # of the script, below which nothing is an article (as in crawler.extract.kind)
_LEGACY_LETTERS = 5  # alefs: one in ten letters


def may_be(body: bytes, languages: Collection[str] | None) -> bool:
    """Return whether a page (decoded from its content coding) can be in one of the languages.

    `languages` are codes of `crawler.extract.vocabulary`; None is all of them. Those of one script
    are not told apart.
    """
    if languages is None or not set(languages) <= set(ARABIC_SCRIPT):
        return True
    # UTF-16, of which the general reading takes care
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or body[:400].count(0) > 50:
        return True
    if any(letters >= _LETTERS for letters in accumulate(_count(body, lead) for lead in _LEADS)):
        return True  # mostly by the first of them
    if _is_legacy(body):
        return True
    is_escaped = b"&#" in body or b"\\u06" in body
    return is_escaped and len(_ESCAPED.findall(body)) >= _LETTERS


def _count(body: bytes, mark: bytes) -> int:
    """Count a mark; where it is not there at all, as in most pages, that is seen far faster."""
    return body.count(mark) if mark in body else 0


def _is_legacy(body: bytes) -> bool:
    """Return whether a page can be Arabic in one byte a letter, whatever it says it is in."""
    lams = max(_count(body, lam) for lam in _LAMS)
    if _count(body, _ALEF) < _LEGACY_LETTERS or lams < _LEGACY_LETTERS // 2:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False
