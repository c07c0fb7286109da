"""Addresses without end are told by their shape, and cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import traps
from crawler.traps import shape
from tests.crawler import wire

SHAPES = [
    ("https://a.example/", "a.example/"),
    ("https://a.example/news/123456", "a.example/news/#"),
    ("https://a.example/calendar/2026/11/23", "a.example/calendar/#/#/#"),
    ("https://a.example/calendar/2026-11/", "a.example/calendar/*/"),
    ("https://a.example/2020/11/12/some-long-title", "a.example/#/#/#/*"),
    ("https://a.example/سياسة/خبر-طويل", "a.example/سياسة/*"),
    ("https://a.example/%D8%B3%D9%8A/1", "a.example/سي/#"),
    ("https://a.example/s/3f9ac2/news/7", "a.example/s/*/news/#"),
    ("https://a.example/shop?size=1&colour=2", "a.example/shop?colour&size"),
    ("https://a.example/shop?size=1&colour=2&page=3", "a.example/shop?*"),
    ("https://a.example/shop?", "a.example/shop"),
    ("https://a.example/a/b/" * 1 + "a/b/" * 9, "a.example/a/b/a/b/a/b/a/b/…"),
]


@pytest.mark.parametrize(("url", "expected"), SHAPES)
def test_the_shape_of_an_address(url, expected):
    assert shape(url) == expected


@given(st.integers(0), st.integers(0))
def test_numbers_do_not_matter(one, other):
    assert shape(f"https://a.example/day/{one}?p={one}") == shape(
        f"https://a.example/day/{other}?p={other}"
    )


@given(st.text())
def test_any_address_has_a_shape(text):
    assert shape(f"https://a.example/{text}").startswith("a.example/")


def days(site, first, last):
    return [f"{site.url}/calendar/2031/{number}" for number in range(first, last)]


async def test_a_calendar_is_cut_and_the_articles_are_not(archive, site, monkeypatch):
    monkeypatch.setattr(traps, "FRUITLESS", 8)
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


async def test_a_section_with_some_articles_is_never_cut(archive, site, monkeypatch):
    monkeypatch.setattr(traps, "FRUITLESS", 4)
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
