"""What one listing may bring: how many addresses and pages, of what length, and to what end."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count

import pytest

from archive import links as archive_links
from archive.problems import ProblemKind
from archive.store import Store
from crawler.config import Config
from crawler.daterange import Period
from crawler.listings import follow
from crawler.rebuild import rebuild
from crawler.spiders.news import NewsSpider
from crawler.workers import Workers
from tests.crawler import wire
from tests.crawler.listing_bodies import API, articles, feed, index, kept, posts, sitemap
from tests.crawler.tables import differences, everything

NEW = "Sun, 22 Nov 2026 09:00:00 GMT"
LEFT_OUT = ProblemKind.LEFT_OUT
NUMBERS = range(1001, 1025)


def map_of(site, path, numbers: Sequence[int] = NUMBERS, *, month=11):
    """A sitemap, oldest first, and its articles."""
    entries = [(f"/news/{n}", f"2026-{month}-{n - 1000:02}T09:00:00Z") for n in numbers]
    articles(site, *(link for link, _ in entries))
    sitemap(site, path, *entries)


def numbers_of(archive, site):
    return [int(path.rpartition("/")[2]) for path in kept(archive, site)]


def left_out(archive):
    return archive.rows("select url, detail from problems where kind = ?", LEFT_OUT)


async def as_rebuilt(archive):
    """A rebuild leaves out what the crawl left out."""
    before = everything(archive.root)
    await rebuild(archive.root)
    after = everything(archive.root)
    for table in ("links", "visits", "articles"):
        assert differences(before[table], after[table]) == [], table


async def test_of_too_many_links_the_newest_are_followed_today_and_the_others_tomorrow(
    archive, site
):
    archive.follow(sitemaps=[site.url + "/index.xml"])
    index(site, "/index.xml", ("/map.xml", "2026-11-22"))
    map_of(site, "/map.xml")
    config = Config(max_new_per_listing=10)
    await archive.crawl(config=config)
    assert numbers_of(archive, site) == [*NUMBERS[-10:]]
    ((url, detail),) = left_out(archive)
    assert url == site.url + "/map.xml"
    assert detail.startswith("10 links were followed, 14 are left for tomorrow")
    assert "`max_new_per_listing`" in detail
    await archive.crawl(config=config)
    assert len(kept(archive, site)) == 10
    archive.forward(days=1, minutes=1)
    await archive.crawl(config=config)
    assert numbers_of(archive, site) == [*NUMBERS[-20:]]
    await as_rebuilt(archive)


async def test_a_publisher_has_so_many_new_addresses_a_day_and_its_news_have_room(archive, site):
    archive.follow(sitemaps=[site.url + "/map.xml"], feeds=[site.url + "/feed"])
    map_of(site, "/map.xml", month=10)
    articles(site, "/news/2001")
    feed(site, "/feed")
    config = Config(max_new_per_day=10)
    await archive.crawl(config=config)
    assert numbers_of(archive, site) == [*NUMBERS[-9:]]
    feed(site, "/feed", ("/news/2001", NEW))
    await archive.crawl(config=config)
    assert numbers_of(archive, site) == [*NUMBERS[-9:], 2001]
    assert len(left_out(archive)) == 1  # said once a day
    archive.forward(days=1)
    await archive.crawl(config=config)
    assert len(left_out(archive)) == 2
    assert numbers_of(archive, site) == [*NUMBERS[-18:], 2001]


async def test_a_map_of_old_links_leaves_room_for_news_and_is_asked_again_tomorrow(archive, site):
    archive.follow(sitemaps=[site.url + "/old.xml", site.url + "/map.xml"])
    old = [(f"/old/{number}", f"2015-01-{number:02}") for number in range(1, 25)]
    articles(site, *(path for path, _ in old))
    sitemap(site, "/old.xml", *old)
    sitemap(site, "/map.xml")
    config = Config(max_new_per_day=20)
    await archive.crawl(config=config)
    assert len(kept(archive, site)) == 18
    map_of(site, "/map.xml", [1008, 1022])
    archive.forward(hours=1)
    await archive.crawl(config=config)
    assert [path for path in kept(archive, site) if "news" in path] == ["/news/1022"]
    archive.forward(hours=1)
    await archive.crawl(config=config)
    assert [site.count(path) for path in ("/old.xml", "/map.xml")] == [2, 3]
    archive.forward(hours=10)  # midnight
    await archive.crawl(config=config)
    assert [site.count(path) for path in ("/old.xml", "/map.xml")] == [3, 4]
    assert len(kept(archive, site)) == 26
    await as_rebuilt(archive)


async def test_bad_links_are_one_problem_of_their_listing(archive, site):
    listed = [f"https://{'x' * 700}{number}.example/" for number in range(50)]
    body = wire.feed(*listed, site.url + "/news/1")
    site.answers["/feed"] = (wire.http(body, media="application/rss+xml"),)
    await archive.crawl()
    assert kept(archive, site) == ["/news/1"]
    ((kind, detail),) = archive.rows("select kind, detail from problems")
    assert kind == "bad-link"
    assert detail.startswith("50 of its links cannot be followed: not a host name")
    assert len(detail) < 250
    assert archive.rows("select count(*) from visits") == [(2,)]


def endless(site, page):
    """Answer a page of a feed without end: two articles and the next page."""
    first = 1001 + 2 * page
    paths = [f"/news/{first}", f"/news/{first + 1}"]
    articles(site, *paths)
    links = "".join(f"<item><link>{site.url}{path}</link></item>" for path in paths)
    more = (
        f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='/feed{page + 1}'/>"
    )
    body = f"<rss version='2.0'><channel><title>x</title>{more}{links}</channel></rss>"
    return (wire.http(body.encode(), media="application/rss+xml"),)


async def test_a_feed_without_end_has_so_many_pages_and_articles_take_turns_with_it(archive, site):
    archive.follow(feeds=[site.url + "/feed0"])
    for page in range(12):
        site.answers[f"/feed{page}"] = endless(site, page)
    steps = count()  # a clock that goes on
    clock = lambda: archive.now + timedelta(milliseconds=next(steps))  # noqa: E731
    await archive.crawl(config=Config(max_pages=6), clock=clock)
    asked = [path for path in site.targets() if path != "/robots.txt"]
    assert [path for path in asked if "feed" in path] == [f"/feed{page}" for page in range(6)]
    assert len(kept(archive, site)) == 12
    assert asked.index("/news/1001") < asked.index("/feed3")
    ((url, detail),) = left_out(archive)
    assert url == site.url + "/feed5"
    assert "no page behind page 6 (`max_pages`)" in detail


async def test_wordpress_without_end_has_so_many_pages(archive, site):
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"])
    for page in range(1, 12):
        path = API if page == 1 else f"{API}&page={page}"
        articles(site, f"/news/{1000 + page}")
        posts(site, path, (f"/news/{1000 + page}", "2026-11-22T09:00:00"), pages=9_999_999)
    await archive.crawl(config=Config(max_pages=4))
    assert sum("wp-json" in path for path in site.targets()) == 4
    assert len(kept(archive, site)) == 4


async def test_a_walk_ends_where_wordpress_lists_nothing_but_traps(archive, site, monkeypatch):
    monkeypatch.setattr(archive_links, "FRUITLESS", 8)
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"])

    def answer(asked):
        page = int(asked.target.partition("&page=")[2] or 1)
        rows = [{"link": f"{site.url}/news/{page}{n:02}", "id": n} for n in range(5)]
        head = "X-WP-TotalPages: 9999999"
        return (wire.http(json.dumps(rows).encode(), head, media="application/json"),)

    days = "&after=2026-10-31T23:59:59&before=2026-12-01T00:00:00"
    for page in range(1, 30):
        more = f"&page={page}" if page > 1 else ""
        site.answers[f"{API}{days}{more}"] = answer
    period = Period(since=date(2026, 11, 1), until=date(2026, 11, 30))
    await archive.crawl(period=period, back=True, poll=frozenset())
    assert 2 <= sum("wp-json" in path for path in site.targets()) < 6


async def test_a_listing_whose_addresses_lead_nowhere_rests_for_a_day(archive, site, monkeypatch):
    monkeypatch.setattr(archive_links, "OF_A_LISTING", 8)
    archive.follow(sitemaps=[site.url + "/map.xml"], feeds=[site.url + "/feed"])
    words = [chr(97 + n // 10) + chr(97 + n % 10) for n in range(100)]
    sitemap(site, "/map.xml", *((f"/{word}/{word}", "2026-11-20") for word in words))
    feed(site, "/feed", ("/news/1", NEW))
    await archive.crawl()
    asked = len(site.asked)
    assert 8 <= asked < 60
    assert [kind for kind, _ in archive.problems()].count("url-trap") == 1
    assert kept(archive, site) == ["/news/1"]
    sitemap(site, "/map.xml", *((f"/more/{word}", "2026-11-20") for word in words))
    feed(site, "/feed", ("/news/2", NEW))
    await archive.crawl()
    assert sum(path.startswith("/more/") for path in site.targets()) == 0
    assert kept(archive, site) == ["/news/1", "/news/2"]
    await as_rebuilt(archive)
    archive.forward(days=1, minutes=1)
    await archive.crawl()
    assert asked + 5 < len(site.asked) < asked + 70  # some are tried again


@pytest.fixture
def read(monkeypatch):
    """The listings that workers read, with how many links each has."""
    listings, links = [], Workers.links

    async def noted(self, capture, **options):
        found = [*await links(self, capture, **options)]
        listings.append((capture.url.rpartition("/")[2], len(found)))
        return found

    monkeypatch.setattr(Workers, "links", noted)
    return listings


async def test_a_map_with_the_same_bytes_is_read_once_a_day(archive, site, read):
    archive.follow(sitemaps=[site.url + "/index.xml"])
    index(site, "/index.xml", ("/map.xml", None))
    map_of(site, "/map.xml", NUMBERS[:3])
    for _ in range(3):
        await archive.crawl()
        archive.forward(minutes=31)
    assert site.count("/map.xml") == 3
    assert read.count(("map.xml", 3)) == 1
    assert read.count(("index.xml", 1)) == 3  # it says that its maps may have changed
    read.clear()
    archive.forward(days=1)
    await archive.crawl()
    assert read == [("index.xml", 1), ("map.xml", 3)]


async def test_of_a_changed_map_the_changed_entries_are_read_and_all_once_a_day(
    archive, site, read
):
    archive.follow(sitemaps=[site.url + "/map.xml"])
    entries = [(f"/news/{number}", "2026-11-22") for number in NUMBERS]
    articles(site, *(path for path, _ in entries))
    sitemap(site, "/map.xml", *entries[:20], pack=True)
    await archive.crawl()
    archive.forward(minutes=31)
    sitemap(
        site, "/map.xml", *entries[:10], ("/news/1011", "2026-11-23T12:10:00Z"), *entries[11:21]
    )
    articles(site, "/news/1011", dated="<!-- edited -->")
    await archive.crawl()
    assert read == [("map.xml", 20), ("map.xml", 3)]  # the first entry has the head with it
    assert len(kept(archive, site)) == 21
    assert site.count("/news/1011") == 2
    archive.forward(minutes=31)
    sitemap(site, "/map.xml", *reversed(entries))
    await archive.crawl(config=Config(max_new_per_listing=2))
    assert read[2:] == [("map.xml", 5)]
    assert numbers_of(archive, site) == [*NUMBERS[:21], 1023, 1024]
    await as_rebuilt(archive)
    assert read[3:] == [("map.xml", 20), ("map.xml", 3), ("map.xml", 5)]
    archive.forward(days=1)
    await archive.crawl()
    assert read[6:] == [("map.xml", 24)]
    assert numbers_of(archive, site) == [*NUMBERS]


async def test_many_edits_of_a_large_map_are_few_beside_what_is_unchanged(
    archive, site, monkeypatch
):
    monkeypatch.setattr(follow, "FEW_EDITED", 1)
    archive.follow(sitemaps=[site.url + "/map.xml"])
    entries = [(f"/news/{1000 + number}", "2026-11-22") for number in range(60)]
    articles(site, *(path for path, _ in entries))
    sitemap(site, "/map.xml", *entries)
    await archive.crawl()
    archive.forward(minutes=31)
    sitemap(
        site,
        "/map.xml",
        *entries[:57],
        *((path, "2026-11-23T12:10:00Z") for path, _ in entries[57:]),
    )
    await archive.crawl()
    assert [site.count(path) for path, _ in entries[56:]] == [1, 2, 2, 2]


async def test_maps_are_read_again_where_other_links_are_wanted(archive, site, read):
    maps = {"sitemaps": [site.url + "/map.xml"]}
    archive.follow(**maps, accept=["/none/"])
    map_of(site, "/map.xml", NUMBERS[:3])
    await archive.crawl()
    assert kept(archive, site) == []
    archive.follow(**maps, accept=["/news/"])
    await archive.crawl()
    assert numbers_of(archive, site) == [*NUMBERS[:3]]
    assert read == [("map.xml", 3)] * 2


async def test_a_map_that_was_being_followed_as_the_crawl_stopped_is_followed_by_the_next(
    archive, site, monkeypatch
):
    archive.follow(sitemaps=[site.url + "/map.xml"])
    map_of(site, "/map.xml")
    monkeypatch.setattr(follow, "LINKS_AT_ONCE", 5)
    listed, spiders = list[int](), list[NewsSpider]()
    found, begin = Store.found, NewsSpider.start

    def counted(store, links, **options):
        listed.append(len(links))
        if len(listed) == 2:
            spiders[0].stop()
        return found(store, links, **options)

    def begun(spider):
        spiders.append(spider)
        return begin(spider)

    monkeypatch.setattr(Store, "found", counted)
    monkeypatch.setattr(NewsSpider, "start", begun)
    await archive.crawl()
    assert listed == [5, 5, 5, 5, 5, 5, 4]
    assert site.count("/map.xml") == 2
    assert numbers_of(archive, site) == [*NUMBERS]
    assert archive.problems() == []


def tagged(site, path, *entries):
    """A sitemap that answers 304 where it is asked for what was sent last time."""
    sitemap(site, path, *entries)
    body, tag = site.answers[path][0].partition(b"\r\n\r\n")[2], f'"{len(entries)}"'

    def answer(asked):
        if asked.header("If-None-Match") == tag:
            return (wire.http(b"", f"ETag: {tag}", status="304 Not Modified"),)
        return (wire.http(body, f"ETag: {tag}", media="application/xml"),)

    site.answers[path] = answer


@pytest.mark.parametrize(
    ("few", "paths"),
    [
        ("FRUITLESS", [f"/news/{number}" for number in range(101, 109)]),
        ("OF_A_LISTING", [f"/{word}/{word}" for word in "abcdefgh"]),
    ],
)
async def test_what_rested_is_read_later_though_its_map_says_that_it_is_the_same(
    archive, site, monkeypatch, few, paths
):
    monkeypatch.setattr(archive_links, few, 8)
    archive.follow(sitemaps=[site.url + "/map.xml"])
    old = [(path, "2026-11-20") for path in paths]
    tagged(site, "/map.xml", *old)
    await archive.crawl()
    assert [kind for kind, _ in archive.problems()].count("url-trap") == 1
    articles(site, "/news/1001")
    tagged(site, "/map.xml", *old, ("/news/1001", "2026-11-23"))
    for _ in range(2):
        archive.forward(minutes=31)
        await archive.crawl()
        assert kept(archive, site) == []
    archive.forward(days=1)
    await archive.crawl()
    assert kept(archive, site) == ["/news/1001"]
    await as_rebuilt(archive)


async def test_a_map_that_is_the_same_in_the_morning_is_read_whole_when_it_changes(
    archive, site, read
):
    archive.follow(sitemaps=[site.url + "/map.xml"])
    entries = [(f"/news/{number}", "2026-11-22") for number in NUMBERS]
    articles(site, *(path for path, _ in entries))
    tagged(site, "/map.xml", *entries[:20])
    await archive.crawl()
    archive.forward(days=1)
    await archive.crawl()
    archive.forward(minutes=31)
    tagged(site, "/map.xml", *entries)
    await archive.crawl()
    assert read == [("map.xml", 20), ("map.xml", 24)]
