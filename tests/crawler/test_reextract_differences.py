"""What differs between two values, in a line: the place, the words, how many, and no more."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.reextract import difference, of_text, word_counts

LONG = " ".join(f"كلمة{number}" for number in range(569))
PLACE = "أعادت الدار البيضاء فجر اليوم فتح الميناء القديم بعد إغلاق دام أسبوعين كاملين"

TEXTS = (
    (
        PLACE,
        PLACE.replace("اليوم ", ""),
        "أعادت الدار البيضاء فجر [-اليوم-] فتح الميناء القديم بعد",
    ),
    (
        PLACE,
        PLACE.replace("القديم", "الجديد"),
        "… فجر اليوم فتح الميناء [-القديم-]{+الجديد+} بعد إغلاق دام أسبوعين",
    ),
    (PLACE, f"{PLACE} فقط", "… إغلاق دام أسبوعين كاملين {+فقط+}"),
    (f"خاص {PLACE}", PLACE, "[-خاص-] أعادت الدار البيضاء فجر"),
    ("قال\nوأضاف", "قال وأضاف", "قال [-¶-] وأضاف"),
    ("قال وأضاف", "قال\n\nوأضاف", "قال {+¶+} وأضاف"),
    ("قال  وأضاف", "قال وأضاف", "other spaces between the words"),
    (PLACE, PLACE.replace(" ", "  "), "other spaces between the words"),
    ("كله هنا", "شيء مختلف", "[-كله هنا-]{+شيء مختلف+}"),
    ("نعم", "", "[-نعم-]"),
    # The first of two places, though the text between them is short.
    ("ا ب ج د ه و ز ح ط", "ا ب س د ه و ز ع ط", "ا ب [-ج-]{+س+} د ه و ز"),
    # Words at both ends that are the same word twice over are not taken twice.
    ("في البيت في الحي", "في الحي", "[-في البيت-] في الحي"),
)


@pytest.mark.parametrize(("before", "after", "told"), TEXTS)
def test_the_first_place_that_differs_is_shown_with_what_is_around_it(before, after, told):
    assert of_text(before, after) == told


def test_a_long_stretch_is_shown_by_its_ends():
    box = " ".join(f"اعلان{number}" for number in range(300))
    words = LONG.split()
    longer = " ".join([*words[:400], box, *words[400:]])
    assert of_text(longer, LONG) == (
        "… كلمة396 كلمة397 كلمة398 كلمة399 [-اعلان0 اعلان1 اعلان2 اعلان3 اعلان4 … اعلان298"
        " اعلان299-] كلمة400 كلمة401 كلمة402 كلمة403"
    )
    assert word_counts(longer, LONG) == "869 → 569 words, 300 removed, 0 added"


def test_words_are_counted_over_the_whole_text():
    changed = LONG.replace("كلمة7 ", "").replace("كلمة500", "بدل وزيادة")
    assert word_counts(LONG, changed) == "569 → 569 words, 2 removed, 2 added"
    assert word_counts("ا ب", "ب ا") == "2 → 2 words, 0 removed, 0 added"
    assert word_counts("ا\nب", "ا ب") == "2 → 2 words, 0 removed, 0 added"


VALUES = (
    (None, "قديم", "nothing → قديم"),
    ("2020-11-02", "2020-11-03", "2020-11-02 → 2020-11-03"),
    (3, 2, "3 → 2"),
    ("عنوان\nقديم", "عنوان جديد", "عنوان قديم → عنوان جديد"),
    (PLACE, None, "أعادت الدار البيضاء فجر اليوم فتح الميناء القديم بعد إغلاق … → nothing"),
    (PLACE, f"{PLACE} فقط", "… إغلاق دام أسبوعين كاملين {+فقط+}"),
    (("سياسة", "اقتصاد"), ("اقتصاد", "رياضة"), "سياسة، اقتصاد → اقتصاد، رياضة"),
    ((), ("سلمى حداد", "رامي"), "nothing → سلمى حداد، رامي"),
    (("ا",), None, "ا → nothing"),
    (
        (f"1 {PLACE}", "2"),
        (f"1 {PLACE} فقط", "2"),
        "… بعد إغلاق دام أسبوعين [-كاملين،-]{+كاملين فقط،+} 2",
    ),
)


@pytest.mark.parametrize(("before", "after", "told"), VALUES)
def test_other_values_are_shown_whole_where_they_are_short(before, after, told):
    assert difference(before, after) == told


def test_of_a_long_address_the_part_that_differs_is_shown():
    address = "https://images.alwaraq.example/wp-content/uploads/2020/11/school-{}.jpg"
    told = difference(address.format("300x200"), address.format("1024x683"))
    assert "300x200" in told
    assert "1024x683" in told


words = st.lists(st.sampled_from(["في", "من", "قال", "ا", "ب", "\n", "x" * 300]), max_size=60)


@given(words, words)
def test_it_is_bounded_and_says_something_of_any_two_texts(before, after):
    one, other = " ".join(before), " ".join(after)
    told = of_text(one, other)
    assert len(told) < 2000
    assert "\n" not in told
    shown = "[-" in told or "{+" in told
    assert shown == (before != after)


def _every_second(dice: random.Random) -> tuple[list[str], list[str]]:
    before = [f"ك{number}" for number in range(10_000)]
    return before, [word if n % 2 else f"ل{n}" for n, word in enumerate(before)]


def _rare(dice: random.Random) -> tuple[list[str], list[str]]:
    return tuple(dice.choices([f"ك{n}" for n in range(120)], k=10_000) for _ in range(2))  # type: ignore[return-value]


def _two(dice: random.Random) -> tuple[list[str], list[str]]:
    return tuple(dice.choices("اب", k=10_000) for _ in range(2))  # type: ignore[return-value]


def _unlike(dice: random.Random) -> tuple[list[str], list[str]]:
    return tuple([f"{sign}{n}" for n in range(10_000)] for sign in "كل")  # type: ignore[return-value]


@pytest.mark.parametrize("texts", [_every_second, _rare, _two, _unlike])
def test_of_long_texts_the_first_difference_is_told_and_all_are_counted(texts):
    before, after = texts(random.Random(5))
    told = difference(" ".join(before), " ".join(after))
    counted = word_counts(" ".join(before), " ".join(after))
    assert "[-" in told or "{+" in told
    lost = sum((Counter(before) - Counter(after)).values())
    assert counted == f"10,000 → 10,000 words, {lost:,} removed, {lost:,} added"
