"""An archive of another version: every command refuses it; rebuild makes an older one anew."""

import sqlite3
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from archive import Archive
from archive.database import FIRST
from archive.errors import NewerArchive, OlderArchive
from archive.maintenance.verify import verify
from crawler.cli import warraq
from tests.archive.desk import rows
from tests.archive.filled import fill

COMMANDS = [
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
    ("crawl", "manara"),
    ("backfill", "manara", "--since", "2020-11-01"),
    ("save", "http://127.0.0.1:9/a"),
    ("import-jsonl", "/dev/null"),
    ("import-warc", "{warc}"),
    ("withhold", "1", "--reason", "why"),
    ("unwithhold", "1"),
    ("reindex",),
    ("merge", "{other}"),
    ("repair",),
    ("extract", "--again"),
    ("watch", "manara"),
]
REBUILD = ("rebuild", "--from-warc")
# They have an archive of their own, or open none.
OTHERS = {"demo", "publishers"}
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
    assert code == 0, output
    assert rows(root, sql) == before
    assert rows(root, "select name from _sqlite_migrations") == [(FIRST,)]
    assert not rows(root, "select 1 from sqlite_master where name = 'left_over'")
    assert verify(root).damages == []


def test_rebuild_refuses_a_newer_archive(tmp_path):
    root = make(tmp_path / "newer", "m999_of_tomorrow")
    before = contents(root)
    assert run(REBUILD, root)[0] == 1
    assert contents(root) == before
