"""Saved searches: the articles that they find now, and had not found before.

Matched is only what has changed since the last look: articles of which a revision was added, or
which were found gone. What a search has ever found is remembered, so that each article is reported
once; what is there when it begins is counted.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archive.clock import from_iso, iso
from archive.rows import Row, select, upsert, value, values
from archive.search import refuse_stale
from archive.search.query import parse
from archive.search.ranking import from_matches

_LATELY = timedelta(hours=1)  # so much later may be saved what was fetched, and a clock set back
_FAR = 500  # revisions without a hit, after which the place is saved nevertheless
# A revision's number may be given again where the newest went; so the time counts as well.
_CHANGED = """
select article from revisions where id > :revision
union select article from revisions where observed_at >= :since
union select id from articles where gone_at >= :since
"""
_HITS = """
insert or ignore into search_hits (search, article)
select ?, id from articles where id in (select value from json_each(?))
"""
_SHOWN = """
select a.id, a.title, a.url, p.name as publisher
from articles a join publishers p on p.slug = a.publisher
where a.id in (select value from json_each(?)) order by a.published_at desc, a.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """The new hits (ids) of a saved search, which has looked as far as `revision`.

    With `first` they are all that there are.
    """

    name: str
    query: str
    revision: int
    articles: tuple[int, ...]
    first: bool


def look(db: sqlite3.Connection, searches: Mapping[str, str]) -> list[Find]:
    """Return what saved searches (queries by name) find that they had not found, to be saved.

    Raises:
        StaleIndex: the index was made by another version of the analyser.
    """
    refuse_stale(db)
    marks = {row["name"]: row for row in select(db, "select * from searches")}
    newest, finds = value(db, "select max(id) from revisions") or 0, list[Find]()
    for name, query in searches.items():
        mark = marks.get(name, {})
        first = mark.get("query") != query
        found = _matches(db, query, None if first else _changed(db, mark))
        if not first:
            known = "select article from search_hits where search = ?"
            found.difference_update(values(db, known, (name,)) if found else ())
        if first or found or newest - mark["revision"] > _FAR:
            articles = tuple(sorted(found))
            finds.append(
                Find(name=name, query=query, revision=newest, articles=articles, first=first)
            )
    return finds


def _changed(db: sqlite3.Connection, mark: Row) -> list[int]:
    """Return the articles that may have become hits since a search has looked."""
    since = iso(from_iso(mark["looked_at"]) - _LATELY)
    return values(db, _CHANGED, {"revision": mark["revision"], "since": since})


def _matches(db: sqlite3.Connection, query: str, among: Sequence[int] | None) -> set[int]:
    """Return the articles that have all words of a query, of all or among some."""
    asked = replace(parse(query), every=True)
    if asked.empty or among == []:
        return set()
    source, bound = from_matches(db, asked)
    if among is not None:  # the plus: the words are looked up once
        source += " and +rowid in (select value from json_each(?))"
        bound += (json.dumps(among),)
    return set(values(db, f"select rowid {source}", bound))


def save(
    db: sqlite3.Connection, finds: Sequence[Find], searches: Mapping[str, str], *, now: datetime
) -> None:
    """Save what was found; what a search found that begins again, or is not set any more, goes."""
    kept = json.dumps([name for name in searches if name not in {f.name for f in finds if f.first}])
    for gone in ("search_hits where search", "searches where name"):
        db.execute(f"delete from {gone} not in (select value from json_each(?))", (kept,))  # noqa: S608
    for find in finds:
        row = {"name": find.name, "query": find.query, "revision": find.revision}
        upsert(db, "searches", row | {"looked_at": iso(now)}, key="name")
        db.execute(_HITS, (find.name, json.dumps(find.articles)))


def titles(db: sqlite3.Connection, articles: Sequence[int]) -> list[Row]:
    """Return id, title, url and publisher (its name) of articles, the newest first."""
    return select(db, _SHOWN, (json.dumps(articles),))
