"""What a newspaper usually does is known after a few weeks, and what it does less is noticed."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from archive.habits import DAY, HOUR, WEEK, is_low, novelty, step

NOW = datetime(2026, 11, 27, 18, tzinfo=UTC)


def polled(weeks, *, each=2, quiet=0, now=NOW):
    """Return the activity of one that has so many articles an hour from 6 to 22, until it stops.

    It was asked all the time; none came in the last `quiet` hours.
    """
    hours: Counter[datetime] = Counter()
    for back in range(1, int(weeks * WEEK / HOUR)):
        at = now - back * HOUR
        hours[at] = each if 6 <= at.hour < 22 and back > quiet else 0
    return hours


@pytest.mark.parametrize(
    ("count", "past", "low"),
    [
        (0, [12, 12, 11, 13, 12], True),
        (0, [8, 8, 8, 8], False),  # so few may be none by chance
        (0, [0, 30, 2, 25, 1, 28], False),  # none is usual
        (0, [12, 12], False),  # hardly a habit
        (1, [40, 42, 39, 41], True),
        (9, [40, 42, 39, 41], False),
        (1, [12, 12, 11, 13], False),
        (0, [], False),
    ],
)
def test_far_below_the_same_hours_before(count, past, low):
    assert is_low(count, past) is low


@pytest.mark.parametrize(
    ("quiet", "unusual"), [(1, False), (3, False), (4, True), (12, True), (72, True), (300, True)]
)
def test_silence_is_noticed_as_soon_as_it_is_long(quiet, unusual):
    assert novelty(polled(9, quiet=quiet), NOW).unusual is unusual


def test_a_night_is_no_silence():
    morning = NOW.replace(hour=6)
    assert not novelty(polled(9, now=morning), morning).unusual
    assert novelty(polled(9, now=morning), morning).count == 30


def test_a_weekend_without_news_is_no_silence():
    friday = Counter({at: 0 if at.weekday() == 4 else new for at, new in polled(9).items()})
    assert not novelty(friday, NOW).unusual
    assert novelty(polled(9, quiet=12), NOW).unusual


def test_a_young_archive_has_the_habits_of_its_days_and_a_new_one_none():
    assert step(NOW - 40 * DAY, NOW) == WEEK
    assert step(NOW - 6 * DAY, NOW) == DAY
    assert step(NOW - 3 * DAY, NOW) is None
    assert novelty(polled(1, quiet=12), NOW).unusual
    assert not novelty(polled(3 / 7, quiet=12), NOW).unusual
    assert not novelty(Counter(), NOW).unusual


def test_weeks_in_which_nobody_asked_are_no_habit():
    asked = polled(9, quiet=12)
    missed = {at: new for at, new in asked.items() if NOW - at < WEEK or NOW - at > 8 * WEEK}
    assert not novelty(missed, NOW).unusual


def test_a_backfill_of_one_day_changes_nothing():
    hours = polled(9)
    hours[NOW - 2 * WEEK - 3 * HOUR] += 5000
    assert not novelty(hours, NOW).unusual
    assert novelty(hours, NOW).usual == pytest.approx(32, abs=2)


def test_a_trickle_is_noticed_after_a_day():
    hours = polled(9, quiet=26)
    hours[NOW - 2 * HOUR] = 1
    found = novelty(hours, NOW)
    assert (found.unusual, found.count, found.hours) == (True, 1, 24)
    assert timedelta(hours=found.hours) == DAY
