"""What a crawl, an import, a merge, a rebuild and a backup do with an article that is withheld."""

import asyncio
import shutil

import pytest

from archive.clock import system
from archive.database import NAME
from archive.maintenance.backup import back_up
from archive.maintenance.publish import publish
from archive.maintenance.verify import verify
from archive.maintenance.withhold import HELD, withhold
from archive.session import Session
from crawler.rebuild import merge, rebuild
from tests.archive.warc.foreign_warcs import answer, packed, record
from tests.crawler import shell, wire
from tests.crawler.tables import differences, everything

HIDDEN = "شهادة من داخل السجن"
ADDRESS = "/news/secret-7"
EDITED = "<p>وأضاف المراسل في تحديث لاحق أن المدارس ستفتح أبوابها يوم الأحد المقبل.</p></article>"


def page(url, title=HIDDEN, more=""):
    link = f'<link rel="canonical" href="{url}{ADDRESS}">'.encode()
    html = wire.article(title).replace(b"</head>", link + b"</head>")
    return html.replace(b"</article>", more.encode()) if more else html


@pytest.fixture
async def hidden(archive, site):
    """Withhold one of two articles that were crawled."""
    listing = wire.feed(site.url + ADDRESS, site.url + "/news/2")
    site.answers["/feed"] = (wire.http(listing, media="application/rss+xml"),)
    site.answers[ADDRESS] = (wire.http(page(site.url)),)
    site.answers["/news/2"] = (wire.http(wire.article("خبر آخر")),)
    await archive.crawl()
    assert len(archive.rows("select id from articles")) == 2
    withhold(archive.root, site.url + ADDRESS, reason="شاهد", clock=archive.clock)
    return archive


def is_hidden(root, *more):
    raw = b"".join(path.read_bytes() for path in root.glob(f"{NAME}*"))
    return not [word for word in (HIDDEN, "secret-7", *more) if word.encode() in raw]


async def test_a_crawl_neither_visits_it_nor_lets_it_in_by_another_address(hidden, site):
    (alias, moved), root = ("/amp/of-it", "/go/to-it"), hidden.root
    listing = wire.feed(*(site.url + path for path in (ADDRESS, alias, moved, "/news/3")))
    site.answers["/feed"] = (wire.http(listing, media="application/rss+xml"),)
    site.answers[alias] = (wire.http(page(site.url)),)
    site.answers[moved] = (wire.http(b"", f"Location: {site.url}{ADDRESS}", status="302 Found"),)
    site.answers["/news/3"] = (wire.http(page(site.url, "خبر ثالث")),)  # canonical links lie
    hidden.forward(hours=30)
    await hidden.crawl()
    assert [title for (title,) in hidden.rows("select title from articles order by title")] == [
        "خبر آخر", "خبر ثالث"
    ]  # fmt: skip
    assert is_hidden(root, "of-it", "to-it")
    assert verify(root).damages == []
    before = everything(root)
    await rebuild(root)
    assert is_hidden(root, "of-it", "to-it")
    assert differences(before["articles"], everything(root)["articles"]) == []
    code, output = shell.run("unwithhold", site.url + ADDRESS, "--archive", root)
    assert code == 0, output
    assert len(hidden.rows("select id from articles")) == 3
    assert verify(root).damages == []


@pytest.mark.slow
async def test_what_is_imported_meanwhile_comes_to_light_with_it(hidden, site, tmp_path):
    url, root = site.url + ADDRESS, hidden.root
    hidden.forward(days=2)
    source = tmp_path / "later.warc.gz"
    later = page(site.url, more=EDITED)
    source.write_bytes(packed([record(answer(later), url, date="2026-11-25T10:00:00Z")]))
    assert shell.run("import-warc", source, "--archive", root)[0] == 0
    line = tmp_path / "lines.jsonl"
    line.write_text(f'{{"url": "{url}", "title": "{HIDDEN}", "text": "{HIDDEN}"}}\n')
    assert "1 duplicate" in shell.run("import-jsonl", line, "--archive", root)[1]
    assert is_hidden(root)
    assert verify(root).damages == []
    assert hidden.rows("select count(*) from withheld_files") == [(1,)]
    code, output = shell.run("unwithhold", url, "--archive", root)
    assert code == 0, output
    sql = "select revision_count, text like '%تحديث لاحق%' from articles where url = ?"
    assert hidden.rows(sql, url) == [(2, 1)]
    assert (
        hidden.rows("select * from withheld union all select name, 1, 1 from withheld_files") == []
    )
    assert verify(root).damages == []
    before = everything(root)
    await rebuild(root)
    after = everything(root)
    for table in ("articles", "revisions", "captures", "withholdings"):
        assert differences(before[table], after[table]) == [], table


@pytest.mark.slow
async def test_a_copy_and_another_archive_keep_it_withheld(hidden, site, tmp_path):
    url, other, copy = site.url + ADDRESS, tmp_path / "other", tmp_path / "copy"
    back_up(hidden.root, copy)
    assert is_hidden(copy)
    assert publish(hidden.root, tmp_path / "public").withheld == 1
    assert is_hidden(tmp_path / "public")
    shutil.copytree(hidden.root, other)
    (other / NAME).unlink()
    (other / HELD).unlink()
    await rebuild(other)  # what is withheld is said in the WARC files alone
    assert is_hidden(other)
    mine = tmp_path / "mine"
    with Session(mine, command="crawl", clock=system):
        pass
    await merge(mine, hidden.root)
    assert is_hidden(mine)
    for root in (copy, other, mine):
        code, output = shell.run("unwithhold", url, "--archive", root)
        assert code == 0, output
        assert not is_hidden(root)
        assert verify(root).damages == []


@pytest.mark.slow
def test_a_repair_brings_nothing_back(lived, tmp_path):
    root = shutil.copytree(lived, tmp_path / "archive")
    for path in sorted((root / "warc").rglob("*.warc.gz"))[:1]:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    before = everything(root)["held articles"]
    shell.run("repair", "--archive", root)
    after = everything(root)
    assert after["held articles"] == before
    assert not {row[1] for row in before} & {row[0] for row in after["articles"]}
    asyncio.run(rebuild(root))
    assert not {row[1] for row in before} & {row[0] for row in everything(root)["articles"]}
