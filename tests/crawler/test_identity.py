"""One article stays one: second addresses, canonical claims, walls, later hints, broken disks."""

import errno
import itertools
import os
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.urls import identity_key
from tests.crawler import wire

PARAGRAPH = "قال مراسلنا في المدينة إن الوضع هادئ اليوم، وإن السكان عادوا إلى بيوتهم بعد أيام. "


LOOKS = itertools.count()


def page(title, *, canonical=None, text=""):
    """Return a page that differs in a comment each time, so that its bytes are never the same."""
    link = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    body = "".join(f"<p>{PARAGRAPH}{text}{number}</p>" for number in range(6))
    return (
        f"<html lang='ar'><head><meta charset='utf-8'><title>{title}</title>{link}"
        f"<meta property='og:type' content='article'></head><body><!-- {next(LOOKS)} -->"
        f"<article><h1>{title}</h1>{body}</article></body></html>"
    ).encode()


def serve(site, path, *arguments, **keys):
    site.answers[path] = lambda _asked: (wire.http(page(*arguments, **keys)),)


def listed(site, *paths):
    feed = wire.feed(*(site.url + path for path in paths))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)


async def looks(archive, times=3):
    for _ in range(times):
        await archive.crawl()
        archive.forward(days=2)


async def test_pages_that_differ_only_in_their_bytes_are_no_revisions(archive, site):
    serve(site, "/news/1", "خبر")
    await looks(archive)
    assert archive.rows("select max(number) from revisions") == [(1,)]


async def test_two_addresses_of_one_article_make_no_revisions_of_each_other(archive, site):
    listed(site, "/news/1", "/print/1")
    serve(site, "/news/1", "خبر", canonical=f"{site.url}/news/1")
    serve(site, "/print/1", "خبر", canonical=f"{site.url}/news/1", text="نسخة الطباعة ")
    await looks(archive)
    assert archive.rows("select url, revision_count from articles") == [(f"{site.url}/news/1", 1)]
    assert archive.rows("select count(*) from visits where article is not null") == [(2,)]


async def test_an_amp_twin_or_a_tracked_link_is_not_fetched_beside_its_article(archive, site):
    found = ("/amp/news/1/", "/news/1?utm_source=rss", "/news/1/", "/news/1#comments")
    listed(site, *found)
    serve(site, "/amp/news/1/", "خبر")
    await looks(archive)
    assert archive.rows("select url from articles") == [(f"{site.url}/amp/news/1/",)]
    assert archive.rows("select url from visits where kind = 'article'") == [
        (f"{site.url}/amp/news/1/",)  # fetched as it was found
    ]
    assert not {*found[1:]} & {*site.targets()}


async def test_the_same_claim_on_every_page_merges_nothing(archive, site):
    for number in (1, 2):
        serve(site, f"/news/{number}", f"خبر رقم {number}", canonical=f"{site.url}/news")
    await looks(archive)
    rows = archive.rows("select title, revision_count from articles order by title")
    assert rows == [("خبر رقم 1", 1), ("خبر رقم 2", 1)]


async def test_the_address_of_an_article_is_the_claim_of_its_page_as_it_is_spelled(archive, site):
    listed(site, "/news/1?utm_source=rss")
    claim = f"{site.url}/news/1/?utm_medium=page"
    serve(site, "/news/1?utm_source=rss", "خبر", canonical=claim)
    await looks(archive)
    assert archive.rows("select url from articles") == [(claim,)]


async def test_an_ambiguous_query_key_tells_articles_apart_until_the_publisher_names_it(
    archive, site
):
    pages = [f"/news?ocid={number}" for number in (1, 2)]
    for number, page in enumerate(pages):
        serve(site, page, f"خبر رقم {number}")
    listed(site, *pages)
    await archive.crawl()
    assert archive.rows("select count(*) from articles") == [(2,)]
    assert archive.rows("select count(*) from visits where kind = 'article'") == [(2,)]


async def test_a_query_key_that_the_publisher_names_tells_no_articles_apart(archive, site):
    pages = [f"/news?ocid={number}" for number in (1, 2)]
    for page in pages:
        serve(site, page, "خبر")
    listed(site, *pages)
    archive.follow(feeds=[f"{site.url}/feed"], tracking=["ocid"])
    await archive.crawl()
    assert archive.rows("select url from articles") == [(f"{site.url}{pages[0]}",)]
    assert archive.rows("select tracking from publishers") == [('["ocid"]',)]


async def test_an_article_stays_itself_when_the_claim_changes(archive, site):
    listed(site, "/news/1")
    serve(site, "/news/1", "خبر", canonical=f"{site.url}/old-slug")
    await archive.crawl()
    archive.forward(hours=2)
    serve(site, "/news/1", "خبر معدل", canonical=f"{site.url}/new-slug")
    await archive.crawl()
    rows = archive.rows("select key, url, title, revision_count from articles")
    key = identity_key(f"{site.url}/old-slug")
    assert rows == [(key, f"{site.url}/news/1", "خبر معدل", 2)]


async def test_an_article_that_moves_within_its_site_goes_on_with_its_history(archive, site):
    serve(site, "/news/1", "خبر")
    listed(site, "/news/1")
    await archive.crawl()
    archive.forward(hours=2)
    moved = wire.http(b"", f"Location: {site.url}/2026/news-1", status="301 Moved Permanently")
    site.answers["/news/1"] = (moved,)
    serve(site, "/2026/news-1", "خبر", text="أضيف لاحقًا ", canonical=f"{site.url}/2026/news-1")
    await archive.crawl()
    listed(site, "/news/1", "/2026/news-1")  # once it is known to have moved, its link is known
    await looks(archive)
    rows = archive.rows("select url, revision_count from articles")
    assert rows == [(f"{site.url}/2026/news-1", 2)]
    lost = "select url from captures where kind = 'article' and status = 200 and article is null"
    assert archive.rows(f"{lost} and outcome is not 'alias'") == []
    assert site.count("/news/1") == 2  # it is asked for where it is


async def test_a_listing_that_names_the_author_later_edits_nothing(archive, site):
    listed(site, "/news/1")
    serve(site, "/news/1", "خبر")
    await archive.crawl()
    item = f"<item><link>{site.url}/news/1</link><author>سامر العلي</author></item>"
    later = f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>".encode()
    site.answers["/later"] = (wire.http(later, media="application/rss+xml"),)
    archive.follow(feeds=[f"{site.url}/feed", f"{site.url}/later"])
    archive.forward(hours=2)
    await looks(archive)
    rows = archive.rows("select byline, byline_from, revision_count from articles")
    assert rows == [("سامر العلي", "feed", 1)]


async def test_a_304_that_nobody_asked_for_is_no_answer(archive, site):
    site.answers["/news/1"] = (wire.http(b"", status="304 Not Modified"),)
    await archive.crawl()
    assert ("http-304", "/news/1") in archive.problems()
    assert archive.rows("select state from visits where url like '%/1'") == [("failed",)]


async def test_a_wall_leaves_no_validators(archive, site):
    await archive.crawl()
    wall = b"<html><title>Just a moment...</title><body>Checking your browser</body></html>"
    site.answers["/news/1"] = (wire.http(wall, 'ETag: "wall"'),)
    archive.forward(hours=2)
    await archive.crawl()
    seen = archive.rows("select last_seen_at from articles where url like '%/1'")
    archive.forward(hours=12)
    await archive.crawl()
    assert archive.rows("select last_seen_at from articles where url like '%/1'") == seen
    assert archive.rows("select etag from visits where url like '%/1'") == [(None,)]


@pytest.mark.parametrize("bad", ["http://[::1]x/news/99999", "http://a.example/" + "x" * 9000])
async def test_an_address_that_cannot_be_asked_for_stops_nothing(archive, site, bad):
    listed(site, "/news/1", bad.removeprefix(site.url))
    text = f"<rss version='2.0'><channel><title>x</title><item><link>{bad}</link></item>"
    text += f"<item><link>{site.url}/news/1</link></item></channel></rss>"
    site.answers["/feed"] = (wire.http(text.encode(), media="application/rss+xml"),)
    summary = await archive.crawl()
    assert summary.left == 0
    assert archive.rows("select count(*) from articles") == [(1,)]
    assert len(archive.rows("select id from runs")) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")
async def test_after_a_failed_sync_nothing_is_acknowledged(archive, site, monkeypatch):
    await archive.crawl(limit=1)
    before = archive.rows("select count(*) from captures")
    synced = os.fsync

    def broken(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink().name.endswith(".warc.gz"):
            raise OSError(errno.EIO, "the disk is broken")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(ArchiveError, match="the disk is broken"):
        await archive.crawl()
    assert archive.rows("select count(*) from captures") == before
    monkeypatch.setattr(os, "fsync", synced)
    summary = await archive.crawl()
    assert summary.left == 0
    assert archive.rows("select count(*) from articles") == [(2,)]
    states = [state for (state,) in archive.rows("select state from runs order by id")]
    assert states == ["finished", "interrupted", "finished"]
