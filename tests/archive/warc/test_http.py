"""HTTP answers are read out of records as programs keep them: chunked, packed, in odd forms."""

import gzip
import zlib

import brotlicffi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.warc.parsing import Message, contradiction, fields_of
from tests.archive.warc.foreign_warcs import HTTP, answer, sha1

BODY = "<p>خبر من المدينة</p>".encode() * 40


def chunked(body, size=100):
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


STARTS = [
    ("HTTP/1.1 200 OK", 200, "OK"),
    ("HTTP/1.0 404 Not Found", 404, "Not Found"),
    ("HTTP/2 200", 200, ""),
    ("HTTP/2.0 200 ", 200, ""),
    ("HTTP/3 301", 301, ""),
    ("HTTP/1.1 200", 200, ""),
    ("HTTP/1.1  200  حسنا", 200, "حسنا"),
]


@pytest.mark.parametrize(("line", "status", "reason"), STARTS)
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_the_first_line_is_read_in_every_form(line, status, reason, end):
    message = Message.parse(answer(BODY, "X-A: 1", "x-b:  two  words", status=line, end=end))
    assert message is not None
    assert (message.status, message.reason, message.body) == (status, reason, BODY)
    assert message.headers == (("X-A", "1"), ("x-b", "two words"))
    assert (message.header("x-a"), message.header("X-C")) == ("1", None)


@pytest.mark.parametrize("block", [b"", b"<html>", b"HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_answer_is_none(block):
    assert Message.parse(block) is None


def test_an_answer_without_headers_or_without_a_body_is_read():
    for block, headers, body in (
        (b"HTTP/1.1 200 OK\r\n\r\nx", (), b"x"),
        (b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n", (("X", "1"),), b""),
        (b"HTTP/1.1 204 No Content\r\nX: 1", (("X", "1"),), b""),
    ):
        message = Message.parse(block)
        assert message is not None
        assert (message.headers, message.body) == (headers, body)


def raw_deflate(data):
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(data) + packing.flush()


CODINGS = [
    ([], lambda body: body),
    (["Content-Encoding: gzip"], gzip.compress),
    (["content-encoding: X-GZIP"], gzip.compress),
    (["Content-Encoding: deflate"], zlib.compress),
    (["Content-Encoding: deflate"], raw_deflate),
    (["Content-Encoding: br"], brotlicffi.compress),
    (["Content-Encoding: gzip, br"], lambda body: brotlicffi.compress(gzip.compress(body))),
    (["Content-Encoding: gzip"], lambda body: body),  # undone by the archiver, the header kept
    (["Content-Encoding: identity"], lambda body: body),
]


@pytest.mark.parametrize(("headers", "pack"), CODINGS)
@pytest.mark.parametrize("transfer", [None, chunked, lambda body: body])
def test_codings_are_undone_where_they_are_there(headers, pack, transfer):
    stored = pack(BODY)
    if transfer:
        message = Message.parse(answer(transfer(stored), "Transfer-Encoding: chunked", *headers))
    else:
        message = Message.parse(answer(stored, "Server: x", *headers))
    assert message is not None
    assert message.payload() == stored
    assert message.decoded() == BODY


@given(st.binary(max_size=400), st.sampled_from(["gzip", "br", "deflate", "zstd", "", "gzip,br"]))
def test_no_body_ends_the_reading(body, coding):
    message = Message.parse(
        answer(body, f"Content-Encoding: {coding}", "Transfer-Encoding: chunked")
    )
    assert message is not None
    assert isinstance(message.decoded(), bytes)


PAYLOADS = [
    (sha1(chunked(BODY)), True),
    (sha1(BODY), True),
    (sha1(answer(chunked(BODY), "Transfer-Encoding: chunked")), True),  # Common Crawl, 2018
    (sha1(b"another"), False),
    ("xyz:abc", True),
]


@pytest.mark.parametrize(("digest", "holds"), PAYLOADS)
def test_the_payload_of_a_digest_is_what_programs_take_for_it(digest, holds):
    block = answer(chunked(BODY), "Transfer-Encoding: chunked")
    fields = {"warc-type": "response", "content-type": HTTP, "warc-payload-digest": digest}
    assert (contradiction(fields, block) is None) is holds
    assert contradiction(fields | {"warc-truncated": "length"}, block) is None
    assert contradiction(fields | {"warc-block-digest": sha1(block)}, block) is None
    assert contradiction(fields | {"warc-block-digest": sha1(b"")}, block) is not None


def test_a_head_whose_line_names_nothing_is_broken():
    assert fields_of(b"WARC-Type: response\r\nA B\r\n") is None
    assert fields_of(b": x\r\n") is None
    assert fields_of(b"\r\n") == {}
