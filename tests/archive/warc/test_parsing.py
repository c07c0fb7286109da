"""Records and their answers are read as any WARC reader does, digests in every spelling."""

import base64
import gzip
import hashlib
import os
import zlib
from dataclasses import replace

import brotlicffi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import DamagedWarc
from archive.warc.members import unpack
from archive.warc.parsing import Message, contradiction, faults, fields_of, parse, unpacked
from archive.warc.reader import read_record
from tests.archive.desk import exchange
from tests.archive.warc.foreign_warcs import HTTP, answer, sha1
from tests.archive.warc.written import plain, write

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


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("X-GZIP", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("gzip", lambda body: gzip.compress(b"") + gzip.compress(body) + b"\0\0"),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotlicffi.compress),
        ("gzip, br", lambda body: brotlicffi.compress(gzip.compress(body))),
        ("", bytes),
    ],
)
def test_a_body_unpacks_whole_or_not_at_all(coding, pack):
    packed = pack(BODY)
    assert unpacked(packed, coding, most=len(BODY) + 99) == BODY
    assert unpacked(packed, coding, most=len(BODY) - 1) is None
    assert unpacked(b"", coding, most=9) == b""
    if coding:
        assert unpacked(packed[:-5], coding, most=len(BODY) + 99) is None
        assert unpacked(BODY, coding, most=len(BODY) + 99) is None
        assert unpacked(packed, "zstd", most=len(BODY) + 99) is None


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


BLOCK = b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\nbody"


def record(*lines, block=BLOCK, end=b"\r\n\r\n"):
    head = "\r\n".join(("WARC/1.1", *lines, f"Content-Length: {len(block)}"))
    return head.encode() + b"\r\n\r\n" + block + end


MEDIA = f"Content-Type: {HTTP}"


def test_a_record_is_taken_apart():
    read = parse(record("WARC-Type:  response ", MEDIA, "X-Empty:", "WARC-Target-URI: a:b:c"))
    assert read is not None
    assert (read.type, read.status, bytes(read.payload)) == ("response", 200, b"body")
    assert (read.fields["x-empty"], read.fields["warc-target-uri"]) == ("", "a:b:c")


NO_RECORDS = [
    b"",
    b"WARC/1.1\r\n",
    record("WARC-Type response"),
    record(end=b"\r\n"),
    record(block=b"x")[:-5] + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
]


@pytest.mark.parametrize("data", NO_RECORDS)
def test_what_is_no_record_is_none(data):
    assert parse(data) is None


def spellings(name, data):
    digest = hashlib.new(name, data).digest()
    packed = base64.b32encode(digest).decode()
    return [digest.hex(), digest.hex().upper(), packed, packed.lower(), packed.rstrip("=")]


@given(st.binary(max_size=40), st.sampled_from(["sha1", "sha256", "sha512", "md5"]))
def test_digests_hold_in_every_spelling_and_no_other_does(block, name):
    for written in spellings(name, block):
        good = parse(record(f"WARC-Block-Digest: {name}:{written}", block=block))
        assert good
        assert list(faults(good)) == []
        other = parse(record(f"WARC-Block-Digest: {name}:{written}", block=block + b"!"))
        assert other
        assert len(list(faults(other))) == 1


@pytest.mark.parametrize("written", ["sha1:", "sha1:!!", "sha1:A", "sha1"])
def test_a_digest_that_is_none_does_not_hold(written):
    read = parse(record(f"WARC-Block-Digest: {written}"))
    assert read
    assert list(faults(read)) != []


def test_an_algorithm_of_another_world_is_passed_over():
    read = parse(record("WARC-Block-Digest: blake9:abc"))
    assert read
    assert list(faults(read)) == []


def test_members_are_unpacked_by_their_length_and_without(tmp_path):
    (location,) = write(tmp_path, exchange(payload=os.urandom(300_000)))
    wanted = plain(tmp_path, location)
    size = (tmp_path / location.file).stat().st_size
    with (tmp_path / location.file).open("rb") as file:
        number, offset, length = file.fileno(), location.offset, location.length
        for expected in (length, length - 1, length + 1, 1, size):
            assert unpack(number, offset, size, expected=expected) == (wanted, length)
            assert unpack(number, offset, offset + length - 1, expected=expected) is None
            assert unpack(number, offset + 1, size, expected=expected) is None
        assert unpack(number, offset, size, largest=100_000) is None
        for other in (replace(location, length=length - 1), replace(location, length=length + 1)):
            with pytest.raises(DamagedWarc):
                read_record(tmp_path, other)
