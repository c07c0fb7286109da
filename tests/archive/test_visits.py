"""The frontier: what is known, what is due, and what the last visit said."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from archive import links, visits
from archive.models import Capture, Kind, Link
from tests.archive.desk import FEED, HOUR, NOON, PAPER, visit, visited
from tests.archive.newsroom import add_article, empty_archive

OTHER = "alrih"
INDEX = "https://alwaraq.example/sitemap.xml"
CHILD = "https://alwaraq.example/sitemap-1.xml"


@pytest.fixture
def db():
    with closing(empty_archive()) as connection:
        connection.execute("pragma foreign_keys = on")
        connection.executemany(
            "insert into publishers (slug, name) values (?, ?)", [(PAPER.slug, "و"), (OTHER, "ر")]
        )
        connection.execute(
            "insert into runs (command, started_at, state, pid) values ('crawl', '', 'running', 1)"
        )
        connection.executemany(
            "insert into captures (id, url, kind, fetched_at, status, sha256, warc_file,"
            " warc_offset, warc_length, run) values (?1, '', 'article', '', 200, ?2, '', ?1, 1, 1)",
            [(1, "00"), (2, "ab")],
        )
        yield connection


def page(number):
    return f"https://alwaraq.example/{number}"


def find_pages(db, *numbers, now=NOON, **hints):
    listed = [(page(number), Link(url=page(number), **hints)) for number in numbers]
    listing = visit(FEED, Kind.FEED)
    return links.found(db, listed, visit=listing, now=now, run_began=now)


def find_child(db, published, *, now, run_began=None, index=INDEX, child=CHILD):
    listed = [(child, Link(url=child, kind=Kind.SITEMAP, published=published))]
    listing = visit(index, Kind.SITEMAP)
    return links.found(db, listed, visit=listing, now=now, run_began=run_began or now)


def due(db, *, articles=True, now=NOON, limit=100, publisher=PAPER.slug, **fields):
    return visits.due(db, publisher, now=now, articles=articles, limit=limit, **fields)


def keys(found):
    return [one.key.rsplit("/", 1)[1] for one in found]


def capture(status=200, **fields):
    return Capture(
        **{
            "url": page(1),
            "publisher": PAPER.slug,
            "kind": Kind.ARTICLE,
            "fetched_at": NOON,
            "status": status,
            "sha256": "ab",
            "id": 2,
            "etag": '"1"',
            "last_modified": "Mon, 09 Nov 2020 12:00:00 GMT",
        }
        | fields
    )


def row(db, columns, key):
    return db.execute(f"select {columns} from visits where key = ?", (key,)).fetchone()


def test_the_longest_due_comes_first_then_the_first_found(db):
    find_pages(db, 3, 1, now=NOON)
    find_pages(db, 2, 0, now=NOON - HOUR)
    find_pages(db, 9, now=NOON + HOUR)
    assert keys(due(db)) == ["2", "0", "3", "1"]
    assert keys(due(db, limit=3)) == ["2", "0", "3"]
    assert keys(due(db, now=NOON + HOUR)) == ["2", "0", "3", "1", "9"]
    assert due(db, publisher=OTHER) == []


SELECTIONS = [
    ({"busy": [page(0)]}, ["1", "2"]),
    ({"busy": [page(0)], "limit": 1}, ["1"]),
    ({"busy": [page(0), page(1), page(2)]}, []),
    ({"only": [page(2), page(7)]}, ["2"]),
    ({"only": []}, []),
    ({"only": [page(0), page(1)], "busy": [page(0)], "limit": 1}, ["1"]),
    ({"limit": 0}, []),
]


@pytest.mark.parametrize(("selection", "wanted"), SELECTIONS)
def test_busy_ones_are_left_out_and_only_asked_ones_come(db, selection, wanted):
    find_pages(db, 0, 1, 2)
    assert keys(due(db, **selection)) == wanted


def test_listings_and_articles_are_due_apart(db):
    entries = [
        (FEED, Kind.FEED),
        (INDEX, Kind.SITEMAP),
        ("https://alwaraq.example/s", Kind.SECTION),
    ]
    visits.ask(db, entries, publisher=PAPER.slug, now=NOON)
    find_pages(db, 1)
    assert keys(due(db, articles=False)) == ["feed", "sitemap.xml", "s"]
    assert keys(due(db)) == ["1"]
    assert visits.count_due(db, [PAPER.slug, OTHER], now=NOON) == 4
    assert visits.count_due(db, [OTHER], now=NOON) == 0
    assert visits.count_due(db, [], now=NOON) == 0


def test_a_link_is_new_once_and_keeps_its_hints(db):
    hints: dict[str, Any] = {
        "title": "عنوان",
        "published": "Mon, 09 Nov 2020",
        "author": "س",
        "summary": "ملخص",
    }
    assert find_pages(db, 1, 2, **hints) == 2
    assert find_pages(db, 1, 2, 3, title="آخر") == 1
    first = due(db)[0]
    assert first.hints == Link(url=page(1), dated_by=Kind.FEED, **hints)
    assert (first.found_in, first.found_at, first.due_at) == (FEED, NOON, NOON)
    assert db.execute("select count(*) from links").fetchone() == (3,)


def test_two_listings_of_one_article_are_both_kept(db):
    find_pages(db, 1, title="من الخلاصة")
    listed = [(page(1), Link(url=page(1), title="من القسم"))]
    section = visit("https://alwaraq.example/s", Kind.SECTION)
    assert links.found(db, listed, visit=section, now=NOON, run_began=NOON) == 0
    assert due(db)[0].hints.title == "من الخلاصة"
    assert db.execute("select count(*) from links").fetchone() == (2,)


def test_an_asked_address_has_no_hints_and_its_given_spelling(db):
    visits.ask(
        db, [("HTTPS://alwaraq.example/أ?utm_source=x", Kind.ARTICLE)], publisher=PAPER.slug,
        now=NOON,
    )  # fmt: skip
    (asked,) = due(db)
    assert asked.key == "https://alwaraq.example/أ"
    assert asked.url == "HTTPS://alwaraq.example/أ?utm_source=x"
    assert (asked.hints, asked.found_in, asked.last_at, asked.failures) == (None, None, None, 0)


def test_asking_makes_a_resting_address_due(db):
    find_pages(db, 1)
    (one,) = due(db)
    visited(db, one, capture(), now=NOON, due_at=None, state="done")
    assert due(db, now=NOON + timedelta(days=999)) == []
    visits.ask(db, [(page(1), Kind.ARTICLE)], publisher=PAPER.slug, now=NOON)
    (again,) = due(db)
    assert (again.etag, again.last_sha256, again.last_at) == ('"1"', "ab", NOON)


def test_former_entry_points_rest_and_found_sitemaps_do_not(db):
    visits.ask(db, [(FEED, Kind.FEED), (INDEX, Kind.SITEMAP)], publisher=PAPER.slug, now=NOON)
    find_child(db, "2020-11-09", now=NOON)
    find_pages(db, 1)
    visits.retire(db, PAPER.slug)
    visits.ask(db, [(INDEX, Kind.SITEMAP)], publisher=PAPER.slug, now=NOON)
    assert keys(due(db, articles=False)) == ["sitemap.xml", "sitemap-1.xml"]
    assert keys(due(db)) == ["1"]


def visit_child(db, *, now, **fields):
    (child,) = (one for one in due(db, articles=False, now=now) if one.key == CHILD)
    end = {"due_at": None, "state": "done"} | fields
    visited(db, child, capture(), now=now, **end)


RENEWALS = [
    ("2020-11-09", "2020-11-09", False),
    ("2020-11-09", "2020-11-10", True),
    ("2020-11-10", "2020-11-09", True),
    ("2020-11-09", None, True),
    (None, None, True),
    (None, "2020-11-09", True),
]


@pytest.mark.parametrize(("before", "after", "renewed"), RENEWALS)
def test_a_sitemap_is_read_again_when_its_index_dates_it_anew(db, before, after, renewed):
    assert find_child(db, before, now=NOON) == 1
    visit_child(db, now=NOON)
    assert find_child(db, after, now=NOON + HOUR) == 0
    assert bool(due(db, articles=False, now=NOON + HOUR)) is renewed
    if renewed:
        visit_child(db, now=NOON + HOUR)
        find_child(db, after, now=NOON + 2 * HOUR)
        assert bool(due(db, articles=False, now=NOON + 2 * HOUR)) is (after is None)


def test_indexes_that_list_each_other_come_to_an_end(db):
    visits.ask(db, [(INDEX, Kind.SITEMAP)], publisher=PAPER.slug, now=NOON)
    now, read = NOON, 0
    while listings := due(db, articles=False, now=now):
        read += 1
        assert read < 9
        for one in listings:
            for child in (INDEX, CHILD):
                find_child(db, None, now=now, run_began=NOON, index=one.key, child=child)
            visited(db, one, capture(), now=now, due_at=None, state="done")
            now += timedelta(seconds=1)
    assert read == 2


def test_a_failed_sitemap_waits_for_its_time(db):
    find_child(db, "2020-11-09", now=NOON)
    later = NOON + timedelta(days=1)
    visit_child(db, now=NOON, due_at=later, state="failed")
    find_child(db, "2020-11-10", now=NOON + HOUR)
    assert due(db, articles=False, now=NOON + HOUR) == []
    assert keys(due(db, articles=False, now=later)) == ["sitemap-1.xml"]


def test_an_article_is_not_renewed_by_being_listed_again(db):
    find_pages(db, 1)
    (one,) = due(db)
    visited(db, one, capture(), now=NOON, due_at=None, state="done")
    find_pages(db, 1, now=NOON + HOUR)
    assert due(db, now=NOON + HOUR) == []


def test_an_article_that_was_edited_since_it_was_looked_at_is_told(db):
    add_article(db, id=7, publisher=PAPER.slug)
    find_pages(db, 1, 2, 3)
    for one in due(db)[:2]:
        visited(db, one, capture(), now=NOON, due_at=NOON + HOUR, state="done", article=7)
    later, printed = NOON + HOUR / 2, "2020-11-09T12:30"

    def edited(*, moment=later, printed=printed, now=NOON + HOUR / 2):
        stated = [(page(number), moment, printed) for number in (1, 2, 3, 4)]
        return links.edited(db, stated, listing=INDEX, now=now)

    assert sorted(edited()) == [page(1), page(2)]  # the third was not looked at yet
    assert edited(moment=NOON - HOUR) == []
    assert edited(now=NOON + HOUR) == []  # due in any case
    listed = [(page(1), Link(url=page(1), modified=printed))]
    links.found(db, listed, visit=visit(INDEX, Kind.SITEMAP), now=NOON, run_began=NOON)
    assert edited() == [page(2)]  # it said so before
    links.make_due(db, [page(1)], now=NOON + HOUR / 2)
    assert keys(due(db, now=NOON + HOUR / 2)) == ["3", "1"]


def test_what_a_listing_says_of_the_last_change_is_kept_up_to_date(db):
    for printed in ("2020-11-08", "2020-11-09"):
        find_pages(db, 1, modified=printed, title=f"عنوان {printed}")
    assert db.execute("select modified, title from links").fetchall() == [
        ("2020-11-09", "عنوان 2020-11-08")
    ]


LAST = ('"0"', "Sun, 08 Nov 2020 12:00:00 GMT", "00")
OUTCOMES = [
    (capture(200), "done", ('"1"', "Mon, 09 Nov 2020 12:00:00 GMT", "ab"), 0),
    (capture(200, etag=None, last_modified=None), "done", (None, None, "ab"), 0),
    (capture(304, sha256="e3", etag=None, last_modified=None), "done", LAST, 0),
    (capture(304, sha256="e3", etag='"0"'), "done", LAST, 0),
    (capture(500), "failed", LAST, 3),
    (capture(200, truncated="length"), "failed", LAST, 3),
    (None, "failed", LAST, 3),
    (None, "refused", LAST, 3),
    (capture(404), "gone", LAST, 0),
]


@pytest.mark.parametrize(("answer", "state", "validators", "failures"), OUTCOMES)
def test_validators_are_those_of_the_last_good_answer(db, answer, state, validators, failures):
    find_pages(db, 1)
    etag, last_modified, _ = LAST
    db.execute("update visits set last_capture = 1")
    known = replace(due(db)[0], etag=etag, last_modified=last_modified, failures=2)
    later = NOON + HOUR
    visited(db, known, answer, now=NOON, due_at=later, state=state)
    (again,) = due(db, now=later)
    assert (again.etag, again.last_modified, again.last_sha256) == validators
    assert (again.failures, again.last_at) == (failures, NOON)
    assert row(db, "state, interval", page(1)) == (state, 3600)
    assert due(db, now=later - timedelta(seconds=1)) == []


def test_the_article_of_a_visit_is_kept_when_a_later_one_leads_to_none(db):
    add_article(db, id=7, publisher=PAPER.slug)
    find_pages(db, 1)
    for article, wanted in ((None, None), (7, 7), (None, 7)):
        (one,) = due(db)
        visited(db, one, capture(), now=NOON, due_at=NOON, state="done", article=article)
        assert due(db)[0].article == wanted


def test_publishers_with_something_to_resume(db):
    visits.ask(db, [(FEED, Kind.FEED)], publisher=OTHER, now=NOON)
    assert visits.due_publishers(db, [PAPER.slug, OTHER], now=NOON) == []
    find_child(db, None, now=NOON)
    assert visits.due_publishers(db, [PAPER.slug, OTHER], now=NOON) == [PAPER.slug]
    assert visits.due_publishers(db, [OTHER], now=NOON) == []


def test_the_due_visits_are_found_by_index(db):
    """At ten million addresses the frontier must not be read through, nor sorted for articles."""
    plan = db.execute(
        "explain query plan " + visits._DUE.format(kinds="= 'article'", only=""),
        {"publisher": PAPER.slug, "now": "", "limit": 9, "only": None},
    ).fetchall()
    steps = [detail for _, parent, _, detail in plan if not parent]  # not of a hint
    assert any("visits_due" in step for step in steps)
    assert not any("TEMP B-TREE" in step for step in steps)


def test_publishers_are_followed_whose_listings_were_asked_for(db):
    visits.ask(db, [(FEED, Kind.FEED)], publisher=PAPER.slug, now=NOON)
    visits.ask(db, [(page(1), Kind.ARTICLE)], publisher=OTHER, now=NOON)
    assert visits.followed(db) == {PAPER.slug}


def test_what_is_watched_is_looked_at_in_an_hour_and_as_long_as_was_asked(db):
    visits.ask(db, [(page(1), Kind.ARTICLE), (page(2), Kind.ARTICLE)], publisher=OTHER, now=NOON)
    visited(db, visit(page(1)), capture(), now=NOON, due_at=None, state="done")
    until = NOON + 48 * HOUR
    visits.watch(db, "http://www.alwaraq.example/1/", now=NOON + HOUR, until=until)
    both = [("2020-11-09T13:00:00.000000Z", "2020-11-11T12:00:00.000000Z")]
    assert (
        db.execute(
            "select watched_from, watched_until from visits where watched_until != ''"
        ).fetchall()
        == both
    )
    assert visits.watched(db, now=NOON + HOUR) == []
    assert visits.watched(db, now=NOON + HOUR, due=False) == [(page(1), OTHER)]
    assert visits.watched(db, now=NOON + 2 * HOUR) == [(page(1), OTHER)]
    assert visits.watched(db, now=until) == []


def test_a_longer_watch_goes_on_and_a_shorter_one_changes_nothing(db):
    visits.ask(db, [(page(1), Kind.ARTICLE)], publisher=OTHER, now=NOON)
    visited(db, visit(page(1)), capture(), now=NOON, due_at=NOON + 5 * HOUR, state="done")
    for hours in (50, 40, 60):
        now = NOON + HOUR * (hours // 20)
        visits.watch(db, page(1), now=now, until=NOON + hours * HOUR)
    ((since, until),) = db.execute("select watched_from, watched_until from visits").fetchall()
    assert since == "2020-11-09T14:00:00.000000Z"
    assert until == "2020-11-12T00:00:00.000000Z"


def test_known_addresses_are_grouped_by_their_publishers(db):
    visits.ask(db, [(page(1), Kind.ARTICLE), (page(2), Kind.ARTICLE)], publisher=OTHER, now=NOON)
    visits.ask(db, [(page(3), Kind.ARTICLE)], publisher=PAPER.slug, now=NOON)
    asked = ["http://www.alwaraq.example/1/", page(2), page(3), page(4)]
    assert visits.by_publisher(db, asked) == {OTHER: [page(1), page(2)], PAPER.slug: [page(3)]}
