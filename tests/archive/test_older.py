"""Archives that earlier versions made open and migrate; one that a later made is refused.

The stored ones are in tests/archives, made by `python -m tests.archives.make`, which says how.
"""

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from warcio.checker import Checker

from archive import Archive
from archive.database import open_for_writing
from archive.errors import NewerArchive
from archive.upkeep.verify import verify
from crawler.cli import warraq
from fixtures import Newsstand, serve
from tests.archives.make import HERE, PORT, unpack

STORED = sorted(path.name.partition(".")[0] for path in HERE.glob("*.tar.xz"))
# What a migration may not touch: all columns that there were, but for a revision's digest.
KEPT = (
    "publishers", "runs", "captures", "articles", "revisions", "visits", "links", "problems",
    "authors", "article_authors", "tags", "article_tags",
)  # fmt: skip
MADE_ANEW = {("revisions", "content_hash")}
EDITED, GONE = 301771010242047, 507949162113705


@pytest.fixture(params=STORED)
def root(request, tmp_path):
    return unpack(request.param, tmp_path)


def query(root: Path, sql: str) -> list[tuple[object, ...]]:
    """Ask the database as any program can, without a line of ours."""
    with closing(sqlite3.connect(root / "archive.db")) as db:
        return db.execute(sql).fetchall()


def columns(root: Path) -> dict[str, list[str]]:
    return {
        table: [
            name
            for _, name, *_ in query(root, f"pragma table_info({table})")
            if isinstance(name, str) and (table, name) not in MADE_ANEW
        ]
        for table in KEPT
    }


def contents(root: Path, known: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: query(root, f"select {', '.join(names)} from {table} order by 1, 2")
        for table, names in known.items()
    }


def everything(root: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, those of the search index and of SQLite's own included."""
    tables = [str(name) for (name,) in query(root, "select name from sqlite_master")]
    tables = [name for name in tables if query(root, f"select 1 from pragma_table_list('{name}')")]
    # SQLite reads the index's own table only with our analyser; its shadow tables hold all of it.
    rows = {name: query(root, f"select * from {name}") for name in tables if name != "articles_fts"}
    return rows | {"sqlite_master": query(root, "select * from sqlite_master")}


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(warraq, [str(one) for one in arguments])
    return done.exit_code, done.output


def migrate(root: Path) -> None:
    """Let a command that writes, here nothing, open the archive."""
    code, said = run("import-jsonl", "/dev/null", "--archive", root)
    assert code == 0, said


def sound(root: Path) -> None:
    findings = verify(root)
    assert (findings.damages, findings.notes) == ([], [])
    for name in ("captures", "articles", "revisions"):
        (((count),),) = query(root, f"select count(*) from {name}")
        assert findings.counts["rows of captures" if name == "captures" else name] == count


READERS = [
    ("search", "المدارس"),
    ("serve", "--port", "0"),
    ("runs",),
    ("export",),
    ("export", "--warc", "--where", "1", "--output", "{folder}/out.warc.gz"),
    ("stats",),
    ("verify",),
    ("publish", "{folder}/public"),
    ("backup", "{folder}/backup"),
    ("repair", "--dry-run"),
    ("extract", "--again", "--dry-run"),
]
WRITERS = [
    ("crawl", "manara"),
    ("backfill", "manara", "--since", "2020-11-01"),
    ("save", "http://127.0.0.1:9/a"),
    ("import-jsonl", "/dev/null"),
    ("import-warc", "{warc}"),
    ("withhold", str(EDITED), "--reason", "why"),
    ("unwithhold", str(GONE)),
    ("reindex",),
    ("rebuild", "--from-warc"),
    ("merge", "{other}"),
    ("repair",),
    ("extract", "--again"),
    ("watch", "manara"),
]
# They have an archive of their own, or open none.
OTHERS = {"demo", "publishers"}


def asked(command: tuple[str, ...], root: Path) -> tuple[int, str]:
    (warc, *_) = (root / "warc").iterdir()
    other = root.parent / "other" / "m008"
    if "{other}" in command:
        migrate(unpack("m008", other.parent))
    arguments = [one.format(folder=root.parent, warc=warc, other=other) for one in command]
    return run(*arguments, "--archive", root)


def test_every_command_is_tried():
    tried = {command[0] for command in READERS + WRITERS}
    assert tried | OTHERS == set(warraq.list_commands(click.Context(warraq)))


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_reader_says_that_an_archive_is_older_and_what_brings_it_up_to_date(command, tmp_path):
    root = unpack(STORED[0], tmp_path)
    before = (root / "archive.db").read_bytes()
    code, said = asked(command, root)
    assert code == 1
    assert re.fullmatch(
        r"Error: \S+ is no archive yet, or an older Warraq wrote it; `warraq repair`,"
        r" or any other command that writes, brings it up to date\n",
        said,
    )
    assert (root / "archive.db").read_bytes() == before


def test_a_writer_migrates_it_and_nothing_that_it_held_has_changed(root):
    known = columns(root)
    before = contents(root, known)
    assert len(before["articles"]) == 3
    assert len(before["revisions"]) == 4
    files = {path.name: path.read_bytes() for path in (root / "warc").iterdir()}
    migrate(root)
    after = contents(root, known)
    assert after.pop("runs")[:-1] == before.pop("runs")
    assert after == before
    assert {path.name: path.read_bytes() for path in (root / "warc").iterdir()} == files
    sound(root)
    revised = f"select number, text is null from revisions where article = {EDITED} order by 1"
    assert query(root, revised) == [(1, 0), (2, 1)]
    assert query(root, f"select 1 from articles where id = {GONE} and gone_at is not null")
    code, said = run("search", "مدرسة الرقة", "--archive", root)
    assert (code, "معلمو" in said) == (0, True)


TOLD = {
    "articles": "select id, url, title, text, byline, published_at, published_on, published_from,"
    " first_seen_at, last_seen_at, changed_at, revision_count, gone_at from articles order by id",
    "revisions": "select article, number, observed_at, title, text, published_at, published_on"
    " from revisions order by article, number",
    "links": "select url, found_in, title, published, author from links order by url, found_in",
    "authors": "select article, name from article_authors join authors on id = author order by 1",
    "tags": "select article, name from article_tags join tags on id = tag order by 1, 2",
    "captures": "select id, url, kind, fetched_at, status, warc_file, warc_offset from captures"
    " order by id",
}


def told(root: Path) -> dict[str, list[tuple[object, ...]]]:
    return {table: query(root, sql) for table, sql in TOLD.items()}


@pytest.mark.slow
def test_its_warc_files_tell_all_though_they_have_no_metadata_records(root):
    before = told(root)
    code, said = run("rebuild", "--from-warc", "--archive", root)
    assert (code, "it may be deleted" in said) == (0, True)
    assert told(root) == before
    assert query(root, "select 1 from problems where stage = 'rebuild'") == []
    (root / "archive.db").unlink()
    assert run("repair", "--archive", root)[0] == 0
    assert told(root) == before


@pytest.mark.slow
def test_it_comes_into_another_archive_whole(root, tmp_path):
    before = told(root)
    other = tmp_path / "other"
    other.mkdir()
    open_for_writing(other).close()
    code, said = run("merge", root, "--archive", other)
    assert (code, "3 new articles" in said) == (0, True)
    assert {table: told(other)[table] for table in ("articles", "revisions", "links")} == {
        table: before[table] for table in ("articles", "revisions", "links")
    }


def test_a_rebuild_says_what_the_warc_files_do_not_tell(tmp_path):
    root = unpack(STORED[-1], tmp_path)
    migrate(root)
    with closing(open_for_writing(root)) as db:
        db.execute("insert into articles (id, publisher, url, kind, text, words, first_seen_at,"
                   " last_seen_at) select 1, publisher, 'https://alwaraq.example/1', kind, text,"
                   " words, first_seen_at, last_seen_at from articles limit 1")  # fmt: skip
    code, said = run("rebuild", "--from-warc", "--archive", root)
    assert code == 0
    assert "had more than the WARC files tell: 1 articles." in said
    assert "keep it" in said


@pytest.mark.slow
def test_its_articles_are_read_again_by_the_rules_of_today(root):
    chain = "select article, number, observed_at from revisions order by 1, 2"
    articles = "select id, url, first_seen_at, gone_at, last_seen_at from articles order by id"
    before, seen = query(root, chain), query(root, articles)
    with (root / "publishers" / "manara.toml").open("a", encoding="utf-8") as file:
        file.write("\n[[rules]]\nremove = ['p:nth-of-type(2)']\n")
    code, said = run("extract", "--again", "manara", "--archive", root)
    assert (code, "3 articles read again, 3 changed." in said) == (0, True), said
    assert (query(root, chain), query(root, articles)) == (before, seen)
    sound(root)


def test_one_whose_publisher_has_no_file_any_more_is_read_again_too(tmp_path):
    root = unpack("m004", tmp_path)
    (root / "publishers" / "manara.toml").unlink()
    code, said = run("extract", "--again", "manara", "--archive", root)
    assert (code, "3 articles read again" in said) == (0, True), said


def test_it_has_the_tables_and_indexes_of_a_new_archive(root, tmp_path):
    migrate(root)
    made = tmp_path / "new"
    made.mkdir()
    open_for_writing(made).close()
    names = "select type, name, tbl_name from sqlite_master where name not like 'sqlite_%'"
    names += " order by 1, 2"
    assert query(root, names) == query(made, names)
    for table in KEPT:
        info = f"select name, type, \"notnull\", pk from pragma_table_info('{table}') order by 1"
        assert query(root, info) == query(made, info)


def test_migrating_again_changes_nothing(root, caplog):
    open_for_writing(root).close()
    before = everything(root)
    caplog.clear()
    open_for_writing(root).close()
    assert everything(root) == before
    assert caplog.text == ""


def test_a_digest_that_no_version_made_is_still_found(tmp_path):
    root = unpack("m002", tmp_path)
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute("update revisions set text = 'غيره' where article = ? and number = 1", (EDITED,))
    migrate(root)
    (damage,) = verify(root).damages
    assert damage.detail == "revision 1 is not what its content_hash was made of"


@pytest.fixture
def newer(tmp_path):
    """An archive that a Warraq with one more migration wrote."""
    root = unpack(STORED[-1], tmp_path)
    migrate(root)
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at)"
            " values ('warraq', 'm999_of_tomorrow', '2040-01-01')"
        )
    return root


@pytest.mark.parametrize("command", READERS + WRITERS, ids=" ".join)
def test_a_newer_archive_is_refused_in_one_line_and_left_as_it_is(command, newer):
    before = everything(newer)
    code, said = asked(command, newer)
    assert code == 1
    assert re.fullmatch(
        r"Error: \S+ was written by a newer Warraq \(it has m999_of_tomorrow\);"
        r" update with `pip install --upgrade warraq`\n",
        said,
    )
    assert everything(newer) == before


def test_python_refuses_it_too(newer):
    with pytest.raises(NewerArchive, match="m999_of_tomorrow"):
        Archive(newer)


@contextmanager
def newspapers() -> Iterator[Newsstand]:
    """Serve the newspapers where the stored archives found them, one test at a time."""
    newsstand = Newsstand(articles=60, seed=3)
    patience = time.monotonic() + 60
    while True:
        try:
            with serve(newsstand, port=PORT):
                yield newsstand
                return
        except OSError:
            if time.monotonic() > patience:
                raise
            time.sleep(1)


@pytest.mark.slow
@pytest.mark.parametrize("root", ["m002", "m004"], indirect=True)
def test_a_crawl_goes_on_where_the_earlier_version_ended(root):
    known = columns(root)
    before = contents(root, known)
    with newspapers() as newsstand:
        newsstand.advance(timedelta(days=3, hours=2))
        command = [sys.executable, "-m", "crawler", "crawl", "manara", "--archive", str(root)]
        command += ["--now", newsstand.now().isoformat()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    after = contents(root, known)
    for table in ("captures", "problems", "runs"):
        assert after[table][: len(before[table])] == before[table]
    ids = {row[0] for row in before["articles"]}
    assert ids < {row[0] for row in after["articles"]}
    # Looked at again, and not taken for edited because a rule has changed since.
    revisions = set(after["revisions"]) - set(before["revisions"])
    assert not {row[1] for row in revisions} & ids
    seen = "select last_seen_at > '2020-11-15' from articles where gone_at is null"
    assert query(root, f"{seen} and id in ({', '.join(map(str, ids))})") == [(1,), (1,)]
    sound(root)
    for path in (root / "warc").iterdir():
        checker = Checker(Checked(path))
        checker.process_all()
        assert checker.exit_value == 0


class Checked:
    verbose = False

    def __init__(self, path):
        self.inputs = [str(path)]
