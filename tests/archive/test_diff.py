"""What changed between two states of an article, and what kind of change it is."""

import time
from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import diff
from archive.diff import Change, compare, summarize
from archive.meaning import numbers
from archive.models import Image
from archive.search.arabic import fold, words
from tests.archive.desk import reading

FIRST = "وصلت السفينة إلى الميناء صباح اليوم محملة بالقمح."
SECOND = "وقال مدير الميناء: «التفريغ يبدأ غداً» ويستمر خمسة أيام."
THIRD = "ويأمل التجار أن تنخفض أسعار الطحين قبل حلول الشتاء."
TEXT = f"{FIRST}\n{SECOND}\n{THIRD}"


def kinds(before, after):
    return " ".join(summarize(before, after).kinds)


def signed(before, after):
    return "".join(
        piece.text if piece.sign == "=" else f"[{piece.sign}{piece.text}]"
        for piece in compare(reading(before), reading(after)).passages[0].pieces
    )


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("قال الوزير أمس", "قال الوزير اليوم", "قال الوزير [-أمس][+اليوم]"),
        # A particle is not torn from its word, nor a mark from its letter.
        ("في المدينة", "والمدينة", "[-في المدينة][+والمدينة]"),
        ("مدرسةٌ", "مدرسةً", "[-مدرسةٌ][+مدرسةً]"),
        ("قُتل 12 شخصاً.", "قُتل 15 شخصاً!", "قُتل [-12][+15] شخصاً[-.][+!]"),
        ("نص", "نص، وآخر", "نص[+، وآخر]"),
        ("نفى ذلك", "  نفى  ذلك ", "[+  ]نفى[- ][+  ]ذلك[+ ]"),
        # A comma that both have between other words holds nothing together.
        ("أول، ثان", "ثالث، رابع", "[-أول، ثان][+ثالث، رابع]"),
    ],
)
def test_words_are_compared_one_by_one(before, after, shown):
    assert signed(before, after) == shown


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"title": "خلاف في تونس"}, {"title": "لقاء في تونس"}, "headline"),
        ({"title": "مقتل 12 شخصاً"}, {"title": "مقتل 15 شخصاً"}, "headline number"),
        ({"text": "قُتل ١٢ شخصا في حلب"}, {"text": "قُتل 15 شخصا في حلب"}, "number"),
        ({"text": "خمسة قتلى في حلب أمس"}, {"text": "ستة قتلى في حلب أمس"}, "number"),
        ({"text": "قتل ١٢ شخصا"}, {"text": "قتل 12 شخصا"}, "small"),
        ({"text": "يحضر الوزير القمة غدا"}, {"text": "لن يحضر الوزير القمة غدا"}, "negation"),
        ({"text": "هذا الكلام صحيح تماما"}, {"text": "هذا الكلام ليس صحيحا تماما"}, "negation"),
        ({"text": "عاد اللاجئون إلى المدينة"}, {"text": "ما زال اللاجئون في المدينة"}, "words"),
        ({"text": SECOND}, {"text": SECOND.replace("غداً", "اليوم")}, "quotation"),
        ({"text": SECOND}, {"text": SECOND.replace("«", "“").replace("»", "”")}, "small"),
        ({"text": "قال إنه نصر كبير"}, {"text": 'قال إنه "نصر" كبير'}, "quotation"),
        ({"byline": "سلمى"}, {"byline": "ليلى"}, "byline"),
        ({"byline": "سلمى"}, {"byline": None}, "byline"),
        ({"text": TEXT}, {"text": f"{FIRST}\n{THIRD}"}, "removed"),
        ({"text": f"{FIRST}\n{THIRD}"}, {"text": TEXT}, "added"),
        ({"text": TEXT}, {"text": f"{THIRD}\n{FIRST}\n{SECOND}"}, "order"),
        ({"text": TEXT}, {"text": TEXT.replace("\n", " ")}, "small"),
        ({"text": TEXT}, {"text": TEXT.replace("القمح", "الشعير")}, "words"),
        ({"section": "سياسة"}, {"section": "ثقافة"}, "words"),
        ({"dateline": None}, {"dateline": "تونس"}, "words"),
        ({"images": (Image(url="u", caption="سوق"),)}, {"images": ()}, "words"),
        # What only looks otherwise: hamza, marks, tatweel, punctuation; tags are as small as ever.
        ({"text": "إلى أن قال"}, {"text": "الى ان قـال."}, "small"),
        ({"tags": ("حرب",)}, {"tags": ("سلام",)}, "small"),
        ({}, {}, "small"),
        ({"published_on": date(2020, 11, 9)}, {"published_on": date(2020, 11, 1)}, "date"),
    ],
)
def test_the_kind_of_a_change(before, after, expected):
    assert kinds(reading(**before), reading(**after)) == expected


def test_a_rewritten_paragraph_shows_its_number_and_a_new_one_counts_none():
    old, new = "أصيب 3 في الحادث الذي وقع ليلا.", "ارتفعت حصيلة الجرحى لتبلغ 7 بحسب الشرطة."
    assert kinds(reading(text=f"{FIRST}\n{old}"), reading(text=f"{FIRST}\n{new}")) == (
        "number removed added"
    )
    assert kinds(reading(text=FIRST), reading(text=f"{FIRST}\n{new}")) == "added"


def test_words_in_and_out_are_counted():
    summary = summarize(reading(text=TEXT), reading(text=TEXT.replace("القمح", "القمح الأحمر")))
    assert (summary.words_in, summary.words_out) == (1, 0)


# Words that are alike, so that texts of them share much.
LINES = st.lists(
    st.sampled_from(
        ["قال", "لم", "لا", "عشرة", "و", "5", "٥", "«", "»", "،", " ", "  ", "أحمد", "احمد",
         "\u200c", "a", "A", "\N{ARABIC FATHA}", "😀", "\t", "."]
    )
).map(" ".join) | st.text(max_size=30)  # fmt: skip
TEXTS = st.lists(LINES.map(lambda line: line.replace("\n", " ")), max_size=4).map("\n".join)


def paragraphs(text):
    return [line for line in text.split("\n") if line.strip()]


@settings(max_examples=60)
@given(TEXTS, TEXTS, TEXTS)
def test_a_diff_leads_from_one_state_to_the_other_and_back(title, one, other):
    found = compare(reading(title, one), reading(None, other))
    text = [passage for passage in found.passages if passage.name == "text"]
    assert [each.before for each in text if each.before is not None] == paragraphs(one)
    assert [each.after for each in text if each.after is not None] == paragraphs(other)
    titles = [each for each in found.passages if each.name == "title"]
    assert [(each.before, each.after) for each in titles] == [(title, None)] * bool(title)
    back = compare(reading(None, other), reading(title, one)).summary
    assert (back.words_in, back.words_out) == (found.summary.words_out, found.summary.words_in)
    assert (back.kinds == ("small",)) == (found.summary.kinds == ("small",))


@settings(max_examples=60)
@given(TEXTS, TEXTS)
def test_what_is_small_has_the_same_words_numbers_and_negations(one, other):
    summary = summarize(reading(text=one), reading(text=other))
    same = words(fold(one)) == words(fold(other))
    assert same or summary.kinds != ("small",)
    if summary.kinds == ("small",):
        assert (summary.words_in, summary.words_out) == (0, 0)
        assert numbers(one) == numbers(other)


def test_kinds_go_from_the_most_telling_to_small():
    assert [kind.rank for kind in Change] == list(range(1, len(Change) + 1))
    assert Change.HEADLINE.rank == 1
    assert max(Change, key=lambda kind: kind.rank) is Change.SMALL


HOSTILE = {
    "alike": "أ " * 4_000,
    "other": "أ ب " * 2_000,
    "lines": "أ\n" * 2_000,
    "more lines": "أ\nب\n" * 2_000,
    "quotes": "«" * 4_000,
    "digits": "1," * 4_000,
    "numbers": "ثلاثة و ألف " * 1_000,
    "one": "ب",
}


@pytest.mark.parametrize(("one", "other"), [*product(list(HOSTILE)[::2], list(HOSTILE)[1::2])])
def test_the_work_is_bounded_and_what_was_left_out_is_said(one, other, monkeypatch):
    spent = []

    def allows(budget: diff._Budget, steps: int) -> bool:
        spent.append(steps * budget_allows(budget, steps))
        return spent[-1] > 0

    budget_allows = diff._Budget.allows
    monkeypatch.setattr(diff._Budget, "allows", allows)
    found = compare(reading(text=HOSTILE[one]), reading(text=HOSTILE[other]), steps=20_000)
    assert sum(spent) <= 20_000
    assert [p.before for p in found.passages if p.name == "text" and p.before is not None] == (
        paragraphs(HOSTILE[one])
    )


def test_a_text_that_is_too_tangled_is_coarse_and_still_counted():
    alike, other = reading(text=HOSTILE["alike"]), reading(text=HOSTILE["other"])
    found = compare(alike, other, steps=20_000)
    assert found.coarse
    assert found.summary.words_in == found.summary.words_out == 2_000
    assert not compare(reading(text=TEXT), reading(text=FIRST)).coarse


def test_lines_without_words_cost_as_much_as_others():
    rows = [mark * number for mark in "!؟" for number in range(1, 201)]
    found = compare(reading(text="\n".join(rows[:200])), reading(text="\n".join(rows[200:])),
                    steps=30_000)  # fmt: skip
    assert found.coarse
    assert found.summary.kinds == ("small",)


def test_a_usual_edit_costs_milliseconds():
    long = "\n".join(f"{line} {number}" for number in range(10) for line in TEXT.split("\n"))
    began = time.process_time()
    for _ in range(10):
        compare(reading(text=long), reading(text=long.replace("القمح", "الشعير")))
    assert time.process_time() - began < 1
