"""Rows of publishers, and what is remembered of their hosts."""

import re
import sqlite3
from contextlib import suppress
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from archive.clock import from_iso, iso
from archive.models import Publisher
from archive.rows import from_json, insert, row_of, upsert, value, values
from archive.urls import identity_key, normal, site
from archive.warc.writer import Batch

_START = re.compile(r"\s*https?://[^/?#]+", re.IGNORECASE)  # scheme and host of an address
_UNKNOWN = "where name = slug and coalesce(name_latin, homepage, country, language) is null"


def save(db: sqlite3.Connection, publisher: Publisher, *, where: str = "") -> None:
    """Insert a publisher, or update all that is known of it (`where` its row meets a condition)."""
    row = row_of(publisher, (field.name for field in fields(publisher)))
    upsert(db, "publishers", row, key="slug", where=where)


def save_new(db: sqlite3.Connection, publisher: Publisher) -> None:
    """Insert a publisher; one of which more than the slug is known stays as it is."""
    save(db, publisher, where=_UNKNOWN)


def name(db: sqlite3.Connection, slug: str | None) -> None:
    """Give a publisher (its slug, if any) a row, unless it has one."""
    if slug:
        insert(db, "publishers", {"slug": slug, "name": slug}, conflict="on conflict do nothing")


def is_known(db: sqlite3.Connection, slug: str) -> bool:
    """Return whether the archive has anything of a publisher."""
    return value(db, "select 1 from publishers where slug = ?", (slug,)) is not None


def publisher_at(db: sqlite3.Connection, key: str) -> str | None:
    """Return the publisher (its slug) on whose site a page (its identity key) is, if known."""
    rows = db.execute("select slug, homepage from publishers where homepage is not null")
    place = site(key)
    return next((slug for slug, home in rows if site(identity_key(home)) == place), None)


def tracking(db: sqlite3.Connection, slug: str | None) -> tuple[str, ...]:
    """Return the query keys that track readers of a publisher, as its file named them."""
    sql = "select tracking from publishers where slug = ?"
    return tuple(from_json(value(db, sql, (slug,))))


def key_of(db: sqlite3.Connection, url: str, publisher: str | None) -> str:
    """Return the identity key of an address of a publisher (its slug, None if not known).

    Raises:
        ValueError: if it is not an absolute http or https URL.
    """
    return identity_key(url, tracking=tracking(db, publisher))


def keys_of(db: sqlite3.Connection, url: str) -> list[str]:
    """Return the keys that an address may have, whichever publisher it is of.

    Raises:
        ValueError: if it is not an absolute http or https URL.
    """
    named = values(db, "select distinct tracking from publishers where tracking is not null")
    keys = [identity_key(url, tracking=tuple(from_json(names))) for names in named]
    return list(dict.fromkeys([identity_key(url), *keys]))


# The visits of a place, by the range of their keys, which other hosts and schemes share (`0` is the
# character that follows `/`), and by their addresses.
_THERE = "key >= :key || '/' and key < :key || '0' and is_at(url, :place)"
_POSTPONE = f"""
update visits set due_at = max(due_at, :until), not_before = :until
where due_at is not null and {_THERE}
"""  # noqa: S608 - constants
# What was given up there, once a day as in `archive.links`.
_REVIVE = f"""
update visits set due_at = :until
where state = 'failed' and due_at is null and article is not null and past = 0
    and last_at < :day_ago and {_THERE}
"""  # noqa: S608 - constants
_AWAITED = f"select exists (select 1 from visits where due_at <= :until and {_THERE})"  # noqa: S608


class Hosts:
    """The hosts that are paused: `name`, or `name:port` where it is not the usual one.

    With `https://` before it, by that scheme alone.
    """

    def __init__(self, db: sqlite3.Connection, batch: Batch) -> None:
        self._db = db
        self._batch = batch
        db.create_function("is_at", 2, _is_at, deterministic=True)

    def pause(self, host: str, *, until: datetime, strikes: int) -> None:
        """Keep that a host is not asked before `until`; what is due there is due then.

        Where `strikes` are none yet (0 or less), it is only counted, and nothing waits.
        """
        self._batch.open()
        row = {"host": host, "not_before": iso(until), "strikes": strikes}
        upsert(self._db, "hosts", row, key="host")
        if strikes > 0:
            self._db.executemany(_POSTPONE, _ranges(host, until))

    def postpone(self, key: str, *, until: datetime) -> None:
        """Make one visit (by its key) due no sooner than `until`."""
        self._batch.open()
        self._db.execute(
            "update visits set due_at = ?1, not_before = ?1 where key = ?2", (iso(until), key)
        )

    def is_awaited(self, host: str, *, until: datetime) -> bool:
        """Return whether a visit there is due by then."""
        return any(value(self._db, _AWAITED, there) for there in _ranges(host, until))

    def forgive(self, host: str, *, now: datetime) -> None:
        """Forget that a host was left alone: it answers again, and its lost articles are due."""
        self._batch.open()
        paused = "delete from hosts where host = ? returning strikes > 0"
        if any(row[0] for row in self._db.execute(paused, (host,)).fetchall()):
            day_ago = {"day_ago": iso(now - timedelta(days=1))}
            self._db.executemany(_REVIVE, [each | day_ago for each in _ranges(host, now)])

    def paused(self) -> list[tuple[str, datetime, int]]:
        """Return (host, not before, strikes) of those that are paused or were last time."""
        rows = self._db.execute("select host, not_before, strikes from hosts order by host")
        return [(host, from_iso(until), strikes) for host, until, strikes in rows]

    def last_asked(self) -> dict[str | None, datetime]:
        """Return when each host (by its name) of the latest captures answered."""
        latest = "select url, fetched_at from captures order by fetched_at desc limit 500"
        rows = self._db.execute(latest).fetchall()
        return {urlsplit(url).hostname: from_iso(at) for url, at in reversed(rows)}


def _ranges(place: str, until: datetime) -> list[dict[str, str]]:
    origins = [place] if "://" in place else [f"http://{place}", f"https://{place}"]
    keys = {identity_key(f"{origin}/").rstrip("/") for origin in origins}
    return [{"key": key, "place": place, "until": iso(until)} for key in sorted(keys)]


def _is_at(url: str, place: str) -> bool:
    """Return whether an address is of a host, or of an origin (as `Hosts` has them)."""
    start = _START.match(url)
    origin = _origin(start[0]) if start else ""
    return place in {origin, origin.partition("://")[2]}


@lru_cache(maxsize=64)  # many visits have the same
def _origin(start: str) -> str:
    with suppress(ValueError):
        return normal(f"{start}/").rstrip("/")
    return ""
