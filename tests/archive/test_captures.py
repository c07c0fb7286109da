"""Tests of captures."""

import hashlib
import itertools
from contextlib import closing
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive import captures, renderings, runs
from archive.clock import iso
from archive.database import open_for_writing
from archive.maintenance.checks import _CAPTURES
from archive.maintenance.export import write_warc
from archive.maintenance.verify import _STARTS, verify
from archive.models import Capture, Kind, WarcLocation
from archive.urls import capture_id, next_id
from archive.warc import reader
from archive.warc.parsing import Record
from tests.archive.desk import (
    HOUR,
    NOON,
    PAGE,
    PAPER,
    Checked,
    add_page,
    exchange,
    kill_like,
    opened,
    rows,
)
from tests.archive.filled import fill
from tests.archive.warc.foreign_warcs import sha1
from tests.crawler import shell

IDS = "select id, url, fetched_at, sha256 from captures order by id"


@pytest.fixture
def db(tmp_path):
    with closing(open_for_writing(tmp_path)) as db:
        runs.begin(db, "crawl", now=NOON, writer="mine")
        yield db


def insert(db, record_id, *, at=NOON, offset=0, sha256="ab", revisit=False):
    place = WarcLocation(file="a.warc.gz", offset=offset, length=1, record_id=record_id)
    capture = Capture(
        url=PAGE, publisher=None, kind=Kind.ARTICLE, fetched_at=at, status=200, sha256=sha256,
        revisit=revisit, record=place,
    )  # fmt: skip
    return captures.insert(db, capture, run=1)


def test_an_id_is_53_bits_of_the_digest_of_the_record_id():
    number = capture_id("<urn:uuid:8a4b0a56-6ab3-4b2b-9f32-8d0bd60e1ee9>")
    assert number == 5135300620178945
    assert number == capture_id("urn:uuid:8a4b0a56-6ab3-4b2b-9f32-8d0bd60e1ee9")
    assert 0 < number < 2**53


def test_a_taken_id_gives_way_to_the_next_free_one(db):
    number = capture_id("<urn:x:1>")
    assert insert(db, "<urn:x:1>") == number
    assert insert(db, "<urn:x:1>", offset=1) == number + 1
    assert next_id(2**53 - 1) == 1


@pytest.mark.parametrize(
    ("header", "pages"),
    [("3", 3), (" 12 ", 12), ("0", 0), ("", None), ("-1", None), ("x", None),
     ("\xb2", None), ("9" * 5000, None)],
)  # fmt: skip
def test_a_header_says_how_many_pages_a_listing_has(header, pages):
    block = f"HTTP/1.1 200 OK\r\nX-WP-TotalPages: {header}\r\nx-wp-totalpages: 5\r\n\r\n".encode()
    fields = {
        "warc-type": "response",
        "warc-date": "2020-11-12T09:00:00Z",
        "warc-target-uri": "https://paper.example/wp-json/wp/v2/posts",
        "content-type": "application/http; msgtype=response",
    }
    record = Record(version="1.1", fields=fields, head=b"", block=memoryview(block))
    capture = captures.of_record(record, None)
    assert capture
    assert capture.pages == pages


def test_a_capture_without_a_records_id_has_no_row(db):
    with pytest.raises(ValueError, match="no row before it has a WARC record"):
        insert(db, None)


def test_what_a_file_holds_is_found_by_index(db):
    """Its name is long, and stands in no index."""
    for sql in (_STARTS, _CAPTURES):
        plan = db.execute(f"explain query plan {sql}", ("2020-11/warraq-20201109-a-001", 1, 2))
        assert "captures_place (<expr>=? AND warc_offset>?" in plan.fetchone()[-1]


def test_the_payload_is_in_the_first_record_that_is_no_revisit(db):
    insert(db, "<urn:x:1>", offset=1)
    insert(db, "<urn:x:2>", offset=2, at=NOON.replace(hour=1), revisit=True)
    insert(db, "<urn:x:3>", offset=3, at=NOON.replace(hour=3))
    place = captures.payload_location(db, "ab")
    assert place is not None
    assert place.offset == 3


def steps(db, ask):
    """Return what `ask` returns, and how many instructions SQLite took for it, to the hundred."""
    counted = itertools.count()
    db.set_progress_handler(lambda: 0 * next(counted), 100)
    answer = ask()
    db.set_progress_handler(None, 100)
    return answer, 100 * next(counted)


MONTH = NOON.replace(day=1, hour=0)
# command, state, hours from the month's begin at which it started, ended and received
RUNS = [
    ("crawl", "finished", -90, -89, (-90,), 0),
    ("backfill", "finished", -80, 2, (-80, 1), 1),
    ("crawl", "finished", -1, 1, (-1, 0, 1), 2),
    ("crawl", "interrupted", -1, None, (-1, 0), 1),
    ("crawl", "finished", 2, 3, (2, 3), 2),
    ("crawl", "interrupted", 4, None, (4,), 1),
    ("import-warc", "finished", 5, 6, (5,), 0),
    ("save", "running", 7, None, (7, 8), 2),
]


def receive(db, *, each):
    """Insert runs in which `each` captures came at every moment; return what the month received."""
    wanted = 0
    db.execute("begin")
    for number, (command, state, began, ended, moments, counted) in enumerate(RUNS):
        run = runs.begin(db, command, now=MONTH + began * HOUR, writer=f"w{number}")
        for moment in moments:
            for serial in range(each):
                name = f"<urn:x:{number}:{moment}:{serial}>"
                place = WarcLocation(
                    file="a.warc.gz", offset=capture_id(name), length=1, record_id=name
                )
                captures.insert(db, Capture(
                    url=f"https://a.example/{name}", publisher=None, kind=Kind.ARTICLE, status=200,
                    fetched_at=MONTH + moment * HOUR, sha256="ab", wire_bytes=1000, record=place,
                ), run=run)  # fmt: skip
        if state != "running":
            runs.end(db, run, state=state, now=None if ended is None else MONTH + ended * HOUR)
        wanted += counted * each * 1000
    db.execute("commit")
    return wanted


def test_what_a_month_received_is_known_by_its_runs(db):
    assert captures.received(db, since=MONTH) == 0
    wanted = receive(db, each=300)
    db.execute("analyze")
    (received, cost) = steps(db, lambda: captures.received(db, since=MONTH))
    assert received == wanted
    naive = "select sum(wire_bytes) from captures where fetched_at >= ? and run not in"
    naive += " (select id from runs where command = 'import-warc')"
    assert db.execute(naive, (iso(MONTH),)).fetchone() == (wanted,)
    assert cost < 40 * 300 * 5  # captures of runs that have not ended, or begun before


def test_the_newest_capture_of_an_address_is_found_without_the_others_of_its_day(db, tmp_path):
    receive(db, each=300)
    for number, at in enumerate((NOON, NOON + HOUR)):
        insert(db, f"<urn:x:{number}>", at=at, offset=number)
    db.execute("analyze")
    asked = {"since": MONTH, "until": NOON + 9 * HOUR}
    answer, cost = steps(db, lambda: captures.latest(db, tmp_path, PAGE, **asked))
    assert answer is None  # its file is not there, which is said in the log
    assert cost <= 500


def test_the_newest_capture_of_an_articles_address_is_found_too(tmp_path):
    fill(tmp_path)
    with closing(open_for_writing(tmp_path)) as db:
        asked = {"since": NOON - HOUR, "until": NOON + 48 * HOUR}
        for number, text in ((1, "نص آخر تماما"), (2, "سطر")):
            found = captures.latest(
                db, tmp_path / "warc", f"https://alwaraq.example/{number}", **asked
            )
            assert found is not None
            assert text in found[1].decode()


def test_captures_keep_their_ids_through_rebuild_and_merge(tmp_path):
    root, other = fill(tmp_path / "one"), tmp_path / "other"
    before = rows(root, IDS)
    assert len(before) == 7
    code, output = shell.run("rebuild", "--from-warc", "--archive", root)
    assert (code, "keep it" in output) == (3, True)  # no page of its articles was ever recorded
    assert rows(root, IDS) == before
    fill(other)
    own = rows(other, IDS)
    assert shell.run("merge", root, "--archive", other)[0] == 0
    assert rows(other, IDS) == sorted([*before, *own])


def test_a_row_that_is_lost_and_adopted_again_has_its_id(tmp_path):
    root = fill(tmp_path / "one")
    before = rows(root, IDS)
    with closing(open_for_writing(root)) as db:
        db.execute("pragma foreign_keys = off")
        db.execute("delete from captures where url like '%/1'")
    shell.run("repair", "--archive", root)
    assert rows(root, IDS) == before


SHELL = b"<div id=app></div><script src=/app.js></script>"
SHOWN = "<html><body><h1>عنوان</h1></body></html>".encode()


def record(store):
    """Record a page and what it was shown as, an hour later."""
    capture = store.record(exchange(payload=SHELL), kind=Kind.ARTICLE, publisher=PAPER.slug)
    store.rendered(capture, SHOWN, at=NOON + HOUR)
    return capture


def records(path):
    with path.open("rb") as file:
        return [(one.rec_headers, one.content_stream().read()) for one in ArchiveIterator(file)]


def test_the_record_refers_to_its_response_and_has_both_digests(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        capture = record(store)
    (path,) = (tmp_path / "warc").rglob("*.warc.gz")
    found = {headers.get_header("WARC-Type"): (headers, body) for headers, body in records(path)}
    headers, body = found["conversion"]
    assert found["response"][1] == SHELL
    assert body == SHOWN
    told = {
        "WARC-Refers-To": found["response"][0].get_header("WARC-Record-ID"),
        "WARC-Target-URI": PAGE,
        "WARC-Date": "2020-11-09T13:00:00.000000Z",
        "WARC-Block-Digest": sha1(SHOWN),
        "WARC-Payload-Digest": f"sha256:{hashlib.sha256(SHOWN).hexdigest()}",
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(SHOWN)),
    }
    assert {name: headers.get_header(name) for name in told} == told
    assert Checker(Checked([path])).process_all() == 0
    with path.open("rb") as file:
        types = [one.headers["WARC-Type"] for one in FastIterator(file, verify_digests=True)]
    assert types == ["warcinfo", "metadata", "response", "request", "conversion", "metadata"]
    with opened(tmp_path) as store:
        place = renderings.place_of(store.db, capture.id)
        assert place is not None
        assert reader.read_payload(tmp_path / "warc", place) == SHOWN
        assert renderings.place_of(store.db, capture.id + 1) is None


def test_of_a_page_that_came_again_it_refers_to_the_revisit_record(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        record(store)
        record(store)
    (path,) = (tmp_path / "warc").rglob("*.warc.gz")
    told = [headers for headers, _ in records(path)]
    ids = {
        kind: [
            one.get_header("WARC-Record-ID") for one in told if one.get_header("WARC-Type") == kind
        ]
        for kind in ("response", "revisit")
    }
    refers = [one.get_header("WARC-Refers-To") for one in told]
    assert [one for one in refers if one] == [*ids["response"], *ids["revisit"]]


@pytest.mark.parametrize("kind", ["page", "screenshot"])
@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_kill_loses_no_rendering(tmp_path: Path, acknowledged, kind):
    """Whether the capture's own row was acknowledged before or not."""
    store = opened(tmp_path).__enter__()
    store.publish(PAPER)
    capture = store.record(exchange(payload=SHELL), kind=Kind.ARTICLE, publisher=PAPER.slug)
    if acknowledged:
        store.batch.commit()
    store.rendered(capture, SHOWN, at=NOON + HOUR, kind=kind)
    wanted = store.db.execute("select * from renderings").fetchall()
    kill_like(store)
    assert rows(tmp_path, "select * from renderings") == []
    for _ in range(2):
        with opened(tmp_path):
            pass
        assert rows(tmp_path, "select * from renderings") == wanted


def test_what_is_shown_as_evidence_is_not_what_an_article_is_read_from(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        capture = store.record(exchange(payload=SHELL), kind=Kind.ARTICLE, publisher=PAPER.slug)
        store.rendered(capture, SHOWN, at=NOON, kind="dom")
        store.rendered(capture, b"PNG", at=NOON, kind="screenshot")
        store.rendered(capture, b"PNG 2", at=NOON + HOUR, kind="screenshot")
        assert renderings.as_shown(store.db, tmp_path / "warc", capture) is capture
        shown = renderings.of_capture(store.db, capture.id or 0)
    assert shown.keys() == {"dom", "screenshot"}
    assert reader.read_payload(tmp_path / "warc", shown["screenshot"].record) == b"PNG 2"
    assert rows(tmp_path, "select count(*) from captures") == [(1,)]


def test_a_lost_row_of_a_screenshot_is_found_and_restored(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        capture = add_page(store, 1)
        store.rendered(capture, b"PNG", at=NOON, kind="screenshot")
    sql = "select capture, kind, sha256, warc_offset from renderings"
    before = rows(tmp_path, sql)
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("delete from renderings")
    (damage,) = verify(tmp_path).damages
    assert damage.detail == "a screenshot that no row of renderings knows"
    shell.run("repair", "--archive", tmp_path)
    assert rows(tmp_path, sql) == before
    assert verify(tmp_path).damages == []
    shell.run("merge", tmp_path, "--archive", fill(tmp_path / "other"))
    assert rows(tmp_path / "other", sql) == before


def test_a_screenshot_comes_with_the_record_of_its_capture(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        first = add_page(store, 1)
        second = add_page(store, 2)  # of another page, between a response and its screenshot
        store.rendered(first, b"PNG", at=NOON, kind="screenshot")
        store.rendered(second, b"PNG 2", at=NOON, kind="screenshot")
    out = tmp_path / "cut.warc.gz"
    with out.open("wb") as file:
        write_warc(tmp_path, file, where=f"id = {first.id}")
    assert [body for head, body in records(out) if head.get_header("WARC-Type") == "resource"] == [
        b"PNG"
    ]
