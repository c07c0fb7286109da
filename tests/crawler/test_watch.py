"""Watching goes by the schedule, ends cleanly, and leaves no process behind."""

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from archive.models import Kind, Visit
from archive.store import Store
from archive.visits import Pending
from crawler.config import Config, Schedule
from crawler.daterange import Hours
from crawler.publisher import Publisher
from crawler.watch import Agenda, Watch
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


NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def newspaper(slug, **more):
    return Publisher(slug=slug, name=slug, feeds=(f"https://{slug}.example/feed",), **more)


def listing(slug, *, last, due, failures=0):
    """Return what is known of a newspaper's feed; `last` and `due` are minutes from now."""
    url = f"https://{slug}.example/feed"
    return Visit(
        key=url,
        url=url,
        publisher=slug,
        kind=Kind.FEED,
        last_at=NOW + timedelta(minutes=last),
        due_at=None if due is None else NOW + timedelta(minutes=due),
        failures=failures,
    )


def agenda(tmp_path, monkeypatch, publishers, *known, config=Config()):  # noqa: B008
    monkeypatch.setattr(Agenda, "_known", lambda _self: {each.key: each for each in known})
    return Agenda(tmp_path, publishers, config, since=NOW)


@pytest.mark.parametrize(
    ("own", "known", "minutes", "forced"),
    [
        ({}, (), 0, True),  # nobody has polled it
        ({}, (listing("a", last=-10, due=None),), 0, True),  # or it had left its file
        ({}, (listing("a", last=-10, due=25),), 25, False),
        ({}, (listing("a", last=-90, due=-5),), -5, False),
        ({}, (listing("a", last=60, due=100),), 0, True),  # the clock was set back
        ({"every": timedelta(hours=1)}, (listing("a", last=-10, due=240),), 50, True),
        ({"every": timedelta(hours=1)}, (listing("a", last=-10, due=50),), 50, False),
        ({"every": timedelta(hours=9)}, (listing("a", last=-10, due=5, failures=1),), 5, False),
        ({"cron": "0 18 * * *"}, (), 360, True),
        ({"cron": "0 18 * * *"}, (listing("a", last=-10, due=360),), 360, False),
        ({"cron": "0 6 * * *"}, (listing("a", last=-600, due=-360),), -360, False),
    ],
)
def test_a_publisher_is_polled_as_its_visits_say_or_somebody_wrote(
    tmp_path, monkeypatch, own, known, minutes, forced
):
    config = Config(schedules={"a": Schedule(**own)})
    one = agenda(tmp_path, monkeypatch, [newspaper("a")], *known, config=config)
    assert one.polls(NOW) == {"a": (NOW + timedelta(minutes=minutes), forced)}


def test_cron_is_meant_in_the_zone_of_the_publisher(tmp_path, monkeypatch):
    zones = {"a": None, "b": ZoneInfo("Asia/Damascus")}
    papers = [newspaper(slug, zone=zone) for slug, zone in zones.items()]
    polls = agenda(tmp_path, monkeypatch, papers, config=Config(cron="0 18 * * *")).polls(NOW)
    assert [polls[slug][0].hour for slug in "ab"] == [18, 15]


def test_only_who_is_open_is_polled(tmp_path, monkeypatch):
    papers = [newspaper("a"), newspaper("b", hours=Hours.parse("22-06"))]
    assert [*agenda(tmp_path, monkeypatch, papers).polls(NOW)] == ["a"]


@pytest.mark.parametrize(
    ("count", "waited", "ahead"),
    [(0, None, 20), (1, 1, 4), (1, 5, 0), (39, 0, 5), (40, 0, 0), (1, -30, 20), (1, -10, 15)],
)
def test_articles_wait_for_others_or_for_a_listing_but_not_for_long(
    tmp_path, monkeypatch, count, waited, ahead
):
    one = agenda(tmp_path, monkeypatch, [newspaper("a")], listing("a", last=-10, due=20))
    first = None if waited is None else NOW - timedelta(minutes=waited)
    monkeypatch.setattr(Agenda, "pending", lambda *_: Pending(count=count, first=first))
    assert one.begins_at(one.polls(NOW), NOW) == NOW + timedelta(minutes=ahead)


def test_an_archive_that_is_being_made_has_nothing_due(tmp_path):
    one = Agenda(tmp_path, [newspaper("a")], Config(), since=NOW)
    for _ in range(2):
        assert one.pending(NOW) == Pending(count=0, first=None)
        assert one.polls(NOW) == {"a": (NOW, True)}
        (tmp_path / "archive.db").write_bytes(b"")


async def test_nothing_is_crawled_outside_the_hours_or_beyond_the_cap(archive, monkeypatch):
    archive.now = datetime(2026, 11, 20, tzinfo=UTC)
    await archive.crawl()
    feeds = (f"{archive.site.url}/feed",)
    one = Publisher(slug="paper", name="x", hours=Hours.parse("22-06"), feeds=feeds)
    started, waited = [], []

    async def crawl(self, words):
        started.append(words)
        return 0

    async def wait(self, seconds):
        waited.append(seconds)

    monkeypatch.setattr(Watch, "_crawl", crawl)
    monkeypatch.setattr(Watch, "_wait", wait)
    for moment, cap, expected in (
        ("2026-11-23T12:00+00:00", None, []),
        ("2026-11-23T23:00+00:00", 1, []),
        ("2026-11-23T23:00+00:00", None, [["--resume", "paper"]]),
    ):
        monkeypatch.setattr("crawler.watch.system", lambda at=moment: datetime.fromisoformat(at))
        await Watch(archive.root, [one], Config(per_month=cap))._next()
        assert started == expected
    assert len(waited) == 3


async def test_what_a_cap_left_waits_for_the_next_poll(archive, monkeypatch):
    await archive.crawl()
    words = []

    async def crawl(self, given):
        words.append(given)
        return 0

    monkeypatch.setattr(Watch, "_crawl", crawl)
    monkeypatch.setattr(Watch, "_wait", crawl)
    paper = Publisher(slug="paper", name="x", feeds=(f"{archive.site.url}/feed",))
    monkeypatch.setattr("crawler.watch.system", lambda: archive.now + timedelta(hours=2))
    monkeypatch.setattr(
        Agenda, "polls", lambda *_: {"paper": (archive.now + timedelta(hours=3), False)}
    )
    for cap in (None, 1):
        await Watch(archive.root, [paper], Config(per_run=cap))._next()
    assert words.count(["--resume", "paper"]) == 1


@pytest.mark.parametrize(("code", "why"), [(-9, "signal 9 (Killed)"), (1, "exit code 1")])
async def test_why_a_crawl_died_is_recorded(archive, monkeypatch, code, why):
    await archive.crawl()
    watch = Watch(archive.root, [newspaper("paper")], Config())

    async def crawl(self, words):
        return code

    async def wait(self, seconds):
        pass

    monkeypatch.setattr(Watch, "_crawl", crawl)
    monkeypatch.setattr(Watch, "_wait", wait)
    for _ in range(2):
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
def test_one_child_crawls_many_slices(watched, site):
    with watching(watched) as process:
        assert wire.until(lambda: site.count("/feed") >= 1, seconds=30)
        child = next(pid for pid in shell.children(process.pid) if is_crawl(pid))
        assert wire.until(lambda: site.count("/feed") >= 4, seconds=30)
        assert shell.alive(child)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
    assert len({name for (name,) in watched.rows("select name from warc_files")}) == 1
    assert len(runs(watched)) >= 4


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
    return b"--slices" in words and b"watch" in above
