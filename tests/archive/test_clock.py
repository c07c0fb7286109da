"""Times are stored in one zone and one width."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.clock import from_iso, iso, starting_at, system

TABLE = [
    (datetime(2020, 11, 9, 12, tzinfo=UTC), "2020-11-09T12:00:00.000000Z"),
    (datetime(2020, 11, 9, 1, 2, 3, 4, tzinfo=UTC), "2020-11-09T01:02:03.000004Z"),
    (datetime(2020, 11, 9, 1, tzinfo=timezone(timedelta(hours=3))), "2020-11-08T22:00:00.000000Z"),
    (datetime(622, 7, 16, tzinfo=UTC), "0622-07-16T00:00:00.000000Z"),
]


@pytest.mark.parametrize(("moment", "text"), TABLE)
def test_a_time_is_stored_in_utc(moment, text):
    assert iso(moment) == text
    assert from_iso(text) == moment


ZONES = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(timezone)
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES)  # noqa: DTZ001


@given(MOMENTS, MOMENTS)
def test_order_of_texts_is_order_of_times(one, other):
    assert from_iso(iso(one)) == one
    assert (iso(one) < iso(other)) == (one < other)


def test_a_clock_set_back_runs_on():
    ticks = iter([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 5, tzinfo=UTC)])
    clock = starting_at(datetime(2020, 11, 9, 12, tzinfo=UTC), ticking=lambda: next(ticks))
    assert clock() == datetime(2020, 11, 9, 12, 5, tzinfo=UTC)


def test_the_machines_clock_is_aware():
    assert system().tzinfo is UTC
