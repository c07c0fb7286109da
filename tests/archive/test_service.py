"""Services: what systemd gets on a real socket, and where log lines go."""

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
import time

import pytest

from archive import service


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path, monkeypatch):
    """The socket on which systemd listens."""
    place = str(tmp_path / "notify") if request.param == "path" else f"@warraq-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(place.replace("@", "\0"))
        listener.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", place)
        yield listener


def heard(listener):
    """Return what has come so far."""
    listener.setblocking(False)
    lines = []
    while True:
        try:
            lines.append(listener.recv(4096).decode())
        except BlockingIOError:
            return lines


def test_states_are_lines_of_one_datagram(systemd):
    service.notify(READY=1, STATUS="يراقب\nصحيفتين")
    assert heard(systemd) == ["READY=1\nSTATUS=يراقب صحيفتين"]


def test_where_nobody_listens_nothing_happens(monkeypatch, tmp_path):
    for place in ("", str(tmp_path / "nobody"), "relative", "vsock:2:1"):
        monkeypatch.setenv("NOTIFY_SOCKET", place)
        service.notify(READY=1)
    monkeypatch.delenv("NOTIFY_SOCKET")
    service.notify(READY=1)
    assert list(tmp_path.iterdir()) == []


async def test_the_watchdog_hears_a_loop_that_turns_and_not_one_that_hangs(systemd, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    async with service.notifying("watching"):
        await asyncio.sleep(0.22)
        before = heard(systemd)
        time.sleep(0.22)  # noqa: ASYNC251 - which hangs
        assert heard(systemd) == []
        await asyncio.sleep(0.08)
        assert "WATCHDOG=1" in heard(systemd)
    assert before[0] == "READY=1\nSTATUS=watching"
    assert before[1:].count("WATCHDOG=1") >= 3
    assert heard(systemd) == ["STOPPING=1"]
    await asyncio.sleep(0.1)
    assert heard(systemd) == []


async def test_another_process_s_watchdog_is_not_ours(systemd, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "1000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    async with service.notifying("x"):
        await asyncio.sleep(0.02)
    assert heard(systemd) == ["READY=1\nSTATUS=x", "STOPPING=1"]


LOGGED = """
import logging, os, sys
from archive.service import open_log
if "journal" in sys.argv:
    place = os.fstat(2)
    os.environ["JOURNAL_STREAM"] = f"{place.st_dev}:{place.st_ino}"
open_log("info")
log = logging.getLogger("crawler.watch")
log.info("crawl %s", "manara")
log.warning("قرص ممتلئ")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("it failed")
"""


def logged(*words):
    done = subprocess.run(
        [sys.executable, "-c", LOGGED, *map(str, words)], capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


def test_lines_for_the_journal_have_priorities_and_neither_times_nor_colours():
    lines = logged("journal")
    assert lines[:3] == [
        "<6>crawler.watch: crawl manara", "<4>crawler.watch: قرص ممتلئ",
        "<3>crawler.watch: it failed",
    ]  # fmt: skip
    assert all(line.startswith("<3>") for line in lines[2:])


@pytest.mark.parametrize("name", ["warraq.log", "سجل.jsonl"])
def test_a_file_gets_times_in_utc_or_json(tmp_path, monkeypatch, caplog, name):
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    caplog.set_level(logging.INFO, "crawler")  # a crawl of another test may have set it
    service.open_log("info", tmp_path / name)
    logging.getLogger("crawler.watch").info("crawl %s", "manara")
    try:
        int("رسالة")
    except ValueError:
        logging.getLogger("crawler.watch").exception("it failed")
    logging.root.handlers[0].close()
    first, second, *rest = (tmp_path / name).read_text("utf-8").splitlines()
    if name.endswith(".jsonl"):
        said = json.loads(first)
        assert (said.pop("at")[-1], [*said.values()]) == (
            "Z", ["INFO", "crawler.watch", "crawl manara"],
        )  # fmt: skip
        assert json.loads(second)["message"].startswith("it failed\nTraceback")
        assert rest == []
    else:
        at, _, said = first.partition(" ")
        assert (at[-1], said) == ("Z", "INFO crawler.watch: crawl manara")
        assert second.endswith("ERROR crawler.watch: it failed")
        assert rest[-1].startswith("ValueError: ")


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A log file of this process, small ones of which are kept."""
    monkeypatch.setattr(service, "LOG_BYTES", 2000)
    monkeypatch.setattr(service, "LOG_FILES", 2)
    before, level = logging.root.handlers[:], logging.root.level
    logging.root.handlers.clear()
    service.open_log("info", tmp_path / "warraq.log")
    yield tmp_path / "warraq.log"
    for handler in logging.root.handlers:
        handler.close()
    logging.root.handlers[:] = before
    logging.root.setLevel(level)


def test_it_takes_no_more_room_than_its_files(log):
    for number in range(200):
        logging.getLogger("x").info("سطر %d", number)
    assert len(list(log.parent.iterdir())) == 3
    assert sum(path.stat().st_size for path in log.parent.iterdir()) < 6200


CHILD = """
import sys, logging
from archive.service import open_log
open_log("warning")
logging.getLogger("crawler.spiders.news").warning("a page failed")
print("publisher  requests")
print("x" * 200_000, file=sys.stderr)
print("Error: the disk is full", file=sys.stderr)
"""


async def test_what_a_child_says_goes_into_the_log_at_its_level(log):
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, **service.streams_of_child()
    )
    async with service.logged(child, "crawl"):
        assert await child.wait() == 0
    lines = sorted(line.partition(" ")[2] for line in log.read_text("utf-8").splitlines())
    assert [line for line in lines if "xxx" not in line] == [
        "INFO crawl: publisher  requests",
        "WARNING crawl: Error: the disk is full",
        "WARNING crawler.spiders.news: a page failed",
    ]


def test_a_condition_is_logged_when_it_begins_and_when_it_is_over(caplog):
    caplog.set_level("INFO")
    conditions = service.Conditions(logging.getLogger("x"))
    for reason in (None, "3 MB are free", "2 MB are free", None, None, "1 MB is free"):
        conditions.note("disk", reason)
    assert caplog.messages == ["3 MB are free", "over: 2 MB are free", "1 MB is free"]
