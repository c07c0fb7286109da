"""A capture is read as the kind of listing that it is, and no body breaks the crawl."""

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
