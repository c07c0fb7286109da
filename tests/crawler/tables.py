"""All that a rebuild restores, table by table."""

from contextlib import closing

from archive import article_rows
from archive.database import open_for_reading

REVISION = f"article, {', '.join(article_rows.REVISION)}"


# Everything but when things are due, and failures that had no answer.
TABLES = {
    "publishers": "select * from publishers order by slug",
    "articles": "select * from articles order by id",
    "revisions": f"select {REVISION} from revisions order by article, number",
    "captures": "select * from captures order by warc_file, warc_offset",
    "links": "select * from links order by url, found_in",
    "authors": "select article, name, position from article_authors"
    " join authors on id = author order by article, position",
    "tags": "select article, name from article_tags join tags on id = tag order by 1, 2",
    "visits": "select key, url, publisher, kind, found_in, found_at, article, last_at, etag,"
    " last_modified, last_sha256, state, past from visits where last_at is not null order by key",
    "runs": "select id, command, started_at, ended_at, state, requests, new, changed, unchanged,"
    " bytes from runs order by id",
    "stories": "select * from stories order by id",
    "embeds": "select * from embeds order by article, position",
    "images": "select * from images order by article, position",
    "renderings": "select * from renderings order by id",
    "withholdings": "select article, at, act, reason from withholdings order by id",
    "warc_files": "select name, bytes from warc_files order by name",
    "problems": "select publisher, url, stage, kind, detail, capture from problems"
    " where capture is not null order by capture, kind, detail",
}


def differences(before, after):
    """Return what differs between two tables, short enough to be read."""
    return [
        [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
        for one, other in zip(before, after, strict=False)
        if one != other
    ][:5] + ([(len(before), len(after))] if len(before) != len(after) else [])


def everything(root):
    """Return all rows that a rebuild restores, by table."""
    with closing(open_for_reading(root)) as db:
        return {table: db.execute(sql).fetchall() for table, sql in TABLES.items()}
