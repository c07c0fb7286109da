"""Articles that readers may not see, while the archive keeps them: a witness in danger.

They are hidden in the archive itself, and left out of its copies with every trace of them.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

from archive.articles import find_all
from archive.clock import Clock, iso, system
from archive.database import require, run_script
from archive.errors import ArchiveError, DamagedWarc
from archive.models import WarcLocation
from archive.publishers import keys_of
from archive.rows import insert, select, update, value, values
from archive.session import WARC_FOLDER, Session
from archive.urls import host_of
from archive.warc.reader import read_record

_REDIRECTS = """
select url as source, warc_file as file, warc_offset as offset, warc_length as length
from captures join gone_captures using (id) where status between 300 and 399 and status != 304
"""


def withhold(
    root: Path, named: str, *, reason: str, clock: Clock = system
) -> tuple[int, list[int]]:
    """Hide an article, named by its id or any of its addresses, from every reader; record why.

    Returns its id and those of the other versions of its text, which stay readable.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is withheld already.
    """
    with _act(root, named, "withhold", reason, clock) as (db, article):
        versions = values(
            db,
            "select id from articles where id != :id and withheld_at is null"
            " and story = (select story from articles where id = :id) order by id",
            {"id": article},
        )
    return article, versions


def unwithhold(root: Path, named: str, *, reason: str | None, clock: Clock = system) -> int:
    """Show a withheld article again; record it. Returns its id.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is not withheld.
    """
    with _act(root, named, "unwithhold", reason, clock) as (_, article):
        return article


@contextmanager
def _act(
    root: Path, named: str, act: str, reason: str | None, clock: Clock
) -> Iterator[tuple[sqlite3.Connection, int]]:
    """Hide or show an article; the WARC files record it, so that no rebuild shows it again."""
    require(root)
    with Session(root, command=act, clock=clock) as session:
        article, now = _article(session.db, named), session.clock()
        url, key, withheld_at = session.db.execute(
            "select url, key, withheld_at from articles where id = ?", (article,)
        ).fetchone()
        if bool(withheld_at) == (act == "withhold"):
            state = "withheld already" if withheld_at else "not withheld"
            raise ArchiveError(f"article {article} is {state}")
        given = " ".join((reason or "").split())
        fields = {"act": act, "article": key} | ({"reason": given} if given else {})
        session.write_metadata(url, fields, at=now)
        note(session.db, article, act, given or None, now)
        yield session.db, article


def _article(db: sqlite3.Connection, named: str) -> int:
    try:
        articles = find_all(db, named)
    except ValueError as error:
        raise ArchiveError(f"{named!r} is neither an article's number nor an address") from error
    if not articles:
        raise ArchiveError(f"the archive has no article {named}; `warraq search` prints addresses")
    if len(articles) > 1:
        ids = ", ".join(map(str, articles))
        raise ArchiveError(f"{named} led to several articles; give the number of one: {ids}")
    return articles[0]


def note(db: sqlite3.Connection, article: int, act: str, reason: str | None, now: datetime) -> None:
    """Save that an article was withheld or shown again."""
    insert(db, "withholdings", {"article": article, "at": iso(now), "act": act, "reason": reason})
    update(db, "articles", {"withheld_at": iso(now) if act == "withhold" else None}, id=article)


def remove_withheld(db: sqlite3.Connection, root: Path) -> int:
    """Take every withheld article out of `db`, a copy of the archive in `root`; return how many.

    Their words leave the index, their authors and tags go where nobody else has them, and all that
    the crawler remembers of hosts and shapes of addresses goes. What is deleted stays in free pages
    until the file is vacuumed.
    """
    db.execute("pragma foreign_keys = off")
    db.execute("pragma secure_delete = on")
    db.create_function("host_of", 1, host_of)
    gather(db, root)
    number = value(db, "select count(*) from gone_articles") or 0
    _run(db, "remove_withheld.sql")
    if number:
        db.execute("insert into articles_fts(articles_fts) values ('optimize')")
    return number


def gather(db: sqlite3.Connection, root: Path) -> None:
    """Collect in temporary tables what belongs to withheld articles.

    `gone_articles` (id, url, publisher), `gone_urls` (url) and `gone_captures` (id).
    """
    _run(db, "gather_withheld.sql")
    _follow_redirects(db, root / WARC_FOLDER)


def _run(db: sqlite3.Connection, script: str) -> None:
    run_script(db, files(__package__).joinpath(script).read_text(encoding="utf-8"))


def _follow_redirects(db: sqlite3.Connection, folder: Path) -> None:
    """Add the addresses that the withheld ones were redirected to, by their records.

    Raises:
        DamagedWarc: if one cannot be read.
    """
    known: int | None = None
    while known != (known := value(db, "select count(*) from gone_urls")):
        db.execute(
            "insert or ignore into gone_captures"
            " select id from captures where url in (select url from gone_urls)"
        )
        for row in select(db, _REDIRECTS):
            targets = _targets(db, row.pop("source"), folder, WarcLocation(**row))
            db.executemany("insert or ignore into gone_urls values (?)", zip(targets))


def _targets(
    db: sqlite3.Connection, url: str, folder: Path, location: WarcLocation
) -> Iterator[str]:
    try:
        record = read_record(folder, location)
    except DamagedWarc as error:
        raise DamagedWarc(
            f"{error}; it holds a redirect of a withheld article, and without"
            " it nobody knows what to leave out: restore the file from a backup"
        ) from error
    for name, place in record.message.headers if record.message else ():
        if name.lower() == "location":
            target = urljoin(url, place)
            yield target
            with contextlib.suppress(ValueError):
                yield from keys_of(db, target)
