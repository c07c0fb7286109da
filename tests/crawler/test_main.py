"""Ctrl-C ends the program quietly, however early it comes."""

import importlib
import os
import signal
import subprocess
import sys
import tomllib

import pytest

from crawler.__main__ import main
from tests.archive.filled import fill
from tests.archive.small import archive_with_news
from tests.crawler import shell, wire

# What is imported while Ctrl-C comes: the command line's own, a command's, a library's.
MOMENTS = [
    (["search", "لقاء"], "click"),
    (["search", "لقاء"], "archive.errors"),
    (["search", "لقاء"], "msgspec"),
    (["search", "--help"], "click"),
    (["verify"], "archive.maintenance.checks"),
    (["serve", "--port", "0"], "datasette"),
    (["crawl", "paper"], "crawler.errors"),
    (["crawl", "paper"], "scrapy"),
    (["crawl", "paper"], "crawler.fetch.throttle"),
    (["extract", "--html", "/dev/null", "--url", "https://x.example/"], "lxml.etree"),
    (["publishers", "list"], "crawler.publisher"),
]


def importing(words, root):
    """Start a command in a process that tells on standard error what it has imported."""
    where = [] if "--help" in words else ["--archive", str(root)]
    return subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "crawler", *words, *where],
        cwd=shell.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def module(line):
    """Return the name of the module whose import a line tells of."""
    return line.rpartition("|")[2].strip() if line.startswith("import time:") else None


@pytest.mark.parametrize(("words", "moment"), MOMENTS)
@pytest.mark.slow
def test_ctrl_c_during_an_import_is_quiet(tmp_path, words, moment):
    wire.publisher(tmp_path, "paper", homepage="http://127.0.0.1:9/")
    with importing(words, tmp_path) as process:
        assert process.stderr is not None
        assert any(module(line) == moment for line in process.stderr)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130, told
    assert [line for line in told.splitlines() if not line.startswith("import time:")] == []


STUCK = """
import sys
import crawler.__main__ as program
from archive import Archive
def find(*_, **__):
    print("searching", flush=True)
    while True:
        pass
Archive.search = find
sys.argv = ["warraq", "search", "خبر", "--archive", sys.argv[1]]
program.main()
"""


def test_ctrl_c_at_work_is_quiet_too(tmp_path):
    archive_with_news(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", STUCK, str(tmp_path)],
        cwd=shell.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"searching\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 130


def test_the_installed_command_begins_there():
    project = tomllib.loads((shell.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["scripts"]["warraq"].partition(":")
    assert getattr(importlib.import_module(module), name) is main


def test_a_program_that_is_to_ignore_ctrl_c_ignores_it(tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as nohup and `&` in scripts have it
    try:
        process = importing(["runs"], archive_with_news(tmp_path))
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        assert process.stderr is not None
        assert any(module(line) == "click" for line in process.stderr)
        os.kill(process.pid, signal.SIGINT)
        process.stderr.read()
    assert process.returncode == 0


SLOW = """
import os, sys, time
import crawler.__main__ as program
from archive.maintenance import checks, verify
def piece(*_):
    os.write(1, b"checking\\n")  # at once, as two processes say so
    time.sleep(1)
    return checks.Findings()
checks.check_piece = checks.check_database = checks.check_articles = piece
verify._ALONE = 0
sys.argv = ["warraq", "verify", "--processes", "2", "--archive", sys.argv[1]]
program.main()
"""


def test_ctrl_c_in_a_terminal_reaches_the_processes_of_verify_too(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(fill(tmp_path))],
        cwd=shell.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"checking\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=20)[1] == b""
    assert process.returncode == 130
