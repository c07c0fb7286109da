"""Opening the database, its lock, and what is refused: an archive of another version, or none."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from archive import Archive
from archive.database import (
    FIRST,
    NAME,
    ask,
    is_finished,
    is_frozen,
    migrations,
    open_for_reading,
    open_for_writing,
    writing,
)
from archive.errors import ArchiveError, ArchiveLocked, NewerArchive, NotAnArchive, OlderArchive
from archive.maintenance.verify import verify
from archive.search.index import index_is_current
from crawler.cli import warraq
from tests.archive.desk import NOON, rows
from tests.archive.filled import fill
from tests.archive.newsroom import add_article, empty_archive
from tests.broken import workshop as w


def make_older(root):
    """Make an archive whose tables a development version made."""
    with closing(open_for_writing(root)) as db:
        db.execute("update _sqlite_migrations set name = 'm001_tables'")


def make_newer(root):
    with closing(open_for_writing(root)) as db:
        db.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at)"
            " values ('warraq', 'm999_stories', '2031-01-01')"
        )


def test_a_new_archive_is_safe_against_power_cuts_and_takes_readers(tmp_path):
    with closing(open_for_writing(tmp_path)) as db:
        assert db.execute("pragma journal_mode").fetchone() == ("wal",)
        assert db.execute("pragma synchronous").fetchone() == (2,)
        assert db.execute("pragma foreign_keys").fetchone() == (1,)
        with closing(open_for_reading(tmp_path)) as reader:
            assert reader.execute("select count(*) from articles").fetchone() == (0,)


@pytest.mark.parametrize("opening", [open_for_writing, open_for_reading])
def test_an_older_archive_is_refused_with_a_remedy(tmp_path, opening):
    make_older(tmp_path)
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(OlderArchive, match="run `warraq rebuild --from-warc`"):
        opening(tmp_path)
    assert (tmp_path / NAME).read_bytes() == before


@pytest.mark.parametrize("opening", [open_for_writing, open_for_reading])
def test_a_newer_archive_is_refused_with_a_remedy(tmp_path, opening):
    make_newer(tmp_path)
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(NewerArchive, match=r"m999_stories.*pip install --upgrade warraq"):
        opening(tmp_path)
    assert (tmp_path / NAME).read_bytes() == before


def test_a_migration_that_fails_leaves_the_archive_as_it_was(tmp_path):
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as db:
        db.execute("create table article_stems (x)")  # in the way of the migration
    with pytest.raises(NotAnArchive, match="article_stems"):
        open_for_writing(tmp_path)
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as db:
        assert not migrations().applied(Database(db))
        assert not db.execute("select 1 from sqlite_master where name = 'articles'").fetchone()
        db.execute("drop table article_stems")
    open_for_writing(tmp_path).close()
    open_for_reading(tmp_path).close()


def test_what_a_first_writer_has_not_filled_yet_is_not_an_archive(tmp_path):
    sqlite3.connect(tmp_path / NAME).close()
    with pytest.raises(NotAnArchive, match="not an archive yet"):
        open_for_reading(tmp_path)


CONTENTS = [
    b"not a database, but long enough to look at" * 30,
    b"SQLite format 3\x00" + bytes(5000),
]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("opening", [open_for_writing, open_for_reading])
def test_a_file_that_is_no_database_is_named(tmp_path, content, opening):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(NotAnArchive, match=NAME):
        opening(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


def test_another_programs_database_is_no_archive(tmp_path):
    with closing(sqlite3.connect(tmp_path / NAME)) as db:
        db.execute("create table articles (id)")
        db.commit()
    for opening in (open_for_reading, open_for_writing):
        with pytest.raises(NotAnArchive, match=NAME):
            opening(tmp_path)


def test_what_is_not_there_is_not_made_by_a_reader(tmp_path):
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotAnArchive, match="holds no archive"):
            open_for_reading(root)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotAnArchive, match="nowhere"):
        open_for_writing(tmp_path / "nowhere")


def test_a_reader_cannot_write(tmp_path):
    open_for_writing(tmp_path).close()
    writing = "insert into publishers (slug, name) values ('a', 'a')"
    with (
        closing(open_for_reading(tmp_path)) as db,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        db.execute(writing)


def test_an_archive_where_nobody_may_write_is_read_and_left_alone(tmp_path):
    open_for_writing(tmp_path).close()
    tmp_path.chmod(0o555)
    try:
        with closing(open_for_reading(tmp_path)) as db:
            assert db.execute("select count(*) from articles").fetchone() == (0,)
            assert [path.name for path in tmp_path.iterdir()] == [NAME]
    finally:
        tmp_path.chmod(0o755)


def test_rows_that_are_still_in_a_log_are_read_in_a_folder_without_write_permission(tmp_path):
    writer = open_for_writing(tmp_path)
    writer.execute("insert into publishers (slug, name) values ('a', 'ا')")
    tmp_path.chmod(0o555)
    try:
        assert not is_frozen(tmp_path / NAME)
        with closing(open_for_reading(tmp_path)) as db:
            assert db.execute("select slug from publishers").fetchall() == [("a",)]
    finally:
        tmp_path.chmod(0o755)
        writer.close()


@pytest.fixture
def shared(tmp_path):
    """An archive of another user, who may write there."""
    root = fill(tmp_path / "shared")
    w.nobody_may_write(root, but=0o020)  # the group may
    yield root
    w.everybody_may_write(root)


def test_the_archive_of_another_user_is_read_and_left_alone(shared):
    before = w.bytes_of(shared)
    with w.like_anybody():
        assert not is_finished(shared / NAME)
        assert is_frozen(shared / NAME)
        assert len(rows(shared, "select 1 from articles")) == 3
        assert verify(shared).damages == []
    assert w.bytes_of(shared) == before
    assert not list(shared.glob("*-shm"))


def test_a_crawl_of_its_owner_is_read_as_it_goes_on(shared):
    w.everybody_may_write(shared)
    with closing(open_for_writing(shared)) as owner:
        owner.execute("insert into publishers (slug, name) values ('a', 'ا')")
        w.nobody_may_write(shared, but=0o020)
        with w.like_anybody(), closing(open_for_reading(shared)) as reader:
            assert len(reader.execute("select 1 from publishers").fetchall()) == 2
            owner.execute("insert into publishers (slug, name) values ('b', 'ب')")
            assert len(reader.execute("select 1 from publishers").fetchall()) == 3
        w.everybody_may_write(shared)


def read(reader, *, is_damaged):
    with closing(reader):
        reader.execute("select count(*) from articles").fetchone()
        if is_damaged:
            raise sqlite3.DatabaseError("database disk image is malformed")


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_reader_that_could_not_notice_its_owner_says_so(shared, is_damaged):
    with w.like_anybody():
        reader = open_for_reading(shared)
    w.everybody_may_write(shared)
    with closing(open_for_writing(shared)) as owner:
        owner.execute("insert into publishers (slug, name) values ('a', 'ا')")
    with pytest.raises(ArchiveError, match="changed while it was read: try again"):
        read(reader, is_damaged=is_damaged)
    reader.close()  # once is enough


@settings(max_examples=30)
@given(
    acts=st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from(("", "publisher", "published_on", "changed_at", "byline", "image_url")),
            st.sampled_from((None, "2020-11-09", "2020-11-10")),
        ),
        max_size=12,
    )
)
def test_articles_are_counted_by_day_whatever_becomes_of_them(acts):
    with closing(empty_archive()) as db:
        for number, column, value in acts:
            if not column:
                db.execute("delete from articles where id = ?", (number,))
            elif db.execute("select 1 from articles where id = ?", (number,)).fetchone() is None:
                add_article(db, id=number, published_on=value)
            else:
                new = value or ("x" if column == "publisher" else None)
                db.execute("insert or ignore into publishers(slug, name) values (?, 'x')", (new,))
                db.execute(f"update articles set {column} = ? where id = ?", (new, number))
        assert db.execute("select * from day_counts").fetchall() == db.execute(_COUNTED).fetchall()


_COUNTED = """
select coalesce(published_on, ''), publisher, count(*), count(changed_at), count(gone_at),
    count(byline), count(deck), count(section), count(image_url)
from articles group by 1, 2 order by 1, 2
"""


@pytest.mark.parametrize("name", ["with space", "with?mark#and%41", "أرشيف"])
def test_any_folder_name_will_do(tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    open_for_writing(root).close()
    open_for_reading(root).close()
    assert (root / NAME).is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_index_that_is_not_ours_is_made_anew(tmp_path):
    db = open_for_writing(tmp_path)
    db.execute("insert into article_stems(article_stems) values ('rebuild')")  # as a stranger would
    assert not index_is_current(db)
    db.close()
    db = open_for_writing(tmp_path)
    assert index_is_current(db)
    db.close()


def test_who_asks_before_there_is_an_archive_gets_another_answer(tmp_path, caplog):
    def count(db):
        return db.execute("select count(*) from articles").fetchone()[0]

    assert ask(tmp_path, count, otherwise=7) == 7
    (tmp_path / NAME).write_bytes(b"")
    assert ask(tmp_path, count, otherwise=7) == 7
    assert "cannot be read just now" in caplog.text
    open_for_writing(tmp_path).close()
    assert ask(tmp_path, count, otherwise=7) == 0


_HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from archive.database import writing
with writing(Path(sys.argv[1]), command="crawl", now=datetime(2020, 11, 9, 12, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(root):
    """Another process that holds the lock until its standard input ends."""
    command = [sys.executable, "-c", _HOLD, str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def take(root, command="save"):
    with writing(root, command=command, now=NOON):
        return (root / "lock").read_text("utf-8")


def test_the_second_writer_is_told_who_the_first_is(tmp_path):
    with holder(tmp_path) as first:
        with pytest.raises(ArchiveLocked) as refused:
            take(tmp_path)
        message = str(refused.value)
        for part in (str(tmp_path), "`warraq crawl`", f"process {first.pid}", "2020-11-09T12:00"):
            assert part in message
        with pytest.raises(ArchiveLocked, match="warraq crawl"):  # asking does not spoil the name
            take(tmp_path)
    assert f'"pid": {os.getpid()}' in take(tmp_path)


def test_a_killed_writer_holds_nothing(tmp_path):
    with holder(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert '"command": "save"' in take(tmp_path)


def test_a_program_started_by_a_killed_writer_holds_nothing(tmp_path):
    """The lock is not inherited: a worker that outlives its parent must not keep it."""
    script = _HOLD.replace(
        'print("held"', 'import subprocess; subprocess.Popen(["sleep", "5"]); print("held"'
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        first.kill()
        first.wait()
        assert take(tmp_path)


def test_the_lock_is_free_again_after_its_block_also_after_an_error(tmp_path):
    with pytest.raises(KeyError), writing(tmp_path, command="crawl", now=NOON):
        raise KeyError
    assert take(tmp_path)
    assert (tmp_path / "lock").read_text("utf-8") == ""


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"pid": 1}', "\x00\x00"])
def test_an_unreadable_holder_is_another_process(tmp_path, content):
    with holder(tmp_path):
        (tmp_path / "lock").write_text(content, "utf-8")
        with pytest.raises(ArchiveLocked, match="another process is writing"):
            take(tmp_path)


def test_a_folder_that_is_none_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="file"):
        take(tmp_path / "file")


COMMANDS = [
    ("status",),
    ("upkeep",),
    ("search", "المدارس"),
    ("serve", "--port", "0"),
    ("runs",),
    ("show", "1"),
    ("diff", "1"),
    ("custody", "1"),
    ("export",),
    ("export", "--warc", "--where", "1", "--output", "{folder}/out.warc.gz"),
    ("stats",),
    ("verify",),
    ("publish", "{folder}/public"),
    ("backup", "{folder}/backup"),
    ("repair", "--dry-run"),
    ("extract", "--again", "--dry-run"),
    ("crawl", "manara"),
    ("backfill", "manara", "--since", "2020-11-01"),
    ("save", "http://127.0.0.1:9/a"),
    ("import-jsonl", "/dev/null"),
    ("import-warc", "{warc}"),
    ("withhold", "1", "--reason", "why"),
    ("unwithhold", "1"),
    ("reindex",),
    ("compact",),
    ("merge", "{other}"),
    ("repair",),
    ("extract", "--again"),
    ("watch", "manara"),
]
REBUILD = ("rebuild", "--from-warc")
# They have an archive of their own, or open none.
OTHERS = {"restore", "demo", "doctor", "publishers"}
REFUSALS = {
    "m001_tables": "has the tables of an earlier development version; run `warraq rebuild"
    " --from-warc` to make them again from the WARC files",
    "m999_of_tomorrow": "was written by a newer Warraq (it has m999_of_tomorrow);"
    " update with `pip install --upgrade warraq`",
}
PUBLISHER = """
slug = "manara"
name = "المنارة"
homepage = "http://127.0.0.1:9/"
"""


def execute(root: Path, sql: str, *values: str) -> None:
    """Write into the database as any program can, without a line of ours."""
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute(sql, values)


def make(root: Path, version: str) -> Path:
    """Make an archive as another version would have left it."""
    fill(root)
    (root / "publishers").mkdir()
    (root / "publishers" / "manara.toml").write_text(PUBLISHER, encoding="utf-8")
    if version == "m001_tables":
        execute(root, "update _sqlite_migrations set name = ?", version)
    else:
        added = "insert into _sqlite_migrations (migration_set, name, applied_at)"
        execute(root, f"{added} values ('warraq', ?, '2040-01-01')", version)
    return root


@pytest.fixture(params=REFUSALS)
def other(request, tmp_path):
    return make(tmp_path / "other", request.param)


def contents(root: Path) -> dict[str, bytes]:
    """Return the database, and each WARC file, byte by byte."""
    files = [root / "archive.db", *(root / "warc").rglob("*.warc.gz")]
    return {path.name: path.read_bytes() for path in files}


def run(command: tuple[str, ...], root: Path) -> tuple[int, str]:
    (warc, *_) = sorted((root / "warc").rglob("*.warc.gz"))
    sound = root.parent / "sound"
    if "{other}" in command:
        fill(sound)
    words = [word.format(folder=root.parent, warc=warc, other=sound) for word in command]
    done = CliRunner().invoke(warraq, [*words, "--archive", str(root)])
    return done.exit_code, done.output


def test_every_command_is_tried():
    tried = {command[0] for command in [*COMMANDS, REBUILD]}
    assert tried | OTHERS == set(warraq.list_commands(click.Context(warraq)))


@pytest.mark.parametrize("version", REFUSALS)
def test_an_archive_of_another_version_is_refused_in_one_line_and_left_as_it_is(tmp_path, version):
    root = make(tmp_path / "other", version)
    before = contents(root)
    for command in COMMANDS:
        code, output = run(command, root)
        assert (code, output) == (1, f"Error: {root / 'archive.db'} {REFUSALS[version]}\n"), command
        assert contents(root) == before, command


def test_python_refuses_it_too(tmp_path):
    with pytest.raises(OlderArchive, match="rebuild --from-warc"):
        Archive(make(tmp_path / "older", "m001_tables"))
    with pytest.raises(NewerArchive, match="m999_of_tomorrow"):
        Archive(make(tmp_path / "newer", "m999_of_tomorrow"))


def test_rebuild_makes_an_older_archive_one_of_this_version(tmp_path):
    root = make(tmp_path / "other", "m001_tables")
    execute(root, "create table left_over (x)")
    sql = "select id, url, fetched_at, warc_file, warc_offset from captures order by 4, 5"
    with closing(sqlite3.connect(root / "archive.db")) as db:
        before = db.execute(sql).fetchall()
    code, output = run(REBUILD, root)
    assert (code, "3 articles, 4 revisions" in output) == (3, True)  # that no record is of
    assert rows(root, sql) == before
    assert rows(root, "select name from _sqlite_migrations") == [(FIRST,)]
    assert not rows(root, "select 1 from sqlite_master where name = 'left_over'")
    assert verify(root).damages == []


def test_rebuild_refuses_a_newer_archive(tmp_path):
    root = make(tmp_path / "newer", "m999_of_tomorrow")
    before = contents(root)
    assert run(REBUILD, root)[0] == 1
    assert contents(root) == before
