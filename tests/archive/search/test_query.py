"""Typed queries read as words, phrases, demands and filters."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.query import parse

EXPRESSIONS = [
    # typed, any word, every word
    ("", '""', '""'),
    ("؟ ، -", '""', '""'),
    ("المؤتمر والحكومة", '"مؤتمر" OR "حكوم"', '"مؤتمر" AND "حكوم"'),
    ("المؤتمر مؤتمر", '"مؤتمر"', '"مؤتمر"'),
    ("ما هي الحكومة؟", '"حكوم"', '"حكوم"'),
    ("ما هي", '"ما" OR "هي"', '"ما" AND "هي"'),
    ("علي الحكومة", '"عل" OR "حكوم"', '"عل" AND "حكوم"'),
    ("عَلى الحكومة في الحكومة", '"حكوم"', '"حكوم"'),
    ("آلان كردي", '"ان" OR "كرد"', '"ان" AND "كرد"'),
    ("بان كي مون", '"بان" OR "كي" OR "مون"', '"بان" AND "كي" AND "مون"'),
    ("فى الى الحكومة", '"حكوم"', '"حكوم"'),
    ('"لقاء القمة"', '"لقاء قم"', '"لقاء قم"'),
    ("«لقاء القمة»", '"لقاء قم"', '"لقاء قم"'),
    ("“لقاء القمة", '"لقاء" OR "قم"', '"لقاء" AND "قم"'),
    ('"القمة لقاءات"~10', 'NEAR("قم" "لقاء", 10)', 'NEAR("قم" "لقاء", 10)'),
    ("عنوان:«لقاء القمة»~٣", '{title} : NEAR("لقاء" "قم", 3)', '{title} : NEAR("لقاء" "قم", 3)'),
    ('"القمة قمة"~3', '"قم"', '"قم"'),
    ('"لقاء القمة"~', '"لقاء قم"', '"لقاء قم"'),
    ('"لقاء القمة"~12345', '"لقاء قم" AND ("لقاء قم" OR "12345")', None),
    ('روسيا "لقاء القمة"', '"لقاء قم" AND ("لقاء قم" OR "روس")', '"لقاء قم" AND "روس"'),
    ("روسيا +تركيا", '"ترك" AND ("ترك" OR "روس")', '"ترك" AND "روس"'),
    ("روسيا -تركيا", '("روس") NOT ("ترك")', '("روس") NOT ("ترك")'),
    ('روسيا −"بحر قزوين"', '("روس") NOT ("بحر قزو")', '("روس") NOT ("بحر قزو")'),
    ("-تركيا", '""', '""'),
    ("title:روسيا", '{title} : "روس"', '{title} : "روس"'),
    ("عنوان:«لقاء القمة»", '{title} : "لقاء قم"', '{title} : "لقاء قم"'),
    ("author:خالد", '{byline} : "خالد"', '{byline} : "خالد"'),
    ("قال:نعم", '"قال" OR "نعم"', '"قال" AND "نعم"'),
    ("الحكومي*", '("حكومي"* OR "حكوم")', '("حكومي"* OR "حكوم")'),
    ("حكوم*", '("حكوم"*)', '("حكوم"*)'),
    ("مدرسا*", '("مدرسا"* OR "مدرس")', '("مدرسا"* OR "مدرس")'),
    ("وزار*", '("وزار"*)', '("وزار"*)'),
    ("والوزي*", '("وزي"* OR "وز")', '("وزي"* OR "وز")'),
    ("التز*", '("التز"* OR "تز"*)', '("التز"* OR "تز"*)'),
    ("الحكو*.", '("حكو"*)', '("حكو"*)'),
    ("covid-19*", '("covid 19"*)', '("covid 19"*)'),
    ("*", '""', '""'),
    ("‘لقاء القمة’", '"لقاء قم"', '"لقاء قم"'),
    ("'لقاء القمة' l'x", '"لقاء قم" AND ("لقاء قم" OR "l x")', '"لقاء قم" AND "l x"'),
    ("《لقاء القمة》", '"لقاء قم"', '"لقاء قم"'),
    ("title:'لقاء القمة'", '{title} : "لقاء قم"', '{title} : "لقاء قم"'),
    ("العنوان: روسيا", '{title} : "روس"', '{title} : "روس"'),
    ("المؤلّف:خالد", '{byline} : "خالد"', '{byline} : "خالد"'),
    ("عنوان: -روسيا", '("عنوان") NOT ("روس")', '("عنوان") NOT ("روس")'),
    ("covid-19 كوفيد-19", '"covid 19" OR "كوفيد" OR "19"', '"covid 19" AND "كوفيد" AND "19"'),
    ("after:ليس", '"after" AND "ليس"', '"after" AND "ليس"'),
    ("-after:ليس حرب", '("حرب") NOT ("after" OR "ليس")', None),
    ("AND OR NOT NEAR(a b)", '("and" OR "a" OR "b") NOT ("near")', None),
]

DAYS = [
    ("after:2020-11-01", date(2020, 11, 1), None),
    ("after:٢٠٢٠-١١-٠١", date(2020, 11, 1), None),
    ("before:2020/11 after:2019", date(2019, 1, 1), date(2020, 11, 1)),
    ("after:2020-11-05 after:2020-11", date(2020, 11, 5), None),
    ("before:2020-11 before:2021", None, date(2020, 11, 1)),
    ("بعد:1/11/2020 قبل: ٣٠-١١-٢٠٢٠", date(2020, 11, 1), date(2020, 11, 30)),
    ("after:11/2020", date(2020, 11, 1), None),
    ("after:2020-13-40", None, None),
    ("after:13/13/2020", None, None),
    ("قبل: الحرب", None, None),
    ("after:", None, None),
]


@pytest.mark.parametrize(("typed", "any_word", "every_word"), EXPRESSIONS)
def test_a_query_becomes_a_match_expression(typed, any_word, every_word):
    assert parse(typed).expression() == any_word
    if every_word is not None:
        assert parse(typed).expression(every=True) == every_word


@pytest.mark.parametrize(("typed", "after", "before"), DAYS)
def test_days_become_filters(typed, after, before):
    query = parse(typed)
    assert (query.after, query.before) == (after, before)


UNREAD = [
    ("after:foo لاجئ", ("after:foo",)),
    ("بعد:الأمس قبل:2020", ("بعد:الأمس",)),
    ("before:2020-02-30", ("before:2020-02-30",)),
    ("منذ: ٢٠٢٠-١٣", ("منذ:٢٠٢٠-١٣",)),
    ("after:20201101 before:x", ("after:20201101", "before:x")),
    ('after:"last year"', ("after:last year",)),
    ("ماذا بعد: الحرب", ()),
    ("after:2020-11-01 قال:نعم", ()),
    ("after:", ()),
]


@pytest.mark.parametrize(("typed", "unread"), UNREAD)
def test_a_day_that_cannot_be_read_is_told_and_widens_nothing(typed, unread):
    query = parse(typed)
    assert query.unread == unread
    assert bool(query.must) == bool(unread)


def test_publishers_are_filters():
    query = parse('publisher:enabbaladi -publisher:"عنب بلدي" خبر')
    assert query.publishers == ("enabbaladi",)
    assert query.not_publishers == ("عنب بلدي",)
    assert query.expression() == '"خبر"'


def test_only_so_many_words_count():
    many = " ".join(map(str, range(500)))
    assert len(parse(many).words) == 64
    assert len(parse(f'"{many}"').must[0].terms) == 64


def test_what_stands_far_behind_is_not_read():
    assert parse("خبر " * 2500 + "-آخر") == parse("خبر")


@given(st.text(st.characters(exclude_categories=())))
def test_anything_can_be_typed(typed):
    query = parse(typed)
    assert query.expression() == parse(typed).expression()
