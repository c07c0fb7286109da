"""An article made again from its captures, held against the one there is, and put in its place."""

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from archive import chains, imports
from archive.chains import Chain, Loom
from archive.errors import DamagedWarc
from archive.records import Extraction, Page, Reading
from archive.store import Store
from archive.upkeep.retelling import tell_untold
from crawler.keeping import addresses
from crawler.looks import PageAgain, ReadAgain, Reader, Untraced, is_article

logger = logging.getLogger(__name__)

Tell = Callable[[str, Mapping[str, tuple[Any, Any]]], None]
_End = Callable[[sqlite3.Connection, Store | None], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Told:
    """What was found: counts, and how many articles differ in which field.

    `counts`: articles read, changed, new, unreadable (no article by today's rules; left as they
    are), damaged (a capture does not read; left as they are).
    """

    counts: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A reading that is under way: how it ends, and what to cancel if it is not to end."""

    end: _End | None = None
    readings: "tuple[asyncio.Task[Extraction], ...]" = ()

    async def call_off(self) -> None:
        """Let nothing be read any more that was not, and nobody hear how it ended."""
        for reading in self.readings:
            reading.cancel()
        await asyncio.gather(*self.readings, return_exceptions=True)


class Rereading:
    """Begins and ends to read articles, and pages that were none, and tells what differs.

    Without a store to end with, nothing is written.
    """

    def __init__(self, reader: Reader, loom: Loom, told: Told, tell: Tell) -> None:
        self._reader = reader
        self._loom = loom
        self._told = told
        self._tell = tell

    def article(self, db: sqlite3.Connection, number: int) -> Begun:
        """Begin to read an article's captures."""
        try:
            read = self._reader.begin(db, number)
        except (Untraced, DamagedWarc) as error:
            return Begun(end=partial(self._leave, error))
        if read is None:
            return Begun()
        return Begun(end=partial(self._weave, read), readings=tuple(read.readings.values()))

    def page(self, db: sqlite3.Connection, number: int) -> Begun:
        """Begin to read a page that was no article."""
        try:
            read = self._reader.begin_page(db, number)
        except DamagedWarc as error:
            return Begun(end=partial(self._leave, error))
        return Begun(end=partial(self._keep, read), readings=(read.reading,)) if read else Begun()

    async def _leave(self, error: Exception, _db: sqlite3.Connection, _store: Store | None) -> None:
        logger.warning("left as it is: %s", error)
        self._told.counts["damaged"] += 1

    async def _weave(self, one: ReadAgain, db: sqlite3.Connection, store: Store | None) -> None:
        """Hold the chain made again against the one there is; put it in its place."""
        looks = [look async for look in self._reader.looks(one)]
        self._told.counts["read"] += 1
        before = Chain.stored(db, one.article)
        after = self._loom.woven(one.url, one.publisher, looks)
        if before is None:
            return
        if after is None:
            self._told.counts["unreadable"] += bool(one.captures)
            return
        changes = before.changes(after)
        if not changes:
            return
        self._told.counts["changed"] += 1
        self._told.fields.update(changes.keys())
        self._tell(one.url, changes)
        if store:
            with store.batch.one_page():
                chains.replace(db, one.article, before, after)

    async def _keep(self, one: PageAgain, db: sqlite3.Connection, store: Store | None) -> None:
        """Keep an article that is read for the first time, at the moment of its capture."""
        reading = await one.reading
        key = (one.visit.key,)
        (led,) = db.execute("select article from visits where key = ?", key).fetchone()
        if led is not None or not is_article(reading):
            return
        self._told.counts["new"] += 1
        self._tell(one.capture.url, {"article": (None, reading.title)})
        if store is None:
            return
        claimed, answered = addresses(
            Reading(page=Page(visit=one.visit, capture=one.capture), extraction=reading)
        )
        with store.batch.one_page():
            identity = store.identify(
                one.visit, claimed=claimed, answered=answered, title=reading.title
            )
            if identity.article is None:
                article, _ = store.keep(
                    reading, url=identity.url, visit=one.visit, capture=one.capture
                )
                if article is not None:
                    imports.lead(store.db, one.visit.key, article=article)
                    tell_untold(store, one.capture.id or 0)
