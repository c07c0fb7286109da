"""The archived image of an article, out of the WARC file: only what surely is a raster image."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from archive.captures import payload_location
from archive.errors import DamagedWarc
from archive.models import WarcLocation
from archive.session import WARC_FOLDER
from archive.urls import identity_key
from archive.warc.reader import read_payload

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

    A withheld article shows none, nor does a copy of the database without its WARC files.
    """
    location = await database.execute_fn(lambda db: _location(db, article))
    if location is None:
        return None
    folder = Path(database.path).parent / WARC_FOLDER
    try:
        body = await asyncio.to_thread(read_payload, folder, location)
    except DamagedWarc:
        return None
    media = media_type(body)
    return (media, body) if media else None


async def has_lead_image(database: Any, article: int) -> bool:
    """Return whether the archive holds the main image of an article, its bytes not looked at."""
    location = await database.execute_fn(lambda db: _location(db, article))
    folder = Path(database.path).parent / WARC_FOLDER
    return location is not None and await asyncio.to_thread((folder / location.file).is_file)


def media_type(body: bytes) -> str | None:
    """Return the media type of a raster image by its first bytes, None for anything else."""
    return next(
        (media for start, mark, media in _KINDS if body[start : start + len(mark)] == mark), None
    )


def _location(db: sqlite3.Connection, article: int) -> WarcLocation | None:
    row = db.execute(
        "select image_url from articles where id = ? and withheld_at is null", (article,)
    ).fetchone()
    try:
        key = identity_key(row[0]) if row and row[0] else None
    except ValueError:
        return None
    visit = db.execute(
        "select last_sha256 from visits where key = ? and kind = 'image'", (key,)
    ).fetchone()
    return payload_location(db, visit[0]) if visit and visit[0] else None
