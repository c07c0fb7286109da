"""Of everything in a WARC file, the pages are told from all else."""

import gzip
from datetime import UTC, datetime

import pytest

from archive.warc.parsing import moment_of, url_of
from archive.warc.records import payload_digest
from crawler.import_warc.candidates import Candidate, Passed, candidate
from tests.archive.warc.foreign_warcs import HTTP, answer, found, record, url
from tests.crawler.import_warc.texts import ARABIC, ENGLISH, page

NOW = datetime(2026, 11, 25, tzinfo=UTC)
BODY = page(ARABIC)


PAGE = url(1)


def told(tmp_path, block, target=PAGE, *fields, languages=frozenset({"ar"}), **options):
    (one,) = found(tmp_path, record(block, target, *fields, **options))
    return candidate(one, languages=languages, now=NOW)


def test_a_page_is_a_candidate_with_all_that_its_answer_says(tmp_path):
    headers = ("Content-Type: text/html", 'ETag: "x"', "Last-Modified: y", "Content-Encoding: gzip")
    packed = gzip.compress(BODY)
    one = told(tmp_path, answer(packed, *headers), "<https://alwaraq.example/1>", version="1.0")
    assert isinstance(one, Candidate)
    capture = one.capture
    assert (capture.url, capture.status, capture.kind) == (
        "https://alwaraq.example/1",
        200,
        "article",
    )
    assert (capture.etag, capture.last_modified, capture.content_type) == ('"x"', "y", "text/html")
    assert (capture.sha256, capture.wire_bytes) == (payload_digest(packed), len(packed))
    assert (capture.body, capture.fetched_at) == (BODY, datetime(2020, 11, 9, 12, tzinfo=UTC))


PAGES = [
    answer(BODY),
    answer(BODY, "content-type: application/xhtml+xml; charset=utf-8"),
    answer(BODY, status="HTTP/2 200"),
    answer(BODY, end="\n"),
    answer(b"<!DOCTYPE html>" + BODY, "X: no type at all"),
    answer(b"\xef\xbb\xbf <!-- made by x --> " + BODY, "Content-Type: text/plain"),
]


@pytest.mark.parametrize("block", PAGES)
def test_pages_come_in_many_forms(tmp_path, block):
    assert isinstance(told(tmp_path, block), Candidate)


PASSED = [
    (answer(BODY, status="HTTP/1.1 404 Not Found"), {}, Passed.STATUS),
    (answer(b"", status="HTTP/1.1 301 Moved"), {}, Passed.STATUS),
    (answer(BODY, "Content-Type: application/json"), {}, Passed.NO_PAGE),
    (answer(BODY, "Content-Type: image/png"), {}, Passed.NO_PAGE),
    (answer(b"%PDF-1.4 " + BODY), {}, Passed.NO_PAGE),
    (answer(ARABIC.encode(), "Content-Type: text/plain"), {}, Passed.NO_PAGE),
    (answer(b"<!---->" * 5000 + BODY[1:], "Content-Type: text/plain"), {}, Passed.NO_PAGE),
    (answer(b""), {}, Passed.NO_PAGE),
    (answer(page(ENGLISH)), {}, Passed.LANGUAGE),
    (BODY, {}, Passed.NO_ANSWER),
    (BODY, {"kind": "resource", "media": "text/html"}, Passed.OTHER_RECORD),
    (BODY, {"kind": "metadata", "media": "application/warc-fields"}, Passed.OTHER_RECORD),
    (BODY, {"kind": "request", "media": HTTP}, Passed.OTHER_RECORD),
    (BODY, {"kind": "conversion", "media": "text/plain"}, Passed.OTHER_RECORD),
    (answer(BODY), {"date": "yesterday"}, Passed.NO_DATE),
    (answer(BODY), {"date": "2031-01-01T00:00:00Z"}, Passed.NO_DATE),
]  # fmt: skip


@pytest.mark.parametrize(("block", "options", "why"), PASSED)
def test_all_else_is_passed_over_and_says_why(tmp_path, block, options, why):
    assert told(tmp_path, block, **options) is why


@pytest.mark.parametrize("target", ["urn:pageinfo:x", "dns:e.org", "screenshot:http://e.org/", ""])
def test_what_has_no_web_address_is_passed_over(tmp_path, target):
    assert told(tmp_path, answer(BODY), target) is Passed.NO_ADDRESS


def test_a_page_that_was_cut_short_is_none(tmp_path):
    assert told(tmp_path, answer(BODY), url(1), "WARC-Truncated: length") is Passed.CUT_SHORT


def test_a_revisit_names_what_it_stands_for(tmp_path):
    fields = (
        "WARC-Refers-To-Target-URI: <http://alwaraq.example/0>",
        "WARC-Refers-To-Date: 2020-11-08T01:02:03Z",
    )
    for block in (answer(b""), answer(b"", status="HTTP/1.1 304 Not Modified"), b""):
        one = told(tmp_path, block, url(1), *fields, kind="revisit")
        assert isinstance(one, Candidate)
        assert one.capture.revisit
        at = datetime(2020, 11, 8, 1, 2, 3, tzinfo=UTC)
        assert url_of(one.record.fields, "warc-refers-to-target-uri") == url(0)
        assert moment_of(one.record.fields, "warc-refers-to-date") == at
    one = told(tmp_path, answer(b""), kind="revisit")
    assert isinstance(one, Candidate)
    assert moment_of(one.record.fields, "warc-refers-to-date") is None
    image = answer(b"", "Content-Type: image/png")
    assert told(tmp_path, image, kind="revisit") is Passed.NO_PAGE
