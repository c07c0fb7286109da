"""One writer at a time, between real processes."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from archive.errors import ArchiveError, ArchiveLocked
from archive.lock import writing
from tests.archive.desk import NOON

_HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from archive.lock import writing
with writing(Path(sys.argv[1]), command="crawl", now=datetime(2020, 11, 9, 12, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(root):
    """Another process that holds the lock until its standard input ends."""
    command = [sys.executable, "-c", _HOLD, str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def take(root, command="save"):
    with writing(root, command=command, now=NOON):
        return (root / "lock").read_text("utf-8")


def test_the_second_writer_is_told_who_the_first_is(tmp_path):
    with holder(tmp_path) as first:
        with pytest.raises(ArchiveLocked) as refused:
            take(tmp_path)
        message = str(refused.value)
        for part in (str(tmp_path), "`warraq crawl`", f"process {first.pid}", "2020-11-09T12:00"):
            assert part in message
        with pytest.raises(ArchiveLocked, match="warraq crawl"):  # asking does not spoil the name
            take(tmp_path)
    assert f'"pid": {os.getpid()}' in take(tmp_path)


def test_a_killed_writer_holds_nothing(tmp_path):
    with holder(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert '"command": "save"' in take(tmp_path)


def test_a_program_started_by_a_killed_writer_holds_nothing(tmp_path):
    """The lock is not inherited: a worker that outlives its parent must not keep it."""
    script = _HOLD.replace(
        'print("held"', 'import subprocess; subprocess.Popen(["sleep", "5"]); print("held"'
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        first.kill()
        first.wait()
        assert take(tmp_path)


def test_the_lock_is_free_again_after_its_block_also_after_an_error(tmp_path):
    with pytest.raises(KeyError), writing(tmp_path, command="crawl", now=NOON):
        raise KeyError
    assert take(tmp_path)
    assert (tmp_path / "lock").read_text("utf-8") == ""


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"pid": 1}', "\x00\x00"])
def test_an_unreadable_holder_is_another_process(tmp_path, content):
    with holder(tmp_path):
        (tmp_path / "lock").write_text(content, "utf-8")
        with pytest.raises(ArchiveLocked, match="another process is writing"):
            take(tmp_path)


def test_a_folder_that_is_none_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="file"):
        take(tmp_path / "file")
