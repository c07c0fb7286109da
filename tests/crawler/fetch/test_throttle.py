"""A host that asks to be left alone is, and the other hosts go on."""

import asyncio
import contextlib
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest

from archive.clock import iso, starting_at
from archive.models import Kind, Publisher
from archive.store import Store
from crawler.commands.options import chosen
from crawler.fetch.exceptions import HostPaused
from crawler.fetch.throttle import OUTAGES, Pauses, host_of
from tests.connections import Connections
from tests.crawler import wire

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://a.example/news/1"


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path, command="test", software="test", clock=lambda: NOW) as opened:
        yield opened


def until(pauses, url=URL):
    with pytest.raises(HostPaused) as caught:
        pauses.check(url)
    return caught.value.until - NOW


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "", 30),
        (503, "", 10),
        (429, "120", 120),
        (503, "Mon, 23 Nov 2026 13:00:00 GMT", 3600),
        (503, "0", 10),
        (503, "soon", 10),
        (429, "99999999", 7 * 86400),
    ],
)
def test_how_long_a_host_is_left_alone(store, status, retry_after, seconds):
    pauses = Pauses(store.hosts, store.clock)
    pauses.strike(URL, status, retry_after)
    assert until(pauses) == timedelta(seconds=seconds)


def test_a_host_that_refuses_everything_is_left_alone_like_one_that_asks_for_it(store, monkeypatch):
    """In a week it gets few requests, though a crawl looks every quarter of an hour."""
    moment, asked = [0.0], 0
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    store.clock = lambda: NOW + timedelta(seconds=moment[0])
    while moment[0] < 7 * 86400:
        pauses = Pauses(store.hosts, store.clock)
        for page in range(24):
            with contextlib.suppress(HostPaused):
                pauses.check(URL)
                asked += 1
                pauses.strike(URL, 403)
                assert asked >= 10 or page == 0 or not store.hosts.paused()[0][2] > 0
            pauses.answered(URL, with_page=False)  # its feed is there
        moment[0] += 900
    assert 10 < asked < 30
    moment[0] += 86400
    pauses.answered(URL)
    assert store.hosts.paused() == []


def test_a_few_refused_pages_pause_nobody(store):
    pauses = Pauses(store.hosts, store.clock)
    for _ in range(3):
        for _ in range(9):
            pauses.strike(URL, 403)
        pauses.check(URL)
        pauses.answered(URL)
    pauses.strike(URL, 403, "120")
    assert until(pauses) == timedelta(minutes=2)


def test_pages_of_an_outage_in_a_row_pause_their_host_ever_longer(store, monkeypatch):
    pauses = Pauses(store.hosts, store.clock)
    moment = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    for _ in range(OUTAGES - 1):
        pauses.shown(URL, outage=True)
    pauses.check(URL)
    pauses.shown("https://b.example/1", outage=False)
    for minutes in (5, 10, 20):
        pauses.shown(URL, outage=True)
        pauses.shown(URL, outage=True)  # was on its way
        assert until(pauses) == timedelta(minutes=minutes)
        pauses.check("https://b.example/1")
        moment[0] += minutes * 60 + 1
        pauses.answered(URL)  # with another page of the outage
    pauses.shown(URL, outage=False)
    pauses.shown(URL, outage=True)
    pauses.check(URL)


def test_each_strike_in_a_row_is_longer_and_the_next_crawl_knows_them(store, monkeypatch):
    moment = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    store.clock = lambda: NOW + timedelta(seconds=moment[0])
    for count, seconds in enumerate([10, 20, 40, *[86400] * 20], 1):
        pauses = Pauses(store.hosts, store.clock)
        pauses.strike(URL, 503)
        if count < 4 or count > 14:
            assert until(pauses) == timedelta(seconds=moment[0] + seconds)
            assert store.hosts.paused() == [("a.example", NOW + until(pauses), count)]
        moment[0] += 86400


@pytest.mark.parametrize("status", [429, 503])
def test_the_answers_of_one_burst_are_one_strike(store, status):
    pauses = Pauses(store.hosts, store.clock)
    for _ in range(24):
        pauses.strike(URL, status)
    first = {429: 30, 503: 10}[status]
    assert until(pauses) == timedelta(seconds=first)
    assert store.hosts.paused() == [("a.example", NOW + timedelta(seconds=first), 1)]
    for asked, seconds in (("120", 120), ("60", 120), ("Mon, 23 Nov 2026 13:00:00 GMT", 3600)):
        pauses.strike(URL, status, asked)
        assert until(pauses) == timedelta(seconds=seconds)
        assert store.hosts.paused() == [("a.example", NOW + timedelta(seconds=seconds), 1)]


@pytest.mark.parametrize(
    ("other", "paused"),
    [
        ("https://a.example/", True),
        ("http://A.example/x", True),
        ("https://www.a.example/", False),
        ("https://a.example:8443/", False),
    ],
)
def test_only_that_host_is_paused(store, other, paused):
    pauses = Pauses(store.hosts, store.clock)
    pauses.strike(URL, 429)
    if paused:
        assert until(pauses, other)
    else:
        pauses.check(other)


def test_a_host_that_answers_again_is_forgiven(store, monkeypatch):
    pauses = Pauses(store.hosts, store.clock)
    pauses.strike(URL, 503)
    pauses.answered(URL)  # the answer to an earlier request, within the pause
    assert until(pauses)
    later = time.monotonic() + 11
    monkeypatch.setattr("crawler.fetch.throttle.time", SimpleNamespace(monotonic=lambda: later))
    pauses.check(URL)
    pauses.answered(URL)
    assert store.hosts.paused() == []


@pytest.mark.parametrize(
    ("visit", "retry_after", "worth"),
    [
        ("https://a.example/news/2", "20", True),
        ("https://a.example/news/2", "61", False),
        ("https://b.example/news/2", "20", False),
        (None, "20", False),
    ],
    ids=["there", "long", "elsewhere", "none"],
)
def test_a_pause_is_worth_waiting_for_if_something_is_due_after_it(
    store, visit, retry_after, worth
):
    store.publish(Publisher(slug="paper", name="صحيفة"))
    if visit:
        store.enter([(visit, Kind.FEED)], publisher="paper")
    pauses = Pauses(store.hosts, store.clock)
    assert not pauses.soon_over()
    pauses.strike(URL, 503, retry_after)
    assert pauses.soon_over() == worth


BARE, WWW = "https://a.example/n/1", "https://WWW.a.example/n/2"
MOBILE, PLAIN = "http://m.a.example/n/3", "http://a.example?n=4"
PORT = "http://www.a.example:8080/n/5"


@pytest.mark.parametrize(
    ("place", "meant"),
    [
        ("a.example", {BARE, PLAIN}),
        ("https://a.example", {BARE}),
        ("http://a.example", {PLAIN}),
        ("www.a.example", {WWW}),
        ("http://www.a.example", set()),
        ("m.a.example", {MOBILE}),
        ("http://m.a.example", {MOBILE}),
        ("www.a.example:8080", {PORT}),
        ("https://www.a.example:8080", set()),
    ],
)
def test_what_is_due_at_a_paused_place_is_due_after_it(store, place, meant):
    store.publish(Publisher(slug="paper", name="صحيفة"))
    everything = (BARE, WWW, MOBILE, PLAIN, PORT)
    store.enter([(url, Kind.FEED) for url in everything], publisher="paper")
    later, hosts = NOW + timedelta(minutes=1), store.hosts
    assert hosts.is_awaited(place, until=later) == bool(meant)
    hosts.pause(place, until=later, strikes=1)
    rows = store.db.execute("select url from visits where due_at = ?", (iso(later),))
    assert {url for (url,) in rows} == meant


def test_a_host_that_is_silent_for_a_minute_is_away(store, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("crawler.fetch.throttle.time", SimpleNamespace(monotonic=lambda: now[0]))
    pauses = Pauses(store.hosts, store.clock)
    for _ in range(10):
        pauses.missed(URL)
    pauses.check(URL)  # ten at once may be ten bad pages
    now[0] += 60
    pauses.missed(URL)
    with pytest.raises(HostPaused):
        pauses.check(URL)


def test_the_port_of_a_scheme_is_no_part_of_the_host():
    assert host_of("HTTPS://A.example:443/x") == "a.example"
    assert host_of("http://a.example:8080/x") == "a.example:8080"


@pytest.mark.slow
async def test_after_a_429_nothing_more_is_asked_there_until_its_time(archive, site):
    busy = wire.http(b"", "Retry-After: 3600", status="429 Too Many Requests")
    paths = [f"/news/{number}" for number in range(1, 31)]
    site.answers |= dict.fromkeys(paths, (busy,))
    listing = wire.feed(*(site.url + path for path in paths))
    with wire.serving() as other:
        other.answers["/news/1"] = (wire.http(wire.article("خبر من مكان آخر")),)
        listing = wire.feed(*(site.url + path for path in paths), other.url + "/news/1")
        site.answers["/feed"] = (wire.http(listing, media="application/rss+xml"),)
        archive.follow(feeds=[site.url + "/feed"], homepage=other.url + "/", delay=0.05)
        summary = await archive.crawl()
        asked = sum(path in paths for path in site.targets())
        assert asked < 10
        assert other.count("/news/1") == 1
    assert [note for note in summary.notes if "again until 2026-11-23 13:00" in note]
    assert set(archive.problems()) <= {("http-429", path) for path in paths}
    assert len(archive.problems()) == asked
    site.answers |= {path: (wire.http(wire.article(path)),) for path in paths}
    archive.forward(minutes=30)
    await archive.crawl()
    assert sum(path in paths for path in site.targets()) == asked
    archive.forward(minutes=31)
    await archive.crawl()
    assert archive.rows("select count(*) from articles") == [(31,)]


@pytest.mark.slow
async def test_a_short_pause_is_waited_for(archive, site):
    times = []
    page = site.answers["/news/1"]

    def first_busy(_asked):
        times.append(time.monotonic())
        busy = wire.http(b"", "Retry-After: 3", status="503 Service Unavailable")
        return (busy,) if len(times) == 1 else page

    site.answers["/news/1"] = site.answers["/news/2"] = first_busy
    archive.follow(feeds=[site.url + "/feed"], delay=1)
    await archive.crawl(clock=starting_at(archive.now))
    assert len(times) == 2
    assert times[1] - times[0] > 2.9
    assert archive.rows("select count(*) from articles") == [(1,)]


@pytest.fixture
def timed(site):
    """Times of the requests for articles."""
    times: list[float] = []

    def answer(path):
        def one(_asked):
            times.append(time.monotonic())
            return (wire.http(wire.article(path)),)

        return one

    site.answers |= {f"/news/{number}": answer(f"/news/{number}") for number in range(1, 9)}
    return times


def gaps(times):
    ordered = sorted(times)
    return [later - earlier for earlier, later in pairwise(ordered)]


@pytest.mark.slow
async def test_ten_publishers_on_one_host_are_no_faster_than_the_slowest(archive, site, timed):
    for number in range(1, 9):
        feed = wire.feed(f"{site.url}/news/{number}")
        site.answers[f"/feed/{number}"] = (wire.http(feed, media="application/rss+xml"),)
        delay = 0 if number < 8 else 0.4
        wire.publisher(
            archive.root, f"paper{number}", feeds=[f"{site.url}/feed/{number}"], delay=delay
        )
    slugs = [f"paper{number}" for number in range(1, 9)]
    await archive.crawl(publishers=chosen(archive.root, slugs), poll=frozenset(slugs))
    assert len(timed) == 8
    assert min(gaps(timed)) > 0.35


@pytest.mark.slow
async def test_a_host_reached_by_redirect_has_its_publishers_pace(archive, site, timed):
    with wire.serving() as other:
        feed = wire.feed(*(f"{other.url}/go/{number}" for number in range(1, 5)))
        other.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
        host = site.url.replace("127.0.0.1", "localhost")
        archive.follow(feeds=[other.url + "/feed"], homepage=host, delay=0.3)
        for number in range(1, 5):
            location = f"Location: {host}/news/{number}"
            other.answers[f"/go/{number}"] = (wire.http(b"", location, status="302 Found"),)
        await archive.crawl()
    assert len(timed) == 4
    assert min(gaps(timed)) > 0.25


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="127.0.1.1 and on are this machine's on Linux")
async def test_hosts_that_hang_do_not_hold_up_the_others(archive, site, timed):
    hanging = Connections(lambda *_: asyncio.sleep(60))
    servers = [await asyncio.start_server(hanging, f"127.0.1.{one}", 0) for one in range(1, 61)]
    slugs = [f"a{number}" for number in range(1, 61)]
    for slug, server in zip(slugs, servers, strict=True):
        host = "http://{}:{}".format(*server.sockets[0].getsockname())
        feeds = [f"{host}/feed/{one}" for one in range(4)]
        wire.publisher(archive.root, slug, feeds=feeds, homepage=host + "/", delay=1)
    feed = wire.feed(*(f"{site.url}/news/{number}" for number in range(1, 9)))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    archive.follow(feeds=[site.url + "/feed"], homepage=site.url + "/", delay=0.05)
    everyone, began = [*slugs, "paper"], time.monotonic()
    publishers = chosen(archive.root, everyone)
    await archive.crawl(publishers=publishers, poll=frozenset(everyone), seconds=20)
    for server in servers:
        server.close()
    await hanging.end()
    assert len(timed) == 8
    assert max(timed) - began < 25  # their robots.txt are waited for half a minute
    assert archive.problems() == [("robots-unreachable", path) for _, path in archive.problems()]


async def test_outside_its_hours_a_publisher_is_not_asked(archive, site):
    archive.follow(feeds=[site.url + "/feed"], hours="22-06", timezone="Asia/Beirut")
    summary = await archive.crawl()  # 14:00 in Beirut
    assert site.asked == []
    assert summary.notes == ["paper is only crawled at 22:00-06:00 (Asia/Beirut)."]
    assert summary.left == 1
    archive.forward(hours=8)
    assert (await archive.crawl()).notes == []
    assert archive.rows("select count(*) from articles") == [(2,)]


async def test_single_addresses_are_asked_at_any_hour(archive, site):
    archive.follow(feeds=[site.url + "/feed"], hours="22-06")
    await archive.crawl(addresses=[(site.url + "/news/1", "paper")], poll=frozenset())
    assert archive.rows("select count(*) from articles") == [(1,)]


def test_the_archives_hours_are_those_of_publishers_without(archive):
    (archive.root / "warraq.toml").write_text('hours = "01-05"', "utf-8")
    wire.publisher(archive.root, "other", hours="10:30-12")
    paper, other = chosen(archive.root, ["paper", "other"])
    assert (str(paper.hours), str(other.hours)) == ("01:00-05:00", "10:30-12:00")
    assert replace(paper, hours=None).is_open(archive.now)
