"""Visits that a repair told again, put back among those that are told in their time.

A replay does what happened in its order: a first look at an article that came last of all would
find none of the later ones to be of that article. Where a visit has no place any more, as where
all of its run is lost, the chain of its article is made again from all captures when all is done.
"""

import sqlite3

_LATE = """
select e.position, c.id, c.run, c.warc_file, c.warc_offset
from replay e join captures c on c.id = e.capture
where e.act in ('visit', 'import-warc') and e.run != c.run and e.run in (
    select run from replay where act = 'run' and json_extract(fields, '$.joined') is not null
) order by c.warc_file, c.warc_offset
"""
# Visits end in about the order of their answers: the latest of those just before counts.
_BEFORE = """
select max(position) from (
    select e.position from captures c cross join replay e on e.capture = c.id and e.run = c.run
    where c.warc_file = :file and c.warc_offset < :offset order by c.warc_offset desc limit 200
)
"""
_BEHIND = """
select min(position) - 1 from (
    select e.position from captures c cross join replay e on e.capture = c.id and e.run = c.run
    where c.warc_file = :file and c.warc_offset > :offset order by c.warc_offset limit 200
)
"""
_BEGIN = "select max(position) from replay where run = :run and act = 'run'"
_RENUMBER = """
update replay set position = -n from (
    select r.position as was, row_number() over (
        order by coalesce(p.behind, r.position), p.number is not null, p.number
    ) as n from replay r left join replay_places p on p.position = r.position
) where position = was
"""
_ARTICLES = """
select distinct article from captures
where id in (select capture from replay_late) and article is not null order by article
"""


def put_in_order(db: sqlite3.Connection) -> None:
    """Put what was told late behind what stands before it in the file of its answer.

    What has its place stays there when this is done again.
    """
    db.execute("begin immediate")
    db.execute("create table if not exists replay_late (capture integer primary key) strict")
    db.execute("create index if not exists replay_capture on replay (capture)")
    db.execute("create temp table replay_places (position integer primary key, behind, number)")
    for number, row in enumerate(db.execute(_LATE).fetchall()):
        _place(db, number, *row)
    db.execute(
        "update replay set run = (select run from captures where id = capture)"
        " where position in (select position from replay_places)"
    )
    if db.execute("select 1 from replay_places").fetchone():
        db.execute(_RENUMBER)
        db.execute("update replay set position = -position")
    db.execute("drop table replay_places")
    db.execute("commit")


def _place(
    db: sqlite3.Connection, number: int, position: int, capture: int, run: int, file: str, at: int
) -> None:
    where = {"run": run, "file": file, "offset": at}
    for sql in (_BEFORE, _BEHIND, _BEGIN):
        named = {name: value for name, value in where.items() if f":{name}" in sql}
        (behind,) = db.execute(sql, named).fetchone()
        if behind is not None:
            db.execute("insert into replay_places values (?, ?, ?)", (position, behind, number))
            return
    db.execute("insert or ignore into replay_late values (?)", (capture,))


def articles(db: sqlite3.Connection) -> list[int]:
    """Return the articles of captures whose visits have no place among the others."""
    return [article for (article,) in db.execute(_ARTICLES)]


def forget(db: sqlite3.Connection) -> None:
    """Remove the memory again: all is done."""
    db.execute("drop table if exists replay_late")
