"""A host that asks to be left alone is, and the other hosts go on."""

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from archive.clock import starting_at
from archive.records import Kind, Publisher
from archive.store import Store
from crawler.faults import HostPaused
from crawler.politeness.pauses import OUTAGES, Pauses, host_of
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


def test_each_strike_in_a_row_is_longer_and_the_next_crawl_knows_them(store):
    Pauses(store.hosts, store.clock).strike(URL, 503)
    Pauses(store.hosts, store.clock).strike(URL, 503)
    pauses = Pauses(store.hosts, store.clock)
    pauses.strike(URL, 503)
    assert until(pauses) == timedelta(seconds=40)
    assert store.hosts.paused() == [("a.example", NOW + timedelta(seconds=40), 3)]
    for _ in range(40):
        pauses.strike(URL, 503)
    assert until(pauses) == timedelta(days=1)


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
    monkeypatch.setattr("crawler.politeness.pauses.time", SimpleNamespace(monotonic=lambda: later))
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


def test_a_host_that_is_silent_for_a_minute_is_away(store, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("crawler.politeness.pauses.time", SimpleNamespace(monotonic=lambda: now[0]))
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
    assert [note for note in summary.notes if "left alone until 2026-11-23 13:00" in note]
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
