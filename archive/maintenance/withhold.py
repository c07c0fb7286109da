"""Articles that readers may not see, while the archive keeps them: a witness in danger.

Every row of them is taken out of the archive's database into one that is never served. A row is in
one of the two at any moment: it is committed there before it is removed here, and what
`archive.db` lists in `withheld` counts.
"""

import json
import logging
import re
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

from archive import recovery, stories
from archive.article_rows import find_all, withheld
from archive.articles import is_withheld
from archive.clock import Clock, iso, system
from archive.database import open_for_reading, require, run_script
from archive.errors import ArchiveError, DamagedWarc, NotAnArchive, OlderArchive
from archive.models import WarcLocation
from archive.publishers import keys_of
from archive.rows import Row, insert, select, value, values
from archive.session import Session
from archive.urls import article_id, is_home
from archive.warc.reader import read_record

logger = logging.getLogger(__name__)

HELD = "withheld.db"  # next to the archive's database, never served

_FROM_ALL = """
insert or ignore into withheld_files select ?1, name from warc_files union select ?1, ?2
"""
_BACK = """
delete from withheld_payloads where sha256 in (select sha256 from captures where revisit = 0)
"""
_VERSIONS = """
select id from articles where id != :id
    and story = (select story from articles where id = :id) order by id
"""


def _script(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


# What leaves with an article: by table, which rows.
_LEAVING = dict(
    re.findall(
        r"^delete from (\w+) where (.*?);", _script("remove_withheld.sql"), re.MULTILINE | re.DOTALL
    )
)
_FOUND_THERE = " or found_in in gone_urls"  # of the table visits: they stay, and say no more so
# Rows whose ids are numbers in turn, which others may have taken meanwhile: what else names them.
_NAMED = {
    "authors": "name", "tags": "name", "visits": "key",
    "revisions": None, "withholdings": None, "renderings": None, "problems": None,
}  # fmt: skip
_REFERENCES = {
    "article_authors": {"author": "authors"},
    "article_tags": {"tag": "tags"},
    "links": {"visit": "visits", "listing": "visits"},
}


def withhold(
    root: Path, named: str, *, reason: str, clock: Clock = system
) -> tuple[int, list[int]]:
    """Take an article, named by its id or any of its addresses, away from readers; record why.

    Returns its id and those of the other versions of its text, which stay readable.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is withheld already.
    """
    require(root)
    with Session(root, command="withhold", clock=clock) as session:
        db, now = session.db, session.clock()
        article, given = _article(db, named), " ".join(reason.split())
        url, key = db.execute("select url, key from articles where id = ?", (article,)).fetchone()
        fields = {"act": "withhold", "article": key} | ({"reason": given} if given else {})
        versions = values(db, _VERSIONS, {"id": article})
        with session.batch.one_page():
            session.write_metadata(url, fields, at=now)
            note(db, article, "withhold", given or None, now)
            take_out(db, session.warc_folder, article, at=now)
        return article, versions


def unwithhold(
    root: Path, named: str, *, reason: str | None, clock: Clock = system
) -> tuple[int, list[str]]:
    """Bring a withheld article back; record it.

    Returns its id, and the WARC files with captures of it that came meanwhile: from these it is to
    be derived (`repair_rows.index_again`). Where that was broken off, the same call returns them
    again.

    Raises:
        ArchiveError: if there is no such article, more than one, or it is not withheld.
    """
    require(root)
    with Session(root, command="unwithhold", clock=clock) as session:
        db, hidden = session.db, withheld(session.db, named)
        article = hidden[0] if hidden else _article(db, named)
        if hidden:
            _bring_back(session, named, article, " ".join((reason or "").split()) or None)
        names = values(db, "select name from withheld_files where article = ?", (article,))
        if not (hidden or names):
            raise ArchiveError(f"article {article} is not withheld")
        return article, names


def _bring_back(session: Session, named: str, article: int, reason: str | None) -> None:
    """Put the rows of an article back, and remove them from where they were held once that holds.

    Raises:
        ArchiveError: if its address is not known, because it has never been in this archive.
    """
    db, now = session.db, session.clock()
    with closing(_held(db)) as held:
        key = value(held, "select key from articles where withheld = ?", (article,))
        if key is None and named.isdigit():
            raise ArchiveError(f"nothing of article {named} was in this archive; give its address")
        key = key or next(key for key in keys_of(db, named) if is_withheld(db, key))
        fields = {"act": "unwithhold", "article": key} | ({"reason": reason} if reason else {})
        with session.batch.one_page():
            place = session.write_metadata(key, fields, at=now)
            _put_back(db, held, article)
            if value(db, "select 1 from articles where id = ?", (article,)):
                note(db, article, "unwithhold", reason, now)
                stories.enter(db, article)
                stories.settle(db)
            else:  # it has never been here, or what held it is lost: it follows from all files
                db.execute(_FROM_ALL, (article, place.file))
        session.batch.commit()
        _forget(held, article)


def _article(db: sqlite3.Connection, named: str) -> int:
    try:
        articles, hidden = find_all(db, named), withheld(db, named)
    except ValueError as error:
        raise ArchiveError(f"{named!r} is neither an article's number nor an address") from error
    if hidden:
        raise ArchiveError(f"article {hidden[0]} is withheld already")
    if not articles:
        raise ArchiveError(f"the archive has no article {named}; `warraq search` prints addresses")
    if len(articles) > 1:
        ids = ", ".join(map(str, articles))
        raise ArchiveError(f"{named} led to several articles; give the number of one: {ids}")
    return articles[0]


def note(db: sqlite3.Connection, article: int, act: str, reason: str | None, now: datetime) -> None:
    """Save that an article was withheld or shown again."""
    insert(db, "withholdings", {"article": article, "at": iso(now), "act": act, "reason": reason})


def note_held(
    db: sqlite3.Connection, key: str, act: str, reason: str | None, now: datetime
) -> None:
    """Save, once, what was done with an article (its key) that is withheld here already."""
    for article in values(db, "select article from withheld where mark = ?", (article_id(key),)):
        row = {"withheld": article, "article": article, "at": iso(now), "act": act}
        with closing(_held(db)) as held:
            same = "withheld = :withheld and at = :at and act = :act"
            if not held.execute(f"select 1 from withholdings where {same}", row).fetchone():  # noqa: S608
                insert(held, "withholdings", row | {"reason": reason})


def take_out(
    db: sqlite3.Connection, folder: Path, article: int, *, at: datetime | str, key: str = ""
) -> None:
    """Move all rows of an article to where they are held, and mark what must not come in again.

    They are committed there first; here the caller commits. One that has none but its captures is
    known by its `key`. What was deleted is in free space until
    `recovery.scrub`, which the next session that begins or ends sees to.
    """
    own = {"id": article, "key": key, "at": at if isinstance(at, str) else iso(at)}
    _gather(db, folder, own)
    with closing(_held(db)) as held:
        held.execute("begin immediate")
        if value(db, "select 1 from articles where id = ?", (article,)):
            _forget(held, article)  # of an act that was broken off
        for table, where in _LEAVING.items():
            also = _FOUND_THERE if table == "visits" else ""
            for row in select(db, f"select * from {table} where {where}{also}", own):  # noqa: S608
                insert(held, table, {"withheld": article} | row)
        held.execute("commit")
    db.execute("pragma defer_foreign_keys = on")
    stories.leave(db, article)
    run_script(db, _script("remove_withheld.sql"), own)
    stories.settle(db)
    recovery.ask_to_scrub(db)


def take_out_marked(db: sqlite3.Connection, folder: Path) -> None:
    """Move the articles of which it is known only by marks that they are withheld."""
    sql = "select distinct article, at from withheld where article in (select id from articles)"
    for article, at in db.execute(sql).fetchall():
        take_out(db, folder, article, at=at)


def adopt(db: sqlite3.Connection, folder: Path, other: Path) -> None:
    """Withhold here what another archive withholds, before anything of it comes in."""
    marks = list[tuple[int, int, str]]()
    with suppress(NotAnArchive, OlderArchive), closing(open_for_reading(other)) as there:
        marks = there.execute("select mark, article, at from withheld").fetchall()
    db.executemany("insert or ignore into withheld values (?, ?, ?)", marks)
    take_out_marked(db, folder)


def _gather(db: sqlite3.Connection, folder: Path, own: Row) -> None:
    """Collect in temporary tables what belongs to an article; see the scripts."""
    db.create_function("warraq_is_home", 1, is_home)
    db.create_function("warraq_targets", 4, partial(_targets, db, folder))
    known: int | None = None
    run_script(db, _script("gather_withheld.sql"), own)
    while known != (known := value(db, "select count(*) from gone_urls")):
        run_script(db, _script("follow_withheld.sql"), own)


def _targets(
    db: sqlite3.Connection, folder: Path, url: str, file: str, offset: int, length: int
) -> str:
    """Return where the answer of an address led to, as JSON: addresses and their keys."""
    message, found = None, list[str]()
    try:
        place = WarcLocation(file=file, offset=offset, length=length)
        message = read_record(folder, place).message
    except DamagedWarc as error:
        logger.warning("%s: it says where a withheld article was moved to, and stays", error)
    for name, target in message.headers if message else ():
        if name.lower() == "location":
            with suppress(ValueError):  # not an address
                address = urljoin(url, target)
                found += [address, *keys_of(db, address)]
    return json.dumps(found)


def _held(db: sqlite3.Connection) -> sqlite3.Connection:
    """Open the database of what is withheld, next to the archive's own; nobody else may read it.

    Its tables are those of the archive, each row with the article that it was withheld with.
    """
    main = value(db, "select file from pragma_database_list where name = 'main'")
    path = Path(main or "").with_name(HELD)
    path.touch(mode=0o600)
    path.chmod(0o600)  # that of a copy may be another
    held = sqlite3.connect(path, isolation_level=None)
    columns = "select name from pragma_table_info(?)"
    held.execute("begin immediate")
    for table in _LEAVING:
        held.execute(f"create table if not exists {table} (withheld integer not null)")
        known = values(held, columns, (table,))
        for name in values(db, columns, (table,)):
            if name not in known:
                held.execute(f"alter table {table} add column {name}")
    held.execute("commit")
    return held


def _forget(held: sqlite3.Connection, article: int) -> None:
    for table in _LEAVING:
        held.execute(f"delete from {table} where withheld = ?", (article,))  # noqa: S608 - ours


def _put_back(db: sqlite3.Connection, held: sqlite3.Connection, article: int) -> None:
    """Insert the rows that are held of an article; it is in no story yet."""
    db.execute("pragma defer_foreign_keys = on")
    db.execute("delete from withheld where article = ?", (article,))
    if not value(held, "select 1 from articles where withheld = ?", (article,)):
        return  # all of it is derived
    moved: dict[tuple[str, int], int] = {}
    for table in sorted(_LEAVING, key=lambda table: table not in _NAMED):
        sql = f"select * from {table} where withheld = ?"  # noqa: S608 - ours
        for row in select(held, sql, (article,)):
            del row["withheld"]
            for column, other in _REFERENCES.get(table, {}).items():
                row[column] = moved.get((other, row[column]), row[column])
            _insert(db, table, row | ({"story": None} if table == "articles" else {}), moved)
    db.execute(_BACK)


def _insert(
    db: sqlite3.Connection, table: str, row: Row, moved: dict[tuple[str, int], int]
) -> None:
    """Insert a row, under another number where that was taken meanwhile, which is then `moved`."""
    before = db.total_changes
    insert(db, table, row, conflict="on conflict do nothing")
    if db.total_changes > before or table not in _NAMED:
        return
    number, name = row.pop("id"), _NAMED[table]
    sql = f"select id from {table} where {name} = ?"  # noqa: S608 - ours
    there = value(db, sql, (row[name],)) if name else None
    moved[table, number] = insert(db, table, row) if there is None else there
    if table == "visits":
        db.execute("update visits set found_in = :found_in where key = :key and found_in = ''", row)
