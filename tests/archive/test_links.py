"""Addresses of one shape, by which traps are noticed."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import links
from archive.links import shape
from archive.models import Kind, Link, Visit
from tests.archive.newsroom import empty_archive

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


@pytest.mark.parametrize(("letters", "counted"), [(10, 7), (150, 7), (430, 21)])
def test_new_addresses_are_counted_by_day_and_long_ones_count_more(letters, counted):
    at = datetime(2020, 11, 9, 12, tzinfo=UTC)
    listing = Visit(key="f", url="f", publisher="a", kind=Kind.FEED)

    def found(count, now):
        keys = [f"https://x.example/{number}/{'x' * letters}" for number in range(count)]
        listed = [(key, Link(url=key)) for key in keys]
        links.found(db, listed, visit=listing, now=now, run_began=now)

    with closing(empty_archive()) as db:
        db.execute("insert into publishers (slug, name) values ('a', 'و')")
        found(3, at)
        found(7, at)
        next_day = at + timedelta(days=1)
        assert links.new_on(db, "a", at.date()) == counted
        assert links.new_on(db, "a", next_day.date()) == links.new_on(db, "b", at.date()) == 0
        found(8, next_day)
        assert links.new_on(db, "a", next_day.date()) == counted // 7
