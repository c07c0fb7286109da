"""Where a site may list its articles: robots.txt and usual addresses."""

import pytest

from archive.records import Kind
from crawler.discovery.site import (
    absolute,
    in_robots,
    usual_api,
    usual_feeds,
    usual_sitemaps,
)

HOME = "https://x.example/robots.txt"


def test_sitemaps_of_a_robots_txt_are_candidates():
    (found,) = in_robots("Sitemap: /a.xml\nSitemap: /a\u202eb.xml", HOME)
    assert (found.url, found.kind, found.how) == (
        "https://x.example/a.xml", Kind.SITEMAP, "named in robots.txt",
    )  # fmt: skip


USUAL = [
    ("https://x.example/", (), ["https://x.example/feed", "https://x.example/rss"]),
    ("https://x.example/ar", (), ["https://x.example/ar/feed", "https://x.example/ar/rss"]),
    ("https://x.example/index.php", (".php",), ["https://x.example/rss.php"]),
    ("https://x.example/Default.aspx", (".aspx",), ["https://x.example/rss.aspx"]),
]


@pytest.mark.parametrize(("home", "suffixes", "first"), USUAL)
def test_usual_feeds(home, suffixes, first):
    urls = [one.url for one in usual_feeds(home, suffixes)]
    assert urls[: len(first)] == first
    assert "https://x.example/rss.xml" in urls  # below the host as well
    assert len(urls) == len(set(urls))


def test_other_usual_addresses():
    assert "https://x.example/sitemap.xml" in [
        one.url for one in usual_sitemaps("https://x.example/ar")
    ]
    assert usual_api("https://x.example/").url == "https://x.example/wp-json/wp/v2/posts"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("/a#b", "https://x.example/a"),
        ("//y.example/a", "https://y.example/a"),
        (" a ", "https://x.example/a"),
        ("mailto:a@b.example", None),
        ("javascript:void(0)", None),
        ("http://[", None),
        ("http:///a", None),
        ("/a\N{RIGHT-TO-LEFT OVERRIDE}b", None),
    ],
)
def test_absolute(written, expected):
    assert absolute(written, "https://x.example/") == expected
