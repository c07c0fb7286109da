"""A host that cannot be asked is one problem, not one for each of its addresses."""

import asyncio
from collections import Counter

import pytest

from crawler.fetch.throttle import OUTAGES
from tests.crawler import wire

PATHS = [f"/news/{number}" for number in range(1, 301)]


@pytest.fixture
def known(archive, site):
    """Three hundred articles that are due, of a host whose robots.txt is not known yet."""
    return [(site.url + path, "paper") for path in PATHS]


def kinds(archive):
    return Counter(kind for kind, _ in archive.problems())


@pytest.mark.parametrize(
    "answer",
    [
        (wire.http(b"", status="500 Oh"),),
        (wire.http(b"", status="502 Bad Gateway"),),
        (wire.http(b"", status="503 Service Unavailable"),),
        (wire.http(b"", "Retry-After: 900", status="429 Too Many Requests"),),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *\nAllow",),
        (b"\x00\x01garbage",),
    ],
    ids=["500", "502", "503", "429", "torn", "garbage"],
)
@pytest.mark.slow
async def test_a_robots_txt_that_cannot_be_had_is_one_problem(archive, site, known, answer):
    site.answers["/robots.txt"] = answer
    await asyncio.wait_for(archive.crawl(addresses=known, seconds=4), 60)
    assert set(site.targets()) == {"/robots.txt"}
    assert kinds(archive).keys() == {"robots-unreachable"}
    assert kinds(archive).total() <= 2  # a short pause is waited for, and it is asked again
    assert archive.rows("select count(*) from visits where due_at > ?", archive.now.isoformat())
    allowed = wire.http(b"", media="text/plain")
    site.answers |= {"/robots.txt": (allowed,), "/news/1": (wire.http(wire.article()),)}
    archive.forward(hours=1)
    await archive.crawl(addresses=known[:1], poll=frozenset())
    assert archive.rows("select count(*) from articles") == [(1,)]


@pytest.mark.slow
async def test_a_robots_txt_that_stays_away_is_asked_for_ever_more_rarely(archive, site, known):
    site.answers["/robots.txt"] = (wire.http(b"", status="500 Oh"),)
    asked = []
    for _ in range(12):
        await archive.crawl(addresses=known[:3], poll=frozenset())
        asked.append(site.count("/robots.txt"))
        archive.forward(minutes=6)
    assert asked == [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4]


@pytest.mark.slow
async def test_a_host_that_went_away_is_left_alone(archive, site, known):
    await archive.crawl()  # its robots.txt is known for a day
    site.answers |= dict.fromkeys(PATHS, (wire.http(b"", status="502 Bad Gateway"),))
    summary = await archive.crawl(addresses=known, poll=frozenset())
    assert 40 <= kinds(archive)["http-502"] < 80
    assert any("again until" in note for note in summary.notes)
    archive.forward(minutes=6)
    site.answers |= {path: (wire.http(wire.article(path)),) for path in PATHS}
    await archive.crawl(addresses=known, poll=frozenset())
    assert archive.rows("select count(*) from articles") == [(300,)]


OUTAGE = wire.http("<title>الموقع تحت الصيانة</title><p>سنعود إليكم قريبا</p>".encode())


@pytest.mark.slow
async def test_an_outage_page_in_every_articles_place_stops_the_questions(archive, site, known):
    site.answers |= dict.fromkeys(PATHS, (OUTAGE,))
    summary = await archive.crawl(addresses=known, poll=frozenset())
    assert kinds(archive).keys() == {"outage"}
    assert OUTAGES <= kinds(archive).total() < 2 * OUTAGES + 16  # those on their way come home
    assert any("again until 2026-11-23 12:05" in note for note in summary.notes)
    archive.forward(minutes=6)
    site.answers |= {path: (wire.http(wire.article(path)),) for path in PATHS}
    await archive.crawl(addresses=known, poll=frozenset())
    assert archive.rows("select count(*) from articles") == [(300,)]


async def test_outage_pages_between_good_ones_stop_nothing(archive, site, known):
    for number, path in enumerate(PATHS[:60]):
        site.answers[path] = (wire.http(wire.article(path)) if number % 6 == 0 else OUTAGE,)
    archive.follow(feeds=[site.url + "/none"], delay=0.01)
    await archive.crawl(addresses=known[:60], poll=frozenset())
    assert archive.rows("select count(*) from articles") == [(10,)]
    assert kinds(archive)["outage"] == 50


async def test_bad_pages_that_stand_together_do_not_hide_the_good_ones(archive, site, known):
    site.answers |= dict.fromkeys(PATHS[:20], (wire.RESET,))
    site.answers |= {path: (wire.http(wire.article(path)),) for path in PATHS[20:30]}
    archive.follow(feeds=[site.url + "/none"], delay=0.01)
    await archive.crawl(addresses=known[:30], poll=frozenset())
    assert archive.rows("select count(*) from articles") == [(10,)]


async def test_where_some_pages_answer_the_host_is_not_away(archive, site, known):
    for number, path in enumerate(PATHS[:120]):
        good = number % 8 == 0
        answer = wire.http(wire.article(path)) if good else wire.http(b"", status="500 Oh")
        site.answers[path] = (answer,)
    archive.follow(feeds=[site.url + "/none"], delay=0.01)
    await archive.crawl(addresses=known[:120], poll=frozenset())
    assert archive.rows("select count(*) from articles") == [(15,)]


async def test_an_absurd_crawl_delay_is_bounded_and_told_once(archive, site, monkeypatch):
    monkeypatch.setattr("crawler.fetch.middlewares.LONGEST_DELAY", 0.2)
    robots = b"User-agent: *\nCrawl-delay: 864000\n"
    site.answers["/robots.txt"] = (wire.http(robots, media="text/plain"),)
    for _ in range(2):
        await archive.crawl(addresses=[(site.url + "/news/1", "paper")], poll=frozenset())
        archive.forward(hours=1)
    (row,) = archive.rows("select kind, detail from problems")
    assert row[0] == "crawl-delay"
    assert row[1].startswith("Crawl-delay: 864000 is over 0.2 s")
    assert archive.rows("select count(*) from articles") == [(1,)]
