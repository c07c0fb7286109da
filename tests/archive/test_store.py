"""Bytes first, then rows; whole pages or none; what was acknowledged is there."""

import os
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from archive import visits
from archive.errors import ArchiveError, ArchiveLocked
from archive.models import Kind, Link, Outcome, PageKind, Problem, Publisher
from archive.problems import ProblemKind
from archive.store import Store
from archive.urls import capture_id
from archive.warc import reader, records
from archive.warc.writer import PAGES
from tests.archive.desk import (
    FEED,
    HOUR,
    NOON,
    PAGE,
    PAPER,
    Hands,
    add_page,
    exchange,
    opened,
    reading,
    record,
    rows,
    visit,
)

ROBOTS = "https://alwaraq.example/robots.txt"


@pytest.fixture
def clock():
    return Hands()


def test_rows_are_seen_only_after_their_bytes_are_on_the_disk(tmp_path, monkeypatch):
    """At every fsync of the WARC file nothing of the batch is visible to others yet."""
    visible_at_sync = []
    real = os.fsync

    def spy(descriptor):
        real(descriptor)
        files = {path.stat().st_ino for path in (tmp_path / "warc").rglob("*.warc.gz")}
        if os.fstat(descriptor).st_ino in files:
            count = "select count(*) from captures, articles"
            visible_at_sync.append((rows(tmp_path, count)[0][0], os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", spy)
    with opened(tmp_path) as store:
        store.publish(PAPER)
        capture = add_page(store, 1)
        assert rows(tmp_path, "select * from captures") == []
        assert rows(tmp_path, "select * from visits") == []
        store.batch.commit()
        location = capture.record
        ((before, size),) = visible_at_sync
        assert before == 0
        assert size >= location.offset + location.length
        assert len(rows(tmp_path, "select * from captures")) == 1
        assert len(rows(tmp_path, "select * from articles")) == 1
        store.batch.commit()
        assert len(visible_at_sync) == 1, "nothing new to put on the disk"


def test_a_failed_sync_acknowledges_nothing(tmp_path, monkeypatch):
    def fail(_descriptor):
        raise OSError(28, "No space left on device")

    def batch(store):
        store.publish(PAPER)
        store.batch.commit()
        add_page(store, 1)
        monkeypatch.setattr(os, "fsync", fail)
        store.batch.commit()

    with pytest.raises(OSError, match="No space left"), opened(tmp_path) as store:
        batch(store)
    monkeypatch.undo()
    assert rows(tmp_path, "select * from captures") == []
    assert rows(tmp_path, "select state from runs") == [("running",)]
    with opened(tmp_path):
        pass
    assert rows(tmp_path, "select url, run from captures") == [(PAGE, 1)]
    assert rows(tmp_path, "select state from runs order by id") == [("interrupted",), ("finished",)]


def test_a_batch_is_a_hundred_pages_or_one_second(tmp_path, clock):
    with opened(tmp_path, clock) as store:
        assert not store.batch.is_due()
        store.publish(PAPER)
        assert not store.batch.is_due()
        for number in range(PAGES):
            assert not store.batch.is_due()
            add_page(store, number)
        assert store.batch.is_due()
        store.batch.commit()
        assert not store.batch.is_due()
        add_page(store, PAGES)
        clock.advance(timedelta(seconds=0.9))
        assert not store.batch.is_due()
        clock.advance(timedelta(seconds=0.1))
        assert store.batch.is_due()
        store.batch.commit()
        clock.advance(HOUR)
        assert not store.batch.is_due()


def test_a_clock_set_back_does_not_hold_a_batch_open(tmp_path, clock):
    with opened(tmp_path, clock) as store:
        store.publish(PAPER)
        clock.advance(-HOUR)
        assert store.batch.is_due()


def test_a_page_is_kept_wholly_or_not_at_all(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        add_page(store, 1)

        def break_off():
            with store.batch.one_page():
                add_page(store, 2)
                raise KeyError

        with pytest.raises(KeyError):
            break_off()
        with store.batch.one_page():
            add_page(store, 3)
    titles = rows(tmp_path, "select title from articles order by title")
    assert titles == [("خبر 1",), ("خبر 3",)]


ENDS = [(None, "finished"), (KeyError, "failed"), (KeyboardInterrupt, "failed")]


@pytest.mark.parametrize(("error", "state"), ENDS)
def test_leaving_commits_what_is_complete_and_closes_the_run(tmp_path, clock, error, state):
    def write():
        with opened(tmp_path, clock) as store:
            store.publish(PAPER)
            add_page(store, 1)
            clock.advance()
            if error:
                raise error

    if error:
        with pytest.raises(error):
            write()
    else:
        write()
    assert rows(tmp_path, "select state, ended_at, requests, new, bytes from runs") == [
        (state, "2020-11-09T13:00:00.000000Z", 1, 1, 8)
    ]
    with opened(tmp_path):
        pass


@pytest.mark.parametrize("error", [sqlite3.OperationalError, OSError])
def test_after_an_error_of_the_disk_the_next_writer_finds_what_there_is(tmp_path, error):
    def write():
        with opened(tmp_path) as store:
            store.publish(PAPER)
            add_page(store, 1)
            store.batch.commit()
            add_page(store, 2)
            raise error

    with pytest.raises(error):
        write()
    assert len(rows(tmp_path, "select * from captures")) == 1
    with opened(tmp_path):
        pass
    assert len(rows(tmp_path, "select * from captures")) == 2
    assert rows(tmp_path, "select requests, new, state from runs") == [
        (2, 1, "interrupted"), (0, 0, "finished"),
    ]  # fmt: skip


def test_one_writer_at_a_time_and_its_lock_is_given_up(tmp_path):
    with opened(tmp_path), pytest.raises(ArchiveLocked, match="warraq crawl"):
        opened(tmp_path).__enter__()
    (tmp_path / "archive.db").write_bytes(b"x" * 5000)
    for _ in range(2):
        with pytest.raises(ArchiveError, match=r"archive\.db"):
            opened(tmp_path).__enter__()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="cannot be written"):
        opened(tmp_path / "file").__enter__()


def test_a_capture_says_all_that_was_recorded(tmp_path):
    headers = (
        (b"content-type", b"text/html; charset=utf-8"), (b"ETag", b'W/"1"'),
        (b"Last-Modified", b"Mon, 09 Nov 2020 12:00:00 GMT"),
    )  # fmt: skip
    with opened(tmp_path) as store:
        store.publish(PAPER)
        capture = record(store, response_headers=headers, truncated="length", payload=b"half")
    assert capture.record is not None
    assert capture.id == capture_id(str(capture.record.record_id))
    assert (capture.etag, capture.last_modified) == ('W/"1"', "Mon, 09 Nov 2020 12:00:00 GMT")
    assert (capture.content_type, capture.wire_bytes) == ("text/html; charset=utf-8", 4)
    assert (capture.truncated, capture.sha256) == ("length", records.payload_digest(b"half"))
    columns = "url, publisher, kind, fetched_at, status, content_type, sha256, wire_bytes, run"
    assert rows(tmp_path, f"select {columns} from captures") == [
        (PAGE, PAPER.slug, "article", "2020-11-09T12:00:00.000000Z", 200,
         "text/html; charset=utf-8", capture.sha256, 4, 1)
    ]  # fmt: skip


def types(root):
    """Return the WARC type and profile of each capture's record, in order."""
    found = []
    for name, offset in rows(root, "select warc_file, warc_offset from captures order by 1, 2"):
        record = next(reader.records(root / "warc" / name, start=offset))
        refers_to = (record.fields.get(f"warc-refers-to-{part}") for part in ("target-uri", "date"))
        found.append((record.type, *refers_to))
    return found


NOON_TEXT = "2020-11-09T12:00:00.000000Z"
PAYLOADS = [
    ([{}, {}], [("response", None, None), ("revisit", PAGE, NOON_TEXT)]),
    ([{}, {"url": f"{PAGE}2"}], [("response", None, None), ("revisit", PAGE, NOON_TEXT)]),
    ([{}, {"payload": b"other"}], [("response", None, None)] * 2),
    ([{"payload": b""}, {"payload": b""}], [("response", None, None)] * 2),
    ([{}, {"truncated": "time"}], [("response", None, None)] * 2),
    ([{"truncated": "time"}, {}], [("response", None, None)] * 2),
    ([{}, {"status": 304, "payload": b""}], [("response", None, None)] * 2),  # asked by nobody
]


@pytest.mark.parametrize(("answers", "wanted"), PAYLOADS)
def test_a_known_payload_is_a_revisit(tmp_path, answers, wanted):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        for fields in answers:
            record(store, **fields)
    assert types(tmp_path) == wanted


def test_a_304_refers_to_the_answer_whose_validators_were_sent(tmp_path, clock):
    """Not to the first answer, nor to one that broke off, nor to a revisit record."""
    history = [
        (b"old", None), (b"current", None), (b"current", None), (b"half", "disconnect"),
    ]  # fmt: skip
    with opened(tmp_path, clock) as store:
        store.publish(PAPER)
        store.ask([(PAGE, Kind.ARTICLE)], publisher=PAPER.slug)
        for payload, truncated in history:
            capture = record(
                store, payload=payload, truncated=truncated, fetched_at=clock.advance()
            )
            state = "failed" if truncated else "done"
            (one,) = visits.due(store.db, PAPER.slug, now=store.clock(), articles=True, limit=1)
            store.visited(one, capture, due_at=clock(), state=state)
        (one,) = visits.due(store.db, PAPER.slug, now=store.clock(), articles=True, limit=1)
        answer = exchange(status=304, payload=b"", fetched_at=clock.advance())
        store.record(answer, kind=Kind.ARTICLE, publisher=PAPER.slug, last=one.last_sha256)
    assert types(tmp_path)[-1] == ("revisit", PAGE, "2020-11-09T14:00:00.000000Z")


def test_an_unchanged_robots_txt_is_read_back_with_its_rules(tmp_path, clock):
    rules = b"User-agent: *\nDisallow: /\n"
    with opened(tmp_path, clock) as store:
        store.publish(PAPER)
        for _ in range(2):
            record(store, Kind.ROBOTS, url=ROBOTS, payload=rules, fetched_at=clock.advance())
        assert store.latest(ROBOTS, since=clock())[:2] == (200, rules)
        assert store.latest(ROBOTS, since=clock() + HOUR) is None
        assert store.latest(PAGE, since=NOON) is None
    assert types(tmp_path)[1][0] == "revisit"
    with opened(tmp_path, clock) as store:
        assert store.latest(ROBOTS, since=NOON)[:2] == (200, rules)
        half = {"payload": rules[:5], "truncated": "time"}
        record(store, Kind.ROBOTS, url=ROBOTS, fetched_at=clock.advance(), **half)
        assert store.latest(ROBOTS, since=NOON)[:2] == (200, rules)
        record(store, Kind.ROBOTS, url=ROBOTS, status=503, payload=b"", fetched_at=clock.advance())
        assert store.latest(ROBOTS, since=NOON)[:2] == (503, b"")


def test_the_road_from_entry_point_to_article(tmp_path, clock):
    with opened(tmp_path, clock) as store:
        store.publish(PAPER)
        store.enter([(FEED, Kind.FEED)], publisher=PAPER.slug)
        (feed,) = visits.due(store.db, PAPER.slug, now=store.clock(), articles=False, limit=9)
        assert store.found([(PAGE, Link(url=PAGE, title="عنوان"))], visit=feed, at=NOON) == 1
        store.visited(feed, record(store, Kind.FEED, url=FEED), due_at=None, state="done")
        assert visits.count_due(store.db, [PAPER.slug], now=clock()) == 1
        (one,) = visits.due(store.db, PAPER.slug, now=store.clock(), articles=True, limit=9)
        outcomes = []
        for text in ("نص", "نص آخر", "نص آخر"):
            capture = record(store, payload=text.encode(), fetched_at=clock.advance())
            article, outcome = store.keep(reading(text=text), url=PAGE, visit=one, capture=capture)
            outcomes.append(outcome)
        assert outcomes == [Outcome.NEW, Outcome.CHANGED, Outcome.SAME]
        assert article is not None
        assert store.missing(article, capture=capture) is Outcome.MISSING
        later = replace(capture, fetched_at=capture.fetched_at + HOUR)
        assert store.missing(article, capture=later) is Outcome.GONE
        store.unchanged(article, capture=capture)
    assert rows(tmp_path, "select gone_at, revision_count, capture from articles") == [
        (None, 2, capture.id)
    ]


LOGIN = Problem(kind=ProblemKind.LOGIN, detail="d", stage="extract")
NO_ARTICLE = [
    (reading(text=""), ["not-an-article"]),
    (reading(kind=PageKind.SECTION), ["not-an-article"]),
    (reading(kind=PageKind.OTHER, problems=(LOGIN,)), ["login"]),
]  # fmt: skip


@pytest.mark.parametrize(("extraction", "problems"), NO_ARTICLE)
def test_a_page_that_is_no_article_is_a_problem_and_never_a_revision(
    tmp_path, extraction, problems
):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        add_page(store, 1)
        capture = record(store, payload=b"login")
        kept = store.keep(extraction, url=PAGE, visit=visit(), capture=capture)
        assert kept == (None, None)
    assert rows(tmp_path, "select count(*) from revisions") == [(1,)]
    found = rows(tmp_path, "select kind, url, publisher, capture, run from problems")
    assert found == [(kind, PAGE, PAPER.slug, capture.id, 1) for kind in problems]


def test_an_articles_own_problems_stand_beside_it(tmp_path):
    problem = Problem(kind=ProblemKind.DATE_CONFLICT, detail="two days", stage="extract")
    with opened(tmp_path) as store:
        store.publish(PAPER)
        kept = store.keep(
            reading(problems=(problem,)), url=PAGE, visit=visit(), capture=record(store)
        )
        assert kept[1] is Outcome.NEW
    assert rows(tmp_path, "select kind, detail, stage from problems") == [
        ("date-conflict", "two days", "extract")
    ]


def test_a_publisher_is_brought_up_to_date(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        store.publish(Publisher(
            slug=PAPER.slug, name="الورق", country="TN", language="ar",
            timezone="Africa/Tunis", tracking=frozenset({"ocid"}),
        ))  # fmt: skip
    assert rows(tmp_path, "select * from publishers") == [
        (PAPER.slug, "الورق", None, None, "TN", "ar", "Africa/Tunis", '["ocid"]')
    ]


def test_files_roll_and_every_capture_is_read_back(tmp_path):
    pages = [bytes([65 + n]) * 3 + os.urandom(3000) for n in range(6)]
    with opened(tmp_path, roll_bytes=4000) as store:
        store.publish(PAPER)
        captures = [record(store, payload=payload) for payload in pages]
    assert len({capture.record.file for capture in captures}) > 2
    assert [reader.read_payload(tmp_path / "warc", one.record) for one in captures] == pages


def test_a_store_is_entered_with_the_systems_clock(tmp_path):
    with Store(tmp_path, command="save", software="warraq/test") as store:
        assert store.clock().tzinfo is not None
    assert rows(tmp_path, "select command, pid from runs") == [("save", os.getpid())]
