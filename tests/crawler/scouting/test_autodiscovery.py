"""Where a site may list its articles: robots.txt and usual addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.records import Kind
from crawler.scouting.autodiscovery import (
    absolute,
    in_robots,
    of_articles,
    usual_api,
    usual_feeds,
    usual_sitemaps,
)

HOME = "https://x.example/robots.txt"

ROBOTS = [
    ("", []),
    ("User-agent: *\nDisallow: /", []),
    ("Sitemap: https://x.example/a.xml", ["https://x.example/a.xml"]),
    ("sitemap:https://x.example/a.xml\r\nSITEMAP :  /b.xml\r\n", ["/a.xml", "/b.xml"]),
    ("User-agent: *\nSitemap: https://x.example/a.xml\nDisallow: /x", ["/a.xml"]),
    ("Sitemap: /a.xml\nSitemap: /a.xml", ["/a.xml"]),
    ("# Sitemap: /a.xml", []),
    ("Sitemap: ftp://x.example/a.xml\nSitemap: javascript:1\nSitemap: http://[x/a", []),
    # Those with articles come first, those without are left out.
    ("Sitemap: /images.xml\nSitemap: /main.xml\nSitemap: /news.xml", ["/news.xml", "/main.xml"]),
    ("Sitemap: /category-sitemap.xml\nSitemap: /post-sitemap1.xml", ["/post-sitemap1.xml"]),
    ("Sitemap: /image-sitemap.xml", ["/image-sitemap.xml"]),  # better than nothing
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ROBOTS)
def test_sitemaps_of_a_robots_txt(text, expected):
    found = in_robots(text, HOME)
    assert [one.url.removeprefix("https://x.example") for one in found] == [
        url.removeprefix("https://x.example") for url in expected
    ]
    assert {(one.kind, one.how) for one in found} <= {(Kind.SITEMAP, "named in robots.txt")}


@given(st.text())
def test_no_robots_txt_raises(text):
    assert all(one.url.startswith("http") for one in in_robots(text, HOME))


def test_sitemaps_that_list_other_things_come_last_or_not_at_all():
    names = ("author-sitemap.xml", "post_tag-sitemap.xml", "page-sitemap.xml", "video.xml")
    others = [f"https://x.example/{name}" for name in names]
    article = "https://x.example/sitemap-2020-11.xml"
    assert of_articles([*others, article]) == [article]
    assert of_articles(others) == others  # better than nothing, in their own order


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
