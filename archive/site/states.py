"""The states of one article: its time line, one state as it was, and what changed between two."""

import sqlite3
from dataclasses import asdict
from itertools import groupby
from typing import Any

from archive.article_rows import reading
from archive.diff import compare
from archive.rows import Row, from_json, select, value

Page = dict[str, Any]  # what a template shows

_MOST_LISTED = 200

ARTICLE = """
select a.*, p.name as publisher_name, p.homepage, p.timezone,
    coalesce(a.language, p.language) as reading_language
from articles a join publishers p on p.slug = a.publisher where a.id = ?
"""
_TIMELINE = """
select article, number, observed_at, capture, changes as kinds, words_in, words_out, title
from revisions where article = ? order by number desc limit ?
"""
_STATE = """
select r.*, coalesce(r.text, a.text) as text from revisions r join articles a on a.id = r.article
where r.article = ? and r.number = ?
"""
# Reading an archive again may merge revisions, or begin one elsewhere; captures stay.
_NAMED = """
select number from revisions where article = ?1 and (?2 in (number, capture)
    or observed_at <= (select fetched_at from captures where id = ?2))
order by ifnull(?2 in (number, capture), 0) desc, number desc limit 1
"""


def heading(db: sqlite3.Connection, article: int) -> Row | None:
    """Return how a page about an article is headed, None where there is none."""
    return next(iter(select(db, ARTICLE, (article,))), None)


def timeline(db: sqlite3.Connection, article: int) -> list[Row]:
    """Return the states of an article, the newest first, each with what changed in it.

    `name` is by what addresses name it: the id of its capture, or its number without one.
    """
    rows = select(db, _TIMELINE, (article, _MOST_LISTED))
    return [row | {"kinds": from_json(row["kinds"]), "name": _name(row)} for row in rows]


def _name(state: Row) -> int:
    return int(state["capture"] or state["number"])


def state(db: sqlite3.Connection, article: int, name: int) -> Row | None:
    """Return a state with all of its fields, None where there is none.

    It is named by its number, or by a capture: then it is the one that was current when that was
    made. `name` is by what addresses name it.
    """
    number = value(db, _NAMED, (article, name))
    rows = select(db, _STATE, (article, number)) if number else []
    return next((row | {"name": _name(row)} for row in rows), None)


def diff_page(db: sqlite3.Connection, article: int, before: int, after: int) -> Page | None:
    """Return two states of an article and what changed between them; None where one is missing.

    `fields` are the passages of fields that changed, `paragraphs` those of the text in runs:
    (whether they changed, the passages).
    """
    about = heading(db, article)
    one, other = (state(db, article, name) for name in (before, after))
    if about is None or one is None or other is None:
        return None
    found = compare(reading(one), reading(other))
    text = [passage for passage in found.passages if passage.name == "text"]
    return {
        "article": about,
        "before": one,
        "after": other,
        "diff": found,
        "fields": [each for each in found.passages if each.name != "text" and each.changed],
        "paragraphs": [(changed, list(run)) for changed, run in groupby(text, lambda p: p.changed)],
        "timeline": timeline(db, article),
    }


def diff_json(page: Page) -> dict[str, Any]:
    """Return what the page of a diff shows as JSON has it."""
    names = ("number", "capture", "observed_at")
    states = {side: {name: page[side][name] for name in names} for side in ("before", "after")}
    return {"article": page["article"]["id"], **states, **asdict(page["diff"])}


def article_json(page: Page) -> dict[str, Any]:
    """Return what the page of an article shows as JSON has it; all of its states by their names."""
    said = dict(page["article"])
    return {
        "article": {name: said[name] for name in said if name != "key"},
        "authors": [row["name"] for row in page["authors"]],
        "tags": [row["name"] for row in page["tags"]],
        "states": page["timeline"],
        "captures": [dict(row) for row in page["captures"]],
    }
