"""When an address is looked at again: never before now, never sooner than asked, never forever."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import articles
from archive.articles import Rechecks
from archive.models import Kind, Visit
from crawler import schedule

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def visit(*, kind=Kind.ARTICLE, age=timedelta(0), failures=0, found_in="feed"):
    return Visit(
        key="k",
        url="https://x.example/1",
        publisher="x",
        kind=kind,
        found_in=found_in,
        found_at=NOW - age,
        failures=failures,
    )


@pytest.mark.parametrize(
    ("age", "again"),
    [
        (timedelta(0), HOUR),
        (timedelta(minutes=44), HOUR),
        (timedelta(minutes=50), 6 * HOUR),  # that was the look of the first hour, a little early
        (HOUR, 6 * HOUR),
        (6 * HOUR, DAY),
        (DAY, 3 * DAY),
        (3 * DAY, 7 * DAY),
        (7 * DAY, 30 * DAY),
        (30 * DAY, None),
        (365 * DAY, None),
        (-HOUR, timedelta(0)),  # a clock that was set back: in an hour from now
    ],
)
def test_an_article_is_looked_at_again_at_its_next_age(age, again):
    expected = None if again is None else NOW - age + again
    assert schedule.after_success(visit(age=age), now=NOW) == expected


@pytest.mark.parametrize(
    ("since", "until", "again"),
    [
        (timedelta(0), 30 * DAY, HOUR),
        (2 * HOUR, 30 * DAY, 4 * HOUR),
        (7 * DAY, 30 * DAY, 7 * DAY),
        (50 * DAY, 30 * DAY, 7 * DAY),
        (HOUR, 3 * HOUR, 3 * HOUR),  # its last look is at the end
        (6 * HOUR, timedelta(0), None),
    ],
)
def test_a_watched_page_is_looked_at_by_its_age_since_then(since, until, again):
    old = visit(age=365 * DAY)
    watched = replace(old, watched_from=NOW - since, watched_until=NOW + until)
    assert schedule.after_success(watched, now=NOW) == (again and NOW + again)


def test_listings_wait_for_the_schedule_or_for_the_listing_they_stand_in():
    for kind in (Kind.FEED, Kind.SITEMAP, Kind.SECTION):
        assert schedule.after_success(visit(kind=kind, found_in=None), now=NOW) is None
        assert schedule.after_success(visit(kind=kind), now=NOW) is None


def test_nothing_is_given_up_because_the_site_is_away():
    tired = visit(failures=schedule.GIVE_UP)
    assert schedule.after_failure(tired, now=NOW) is None
    again = schedule.after_failure(tired, now=NOW, give_up=False)
    assert again == NOW + schedule.LONGEST_WAIT


@given(
    first=st.timedeltas(min_value=timedelta(0), max_value=400 * DAY),
    late=st.lists(st.timedeltas(min_value=timedelta(0), max_value=40 * DAY), min_size=8),
)
def test_an_article_gets_at_most_six_looks_and_none_in_the_past(first, late):
    found_at = NOW - first
    now, looks = NOW, 0
    one = Visit(key="k", url="u", publisher="x", kind=Kind.ARTICLE, found_in="f", found_at=found_at)
    for delay in late:
        again = schedule.after_success(one, now=now)
        if again is None:
            break
        assert again > now
        looks += 1
        now = again + delay
    assert looks <= len(schedule.AGES)


def test_looked_at_on_time_an_article_gets_all_six_rechecks():
    one, now, looks = visit(), NOW, 0
    while again := schedule.after_success(one, now=now):
        now, looks = again, looks + 1
    assert looks == 6


def test_waits_after_failures_grow_and_are_capped():
    page = visit(failures=40)
    assert schedule.after_failure(page, now=NOW, give_up=False) == NOW + schedule.LONGEST_WAIT
    tries = (visit(kind=Kind.FEED, found_in=None, failures=n) for n in range(40))
    waits = [(schedule.after_failure(one, now=NOW) or NOW) - NOW for one in tries]
    assert waits[0] == schedule.FIRST_FAILURE
    assert waits == sorted(waits)
    assert waits[-1] == schedule.OF_LISTINGS
    assert all(later == min(2 * wait, HOUR) for wait, later in pairwise(waits))


@pytest.mark.parametrize(
    ("kind", "found_in", "failures", "given_up"),
    [
        (Kind.ARTICLE, "feed", 8, False),
        (Kind.ARTICLE, "feed", 9, True),
        (Kind.ARTICLE, None, 9, True),
        (Kind.SITEMAP, "index", 9, True),
        (Kind.SITEMAP, None, 9, False),
        (Kind.FEED, None, 10_000, False),
    ],
)
def test_only_an_entry_point_is_tried_for_ever(kind, found_in, failures, given_up):
    one = visit(kind=kind, found_in=found_in, failures=failures)
    assert (schedule.after_failure(one, now=NOW) is None) is given_up


@given(
    failures=st.integers(0, 8),
    asked=st.timedeltas(min_value=timedelta(0), max_value=schedule.LONGEST_ASKED),
)
def test_a_failed_visit_waits_at_least_as_long_as_asked(failures, asked):
    seconds = str(int(asked.total_seconds()))
    until = schedule.retry_after(seconds, now=NOW)
    again = schedule.after_failure(visit(failures=failures), now=NOW, retry_after=until)
    assert again is not None
    assert again >= NOW + timedelta(seconds=int(seconds))
    assert again > NOW


def http_date(moment):
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("0", timedelta(0)),
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("172800", 2 * DAY),
        ("9999999999", schedule.LONGEST_ASKED),
        ("9" * 400, None),
        ("9" * 5000, None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        (http_date(NOW + HOUR), HOUR),
        (http_date(NOW - HOUR), timedelta(0)),
        (http_date(NOW + 400 * DAY), schedule.LONGEST_ASKED),
        ("Mon, 23 Nov 2026 15:00:00 +0300", timedelta(0)),
        ("Mon, 23 Nov 2026 13:00:00 -0000", HOUR),
        ("Mon, 99 Nov 2026 13:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +1400", timedelta(0)),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, expected):
    moment = schedule.retry_after(value, now=NOW)
    assert moment == (None if expected is None else NOW + expected)


@given(st.text())
def test_no_retry_after_breaks_the_crawl(value):
    moment = schedule.retry_after(value, now=NOW)
    assert moment is None or NOW <= moment <= NOW + schedule.LONGEST_ASKED


@pytest.mark.parametrize(
    ("age", "found_in", "again"),
    [
        (timedelta(0), "feed", NOW + DAY),
        (DAY, "feed", NOW + 2 * DAY),
        (3 * DAY, "feed", NOW + 4 * DAY),
        (30 * DAY, "feed", None),
        (30 * DAY, None, NOW + DAY),
    ],
)
def test_a_vanished_article_is_looked_at_again_but_not_at_once(age, found_in, again):
    assert schedule.after_gone(visit(age=age, found_in=found_in), now=NOW) == again


def test_a_listing_that_is_not_found_is_asked_for_hourly():
    feed = visit(kind=Kind.FEED, found_in=None, failures=100)
    assert schedule.after_gone(feed, now=NOW) == NOW + HOUR


def rechecks(**counts):
    return Rechecks(learnt_at=NOW - 10 * DAY, **counts)


@pytest.mark.parametrize(
    ("known", "counts", "edited", "again"),
    [
        (False, {}, False, None),  # the first are put by
        (False, {"firsts": 3}, False, DAY),
        (False, {"firsts": 9, "planned": 9}, False, None),
        (False, {"firsts": 90}, False, HOUR),  # there are many to spare
        (True, {"firsts": 9, "rechecks": 5}, False, None),
        (True, {"firsts": 9, "rechecks": 5}, True, 6 * HOUR),
        (True, {"firsts": 9, "rechecks": 9}, True, None),
        (False, {"firsts": 90, "rechecks": 60, "planned": 30}, False, 30 * DAY),  # nothing changes
    ],
)
def test_of_a_newspaper_that_is_known_each_article_has_one_look(known, counts, edited, again):
    one = replace(visit(), article=1 if known else None)
    due_at = schedule.after_success(one, now=NOW, rechecks=rechecks(**counts), edited=edited)
    assert due_at == (again and NOW + again)


def test_in_its_first_week_an_article_has_all_ages_and_is_due_soon_after_an_edit():
    young = Rechecks(learnt_at=NOW + DAY, firsts=5, rechecks=90)
    old = visit(age=2 * DAY)
    assert schedule.after_success(old, now=NOW, rechecks=young) == NOW + DAY
    assert schedule.after_success(old, now=NOW, rechecks=young, edited=True) == NOW + 6 * HOUR


@given(
    days=st.lists(st.integers(0, 12), min_size=40, max_size=90),
    edits=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    dice=st.randoms(use_true_random=False),
)
@settings(max_examples=15, deadline=None)
def test_there_are_never_more_looks_by_age_than_new_articles(days, edits, dice):
    """Whatever comes, however late a crawl is, and of whichever days in between."""
    firsts: list[datetime] = []
    made: list[datetime] = []
    planned: dict[str, Visit] = {}  # visits that are due, by their keys
    now, number = NOW, 0
    most = 0
    for new in days:
        due = [one for one in planned.values() if one.due_at and one.due_at <= now]
        fresh = [replace(visit(), key=f"{number + n}", found_at=now) for n in range(new)]
        number += new
        for one in dice.sample(due + fresh, len(due + fresh)):
            recent = now - articles.WINDOW
            known = rechecks(
                firsts=sum(at > recent for at in firsts),
                rechecks=sum(at > recent for at in made),
                changes=int(edits > 0),
                planned=len(planned),
            )
            is_edit = one.article is not None and dice.random() < edits
            due_at = schedule.after_success(one, now=now, rechecks=known, edited=is_edit)
            planned.pop(one.key, None)
            (made if one.article else firsts).append(now)
            if due_at:
                planned[one.key] = replace(one, article=1, due_at=due_at)
            assert len(made) + len(planned) <= len(firsts)
        most = max(most, len(made))
        now += dice.choice([HOUR, DAY, 3 * DAY])
    assert most or not sum(days[:-3]) > 9
