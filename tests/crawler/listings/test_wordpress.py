"""WordPress's REST interface: posts with their hints, page by page, month by month."""

import json
from datetime import date

import pytest

from archive.models import Kind, Link
from crawler.daterange import Period
from crawler.errors import NotAListing
from crawler.listings import wordpress

POSTS = "https://x.example/wp-json/wp/v2/posts"
FIRST = f"{POSTS}?per_page=100&_fields=id,link,title,date,date_gmt,modified_gmt"
ONE = "https://x.example/2020/11/1/"
POST = {
    "id": 1,
    "date": "2020-11-12T11:00:00",
    "date_gmt": "2020-11-12T09:00:00",
    "modified_gmt": "2020-11-12T10:00:00",
    "link": ONE,
    "title": {"rendered": "خبر &#8220;عاجل&#8221;"},
}


def posts(*found, url=FIRST, pages=None):
    return list(wordpress.posts(json.dumps(found).encode(), url, pages=pages))


def test_a_post_is_a_link_with_title_and_moments_of_utc():
    assert posts(POST) == [
        Link(
            url=ONE,
            title="خبر “عاجل”",
            published="2020-11-12T09:00:00Z",
            modified="2020-11-12T10:00:00Z",
        )
    ]


@pytest.mark.parametrize(
    ("change", "field", "wanted"),
    [
        ({"date_gmt": None}, "published", "2020-11-12T11:00:00"),  # the site's own time
        ({"date_gmt": "0000-00-00T00:00:00"}, "published", "2020-11-12T11:00:00"),
        ({"date_gmt": None, "date": None}, "published", None),
        ({"title": "خبر"}, "title", "خبر"),
        ({"title": {"rendered": ""}}, "title", None),
        ({"title": None}, "title", None),
        ({"modified_gmt": 5}, "modified", None),
        ({"_embedded": {"author": [{"name": "سلمى"}]}}, "author", "سلمى"),
        ({"_embedded": {"author": [{"code": "rest_user_invalid_id"}]}}, "author", None),
        ({"_embedded": []}, "author", None),
        ({"link": "/?p=1"}, "url", "https://x.example/?p=1"),
    ],
)
def test_a_field_is_right_or_null(change, field, wanted):
    (link,) = posts(POST | change)
    assert getattr(link, field) == wanted


@pytest.mark.parametrize(
    ("url", "count", "pages", "following"),
    [
        (FIRST, 100, 3, "page=2"),
        (FIRST, 20, 3, "page=2"),  # what it says counts
        (f"{FIRST}&page=2", 100, 3, "page=3"),
        (f"{FIRST}&page=3", 100, 3, None),
        (FIRST, 100, 1, None),
        (FIRST, 0, 0, None),
        (FIRST, 100, None, "page=2"),
        (FIRST, 99, None, None),
        (POSTS, 10, None, "page=2"),
        (f"{POSTS}?per_page=x&page=-1", 10, None, "page=2"),
    ],
)
def test_the_next_page_comes_last(url, count, pages, following):
    found = posts(*[POST] * count, url=url, pages=pages)
    more = [link for link in found if link.kind is Kind.API]
    assert [link.url.rpartition("&")[2].rpartition("?")[2] for link in more] == (
        [following] if following else []
    )
    assert len(found) == count + len(more)


LISTINGS = [
    (POSTS, FIRST),
    ("https://x.example/wp-json/", FIRST),
    ("https://x.example/wp-json", FIRST),
    (f"{POSTS}?per_page=20", FIRST.replace("100", "20")),
    (f"{POSTS}?_embed=author", f"{FIRST}&_embed=author"),
    (f"{POSTS}?_embed", f"{FIRST}&_embed="),
    ("https://x.example/?rest_route=/wp/v2/posts", FIRST.replace("wp-json/wp/v2/posts?", "?") +
     "&rest_route=/wp/v2/posts"),
    ("https://x.example/?rest_route=/", FIRST.replace("wp-json/wp/v2/posts?", "?") +
     "&rest_route=/wp/v2/posts"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "wanted"), LISTINGS)
def test_the_address_of_the_newest_posts(given, wanted):
    base, _, query = wordpress.listing(given).partition("?")
    assert (base, set(query.split("&"))) == (
        wanted.partition("?")[0],
        set(wanted.partition("?")[2].split("&")),
    )


def test_the_months_of_a_period_newest_first_leave_no_gap():
    period = Period(since=date(2019, 12, 15), until=date(2020, 3, 1))
    ways = list(wordpress.ways_back(POSTS, period))
    assert [(way.earliest_on, way.latest_on) for way in ways] == [
        (date(2020, 3, 1), date(2020, 3, 1)),
        (date(2020, 2, 1), date(2020, 2, 29)),
        (date(2020, 1, 1), date(2020, 1, 31)),
        (date(2019, 12, 15), date(2019, 12, 31)),
    ]
    assert ways[1].url == f"{FIRST}&after=2020-01-31T23:59:59&before=2020-03-01T00:00:00"
    assert {way.kind for way in ways} == {Kind.API}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b"5",
        b'{"code":"rest_no_route","message":"No route was found"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_list_of_posts_says_so(body):
    with pytest.raises(NotAListing, match=r"JSON|list of WordPress posts"):
        list(wordpress.posts(body, POSTS))


def test_what_is_no_post_is_passed_over():
    assert posts(None, 5, "x", {}, {"link": 7}, {"link": "mailto:x"}) == []


def test_an_empty_page_is_the_last_one_whatever_the_site_says():
    assert posts(pages=999_999_999) == []


SITES = [  # what the interface says of its site, and what that means
    ('{"name": "جريدة &#8220;الساحل&#8221;", "timezone_string": "Asia/Beirut", "gmt_offset": 2}',
     ("جريدة “الساحل”", "Asia/Beirut")),
    ('{"name": "x", "timezone_string": "", "gmt_offset": 3}', ("x", "Etc/GMT-3")),
    ('{"name": "x", "timezone_string": "", "gmt_offset": "-1"}', ("x", "Etc/GMT+1")),
    ('{"name": "x", "timezone_string": "", "gmt_offset": 5.5}', ("x", None)),
    ('{"name": "x", "timezone_string": "", "gmt_offset": 0}', ("x", None)),
    ('{"name": "x", "timezone_string": "UTC"}', ("x", None)),
    ('{"name": "x", "timezone_string": "../../etc/passwd"}', ("x", None)),
    ('{"name": ["x"], "timezone_string": "Nowhere/None"}', ("", None)),
    ('{"name": "x", "gmt_offset": [1]}', ("", None)),
    ("[]", ("", None)),
    ("<html>", ("", None)),
    ("", ("", None)),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), SITES)
def test_the_name_and_zone_of_a_site(body, expected):
    assert wordpress.site_of(body.encode()) == expected
