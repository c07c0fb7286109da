"""Caps on what is received: nothing more is fetched, the rest waits, and that is no failure."""

from datetime import UTC, datetime

from crawler.fetch.limits import Caps
from tests.crawler import shell, wire

NUMBERS = range(1, 41)


def many(archive, site):
    """A newspaper with forty articles of some 60 kB."""
    feed = wire.feed(*(f"{site.url}/news/{number}" for number in NUMBERS))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    for number in NUMBERS:
        page = wire.article(f"خبر {number}", paragraphs=150)
        site.answers[f"/news/{number}"] = (0.05, wire.http(page))


def received(archive):
    return archive.rows("select sum(wire_bytes) from captures")[0][0]


async def test_a_run_ends_at_its_cap_and_the_next_goes_on(archive, site):
    many(archive, site)
    summary = await archive.crawl(caps=Caps(per_run=400_000))
    assert 400_000 <= received(archive) < 2_400_000
    assert "`max_mb_per_run` is 0.4" in summary.notes[0]
    assert summary.left > 0
    before = received(archive)
    await archive.crawl(caps=Caps(per_run=400_000))
    assert received(archive) >= before + 400_000


async def test_a_month_ends_at_its_cap_and_the_next_goes_on(archive, site):
    many(archive, site)
    caps = Caps(per_month=400_000)
    await archive.crawl(caps=caps)
    before = received(archive)
    site.asked.clear()
    summary = await archive.crawl(caps=caps)
    assert site.asked == []
    assert "`max_mb_per_month` is 0.4" in summary.notes[0]
    archive.now = datetime(2026, 12, 1, tzinfo=UTC)
    await archive.crawl(caps=caps)
    assert received(archive) >= before + 400_000


def test_the_command_says_so_and_ends_well(archive, site):
    many(archive, site)
    (archive.root / "warraq.toml").write_text("max_mb_per_run = 0.4", "utf-8")
    code, output = shell.run("crawl", "paper", "--archive", archive.root)
    assert code == 0
    assert "by this command, and `max_mb_per_run` is 0.4: nothing more is fetched" in output
    assert "still due" in output
