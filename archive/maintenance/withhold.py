"""Articles that readers may not see, while the archive keeps them: a witness in danger.

They are hidden in the archive itself, and left out of its copies with every trace of them.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

from archive.article_rows import find_all
from archive.clock import Clock, iso, system
from archive.database import require, run_script
from archive.errors import ArchiveError, DamagedWarc
from archive.models import WarcLocation
from archive.publishers import keys_of
from archive.rows import insert, update, value, values
from archive.session import WARC_FOLDER, Session
from archive.urls import host_of
from archive.warc.reader import read_record

_REDIRECTS = """
select url, warc_file, warc_offset, warc_length from captures
join gone_captures using (id) where status between 300 and 399 and status != 304
"""
_NAMED = "select url, key, withheld_at from articles where id = ?"
_VERSIONS = """
select id from articles where id != :id and withheld_at is null
    and story = (select story from articles where id = :id) order by id
"""


def withhold(
    root: Path, named: str, *, reason: str, clock: Clock = system
) -> tuple[int, list[int]]:
    """Hide an article, named by its id or any of its addresses, from every reader; record why.

    Returns its id and those of the other versions of its text, which stay readable.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is withheld already.
    """
    return _act(root, named, "withhold", reason, clock)


def unwithhold(root: Path, named: str, *, reason: str | None, clock: Clock = system) -> int:
    """Show a withheld article again; record it. Returns its id.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is not withheld.
    """
    article, _ = _act(root, named, "unwithhold", reason or "", clock)
    return article


def _act(root: Path, named: str, act: str, reason: str, clock: Clock) -> tuple[int, list[int]]:
    """Hide or show an article; the WARC files record it, so that no rebuild shows it again.

    Returns its id and those of the other versions of its text that readers may see.
    """
    require(root)
    with Session(root, command=act, clock=clock) as session:
        db, now = session.db, session.clock()
        article, given = _article(db, named), " ".join(reason.split())
        url, key, withheld_at = db.execute(_NAMED, (article,)).fetchone()
        if bool(withheld_at) == (act == "withhold"):
            state = "withheld already" if withheld_at else "not withheld"
            raise ArchiveError(f"article {article} is {state}")
        fields = {"act": act, "article": key} | ({"reason": given} if given else {})
        session.write_metadata(url, fields, at=now)
        note(db, article, act, given or None, now)
        return article, values(db, _VERSIONS, {"id": article})


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
        db.execute("insert into article_stems(article_stems) values ('optimize')")
    return number


def gather(db: sqlite3.Connection, root: Path) -> None:
    """Collect in temporary tables what belongs to withheld articles.

    `gone_articles` (id, url, publisher), `gone_urls` (url) and `gone_captures` (id). The addresses
    that the withheld ones were redirected to are among them, by their records.

    Raises:
        DamagedWarc: if one cannot be read.
    """
    _run(db, "gather_withheld.sql")
    known: int | None = None
    while known != (known := value(db, "select count(*) from gone_urls")):
        db.execute(
            "insert or ignore into gone_captures"
            " select id from captures where url in (select url from gone_urls)"
        )
        for url, file, offset, length in db.execute(_REDIRECTS).fetchall():
            place = WarcLocation(file=file, offset=offset, length=length)
            targets = zip(_targets(db, root / WARC_FOLDER, url, place))
            db.executemany("insert or ignore into gone_urls values (?)", targets)


def _run(db: sqlite3.Connection, script: str) -> None:
    run_script(db, files(__package__).joinpath(script).read_text(encoding="utf-8"))


def _targets(db: sqlite3.Connection, folder: Path, url: str, place: WarcLocation) -> Iterator[str]:
    """Yield where the answer of an address led to."""
    try:
        message = read_record(folder, place).message
    except DamagedWarc as error:
        lost = "it holds a redirect of a withheld article, which must be left out as well"
        raise DamagedWarc(f"{error}; {lost}: restore the file from a backup") from error
    for name, target in message.headers if message else ():
        if name.lower() == "location":
            with contextlib.suppress(ValueError):  # not an address
                yield (address := urljoin(url, target))
                yield from keys_of(db, address)
