"""Two archives of the same newspapers become one: nothing twice, nothing lost, in order of time."""

import asyncio
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest

from archive.database import open_for_reading
from archive.errors import NotAnArchive
from archive.maintenance.verify import verify
from archive.maintenance.withhold import HELD, withhold
from crawler.commands.options import chosen
from crawler.crawl import Job, crawl
from crawler.rebuild import merge
from crawler.repair import Repair
from fixtures import Newsstand, serve
from tests.crawler import shell
from tests.crawler.tables import differences, everything
from tests.crawler.test_rebuild import rebuilt

pytestmark = pytest.mark.slow

TEXTS = """
select a.url, r.title, coalesce(r.text, a.text) from revisions r join articles a on a.id = r.article
order by a.url, r.number
"""


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Three archives: two looked at the newspapers in turns, one each time that one of them did."""
    folder = tmp_path_factory.mktemp("merging")
    roots = {name: folder / name for name in ("mine", "yours", "both")}
    newsstand = Newsstand(articles=24)
    with serve(newsstand):
        for root in roots.values():
            newsstand.write_publishers(root)
        for step, who in (
            (0, "mine"), (5, "yours"), (20, "mine"), (1, "mine"), (30, "yours"), (2, "yours"),
        ):  # fmt: skip
            newsstand.advance(timedelta(hours=step))
            for name in (who, "both"):
                job = Job(
                    root=roots[name],
                    publishers=chosen(roots[name], []),
                    command="crawl",
                    poll=frozenset(newsstand.papers),
                    clock=newsstand.now,
                )
                asyncio.run(crawl(job))
        assert newsstand.requests.total()
    hidden = select(roots["yours"], "select max(id) from articles")[0][0]
    withhold(roots["yours"], str(hidden), reason="شاهد", clock=newsstand.now)
    return folder, newsstand.now()


HIDDEN = "select distinct article from withheld"


def select(root, sql):
    with closing(open_for_reading(root)) as db:
        return db.execute(sql).fetchall()


def gone(root):
    return dict(select(root, "select url, gone_at from articles where gone_at is not null"))


@pytest.fixture
def roots(lived, tmp_path):
    folder, now = lived
    shutil.copytree(folder, tmp_path / "both of us")
    return *(tmp_path / "both of us" / name for name in ("mine", "yours", "both")), lambda: now


def test_what_both_looked_at_is_one_archive_in_order_of_time(roots):
    mine, yours, both, clock = roots
    before = everything(mine)
    other, gone_before = everything(yours), gone(mine)
    merged = asyncio.run(merge(mine, yours, clock=clock))
    assert merged.files == len(other["warc_files"])
    after = everything(mine)
    numbers = {row[0] for row in select(yours, HIDDEN)}
    known = [row for row in before["articles"] if row[0] not in numbers]
    urls = {row[3] for row in (*known, *other["articles"])}
    assert {row[3] for row in after["articles"]} == urls
    assert len(after["articles"]) == len(urls)
    shown = [row for row in before["captures"] if row[17] not in numbers]
    assert len(after["captures"]) == len(shown) + len(other["captures"])
    assert select(mine, HIDDEN) == select(yours, HIDDEN) != []
    with closing(sqlite3.connect(yours / HELD)) as db:
        hidden = {url for (url,) in db.execute("select url from articles")}
    assert select(mine, TEXTS) == [row for row in select(both, TEXTS) if row[0] not in hidden]
    vanished = [  # and were not seen by the other after that
        (url, at)
        for known, others in ((gone_before, other), (gone(yours), before))
        for url, at in known.items()
        if all(row[3] != url or row[21] < at for row in others["articles"])
    ]
    assert vanished
    assert gone(mine) == {url: min(at for one, at in vanished if one == url) for url, _ in vanished}
    assert verify(mine).damages == []
    assert not (mine / "merge").exists()


def test_a_second_merge_adds_nothing_and_a_rebuild_comes_out_equal(roots):
    mine, yours, _, clock = roots
    asyncio.run(merge(mine, yours, clock=clock))
    before = everything(mine)
    again = asyncio.run(merge(mine, yours, clock=clock))
    assert (again.files, again.articles, again.revisions) == (0, 0, 0)
    after = everything(mine)
    for table in set(before) - {"runs"}:
        assert differences(before[table], after[table]) == [], table
    rebuilt(mine, clock=clock)
    anew = everything(mine)
    for every in (after, anew):  # runs of the other archive may get other numbers
        every["captures"] = [(*row[:16], *row[17:]) for row in every["captures"]]
    # What came withheld is held by a rebuild; a merge knows in which files it is.
    held = {table for table in after if table.startswith("held ")} - {"held withholdings"}
    for table in set(after) - {"runs", "visits", "problems", "withheld"} - held:
        assert differences(after[table], anew[table]) == [], table
    assert {row[1] for row in after["withheld"]} == {row[1] for row in anew["withheld"]}
    assert verify(mine).damages == []


def test_a_merge_that_is_killed_goes_on(roots):
    mine, yours, _, clock = roots
    whole = mine.with_name("whole")
    shutil.copytree(mine, whole)
    asyncio.run(merge(whole, yours, clock=clock))
    for seconds in (0.8, 1.5, 2.5, 3.5):
        with shell.start("merge", yours, "--archive", mine) as process:
            time.sleep(seconds)
            shell.kill(process.pid)
    code, output = shell.run("merge", yours, "--archive", mine)
    assert code == 0, output
    assert select(mine, TEXTS) == select(whole, TEXTS)
    assert select(mine, "select count(*) from captures") == select(
        whole, "select count(*) from captures"
    )
    assert verify(mine).damages == []


def test_a_merge_that_was_killed_while_it_began_goes_on(roots):
    mine, yours, _, clock = roots
    with closing(sqlite3.connect(mine / "archive.db")) as db:
        db.execute("create table indexed_files (name text primary key) strict")
    asyncio.run(merge(mine, yours, clock=clock))
    assert verify(mine).damages == []


def test_a_clone_that_went_on_brings_what_is_new(roots):
    mine, yours, _, clock = roots
    clone = mine.with_name("clone")
    shutil.copytree(mine, clone)
    asyncio.run(merge(clone, yours, clock=clock))
    merged = asyncio.run(merge(mine, clone, clock=clock))
    assert merged.known == len(everything(yours)["warc_files"]) or merged.known > 0
    assert select(mine, TEXTS) == select(clone, TEXTS)
    assert verify(mine).damages == []


def test_mistakes_are_told(roots, tmp_path):
    mine, _, _, clock = roots
    with pytest.raises(NotAnArchive, match="is the archive itself"):
        asyncio.run(merge(mine, mine, clock=clock))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAnArchive, match="holds no WARC files"):
        asyncio.run(merge(mine, tmp_path / "empty", clock=clock))
    code, output = shell.run("merge", mine, "--archive", tmp_path / "none")
    assert code == 1
    assert "holds no archive" in output
    assert not (tmp_path / "none").exists()


def test_texts_whose_captures_are_lost_stay(roots):
    """Of an article that the other archive saw later."""
    mine, yours, _, clock = roots
    with closing(sqlite3.connect(yours / HELD)) as db:
        hidden = {url for (url,) in db.execute("select url from articles")}
    texts = [row for row in select(mine, TEXTS) if row[0] not in hidden]
    for path in (mine / "warc").rglob("*.warc.gz"):
        path.unlink()
    asyncio.run(Repair(root=mine, say=print, processes=1, clock=clock).run())
    asyncio.run(merge(mine, yours, clock=clock))
    assert set(texts) <= set(select(mine, TEXTS))
    assert verify(mine).damages == []
