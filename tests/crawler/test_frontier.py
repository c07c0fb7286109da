"""What was in hand when a crawl died is visited last, by itself, and put off when it dies again."""

import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from archive import visits
from archive.clock import iso
from archive.models import Kind, Link
from archive.store import Store
from crawler.commands.options import chosen
from crawler.fetch.throttle import Delays
from crawler.frontier import Frontier, charge, left_in_hand
from tests.crawler import shell, wire

# A crawl in which a page kills the process, or keeps it busy for ever; it is to end within seconds
# when it is asked to.
POISONED = """
import os, signal, sys, time
from crawler import crawl, responses
from crawler.cli import warraq
crawl.STOP_SECONDS, crawl._FINISH_SECONDS = 4.0, 0.5
receive = responses.Responses.receive
async def poisoned(self, visit, *answer):
    if visit.url.endswith("/kills"):
        os.kill(os.getpid(), signal.SIGKILL)
    while visit.url.endswith("/hangs"):
        time.sleep(0.1)
    return await receive(self, visit, *answer)
responses.Responses.receive = poisoned
warraq(["crawl", "--archive", sys.argv[1], "--now", sys.argv[2]])
"""


def poisoned(archive):
    return subprocess.Popen(
        [sys.executable, "-c", POISONED, str(archive.root), archive.now.isoformat()],
        cwd=shell.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def dying(archive, *paths):
    """Leave the archive as a crawl that dies with some pages in hand."""
    keys = [key for key, url in archive.rows("select key, url from visits")
            if url.removeprefix(archive.site.url) in paths]  # fmt: skip
    (archive.root / "in-hand").write_text("".join(f"+{key}\n" for key in keys), "utf-8")
    assert len(left_in_hand(archive.root)) == len(paths)


def died(archive):
    return [path for kind, path in archive.problems() if kind == "slice-died"]


def test_what_ended_is_not_in_hand_any_more(tmp_path):
    (tmp_path / "in-hand").write_text("+a\n+b\n+c\n-b\n-a\n+a\n+torn", "utf-8")
    assert left_in_hand(tmp_path) == ["a", "c"]


async def test_a_crawl_that_ends_well_leaves_nothing_in_hand(archive):
    await archive.crawl()
    assert not (archive.root / "in-hand").exists()


async def test_what_was_in_hand_is_recorded_and_visited_behind_everything_else(archive, site):
    await archive.crawl(limit=1)
    dying(archive, "/news/2")
    feed = wire.feed(*(f"{site.url}/news/{number}" for number in range(1, 9)))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    for number in range(3, 9):
        site.answers[f"/news/{number}"] = (wire.http(wire.article(f"خبر جديد رقم {number}")),)
    site.asked.clear()
    await archive.crawl()
    assert died(archive) == ["/news/2"]
    assert site.targets()[-1] == "/news/2"
    assert archive.rows("select count(*) from articles") == [(8,)]
    assert archive.rows("select distinct failures, state from visits where article") == [
        (0, "done")
    ]


async def test_articles_wait_for_a_feed_that_was_in_hand(archive, site):
    await archive.crawl(limit=1)
    dying(archive, "/feed")
    site.asked.clear()
    await archive.crawl()
    pages = [path for path in site.targets() if path in {"/feed", "/news/1", "/news/2"}]
    assert pages == ["/feed", "/news/2"]


async def test_what_was_in_hand_twice_is_put_off_longer_each_time(archive, site):
    await archive.crawl()
    waits: list[str] = []
    for _ in range(3):
        dying(archive, "/feed")
        with Store(archive.root, command="test", clock=archive.clock) as store:
            assert bool(charge(store)) == (not waits)
        ((due_at,),) = archive.rows("select due_at from visits where kind = 'feed'")
        waits.append(due_at)
    steps = (timedelta(), timedelta(minutes=10), timedelta(minutes=20))
    assert waits == [iso(archive.now + step) for step in steps]
    site.asked.clear()
    await archive.crawl()
    assert not site.count("/feed"), "it was asked for, and is put off nevertheless"
    archive.forward(minutes=21)
    await archive.crawl()
    assert site.count("/feed") == 1
    assert archive.rows("select failures from visits where kind = 'feed'") == [(0,)]


def busy_paper(store, slug, articles):
    """Add a newspaper with a feed, and articles of it that are due."""
    wire.publisher(store.root, slug, homepage=f"http://{slug}.example/")
    (one,) = chosen(store.root, [slug])
    store.publish(one.record(), wanted=one.wanted)
    feed = f"https://{slug}.example/feed"
    store.enter([(feed, Kind.FEED)], publisher=slug)
    links = [Link(url=f"https://{slug}.example/n/{number}") for number in range(articles)]
    found = visits.find(store.db, feed)
    store.found([(link.url, link) for link in links], visit=found, at=store.clock())
    store.batch.commit()
    return one


def handed(store, frontier, rounds):
    """Make what a frontier hands out; return the paths, by their newspaper, round after round."""
    made = []
    for _ in range(rounds):
        now = frontier.next_visits()
        made.append([(visit.publisher, visit.url.partition(".example")[2]) for visit in now])
        for visit in now:
            store.visited(visit, None, due_at=None, state="done")
            frontier.done(visit)
    frontier.stop()
    return made


@pytest.fixture
def store(archive):
    with Store(archive.root, command="test", clock=archive.clock) as opened:
        yield opened


def test_what_was_in_hand_waits_for_its_own_newspaper_alone(store):
    papers = [busy_paper(store, "few", 2), busy_paper(store, "many", 500)]
    held = [
        f"https://{path}" for path in ("few.example/feed", "few.example/n/1", "many.example/n/3")
    ]
    frontier = Frontier(store, papers, delays=Delays({}, usual=0), held=held)
    few = [
        [path for slug, path in visits if slug == "few"] for visits in handed(store, frontier, 9)
    ]
    assert few[:3] == [["/feed"], ["/n/0"], ["/n/1"]]
    assert frontier.held == ["https://many.example/n/3"]


def test_one_at_a_time_is_in_hand_of_what_was(store):
    papers = [busy_paper(store, slug, 0) for slug in ("a", "b")]
    held = ["https://a.example/feed", "https://b.example/feed"]
    frontier = Frontier(store, papers, delays=Delays({}, usual=0), held=held)
    (first,) = frontier.next_visits()
    assert frontier.next_visits() == []
    store.visited(first, None, due_at=None, state="done")
    frontier.done(first)
    (second,) = frontier.next_visits()
    assert {first.key, second.key} == set(held)
    assert not frontier.held
    frontier.stop()


def test_everything_else_has_a_head_start_of_what_was_in_hand(store):
    papers = [busy_paper(store, "few", 2), busy_paper(store, "many", 50)]
    frontier = Frontier(
        store, papers, delays=Delays({}, usual=0), held=["https://few.example/feed"],
        head_start=3600,
    )  # fmt: skip
    rounds = [{slug for slug, _ in visits} for visits in handed(store, frontier, 8)]
    slugs = [slug for slugs in rounds for slug in slugs]
    assert slugs == sorted(slugs, reverse=True)
    assert set(slugs) == {"few", "many"}


@pytest.mark.slow
async def test_a_further_slice_holds_what_is_held_still(archive, site, monkeypatch):
    await archive.crawl(limit=1)
    dying(archive, "/feed", "/news/1")
    held = []

    class Recorded(Frontier):
        def __init__(self, *args, **limits):
            super().__init__(*args, **limits)
            held.append(len(limits["held"]))

    monkeypatch.setattr("crawler.spiders.news.Frontier", Recorded)
    monkeypatch.setattr("crawler.turns.SLICE_SECONDS", 0.5)
    site.answers["/feed"] = (1.0, *site.answers["/feed"])
    await archive.crawl()
    assert held[0] == 2
    assert held[-1] < 2


@pytest.mark.slow
def test_a_page_that_kills_the_crawl_costs_the_others_one_slice(archive, site):
    feed = wire.feed(*(site.url + path for path in ("/kills", "/news/1", "/news/2")))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    site.answers["/kills"] = (wire.http(wire.article()),)
    for slice_ in range(4):  # the first dies before it is written down that there is such a page
        with poisoned(archive) as process:
            output = process.communicate(timeout=60)[0]
        assert process.returncode == (-signal.SIGKILL if slice_ < 3 else 0), output
        assert archive.rows("select count(*) from articles") == [(2,)] or not slice_
    assert died(archive).count("/kills") == 2
    assert site.count("/kills") == 3


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/hangs", "/waits"])
def test_a_crawl_ends_when_it_is_asked_to_whatever_it_does(archive, site, path):
    site.answers["/feed"] = (wire.http(wire.feed(site.url + path), media="application/rss+xml"),)
    site.answers["/hangs"] = (wire.http(wire.article()),)
    site.answers["/waits"] = (60.0,)
    with poisoned(archive) as process:
        assert wire.until(lambda: site.count(path))
        assert not wire.until(lambda: process.poll() is not None, seconds=1)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=20)[0]
    assert process.returncode == 130, output
    assert "Traceback" not in output, output
    assert (archive.root / "in-hand").exists() == (path == "/hangs")
    assert archive.rows("select state from visits where kind = 'article' and state != 'due'") == []
