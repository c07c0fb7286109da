"""Whatever falls out of its own habit is named, with the reason and what to do about it."""

import os
import re
import shutil
from contextlib import closing
from datetime import UTC, datetime

import pytest

from archive import problems, runs, status
from archive.clock import iso
from archive.database import NAME, open_for_writing, writing
from archive.habits import DAY, HOUR, WEEK
from archive.rows import insert
from archive.status import diagnose
from tests.archive.newsroom import add_article

NOW = datetime(2026, 11, 27, 18, tzinfo=UTC)
FEED, HOME = "https://paper.example/feed", "https://paper.example/"
FIELDS = {"published_on": "2026-11-27", "byline": "سلمى", "deck": "عنوان", "image_url": HOME}
FILE = "2026-11/warraq-20261127-mine-001.warc.gz"


class Paper:
    """An archive and its newspaper."""

    def __init__(self, root):
        self.root = root
        self.db = open_for_writing(root)
        self.pages = 0

    def live(self):
        """Follow the newspaper for nine weeks in which it has three new articles an hour."""
        paper = {"slug": "paper", "name": "الصحيفة", "homepage": HOME}
        insert(self.db, "publishers", paper)
        self.db.execute("begin")
        for back in range(int(9 * WEEK / HOUR), 0, -1):
            at = NOW - back * HOUR
            self.run(at, new=3 if at.hour >= 6 else 0)
        for back in range(1, 9):
            for number in range(12):
                self.page(NOW - back * WEEK - number * HOUR)
        self.listing(FEED)
        self.db.execute("commit")

    def run(self, at, *, new=0, command="crawl", state="finished"):
        moments = {"started_at": iso(at), "ended_at": iso(at), "state": state, "pid": 1}
        run = insert(self.db, "runs", {"command": command} | moments)
        row = {"run": run, "publisher": "paper", "outcome": "quiet"}
        insert(self.db, "run_publishers", row | {"requests": 1, "new": new})
        return run

    def listing(self, url, *, state="done", failures=0, at=NOW - HOUR, due_at=NOW + HOUR):
        row = {"key": url, "url": url, "publisher": "paper", "kind": "feed", "found_at": iso(at)}
        row |= {"last_at": iso(at), "due_at": due_at and iso(due_at)}
        insert(self.db, "visits", row | {"state": state, "failures": failures})

    def page(self, at, outcome="new", *, kind=None, code=200, **fields):
        self.pages += 1
        url, article = f"{HOME}{self.pages}", None
        if outcome == "new":
            article = self.pages
            add_article(self.db, id=article, url=url, publisher="paper", **(FIELDS | fields))
        row = {"url": url, "publisher": "paper", "kind": "article", "fetched_at": iso(at)}
        place = {"warc_file": FILE, "warc_offset": 0, "warc_length": 9}
        own = {"status": code, "run": 1, "article": article, "outcome": outcome}
        insert(self.db, "captures", row | place | own)
        if kind:
            self.problem(kind, url, at=at)

    def problem(self, kind, url, *, at=NOW - HOUR):
        fields = {"stage": "fetch", "kind": kind, "detail": "…", "place": url, "publisher": "paper"}
        problems.insert(self.db, fields, at=at, run=None)

    def today(self, count=12, **fields):
        for number in range(count):
            self.page(NOW - HOUR - number * HOUR / 4, **fields)

    def set(self, sql, *values):
        self.db.execute(sql, values)

    @property
    def status(self):
        return status.read(self.db, self.root, now=NOW)

    @property
    def names(self):
        return [(slug, flag.name) for slug, flag in self.status.flags]

    @property
    def said(self):
        return [flag.reason for _, flag in self.status.flags]


def refusing(root):
    """Return a newspaper that refuses us, in an archive whose last backup failed."""
    made, now = Paper(root), datetime.now(UTC)
    with closing(made.db):
        made.set("insert into publishers (slug, name) values ('paper', 'الصحيفة')")
        made.run(now - HOUR)
        made.run(now - DAY, command="backup /mnt", state="failed")
        made.listing(FEED, state="failed", failures=3, at=now, due_at=now + 3 * HOUR)
        made.problem("http-403", FEED, at=now)
    return made


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    made = Paper(tmp_path_factory.mktemp("lived"))
    with closing(made.db):
        made.live()
    return made.root / NAME


@pytest.fixture
def paper(tmp_path, lived):
    shutil.copy(lived, tmp_path)
    made = Paper(tmp_path)
    made.pages = 2000
    with closing(made.db):
        yield made


def test_nothing_is_wrong_with_a_newspaper_that_is_as_usual(paper):
    paper.today()
    (one,) = paper.status.publishers
    assert paper.names == []
    assert (one.new.count, one.new.usual, one.new.hours) == (51, 54, 24)
    assert one.shares["read"].lately == one.shares["read"].before == 1
    assert (one.success, one.next_visit) == (NOW - HOUR, NOW + HOUR)


def test_a_newspaper_that_fell_silent(paper):
    paper.set("update run_publishers set new = 0 where run > (select max(run) - 15 from"
              " run_publishers)")  # fmt: skip
    (found,) = paper.status.publishers[0].flags
    assert (found.name, found.example) == ("silent", FEED)
    assert re.match(r"0 new articles in the last \d+ hours, where \d+ are usual", found.reason)
    assert "publishers check" in found.remedy


@pytest.mark.parametrize(
    ("entries", "pages", "name"),
    [
        ([None], [None] * 9, None),
        (["parked"], ["parked"] * 9, "expired"),
        ([None, "publisher-moved"], [], "moved"),
        (["http-403"], [], "blocked"),
        ([None], ["captcha"] * 5 + [None] * 4, "blocked"),
        ([None], ["captcha"] * 4 + [None] * 5, None),
        ([None], ["captcha"] * 4, None),  # too few to say
        (["robots-disallow"], [], "blocked"),
        (["http-503"], ["http-503"] * 9, "outage"),
        ([None], ["outage"] * 9, "outage"),
        (["network-dns"], [], "unreachable"),
        (["robots-unreachable"], [], "unreachable"),
        ([None, "http-404"], [None] * 9, "feed-moved"),
        (["not-a-listing"], [], "feed-moved"),
        ([None], ["http-404"] * 9, None),  # articles that are gone
        ([None], ["no-text"] * 9, "redesigned"),
        (["of-no-use"], [None] * 9, "redesigned"),
        (["http-404", "parked"], ["no-text"] * 9, "expired"),
        (["of-another-version"], ["of-another-version"] * 9, None),
    ],
)
def test_what_is_wrong_has_a_name(entries, pages, name):
    seen = diagnose(*([(HOME, kind) for kind in each] for each in (entries, pages)))
    assert (seen and seen.name) == name


def test_what_its_site_says_is_named_once_and_silence_says_no_more(paper):
    paper.set("update run_publishers set new = 0 where run > (select max(run) - 30 from"
              " run_publishers)")  # fmt: skip
    paper.set("update visits set state = 'failed', failures = 2")
    paper.problem("http-403", FEED)
    paper.today(outcome="failed", kind="http-403", code=403)
    assert paper.names == [("paper", "blocked")]
    (found,) = paper.status.publishers[0].flags
    assert "(http-403): at 1 of 1 listings, 12 of the last 12 pages" in found.reason
    assert "(http-403)" in found.said("reason", 0)
    assert paper.status.publishers[0].problems == {"http-403": 13}


def test_one_failure_is_no_incident(paper):
    paper.set("update visits set state = 'failed', failures = 1")
    paper.problem("network-timeout", FEED)
    assert paper.names == []


def test_a_listing_that_was_replaced_is_not_held_against_its_newspaper(paper):
    paper.listing(f"{FEED}/old", state="gone", at=NOW - DAY, due_at=None)
    paper.problem("http-404", f"{FEED}/old", at=NOW - DAY)
    assert paper.names == []
    paper.set("update visits set due_at = last_at")
    assert paper.names == [("paper", "feed-moved")]


def test_a_problem_of_a_listing_that_answers_stands_for_a_day(paper):
    paper.problem("publisher-moved", FEED, at=NOW - 29 * HOUR)
    paper.problem("links-left-out", FEED)
    assert paper.names == [("paper", "moved")]
    paper.set("update problems set at = ?", iso(NOW - 31 * HOUR))
    assert paper.names == []


def test_a_layout_that_the_crawl_found_changed_stands_for_a_day(paper):
    paper.problem("layout-changed", f"{HOME}7", at=NOW - 29 * HOUR)
    (found,) = paper.status.publishers[0].flags
    assert (found.name, found.example) == ("redesigned", f"{HOME}7")
    paper.set("update problems set at = ?", iso(NOW - 31 * HOUR))
    assert paper.names == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"byline": None}, ["no-byline"]),
        ({"published_on": None, "image_url": None}, ["no-date", "no-image"]),
        ({"outcome": "other", "kind": "not-an-article"}, ["redesigned"]),
        ({"outcome": "other", "kind": "charset"}, ["no-read"]),
    ],
)
def test_what_its_pages_had_and_have_no_more(paper, fields, expected):
    paper.today(**fields)
    assert [name for _, name in paper.names] == expected


def test_a_field_that_is_often_missing_is_not_missed(paper):
    paper.set("update articles set byline = null where id % 2")
    paper.today(8)
    assert paper.names == []
    paper.set("update articles set deck = null where id % 2 and first_seen_at < ?", iso(NOW))
    assert paper.names == []


def test_who_was_not_asked_is_not_judged(paper):
    paper.set("delete from run_publishers where run > (select max(run) - 24 from run_publishers)")
    paper.listing(f"{FEED}/old", state="gone")
    assert paper.names == []


def test_a_newspaper_that_is_only_imported_has_no_status(paper):
    insert(paper.db, "publishers", {"slug": "old", "name": "old"})
    assert [each.slug for each in paper.status.publishers] == ["paper"]


def test_the_archive_itself(paper):
    state = paper.status.archive
    assert (state.verify, state.backup, state.writer, state.lost) == (None, None, None, ())
    assert state.crawl == runs.history(paper.db)[0]
    assert state.next_visit == NOW + HOUR
    assert (state.index_current, state.full_in) == (True, None)


def test_files_that_are_lost_or_cut_short(paper):
    insert(paper.db, "warc_files", {"name": FILE, "bytes": 10})
    assert paper.said == [f"1 of the WARC files is missing or cut short, such as {FILE}."]
    path = paper.root / "warc" / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(b"0123456789")
    assert paper.names == []


def test_days_until_the_disk_is_full(paper):
    path = paper.root / "warc" / FILE
    path.parent.mkdir(parents=True)
    path.touch()
    os.truncate(path, 1 << 43)  # sparse
    insert(paper.db, "warc_files", {"name": FILE, "bytes": 10})
    assert paper.status.archive.full_in == 0
    assert paper.names == [(None, "disk")]


def test_an_index_of_another_version(paper):
    paper.set("insert into article_stems(article_stems) values ('delete-all')")
    assert paper.names == [(None, "index")]


def test_a_crawl_that_was_killed_and_one_that_goes_on(paper):
    paper.run(NOW - HOUR, state="running")
    assert paper.names == [(None, "crawl-failed")]
    with writing(paper.root, command="crawl", now=NOW):
        assert paper.names == []
        assert "`warraq crawl`" in paper.status.archive.writer


def test_upkeep_that_failed_or_was_forgotten(paper):
    paper.run(NOW - DAY, command="verify")
    paper.run(NOW - DAY, command="backup /mnt/copy")
    assert paper.names == []
    paper.set("update runs set started_at = ? where command like 'verify%'", iso(NOW - 20 * DAY))
    paper.set("update runs set state = 'failed' where command like 'backup%'")
    assert paper.names == [(None, "verify-old"), (None, "backup-failed")]
    paper.set("update runs set problems = 2 where command like 'verify%'")
    assert paper.names == [(None, "verify-failed"), (None, "backup-failed")]


def test_nothing_runs_though_visits_are_due(paper):
    paper.set("delete from run_publishers")
    paper.set("delete from runs where started_at > ?", iso(NOW - 3 * DAY - HOUR / 2))
    assert paper.names == []
    paper.set("update visits set due_at = ?", iso(NOW - 2 * DAY))
    assert paper.names == [(None, "idle")]
    assert paper.said == ["Nothing was crawled for 3 days, and visits are overdue."]


def test_each_flag_is_said_in_both_languages_with_a_remedy():
    for name, known in status._known().items():
        for arabic, english in (known["reason"], known["remedy"]):
            places = [sorted(re.findall(r"{(\w+)}", text)) for text in (arabic, english)]
            assert set(places[0]) <= set(places[1]), name
            assert re.search("[ء-ي]", arabic)
            assert english.isascii()
            assert arabic[-1] in ".؟"
            assert english[-1] in ".?"
