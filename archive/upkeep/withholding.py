"""Articles that readers may not see, while the archive keeps them: a witness in danger."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from archive.clock import Clock, iso, system
from archive.database import require
from archive.errors import ArchiveError
from archive.session import Session
from archive.urls import canonical

# By the address it stands at, by one that led to it, and by one that a redirect went through.
_BY_URL = """
select id from articles where url in (:url, :canonical)
union select article from visits where key in (:url, :canonical) and article is not null
union select article from visits where url in (:url, :canonical) and article is not null
union select r.article from captures c join revisions r on r.capture = c.id
    where c.url in (:url, :canonical)
"""


def withhold(
    root: Path, named: str, *, reason: str, clock: Clock = system
) -> tuple[int, list[int]]:
    """Hide an article, named by its id or any address of it, from every reader; record why.

    Returns its id and those of the other versions of its text, which stay to be seen.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is withheld already.
    """
    with _writing(root, "withhold", clock) as session:
        article = _one(session.db, named)
        if _withheld_at(session.db, article):
            raise ArchiveError(f"article {article} is withheld already")
        _act(session, article, "withhold", reason)
        versions = session.db.execute(
            "select id from articles where id != :id and withheld_at is null"
            " and story = (select story from articles where id = :id) order by id",
            {"id": article},
        ).fetchall()
    return article, [version for (version,) in versions]


def unwithhold(root: Path, named: str, *, reason: str | None, clock: Clock = system) -> int:
    """Show a withheld article again; record it. Returns its id.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is not withheld.
    """
    with _writing(root, "unwithhold", clock) as session:
        article = _one(session.db, named)
        if not _withheld_at(session.db, article):
            raise ArchiveError(f"article {article} is not withheld")
        _act(session, article, "unwithhold", reason)
    return article


@contextmanager
def _writing(root: Path, command: str, clock: Clock) -> Iterator[Session]:
    """Give the archive to write in; a mistake leaves nothing but the run that it was made in."""
    require(root)
    with Session(root, command=command, clock=clock) as session:
        yield session


def _one(db: sqlite3.Connection, named: str) -> int:
    if named.isascii() and named.isdigit():
        found = db.execute("select id from articles where id = ?", (int(named),)).fetchall()
    else:
        try:
            spelled = canonical(named)
        except ValueError as error:
            raise ArchiveError(
                f"{named!r} is neither an article's number nor an address"
            ) from error
        found = db.execute(_BY_URL, {"url": named.strip(), "canonical": spelled}).fetchall()
    if not found:
        raise ArchiveError(
            f"the archive knows no article {named}; `warraq search` prints addresses"
        )
    if len(found) > 1:
        ids = ", ".join(str(article) for (article,) in found)
        raise ArchiveError(f"{named} led to several articles; name one by its number: {ids}")
    return int(found[0][0])


def _withheld_at(db: sqlite3.Connection, article: int) -> str | None:
    row = db.execute("select withheld_at from articles where id = ?", (article,)).fetchone()
    return row[0] if row else None


def _act(session: Session, article: int, act: str, reason: str | None) -> None:
    """Hide or show an article; the WARC files tell of it, so that no rebuild shows it again."""
    now = session.clock()
    (url,) = session.db.execute("select url from articles where id = ?", (article,)).fetchone()
    given = " ".join((reason or "").split())
    fields = {"act": act, "article": str(article)} | ({"reason": given} if given else {})
    session.tell(url, fields, at=now)
    note(session.db, article, act, given or None, now)


def note(db: sqlite3.Connection, article: int, act: str, reason: str | None, now: datetime) -> None:
    """Keep that an article was withheld or shown again."""
    db.execute(
        "insert into withholdings (article, at, act, reason) values (?, ?, ?, ?)",
        (article, iso(now), act, reason),
    )
    db.execute(
        "update articles set withheld_at = ? where id = ?",
        (iso(now) if act == "withhold" else None, article),
    )
