"""A copy of the archive for readers: without WAL, and without what is withheld."""

import contextlib
import errno
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from archive.clock import Clock, system
from archive.database import (
    NAME,
    database_metadata,
    open_for_reading,
    ready_queries,
    run_script,
    spill_into,
)
from archive.errors import ArchiveError, explain, is_of_the_machine
from archive.maintenance.backup import copy_into, refuse_others
from archive.rows import value, values
from archive.search import register
from archive.session import WARC_FOLDER
from archive.urls import host_of
from archive.warc.files import replacing, sync

METADATA = "metadata.json"
DATABASE = NAME.removesuffix(".db")
_SOURCE = "An archive made with Warraq"
_OF_OURS = re.compile(r"\b(warraq_\w+|word_forms)\(")
_WITH_AND_WITHOUT = (
    "Where Warraq is installed, this copy has its Arabic pages, the search box and word_forms() in"
    " SQL. Without it, tables, views and SQL work; the search index cannot be asked, and `like`"
    " finds words in articles_folded. مع ورّاق: صفحات عربية ومربّع بحث، و word_forms() في SQL. ومن"
    " دونه تعمل الجداول والعروض و SQL، ولا يُسأل فهرس البحث، ويجد like الكلمات في articles_folded."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What a published copy holds, what was left out, and the size of its database in bytes."""

    articles: int
    withheld: int
    bytes: int


def publish(root: Path, target: Path, *, clock: Clock = system) -> Publication:
    """Write a copy of the archive in `root` into the folder `target`, for `datasette target/`.

    It takes no lock, and writes nothing into `root`. The copy gets its name at the end, so that
    whoever serves `target` sees the old one or the new one.

    Raises:
        NewerArchive, NotAnArchive: if `root` holds no archive that can be read.
        ArchiveError: if `target` holds something else, or cannot be written.
    """
    open_for_reading(root).close()
    if not _is_published(target):
        refuse_others(target, {f".{METADATA}.part", f".{NAME}.part"}, "published copy")
    with _written(target), _without_name(target) as db:
        copy_into(db, root)
        register(db)
        db.execute("pragma journal_mode = memory")
        withheld = value(db, "select count(distinct article) from withheld") or 0
        _strip(db)
        articles = value(db, "select count(*) from articles") or 0
        with replacing(target / NAME) as ready:
            _vacuum(db, ready)
            _beside(target, clock)
        sync(target)
    return Publication(articles=articles, withheld=withheld, bytes=(target / NAME).stat().st_size)


def _is_published(target: Path) -> bool:
    """Return whether the folder holds a copy that `publish` has written, or begun to write."""
    try:
        about = json.loads((target / METADATA).read_text(encoding="utf-8"))
        is_ours = str(about["databases"][DATABASE]["source"]).startswith(_SOURCE)
        return is_ours and not (target / WARC_FOLDER).exists()  # which makes it an archive itself
    except (OSError, ValueError, LookupError, TypeError):
        return False


@contextmanager
def _written(target: Path) -> Iterator[None]:
    """Make the folder; remove it if it stays empty, and explain what the disk refuses."""
    is_new = not target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException as error:
        if is_new:
            with contextlib.suppress(OSError):  # something is in it
                target.rmdir()
        if isinstance(error, OSError | sqlite3.Error) and is_of_the_machine(error):
            raise ArchiveError(f"the copy cannot be written: {explain(error, target)}") from error
        raise


@contextmanager
def _without_name(target: Path) -> Iterator[sqlite3.Connection]:
    """Give an empty database to work in, on the disk of `target`, that nobody else can open.

    It holds what is withheld for a while. SQLite takes the name of such a file away as soon as it
    is made (https://sqlite.org/inmemorydb.html#temp_db): a kill leaves nothing, and nothing of it
    can be served.
    """
    if not os.access(target, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        spill_into(target, db)
        try:
            yield db
        finally:
            db.execute("pragma temp_store_directory = ''")


def _strip(db: sqlite3.Connection) -> None:
    """Remove what the crawl remembers, and what the archive remembers of itself and of acts.

    Of a host or a publisher of which all is withheld, nothing is left.
    """
    db.execute("pragma foreign_keys = off")
    db.create_function("host_of", 1, host_of)
    run_script(db, files(__package__).joinpath("publish.sql").read_text(encoding="utf-8"))


def _vacuum(db: sqlite3.Connection, ready: Path) -> None:
    """Write what `db` holds, and nothing that it held, into a new file."""
    # Statistics may hold values of rows that are gone; none are needed before the new ones.
    for table in values(db, "select name from sqlite_master where name glob 'sqlite_stat?'"):
        db.execute(f"drop table {table}")
    db.execute("analyze")
    db.execute("vacuum into ?", (str(ready),))
    sync(ready)


def _beside(target: Path, clock: Clock) -> None:
    """Write what Datasette reads next to a database: its settings, and what the tables mean."""
    about = database_metadata()
    # What asks for functions of ours stays to the plugin, which brings it where it is installed.
    about["queries"] = {
        name: query for name, query in ready_queries().items() if not _OF_OURS.search(query["sql"])
    }
    del about["tables"]["articles"]["fts_table"]  # as a search box of Datasette's alone finds none
    about["description"] = f"{about['description']} {_WITH_AND_WITHOUT}"
    about["source"] = f"{_SOURCE}, as it stood on {clock():%Y-%m-%d}"
    metadata = {"title": about["title"], "databases": {DATABASE: about}}
    # The first says whose folder it is, should a kill leave no more.
    texts = {
        METADATA: json.dumps(metadata, ensure_ascii=False, indent=2) + "\n",
        "settings.json": files("archive.site").joinpath("settings.json").read_text("utf-8"),
    }
    for name, text in texts.items():
        with replacing(target / name) as part:
            part.write_text(text, encoding="utf-8")
