"""Feeds of every version and make become links; what is not a feed says so."""

import json

import pytest

from archive.models import Kind, Link
from crawler.errors import NotAListing
from crawler.listings import feeds
from crawler.listings.feeds import feed
from tests.crawler.listings.entities import BOMB, external

AT = "https://x.example/ar/list/"
JSON_AT = "https://x.example/feed.json"


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
    assert list(feed(body.encode(), AT)) == [link]


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
    (link,) = feed(rss(item, head=head).encode("cp1256"), AT, header)
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
    assert [link.url for link in feed(body.encode(), AT)] == expected


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
    (link,) = feed(rss(item).encode(), AT)
    assert link.title == title


def test_an_empty_date_is_no_date_and_no_warning():
    (link,) = feed(rss(f"<item><link>{ONE}</link><pubDate></pubDate></item>").encode(), AT)
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
    with pytest.raises(NotAListing, match=r"not an RSS, Atom or JSON feed|not readable JSON"):
        list(feed(body, AT))


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
    assert len(list(feed(body.encode(), AT))) == 50


def test_entities_in_feeds_are_inert(tmp_path):
    (tmp_path / "secret").write_text("hush", "utf-8")
    item = f"<item><title>&a9;&e;</title><link>{ONE}</link></item>"
    for head in (BOMB, external(tmp_path / "secret")):
        found = list(feed(rss(item, head=head).encode(), AT))
        assert [link.url for link in found] == [ONE]
        assert "hush" not in str(found)
        assert len(str(found)) < 1000


def test_a_feed_names_the_page_that_continues_it():
    page = RSS_20.replace(
        "<channel>",
        "<channel><atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='?paged=2'/>",
    )
    last = list(feed(page.encode(), AT))[-1]
    assert last == Link(url="https://x.example/ar/list/?paged=2", kind=Kind.FEED)


ITEM = {
    "id": "7",
    "url": ONE,
    "title": "خبر &amp; آخر",
    "content_html": "<p>نص</p>",
    "summary": "موجز",
    "date_published": "2020-11-12T09:00:00+02:00",
    "date_modified": "2020-11-12T10:00:00+02:00",
}
JSON_LINK = Link(
    url=ONE,
    title="خبر & آخر",
    summary="موجز",
    published="2020-11-12T09:00:00+02:00",
    modified="2020-11-12T10:00:00+02:00",
)


def json_feed(*items, version="https://jsonfeed.org/version/1.1", **more):
    text = json.dumps({"version": version, "title": "ص", "items": items} | more, ensure_ascii=False)
    return list(feed(text.encode(), JSON_AT, "application/feed+json"))


def test_hints_of_both_versions_of_json_feed():
    assert json_feed(ITEM) == [JSON_LINK]
    first = json_feed(ITEM | {"author": {"name": "سلمى"}}, version="https://jsonfeed.org/version/1")
    assert first[0].author == "سلمى"
    second = json_feed(ITEM | {"authors": [{"name": "سلمى"}, {"url": "x"}, {"name": "علي"}]})
    assert second[0].author == "سلمى، علي"


def test_the_newspaper_is_not_its_articles_author():
    assert json_feed(ITEM, authors=[{"name": "الصحيفة"}])[0].author is None


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
def test_json_items_as_they_are_written(item, wanted):
    assert [link.url for link in json_feed(item)] == wanted


def test_the_next_page_of_a_json_feed_comes_last():
    assert json_feed(ITEM, next_url="?page=2")[1:] == [
        Link(url="https://x.example/feed.json?page=2", kind=Kind.FEED)
    ]


def test_a_byte_order_mark_and_white_space_are_no_matter():
    body = "\ufeff\n " + json.dumps({"items": [ITEM]})
    assert list(feed(body.encode(), JSON_AT)) == [JSON_LINK]


@pytest.mark.parametrize("body", ["{", '{"items": 1}', "{}", "[]", '{"items": [', "{" * 100_000])
def test_what_is_not_a_json_feed_says_so(body):
    with pytest.raises(NotAListing, match=r"JSON"):
        list(feed(body.encode(), JSON_AT, "application/json"))


@pytest.mark.parametrize(
    ("entry", "body"),
    [
        ("<item><title>خبر</title><link>https://x.example/{}</link></item>", rss("{}")),
        (
            "<entry><title>خبر</title><link href='/{}'/></entry>",
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>ص</title>{}</feed>",
        ),
        ("<item><title>خبر</title><link>https://x.example/{}</link>", rss("{}")),
    ],
)
def test_of_a_feed_without_end_the_first_items_are_read(monkeypatch, entry, body):
    monkeypatch.setattr(feeds, "MOST_ITEMS", 3)
    text = body.format("".join(entry.format(number) for number in range(9)))
    found = [link.url for link in feed(text.encode(), AT)]
    assert found == [f"https://x.example/{number}" for number in range(3)]


def test_what_continues_a_feed_without_end_may_stand_behind_its_items(monkeypatch):
    monkeypatch.setattr(feeds, "MOST_ITEMS", 1)
    more = "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='?p=2'/>"
    item = f"<item><link>{ONE}</link></item>"
    found = list(feed(rss(item * 5 + more).encode(), AT))
    assert [link.url for link in found] == [ONE, f"{AT}?p=2"]


ORIGINALS = [  # the address of an item as FeedBurner keeps it: the item's address
    ("https://x.example/first", "https://x.example/first"),
    ("/first", "https://x.example/first"),
    ("", "https://feeds.example/~r/x/~3/abc/"),
    ("javascript:x", "https://feeds.example/~r/x/~3/abc/"),
]


@pytest.mark.parametrize(("written", "expected"), ORIGINALS)
def test_an_item_of_feedburner_has_its_own_address(written, expected):
    body = (
        "<rss xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'><channel><item>"
        "<title>خبر</title><link>https://feeds.example/~r/x/~3/abc/</link>"
        f"<feedburner:origLink>{written}</feedburner:origLink></item></channel></rss>"
    )
    assert [link.url for link in feed(body.encode(), "https://x.example/feed")] == [expected]
