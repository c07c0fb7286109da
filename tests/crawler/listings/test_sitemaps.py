"""Sitemaps of every make become links, streaming; what is not a sitemap says so."""

import gzip
import resource
import sys
import time
import tracemalloc
from contextlib import suppress
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.models import Kind, Link
from crawler.errors import NotAListing
from crawler.listings.sitemaps import (
    LONGEST_GAP,
    in_robots,
    of_articles,
    pieces,
    sitemap,
    without,
)
from tests.crawler.listings.entities import BOMB, external

AT = "https://x.example/ar/list/"
ONE = "https://x.example/1"
ROBOTS_AT = "https://x.example/robots.txt"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
FEED = "<rss version='2.0'><channel><title>ص</title><item><title>خبر</title></item></channel></rss>"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


def urlset(*entries, head=""):
    return f'{head}<urlset xmlns="{SITEMAP}" xmlns:news="{NEWS}">{"".join(entries)}</urlset>'


def entry(loc, rest=""):
    return f"<url><loc>{loc}</loc>{rest}</url>"


def urls(body):
    body = body.encode() if isinstance(body, str) else body
    return [link.url for link in sitemap(body, AT)]


def test_a_sitemap_index_lists_sitemaps_with_their_dates():
    body = f"""<?xml version="1.0" encoding="UTF-8"?><sitemapindex xmlns="{SITEMAP}">
    <sitemap><loc>https://x.example/1.xml</loc><lastmod>2020-11-12</lastmod></sitemap>
    <sitemap><loc>https://x.example/2.xml.gz</loc></sitemap></sitemapindex>"""
    assert list(sitemap(body.encode(), AT)) == [
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
    assert list(sitemap(urlset(entry(ONE, image + news)).encode(), AT)) == [
        Link(url=ONE, title="خبر & آخر", published="2020-11-12T09:00:00+02:00")
    ]


def test_a_page_of_a_sitemap_tells_when_it_was_changed():
    (link,) = sitemap(urlset(entry(ONE, "<lastmod> 2020-11-12 </lastmod>")).encode(), AT)
    assert link == Link(url=ONE, modified="2020-11-12")


ITEM = f"<link>{ONE}</link><pubDate>Thu, 12 Nov 2020 09:00:00 GMT</pubDate>"
PICTURE = "<image><url>https://x.example/i.png</url></image>"
FEEDS = [
    FEED.replace("<title>خبر</title>", f"<title>خبر</title>{ITEM}"),
    FEED.replace("<title>ص</title>", PICTURE).replace(
        "<title>خبر</title>", f"<title>خبر</title>{ITEM}"
    ),
    f"""<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="/2"/><entry>
    <title>خبر</title><link href="{ONE}"/>
    <published>Thu, 12 Nov 2020 09:00:00 GMT</published></entry></feed>""",
    f"""{{"version": "https://jsonfeed.org/version/1.1", "next_url": "/2", "items": [
    {{"url": "{ONE}", "title": "خبر", "date_published": "Thu, 12 Nov 2020 09:00:00 GMT"}}]}}""",
]


@pytest.mark.parametrize("body", FEEDS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_feed_in_place_of_a_sitemap_is_read_as_a_feed(body, pack):
    wanted = Link(url=ONE, title="خبر", published="Thu, 12 Nov 2020 09:00:00 GMT")
    assert list(sitemap(pack(body.encode()), AT)) == [wanted]


def test_nothing_but_other_elements_is_not_held_in_memory():
    body = urlset(entry(ONE), "<x/>" * (LONGEST_GAP // 2))
    with pytest.raises(NotAListing, match="no entry"):
        urls(body)


def test_a_line_without_end_is_no_text_sitemap():
    with pytest.raises(NotAListing, match="breaks"):
        urls(f"{ONE}\n" + "x" * (LONGEST_GAP + 200_000))


def test_fifty_thousand_lines_stream():
    body = gzip.compress("".join(f"{ONE}/{n}\n" for n in range(50_000)).encode(), mtime=0)
    tracemalloc.start()
    assert sum(1 for _ in sitemap(body, AT)) == 50_000
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
        (f"# خريطة\n# الموقع\n{ONE}\n# {ONE}/2\n", [ONE]),
        (f"Our pages:\n{ONE}\t2020-11-12\n", [ONE]),
        (gzip.compress(urlset(entry(ONE)).encode(), mtime=0) + b"<!-- cached -->", [ONE]),
        (f"<sm:urlset><sm:url><sm:loc>{ONE}</sm:loc></sm:url></sm:urlset>", [ONE]),
        (urlset(entry(ONE, "<xhtml:link href='/en'/><image:loc>/i.jpg</image:loc>")), [ONE]),
        (urlset(f"<url><image:loc>/i.jpg</image:loc><loc>{ONE}</loc></url>"), [ONE]),
        (urlset(entry(ONE)).upper().replace(ONE.upper(), ONE), [ONE]),
        (f"<br />\n<b>Warning</b>: x in /a.php\n<?xml version='1.0'?>{urlset(entry(ONE))}", [ONE]),
        (urlset(entry(ONE, "<news:title>1 < 2 & 3 > 2</news:title>")), [ONE]),
        (urlset(f"<url><loc>{ONE}<loc></url>", f"<url><loc>{ONE}/2</loc>"), [ONE, f"{ONE}/2"]),
        (urlset(f"<!-- {entry(ONE)} --> {entry(ONE + '/2')} <!-- <url> -->"), [f"{ONE}/2"]),
        (urlset(entry(ONE)).encode() + b"\n<script>x</script>", [ONE]),
        (urlset(entry(ONE, "<news:title>\xff</news:title>")).encode("latin-1"), [ONE]),
        (urlset(f"<url><loc>{ONE}</loc></x>", entry(ONE + "/2")), [ONE, f"{ONE}/2"]),
        ("<sitemapindex><sitemap/><sitemap><lastmod>1</lastmod></sitemap></sitemapindex>", []),
    ],
)
def test_sitemaps_as_they_are_written(body, expected):
    assert urls(body) == expected


TITLES = [  # as it is written: as it reads
    ("<news:news><news:title>5 < 6 & 7</news:title></news:news>", "5 < 6 & 7"),
    ("<NEWS:NEWS><NEWS:TITLE>خبر</NEWS:TITLE></NEWS:NEWS>", "خبر"),
    ("<n:news><n:title><![CDATA[<b>خبر</b> & آخر]]></n:title></n:news>", "خبر & آخر"),
    ("<image:title>صورة</image:title><news:news><news:title>خبر</news:title></news:news>", "خبر"),
    ("<news:news></news:news><video:title>فيلم</video:title>", None),
    ("<news:news><news:title>خبر", None),
]


@pytest.mark.parametrize(("written", "title"), TITLES)
def test_titles_as_they_are_written(written, title):
    (link,) = sitemap(f"<urlset>{entry(ONE, written)}</urlset>".encode(), AT)
    assert link.title == title


@pytest.mark.parametrize("declared", ["windows-1256", None])
def test_a_sitemap_is_read_in_its_charset(declared):
    said = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    title = "<news:news><news:title>مجلس الأمن يعقد جلسة حول سوريا</news:title></news:news>"
    (link,) = sitemap(f"{said}<urlset>{entry(ONE, title)}</urlset>".encode("cp1256"), AT)
    assert link.title == "مجلس الأمن يعقد جلسة حول سوريا"


@pytest.mark.parametrize("cut", range(65_400, 65_700, 7))
def test_an_entry_between_two_pieces_is_read_once(cut):
    body = urlset(entry(ONE, f"<!--{'x' * (cut - 200)}-->"), entry(ONE + "/2"), entry(ONE + "/3"))
    assert urls(body) == [ONE, f"{ONE}/2", f"{ONE}/3"]


TANGLES = [
    "<url ",
    "<!--",
    "-->",
    "<url><loc>",
    "<url><news:news>",
    "<news:title>",
    "<url><loc ",
    "]]>",
]


@pytest.mark.parametrize("tangle", TANGLES)
def test_no_tangle_takes_long(tangle):
    body = b"<urlset><url>" + tangle.encode() * (400_000 // len(tangle))
    began = time.process_time()
    with suppress(NotAListing):
        urls(body)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "broken",
    [
        urlset(entry(ONE), entry("https://x.example/2"))[:-9],  # no end
        urlset(entry(ONE), "<url><loc>https://x.exam")[:-9],
        gzip.compress(urlset(entry(ONE), *map(entry, range(9))).encode(), mtime=0)[:-12],
    ],
)
def test_what_came_before_a_break_is_kept(broken):
    body = broken if isinstance(broken, bytes) else broken.encode()
    links = sitemap(body, AT)
    found: list[str] = []
    with pytest.raises(NotAListing):
        found.extend(link.url for link in links)
    assert all(url.startswith("https://x.example/") for url in found)
    assert isinstance(broken, bytes) or found[0] == ONE
    assert "https://x.exam" not in found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\x00\x01",
        b"\x1f\x8bnot gzip",
        b"{}",
        b"<html><body>hello</body></html>",
        b"<!DOCTYPE html><p>x",
        b"Not found",
    ],
)  # fmt: skip
def test_what_is_no_sitemap_says_so(body):
    with pytest.raises(NotAListing, match="not a sitemap"):
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
    assert sum(1 for _ in sitemap(body, AT)) == 100_000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000 * (1024 if sys.platform == "darwin" else 1)  # libxml2's part: 60 MB whole
    tracemalloc.start()
    assert sum(1 for _ in islice(sitemap(body, AT), 20_000)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_packed_bomb_ends_at_its_limit():
    stream = pieces(gzip.compress(b"<a>" + b" " * 1_000_000, mtime=0), limit=200_000)
    with pytest.raises(ValueError, match="larger"):
        list(stream)


@given(st.text(alphabet="<>/&;!-url[]CDATA: locsitemapnews"))
def test_no_sitemap_breaks_its_reader(text):
    with suppress(NotAListing):
        assert all(url.startswith("http") for url in urls(f"<urlset><url>{text}</url></urlset>"))


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
    found = in_robots(text.encode(), ROBOTS_AT)
    assert [link.url.removeprefix("https://x.example") for link in found] == [
        url.removeprefix("https://x.example") for url in expected
    ]


@given(st.binary() | st.text().map(str.encode))
def test_no_robots_txt_raises(body):
    assert all(link.url.startswith("http") for link in in_robots(body, ROBOTS_AT))


def test_a_robots_txt_of_blank_lines_takes_no_time():
    began = time.process_time()
    assert in_robots(b"\n \t" * 100_000 + b"\nSitemap: /a.xml", ROBOTS_AT)
    assert time.process_time() - began < 1


def test_sitemaps_that_list_other_things_come_last_or_not_at_all():
    names = ("author-sitemap.xml", "post_tag-sitemap.xml", "page-sitemap.xml", "video.xml")
    others = [Link(url=f"https://x.example/{name}") for name in names]
    article = Link(url="https://x.example/sitemap-2020-11.xml")
    assert of_articles([*others, article]) == [article]
    assert set(of_articles(others)) == set(others)  # better than nothing


HEAD = "<?xml version='1.0'?><urlset>"
ENTRIES = [f"<url><loc>https://x.example/{number}</loc></url>" for number in range(5)]
OF_FIRST = HEAD + ENTRIES[0]
WITHOUT = [  # an earlier sitemap, the present one, what is left of this
    (
        f"{OF_FIRST}{ENTRIES[1]}</urlset>",
        f"{OF_FIRST}{ENTRIES[1]}</urlset>",
        f"{OF_FIRST}</urlset>",
    ),
    (
        f"{OF_FIRST}\n{ENTRIES[1]}\n</urlset>",
        f"{HEAD}{ENTRIES[2]}{ENTRIES[0]}\n{ENTRIES[1]}\n{ENTRIES[3]}</urlset>",
        f"{HEAD}{ENTRIES[2]}{ENTRIES[0]}\n{ENTRIES[3]}</urlset>",
    ),
    (f"{OF_FIRST}{ENTRIES[1]}</urlset>", f"{OF_FIRST}{ENTRIES[1]}<url>", f"{OF_FIRST}<url>"),
    ("", OF_FIRST + ENTRIES[1], OF_FIRST + ENTRIES[1]),
    (OF_FIRST, "", ""),
    (OF_FIRST, "https://x.example/1\nhttps://x.example/2", None),
    ("<sitemapindex><sitemap/></sitemapindex>", "<sitemapindex><sitemap/></sitemapindex>", None),
    (  # what is not simply an entry stays
        f"{OF_FIRST}<!-- {ENTRIES[1]} -->{ENTRIES[2]}</urlset>",
        f"{OF_FIRST}<!-- {ENTRIES[1]} -->{ENTRIES[2]}</urlset>",
        None,
    ),
]


@pytest.mark.parametrize(("known", "body", "expected"), WITHOUT)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_of_a_sitemap_what_an_earlier_one_had_too_is_left_out(known, body, expected, pack):
    left, count = without(pack(body.encode()), pack(known.encode()))
    assert left.decode() == (body if expected is None else expected)
    assert count == body.count("</url>") - left.decode().count("</url>")
