"""Records are read as any WARC reader reads them, and their digests in every spelling."""

import base64
import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.warc.members import unpack, unpack_next
from archive.warc.parsing import faults, parse
from tests.archive.desk import exchange
from tests.archive.warc.written import plain, write

BLOCK = b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\nbody"


def record(*lines, block=BLOCK, end=b"\r\n\r\n"):
    head = "\r\n".join(("WARC/1.1", *lines, f"Content-Length: {len(block)}"))
    return head.encode() + b"\r\n\r\n" + block + end


HTTP = "Content-Type: application/http; msgtype=response"


def test_a_record_is_taken_apart():
    read = parse(record("WARC-Type:  response ", HTTP, "X-Empty:", "WARC-Target-URI: a:b:c"))
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
        assert unpack(number, offset, length) == wanted
        assert unpack_next(number, offset, size) == (wanted, length)
        assert unpack(number, offset, length - 1) is None
        assert unpack(number, offset, length + 1) is None
        assert unpack(number, offset, size) is None
        assert unpack(number, offset + 1, length) is None
        assert unpack_next(number, offset, offset + length - 1) is None
        assert unpack_next(number, offset + 1, size) is None
