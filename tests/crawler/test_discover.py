"""Listings of every make become links; what is no listing says so, and nothing explodes."""

import gzip
import resource
import sys
import tracemalloc
from contextlib import suppress
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.clock import system
from archive.records import Capture, Kind, Link
from crawler import discover
from crawler.discover import NotAListing
from crawler.listings import wordpress
from crawler.listings.sections import announced
from crawler.listings.xmlstream import XmlStream

AT = "https://x.example/ar/list/"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


def rss(items, version="2.0", head="<?xml version='1.0' encoding='UTF-8'?>"):
    return f"{head}<rss version='{version}'><channel><title>ص</title>{items}</channel></rss>"


RSS_091 = rss("<item><title>خبر</title><link>https://x.example/1</link></item>", "0.91")
RSS_10 = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
  xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://x.example/"><title>ص</title></channel>
<item rdf:about="https://x.example/1"><title>خبر</title><link>https://x.example/1</link>
<dc:date>2020-11-12T09:00:00+02:00</dc:date><dc:creator>سلمى</dc:creator></item></rdf:RDF>"""
RSS_20 = rss(
    "<item><title>خبر</title><link>https://x.example/1</link>"
    "<pubDate>Thu, 12 Nov 2020 09:00:00 +0200</pubDate><description>موجز</description></item>"
)
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>ص</title>
<entry><title type="html">&lt;b&gt;خبر&lt;/b&gt;</title><link rel="alternate" href="/1"/>
<updated>2020-11-12T09:00:00Z</updated><author><name>سلمى</name></author>
<summary>موجز</summary></entry></feed>"""
ATOM_03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>ص</title>
<entry><title>خبر</title><link rel="alternate" href="/1"/><author><name>سلمى</name></author>
<issued>2020-11-11</issued><modified>2020-11-12</modified></entry></feed>"""
RSS_090 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>ص</title></channel>
<item><title>خبر</title><link>https://x.example/1</link></item></rdf:RDF>"""
ONE = "https://x.example/1"

FEEDS = [
    ("rss-0.91", RSS_091, Link(url=ONE, title="خبر")),
    (
        "rss-1.0",
        RSS_10,
        Link(url=ONE, title="خبر", published="2020-11-12T09:00:00+02:00", author="سلمى"),
    ),
    (
        "rss-2.0",
        RSS_20,
        Link(url=ONE, title="خبر", published="Thu, 12 Nov 2020 09:00:00 +0200", summary="موجز"),
    ),
    (
        "atom",
        ATOM,
        Link(
            url=ONE,
            title="خبر",
            modified="2020-11-12T09:00:00Z",  # nothing says when it was published
            author="سلمى",
            summary="موجز",
        ),
    ),
    (
        "atom with both dates",
        ATOM.replace("<updated>", "<published>2020-11-11T09:00:00Z</published><updated>"),
        Link(
            url=ONE,
            title="خبر",
            published="2020-11-11T09:00:00Z",
            modified="2020-11-12T09:00:00Z",
            author="سلمى",
            summary="موجز",
        ),
    ),
    (
        "atom-0.3",
        ATOM_03,
        Link(url=ONE, title="خبر", published="2020-11-11", author="سلمى", modified="2020-11-12"),
    ),
    ("rss-0.90", RSS_090, Link(url=ONE, title="خبر")),
    (
        "rss-0.92",
        rss("<item><title>خبر</title><link>https://x.example/1</link></item>", "0.92"),
        Link(url=ONE, title="خبر"),
    ),
    (
        "rss without a version",
        RSS_20.replace(" version='2.0'", "").replace("<description>موجز</description>", ""),
        Link(url=ONE, title="خبر", published="Thu, 12 Nov 2020 09:00:00 +0200"),
    ),
]


@pytest.mark.parametrize(("body", "link"), [case[1:] for case in FEEDS], ids=lambda case: "")
def test_feeds_of_every_version(body, link):
    assert list(discover.feed(body.encode(), AT)) == [link]


@pytest.mark.parametrize(
    ("declared", "header"),
    [
        ("windows-1256", "application/rss+xml"),
        ("windows-1256", "text/xml; charset=windows-1256"),
        (None, "text/xml; charset=windows-1256"),
        (None, None),
        ("UTF-8", "text/xml; charset=utf-8"),  # both lie
        ("nonsense", 'text/xml; charset="nonsense"'),
    ],
)
def test_feeds_in_windows_1256_whatever_they_say(declared, header):
    head = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    title = "مجلس الأمن يناقش الأوضاع الإنسانية في المنطقة"
    item = f"<item><title>{title}</title><link>{ONE}</link></item>"
    (link,) = discover.feed(rss(item, head=head).encode("cp1256"), AT, header)
    assert link.title == title


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # text before the declaration, an unknown entity, a bare ampersand, a lost end
        ("\n\n" + RSS_20, [ONE]),
        ("<br />\n<b>Warning</b>: include() failed in <b>x.php</b><br />\n" + RSS_20, [ONE]),
        ("<script>var a = 1;</script><!-- cache -->" + RSS_20, [ONE]),
        (RSS_20.replace("</item>", ""), [ONE]),
        (RSS_20.replace("<title>خبر</title>", "<title>خبر<b></title>"), [ONE]),
        (RSS_20.replace("خبر", "خبر &nbsp; آخر"), [ONE]),
        (RSS_20.replace("خبر", "س & ص"), [ONE]),
        (RSS_20[: RSS_20.index("</channel>")], [ONE]),
        (RSS_20.replace("/1</link>", "/?p=1&amp;q=2</link>"), ["https://x.example/?p=1&q=2"]),
        (RSS_20.replace(ONE, " /ar/1\n"), ["https://x.example/ar/1"]),
        (RSS_20.replace(ONE, "2/"), ["https://x.example/ar/list/2/"]),
        (RSS_20.replace(ONE, "https://x.example/سياسة/1"), ["https://x.example/سياسة/1"]),
        (RSS_20.replace(f"<link>{ONE}</link>", f"<guid>{ONE}</guid>"), [ONE]),
        (RSS_20.replace(f"<link>{ONE}</link>", "<guid isPermaLink='false'>7</guid>"), []),
        (RSS_20.replace(f"<link>{ONE}</link>", "<link></link>"), []),
        (RSS_20.replace(ONE, "http://[broken/1"), []),
        (RSS_20.replace(ONE, "javascript:alert(1)"), []),
        (RSS_20.replace(ONE, "mailto:me@x.example"), []),
        (rss(""), []),
    ],
)
def test_links_of_malformed_and_careless_feeds(body, expected):
    assert [link.url for link in discover.feed(body.encode(), AT)] == expected


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("<![CDATA[خبر <b>عاجل</b>]]>", "خبر عاجل"),
        ("<![CDATA[&#8220;خبر&#8221; &amp; غيره]]>", "“خبر” & غيره"),
        ("&lt;b&gt;خبر&lt;/b&gt;", "خبر"),
        ("&amp;quot;خبر&amp;quot;", '"خبر"'),
        ("خبر\n   على سطرين", "خبر على سطرين"),
        ("<![CDATA[<b>خبر]]>", "خبر"),
        ("  ", None),
        ("<![CDATA[<!-- -->]]>", None),
    ],
)
def test_html_in_titles_becomes_text(written, title):
    item = f"<item><title>{written}</title><link>{ONE}</link></item>"
    (link,) = discover.feed(rss(item).encode(), AT)
    assert link.title == title


def test_an_empty_date_is_no_date_and_no_warning():
    (link,) = discover.feed(rss(f"<item><link>{ONE}</link><pubDate></pubDate></item>").encode(), AT)
    assert link.published is None


NOT_FEEDS = [
    b"",
    b"   ",
    b"\x00\xff\xfe",
    b"{}",
    b"<html><body>hello</body></html>",
    b"<!DOCTYPE html><p>x",
    b"<urlset/>",
]


@pytest.mark.parametrize("body", NOT_FEEDS)
def test_what_is_no_feed_says_so(body):
    with pytest.raises(NotAListing, match=r"no RSS, Atom or JSON feed|no readable JSON"):
        list(discover.feed(body, AT))


def test_a_feed_with_whole_articles_is_read():
    text = "<p>قال <a href='/tag/x' class='q'>مصدر</a> إن <b>الوضع</b> هادئ.</p>" * 300
    items = "".join(
        f"<item><title>{n}</title><link>{ONE}{n}</link><content:encoded><![CDATA[{text}]]>"
        "</content:encoded></item>"
        for n in range(50)
    )
    body = rss(items).replace(
        "<rss", "<rss xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    )
    assert len(list(discover.feed(body.encode(), AT))) == 50


BOMB = "<!DOCTYPE x [<!ENTITY a0 'aaaaaaaaaa'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
)


def external(path):
    return f"<!DOCTYPE x [<!ENTITY e SYSTEM '{path.as_uri()}'>]>"


def test_entities_in_feeds_are_inert(tmp_path):
    (tmp_path / "secret").write_text("hush", "utf-8")
    item = f"<item><title>&a9;&e;</title><link>{ONE}</link></item>"
    for head in (BOMB, external(tmp_path / "secret")):
        found = list(discover.feed(rss(item, head=head).encode(), AT))
        assert [link.url for link in found] == [ONE]
        assert "hush" not in str(found)
        assert len(str(found)) < 1000


def urlset(*entries, head=""):
    return f'{head}<urlset xmlns="{SITEMAP}" xmlns:news="{NEWS}">{"".join(entries)}</urlset>'


def entry(loc, rest=""):
    return f"<url><loc>{loc}</loc>{rest}</url>"


def urls(body):
    body = body.encode() if isinstance(body, str) else body
    return [link.url for link in discover.sitemap(body, AT)]


def test_a_sitemap_index_lists_sitemaps_with_their_dates():
    body = f"""<?xml version="1.0" encoding="UTF-8"?><sitemapindex xmlns="{SITEMAP}">
    <sitemap><loc>https://x.example/1.xml</loc><lastmod>2020-11-12</lastmod></sitemap>
    <sitemap><loc>https://x.example/2.xml.gz</loc></sitemap></sitemapindex>"""
    assert list(discover.sitemap(body.encode(), AT)) == [
        Link(url="https://x.example/1.xml", kind=Kind.SITEMAP, published="2020-11-12"),
        Link(url="https://x.example/2.xml.gz", kind=Kind.SITEMAP),
    ]


def test_a_news_sitemap_gives_title_and_date():
    news = (
        "<news:news><news:publication><news:name>ص</news:name></news:publication>"
        "<news:publication_date>2020-11-12T09:00:00+02:00</news:publication_date>"
        "<news:title>خبر &amp; آخر</news:title></news:news>"
    )
    image = "<image:image xmlns:image='http://i/'><image:loc>https://x.example/i.jpg</image:loc></image:image>"
    assert list(discover.sitemap(urlset(entry(ONE, image + news)).encode(), AT)) == [
        Link(url=ONE, title="خبر & آخر", published="2020-11-12T09:00:00+02:00")
    ]


def test_a_page_of_a_sitemap_tells_when_it_was_changed():
    (link,) = discover.sitemap(urlset(entry(ONE, "<lastmod> 2020-11-12 </lastmod>")).encode(), AT)
    assert link == Link(url=ONE, modified="2020-11-12")


def test_a_feed_of_pictures_is_no_sitemap():
    body = RSS_20.replace("<title>ص</title>", "<image><url>https://x.example/i.png</url></image>")
    with pytest.raises(NotAListing, match="no sitemap"):
        urls(body)


def test_a_line_without_end_is_no_text_sitemap():
    with pytest.raises(NotAListing, match="breaks"):
        urls(f"{ONE}\n" + "x" * 200_000)


def test_fifty_thousand_lines_stream():
    body = gzip.compress("".join(f"{ONE}/{n}\n" for n in range(50_000)).encode(), mtime=0)
    tracemalloc.start()
    assert sum(1 for _ in discover.sitemap(body, AT)) == 50_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (urlset(entry(ONE)), [ONE]),
        (f"{ONE}\n", [ONE]),
        (
            f"\ufeff{ONE}\r\n\r\n  https://x.example/خبر?a=1&b=2  \r\nno address\r\n{ONE}/x",
            [ONE, "https://x.example/خبر?a=1&b=2", ONE + "/x"],
        ),
        (gzip.compress(f"{ONE}\n{ONE}/2\n".encode(), mtime=0), [ONE, ONE + "/2"]),
        (gzip.compress(urlset(entry(ONE)).encode(), mtime=0), [ONE]),
        (urlset(), []),
        (f"<urlset>{entry(ONE)}</urlset>", [ONE]),
        ("\n\n<?xml version='1.0'?>" + urlset(entry(ONE)), [ONE]),
        ("\ufeff" + urlset(entry(ONE)), [ONE]),
        (urlset(entry(f"\n  {ONE}  \n")), [ONE]),
        (urlset(entry("/ar/1")), ["https://x.example/ar/1"]),
        (urlset(entry("https://x.example/?a=1&amp;b=2")), ["https://x.example/?a=1&b=2"]),
        (urlset(entry("https://x.example/?a=1&b=2")), ["https://x.example/?a=1&b=2"]),
        (urlset(entry("<![CDATA[https://x.example/?a=1&b=2]]>")), ["https://x.example/?a=1&b=2"]),
        (urlset(entry("https://x.example/سياسة")), ["https://x.example/سياسة"]),
        (urlset(entry(ONE, "<title>a\x0bb</title>")), [ONE]),
        (urlset(entry(""), entry("http://[x/"), entry("ftp://x.example/"), "<url/>"), []),
        (urlset(entry(ONE)).encode("utf-16"), [ONE]),
    ],
)
def test_sitemaps_as_they_are_written(body, expected):
    assert urls(body) == expected


@pytest.mark.parametrize(
    "broken",
    [
        urlset(entry(ONE), entry("https://x.example/2"))[:-9],  # no end
        urlset(entry(ONE), "<url><loc>https://x.exam"),
        urlset(entry(ONE), "<url><loc></x></url></foo>", entry("https://x.example/3")),
        gzip.compress(urlset(entry(ONE), *map(entry, range(9))).encode(), mtime=0)[:-12],
    ],
)
def test_what_came_before_a_break_is_kept(broken):
    body = broken if isinstance(broken, bytes) else broken.encode()
    links = discover.sitemap(body, AT)
    found: list[str] = []
    with pytest.raises(NotAListing):
        found.extend(link.url for link in links)
    assert all(url.startswith("https://x.example/") for url in found)
    assert isinstance(broken, bytes) or found[0] == ONE
    assert "https://x.exam" not in found


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"\x00\x01", b"\x1f\x8bnot gzip", *NOT_FEEDS[3:6], RSS_20],
)
def test_what_is_no_sitemap_says_so(body):
    with pytest.raises(NotAListing, match="no sitemap"):
        urls(body)


def test_entities_in_sitemaps_are_inert(tmp_path):
    (tmp_path / "secret").write_text("hush", "utf-8")
    for head in (BOMB, external(tmp_path / "secret")):
        found = urls(urlset(entry(f"{ONE}/&a9;&e;"), entry(ONE), head=head))
        assert found[-1] == ONE
        assert "hush" not in str(found)
        assert len(str(found)) < 200


@pytest.mark.slow
def test_a_hundred_thousand_addresses_stream():
    body = gzip.compress(urlset(*(entry(f"{ONE}/{n}") for n in range(100_000))).encode(), mtime=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in discover.sitemap(body, AT)) == 100_000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000 * (1024 if sys.platform == "darwin" else 1)  # libxml2's part: 60 MB whole
    tracemalloc.start()
    assert sum(1 for _ in islice(discover.sitemap(body, AT), 20_000)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_packed_bomb_ends_at_its_limit():
    stream = XmlStream(gzip.compress(b"<a>" + b" " * 1_000_000, mtime=0), limit=200_000)
    with pytest.raises(OSError, match="larger"):
        list(iter(stream.read, b""))


@given(st.lists(st.sampled_from(["&", "&amp;", "&#8220;", "&nbsp;", "x" * 70_000, "<a/>", "é"])))
def test_pieces_of_a_stream_join_to_the_escaped_whole(parts):
    body = "".join(parts).encode()
    stream, got = XmlStream(body), b""
    while piece := stream.read():
        got += piece
    assert got.replace(b"&amp;", b"&") == body.replace(b"&amp;", b"&")
    assert b"&nbsp;" not in got


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
    found = [(link.url, link.title) for link in discover.section(body, AT, header)]
    assert found == FOUND


def test_the_words_of_a_link_are_its_title_wherever_its_picture_stands():
    body = b"<a href='/news/1234'><img src='x'></a><a href='/news/1234'>Story</a>"
    (link,) = discover.section(body, AT)
    assert link == Link(url="https://x.example/news/1234", title="Story")


CARD = """<div class="list">
<div class="card"><a href="/s/politics">س</a><a href="/news/1001"><img></a><div>
<time datetime="2020-11-12T08:00:00Z">اليوم</time></div><h3><a href="/news/1001">أول</a></h3></div>
<div class="card"><h3><a href="/news/1002">ثان</a></h3></div>
<div class="card"><h3><a href="/news/1003">ثالث</a></h3><time datetime="2020-11-10"></time>
<time datetime="2020-11-11"></time></div></div><time datetime="2020-11-13">اليوم</time>"""


def test_the_date_of_a_card_is_that_of_its_article_alone():
    found = [(link.url[-4:], link.published) for link in discover.section(CARD.encode(), AT)]
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
    pages = [link.url for link in discover.section(body, AT) if link.kind is Kind.SECTION]
    assert pages == ([wanted] if wanted else [])


HEAD = """<head><link rel="alternate" type="application/rss+xml" href="/feed/">
<link rel="alternate" type="application/atom+xml" href="https://x.example/atom.xml">
<link rel="alternate" type="application/feed+json" href="/feed.json">
<link rel="alternate" type="application/rss+xml" href="/comments/feed/">
<link rel="alternate" type="application/rss+xml" href="https://other.example/feed">
<link rel="alternate" hreflang="en" href="/en/"><link rel="stylesheet" href="/feed.css">
<link rel="https://api.w.org/" href="https://x.example/wp-json/"></head><p>x"""


def test_a_page_announces_its_feeds_and_its_interface():
    assert [(link.kind, link.url) for link in announced(HEAD.encode(), AT)] == [
        (Kind.FEED, "https://x.example/feed/"),
        (Kind.FEED, "https://x.example/atom.xml"),
        (Kind.FEED, "https://x.example/feed.json"),
        (
            Kind.API,
            wordpress.listing("https://x.example/wp-json/wp/v2/posts"),
        ),
    ]


def test_a_feed_names_the_page_that_continues_it():
    page = RSS_20.replace(
        "<channel>",
        "<channel><atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='?paged=2'/>",
    )
    last = list(discover.feed(page.encode(), AT))[-1]
    assert last == Link(url="https://x.example/ar/list/?paged=2", kind=Kind.FEED)


def test_a_base_address_moves_relative_links():
    base = '<base href="/archive/">'
    body = PAGE.format(charset="utf-8", base=base).encode()
    assert next(discover.section(body, AT)).url == "https://x.example/archive/2020/11/12/خبر"


@pytest.mark.parametrize("body", [b"", b"  ", b"<!-- -->"])
def test_an_empty_page_is_no_section(body):
    with pytest.raises(NotAListing):
        list(discover.section(body, AT))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.FEED, RSS_20),
        (Kind.SITEMAP, urlset(entry(ONE))),
        (Kind.SECTION, f"<a href='{ONE}23'>"),
        (Kind.API, f'[{{"link": "{ONE}"}}]'),
        (Kind.FEED, f'{{"items": [{{"url": "{ONE}"}}]}}'),
    ],
)
def test_a_capture_is_read_as_what_it_is(kind, body):
    capture = Capture(
        url=AT, publisher="x", kind=kind, fetched_at=system(), status=200, body=body.encode()
    )
    assert next(iter(discover.links(capture))).url.startswith(ONE)


@pytest.mark.parametrize(
    "read", [discover.feed, discover.sitemap, discover.section, discover.posts]
)
@given(
    body=st.binary()
    | st.text().map(str.encode)
    | st.text("<>&;/!?[] urlset='a").map(str.encode)
    | st.text('{}[]":,items0aul').map(str.encode)
)
def test_no_body_breaks_the_crawl(read, body):
    with suppress(NotAListing):
        assert all(link.url for link in read(body, AT))
