"""The search index: an FTS5 table over `articles` that holds stems and marks the original text.

The index is SQLite's own, with the original text as its content and the analysed text as what is
indexed, token for token; so `highlight()` and `snippet()` show what was published. Only a
connection that passed `register` can write articles: the triggers call the analyser, and a
foreign writer fails instead of leaving the index wrong.
"""

import sqlite3
from collections.abc import Callable, Mapping

from archive.clock import local
from archive.search.arabic import analyse
from archive.search.query import parse
from archive.urls import key_or_none, mark_of

ANALYSER = 4
"""Version of the analyser; to be raised whenever a token's term changes."""

# A row of the index without an article, which SQLite's own `rebuild` would sweep away. Its word
# begins with a private-use character, so that no query meets it.
_SENTINEL_ROW = 0
_SENTINEL = f"\ue000warraq{ANALYSER}"

_FILL = """
insert into article_stems(rowid, title, deck, byline, text)
select id, warraq_analyse(title), warraq_analyse(deck), warraq_analyse(byline), warraq_analyse(text)
from articles where id > ? order by id limit ?
"""
_BATCH = 1000
_MERGED = 200  # pages of the index in one step of a merge, some 0.02 s
_MOST_PRIMED = 256  # texts; those of pages that turn out unchanged are never asked for
_PRIMED: dict[str, str] = {}

# FTS5's own settings: while all is indexed at once, larger pieces and no merging until the end.
_STEADY = {"hashsize": 1 << 20, "automerge": 4, "usermerge": 2}
_IN_BULK = {"hashsize": 1 << 24, "automerge": 0}


def register(db: sqlite3.Connection) -> None:
    """Give `db` the SQL functions of the index; every writer needs them, once.

    `warraq_analyse(text)` is the text as indexed, `warraq_query(query)` the MATCH expression for
    what a person typed, `escape_fts(query)` the same with all words required (the name Datasette
    calls). Replaced rows fire their delete triggers, so that `insert or replace` keeps the index
    right. `warraq_local` is `clock.local`, for the trigger that fills `published_local`.
    """
    db.create_function("warraq_local", 3, local, deterministic=True)
    for name, function in _FUNCTIONS.items():
        db.create_function(name, 1, function, deterministic=True)
    db.execute("pragma recursive_triggers = on")


def rebuild_index(
    db: sqlite3.Connection, progress: Callable[[int], None] = lambda _done: None
) -> None:
    """Index every article again, in one transaction; `progress` gets how many are done.

    SQLite's own `rebuild` must not be used: it would index the text unanalysed.
    """
    db.execute("savepoint rebuild_index")
    try:
        _fill(db, progress)
    except BaseException:
        db.execute("rollback to rebuild_index")
        raise
    finally:
        db.execute("release rebuild_index")


def merge_index(db: sqlite3.Connection, stop: Callable[[], bool]) -> bool:
    """Merge pieces of the index, in small steps that are each committed, until `stop`.

    Return whether nothing is left to be merged: a search reads fewer pieces then.
    """
    while not stop():
        before = db.total_changes
        db.execute("insert into article_stems(article_stems, rank) values ('merge', ?)", (_MERGED,))
        if db.total_changes - before < 2:  # https://sqlite.org/fts5.html#the_merge_command
            return True
    return False


def index_is_current(db: sqlite3.Connection) -> bool:
    """Return whether the index was built by this version of the analyser and not by SQLite."""
    rows = db.execute(
        "select 1 from article_stems where article_stems match ? and rowid = ?",
        (f'"{_SENTINEL}"', _SENTINEL_ROW),
    )
    return rows.fetchone() is not None


def _fill(db: sqlite3.Connection, progress: Callable[[int], None]) -> None:
    db.execute("insert into article_stems(article_stems) values ('delete-all')")
    _tune(db, _IN_BULK)
    done, last = 0, _SENTINEL_ROW
    while added := db.execute(_FILL, (last, _BATCH)).rowcount:
        done += added
        (last,) = db.execute("select max(id) from article_stems_docsize").fetchone()
        progress(done)
    db.execute("insert into article_stems(rowid, title) values (?, ?)", (_SENTINEL_ROW, _SENTINEL))
    db.execute("insert into article_stems(article_stems) values ('optimize')")
    _tune(db, _STEADY)


def _tune(db: sqlite3.Connection, settings: dict[str, int]) -> None:
    db.executemany("insert into article_stems(article_stems, rank) values (?, ?)", settings.items())


def analysed(text: str) -> str:
    """Return a text as it is indexed, token for token."""
    return " ".join(analyse(text))


def prime(known: Mapping[str, str]) -> None:
    """Remember how some texts are indexed, each until it is: a worker has analysed them."""
    _PRIMED.update(known)
    for text in list(_PRIMED)[: max(0, len(_PRIMED) - _MOST_PRIMED)]:
        del _PRIMED[text]


def _analyse(text: str | None) -> str | None:
    if text is None:
        return None
    known = _PRIMED.pop(str(text), None)
    return analysed(str(text)) if known is None else known


def _any_word(query: str | None) -> str:
    return parse(str(query or "")).expression()


def _all_words(query: str | None) -> str:
    return parse(str(query or "")).expression(every=True)


# The last two are for what is withheld (schema.sql): a number for an address, and its identity key.
_FUNCTIONS: dict[str, Callable[[str | None], str | int | None]] = {
    "warraq_analyse": _analyse,
    "warraq_query": _any_word,
    "escape_fts": _all_words,
    "warraq_mark": mark_of,
    "warraq_key": key_or_none,
}
