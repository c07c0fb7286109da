"""Articles that are versions of one text become a story, by the runs of words that they share.

A story bears the id of its article that was seen first, and is the same in whatever order they
came. Triggers keep its row true to its articles, whoever withholds, redates or deletes one.

Words are folded and not stemmed, so that a better stemmer never makes an archive's sketches stale.
A sketch is Broder's ("On the resemblance and containment of documents", 1997): the runs with the
smallest hashes. A shortened copy keeps its share of them, where signatures that are cut in bands
find only texts of about one length. Workers make sketches and search tokens in advance.
"""

import contextlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from operator import add
from typing import Self

from archive.models import Extraction, Prepared
from archive.rows import value, values
from archive.search import index
from archive.search.arabic import fold

SKETCH = 16
"""Hashes in a sketch: of 1,000 copies that keep two fifths of a text, none is expected missed."""

Runs = frozenset[bytes]
"""Runs of four folded words, each as UTF-8 with single blanks between its words."""

_RUN = 4  # words
_FEWEST = 20  # runs below which a text says too little: captions, notices
_CONTAINED = 0.5  # of the shorter text's runs, in the longer one
_COVERED = 0.15  # of the longer text's runs: a digest is not a version of each of its items
_FIGURES = 3  # figures from which on two texts must share half of them
_WORD = re.compile(r"\w+")
_MOST_KNOWN = 256  # texts whose sketches are remembered
_KNOWN: dict[str, tuple[int, ...]] = {}


@lru_cache(maxsize=768)  # about 20 kB each; a wire is compared with each of its reprints
def shingles(text: str) -> Runs:
    """Return the runs of four folded words in `text`; none for a text of less than 23 words."""
    line = " ".join(_WORD.findall(fold(text))).encode()
    sizes = list(map(len, line.split()))
    starts = list(accumulate(map((1).__add__, sizes), initial=0))
    ends = map(add, starts[_RUN - 1 :], sizes[_RUN - 1 :])
    runs = frozenset(map(line.__getitem__, map(slice, starts, ends)))
    return runs if len(runs) >= _FEWEST else frozenset()


def sketch(runs: Runs) -> list[int]:
    """Return the sketch of a text's runs: at most 16 signed 32-bit numbers, in a fixed order.

    Two texts may be versions of one another only if their sketches share a number. It is the same
    on every machine and in every release.
    """
    hashes = sorted([blake2b(run, digest_size=8).digest() for run in runs])
    return [int.from_bytes(digest[4:], "big", signed=True) for digest in hashes[:SKETCH]]


def sketch_of(text: str) -> tuple[int, ...]:
    """Return the sketch of a text's runs, or the one that is remembered of it."""
    known = _KNOWN.get(text)
    if known is None:
        known = tuple(sketch(shingles(text)))
        remember(text, known)
    return known


def remember(text: str, known: tuple[int, ...]) -> None:
    """Remember a text's sketch for a while: it is asked for several times, or a worker made it."""
    _KNOWN[text] = known
    if len(_KNOWN) > _MOST_KNOWN:
        del _KNOWN[next(iter(_KNOWN))]


def are_versions(one: Runs, other: Runs) -> bool:
    """Return whether two texts (their runs) are one, edited or shortened, in either order.

    Today's and yesterday's bulletin share all their phrases and few of their figures.
    """
    shared = len(one & other)
    shorter, longer = sorted((len(one), len(other)))
    if not shared or shared < _CONTAINED * shorter or shared < _COVERED * longer:
        return False
    fewer, more = sorted((_figures(one), _figures(other)), key=len)
    return len(fewer) < _FIGURES or 2 * len(fewer & more) >= len(fewer)


def _figures(runs: Runs) -> frozenset[str]:
    return frozenset(word for word in set(b" ".join(runs).decode().split()) if word.isdecimal())


def prepared(extraction: Extraction) -> Extraction:
    """Return an extraction with its texts analysed and sketched, if it is an article's."""
    if not extraction.is_article:
        return extraction
    texts = (extraction.title, extraction.deck, extraction.byline, extraction.text)
    known = Prepared(
        analysed={text: index.analysed(text) for text in texts if text},
        sketch=sketch_of(extraction.text),
    )
    return replace(extraction, prepared=known)


def prime(extraction: Extraction) -> None:
    """Let what was prepared of an extraction be found where it is asked for."""
    if extraction.prepared:
        index.prime(extraction.prepared.analysed)
        remember(extraction.text, extraction.prepared.sketch)


FIRST = 20
"""Articles per run that others are compared with: those which bore it first, whoever came when."""

_SHARED = 3  # runs that another article has to share with one of those, where it is none itself

MOMENT = "min(coalesce(published_at, published_on || 'T24', first_seen_at), first_seen_at)"
"""SQL by which the versions of a story are put in order: a day alone counts as its end."""


_BEHIND = """
select article from story_sketches
where hash in (select value from json_each(?)) and (seen, article) > (?, ?)
"""

_FIRST_BEARERS = f"""
select * from (
    select hash, seen, article from story_sketches where hash = ?
    order by seen, article limit {FIRST + 1}
)
"""  # noqa: S608 - our own number

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
    db.executemany("insert or ignore into story_sketches values (?, ?, ?)", own.rows())
    bearers = _bearers(db, own)
    # Those that are not among the first any more are compared with others.
    if touched := (_next_in_line(own, bearers) | _later(db, own, bearers)) - {article}:
        _queue(db, touched | {article})
    else:
        _regroup(db, [article], {article: (own, bearers)})


@contextlib.contextmanager
def reconsidered(db: sqlite3.Connection, article: int, *, moved: bool) -> Iterator[None]:
    """Let the text of an article, or when it was first seen, become another one inside.

    Where it has `moved`, its versions are looked for again.
    """
    if moved:
        leave(db, article)
    yield
    if moved:
        enter(db, article)


def leave(db: sqlite3.Connection, article: int) -> None:
    """Take an article out of its story, before its text changes; what it held together may part."""
    own = _Sketched.of(db, article)
    touched = _next_in_line(own, _bearers(db, own))  # they are among the first from now on
    db.executemany(
        "delete from story_sketches where hash = ? and seen = ? and article = ?", own.rows()
    )
    for entrant in list(touched):
        other = _Sketched.of(db, entrant)
        touched |= _later(db, other, _bearers(db, other))
    touched |= _members(db, article)
    db.execute("update articles set story = null where id = ?", (article,))
    _queue(db, touched - {article})


def settle(db: sqlite3.Connection) -> None:
    """Find the versions of all articles again that late ones and edits have touched."""
    _regroup(db, values(db, "select article from story_queue"), {})
    db.execute("delete from story_queue")


def _queue(db: sqlite3.Connection, articles: Collection[int]) -> None:
    db.executemany(
        "insert or ignore into story_queue values (?)", [(article,) for article in articles]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sketched:
    """An article with its place in the order of first captures, its text and its sketch."""

    place: Place
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
        return cls(place=(second, article), text=text, hashes=sketch_of(text))

    def rows(self) -> list[tuple[int, int, int]]:
        """Return the rows of its sketch."""
        return [(hash_, *self.place) for hash_ in self.hashes]


def _bearers(db: sqlite3.Connection, own: _Sketched) -> dict[int, list[Place]]:
    """Return the first articles that have each run of a sketch, and the next one after them."""
    bearers: dict[int, list[Place]] = {hash_: [] for hash_ in own.hashes}
    if bearers:
        sql = " union all ".join([_FIRST_BEARERS] * len(bearers))
        for hash_, second, article in db.execute(sql, tuple(bearers)):
            bearers[hash_].append((second, article))
    return {hash_: sorted(places) for hash_, places in bearers.items()}


def _next_in_line(own: _Sketched, bearers: Mapping[int, list[Place]]) -> set[int]:
    """Return the articles that are not among the first with a run because another one is."""
    return {
        places[FIRST][1]
        for places in bearers.values()
        if len(places) > FIRST and own.place in places[:FIRST]
    }


def _earlier(own: _Sketched, bearers: Mapping[int, list[Place]]) -> list[int]:
    """Return the articles before one that it has to be compared with, the likeliest first.

    Which these are follows from who had its runs first, not from who came first.
    """
    shared: Counter[int] = Counter()
    near: set[int] = set()
    for places in bearers.values():
        first = places[:FIRST]
        before = [place[1] for place in first if place < own.place]
        shared.update(before)
        if own.place in first:
            near.update(before)
    likely = [each for each, number in shared.items() if number >= _SHARED or each in near]
    return sorted(likely, key=lambda article: (-shared[article], article))


def _later(db: sqlite3.Connection, own: _Sketched, bearers: Mapping[int, list[Place]]) -> set[int]:
    """Return the articles behind one that have to be compared with it."""
    own_first = [hash_ for hash_, places in bearers.items() if own.place in places[:FIRST]]
    near = {
        place[1] for hash_ in own_first for place in bearers[hash_][:FIRST] if place > own.place
    }
    shared = Counter(values(db, _BEHIND, (json.dumps(own_first), *own.place)))
    return near | {article for article, number in shared.items() if number >= _SHARED}


def _members(db: sqlite3.Connection, article: int) -> set[int]:
    """Return an article and those that are in one story with it."""
    sql = "select id from articles where story = (select story from articles where id = ?)"
    return {article, *values(db, sql, (article,))}


def _regroup(
    db: sqlite3.Connection,
    touched: Collection[int],
    sketched: Mapping[int, tuple[_Sketched, Mapping[int, list[Place]]]],
) -> None:
    """Find the versions of some articles again, and of those in their stories.

    `sketched` holds those whose sketch and bearers were looked up already.
    """
    members = set[int]().union(*(_members(db, article) for article in touched))
    groups = _Groups()
    for article in sorted(members):
        if article in sketched:
            own, bearers = sketched[article]
        else:
            own = _Sketched.of(db, article)
            bearers = _bearers(db, own)
        earlier = _earlier(own, bearers)
        nodes = {other: other for other in earlier if other in members}
        nodes |= _nodes(db, [other for other in earlier if other not in members])
        groups.add(article)
        for other in earlier:
            if other not in nodes or groups.are_one(article, nodes[other]):
                continue
            text = value(db, "select text from articles where id = ?", (other,))
            if are_versions(shingles(own.text), shingles(text or "")):
                groups.join(article, nodes[other])
    for group in groups.all():
        _save(db, group)


class _Groups:
    """Groups of nodes: articles, or whole stories, which are the negative of their ids."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def add(self, node: int) -> None:
        self._above.setdefault(node, node)

    def are_one(self, one: int, other: int) -> bool:
        return self._head(one) == self._head(other)

    def join(self, one: int, other: int) -> None:
        self.add(other)
        self._above[self._head(one)] = self._head(other)

    def all(self) -> Collection[Collection[int]]:
        groups: dict[int, list[int]] = {}
        for node in self._above:
            groups.setdefault(self._head(node), []).append(node)
        return groups.values()

    def _head(self, node: int) -> int:
        while (above := self._above.get(node, node)) != node:
            node = above
        return node


def _nodes(db: sqlite3.Connection, articles: Collection[int]) -> dict[int, int]:
    """Return what articles that are not touched count as: their story, or themselves."""
    if not articles:
        return {}
    sql = (
        "select id, coalesce(-story, id) from articles where id in (select value from json_each(?))"
    )
    return dict(db.execute(sql, (json.dumps(articles),)).fetchall())


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
