"""Bytes become characters, and Arabic that its own site misread is repaired."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.models import Link
from crawler.extract.charset import decode, repair
from tests.crawler.extract.markup import P1, PARAGRAPHS, TEXT, TITLE, page, ps
from tests.crawler.extract.misreading import MISREADINGS, misread
from tests.crawler.extract.reading import read

ARABIC = "وقال وزير النقل إن بلاده ترحب بالاتفاق، مؤكداً «أهمية الحوار» بين الأطراف كافة"
FRENCH = "L'été dernier, le président a déclaré à la presse où il était déjà passé"
PAGE = "<html><head>{}</head><body><p>{}</p></body></html>"
UTF8 = "<meta charset=utf-8>"
STYLES = "<link rel=stylesheet href=/style.css>" * 3

CASES = (
    ("cp1256", None, "", ARABIC, "cp1256", None),
    ("cp1256", "text/html; charset=windows-1256", "", ARABIC, "cp1256", None),
    ("cp1256", "text/html; charset=utf-8", "", ARABIC, "cp1256", "utf-8"),
    ("cp1256", "text/html", "<meta charset=iso-8859-1>", ARABIC, "cp1256", "cp1252"),
    ("cp1256", None, "<meta charset=iso-8859-6>", ARABIC, "cp1256", "iso8859-6"),
    ("iso8859_6", None, "", ARABIC.replace("«", "").replace("»", ""), "iso8859-6", None),
    ("utf-8", None, "", ARABIC, "utf-8", None),
    ("utf-8", "text/html; charset=windows-1256", "", ARABIC, "utf-8", "cp1256"),
    ("utf-8", "text/html; charset=no-such-charset", UTF8, ARABIC, "utf-8", None),
    ("utf-8", "text/html; charset=base64", UTF8, ARABIC, "utf-8", None),
    ("utf-8-sig", "text/html; charset=windows-1256", "", ARABIC, "utf-8", None),
    ("utf-16", None, "", ARABIC, "utf-16-le", None),
    ("utf-16-le", None, STYLES, ARABIC, "utf-16-le", None),
    ("utf-16-be", "text/html; charset=utf-16be", STYLES, ARABIC, "utf-16-be", None),
    ("cp1252", None, "", FRENCH, "cp1256", None),  # it holds the French letters as well
)


@pytest.mark.parametrize(("charset", "header", "head", "text", "read_as", "overruled"), CASES)
def test_a_page_is_read_in_its_charset(charset, header, head, text, read_as, overruled):
    found = decode(PAGE.format(head, text).encode(charset, "replace"), header)
    assert text in found.text
    assert (found.charset, found.overruled) == (read_as, overruled)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_torn_end_leaves_utf8_alone(cut: int):
    body = PAGE.format("", ARABIC * 20).encode()
    torn = body.rsplit(b"</p>", 1)[0][:-cut]
    assert decode(torn).charset == "utf-8"


def test_a_few_broken_letters_leave_utf8_alone():
    body = PAGE.format("", ARABIC * 50).encode().replace("النقل".encode(), b"\xd9\xff", 1)
    found = decode(body)
    assert found.charset == "utf-8"
    assert "\N{REPLACEMENT CHARACTER}" in found.text


@given(st.binary(max_size=400), st.text(max_size=30))
def test_no_bytes_raise(body: bytes, header: str):
    assert isinstance(decode(body, f"text/html; charset={header}").text, str)


SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "arabic"


def written(text, how):
    """Return what of a text can be written in the charset that was misread."""
    charset = "cp1256" if how.startswith("windows") else "utf-8"
    return text.encode(charset, "ignore").decode(charset)


ARABIC_TEXTS = [
    "بوتين والأسد يجتمعان عبر الفيديو لبحث مؤتمر اللاجئين.",
    "قال الرئيس: “اللاجئون أولا”، ثم غادر في الساعة ١٢:٣٠ إلى حلب (شمالا).",
    "محمد الماغوط",
    "شركة Google تفتح مكتبا في القاهرة، بحسب BBC.",
    "وَقَالَ إنَّ الأمرَ منتهٍ؟",
]


@pytest.mark.parametrize("how", MISREADINGS)
@pytest.mark.parametrize("text", ARABIC_TEXTS)
def test_misread_arabic_is_read_again(text, how):
    assert repair(misread(text, how)) == written(text, how)


LEFT_ALONE = [
    "",
    "plain English, with “quotes” and an em — dash",
    "L'été à Orléans où l'œuvre naît, ÇA ET LÀ : « déjà vu » À ÉVITER",
    "À LA UNE: ÉTÉ ÂGÉ ÊTRE ÉLÈVE ÔTÉ",
    "Größe, Übermaß, Köln; İstanbul'da çığ, şöför; São João, çã, Málaga; Þórður á ís",
    "رئیس‌جمهور گفت: «پیام ایران روشن است»؛ چهار کشور دیگر هم ژرف‌اندیشی کردند.",
    "وزیرِ اعظم نے کہا ہے کہ پاکستان میں ٹیکس کی شرح بڑھ گئی۔",
    "سەرۆکی هەرێمی کوردستان لە هەولێر کۆبووەوە",
    "أكد حفظ… وضغط «ظ» ثم ط، وظ° آ، أ، في ظ¤ كلمات",
    "x = {'a': 1}; print(f'{x!r:>10}')  # Ø is a diameter, Ã an A; ±5 µm ×3 §4 ¶ ©",
    "هزمتهم في معركة من BáÄ�ch Ä�áº ± ng (1288)، واسمه Viá»‡t بالفيتنامية",
    "Ø§Ù", "Ù…", "ãä", "Çá", "æøåÆØÅ", "ñáéíóúüÑÁÉÍÓÚÜ",
]  # fmt: skip


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_misread_arabic_is_left_alone(text):
    assert repair(text) == text


def test_misread_french_is_not_ours_to_repair():
    text = misread("L'été à Orléans où l'œuvre naît", "cp1252")
    assert repair(text) == text


def test_only_the_lines_that_are_misread_change():
    good, bad = ARABIC_TEXTS[:2]
    assert repair(f"{good}\n{misread(bad, 'cp1252')}\n{good}") == f"{good}\n{bad}\n{good}"


def test_a_string_cut_in_the_middle_of_a_letter_keeps_its_end():
    text = ARABIC_TEXTS[0]
    assert repair(misread(text, "cp1252") + "Ø") == text + "Ø"


def test_where_letters_were_lost_nothing_is_made_up():
    text = misread("أفاد فريق من الأفراد بوفاة ضيف في فندق", "cp1252").replace("\x81", "")
    assert repair(text) == text


@given(st.text())
def test_any_text_can_be_asked_and_twice_is_once(text):
    once = repair(text)
    assert repair(once) == once


def sentences():
    path = SHARED / "news-sentences.txt.gz"
    if not path.is_file():
        pytest.skip("the sentences of news are not at hand")
    return gzip.decompress(path.read_bytes()).decode().splitlines()


@pytest.mark.slow
def test_no_sentence_of_news_is_changed_and_each_is_repaired():
    for number, sentence in enumerate(sentences()):
        assert repair(sentence) == sentence
        how = MISREADINGS[number % len(MISREADINGS)]
        assert repair(misread(sentence, how)) == written(sentence, how)


AUTHOR = "سامر الحلبي"
MISREAD_PAGE = page(f"<article><h1>{TITLE}</h1>{ps(*PARAGRAPHS)}</article>")


def kinds(found):
    return [problem.kind for problem in found.problems]


@pytest.mark.parametrize("how", MISREADINGS)
def test_a_page_that_is_misread_throughout(how):
    found = read(misread(MISREAD_PAGE, how))
    assert (found.title, found.text, found.language) == (TITLE, TEXT, "ar")
    assert kinds(found) == ["mojibake"]


def test_a_single_field_that_is_misread():
    graph = {
        "@type": "NewsArticle",
        "author": {"@type": "Person", "name": misread(AUTHOR, "cp1252")},
    }
    script = f'<script type="application/ld+json">{json.dumps(graph, ensure_ascii=False)}</script>'
    found = read(MISREAD_PAGE.replace("</head>", f"{script}</head>"))
    assert found.authors == (AUTHOR,)
    assert found.text == TEXT
    assert kinds(found) == ["mojibake"]


def test_hints_of_a_listing_are_repaired_too():
    html = MISREAD_PAGE.replace(TITLE, "")
    hints = Link(url="https://sahel.example/1", title=misread(TITLE, "cp1256"))
    assert read(html, hints=hints).title == TITLE


@pytest.mark.parametrize("control", ["\x0b", "\ufffe", "\x1f"])
def test_what_no_tree_may_hold_ends_in_no_error(control):
    broken = ps(*PARAGRAPHS, misread(f"{P1}{control}{P1}", "cp1252"))
    found = read(page(f"<article><h1>{TITLE}</h1>{broken}</article>"))
    assert found.text.startswith(TEXT)


def test_a_sound_page_is_left_alone():
    assert kinds(read(MISREAD_PAGE)) == []
