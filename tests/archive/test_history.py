"""Tests of history."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import history as histories
from archive.history import History, Observation, content_hash, dated, differ, observe
from archive.models import Image, Outcome, PageKind
from tests.archive.desk import HOUR, NOON, reading


def look(before, after):
    """Say what a second look at an article is."""
    _, redated = dated(before, after)
    return Outcome.CHANGED if redated or differ(before, after) else Outcome.SAME


def dated_to(at, on, source):
    return reading(published_at=at, published_on=on, published_from=source)


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


HASH = "8cd00f41123e78a1e4374ddbc75382b7"


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
    kept, edited = dated(dated_to(*before), dated_to(*read))
    assert (kept, edited) == (dated_to(*after), False)


@given(st.text("ab \n"), st.text("ab \n"))
def test_only_white_space_is_passed_over(one, other):
    alike = [line.split() for line in one.splitlines() if line.split()] == [
        line.split() for line in other.splitlines() if line.split()
    ]
    assert (content_hash(reading(text=one)) == content_hash(reading(text=other))) == alike


TEXTS = ("نص الخبر.", "نص الخبر كما صار.", "نص ثالث.")
ONE, OTHER = reading(text=TEXTS[0]), reading(text=TEXTS[1])


def fold(observations, start=None) -> History:
    history = histories.fold(observations, start)
    assert history
    return history


def seen(hours, reading=None, **fields):
    return Observation(capture=hours, at=NOON + hours * HOUR, reading=reading, **fields)


def test_the_first_reading_is_the_first_revision():
    history = fold([seen(0, missing=True), seen(1, same=True), seen(2, ONE)])
    assert history.state.first_seen_at == history.state.last_seen_at == NOON + 2 * HOUR
    assert [one.number for one in history.revisions] == [1]
    assert history.state.changed_at is None


def test_without_a_reading_there_is_no_article():
    assert histories.fold([seen(0, missing=True), seen(1, same=True), seen(2)]) is None


def test_a_changed_text_is_a_revision_and_the_same_text_is_none():
    history = fold([seen(0, ONE), seen(1, ONE), seen(2, OTHER), seen(3, same=True), seen(4, ONE)])
    assert [(one.observed_at, one.reading.text) for one in history.revisions] == [
        (NOON, TEXTS[0]), (NOON + 2 * HOUR, TEXTS[1]), (NOON + 4 * HOUR, TEXTS[0]),
    ]  # fmt: skip
    assert history.state.changed_at == NOON + 4 * HOUR
    assert history.state.revision_count == 3
    assert not any(one.small for one in history.revisions)


def test_tags_captions_and_the_main_image_make_a_small_revision():
    def picture(caption):
        return (Image(url="https://a.example/1.jpg", caption=caption),)

    readings = [
        reading(tags=("أ", "ب")),
        reading(tags=("ب", "أ")),
        reading(tags=("أ",)),
        reading(tags=("أ",), images=picture("مدرسة")),
        reading(tags=("أ",), images=picture("مدرسة في الرقة")),
        reading(tags=("أ",), images=picture("مدرسة في الرقة"), image_url="https://a.example/2.jpg"),
        reading(
            tags=("ت",), images=picture("مدرسة في الرقة"), image_url="https://a.example/2.jpg?w=3",
            text=TEXTS[1],
        ),
    ]  # fmt: skip
    history = fold([seen(hours, one) for hours, one in enumerate(readings)])
    assert [(one.capture, one.small) for one in history.revisions] == [
        (0, False), (2, True), (4, True), (5, True), (6, False),
    ]  # fmt: skip


def test_two_answers_an_hour_apart_mark_an_article_gone_since_the_first():
    early = fold([seen(0, ONE), seen(1, missing=True), seen(1, missing=True)])
    assert (early.state.missing_at, early.state.gone_at) == (NOON + HOUR, None)
    gone = fold([seen(0, ONE), seen(1, missing=True), seen(3), seen(2, missing=True)])
    assert gone.state.gone_at == NOON + HOUR
    assert gone.state.last_seen_at == NOON
    back = fold([seen(0, ONE), seen(1, missing=True), seen(2, same=True), seen(3, missing=True)])
    assert (back.state.missing_at, back.state.gone_at) == (NOON + 3 * HOUR, None)


def test_what_an_answer_was_is_said_once():
    state = fold([seen(0, ONE)]).state
    outcomes = []
    for hours in (1, 2, 3):
        step = observe(state, seen(hours, missing=True))
        assert step
        outcomes.append(step.outcome)
        state = step.state
    assert outcomes == [Outcome.MISSING, Outcome.GONE, Outcome.MISSING]


def test_a_history_known_beforehand_speaks_for_its_span():
    start = fold([seen(0, ONE), seen(5, ONE)])
    history = fold([seen(3, OTHER), seen(5, OTHER), seen(6, OTHER)], start)
    assert [(one.number, one.capture) for one in history.revisions] == [(1, 0), (2, 6)]


OBSERVATIONS = st.lists(
    st.one_of(
        st.sampled_from(TEXTS).map(lambda text: {"reading": reading(text=text)}),
        st.sampled_from([{"same": True}, {"missing": True}, {}]),
    ),
    max_size=12,
)


@given(OBSERVATIONS, st.integers(0, 12))
def test_appending_to_a_folded_history_is_folding_all(shown, cut):
    observations = [
        Observation(capture=number, at=NOON + timedelta(minutes=25 * number), **one)
        for number, one in enumerate(shown)
    ]
    first = histories.fold(observations[:cut])
    state, revisions = (first.state, list(first.revisions)) if first else (None, [])
    for observation in observations[cut:]:
        if step := observe(state, observation):
            state = step.state
            revisions += [step.revision] if step.revision else []
    appended = History(state=state, revisions=tuple(revisions)) if state else None
    assert appended == histories.fold(observations)
