import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.charset import repair
from tests.crawler.extract.misreading import MISREADINGS, misread

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "arabic"


def written(text, how):
    """Return what of a text can be written in the charset that was misread."""
    charset = "cp1256" if how.startswith("windows") else "utf-8"
    return text.encode(charset, "ignore").decode(charset)


ARABIC = [
    "بوتين والأسد يجتمعان عبر الفيديو لبحث مؤتمر اللاجئين.",
    "قال الرئيس: “اللاجئون أولا”، ثم غادر في الساعة ١٢:٣٠ إلى حلب (شمالا).",
    "محمد الماغوط",
    "شركة Google تفتح مكتبا في القاهرة، بحسب BBC.",
    "وَقَالَ إنَّ الأمرَ منتهٍ؟",
]


@pytest.mark.parametrize("how", MISREADINGS)
@pytest.mark.parametrize("text", ARABIC)
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
    good, bad = ARABIC[:2]
    assert repair(f"{good}\n{misread(bad, 'cp1252')}\n{good}") == f"{good}\n{bad}\n{good}"


def test_a_string_cut_in_the_middle_of_a_letter_keeps_its_end():
    text = ARABIC[0]
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
