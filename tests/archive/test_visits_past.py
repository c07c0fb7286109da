"""Walks into the past: newest first, apart from the news, on from where they were."""

from contextlib import closing
from datetime import date, timedelta
from typing import Any

import pytest

from archive import links, visits
from archive.models import Kind, Link
from archive.visits import _NEXT, KINDS
from tests.archive.desk import FEED, HOUR, NOON, PAPER, visit, visited
from tests.archive.newsroom import add_article, empty_archive

SECTION = "https://alwaraq.example/s"
API = "https://alwaraq.example/wp-json/wp/v2/posts"
SINCE, UNTIL = date(2020, 1, 1), date(2020, 11, 9)


@pytest.fixture
def db():
    with closing(empty_archive()) as connection:
        connection.execute("insert into publishers (slug, name) values (?, 'و')", (PAPER.slug,))
        yield connection


def page(number):
    return f"https://alwaraq.example/{number}"


def find(db, *numbers, past=True, listing=FEED, kind=Kind.FEED, now=NOON, **days):
    listed = [(page(number), Link(url=page(number), **days)) for number in numbers]
    one = visit(listing, kind)
    return links.found(db, listed, visit=one, now=now, run_began=now, past=past)


def walk(db, **changes):
    asked: dict[str, Any] = {"articles": True, "limit": 100, "within": (SINCE, UNTIL)} | changes
    return visits.due(db, PAPER.slug, now=NOON, **asked)


def keys(found):
    return [one.key.rsplit("/", 1)[1] for one in found]


def news(db, now=NOON):
    return keys(visits.due(db, PAPER.slug, now=now, articles=True, limit=100))


def test_the_newest_days_come_first_and_undated_ones_last(db):
    find(db, 1)
    find(db, 2, latest_on=date(2020, 3, 1))
    find(db, 3, latest_on=date(2020, 5, 1))
    assert keys(walk(db)) == ["3", "2", "1"]
    assert keys(walk(db, limit=1)) == ["3"]
    assert keys(walk(db, busy=[page(3)], limit=1)) == ["2"]
    assert news(db) == []


WITHIN = [
    ({"latest_on": date(2019, 12, 31)}, False),
    ({"latest_on": date(2020, 1, 1)}, True),
    ({"earliest_on": date(2020, 11, 9), "latest_on": date(2020, 11, 9)}, True),
    ({"earliest_on": date(2020, 11, 10), "latest_on": date(2020, 11, 10)}, False),
    ({"latest_on": date(2020, 12, 1)}, True),  # changed after the period, published who knows when
    ({"earliest_on": date(2019, 12, 1), "latest_on": date(2020, 1, 31)}, True),
    ({}, True),
]


@pytest.mark.parametrize(("days", "is_in"), WITHIN)
def test_only_what_may_be_of_the_period_is_visited(db, days, is_in):
    find(db, 1, **days)
    assert keys(walk(db)) == (["1"] if is_in else [])
    assert visits.count_due(db, [PAPER.slug], now=NOON, within=(SINCE, UNTIL)) == is_in


def test_the_past_is_not_counted_with_the_news(db):
    find(db, 1, 2)
    find(db, 3, past=False)
    assert visits.count_due(db, [PAPER.slug], now=NOON) == 1
    assert visits.due_publishers(db, [PAPER.slug], now=NOON) == [PAPER.slug]
    db.execute("update visits set due_at = null where past = 0")
    assert visits.due_publishers(db, [PAPER.slug], now=NOON) == []


FOUND_AGAIN = [
    (Kind.FEED, False, {}, True),
    (Kind.FEED, False, {"latest_on": NOON.date()}, True),
    (Kind.FEED, False, {"latest_on": NOON.date() - timedelta(days=30)}, False),
    (Kind.SITEMAP, False, {}, False),
    (Kind.FEED, True, {}, False),
]


@pytest.mark.parametrize(("kind", "past_again", "days", "is_news"), FOUND_AGAIN)
def test_what_a_feed_lists_of_these_days_becomes_news(db, kind, past_again, days, is_news):
    find(db, 1)
    find(db, 1, past=past_again, listing="https://alwaraq.example/f", kind=kind, **days)
    assert news(db) == (["1"] if is_news else [])
    assert keys(walk(db)) == ([] if is_news else ["1"])


def test_news_never_become_the_past(db):
    find(db, 1, past=False)
    find(db, 1, listing="https://alwaraq.example/f")
    assert news(db) == ["1"]
    assert walk(db) == []


@pytest.mark.parametrize(("state", "is_past"), [("done", 0), ("gone", 0), ("failed", 1)])
def test_a_visited_article_is_as_any_other(db, state, is_past):
    find(db, 1)
    (one,) = walk(db)
    assert one.past
    visited(db, one, None, now=NOON, due_at=NOON + HOUR, state=state)
    assert db.execute("select past from visits where kind = 'article'").fetchone() == (is_past,)


def way(kind=Kind.API, url=API, first=None, last=None):
    return Link(url=url, kind=kind, earliest_on=first, latest_on=last)


def test_a_span_of_days_is_read_again_only_if_it_was_not_over(db):
    ways = [
        way(url=f"{API}?m=11", first=date(2020, 11, 1), last=date(2020, 11, 9)),
        way(url=f"{API}?m=10", first=date(2020, 10, 1), last=date(2020, 10, 31)),
    ]
    visits.walk_back(db, ways, publisher=PAPER.slug, now=NOON)
    for one in walk(db, articles=False):
        visited(db, one, None, now=NOON, due_at=None, state="done")
    visits.walk_back(db, ways, publisher=PAPER.slug, now=NOON)
    assert keys(walk(db, articles=False)) == ["posts?m=11"]


def pages_of_section(db, count):
    visits.walk_back(db, [way(Kind.SECTION, SECTION)], publisher=PAPER.slug, now=NOON)
    found_in = SECTION
    for number in range(2, count + 1):
        url = f"{SECTION}?page={number}"
        link = Link(url=url, kind=Kind.SECTION)
        listing = visit(found_in, Kind.SECTION)
        links.found(db, [(url, link)], visit=listing, now=NOON, run_began=NOON, past=True)
        found_in = url
    db.execute("update visits set due_at = null, state = 'done'")


@pytest.mark.parametrize(
    ("anew", "gone", "begins"), [(False, 0, "s?page=4"), (False, 1, "s?page=3"), (True, 0, "s")]
)
def test_a_section_goes_on_from_its_last_page(db, anew, gone, begins):
    pages_of_section(db, 4)
    if gone:
        db.execute("update visits set state = 'gone' where key like '%page=4'")
    visits.walk_back(db, [way(Kind.SECTION, SECTION)], publisher=PAPER.slug, now=NOON, restart=anew)
    assert keys(walk(db, articles=False)) == [begins]


AGES = [
    (["2020-05-01", "2020-05-02", "2020-06-01"], date(2020, 5, 15), True),
    (["2020-05-01", "2020-06-02", "2020-06-01"], date(2020, 5, 15), False),
    (["2020-05-01", None, None], date(2020, 5, 15), True),
    ([None, None], date(2020, 5, 15), False),
    ([], date(2020, 5, 15), False),
    (["2020-05-15"], date(2020, 5, 15), False),
]


@pytest.mark.parametrize(("days", "day", "is_before"), AGES)
def test_a_page_is_before_a_day_if_most_of_its_articles_are(db, days, day, is_before):
    pages_of_section(db, 2)
    listing = f"{SECTION}?page=2"
    find(db, 99, listing=SECTION, kind=Kind.SECTION, latest_on=date(2020, 11, 9))
    find(db, 99, listing=listing, kind=Kind.SECTION)  # pinned on both
    for number, published in enumerate(days):
        find(db, number, listing=listing, kind=Kind.SECTION)
        if published:
            add_article(
                db, id=number + 1, publisher=PAPER.slug, url=page(number), published_on=published
            )
            db.execute("update visits set article = ? where key = ?", (number + 1, page(number)))
    assert visits.is_before(db, listing, day) is is_before


def test_a_page_is_like_another_that_lists_all_of_its_articles(db):
    find(db, 1, 2, 3, listing=SECTION, kind=Kind.SECTION)
    assert visits.is_like(db, [page(1), page(2)], SECTION)
    assert not visits.is_like(db, [page(1), page(4)], SECTION)
    assert not visits.is_like(db, [page(1)], f"{SECTION}?page=2")


def test_the_next_visits_are_found_by_index(db):
    """At ten million addresses the past must not be read through, nor sorted."""
    asked = {"publisher": PAPER.slug, "now": "", "since": "", "until": "", "limit": 9}
    plan = db.execute("explain query plan " + _NEXT.format(kinds=KINDS[True]), asked).fetchall()
    steps = [detail for _, parent, _, detail in plan if not parent]  # not of a hint
    assert any("visits_past" in step for step in steps)
    assert not any("TEMP B-TREE" in step for step in steps)
