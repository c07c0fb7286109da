"""Rows of articles that are lost, made again from what refers to them.

Without title and text at first: these come from the captures, when their chains are read again.
"""

import contextlib
import sqlite3
from collections.abc import Iterator

from archive.publishers import key_of
from archive.urls import article_id

_LOST = """
select article, min(observed_at), max(observed_at), count(*) from revisions
where article not in (select id from articles) group by article
"""
# Where an article may have been first: the addresses that led to it, then those that answered.
_PLACES = """
select address, publisher from (
    select url as address, publisher, 0 as place, found_at as at from visits
    where article = :article
    union all select url, publisher, 1, fetched_at from captures where article = :article
    union all select c.url, c.publisher, 1, c.fetched_at from revisions r
        join captures c on c.id = r.capture where r.article = :article
) where publisher is not null order by place, at, address
"""
_RESTORE = """
insert into articles (id, key, publisher, url, kind, text, words, capture, first_seen_at,
    last_seen_at, revision_count, withheld_at)
values (:article, :key, :publisher, :url, 'article', '', 0, (
    select c.id from revisions r join captures c on c.id = r.capture
    where r.article = :article order by r.number desc limit 1
), :first, :last, :count, (
    select case act when 'withhold' then at end from withholdings
    where article = :article order by at desc, id desc limit 1
)) on conflict do nothing
"""


def restore_articles(db: sqlite3.Connection) -> None:
    """Make the articles again whose revisions are there; what was withheld is so again."""
    for article, first, last, count in db.execute(_LOST).fetchall():
        places = list(dict.fromkeys(_places(db, article)))
        if not places:
            continue
        # An article's id is made from its identity key (invariant 11).
        key, url, publisher = next(
            (place for place in places if article_id(place[0]) == article), places[0]
        )
        db.execute(_RESTORE, {
            "article": article, "key": key, "publisher": publisher, "url": url,
            "first": first, "last": last, "count": count,
        })  # fmt: skip
        # Of the text that was: it would be taken for a version of itself.
        db.execute("delete from story_sketches where article = ?", (article,))


def _places(db: sqlite3.Connection, article: int) -> Iterator[tuple[str, str, str]]:
    for url, publisher in db.execute(_PLACES, {"article": article}):
        with contextlib.suppress(ValueError):
            yield key_of(db, url, publisher), url, publisher
