"""Two writers at once: the second waits its turn or says who is writing; nothing is mixed up."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from archive.database import NAME
from tests.broken import workshop as w

pytestmark = pytest.mark.slow

_HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("begin immediate")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def foreign_writer(root):
    """A program that knows nothing of the lock, as the sqlite3 shell, in a transaction."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(root / NAME)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.close()


def test_while_a_crawl_writes_other_writers_name_it_and_readers_read(sound, root, tmp_path):
    sound.newsstand.fail("/rss.xml", w.slow(8), slug="manara")
    before = w.kept(root)
    command = sound.command(root)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as one:
        w.wait_for(lambda: w.holder(root))
        for name in w.WRITING:
            line = w.said(w.run(name, root, tmp_path / "out"))
            assert f"{root}: `warraq crawl" in line, name
            assert f"process {one.pid}" in line, name
            assert "wait for it to end, or stop it, and try again" in line, name
        for name in w.READING:
            assert w.run(name, root, tmp_path / "out").exit_code == 0, name
        assert one.poll() is None, "the crawl was over too soon to show anything"
        output = one.communicate(timeout=60)[0]
    assert one.returncode == 0, output
    assert w.lost(before, root) == []
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)


def test_of_crawls_that_start_at_once_one_does_the_work(sound, root):
    processes = [
        subprocess.Popen(
            sound.command(root), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    codes = [process.returncode for process in processes]
    assert 0 in codes
    for code, (_, errors) in zip(codes, outputs, strict=True):
        if code:
            assert code == 1
            assert "is writing; wait for it to end" in errors
            assert len(errors.splitlines()) == 1
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)


@pytest.mark.slow  # SQLite itself waits five seconds
def test_a_program_that_holds_the_database_is_told_and_nothing_is_lost(sound, root, tmp_path):
    before = w.kept(root)
    with foreign_writer(root):
        for name in ("import-jsonl", "withhold", "reindex"):
            line = w.said(w.run(name, root, tmp_path / "out"))
            assert "database is locked; another program is using the database: end it" in line, name
        line = w.only_line(sound.crawl(root))
        assert "another program is using the database: end it, and try again" in line
        for name in w.READING:
            assert w.run(name, root, tmp_path / "out").exit_code == 0, name
    assert w.lost(before, root) == []
    assert sound.crawl(root).returncode == 0
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)
