"""Space is given back, nothing that the archive saw goes, and a kill at any moment is harmless."""

import shutil
from contextlib import closing
from datetime import timedelta
from functools import partial

import pytest
from click.testing import CliRunner

from archive.clock import iso
from archive.database import NAME, open_for_reading, open_for_writing
from archive.errors import ArchiveError, ArchiveLocked
from archive.maintenance.replacement import YEAR, compact
from archive.maintenance.verify import verify
from crawler.cli import warraq
from tests.archive.desk import NOON, Hands, opened, rows
from tests.archive.filled import fill
from tests.killed.steps import killed_at

LATER = Hands(NOON + YEAR + timedelta(days=2))
SEEN = "articles", "revisions", "captures", "visits", "article_stems_docsize"
VISITS = [  # key, kind, article, due_at, last_at; whether its link is spent
    ("given-up", "article", None, None, iso(NOON), True),
    ("still-due", "article", None, iso(NOON), iso(NOON), False),
    ("new-failure", "article", None, None, iso(NOON + YEAR), False),
    ("never-tried", "article", None, None, None, False),
    ("a-sitemap", "sitemap", None, None, iso(NOON), False),
]
PROBLEMS = [  # kind, stage, at; whether it goes
    ("http-500", "fetch", NOON, True),
    ("http-500", "fetch", NOON + YEAR, False),
    ("lost-capture", "repair", NOON, False),
    ("import-line", "import", NOON, False),
]


@pytest.fixture
def root(tmp_path):
    """An archive of a year ago, with much that is of no use any more, and free pages."""
    root = fill(tmp_path / "archive")
    with closing(open_for_writing(root)) as db:
        db.execute("begin")
        for key, kind, article, due_at, last_at, _ in VISITS:
            db.execute(
                "insert into visits (key, url, publisher, kind, found_at, article, due_at, last_at)"
                " values (?1, ?1, 'alwaraq', ?2, ?5, ?3, ?4, ?6)",
                (key, kind, article, due_at, iso(NOON), last_at),
            )
            db.execute(
                "insert into links (visit, listing, found_at)"
                " select max(id), min(id), '2020' from visits"
            )
        for kind, stage, at, _ in PROBLEMS:
            db.execute(
                "insert into problems (at, url, stage, kind, detail) values (?, 'x', ?, ?, 'why')",
                (iso(at), stage, kind),
            )
        db.execute("create table waste (text)")
        db.executemany("insert into waste values (?)", [("x" * 1000,)] * 3000)
        db.execute("drop table waste")
        db.execute("commit")
    return root


def seen(root):
    return [rows(root, f"select * from {table} order by 1, 2") for table in SEEN]


def test_what_is_of_no_use_goes_and_what_was_seen_stays(root):
    before = seen(root)
    (root / NAME).chmod(0o640)
    done = compact(root, clock=LATER)
    assert (done.problems, done.links) == (1, 1)
    assert done.after == (root / NAME).stat().st_size < done.before - 2_500_000
    assert seen(root) == before
    spent = {(key,) for key, *_, is_spent in VISITS if is_spent}
    assert set(rows(root, "select key from visits where key not like 'http%'")) > spent
    left = rows(
        root, "select key from links join visits on id = visit where links.found_at = '2020'"
    )
    assert sorted(left) == sorted({(key,) for key, *_ in VISITS} - spent)
    assert len(rows(root, "select 1 from problems")) == sum(not goes for *_, goes in PROBLEMS)
    assert (root / NAME).stat().st_mode & 0o777 == 0o640
    assert verify(root).damages == []
    with opened(root, LATER):  # crawls go on with it
        pass


def test_a_reader_that_stays_keeps_what_it_reads_and_new_ones_get_the_new_database(root):
    with closing(open_for_reading(root)) as old:
        articles = old.execute("select * from articles").fetchall()
        done = CliRunner().invoke(warraq, ["compact", "--archive", str(root)])
        assert done.exit_code == 0, done.output
        assert "MB, before " in done.output
        assert old.execute("select * from articles").fetchall() == articles
        with opened(root, LATER):
            assert rows(root, "pragma journal_mode") == [("wal",)]
            assert rows(root, "select * from articles") == articles


def test_it_waits_for_no_writer(root):
    with opened(root, LATER), pytest.raises(ArchiveLocked):
        compact(root, clock=LATER)


@pytest.mark.slow  # SQLite itself waits five seconds
def test_it_leaves_the_database_to_a_reader_that_does_not_let_go(root):
    before = seen(root)
    with closing(open_for_reading(root)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from articles").fetchone()
        with pytest.raises(ArchiveError, match="another program is reading it"):
            compact(root, clock=LATER)
    assert seen(root) == before
    assert not list(root.glob(".*"))
    assert verify(root).damages == []


@pytest.mark.slow
def test_a_kill_at_any_step_leaves_one_database_or_the_other(root, tmp_path):
    before, number, is_killed = seen(root), 0, True
    while is_killed:
        number += 1
        copy = shutil.copytree(root, tmp_path / "copy")
        is_killed = killed_at(copy, number, partial(compact, copy, clock=LATER))
        assert seen(copy) == before, number
        assert verify(copy).damages == [], number
        compact(copy, clock=LATER)
        assert not list(copy.glob(".*")), number
        assert seen(copy) == before, number
        shutil.rmtree(copy)
    assert number > 8
