"""What came over the wire is in the file, byte for byte, for this reader and another."""

import gzip
import hashlib
import random
import subprocess
import sys
import uuid
import zlib
from datetime import timedelta
from pathlib import Path

import brotlicffi
import pytest
from fastwarc.warc import ArchiveIterator as OtherReader
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive.errors import DamagedWarc
from archive.models import Capture, Kind, WarcLocation
from archive.warc.files import present
from archive.warc.members import MAGIC
from archive.warc.reader import read_payload, records
from archive.warc.records import packed, payload_digest
from tests.archive.desk import NOON, PAGE, Checked, exchange
from tests.archive.warc.written import BODY, FIRST, append, plain, warc_writer, write

ROOT = Path(__file__).resolve().parents[3]
ODD_HEADERS = (
    (b"server", b"nginx"),
    (b"Content-TYPE", b"text/html; charset=windows-1256"),
    (b"Set-Cookie", b"a=1"),
    (b"X-Title", "خبر".encode()),
    (b"X-Legacy", "خبر".encode("windows-1256")),
    (b"Set-Cookie", b"b=2"),
    (b"X-Empty", b""),
    (b"Transfer-Encoding", b"chunked"),
    (b"Content-Length", b"999999"),
)


def checked(folder):
    """Return whether warcio's own check finds every file of a folder sound."""
    checker = Checker(Checked(sorted(folder.rglob("*.warc.gz"))))
    checker.process_all()
    return checker.exit_value == 0


@pytest.mark.parametrize("size", range(12))
def test_the_beginning_of_a_packed_page_is_packed_as_any_other(size):
    page = gzip.compress(b"")[:size]  # the connection broke
    assert gzip.decompress(packed(b"head" + page + b"\r\n\r\n", payload=4))[4:-4] == page


@pytest.mark.parametrize("size", [0, 1, 5000, 29_901, 29_919, 29_920, 60_000, 200_000])
def test_a_payload_that_came_packed_is_stored_as_it_came(size):
    payload = gzip.compress(random.Random(1).randbytes(size), mtime=0)
    plain = b"WARC/1.1\r\nWARC-Type: response\r\n\r\n" + b"Header: value\r\n" * 40
    member = packed(plain + payload + b"\r\n\r\n", payload=len(plain))
    assert gzip.decompress(member) == plain + payload + b"\r\n\r\n"
    assert payload[10:20_000] in member
    assert len(member) < len(payload) + 150


@pytest.mark.parametrize("inner", [MAGIC, b"WARC/1.1\r\nWARC-Type: response\r\n"])
def test_no_record_is_found_within_a_page(inner):
    """A page may be made to be taken for records, where the file is damaged before it."""
    dice = random.Random(1)
    page = gzip.compress(dice.randbytes(9000)) + inner * 3 + dice.randbytes(50_000) + inner
    member = packed(b"head" + page, payload=4)
    assert gzip.decompress(member) == b"head" + page
    assert MAGIC not in member[1:]
    assert b"WARC/" not in member


def test_a_record_has_half_the_id_of_that_it_refers_to(tmp_path):
    (location,) = write(tmp_path, exchange())
    _, answer, request = (
        record for record in records(tmp_path / location.file) if record.type != "metadata"
    )
    assert request.id != answer.id == request.fields["warc-concurrent-to"]
    assert request.id[:34] == answer.id[:34]
    assert uuid.UUID(request.id[10:-1]).version == 4


def test_heads_and_payload_are_exact(tmp_path):
    answer = exchange(response_headers=ODD_HEADERS, payload=BODY, reason="Very OK", ip="127.0.0.1")
    (location,) = write(tmp_path, answer)
    head, http = plain(tmp_path, location).split(b"\r\n\r\n", 1)
    assert http == (
        b"HTTP/1.1 200 Very OK\r\n"
        b"server: nginx\r\n"
        b"Content-TYPE: text/html; charset=windows-1256\r\n"
        b"Set-Cookie: a=1\r\n"
        b"X-Title: " + "خبر".encode() + b"\r\n"
        b"X-Legacy: " + "خبر".encode("windows-1256") + b"\r\n"
        b"Set-Cookie: b=2\r\n"
        b"X-Empty: \r\n"
        b"X-Crawl-Transfer-Encoding: chunked\r\n"
        b"Content-Length: 999999\r\n"
        b"\r\n" + BODY + b"\r\n\r\n"
    )
    lines = head.decode().split("\r\n")
    assert lines[0] == "WARC/1.1"
    fields = dict(line.split(": ", 1) for line in lines[1:])
    assert fields.pop("WARC-Record-ID").startswith("<urn:uuid:")
    assert fields.pop("WARC-Block-Digest").startswith("sha1:")
    assert fields == {
        "WARC-Type": "response",
        "WARC-Target-URI": PAGE,
        "WARC-Date": "2020-11-09T12:00:00.000000Z",
        "WARC-Payload-Digest": f"sha256:{hashlib.sha256(BODY).hexdigest()}",
        "WARC-IP-Address": "127.0.0.1",
        "Warraq-Kind": "article",
        "Warraq-Publisher": "alwaraq",
        "Warraq-Run": "mine-1",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(http) - 4),
    }


START_LINES = [
    ("HTTP/1.1", 200, "OK", b"HTTP/1.1 200 OK"),
    ("HTTP/1.0", 404, "Not Found", b"HTTP/1.0 404 Not Found"),
    ("HTTP/1.1", 200, "", b"HTTP/1.1 200"),
    ("HTTP/1.1", 500, "خطأ", "HTTP/1.1 500 خطأ".encode()),
    ("HTTP/1.1", 500, b"\xce\xd8\xc3".decode("utf-8", "surrogateescape"),
     b"HTTP/1.1 500 \xce\xd8\xc3"),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "status", "reason", "line"), START_LINES)
def test_the_status_line_is_exact(tmp_path, protocol, status, reason, line):
    (location,) = write(
        tmp_path, exchange(protocol=protocol, status=status, reason=reason, response_headers=())
    )
    assert plain(tmp_path, location).split(b"\r\n\r\n", 1)[1].split(b"\r\n", 1)[0] == line


TARGETS = [
    ("https://a.example", "/"),
    ("https://a.example/", "/"),
    ("https://a.example?q=1", "/?q=1"),
    ("https://a.example/b//c?d=/e", "/b//c?d=/e"),
    ("https://a.example/b#part", "/b"),
]


@pytest.mark.parametrize(("url", "target"), TARGETS)
def test_the_request_stands_behind_its_answer(tmp_path, url, target):
    headers = ((b"Host", b"a.example"), (b"user-agent", b"warraq"), (b"Accept", b"a"))
    (location,) = write(tmp_path, exchange(url=url, request_headers=headers))
    packed = (tmp_path / location.file).read_bytes()
    request = gzip.decompress(packed[location.offset + location.length :])
    answered = plain(tmp_path, location)
    head, http = request.split(b"\r\n\r\n", 1)
    wanted = f"GET {target} HTTP/1.1\r\nHost: a.example\r\nuser-agent: warraq\r\nAccept: a\r\n"
    assert http == wanted.encode() + b"\r\n\r\n\r\n"
    assert b"WARC-Type: request\r\n" in head
    (answer_id,) = (line for line in answered.split(b"\r\n") if b"WARC-Record-ID" in line)
    assert answer_id.replace(b"Record-ID", b"Concurrent-To") in head


ENCODINGS = [
    (None, BODY),
    ("identity", BODY),
    ("gzip", gzip.compress(BODY, mtime=0)),
    ("GZIP", gzip.compress(BODY, mtime=0)),
    ("deflate", zlib.compress(BODY)),
    ("br", brotlicffi.compress(BODY)),
    ("gzip", BODY),  # a server that says gzip and sends none
    ("x-unknown", BODY),
]


@pytest.mark.parametrize(("encoding", "payload"), ENCODINGS)
def test_a_payload_is_kept_encoded_and_read_decoded(tmp_path, encoding, payload):
    headers = ((b"Content-Encoding", encoding.encode()),) if encoding else ()
    answers = [exchange(payload=b"before"), exchange(payload=payload, response_headers=headers)]
    _, location = write(tmp_path, *answers)
    assert plain(tmp_path, location).endswith(b"\r\n\r\n" + payload + b"\r\n\r\n")
    assert read_payload(tmp_path, location) == BODY
    assert checked(tmp_path)


BROKEN = [
    ("gzip", gzip.compress(BODY, mtime=0)[:-20]),
    ("br", brotlicffi.compress(BODY)[:-5]),
    ("br", b"\xff" * 40),
    ("gzip", b""),
    ("br", b""),
]


@pytest.mark.parametrize(("encoding", "payload"), BROKEN)
def test_a_broken_payload_reads_as_what_there_is_or_as_damage(tmp_path, encoding, payload):
    headers = ((b"Content-Encoding", encoding.encode()),)
    answer = exchange(payload=payload, response_headers=headers, truncated="disconnect")
    (location,) = write(tmp_path, answer)
    if payload[:1] == b"\xff":
        assert read_payload(tmp_path, location) == payload
    else:
        assert BODY.startswith(read_payload(tmp_path, location))


def test_a_flipped_bit_anywhere_in_a_record_is_noticed(tmp_path):
    (location,) = write(tmp_path, exchange(payload=BODY))
    path = tmp_path / location.file
    sound = path.read_bytes()
    end = location.offset + location.length
    last = end - 9  # of the packed bytes; it may have bits that mean nothing
    for at in {*range(location.offset + 10, end, 5)} - {last}:
        flipped = bytearray(sound)
        flipped[at] ^= 16
        path.write_bytes(flipped)
        with pytest.raises(DamagedWarc, match=location.file):
            read_payload(tmp_path, location)


DAMAGED = [
    WarcLocation(file="missing.warc.gz", offset=0, length=10),
    WarcLocation(file=FIRST, offset=10**9, length=10),
    WarcLocation(file=FIRST, offset=3, length=10),
    WarcLocation(file=FIRST, offset=0, length=100),
    WarcLocation(file="other.gz", offset=0, length=1000),
    WarcLocation(file="zeros.warc.gz", offset=0, length=10),
    WarcLocation(file="empty.warc.gz", offset=0, length=10),
]


@pytest.mark.parametrize("location", DAMAGED)
def test_no_record_there_is_said(tmp_path, location):
    write(tmp_path, exchange())
    (tmp_path / "zeros.warc.gz").write_bytes(bytes(1000))
    (tmp_path / "empty.warc.gz").touch()
    (tmp_path / "other.gz").write_bytes(gzip.compress(b"not a record", mtime=0))
    with pytest.raises(DamagedWarc, match=f"byte {location.offset}"):
        read_payload(tmp_path, location)


ORIGINAL = Capture(
    url="https://alwaraq.example/0",
    publisher="alwaraq",
    kind=Kind.ARTICLE,
    fetched_at=NOON - timedelta(days=1),
    status=200,
    sha256="ab" * 32,
)
REVISITS = [(200, "identical-payload-digest", BODY), (304, "server-not-modified", b"")]


@pytest.mark.parametrize(("status", "profile", "payload"), REVISITS)
def test_a_revisit_has_its_head_and_no_payload(tmp_path, status, profile, payload):
    answer = exchange(status=status, payload=payload, response_headers=ODD_HEADERS)
    (location,) = write(tmp_path, answer, refers_to=ORIGINAL)
    head, http = plain(tmp_path, location).split(b"\r\n\r\n", 1)
    for line in (
        "WARC-Type: revisit",
        f"WARC-Profile: http://netpreserve.org/warc/1.1/revisit/{profile}",
        "WARC-Refers-To-Target-URI: https://alwaraq.example/0",
        "WARC-Refers-To-Date: 2020-11-08T12:00:00.000000Z",
        "Warraq-Kind: article",
    ):
        assert line.encode() in head.split(b"\r\n")
    assert http.startswith(b"HTTP/1.1 %d OK\r\nserver: nginx\r\n" % status)
    assert http.endswith(b"Content-Length: 999999\r\n\r\n\r\n\r\n")
    assert checked(tmp_path)
    digest = f"WARC-Payload-Digest: sha256:{ORIGINAL.sha256}".encode()
    assert (digest in head) == (status != 304), "a 304 brings no payload"


@pytest.mark.parametrize("reason", ["length", "time", "disconnect"])
def test_a_body_cut_short_says_so(tmp_path, reason):
    (location,) = write(tmp_path, exchange(payload=b"half", truncated=reason))
    assert f"WARC-Truncated: {reason}\r\n".encode() in plain(tmp_path, location)


def test_the_first_record_tells_of_the_software_and_of_what_is_not_exact(tmp_path):
    (location,) = write(tmp_path, exchange())
    record = next(records(tmp_path / location.file))
    assert (record.type, record.date) == ("warcinfo", NOON)
    assert record.fields["warc-filename"] == FIRST.partition("/")[2]
    first = bytes(record.block).decode()
    for line in (
        "software: warraq/test",
        "format: WARC File Format 1.1",
    ):
        assert line in first.split("\r\n")
    assert "Not as received: white space around header values" in first


def test_files_roll_at_a_size_with_each_pair_in_one_file(tmp_path):
    answers = [exchange(url=f"{PAGE}{n}", payload=bytes([n]) * 9000) for n in range(5)]
    locations = write(tmp_path, *answers, roll_bytes=2000)
    files = present(tmp_path)
    assert len(files) > 1
    assert files == [FIRST.replace("-001.", f"-{n:03}.") for n in range(1, len(files) + 1)]
    assert [read_payload(tmp_path, location) for location in locations] == [
        answer.payload for answer in answers
    ]
    for name in files:
        with (tmp_path / name).open("rb") as stream:
            types = [record.rec_type for record in ArchiveIterator(stream)]
        assert types[0] == "warcinfo"
        assert types[1:] == ["metadata"] + ["response", "request"] * (len(types) // 2 - 1)
        assert (tmp_path / name).stat().st_size < 2000 + 2000
    assert checked(tmp_path)


def test_no_record_no_file(tmp_path):
    warc = warc_writer(tmp_path)
    warc.sync()
    warc.close()
    assert list(tmp_path.iterdir()) == []


MIXED = [
    (exchange(response_headers=ODD_HEADERS, payload=BODY), None),
    (exchange(url=f"{PAGE}?a=ب", payload=gzip.compress(BODY, mtime=0),
              response_headers=((b"Content-Encoding", b"gzip"),)), None),
    (exchange(url=f"{PAGE}2", payload=BODY), ORIGINAL),
    (exchange(url=f"{PAGE}3", status=304, payload=b"", response_headers=()), ORIGINAL),
    (exchange(url=f"{PAGE}4", payload=b"half", truncated="length"), None),
    (exchange(url=f"{PAGE}5", status=404, payload=b""), None),
    (exchange(url=f"{PAGE}6", payload=b"\r\n\r\nWARC/1.1\r\n\r\n"), None),
]  # fmt: skip


def mixed_file(folder):
    warc = warc_writer(folder)
    for answer, refers_to in MIXED:
        append(warc, answer, refers_to=refers_to)
    warc.close()
    return folder / FIRST


def test_warcio_checks_the_file(tmp_path):
    path = mixed_file(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "fail" not in done.stdout
    assert done.stdout.count("digest pass") >= 2 * len(MIXED) - 2


def test_another_reader_reads_the_same(tmp_path):
    path = mixed_file(tmp_path)
    with path.open("rb") as stream:
        ours = [
            (record.rec_type, record.rec_headers.get_header("WARC-Record-ID"),
             record.raw_stream.read())
            for record in ArchiveIterator(stream)
        ]  # fmt: skip
    with path.open("rb") as stream:
        theirs = [_other_view(record) for record in OtherReader(stream, parse_http=False)]
    assert theirs == ours
    responses = [payload for kind, _, payload in theirs if kind == "response"]
    assert responses == [answer.payload for answer, refers_to in MIXED if not refers_to]


def _other_view(record):
    assert record.verify_block_digest(), record.headers
    record.parse_http()
    kind, payload = record.headers["WARC-Type"], record.reader.read()
    if kind == "response":
        assert record.headers["WARC-Payload-Digest"] == f"sha256:{payload_digest(payload)}"
    return kind, record.headers["WARC-Record-ID"], payload


def ends_of(path, start=0):
    """Return where the records of a file end, up to the first damage."""
    return [record.behind.offset for record in records(path, start=start)]


@pytest.mark.slow
def test_records_end_where_the_file_is_torn(tmp_path):
    path = mixed_file(tmp_path)
    packed = path.read_bytes()
    ends = ends_of(path)
    assert ends[-1] == len(packed)
    assert len(ends) == 2 + 2 * len(MIXED)
    for cut in range(len(packed)):
        path.write_bytes(packed[:cut])
        assert ends_of(path) == [end for end in ends if end <= cut]
    for tail in (bytes(5000), b"\x1f\x8b" + bytes(50), b"text"):
        path.write_bytes(packed + tail)
        assert ends_of(path) == ends
    flipped = bytearray(packed)
    flipped[ends[3] + 40] ^= 1
    path.write_bytes(flipped)
    assert ends_of(path) == ends[:4]
    path.write_bytes(packed)
    assert ends_of(path, ends[2]) == ends[3:]


def test_a_full_disk_leaves_no_half_record(tmp_path):
    """The process may write no file over 6,000 bytes, which fails as a full disk does."""
    script = f"""
import resource
from pathlib import Path
from random import Random
from tests.archive.warc.test_writer import *
from tests.archive.warc.written import *
warc = warc_writer(Path({str(tmp_path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
big, kept = Random(1).randbytes(2500), 0
try:
    for _ in range(9):
        append(warc, exchange(payload=big))
        kept += 1
except OSError:
    append(warc, exchange(payload=b"x"))
    warc.close()
    print(kept)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stdout == "1\n", done.stderr
    path = tmp_path / FIRST
    assert ends_of(path)[-1] == path.stat().st_size
