"""Make a stored archive larger: its articles again and again, in other words."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from archive.records import Extraction, PageKind
from archive.revisions import digest, written
from archive.search.index import register
from archive.urls import article_id

_DATES = 6  # where the dates stood in the digest of a revision, when the oldest archive was made


def grow(root: Path, *, copies: int, seed: int) -> None:
    """Add each article of an archive with the oldest tables `copies` times, with its revisions."""
    dice = random.Random(seed)
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.row_factory = sqlite3.Row
        register(db)
        for article in map(dict, db.execute("select * from articles").fetchall()):
            sql = "select * from revisions where article = ? order by number"
            states = list(map(dict, db.execute(sql, (article["id"],))))
            for number in range(copies):
                _copy(db, article, states, f"{article['url']}-{number}", dice)


def _copy(
    db: sqlite3.Connection,
    article: dict[str, Any],
    states: list[dict[str, Any]],
    url: str,
    dice: random.Random,
) -> None:
    mixed = _mixed(article["text"], dice)
    own = {"id": article_id(url), "url": url, "text": mixed}
    _insert(db, "articles", article | own)
    for state in states:
        text = state["text"] and _mixed(state["text"], dice)
        row = state | {"id": None, "article": own["id"], "text": text}
        _insert(db, "revisions", row | {"content_hash": _digest(state, text or mixed)})


def _mixed(text: str, dice: random.Random) -> str:
    words = text.split()
    dice.shuffle(words)
    return " ".join(words)


def _digest(state: dict[str, Any], text: str) -> str:
    """Return the digest as the version that wrote the oldest archive made it, dates included."""
    fields = written(
        Extraction(
            kind=PageKind.ARTICLE,
            title=state["title"],
            deck=state["deck"],
            byline=state["byline"],
            dateline=state["dateline"],
            section=state["section"],
            tags=tuple(json.loads(state["tags"] or "[]")),
            text=text,
            image_url=state["image_url"],
        )
    )
    dates = [state["published_at"], state["published_on"]]
    return digest([*fields[:_DATES], *dates, *fields[_DATES:]])


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join(f":{name}" for name in row)
    db.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", row)
