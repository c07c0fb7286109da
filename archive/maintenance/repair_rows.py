"""Rows that are missing or wrong, made again from the WARC files and their journal, in place.

What the archive has decided meanwhile stays. Articles whose bytes are gone keep their rows; where
the database itself was rebuilt, they are carried over from the old one.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from archive import articles, captures, imports, journal, recovery, stories
from archive.article_rows import Rows
from archive.database import existing, open_for_reading, run_script, transaction, uri
from archive.derivation import Source
from archive.errors import ArchiveError, passing_over_damage
from archive.maintenance import projection, salvage, warc_index
from archive.models import Capture, Outcome, Visit
from archive.publishers import key_of
from archive.rows import Row, insert, value, values
from archive.session import WARC_FOLDER, Session
from archive.warc import reader
from archive.warc.records import KIND_FIELD

COMMAND = "repair"

# What the archive has decided stays, whatever one file says.
_KNOWN = """
create temp table known as select id, article, outcome from captures
where outcome is not null or article is not null
"""
_DECIDED = """
update captures set article = k.article, outcome = k.outcome from known k
where k.id = captures.id
    and (k.article is not captures.article or k.outcome is not captures.outcome)
"""
# Records of other programs, whose rows stay as they are where their journal records are lost.
_COPIED = """
update captures set (warc_file, warc_offset, warc_length) = (r.file, r.offset, r.length)
from copied_records r where r.capture = captures.id
"""
# Acts in the journal that have been entered before.
_ENTERED = """
delete from journal where
    (act in ('withhold', 'unwithhold') and exists (select 1 from withholdings w
        where w.at = journal.at and w.act = journal.act))
    or (act = 'problem' and exists (select 1 from problems p
        where p.url = json_extract(fields, '$.place') and p.at = journal.at
            and p.kind = json_extract(fields, '$.kind')))
    or (act = 'import-progress' and exists (select 1 from imports i
        where i.key = json_extract(fields, '$.key') and i.read_at >= journal.at))
"""
# Captures that are back bear again what they brought.
_BROUGHT = """
update revisions set capture = (
    select id from captures c where c.article = revisions.article and c.fetched_at = observed_at
) where capture is null and article in (select article from derived_articles);
update articles set capture = (
    select id from captures c where c.article = articles.id and c.fetched_at = last_seen_at
) where capture is null and id in (select article from derived_articles);
"""
# Nothing is to be derived for an article that has all that its captures brought, or more.
_COMPLETE = """
update derived_articles set is_done = 1 where article in (
    select id from articles a where not exists (
        select 1 from captures c where c.article = a.id and c.id not in (select id from known)
            and (c.fetched_at > a.last_seen_at or (
                c.outcome in ('new', 'changed') and not exists (
                    select 1 from revisions r where r.article = a.id and r.observed_at = fetched_at
)))))
"""
_BROKEN = """
insert or replace into derived_articles (key, publisher, first_at, article)
select key, publisher, first_seen_at, id from articles
where id in (select value from json_each(?))
"""
_LET_GO = """
update articles set capture = null where capture not in (select id from captures);
update revisions set capture = null where capture not in (select id from captures);
update problems set capture = null where capture not in (select id from captures);
delete from renderings where capture not in (select id from captures);
"""
# Of what is shown again, that came while it was withheld.
_SHOWN = """
delete from withheld_files where article not in (select article from withheld)
    and name in (select name from indexed_files)
"""
_CAPTURE = """
select c.article, a.key, coalesce(c.publisher, a.publisher), c.outcome
from captures c join articles a on a.id = c.article where c.id = ?
"""
_LED = "update captures set article = :article where id = :id and article is null"
_KILLED = "select id, command from runs where state = 'running'"
_LINKS = """
select v.key as key, p.key as page, l.* from links l join visits v on v.id = l.visit
join visits p on p.id = l.listing
"""
_LINK = """
insert or ignore into links (visit, listing, title, published, author, summary, modified, found_at)
select v.id, p.id, :title, :published, :author, :summary, :modified, :found_at
from visits v join visits p on p.key = :page where v.key = :key
"""
_OLD = "select id, key, publisher from articles"


@contextmanager
def opened(root: Path, *, now: datetime, dry_run: bool = False) -> Iterator[Source]:
    """Give an archive whose rows may come before those they refer to; a dry run only reads."""
    reading = closing(open_for_reading(root)) if dry_run else None
    with reading or existing(root, command=COMMAND, now=now) as db:
        db.execute("pragma foreign_keys = off")
        yield Source(db, root / WARC_FOLDER)


def complete(source: Source, *, now: datetime, dry_run: bool) -> Iterator[str]:
    """Complete what killed runs and a killed repair left; yield what is to be said of it."""
    db, folder = source.db, source.folder
    for run, command in db.execute(_KILLED).fetchall():
        yield f"run {run} ({command}) was killed: what it left is completed"
    if not dry_run:
        recovery.recover(db, folder)
        yield from salvage.finish(db, folder.parent, now=now)


def index_again(source: Source, names: Collection[str], broken: Collection[int]) -> None:
    """Index WARC files of the archive once more, so that each record has its row.

    To be derived then are articles that are missing, those of which captures are back that the
    archive had not seen, and `broken` ones (ids).

    Raises:
        OSError: if the disk does not give the bytes.
    """
    db, folder = source.db, source.folder
    is_resumed = warc_index.prepare(db)  # what a repair or a merge began that was killed
    db.execute("delete from indexed_files")
    warc_index.index_files(db, folder, names)
    with transaction(db):
        db.execute(_KNOWN)
        db.execute(_ENTERED)
        db.execute(_COPIED)
        projection.project(db, folder)
        db.execute(_DECIDED)
        run_script(db, _BROUGHT)
        if not is_resumed:
            db.execute(_COMPLETE)
        db.execute(_BROKEN, (json.dumps(list(broken)),))
        db.execute("drop table temp.known")


def finish(db: sqlite3.Connection) -> None:
    """Forget what was indexed, and let go of captures that no record brought back."""
    with transaction(db):
        db.execute(_SHOWN)
        warc_index.clear(db)
        run_script(db, _LET_GO)


def journal_again(session: Session, numbers: Sequence[int]) -> None:
    """Write the journal records of captures (ids) again, as far as visits and links still know.

    Raises:
        DamagedWarc: if the record of a capture cannot be read.
    """
    for number in numbers:
        capture = captures.get(session.db, number)
        session.write_journal(capture, _journal_fields(session, capture), at=capture.fetched_at)


def _journal_fields(session: Session, capture: Capture) -> dict[str, str]:
    """Return all that a first visit says: the record of that may be the one that is lost."""
    db, folder = session.db, session.warc_folder
    article, identity, publisher, outcome = db.execute(_CAPTURE, (capture.id,)).fetchone()
    visit = Source(db, folder).visit(capture, article=article)
    if visit is None:
        key = key_of(db, capture.url, publisher)
        visit = Visit(key=key, url=capture.url, publisher=publisher, kind=capture.kind)
    decision = journal.Decision(outcome=Outcome(outcome or Outcome.SAME), article=identity)
    fields = journal.visit_fields(replace(visit, last_sha256=None))
    fields |= journal.decision_fields(decision)
    if KIND_FIELD not in reader.read_record(folder, capture.place).fields:
        fields |= imports.journaled(capture)  # copied from another program's file
    return fields


def sizes(root: Path) -> dict[str, int]:
    """Return how many articles and revisions the database has; empty if it cannot be read."""
    with (
        contextlib.suppress(ArchiveError),
        passing_over_damage(),
        closing(open_for_reading(root)) as db,
    ):
        return counts(db)
    return {}


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """Return how many articles and revisions there are."""
    nouns = ("article", "revision")
    return {noun: value(db, f"select count(*) from {noun}s") or 0 for noun in nouns}  # noqa: S608


def carry_over(path: Path, say: Callable[[str], None], db: sqlite3.Connection) -> None:
    """Save articles and captures of the database at `path` whose bytes are gone, and say which.

    The rows of these captures are left to be found without a record. Of a damaged database, what
    cannot be read is passed over; one that is missing holds nothing.
    """
    if not path.is_file():
        return
    with closing(sqlite3.connect(uri(path, mode="ro"), uri=True)) as old:
        here = {*values(db, "select id from captures")}
        for table in ("publishers", "runs", "captures", "visits"):
            for row in _readable(old, f"select * from {table}"):  # noqa: S608 - ours
                if table == "visits":
                    del row["id"]  # here it may be that of another address
                with contextlib.suppress(sqlite3.IntegrityError):  # which is here already
                    insert(db, table, row)
        db.executemany(_LINK, _readable(old, _LINKS))
        for article in _readable(old, _OLD):
            number, rows = article["id"], None
            now = Rows.stored(db, number)
            with passing_over_damage():
                rows = Rows.stored(old, number)
            if rows is None or (now and all(row["capture"] in here for row in rows.revisions)):
                continue
            articles.put(db, number, rows, key=article["key"], publisher=article["publisher"])
            say(f"{rows.article['url']}: the article is carried over from the old database")
        db.executemany(_LED, _readable(old, "select article, id from captures"))
    stories.settle(db)
    for table in ("visits", "captures"):
        lost = "article is not null and article not in (select id from articles)"
        db.execute(f"update {table} set article = null where {lost}")  # noqa: S608 - ours


def _readable(old: sqlite3.Connection, sql: str) -> Iterator[Row]:
    """Yield the rows of a query up to the first that cannot be read."""
    with passing_over_damage():
        rows = old.execute(sql)
        rows.row_factory = sqlite3.Row
        yield from map(dict, rows)
