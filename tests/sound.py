"""Is an archive sound, and does it still hold what it acknowledged? Asked of it from outside."""

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from fastwarc.warc import ArchiveIterator as OtherReader
from warcio.checker import Checker

from archive.database import NAME, open_for_reading
from archive.errors import ArchiveError
from archive.maintenance.checks import Findings
from archive.maintenance.verify import verify

# An article as it was acknowledged: id, title, deck, byline, day, text, and its revisions.
Article = tuple[object, ...]
_ARTICLES = """
select url, id, title, deck, byline, published_on, text,
    (select group_concat(number || ' ' || coalesce(text, '')) from revisions where article = a.id)
from articles a
"""
_HAS_ARTICLES = "select 1 from sqlite_master where name = 'revisions'"


class Unsound(Exception):  # noqa: N818 - what the archive is
    """The archive lost something, holds it twice, or is damaged; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What was looked at and found whole."""

    articles: int
    records: int


def acknowledged(root: Path) -> Mapping[str, Article]:
    """Return the articles that the database holds just now, by their addresses.

    It is read as any program reads SQLite, whatever version wrote it; none is no article.
    """
    path = root / NAME
    if not path.is_file():
        return {}
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        if db.execute(_HAS_ARTICLES).fetchone() is None:
            return {}
        rows = db.execute(_ARTICLES).fetchall()
    found = {row[0]: row[1:] for row in rows}
    if len(found) != len(rows):
        raise Unsound(f"{root}: {len(rows) - len(found)} articles are there twice")
    return found


def still_there(
    before: Mapping[str, Article], root: Path, *, goal: Mapping[str, Article] = MappingProxyType({})
) -> Mapping[str, Article]:
    """Return the articles of an archive, if those acknowledged `before` are among them, unchanged.

    Of a job that rewrites articles, each may be as its `goal` already: wholly.

    Raises:
        Unsound: if one is missing or is another.
    """
    now = acknowledged(root)
    for url, article in before.items():
        if url not in now:
            raise Unsound(f"{root}: {url} was acknowledged and is lost")
        if now[url] not in {article, goal.get(url, article)}:
            raise Unsound(f"{root}: {url} was {article!r} and is {now[url]!r}")
    return now


def without_damage(root: Path) -> None:
    """Let `verify` look at an archive whose writer died; it may have notes, but finds no damage."""
    if damages := _verified(root).damages:
        raise Unsound(f"{root}: " + "\n".join(map(str, damages)))


def _verified(root: Path) -> Findings:
    try:
        return verify(root)
    except ArchiveError as error:
        raise Unsound(f"{root}: verify ends with: {error}") from error


def sound(root: Path) -> Sound:
    """Check an archive that nobody writes: `verify` finds nothing, two readers read every record.

    Where no archive was begun yet, there is nothing to look at.

    Raises:
        Unsound: if anything is damaged, torn or left to be repaired.
    """
    if not (root / NAME).exists() and not any((root / "warc").rglob("*.warc.gz")):
        return Sound(articles=0, records=0)
    findings = _verified(root)
    if findings.damages or findings.notes:
        raise Unsound(f"{root}: " + "\n".join(findings.lines()))
    try:
        records = sum(map(_records, sorted((root / "warc").rglob("*.warc.gz"))))
    except OSError as error:
        raise Unsound(f"{root}: fastwarc does not read its files: {error}") from error
    if records != findings.counts["WARC records"]:
        told = findings.counts["WARC records"]
        raise Unsound(f"{root}: fastwarc reads {records} records, verify {told}")
    _check(root)
    if running := _running(root):
        raise Unsound(f"{root}: run {running[0]} is said to go on, and nobody writes")
    return Sound(articles=findings.counts["articles"], records=records)


def _running(root: Path) -> list[int]:
    with closing(open_for_reading(root)) as db:
        return [run for (run,) in db.execute("select id from runs where state = 'running'")]


class _Arguments:
    """What warcio's checker expects of its command line."""

    verbose = False

    def __init__(self, root: Path) -> None:
        self.inputs = [str(path) for path in sorted((root / "warc").rglob("*.warc.gz"))]


def _check(root: Path) -> None:
    checker = Checker(_Arguments(root))
    checker.process_all()
    if checker.exit_value:
        raise Unsound(f"{root}: `warcio check` ends with {checker.exit_value}")


def _records(path: Path) -> int:
    """Return how many records fastwarc reads in a file, each with the digests it states."""
    count = 0
    with path.open("rb") as file:
        for record in OtherReader(file, parse_http=False):
            count += 1
            if not record.verify_block_digest():
                raise Unsound(f"{path}: fastwarc finds another block digest in record {count}")
            if record.headers["WARC-Type"] == "response":
                record.parse_http()
                payload = hashlib.sha256(record.reader.read()).hexdigest()
                if record.headers["WARC-Payload-Digest"] != f"sha256:{payload}":
                    raise Unsound(f"{path}: fastwarc finds another payload in record {count}")
    return count
