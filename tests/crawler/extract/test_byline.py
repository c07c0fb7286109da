"""Printed bylines become names of people and agencies, or nothing; datelines are split off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.arabic import tidy
from crawler.extract.byline import as_line, names, signature, split_dateline
from tests.crawler.extract.reading import body, read

SITE = frozenset({"جريده الساحل", "الساحل", "sahel", "sahelnews"})

PRINTED = (
    ("كتبت أسماء نصار", ("أسماء نصار",)),
    ("بقلم: د. أحمد علي", ("د. أحمد علي",)),
    ("بقلم الكاتب أحمد سالم", ("أحمد سالم",)),
    ("كتب - محمد حسن", ("محمد حسن",)),
    ("كتب: محمد حسن ومنى علي", ("محمد حسن", "منى علي")),
    ("عصام بدران وهبة معلوف", ("عصام بدران", "هبة معلوف")),
    ("إعداد: سعاد محمود، وليد جمال", ("سعاد محمود", "وليد جمال")),
    ("أعدّه للنشر: كريم سعد", ("كريم سعد",)),
    ("حوار/ سامي النصف", ("سامي النصف",)),
    ("ترجمة: هدى وهبي", ("هدى وهبي",)),
    ("حسام أبو العلا - القاهرة", ("حسام أبو العلا",)),
    ("سارة خليل (بيروت)", ("سارة خليل",)),
    ("كتب محمد حسن - 5 مارس 2024", ("محمد حسن",)),
    ("أحمد السيد رئيس التحرير", ("أحمد السيد",)),
    ("ليلى منصور - جريدة الساحل", ("ليلى منصور",)),
    ("رويترز", ("رويترز",)),
    ("أ ف ب", ("أ ف ب",)),
    ("John Smith and Mary Jones", ("John Smith", "Mary Jones")),
    ("By Jane Doe", ("Jane Doe",)),
    ("ترجمة وتحرير: هدى وهبي", ("هدى وهبي",)),
    ("مدينة ما – ليلى منصور", ("ليلى منصور",)),
    ("مدينة ما: ليلى منصور", ("ليلى منصور",)),
    ("مدينة ما/ سمير النجار/ الأناضول", ("سمير النجار", "الأناضول")),
    ("من مراسلنا أحمد سمير", ("أحمد سمير",)),
    ("أحمد سمير – مراسل الشؤون السياسية", ("أحمد سمير",)),
    ("بواسطة أحمد سمير في 5 مارس 2024", ("أحمد سمير",)),
    ("أحمد سمير 5 مارس 2024", ("أحمد سمير",)),
    ("أحمد سمير • منذ 3 ساعات", ("أحمد سمير",)),
    ("كتب أحمد سمير - تصوير: علي كامل", ("أحمد سمير",)),
    ("أحمد سمير ورويترز", ("أحمد سمير", "رويترز")),
    # nobody
    ("admin", ()),
    ("Super User", ()),
    ("WordPress", ()),
    ("Powered by Webco", ()),
    ("Web Desk", ()),
    ("خاص الساحل", ()),
    ("فريق الساحل", ()),
    ("الساحل نت", ()),
    ("مراسلنا في بيروت", ()),
    ("كتب المحرر السياسي", ()),
    ("كل الكتاب", ()),
    ("عرض جميع المقالات", ()),
    ("أخبار محلية", ()),
    ("اقتصاد", ()),
    ("م. ع.", ()),
    ("الثلاثاء", ()),
    ("Administrator", ()),
    ("user12", ()),
    ("هيئة التحرير", ()),
    ("بقلم هيئة التحرير", ()),
    ("بواسطة علي الحسن", ("علي الحسن",)),
    ("نشر بواسطة علي الحسن في 12 نوفمبر 2020", ("علي الحسن",)),
    ("تم الإرسال بواسطة علي الحسن في خميس, 11/12/2020 - 09:00", ("علي الحسن",)),
    ("أضيف بواسطة سمير", ("سمير",)),
    ("نشره علي الحسن يوم الخميس", ("علي الحسن",)),
    ("Submitted by Ali Hassan on Thu, 11/12/2020 - 09:00", ("Ali Hassan",)),
    ("Submitted by admin on Thu, 11/12/2020 - 09:00", ()),
    ("Posted on 12 November 2020", ()),
    ("محرر الموقع", ()),
    ("الساحل", ()),
    ("Sahel", ()),
    ("وكالات", ()),
    ("تصوير: علي كامل", ()),
    ("https://www.facebook.com/laila", ()),
    ("laila@sahel.example", ()),
    ("بيروت", ()),
    ("5 مارس 2024", ()),
    ("", ()),
)


@pytest.mark.parametrize(("printed", "expected"), PRINTED)
def test_the_names_of_a_byline(printed: str, expected: tuple[str, ...]):
    assert names(printed, without=SITE) == expected


SIGNED = (
    ("كتب: محمد حسن", ("محمد حسن",)),
    ("كتبت أسماء نصار", ("أسماء نصار",)),
    ("إعداد: منى علي", ("منى علي",)),
    ("تقرير لجنة التحقيق", ()),
    ("بواسطة علي الحسن", ("علي الحسن",)),
    ("بواسطة: علي الحسن", ("علي الحسن",)),
    ("بواسطة طائرة مسيرة", ()),
    ("كتب محمد حسن رسالة إلى أخيه قبل أن يغادر المدينة", ()),
    ("كتب محمد حسن رسالة.", ()),
    ("محمد حسن", ()),
)


@pytest.mark.parametrize(("line", "expected"), SIGNED)
def test_a_line_that_signs_the_text(line: str, expected: tuple[str, ...]):
    assert signature(line) == expected


def test_several_names_in_one_line():
    assert as_line(("ليلى منصور", "سليم الرفاعي")) == "ليلى منصور وسليم الرفاعي"
    assert as_line(("Jane Doe", "John Smith")) == "Jane Doe, John Smith"
    assert as_line(()) is None


DATELINES = (
    ("بيروت - رويترز: قال وزير", ("بيروت - رويترز", "قال وزير")),
    ("دمشق، سوريا (CNN) -- أكدت جهات", ("دمشق، سوريا (CNN)", "أكدت جهات")),
    ("القاهرة (أ ف ب) - أعلنت", ("القاهرة (أ ف ب)", "أعلنت")),
    ("عمان - أعلنت الحكومة", ("عمان", "أعلنت الحكومة")),
    ("المرجان - وكالة الأفق: قال", ("المرجان - وكالة الأفق", "قال")),
    ("المرجان - الساحل: قال", None),
    ("الرياض - الساحل: قال", ("الرياض - الساحل", "قال")),
    ("الرياض – واس", ("الرياض – واس", "")),
    ("قال الوزير: إن الأمر - كما يبدو - جيد", None),
    ("أعلنت بيروت - قبل يومين - أنها", None),
    ("دبي - الرسالة: قال مصدر إن السوق فتح.", ("دبي - الرسالة", "قال مصدر إن السوق فتح.")),
    ("القاهرة - الرئيس: لن نقبل.", ("القاهرة", "الرئيس: لن نقبل.")),
    ("طنجة (الرسالة) - قال مصدر.", ("طنجة (الرسالة)", "قال مصدر.")),
    ("المرسى (الساحل) - قال مصدر.", ("المرسى (الساحل)", "قال مصدر.")),
    ("ميسان 29 تشرين الأول (بترا) -- قال مصدر.", ("ميسان 29 تشرين الأول (بترا)", "قال مصدر.")),
    ("الرباط - متابعة: قال مصدر.", ("الرباط - متابعة", "قال مصدر.")),
    ("وجدة - و.م.ع: قال مصدر.", ("وجدة - و.م.ع", "قال مصدر.")),
    ("الساحل", None),
)


@pytest.mark.parametrize(("paragraph", "expected"), DATELINES)
def test_the_dateline_of_a_paragraph(paragraph: str, expected: tuple[str, str] | None):
    assert split_dateline(paragraph, SITE) == expected


@given(st.text(max_size=120))
def test_no_text_raises_and_nothing_is_read_that_is_not_in_it(text: str):
    dateline = split_dateline(text) or ()
    for found in (*names(text), *signature(text), *dateline):
        assert set(tidy(found)) <= set(tidy(text)) | {" "}


USER = "<a class='username' href='/user/1'>علي الحسن</a>"
SUBMITTED = [  # how Drupal prints who submitted an article, and when
    f"<div class='node__submitted'>Submitted by <span class='name-uid'>{USER}</span> on 12/1</div>",
    "<div class='node__submitted'>تم الإرسال بواسطة علي الحسن في خميس, 11/12/2020 - 09:00</div>",
    f"<p class='submitted'>بواسطة {USER} | 12 نوفمبر 2020</p>",
    "<p>بواسطة علي الحسن</p>",
]


@pytest.mark.parametrize("printed", SUBMITTED)
def test_who_submitted_an_article_signs_it(printed: str):
    paragraphs = "".join(f"<p>{'قال مصدر في المدينة إن الوضع هادئ. ' * 4}{n}</p>" for n in range(5))
    reading = read(body(paragraphs, before=printed))
    assert (reading.authors, reading.byline_from) == (("علي الحسن",), "byline")
