"""The language of a text, and the counters around it."""

import gzip
from pathlib import Path

import pytest

from archive.search.arabic import fold
from crawler.extract.byline import names, split_dateline
from crawler.extract.vocabulary import detect_language, is_reading_time, without_counters
from tests.crawler.extract.markup import P1, PARAGRAPHS, TEXT, TITLE, page, ps
from tests.crawler.extract.reading import read

# ruff: noqa: E501 - markup and tables are harder to read cut up than long


AGES = (
    "منذ 4 ساعات", "منذ ٤ ساعات", "منذ ۴ ساعات", "منذ أربع ساعات", "منذ ساعة", "منذ ساعة واحدة",
    "منذ ساعتين", "منذ ساعتين و15 دقيقة", "منذ ساعة و 5 دقائق", "منذ 8 أيام", "منذ يوم",
    "منذ يومين", "قبل يومين", "قبل 3 أيام", "قبل أسبوع", "قبل أسبوعين", "قبل 3 أشهر", "قبل شهرين",
    "قبل سنة", "قبل 11 دقيقة", "قبل أحد عشر يوماً", "قبل نصف ساعة", "منذُ 5 دقائق", "منذ 5 د",
    "منذ 3س", "من 3 ساعات", "من ساعة", "منذ حوالي ساعة", "منذ أكثر من أسبوع", "منذ أقل من دقيقة",
    "منذ قليل", "منذ لحظات", "قبل قليل", "3 ساعات مضت", "نُشر منذ 3 ساعات", "نشر قبل يومين",
    "تم النشر منذ 5 دقائق", "آخر تحديث: منذ ساعة", "آخر تحديث قبل 3 ساعات", "أضيف منذ يوم",
    "3 hours ago", "an hour ago", "2 days ago", "5 min ago", "3h ago", "about 2 hours ago",
    "Updated 3 hours ago", "just now", "il y a 2 heures", "il y a une heure", "Publié il y a 3 jours",
    "il y a plus de 2 jours", "depuis 3 heures",
)  # fmt: skip
COUNTS = (
    "3 دقائق قراءة", "٣ دقائق للقراءة", "دقيقة واحدة للقراءة", "دقيقتان للقراءة", "قراءة 3 دقائق",
    "قراءة دقيقتين", "مدة القراءة: 3 دقائق", "مدة القراءة دقيقة واحدة", "وقت القراءة: أقل من دقيقة",
    "زمن القراءة ٥ د", "2 min read", "2min read", "5 minutes read", "Reading time: 4 min",
    "Less than a minute", "Temps de lecture : 3 minutes", "3 min de lecture", "118 كلمة",
    "١١٨ كلمة", "عدد الكلمات: 118", "1,204 مشاهدة", "1.2K مشاهدة", "12 ألف مشاهدة",
    "عدد المشاهدات: 3456", "المشاهدات: ٣٤٥٦", "شوهد 345 مرة", "قرئ 120 مرة", "تمت قراءته 345 مرة",
    "345 views", "Views: 345", "345 vues", "12 تعليقاً", "لا توجد تعليقات", "0 تعليق", "7 comments",
    "3 commentaires", "25 مشاركة", "دقيقة قراءة", "وقت القراءة: 4 دقائق تقريبا", "دقائق القراءة: 3",
    "زمن القراءة ~ 3 دقيقة", "متوسط وقت القراءة 3 دقائق", "وقت القراءة المقدر: 3 دقائق",
    "القراءة في دقيقتين", "قراءة المقال في 3 دقائق", "Reading Time: 2 mins read", "3-minute read",
    "Estimated reading time: 3 minutes", "Temps de lecture estimé : 3 minutes", "۳ دقیقه مطالعه",
    "زمان مطالعه: ۳ دقیقه",
)  # fmt: skip
SENTENCES = (
    "منذ 8 أيام كتب وزير الخارجية أن الاتفاق قريب.",
    "منذ 4 ساعات والمدينة بلا ماء",
    "قبل يومين فقط أعلنت البلدية إغلاق السوق",
    "وصل الوفد قبل يومين إلى دمشق",
    "قبل ثلاث سنوات كان السوق أرضاً خالية.",
    "قرأ المقال 3 ملايين شخص في يومين.",
    "شاهد الفيديو 345 ألف شخص منذ يومين",
    "استغرقت القراءة 3 دقائق أمام القاضي",
    "كتب 118 كلمة في رسالته الأخيرة",
    "لم يتوقف المطر منذ 3 أيام",
    "3 دقائق قراءة كل يوم تكفي طفلك",
    "Three hours ago the minister resigned.",
    "Il y a deux heures, le ministre a quitté la salle",
)


@pytest.mark.parametrize("text", [*AGES, *COUNTS])
def test_nothing_is_left_of_an_age_or_a_count(text: str):
    assert without_counters(text) == ""


@pytest.mark.parametrize(
    "text",
    ["2min", "3 دقائق", "٣ دقائق", "دقيقتان", "5 min", "3 mn", "دقيقة واحدة", "أقل من دقيقة"],
)
def test_a_lone_number_of_minutes_is_a_reading_time(text: str):
    assert is_reading_time(fold(text))


def story(*first: str) -> str:
    lines = "".join(f"<p>{line}</p>" for line in first)
    return page(
        f"<article><h1>{TITLE}</h1><div class='article-body'>{lines}{ps(*PARAGRAPHS)}</div></article>"
    )


SIGNED = ("{} كتب: سليم الرفاعي", "كتب سليم الرفاعي {}", "كتب: سليم الرفاعي | {} | 118 كلمة")


@pytest.mark.parametrize("text", [*AGES, *COUNTS])
def test_a_line_of_them_is_not_in_the_text(text: str):
    assert read(story(text)).text == TEXT
    assert read(story(f"{text} | {COUNTS[0]}", COUNTS[-1])).text == TEXT
    assert (
        read(
            page(f"<h1>{TITLE}</h1><div class='post'><div>{text}</div>{ps(*PARAGRAPHS)}</div>")
        ).text
        == TEXT
    )


@pytest.mark.parametrize("form", SIGNED)
@pytest.mark.parametrize("text", [*AGES, *COUNTS])
def test_who_signs_beside_one_is_the_same_at_every_visit(form: str, text: str):
    found = read(story(form.format(text)))
    assert (found.text, found.authors, found.byline_from) == (TEXT, ("سليم الرفاعي",), "text")


@pytest.mark.parametrize("form", ["دمشق - سانا - {}", "{} | دمشق - سانا", "دمشق - سانا ({})"])
@pytest.mark.parametrize("text", AGES)
def test_a_dateline_beside_one_is_the_same_at_every_visit(form: str, text: str):
    found = read(story(form.format(text)))
    assert (found.text, found.dateline) == (TEXT, "دمشق - سانا")


@pytest.mark.parametrize("text", [*AGES, *COUNTS])
def test_no_name_holds_one(text: str):
    assert names(f"سليم الرفاعي {text}") == ("سليم الرفاعي",)
    assert names(f"{text} سليم الرفاعي") == ("سليم الرفاعي",)
    assert names(text) == ()


@pytest.mark.parametrize("text", AGES)
def test_no_dateline_holds_one(text: str):
    assert split_dateline(f"دمشق (سانا) {text}: قالت الوزارة") == ("دمشق (سانا)", "قالت الوزارة")


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_keeps_what_it_says(sentence: str):
    assert read(story(sentence)).text == f"{sentence}\n{TEXT}"
    html = page(
        f"<article><h1>{TITLE}</h1><div class='article-body'>{ps(P1, sentence, *PARAGRAPHS[1:])}"
    )
    assert sentence in read(html).text.splitlines()


def test_an_age_may_head_a_part_of_the_story():
    html = page(
        f"<article><h1>{TITLE}</h1><div class='article-body'>{ps(P1, 'قبل عشر سنوات', *PARAGRAPHS[1:])}"
    )
    assert read(html).text.splitlines()[1] == "قبل عشر سنوات"


TEASERS = ("ارتفاع أسعار السمك في المرجان", "من يشتري السوق القديم؟", "صيادو المدينة يعودون!")


@pytest.mark.parametrize("tag", ["p", "li", "h3", "div"])
def test_headlines_behind_the_last_paragraph_are_not_the_article(tag: str):
    others = "".join(
        f"<{tag}><a href='/n/{n}'>{line}</a></{tag}>" for n, line in enumerate(TEASERS)
    )
    html = page(
        f"<article><h1>{TITLE}</h1><div class='article-body'>{ps(*PARAGRAPHS)}{others}</div></article>"
    )
    assert read(html).text == TEXT


def test_unlinked_headlines_behind_the_last_paragraph_are_not_the_article():
    others = "".join(f"<h3>{line}</h3>" for line in TEASERS[:1] * 2)
    html = page(
        f"<article><h1>{TITLE}</h1><div class='article-body'>{ps(*PARAGRAPHS)}{others}</div></article>"
    )
    assert read(html).text == TEXT


def test_a_linked_sentence_may_close_the_article():
    last = "<p><a href='/report'>نشرت البلدية التقرير كاملاً على موقعها.</a></p>"
    html = page(
        f"<article><h1>{TITLE}</h1><div class='article-body'>{ps(*PARAGRAPHS)}{last}</div></article>"
    )
    assert read(html).text.endswith("نشرت البلدية التقرير كاملاً على موقعها.")


@pytest.mark.parametrize(
    "line", [TITLE, f"{TITLE} - جريدة الساحل", "بلدية المرجان تفتتح سوقاً جديداً", f"{TITLE} اليوم"]
)
def test_a_headline_that_is_repeated_is_not_in_the_text(line: str):
    assert read(story(line)).text == TEXT
    assert read(story(f"<b>{line}</b>")).text == TEXT


NEWS = Path(__file__).resolve().parents[3] / ".." / "shared" / "arabic" / "news-sentences.txt.gz"

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
    assert detect_language(text) == language


def test_no_sentence_of_arabic_news_is_taken_for_another_language():
    if not NEWS.is_file():
        pytest.skip("../shared is not here")
    sentences = gzip.decompress(NEWS.read_bytes()).decode().splitlines()
    assert {detect_language(sentence) for sentence in sentences} <= {"ar", None}
    assert sum(detect_language(sentence) is None for sentence in sentences) < len(sentences) / 1000


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
    assert detect_language(text) == expected
