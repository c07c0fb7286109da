"""Stems with and without the particles that light10 leaves before a word."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.arabic import fold
from archive.stemming import KNOWN_STEMS, bare_stem, stem

TOGETHER = [
    # written with a particle, the word itself
    ("بدمشق", "دمشق"),
    ("وبدمشق", "دمشق"),
    ("لسوريا", "سوريا"),
    ("كرئيس", "الرئيس"),
    ("برئاسة", "رئاسة"),
    ("فقال", "قال"),
    ("ووزير", "وزير"),
    ("وللحكومة", "الحكومة"),
    ("وبالحكومة", "الحكومة"),
    ("لألمانيا", "ألمانيا"),
    ("ب١٢", "12"),
    ("لـBBC", "bbc"),
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
    ("لبنان", "بنان"),
    ("بطولة", "طول"),
    ("لقاء", "قاء"),
    ("فيها", "ها"),
]


@pytest.mark.parametrize(("joined", "word"), TOGETHER)
def test_a_particle_goes_where_a_word_is_left(joined, word):
    assert bare_stem(fold(joined)) == bare_stem(fold(word))


@pytest.mark.parametrize(("word", "rest"), APART)
def test_a_letter_of_the_word_stays(word, rest):
    assert bare_stem(fold(word)) == stem(fold(word)) != bare_stem(fold(rest))


@given(st.text("ابلكفويةهنتم1a", max_size=12))
def test_any_word_has_a_stem_that_ends_as_light10_says(word):
    bare = bare_stem(word)
    assert stem(word).endswith(bare) or word.startswith("و")
    assert bool(bare) == bool(word)


def test_the_stems_are_folded_sorted_and_there_once():
    text = files("archive").joinpath("stems.txt").read_text(encoding="utf-8")
    listed = [
        word for line in text.splitlines() if not line.startswith("#") for word in line.split()
    ]
    assert listed == sorted(KNOWN_STEMS)
    assert all(fold(word) == word for word in listed)
