"""A disk that fills up in the middle of a batch: one line, nothing acknowledged lost, and on."""

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import sys

import pytest
from click.testing import CliRunner

from archive.database import NAME
from crawler.cli import warraq
from tests.broken import workshop as w

pytestmark = pytest.mark.slow

DISK = "12m"
# What SQLite needs for readers is a file of 32 kB beside the database.
FULL = (
    "the disk is full: free some space and run the same command again",
    "the disk is full, over quota or failing: fix that, and try again",
)


@pytest.fixture
def disk(tmp_path):
    with w.small_disk(tmp_path / "disk", size=DISK) as mounted:
        yield mounted


@pytest.mark.parametrize(
    "leaving",
    [160_000, 80_000, 400_000, 700_000],
)
def test_a_crawl_ends_with_one_line_and_the_next_one_goes_on(sound, disk, leaving):
    root = sound.copy(disk / "archive")
    filler = w.fill(disk, leaving=leaving)
    before = w.kept(root)
    line = w.only_line(sound.crawl(root))
    assert str(root) in line
    assert any(remedy in line for remedy in FULL), line
    if leaving > 100_000:  # else it does not even begin
        assert "the archive cannot be written: " in line
        assert "what was acknowledged is safe" in line
    middle = w.kept(root)
    assert w.lost(before, root) == []
    filler.unlink()
    done = sound.crawl(root)
    assert done.returncode == 0, done.stderr
    assert w.lost(middle, root) == []
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)


def test_it_is_filled_up_again_and_again_while_it_crawls(sound, disk):
    """Room comes and goes as it does on a machine that others use; each crawl gets further."""
    root = sound.copy(disk / "archive")
    for path in (root / "warc", *root.glob(f"{NAME}*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    lines, acknowledged = [], None
    for leaving in range(300_000, 4_000_000, 250_000):
        filler = w.fill(disk, leaving=leaving)
        done = sound.crawl(root)
        filler.unlink()
        if acknowledged is not None:
            assert w.lost(acknowledged, root) == []
        if done.returncode == 0:
            break
        lines.append(w.only_line(done))
        with contextlib.suppress(sqlite3.OperationalError):  # no room for the tables yet
            acknowledged = w.kept(root)
    assert lines
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)


@pytest.mark.parametrize("limit", [120_000, pytest.param(300_000, marks=pytest.mark.slow)])
def test_files_that_may_not_grow_end_a_crawl_as_a_full_disk_does(sound, root, limit):
    """A limit of the process works where no disk can be mounted."""
    before = w.kept(root)
    done = sound.crawl(
        root, prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    line = w.only_line(done)
    assert "cannot be written" in line or str(root / NAME) in line
    assert "ulimit" in line or "quota" in line
    assert w.lost(before, root) == []
    done = sound.crawl(root)
    assert done.returncode == 0, done.stderr
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)


def test_every_command_on_a_full_disk_says_so_and_changes_nothing(sound, disk, tmp_path):
    root = sound.copy(disk / "archive")
    before = w.bytes_of(root)
    w.fill(disk, leaving=0)
    for name in (*w.WRITING, *w.READING, "serve"):
        line = w.said(w.run(name, root, tmp_path / "out"))
        assert str(root) in line, name
        assert any(remedy in line for remedy in FULL), (name, line)
    assert w.bytes_of(root) == before


def test_readers_need_little_room_and_writers_say_that_they_have_none(sound, disk, tmp_path):
    root = sound.copy(disk / "archive")
    before = w.kept(root)
    w.fill(disk, leaving=65_536)
    for name in w.READING:
        result = w.run(name, root, tmp_path / "out")
        assert result.exit_code == 0, (name, result.output)
    for name in ("crawl", "import-jsonl", "reindex"):
        line = w.said(w.run(name, root, tmp_path / "out"))
        assert FULL[0] in line, name
    assert w.lost(before, root) == []
    assert w.is_whole(root)


@pytest.mark.parametrize("name", ["export", "export --warc", "publish", "backup"])
def test_what_does_not_fit_on_the_disk_it_is_written_to_leaves_no_half(root, tmp_path, name):
    with w.small_disk(tmp_path / "out", size="64k") as out:
        line = w.said(w.run(name, root, out))
        assert str(out) in line
        assert FULL[0] in line
        left = {path.name for path in out.rglob("*") if path.is_file()}
        assert not left & {"articles.jsonl", "captures.warc.gz", "settings.json"}
        assert not (out / "public" / NAME).exists()
        assert not (out / "backup" / NAME).exists()
        assert not (out / "backup" / "new").exists()
    assert w.run(name, root, tmp_path / "elsewhere").exit_code == 0


def test_a_backup_that_did_not_fit_keeps_the_former_one(sound, root, tmp_path):
    with w.small_disk(tmp_path / "out", size="4m") as out:
        assert w.run("backup", root, out).exit_code == 0
        good = w.kept(out / "backup")
        assert sound.crawl(root).returncode == 0
        filler = w.fill(out, leaving=100_000)
        assert FULL[0] in w.said(w.run("backup", root, out))
        assert w.kept(out / "backup") == good
        assert w.is_whole(out / "backup")
        filler.unlink()
        assert w.run("backup", root, out).exit_code == 0
        assert w.kept(out / "backup") == w.kept(root)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")  # noqa: PTH110
def test_an_output_that_takes_nothing_is_told(root):
    command = [sys.executable, "-m", "crawler", "export", "--archive", str(root)]
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    line = w.only_line(done)
    assert "No space left on device" in line


def test_an_import_that_meets_a_full_disk_can_be_repeated(sound, disk, tmp_path):
    root = sound.copy(disk / "archive")
    exported = tmp_path / "articles.jsonl"
    assert CliRunner().invoke(
        warraq, ["export", "--archive", str(root), "-o", str(exported)]
    ).exit_code == 0  # fmt: skip
    into = ["import-jsonl", str(exported), "--archive", str(disk / "other")]
    filler = w.fill(disk, leaving=500_000)
    assert FULL[0] in w.said(CliRunner().invoke(warraq, into))
    filler.unlink()
    assert CliRunner().invoke(warraq, into).exit_code == 0
    assert {row[:1] for row in w.kept(disk / "other")[0]} == {row[:1] for row in w.kept(root)[0]}
    assert w.is_whole(disk / "other")
