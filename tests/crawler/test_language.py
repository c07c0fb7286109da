"""The language of a text, from whole pages down to a headline."""

import gzip
from pathlib import Path

import pytest

from crawler.language import detect

NEWS = Path(__file__).resolve().parents[2] / ".." / "shared" / "arabic" / "news-sentences.txt.gz"

TEXTS = (
    ("ar", "انقطاع الكهرباء عن بغداد والبصرة"),
    ("ar", "قالت شركة گوگل إن التحديث متاح"),
    ("ar", "مباراة الأهلي والزمالك فى كأس مصر"),
    ("fa", "گزارش‌ها حاکی از آن است که مذاکرات ادامه دارد"),
    ("fa", "رييس جمهور گفت كه اين طرح اجرا مي شود"),  # typed with Arabic yeh and kaf
    ("fa", "وزير نفت ايران اعلام كرد كه توليد گاز افزايش مي يابد"),
    ("ur", "وزیر اعظم نے کہا کہ حکومت عوام کی خدمت کرتی رہے گی"),
    ("ur", "کراچی میں بارش سے نظام زندگی متاثر"),
    ("ckb", "سەرۆکی هەرێم پێشوازی لە شاندێکی ئەمریکا کرد"),
    ("ckb", "هەولێر: وەزیری ناوخۆ ڕاگەیاند"),
    ("en", "Oil prices rise in Asia"),
    ("fr", "Hausse des prix du pétrole en Asie"),
    (None, "قال"),
    (None, "2024 – 15"),
    (None, ""),
)


@pytest.mark.parametrize(("language", "text"), TEXTS)
def test_the_language_of_a_line(language: str | None, text: str):
    assert detect(text) == language


def test_no_sentence_of_arabic_news_is_taken_for_another_language():
    if not NEWS.is_file():
        pytest.skip("../shared is not here")
    sentences = gzip.decompress(NEWS.read_bytes()).decode().splitlines()
    assert {detect(sentence) for sentence in sentences} <= {"ar", None}
    assert sum(detect(sentence) is None for sentence in sentences) < len(sentences) / 1000


ARABIC = "وقال وزير النقل إن بلاده ترحب بالاتفاق، مؤكداً «أهمية الحوار» بين الأطراف كافة"
FRENCH = "L'été dernier, le président a déclaré à la presse où il était déjà passé"
LANGUAGES = (
    (ARABIC, "ar"),
    ("خبرگزاری آریا - رییس سازمان بورس اعلام کرد که ورود نقدینگی به بورس افزایش یافته است", "fa"),
    ("وزیر اعظم نے کہا ہے کہ ملک میں مہنگائی کی شرح کم ہو رہی ہے", "ur"),
    ("سەرۆکی هەرێمی کوردستان لەگەڵ وەزیری دەرەوە کۆبووەوە", "ckb"),
    ("The minister said that the agreement is good for the region", "en"),
    (FRENCH, "fr"),
    ("قال المتحدث باسم Middle East Eye إن الخبر صحيح", "ar"),
    ("123 456", None),
    ("", None),
)


@pytest.mark.parametrize(("text", "expected"), LANGUAGES)
def test_the_language_of_a_text(text: str, expected: str | None):
    assert detect(text) == expected
