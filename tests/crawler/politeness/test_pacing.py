"""One host has one pace: that of the slowest publisher there."""

import asyncio
import sys
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from crawler.commands.options import chosen
from fixtures.connections import Connections
from tests.crawler import wire


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
    assert summary.notes == ["paper is asked only at 22:00-06:00 (Asia/Beirut)."]
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
