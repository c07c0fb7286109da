"""Watching goes by the schedule, ends cleanly, and leaves no process behind."""

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.store import Store
from crawler.config import Config, Schedule
from crawler.daterange import Hours
from crawler.publisher import Publisher
from crawler.watch import Watch
from tests.crawler import shell, wire

needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")


@pytest.fixture
def watched(archive):
    (archive.root / "warraq.toml").write_text('every = "2s"\n', "utf-8")
    return archive


@pytest.fixture(autouse=True)
def not_at_night(monkeypatch):
    """Let the `watch` of this process start no upkeep (tests/crawler/test_idle.py)."""

    async def begin(_self):
        pass

    monkeypatch.setattr("crawler.idle.Idle.begin", begin)


def watching(archive):
    return shell.start("watch", "--archive", archive.root)


def runs(archive):
    code, output = shell.run("runs", "--json", "--archive", archive.root)
    assert code == 0
    return json.loads(output)


def test_each_publisher_has_its_own_schedule(tmp_path, monkeypatch):
    now = datetime(2027, 3, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("crawler.watch.system", lambda: now)
    crons = {"b": Schedule(cron="0 6 * * *"), "c": Schedule(cron="0 0 30 2 *")}
    config = Config(every=timedelta(days=400), schedules=crons)
    watch = Watch(tmp_path, [Publisher(slug=slug, name=slug) for slug in "abc"], config)
    assert watch._poll_at["a"] == now  # at once
    assert watch._poll_at["b"] == now + timedelta(hours=18)
    assert watch._poll_at["c"] > now + timedelta(days=9000)  # there is no such day
    watch._plan(["a", "b"], after=now + timedelta(days=2))
    assert watch._poll_at["a"] == now + timedelta(days=402)
    assert watch._poll_at["b"] == now + timedelta(days=2, hours=18)


def test_an_archive_that_is_being_made_has_nothing_due(tmp_path):
    watch = Watch(tmp_path, [Publisher(slug="a", name="a")], Config())
    assert watch.due() == []
    (tmp_path / "archive.db").write_bytes(b"")
    assert watch.due() == []


async def test_nothing_is_crawled_outside_the_hours_or_beyond_the_cap(archive, monkeypatch):
    archive.now = datetime(2026, 11, 20, tzinfo=UTC)
    await archive.crawl()
    hours = Hours.parse("22-06")
    one = Publisher(slug="paper", name="x", hours=hours)
    started, waited = [], []

    async def crawl(self, polled, resumed):
        started.append((polled, resumed))
        return 0

    async def wait(self, seconds):
        waited.append(seconds)

    monkeypatch.setattr(Watch, "_crawl", crawl)
    monkeypatch.setattr(Watch, "_wait", wait)
    for moment, cap, expected in (
        ("2026-11-23T12:00+00:00", None, []),
        ("2026-11-23T23:00+00:00", 1, []),
        ("2026-11-23T23:00+00:00", None, [(["paper"], [])]),
    ):
        monkeypatch.setattr("crawler.watch.system", lambda at=moment: datetime.fromisoformat(at))
        config = Config(per_month=cap)
        watch = Watch(archive.root, [one], config)
        await watch._next()
        assert started == expected
        assert (watch._poll_at["paper"] > datetime.fromisoformat(moment)) is bool(expected)
    assert len(waited) == 2


async def test_a_clock_that_is_set_back_delays_no_poll_for_longer_than_its_interval(
    tmp_path, monkeypatch
):
    now = [datetime(2027, 3, 1, 12, 0, 1, tzinfo=UTC)]
    monkeypatch.setattr("crawler.watch.system", lambda: now[0])
    polls, publishers = [], [Publisher(slug=slug, name=slug) for slug in "ab"]

    async def crawl(self, polled, resumed):
        polls.append((now[0], *polled))
        return 0

    async def wait(self, seconds):
        now[0] += timedelta(seconds=seconds + 0.1)

    monkeypatch.setattr(Watch, "_crawl", crawl)
    monkeypatch.setattr(Watch, "_wait", wait)
    config = Config(every=timedelta(minutes=15), schedules={"b": Schedule(cron="0 * * * *")})
    watch = Watch(tmp_path, publishers, config)
    await watch._next()
    now[0] -= timedelta(days=1)
    back = now[0]
    while now[0] < back + timedelta(minutes=61):
        await watch._next()
    minutes = {slug: [(at - back).seconds // 60 for at, *polled in polls[1:] if slug in polled]
               for slug in "ab"}  # fmt: skip
    assert minutes == {"a": [15, 30, 45, 60], "b": [59]}


def test_a_crawl_ends_when_the_next_newspaper_is_to_be_polled(tmp_path, monkeypatch):
    now = datetime(2027, 3, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("crawler.watch.system", lambda: now)
    publishers = [Publisher(slug=slug, name=slug) for slug in "ab"]
    publishers.append(Publisher(slug="closed", name="x", hours=Hours.parse("22-06")))
    for every, ahead, seconds in ((900, 400, 300), (60, 400, 60), (900, 100, 100), (900, -5, 10)):
        watch = Watch(tmp_path, publishers, Config(every=timedelta(seconds=every)))
        watch._poll_at |= {"b": now + timedelta(seconds=ahead)}
        assert watch._seconds(["a"]) == seconds
    watch._poll_at["b"] = now
    assert watch._seconds(["a", "b"]) == 300


@pytest.mark.parametrize(("code", "why"), [(-9, "signal 9 (Killed)"), (1, "exit code 1")])
async def test_why_a_crawl_died_is_recorded(archive, monkeypatch, code, why):
    await archive.crawl()
    watch = Watch(archive.root, [Publisher(slug="paper", name="x")], Config())

    async def crawl(self, polled, resumed):
        return code

    async def wait(self, seconds):
        pass

    monkeypatch.setattr(Watch, "_crawl", crawl)
    monkeypatch.setattr(Watch, "_wait", wait)
    for _ in range(2):
        watch._poll_at["paper"] = datetime(2020, 1, 1, tzinfo=UTC)
        await watch._next()
    found = archive.rows("select kind, detail from problems")
    assert [kind for kind, _ in found] == ["slice-died"]
    assert all(why in detail for _, detail in found)


async def test_a_death_that_cannot_be_recorded_yet_is_recorded_later(archive):
    await archive.crawl()
    watch = Watch(archive.root, [Publisher(slug="paper", name="x")], Config())
    with Store(archive.root, command="backfill paper"):
        watch._record_death(-9)
    for _ in range(2):
        watch._record_death(-9)
    assert archive.rows("select kind from problems") == [("slice-died",)]


@pytest.mark.slow
@needs_proc
def test_it_polls_by_its_schedule_and_ends_cleanly(watched, site):
    with watching(watched) as process:
        assert wire.until(lambda: site.count("/feed") >= 2, seconds=30)
        below = shell.children(process.pid)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=15)[0]
    assert process.returncode == 0
    assert "Traceback" not in output
    assert wire.until(lambda: not any(map(shell.alive, below)), seconds=5)
    assert site.count("/news/1") == 1
    history = runs(watched)
    assert {run["state"] for run in history} == {"finished"}
    assert history[-1]["command"] == "crawl paper"
    assert history[-1]["new"] == 2


def busy(archive, site):
    """Let the site hang in the middle of a page; wait until a crawl is there."""
    site.answers["/news/1"] = (60.0,)
    process = watching(archive)
    assert wire.until(lambda: site.count("/news/1"), seconds=30)
    return process


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_second_signal_ends_the_crawl_in_hand_at_once(watched, site, number, code):
    with busy(watched, site) as process:
        below = shell.children(process.pid)
        process.send_signal(number)
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(number)
        output = process.communicate(timeout=10)[0]
    assert process.returncode == code
    assert "finishing the crawl in progress; Ctrl-C again stops at once\n" in output
    assert "ended with" not in output
    assert wire.until(lambda: not any(map(shell.alive, below)), seconds=5)


@pytest.mark.slow
@needs_proc
def test_a_killed_watch_takes_its_crawl_along(watched, site):
    site.answers["/news/1"] = (3.0, wire.http(wire.article()))
    with watching(watched) as process:
        assert wire.until(lambda: site.count("/news/1"), seconds=30)
        below = shell.children(process.pid)
        assert below
        process.kill()
    assert wire.until(lambda: not any(map(shell.alive, below)), seconds=15)
    assert site.count("/feed") == 1


@pytest.mark.slow
@needs_proc
def test_a_killed_crawl_shows_as_interrupted_and_is_repeated(watched, site):
    with busy(watched, site) as process:
        crawl = next(pid for pid in shell.children(process.pid) if is_crawl(pid))
        assert wire.until(lambda: watched.rows("select 1 from visits where url like '%/news/1'"))
        shell.kill(crawl)
        site.answers["/news/1"] = (wire.http(wire.article()),)
        assert wire.until(lambda: site.count("/news/1") > 1, seconds=30)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
    assert process.returncode == 0
    assert [run["state"] for run in runs(watched)][-1] == "interrupted"
    died = watched.rows("select url, detail from problems where kind = 'slice-died'")
    assert {url for url, _ in died} == {"urn:x-warraq:watch", site.url + "/news/1"}
    assert any("signal 9" in detail for _, detail in died)
    assert watched.rows("select count(*) from articles") == [(2,)]


def is_crawl(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        above = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"--with-parent" in words and b"watch" in above
