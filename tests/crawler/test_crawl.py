"""Ctrl-C once finishes what is in hand, twice ends at once; the next crawl does the rest."""

import asyncio
import re
import signal
import time
from functools import partial

import pytest

from archive.models import Kind, Publisher
from archive.store import Store
from crawler.turns import Stop, take_turns
from tests.crawler import shell, wire

PAGES = 40
PATHS = {f"/news/{number}" for number in range(1, PAGES + 1)}


@pytest.fixture
def slow(archive, site):
    """A site of 40 pages that takes its time with each."""
    feed = wire.feed(*(site.url + path for path in sorted(PATHS)))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    for path in PATHS:
        page = wire.article(f"خبر {path}")
        site.answers[path] = (0.4, wire.http(page))
    return archive


def crawling(archive, site):
    """Start a crawl and wait until it is in the middle of its pages."""
    process = shell.start("crawl", "paper", "--archive", archive.root)
    assert wire.until(lambda: sum(path in PATHS for path in site.targets()) >= 9)
    return process


def finish(archive):
    code, output = shell.run("crawl", "paper", "--archive", archive.root)
    assert code == 0
    assert "still due" not in output
    found = archive.rows("select url from articles order by id")
    assert {url.removeprefix(archive.site.url) for (url,) in found} == PATHS
    assert archive.rows("select count(*) from revisions where number > 1") == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_one_signal_finishes_what_is_in_hand(slow, site, number):
    with crawling(slow, site) as process:
        process.send_signal(number)
        output = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    assert "Traceback" not in output
    assert re.search(r"finishing \d+ pages?; Ctrl-C again stops at once\n", output)
    assert "still due" in output
    asked = {path for path in site.targets() if path in PATHS}
    kept = {url.removeprefix(site.url) for (url,) in slow.rows("select url from articles")}
    assert kept == asked < PATHS
    assert slow.rows("select state from runs") == [("finished",)]
    finish(slow)
    assert all(site.count(path) == 1 for path in PATHS)


@pytest.mark.slow
def test_two_signals_end_at_once_and_lose_nothing(slow, site):
    with crawling(slow, site) as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    assert "Traceback" not in output
    assert "Warning" not in output
    acknowledged = slow.rows("select url from articles")
    finish(slow)
    assert set(acknowledged) <= set(slow.rows("select url from articles"))
    assert slow.rows("select state from runs order by id") == [("interrupted",), ("finished",)]


async def test_a_second_crawl_asks_for_the_listing_alone(archive, site):
    await archive.crawl()
    site.asked.clear()
    summary = await archive.crawl()
    assert site.targets() == ["/feed"]
    assert [(one.requests, one.new, one.changed) for one in summary.counts] == [(1, 0, 0)]


async def test_a_changed_page_is_a_revision_and_a_vanished_one_is_gone(archive, site):
    await archive.crawl()
    site.answers["/news/1"] = (wire.http(wire.article("عنوان آخر")),)
    del site.answers["/news/2"]
    archive.forward(hours=2)
    await archive.crawl()
    present = "select title, revision_count, gone_at is null from articles order by url"
    assert archive.rows(present) == [("عنوان آخر", 2, 1), ("خبر رقم 2 من المدينة", 1, 1)]
    archive.forward(hours=1)  # which makes the second look due, whatever the article's age
    await archive.crawl()
    assert archive.rows(present) == [("عنوان آخر", 2, 1), ("خبر رقم 2 من المدينة", 1, 0)]


@pytest.mark.slow
async def test_saving_goes_on_past_a_slice(archive, site, monkeypatch):
    monkeypatch.setattr("crawler.turns.SLICE_SECONDS", 0.5)
    addresses = [(f"{site.url}/saved/{number}", "paper") for number in range(60)]
    for url, _ in addresses:
        site.answers[url.removeprefix(site.url)] = (0.3, wire.http(wire.article(url)))
    summary = await archive.crawl(addresses=addresses, poll=frozenset())
    assert sum(one.new for one in summary.counts) == 60
    assert summary.left == 0
    assert len(archive.rows("select id from runs")) > 1


async def test_a_feed_that_fails_is_tried_later_and_its_word_is_kept(archive, site):
    site.answers["/feed"] = (wire.http(b"", "Retry-After: 7200", status="503 Service Unavailable"),)
    await archive.crawl()
    assert archive.problems() == [("http-503", "/feed")]
    ((due_at,),) = archive.rows("select due_at from visits")
    assert due_at[:16] == "2026-11-23T14:00"


@pytest.mark.parametrize(
    ("body", "media"),
    [(b"<html><body>outage</body></html>", "text/html"), (b"", "text/xml")],
)
async def test_a_listing_that_is_none_is_a_problem(archive, site, body, media):
    site.answers["/feed"] = (wire.http(body, media=media),)
    await archive.crawl()
    assert archive.problems() == [("not-a-listing", "/feed")]


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ((wire.http(b"no gzip at all", "Content-Encoding: gzip"),), ["undecodable"]),
        ((wire.http(b"\x00\x01\x02" * 100, "Content-Encoding: br"),), ["undecodable"]),
        ((wire.http(b"\x1f\x9d\x90", "Content-Encoding: compress"),), ["undecodable"]),
        ((wire.http(b"<html>" + b"<div>" * 100_000),), ["too-large"]),
        ((wire.http(b"", "Location: javascript:alert(1)", status="302 Found"),), ["bad-address"]),
        ((wire.http(b"\x89PNG\r\n\x1a\n", media="image/png"),), None),
        ((wire.http(b"", status="204 No Content"),), ["http-204"]),
        ((wire.http(b"", status="302 Found"),), ["http-302"]),
        ((wire.http(b"", status="999 No"),), ["http-999"]),
        ((b"HTTP/1.1 200 \xce\xe8\xd1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",), None),
        ((wire.http(b"", "Location: http://[x/", status="302 Found"),), None),
        ((wire.http(b"", "Location: ftp://x.example/", status="302 Found"),), None),
    ],
    ids=[
        "gzip",
        "br",
        "compress",
        "divs",
        "script",
        "png",
        "204",
        "302",
        "999",
        "reason",
        "bad-location",
        "ftp",
    ],
)
async def test_a_strange_answer_is_a_problem_of_that_page_alone(archive, site, answer, kinds):
    site.answers["/news/1"] = answer
    summary = await archive.crawl()
    assert archive.rows("select count(*) from articles where url like '%/news/2'") == [(1,)]
    problems = [kind for kind, path in archive.problems() if path == "/news/1"]
    assert problems
    assert kinds is None or problems == kinds
    assert summary.left == 0
    assert archive.rows("select state from runs") == [("finished",)]
    assert archive.rows("select count(*) from captures where url like '%/news/1'") == [(1,)]


@pytest.mark.parametrize(("listings", "articles"), [(300, 10), (5, 300)], ids=["many", "few"])
@pytest.mark.slow
async def test_neither_listings_nor_articles_wait_for_all_of_the_others(
    archive, site, monkeypatch, listings, articles
):
    monkeypatch.setattr("archive.links.FRUITLESS", 1000)  # so many empty sitemaps are a trap
    maps = (f"<sitemap><loc>{site.url}/map/{n}</loc></sitemap>" for n in range(listings))
    body = f"<sitemapindex>{''.join(maps)}</sitemapindex>".encode()
    site.answers["/maps"] = (wire.http(body, media="text/xml"),)
    site.answers |= {f"/map/{n}": (wire.http(b"<urlset></urlset>"),) for n in range(listings)}
    paths = [f"/news/{n}" for n in range(articles)]
    site.answers |= {path: (wire.http(wire.article(path)),) for path in [*paths, "/first"]}
    archive.follow(sitemaps=[site.url + "/maps"], delay=0.005)
    with Store(archive.root, command="test", software="test", clock=archive.clock) as store:
        store.publish(Publisher(slug="paper", name="paper", homepage=site.url + "/"))
    # What reads pages has started then, and no article waits for it while listings go on.
    await archive.crawl(poll=frozenset(), addresses=[(site.url + "/first", "paper")])
    with Store(archive.root, command="test", software="test", clock=archive.clock) as store:
        store.enter([(site.url + "/maps", Kind.SITEMAP)], publisher="paper")
        store.ask([(site.url + path, Kind.ARTICLE) for path in paths], publisher="paper")
    await archive.crawl(poll=frozenset())
    asked = [path for path in site.targets() if path.startswith(("/map/", "/news/"))]
    assert len(asked) == listings + articles
    fewer = "/news/" if articles < listings else "/map/"
    last = max(place for place, path in enumerate(asked) if path.startswith(fewer))
    assert last < (listings + articles) * 2 // 3  # how soon depends on how fast pages are read


@pytest.mark.slow
async def test_between_slices_another_writer_gets_its_turn(archive, site, monkeypatch):
    monkeypatch.setattr("crawler.turns.SLICE_SECONDS", 0.4)
    addresses = [(f"{site.url}/saved/{number}", "paper") for number in range(40)]
    for url, _ in addresses:
        site.answers[url.removeprefix(site.url)] = (0.3, wire.http(wire.article(url)))
    held: list[int] = []

    async def other():
        opened = partial(Store, archive.root, command="other", software="t", clock=archive.clock)
        await take_turns(opened, count, root=archive.root, stop=Stop(), patience=30)

    async def count(_store, _ends_at):
        held.append(archive.rows("select count(*) from articles")[0][0])
        await asyncio.sleep(1.2)  # the crawl waits for it
        held.append(archive.rows("select count(*) from articles")[0][0])
        return False

    crawling = asyncio.create_task(archive.crawl(addresses=addresses, poll=frozenset()))
    await asyncio.sleep(0.2)
    await asyncio.wait_for(other(), 30)
    assert 0 < held[0] == held[1] < 40
    summary = await asyncio.wait_for(crawling, 60)
    assert summary.left == 0
    assert archive.rows("select count(*) from articles") == [(40,)]
    assert {state for (state,) in archive.rows("select state from runs")} == {"finished"}
