"""Upkeep at night: each step comes once, gives way, goes on, and says what came of it."""

import shutil
import time
from contextlib import closing
from functools import partial

import pytest

from archive.database import open_for_reading, open_for_writing, writing
from archive.errors import ArchiveError
from archive.maintenance import upkeep, verify
from archive.maintenance.checks import Findings
from archive.maintenance.upkeep import Copies, due, keep_up
from archive.maintenance.verify import SHARES, verify_share
from archive.search.index import index_is_current, merge_index
from tests.archive.desk import HOUR, NOON, Hands, opened, rows
from tests.archive.filled import DAY, files, fill, page
from tests.killed.steps import killed_at
from tests.sound import acknowledged

STEPS = ["upkeep", "verify"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An archive of two days; its machine is in UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield fill(tmp_path / "archive")
    time.tzset()


def wanted(root, now, copies=None):
    with closing(open_for_reading(root)) as db:
        return due(db, copies, now=now)


def runs(root):
    return rows(root, "select command, state, problems from runs where requests = 0 order by id")


def test_each_step_is_due_once_a_night_and_none_on_the_first_day(root, tmp_path):
    copies, clock = Copies(to=tmp_path / "kept"), Hands(NOON + DAY)
    assert wanted(root, NOON + 13 * HOUR) == []  # the night has not come
    assert wanted(root, NOON + 14 * HOUR, copies) == [*STEPS, "backup"]
    assert list(keep_up(root, copies=copies, clock=clock)) == [
        "the search index is merged, the database's log written back",
        "verify 1/10: no damage",
        f"backup into {tmp_path / 'kept'}: done",
    ]
    assert runs(root) == [(name, "finished", 0) for name in ("upkeep", "verify 1/10", "backup")]
    assert list(keep_up(root, copies=copies, clock=clock)) == []
    clock.advance(14 * HOUR)
    assert wanted(root, clock(), copies) == STEPS
    clock.advance(10 * HOUR)
    assert wanted(root, clock(), copies) == [*STEPS, "backup"]
    assert list(keep_up(root, copies=copies, clock=clock))[1] == "verify 2/10: no damage"


def test_after_ten_nights_every_record_row_and_article_was_checked(root):
    whole, clock = verify.verify(root, processes=1), Hands(NOON + 2 * DAY)
    found = Findings()
    for share in range(SHARES):
        part, after = verify_share(root, share)
        assert after is None
        found.add(part)
    for counted in ("WARC records", "rows of captures", "articles", "revisions", "bytes of WARC"):
        assert found.counts[counted] == whole.counts[counted] > 0, counted
    for night in range(1, 12):
        (_, line) = keep_up(root, clock=clock)
        assert line == f"verify {(night - 1) % 10 + 1}/10: no damage"
        clock.advance(DAY)


def test_a_piece_stays_in_its_share_while_its_file_grows_and_is_checked_as_far(root):
    def shares():
        found = dict[str, int]()
        for share in range(SHARES):
            _, pieces = verify._planned(root, by_share=True)
            found |= {key: share for key, *_ in pieces if verify._is_in(share, key)}
        return found

    before = shares()
    with opened(root, Hands(NOON + DAY)) as store:
        page(store, 7, "بعد")
        store.batch.commit()
        page(store, 8, "لم يقر")
        store._warc.sync()
        assert before.items() <= shares().items()
        assert not [
            each for share in range(SHARES) for each in verify_share(root, share)[0].damages
        ]


def test_it_leaves_off_after_a_piece_and_goes_on_there(root, monkeypatch):
    asked, clock = [], Hands(NOON + DAY)
    list(keep_up(root, clock=clock))  # the first share has the tables
    clock.advance(DAY)

    def stop():
        asked.append(1)
        return len(asked) % 3 == 0

    lines: list[str] = []
    while "verify" in wanted(root, clock()):
        lines += keep_up(root, clock=clock, stop=stop)
        assert len(asked) < 500
    assert "verify 2/10: no damage" in lines
    assert len(asked) > 12
    names = [name for name, *_ in runs(root)]
    assert names.count("verify 2/10") == 1  # however often it left off


def test_damage_is_a_problem_of_its_run_once_in_ten_nights(root):
    path = files(root)[0]
    data = bytearray(path.read_bytes())
    data[700] ^= 0xFF
    path.write_bytes(data)
    clock = Hands(NOON + 2 * DAY)
    lines: list[str] = []
    for _ in range(10):
        lines += [line for line in keep_up(root, clock=clock) if "verify" in line]
        clock.advance(DAY)
    assert [line for line in lines if "no damage" not in line] != []
    (run,) = [problems for _, state, problems in runs(root) if state == "failed"]
    kinds = rows(root, "select distinct kind, stage from problems where run is not null")
    assert kinds == [("archive-damaged", "verify")]
    assert rows(root, "select count(*) from problems where kind = 'archive-damaged'") == [(run,)]
    assert path.name in rows(root, "select detail from problems order by id desc")[0][0]


def test_a_backup_that_fails_is_a_run_that_failed_and_is_tried_again_later(root, tmp_path):
    (tmp_path / "disk").write_text("no folder")
    copies, clock = Copies(to=tmp_path / "disk"), Hands(NOON + 2 * DAY)
    *_, line = keep_up(root, copies=copies, clock=clock)
    assert "disk" in line
    assert runs(root)[-1] == ("backup", "failed", 1)
    assert rows(root, "select kind from problems") == [("backup-failed",)]
    assert wanted(root, clock.advance(), copies) == []
    assert wanted(root, clock.advance(5 * HOUR), copies) == ["backup"]
    (tmp_path / "disk").unlink()
    list(keep_up(root, copies=copies, clock=clock))
    assert runs(root)[-1] == ("backup", "finished", 0)
    path = files(root)[0]
    path.write_bytes(path.read_bytes()[:99])
    list(keep_up(root, copies=copies, clock=Hands(clock() + DAY)))
    assert runs(root)[-1] == ("backup", "failed", 1)


def test_while_a_crawl_writes_nothing_waits_for_it_and_it_waits_for_nothing(root, monkeypatch):
    monkeypatch.setattr(upkeep, "_PATIENCE", 0.0)
    clock = Hands(NOON + 2 * DAY)
    with writing(root, command="crawl", now=clock()):
        assert list(keep_up(root, clock=clock)) == []
    assert wanted(root, clock()) == STEPS
    with pytest.raises(ArchiveError):
        list(keep_up(root / "nowhere", clock=clock))


def test_the_index_is_merged_in_steps_and_finds_the_same(root):
    clock = Hands(NOON + 2 * DAY)
    for number in range(40):  # a commit, a piece
        with opened(root, clock) as store:
            page(store, 100 + number, f"كلمة{number} " * 30)
    segments = "select count(distinct segid) from article_stems_idx"
    hits = "select count(*) from article_stems where article_stems match warraq_query('كلمة7')"
    with closing(open_for_writing(root)) as db:
        (before,), (found,) = db.execute(segments).fetchone(), db.execute(hits).fetchone()
        steps = iter([False, True])
        assert merge_index(db, lambda: next(steps)) in {True, False}
        assert merge_index(db, bool)
        assert db.execute(segments).fetchone()[0] < before
        assert db.execute(hits).fetchone() == (found,) == (1,)
        assert index_is_current(db)
    assert verify.verify(root, processes=1).damages == []


def a_night(root, copies, clock):
    return list(keep_up(root, copies=copies, clock=clock))


@pytest.mark.slow
def test_upkeep_that_is_killed_at_any_step_is_completed_by_the_next(root, tmp_path):
    copies, clock = Copies(to=tmp_path / "kept"), Hands(NOON + 2 * DAY)
    number, is_killed, before = 1, True, acknowledged(root)
    while is_killed:
        copy = shutil.copytree(root, tmp_path / "copy")
        is_killed = killed_at(copy, number, partial(a_night, copy, copies, clock))
        list(keep_up(copy, copies=copies, clock=clock))
        assert [(name, state) for name, state, _ in runs(copy) if state == "finished"] == [
            (name, "finished") for name in ("upkeep", "verify 1/10", "backup")
        ], number
        assert acknowledged(copy) == before
        assert verify.verify(copy, processes=1).damages == []
        shutil.rmtree(copy)
        number += 23  # of some hundred: files opened
    assert number > 47
