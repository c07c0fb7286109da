"""Watching goes on by itself: full disks, lost networks, other clocks; what is done at night."""

import asyncio
import logging
import socket
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from archive.clock import iso
from crawler import watch as watch_module
from crawler.commands.crawl import _conclude
from crawler.config import Backup, Config
from crawler.crawl import Summary
from crawler.daterange import Hours
from crawler.idle import Idle, copies_of, no_room
from crawler.publisher import Publisher
from crawler.watch import Watch
from tests.broken import workshop
from tests.crawler import shell, wire

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


class World:
    """A clock that goes on where `watch` waits, and what became of each crawl that it started."""

    def __init__(self, monkeypatch, now=NOW):
        self.now, self.crawls, self.codes = now, [], []
        self.awake = 0.0  # seconds in which the machine was
        monkeypatch.setattr(watch_module, "system", lambda: self.now)
        monkeypatch.setattr("crawler.watch.time", SimpleNamespace(monotonic=lambda: self.awake))
        monkeypatch.setattr(Watch, "_crawl", self._crawl)
        monkeypatch.setattr(Watch, "_wait", self._wait)
        monkeypatch.setattr(Idle, "begin", self._begin)
        monkeypatch.setattr(Watch, "due", lambda _self: [])
        monkeypatch.setattr(Watch, "_has_watched", lambda _self: False)

    async def _crawl(self, _polled, *_resumed):
        self.crawls.append(self.now)
        self.pass_by(5)
        return self.codes.pop(0) if self.codes else 0

    async def _wait(self, seconds):
        self.pass_by(seconds + 0.1)

    async def _begin(self):
        pass

    def pass_by(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.awake += seconds

    async def watch(self, watching, **time):
        """Let it watch for a time; return how many crawls it started."""
        before, end = len(self.crawls), self.now + timedelta(**time)
        while self.now < end:
            await watching._next()
        return len(self.crawls) - before


@pytest.fixture
def world(monkeypatch, caplog):
    caplog.set_level("INFO", "crawler.watch")
    return World(monkeypatch)


def watching(root):
    publishers = [Publisher(slug=slug, name=slug) for slug in ("a", "b")]
    return Watch(root, publishers, Config(every=QUARTER))


def said(caplog):
    return [
        record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING
        or record.getMessage().startswith("over: ")
    ]  # fmt: skip


async def test_a_disk_that_is_full_for_a_day_is_said_once_and_crawls_go_on_after(
    world, tmp_path, caplog
):
    with workshop.small_disk(tmp_path / "disk", size="48m") as disk:
        watch = watching(disk)
        assert await world.watch(watch, hours=2) == 8
        filler = workshop.fill(disk, leaving=100_000)
        assert await world.watch(watch, hours=24) == 0
        assert len(said(caplog)) == 1
        assert "the disk is full (0 MB free)" in said(caplog)[0]
        filler.unlink()
        assert await world.watch(watch, hours=2) == 8
    assert len(said(caplog)) == 2
    assert no_room(tmp_path) is None


async def test_a_network_that_is_gone_for_a_day_is_said_once_and_polls_go_on(
    world, tmp_path, caplog
):
    watch = watching(tmp_path)
    world.codes = [3] * 96
    assert await world.watch(watch, hours=25) in range(99, 102)
    assert [line.partition(" (")[0] for line in said(caplog)] == [
        "no publisher was reached", "over: no publisher was reached",
    ]  # fmt: skip


def test_a_crawl_of_the_schedule_that_reached_nobody_says_so_by_its_exit_code():
    _conclude(Summary(), again="x", is_child=True)
    nobody = Summary(problems=[("a", "network-dns", 2, "http://a.example/")])
    with pytest.raises(SystemExit) as end:
        _conclude(nobody, again="x", is_child=True)
    assert end.value.code == 3


async def test_crawls_that_die_one_by_one_come_less_often_and_are_said_once(
    world, tmp_path, caplog
):
    watch = watching(tmp_path)
    world.codes = [1] * 1000
    assert await world.watch(watch, hours=24) < 40
    assert said(caplog) == ["the crawl ended with exit code 1"]
    world.codes = []
    await world.watch(watch, hours=1)  # the longest rest
    assert await world.watch(watch, hours=2) == 8


async def test_a_laptop_that_slept_polls_each_publisher_once_when_it_wakes(world, tmp_path):
    watch = watching(tmp_path)
    await world.watch(watch, hours=1)
    world.now += timedelta(hours=10)  # in which no time passed for the program
    before = len(world.crawls)
    await world.watch(watch, minutes=14)
    assert len(world.crawls) - before == 1


@pytest.mark.parametrize("step", [timedelta(hours=5), timedelta(days=-3), timedelta(days=400)])
async def test_a_clock_that_is_set_delays_no_poll(world, tmp_path, step):
    watch = watching(tmp_path)
    await world.watch(watch, hours=1)
    world.now += step
    assert await world.watch(watch, hours=1) in {3, 4, 5}


@pytest.mark.parametrize(
    ("night", "hours"),
    [("2027-03-27", 7.5), ("2027-10-30", 9.5), ("2027-06-01", 8.5)],  # spring, autumn, summer
)
async def test_hours_are_those_of_the_publisher_s_clocks_when_these_are_set(
    world, tmp_path, night, hours
):
    zone = ZoneInfo("Asia/Beirut")
    one = Publisher(slug="a", name="x", hours=Hours.parse("21:30-06:00"), zone=zone)
    watch = Watch(tmp_path, [one], Config(every=QUARTER))
    world.now = datetime.fromisoformat(f"{night}T12:00").replace(tzinfo=zone).astimezone(UTC)
    count = await world.watch(watch, hours=24)
    first, last = (at.astimezone(zone) for at in (world.crawls[0], world.crawls[-1]))
    assert (first.hour, first.minute // 10) == (21, 3)
    assert (last.hour, last.minute // 10) in {(5, 4), (5, 5)}
    assert abs(count / 4 - hours) <= 0.25


@pytest.mark.slow
async def test_after_a_day_without_a_network_nothing_is_missing_gone_or_changed(archive, site):
    await archive.crawl()
    archive.forward(hours=2)
    there, site.answers = site.answers, Away()
    for _ in range(8):
        summary = await archive.crawl()
        assert summary.reached_nothing
        archive.forward(hours=3)
    feed = wire.feed(*(f"{site.url}/news/{number}" for number in (1, 2, 3)))
    new = {"/feed": feed, "/news/3": wire.article("خبر جاء في الغياب")}
    site.answers = there | {path: (wire.http(body),) for path, body in new.items()}
    polls, back = 0, iso(archive.now)
    while len(archive.rows("select 1 from articles")) < 3:
        await archive.crawl()
        archive.forward(minutes=15)
        polls += 1
    assert polls <= 5, "the news wait for an hour at most"
    archive.forward(days=1)
    await archive.crawl()
    assert archive.rows("select count(*) from revisions where number > 1") == [(0,)]
    assert archive.rows("select count(*) from articles where gone_at is not null") == [(0,)]
    assert archive.rows("select count(*) from articles where last_seen_at >= ?", back) == [(3,)]
    assert archive.rows("select 1 from visits where state in ('failed', 'gone')") == []


class Away(dict[str, wire.Answer]):
    """The answers of a site that cannot be reached."""

    def get(self, _key: str, _default: object = None) -> wire.Answer:
        return (wire.RESET,)


def test_a_backup_is_wanted_where_its_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/salma")
    assert copies_of(tmp_path, Config()) is None
    for named, meant in (
        ("/media/disk", "/media/disk"), ("~/news", "/home/salma/news"), ("../b", tmp_path / "../b"),
    ):  # fmt: skip
        wanted = copies_of(tmp_path, Config(backup=Backup(to=named)))
        assert wanted is not None
        assert (str(wanted.to), wanted.keep, wanted.every.days) == (str(meant), 14, 1)


@pytest.mark.slow
async def test_at_night_upkeep_is_done_by_a_child_which_leaves_off_when_it_is_asked(
    archive, monkeypatch
):
    archive.now = datetime.now(UTC) - timedelta(days=2)
    await archive.crawl()
    (archive.root / "warraq.toml").write_text('backup = { to = "../kept" }\n', "utf-8")
    kept = Backup(to="../kept")
    night = Idle(archive.root, Config(backup=kept))
    await night.begin()
    night.end()  # at once
    await night.close()
    first = archive.rows("select command from runs where requests = 0")
    await night.begin()
    assert night._attended is not None
    await asyncio.wait_for(night._attended, 60)
    done = archive.rows("select command, state from runs where requests = 0")
    assert done == [(name, "finished") for name in ("upkeep", "verify 1/10", "backup")]
    assert len(first) < len(done)
    await night.begin()
    assert night._child is None  # nothing is due until the next night
    code, output = shell.run_apart("upkeep", "--archive", archive.root)
    assert (code, "nothing is due" in output) == (0, True)
    assert (archive.root.parent / "kept" / "archive.db").exists()


@pytest.mark.slow
async def test_upkeep_that_fails_is_tried_again_an_hour_later(archive, monkeypatch, caplog):
    archive.now = datetime.now(UTC) - timedelta(days=2)
    await archive.crawl()
    (archive.root / "warraq.toml").write_text("backup = 3\n", "utf-8")
    night = Idle(archive.root, Config())
    await night.begin()
    assert night._attended is not None
    await night._attended
    assert "upkeep ended with exit code 1" in caplog.messages
    await night.begin()
    assert night._child is None


@pytest.mark.slow
def test_watch_tells_systemd_that_it_is_ready_works_and_stops(archive, site, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        log = tmp_path / "watch.jsonl"
        words = ("--archive", archive.root, "--log-file", log, "--log-level", "info")
        with shell.start("watch", *words) as process:
            assert systemd.recv(999) == b"READY=1\nSTATUS=watching paper"
            assert systemd.recv(999) == b"WATCHDOG=1"
            assert wire.until(lambda: site.count("/news/1"), seconds=30)
            process.terminate()
            while (heard := systemd.recv(999)) != b"STOPPING=1":
                assert heard == b"WATCHDOG=1"
            assert process.communicate(timeout=15)[0].count("\n") <= 2
    lines = log.read_text("utf-8")
    assert "\"crawl ['paper']" in lines
    assert '"name": "crawl", "message": "publisher' in lines
