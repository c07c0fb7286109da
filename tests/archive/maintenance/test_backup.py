"""A backup is an archive of one moment: sound, whole, and never torn, whatever was going on."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive.commands.maintenance import backup as command
from archive.database import open_for_reading, open_for_writing
from archive.errors import ArchiveError, ArchiveLocked
from archive.maintenance.backup import back_up
from archive.maintenance.verify import verify
from tests.archive.desk import HOUR, NOON, Hands, opened, rows
from tests.archive.filled import files, fill, page
from tests.killed.steps import killed_at

ROOT = Path(__file__).resolve().parents[3]
TABLES = ("articles", "revisions", "captures", "problems", "visits", "authors", "article_tags")


@pytest.fixture
def root(tmp_path):
    return fill(tmp_path / "archive")


def contents(root):
    return {table: rows(root, f"select * from {table} order by 1, 2") for table in TABLES}


def sound(root):
    findings = verify(root)
    return (findings.damages, findings.notes) == ([], [])


def test_a_backup_is_the_archive_byte_for_byte(root, tmp_path):
    (root / "warraq.toml").write_text('follow = ["a"]', "utf-8")
    (root / "publishers").mkdir()
    (root / "publishers" / "a.toml").write_text("slug = 'a'", "utf-8")
    made = back_up(root, tmp_path / "نسخة احتياطية")
    kept = tmp_path / "نسخة احتياطية"
    assert (made.files, made.copied, made.missing) == (2, 2, ())
    assert contents(kept) == contents(root)
    assert [(one.name, one.read_bytes()) for one in files(kept)] == [
        (one.name, one.read_bytes()) for one in files(root)
    ]
    assert (kept / "warraq.toml").read_text("utf-8") == 'follow = ["a"]'
    assert (kept / "publishers" / "a.toml").is_file()
    assert sound(kept)
    with opened(kept, Hands(NOON + 48 * HOUR)) as store:  # it can be crawled into
        page(store, 9, "بعد")
    assert sound(kept)


def test_repeating_it_copies_only_what_is_new(root, tmp_path):
    kept = tmp_path / "kept"
    back_up(root, kept)
    before = {path.name: path.stat().st_ino for path in files(kept)}
    with opened(root, Hands(NOON + 48 * HOUR)) as store:
        page(store, 9, "جديد")
    made = back_up(root, kept)
    assert (made.files, made.copied) == (3, 1)
    assert before.items() <= {path.name: path.stat().st_ino for path in files(kept)}.items()
    assert contents(kept) == contents(root)
    assert sound(kept)


def test_where_nothing_changed_nothing_is_copied(root, tmp_path):
    kept = tmp_path / "kept"
    assert back_up(root, kept).database
    before = {path: path.stat() for path in files(kept)}
    copy = (kept / "archive.db").stat()
    open_for_reading(root).close()
    made = back_up(root, kept)
    assert (made.database, made.copied) == (False, 0)
    assert before == {path: path.stat() for path in before}  # not even read
    now = (kept / "archive.db").stat()  # of which the header was read
    assert (now.st_ino, now.st_mtime_ns) == (copy.st_ino, copy.st_mtime_ns)
    done = CliRunner().invoke(command, [str(kept), "--archive", str(root)])
    assert "The database has not changed since the last time." in done.output
    (lost, *_) = files(kept)
    lost.unlink()
    made = back_up(root, kept)
    assert (made.database, made.copied) == (False, 1)
    assert contents(kept) == contents(root)
    assert sound(kept)


def test_a_database_that_changed_anywhere_is_copied(root, tmp_path):
    kept = tmp_path / "kept"
    back_up(root, kept)
    with closing(open_for_writing(root)) as writer:
        writer.execute("update articles set section = 'من السجل'")  # in the log alone
        assert back_up(root, kept).database
        assert contents(kept) == contents(root)
        assert not back_up(root, kept).database
        writer.execute("update articles set section = 'مرة أخرى'")
        assert back_up(root, kept).database
    assert back_up(root, kept).database  # out of the log
    with closing(sqlite3.connect(kept / "archive.db")) as db, db:
        db.execute("delete from links")
        db.execute("delete from problems")
        db.execute("update articles set section = 'في النسخة'")
    assert back_up(root, kept).database
    assert contents(kept) == contents(root)


def test_links_share_the_bytes_of_finished_files_alone(root, tmp_path):
    with opened(root, Hands(NOON + 48 * HOUR)) as store:
        page(store, 9, "جديد")
        store.batch.commit()
        back_up(root, tmp_path / "kept", link=True)
    linked = [path.stat().st_nlink for path in files(tmp_path / "kept")]
    assert linked == [2, 2, 1]
    assert sound(tmp_path / "kept")


def test_what_a_crawl_has_not_acknowledged_is_left_out_and_its_request_is_not(root, tmp_path):
    kept = tmp_path / "kept"
    with opened(root, Hands(NOON + 48 * HOUR)) as store:
        page(store, 8, "أُقر")
        store.batch.commit()
        page(store, 9, "لم يُقر")
        back_up(root, kept)
        assert len(rows(kept, "select 1 from articles")) == 4
    findings = verify(kept)
    assert (findings.damages, findings.notes) == ([], [])
    assert (
        findings.counts["WARC records"] == 2 * 8 + 6 + 3 + 2 * 2 + 1
    )  # the visits, the ends of the runs
    assert rows(kept, "select state from runs order by id")[-1] == ("interrupted",)
    back_up(root, kept)  # the longer file takes the shorter one's place
    assert contents(kept) == contents(root)
    assert sound(kept)


def test_a_torn_tail_of_a_dead_run_does_not_come_along(root, tmp_path):
    (last, *_) = reversed(files(root))
    with opened(root, Hands(NOON + 48 * HOUR)) as store:
        page(store, 8, "أُقر")
        store.batch.commit()
        page(store, 9, "لم يُقر")
        (torn,) = set(files(root)) - {last, *files(root)[:-1]}
        torn.write_bytes(torn.read_bytes()[:-7])
        back_up(root, tmp_path / "kept")
    assert sound(tmp_path / "kept")


WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from tests.archive.desk import NOON, Hands, opened
from tests.archive.filled import page
from archive.models import Publisher
clock = Hands(NOON + timedelta(days=2))
with opened(Path(sys.argv[1]), clock, roll_bytes=60_000) as store:
    for number in range(100, 100_000):
        clock.advance(timedelta(seconds=1))
        page(store, number, f"نص {number} " * 30, at=clock())
        if number % 7 == 0:
            store.batch.commit()
"""


def test_backups_during_a_crawl_are_sound_each_time(root, tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(root)], cwd=ROOT)
    try:
        grown = []
        for _ in range(4):
            known, patience = len(rows(root, "select 1 from articles")), time.monotonic() + 60
            while len(rows(root, "select 1 from articles")) < known + 20:
                assert time.monotonic() < patience
                time.sleep(0.05)
            back_up(root, tmp_path / "kept")
            assert sound(tmp_path / "kept")
            grown.append(len(rows(tmp_path / "kept", "select 1 from articles")))
        assert writer.poll() is None, "the crawl had ended"
    finally:
        writer.kill()
        writer.wait()
    assert grown == sorted(set(grown))


def test_a_half_made_copy_is_begun_again(root, tmp_path):
    kept = tmp_path / "kept"
    back_up(root, kept)
    first, _ = files(kept)
    first.write_bytes(first.read_bytes()[:50])
    first.with_name(f".{first.name}.part").write_bytes(b"half")
    (kept / "archive.db").unlink()
    (kept / "archive.db-wal").write_bytes(b"of another database")
    (kept / "new").mkdir()
    (kept / "new" / "archive.db").write_bytes(b"half")
    assert back_up(root, kept).copied == 1
    assert sound(kept)
    assert not list(kept.rglob("*.part"))
    assert sorted(path.name for path in kept.iterdir()) == [
        "archive.db", "backup.json", "lock", "warc",
    ]  # fmt: skip


def test_it_never_takes_the_place_of_something_else(root, tmp_path):
    other = fill(tmp_path / "other")
    with pytest.raises(ArchiveError, match=r"holds something else \(archive\.db.* and no backup"):
        back_up(root, other)
    with pytest.raises(ArchiveError, match="is the archive itself, or"):
        back_up(root, root)
    with opened(tmp_path / "third", Hands(NOON + HOUR)):
        pass
    back_up(tmp_path / "third", tmp_path / "kept")
    with pytest.raises(ArchiveError, match="is a backup of another archive"):
        back_up(root, tmp_path / "kept")
    with opened(tmp_path / "kept"), pytest.raises(ArchiveLocked):
        back_up(tmp_path / "third", tmp_path / "kept")
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match="cannot be written"):
        back_up(root, tmp_path / "file")
    assert sound(other)


def test_it_goes_into_no_folder_that_is_in_use(root, tmp_path):
    before = files(root)
    for inside in (root / "backup", root / "warc", root / "a" / "b", tmp_path / "link"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(root / "warc")
        with pytest.raises(ArchiveError, match="is the archive itself, or inside it"):
            back_up(root, inside)
    assert files(root) == before
    assert not [path for path in (root, root / "warc") if (path / "backup").exists()]
    used = tmp_path / "used"
    used.mkdir()
    for number in range(5):
        (used / f"letter-{number}.txt").write_text("mine")
        with pytest.raises(ArchiveError, match=r"something else \(letter-0\.txt.* and no backup"):
            back_up(root, used)
    assert len(list(used.iterdir())) == 5
    for name in ("letter-1.txt", "letter-2.txt", "letter-3.txt", "letter-4.txt"):
        (used / name).unlink()
    with pytest.raises(ArchiveError, match=r"something else \(letter-0\.txt\) and no backup"):
        back_up(root, used)
    with pytest.raises(ArchiveError, match="holds something else"):
        back_up(root, tmp_path)  # which the archive lies in


def test_an_empty_disk_and_a_backup_that_was_killed_as_it_began_are_taken(root, tmp_path):
    (tmp_path / "disk" / "lost+found").mkdir(parents=True)
    for name in ("lock", ".backup.json.part"):
        (tmp_path / "disk" / name).write_text("")
    assert back_up(root, tmp_path / "disk").copied == 2
    (tmp_path / "disk" / "notes.txt").write_text("of the user's own")
    assert back_up(root, tmp_path / "disk").copied == 0
    assert (tmp_path / "disk" / "notes.txt").exists()
    assert sound(tmp_path / "disk")


def test_the_command_names_what_is_missing_and_saves_the_rest(root, tmp_path):
    good = CliRunner().invoke(command, [str(tmp_path / "a"), "--archive", str(root)])
    assert good.exit_code == 0, good.output
    assert "2 WARC files, 2 of them copied now." in good.output
    assert json.loads((tmp_path / "a" / "backup.json").read_text())["of"] == os.fspath(root)
    files(root)[0].unlink()
    bad = CliRunner().invoke(command, [str(tmp_path / "b"), "--archive", str(root)])
    assert bad.exit_code == 3
    assert "lacks WARC files that its database refers to: 2020-11/warraq-" in bad.output
    open_for_reading(tmp_path / "b").close()
    shutil.rmtree(tmp_path / "b")


@pytest.mark.slow
def test_a_kill_at_any_step_leaves_the_last_backup_or_the_new_one(root, tmp_path):
    kept, number, is_killed, notes = tmp_path / "kept", 0, True, set()
    back_up(root, kept)
    old = contents(kept)
    for hours in (25, 49):  # the day's file grows, another begins
        with opened(root, Hands(NOON + hours * HOUR)) as store:
            page(store, hours, "جديد")
    new = contents(root)
    while is_killed:
        number += 1
        copy = shutil.copytree(kept, tmp_path / "copy")
        is_killed = killed_at(copy, number, partial(back_up, root, copy))
        assert contents(copy) in (old, new), number
        findings = verify(copy)
        assert findings.damages == [], number
        notes |= {note.partition(": ")[0] for note in findings.notes}
        back_up(root, copy)
        assert contents(copy) == new, number
        assert sound(copy), number
        shutil.rmtree(copy)
    assert number > 20
    assert any("was broken off and wants `warraq backup` again" in note for note in notes)
