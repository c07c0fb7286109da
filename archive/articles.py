"""Rows of articles and their revisions: nothing a publisher wrote is ever overwritten."""

import contextlib
import sqlite3
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib.resources import files
from urllib.parse import urlsplit

from archive import article_rows, publishers, recovery, rows, stories
from archive.article_rows import Rows, reading
from archive.clock import from_iso, iso
from archive.database import run_script
from archive.diff import summarize
from archive.history import History, Observation, confirmed, observe
from archive.models import Extraction, Kind, Outcome, Visit
from archive.rows import Row, insert, stored, value
from archive.search.arabic import fold
from archive.urls import address, article_id, identity_key, place

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
        if is_withheld(db, key):
            return
        own = {"id": article, "key": key, "publisher": publisher}
        insert(db, "articles", {"url": key} | after.article | own)
        before = Rows(article=after.article, lists={})
    else:
        moved = any(before.article[name] != after.article[name] for name in _OF_STORIES)
        if moved:
            stories.leave(db, article)
    article_rows.save(db, article, before, after)
    if len(after.revisions) > 1 and after.revisions != before.revisions:
        _summarize(db, article, before.states, after.states)
    if moved:
        stories.enter(db, article)


def _summarize(db: sqlite3.Connection, article: int, before: list[Row], after: list[Row]) -> None:
    """Save what changed with each state, unless it and the one before it are as they were."""
    for number in range(len(after) - 1):
        pair = after[number : number + 2]
        if pair != before[number : number + 2]:
            found = summarize(*map(reading, pair))
            db.execute(
                "update revisions set changes = ?, rank = ?, words_in = ?, words_out = ?"
                " where article = ? and number = ?",
                (stored(found.kinds), found.kinds[0].rank, found.words_in, found.words_out,
                 article, pair[1]["number"]),
            )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which article a page is: its id if it is known, and its identity key.

    `url` is its address, `led` whether another address leads to it, or it is withheld: then it has
    no id. A known article `moves` where an address answered that was not known to be its own.
    """

    article: int | None
    key: str
    url: str
    led: bool = False
    moves: bool = False


# An address is that of an article by its key, or as one that another of its addresses led to.
_AT = """
select id, key, title from articles where key = ?1 union all
select a.id, a.key, title from visits v join articles a on a.id = article where v.key = ?1 limit 1
"""


def identify(
    db: sqlite3.Connection, visit: Visit, reading: Extraction, *, answered: str
) -> Identity:
    """Say which article a page is that was found at a visit's address, and `answered` at one.

    The page's own canonical link is a claim. An article keeps the key it was first known by
    (invariant 11), whatever the page claims later. A claim is believed where there is no article
    yet, or one of the same title: many sites name one and the same page as canonical for all of
    theirs. The address that led to an article first is the one that is visited again; two would
    make revisions of each other.

    Raises:
        ValueError: if `answered` is not an http or https address.
    """
    claimed = reading.canonical_url
    names = publishers.tracking(db, visit.publisher)
    here = identity_key(answered, tracking=names)
    article, key, led = visit.article, here, False
    there = None if here == visit.key and article else db.execute(_AT, (here,)).fetchone()
    if is_withheld(db, here):
        article, led = None, True
    elif article is not None and (there is None or there[0] == article):
        key = key_of(db, article) or here
    else:
        for key in (_believed_key(claimed, answered, here, names), here):
            row = there if key == here else db.execute(_AT, (key,)).fetchone()
            if key == here or _is_its_own(db, key, row, reading.title):
                break
        article, key = row[:2] if row else (None, key)
        others = "select 1 from visits where article = ? and key != ?"
        led = value(db, others, (article, visit.key)) is not None or is_withheld(db, key)
    url = address_of(key, claimed=claimed, answered=answered, tracking=names)
    moves = visit.article is not None and here != visit.key and there is None and not led
    return Identity(article=article, key=key, url=url, led=led, moves=moves)


def _is_its_own(
    db: sqlite3.Connection, key: str, row: tuple[int, str, str] | None, title: str | None
) -> bool:
    """Return whether a page may be what is known at a key: nothing yet, or of its title."""
    if row is None:
        return not is_withheld(db, key) or is_withheld(db, title or "")
    return row[2] == title


def address_of(
    key: str, *, claimed: str | None, answered: str, tracking: tuple[str, ...] = ()
) -> str:
    """Return the address of an article: its page's own canonical link, else the one that answered.

    A link that names another page (its identity key is not `key`), or one on another host, does
    not count.
    """
    is_there = key.startswith(place(identity_key(answered, tracking=tracking)))
    if claimed not in {None, answered} and is_there and _key(claimed, answered, tracking) == key:
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


# Only what had moved has an address more.
_ELSEWHERE = """
select url from captures where article = :article and url != :url and kind = 'article'
    and outcome in ('new', 'changed', 'same', 'unchanged')
    and exists (select 1 from visits where article = :article and key != :key)
order by id desc limit 1
"""


def elsewhere(db: sqlite3.Connection, visit: Visit) -> str | None:
    """Return another address that showed the article of a visit, if there is one.

    Of the site that a newspaper moved to and the one it came from, each may be switched off.
    """
    return value(db, _ELSEWHERE, rows.row_of(visit, ("article", "url", "key")))


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


def is_withheld(db: sqlite3.Connection, key: str) -> bool:
    """Return whether a page (its identity key) or a title is that of a withheld article."""
    return value(db, "select 1 from withheld where mark = ?", (article_id(key),)) is not None


def hide(db: sqlite3.Connection, key: str, *, visit: Visit, capture: int | None) -> None:
    """Forget a page that shows the withheld article of a key, at whatever address."""
    names = {"mark": article_id(key), "capture": capture, "key": visit.key, "url": visit.url}
    script = files(__package__).joinpath("hide.sql").read_text(encoding="utf-8")
    run_script(db, script, names | {"article": visit.article})
    recovery.ask_to_scrub(db)


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


def is_version(db: sqlite3.Connection, article: int | None, page: Extraction) -> bool:
    """Return whether a page shows an article: by its text, edited or not, or its title."""
    sql = "select coalesce(title, ''), coalesce(text, '') from articles where id = ?"
    title, text = db.execute(sql, (article,)).fetchone()
    one, other = sorted((fold(title), fold(page.title or "")), key=len)
    is_titled = one in other and 2 * len(one) > len(other)
    return is_titled or stories.are_versions(*map(stories.runs_of, (text, page.text or "")))


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


LEARNING = timedelta(days=7)  # for so long it is learnt whether a newspaper's articles change
WINDOW = timedelta(days=30)
_CALM = 50  # rechecks of which none showed a change
_LOOKS = """
with learnt(at) as (
    select strftime('%Y-%m-%dT%H:%M:%fZ', min(fetched_at), :learning) from captures
    where publisher = :publisher and kind = 'article'
), seen(outcome, number) as (
    select c.outcome, count(*) from captures c join articles a on a.id = c.article
    where c.publisher = :publisher and c.kind = 'article' and c.outcome is not null
        and c.fetched_at > :since and a.first_seen_at >= (select at from learnt) group by 1
)
select (select at from learnt) learnt_at,
    (select total(number) from seen where outcome = 'new') firsts,
    (select total(number) from seen where outcome != 'new') rechecks,
    (select total(number) from seen where outcome in ('changed', 'missing', 'gone')) changes,
    (
        select count(*) from visits v join articles a on a.id = v.article
        where v.publisher = :publisher and v.kind = 'article' and v.due_at is not null
            and v.past = 0 and a.first_seen_at >= (select at from learnt)
    ) planned
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecks:
    """How often a publisher's articles were looked at again in the last 30 days, and are to be.

    Of those that were found since `learnt_at`: `firsts` were read for the first time; of so many
    `rechecks` of them so many showed `changes`; and as many are `planned`.
    """

    learnt_at: datetime
    firsts: int = 0
    rechecks: int = 0
    changes: int = 0
    planned: int = 0

    @property
    def spare(self) -> int:
        """How many more may be planned, so that they are never more than `firsts`."""
        return self.firsts - self.rechecks - self.planned

    @property
    def is_calm(self) -> bool:
        """Whether its articles were never seen to change."""
        return self.rechecks >= _CALM and not self.changes

    def after(self, visit: Visit, outcome: Outcome, due_at: datetime | None) -> "Rechecks":
        """Return what is true after a visit, by what came of it and when its article is due."""
        is_read = visit.article is not None or outcome is Outcome.NEW
        is_late = visit.found_at is not None and visit.found_at >= self.learnt_at
        if visit.kind is not Kind.ARTICLE or not (is_read and is_late):
            return self
        was_planned = visit.article is not None and visit.due_at is not None
        changed = outcome in {Outcome.CHANGED, Outcome.MISSING, Outcome.GONE}
        return replace(
            self,
            firsts=self.firsts + (visit.article is None),
            rechecks=self.rechecks + (visit.article is not None),
            changes=self.changes + changed,
            planned=self.planned + (due_at is not None) - was_planned,
        )


def rechecks(db: sqlite3.Connection, publisher: str, *, now: datetime) -> Rechecks:
    """Return how often a publisher's articles are looked at again."""
    asked = {
        "publisher": publisher,
        "since": iso(now - WINDOW),
        "learning": f"+{LEARNING.days} days",
    }
    (row,) = rows.select(db, _LOOKS, asked)
    learnt_at = row.pop("learnt_at")
    counts = {name: int(number) for name, number in row.items()}
    return Rechecks(learnt_at=from_iso(learnt_at) if learnt_at else now + LEARNING, **counts)
