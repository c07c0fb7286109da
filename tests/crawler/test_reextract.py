"""Articles read again with other rules: histories derived from captures, no edit invented."""

import asyncio
import shutil
from contextlib import closing

import pytest

from archive.database import open_for_writing
from archive.maintenance.verify import verify
from archive.urls import article_id, identity_key
from crawler.publisher import load_all
from crawler.rebuild import rebuild
from crawler.reextract import Job, reextract
from tests.crawler import shell, wire
from tests.crawler.tables import differences, everything

PATH = "/news/1"
BOX = (
    "<p class='x17'>هذه الفقرة رقم {} تعرض على القراء عرضًا من عروض الشركة الراعية للصحيفة، وهي"
    " تتبدل في كل يوم من أيام الأسبوع.</p>"
)


pytestmark = pytest.mark.slow


@pytest.fixture
def root(lived, tmp_path):
    shutil.copytree(lived, tmp_path / "archive")
    return tmp_path / "archive"


def again(root, **options):
    shown = {}
    job = Job(root=root, publishers=load_all(root / "publishers"), **options)
    told = asyncio.run(reextract(job, show=lambda url, changes: shown.update({url: changes})))
    return told, shown


def test_the_same_rules_change_nothing(root):
    before = everything(root)
    told, shown = again(root, dry_run=True)
    assert shown == {}
    assert told.counts["read"] == len(before["articles"])
    again(root)
    after = everything(root)
    assert after.pop("runs")[: len(before["runs"])] == before.pop("runs")
    for table, rows in before.items():
        assert differences(rows, after[table]) == [], table


@pytest.fixture
async def paper(archive, site):
    """An article whose page was looked at three times: a box changed, then a word of the text."""
    site.answers["/feed"] = (wire.http(wire.feed(site.url + PATH), media="application/rss+xml"),)
    for number, word in enumerate(("هادئ", "هادئ", "متوتر")):
        body = wire.article().decode().replace("هادئ", word)
        body = body.replace("</p><p>", f"</p>{BOX.format(number)}<p>", 1)
        site.answers[PATH] = (wire.http(body.encode()),)
        await archive.crawl()
        archive.forward(hours=7 + 20 * number)
    return archive


def remove_the_box(archive):
    file = archive.root / "publishers" / "paper.toml"
    file.write_text(file.read_text() + "\n[[rules]]\nremove = ['.x17']\n")


async def test_revisions_that_read_the_same_now_become_one_and_true_edits_stay(paper, site):
    chain = "select number, capture, observed_at from revisions order by number"
    first, second, third = paper.rows(chain)
    remove_the_box(paper)
    job = Job(root=paper.root, publishers=load_all(paper.root / "publishers"))
    told = await reextract(job)
    assert told.fields["revisions"] == 1
    assert paper.rows(chain) == [first, (2, *third[1:])]
    (before,) = paper.rows("select text from revisions where text is not null")
    (now,) = paper.rows("select text from articles")
    assert "هادئ" in before[0]
    assert "متوتر" in now[0]
    assert "الراعية" not in before[0] + now[0]
    assert paper.rows("select revision_count, changed_at from articles") == [(2, third[2])]
    assert paper.rows("select count(*) from captures where article is not null") == [(3,)]
    assert paper.rows("select id from articles") == [(article_id(identity_key(site.url + PATH)),)]
    assert verify(paper.root).damages == []
    assert (await reextract(job)).counts["changed"] == 0
    kept = everything(paper.root)
    await rebuild(paper.root)
    for table, rows in everything(paper.root).items():
        if table not in {"runs", "visits", "warc_files"}:
            assert differences(kept[table], rows) == [], table
    assert second  # led somewhere before, and leads to the first now


async def test_a_dry_run_prints_what_would_change_and_changes_nothing(paper):
    remove_the_box(paper)
    before = everything(paper.root)
    code, output = shell.run_apart("extract", "--again", "--dry-run", "--archive", paper.root)
    assert code == 0, output
    assert "1 article read again, 1 would change." in output
    assert "revisions: 3 → 2" in output
    assert everything(paper.root) == before
    code, output = shell.run_apart("extract", "--again", "paper", "--archive", paper.root)
    assert code == 0, output
    assert "1 changed." in output
    assert len(everything(paper.root)["revisions"]) == 2


async def test_a_page_that_was_no_article_by_older_rules_becomes_one(archive, site):
    site.answers["/feed"] = (wire.http(wire.feed(site.url + PATH), media="application/rss+xml"),)
    site.answers[PATH] = (wire.http(wire.article()),)
    await archive.crawl()
    before = everything(archive.root)
    with closing(open_for_writing(archive.root)) as db:  # as rules that did not see it left it
        db.execute("pragma foreign_keys = off")
        db.execute("update captures set article = null")
        db.execute("update visits set article = null")
        for table in ("article_authors", "article_tags", "story_sketches", "revisions", "images"):
            db.execute(f"delete from {table}")
        db.execute("delete from articles")
    site.answers.clear()
    told = await reextract(Job(root=archive.root, publishers={}))
    assert told.counts["new"] == 1
    after = everything(archive.root)
    for table in ("articles", "revisions", "captures"):
        assert differences(before[table], after[table]) == [], table
    assert verify(archive.root).damages == []


def test_mistakes_are_told_in_a_line(tmp_path):
    for words, said in (
        (("extract", "--again", "--url", "https://x.example/"), "--again reads an archive"),
        (("extract", "--since", "2020"), "need --again"),
        (("extract",), "--html FILE and --url URL"),
        (("extract", "--again", "--archive", tmp_path / "none"), "holds no archive"),
    ):
        code, output = shell.run(*words)
        assert code in {1, 2}
        assert said in output
        assert "Traceback" not in output
