"""JSON Feed of both versions, and what passes for it."""

import json

import pytest

from archive.records import Kind, Link
from crawler import discover
from crawler.discover import NotAListing

AT = "https://x.example/feed.json"
ONE = "https://x.example/1"
ITEM = {
    "id": "7",
    "url": ONE,
    "title": "خبر &amp; آخر",
    "content_html": "<p>نص</p>",
    "summary": "موجز",
    "date_published": "2020-11-12T09:00:00+02:00",
    "date_modified": "2020-11-12T10:00:00+02:00",
}
WHOLE = Link(
    url=ONE,
    title="خبر & آخر",
    summary="موجز",
    published="2020-11-12T09:00:00+02:00",
    modified="2020-11-12T10:00:00+02:00",
)


def feed(*items, version="https://jsonfeed.org/version/1.1", **more):
    text = json.dumps({"version": version, "title": "ص", "items": items} | more, ensure_ascii=False)
    return list(discover.feed(text.encode(), AT, "application/feed+json"))


def test_hints_of_both_versions():
    assert feed(ITEM) == [WHOLE]
    first = feed(ITEM | {"author": {"name": "سلمى"}}, version="https://jsonfeed.org/version/1")
    assert first[0].author == "سلمى"
    second = feed(ITEM | {"authors": [{"name": "سلمى"}, {"url": "x"}, {"name": "علي"}]})
    assert second[0].author == "سلمى، علي"


def test_the_newspaper_is_not_its_articles_author():
    assert feed(ITEM, authors=[{"name": "الصحيفة"}])[0].author is None


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        ({"id": ONE}, [ONE]),
        ({"id": 7}, []),
        ({"id": "tag:x.example,2020:7"}, []),
        ({"external_url": "https://other.example/2"}, ["https://other.example/2"]),
        ({"url": "/2", "external_url": "https://other.example/2"}, ["https://x.example/2"]),
        ({"url": "javascript:x"}, []),
        ({"url": ONE, "title": 5, "date_published": None, "authors": "x"}, [ONE]),
        ("text", []),
        (None, []),
    ],
)
def test_items_as_they_are_written(item, wanted):
    assert [link.url for link in feed(item)] == wanted


def test_the_next_page_comes_last():
    assert feed(ITEM, next_url="?page=2")[1:] == [
        Link(url="https://x.example/feed.json?page=2", kind=Kind.FEED)
    ]


def test_a_byte_order_mark_and_white_space_are_no_matter():
    body = "\ufeff\n " + json.dumps({"items": [ITEM]})
    assert list(discover.feed(body.encode(), AT)) == [WHOLE]


@pytest.mark.parametrize("body", ["{", '{"items": 1}', "{}", "[]", '{"items": [', "{" * 100_000])
def test_what_is_no_feed_says_so(body):
    with pytest.raises(NotAListing, match=r"JSON"):
        list(discover.feed(body.encode(), AT, "application/json"))
