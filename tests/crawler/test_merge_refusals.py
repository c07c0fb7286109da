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


def test_damaged_records_of_the_other_are_counted_at_the_end(tmp_path):
    mine, other = fill(tmp_path / "mine"), fill(tmp_path / "other")
    warc = max((other / "warc").rglob("*.warc.gz"), key=lambda path: path.stat().st_size)
    packed = bytearray(warc.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    warc.write_bytes(packed)
    code, output = shell.run("merge", other, "--archive", mine)
    assert code == 3
    last = output.splitlines()[-1]
    assert last.startswith("1 part of the added files could not be read; run `warraq repair` on")
