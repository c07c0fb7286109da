"""Rows of articles and their revisions: nothing a publisher wrote is ever overwritten."""

import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from archive import article_rows, publishers, stories
from archive.article_rows import Rows
from archive.clock import from_iso, iso
from archive.history import History, Observation, Revision, State, confirmed, observe
from archive.models import Extraction, Outcome, Visit
from archive.rows import insert, update, value, values
from archive.urls import LARGEST_ID, address, article_id, identity_key, next_id


def keep(
    db: sqlite3.Connection,
    extraction: Extraction,
    *,
    url: str,
    publisher: str,
    capture: int | None,
    seen_at: datetime,
    key: str | None = None,
    article: int | None = None,
) -> tuple[int, Outcome]:
    """Save a reading as a new article, as a revision, or as a visit that changed nothing.

    `url` is an address that answers, `key` the identity key, by default that of `url`; `article`
    says which one it is where that is known better. Returns the article's id and what the reading
    was.
    """
    key = key or publishers.key_of(db, url, publisher)
    if article is None:
        article = find(db, key)
    state = None if article is None else article_rows.state_of(db, article)
    step = observe(state, Observation(capture=capture, at=seen_at, reading=extraction, url=url))
    if step is None:
        raise ValueError(f"{url}: a reading shows an article")
    if article is None:
        article = free_id(db, key)
    if state is None:
        history = History(state=step.state, revisions=(step.revision,) if step.revision else ())
        add(db, article, history, key=key, publisher=publisher)
    elif step.revision:
        moved = state.reading.text != step.state.reading.text
        with stories.reconsidered(db, article, moved=moved):
            _revise(db, article, step.state, step.revision)
    else:
        _move(db, article, state, step.state)
    return article, step.outcome


def add(
    db: sqlite3.Connection, article: int, history: History, *, key: str, publisher: str
) -> None:
    """Insert an article that is not there yet, with its whole history."""
    insert_rows(db, article, Rows.of(history), key=key, publisher=publisher)
    stories.enter(db, article)


def put(db: sqlite3.Connection, article: int, rows: Rows, *, key: str, publisher: str) -> None:
    """Save an article with its whole history, whether it is there or not."""
    before = Rows.stored(db, article)
    if before is None:
        insert_rows(db, article, rows, key=key, publisher=publisher)
        stories.enter(db, article)
    elif before != rows:
        replace(db, article, before, rows)


def insert_rows(
    db: sqlite3.Connection, article: int, rows: Rows, *, key: str, publisher: str
) -> None:
    """Insert the rows of an article that is not there yet."""
    own = {"id": article, "key": key, "publisher": publisher}
    insert(db, "articles", {"url": key} | rows.article | own)
    for revision in rows.revisions:
        insert(db, "revisions", revision | {"article": article})
    article_rows.save_names(db, article, rows.names)
    article_rows.save_shown(db, article, rows.shown)


def replace(db: sqlite3.Connection, article: int, before: Rows, after: Rows) -> None:
    """Let an article's rows be others; its versions are looked for again if its text differs."""
    moved = any(before.article[name] != after.article[name] for name in ("text", "first_seen_at"))
    with stories.reconsidered(db, article, moved=moved):
        article_rows.replace_rows(db, article, before, after)


def _revise(db: sqlite3.Connection, article: int, state: State, revision: Revision) -> None:
    """Add a revision; the text of the one before moves from the article to its own row."""
    db.execute(
        "update revisions set text = (select text from articles where id = :id)"
        " where article = :id and text is null",
        {"id": article},
    )
    row = article_rows.revision_of(revision, is_current=True)
    insert(db, "revisions", row | {"article": article})
    fields = article_rows.fields_of(state.reading) | article_rows.seen_of(state)
    update(db, "articles", fields, id=article)
    article_rows.save_names(db, article, article_rows.names_of(state.reading))
    article_rows.save_shown(db, article, article_rows.shown_of(state.reading))


def _move(db: sqlite3.Connection, article: int, before: State, after: State) -> None:
    """Save what may move without an edit."""
    was, now = before.reading, after.reading
    fields = article_rows.fields_of(now) | article_rows.seen_of(after)
    known = article_rows.fields_of(was) | article_rows.seen_of(before)
    moved = {name: fields[name] for name in fields if fields[name] != known.get(name)}
    update(db, "articles", moved, id=article)
    if (was.authors, was.tags) != (now.authors, now.tags):
        article_rows.save_names(db, article, article_rows.names_of(now))
    if (was.embeds, was.images) != (now.embeds, now.images):
        article_rows.save_shown(db, article, article_rows.shown_of(now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which article a page is: its id if it is known, and its identity key.

    `url` is its address, `led` whether another address leads to it.
    """

    article: int | None
    key: str
    url: str
    led: bool = False


def identify(
    db: sqlite3.Connection, visit: Visit, *, claimed: str | None, answered: str, title: str | None
) -> Identity:
    """Say which article a page is that was found at a visit's address.

    `claimed` is the page's own canonical link, `answered` the address that answered. An article
    keeps the key it was first known by (invariant 11), whatever the page claims later. A claim is
    believed where there is no article yet, or one of the same title: many sites name one and the
    same page as canonical for all of theirs. The address that led to an article first is the one
    that is visited again; two would make revisions of each other.

    Raises:
        ValueError: if `answered` is not an http or https address.
    """
    names = publishers.tracking(db, visit.publisher)
    here = identity_key(answered, tracking=names)
    claim = _believed_key(claimed, answered, here, names)
    moved = here != visit.key and find(db, here) not in {None, visit.article}
    if visit.article is not None and not moved:
        return _identity(visit.article, key_of(db, visit.article) or here, claimed, answered, names)
    for key in dict.fromkeys((claim, here)):
        row = db.execute("select id, title from articles where key = ?", (key,)).fetchone()
        if row is None:
            return _identity(None, key, claimed, answered, names)
        if key == here or row[1] == title:
            led = db.execute(
                "select 1 from visits where article = ? and key != ?", (row[0], visit.key)
            ).fetchone()
            identity = _identity(row[0], key, claimed, answered, names)
            return dataclasses.replace(identity, led=led is not None)
    return _identity(None, here, claimed, answered, names)


def _identity(
    article: int | None, key: str, claimed: str | None, answered: str, names: Collection[str]
) -> Identity:
    url = address_of(key, claimed=claimed, answered=answered, tracking=names)
    return Identity(article=article, key=key, url=url)


def address_of(
    key: str, *, claimed: str | None, answered: str, tracking: Collection[str] = frozenset()
) -> str:
    """Return the address of an article: its page's own canonical link, else the one that answered.

    A link that names another page (its identity key is not `key`) does not count.
    """
    if claimed not in {None, answered}:
        with contextlib.suppress(ValueError):
            if identity_key(claimed, answered, tracking=tracking) == key:
                return address(claimed, answered)
    return address(answered)


def _believed_key(claimed: str | None, answered: str, here: str, names: Collection[str]) -> str:
    """Return the key of a page's own canonical link where it can be believed, else that of `here`.

    Believed is a claim on the same host, `www.` or not, that is not just the front page.
    """
    if claimed in {None, answered}:
        return here
    try:
        key = identity_key(claimed, answered, tracking=names)
    except ValueError:
        return here
    front_page = key.rstrip("/").count("/") == 2
    return here if front_page or urlsplit(key).netloc != urlsplit(here).netloc else key


def find(db: sqlite3.Connection, key: str) -> int | None:
    """Return the id of the article with that identity key, None if there is none."""
    return value(db, "select id from articles where key = ?", (key,))


# By the key of its address, by an address that led to it, and by one that a redirect went through.
_BY_ADDRESS = """
select id from articles where key in (select value from json_each(:keys))
union select article from visits
    where key in (select value from json_each(:keys)) and article is not null
union select article from captures where url = :url and article is not null
union select r.article from captures c join revisions r on r.capture = c.id where c.url = :url
"""


def find_all(db: sqlite3.Connection, id_or_url: int | str) -> list[int]:
    """Return the ids of the articles that an id, or any spelling of an address, names.

    Several, if an address led to one after the other.

    Raises:
        ValueError: if it is neither a number nor an http or https address.
    """
    named = str(id_or_url).strip()
    if named.isascii() and named.isdigit():
        number = int(named)
        sql = "select id from articles where id = ?"
        return values(db, sql, (number,)) if number <= LARGEST_ID else []
    keys = json.dumps(publishers.keys_of(db, named))
    return values(db, _BY_ADDRESS, {"keys": keys, "url": named})


def days_of(
    db: sqlite3.Connection, publisher: str, *, since: date, until: date
) -> tuple[int, date, date] | None:
    """Return how many articles a publisher (its slug) has from one day to another, both included.

    With the first and the last day of these; None if it has none.
    """
    count, first, last = db.execute(
        "select count(*), min(published_on), max(published_on) from articles"
        " where publisher = ? and published_on between ? and ?",
        (publisher, since.isoformat(), until.isoformat()),
    ).fetchone()
    return (count, date.fromisoformat(first), date.fromisoformat(last)) if count else None


def key_of(
    db: sqlite3.Connection, article: int | None, *, capture: int | None = None
) -> str | None:
    """Return the identity key of an article, or else of the one that a capture (its id) is of."""
    return value(
        db,
        "select key from articles where id = coalesce("
        "?, (select article from captures where id = ?))",
        (article, capture),
    )


def seen(db: sqlite3.Connection, article: int, *, capture: int | None, at: datetime) -> None:
    """Save that an article was unchanged at that time."""
    db.execute(
        "update articles set last_seen_at = ?, capture = coalesce(?, capture), missing_at = null,"
        " gone_at = null where id = ?",
        (iso(at), capture, article),
    )


def language(db: sqlite3.Connection, article: int | None) -> str | None:
    """Return the language in which an article was last seen."""
    return value(db, "select language from articles where id = ?", (article,))


def is_gone(db: sqlite3.Connection, article: int | None) -> bool:
    """Return whether an article counts as gone."""
    return value(db, "select gone_at from articles where id = ?", (article,)) is not None


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


def free_id(db: sqlite3.Connection, key: str) -> int:
    """Return the id for a new article: that of its key, or the next free one on a collision."""
    wanted = article_id(key)
    while value(db, "select 1 from articles where id = ?", (wanted,)):
        wanted = next_id(wanted)
    return wanted
