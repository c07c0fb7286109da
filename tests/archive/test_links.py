"""Addresses of one shape, by which traps are noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.links import shape

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
