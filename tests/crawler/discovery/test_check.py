"""An answer as a listing: its form, its links, its newest date; or what is wrong with it."""

import gzip
import json
from datetime import UTC, date, datetime

import pytest

from archive.problems import ProblemKind
from archive.records import Capture, Kind, Link, Problem
from crawler.discovery.check import Listing, form_of, inspect, newest, posts
from crawler.discovery.probe import Answer
from crawler.listings import NotAListing
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
POSTS = json.dumps(
    [
        {
            "link": "https://x.example/1",
            "date_gmt": "2020-11-11T08:00:00",
            "title": {"rendered": "خبر"},
        }
    ]
)


def capture(body, kind, media="text/xml"):
    data = body if isinstance(body, bytes) else body.encode()
    return Capture(url=URL, publisher=None, kind=kind, fetched_at=NOW, status=200,
                   content_type=media, body=data)  # fmt: skip


FORMS = [
    (wire.feed(), Kind.FEED, "RSS feed"),
    ("<?xml version='1.0'?>\n<?xml-stylesheet href='a'?><rss>", Kind.FEED, "RSS feed"),
    ("<feed xmlns='http://www.w3.org/2005/Atom'><title><html></title>", Kind.FEED, "Atom feed"),
    ("<rdf:RDF xmlns:rdf='x'>", Kind.FEED, "RSS 1.0 feed"),
    ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', Kind.FEED, "JSON Feed"),
    (INDEX, Kind.SITEMAP, "sitemap index"),
    (URLSET.format(""), Kind.SITEMAP, "sitemap"),
    (gzip.compress(URLSET.format("").encode(), mtime=0), Kind.SITEMAP, "sitemap"),
    (INDEX.encode("utf-16"), Kind.SITEMAP, "sitemap index"),
    (POSTS, Kind.API, "list of posts"),
    (PAGE, Kind.SECTION, "web page"),
    ("\ufeff<html>", Kind.SECTION, "web page"),
    ("%PDF-1.7", None, "document of the type text/xml"),
    (b"", None, "document of the type text/xml"),
    (b"\x1f\x8bbroken", None, "document of the type text/xml"),
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
    (POSTS, Kind.API, (1, 0, datetime(2020, 11, 11, 8, tzinfo=UTC))),
    ("<rss version='2.0'><channel></channel></rss>", Kind.FEED, (0, 0, None)),
    (PAGE, Kind.FEED, "it is a web page"),
    (PAGE, Kind.SITEMAP, "it is a web page"),
    (wire.feed("https://x.example/1"), Kind.SITEMAP, "it is an RSS feed"),
    (PAGE, Kind.API, "it is a web page"),
    ("%PDF-1.7", Kind.FEED, "no RSS"),
    ('{"code": "rest_no_route", "message": "لا يوجد مسار"}', Kind.API, "لا يوجد مسار"),
    (URLSET[:40], Kind.SITEMAP, "sitemap"),
]


@pytest.mark.parametrize(("body", "kind", "expected"), LISTINGS)
async def test_a_listing(workers, body, kind, expected):
    answer = Answer(url=URL, capture=capture(body, kind))
    found = await inspect(answer, workers, now=NOW)
    if isinstance(expected, str):
        assert isinstance(found, Problem)
        assert expected in found.detail
    else:
        assert isinstance(found, Listing)
        assert (found.count, len(found.listings), found.newest) == expected


async def test_no_good_answer_is_its_problem(workers):
    problem = Problem(kind=ProblemKind.http(404), detail="answered 404", stage="fetch")
    assert await inspect(Answer(url=URL, problem=problem), workers, now=NOW) == problem


DATES = [
    ([], None),
    ([None, "nonsense"], None),
    (["2020-11-10", "Wed, 11 Nov 2020 08:00:00 +0200"], datetime(2020, 11, 11, 6, tzinfo=UTC)),
    (["2020-11-10", "2020-11-09T23:00:00Z"], date(2020, 11, 10)),
    (["2020-11-11", "2031-01-01"], date(2020, 11, 11)),  # none of the future
]


@pytest.mark.parametrize(("dates", "expected"), DATES)
def test_the_newest_date(dates, expected):
    links = [Link(url=f"{URL}/{number}", published=text) for number, text in enumerate(dates)]
    assert newest(links, now=NOW) == expected


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b"{}", b'"x"', b"\xff", b"[[]]"])
def test_what_is_no_list_of_posts(body):
    with pytest.raises(NotAListing):
        list(posts(body, URL))


def test_posts_without_a_link_are_passed_over():
    assert list(posts(b'[{"link": null}, {"title": 5}, {"link": "ftp://x"}]', URL)) == []
