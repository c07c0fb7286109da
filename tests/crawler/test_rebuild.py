"""A database made anew from the WARC files is the one that crawls, edits and removals made."""

import asyncio
import shutil
import sqlite3
import time
from contextlib import closing

import pytest

from archive.database import NAME, open_for_reading
from archive.errors import NotAnArchive
from archive.maintenance.replacement import FOLDER
from archive.maintenance.verify import verify
from archive.maintenance.withhold import HELD, withhold
from archive.models import Kind, Link
from archive.rows import values
from crawler.rebuild import OLD, rebuild
from tests.archive.desk import FEED, NOON, PAPER, exchange, opened, reading, visit
from tests.crawler import shell, wire
from tests.crawler.tables import differences, everything, shuffle

pytestmark = pytest.mark.slow

SIGNED = "</link><author>سلمى الأحمد</author>"
EDITED = "<p>وأضاف المراسل في تحديث لاحق أن المدارس ستفتح أبوابها يوم الأحد المقبل.</p></article>"


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
        assert differences(rows, after[table]) == [], table
    assert result.rows["articles"] == len(before["articles"])
    assert verify(root).damages == []
    assert (root / OLD).is_file()
    assert not (root / FOLDER).exists()


@pytest.mark.parametrize("seed", range(3))
def test_neither_the_order_of_files_nor_that_of_articles_matters(root, monkeypatch, seed):
    before = everything(root)
    shuffle(monkeypatch, seed)
    rebuilt(root)
    after = everything(root)
    for every in (before, after):  # runs may get other numbers, names other ids
        every["captures"] = [(*row[:16], *row[17:]) for row in every["captures"]]
    for table in before.keys() - {"runs", "warc_files"}:
        assert differences(before[table], after[table]) == [], table


def test_a_rebuild_that_is_killed_goes_on_and_comes_out_equal(root):
    before = everything(root)
    for seconds in (2.0, 3.0, 4.0):
        with shell.start("rebuild", "--from-warc", "--archive", root) as process:
            time.sleep(seconds)
            shell.kill(process.pid)
        assert everything(root) == before  # the old database is there until the new one is whole
    code, output = shell.run("rebuild", "--from-warc", "--archive", root)
    assert code == 0, output
    after = everything(root)
    for table, rows in before.items():
        assert differences(rows, after[table]) == [], table
    assert verify(root).damages == []


def test_a_rebuild_that_ended_before_its_database_was_in_its_place_is_done_again(root, monkeypatch):
    before = everything(root)

    def killed(_root):
        raise KeyboardInterrupt

    monkeypatch.setattr("archive.maintenance.replacement._take_place", killed)
    with pytest.raises(KeyboardInterrupt):
        rebuilt(root)
    monkeypatch.undo()
    rebuilt(root)
    after = everything(root)
    for table in before.keys() - {"runs", "visits"}:
        assert differences(before[table], after[table]) == [], table


def test_without_a_database_what_is_withheld_stays_withheld(root):
    before = everything(root)
    (root / NAME).unlink()
    rebuilt(root)
    after = everything(root)
    assert after["held withholdings"] == before["held withholdings"] != []
    assert differences(before["articles"], after["articles"]) == []
    assert not (root / OLD).exists()


def test_damage_costs_the_records_it_hit_and_no_others(root, caplog):
    before = everything(root)
    path = max((root / "warc").rglob("*.warc.gz"), key=lambda one: one.stat().st_size)
    name = path.relative_to(root / "warc").as_posix()
    with closing(open_for_reading(root)) as db:
        number, offset, length = db.execute(
            "select id, warc_offset, warc_length from captures where warc_file = ? and article"
            " is not null and status = 200 order by warc_offset limit 1",
            (name,),
        ).fetchone()
    packed = bytearray(path.read_bytes())
    packed[offset + length // 2] ^= 0xFF
    path.write_bytes(packed)
    rebuilt(root)
    assert f"{name}, bytes {offset} to {offset + length}: no readable record" in caplog.text
    after = everything(root)
    left = {row[0] for row in after["captures"]}
    assert left == {row[0] for row in before["captures"]} - {number}
    assert len(after["articles"]) in {len(before["articles"]), len(before["articles"]) - 1}


def test_a_folder_without_warc_files_is_refused_and_left_as_it_is(tmp_path):
    with pytest.raises(NotAnArchive, match="holds no WARC files"):
        rebuilt(tmp_path)
    assert list(tmp_path.iterdir()) == []
    code, output = shell.run("rebuild", "--archive", tmp_path)
    assert code == 2
    assert "--from-warc" in output


async def test_an_article_at_a_longer_address_than_is_followed_now_stays(
    archive, site, monkeypatch
):
    path = "/news/" + "1" * 3000
    site.answers[path] = (wire.http(wire.article("خبر بعنوان طويل")),)
    monkeypatch.setattr("archive.urls.LONGEST", 8000)
    await archive.crawl(addresses=[(site.url + path, "paper")], poll=frozenset())
    monkeypatch.undo()
    await rebuild(archive.root)
    assert archive.rows("select url from articles") == [(site.url + path,)]
    assert verify(archive.root).damages == []


async def test_an_edit_is_read_with_what_its_listing_said_as_it_was(archive, site):
    signed = wire.feed(site.url + "/news/1").replace(b"</link>", SIGNED.encode())
    site.answers["/feed"] = (wire.http(signed, media="application/rss+xml"),)
    page = wire.article("خبر بلا اسم من المدينة")
    site.answers["/news/1"] = (wire.http(page),)
    await archive.crawl()
    archive.forward(days=2)
    site.answers["/news/1"] = (wire.http(page.replace(b"</article>", EDITED.encode())),)
    await archive.crawl()
    before = everything(archive.root)
    bylines = archive.rows("select number, byline from revisions order by number")
    assert bylines == [(1, "سلمى الأحمد"), (2, "سلمى الأحمد")]
    await rebuild(archive.root)
    after = everything(archive.root)
    for table, rows in before.items():
        assert differences(rows, after[table]) == [], table


def test_the_escaped_keys_of_earlier_journals_are_the_keys_of_today(tmp_path):
    url = "https://alwaraq.example/%D8%AE%D8%A8%D8%B1"
    seen = visit(url, found_in=FEED)
    with opened(tmp_path) as store:
        store.publish(PAPER)
        store.enter([(FEED, Kind.FEED)], publisher=PAPER.slug)
        store.found([(url, Link(url=url))], visit=visit(FEED, Kind.FEED), at=NOON)
        capture = store.record(
            exchange(url, wire.article("خبر من المدينة")), kind=Kind.ARTICLE, publisher=PAPER.slug
        )
        article, _ = store.keep(reading(), url=url, visit=seen, capture=capture, key=url)
        store.visited(seen, capture, due_at=None, state="done", article=article)
    withhold(tmp_path, str(article), reason="a witness")
    rebuilt(tmp_path)
    with closing(open_for_reading(tmp_path)) as db:
        assert values(db, "select key from visits where kind = 'article'") == []
    with closing(sqlite3.connect(tmp_path / HELD)) as db:
        keys = values(db, "select key from articles")
        assert keys == values(db, "select key from visits where kind = 'article'")
    assert keys == ["https://alwaraq.example/خبر"]
