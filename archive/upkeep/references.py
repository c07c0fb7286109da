"""Rows that refer to rows which are not there: these are made again where others tell of them."""

import sqlite3
from datetime import datetime

from archive.clock import iso
from archive.upkeep.restoring import restore_articles

_VISITS = """
insert into visits (key, url, publisher, kind, found_in, found_at, due_at)
select l.url, l.url, v.publisher, 'article', l.found_in, l.found_at, :now
from links l join visits v on v.key = l.found_in
where l.url not in (select key from visits) on conflict do nothing
"""
_RUNS = """
insert into runs (id, command, started_at, state, pid)
select run, 'crawl', min(fetched_at), 'interrupted', 0 from captures
where run not in (select id from runs) group by run
"""


def mend_references(db: sqlite3.Connection, *, now: datetime) -> list[str]:
    """Leave no reference without its row; return what was done, a line for each table.

    Publishers, runs, visits and articles are made again, articles without a text; where nothing
    tells of a row, what refers to it lets go of it.
    """
    broken = _broken(db)
    if not broken:
        return []
    said = []
    for table, column, parent, key in broken:
        if parent == "publishers":
            db.execute(
                f"insert into publishers (slug, name) select distinct {column}, {column} from {table}"  # noqa: S608, E501
                f" where {column} not in (select slug from publishers)"
            )
        said.append(f"{table}.{column}: rows of {parent} ({key}) were not there")
    for sql in (_RUNS, _VISITS):
        db.execute(sql, {"now": iso(now)} if ":now" in sql else {})
    restore_articles(db)
    for table, column, parent, key in broken:
        _let_go(db, table, column, parent, key)
    return said


def _broken(db: sqlite3.Connection) -> list[tuple[str, str, str, str]]:
    """Return (table, column, table referred to, its column) of references without rows."""
    found = dict.fromkeys(
        (table, number) for table, _, _, number in db.execute("pragma foreign_key_check")
    )
    broken = []
    for table, number in found:
        for key in db.execute(f"pragma foreign_key_list({table})"):
            if key[0] == number:
                broken.append((table, key[3], key[2], key[4]))
    return broken


def _let_go(db: sqlite3.Connection, table: str, column: str, parent: str, key: str) -> None:
    lost = f"{column} is not null and {column} not in (select {key} from {parent})"  # noqa: S608
    nullable = not db.execute(
        'select "notnull" from pragma_table_info(?) where name = ?', (table, column)
    ).fetchone()[0]
    if nullable:
        db.execute(f"update {table} set {column} = null where {lost}")  # noqa: S608
    elif table != "revisions":  # whose texts stay, with or without their article
        db.execute(f"delete from {table} where {lost}")  # noqa: S608
