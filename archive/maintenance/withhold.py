"""Articles that readers may not see, while the archive keeps them: a witness in danger.

They are hidden in the archive itself, and left out of its copies with every trace of them.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from itertools import chain
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from archive.articles import find_all
from archive.clock import Clock, iso, system
from archive.database import require, run_script
from archive.errors import ArchiveError, DamagedWarc
from archive.models import Kind, WarcLocation
from archive.publishers import keys_of
from archive.rows import insert, update, value, values
from archive.session import WARC_FOLDER, Session
from archive.warc.reader import read_record

_BY_ADDRESS = (
    "insert or ignore into gone_captures"
    " select id from captures where url in (select url from gone_urls)"
)
# A story has the number of its first article; where that is gone, that of the next.
_STORIES = """
select s.id, (select id from articles where story = s.id order by first_seen_at, id limit 1),
    (select count(*) from articles where story = s.id)
from stories s where id in (select id from gone_articles)
    or (select count(*) from articles where story = s.id) < 2
"""


def withhold(
    root: Path, named: str, *, reason: str, clock: Clock = system
) -> tuple[int, list[int]]:
    """Hide an article, named by its id or any of its addresses, from every reader; record why.

    Returns its id and those of the other versions of its text, which stay readable.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is withheld already.
    """
    with _writing(root, "withhold", clock) as session:
        article = _article(session.db, named)
        if _withheld_at(session.db, article):
            raise ArchiveError(f"article {article} is withheld already")
        _act(session, article, "withhold", reason)
        versions = values(
            session.db,
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
    with _writing(root, "unwithhold", clock) as session:
        article = _article(session.db, named)
        if not _withheld_at(session.db, article):
            raise ArchiveError(f"article {article} is not withheld")
        _act(session, article, "unwithhold", reason)
    return article


@contextmanager
def _writing(root: Path, command: str, clock: Clock) -> Iterator[Session]:
    """Open the archive for writing; an error leaves nothing but the run."""
    require(root)
    with Session(root, command=command, clock=clock) as session:
        yield session


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


def _withheld_at(db: sqlite3.Connection, article: int) -> str | None:
    return value(db, "select withheld_at from articles where id = ?", (article,))


def _act(session: Session, article: int, act: str, reason: str | None) -> None:
    """Hide or show an article; the WARC files record it, so that no rebuild shows it again."""
    now = session.clock()
    url, key = session.db.execute(
        "select url, key from articles where id = ?", (article,)
    ).fetchone()
    given = " ".join((reason or "").split())
    fields = {"act": act, "article": key} | ({"reason": given} if given else {})
    session.write_metadata(url, fields, at=now)
    note(session.db, article, act, given or None, now)


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
    gather(db, root)
    number = value(db, "select count(*) from gone_articles") or 0
    _run(db, "remove_withheld.sql")
    _forget_hosts(db)
    for story, heir, left in db.execute(_STORIES).fetchall():
        _rename_story(db, story, heir if left > 1 else None)
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
        db.execute(_BY_ADDRESS)
        redirects = db.execute(
            "select url, warc_file, warc_offset, warc_length from captures"
            " join gone_captures using (id) where status between 300 and 399 and status != 304"
        ).fetchall()
        for url, file, offset, length in redirects:
            for target in _targets(
                db, url, folder, WarcLocation(file=file, offset=offset, length=length)
            ):
                db.execute("insert or ignore into gone_urls values (?)", (target,))


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


def _forget_hosts(db: sqlite3.Connection) -> None:
    """Take out the robots.txt of hosts of which nothing else was kept."""
    hosts = {urlsplit(url).netloc for url in values(db, "select url from gone_urls")}
    left: dict[str, list[int]] = {}
    for capture, kind, url in db.execute("select id, kind, url from captures"):
        host = urlsplit(url).netloc
        if host in hosts and kind != Kind.ROBOTS:
            hosts.discard(host)
            left.pop(host, None)
        elif host in hosts:
            left.setdefault(host, []).append(capture)
    for capture in chain.from_iterable(left.values()):
        db.execute("update problems set capture = null where capture = ?", (capture,))
        db.execute("delete from captures where id = ?", (capture,))


def _rename_story(db: sqlite3.Connection, story: int, heir: int | None) -> None:
    """Give a story the number of its heir, or dissolve it."""
    if heir is not None and heir != story:
        db.execute("insert or ignore into stories (id) values (?)", (heir,))
    if heir != story:
        db.execute("update articles set story = ? where story = ?", (heir, story))
        db.execute("delete from stories where id = ?", (story,))
