"""Walks into the past: where they begin, what they visit next, where they end.

What a walk found lies in `visits`, marked `past`, so that a walk that was broken off goes on where
it was, and the visits of the news never wait behind it.
"""

import sqlite3
from collections.abc import Collection, Iterable
from datetime import date

from archive.batch import Batch
from archive.clock import Clock, iso
from archive.links import FOUND, new
from archive.publishers import key_of
from archive.records import Kind, Link, Visit
from archive.visits import KINDS, VISITS, as_visit

_WITHIN = """v.past = 1 and v.publisher = :publisher and v.due_at <= :now
    and (v.latest_on is null or v.latest_on >= :since)
    and (v.earliest_on is null or v.earliest_on <= :until)"""
_NEXT = f"""
{VISITS} where {_WITHIN} and v.kind {{kinds}} order by v.latest_on desc, v.rowid desc limit :limit
"""

# The pages of a section, each found in the one before.
_LAST_PAGE = """
with recursive pages(key, depth) as (
    select :entry, 0
    union select v.key, depth + 1 from visits v join pages on v.found_in = pages.key
    where v.kind = 'section' and v.state != 'gone' and v.key != :entry and depth < 100000
)
select key from pages order by depth desc limit 1
"""
_BEGIN = """
update visits set due_at = max(:at, coalesce(not_before, '')), past = 1
where key = :key
    and (kind != 'api' or :last is null or last_at is null or date(last_at) <= :last)
"""
_DAYS = """
select coalesce(a.published_on, v.latest_on) as day from links l join visits v on v.key = l.url
left join articles a on a.id = v.article
where l.found_in = :page and v.kind = 'article' and not exists (
    select 1 from links o join visits p on p.key = :page
    where o.url = l.url and o.found_in = p.found_in
)
"""


class Past:
    """The walks into the past of publishers, in an archive that is open for writing."""

    def __init__(self, db: sqlite3.Connection, batch: Batch, *, clock: Clock) -> None:
        self._db = db
        self._batch = batch
        self._clock = clock

    def begin(self, ways: Iterable[Link], *, publisher: str, anew: bool = False) -> None:
        """Make the listings that lead into the past due, as far as they are not exhausted.

        An interface's span of days is read again only where it was not over when it was read. A
        section goes on from the last of its pages that is known, unless it begins `anew`.
        """
        self._batch.open()
        now = self._clock()
        for way in ways:
            key = key_of(self._db, way.url, publisher)
            added = self._db.execute(FOUND, new(key, way, publisher, now=now, past=True)).rowcount
            if not (added or anew) and way.kind is Kind.SECTION:
                (key,) = self._db.execute(_LAST_PAGE, {"entry": key}).fetchone()
            last = way.latest_on.isoformat() if way.latest_on else None
            self._db.execute(_BEGIN, {"key": key, "at": iso(now), "last": last})

    def due(
        self,
        publisher: str,
        *,
        since: date,
        until: date,
        articles: bool,
        limit: int,
        busy: Collection[str] = (),
    ) -> list[Visit]:
        """Return the next visits of a walk that are not `busy` (keys), the newest days first."""
        asked = self._within(publisher, since, until) | {"limit": limit + len(busy)}
        rows = self._db.execute(_NEXT.format(kinds=KINDS[articles]), asked)
        return [as_visit(row) for row in rows if row[0] not in busy][:limit]

    def count(self, publisher: str, *, since: date, until: date) -> int:
        """Return how many visits of a walk are due."""
        asked = self._within(publisher, since, until)
        row = self._db.execute(f"select count(*) from visits v where {_WITHIN}", asked).fetchone()  # noqa: S608
        return int(row[0])

    def is_before(self, page: str, day: date) -> bool:
        """Return whether a section's page (its key) leads to what was published before a day.

        That is so where most of its articles were, of those that are dated and do not stand on the
        page before it as well, as what is pinned or most read does.
        """
        days = [row[0] for row in self._db.execute(_DAYS, {"page": page}) if row[0] is not None]
        return 2 * sum(1 for one in days if one < day.isoformat()) > len(days)

    def is_like(self, keys: Collection[str], page: str) -> bool:
        """Return whether a page that was read before lists all of these addresses already."""
        rows = self._db.execute("select url from links where found_in = ?", (page,))
        return set(keys) <= {url for (url,) in rows}

    def _within(self, publisher: str, since: date, until: date) -> dict[str, str | int]:
        return {
            "publisher": publisher,
            "now": iso(self._clock()),
            "since": since.isoformat(),
            "until": until.isoformat(),
        }
