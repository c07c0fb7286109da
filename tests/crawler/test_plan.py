"""When entry points are polled next is decided at each good poll, and kept with their visits."""

from datetime import datetime, timedelta

import pytest

from crawler import polls
from tests.crawler import wire

ENTRY = "select due_at, last_at, entries, interval from visits where kind != 'article'"


def waits(archive):
    """Return how long after its last visit each entry point is due."""
    rows = archive.rows(ENTRY)
    return [datetime.fromisoformat(due) - datetime.fromisoformat(last) for due, last, *_ in rows]


async def test_a_listing_is_due_again_as_its_rhythm_says(archive, site):
    await archive.crawl()
    ((_, _, entries, interval),) = archive.rows(ENTRY)
    assert entries == 2
    assert polls.SHORTEST.seconds <= interval < polls.LONGEST.seconds / 4
    for _ in range(6):
        archive.forward(hours=8)
        await archive.crawl()
    assert waits(archive)[0] > timedelta(hours=3)


async def test_a_listing_that_is_unchanged_still_knows_how_much_it_shows(archive, site):
    feed = wire.feed(site.url + "/news/1")
    tagged = wire.http(feed, 'ETag: "1"', media="application/rss+xml")
    site.answers["/feed"] = lambda asked: [
        wire.http(status="304 Not Modified") if asked.header("If-None-Match") else tagged
    ]
    await archive.crawl()
    archive.forward(minutes=20)
    await archive.crawl()
    ((due, last, entries, _),) = archive.rows(ENTRY)
    assert entries == 1
    assert due > last
    assert site.asked[-1].header("If-None-Match")
    archive.forward(hours=7)
    await archive.crawl()
    assert not site.asked[-1].header("If-None-Match")


@pytest.mark.parametrize(
    ("own", "wait"),
    [
        ('every = "3h"', timedelta(hours=3)),
        ('[publishers.paper]\nevery = "1d"', timedelta(days=1)),
        ('cron = "0 18 * * *"', timedelta(hours=3)),  # in Damascus, where it is three now
        ('cron = "0 0 30 2 *"', timedelta(days=366)),
    ],
)
async def test_a_schedule_that_somebody_wrote_is_kept(archive, site, own, wait):
    from crawler.config import load

    (archive.root / "warraq.toml").write_text(own + "\n", "utf-8")
    archive.follow(feeds=[site.url + "/feed"], timezone="Asia/Damascus")
    await archive.crawl(config=load(archive.root))
    assert waits(archive) == [wait]


async def test_a_child_of_watch_polls_what_is_due_and_what_is_new_in_the_file(
    archive, site, monkeypatch
):
    monkeypatch.setattr("crawler.crawl.Stop", lambda **_: _Stop())
    await archive.crawl()
    along = {"poll": frozenset(), "with_parent": True}
    await archive.crawl(**along)
    assert site.count("/feed") == 1
    site.answers["/new"] = site.answers["/feed"]
    archive.follow(feeds=[site.url + "/new"])
    await archive.crawl(**along)
    assert (site.count("/feed"), site.count("/new")) == (1, 1)
    archive.forward(hours=5)
    await archive.crawl(**along)
    assert (site.count("/feed"), site.count("/new")) == (1, 2)


class _Stop:
    asked = False
    react = in_hand = None
