"""A database made anew from the WARC files is the one that crawls, edits and removals made."""

import asyncio
import shutil
from contextlib import closing
from datetime import timedelta

import pytest

from archive.database import open_for_reading
from archive.upkeep.verify import verify
from archive.upkeep.withholding import withhold
from crawler import rebuild as rebuilding
from crawler.commands.options import chosen
from crawler.crawl import Job, crawl
from crawler.rebuild import OLD, rebuild
from fixtures import Newsstand, serve

ARTICLES = 60
REVISION = (
    "article, number, observed_at, capture, title, deck, byline, dateline, section, tags,"
    " published_at, published_on, modified_at, text, image_url, content_hash"
)
# Everything but when things are due, and failures that had no answer.
TABLES = {
    "publishers": "select * from publishers order by slug",
    "articles": "select * from articles order by id",
    "revisions": f"select {REVISION} from revisions order by article, number",
    "captures": "select * from captures order by id",
    "links": "select * from links order by url, found_in",
    "authors": "select article, name, position from article_authors"
    " join authors on id = author order by article, position",
    "tags": "select article, name from article_tags join tags on id = tag order by 1, 2",
    "visits": "select key, url, publisher, kind, found_in, found_at, article, last_at, etag,"
    " last_modified, last_sha256, state, past from visits where last_at is not null order by key",
    "runs": "select id, command, started_at, ended_at, state, requests, new, changed, unchanged,"
    " bytes from runs order by id",
    "stories": "select * from stories order by id",
    "embeds": "select * from embeds order by article, position",
    "images": "select * from images order by article, position",
    "renderings": "select * from renderings order by id",
    "withholdings": "select article, at, act, reason from withholdings order by id",
    "warc_files": "select * from warc_files order by name",
    "problems": "select publisher, url, stage, kind, detail, capture from problems"
    " where capture is not null order by capture, kind, detail",
}


def everything(root):
    """Return all rows that a rebuild restores, by table."""
    with closing(open_for_reading(root)) as db:
        return {table: db.execute(sql).fetchall() for table, sql in TABLES.items()}


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """An archive over which days passed: articles came, were edited and vanished."""
    root = tmp_path_factory.mktemp("lived") / "أرشيف الشهر"
    newsstand = Newsstand(articles=ARTICLES)
    with serve(newsstand):
        newsstand.write_publishers(root)
        publishers = chosen(root, [])
        for step in (0, 1, 6, 24, 24):
            newsstand.advance(timedelta(hours=step))
            job = Job(
                root=root,
                publishers=publishers,
                command="crawl",
                poll=frozenset(newsstand.papers),
                clock=newsstand.now,
            )
            asyncio.run(crawl(job))
    with closing(open_for_reading(root)) as db:
        (edited,) = db.execute("select count(*) from revisions where number > 1").fetchone()
        (gone,) = db.execute("select count(*) from articles where gone_at is not null").fetchone()
        (hidden,) = db.execute("select min(id) from articles").fetchone()
    assert edited
    assert gone
    withhold(root, str(hidden), reason="تذكر شاهدًا", clock=newsstand.now)
    return root


@pytest.fixture
def root(lived, tmp_path):
    shutil.copytree(lived, tmp_path / "archive")
    return tmp_path / "archive"


def rebuilt(root, **options):
    return asyncio.run(rebuild(root, **options))


def test_a_rebuilt_database_is_equal_and_whole(root):
    before = everything(root)
    result = rebuilt(root)
    after = everything(root)
    for table, rows in before.items():
        assert after[table] == rows, table
    assert result.lost == ()
    assert result.rows["articles"] == len(before["articles"])
    assert verify(root).damages == []
    assert (root / OLD).is_file()
    assert not (root / rebuilding.FOLDER).exists()
