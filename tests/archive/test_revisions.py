"""What is a revision and what is not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.records import Outcome, PageKind
from archive.revisions import Dated, content_hash, dated, differ
from tests.archive.desk import NOON, reading


def look(before, after):
    """Say what a second look at an article is."""
    _, redated = dated(date_of(before), after)
    return Outcome.CHANGED if redated or differ(before, after) else Outcome.SAME


def date_of(extraction):
    return Dated(
        at=extraction.published_at, on=extraction.published_on, source=extraction.published_from
    )


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
    {"published_at": None},
    {"published_at": NOON + timedelta(hours=1), "published_from": "dateline"},
    {"published_at": None, "published_on": None, "published_from": None},
    {"byline_from": "meta"},
    {"language": "ar"},
    {"kind": PageKind.LIVEBLOG},
    {"canonical_url": "https://alwaraq.example/2"},
]


@pytest.mark.parametrize("change", NO_CHANGE)
def test_no_word_changed_is_no_revision(change):
    assert look(BASE, replace(BASE, **change)) is Outcome.SAME


CHANGE = [
    {"title": "عنوان آخر"},
    {"title": None},
    {"deck": "تمهيد آخر"},
    {"byline": None},
    {"dateline": "بيروت"},
    {"section": "سياسة"},
    {"tags": ("أ",)},
    {"published_at": NOON + timedelta(hours=1)},
    {"published_on": date(2020, 11, 8)},
    {"image_url": "https://alwaraq.example/2.jpg"},
    {"text": "فقرة أولى."},
    {"text": "فقرة أولى. فقرة ثانية."},
    {"text": "فقرة أولى.\nفقرة ثانيه."},
]


@pytest.mark.parametrize("change", CHANGE)
def test_a_word_changed_is_a_revision(change):
    assert look(BASE, replace(BASE, **change)) is Outcome.CHANGED


def test_a_hash_never_changes():
    """A hash that moved would make a revision of every article in every archive."""
    assert content_hash(BASE) == HASH


HASH = "8cd00f41123e78a1e4374ddbc75382b76c8c076005511bff2deef8e1c8ca8c03"


DAY, OTHER_DAY = date(2020, 11, 9), date(2020, 11, 10)
DATES = [
    # what was kept, what is read now, what is kept then
    ((None, None, None), (NOON, DAY, "feed"), (NOON, DAY, "feed")),
    ((None, DAY, "dateline"), (NOON, DAY, "feed"), (NOON, DAY, "feed")),
    ((None, DAY, "dateline"), (NOON, OTHER_DAY, "feed"), (None, DAY, "dateline")),
    ((NOON, DAY, "dateline"), (None, OTHER_DAY, "dateline"), (NOON, DAY, "dateline")),
    ((NOON, DAY, "feed"), (None, None, None), (NOON, DAY, "feed")),
    ((NOON, DAY, "feed"), (None, OTHER_DAY, "json-ld"), (None, OTHER_DAY, "json-ld")),
    ((NOON, DAY, "json-ld"), (None, OTHER_DAY, "dateline"), (NOON, DAY, "json-ld")),
]


@pytest.mark.parametrize(("before", "read", "after"), DATES)
def test_a_date_that_is_not_stated_for_machines_never_moves(before, read, after):
    at, on, source = read
    extraction = reading(published_at=at, published_on=on, published_from=source)
    kept, edited = dated(Dated(at=before[0], on=before[1], source=before[2]), extraction)
    assert (kept.at, kept.on, kept.source) == after
    assert not edited


@given(st.text("ab \n"), st.text("ab \n"))
def test_only_white_space_is_passed_over(one, other):
    alike = [line.split() for line in one.splitlines() if line.split()] == [
        line.split() for line in other.splitlines() if line.split()
    ]
    assert (content_hash(reading(text=one)) == content_hash(reading(text=other))) == alike
