"""What a merge does not take: it is said before anything is written."""

import sqlite3
from contextlib import closing

from archive.database import NAME
from tests.archive.desk import NOON, rows
from tests.archive.filled import fill
from tests.crawler import shell


def test_an_archive_of_a_newer_warraq_is_refused_as_everywhere(tmp_path):
    mine, newer = fill(tmp_path / "mine"), fill(tmp_path / "newer")
    with closing(sqlite3.connect(newer / NAME)) as db:
        db.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at)"
            " values ('warraq', 'm999_of_tomorrow', ?)",
            (str(NOON),),
        )
        db.commit()
    before = rows(mine, "select * from runs"), sorted((mine / "warc").rglob("*.warc.gz"))
    refused = [
        shell.run("merge", newer, "--archive", mine),
        shell.run("stats", "--archive", newer),
    ]
    for code, output in refused:
        assert code == 1
        assert f"{newer / NAME} was written by a newer Warraq (it has m999_of_tomorrow)" in output
    assert (rows(mine, "select * from runs"), sorted((mine / "warc").rglob("*.warc.gz"))) == before
