"""The database against itself: SQLite's own checks, and each article's chain of revisions."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from archive.article_rows import reading_of
from archive.database import NAME, open_for_reading
from archive.history import content_hash
from archive.upkeep.damage import Damage, Findings

_MOST = 100  # damages that SQLite lists
_RESTORE = "put archive.db back from a backup, or let `warraq repair` mend it from the WARC files"

_CHAINS = """
select a.id as article, a.url, a.revision_count, a.title as now_title, a.deck as now_deck,
    a.dateline as now_dateline, a.section as now_section, a.text as now_text,
    r.number, r.title, r.deck, r.byline, r.dateline, r.section, r.tags, r.captions, r.text,
    r.image_url, r.content_hash
from articles a left join revisions r on r.article = a.id
where a.id between ? and ? order by a.id, r.number
"""
_CURRENT = ("title", "deck", "dateline", "section")

_STORIES = """
select id from stories where articles != (
    select count(*) from articles where story = stories.id and withheld_at is null
)
"""
_SKETCHES = """
select distinct article from story_sketches where article not in (select id from articles) limit 100
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Articles:
    """The articles with ids from `first` to `last`."""

    root: Path
    first: int
    last: int


def check_database(root: Path) -> Findings:
    """Let SQLite check its pages and the references between rows; check the stories' counts."""
    findings = Findings()
    with closing(open_for_reading(root)) as db:
        (pages,) = db.execute("pragma page_count").fetchone()
        findings.counts["pages of the database"] = pages
        for (line,) in db.execute(f"pragma integrity_check({_MOST})"):
            if line != "ok":
                findings.damages.append(_damage("database", str(line)))
        for table, row, parent, _ in db.execute("pragma foreign_key_check").fetchmany(_MOST):
            detail = f"refers to a row of {parent} that is not there"
            findings.damages.append(_damage("reference", detail, table=table, row=row))
        for sql, table, detail in (
            (_STORIES, "stories", "it counts other articles than it has"),
            (_SKETCHES, "story_sketches", "it is of an article that is not there"),
        ):
            for (row,) in db.execute(sql).fetchmany(_MOST):
                findings.damages.append(_damage("story", detail, table=table, row=row))
    return findings


def check_revisions(part: Articles) -> Findings:
    """Check the chain of each article: numbers, digests, and that its text is stored once."""
    findings = Findings()
    with closing(open_for_reading(part.root)) as db:
        cursor = db.execute(_CHAINS, (part.first, part.last))
        names = [column[0] for column in cursor.description]
        rows = (dict(zip(names, row, strict=True)) for row in cursor)
        for article, chain in groupby(rows, key=itemgetter("article")):
            states = list(chain)
            findings.counts["articles"] += 1
            findings.counts["revisions"] += sum(one["number"] is not None for one in states)
            for detail in _chain_faults(states):
                row = f"{article} ({states[0]['url']})"
                findings.damages.append(_damage("revision", detail, table="articles", row=row))
    return findings


def broken(error: Exception) -> Findings:
    """Return the findings of a check that the database itself brought to a halt."""
    return Findings(damages=[_damage("database", str(error))])


def _chain_faults(states: list[dict[str, Any]]) -> Iterator[str]:
    numbers = [one["number"] for one in states]
    if numbers == [None]:
        yield "it has no revision"
        return
    if numbers != list(range(1, states[0]["revision_count"] + 1)):
        yield f"revision_count is {states[0]['revision_count']}, its revisions are {numbers}"
    current = states[-1]
    if current["text"] is not None:
        yield f"the text of its current revision {current['number']} is stored twice"
    for one in states[:-1]:
        if one["text"] is None:
            yield f"revision {one['number']} has lost its text"
    for name in _CURRENT:
        if current[name] != current[f"now_{name}"]:
            yield f"{name} is not that of its current revision {current['number']}"
    for one in states:
        text = one["text"] if one["text"] is not None else one["now_text"]
        if (one is current or one["text"] is not None) and not _hash_holds(one, text):
            yield f"revision {one['number']} is not what its content_hash was made of"


def _hash_holds(state: dict[str, Any], text: str) -> bool:
    """Return whether a revision's digest is that of its fields; a listing's byline is left out."""
    try:
        readings = [
            reading_of(state, text=text, byline=byline) for byline in (state["byline"], None)
        ]
    except ValueError:
        return False
    return state["content_hash"] in map(content_hash, readings)


def _damage(
    kind: str, detail: str, *, table: str | None = None, row: int | str | None = None
) -> Damage:
    return Damage(kind=kind, place=NAME, detail=detail, remedy=_RESTORE, table=table, row=row)


def article_ranges(db: sqlite3.Connection, root: Path, size: int = 1000) -> Iterator[Articles]:
    """Yield the articles in parts of `size`."""
    ids = [row[0] for row in db.execute("select id from articles order by id")]
    for start in range(0, len(ids), size):
        part = ids[start : start + size]
        yield Articles(root=root, first=part[0], last=part[-1])
