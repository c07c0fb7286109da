"""The journal to rows: whose each capture is, visits, imports, problems, withholdings, runs.

The newest decision for a capture counts, and the last visit to an address; so files may have been
indexed in any order. Into an archive that has rows already, as in a merge, what is newer goes.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from archive import articles, imports, journal, problems, runs, stories, visits
from archive.article_rows import Rows
from archive.clock import from_iso, iso
from archive.database import run_script
from archive.derivation import Subject
from archive.history import History
from archive.journal import IMPORT, Decision
from archive.maintenance.warc_index import index_copied
from archive.maintenance.withhold import note, note_held, take_out
from archive.models import Kind, Outcome, Problem
from archive.problems import ProblemKind
from archive.publishers import key_of
from archive.rows import Row, record, row_of, select, update, upsert, value, values
from archive.urls import article_id, next_id

_DECIDED = """
delete from renderings where capture not in (select id from captures);
update captures set
    journal_file = nullif(j.file, captures.warc_file), journal_offset = j.offset
from (
    select capture, file, offset, row_number() over (
        partition by capture order by at desc, file desc, offset desc
    ) as place from journal where act in ('visit', 'import-warc') and capture is not null
) j where j.capture = captures.id and j.place = 1;
create temp table decided (capture integer primary key, key text, outcome text not null);
insert or replace into decided
select capture, json_extract(fields, '$.article'), json_extract(fields, '$.outcome') from journal
where capture is not null and json_extract(fields, '$.outcome') is not null
order by at, file, offset;
"""
# A line of a collection is its own decision; of others the newest counts.
_LINES = "select id, url, publisher from captures where status = 0 and kind = 'article'"
_ARTICLES = """
update captures set outcome = d.outcome from decided d
where d.capture = captures.id and captures.status != 0;
create table if not exists derived_articles (
    key text primary key, publisher text not null, first_at text not null,
    article integer unique, is_done integer not null default 0
) strict, without rowid;
insert or ignore into derived_articles (key, publisher, first_at)
select d.key, c.publisher, min(c.fetched_at) from decided d join captures c on c.id = d.capture
where d.key is not null and d.outcome != 'alias' and c.publisher is not null group by d.key;
update derived_articles set article = (
    select id from articles where articles.key = derived_articles.key
);
"""
_UNNUMBERED = "select key from derived_articles where article is null order by first_at, key"
_TAKEN = """
select 1 from articles where id = :id
union all select 1 from derived_articles where article = :id
"""
# An address that is known here leads to the article that it led to here.
_MOVED = """
select d.capture, a.key, d.outcome from decided d
join journal j on j.capture = d.capture and j.visit is not null
join visits v on v.key = j.visit join articles a on a.id = v.article
where d.key is not null and d.key != a.key group by d.capture
"""
# Another address of an article that is visited here would make revisions of the first one's.
_ALIASES = """
select d.capture, d.key, 'alias' from decided d
join journal j on j.capture = d.capture and j.act = 'visit'
join articles a on a.key = d.key
where d.outcome != 'alias' and exists (select 1 from visits v where v.article = a.id)
    and not exists (select 1 from visits v where v.article = a.id and v.key = j.visit)
group by d.capture
"""
_ATTRIBUTED = """
update captures set article = a.article
from decided d join derived_articles a on a.key = d.key
where d.capture = captures.id and d.outcome != 'alias';
drop table temp.decided;
"""
_ENTRIES = """
select j.visit, j.at, j.act, j.fields, c.status, c.id, v.etag, v.last_modified
from journal j left join captures c on c.id = j.capture left join validators v on v.capture = c.id
where j.visit is not null order by j.visit, j.at, j.file, j.offset
"""
_TO_DERIVE = """
select * from derived_articles d where not is_done and not exists (
    select 1 from revisions r
    where r.article = d.article and ifnull(r.capture, 0) not in (select id from captures)
) order by first_at, key
"""
# Another archive may know an article by another of its addresses.
_WITHHELD = """
select id from articles where key = :key
union all select article from visits where key = :key and article in (select id from articles)
"""
_LAST_ACT = "select act from withholdings where article = ? order by at desc limit 1"
_ARTICLE = """
select article from derived_articles where key = :key
union all select id from articles where key = :key
"""
# What every record of an address says of it, and what the first one does.
_EACH, _FIRST = ("url", "publisher", "kind"), ("found_in", "found_at", "earliest_on", "latest_on")
_KNOWN = "select last_at, found_in, found_at, article from visits where key = ?"
_FOUND = """
update visits set article = :article, found_in = :found_in, found_at = :found_at where key = :key
"""


def project(db: sqlite3.Connection, folder: Path) -> list[tuple[int, Decision]]:
    """Make rows of what the journal says, but for what needs the articles to be there.

    Return what has to be decided otherwise of captures (ids), as other articles are known here.

    Raises:
        DamagedWarc: if a record that was copied from a file of others does not read any more.
    """
    index_copied(db, folder)
    run_script(db, _DECIDED)
    lines = [(number, key_of(db, url, slug)) for number, url, slug in db.execute(_LINES)]
    db.executemany("insert or ignore into decided values (?, ?, 'new')", lines)
    again = _decide_again(db)
    run_script(db, _ARTICLES)
    _number(db)
    run_script(db, _ATTRIBUTED)
    for key, entries in groupby(db.execute(_ENTRIES), itemgetter(0)):
        _visit(db, key, list(entries))
    _acts(db)
    return again


def _decide_again(db: sqlite3.Connection) -> list[tuple[int, Decision]]:
    """Let the addresses and articles that are known here decide whose captures are."""
    changed = [row for sql in (_MOVED, _ALIASES) for row in db.execute(sql).fetchall()]
    db.executemany("update decided set key = ?2, outcome = ?3 where capture = ?1", changed)
    return [
        (capture, Decision(outcome=Outcome(outcome), article=key))
        for capture, key, outcome in changed
    ]


def is_projected(db: sqlite3.Connection) -> bool:
    """Return whether the journal was projected before."""
    return value(db, "select 1 from sqlite_master where name = 'derived_articles'") is not None


def publishers(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Return the publishers that pages were recorded of (slugs), each with its first address."""
    return db.execute(
        "select publisher, url, min(format('%s %020d', warc_file, warc_offset)) from captures"
        " where publisher is not null and status != 0 group by publisher"
    ).fetchall()


def _number(db: sqlite3.Connection) -> None:
    """Give new articles their ids, in the order of their first captures (invariant 11)."""
    for key in values(db, _UNNUMBERED):
        number = article_id(key)
        while value(db, _TAKEN, {"id": number}):
            number = next_id(number)
        db.execute("update derived_articles set article = ? where key = ?", (number, key))


def _visit(db: sqlite3.Connection, key: str, entries: list[tuple[Any, ...]]) -> None:
    """Save the last visit to an address, unless a later one is known."""
    row = _folded(db, key, entries)
    for last_at, found_in, found_at, article in db.execute(_KNOWN, (key,)).fetchall():
        row["article"] = row["article"] if article is None else article
        if found_at <= row["found_at"]:
            row |= {"found_in": found_in, "found_at": found_at}
        if last_at is not None and (row["last_at"] or "") <= last_at:
            db.execute(_FOUND, row)
            return
    upsert(db, "visits", row, key="key")


def _folded(db: sqlite3.Connection, key: str, entries: list[tuple[Any, ...]]) -> Row:
    """Return the row of an address that its records make, in the order of their time."""
    row: Row = dict.fromkeys(
        (*_FIRST, "article", "due_at", "not_before", "last_at", "etag", "last_modified",
         "last_capture", "interval")
    )  # fmt: skip
    row |= {"key": key, "failures": 0, "state": "due", "past": 0}
    for _, at, act, text, status, capture, etag, modified in entries:
        fields = json.loads(text)
        visit = journal.visit_of(fields)
        row |= row_of(visit, _EACH if row["found_at"] else (*_EACH, *_FIRST))
        row["article"] = value(db, _ARTICLE, {"key": fields.get("article")}) or row["article"]
        if act == IMPORT and row["last_at"] is None:
            row |= {"state": "done", "last_at": row["found_at"]}
        if "state" not in fields:
            continue
        decision = journal.decision_of(fields)
        is_over = visit.kind is Kind.ARTICLE and decision.state in {"done", "gone"}
        row |= visits.ended(decision, at=from_iso(at)) | {"past": int(visit.past and not is_over)}
        if decision.moved and row["article"]:
            row["url"], article = decision.moved, row["article"]
            if decision.outcome in journal.SHOWN:
                visits.lead_on(db, visit, to=decision.moved, article=article, at=from_iso(at))
        if decision.state == "done" and status == 200 and decision.outcome is not Outcome.OTHER:
            row |= {"etag": etag, "last_modified": modified, "last_capture": capture}
    row["found_at"] = row["found_at"] or entries[0][1]
    return row


def _acts(db: sqlite3.Connection) -> None:
    """Enter how far imports were read, what was wrong, what is watched, and how runs ended."""
    acts = imports.ACT, journal.PROBLEM, journal.WATCH, "run", "end"
    for at, run, act, capture, fields in _entries(db, acts):
        if act == imports.ACT:
            imports.remember(db, fields, now=at)
        elif act == journal.WATCH:
            visits.watch(db, fields["watched"], now=at, until=from_iso(fields["until"]))
        elif act == journal.PROBLEM:
            if capture is not None or not problems.is_known(db, fields):
                problems.insert(db, fields, at=at, run=run, capture=capture)
        elif act == "run":
            command = fields.get("command", "crawl")
            update(db, "runs", {"command": command, "started_at": iso(at)}, id=run)
        else:
            update(db, "runs", {"state": fields["state"], "ended_at": iso(at)}, id=run)


def _entries(
    db: sqlite3.Connection, acts: Iterable[str]
) -> Iterator[tuple[datetime, int, str, int | None, dict[str, str]]]:
    """Yield (moment, run, act, capture, fields) of some acts, in the order of their time."""
    rows = db.execute(
        "select at, run, act, capture, fields from journal"
        " where act in (select value from json_each(?)) order by at, file, offset",
        (json.dumps(list(acts)),),
    ).fetchall()
    for at, run, act, capture, fields in rows:
        yield from_iso(at), run, act, capture, json.loads(fields)


def to_derive(db: sqlite3.Connection) -> list[Subject]:
    """Return the articles that are still to be derived, in the order of their first captures.

    One of which captures are lost keeps the texts that these brought.
    """
    return [record(Subject, row) for row in select(db, _TO_DERIVE)]


def damaged(db: sqlite3.Connection, subject: Subject, detail: str) -> None:
    """Save that a capture of an article cannot be read, for which it is not derived."""
    problem = Problem(kind=ProblemKind.DAMAGED_CAPTURE, detail=detail, stage="rebuild")
    fields = journal.problem_fields(problem, place=subject.key, publisher=subject.publisher)
    problems.insert(db, fields, at=datetime.now(UTC), run=None)
    _done(db, subject)


def derived(db: sqlite3.Connection, subject: Subject, history: History | None) -> None:
    """Save the history of an article, unless no capture shows it."""
    if history is not None:
        article, key, slug = subject.article, subject.key, subject.publisher
        articles.put(db, article, Rows.of(history), key=key, publisher=slug)
    _done(db, subject)


def _done(db: sqlite3.Connection, subject: Subject) -> None:
    db.execute("update derived_articles set is_done = 1 where article = ?", (subject.article,))


def finish(db: sqlite3.Connection, folder: Path) -> None:
    """Group stories, withhold what was withheld, and count runs; drop what no capture shows."""
    stories.settle(db)
    acts = dict[str, tuple[str, datetime]]()
    for at, _, act, _, fields in _entries(db, ("withhold", "unwithhold")):
        acts[fields["article"]] = act, at
        if article := value(db, _WITHHELD, {"key": fields["article"]}):
            note(db, article, act, fields.get("reason") or None, at)
        else:
            note_held(db, fields["article"], act, fields.get("reason") or None, at)
    for table in ("captures", "visits"):
        db.execute(
            f"update {table} set article = null where article is not null"  # noqa: S608 - ours
            " and article not in (select id from articles)"
        )
    ended = db.execute(
        "select id, state, ended_at from runs where state != 'running'"
        " and id in (select run from journal)"
    ).fetchall()
    for run, state, ended_at in ended:
        runs.end(db, run, state=state, now=from_iso(ended_at) if ended_at else None)
    for key, (act, at) in acts.items():
        article = value(db, _WITHHELD, {"key": key}) or value(db, _ARTICLE, {"key": key})
        last = value(db, _LAST_ACT, (article,)) or act
        if last == "withhold" and not articles.is_withheld(db, key):
            take_out(db, folder, article or article_id(key), at=at, key=key)
