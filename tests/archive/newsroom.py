"""An archive in memory and articles for it, with no crawl behind them."""

import sqlite3

from sqlite_utils import Database

from archive.database import migrations
from archive.search.index import register
from archive.urls import identity_key


def empty_archive():
    """Return a connection to a fresh archive in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    register(connection)
    migrations().apply(Database(connection))
    return connection


def add_article(connection, conflict="abort", **fields):
    """Insert an article; what is not given is plain."""
    url = f"https://news.example/{fields.get('id', 1)}"
    row = {
        "key": identity_key(fields.get("url", url)),
        "publisher": "enabbaladi",
        "url": url,
        "kind": "article",
        "text": "",
        "words": 0,
        "first_seen_at": "2020-11-09T12:00:00Z",
        "last_seen_at": "2020-11-09T12:00:00Z",
    } | fields
    connection.execute(
        "insert or ignore into publishers(slug, name, name_latin) values (?, ?, ?)",
        (row["publisher"], "عنب بلدي", "Enab Baladi"),
    )
    connection.execute(
        f"insert or {conflict} into articles({', '.join(row)})"
        f" values ({', '.join('?' * len(row))})",
        tuple(row.values()),
    )
