"""What each capture of an article says by today's rules, read out of the archive."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from archive import chains, replayed
from archive.chains import Look
from archive.records import Capture, Extraction, Link, PageKind, Visit
from archive.urls import canonical, host_of
from archive.visits import VISITS, as_visit
from crawler.language import changes_script
from crawler.mime import medium
from crawler.publisher import Publisher
from crawler.workers import Workers

# A revision whose capture was lost: made again without it, the chain would lose its text.
_UNTRACED = "select 1 from revisions where article = ? and capture is null"


class Untraced(Exception):  # noqa: N818 - what an article is
    """Captures of an article are lost, so its chain cannot be made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """An article with its captures, in the order of their time, and their readings under way."""

    article: int
    url: str
    publisher: str
    captures: tuple[Capture, ...]
    readings: "Mapping[int, asyncio.Task[Extraction]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAgain:
    """A page that was no article, the visit to its address, and its reading under way."""

    capture: Capture
    visit: Visit
    reading: "asyncio.Task[Extraction]"


class Reader:
    """Reads captures of an archive in worker processes; `folder` is that of its WARC files."""

    def __init__(self, folder: Path, publishers: Mapping[str, Publisher], workers: Workers) -> None:
        self._folder = folder
        self._publishers = dict(publishers)
        self._workers = workers

    def begin(self, db: sqlite3.Connection, article: int) -> ReadAgain | None:
        """Begin to read all captures of an article; None where it is gone from the archive.

        Raises:
            Untraced, DamagedWarc: if they are not all to be had.
        """
        row = db.execute("select url, publisher from articles where id = ?", (article,)).fetchone()
        if row is None:
            return None
        if db.execute(_UNTRACED, (article,)).fetchone():
            raise Untraced(f"{row[0]}: captures of it are lost")
        captures = [self._recorded(db, number) for number in chains.captures_of(db, article)]
        publisher = self._publisher(row[1], row[0])
        readings = {
            capture.id: self._read(capture, publisher, self._hints(db, article, capture))
            for capture in captures
            if capture.id is not None and _is_page(capture)
        }
        return ReadAgain(
            article=article,
            url=row[0],
            publisher=row[1],
            captures=tuple(captures),
            readings=readings,
        )

    def begin_page(self, db: sqlite3.Connection, number: int) -> PageAgain | None:
        """Begin to read a capture that was no article; None where it leads to one, or is no page.

        Raises:
            DamagedWarc: if it does not read.
        """
        capture = self._recorded(db, number)
        visit = _visit(db, capture) if _is_page(capture) else None
        if visit is None or visit.article is not None:
            return None
        hints = chains.hints_at(db, visit.key, capture.fetched_at)
        publisher = self._publisher(visit.publisher, visit.url)
        return PageAgain(
            capture=capture, visit=visit, reading=self._read(capture, publisher, hints)
        )

    async def looks(self, one: ReadAgain) -> AsyncIterator[Look]:
        """Yield what each capture says of the article."""
        last_good: str | None = None
        language: str | None = None
        for capture in one.captures:
            number = capture.id or 0
            look = Look(capture=number, at=capture.fetched_at)
            if capture.status == 0:
                yield replace(look, line=capture.body)
            elif capture.status == 304 or (last_good and capture.sha256 == last_good):
                yield replace(look, same=True)
            elif capture.status in {404, 410}:
                yield replace(look, gone=await self._is_gone(capture, one.url))
            elif number in one.readings:
                reading = await one.readings[number]
                if is_article(reading) and not changes_script(language, reading.text):
                    last_good, language = capture.sha256, reading.language
                    yield replace(look, reading=reading)

    async def _is_gone(self, capture: Capture, url: str) -> bool:
        wall = await self._workers.wall(capture)
        return (wall is None or wall.kind.proves_removal) and host_of(capture.url) == host_of(url)

    def _read(
        self, capture: Capture, publisher: Publisher, hints: Link | None
    ) -> "asyncio.Task[Extraction]":
        return asyncio.ensure_future(self._workers.extract(capture, publisher, hints=hints))

    def _recorded(self, db: sqlite3.Connection, number: int) -> Capture:
        capture = replayed.recorded(db, self._folder, number)
        found = replayed.shown(db, self._folder, capture) if capture.status else None
        return replace(capture, body=found[0], content_type=found[1]) if found else capture

    def _hints(self, db: sqlite3.Connection, article: int, capture: Capture) -> Link | None:
        with contextlib.suppress(ValueError):
            if found := chains.hints_at(db, canonical(capture.url), capture.fetched_at):
                return found
        row = db.execute(
            "select key from visits where article = ? order by found_at, key limit 1", (article,)
        ).fetchone()
        return chains.hints_at(db, row[0], capture.fetched_at) if row else None

    def _publisher(self, slug: str, url: str) -> Publisher:
        if slug not in self._publishers:
            self._publishers[slug] = replace(Publisher.of_url(url), slug=slug, name=slug)
        return self._publishers[slug]


def is_article(reading: Extraction) -> bool:
    """Return whether a page reads as an article."""
    return bool(reading.text) and reading.kind not in {PageKind.SECTION, PageKind.OTHER}


def _is_page(capture: Capture) -> bool:
    return (
        capture.status == 200
        and not capture.truncated
        and bool(capture.body)
        and not medium(capture)
    )


def _visit(db: sqlite3.Connection, capture: Capture) -> Visit | None:
    """Return the visit to the address that answered, if there is one."""
    try:
        key = canonical(capture.url)
    except ValueError:
        return None
    row = db.execute(f"{VISITS} where v.key = ?", (key,)).fetchone()
    return as_visit(row) if row else None
