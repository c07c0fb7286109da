"""What is a revision and what is not."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.records import Outcome, PageKind
from archive.revisions import content_hash, decide
from tests.archive.desk import NOON, reading

BASE = reading(
    deck="تمهيد",
    byline="سلمى القارئ",
    authors=("سلمى القارئ",),
    dateline="تونس",
    section="ثقافة",
    tags=("أ", "ب"),
    published_at=NOON,
    modified_at=NOON,
    text="فقرة أولى.\nفقرة ثانية.",
    image_url="https://alwaraq.example/1.jpg?w=300",
)

NO_CHANGE = [
    {"modified_at": datetime(2020, 11, 10, tzinfo=UTC)},
    {"modified_at": None},
    {"tags": ("ب", "أ")},
    {"image_url": "https://alwaraq.example/1.jpg?w=600"},
    {"text": "فقرة  أولى.\n\n فقرة ثانية.\n"},
    {"published_from": "meta"},
    {"byline_from": "meta"},
    {"language": "ar"},
    {"kind": PageKind.LIVEBLOG},
    {"canonical_url": "https://alwaraq.example/2"},
]


@pytest.mark.parametrize("change", NO_CHANGE)
def test_no_word_changed_is_no_revision(change):
    assert decide(content_hash(BASE), replace(BASE, **change)) is Outcome.SAME


CHANGE = [
    {"title": "عنوان آخر"},
    {"title": None},
    {"deck": "تمهيد آخر"},
    {"byline": None},
    {"dateline": "بيروت"},
    {"section": "سياسة"},
    {"tags": ("أ",)},
    {"published_at": None},
    {"published_on": date(2020, 11, 8)},
    {"image_url": "https://alwaraq.example/2.jpg"},
    {"text": "فقرة أولى."},
    {"text": "فقرة أولى. فقرة ثانية."},
    {"text": "فقرة أولى.\nفقرة ثانيه."},
]


@pytest.mark.parametrize("change", CHANGE)
def test_a_word_changed_is_a_revision(change):
    assert decide(content_hash(BASE), replace(BASE, **change)) is Outcome.CHANGED


def test_what_was_never_seen_is_new():
    assert decide(None, BASE) is Outcome.NEW


def test_a_hash_never_changes():
    """A hash that moved would make a revision of every article in every archive."""
    assert content_hash(BASE) == HASH


HASH = "4d265884d5333fbeab36b73d108dac262de2d4326edd6e8123445e1cfbd6e658"


@given(st.text("ab \n"), st.text("ab \n"))
def test_only_white_space_is_passed_over(one, other):
    alike = [line.split() for line in one.splitlines() if line.split()] == [
        line.split() for line in other.splitlines() if line.split()
    ]
    assert (content_hash(reading(text=one)) == content_hash(reading(text=other))) == alike
