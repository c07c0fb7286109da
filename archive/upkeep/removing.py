"""Taking withheld articles out of a copy of the database, with everything that tells of them."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from archive.errors import DamagedWarc
from archive.records import Kind, WarcLocation
from archive.session import WARC_FOLDER
from archive.urls import canonical
from archive.warc.reader import read_record

# What goes, by table. Captures go by address, and by their bytes: an unchanged page, or the same
# one at another address, is the withheld text again. Rows of others that point to one stay.
_GATHER = """
create temp table gone_articles as select id, url, publisher from articles
    where withheld_at is not null;
create temp table gone_urls (url text primary key);
insert or ignore into gone_urls select url from gone_articles;
insert or ignore into gone_urls select key from visits
    where article in (select id from gone_articles);
insert or ignore into gone_urls select url from visits
    where article in (select id from gone_articles);
create temp table gone_captures (id integer primary key);
insert or ignore into gone_captures select capture from revisions
    where article in (select id from gone_articles) and capture is not null;
insert or ignore into gone_captures select capture from articles
    where id in (select id from gone_articles) and capture is not null;
insert or ignore into gone_captures select id from captures
    where article in (select id from gone_articles);
insert or ignore into gone_urls select url from captures join gone_captures using (id);
insert or ignore into gone_captures select id from captures where wire_bytes > 0 and sha256 in (
    select sha256 from captures join gone_captures using (id) where status between 200 and 299)
"""
_BY_ADDRESS = (
    "insert or ignore into gone_captures"
    " select id from captures where url in (select url from gone_urls)"
)
_REMOVE = """
update articles set capture = null where capture in (select id from gone_captures);
update revisions set capture = null where capture in (select id from gone_captures);
delete from problems where url in (select url from gone_urls)
    or capture in (select id from gone_captures);
delete from links where url in (select url from gone_urls)
    or found_in in (select url from gone_urls)
    or url in (select key from visits where url in (select url from gone_urls));
delete from visits where article in (select id from gone_articles)
    or key in (select url from gone_urls) or url in (select url from gone_urls);
update visits set found_in = null where found_in in (select url from gone_urls);
delete from hosts;
delete from shapes;
delete from article_authors where article in (select id from gone_articles);
delete from article_tags where article in (select id from gone_articles);
delete from authors where id not in (select author from article_authors);
delete from tags where id not in (select tag from article_tags);
delete from story_sketches where article in (select id from gone_articles);
delete from revisions where article in (select id from gone_articles);
delete from withholdings;
delete from articles where id in (select id from gone_articles);
delete from captures where id in (select id from gone_captures);
delete from publishers where slug in (select publisher from gone_articles)
    and not exists (select 1 from articles where publisher = slug)
    and not exists (select 1 from visits where publisher = slug)
    and not exists (select 1 from captures where publisher = slug)
    and not exists (select 1 from problems where publisher = slug)
"""
# A story bears the number of its first article; where that is gone it gets that of the next.
_STORIES = """
select s.id, (select id from articles where story = s.id order by first_seen_at, id limit 1),
    (select count(*) from articles where story = s.id)
from stories s where id in (select id from gone_articles)
    or (select count(*) from articles where story = s.id) < 2
"""


def remove_withheld(db: sqlite3.Connection, root: Path) -> int:
    """Take every withheld article out of `db`, a copy of the archive in `root`; return how many.

    Its words leave the index, its authors and tags go where nobody else has them, and what the
    crawler remembers of hosts and shapes of addresses goes whole. What is deleted is still in free
    pages until the file is vacuumed.
    """
    db.execute("pragma foreign_keys = off")
    db.execute("pragma secure_delete = on")
    gather(db, root)
    (number,) = db.execute("select count(*) from gone_articles").fetchone()
    _run(db, _REMOVE)
    _forget_hosts(db)
    for story, heir, left in db.execute(_STORIES).fetchall():
        _rename_story(db, story, heir if left > 1 else None)
    if number:
        db.execute("insert into articles_fts(articles_fts) values ('optimize')")
    return int(number)


def gather(db: sqlite3.Connection, root: Path) -> None:
    """Note in temporary tables what tells of withheld articles.

    `gone_articles` (id, url, publisher), `gone_urls` (url) and `gone_captures` (id).
    """
    _run(db, _GATHER)
    _follow_redirects(db, root / WARC_FOLDER)


def _run(db: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        db.execute(statement)


def _follow_redirects(db: sqlite3.Connection, folder: Path) -> None:
    """Add the addresses that the withheld ones were redirected to, as their records tell.

    Raises:
        DamagedWarc: if one cannot be read.
    """
    known = -1
    while known != (known := db.execute("select count(*) from gone_urls").fetchone()[0]):
        db.execute(_BY_ADDRESS)
        redirects = db.execute(
            "select url, warc_file, warc_offset, warc_length from captures"
            " join gone_captures using (id) where status between 300 and 399 and status != 304"
        ).fetchall()
        for url, file, offset, length in redirects:
            for target in _targets(
                url, folder, WarcLocation(file=file, offset=offset, length=length)
            ):
                db.execute("insert or ignore into gone_urls values (?)", (target,))


def _targets(url: str, folder: Path, location: WarcLocation) -> Iterator[str]:
    try:
        record = read_record(folder, location)
    except DamagedWarc as error:
        raise DamagedWarc(
            f"{error}; it holds a redirect of a withheld article, and without"
            " it nobody knows what has to be left out: put the file back from a backup"
        ) from error
    for name, value in record.message.headers if record.message else ():
        if name.lower() == "location":
            target = urljoin(url, value)
            yield target
            try:
                yield canonical(target)
            except ValueError:
                return


def _forget_hosts(db: sqlite3.Connection) -> None:
    """Take out the robots.txt of hosts of which nothing else was kept."""
    hosts = {urlsplit(url).netloc for (url,) in db.execute("select url from gone_urls")}
    left: dict[str, list[int]] = {}
    for capture, kind, url in db.execute("select id, kind, url from captures"):
        host = urlsplit(url).netloc
        if host in hosts and kind != Kind.ROBOTS:
            hosts.discard(host)
            left.pop(host, None)
        elif host in hosts:
            left.setdefault(host, []).append(capture)
    for captures in left.values():
        for capture in captures:
            db.execute("update problems set capture = null where capture = ?", (capture,))
            db.execute("delete from captures where id = ?", (capture,))


def _rename_story(db: sqlite3.Connection, story: int, heir: int | None) -> None:
    """Give a story the number of its heir, or dissolve it."""
    if heir is not None and heir != story:
        db.execute("insert or ignore into stories (id) values (?)", (heir,))
    if heir != story:
        db.execute("update articles set story = ? where story = ?", (heir, story))
        db.execute("delete from stories where id = ?", (story,))


def sync(path: Path) -> None:
    """Put a file on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
