"""Rows of what an article shows besides its text: posts and videos of other platforms, images.

They are those of its latest reading; a change of them alone is no revision.
"""

import sqlite3

from archive.records import Extraction


def keep(db: sqlite3.Connection, article: int, extraction: Extraction, *, known: bool) -> None:
    """Set the embeds and images of an article to those of a reading.

    A `known` article may have rows of an earlier reading; they go.
    """
    if known:
        db.execute("delete from embeds where article = ?", (article,))
        db.execute("delete from images where article = ?", (article,))
    db.executemany(
        "insert into embeds (article, position, provider, url) values (?, ?, ?, ?)",
        [
            (article, position, one.provider, one.url)
            for position, one in enumerate(extraction.embeds)
        ],
    )
    db.executemany(
        "insert into images (article, position, url, caption, credit, alt)"
        " values (?, ?, ?, ?, ?, ?)",
        [
            (article, position, one.url, one.caption, one.credit, one.alt)
            for position, one in enumerate(extraction.images)
        ],
    )
