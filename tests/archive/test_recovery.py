"""Killed in the middle of anything: nothing acknowledged is lost, what is whole is adopted."""

import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from warcio.checker import Checker

from archive import recovery, runs, visits
from archive.database import open_for_writing
from archive.maintenance.verify import verify
from archive.models import Kind, WarcLocation
from archive.warc import reader
from tests.archive.desk import (
    FEED,
    HOUR,
    NOON,
    PAPER,
    Checked,
    add_page,
    exchange,
    kill_like,
    opened,
    reading,
    rows,
    visit,
)

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (
    "url, publisher, kind, fetched_at, status, content_type, sha256, wire_bytes, warc_file,"
    " warc_offset, warc_length, run, truncated"
)
CAPTURES = f"select {COLUMNS} from captures order by warc_file, warc_offset"
ANSWERS: list[tuple[Kind, dict[str, Any]]] = [
    (Kind.FEED, {"url": FEED, "payload": b"<rss/>"}),
    (Kind.ARTICLE, {"url": "https://alwaraq.example/أ", "payload": b"page"}),
    (Kind.ARTICLE, {"url": "https://alwaraq.example/2", "payload": b"page"}),
    (Kind.ARTICLE, {"url": FEED, "status": 304, "payload": b""}),
    (Kind.ROBOTS, {"url": "https://cdn.example/robots.txt", "status": 404, "payload": b"gone"}),
    (Kind.ARTICLE, {"url": "https://alwaraq.example/3", "payload": b"half", "truncated": "time"}),
    (Kind.ARTICLE, {"url": "https://alwaraq.example/4", "reason": "", "response_headers": ()}),
    (Kind.SITEMAP, {"url": "https://alwaraq.example/5", "status": 301, "payload": b"",
                    "response_headers": ((b"Location", b"/6"),
                                         (b"Content-Type", "نص".encode("windows-1256")))}),
]  # fmt: skip


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """An archive whose writer died with two pages acknowledged and more in its file.

    Returns its folder and the rows of all captures, which the dead writer saw.
    """
    root = tmp_path_factory.mktemp("crashed")
    store = opened(root).__enter__()
    store.publish(PAPER)
    store.enter([(FEED, Kind.FEED)], publisher=PAPER.slug)
    (feed,) = visits.due(store.db, PAPER.slug, now=store.clock(), articles=False, limit=1)
    for number, (kind, fields) in enumerate(ANSWERS):
        publisher = PAPER.slug if kind is not Kind.ROBOTS else None
        capture = store.record(exchange(**fields), kind=kind, publisher=publisher)
        if kind is Kind.FEED:
            store.visited(feed, capture, due_at=NOON + HOUR, state="done")
        if number == 1:
            _, outcome = store.keep(reading(), url=capture.url, visit=visit(), capture=capture)
            sql = "update captures set outcome = ? where id = ?"
            store.db.execute(sql, (outcome, capture.id))
            store.batch.commit()
    seen = store.db.execute(CAPTURES).fetchall()
    kill_like(store)
    return root, seen


def copy(crashed, tmp_path):
    """Return a copy of the crashed archive, its WARC file's bytes and path, and all rows."""
    root, seen = crashed
    shutil.copytree(root, tmp_path / "archive")
    (path,) = (tmp_path / "archive" / "warc").rglob("*.warc.gz")
    return tmp_path / "archive", path, path.read_bytes(), seen


def recover(root):
    """Start and end a writer, which recovers, as the next command does."""
    with opened(root):
        pass


def everything(root):
    """Return all rows and files, without what the next run itself adds."""
    tables = ("captures", "articles", "revisions", "visits", "problems", "runs")
    found = {table: rows(root, f"select * from {table} order by 1") for table in tables}
    found["runs"] = [run for run in found["runs"] if run[0] == 1]
    files = {path.name: path.read_bytes() for path in (root / "warc").rglob("*.warc.gz")}
    return found, files


def test_whole_records_become_the_very_rows_that_were_lost(crashed, tmp_path):
    root, path, packed, seen = copy(crashed, tmp_path)
    assert rows(root, CAPTURES) == seen[:2]
    recover(root)
    assert rows(root, CAPTURES) == seen
    assert path.read_bytes() == packed
    assert rows(root, "select state, ended_at, requests, new, bytes from runs where id = 1") == [
        ("interrupted", None, len(seen), 1, sum(row[7] for row in seen))
    ]
    before = everything(root)
    recover(root)
    assert everything(root) == before


@pytest.mark.slow
def test_a_file_torn_anywhere_behind_what_was_acknowledged_is_made_whole(
    crashed, tmp_path, monkeypatch
):
    root, path, packed, seen = copy(crashed, tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # thousands of them
    ends = [record.behind.offset for record in reader.records(path)]
    with closing(open_for_writing(root)) as db:
        db.execute("pragma synchronous = off")
        (acknowledged,) = db.execute("select bytes from warc_files").fetchone()
        for cut in range(acknowledged, len(packed) + 1, 4):
            path.write_bytes(packed[:cut])
            recovery.recover(db, root / "warc")
            assert path.stat().st_size == max(end for end in ends if end <= cut)
            kept = [row for row in seen if row[9] + row[10] <= cut]
            assert db.execute(CAPTURES).fetchall() == kept
            db.execute("delete from captures where warc_offset >= ?", (acknowledged,))
            db.execute("update runs set state = 'running'")
            db.execute("update warc_files set bytes = ?", (acknowledged,))
    assert len(kept) > len(seen) - 2


def test_what_is_told_of_visits_that_were_not_acknowledged_is_cut_and_their_bytes_stay(tmp_path):
    store = opened(tmp_path)
    store.__enter__()
    store.publish(PAPER)
    store.enter([(FEED, Kind.FEED)], publisher=PAPER.slug)
    (feed,) = visits.due(store.db, PAPER.slug, now=store.clock(), articles=False, limit=1)
    store.batch.commit()
    for number in range(3):
        answer = exchange(url=FEED, payload=b"%d" % number)
        capture = store.record(answer, kind=Kind.FEED, publisher=PAPER.slug)
        store.visited(feed, capture, due_at=NOON + HOUR, state="done")
        if number == 0:
            store.batch.commit()
    kill_like(store)
    recover(tmp_path)
    (path,) = (tmp_path / "warc").rglob("*.warc.gz")
    types = [record.type for record in reader.records(path)]
    first = ["warcinfo", "metadata", "response", "request", "metadata"]
    assert types == first + ["response", "request"] * 2
    assert len(rows(tmp_path, CAPTURES)) == 3
    assert verify(tmp_path).damages == []


TAILS = [bytes(1), bytes(4096), b"\x1f\x8b\x08" + bytes(4000), b"\x1f\x8b", b"junk" * 99]


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("torn", [0, 11])
def test_a_power_cut_that_leaves_zeros_or_junk_is_cut_back(crashed, tmp_path, tail, torn):
    root, path, packed, seen = copy(crashed, tmp_path)
    path.write_bytes(packed[: len(packed) - torn] + tail)
    recover(root)
    ends = [record.behind.offset for record in reader.records(path)]
    assert path.stat().st_size == ends[-1] <= len(packed)
    assert rows(root, CAPTURES) == seen
    checker = Checker(Checked([path]))
    checker.process_all()
    assert checker.exit_value == 0


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_file_without_a_whole_record_is_removed(tmp_path, size):
    with opened(tmp_path) as store:
        store.publish(PAPER)
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("update runs set state = 'running'")
    ((writer,),) = rows(tmp_path, "select value from settings where name = 'writer'")
    path = tmp_path / "warc" / "2020-11" / f"warraq-20201109-{writer}-001.warc.gz"
    path.parent.mkdir()
    path.write_bytes(b"\x1f\x8b\x08\x00"[:size] + bytes(max(size - 4, 0)))
    recover(tmp_path)
    assert not path.exists()


def test_missing_acknowledged_bytes_are_neither_hidden_nor_filled_up(crashed, tmp_path, caplog):
    root, path, packed, seen = copy(crashed, tmp_path)
    path.write_bytes(packed[: seen[1][9] + 5])
    recover(root)
    assert path.read_bytes() == packed[: seen[1][9] + 5]
    assert "acknowledged bytes are missing" in caplog.text
    assert rows(root, CAPTURES) == seen[:2]
    assert rows(root, "select state from runs where id = 1") == [("interrupted",)]


def test_adopted_rows_are_committed_after_their_bytes_are_on_the_disk(
    crashed, tmp_path, monkeypatch
):
    root, _, _, seen = copy(crashed, tmp_path)
    at_sync = []
    monkeypatch.setattr(os, "fsync", lambda _: at_sync.append(len(rows(root, CAPTURES))))
    _recover_alone(root)
    assert at_sync
    assert set(at_sync) == {2}
    assert len(rows(root, CAPTURES)) == len(seen)


def test_a_recovery_that_is_killed_is_done_again(crashed, tmp_path, monkeypatch):
    root, path, packed, seen = copy(crashed, tmp_path)
    path.write_bytes(packed + b"torn")

    def die(*_arguments, **_fields):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "end", die)
    with pytest.raises(KeyboardInterrupt):
        _recover_alone(root)
    monkeypatch.undo()
    assert rows(root, CAPTURES) == seen[:2]
    recover(root)
    assert rows(root, CAPTURES) == seen
    assert path.read_bytes() == packed


def test_what_was_in_flight_is_still_due(crashed, tmp_path):
    root, *_ = copy(crashed, tmp_path)
    recover(root)
    with opened(root) as store:
        assert visits.due(store.db, PAPER.slug, now=store.clock(), articles=False, limit=9) == []
        store.ask([("https://alwaraq.example/2", Kind.ARTICLE)], publisher=PAPER.slug)
        assert len(visits.due(store.db, PAPER.slug, now=store.clock(), articles=True, limit=9)) == 1


def test_ended_runs_are_left_alone(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        add_page(store, 1)
    (path,) = (tmp_path / "warc").rglob("*.warc.gz")
    with path.open("ab") as file:
        file.write(b"not ours to cut")
    recover(tmp_path)
    assert path.read_bytes().endswith(b"not ours to cut")


def test_only_the_dead_runs_files_are_looked_at(tmp_path):
    """Run 1 is not taken for run 11."""
    for _ in range(10):
        recover(tmp_path)
    store = opened(tmp_path).__enter__()
    store.publish(PAPER)
    store.batch.commit()
    add_page(store, 1)
    kill_like(store)
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("update runs set state = 'running' where id = 1")
        assert store.run == 11
    recover(tmp_path)
    assert rows(tmp_path, "select run from captures") == [(11,)]


_WRITER = """
import sys, random
from pathlib import Path
from typing import Any
from archive.models import Kind
from archive.maintenance.verify import verify
from tests.archive.desk import *
from tests.archive.desk import add_page
from archive.clock import system
with opened(Path(sys.argv[1]), clock=system) as store:
    store.publish(PAPER)
    first = store.db.execute("select count(*) from articles").fetchone()[0]
    for number in range(first, first + 100000):
        with store.batch.one_page():
            add_page(store, number)
        store.record(exchange(payload=random.randbytes(60000)), kind=Kind.ARTICLE, publisher=None)
        if number % 7 == 6:
            store.batch.commit()
            print(number + 1, flush=True)
"""


@pytest.mark.slow
def test_a_writer_killed_again_and_again_loses_nothing_it_acknowledged(tmp_path):
    moments = random.Random(3)
    acknowledged = 0
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
        ) as writer:
            assert writer.stdout is not None
            for _ in range(moments.randrange(1, 6)):
                acknowledged = int(writer.stdout.readline())
            time.sleep(moments.uniform(0, 0.05))
            writer.kill()
            told = writer.stdout.read().split()
            acknowledged = int(told[-1]) if told else acknowledged
        (kept,) = rows(tmp_path, "select count(*) from articles")[0]
        assert kept >= acknowledged > 0
    recover(tmp_path)
    states = [state for (state,) in rows(tmp_path, "select state from runs order by id")]
    assert states == ["interrupted"] * 4 + ["finished"]
    _every_record_has_its_row(tmp_path)
    before = everything(tmp_path)
    recover(tmp_path)
    assert everything(tmp_path) == before


def _every_record_has_its_row(root):
    located = set()
    for path in (root / "warc").rglob("*.warc.gz"):
        checker = Checker(Checked([path]))
        checker.process_all()
        assert checker.exit_value == 0
        end = 0
        for record in reader.records(path):
            if record.type in {"response", "revisit"}:
                located.add(
                    (path.relative_to(root / "warc").as_posix(), record.place.offset, record.length)
                )
            end = record.behind.offset
        assert end == path.stat().st_size
    found = rows(root, "select warc_file, warc_offset, warc_length from captures")
    assert sorted(found) == sorted(located)
    for file, offset, length in found[:50]:
        location = WarcLocation(file=file, offset=offset, length=length)
        reader.read_payload(root / "warc", location)


def _recover_alone(root):
    with closing(open_for_writing(root)) as db:
        recovery.recover(db, root / "warc")
