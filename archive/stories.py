"""Stories: articles that are versions of one text, as they share most runs of words.

A story bears the id of its article that was seen first, and is the same in whatever order they
came. Triggers keep its row true to its articles, whoever withholds, redates or deletes one.

Words are folded and not stemmed, so that a better stemmer never makes an archive's sketches stale.
A sketch is Broder's ("On the resemblance and containment of documents", 1997): the runs with the
smallest hashes. A shortened copy keeps its share of them, where signatures that are cut in bands
find only texts of about one length. Workers make runs and search tokens in advance.
"""

import json
import re
import sqlite3
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Self
from zlib import crc32

from archive.models import Extraction, Prepared, Runs
from archive.rows import values
from archive.search import index
from archive.search.arabic import fold

SKETCH = 20
"""Hashes in a sketch: of 10,000 copies that keep two fifths of a text, five share less than two."""

_RUN = 4  # words
_FEWEST = 20  # runs below which a text says too little: captions, notices
_CONTAINED = 0.5  # of the shorter text's runs, in the longer one
_COVERED = 0.15  # of the longer text's runs: a digest is not a version of each of its items
_FIGURES = 3  # figures from which on two texts must share half of them
_WORD = re.compile(r"\w+")
_NONE = Runs(hashes=array("I"), figures=frozenset())
_MOST_KNOWN = 2048  # texts whose runs are remembered, about 2 kB each
_KNOWN: dict[int, Runs] = {}


def runs_of(text: str) -> Runs:
    """Return the runs of four folded words in a text; none for a text of less than 23 words.

    They are the same on every machine and in every release.
    """
    known = _KNOWN.get(hash(text))
    if known is None:
        known = _runs(text)
        remember(text, known)
    return known


def _runs(text: str) -> Runs:
    words = _WORD.findall(fold(text))
    encoded = " ".join(words).encode().split()
    runs = zip(*(encoded[start:] for start in range(_RUN)), strict=False)
    hashes = sorted(set(map(crc32, map(b" ".join, runs))))
    if len(hashes) < _FEWEST:
        return _NONE
    return Runs(hashes=array("I", hashes), figures=frozenset(filter(str.isdecimal, words)))


def remember(text: str, runs: Runs) -> None:
    """Remember a text's runs for a while: they are asked for several times, or a worker made them.

    A text is known by Python's keyed hash of it, as long texts would take more room than their
    runs.
    """
    _KNOWN[hash(text)] = runs
    if len(_KNOWN) > _MOST_KNOWN:
        del _KNOWN[next(iter(_KNOWN))]


def sketch(runs: Runs) -> list[int]:
    """Return the sketch of a text's runs: its 20 smallest hashes.

    Two texts may be versions of one another only if their sketches share two numbers.
    """
    return list(runs.hashes[:SKETCH])


def are_versions(one: Runs, other: Runs) -> bool:
    """Return whether two texts (their runs) are one, edited or shortened, in either order.

    Today's and yesterday's bulletin share all their phrases and few of their figures.
    """
    shorter, longer = sorted((one.hashes, other.hashes), key=len)
    fewer, more = sorted((one.figures, other.figures), key=len)
    least = max(1, _CONTAINED * len(shorter), _COVERED * len(longer))
    others = len(fewer) >= _FIGURES and 2 * len(fewer & more) < len(fewer)
    if others or len(shorter) < least:  # which costs less to see
        return False
    return len(frozenset(shorter).intersection(longer)) >= least


def prepared(extraction: Extraction) -> Extraction:
    """Return an extraction with its texts analysed and its runs hashed, if it is an article's."""
    if not extraction.is_article:
        return extraction
    texts = (extraction.title, extraction.deck, extraction.byline, extraction.text)
    known = Prepared(
        analysed={text: index.analysed(text) for text in texts if text},
        runs=_runs(extraction.text),
    )
    return replace(extraction, prepared=known)


def prime(extraction: Extraction) -> None:
    """Let what was prepared of an extraction be found where it is asked for."""
    if extraction.prepared:
        index.prime(extraction.prepared.analysed)
        remember(extraction.text, extraction.prepared.runs)


FIRST = 20
"""Articles per run that others are compared with: those which bore it first, whoever came when."""

_SHARED = 2  # runs of both sketches that an article has to share with one of those

MOMENT = "min(coalesce(published_at, published_on || 'T24', first_seen_at), first_seen_at)"
"""SQL by which the versions of a story are put in order: a day alone counts as its end."""

_FIRST_BEARERS = f"""
select * from (
    select hash, seen, article from story_sketches where hash = ?
    order by seen, article limit {FIRST + 1}
)
"""  # noqa: S608 - our own number

# An order in which what was read last is likely to be asked for again.
_TOUCHED = """
select id from articles where id in (select article from story_queue) or story in (
    select story from articles where id in (select article from story_queue)
) order by first_seen_at, id
"""

_BEHIND = "select article from story_sketches where hash = ? and (seen, article) > (?, ?)"

Place = tuple[int, int]
"""An article's place in the order of first captures: second, id."""


def regroup_all(db: sqlite3.Connection) -> None:
    """Group all articles again, in the order of their first captures."""
    db.execute("update articles set story = null where story is not null")
    for table in ("stories", "story_sketches", "story_queue"):
        db.execute(f"delete from {table}")  # noqa: S608 - ours
    for article in values(db, "select id from articles order by first_seen_at, id"):
        enter(db, article)
    settle(db)


def enter(db: sqlite3.Connection, article: int) -> None:
    """Group an article that is in no story with its versions.

    Where it comes late, before others that were seen first later, `settle` does it, with all whose
    versions may be others now.
    """
    own = _Sketched.of(db, article)
    db.execute(
        "insert or ignore into story_sketches select value, ?, ? from json_each(?)",
        (*own.place, json.dumps(list(own.bearers))),
    )
    # Those that are not among the first any more are compared with others.
    if touched := (own.next_in_line() | own.later(db)) - {article}:
        _queue(db, touched | {article})
    else:
        _regroup(db, [own], members={article})


def leave(db: sqlite3.Connection, article: int) -> None:
    """Take an article out of its story, before its text changes; what it held together may part."""
    own = _Sketched.of(db, article)
    db.executemany(
        "delete from story_sketches where hash = ? and seen = ? and article = ?",
        [(hash_, *own.place) for hash_ in own.bearers],
    )
    touched = own.next_in_line()  # they are among the first from now on
    for entrant in list(touched):
        touched |= _Sketched.of(db, entrant).later(db)
    touched |= set(
        values(
            db,
            "select id from articles where story = (select story from articles where id = ?)",
            (article,),
        )
    )
    db.execute("update articles set story = null where id = ?", (article,))
    _queue(db, touched - {article})


def settle(db: sqlite3.Connection) -> None:
    """Find the versions of all articles again that late ones and edits have touched."""
    touched = values(db, _TOUCHED)
    _regroup(db, (_Sketched.of(db, article) for article in touched), members=set(touched))
    db.execute("delete from story_queue")


def _queue(db: sqlite3.Connection, articles: Collection[int]) -> None:
    db.executemany(
        "insert or ignore into story_queue values (?)", [(article,) for article in articles]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sketched:
    """An article with its place in the order of first captures and the runs of its text.

    `bearers` are the first articles with each hash of its sketch, and the next one after them.
    """

    place: Place
    story: int | None
    runs: Runs
    bearers: Mapping[int, list[Place]]

    @classmethod
    def of(cls, db: sqlite3.Connection, article: int) -> Self:
        row = db.execute(
            "select text, cast(strftime('%s', first_seen_at) as integer), story from articles"
            " where id = ?",
            (article,),
        ).fetchone()
        text, second, story = row or ("", 0, None)  # it may have been deleted
        runs, place = runs_of(text), (second, article)
        bearers = {hash_: {place} for hash_ in sketch(runs)}
        if bearers:
            sql = " union all ".join([_FIRST_BEARERS] * len(bearers))
            for hash_, seen, bearer in db.execute(sql, tuple(bearers)):
                bearers[hash_].add((seen, bearer))
        first = {hash_: sorted(places)[: FIRST + 1] for hash_, places in bearers.items()}
        return cls(place=place, story=story, runs=runs, bearers=first)

    def next_in_line(self) -> set[int]:
        """Return the articles that are not among the first with a hash because this one is."""
        return {
            places[FIRST][1]
            for places in self.bearers.values()
            if len(places) > FIRST and self.place in places[:FIRST]
        }

    def earlier(self, db: sqlite3.Connection) -> list[tuple[int, int | None, str]]:
        """Return those before this one that it has to be compared with, the likeliest first.

        That is, (article, story, text). Which these are follows from who had its runs first, not
        from who came first.
        """
        first = chain.from_iterable(places[:FIRST] for places in self.bearers.values())
        shared = Counter(first)
        likely = [
            place[1] for place, number in shared.items() if number >= _SHARED and place < self.place
        ]
        if not likely:
            return []
        sql = "select id, story, text from articles where id in (select value from json_each(?))"
        rows: list[tuple[int, int | None, str]] = db.execute(sql, (json.dumps(likely),)).fetchall()
        order = {article: number for (_, article), number in shared.items()}
        return sorted(rows, key=lambda row: (-order[row[0]], row[0]))

    def later(self, db: sqlite3.Connection) -> set[int]:
        """Return the articles behind this one that have to be compared with it."""
        behind: list[int] = []
        for hash_, places in self.bearers.items():
            if self.place not in places[:FIRST]:
                continue
            if len(places) > FIRST:
                behind += values(db, _BEHIND, (hash_, *self.place))
            elif places[-1] > self.place:
                behind += [place[1] for place in places if place > self.place]
        return {article for article, number in Counter(behind).items() if number >= _SHARED}


def _regroup(
    db: sqlite3.Connection, articles: Iterable[_Sketched], *, members: Collection[int]
) -> None:
    """Find the versions of some articles, `members`: all of the stories that they are in.

    Others are a node each, and so are whole stories, by the negative of their ids.
    """
    groups: dict[int, set[int]] = {}
    alone: set[int] = set()  # and were before
    for own in articles:
        article = own.place[1]
        group = groups.setdefault(article, {article})
        if own.story is None:
            alone.add(article)
        for other, story, text in own.earlier(db):
            node = other if other in members or story is None else -story
            if groups.get(node) is not group and are_versions(own.runs, runs_of(text)):
                less, group = sorted((group, groups.setdefault(node, {node})), key=len)
                group |= less
                groups.update(dict.fromkeys(less, group))
    for group in {id(group): group for group in groups.values()}.values():
        if len(group) > 1 or not group <= alone:
            _save(db, group)


def _save(db: sqlite3.Connection, nodes: Collection[int]) -> None:
    """Make one story of these nodes; of a single article, none."""
    rows = db.execute(
        "select id, story from articles where id in (select value from json_each(:nodes))"
        " or story in (select -value from json_each(:nodes) where value < 0)"
        " order by first_seen_at, id",
        {"nodes": json.dumps(list(nodes))},
    ).fetchall()
    story = rows[0][0] if len(rows) > 1 else None
    if story is not None:
        db.execute("insert or ignore into stories (id) values (?)", (story,))
    moved = [(article, before) for article, before in rows if before != story]
    for article, _ in moved:
        db.execute("update articles set story = ? where id = ?", (story, article))
    for emptied in {before for _, before in moved} - {None}:
        db.execute(
            "delete from stories where id = :id"
            " and not exists (select 1 from articles where story = :id)",
            {"id": emptied},
        )
