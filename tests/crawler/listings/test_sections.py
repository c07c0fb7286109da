"""Section pages become links: their articles, the next page, the listings they announce."""

import time
from contextlib import nullcontext

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


HEADLINES = [
    "مجلس المدينة يقر موازنة العام المقبل",
    "إعادة فتح الطريق الساحلي أمام السيارات",
    "ارتفاع أسعار الخضار في أسواق الجملة",
    "فريق المدينة يفوز بكأس الجمهورية",
]
ADDRESSES = [  # none has three digits or three hyphens
    [f"/article/{word}-news" for word in ("syria", "iraq", "cairo", "tunis")],
    [f"/a/{short}" for short in ("AbCdEf", "GhIjKl", "MnOpQr", "StUvWx")],
    [f"/خبر-{word}" for word in ("عاجل", "محلي", "مهم", "جديد")],
    [f"/?p={number}" for number in (12, 13, 14, 15)],
    [f"/index.php?id={number}&lang=ar" for number in (12, 13, 14, 15)],
    [f"/news/{number}/title" for number in (12, 13, 14, 15)],
    [f"/{short}" for short in ("x1", "y2", "z3", "q4")],
]
CARDS = [  # {0} is the address, {1} the headline
    "<article><a href='{0}'><img src='x'></a><h3><a href='{0}'>{1}</a></h3><p>مقدمة</p></article>",
    "<div class='card c1'><a href='{0}'><img src='x'><h2>{1}</h2><p>مقدمة الخبر</p></a></div>",
    "<li class='item'><a href='{0}'>{1}</a> <span>قبل ساعة</span></li>",
    "<div class='box'><h4>{1}</h4><p>مقدمة</p><a href='{0}'>اقرأ المزيد</a></div>",
    "<tr><td><a href='/tag/x'>وسم</a></td><td class='t'><a href='{0}'>{1}</a></td></tr>",
    "<div class='pic'><a href='{0}'><img src='x' alt='{1}'></a></div>",
    "<div><a href='/category/x'>سياسة</a><h2>{1}</h2><a href='{0}#more'>المزيد</a></div>",
]
FURNITURE = """<header><a href="/">الرئيسية</a><ul class="main-menu">
<li><a href="/politics">سياسة</a><li><a href="/economy">اقتصاد</a>
<li><a href="/sport">رياضة</a></ul></header>
<h2><a href="/economy">المزيد من أخبار الاقتصاد اليوم</a></h2>
<div class="tags"><a href="/tag/aleppo">حلب</a>
<a href="/author/ali">بقلم علي الحسن مراسل الصحيفة</a><a href="/login">تسجيل الدخول</a></div>{cards}
<div class="side"><a href="/poll">استطلاع</a>
<a href="/magazine.pdf">العدد الأسبوعي من المجلة كاملا</a></div>
<footer><a href="/privacy">سياسة الخصوصية وشروط الاستخدام</a>
<a href="/team">هيئة التحرير</a></footer>"""


@pytest.mark.parametrize("addresses", ADDRESSES)
@pytest.mark.parametrize("card", CARDS)
def test_a_page_shows_by_its_blocks_what_its_articles_are(card, addresses):
    cards = "".join(map(card.format, addresses, HEADLINES))
    found = list(section(FURNITURE.format(cards=cards).encode(), "https://x.example/"))
    assert [link.url.removeprefix("https://x.example") for link in found] == addresses
    titles = [link.title or "" for link in found]
    assert titles in (HEADLINES, ["اقرأ المزيد"] * 4, ["المزيد"] * 4, [""] * 4) or all(
        title.startswith(headline) for title, headline in zip(titles, HEADLINES, strict=True)
    )


def test_one_headline_is_enough():
    body = "<h1><a href='/lead'>مجلس المدينة يقر موازنة العام</a></h1><p><a href='/x'>هنا</a></p>"
    assert [link.url for link in section(body.encode(), AT)] == ["https://x.example/lead"]


def test_where_articles_have_numbers_others_have_none():
    lists = "".join(f"<li><a href='/news/{n}001'>{HEADLINES[0]} {n}</a></li>" for n in range(10))
    body = f"<ul>{lists}<li><a href='/games'>لعبة الكلمات المتقاطعة اليومية</a></li></ul>"
    assert [link.url[-9:] for link in section(body.encode(), AT)] == [
        f"news/{n}001" for n in range(10)
    ]


@pytest.mark.parametrize(("articles", "kept"), [(12, False), (3, True)])
def test_of_menus_nothing_is_listed_where_a_page_shows_many_articles(articles, kept):
    cards = "".join(
        f"<h2><a href='/news/{n}001'>{HEADLINES[0]} {n}</a></h2>" for n in range(articles)
    )
    body = (
        f"<nav><a href='/file/1234'>ملفات</a><a href='/news/9999'>{HEADLINES[1]}</a></nav>{cards}"
    )
    found = {link.url.removeprefix("https://x.example") for link in section(body.encode(), AT)}
    assert ("/file/1234" in found, "/news/9999" in found, len(found)) == (
        kept,
        True,
        articles + 1 + kept,
    )


def test_every_link_of_the_site_is_listed_where_patterns_choose():
    body = (
        b"<nav><a href='/a'>x</a></nav><a href='//sub.x.example/b#c'>y</a><a href='//y.example/'>z"
    )
    found = [link.url for link in section(body, AT, every=True)]
    assert found == ["https://x.example/a", "https://sub.x.example/b"]


SHELLS = [
    ("<div id='root'></div><script src='a.js'></script>", True),
    (
        "<noscript>Enable it</noscript><div id='__next'><p>Loading…</p></div><script>x</script>",
        True,
    ),
    ("<div id='app'></div>", False),
    (f"<div id='app'>{'كلمة ' * 40}</div><script>x</script>", False),
    ("<div id='app'><a href='/news/1234'>خبر</a></div><script>x</script>", False),
]


@pytest.mark.parametrize(("body", "is_shell"), SHELLS)
def test_a_page_that_its_scripts_write_says_so(body, is_shell):
    found = section(f"<html><body>{body}</body></html>".encode(), AT)
    with pytest.raises(NotAListing, match="render = true") if is_shell else nullcontext():
        list(found)


def test_a_page_of_headings_takes_no_time():
    body = f"<div>{f'<h2>{HEADLINES[0]}</h2><time datetime=2020-11-12></time>' * 3_000}".encode()
    began = time.process_time()
    assert len(list(section(body + b"<a href='/x'>x</a>" * 3_000, AT))) < 2
    assert time.process_time() - began < 5
