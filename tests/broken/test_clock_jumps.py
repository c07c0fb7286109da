"""A clock that is a day wrong, between two crawls and in the middle of one, in either direction."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from archive.clock import iso
from archive.database import open_for_reading, open_for_writing
from archive.models import Kind, Link
from archive.runs import begin
from archive.visits import correct_fast_clock
from crawler.commands.options import chosen
from crawler.crawl import Job, crawl
from crawler.schedule import after_success
from tests.archive.desk import FEED, HOUR, NOON, PAGE, PAPER, Hands, opened, record, rows, visit
from tests.broken import workshop as w
from tests.crawler import wire

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "ahead", [DAY, pytest.param(-DAY, marks=pytest.mark.slow), pytest.param(
        timedelta(days=3650), marks=pytest.mark.slow)]
)  # fmt: skip
def test_a_crawl_by_the_right_clock_goes_on_where_one_by_a_wrong_clock_stopped(
    sound, tmp_path, ahead
):
    root, now = tmp_path / "archive", sound.newsstand.now()
    sound.newsstand.write_publishers(root)
    wrong, right = (now + ahead).isoformat(), now.isoformat()
    done = sound.crawl(root, "--limit", "9", "--now", wrong)
    assert done.returncode == 0, done.stderr
    before = w.kept(root)
    assert len(before[0]) == 9
    done = sound.crawl(root, "--now", right)
    assert done.returncode == 0, done.stderr
    assert ("hours ahead of this one" in done.stdout) == (ahead > timedelta())
    assert w.lost(before, root) == []
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)
    assert "Traceback" not in w.run("runs", root, tmp_path / "out").output
    done = sound.crawl(root, "--now", right)
    assert "hours ahead" not in done.stdout, "it was told and mended already"


class Jumping(Hands):
    """A clock that is set while the crawl asks for its time again and again."""

    def __init__(self, now, *, step, after):
        super().__init__(now)
        self._step, self._left = step, after

    def __call__(self):
        self._left -= 1
        if self._left == 0:
            self.now += self._step
        return super().__call__()


@pytest.mark.parametrize("step", [-DAY, DAY])
@pytest.mark.parametrize("after", [30, 80])
async def test_a_crawl_during_which_the_clock_jumps_and_the_next_one_get_everything(
    tmp_path, step, after
):
    numbers = range(12)
    with wire.serving() as site:
        wire.publisher(tmp_path, "paper", homepage=site.url + "/", feeds=[site.url + "/feed"])
        site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
        feed = wire.feed(*(f"{site.url}/news/{number}" for number in numbers))
        site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
        for number in numbers:
            page = wire.article(f"خبر رقم {number} من المدينة")
            site.answers[f"/news/{number}"] = (0.05, wire.http(page))
        clock = Jumping(NOON, step=step, after=after)
        job = Job(
            root=tmp_path, publishers=chosen(tmp_path, ["paper"]), command="crawl",
            poll=frozenset({"paper"}), clock=clock,
        )  # fmt: skip
        for _ in range(2):
            summary = await crawl(job)
            assert summary.problems == []
    assert clock._left < 0, "the clock never jumped"
    assert rows(tmp_path, "select count(*), count(distinct url) from articles") == [(12, 12)]
    assert rows(tmp_path, "select count(*) from revisions where number > 1") == [(0,)]
    assert {state for (state,) in rows(tmp_path, "select state from runs")} == {"finished"}
    assert w.is_whole(tmp_path)


def found_by(root, clock):
    """Write a run in which a feed was visited and led to two addresses, one of which was tried."""
    feed = visit(FEED, Kind.FEED)
    links = [Link(url=f"https://alwaraq.example/{n}", kind=Kind.ARTICLE) for n in (1, 2)]
    with opened(root, clock) as store:
        store.publish(PAPER)
        store.enter([(FEED, Kind.FEED)], publisher=PAPER.slug)
        store.found([(link.url, link) for link in links], visit=feed, at=clock())
        store.visited(feed, None, due_at=clock() + HOUR, state="done")
        tried = visit(links[0].url)
        store.visited(tried, None, due_at=clock() + 2 * HOUR, state="failed")
        store.hosts.pause("slow.example", until=clock() + HOUR, strikes=1)


def due(root):
    return dict(rows(root, "select key, due_at from visits"))


@pytest.mark.parametrize("ahead", [DAY, timedelta(days=3650)])
def test_what_a_clock_ahead_put_off_is_due_when_it_would_have_been(tmp_path, ahead):
    found_by(tmp_path, Hands(NOON + ahead))
    with closing(open_for_writing(tmp_path)) as db:
        begin(db, "crawl", now=NOON, writer="mine")
        assert correct_fast_clock(db, now=NOON) == ahead
        assert correct_fast_clock(db, now=NOON) is None
    assert due(tmp_path) == {
        FEED: iso(NOON + HOUR),
        "https://alwaraq.example/1": iso(NOON + 2 * HOUR),
        "https://alwaraq.example/2": iso(NOON),
    }
    assert rows(tmp_path, "select not_before from hosts") == [(iso(NOON + HOUR),)]


def test_a_clock_that_was_a_year_ahead_in_the_midst_of_a_crawl_ends_no_visits(tmp_path):
    hands = Hands(NOON)
    with opened(tmp_path, hands) as store:
        store.publish(PAPER)
        store.ask([(PAGE, Kind.ARTICLE)], publisher=PAPER.slug)
        hands.advance(365 * DAY)
        capture = record(store, fetched_at=hands())
        seen = visit(PAGE, found_at=NOON)
        store.visited(seen, capture, due_at=after_success(seen, now=hands()), state="done")
        hands.now = NOON
    assert due(tmp_path) == {PAGE: None}
    with closing(open_for_writing(tmp_path)) as db:
        assert correct_fast_clock(db, now=NOON + HOUR) is not None
        assert correct_fast_clock(db, now=NOON + HOUR) is None
    assert due(tmp_path) == {PAGE: iso(NOON + HOUR)}
    assert rows(tmp_path, "select last_at from visits") == [(iso(NOON + HOUR),)]


@pytest.mark.parametrize("later", [timedelta(), HOUR / 2, DAY])
def test_a_clock_that_went_on_or_hardly_back_changes_nothing(tmp_path, later):
    found_by(tmp_path, Hands(NOON))
    before = due(tmp_path)
    with closing(open_for_writing(tmp_path)) as db:
        begin(db, "crawl", now=NOON + later, writer="mine")
        assert correct_fast_clock(db, now=NOON + later) is None
        assert correct_fast_clock(db, now=NOON + later - HOUR / 2) is None
    assert due(tmp_path) == before


def test_other_commands_between_the_crawls_do_not_hide_that_the_clock_was_ahead(tmp_path):
    found_by(tmp_path, Hands(NOON + DAY))
    with opened(tmp_path, Hands(NOON)):
        pass
    with closing(open_for_writing(tmp_path)) as db:
        assert correct_fast_clock(db, now=NOON + HOUR) is not None


def test_a_run_in_which_the_clock_was_set_back_has_no_duration(tmp_path):
    hands = Hands(datetime(2026, 11, 23, 12, tzinfo=UTC))
    with opened(tmp_path, hands):
        hands.now -= DAY
    output = w.run("runs", tmp_path, tmp_path / "out").output
    assert "      ?  finished" in output
    with closing(open_for_reading(tmp_path)) as db:
        assert db.execute("select count(*) from runs").fetchone() == (1,)
