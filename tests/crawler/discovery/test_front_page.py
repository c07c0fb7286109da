"""What a front page tells: names, feeds, the interface of WordPress, and its sections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.models import Kind
from crawler.discovery.front_page import Way, name_of, read_front

URL = "https://x.example/"


def page(head="", body="", *, lang="ar"):
    return (
        f"<!DOCTYPE html><html lang='{lang}'><head>{head}</head><body>{body}</body></html>".encode()
    )


def front(head="", body="", **options):
    return read_front(page(head, body, **options), "text/html; charset=utf-8", URL)


def paths(page, kind, *ways):
    """Return the candidates of a kind that were found in these ways, in that order."""
    found = [link for way in ways for link in page.candidates.get(way, ()) if link.kind is kind]
    return [link.url.removeprefix("https://x.example") for link in found]


def alternate(href, media="application/rss+xml", title=""):
    return f"<link rel='alternate' type='{media}' title='{title}' href='{href}'>"


# What stands in the head, and the feeds that are declared by it.
HEADS = [
    (alternate("/feed/"), ["/feed/"]),
    (alternate("/feed/atom", "application/atom+xml"), ["/feed/atom"]),
    (alternate("/feed.json", "application/feed+json"), ["/feed.json"]),
    (alternate("/a.rdf", "application/rdf+xml"), ["/a.rdf"]),
    (alternate("/a", "APPLICATION/RSS+XML"), ["/a"]),
    ("<link rel='alternate nofollow' type='application/rss+xml' href='/a'>", ["/a"]),
    ("<base href='https://x.example/ar/'>" + alternate("feed"), ["/ar/feed"]),
    (alternate("/comments/feed/"), []),
    (alternate("/c", title="سنابل « خلاصة التعليقات"), []),
    (alternate("/oembed?format=json", "application/json+oembed"), []),
    (alternate("/en", "text/html"), []),
    ("<link rel='alternate' hreflang='en' href='/en'>", []),
    (alternate("feed:nothing"), []),
    (alternate("https://feeds.other.example/x"), ["https://feeds.other.example/x"]),
    ("<link rel='stylesheet' type='application/rss+xml' href='/a'>", []),
]  # fmt: skip


@pytest.mark.parametrize(("head", "expected"), HEADS)
def test_declared_feeds(head, expected):
    assert paths(front(head), Kind.FEED, Way.DECLARED) == expected


SHOWN = [
    ("<a href='/rss'>خدمة</a>", ["/rss"]),
    ("<a href='/Rss.aspx'>x</a>", ["/Rss.aspx"]),
    ("<a href='/services/feed.xml'>x</a>", ["/services/feed.xml"]),
    ("<a href='/GenerateRssFeed.aspx?categoryId=1'>x</a>", ["/GenerateRssFeed.aspx?categoryId=1"]),
    ("<a href='/services'>خلاصات RSS</a>", ["/services"]),
    ("<a href='/press'>الصحافة</a><a href='/feedback'>رأيك</a><a href='/crossing'>معبر</a>", []),
    ("<a href='/comments/feed'>x</a>", []),
    ("<a href='mailto:rss@x.example'>x</a>", []),
]


@pytest.mark.parametrize(("body", "expected"), SHOWN)
def test_links_that_look_like_feeds(body, expected):
    assert paths(front(body=body), Kind.FEED, Way.LINKED) == expected


API = [
    ("<link rel='https://api.w.org/' href='https://x.example/wp-json/'>", "/wp-json/wp/v2/posts"),
    ("<link rel='https://api.w.org/' href='/ar/wp-json'>", "/ar/wp-json/wp/v2/posts"),
    ("<link rel='https://api.w.org/' href='/?rest_route=/'>", "/?rest_route=/wp/v2/posts"),
    ("<meta name='generator' content='WordPress 6.4'>", "/wp-json/wp/v2/posts"),
    ("<link rel='stylesheet' href='/wp-content/themes/a.css'>", "/wp-json/wp/v2/posts"),
    ("<meta content=WordPress name='generator'>", "/wp-json/wp/v2/posts"),
    ("<meta name='generator' content='Drupal 10'>", None),
]


@pytest.mark.parametrize(("head", "expected"), API)
def test_the_interface_of_wordpress(head, expected):
    assert paths(front(head), Kind.API, Way.DECLARED, Way.USUAL)[:1] == (
        [expected] if expected else []
    )


JSON_LD = (
    '<script type="application/ld+json">{"@type": "NewsMediaOrganization", "name": "النهضة"}'
    "</script><title>كل الأخبار</title>"
)
NAMES = [
    ("<meta property='og:site_name' content='النهضة'><title>أخبار</title>", "", "النهضة", None),
    ("<title>الرئيسية | النهضة</title>", "", "النهضة", None),
    ("<title>النهضة - الصفحة الرئيسية</title>", "", "النهضة", None),
    ("<title>النهضة: أخبار سوريا والعالم</title>", "<a href='/'>النهضة</a>", "النهضة", None),
    ("<title>النهضة - Al-Nahda</title>", "", "النهضة", "Al-Nahda"),
    ("<title>Home</title>", "<a href='/'><img alt='صحيفة النهضة'></a>", "صحيفة النهضة", None),
    ("<title>الرئيسية</title>", "", None, None),
    ("", "", None, None),
    (JSON_LD, "", "النهضة", None),
]  # fmt: skip


@pytest.mark.parametrize(("head", "body", "name", "latin"), NAMES)
def test_the_name(head, body, name, latin):
    found = front(head, body)
    assert (found.name, found.name_latin) == (name, latin)


def test_a_name_is_what_most_places_agree_on():
    said = ["أخبار عاجلة - البلاد", "البلاد", "البلاد « الخلاصة"]
    assert name_of([], said) == ("البلاد", None)


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("ar", "ar"), (" ar-SY", "ar"), ("AR_eg", "ar"), ("", None), ("arabic", None), ("x", None)],
)
def test_the_language_it_states(lang, expected):
    assert front(lang=lang).language == expected


def test_a_page_in_windows_1256_is_read():
    body = "<html><head><title>صحيفة النخيل - الصفحة الرئيسية</title></head><body></body></html>"
    found = read_front(body.encode("cp1256"), "text/html; charset=windows-1256", URL)
    assert found.name == "صحيفة النخيل"


def menu(*links):
    return "<nav>" + "".join(f"<a href='{href}'>{text}</a>" for href, text in links) + "</nav>"


# A menu, and the sections in it.
MENUS = [
    (menu(("/politics", "سياسة"), ("/sport", "رياضة")), ["/politics", "/sport"]),
    (menu(("/", "الرئيسية"), ("/about", "من نحن"), ("/x", "اتصل بنا"), ("/y", "أعلن معنا")), []),
    (menu(("/a", "مواقع التواصل"), ("/b", "مراسلون"), ("/c", "أبحاث")), ["/a", "/b", "/c"]),
    (menu(("/login", "حسابي"), ("/ar/search", "ابحث"), ("/en", "English")), []),
    (menu(("/sport", "رياضة"), ("/sport?view=1", "صور"), ("/sport#top", "كرة")), ["/sport"]),
    (menu(("/Section.aspx?ID=1", "سياسة"), ("/Section.aspx?ID=2", "رياضة")),
     ["/Section.aspx?ID=1", "/Section.aspx?ID=2"]),
    (menu(("https://other.example/a", "أخرى"), ("mailto:a@x.example", "بريد")), []),
    (menu(("https://www.x.example/world", "عالم")), ["https://www.x.example/world"]),
    (menu(("/paper.pdf", "العدد"), ("/rss", "سياسة"), ("/a/b/c/d/e", "عميق")), []),
    ("<p><a href='/later'>تحقيقات</a></p>" + menu(("/a/b", "حلب"), ("/a", "سوريا")),
     ["/a", "/a/b", "/later"]),
    (menu(("/news/123456-story", "عنوان خبر طويل جدا يقول أشياء كثيرة عن المدينة وأهلها")), []),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), MENUS)
def test_sections_of_a_menu(body, expected):
    assert paths(front(body=body), Kind.SECTION, Way.IN_MENU) == expected


def test_articles_are_not_sections():
    found = front(body=menu(("/a", "سياسة"), ("/2020/b", "خبر")))
    assert paths(found, Kind.SECTION, Way.IN_MENU) == ["/a"]


@given(st.binary())
def test_no_page_raises(body):
    assert read_front(body, None, URL).url == URL


HOMES = [
    ("https://x.example/", ["https://x.example/feed", "https://x.example/rss"]),
    ("https://x.example/ar", ["https://x.example/ar/feed", "https://x.example/ar/rss"]),
    ("https://x.example/index.php", ["https://x.example/feed"]),
]


@pytest.mark.parametrize(("home", "first"), HOMES)
def test_usual_feeds(home, first):
    found = paths(read_front(page(), None, home), Kind.FEED, Way.USUAL)
    urls = [f"https://x.example{path}" for path in found]
    assert urls[: len(first)] == first
    assert "https://x.example/rss.xml" in urls  # below the host as well
    assert len(urls) == len(set(urls))


def test_usual_sitemaps():
    found = read_front(page(), None, "https://x.example/ar")
    assert "/sitemap.xml" in paths(found, Kind.SITEMAP, Way.USUAL)
