"""What is the machine's fault is never called damage of the archive, whatever command meets it."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from archive.database import NAME, open_for_reading, open_for_writing, spill_into
from archive.errors import DamagedDatabase, is_of_the_machine, passing_over_damage
from archive.maintenance import checks
from crawler.cli import warraq
from tests.archive.desk import hide, rows
from tests.archive.filled import fill


def failure(code, text):
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


MACHINE = [
    (failure(sqlite3.SQLITE_FULL, "database or disk is full"), "the disk is full: free some space"),
    (failure(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error"), "the disk is full, over quota or fail"),
    (failure(sqlite3.SQLITE_NOMEM, "out of memory"), "there is not enough memory: end other"),
    (failure(sqlite3.SQLITE_INTERRUPT, "interrupted"), "it was stopped before its end: try again"),
    (failure(sqlite3.SQLITE_BUSY, "database is locked"), "another program is using the database"),
    (failure(sqlite3.SQLITE_CANTOPEN, "unable to open database file"), "needs write permission"),
    (MemoryError(), "there is not enough memory: end other programs, and try again"),
]
DAMAGE = [
    failure(sqlite3.SQLITE_CORRUPT, "database disk image is malformed"),
    failure(sqlite3.SQLITE_ERROR, "no such table: articles"),
    sqlite3.DatabaseError("a row holds 'x' in place of JSON"),
]
# What each check of `verify` runs on: the tables, a stretch of a WARC file, some articles.
CHECKS = ("_index_faults", "select", "_chain_faults")
COMMANDS = [("verify",), ("repair",), ("repair", "--dry-run")]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("archive"))


@pytest.mark.parametrize(("error", "remedy"), MACHINE)
@pytest.mark.parametrize("check", CHECKS)
def test_what_the_machine_stops_finds_no_damage(
    archive, tmp_path, monkeypatch, error, remedy, check
):
    root = shutil.copytree(archive, tmp_path / "archive")
    before = (root / NAME).read_bytes()

    def fails(*_arguments, **_named):
        raise error

    monkeypatch.setattr(checks, check, fails)
    for command in COMMANDS:
        done = CliRunner().invoke(warraq, [*command, "--archive", str(root)])
        assert done.exit_code == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith("Error: ")
        assert remedy in line
        assert "damage" not in done.output
    assert (root / NAME).read_bytes() == before
    assert not (root / "archive.before-rebuild.db").exists()


@pytest.mark.parametrize("error", DAMAGE)
def test_a_check_that_damage_stops_finds_it(tmp_path, monkeypatch, error):
    root = fill(tmp_path)

    def fails(_db):
        raise error

    monkeypatch.setattr(checks, "_index_faults", fails)
    done = CliRunner().invoke(warraq, ["verify", "--archive", str(root)])
    assert "1 case of damage found." in done.output


def test_a_rebuild_that_cannot_look_what_is_withheld_does_not_go_on(tmp_path, monkeypatch):
    """What is withheld must not come to light because the disk was full for a moment."""
    root = fill(tmp_path / "archive")
    hide(root, *(row[0] for row in rows(root, "select id from articles where url like '%/1'")))

    def full(_db, _sql, *_more):
        raise MACHINE[0][0]

    monkeypatch.setattr("archive.maintenance.replacement.select", full)
    words = ["rebuild", "--from-warc", "--processes", "1", "--archive", str(root)]
    done = CliRunner().invoke(warraq, words)
    assert done.exit_code == 1
    assert "the disk is full" in done.stderr
    assert len(rows(root, "select distinct article from withheld")) == 1


def test_only_damage_is_passed_over():
    for error in (*DAMAGE, DamagedDatabase("x")):
        assert not is_of_the_machine(error)
        with passing_over_damage():
            raise error
    for error, _ in MACHINE:
        assert is_of_the_machine(error)
        with pytest.raises(type(error)), passing_over_damage():
            raise error


def test_temporary_data_of_sqlite_never_goes_into_the_temporary_folder(tmp_path):
    for opening in (open_for_writing, open_for_reading):
        with closing(opening(tmp_path)) as db:
            assert db.execute("pragma temp_store").fetchone() == (2,)  # memory
    with closing(open_for_writing(tmp_path)) as db:
        spill_into(tmp_path, db)
        assert db.execute("pragma temp_store_directory").fetchone() == (str(tmp_path),)
        db.execute("pragma temp_store_directory = ''")
