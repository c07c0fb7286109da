"""The headline loses its newspaper's name, by whatever mark it hangs on, and nothing else."""

import pytest

from crawler.extract.headline import choose, learned, site_names, without_site
from crawler.publisher import Publisher
from tests.crawler.extract.markup import PARAGRAPHS, ps
from tests.crawler.extract.reading import read

HEADLINE = "رأس النخل تعيد فتح رصيفها الجنوبي"
NAMES = site_names(["صحيفة صوت النخل", "Sawt Alnakhl"], "www.sawtalnakhl.example")
SITES = ("صحيفة صوت النخل", "صوت النخل", "Sawt Alnakhl", "sawtalnakhl.example")
AFTER = (
    "{t} | {s}",
    "{t} - {s}",
    "{t} – {s}",
    "{t} — {s}",
    "{t} » {s}",
    "{t} « {s}",
    "{t} :: {s}",
    "{t} / {s}",
    "{t} • {s}",
    "{t} · {s}",
    "{t} ~ {s}",
    "{t} > {s}",
    "{t}|{s}",
    "{t} ({s})",
    "{t} [{s}]",
    "{t} - {s}.",
    "{t} ـ {s}",
    "{t}- {s}",
    "{t} -{s}",
    "{t} .. {s}",
    "{t} … {s}",
    "{t} | {s} | أخبار الساحل",
)
BEFORE = (
    "{s} | {t}",
    "{s} - {t}",
    "{s}: {t}",
    "{s} : {t}",
    "{s} :: {t}",
    "{s} » {t}",
    "{s} >> {t}",
)


@pytest.mark.parametrize("form", [*AFTER, *BEFORE])
@pytest.mark.parametrize("site", SITES)
def test_a_newspapers_name_goes(form: str, site: str):
    assert without_site(form.format(t=HEADLINE, s=site), NAMES) == HEADLINE


KEPT = (
    "رأس النخل - بيروت: خط بحري جديد",
    "مصر: ارتفاع أسعار الزيت في الأسواق",
    "عن «صوت النخل» وأيامها الأولى في المدينة",
    "الحداد: لن نرفع الرسوم على التجار",
    "رأس النخل.. مدينة لا تنام",
    "رئيس البلدية يتحدث إلى «صوت النخل»: لن نرفع الرسوم",
)


@pytest.mark.parametrize("headline", KEPT)
def test_a_headline_with_marks_of_its_own_stays(headline: str):
    assert without_site(headline, NAMES) == headline
    stated = f"{headline} | صوت النخل"
    assert choose([("h1", headline), ("title", stated), ("meta", stated)], NAMES) == headline


def test_a_section_goes_only_from_what_is_stated_for_machines():
    sections = frozenset({"اقتصاد", "مصر"})
    stated = f"{HEADLINE} - اقتصاد - صوت النخل"
    assert choose([("title", stated)], NAMES, sections) == HEADLINE
    spoken = "مصر: ارتفاع أسعار الزيت في الأسواق"
    assert choose([("h1", spoken), ("title", spoken)], NAMES, sections) == spoken


def test_the_name_of_an_unknown_newspaper_is_learned_from_its_titles():
    assert "بريد الساحل" in learned([f"{HEADLINE} | بريد الساحل"], HEADLINE)
    assert learned([f"{HEADLINE} | ليلى منصور"], HEADLINE) == frozenset()


STRANGER = "بريد الساحل الإخباري"  # a newspaper of which nothing but one page is known
FRONT = f"<a href='https://bareed.example/'>{STRANGER}</a>"
RUBRIC = "<nav><a href='/local'>أخبار محلية</a></nav>"
FEED = f"<link rel=alternate type='application/rss+xml' title='{STRANGER} &raquo; الخلاصة'>"
LONE = {
    "behind a bar": (f"{HEADLINE} | {STRANGER}", ""),
    "before colons": (f"{STRANGER}:: {HEADLINE}", ""),
    "by the link to the front page": (f"{HEADLINE} » {STRANGER}", FRONT),
    "by the logo": (f"{HEADLINE} - {STRANGER}", f"<img src='/img/logo.png' alt='{STRANGER}'>"),
    "by the feed": (f"{HEADLINE} - {STRANGER}", FEED),
    "by the rights": (f"{HEADLINE} - {STRANGER}", f"<p>© 2024 جميع الحقوق محفوظة ل{STRANGER}</p>"),
    "by the host": (f"{HEADLINE} - Bareed", ""),
    "before a rubric": (f"{STRANGER} - أخبار محلية - {HEADLINE}", FRONT + RUBRIC),
    "behind a rubric": (f"{HEADLINE} - أخبار محلية - {STRANGER}", FRONT + RUBRIC),
    "before a general word": (f"{STRANGER} - المركز الإعلامي - {HEADLINE}", FRONT),
    "as the first heading": (f"{HEADLINE} | {STRANGER}", f"<h1><a href='/'>{STRANGER}</a></h1>"),
}


def lone(title: str, around: str = "", line: str = "") -> str | None:
    """Return the title of the only page that is known of a newspaper without a file."""
    url = "https://bareed.example/news/17"
    body = f"{around}<div>{line}<div>17 فبراير 2023</div><div>{ps(*PARAGRAPHS)}</div></div>"
    page = f"<html><head><title>{title}</title></head><body>{body}</body></html>"
    return read(page, url=url, publisher=Publisher.of_url(url)).title


@pytest.mark.parametrize("case", LONE)
def test_one_page_shows_what_its_newspaper_is_called(case: str):
    assert lone(*LONE[case]) == HEADLINE


LARGE = (
    "<h3>{}</h3>",
    "<div class='news-title'>{}</div>",
    "<p><b>{}</b></p>",
    "<p><font size=5>{}</font></p>",
    "<p style='font-size:2em'>{}</p>",
)


@pytest.mark.parametrize("title", [STRANGER, "أخبار", f"تفاصيل الخبر | {STRANGER}", "News"])
@pytest.mark.parametrize("form", LARGE)
def test_what_names_no_story_is_no_title_and_the_line_over_the_text_is(title: str, form: str):
    assert lone(title, FRONT, form.format(HEADLINE)) == HEADLINE
    assert lone(title, FRONT) is None


UNPROVEN = (
    f"{HEADLINE} - {STRANGER}",
    "رأس النخل - بيروت: خط بحري جديد",
    "سوق جديد: الصيادون يبيعون سمكهم",
    "كأس الساحل - المرجان يهزم النخل بهدفين",
)


@pytest.mark.parametrize("title", UNPROVEN)
def test_nothing_goes_from_a_title_without_proof(title: str):
    assert lone(title) == title


def test_a_headline_that_is_stated_as_it_is_printed_stays_whole():
    spoken = f"رئيس البلدية لـ«{STRANGER}»: لن نرفع الرسوم"
    stated = f"<meta property='og:title' content='{spoken}'>{FRONT}<h1>{spoken}</h1>"
    assert lone(f"{spoken} - {STRANGER}", stated) == spoken
    assert lone(f"{spoken} | {STRANGER}", FRONT) == spoken


def test_a_short_headline_that_is_printed_is_no_label():
    title = f"سوق أسماك للصيادين | {STRANGER} | أخبار الساحل والمدينة لحظة بلحظة"
    assert lone(title, FRONT, "<h1>سوق أسماك للصيادين</h1>") == "سوق أسماك للصيادين"


def test_a_section_is_no_headline_beside_one():
    titles = [("h1", "أخبار محلية"), ("title", f"{HEADLINE} - صوت النخل")]
    assert choose(titles, NAMES, frozenset({"اخبار محليه"})) == HEADLINE


def test_a_headline_that_begins_with_its_newspapers_name_in_quotes_stays_whole():
    names = site_names(["الساحل"], host="sahel.example")
    headline = "«الساحل» تفوز بجائزة الصحافة العربية"
    assert without_site(headline, names) == headline
    assert without_site("الساحل: تفوز بجائزة الصحافة", names) == "تفوز بجائزة الصحافة"


@pytest.mark.parametrize("href", ["//[url]/", "http://[::1", "http://x:99999999/", "%"])
def test_a_link_that_is_no_address_costs_no_article(href):
    assert lone(f"{HEADLINE} | {STRANGER}", f"<a href='{href}'>{STRANGER}</a>{FRONT}") == HEADLINE
