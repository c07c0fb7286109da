"""A folder in which this user may not write: readers read, or say why not; writers say so."""

import subprocess

import pytest

from archive.database import NAME
from tests.broken import workshop as w
from tests.serving import serving

pytestmark = pytest.mark.slow

REMEDY = "give this user read and write permission there, or use another folder"


@pytest.fixture
def finished(root):
    """An archive in which nobody may write."""
    w.nobody_may_write(root)
    yield root
    w.everybody_may_write(root)


def test_an_archive_that_is_finished_is_read_by_every_command_and_written_by_none(
    finished, tmp_path
):
    before = w.bytes_of(finished)
    for name in w.READING:
        with w.like_anybody():
            result = w.run(name, finished, tmp_path / "out")
        assert result.exit_code == 0, (name, result.output)
    for name in w.WRITING:
        with w.like_anybody():
            line = w.said(w.run(name, finished, tmp_path / "out"))
        assert f"{finished}/lock: Permission denied; {REMEDY}" in line, name
    assert w.bytes_of(finished) == before
    with w.like_anybody(), serving(finished) as address:
        assert address.startswith("http://127.0.0.1:")


def test_where_others_may_write_a_reader_without_that_right_reads(root, tmp_path):
    w.nobody_may_write(root, but=0o020)  # the group may
    for name in w.READING:
        with w.like_anybody():
            result = w.run(name, root, tmp_path / "out")
        assert result.exit_code == 0, (name, result.output)
    with w.like_anybody(), serving(root) as address:
        assert address.startswith("http://127.0.0.1:")
    w.everybody_may_write(root)
    assert w.is_whole(root)


@pytest.mark.parametrize("what", [pytest.param("warc", marks=pytest.mark.slow), NAME])
def test_a_part_that_cannot_be_written_ends_a_crawl_before_it_asks_anybody(
    sound, root, tmp_path, what
):
    before, asked = w.kept(root), sound.newsstand.requests.total()
    for path in (root / what, *(root / what).glob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    with w.like_anybody():
        line = w.only_line(sound.crawl(root))
    assert str(root) in line
    assert REMEDY in line or "needs write permission" in line
    assert w.lost(before, root) == []
    if what == NAME:
        assert sound.newsstand.requests.total() == asked
    w.everybody_may_write(root)
    assert sound.crawl(root).returncode == 0
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)


@pytest.mark.parametrize("name", ["export", "export --warc", "publish", "backup"])
def test_an_output_that_cannot_be_written_is_named(root, tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o555)
    with w.like_anybody():
        line = w.said(w.run(name, root, out))
    assert str(out) in line
    assert REMEDY in line


def test_an_archive_cannot_be_begun_where_nobody_may_write(sound, tmp_path):
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o555)
    with w.like_anybody():
        for name in ("save", "import-jsonl"):
            line = w.said(w.run(name, shut / "archive", tmp_path / f"out {name}"))
            assert f"{shut / 'archive'}: Permission denied; {REMEDY}" in line, name


def test_a_disk_that_is_mounted_read_only_is_read_and_writers_are_told(root, tmp_path):
    with w.small_disk(tmp_path / "disk", size="12m") as disk:
        subprocess.run(["cp", "-r", str(root), str(disk / "archive")], check=True)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for name in w.READING:
            result = w.run(name, disk / "archive", tmp_path / "out")
            assert result.exit_code == 0, (name, result.output)
        with serving(disk / "archive") as address:
            assert address.startswith("http://127.0.0.1:")
        for name in w.WRITING:
            line = w.said(w.run(name, disk / "archive", tmp_path / "out"))
            assert str(disk / "archive") in line, name
            assert "mounted read-only" in line, (name, line)
