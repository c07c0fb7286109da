"""Listings are polled as their newspaper publishes: never too late for them, and never for ever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import polls, schedule
from tests import simulation
from tests.simulation import BEGIN, DAY, MINUTE, learnt, live, of, paper

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAMASCUS = ZoneInfo("Asia/Damascus")


def daily(*hours, days=28, each=1, until=NOW):
    """Return moments: `each` so often at these hours (UTC) of so many days."""
    midnight = until.replace(hour=0)
    return [
        midnight - day * DAY + hour * HOUR + 50 * MINUTE * number / each
        for day in range(days)
        for hour in hours
        for number in range(each)
        if midnight - day * DAY + (hour + 1) * HOUR <= until
    ]


def learn(arrivals, *, since=NOW - 28 * DAY, zone=None, now=NOW):
    return polls.learn(arrivals, since=since, now=now, zone=zone)


def test_a_listing_of_which_nothing_is_known_is_polled_soon_and_then_less_and_less():
    waits = [
        polls.interval(learn([], since=NOW - age), now=NOW)
        for age in (timedelta(0), HOUR, 6 * HOUR, DAY, 28 * DAY)
    ]
    assert timedelta(minutes=30) <= waits[0] <= HOUR
    assert waits == sorted(waits)
    assert waits[-1] == polls.LONGEST


def test_polls_are_as_frequent_as_what_is_expected_at_that_hour():
    rhythm = learn(daily(8, 9, 10, 11, 12, each=4))
    morning, night = NOW.replace(hour=8), NOW.replace(hour=20)
    assert 15 * MINUTE <= polls.interval(rhythm, now=morning) <= 30 * MINUTE
    assert polls.interval(rhythm, now=night) == polls.LONGEST
    before = polls.interval(rhythm, now=morning - 90 * MINUTE)  # it does not sleep through eight
    assert 90 * MINUTE <= before <= 2 * HOUR


def test_hours_are_those_of_the_newspaper():
    utc, there = learn(daily(8)), learn(daily(8), zone=DAMASCUS)
    assert max(range(24), key=utc.hours.__getitem__) == 8
    assert max(range(24), key=there.hours.__getitem__) == 11
    assert utc.rate(NOW.replace(hour=8)) == pytest.approx(there.rate(NOW.replace(hour=8)))


def test_a_burst_that_is_to_be_expected_fills_half_of_the_listing_at_most():
    even = learn(daily(*range(24), each=6))
    bursts = learn([at - day * 7 * HOUR for day in range(25) for at in daily(5, days=1, each=30)])
    assert even.bursts < bursts.bursts
    expected = 4.0
    assert even.fits(expected, 20)
    assert not bursts.fits(expected, 20)
    assert bursts.fits(expected, None)
    waits = [polls.interval(even, now=NOW, entries=entries) for entries in (2, 3, 20, None)]
    assert waits == sorted(waits)
    assert waits[0] == polls.SHORTEST


def test_a_day_on_which_more_comes_than_usual_counts_at_once():
    usual = daily(*range(6, 12), each=1)
    today = [NOW - number * 6 * MINUTE for number in range(40)]
    assert polls.interval(learn([*usual, *today]), now=NOW) < polls.interval(learn(usual), now=NOW)


def test_a_newspaper_that_is_silent_is_still_polled():
    rhythm = learn(daily(8, 9, each=10, until=NOW - 30 * DAY), since=NOW - 400 * DAY)
    assert polls.interval(rhythm, now=NOW, entries=20) == polls.LONGEST


def test_listings_that_were_due_together_are_not_for_ever():
    rhythm = learn(daily(8))
    due = {polls.next_poll(rhythm, key=f"https://x.example/{n}", now=NOW) for n in range(20)}
    assert len(due) == 20
    assert {polls.next_poll(rhythm, key="a", now=NOW)} == {
        polls.next_poll(rhythm, key="a", now=NOW)
    }
    assert max(due) - min(due) <= polls.LONGEST / 20
    assert max(due) <= NOW + polls.LONGEST


@pytest.mark.parametrize(
    ("ago", "entries", "may"),
    [
        (10 * MINUTE, 20, True),
        (4 * HOUR, 20, False),  # an eighth of it is expected to be new
        (4 * HOUR, 200, True),
        (6 * HOUR, 2000, False),
        (10 * MINUTE, None, True),
        (4 * HOUR, None, False),
        (-HOUR, 20, True),  # the clock was set back
    ],
)
def test_validators_are_believed_for_a_while(ago, entries, may):
    rhythm = learn(daily(*range(24)))
    assert polls.is_conditional(rhythm, read_at=NOW - ago, now=NOW, entries=entries) is may


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.lists(st.timedeltas(timedelta(0), 12 * HOUR), max_size=150),
    entries=st.integers(1, 30),
)
def test_nothing_is_missed_where_what_arrives_between_two_polls_fits(gaps, entries):
    comes, at = [], BEGIN
    for gap in gaps:
        at += gap / 4
        comes.append(at)
    lived = live(of(comes, entries=entries), learnt, days=4)
    assert all(polls.SHORTEST <= b - a <= polls.LONGEST for a, b in pairwise(lived.good))
    for before, now in pairwise([BEGIN - DAY, *lived.good]):
        came = [number for number, at in enumerate(comes) if before < at <= now]
        lost = set(came).intersection(lived.missed)
        assert len(lost) == max(0, len(came) - entries)


def test_the_policy_is_better_than_fixed_intervals():
    """A short run of `python -m tests.simulation`."""
    one = paper(30, days=6)
    lived, quarter, hour = (
        live(one, policy, days=6) for policy in (learnt, simulation.fixed(15), simulation.fixed(60))
    )
    assert lived.missed == []
    assert lived.requests() < quarter.requests() - 1.5
    assert (
        sorted(lived.delays())[len(lived.came) // 2] < sorted(hour.delays())[len(lived.came) // 2]
    )


@pytest.mark.parametrize(
    ("ways", "missed", "hours"), [({"edits": 0.5}, 0, 4), ({"sticky": True}, 2, 8)]
)
def test_neither_edits_nor_validators_that_stay_hide_an_article_for_long(ways, missed, hours):
    lived = live(paper(20, days=4, **ways), learnt, days=4)
    assert len(lived.missed) <= missed
    assert sorted(lived.delays())[-1 - missed] < hours * 60


@pytest.mark.parametrize("another", [False, True])
def test_a_newspaper_that_comes_back_is_read_again_within_the_hour(another):
    away = BEGIN + 2 * DAY, BEGIN + 9 * DAY
    lived = live(paper(30, days=12, away=away, another=another), learnt, days=12)
    back = next(at for at in lived.good if at >= away[1])
    assert back - away[1] <= schedule.OF_LISTINGS
    tries = [at for at in lived.polls if away[0] <= at < away[1]]
    assert all(b - a <= schedule.OF_LISTINGS for a, b in pairwise(tries))
    after = [at for at in lived.good if at > back]
    assert min(b - a for a, b in pairwise(after)) < HOUR
