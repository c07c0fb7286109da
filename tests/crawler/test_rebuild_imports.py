"""What came in without a crawl is there again, to the last row, after a rebuild."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from archive.article_rows import REVISION
from archive.clock import iso
from archive.database import NAME
from archive.maintenance.import_jsonl import Importer
from archive.maintenance.verify import verify
from crawler.cli import warraq
from crawler.rebuild import rebuild
from tests.archive.desk import HOUR, NOON, Hands, kill_like, rows
from tests.archive.warc.foreign_warcs import packed
from tests.crawler.import_warc.sources import NOISE, PAGES
from tests.crawler.tables import held

LINES = [
    {
        "url": "https://jarida.example/1",
        "title": "عنوان",
        "text": "نص الخبر الأول.",
        "publisher": "jarida",
        "publisher_name": "الجريدة",
        "publisher_name_latin": "Al-Jarida",
        "publisher_homepage": "https://jarida.example/",
        "publisher_country": "LY",
        "publisher_language": "ar",
    },
    {"url": "https://b.example/1", "title": None, "text": "نص بلا ناشر", "byline": "بقلم سلمى"},
    {"url": "https://b.example/1", "title": None, "text": "نص يناقض الأول"},
    {"url": "https://b.example/2"},
    {
        "url": "https://b.example/3",
        "title": "ثالث",
        "text": "نص ثالث",
        "publisher": "b.example",
        "publisher_name": "ب",
    },
]
TABLES = {
    "publishers": "select * from publishers order by slug",
    "articles": "select * from articles order by id",
    "revisions": f"select article, {', '.join(REVISION)} from revisions order by 1, 2",
    "captures": "select * from captures order by warc_file, warc_offset",
    "authors": "select article, name, position from article_authors"
    " join authors on id = author order by 1, 3",
    "imports": "select * from imports order by key",
    "problems": "select at, run, publisher, url, stage, kind, detail from problems order by id",
    "withholdings": "select article, at, act, reason from withholdings order by id",
    "runs": "select id, command, started_at, ended_at, state, requests, new, problems, bytes"
    " from runs order by id",
}


def run(root, *words, given=None, code=0):
    done = CliRunner().invoke(warraq, [*map(str, words), "--archive", str(root)], input=given)
    assert done.exit_code == code, done.output
    return done.output


def everything(root):
    return {table: rows(root, sql) for table, sql in TABLES.items()} | held(root)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    root = tmp_path_factory.mktemp("imports") / "archive"
    given = "\n".join(json.dumps(line) for line in LINES)
    run(root, "import-jsonl", "-", given=given, code=3)
    pages = [bytearray(packed([one])) for one in PAGES]
    pages[2][300] ^= 0xFF
    source = root.parent / "صفحات 1.warc.gz"
    source.write_bytes(packed(NOISE) + b"".join(pages))
    run(root, "import-warc", source, code=3)
    article = rows(root, "select min(id) from articles")[0][0]
    run(root, "withhold", article, "--reason", "شاهدٌ\nفي خطر")
    run(root, "unwithhold", article)
    run(root, "withhold", article, "--reason", "مرة أخرى")
    return root


@pytest.mark.parametrize("lost", [False, True])
def test_every_row_is_there_again(lived, lost):
    before = everything(lived)
    assert [len(before[table]) for table in ("imports", "problems", "held withholdings")] == [
        1,
        3,
        3,
    ]
    if lost:
        (lived / NAME).unlink()
    run(lived, "rebuild", "--from-warc")
    after = everything(lived)
    for table, known in before.items():
        assert after[table] == known, table
    assert verify(lived).damages == []


def test_a_publisher_is_what_the_lines_say(lived):
    sql = "select slug, name, name_latin, homepage, country, language from publishers"
    assert rows(lived, f"{sql} where slug not like 'alwaraq%' order by 1") == [
        ("b.example", "ب", None, None, None, None),
        ("jarida", "الجريدة", "Al-Jarida", "https://jarida.example/", "LY", "ar"),
    ]


def test_a_file_that_was_read_before_is_not_read_again_after_a_rebuild(lived):
    (source,) = lived.parent.glob("*.warc.gz")
    files = sorted((lived / "warc").rglob("*.warc.gz"))
    run(lived, "rebuild", "--from-warc")
    before = everything(lived)
    run(lived, "import-warc", source)
    assert everything(lived) | {"runs": 0} == before | {"runs": 0}
    assert sorted((lived / "warc").rglob("*.warc.gz")) == files


def test_a_line_whose_import_was_killed_has_the_moment_at_which_it_is_read_again(tmp_path):
    lines = [json.dumps(LINES[0]).encode()]
    killed = Importer(tmp_path, command="import-jsonl", clock=Hands())
    killed.__enter__()
    killed.read(lines, name="x.jsonl")
    kill_like(killed)
    with Importer(tmp_path, command="import-jsonl", clock=Hands(NOON + HOUR)) as again:
        assert again.read(lines, name="x.jsonl").counts == {"new": 1}
    before = everything(tmp_path)
    assert rows(tmp_path, "select first_seen_at from articles") == [(iso(NOON + HOUR),)]
    asyncio.run(rebuild(tmp_path))
    after = everything(tmp_path)
    for table in ("publishers", "articles", "revisions", "captures"):
        assert after[table] == before[table], table
