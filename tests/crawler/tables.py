"""All that a rebuild restores, table by table."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from archive import article_rows
from archive.clock import system
from archive.database import open_for_reading
from archive.maintenance import projection
from archive.maintenance.replacement import names_of
from archive.maintenance.withhold import HELD
from archive.session import Session
from crawler.rebuild import merge, rebuild

REVISION = f"article, {', '.join(article_rows.REVISION)}"


# Everything but when things are due, and failures that had no answer.
TABLES = {
    "publishers": "select * from publishers order by slug",
    "articles": "select * from articles order by id",
    "revisions": f"select {REVISION} from revisions order by article, number",
    "captures": "select * from captures order by warc_file, warc_offset",
    "links": "select v.key, p.key, l.title, l.published, l.author, l.summary, l.modified,"
    " l.found_at from links l join visits v on v.id = l.visit join visits p on p.id = l.listing"
    " order by 1, 2",
    "authors": "select article, name, position from article_authors"
    " join authors on id = author order by article, position",
    "tags": "select article, name from article_tags join tags on id = tag order by 1, 2",
    "visits": "select key, url, publisher, kind, found_in, found_at, article, last_at, etag,"
    " last_modified, last_capture, state, past from visits where last_at is not null order by key",
    "runs": "select id, command, started_at, ended_at, state, requests, new, changed, unchanged,"
    " bytes from runs order by id",
    "stories": "select * from stories order by id",
    "embeds": "select * from embeds order by article, position",
    "images": "select * from images order by article, position",
    "renderings": "select * from renderings order by id",
    "withholdings": "select article, at, act, reason from withholdings order by id",
    "warc_files": "select name, bytes from warc_files order by name",
    "withheld": "select * from withheld order by mark, article",
    "problems": "select publisher, url, stage, kind, detail, capture from problems"
    " where capture is not null order by capture, kind, detail",
}

# What follows from the WARC files, with names for numbers that are an archive's own business.
FOLLOWS = TABLES | {
    "captures": "select c.*, r.name from captures c join runs r on r.id = c.run order by c.id",
    "visits": "select key, url, publisher, kind, found_in, found_at, article, last_at, etag,"
    " last_modified, last_capture, interval, failures, state, past, earliest_on, latest_on"
    " from visits where last_at is not null order by key",
    "runs": "select name, command, started_at, ended_at, state, requests, new, changed, unchanged,"
    " bytes from runs where id in (select run from captures) order by name",
    "run_publishers": "select r.name, p.publisher, p.requests, p.new, p.changed,"
    " p.unchanged, p.bytes from run_publishers p join runs r on r.id = p.run"
    " where p.requests > 0 order by r.name, p.publisher",
    "stories": "select * from stories order by id",
    "sketches": "select * from story_sketches order by hash, seen, article",
    "renderings": "select * from renderings order by capture, rendered_at",
    "withholdings": "select article, at, act, reason from withholdings order by at",
    "warc_files": "select name, bytes from warc_files order by name",
    "imports": "select * from imports order by key",
    "withheld": "select distinct article, at from withheld order by 1",
    # That a crawl died is in no record; what was in hand is not known to have been asked for.
    "problems": "select at, publisher, url, stage, kind, detail, capture from problems"
    " where kind != 'slice-died' order by at, url, kind, detail",
}
# What each archive numbers as it likes.
_OWN = {"captures": "run", "renderings": "id"}


def follows(root):
    """Return all rows that follow from the WARC files, by table."""
    with closing(open_for_reading(root)) as db:
        return {table: list(_named(db, table, sql)) for table, sql in FOLLOWS.items()}


def _named(db, table, sql):
    cursor = db.execute(sql)
    names = [name for name, *_ in cursor.description]
    for row in cursor:
        pairs = zip(names, row, strict=True)
        yield tuple(value for name, value in pairs if name != _OWN.get(table))


def differences(before, after):
    """Return what differs between two tables, short enough to be read."""
    return [
        [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
        for one, other in zip(before, after, strict=False)
        if one != other
    ][:5] + ([(len(before), len(after))] if len(before) != len(after) else [])


def everything(root):
    """Return all rows that a rebuild restores, by table."""
    with closing(open_for_reading(root)) as db:
        there = {table: db.execute(sql).fetchall() for table, sql in TABLES.items()}
    return there | held(root)


def held(root):
    """Return the rows of what is withheld, by table."""
    names = ("articles", "revisions", "captures", "embeds", "images", "withholdings")
    if not (root / HELD).exists():
        return {}
    with closing(sqlite3.connect(root / HELD)) as db:
        return {f"held {name}": db.execute(TABLES[name]).fetchall() for name in names}


def shuffle(monkeypatch, seed):
    """Let the next rebuild take files and articles in an order of chance."""
    dice, waiting = random.Random(seed), projection.to_derive

    def shuffled(given):
        return dice.sample(given, len(given))

    monkeypatch.setattr("crawler.rebuild.names_of", lambda root: shuffled(names_of(root)))
    monkeypatch.setattr(projection, "to_derive", lambda db: shuffled(waiting(db)))


def derived_again(root, folder, *, seeds):
    """Yield (how, archive in `folder`) for each way in which the database of `root` can be derived.

    Rebuilt, in an order of chance for each seed, and merged into an empty archive.
    """
    for seed in (None, *seeds):
        copy = shutil.copytree(root, folder / f"rebuilt-{seed}")
        with pytest.MonkeyPatch.context() as patch:
            if seed is not None:
                shuffle(patch, seed)
            asyncio.run(rebuild(copy))
        yield f"rebuilt with seed {seed}", copy
    empty = folder / "merged"
    with Session(empty, command="crawl", clock=system):
        pass
    asyncio.run(merge(empty, root))
    yield "merged", empty
