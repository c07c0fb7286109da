"""A capture is read as the kind of listing that it is, and no body breaks the crawl."""

import time
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.clock import system
from archive.models import Capture, Kind
from crawler.errors import NotAListing
from crawler.listings.feeds import feed
from crawler.listings.follow import links
from crawler.listings.sections import section
from crawler.listings.sitemaps import sitemap
from crawler.listings.wordpress import posts

AT = "https://x.example/ar/list/"
ONE = "https://x.example/1"
RSS = f"<rss version='2.0'><channel><item><link>{ONE}</link></item></channel></rss>"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.FEED, RSS),
        (Kind.SITEMAP, f"<urlset><url><loc>{ONE}</loc></url></urlset>"),
        (Kind.SECTION, f"<a href='{ONE}23'>"),
        (Kind.API, f'[{{"link": "{ONE}"}}]'),
        (Kind.FEED, f'{{"items": [{{"url": "{ONE}"}}]}}'),
    ],
)
def test_a_capture_is_read_as_what_it_is(kind, body):
    capture = Capture(
        url=AT, publisher="x", kind=kind, fetched_at=system(), status=200, body=body.encode()
    )
    assert next(iter(links(capture))).url.startswith(ONE)


def listed(kind, body):
    capture = Capture(
        url=AT, publisher="x", kind=kind, fetched_at=system(), status=200, body=body.encode()
    )
    return list(links(capture))


MARKED = "ا" + "\N{COMBINING DOT BELOW}\N{COMBINING ACUTE ACCENT}" * 30_000
ITEM = f"<title>{{}}</title><link>{ONE}</link><author>{{}}</author><pubDate>{{}}</pubDate>"


def test_what_a_feed_says_is_bounded():
    item = ITEM.format(MARKED + "ب" * 2000, "كاتب " * 100, "2020-11-12 " + "9" * 200)
    (link,) = listed(Kind.FEED, f"<rss version='2.0'><channel><item>{item}</item></channel></rss>")
    assert (link.title[0], len(link.title), len(link.author)) == ("ا", 1000, 299)
    assert sum(map(unicodedata.combining, link.title)) < 31 * 255
    assert len(link.published) == 100


def test_what_a_feed_says_has_no_control_characters():
    hints = '"title": "a\\u001b[31mb", "date_published": "2020-11-12\\u009b[31m"'
    (link,) = listed(Kind.FEED, f'{{"items": [{{"url": "{ONE}\\u001b[1m", {hints}}}]}}')
    assert (link.url, link.title, link.published) == (f"{ONE}[1m", "a[31mb", "2020-11-12[31m")


def test_a_feeds_usual_words_stay_as_they_are():
    item = ITEM.format("خَبَرٌ", "سلمى", "Thu, 12 Nov 2020 09:00:00 +0200")
    (link,) = listed(Kind.FEED, f"<rss version='2.0'><channel><item>{item}</item></channel></rss>")
    assert (link.title, link.author) == ("خَبَرٌ", "سلمى")
    assert link.published == "Thu, 12 Nov 2020 09:00:00 +0200"


LONG = "https://x.example/" + "a" * 3000


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.FEED, RSS.replace(ONE, LONG)),
        (Kind.FEED, RSS.replace(ONE, f"https://{MARKED}/1")),
        (Kind.FEED, f'{{"items": [{{"url": "{LONG}"}}, {{"url": "/{MARKED}"}}]}}'),
        (Kind.SITEMAP, f"<urlset><url><loc>{LONG}</loc></url></urlset>"),
        (Kind.SITEMAP, f"<urlset><url><loc>{ONE}/{MARKED}</loc></url></urlset>"),
        (Kind.SITEMAP, f"{LONG}\nhttps://{MARKED}/1"),
        (Kind.SECTION, f"<a href='{LONG}123'>x</a><a href='https://{MARKED}/123'>y</a>"),
        (Kind.API, f'[{{"link": "{LONG}"}}, {{"link": "{MARKED}"}}]'),
        (Kind.ROBOTS, f"Sitemap: {LONG}\nSitemap: https://{MARKED}/"),
    ],
)
def test_a_long_address_is_refused_where_it_is_found(kind, body):
    began = time.process_time()
    assert [link for link in listed(kind, body) if len(link.url) > 100] == []
    assert time.process_time() - began < 1


@pytest.mark.parametrize("read", [feed, sitemap, section, posts])
@given(
    body=st.binary()
    | st.text().map(str.encode)
    | st.text("<>&;/!?[] urlset='a").map(str.encode)
    | st.text('{}[]":,items0aul').map(str.encode)
)
def test_no_body_breaks_the_crawl(read, body):
    with suppress(NotAListing):
        assert all(link.url for link in read(body, AT))
