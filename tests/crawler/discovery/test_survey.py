"""What of a site's listings is of use, and which articles are read to see how they read."""

from dataclasses import replace

import pytest

from archive.models import Kind, Link
from crawler.discovery.check import Listing
from crawler.discovery.front_page import FrontPage
from crawler.discovery.survey import MOST_READ, Survey, with_links_of_their_own

HOME = "https://x.example/"


def listing(kind, *paths):
    links = tuple(Link(url=path if "://" in path else f"https://x.example{path}") for path in paths)
    return Listing(url=HOME, kind=kind, form="x", links=links, count=len(links))


def entry(kind, url, *paths):
    return replace(listing(kind, *paths), url=f"https://x.example{url}")


def survey(*entries):
    return Survey(home=HOME, front=FrontPage(url=HOME), entries=list(entries))


def paths(links):
    return [link.url.removeprefix("https://x.example") for link in links]


# What is listed beside a feed with /1 and /2, and why it is of no use; None where it is.
USES = [
    (listing(Kind.FEED, "/1", "/3"), None),
    (listing(Kind.FEED, "/1", "/2"), "that the others do not"),
    (listing(Kind.FEED, "https://www.x.example/1", "/2/"), "that the others do not"),
    (listing(Kind.SITEMAP, "/1", "/2"), None),  # of another kind: it goes further back
    (listing(Kind.FEED), "that the others do not"),
    (listing(Kind.FEED, "https://y.example/9"), "lead elsewhere, such as to https://y.example/9"),
    (listing(Kind.FEED, "https://ar.x.example/9"), None),
    (listing(Kind.FEED, "https://x.example:8080/9"), "lead elsewhere"),
    (listing(Kind.FEED, "https://notx.example/9"), "lead elsewhere"),
]


@pytest.mark.parametrize(("found", "problem"), USES)
def test_the_use_of_a_listing(found, problem):
    told = survey(entry(Kind.FEED, "/feed", "/1", "/2")).useless(found)
    assert (told is None) == (problem is None)
    assert problem is None or (told is not None and problem in told.detail)


def test_pages_with_links_of_their_own():
    same = ("/1", "/2", "/3")
    found = [
        entry(Kind.SECTION, "/about", *same),
        entry(Kind.SECTION, "/a", *same, "/4"),
        entry(Kind.SECTION, "/b", *same, "/5"),
    ]
    feed = entry(Kind.FEED, "/feed", *same)
    assert with_links_of_their_own([*found, feed]) == [*found[1:], feed]
    assert with_links_of_their_own(found[:1]) == found[:1]
    assert with_links_of_their_own([]) == []


def test_a_feed_is_read_first_and_sections_in_turn():
    found = survey(
        entry(Kind.SITEMAP, "/s", "/9"),
        entry(Kind.SECTION, "/a", "/1", "/2"),
        entry(Kind.SECTION, "/b", "/3"),
        entry(Kind.FEED, "/f", "/5", "/1"),
    )
    assert paths(found.to_read()) == ["/5", "/1", "/3", "/2", "/9"]


def test_the_commonest_shape_of_a_sitemap_is_read_first():
    mixed = ["/about", "/tag/x", *(f"/2020/{number}" for number in range(20))]
    read = paths(survey(entry(Kind.SITEMAP, "/s", *mixed)).to_read())
    assert read == [f"/2020/{number}" for number in range(MOST_READ)]
