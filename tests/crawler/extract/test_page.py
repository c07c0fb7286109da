"""The extraction of walls, of pages in every charset, by rules and hints, and of what is broken."""

import pickle
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.models import Link, PageKind
from crawler.publisher import Publisher, Rules
from tests.crawler.extract.markup import P1, PARAGRAPHS, TEXT, TITLE, page, ps
from tests.crawler.extract.reading import URL, body, read

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared"
PAGES = sorted(Path(__file__).resolve().parents[2].glob("pages/*/page.html"))


WALLS = (
    ("challenge", "<title>Just a moment...</title><script src='/challenge-platform/h/b'>"),
    ("challenge", "<title>جاري التحقق من المتصفح</title><p>انتظر قليلا من فضلك</p>"),
    ("captcha", "<title>تأكيد</title><p>تحقق من أنك إنسان</p><div class='g-recaptcha'></div>"),
    (
        "consent",
        "<title>قبل المتابعة</title><p>نستخدم ملفات تعريف الارتباط</p><button>قبول</button>",
    ),
    ("parked", "<title>sahel.example</title><p>This domain is for sale!</p>"),
    ("parked", "<title>تنبيه</title><p>تم إيقاف هذا الموقع</p>"),
    ("login", "<title>تسجيل الدخول</title><form><input type='password'></form>"),
    ("outage", "<title>الموقع تحت الصيانة</title><p>سنعود إليكم قريبا</p>"),
    ("outage", "<h1>Error establishing a database connection</h1>"),
)


@pytest.mark.parametrize(("kind", "html"), WALLS)
def test_a_wall_is_a_problem_and_never_an_article(kind: str, html: str):
    found = read(f"<html><body>{html}</body></html>")
    assert found.kind == PageKind.OTHER
    assert [problem.kind for problem in found.problems] == [kind]
    assert (found.title, found.text) == (None, "")


@pytest.mark.parametrize("shell", ["<div id='root'></div>", "<app-root>جار التحميل</app-root>"])
def test_a_page_that_scripts_write_hints_at_a_browser(shell: str):
    found = read(
        f"<html><head><title>{TITLE}</title></head><body>{shell}<script src='/a.js'></script>"
    )
    assert [problem.kind for problem in found.problems] == ["no-text"]
    assert "render = true" in found.problems[0].detail


def test_an_article_about_a_wall_is_an_article():
    story = ps(
        "عطل فني يوقف موقع البلدية، ومن يحاول تسجيل الدخول يجد صفحة «الموقع تحت الصيانة»." * 3
    )
    found = read(page(f"<h1>{TITLE}</h1><div class='article-body'>{story}</div>"))
    assert found.kind == PageKind.ARTICLE


CHARSETS = (
    ("cp1256", None, ""),
    ("cp1256", "text/html; charset=windows-1256", ""),
    ("cp1256", "text/html; charset=utf-8", ""),
    ("cp1256", "text/html; charset=ISO-8859-1", "<meta charset='iso-8859-1'>"),
    ("iso8859_6", None, ""),
    ("iso8859_6", None, "<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-6'>"),
    ("utf-8", "text/html; charset=windows-1256", "<meta charset='windows-1256'>"),
    ("utf-8-sig", None, ""),
    ("utf-16", None, ""),
)


@pytest.mark.parametrize(("charset", "header", "head"), CHARSETS)
def test_a_page_reads_the_same_in_every_charset(charset: str, header: str | None, head: str):
    html = page(f"<h1>{TITLE}</h1><div class='article-body'>{ps(TEXT)}</div>", head)
    found = read(html.encode(charset, "xmlcharrefreplace"), content_type=header)
    assert found.title == TITLE
    assert found.text == TEXT.replace("\n", " ")


def test_the_seed_article_comes_out_character_for_character():
    seed = SHARED / "seed-article.txt"
    if not seed.is_file():
        pytest.skip("../shared is not here")
    title, *paragraphs = seed.read_text("utf-8").rstrip("\n").split("\n")
    body = (
        f"<article><h1 class='entry-title'>{title}</h1><div class='entry-content'>{ps(*paragraphs)}"
    )
    found = read(page(f"{body}</div></article>"))
    assert (found.title, found.text) == (title, "\n".join(paragraphs))


@pytest.mark.parametrize(
    ("url", "html", "kind"),
    [
        ("https://sahel.example/", page(f"<h1>{TITLE}</h1>{ps(TEXT)}"), PageKind.SECTION),
        (
            "https://sahel.example/live/1",
            page(f"<h1>{TITLE}</h1><div class='article-body'>{ps(TEXT)}</div>"),
            PageKind.LIVEBLOG,
        ),
        (
            "https://sahel.example/video/1",
            page(f"<h1>{TITLE}</h1>{ps(P1)}", "<meta property='og:type' content='video.other'>"),
            PageKind.VIDEO,
        ),
        ("https://sahel.example/gallery/1", page(f"<h1>{TITLE}</h1>{ps(P1)}"), PageKind.GALLERY),
        ("https://sahel.example/a", page("<h1>خبر</h1>"), PageKind.OTHER),
    ],
)
def test_the_kind_of_a_page(url: str, html: str, kind: PageKind):
    assert read(html, url=url).kind == kind


def test_the_rules_of_a_publisher_win_and_a_missing_one_is_a_problem():
    html = page(
        f"<h1>{TITLE}</h1><div class='kicker'>محليات الساحل</div>"
        "<i class='when'>3/1/2023 10:30 ص</i>"
        f"<div class='x1'>{ps(P1)}<p class='ad-text'>نص إعلاني طويل لا علاقة له بالمقال أبداً.</p>"
        f"</div><div class='article-body'>{ps(TEXT)}</div>"
    )
    rules = Rules(
        text=".x1", remove=(".ad-text",), section=".kicker", published=".when", deck=".standfirst"
    )
    publisher = Publisher(slug="sahel", name="الساحل", zone=ZoneInfo("Asia/Beirut"), rules=(rules,))
    found = read(html, publisher=publisher)
    assert found.text == P1
    assert found.section == "محليات الساحل"
    assert found.published_at == datetime(2023, 1, 3, 8, 30, tzinfo=UTC)
    assert found.published_from == "rules"
    assert [problem.kind for problem in found.problems] == ["rule-missed"]


def test_hints_fill_what_the_page_does_not_say():
    hints = Link(
        url=URL,
        title=TITLE,
        published="Tue, 26 Dec 2023 08:15:00 GMT",
        author="سليم الرفاعي",
        summary="سوق",
    )
    found = read(page(f"<div class='article-body'>{ps(TEXT)}</div>"), hints=hints)
    assert found.published_at == datetime(2023, 12, 26, 8, 15, tzinfo=UTC)
    assert (found.published_from, found.byline_from) == ("feed", "feed")
    assert found.byline == "سليم الرفاعي"


def test_a_hidden_link_makes_no_link_of_the_text_after_it():
    story = f"<a href='#main' hidden>تخطى إلى المحتوى</a><h1>{TITLE}</h1><div>{ps(TEXT)}</div>"
    assert read(page(story)).text == TEXT.replace("\n", " ")


@pytest.mark.parametrize(
    "html",
    [
        *(b"", b"\x00", b"<", b"<html>", b"{}", b"\xff\xfe", b"%PDF-1.4\x00"),
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"1 0 obj << /Type /Catalog /Pages 2 0 R >> " * 40,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 8,
        b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(range(255, -1, -1)) * 8,
    ],
)
def test_what_is_no_page_is_a_problem(html: bytes):
    found = read(html)
    assert found.kind == PageKind.OTHER
    assert not found.text
    assert "no-text" in [problem.kind for problem in found.problems]


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(PAGES))
def test_no_bytes_raise(noise: bytes, path: Path):
    html = path.read_bytes()
    cut = len(html) // 3
    for content in (noise, html[:cut] + noise + html[cut:], noise + html[cut:]):
        found = read(content)
        assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def test_a_title_without_end_is_cut():
    endless = "عنوان طويل " * 2000
    found = read(page(f"<article><h1>{endless}</h1>{ps(P1, P1, P1)}</article>"))
    assert 900 < len(found.title or "") <= 1000


UPDATED = (
    "<p>آخر تحديث: 28 كانون الأول 2023 - 12:20</p>",
    "<p>آخر تحديث</p><p>28 كانون الأول 2023 - 12:20</p>",
    "<div><span>تاريخ التحديث:</span><time datetime='2023-12-28T10:20:00Z'></time></div>",
    "<div>آخر تعديل</div><div><time datetime='2023-12-28T10:20:00Z'>28/12/2023</time></div>",
    "<p>Last updated</p><p>28 December 2023 12:20</p>",
    "<p>Mis à jour le 28 décembre 2023 - 12:20</p>",
)


@pytest.mark.parametrize("printed", UPDATED)
def test_the_date_of_a_change_alone_is_none_of_publication(printed: str):
    found = read(body(ps(*PARAGRAPHS), before=printed))
    assert (found.published_on, found.published_at) == (None, None)
    assert found.modified_at == datetime(2023, 12, 28, 10, 20, tzinfo=UTC)


@pytest.mark.parametrize("deck", ["تحديث البنية التحتية في المدينة", "معدل الأسعار لا يتغير"])
def test_a_line_about_a_change_labels_no_date(deck: str):
    found = read(body(ps(*PARAGRAPHS), before=f"<p>{deck}</p><p>28 كانون الأول 2023</p>"))
    assert str(found.published_on) == "2023-12-28"


OTHER = "ميناء النخل يستقبل أول سفينة ركاب"
ANOTHER = "عودة الصيادين إلى البحر بعد العاصفة"
BEHIND = (
    "<div><div class='prev_next_text'>{}</div></div>",
    "<div class='card'><div class='card-title'>{}</div></div>",
    "<h4>{}</h4>",
)


@pytest.mark.parametrize("behind", BEHIND)
def test_headlines_of_others_behind_the_last_paragraph_are_no_text(behind: str):
    headlines = behind.format(OTHER) + behind.format(ANOTHER)
    assert read(body(ps(*PARAGRAPHS) + headlines)).text == TEXT


@pytest.mark.parametrize(
    "closing",
    [
        f"<ul><li>{OTHER}</li><li>{ANOTHER}</li></ul>",
        f"<p>{OTHER}</p><p>{ANOTHER}</p>",
        f"<div><img src='1.jpg'><p>{OTHER}.</p><p>{ANOTHER}.</p></div>",
        f"<div class='text-title-4'>{OTHER}<br>{ANOTHER}</div>",
    ],
)
def test_lines_that_close_a_story_stay(closing: str):
    text = read(body(ps(*PARAGRAPHS) + closing)).text
    assert [line.rstrip(".") for line in text.splitlines()[-2:]] == [OTHER, ANOTHER]


@pytest.mark.parametrize(
    "minutes", ["2min", "دقيقتان", "أقل من دقيقة", "Reading Time: 2 mins read"]
)
def test_a_reading_time_and_the_headline_again_are_no_text(minutes: str):
    again = f"<p>{minutes}</p><p>{TITLE}</p>"
    assert read(body(again + ps(*PARAGRAPHS))).text == TEXT
