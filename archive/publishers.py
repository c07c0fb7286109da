"""Rows of publishers, and the identity keys of their addresses."""

import json
import sqlite3

from archive.records import Publisher
from archive.urls import identity_key

_COLUMNS = (
    "slug", "name", "name_latin", "homepage", "country", "language", "timezone", "tracking",
)  # fmt: skip
_SAVE = f"""
insert into publishers ({", ".join(_COLUMNS)}) values ({", ".join("?" * len(_COLUMNS))})
on conflict (slug) do update set
    {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""  # noqa: S608 - the names are ours
_UNKNOWN = " where name = slug and coalesce(name_latin, homepage, country, language) is null"


def save(db: sqlite3.Connection, publisher: Publisher) -> None:
    """Insert a publisher, or update all that is known of it."""
    db.execute(_SAVE, _row(publisher))


def save_new(db: sqlite3.Connection, publisher: Publisher) -> None:
    """Insert a publisher; one of which more than the slug is known stays as it is."""
    db.execute(_SAVE + _UNKNOWN, _row(publisher))


def is_known(db: sqlite3.Connection, slug: str) -> bool:
    """Return whether the archive has anything of a publisher."""
    return db.execute("select 1 from publishers where slug = ?", (slug,)).fetchone() is not None


def tracking(db: sqlite3.Connection, slug: str | None) -> frozenset[str]:
    """Return the query keys that track readers of a publisher, as its file named them."""
    row = db.execute("select tracking from publishers where slug = ?", (slug,)).fetchone()
    return _names(row[0]) if row else frozenset()


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
    named = db.execute("select distinct tracking from publishers where tracking is not null")
    keys = [identity_key(url, tracking=_names(names)) for (names,) in named.fetchall()]
    return list(dict.fromkeys([identity_key(url), *keys]))


def _names(stored: str | None) -> frozenset[str]:
    return frozenset(json.loads(stored)) if stored else frozenset()


def _row(publisher: Publisher) -> tuple[str | None, ...]:
    return (
        publisher.slug,
        publisher.name,
        publisher.name_latin,
        publisher.homepage,
        publisher.country,
        publisher.language,
        publisher.timezone,
        json.dumps(sorted(publisher.tracking)) if publisher.tracking else None,
    )
