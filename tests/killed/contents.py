"""What an archive says, to compare a killed one with one that nobody disturbed."""

import hashlib
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path

from archive.database import NAME

Rows = list[tuple[object, ...]]

# What a reader meets. The numbers of rows are an archive's own business; names stand for them.
_SAID = {
    "articles": "select * from articles order by id",
    "revisions": "select * from revisions order by article, number",
    "authors": "select article, position, name from article_authors"
    " join authors on id = author order by 1, 2",
    "tags": "select article, name from article_tags join tags on id = tag order by 1, 2",
    "embeds": "select * from embeds order by 1, 2",
    "images": "select * from images order by 1, 2",
    "links": "select v.key, p.key, l.title, l.published, l.author, l.summary, l.modified,"
    " l.found_at from links l join visits v on v.id = l.visit join visits p on p.id = l.listing"
    " order by 1, 2",
}
# When it was looked at, and which row of `captures` tells of it.
_OF_THE_VISIT = {
    "capture", "first_seen_at", "last_seen_at", "changed_at", "observed_at", "found_at", "story",
}  # fmt: skip


def said(root: Path, *, without: Collection[str] = ()) -> Mapping[str, Rows]:
    """Return what the archive in `root` says of the news, whenever and however often it looked.

    Some columns, and those `without` which it is to be, are left out.
    """
    left_out = _OF_THE_VISIT | {*without}
    return {
        name: _rows(root, sql, without=left_out | ({"id"} if name == "revisions" else set()))
        for name, sql in _SAID.items()
    }


def everything(root: Path) -> Mapping[str, Rows]:
    """Return every row of every table but the search index, and a digest of each WARC file."""
    names = [str(name) for (name,) in _rows(root, _TABLES)]
    files = sorted((root / "warc").rglob("*.warc.gz"))
    digests: Rows = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    tables = {name: sorted(_rows(root, f"select * from {name}"), key=repr) for name in names}
    return tables | {"WARC files": digests}


_TABLES = """
select name from sqlite_master where type = 'table'
and name not like 'article_stems%' and name not like 'sqlite_%' and name not like '\\_%' escape '\\'
"""


def _rows(root: Path, sql: str, *, without: Collection[str] = ()) -> Rows:
    with closing(sqlite3.connect(f"{(root / NAME).absolute().as_uri()}?mode=ro", uri=True)) as db:
        cursor = db.execute(sql)
        kept = [i for i, (name, *_) in enumerate(cursor.description) if name not in without]
        return [tuple(row[i] for i in kept) for row in cursor]
