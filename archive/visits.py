"""The frontier: which addresses are known, which are due, and what the last visit said.

Nothing about the crawl is remembered anywhere else (invariant 3). What a walk into the past
found is marked `past`, so that one that was broken off goes on where it was, and no news waits.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from archive.clock import from_iso, iso
from archive.journal import SHOWN, Decision
from archive.links import FOUND, KNOWN, new
from archive.models import Capture, Kind, Link, Outcome, Visit
from archive.publishers import key_of, keys_of
from archive.rows import Parameters, Row, insert, record, row_of, select, value, values

State = Literal["due", "done", "gone", "refused", "failed"]
Span = tuple[date, date]  # the first and the last day that a walk into the past is about

# A hint counts whichever listing gave it; the order only makes the choice the same each time.
_HINT = """(
    select {0} from links l join visits k on k.id = l.listing
    where l.visit = v.id and {0} != '' {1} order by k.key limit 1
) {0}"""
_DATED_BY = """(
    select k.kind from links l join visits k on k.id = l.listing
    where l.visit = v.id and l.published != '' {} order by k.key limit 1
) dated_by"""


def hint_columns(condition: str = "") -> str:
    """Return the columns with what listings say of a visit `v`, by links `l` of a condition."""
    hints = [_HINT.format(name, condition) for name in ("title", "published", "author", "summary")]
    return ", ".join([*hints, _DATED_BY.format(condition)])


# What was imported since the last visit is newer than what that brought: all is read again.
VISITS = f"""
select v.key, v.url, v.publisher, v.kind, v.found_in, v.found_at, v.due_at, v.last_at,
    iif(l.id is null, null, v.etag) etag, iif(l.id is null, null, v.last_modified) last_modified,
    l.sha256 last_sha256, v.failures, v.article, {hint_columns()},
    v.past, v.earliest_on, v.latest_on, v.watched_from, v.watched_until
from visits v left join captures l on l.id = v.last_capture and not exists (
    select 1 from captures n where n.article = v.article and n.fetched_at > v.last_at
)
"""  # noqa: S608 - the names of columns
_HINTS = ("url", "kind", "title", "published", "author", "summary", "dated_by")
KINDS = {True: "= 'article'", False: "in ('feed', 'sitemap', 'section', 'api')"}  # articles or not
_DUE = f"""
{VISITS}
where v.publisher = :publisher and v.due_at <= :now and v.past = 0 and v.kind {{kinds}}
    {{only}}
order by v.due_at, v.rowid limit :limit
"""
_WITHIN = """v.past = 1 and (v.latest_on is null or v.latest_on >= :since)
    and (v.earliest_on is null or v.earliest_on <= :until)"""
_NEXT = f"""
{VISITS}
where v.publisher = :publisher and v.due_at <= :now and {_WITHIN} and v.kind {{kinds}}
order by v.latest_on desc, v.rowid desc limit :limit
"""
_VISITED = """
update visits set due_at = :due_at, not_before = :not_before, last_at = :last_at,
    url = coalesce(:moved, url), state = :state, failures = :failures, interval = :interval,
    etag = :etag, last_modified = :last_modified,
    last_capture = coalesce(:last_capture, last_capture),
    article = coalesce(:article, article),
    past = case when kind = 'article' and :state in ('done', 'gone') then 0 else past end
where key = :key
"""
WATCH_AFTER = timedelta(hours=1)  # what is to be watched is looked at first
_WATCH = """
update visits set
    due_at = case when last_at > :now then due_at
        else max(min(coalesce(due_at, :first), :first), coalesce(not_before, '')) end,
    watched_from = case when watched_until > :now then watched_from else :now end,
    watched_until = :until
where key in (select value from json_each(:keys)) and coalesce(watched_until, '') < :until
"""
_BY_PUBLISHER = """
select publisher, json_group_array(key) from visits
where key in (select value from json_each(?)) group by 1
"""
_WATCHED = """
select key, publisher from visits
where watched_until > :now and (due_at <= :now or not :due) and past = 0 order by due_at, key
"""


def ask(
    db: sqlite3.Connection, addresses: Iterable[tuple[str, Kind]], *, publisher: str, now: datetime
) -> None:
    """Make addresses (with their kinds) known and due now, or when the site allows it again."""
    for url, kind in addresses:
        key, at = key_of(db, url, publisher), iso(now)
        db.execute(FOUND, new(key, Link(url=url, kind=kind), publisher, now=now))
        db.execute(
            "update visits set due_at = max(?, coalesce(not_before, '')), url = ?, kind = ?,"
            " publisher = ?, past = 0 where key = ?",
            (at, url, kind, publisher, key),
        )


def by_publisher(db: sqlite3.Connection, urls: Iterable[str]) -> dict[str, list[str]]:
    """Return the keys of those of the addresses that are known, by the publishers of their visits.

    With a list of thousands, each publisher's share is asked for by itself.
    """
    keys = json.dumps([key for url in urls for key in keys_of(db, url)])
    rows = db.execute(_BY_PUBLISHER, (keys,))
    return {slug: json.loads(found) for slug, found in rows}


def watch(db: sqlite3.Connection, url: str, *, now: datetime, until: datetime) -> None:
    """Have a known address looked at by its age until a moment, whoever published it."""
    moments = {"now": iso(now), "first": iso(now + WATCH_AFTER), "until": iso(until)}
    db.execute(_WATCH, {"keys": json.dumps(keys_of(db, url))} | moments)


def watched(db: sqlite3.Connection, *, now: datetime, due: bool = True) -> list[tuple[str, str]]:
    """Return the watched visits (key, publisher) that are due, longest first; or all of them."""
    return db.execute(_WATCHED, {"now": iso(now), "due": due}).fetchall()


def retry(db: sqlite3.Connection, publisher: str, *, now: datetime) -> None:
    """Make a publisher's failed visits, those that were given up included, due now.

    A host that is paused is still left alone (`archive.publishers.Hosts`).
    """
    db.execute(
        "update visits set due_at = ?1, not_before = null where publisher = ?2"
        " and past = 0 and state in ('failed', 'refused') and (due_at is null or due_at > ?1)",
        (iso(now), publisher),
    )


def retire(db: sqlite3.Connection, publisher: str) -> None:
    """Let a publisher's listings rest until they are asked for or found again."""
    db.execute(
        "update visits set due_at = null"
        " where publisher = ? and kind != 'article' and found_in is null",
        (publisher,),
    )


def due(
    db: sqlite3.Connection,
    publisher: str,
    *,
    now: datetime,
    articles: bool,
    limit: int,
    busy: Collection[str] = (),
    only: Collection[str] | None = None,
    images: bool = False,
    within: Span | None = None,
) -> list[Visit]:
    """Return at most `limit` visits that are due and not `busy` (keys), longest due first.

    Those to articles, to listings, or to `images`. With `only` (keys), of these alone; of a walk
    into the past those `within` a span of days alone, the newest first.
    """
    kinds = "= 'image'" if images else KINDS[articles]
    sql = (_NEXT if within else _DUE).format(kinds=kinds, only=_among(only))
    asked = _asked([publisher], now, within, only)
    asked |= {"publisher": publisher, "limit": limit + len(busy)}
    return visits_of(db, sql, asked, busy=busy)[:limit]


def _among(only: Collection[str] | None) -> str:
    return "" if only is None else "and v.key in (select value from json_each(:only))"


def _asked(
    publishers: Collection[str], now: datetime, within: Span | None, only: Collection[str] | None
) -> Row:
    since, until = within or (None, None)
    return {
        "publishers": json.dumps(list(publishers)),
        "now": iso(now),
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "only": None if only is None else json.dumps(list(only)),
    }


def visits_of(
    db: sqlite3.Connection, sql: str, parameters: Parameters, *, busy: Collection[str] = ()
) -> list[Visit]:
    """Return the visits that a query made of `VISITS` finds, without those that are `busy`."""
    rows = [row for row in select(db, sql, parameters) if row["key"] not in busy]
    for row in rows:
        row["hints"] = {name: row[name] for name in _HINTS} if row["found_in"] else None
    return [record(Visit, row) for row in rows]


def count_due(
    db: sqlite3.Connection,
    publishers: Collection[str],
    *,
    now: datetime,
    within: Span | None = None,
    only: Collection[str] | None = None,
) -> int:
    """Return how many visits of these publishers are due, selected as by `due`."""
    sql = f"""
    select count(*) from visits v where publisher in (select value from json_each(:publishers))
        and due_at <= :now and {_WITHIN if within else "past = 0"} {_among(only)}
    """  # noqa: S608 - constants
    return int(value(db, sql, _asked(publishers, now, within, only)) or 0)


def due_publishers(
    db: sqlite3.Connection, publishers: Collection[str], *, now: datetime
) -> list[str]:
    """Return those of the publishers that have articles, or listings of listings, due."""
    sql = (
        "select slug from publishers p where slug in (select value from json_each(?)) and exists ("
        "select 1 from visits v where v.publisher = p.slug and v.past = 0 and v.due_at <= ?"
        " and (kind = 'article' or found_in is not null)) order by slug"
    )
    return values(db, sql, (json.dumps(list(publishers)), iso(now)))


def visited(
    db: sqlite3.Connection,
    visit: Visit,
    capture: Capture | None,
    decision: Decision,
    *,
    now: datetime,
    article: int | None = None,
) -> None:
    """Save what came of a visit, and the article it led to.

    A `due_at` of None means that it is not visited again. Before `not_before` the site does not
    want to be asked. Validators (ETag, Last-Modified) and digest of the last good answer stay when
    this one has none: a 304 names them or not, an error never replaces them.
    """
    is_good = capture and capture.status == 200 and decision.outcome is not Outcome.OTHER
    good = capture if is_good and decision.state == "done" else None
    row = {
        "key": visit.key,
        "article": article,
        "etag": good.etag if good else visit.etag,
        "last_modified": good.last_modified if good else visit.last_modified,
        "last_capture": good.id if good else None,
        "moved": decision.moved,
    }
    db.execute(_VISITED, row | ended(decision, at=now))
    if decision.moved and article and decision.outcome in SHOWN:
        lead_on(db, visit, to=decision.moved, article=article, at=now)


def lead_on(db: sqlite3.Connection, visit: Visit, *, to: str, article: int, at: datetime) -> None:
    """Save that an address to which the one of a visit leads is of the same article."""
    row = row_of(visit, ("publisher", "kind")) | {"state": "done", "article": article}
    row |= {"key": key_of(db, to, visit.publisher), "url": to, "found_in": visit.key}
    row |= {"found_at": iso(at), "last_at": iso(at)}
    known = "on conflict (key) do update set article = coalesce(article, excluded.article)"
    insert(db, "visits", row, conflict=known)


def ended(decision: Decision, *, at: datetime) -> Row:
    """Return the columns that say how and when a visit ended."""
    due_at, not_before = decision.due_at, decision.not_before
    return {
        "due_at": due_at and iso(due_at),
        "not_before": not_before and iso(not_before),
        "last_at": iso(at),
        "state": decision.state,
        "failures": decision.failures,
        "interval": round((due_at - at).total_seconds()) if due_at else None,
    }


def failures_after(visit: Visit, state: State) -> int:
    """Return how many visits in a row have failed once one has ended with a state."""
    return visit.failures + 1 if state in {"failed", "refused"} else 0


def lead(db: sqlite3.Connection, key: str, *, article: int) -> None:
    """Keep which article an address led to, if it led to none before."""
    db.execute("update visits set article = ? where key = ? and article is null", (article, key))


def known(db: sqlite3.Connection, visit: Visit) -> Visit:
    """Return what is known of a visit's address, which becomes known if it is not.

    The hints are those of `visit`, where it has any.
    """
    link = Link(
        url=visit.url, kind=visit.kind, earliest_on=visit.earliest_on, latest_on=visit.latest_on
    )
    at = visit.found_at or datetime.now(UTC)
    row = new(visit.key, link, visit.publisher, now=at, past=visit.past)
    db.execute(KNOWN, row | {"found_in": visit.found_in})
    stored = find(db, visit.key) or visit
    return replace(stored, kind=visit.kind, hints=visit.hints or stored.hints)


def find(db: sqlite3.Connection, key: str) -> Visit | None:
    """Return what is known of an address (its key), None if it is not known."""
    return next(iter(visits_of(db, f"{VISITS} where v.key = ?", (key,))), None)


def read_at(db: sqlite3.Connection, key: str) -> datetime | None:
    """Return when the last good answer of an address (its key) was fetched, None if none was."""
    sql = "select fetched_at from visits v join captures c on c.id = last_capture where key = ?"
    at = value(db, sql, (key,))
    return from_iso(at) if at else None


def first_visit(db: sqlite3.Connection, article: int) -> Visit | None:
    """Return the visit to the address that led to an article first, None if none did."""
    sql = f"{VISITS} where v.article = ? order by v.found_at, v.key limit 1"
    return next(iter(visits_of(db, sql, (article,))), None)


def followed(db: sqlite3.Connection) -> set[str]:
    """Return the publishers (their slugs) of whose listings some were asked for by name."""
    sql = "select distinct publisher from visits where kind != 'article' and found_in is null"
    return set(values(db, sql))


# The pages of a section, each found in the one before.
_LAST_PAGE = """
with recursive pages(key, depth) as (
    select :key, 0
    union select v.key, depth + 1 from visits v join pages on v.found_in = pages.key
    where v.kind = 'section' and v.state != 'gone' and v.key != :key and depth < 100000
)
select key from pages order by depth desc limit 1
"""
_BEGIN = """
update visits set due_at = max(:at, coalesce(not_before, '')), past = 1
where key = :key
    and (kind != 'api' or :latest_on is null or last_at is null or date(last_at) <= :latest_on)
"""
_DAYS = """
select coalesce(a.published_on, v.latest_on) as day
from visits p join links l on l.listing = p.id join visits v on v.id = l.visit
left join articles a on a.id = v.article
where p.key = :page and v.kind = 'article' and not exists (
    select 1 from visits before join links o on o.listing = before.id
    where before.key = p.found_in and o.visit = l.visit
)
"""
_LISTED = """
select v.key from visits p join links l on l.listing = p.id join visits v on v.id = l.visit
where p.key = ?
"""


def walk_back(
    db: sqlite3.Connection,
    ways: Iterable[Link],
    *,
    publisher: str,
    now: datetime,
    restart: bool = False,
) -> None:
    """Make the listings that lead into the past due, as far as they are not exhausted.

    An interface's span of days is read again only where it was not over when it was read. A
    section goes on from the last of its pages that is known, unless it is to `restart`.
    """
    for way in ways:
        row = new(key_of(db, way.url, publisher), way, publisher, now=now, past=True)
        added = db.execute(FOUND, row).rowcount
        if not (added or restart) and way.kind is Kind.SECTION:
            row["key"] = value(db, _LAST_PAGE, row) or row["key"]
        db.execute(_BEGIN, row)


def is_before(db: sqlite3.Connection, page: str, day: date) -> bool:
    """Return whether a section's page (its key) leads to what was published before a day.

    That is so where most of its articles were, of those that are dated and are not on the page
    before it as well, as what is pinned or most read does.
    """
    days: list[str] = [each for each in values(db, _DAYS, {"page": page}) if each is not None]
    return 2 * sum(each < day.isoformat() for each in days) > len(days)


_ABOVE = """
with recursive above(key, depth) as (select :key, 1 union all select v.found_in, depth + 1
    from above join visits v on v.key = above.key
    where v.kind = :kind and v.found_in is not null and depth < :most)
select max(depth) from above"""


def depth(db: sqlite3.Connection, page: Visit, *, most: int) -> int:
    """Return which page of its listing a visit is to, at most `most`."""
    return int(value(db, _ABOVE, {"key": page.key, "kind": page.kind, "most": most}) or 1)


def is_like(db: sqlite3.Connection, keys: Collection[str], page: str) -> bool:
    """Return whether a page that was read before lists all of these addresses already."""
    return {*values(db, _LISTED, (page,))}.issuperset(keys)


_LATEST = """
select max(coalesce((select max(started_at) from runs), ''),
    coalesce((select max(fetched_at) from captures), ''))
"""
_WORTH_CORRECTING = timedelta(hours=1)  # a smaller lead is waited for
_SHIFTED = "strftime('%Y-%m-%dT%H:%M:%f', {0}, :shift) || '000Z'"  # times are text of one width
_SHIFT_VISITS = f"""
update visits set
    due_at = case when last_at is null or due_at is null then :now
        else max(:now, {_SHIFTED.format("due_at")}) end,
    not_before = {_SHIFTED.format("not_before")},
    last_at = min(last_at, :now),
    found_at = min(found_at, :now)
where max(found_at, coalesce(last_at, '')) > :soon
    and (due_at > :now or (due_at is null and kind = 'article' and state in ('done', 'failed')))
"""  # noqa: S608 - constants
_SHIFT_HOSTS = f"""
update hosts set not_before = {_SHIFTED.format("not_before")} where not_before > :now
"""  # noqa: S608


def correct_fast_clock(db: sqlite3.Connection, *, now: datetime) -> timedelta | None:
    """Make visits due as they would be if an earlier run's clock had not been ahead of `now`.

    That clock found addresses "tomorrow", and nobody would visit them before that; articles were
    too old to be visited again. It matters only where a run began, or something was fetched, over
    an hour after `now`. Returns how far ahead the clock was, None where nothing had to be changed.
    What was observed keeps the times it was given.
    """
    latest = value(db, _LATEST)
    ahead = from_iso(latest) - now if latest else timedelta()
    if ahead < _WORTH_CORRECTING:
        return None
    shift = f"-{ahead.total_seconds():.3f} seconds"
    moments = {"now": iso(now), "soon": iso(now + _WORTH_CORRECTING), "shift": shift}
    if not db.execute(_SHIFT_VISITS, moments).rowcount:
        return None
    db.execute(_SHIFT_HOSTS, moments)
    return ahead
