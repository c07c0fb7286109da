"""Stop 9, last step: an article joins the versions of it that the archive holds, as one story.

A story is a group of articles in which each is a version of another one, and bears the id of the
article that was seen first: the same in whatever order its articles came. Triggers keep a story's
row true to its articles, whoever withholds, redates or deletes one.
"""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Self

from archive.sketches import Runs, are_versions, shingles, sketch_of

FIRST = 20
"""Articles per run that others are compared with: those which bore it first, whoever came when."""

_SHARED = 3  # runs that another article has to share with one of those, where it is none itself

MOMENT = "min(coalesce(published_at, published_on || 'T24', first_seen_at), first_seen_at)"
"""SQL by which the versions of a story are put in order: a day alone counts as its end."""


def regroup_all(db: sqlite3.Connection) -> None:
    """Group all articles again, in the order of their first captures."""
    db.execute("update articles set story = null where story is not null")
    db.execute("delete from stories")
    db.execute("delete from story_sketches")
    ids = [number for (number,) in db.execute("select id from articles order by first_seen_at, id")]
    for article in ids:
        enter(db, article)


def enter(db: sqlite3.Connection, article: int) -> None:
    """Group an article that is in no story with its versions.

    One that comes late, before others that were seen first later, redoes its neighbours.
    """
    own = _Sketched.of(db, article)
    db.executemany(
        "insert or ignore into story_sketches values (?, ?, ?)",
        [(hash_, *own.place) for hash_ in own.hashes],
    )
    seeds = {article}
    for hash_ in own.hashes:
        bearers = _bearers(db, hash_, FIRST + 1)
        if len(bearers) > FIRST and own.place in bearers[:FIRST]:
            seeds.add(bearers[FIRST][1])  # it is not among the first any more
    _regroup(db, seeds | _later(db, own))


@contextlib.contextmanager
def reconsidered(db: sqlite3.Connection, article: int, text: str) -> Iterator[None]:
    """Let an article's text become `text` inside, and look for its versions again if it differs."""
    (before,) = db.execute("select text from articles where id = ?", (article,)).fetchone()
    if before != text:
        leave(db, article)
    yield
    if before != text:
        enter(db, article)


def leave(db: sqlite3.Connection, article: int) -> None:
    """Take an article out of its story, before its text changes; what it held together parts."""
    own = _Sketched.of(db, article)
    seeds: set[int] = set()
    for hash_ in own.hashes:
        bearers = _bearers(db, hash_, FIRST + 1)
        if len(bearers) > FIRST and own.place in bearers[:FIRST]:
            seeds.add(bearers[FIRST][1])  # it is among the first from now on
    db.executemany(
        "delete from story_sketches where hash = ? and seen = ? and article = ?",
        [(hash_, *own.place) for hash_ in own.hashes],
    )
    members = _members(db, article)
    db.execute("update articles set story = null where id = ?", (article,))
    for entrant in list(seeds):
        seeds |= _later(db, _Sketched.of(db, entrant))
    _regroup(db, (seeds | members) - {article})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sketched:
    """An article with its place in the order of first captures, its text and its sketch."""

    place: tuple[int, int]  # second, id
    text: str
    hashes: tuple[int, ...]

    @classmethod
    def of(cls, db: sqlite3.Connection, article: int) -> Self:
        row = db.execute(
            "select text, cast(strftime('%s', first_seen_at) as integer) from articles"
            " where id = ?",
            (article,),
        ).fetchone()
        text, second = row or ("", 0)  # it may have been deleted
        return cls(place=(second, article), text=text, hashes=tuple(sketch_of(text)))


def _bearers(db: sqlite3.Connection, hash_: int, limit: int) -> list[tuple[int, int]]:
    """Return the first articles (their places) that have a run."""
    return db.execute(
        "select seen, article from story_sketches where hash = ? order by seen, article limit ?",
        (hash_, limit),
    ).fetchall()


def _earlier(db: sqlite3.Connection, own: _Sketched) -> list[int]:
    """Return the articles before one that it has to be compared with, the likeliest first.

    Which these are follows from who had its runs first, not from who came first.
    """
    shared: Counter[int] = Counter()
    near: set[int] = set()
    for hash_ in own.hashes:
        first = _bearers(db, hash_, FIRST)
        before = [article for second, article in first if (second, article) < own.place]
        shared.update(before)
        if own.place in first:
            near.update(before)
    found = [one for one, number in shared.items() if number >= _SHARED or one in near]
    return sorted(found, key=lambda article: (-shared[article], article))


def _later(db: sqlite3.Connection, own: _Sketched) -> set[int]:
    """Return the articles behind one that have to be compared with it."""
    shared: Counter[int] = Counter()
    near: set[int] = set()
    for hash_ in own.hashes:
        first = _bearers(db, hash_, FIRST)
        if own.place not in first:
            continue
        near.update(article for place in first if place > own.place for article in place[1:])
        shared.update(
            article
            for (article,) in db.execute(
                "select article from story_sketches where hash = ? and (seen, article) > (?, ?)",
                (hash_, *own.place),
            )
        )
    return near | {article for article, number in shared.items() if number >= _SHARED}


def _members(db: sqlite3.Connection, article: int) -> set[int]:
    """Return an article and those that are in one story with it."""
    rows = db.execute(
        "select id from articles where story = (select story from articles where id = ?)",
        (article,),
    )
    return {article} | {number for (number,) in rows}


def _regroup(db: sqlite3.Connection, seeds: Collection[int]) -> None:
    """Find the versions of some articles again, and of those in their stories."""
    members = set[int]().union(*(_members(db, seed) for seed in seeds))
    if len(members) > 1:
        marks = ", ".join("?" * len(members))
        stories = [
            story
            for (story,) in db.execute(
                f"select distinct story from articles where id in ({marks})"  # noqa: S608
                " and story is not null",
                (*members,),
            )
        ]
        db.execute(f"update articles set story = null where id in ({marks})", (*members,))  # noqa: S608
        db.executemany("delete from stories where id = ?", [(story,) for story in stories])
    for article in sorted(members):
        if versions := list(_versions(db, article)):
            _join(db, [article, *versions])


def _versions(db: sqlite3.Connection, article: int) -> Iterator[int]:
    """Yield earlier articles that are versions of an article's text, one of each story."""
    own, known = _Sketched.of(db, article), set[int]()
    for other in _earlier(db, own):
        row = db.execute("select story from articles where id = ?", (other,)).fetchone()
        if row is None or row[0] in known:
            continue
        if are_versions(shingles(own.text), _runs(db, other)):
            if row[0] is not None:
                known.add(row[0])
            yield other


def _join(db: sqlite3.Connection, articles: Collection[int]) -> None:
    """Make one story of these articles and of the stories they are in."""
    marks = ", ".join("?" * len(articles))
    stories = [
        story
        for (story,) in db.execute(
            f"select distinct story from articles where id in ({marks}) and story is not null",  # noqa: S608
            (*articles,),
        )
    ]
    members = [*articles, *stories]
    marks = ", ".join("?" * len(members))
    (first,) = db.execute(
        f"select id from articles where id in ({marks}) order by first_seen_at, id limit 1",  # noqa: S608
        members,
    ).fetchone()
    db.execute("insert or ignore into stories (id) values (?)", (first,))
    for story in stories:
        if story != first:
            db.execute("update articles set story = ? where story = ?", (first, story))
            db.execute("delete from stories where id = ?", (story,))
    for article in articles:
        db.execute(
            "update articles set story = ? where id = ? and story is not ?", (first, article, first)
        )


def _runs(db: sqlite3.Connection, article: int) -> Runs:
    row = db.execute("select text from articles where id = ?", (article,)).fetchone()
    return shingles(row[0] if row else "")
