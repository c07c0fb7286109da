"""What Warraq wrote otherwise in its first days, brought to the form of today by a migration.

Its first tables lacked two columns and an index, and the digest of a revision was made of other
fields: of the dates as well, and of a byline that only a listing gave. Left as they are, `verify`
would call these revisions damaged, and the next look at an article would take it for edited.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from archive.records import Extraction, PageKind
from archive.revisions import content_hash, digest, written

_COLUMNS = (("captures", "truncated"), ("visits", "not_before"))
_ENTRIES = (
    "create index visits_entries on visits(publisher) where kind != 'article' and found_in is null"
)
_STATES = """
select r.id, r.content_hash, r.title, r.deck, r.byline, r.dateline, r.section, r.tags,
    r.published_at, r.published_on, coalesce(r.text, a.text) as text, r.image_url,
    case when r.byline is a.byline then a.byline_from end as byline_from
from revisions r join articles a on a.id = r.article
where json_valid(coalesce(r.tags, '[]'))
"""
_BYLINE, _DATES = 2, 6  # where they stand, or stood, among what a digest is made of


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """Give tables of the first days what they lack, and revisions today's digest.

    A digest that no version made of its revision stays, for `verify` to find.
    """
    if db.execute("select 1 from sqlite_master where name = 'visits_entries'").fetchone():
        return  # it came with the rule of today
    for table, column in _COLUMNS:
        known = {row[1] for row in db.execute(f"pragma table_info({table})")}
        if column not in known:
            db.execute(f"alter table {table} add column {column} text")
    db.execute(_ENTRIES)
    # The digests alone are held in memory, not the texts.
    changed = list(_rehashed(db))
    db.executemany("update revisions set content_hash = ? where id = ?", changed)


def _rehashed(db: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Yield today's digest and the id of each revision that has a former one."""
    cursor = db.execute(_STATES)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        state = dict(zip(names, row, strict=True))
        reading = _reading(state)
        now = content_hash(reading)
        if state["content_hash"] != now and state["content_hash"] in _former(state, reading):
            yield now, state["id"]


def _reading(state: dict[str, Any]) -> Extraction:
    return Extraction(
        kind=PageKind.ARTICLE,
        title=state["title"],
        deck=state["deck"],
        byline=state["byline"],
        byline_from=state["byline_from"],
        dateline=state["dateline"],
        section=state["section"],
        tags=tuple(json.loads(state["tags"] or "[]")),
        text=state["text"],
        image_url=state["image_url"],
    )


def _former(state: dict[str, Any], reading: Extraction) -> set[str]:
    """Return the digests that former versions made of a revision."""
    fields = written(reading)
    fields[_BYLINE] = state["byline"]
    dates = [state["published_at"], state["published_on"]]
    return {digest(fields), digest([*fields[:_DATES], *dates, *fields[_DATES:]])}
