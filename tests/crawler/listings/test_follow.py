"""Tests of follow."""

import gzip
import json
import time
from datetime import date
from urllib.parse import quote

import pytest

from archive import links as archive_links
from archive.maintenance.import_jsonl import Importer
from archive.urls import identity_key
from crawler.commands.options import chosen
from crawler.daterange import Period
from tests.crawler import wire
from tests.crawler.listing_bodies import (
    API,
    NEW,
    OLD,
    articles,
    feed,
    index,
    kept,
    posts,
    section,
    sitemap,
)


def days(site, first, last):
    return [f"{site.url}/calendar/2031/{number}" for number in range(first, last)]


async def test_a_small_sitemap_of_many_marks_holds_up_nobody(archive, site):
    marks = "\N{COMBINING DOT BELOW}\N{COMBINING ACUTE ACCENT}" * 72_000
    entries = [f"{site.url}/{marks}1", f"{site.url}/{quote(marks)}2", f"http://{marks}.example/3"]
    listed = "".join(f"<url><loc>{url}</loc></url>" for url in [*entries, f"{site.url}/news/1"])
    body = gzip.compress(f"<urlset>{listed}</urlset>".encode())
    assert len(body) < 8000
    site.answers["/map.xml"] = (wire.http(body, media="application/gzip"),)
    archive.follow(feeds=[site.url + "/feed"], sitemaps=[site.url + "/map.xml"])
    began = time.process_time()
    await archive.crawl()
    assert time.process_time() - began < 5
    assert archive.rows("select count(*) from articles") == [(2,)]
    assert archive.rows("select max(length(url)) from visits") < [(200,)]


async def test_a_calendar_is_cut_and_the_articles_are_not(archive, site, monkeypatch):
    monkeypatch.setattr(archive_links, "FRUITLESS", 8)
    links = [*days(site, 1, 200), *(f"{site.url}/news/{number}" for number in (1, 2))]
    listing = wire.feed(*links)
    site.answers["/feed"] = (wire.http(listing, media="application/rss+xml"),)
    for url in days(site, 1, 300):
        path = url.removeprefix(site.url)
        site.answers[path] = (wire.http(f"<html><body><h1>{path}</h1></body></html>".encode()),)
    archive.follow(feeds=[site.url + "/feed"])
    await archive.crawl()
    asked = sum(path.startswith("/calendar/") for path in site.targets())
    assert 8 <= asked < 60
    assert archive.rows("select count(*) from articles") == [(2,)]
    assert [kind for kind, _ in archive.problems()].count("url-trap") == 1
    more = wire.feed(*days(site, 200, 300))
    site.answers["/feed"] = (wire.http(more, media="application/rss+xml"),)
    await archive.crawl()
    assert sum(path.startswith("/calendar/") for path in site.targets()) == asked
    archive.forward(days=1, minutes=1)
    await archive.crawl()
    assert asked < sum(path.startswith("/calendar/") for path in site.targets()) < asked + 60


async def test_articles_that_were_imported_are_no_trap(archive, site, monkeypatch):
    monkeypatch.setattr(archive_links, "FRUITLESS", 4)
    paths = [f"/news/{number}" for number in range(1001, 1007)]
    lines = [
        json.dumps({"url": site.url + path, "title": "خبر", "text": "نص.", "publisher": "paper"})
        for path in paths
    ]
    archive.follow(feeds=[site.url + "/feed"])
    with Importer(archive.root, command="import-jsonl", clock=archive.clock) as importer:
        importer.read([line.encode() for line in lines], name="x.jsonl")
    articles(site, *paths)
    feed(site, "/feed", *((path, NEW) for path in paths))
    await archive.crawl()
    assert [site.count(path) for path in paths] == [1] * 6
    assert archive.problems() == []


async def test_a_section_with_some_articles_is_never_cut(archive, site, monkeypatch):
    monkeypatch.setattr(archive_links, "FRUITLESS", 4)
    paths = [f"/news/{number}" for number in range(1, 13)]
    site.answers["/feed"] = (
        wire.http(wire.feed(*(site.url + path for path in paths)), media="application/rss+xml"),
    )
    for number, path in enumerate(paths):
        page = wire.article(path) if number < 3 else b"<html><body>x</body></html>"
        site.answers[path] = (wire.http(page),)
    archive.follow(feeds=[site.url + "/feed"], delay=0.02)
    await archive.crawl()
    assert "url-trap" not in [kind for kind, _ in archive.problems()]


async def test_unchanged_children_of_an_index_are_not_read_again(archive, site):
    archive.follow(sitemaps=[site.url + "/index.xml"])
    articles(site, "/news/1001", "/news/1002", "/news/1003")
    index(site, "/index.xml", ("/1.xml", OLD), ("/2.xml.gz", NEW))
    sitemap(site, "/1.xml", ("/news/1001", OLD))
    sitemap(site, "/2.xml.gz", ("/news/1002", NEW), pack=True)
    await archive.crawl()
    assert kept(archive, site) == ["/news/1001", "/news/1002"]
    site.asked.clear()
    archive.forward(hours=2)
    index(site, "/index.xml", ("/1.xml", OLD), ("/2.xml.gz", "2026-11-23T13:00:00Z"))
    sitemap(site, "/2.xml.gz", ("/news/1002", NEW), ("/news/1003", NEW), pack=True)
    await archive.crawl()
    listings = [path for path in site.targets() if "xml" in path]
    assert listings == ["/index.xml", "/2.xml.gz"]
    assert kept(archive, site) == ["/news/1001", "/news/1002", "/news/1003"]


async def test_indexes_that_name_themselves_and_each_other_are_read_once(archive, site):
    archive.follow(sitemaps=[site.url + "/a.xml"])
    articles(site, "/news/1001", "/news/1002")
    index(site, "/a.xml", ("/a.xml", None), ("/b.xml", None), ("/list.txt", None))
    index(site, "/b.xml", ("/a.xml", NEW), ("/b.xml", NEW), ("/c.xml", None))
    sitemap(site, "/c.xml", ("/news/1001", OLD))
    text = f"{site.url}/news/1002\n{site.url}/news/1001\n"
    site.answers["/list.txt"] = (wire.http(text.encode(), media="text/plain"),)
    summary = await archive.crawl()
    assert kept(archive, site) == ["/news/1001", "/news/1002"]
    assert {path: site.count(path) for path in ("/a.xml", "/b.xml", "/c.xml", "/list.txt")} == {
        "/a.xml": 1, "/b.xml": 1, "/c.xml": 1, "/list.txt": 1,
    }  # fmt: skip
    assert summary.left == 0
    assert archive.problems() == []


async def test_an_article_that_its_sitemap_dates_anew_is_looked_at_again_once(archive, site):
    archive.follow(sitemaps=[site.url + "/map.xml"])
    articles(site, "/news/1001", "/news/1002")
    sitemap(site, "/map.xml", ("/news/1001", OLD), ("/news/1002", OLD))
    await archive.crawl()
    archive.forward(minutes=20)  # before the time of their first second look
    for _ in range(2):
        site.asked.clear()
        sitemap(site, "/map.xml", ("/news/1001", "2026-11-23T12:10:00Z"), ("/news/1002", OLD))
        articles(site, "/news/1001", dated="<!-- edited -->")
        await archive.crawl()
        archive.forward(minutes=1)
    assert site.targets() == ["/map.xml"]
    assert archive.rows("select count(*) from captures where url like '%1001'") == [(2,)]
    assert archive.rows("select count(*) from captures where url like '%1002'") == [(1,)]


@pytest.mark.parametrize("day", ["2026-11-23T12:10:00Z", "2026-11-30T00:00:00Z", "2026-11-23"])
async def test_a_sitemap_that_dates_everything_anew_makes_no_storm(archive, site, day):
    archive.follow(sitemaps=[site.url + "/map.xml"])
    paths = [f"/news/{number}" for number in range(1001, 1041)]
    articles(site, *paths)
    sitemap(site, "/map.xml", *((path, OLD) for path in paths))
    await archive.crawl()
    archive.forward(minutes=20)
    site.asked.clear()
    sitemap(site, "/map.xml", *((path, day) for path in paths))
    await archive.crawl()
    assert site.targets() == ["/map.xml"]


async def test_a_section_is_read_until_nothing_is_new(archive, site):
    archive.follow(sections=[site.url + "/s"])
    articles(site, *(f"/news/{number}" for number in range(1001, 1008)))
    section(site, "/s", "/news/1006", "/news/1005", more="<a href='/s?page=2'>2</a>")
    section(site, "/s?page=2", "/news/1004", "/news/1003", more="<a href='/s?page=3'>3</a>")
    section(site, "/s?page=3", "/news/1002", "/news/1001")
    await archive.crawl()
    assert len(kept(archive, site)) == 6
    archive.forward(minutes=10)
    site.asked.clear()
    section(site, "/s", "/news/1007", "/news/1006", more="<a href='/s?page=2'>2</a>")
    section(site, "/s?page=2", "/news/1005", "/news/1004", more="<a href='/s?page=3'>3</a>")
    await archive.crawl()
    assert [path for path in site.targets() if path.startswith("/s")] == ["/s", "/s?page=2"]
    assert len(kept(archive, site)) == 7


async def test_a_site_that_repeats_its_last_page_for_ever_is_left_at_once(archive, site):
    archive.follow(sections=[site.url + "/s"])
    articles(site, "/news/1001")
    for page in range(1, 99):
        path = "/s" if page == 1 else f"/s?page={page}"
        section(site, path, "/news/1001", more=f"<a href='/s?page={page + 1}'>x</a>")
    await archive.crawl()
    assert [path for path in site.targets() if path.startswith("/s")] == ["/s", "/s?page=2"]
    assert archive.problems() == []


async def test_a_json_feed_goes_on_where_it_says(archive, site):
    archive.follow(feeds=[site.url + "/feed.json"])
    articles(site, "/news/1001", "/news/1002")
    for path, link, more in (
        ("/feed.json", 1002, "/feed.json?p=2"),
        ("/feed.json?p=2", 1001, None),
    ):
        item = {"url": f"{site.url}/news/{link}", "title": "خبر", "date_published": NEW}
        body = {"version": "https://jsonfeed.org/version/1.1", "items": [item], "next_url": more}
        site.answers[path] = (wire.http(json.dumps(body).encode(), media="application/feed+json"),)
    await archive.crawl()
    assert kept(archive, site) == ["/news/1001", "/news/1002"]
    rows = archive.rows("select distinct published_at, published_from from articles")
    assert rows == [("2026-11-22T09:00:00.000000Z", "feed")]
    site.asked.clear()
    await archive.crawl()
    assert site.targets() == ["/feed.json"]


async def test_wordpress_is_read_page_by_page_until_nothing_is_new(archive, site):
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"])
    articles(site, "/news/1001", "/news/1002", "/news/1003")
    posts(site, API, ("/news/1002", NEW), pages=2)
    posts(site, f"{API}&page=2", ("/news/1001", OLD), pages=2)
    await archive.crawl()
    rows = archive.rows("select published_at, published_from, title from articles order by url")
    assert rows == [
        ("2026-10-01T09:00:00.000000Z", "api", "خبر /news/1001"),
        ("2026-11-22T09:00:00.000000Z", "api", "خبر /news/1002"),
    ]
    site.asked.clear()
    await archive.crawl()
    assert site.targets() == [API]
    archive.forward(minutes=10)
    posts(site, API, ("/news/1003", NEW), ("/news/1002", NEW), pages=2)
    site.asked.clear()
    await archive.crawl()
    assert site.targets() == [API, f"{API}&page=2", "/news/1003"] or site.targets() == [
        API, "/news/1003", f"{API}&page=2",
    ]  # fmt: skip


async def test_a_page_that_wordpress_no_longer_has_is_no_problem(archive, site):
    archive.follow(api=[site.url + "/wp-json/"])
    articles(site, "/news/1002")
    posts(site, API, ("/news/1002", NEW), pages=2)
    answer = b'{"code":"rest_post_invalid_page_number","message":"x","data":{"status":400}}'
    site.answers[f"{API}&page=2"] = (wire.http(answer, status="400 Bad Request"),)
    summary = await archive.crawl()
    assert archive.problems() == []
    assert summary.left == 0


async def test_a_closed_interface_is_a_problem_that_says_so(archive, site):
    archive.follow(api=[site.url + "/wp-json/"])
    body = b'{"code":"rest_login_required","message":"DRA: Only authenticated users."}'
    site.answers[API] = (wire.http(body, status="401 Unauthorized", media="application/json"),)
    await archive.crawl()
    assert archive.problems() == [("http-401", API)]


async def test_a_homepage_is_enough(archive, site):
    archive.follow(accept=["/news/"])
    head = (
        "<link rel='alternate' type='application/rss+xml' href='/feed'>"
        "<link rel='alternate' type='application/rss+xml' href='/comments/feed'>"
        "<link rel='https://api.w.org/' href='/wp-json/'>"
    )
    section(site, "/", "/news/1001", "/about/1234", more=head)
    site.answers["/robots.txt"] = (
        wire.http(f"User-agent: *\nSitemap: {site.url}/map.xml\n".encode(), media="text/plain"),
    )
    feed(site, "/feed", ("/news/1002", NEW))
    sitemap(site, "/map.xml", ("/news/1003", NEW))
    posts(site, API, ("/news/1004", NEW))
    articles(site, *(f"/news/{number}" for number in range(1001, 1006)))
    await archive.crawl()
    assert kept(archive, site) == [f"/news/{number}" for number in range(1001, 1005)]
    assert "/comments/feed" not in site.targets()
    assert archive.problems() == []
    archive.forward(minutes=31)
    feed(site, "/feed", ("/news/1005", NEW))
    site.asked.clear()
    await archive.crawl()
    assert {"/", "/feed", "/map.xml", API} <= {*site.targets()}
    assert kept(archive, site)[-1] == "/news/1005"


async def test_a_feed_that_robots_txt_names_as_a_sitemap_is_followed(archive, site):
    archive.follow(language="ar")
    section(site, "/", "/about")
    robots = f"Sitemap: {site.url}/rss\n".encode()
    site.answers["/robots.txt"] = (wire.http(robots, media="text/plain"),)
    feed(site, "/rss", ("/news/first", NEW))
    articles(site, "/news/first", "/news/second")
    await archive.crawl()
    assert kept(archive, site) == ["/news/first"]
    archive.forward(minutes=31)
    feed(site, "/rss", ("/news/first", NEW), ("/news/second", NEW))
    await archive.crawl()
    assert kept(archive, site) == ["/news/first", "/news/second"]
    title = archive.rows("select title from articles order by url limit 1")
    assert (title, archive.problems()) == ([("خبر /news/first",)], [])


async def test_accept_overrules_what_an_address_is_like(archive, site, monkeypatch):
    monkeypatch.setattr(archive_links, "FRUITLESS", 3)
    archive.follow(sections=[site.url + "/s"], accept=["/x/"])
    links = [f"/x/{letter}" for letter in "abcdef"]
    section(site, "/s", "/news/1001", "/about", *links)
    for path in links[:4]:
        site.answers[path] = (wire.http(b"<html><body><p>x</p></body></html>"),)
    articles(site, *links[4:])
    await archive.crawl()
    archive.forward(minutes=31)
    section(site, "/s", *links, "/x/g")  # of the shape that brought nothing
    articles(site, "/x/g")
    await archive.crawl()
    assert {*links, "/x/g"} <= {*site.targets()}
    assert {"/news/1001", "/about"}.isdisjoint(site.targets())
    assert "/x/g" in kept(archive, site)


EMPTY = {  # what an entry point answers: what its problem says
    "feed": ("feeds", "<rss version='2.0'><channel></channel></rss>", "it lists nothing,"),
    "sitemap": ("sitemaps", "<urlset></urlset>", "it lists nothing,"),
    "section": ("sections", "<p>لا أخبار اليوم</p>", "it lists nothing,"),
    "api": ("api", "[]", "it lists nothing,"),
    "refused": ("feeds", None, "nothing that `accept` and `reject` let pass"),
    "shell": ("sections", "<div id=root></div><script>x</script>", "`render = true`"),
}


@pytest.mark.parametrize(("key", "body", "detail"), EMPTY.values(), ids=EMPTY)
async def test_an_entry_point_that_lists_nothing_is_a_problem_once_a_day(
    archive, site, key, body, detail
):
    archive.follow(**{key: [f"{site.url}/list"]}, reject=["/video/"])
    body = body.encode() if body else wire.feed(f"{site.url}/video/1", f"{site.url}/video/2")
    paths = ["/list", API.replace("/wp-json", "/list")]
    site.answers = dict.fromkeys(paths, (wire.http(body),))
    for _ in range(2):
        await archive.crawl()
        archive.forward(minutes=31)
    kinds = "('of-no-use', 'not-a-listing')"
    said = archive.rows(f"select kind, detail from problems where kind in {kinds}")
    assert [kind for kind, _ in said].count("of-no-use") <= 1
    assert detail in said[0][1]


async def test_a_sitemap_with_no_news_at_the_moment_is_no_problem(archive, site):
    archive.follow(sitemaps=[site.url + "/news.xml"])
    sitemap(site, "/news.xml", ("/news/1001", NEW))
    articles(site, "/news/1001")
    await archive.crawl()
    sitemap(site, "/news.xml")
    archive.forward(days=1, minutes=31)
    await archive.crawl()
    assert archive.problems() == []


async def test_a_front_page_that_its_scripts_write_still_has_sitemaps(archive, site):
    archive.follow(language="ar")
    site.answers["/"] = (wire.http(b"<body><div id=app></div><script>x</script></body>"),)
    site.answers["/robots.txt"] = (wire.http(b"Sitemap: /map.xml", media="text/plain"),)
    sitemap(site, "/map.xml", ("/news/1001", NEW))
    articles(site, "/news/1001")
    await archive.crawl()
    assert (kept(archive, site), archive.problems()) == (["/news/1001"], [])


async def test_a_publisher_with_listings_is_not_asked_for_others(archive, site):
    archive.follow(sections=[site.url + "/"], accept=["/news/"])
    head = "<link rel='alternate' type='application/rss+xml' href='/feed'>"
    section(site, "/", "/news/1001", more=head)
    articles(site, "/news/1001")
    await archive.crawl()
    assert "/feed" not in site.targets()


SINCE = Period(since=date(2026, 11, 20))


async def test_since_a_day_older_links_are_not_followed(archive, site):
    archive.follow(feeds=[site.url + "/feed"])
    articles(site, "/news/1001", "/news/1002", "/news/1003", "/2026/10/01/1004", "/2026/11/21/1005")
    feed(
        site, "/feed", ("/news/1001", OLD), ("/news/1002", NEW), ("/news/1003", ""),
        ("/2026/10/01/1004", ""), ("/2026/11/21/1005", ""),
    )  # fmt: skip
    summary = await archive.crawl(period=SINCE)
    assert kept(archive, site) == ["/2026/11/21/1005", "/news/1002", "/news/1003"]
    assert summary.left == 0
    site.asked.clear()
    await archive.crawl()  # what was passed over is left to walks into the past
    assert site.targets() == ["/feed"]


async def test_since_a_day_older_sitemaps_are_not_read(archive, site):
    archive.follow(sitemaps=[site.url + "/index.xml"])
    articles(site, "/news/1001", "/news/1002", "/news/1003")
    index(site, "/index.xml", ("/1.xml", OLD), ("/2.xml", NEW))
    sitemap(site, "/1.xml", ("/news/1001", OLD))
    sitemap(site, "/2.xml", ("/news/1002", OLD), ("/news/1003", NEW))
    await archive.crawl(period=SINCE)
    assert kept(archive, site) == ["/news/1003"]
    assert "/1.xml" not in site.targets()


async def test_since_a_day_wordpress_is_not_asked_for_older_pages(archive, site):
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"])
    articles(site, "/news/1001", "/news/1002", "/news/1003")
    posts(site, API, ("/news/1003", NEW), pages=3)
    posts(site, f"{API}&page=2", ("/news/1002", OLD), pages=3)
    posts(site, f"{API}&page=3", ("/news/1001", OLD), pages=3)
    await archive.crawl(period=SINCE)
    assert kept(archive, site) == ["/news/1003"]
    assert f"{API}&page=3" not in site.targets()


async def test_since_a_day_a_section_ends_one_page_after_its_articles_are_older(archive, site):
    archive.follow(sections=[site.url + "/s"])
    for page in range(1, 9):
        links = [f"/news/{1000 + page * 10 + turn}" for turn in range(3)]
        day = f"2026-11-{23 - page:02}"
        meta = f"<meta property='article:published_time' content='{day}T09:00:00Z'>"
        articles(site, *links, dated=meta)
        path = "/s" if page == 1 else f"/s?page={page}"
        more = f"<a href='/s?page={page + 1}'>x</a>" if page < 8 else ""
        section(site, path, "/news/1010", *links, more=more)  # one is pinned on every page
    await archive.crawl(period=SINCE)
    pages = [path for path in site.targets() if path.startswith("/s")]
    assert pages == ["/s", "/s?page=2", "/s?page=3", "/s?page=4", "/s?page=5"]
    days = archive.rows("select distinct published_on from articles order by 1")
    assert [day for (day,) in days] == ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"]


@pytest.mark.slow
async def test_a_limit_ends_the_reading_of_listings_too(archive, site):
    archive.follow(sections=[site.url + "/s"], delay=1)
    for page in range(1, 30):
        links = [f"/news/{1000 + page * 10 + turn}" for turn in range(2)]
        articles(site, *links)
        path = "/s" if page == 1 else f"/s?page={page}"
        section(site, path, *links, more=f"<a href='/s?page={page + 1}'>x</a>")
    await archive.crawl(limit=2)
    assert len(kept(archive, site)) == 2
    assert len([path for path in site.targets() if path.startswith("/s")]) < 6


async def test_a_link_tells_what_each_listing_said_of_it(archive, site):
    archive.follow(feeds=[site.url + "/feed"], sitemaps=[site.url + "/map.xml"])
    articles(site, "/news/1001")
    feed(site, "/feed", ("/news/1001", "Sun, 22 Nov 2026 09:00:00 GMT"))
    sitemap(site, "/map.xml", ("/news/1001", "2026-11-22T10:00:00Z"))
    await archive.crawl()
    rows = archive.rows(
        "select key, title, published, modified from links join visits on id = listing order by 1"
    )
    assert rows == [
        (identity_key(site.url + "/feed"), "خبر", "Sun, 22 Nov 2026 09:00:00 GMT", None),
        (identity_key(site.url + "/map.xml"), None, None, "2026-11-22T10:00:00Z"),
    ]
    assert archive.rows("select published_from from articles") == [("feed",)]


async def test_an_article_belongs_to_the_newspaper_on_whose_site_it_is(archive, site):
    with wire.serving() as other:
        other.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
        for number in (1, 2):
            page = wire.article(f"خبر الجريدة الأخرى رقم {number}")
            other.answers[f"/news/{number}"] = (wire.http(page),)
        theirs = [f"{other.url}/news/{number}" for number in (1, 2)]
        other.answers["/feed"] = (wire.http(wire.feed(*theirs)),)
        site.answers["/news/2"] = (wire.http(b"", f"Location: {theirs[1]}", status="301 Moved"),)
        listed = wire.feed(theirs[0], site.url + "/news/1", site.url + "/news/2")
        site.answers["/feed"] = (wire.http(listed),)
        wire.publisher(archive.root, "other", homepage=other.url + "/", feeds=[other.url + "/feed"])
        both = chosen(archive.root, ["paper", "other"])
        for hours in (0, 1, 24):
            archive.forward(hours=hours)
            await archive.crawl(publishers=both, poll=frozenset({"paper"}))
        await archive.crawl(publishers=both, poll=frozenset({"paper", "other"}))
    kept = "select publisher, url from articles order by publisher, url"
    assert archive.rows(kept) == [
        ("other", theirs[0]),
        ("other", theirs[1]),
        ("paper", site.url + "/news/1"),
    ]
    feeds = [path for kind, path in archive.problems() if kind == "foreign-link"]
    assert feeds.count("/feed") == 2  # once a day
    assert "/news/2" in feeds
