"""Section pages become links: their articles, the next page, the listings they announce."""

import pytest

from archive.clock import system
from archive.models import Capture, Kind, Link
from crawler.errors import NotAListing
from crawler.listings import wordpress
from crawler.listings.follow import links
from crawler.listings.sections import section

AT = "https://x.example/ar/list/"


PAGE = """<!DOCTYPE html><html><head><meta charset="{charset}">{base}</head><body>
<nav><a href="/">الرئيسية</a><a href="/%D8%A7%D9%82%D8%AA%D8%B5%D8%A7%D8%AF/">اقتصاد</a>
<a href="mailto:a@x.example">راسلنا</a><a href="javascript:void(0)">x</a><a>y</a></nav>
<a href="2020/11/12/خبر">  خبر
 أول </a><a href="/news/مجلس-الأمن-يعقد-جلسة"><h2>ثان</h2></a><a href="story.aspx?id=1234">ثالث</a>
<a href="https://other.example/2020/11/12/1">غيرنا</a><a href="//www.x.example/news/777">رابع</a>
<a href="http://[x/123">معطوب</a><a href="2020/11/12/خبر">مكرر</a></body></html>"""
FOUND = [
    ("https://x.example/ar/list/2020/11/12/خبر", "خبر أول"),
    ("https://x.example/news/مجلس-الأمن-يعقد-جلسة", "ثان"),
    ("https://x.example/ar/list/story.aspx?id=1234", "ثالث"),
    ("https://www.x.example/news/777", "رابع"),
]


@pytest.mark.parametrize(
    ("charset", "encoding", "header"),
    [
        ("utf-8", "utf-8", "text/html"),
        ("windows-1256", "cp1256", "text/html"),
        ("utf-8", "cp1256", 'text/html; charset="windows-1256"'),
        ("utf-8", "utf-8", "text/html; charset=nonsense; x=y"),
    ],
)
def test_a_section_page_lists_its_articles(charset, encoding, header):
    body = PAGE.format(charset=charset, base="").encode(encoding)
    found = [(link.url, link.title) for link in section(body, AT, header)]
    assert found == FOUND


def test_the_words_of_a_link_are_its_title_wherever_its_picture_stands():
    body = b"<a href='/news/1234'><img src='x'></a><a href='/news/1234'>Story</a>"
    (link,) = section(body, AT)
    assert link == Link(url="https://x.example/news/1234", title="Story")


CARD = """<div class="list">
<div class="card"><a href="/s/politics">س</a><a href="/news/1001"><img></a><div>
<time datetime="2020-11-12T08:00:00Z">اليوم</time></div><h3><a href="/news/1001">أول</a></h3></div>
<div class="card"><h3><a href="/news/1002">ثان</a></h3></div>
<div class="card"><h3><a href="/news/1003">ثالث</a></h3><time datetime="2020-11-10"></time>
<time datetime="2020-11-11"></time></div></div><time datetime="2020-11-13">اليوم</time>"""


def test_the_date_of_a_card_is_that_of_its_article_alone():
    found = [(link.url[-4:], link.published) for link in section(CARD.encode(), AT)]
    assert found == [("1001", "2020-11-12T08:00:00Z"), ("1002", None), ("1003", None)]


NEXT_PAGES = [
    ("<a rel='next' href='/list/older'>x</a>", "https://x.example/list/older"),
    ("<link rel='next' href='?start=20'>", "https://x.example/ar/list/?start=20"),
    ("<a href='?offset=20'>التالي »</a>", "https://x.example/ar/list/?offset=20"),
    ("<a href='?offset=20'>الصفحة التالية</a>", "https://x.example/ar/list/?offset=20"),
    ("<a href='?page=3'>3</a><a href='?page=2'>2</a>", "https://x.example/ar/list/?page=2"),
    ("<a rel='next' href='#'>x</a>", None),
    ("<a rel='next' href='https://other.example/2'>x</a>", None),
    ("<a href='/about'>التالي من أخبارنا</a>", None),
]


@pytest.mark.parametrize(("markup", "wanted"), NEXT_PAGES)
def test_the_page_that_continues_a_section(markup, wanted):
    body = f"<a href='/news/1234'>خبر</a>{markup}".encode()
    pages = [link.url for link in section(body, AT) if link.kind is Kind.SECTION]
    assert pages == ([wanted] if wanted else [])


HEAD = """<head><link rel="alternate" type="application/rss+xml" href="/feed/">
<link rel="alternate" type="application/atom+xml" href="https://x.example/atom.xml">
<link rel="alternate" type="application/feed+json" href="/feed.json">
<link rel="alternate" type="application/rss+xml" href="/comments/feed/">
<link rel="alternate" type="application/rss+xml" href="https://other.example/feed">
<link rel="alternate" hreflang="en" href="/en/"><link rel="stylesheet" href="/feed.css">
<link rel="https://api.w.org/" href="https://x.example/wp-json/"></head><p>x"""


def test_a_page_announces_its_feeds_and_its_interface():
    page = Capture(
        url=AT, publisher="x", kind=Kind.SECTION, fetched_at=system(), status=200,
        body=HEAD.encode(),
    )  # fmt: skip
    assert [(link.kind, link.url) for link in links(page, announced=True)] == [
        (Kind.FEED, "https://x.example/feed/"),
        (Kind.FEED, "https://x.example/atom.xml"),
        (Kind.FEED, "https://x.example/feed.json"),
        (
            Kind.API,
            wordpress.listing("https://x.example/wp-json/wp/v2/posts"),
        ),
    ]


def test_a_base_address_moves_relative_links():
    base = '<base href="/archive/">'
    body = PAGE.format(charset="utf-8", base=base).encode()
    assert next(section(body, AT)).url == "https://x.example/archive/2020/11/12/خبر"


@pytest.mark.parametrize("body", [b"", b"  ", b"<!-- -->"])
def test_an_empty_page_is_no_section(body):
    with pytest.raises(NotAListing):
        list(section(body, AT))
