"""Links of listings become visits: what is new is due, and so is what has a new date.

Also counts what addresses of one shape have led to, by which traps are detected.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from urllib.parse import unquote, urlsplit

from archive.clock import iso
from archive.models import Kind, Link, Problem, Visit
from archive.problems import ProblemKind
from archive.rows import Row, insert, row_of, value, values

UNDATED = timedelta(minutes=30)  # at most so often is a sitemap without a date read
NEWS = timedelta(days=7)  # what is older is not news any more

_STATED = (
    "url", "kind", "earliest_on", "latest_on", "title", "published", "author", "summary",
    "modified",
)  # fmt: skip
_LATER = "state = 'failed' and due_at is null and last_at < :day_ago"
_NEW = """
insert into visits (key, url, publisher, kind, found_in, found_at, due_at, past, earliest_on,
    latest_on)
values (:key, :url, :publisher, :kind, :found_in, :at, :at, :past, :earliest_on, :latest_on)
"""
KNOWN = f"{_NEW} on conflict (key) do nothing"
FOUND = f"""
{_NEW}
on conflict (key) do update set past = min(past, excluded.past),
    due_at = case when {_LATER} then excluded.due_at else due_at end
where {_LATER} or (past > excluded.past and :is_shown
    and (excluded.latest_on is null or excluded.latest_on >= :recent))
"""
# What was said first stays, but for a listing's date and the last change of an article.
_LINKED = """
insert into links (visit, listing, title, published, author, summary, modified, found_at)
values ((select id from visits where key = :key), :listing, :title, :published, :author, :summary,
    :modified, :at)
on conflict (visit, listing) do update set modified = excluded.modified,
    published = case when :kind = 'article' then published else excluded.published end
    where excluded.found_at >= found_at and (modified is not excluded.modified
        or (:kind != 'article' and published is not excluded.published))
"""
# It stays even if it is heard later, as when archives are merged.
_SAID_BEFORE = """
update links set title = :title, published = :published, author = :author, summary = :summary,
    found_at = :at
where visit = (select id from visits where key = :key) and listing = :listing and found_at > :at
"""
_RENEW = """
update visits set due_at = :at, past = :past, latest_on = :latest_on
where key = :key and kind != 'article' and (failures = 0 or due_at is null)
    and (last_at is null or last_at < :before) and not exists (
        select 1 from links
        where visit = visits.id and listing = :listing and published = :published
    )
"""
_EDITED = """
select v.key from json_each(:stated) s join visits v on v.key = json_extract(s.value, '$[0]')
left join links l
    on l.visit = v.id and l.listing = (select id from visits where key = :listing)
where v.article is not null and v.state = 'done' and v.last_at < json_extract(s.value, '$[1]')
    and (v.due_at is null or v.due_at > :now)
    and coalesce(l.modified, '') != json_extract(s.value, '$[2]')
"""
_MOVING = """(
    select id, article, state, last_at, not_before, last_capture from visits
    where publisher = :publisher and kind = 'article' and article is not null and past = 0
        and substr(key, 1, length(:to)) != :to order by found_at desc limit :most
) v where last_at"""
_ASK_FIRST = f"""
update visits set due_at = max(:now, coalesce(not_before, '')) where id in (select id from {_MOVING}
    < :since and (coalesce(not_before, '') <= :now or :since > :day_ago)
    and exists (select 1 from captures where id = last_capture and outcome is not 'alias')
limit :portion)
"""  # noqa: S608 - constants
_HAVE_MOVED = f"""
select 2 * total(state = 'gone' or exists (select 1 from visits there
    where there.article = v.article and substr(there.key, 1, length(:to)) = :to)) > count(*)
from {_MOVING} >= :since
"""  # noqa: S608
_COUNT_NEW = """
insert into new_addresses (publisher, day, addresses) values (?, ?, ?)
on conflict (publisher) do update set day = excluded.day,
    addresses = excluded.addresses + iif(day = excluded.day, addresses, 0)
"""
_LONG = 200  # an address of so many characters counts as two, and so on
_WANTED = """
insert into settings (name, value) values (?, ?)
on conflict (name) do update set value = excluded.value where value != excluded.value
"""
_READ_AGAIN = """
update visits set etag = null, last_modified = null, last_capture = null
where publisher = ? and kind not in ('article', 'image')
"""


def new(
    key: str,
    link: Link,
    publisher: str,
    *,
    now: datetime,
    listing: Visit | None = None,
    past: bool = False,
) -> Row:
    """Return the parameters of `FOUND` for a link of a listing, or an entry point."""
    return _where(publisher, listing, now, past=past) | _of(key, link)


def _where(publisher: str, listing: Visit | None, now: datetime, *, past: bool) -> Row:
    """Return the parameters of `FOUND` that are the same for all links of a listing.

    A walk into the past may have found one first: it is news where a listing other than a sitemap
    shows it and dates it to these days, or not at all.
    """
    return {
        "publisher": publisher, "found_in": listing.key if listing else None, "at": iso(now),
        "day_ago": iso(now - timedelta(days=1)), "recent": (now - NEWS).date().isoformat(),
        "past": past, "is_shown": listing is not None and listing.kind is not Kind.SITEMAP,
    }  # fmt: skip


def _of(key: str, link: Link) -> Row:
    return row_of(link, _STATED) | {"key": key}


def found(
    db: sqlite3.Connection,
    links: Iterable[tuple[str, Link]],
    *,
    visit: Visit,
    now: datetime,
    run_began: datetime,
    past: bool = False,
) -> int:
    """Keep the links (key, link) of a listing; new ones are due at once.

    Those that are `past` are visited by walks into the past alone.

    One that was given up is due again, once a day: it is still listed.

    A known listing is due again when the one that lists it gives it another date, or none; not
    twice in a run, so that listings which list each other come to an end, and not before a failed
    one's time.

    Returns:
        How many addresses were new.
    """
    count = weight = 0
    where = _where(visit.publisher, visit, now, past=past)
    where["listing"] = _listing(db, visit, now)
    for key, link in links:
        row = where | _of(key, link)
        added = db.execute(FOUND, row).rowcount
        if not added and link.kind is not Kind.ARTICLE:
            undated = link.published is None and link.kind is Kind.SITEMAP
            before = run_began - UNDATED if undated else run_began
            db.execute(_RENEW, row | {"before": iso(before)})
        if not db.execute(_LINKED, row).rowcount:
            db.execute(_SAID_BEFORE, row)
        count += added
        weight += added * (1 + len(key) // _LONG)
    if weight:
        db.execute(_COUNT_NEW, (visit.publisher, now.date().isoformat(), weight))
    return count


def _listing(db: sqlite3.Connection, visit: Visit, now: datetime) -> int:
    """Return the id of a listing's visit; one that was lost is known again, but not due."""
    number = value(db, "select id from visits where key = ?", (visit.key,))
    if number is not None:
        return int(number)
    row = row_of(visit, ("key", "url", "publisher", "kind", "found_in"))
    return insert(db, "visits", row | {"found_at": iso(now)})


def edited(
    db: sqlite3.Connection,
    stated: Iterable[tuple[str, datetime, str]],
    *,
    listing: str,
    now: datetime,
) -> list[str]:
    """Return the known articles that a listing says were changed since they were looked at.

    `stated` are (key, moment of the change, how it is printed); what the listing said last time,
    word for word, counts no more.
    """
    rows = [(key, iso(moment), printed) for key, moment, printed in stated]
    parameters = {"stated": json.dumps(rows), "listing": listing, "now": iso(now)}
    return values(db, _EDITED, parameters)


def want(db: sqlite3.Connection, publisher: str, wanted: str) -> None:
    """Let a publisher's listings be read again where what is `wanted` of them has changed."""
    if db.execute(_WANTED, (f"wanted of {publisher}", wanted)).rowcount:
        db.execute(_READ_AGAIN, (publisher,))


def make_due(db: sqlite3.Connection, keys: Iterable[str], *, now: datetime) -> None:
    """Make known addresses due now, or when the site allows it again."""
    db.executemany(
        "update visits set due_at = max(?, coalesce(not_before, '')) where key = ?",
        [(iso(now), key) for key in keys],
    )


PORTION = 1000  # articles that are asked for at once where a newspaper has moved


def move(db: sqlite3.Connection, listing: Visit, *, to: str, now: datetime) -> bool | None:
    """Save the place (`https://host/`) that a listing has moved to, and since when.

    Articles that were known by then are due, the newest first: where their old addresses lead to
    new ones, they go on there before a listing names these. Only what lists all there is has to
    wait for all of them, and nothing longer than a day for a site that is left alone.

    Returns None where the listing has to wait, else whether its newspaper has moved there, too:
    most articles are there now, or gone. If they stay, the listing alone has moved, as to a service
    that publishes feeds; if all lead to one page, nothing has.
    """
    name, lists_all = f"{listing.publisher} at {to}", listing.kind in {Kind.SITEMAP, Kind.API}
    row: Row = {"name": name, "value": iso(now)}
    insert(db, "settings", row, conflict="on conflict do nothing")
    since = value(db, "select value from settings where name = ?", (name,))
    row = {"publisher": listing.publisher, "to": to, "now": iso(now), "since": since}
    row |= {"day_ago": iso(now - timedelta(days=1)), "portion": PORTION}
    row["most"] = -1 if lists_all or listing.past else PORTION
    return None if db.execute(_ASK_FIRST, row).rowcount else bool(value(db, _HAVE_MOVED, row))


def moved(db: sqlite3.Connection, publisher: str) -> list[str]:
    """Return the places that a publisher (its slug) has moved to."""
    begins = f"{publisher} at "
    names = values(db, "select name from settings where name glob ?", (f"{begins}https://*",))
    return [name.removeprefix(begins) for name in names]


FRUITLESS = 60  # this many addresses of a shape have to lead nowhere, or
OF_A_LISTING = 300  # of a listing, which may have others of other shapes
PER_FRUITFUL = 20  # and this many for each that led to something new
REST = timedelta(days=1)

_COUNT = """
insert into shapes (publisher, shape, fruitful, fruitless) values (?, ?, ?, ?)
on conflict (publisher, shape) do update set
    fruitful = fruitful + excluded.fruitful, fruitless = fruitless + excluded.fruitless
returning fruitful, fruitless, coalesce(rests_until, '')
"""
_RESTART = """update shapes set fruitful = 0, fruitless = 0, rests_until = ?
    where publisher = ? and shape = ?"""
_DEPTH = 8
_LONGEST_WORD = 20
_WORD = re.compile(r"[^\W\d_]+")
_FEW_KEYS = 2


def shape(url: str) -> str:
    """Return what addresses that a program counts up have in common.

    Words of the path and the names of a query's keys stay; numbers become `#`, everything else
    that varies `*`, and what lies deeper than eight parts `…`.
    """
    parts = urlsplit(url)
    path = [_part(part) for part in parts.path.split("/")[1:]]
    if len(path) > _DEPTH:
        path = [*path[:_DEPTH], "…"]
    keys = sorted({pair.partition("=")[0] for pair in parts.query.split("&") if pair})
    query = "&".join(_part(key) for key in keys) if len(keys) <= _FEW_KEYS else "*"
    return f"{parts.netloc}/{'/'.join(path)}{'?' if query else ''}{query}"


def _part(part: str) -> str:
    if part.isdecimal():
        return "#"
    plain = unquote(part)
    return plain if len(plain) <= _LONGEST_WORD and _WORD.fullmatch(plain) else "*" if part else ""


def count_first_visit(
    db: sqlite3.Connection, visit: Visit, *, fruitful: bool, now: datetime
) -> Iterator[tuple[str, Problem]]:
    """Count the first visit to an address, by its shape and, of an article, by its listing.

    Yields the shape, or the listing's key, with the problem of one that is a trap. Its due visits,
    but for entry points, rest for a day; it is counted afresh afterwards.
    """
    groups = [(shape(visit.key), "shape_of(key)", "like", FRUITLESS)]
    if visit.found_in and visit.kind is Kind.ARTICLE:
        groups.append((visit.found_in, "found_in", "in", OF_A_LISTING))
    for group, column, how, few in groups:
        counts = (visit.publisher, group, int(fruitful), int(not fruitful))
        fruits, fruitless, rests_until = db.execute(_COUNT, counts).fetchone()
        if fruitless >= max(few, PER_FRUITFUL * fruits) and rests_until <= iso(now):
            _rest(db, (iso(now + REST), visit.publisher, group), column)
            detail = f"{fruitless} addresses {how} {group} brought nothing new; they rest for a day"
            yield group, Problem(kind=ProblemKind.URL_TRAP, detail=detail, stage="discover")


def _rest(db: sqlite3.Connection, row: tuple[str, str, str], column: str) -> None:
    """Let the due visits of a group rest (until, publisher, group), which is counted afresh."""
    db.create_function("shape_of", 1, shape, deterministic=True)
    db.execute(_RESTART, row)
    db.execute(
        f"update visits set due_at = ?1 where publisher = ?2 and due_at < ?1 and {column} = ?3"  # noqa: S608 - ours
        " and article is null and found_in is not null",
        row,
    )


def new_on(db: sqlite3.Connection, publisher: str, day: date) -> int:
    """Return how many addresses of a publisher were new on a day; long ones count as several."""
    sql = "select addresses from new_addresses where publisher = ? and day = ?"
    return value(db, sql, (publisher, day.isoformat())) or 0


def lists_articles(db: sqlite3.Connection, listing: str) -> bool:
    """Return whether a sitemap (its key) is known as one of articles, not as an index."""
    sql = (
        "select v.kind from visits p join links l on l.listing = p.id"
        " join visits v on v.id = l.visit where p.key = ? limit 1"
    )
    return value(db, sql, (listing,)) == Kind.ARTICLE


def resting(db: sqlite3.Connection, *, now: datetime) -> set[tuple[str, str]]:
    """Return (publisher, shape or listing) of those that rest."""
    rows = db.execute("select publisher, shape from shapes where rests_until > ?", (iso(now),))
    return {(publisher, shape) for publisher, shape in rows}
