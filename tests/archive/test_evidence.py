"""The evidence for a capture is what the records say, and holds without Warraq."""

import gzip
import json
import subprocess
import zlib
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from shutil import rmtree

import pytest

from archive import evidence
from archive.database import open_for_reading, open_for_writing
from archive.imports import Copying, journaled
from archive.models import Capture, Kind, Tls
from archive.warc.records import Copied, payload_digest
from tests.archive.desk import (
    HOUR,
    NOON,
    PAGE,
    PAPER,
    Hands,
    exchange,
    hide,
    opened,
    reading,
    rows,
    visit,
)

BODY = "<p>سُئل فأجاب</p>".encode() * 30
ASKED = "http://alwaraq.example/1"
COLLECTOR = {"operator": "سلمى", "collector-organisation": "مركز التوثيق"}
TLS = Tls(protocol="tls/1.3", cipher="TLS_AES_128_GCM_SHA256", certificate="ab" * 32, verified=True)


def keep(store, payload=BODY, title="عنوان", at=NOON, asked=PAGE, **fields):
    """Keep a page as the road does, and say at its end what was asked for."""
    fields = {"ip": "192.0.2.7", "tls": TLS} | fields
    store.ask([(asked, Kind.ARTICLE)], publisher=PAPER.slug)
    capture = store.record(
        exchange(PAGE, payload, fetched_at=at, **fields), kind=Kind.ARTICLE, publisher=PAPER.slug
    )
    page = visit(asked)
    read = reading(title, charset="utf-8")
    article, outcome = store.keep(read, url=PAGE, visit=page, capture=capture, key=PAGE)
    store.visited(page, capture, due_at=None, state="done", article=article, outcome=outcome)
    return capture.id


def store_at(root, at=NOON, settings=COLLECTOR):
    return opened(root, Hands(at), settings=settings)


def of(root, capture):
    with closing(open_for_reading(root)) as db:
        return evidence.of_capture(db, root, capture)


def fill(root, **fields):
    with store_at(root) as store:
        store.publish(replace(PAPER, timezone="Africa/Tunis"))
        return keep(store, **fields)


def test_it_says_what_was_asked_and_what_answered(tmp_path):
    with store_at(tmp_path) as store:
        store.publish(replace(PAPER, timezone="Africa/Tunis"))
        moved = ((b"Location", b"https://alwaraq.example/old"),)
        first = exchange(ASKED, b"", status=301, response_headers=moved)
        store.record(first, kind=Kind.ARTICLE, publisher=PAPER.slug)
        second = exchange(
            "https://alwaraq.example/old", b"", status=302, response_headers=((b"location", b"1"),)
        )
        store.record(second, kind=Kind.ARTICLE, publisher=PAPER.slug)
        capture = keep(store, asked=ASKED)
    said = of(tmp_path, capture)
    assert (said.asked, said.url) == (ASKED, PAGE)
    assert [(hop.status, hop.url) for hop in said.redirects] == [
        (301, ASKED),
        (302, "https://alwaraq.example/old"),
    ]
    assert (said.at, said.local) == (NOON, "2020-11-09T13:00:00+01:00")
    assert (said.timezone, said.status, said.server) == ("Africa/Tunis", 200, "192.0.2.7")
    assert said.tls == {
        "protocol": "tls/1.3",
        "cipher": "TLS_AES_128_GCM_SHA256",
        "certificate": f"sha256:{'ab' * 32}",
    }
    assert (said.title, said.revision, said.charset) == ("عنوان", 1, "utf-8")


def test_it_names_tool_and_collector_of_its_own_run(tmp_path):
    """A file may hold several runs, and a capture is one of its own run alone."""
    first = fill(tmp_path)
    with store_at(tmp_path, NOON + HOUR, {"robots": "RFC 9309"}) as store:
        second = keep(store, BODY + b"2", "آخر", NOON + HOUR)
    said = of(tmp_path, first)
    assert said.collector == {"name": "سلمى", "organisation": "مركز التوثيق"}
    assert (said.command, said.software) == ("crawl", "warraq/test")
    said = of(tmp_path, second)
    assert (said.collector, said.settings) == ({}, {"robots": "RFC 9309"})


PAYLOADS = {
    "plain": (BODY, ()),
    "packed": (gzip.compress(BODY), ((b"Content-Encoding", b"gzip"),)),
    "deflated": (zlib.compress(BODY), ((b"Content-Encoding", b"deflate"),)),
    "with chunks": (BODY, ((b"Transfer-Encoding", b"chunked"),)),
    "empty": (b"", ()),
    "large": (BODY * 1000, ()),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_its_shell_lines_work_without_warraq(tmp_path, name):
    payload, headers = PAYLOADS[name]
    capture = fill(tmp_path, payload=payload, response_headers=headers)
    said = of(tmp_path, capture)
    assert (said.prints, said.chunked, said.holds) == (said.sha256, False, True)
    assert in_shell(tmp_path, said) == said.sha256


def in_shell(root, said):
    """Return the digest that the lines print, in a folder of the archive as anybody has it."""
    lines = "\n".join(["set -e", *said.check])
    ran = subprocess.run(["/bin/sh", "-c", lines], cwd=root, capture_output=True, check=True)
    return ran.stdout.decode().split()[0]


def test_those_of_a_page_that_was_known_lead_to_where_its_bytes_are(tmp_path):
    first = fill(tmp_path)
    with store_at(tmp_path, NOON + 26 * HOUR) as store:
        again = keep(store, at=NOON + 26 * HOUR)
        answer = exchange(PAGE, b"", status=304, fetched_at=NOON + 27 * HOUR)
        unmodified = store.record(
            answer, kind=Kind.ARTICLE, publisher=PAPER.slug, last=payload_digest(BODY)
        ).id
    place = of(tmp_path, first).record
    for capture in (again, unmodified):
        said = of(tmp_path, capture)
        assert said.payload_record == place != said.record
        assert in_shell(tmp_path, said) == said.prints == of(tmp_path, first).sha256
        assert "revisit" in said.altered


def test_a_file_is_digested_once_it_is_closed(tmp_path):
    capture = fill(tmp_path)
    said = evidence.with_file(of(tmp_path, capture), tmp_path)
    assert said.file_sha256 is None
    store_at(tmp_path, NOON + 30 * HOUR).__enter__().__exit__(None, None, None)
    said = evidence.with_file(of(tmp_path, capture), tmp_path)
    ran = subprocess.check_output(["sha256sum", tmp_path / "warc" / said.record.file])
    assert said.file_sha256 == ran.decode().split()[0]


def test_it_says_what_was_altered(tmp_path):
    chunked = ((b"Transfer-Encoding", b"chunked"), (b"Content-Encoding", b"gzip"))
    capture = fill(
        tmp_path,
        payload=gzip.compress(BODY)[:-9],
        response_headers=chunked,
        truncated="length",
        tls=replace(TLS, verified=False),
    )
    said = of(tmp_path, capture)
    words = ("white-space", "chunks-removed", "packed", "truncated", "unverified", "tidied")
    assert said.altered == words


def test_without_the_warc_files_the_rows_speak(tmp_path):
    capture = fill(tmp_path)
    whole = of(tmp_path, capture)
    rmtree(tmp_path / "warc")
    said = of(tmp_path, capture)
    assert (said.here, said.check, said.sha256, said.record) == (
        False, (), whole.sha256, whole.record,
    )  # fmt: skip


def test_damaged_bytes_are_not_said_to_hold(tmp_path):
    capture = fill(tmp_path, payload=BODY * 1000)
    db = open_for_writing(tmp_path)
    db.execute("update captures set sha256 = 'another'")
    db.close()
    assert of(tmp_path, capture).holds is False


def test_a_damaged_redirect_takes_no_other_evidence_with_it(tmp_path):
    with store_at(tmp_path) as store:
        store.publish(PAPER)
        moved = ((b"Location", PAGE.encode()),)
        first = store.record(
            exchange(ASKED, b"", status=301, response_headers=moved),
            kind=Kind.ARTICLE, publisher=PAPER.slug,
        )  # fmt: skip
        capture = keep(store, asked=ASKED)
    path = tmp_path / "warc" / first.record.file
    whole = path.read_bytes()
    start, end = first.record.offset, first.record.offset + first.record.length
    path.write_bytes(whole[:start] + bytes(end - start) + whole[end:])
    said = of(tmp_path, capture)
    assert [hop.url for hop in said.redirects] == [ASKED]
    assert (said.asked, said.holds, said.prints) == (ASKED, True, said.sha256)


def test_nothing_is_said_of_what_nobody_may_see(tmp_path):
    with store_at(tmp_path) as store:
        store.publish(PAPER)
        capture = keep(store)
        missing = exchange(PAGE, b"404", status=404, fetched_at=NOON + HOUR)
        gone = store.record(missing, kind=Kind.ARTICLE, publisher=PAPER.slug).id
        listing = store.record(exchange(PAGE + "/feed"), kind=Kind.FEED, publisher=PAPER.slug).id
    assert of(tmp_path, gone).status == 404
    assert of(tmp_path, listing) is None
    assert of(tmp_path, 2**53) is None
    hide(tmp_path, *(row[0] for row in rows(tmp_path, "select id from articles")))
    assert of(tmp_path, capture) is None
    assert of(tmp_path, gone) is None


def test_it_is_json(tmp_path):
    said = json.loads(evidence.to_json(of(tmp_path, fill(tmp_path))))
    assert said["at"] == "2020-11-09T12:00:00.000000Z"
    assert said["check"][1] == "gzip -dc capture.warc.gz > capture.warc"


def test_authors_are_those_of_the_state(tmp_path):
    with store_at(tmp_path) as store:
        store.publish(PAPER)
        store_read = reading(byline="سلمى", authors=("سلمى",))
        numbers = []
        for hours, read in enumerate((store_read, reading("ثان", byline="أ", authors=("أ", "ب")))):
            at = NOON + timedelta(hours=hours)
            capture = store.record(
                exchange(PAGE, str(hours).encode(), fetched_at=at),
                kind=Kind.ARTICLE, publisher=PAPER.slug,
            )  # fmt: skip
            store.keep(read, url=PAGE, visit=visit(), capture=capture, key=PAGE)
            numbers.append(capture.id)
    first, second = (of(tmp_path, number) for number in numbers)
    assert (first.byline, first.authors) == ("سلمى", ())
    assert (second.byline, second.authors) == ("أ", ("أ", "ب"))


def test_a_copied_record_keeps_its_chunks_and_says_so(tmp_path):
    """Its lines give the digest of what is recorded, which is not that of the payload."""
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    block = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
        f"WARC-Target-URI: {PAGE}\r\nWARC-Date: 2020-11-09T12:00:00Z\r\n"
        f"Content-Type: application/http\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    member = gzip.compress(head.encode() + block + b"\r\n\r\n")
    sha256 = payload_digest(BODY)
    page = Capture(url=PAGE, publisher=PAPER.slug, kind=Kind.ARTICLE, fetched_at=NOON, status=200,
                   sha256=sha256, wire_bytes=len(BODY))  # fmt: skip
    with Copying(tmp_path, command="import-warc", clock=Hands()) as store:
        store.publish(PAPER)
        copied = Copied(member=member, record_id="<urn:uuid:1>", exact=True)
        capture = store.copy(copied, page)
        article, outcome = store.keep(reading(), url=PAGE, visit=visit(), capture=capture, key=PAGE)
        assert outcome is not None
        source = journaled(capture, "crawl.warc.gz") | {"source-place": "512"}
        store.copied(visit(), capture, article=article, outcome=outcome, source=source)
    said = of(tmp_path, capture.id)
    assert (said.sha256, said.holds, said.chunked) == (sha256, True, True)
    assert in_shell(tmp_path, said) == said.prints == payload_digest(chunks)
    assert (said.imported_from, said.command) == ("crawl.warc.gz @ 512", "import-warc")
    assert said.altered == ("copied", "tidied")
