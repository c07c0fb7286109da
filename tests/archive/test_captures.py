"""Ids of captures: made from their WARC records, so that links to them survive."""

from contextlib import closing

import pytest

from archive import captures, runs
from archive.database import open_for_writing
from archive.records import Capture, Kind, WarcLocation
from archive.urls import capture_id, next_id
from tests.archive.desk import NOON, PAGE, rows
from tests.archive.filled import fill
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


def test_a_capture_without_a_records_id_has_no_row(db):
    with pytest.raises(ValueError, match="no row before it has a WARC record"):
        insert(db, None)


def test_the_payload_is_in_the_first_record_that_is_no_revisit(db):
    insert(db, "<urn:x:1>", offset=1)
    insert(db, "<urn:x:2>", offset=2, at=NOON.replace(hour=1), revisit=True)
    insert(db, "<urn:x:3>", offset=3, at=NOON.replace(hour=3))
    place = captures.payload_location(db, "ab")
    assert place is not None
    assert place.offset == 3


def test_captures_keep_their_ids_through_rebuild_and_merge(tmp_path):
    root, other = fill(tmp_path / "one"), tmp_path / "other"
    before = rows(root, IDS)
    assert len(before) == 7
    assert shell.run("rebuild", "--from-warc", "--archive", root)[0] == 0
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
