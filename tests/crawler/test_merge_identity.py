"""Where two archives met one article at different addresses, the one that takes in decides."""

import asyncio

import pytest

from archive.maintenance.verify import verify
from crawler.rebuild import merge, rebuild
from tests.archive.desk import rows
from tests.crawler import wire
from tests.crawler.eventful import Events, page
from tests.crawler.tables import differences, follows

pytestmark = pytest.mark.slow

ARTICLES = "select key, revision_count from articles order by key"


@pytest.fixture
def two(tmp_path, site):
    """Two archives that follow one site, and what happens to each."""
    archives = []
    for name in ("mine", "yours"):
        events = Events(tmp_path / name, site)
        wire.publisher(events.root, "paper", homepage=site.url + "/", feeds=[site.url + "/feed"])
        archives.append(events)
    return archives


def merged(mine, yours):
    """Merge, and see that a rebuild then gives the same."""
    asyncio.run(merge(mine.root, yours.root))
    after = follows(mine.root)
    asyncio.run(rebuild(mine.root))
    again = follows(mine.root)
    for table in after:
        assert differences(after[table], again[table]) == [], table
    assert verify(mine.root).damages == []


def test_another_address_of_a_known_article_makes_no_revisions_of_it(two, site):
    mine, yours = two
    canonical = f"<link rel='canonical' href='{site.url}/news/5'>"
    mine.put("/news/5", page("خبر له عنوانان", head=canonical))
    mine.put("/news/6", page("خبر له عنوانان", "نص آخر للخبر نفسه. " * 20, head=canonical))
    mine.list("/feed", "/news/5")
    mine.crawl("paper")
    yours.list("/feed", "/news/6")
    yours.crawl("paper", hours=1)
    ((key, _),) = rows(yours.root, ARTICLES)
    assert rows(mine.root, ARTICLES) == [(key, 1)]
    merged(mine, yours)
    assert rows(mine.root, ARTICLES) == [(key, 1)]
    outcomes = "select outcome from captures where url like '%/news/6'"
    assert rows(mine.root, outcomes) == [("alias",)]


def test_an_address_leads_to_the_article_that_it_leads_to_here(two, site):
    mine, yours = two
    mine.put("/news/4", page("خبر قبل أن ينتقل"))
    yours.list("/feed", "/news/4")
    yours.crawl("paper")
    site.answers["/news/4"] = (
        wire.http(b"", "Location: /moved/4", status="301 Moved Permanently"),
    )
    mine.put("/moved/4", page("خبر قبل أن ينتقل"))
    mine.crawl("paper", hours=3)
    ((key, _),) = rows(mine.root, ARTICLES)
    assert key.endswith("/moved/4")
    assert rows(yours.root, ARTICLES) != [(key, 1)]
    merged(mine, yours)
    assert rows(mine.root, ARTICLES) == [(key, 1)]
    captures = "select count(*) from captures where article is not null"
    assert rows(mine.root, captures) == [(2,)]
