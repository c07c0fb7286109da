"""Rows of articles and their revisions: nothing a publisher wrote is ever overwritten."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from archive import article_rows, stories
from archive.article_rows import Rows
from archive.clock import from_iso, iso
from archive.history import History, Observation, Revision, State, confirmed, observe
from archive.records import Extraction, Outcome, Visit
from archive.urls import article_id, next_id


def keep(
    db: sqlite3.Connection,
    extraction: Extraction,
    *,
    url: str,
    publisher: str,
    capture: int | None,
    seen_at: datetime,
    article: int | None = None,
) -> tuple[int, Outcome]:
    """Save a reading as a new article, a further revision, or a sign of life of a known one.

    `url` is canonical; `article` says which one it is where that is known better. Returns the
    article's id and what the reading was.
    """
    if article is None:
        article = find(db, url)
    state = None if article is None else article_rows.state_of(db, article)
    step = observe(state, Observation(capture=capture, at=seen_at, reading=extraction))
    if step is None:
        raise ValueError(f"{url}: a reading shows an article")
    if article is None:
        article = free_id(db, url)
    if state is None:
        history = History(state=step.state, revisions=(step.revision,) if step.revision else ())
        add(db, article, history, url=url, publisher=publisher)
    elif step.revision:
        _revise(db, article, step.state, step.revision)
    else:
        _move(db, article, state, step.state)
    return article, step.outcome


def add(
    db: sqlite3.Connection, article: int, history: History, *, url: str, publisher: str
) -> None:
    """Insert an article that is not there yet, with its whole history."""
    rows = Rows.of(history)
    own = {"id": article, "url": url, "publisher": publisher}
    article_rows.insert(db, "articles", rows.article | own)
    for revision in rows.revisions:
        article_rows.insert(db, "revisions", revision | {"article": article})
    article_rows.save_names(db, article, rows.names)
    article_rows.save_shown(db, article, rows.shown)
    stories.enter(db, article)


def replace(db: sqlite3.Connection, article: int, before: Rows, after: Rows) -> None:
    """Let an article's rows be others; its versions are looked for again if its text differs."""
    with stories.reconsidered(db, article, after.article["text"]):
        article_rows.replace_rows(db, article, before, after)


def _revise(db: sqlite3.Connection, article: int, state: State, revision: Revision) -> None:
    """Add a revision; the text of the one before moves from the article to its own row."""
    db.execute(
        "update revisions set text = (select text from articles where id = :id)"
        " where article = :id and text is null",
        {"id": article},
    )
    row = article_rows.revision_of(revision, is_current=True)
    article_rows.insert(db, "revisions", row | {"article": article})
    with stories.reconsidered(db, article, state.reading.text):
        fields = article_rows.fields_of(state.reading) | article_rows.seen_of(state)
        article_rows.update(db, article, fields)
    article_rows.save_names(db, article, article_rows.names_of(state.reading))
    article_rows.save_shown(db, article, article_rows.shown_of(state.reading))


def _move(db: sqlite3.Connection, article: int, before: State, after: State) -> None:
    """Save what may move without an edit."""
    was, now = before.reading, after.reading
    fields = article_rows.fields_of(now) | article_rows.seen_of(after)
    known = article_rows.fields_of(was) | article_rows.seen_of(before)
    moved = {name: fields[name] for name in fields if fields[name] != known[name]}
    article_rows.update(db, article, moved)
    if (was.authors, was.tags) != (now.authors, now.tags):
        article_rows.save_names(db, article, article_rows.names_of(now))
    if (was.embeds, was.images) != (now.embeds, now.images):
        article_rows.save_shown(db, article, article_rows.shown_of(now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which article a page is: its id if it is known, its URL, whether another address leads it."""

    article: int | None
    url: str
    led: bool = False


def identify(
    db: sqlite3.Connection, visit: Visit, *, claimed: str, answered: str, title: str | None
) -> Identity:
    """Say which article a page is that was found at a visit's address.

    An article keeps the address it was first known by (invariant 11), whatever the page claims
    later. A claim is believed where nothing stands yet, or an article of the same title: many
    sites name one and the same page as canonical for all of theirs. The address that led to an
    article first is the one that is looked at again; two would make revisions of each other.
    """
    moved = answered != visit.key and find(db, answered) not in {None, visit.article}
    if visit.article is not None and not moved:
        return Identity(article=visit.article, url=answered)
    for url in dict.fromkeys((claimed, answered)):
        row = db.execute("select id, title from articles where url = ?", (url,)).fetchone()
        if row is None:
            return Identity(article=None, url=url)
        if url == answered or row[1] == title:
            led = db.execute(
                "select 1 from visits where article = ? and key != ?", (row[0], visit.key)
            ).fetchone()
            return Identity(article=row[0], url=url, led=led is not None)
    return Identity(article=None, url=answered)


def key_of(
    db: sqlite3.Connection, article: int | None, *, capture: int | None = None
) -> str | None:
    """Return the identity key of an article, or else of the one that a capture (its id) is of."""
    row = db.execute(
        "select url from articles where id = coalesce("
        "?, (select article from captures where id = ?))",
        (article, capture),
    ).fetchone()
    return row and str(row[0])


def find(db: sqlite3.Connection, url: str) -> int | None:
    """Return the id of the article with that canonical URL, None if there is none."""
    row = db.execute("select id from articles where url = ?", (url,)).fetchone()
    return row and int(row[0])


def seen(db: sqlite3.Connection, article: int, *, capture: int | None, at: datetime) -> None:
    """Save that an article stood unchanged at that time."""
    db.execute(
        "update articles set last_seen_at = ?, capture = coalesce(?, capture), missing_at = null,"
        " gone_at = null where id = ?",
        (iso(at), capture, article),
    )


def missing(db: sqlite3.Connection, article: int, *, at: datetime) -> Outcome:
    """Save that an article's address answered 404 or 410; return GONE if that confirms it now."""
    row = db.execute("select missing_at, gone_at from articles where id = ?", (article,)).fetchone()
    since, gone = (from_iso(value) if value else None for value in row)
    missing_at, gone_at = confirmed(since, gone, at=at)
    db.execute(
        "update articles set missing_at = ?, gone_at = ? where id = ?",
        (iso(missing_at), gone_at and iso(gone_at), article),
    )
    return Outcome.MISSING if gone_at == gone else Outcome.GONE


def free_id(db: sqlite3.Connection, url: str) -> int:
    """Return the id for a new article: that of its URL, or the next free one on a collision."""
    wanted = article_id(url)
    while db.execute("select 1 from articles where id = ?", (wanted,)).fetchone():
        wanted = next_id(wanted)
    return wanted
