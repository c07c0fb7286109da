"""An answer as a listing: its form, its links, its newest date; or what is wrong with it."""

import gzip
import json
from datetime import UTC, date, datetime

import pytest

from archive.models import Capture, Kind, Link, Problem
from archive.problems import ProblemKind
from crawler.discovery.check import Listing, form_of, inspect, newest
from crawler.discovery.probe import Answer
from crawler.listings.follow import links
from crawler.workers import Workers
from tests.crawler import wire

URL = "https://x.example/listing"
NOW = datetime(2020, 11, 12, 9, tzinfo=UTC)
URLSET = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{}</urlset>"
ENTRY = "<url><loc>https://x.example/news/{}</loc></url>"
INDEX = (
    "<?xml version='1.0'?><!-- made by hand --><sitemapindex><sitemap><loc>/a.xml</loc>"
    "<lastmod>2020-11-11</lastmod></sitemap></sitemapindex>"
)
PAGE = "<!DOCTYPE html><html><body><a href='/news/12345'>خبر</a></body></html>"
POST = {
    "link": "https://x.example/1",
    "date": "2020-11-11T10:00:00",
    "date_gmt": "2020-11-11T08:00:00",
    "title": {"rendered": "<b>خبر</b> &#8220;أول&#8221;"},
}
POSTS = json.dumps([POST])


def capture(body, kind, media="text/xml"):
    data = body if isinstance(body, bytes) else body.encode()
    return Capture(url=URL, publisher=None, kind=kind, fetched_at=NOW, status=200,
                   content_type=media, body=data)  # fmt: skip


FORMS = [
    (wire.feed(), Kind.FEED, "an RSS feed"),
    ("<?xml version='1.0'?>\n<?xml-stylesheet href='a'?><rss>", Kind.FEED, "an RSS feed"),
    ("<feed xmlns='http://www.w3.org/2005/Atom'><title><html></title>", Kind.FEED, "an Atom feed"),
    ("<rdf:RDF xmlns:rdf='x'>", Kind.FEED, "an RSS 1.0 feed"),
    ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', Kind.FEED, "a JSON Feed"),
    (INDEX, Kind.SITEMAP, "a sitemap index"),
    (URLSET.format(""), Kind.SITEMAP, "a sitemap"),
    (gzip.compress(URLSET.format("").encode(), mtime=0), Kind.SITEMAP, "a sitemap"),
    (INDEX.encode("utf-16"), Kind.SITEMAP, "a sitemap index"),
    (POSTS, Kind.API, "a list of posts"),
    (PAGE, Kind.SECTION, "a web page"),
    ("\ufeff<html>", Kind.SECTION, "a web page"),
    ("%PDF-1.7", None, "a document of the type text/xml"),
    (b"", None, "a document of the type text/xml"),
    (b"\x1f\x8bbroken", None, "a document of the type text/xml"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "form"), FORMS)
def test_the_form_of_a_body(body, kind, form):
    assert form_of(capture(body, Kind.FEED)) == (kind, form)


@pytest.fixture(scope="module")
def workers():
    pool = Workers(processes=1)
    yield pool
    pool.close()


# A body, what is expected there, and (links, listings, newest); or the words of the problem.
LISTINGS = [
    (wire.feed("https://x.example/1", "https://x.example/2"), Kind.FEED, (2, 0, None)),
    (INDEX, Kind.SITEMAP, (0, 1, date(2020, 11, 11))),
    (URLSET.format(ENTRY.format(1) * 700), Kind.SITEMAP, (700, 0, None)),
    (PAGE, Kind.SECTION, (1, 0, None)),
    (POSTS, Kind.API, (1, 0, date(2020, 11, 11))),
    ("<rss version='2.0'><channel></channel></rss>", Kind.FEED, (0, 0, None)),
    (PAGE, Kind.FEED, "it is a web page"),
    (PAGE, Kind.SITEMAP, "it is a web page"),
    (wire.feed("https://x.example/1"), Kind.SITEMAP, (1, 0, None)),
    (PAGE, Kind.API, "it is a web page"),
    ("%PDF-1.7", Kind.FEED, "not an RSS"),
    ('{"code": "rest_no_route", "message": "لا يوجد مسار"}', Kind.API, "لا يوجد مسار"),
    (URLSET[:40], Kind.SITEMAP, "a sitemap"),
]


@pytest.mark.parametrize(("body", "kind", "expected"), LISTINGS)
async def test_a_listing(workers, body, kind, expected):
    answer = Answer(url=URL, capture=capture(body, kind))
    found = await inspect(answer, kind, workers, now=NOW)
    if isinstance(expected, str):
        assert found.problem
        assert expected in found.problem.detail
    else:
        assert found.problem is None
        assert (found.count, len(found.listings), found.newest) == expected


async def test_no_good_answer_is_its_problem(workers):
    problem = Problem(kind=ProblemKind.http(404), detail="answered 404", stage="fetch")
    found = await inspect(Answer(url=URL, problem=problem), Kind.FEED, workers, now=NOW)
    assert found.problem == problem


DATES = [
    ([], None),
    (["", "nonsense"], None),
    (["2020-11-10", "Wed, 11 Nov 2020 08:00:00 +0200"], date(2020, 11, 11)),
    (["2020-11-10", "2020-11-09T23:00:00Z"], date(2020, 11, 10)),
    (["2020-11-11", "2031-01-01"], date(2020, 11, 11)),  # none of the future
]


@pytest.mark.parametrize(("dates", "expected"), DATES)
def test_the_newest_date(dates, expected):
    assert newest(dates, now=NOW) == expected


# Posts of WordPress as sites give them; what the crawl takes for a date, and the newest day of it.
WORDPRESS = [
    (POST, "2020-11-11T08:00:00Z", date(2020, 11, 11)),
    (POST | {"date_gmt": "0000-00-00T00:00:00"}, "2020-11-11T10:00:00", date(2020, 11, 11)),
    (POST | {"date_gmt": None}, "2020-11-11T10:00:00", date(2020, 11, 11)),
    (POST | {"date_gmt": None, "date": None}, None, None),
]


@pytest.mark.parametrize(("post", "published", "day"), WORDPRESS)
async def test_posts_are_judged_as_the_crawl_reads_them(workers, post, published, day):
    listed = capture(json.dumps([post, 5, {"link": None}]), Kind.API, "application/json")
    found = await inspect(Answer(url=URL, capture=listed), Kind.API, workers, now=NOW)
    assert list(found.links) == list(links(listed))
    (link,) = found.links
    assert (link.title, link.published) == ("خبر “أول”", published)
    assert found.newest == day


LINES = [
    (Listing(url=URL, kind=Kind.FEED, form="RSS feed", count=1), "RSS feed, 1 link"),
    (
        Listing(url=URL, kind=Kind.FEED, form="Atom feed", count=2, newest=date(2020, 1, 2)),
        "Atom feed, 2 links, newest 2020-01-02",
    ),
    (
        Listing(url=URL, kind=Kind.SITEMAP, form="sitemap index", listings=(Link(url="a"),)),
        "sitemap index, 1 listing",
    ),
]


@pytest.mark.parametrize(("listing", "line"), LINES)
def test_a_listing_in_one_line(listing, line):
    assert str(listing) == line
