"""What the Arabic pages show, read from the archive with plain SQL; results; the archived image."""

import asyncio
import json
import sqlite3
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from datasette.database import QueryInterrupted

from archive.captures import payload_location
from archive.clock import from_iso, system
from archive.diff import compare
from archive.errors import DamagedWarc
from archive.models import Extraction, Kind, WarcLocation
from archive.rows import from_json, record, select, value
from archive.session import WARC_FOLDER
from archive.site import states
from archive.site.changes import LISTED_STEPS, Asked, entries
from archive.site.language import ENGLISH, interface
from archive.site.states import Page
from archive.status import read as judge
from archive.stories import MOMENT
from archive.urls import identity_key
from archive.warc.reader import read_payload

CHANGES_ON_FRONT = 5
NEWEST_ON_FRONT = 30
NEWEST_OF_PUBLISHER = 12
_MOST_LISTED = 100
LAST_PAGE = 500

_HEADLINES = """
select id, title, deck, publisher as slug, published_at, published_on, first_seen_at,
    changed_at, gone_at,
    (select name from publishers where slug = articles.publisher) as publisher,
    (select timezone from publishers where slug = articles.publisher) as timezone,
    coalesce(language, (select language from publishers where slug = articles.publisher))
        as language
from articles
where true {more}
"""

# A date printed wrong must not stand on top for years: the archive's own last day bounds it.
_NEWEST = _HEADLINES.format(
    more="""{more} and coalesce(published_on, '') <= coalesce(
        (select date(max(fetched_at), '+1 day') from captures), '9999')
order by published_on desc, published_at desc limit :limit"""
)

_VERSIONS = _HEADLINES.format(more=f"and story = :story order by {MOMENT}, id limit :limit")

_STORY = """
select id, articles, publishers, first_at, last_at, spread from stories
where id = coalesce(
    (select id from stories where id = :id and articles > 0),
    (select story from articles where id = :id)
)
"""

_TEXTS = "select id, title, deck, text from articles where id in (select value from json_each(?))"
_OF_A_VERSION = ("id", "publisher", "title", "published_at", "published_on", "after")
_COMPARED = 20  # versions of a story that are compared with the first, word by word

_PUBLISHERS = """
select slug, name, (select count(*) from articles where publisher = slug) as articles,
    (select max(published_on) from articles where publisher = slug) as newest
from publishers order by articles desc, name
"""

_UNCOUNTED = "select slug, name, null as articles, null as newest from publishers order by name"

_COUNTS = """
select
    (select count(*) from articles where changed_at is not null) as edited,
    (select count(*) from articles where gone_at is not null) as gone,
    (select max(fetched_at) from captures) as last_capture
"""

_OF_AN_ARTICLE = {
    "tags": """
select tags.id, tags.name from article_tags join tags on tags.id = article_tags.tag
where article = :id order by tags.name
""",
    "authors": """
select authors.id, authors.name
from article_authors join authors on authors.id = article_authors.author
where article = :id order by position
""",
    "embeds": "select provider, url from embeds where article = :id order by position limit :limit",
    "images": """
select url, caption, credit, alt from images where article = :id order by position limit :limit
""",
    "captures": """
select id, fetched_at, status, unverified, warc_file, warc_offset, warc_length from captures
where id in (
    select capture from revisions where article = :id
    union select capture from articles where id = :id
    union select id from captures where article = :id
    union select id from captures where article is null and url in (
        select url from articles where id = :id union select url from visits where article = :id
    )
)
order by fetched_at desc, id desc limit :limit
""",
}


async def front_page(database: Any, publisher: str | None = None) -> Page | None:
    """Read the first page, of one publisher alone when named; None when it is not known.

    Its `articles` is None where counting took too long; `chosen` is the publisher shown alone.
    """
    try:
        publishers = await _rows(database, _PUBLISHERS)
    except QueryInterrupted:
        publishers = await _rows(database, _UNCOUNTED)
    chosen = next((row for row in publishers if row["slug"] == publisher), None)
    if publisher and chosen is None:
        return None
    newest = _NEWEST.format(more="and publisher = :publisher" if chosen else "")
    counts = [row["articles"] for row in publishers]
    (others,) = await _rows(database, _COUNTS)
    asked = Asked(publisher=publisher)
    return {
        "changes": await database.execute_fn(lambda db: entries(db, asked, limit=CHANGES_ON_FRONT)),
        "headlines": await _rows(database, newest, publisher=publisher, limit=NEWEST_ON_FRONT),
        "publishers": publishers,
        "articles": None if None in counts else sum(counts),
        "chosen": chosen,
        **dict(others),
    }


async def article_page(database: Any, article: int, name: int | None = None) -> Page | None:
    """Read one article with its history, or a state of it; None when there is none of that name.

    `name` is that of a state (archive.site.states), `state` its row, None for the article as it is
    now. `paragraphs` are its text's lines, `versions` the other articles of its story, in the order
    of their publication; `pictured` is where the archive holds its main image.
    """
    rows = (await database.execute(states.ARTICLE, [article])).rows
    if not rows:
        return None
    if name is not None:
        return await _state_page(database, dict(rows[0]), name)
    versions = await _rows(database, _VERSIONS, story=rows[0]["story"], limit=_MOST_LISTED)
    folder = Path(database.path).parent / WARC_FOLDER
    return {
        "article": rows[0],
        "state": None,
        "timeline": await database.execute_fn(lambda db: states.timeline(db, article)),
        "pictured": await database.execute_fn(lambda db: _location(db, article, folder)),
        "paragraphs": [line for line in rows[0]["text"].split("\n") if line.strip()],
        "versions": [row for row in versions if row["id"] != article],
    } | {
        name: await _rows(database, sql, id=article, limit=_MOST_LISTED)
        for name, sql in _OF_AN_ARTICLE.items()
    }


async def _state_page(database: Any, article: dict[str, Any], name: int) -> Page | None:
    """Read an article as it was in a state, of which nothing is shown but what it says itself."""
    number = article["id"]
    state = await database.execute_fn(lambda db: states.state(db, number, name))
    if state is None:
        return None
    said = {column: state[column] for column in state if column in article and column != "id"}
    return {
        "article": article | said | dict.fromkeys(("byline_from", "published_from")),
        "state": state,
        "timeline": await database.execute_fn(lambda db: states.timeline(db, number)),
        "paragraphs": [line for line in state["text"].split("\n") if line.strip()],
        "tags": [{"name": tag} for tag in from_json(state["tags"])],
        "captions": from_json(state["captions"]),
    }


_PUBLISHER = """
select slug, name, name_latin, homepage, country, language, timezone,
    (select max(at) from (
        select (select max(fetched_at) from captures where publisher = :slug and kind = value) as at
        from json_each(:kinds)
    )) as last_visit,
    (select date(max(first_seen_at), '+1 day') from articles) as last_day
from publishers where slug = :slug
"""
_BY_DAY = """
select day, articles, edited, gone, byline, deck, section, image from day_counts
where publisher = :slug order by day
"""
FIELDS = ("date", "byline", "deck", "section", "image")


async def publisher_page(database: Any, slug: str) -> Page | None:
    """Read what there is of a publisher, None where it is not known.

    `days` are what each printed day has (the day of articles without one is empty), `counts` the
    sums; by field, how many articles have it.
    """
    kinds = json.dumps(list(Kind))
    rows = await _rows(database, _PUBLISHER, slug=slug, kinds=kinds)
    if not rows:
        return None
    days = [dict(row) for row in await _rows(database, _BY_DAY, slug=slug)]
    names = ("articles", "edited", "gone", *FIELDS[1:])
    counts = {name: sum(day[name] for day in days) for name in names}
    counts["date"] = sum(day["articles"] for day in days if day["day"])
    newest = _NEWEST.format(more="and publisher = :publisher")
    headlines = await _rows(database, newest, publisher=slug, limit=NEWEST_OF_PUBLISHER)
    return {"publisher": dict(rows[0]), "days": days, "counts": counts, "headlines": headlines}


def publisher_json(page: Page) -> dict[str, Any]:
    """Return what the page of a publisher shows as JSON has it; shares are between 0 and 1."""
    counts, facts = page["counts"], page["publisher"]
    every = counts["articles"]
    newest = ("id", "title", "published_at", "published_on", "changed_at", "gone_at")
    return {
        "publisher": {name: facts[name] for name in facts if name != "last_day"},
        "counts": {name: counts[name] for name in ("articles", "edited", "gone")},
        "coverage": {name: counts[name] / every if every else None for name in FIELDS},
        "undated": every - counts["date"],
        "days": [
            {name: day[name] for name in ("day", "articles", "edited", "gone")}
            for day in page["days"]
            if day["day"]
        ],
        "newest": [{name: row[name] for name in newest} for row in page["headlines"]],
    }


# By an index that has the days, so that no text is read.
_NAMED = """
select (select count(*) from article_{kind}s where {kind} = :id) as articles, (
    select json_group_array(article) from (
        select article from article_{kind}s
        join articles indexed by articles_facets on id = article
        where {kind} = :id
        order by published_on desc, article desc limit :limit offset :offset
    )
) as ids, name from {kind}s where id = :id
"""
_LISTED = _HEADLINES.format(
    more="""and id in (select value from json_each(:ids))
order by published_on desc, published_at desc, id desc"""
)


async def named_page(database: Any, kind: str, number: int, page: int) -> Page | None:
    """Read a page of the articles of an `author` or a `tag`, newest first; None if unknown."""
    own = {"id": number, "limit": NEWEST_ON_FRONT, "offset": (page - 1) * NEWEST_ON_FRONT}
    rows = await _rows(database, _NAMED.format(kind=kind), **own)
    if not rows:
        return None
    return dict(rows[0]) | {
        "kind": kind,
        "id": number,
        "headlines": await _rows(database, _LISTED, ids=rows[0]["ids"]),
        "number": page,
        "last": min(-(-rows[0]["articles"] // NEWEST_ON_FRONT), LAST_PAGE),
    }


async def story_page(database: Any, story: int) -> Page | None:
    """Read a story by its number or by that of one of its articles; None when there is none.

    Its `versions` (the first hundred) are in the order of their publication, each with how many
    seconds after the first it came, where both print a time, and the first twenty with what
    they have changed against it.
    """
    rows = await _rows(database, _STORY, id=story)
    if not rows:
        return None
    number = rows[0]["id"]
    versions = await database.execute_fn(lambda db: _compared(db, number))
    return {"story": rows[0], "versions": versions}


def _compared(db: sqlite3.Connection, story: int) -> list[dict[str, Any]]:
    versions = select(db, _VERSIONS, {"story": story, "limit": _MOST_LISTED})
    ids = json.dumps([row["id"] for row in versions[:_COMPARED]])
    texts = select(db, _TEXTS, (ids,))
    said = {row["id"]: record(Extraction, row | {"kind": "article"}) for row in texts}
    first = versions[0]
    for row in versions:
        is_known = row["published_at"] and first["published_at"]
        row["after"] = (_moment(row) - _moment(first)).total_seconds() if is_known else None
        later = said.get(row["id"]) if row is not first else None
        row["diff"] = later and compare(said[first["id"]], later, steps=LISTED_STEPS)
    return versions


def _moment(row: dict[str, Any]) -> datetime:
    """Return when a version was there: a time printed later than it was seen is one moved since."""
    return min(from_iso(row["published_at"]), from_iso(row["first_seen_at"]))


def story_json(page: Page) -> dict[str, Any]:
    """Return what the page of a story shows as JSON has it."""
    versions = [
        {name: row[name] for name in _OF_A_VERSION}
        | {"summary": row["diff"] and asdict(row["diff"].summary), "path": f"/article/{row['id']}"}
        for row in page["versions"]
    ]
    return {"story": dict(page["story"]), "versions": versions}


def page_number(wanted: str | None) -> int:
    """Read a page number from an address; whatever is none is the first page."""
    if wanted and wanted.isascii() and wanted.isdigit():
        return min(max(int(wanted[:6]), 1), LAST_PAGE)
    return 1


async def _rows(database: Any, sql: str, **parameters: object) -> list[Any]:
    rows: list[Any] = (await database.execute(sql, parameters)).rows
    return rows


# How each kind begins (WHATWG MIME Sniffing, 6.1), whatever the server called it.
_KINDS = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
)


async def lead_image(database: Any, article: int) -> tuple[str, bytes] | None:
    """Return (media type, bytes) of the main image of an article, None if the archive has none.

    A copy of the database without its WARC files shows none.
    """
    folder = Path(database.path).parent / WARC_FOLDER
    location = await database.execute_fn(lambda db: _location(db, article, folder))
    if location is None:
        return None
    try:
        body = await asyncio.to_thread(read_payload, folder, location)
    except DamagedWarc:
        return None
    media = media_type(body)
    return (media, body) if media else None


def media_type(body: bytes) -> str | None:
    """Return the media type of a raster image by its first bytes, None for anything else."""
    return next(
        (media for start, mark, media in _KINDS if body[start : start + len(mark)] == mark), None
    )


_IMAGE = """
select c.sha256 from visits v join captures c on c.id = v.last_capture
where v.key = ?1 and v.kind = 'image'
union all select sha256 from captures
where url = ?2 and article is null and kind = 'resource' and content_type glob 'image/*' limit 1
"""


def _location(db: sqlite3.Connection, article: int, folder: Path) -> WarcLocation | None:
    """Return where the main image of an article is, if its WARC file is there."""
    url = value(db, "select image_url from articles where id = ?", (article,))
    return image_location(db, url or "", folder)


def image_location(db: sqlite3.Connection, url: str, folder: Path) -> WarcLocation | None:
    """Return where the image at an address is, if the archive has it and its WARC file is there."""
    try:
        key = identity_key(url)
    except ValueError:
        return None
    sha256 = value(db, _IMAGE, (key, url))
    location = payload_location(db, sha256) if sha256 else None
    return location if location and (folder / location.file).is_file() else None


async def status_page(datasette: Any, database: Any) -> Page:
    """Read how the newspapers fare, and the archive too unless strangers ask; flags in words."""
    public = (datasette.plugin_config("warraq") or {}).get("public")
    root, now, language = Path(database.path).parent, system(), interface() is ENGLISH
    own = None if public or not (root / WARC_FOLDER).is_dir() else root
    found = await database.execute_fn(lambda db: judge(db, own, now=now))
    names = {each.slug: each.name for each in found.publishers}
    said = [
        (slug, names.get(slug), flag, flag.said("reason", language), flag.said("remedy", language))
        for slug, flag in found.flags
    ]
    return {"page": msgspec.to_builtins(found), "flags": said, "public": public}
