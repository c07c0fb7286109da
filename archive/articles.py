"""Rows of articles and their revisions: nothing a publisher wrote is ever overwritten."""

import contextlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from archive import article_rows, publishers, rows, stories
from archive.article_rows import Rows
from archive.clock import from_iso, iso
from archive.history import History, Observation, confirmed, observe
from archive.models import Extraction, Outcome, Visit
from archive.rows import insert, value
from archive.urls import address, article_id, identity_key

_OF_STORIES = ("text", "first_seen_at")  # by which an article is grouped with its versions


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
    before = None if article is None else Rows.stored(db, article)
    seen = Observation(capture=capture, at=seen_at, reading=extraction, url=url)
    step = observe(before.state if before else None, seen)
    if step is None:
        raise ValueError(f"{url}: a reading shows an article")
    if article is None:
        article = free_id(db, key)
    history = History(state=step.state, revisions=(step.revision,) if step.revision else ())
    _save(db, article, before, Rows.of(history, before), key=key, publisher=publisher)
    return article, step.outcome


def put(db: sqlite3.Connection, article: int, after: Rows, *, key: str, publisher: str) -> None:
    """Save an article with its whole history, whether it is there or not."""
    _save(db, article, Rows.stored(db, article), after, key=key, publisher=publisher)


def _save(
    db: sqlite3.Connection,
    article: int,
    before: Rows | None,
    after: Rows,
    *,
    key: str,
    publisher: str,
) -> None:
    """Save an article's rows; its versions are looked for if it is new, or its text is another."""
    moved = True
    if before is None:
        own = {"id": article, "key": key, "publisher": publisher}
        insert(db, "articles", {"url": key} | after.article | own)
        before = Rows(article=after.article, lists={})
    else:
        moved = any(before.article[name] != after.article[name] for name in _OF_STORIES)
        if moved:
            stories.leave(db, article)
    article_rows.save(db, article, before, after)
    if moved:
        stories.enter(db, article)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which article a page is: its id if it is known, and its identity key.

    `url` is its address, `led` whether another address leads to it. It moved to where a `younger`
    one was found meanwhile, which is the same.
    """

    article: int | None
    key: str
    url: str
    led: bool = False
    younger: int | None = None


def identify(
    db: sqlite3.Connection, visit: Visit, reading: Extraction, *, answered: str
) -> Identity:
    """Say which article a page is that was found at a visit's address, and `answered` at one.

    The page's own canonical link is a claim. An article keeps the key it was first known by
    (invariant 11), whatever the page claims later, and wherever its address leads to while it is
    there. A claim is believed where there is no article yet, or one of the same title: many sites
    name one and the same page as canonical for all of theirs. The address that led to an article
    first is the one that is visited again; two would make revisions of each other.

    Raises:
        ValueError: if `answered` is not an http or https address.
    """
    claimed = reading.canonical_url
    names = publishers.tracking(db, visit.publisher)
    here = identity_key(answered, tracking=names)
    article, led, younger = visit.article, False, None
    known = None if article is None else key_of(db, article)  # it may be a part of another by now
    other = None if here == visit.key or not reading.is_article else find(db, here)
    if known and (other in {None, article} or _is_moved(db, visit, reading, answered, other)):
        key, younger = known, None if other == article else other
    else:
        for key in (_believed_key(claimed, answered, here, names), here):
            row = db.execute("select id, title from articles where key = ?", (key,)).fetchone()
            if row is None or key == here or row[1] == reading.title:
                break
        if row is None:  # another address of the publisher's may have led to this one
            at = "select id, key from articles where url = ? and publisher = ?"
            row = db.execute(at, (address(answered), visit.publisher)).fetchone()
            key = row[1] if row else key
        article = row[0] if row else None
        others = "select 1 from visits where article = ? and key != ?"
        led = value(db, others, (article, visit.key)) is not None
    url = address_of(key, claimed=claimed, answered=answered, tracking=names)
    return Identity(article=article, key=key, url=url, led=led, younger=younger)


def moved_from(db: sqlite3.Connection, visit: Visit, answered: str) -> Extraction | None:
    """Return what an article says whose address leads to one by now at which it was not read last.

    None of any other visit.
    """
    if visit.article is None or answered == visit.url:
        return None
    row = db.execute("select key, url from articles where id = ?", (visit.article,)).fetchone()
    known, names = (visit.key, *(row or ())), publishers.tracking(db, visit.publisher)
    state = article_rows.state_of(db, visit.article)
    return state.reading if state and is_elsewhere(answered, known, names) else None


_SAME = """
select 1 from articles a join articles o using (title)
where a.id = ? and o.id = ? and a.publisher = o.publisher and a.first_seen_at < o.first_seen_at
    and o.id not in (select article from withholdings)
"""


def _is_moved(
    db: sqlite3.Connection, visit: Visit, reading: Extraction, answered: str, other: int | None
) -> bool:
    """Return whether a page is the article of its visit, and so is another one that stands there.

    That is younger and has the same title: two that were there at once are two.
    """
    is_same = value(db, _SAME, (visit.article, other)) is not None
    return is_same and continues(reading, moved_from(db, visit, answered))


def is_elsewhere(answered: str, known: Iterable[str], names: tuple[str, ...]) -> bool:
    """Return whether an address is of another page than all that are known, by tracking `names`."""
    here = identity_key(answered, tracking=names)
    return here not in {identity_key(url, tracking=names) for url in known}


def continues(reading: Extraction, former: Extraction | None) -> bool:
    """Return whether a page to which an article's address leads now shows that article.

    Its text is a version of the former one, or the same where that is too short to say.
    """
    if former is None or (reading.title, reading.text) == (former.title, former.text):
        return True
    return stories.are_versions(stories.runs_of(reading.text), stories.runs_of(former.text))


def unite(db: sqlite3.Connection, article: int, other: int) -> None:
    """Let the captures and addresses of another article be an article's own; its rows go."""
    if before := Rows.stored(db, other):
        none = Rows(article={}, lists={name: [] for name in before.lists})
        stories.leave(db, other)
        article_rows.save(db, other, before, none)
    db.execute("update captures set article = ? where article = ?", (article, other))
    addresses = "update visits set article = ?, due_at = null where article = ?"
    db.execute(addresses, (article, other))
    db.execute("delete from articles where id = ?", (other,))


def address_of(
    key: str, *, claimed: str | None, answered: str, tracking: tuple[str, ...] = ()
) -> str:
    """Return the address of an article: its page's own canonical link, else the one that answered.

    A link that names another page (its identity key is not `key`) does not count.
    """
    if claimed not in {None, answered} and _key(claimed, answered, tracking) == key:
        return address(claimed, answered)
    return address(answered)


def _key(claimed: str, answered: str, tracking: tuple[str, ...]) -> str | None:
    """Return the identity key of a page's own canonical link, None where that is not an address."""
    with contextlib.suppress(ValueError):
        return identity_key(claimed, answered, tracking=tracking)
    return None


def _believed_key(claimed: str | None, answered: str, here: str, names: tuple[str, ...]) -> str:
    """Return the key of a page's own canonical link where it can be believed, else that of `here`.

    Believed is a claim on the same host, `www.` or not, that is not just the front page.
    """
    key = None if claimed in {None, answered} else _key(claimed, answered, names)
    if key is None or key.rstrip("/").count("/") == 2:
        return here
    return key if urlsplit(key).netloc == urlsplit(here).netloc else here


def find(db: sqlite3.Connection, key: str) -> int | None:
    """Return the id of the article with that identity key, None if there is none."""
    return value(db, "select id from articles where key = ?", (key,))


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
    return rows.free_id(db, "articles", article_id(key))
