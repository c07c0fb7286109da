"""Stems with and without the particles that light10 leaves before a word."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.arabic import fold
from archive.stemming import bare_stem

TOGETHER = [
    # with a particle, another prefix or another ending
    ("بدمشق", "وبدمشق", "دمشق"),
    ("لسوريا", "سوريا", "السورية", "للسوريين"),
    ("كرئيس", "الرئيس", "ورئيس"),
    ("وزير", "الوزير", "ووزير", "للوزير", "بوزير"),
    ("وزارة", "الوزارة", "وزارات"),
    ("للحكومة", "وللحكومة", "بالحكومة", "حكومة"),
    ("اللجنة", "للجنة", "لجنة"),
    ("التزام", "الالتزام", "بالتزام"),
    ("ألمانيا", "لألمانيا", "الألمانية", "الألمان"),
    ("فلسطين", "الفلسطينيين", "لفلسطين", "فلسطينية"),
    ("لبنان", "للبنان", "بلبنان", "اللبنانية"),
    ("قانون", "القانونية", "بالقانون"),
    ("والد", "والده", "الوالد"),
    ("فقال", "وقال", "قال"),
    ("ب٢٠١٢", "و2012", "2012"),
    ("لـBBC", "BBC"),
]

APART = [
    # a word whose first letter is its own, what would be left of it
    ("بلد", "لد"),
    ("كتاب", "تاب"),
    ("لجنة", "جنة"),
    ("فريق", "ريق"),
    ("كبير", "بير"),
    ("بعيد", "عيد"),
    ("كمال", "مال"),
    ("فيصل", "يصل"),
    ("لبنان", "لبن"),
    ("بطولة", "طول"),
    ("لقاء", "قاء"),
    ("فيها", "ها"),
    ("وضع", "ضع"),
    ("بيان", "بي"),
]


@pytest.mark.parametrize("words", TOGETHER)
def test_forms_of_a_word_have_one_stem(words):
    assert len({bare_stem(fold(word)) for word in words}) == 1


@pytest.mark.parametrize(("word", "rest"), APART)
def test_a_letter_of_the_word_stays(word, rest):
    assert bare_stem(fold(word)) != bare_stem(fold(rest))


@given(st.text("ابلكفويةهنتم1a", max_size=12))
def test_a_stem_is_a_part_of_its_word(word):
    bare = bare_stem(word)
    assert bare in word
    assert bool(bare) == bool(word)


@pytest.mark.parametrize("table", ["uncut", "lands", "known"])
def test_the_words_are_folded_sorted_and_there_once(table):
    text = files("archive").joinpath("stems.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(text)[table].split()
    assert listed == sorted(set(listed))
    assert all(fold(word) == word for word in listed)
