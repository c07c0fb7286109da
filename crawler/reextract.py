"""Articles read again from their captures, with the current rules and without the network.

Each article's history is derived from all its captures, so that no edit is invented where only a
rule changed. Slices of at most five minutes, between which the writing lock is free (invariant 8);
what is read again twice comes out the same.
"""

import asyncio
import contextlib
import logging
import math
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from functools import partial
from itertools import takewhile
from operator import eq
from pathlib import Path
from typing import Any

from archive import articles, visits
from archive.clock import Clock, system
from archive.database import open_for_reading, require
from archive.derivation import Source
from archive.errors import DamagedWarc
from archive.models import Capture, Extraction, Progress, Visit, silent
from archive.session import WARC_FOLDER
from archive.store import Store
from crawler.derive import Again, Deriver, derived_again, in_order, save_again
from crawler.publisher import Publisher
from crawler.turns import PATIENCE, Stop, take_turns
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

_AHEAD = 12  # articles that are with the workers

Show = Callable[[str, Mapping[str, tuple[Any, Any]]], None]
_Save = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to read again in the archive in `root`: of some publishers (slugs; none: all).

    Only articles that were first seen on or after `since`. A dry run writes nothing. A first turn
    at the archive is waited for `patience` seconds.
    """

    root: Path
    publishers: Mapping[str, Publisher]
    slugs: tuple[str, ...] = ()
    since: date | None = None
    dry_run: bool = False
    patience: float = PATIENCE
    clock: Clock = system


@dataclass(slots=True, kw_only=True)
class Report:
    """What was found: counts, and how many articles differ in which field.

    `counts`: articles read, changed, new, unreadable (no article by the current rules; left as they
    are), damaged (a capture does not read; left as they are).
    """

    counts: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    stopped: bool = False


async def reextract(
    job: Job, *, show: Show = lambda _url, _changes: None, progress: Progress = silent
) -> Report:
    """Read the articles of the job again; `show` gets each that differs, with what and how.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be used.
        ArchiveLocked: if another process goes on writing for longer than is waited.
        NoWorkers: if the processes that read pages die as they start.
    """
    require(job.root)
    stop, workers = Stop(), Workers()
    stop.in_hand = lambda: workers.busy
    again = _Rereading(job=job, workers=workers, stop=stop, show=show, progress=progress)
    try:
        if job.dry_run:
            with contextlib.closing(open_for_reading(job.root)) as db:
                await again.read(Source(db, job.root / WARC_FOLDER), math.inf)
        else:
            opened = partial(Store, job.root, command="extract --again", clock=job.clock)
            await take_turns(opened, again.save, root=job.root, stop=stop, patience=job.patience)
    except Stopped:  # the workers were told so as well, or none of them lives
        if workers.failure:
            raise workers.failure from None
        stop.asked = True
    finally:
        workers.close()
    again.report.stopped = stop.asked
    return again.report


@dataclass(slots=True, kw_only=True)
class _Rereading:
    """Derives articles again, reads pages that were none, and reports what differs.

    `waiting` are ids of articles, and of captures where that is true; `number` is how many there
    were.
    """

    job: Job
    workers: Workers
    stop: Stop
    show: Show
    progress: Progress
    report: Report = field(default_factory=Report)
    waiting: deque[tuple[int, bool]] | None = None
    number: int = 0

    async def save(self, store: Store, ends_at: float) -> bool:
        """Read on until a moment and save what differs; return whether there is more to read."""
        return await self.read(Source(store.db, store.warc_folder), ends_at, store)

    async def read(self, source: Source, ends_at: float, store: Store | None = None) -> bool:
        """Read on until a moment, and save where there is a store; return whether there is more."""
        if self.waiting is None:
            wanted = source.readable(self.job.slugs, self.job.since)
            self.waiting, self.number = deque(wanted), len(wanted)
        deriver, waiting = Deriver(source, self.job.publishers, self.workers), self.waiting
        reads = (
            (self._read_page if is_page else self._read_article)(number, deriver, store)
            for number, is_page in list(waiting)
        )
        async with contextlib.aclosing(in_order(reads, room=_AHEAD)) as tasks:
            async for task in tasks:
                self._end(task, store)
                waiting.popleft()
                self.progress("articles", self.number - len(waiting), self.number)
                if self.stop.asked or time.monotonic() >= ends_at:
                    break
        return bool(waiting)

    async def _read_article(
        self, number: int, deriver: Deriver, store: Store | None
    ) -> _Save | None:
        again = await derived_again(deriver, number)
        return partial(self._save, again, store) if again else None

    async def _read_page(self, number: int, deriver: Deriver, store: Store | None) -> _Save | None:
        """Read a page again that was no article, unless its address leads to one now."""
        if page := deriver.source.page(number):
            capture, visit = page
            publisher = deriver.publisher(visit.publisher, visit.url)
            reading = await deriver.read(capture, publisher)
            if reading.is_article:
                return partial(self._save_page, capture, visit, reading, store)
        return None

    def _end(self, task: "asyncio.Future[_Save | None]", store: Store | None) -> None:
        """Save what was read, in its turn."""
        try:
            if save := task.result():
                save()
        except DamagedWarc as error:
            logger.warning("left unchanged: %s", error)
            self.report.counts["damaged"] += 1
        if store:
            store.batch.count()
            if store.batch.is_due():
                store.batch.commit()

    def _save(self, again: Again, store: Store | None) -> None:
        """Compare the history derived with the one there is, and put it in its place."""
        counts = self.report.counts
        counts["read"] += 1
        if again.after is None:
            counts["unreadable"] += 1
        elif changes := again.before.changes(again.after):
            counts["changed"] += 1
            self.report.fields.update(changes.keys())
            self.show(again.before.article["url"], changes)
            if store:
                save_again(store, again)

    def _save_page(
        self, capture: Capture, visit: Visit, reading: Extraction, store: Store | None
    ) -> None:
        """Save an article that is read for the first time, at the moment of its capture."""
        known = visits.find(store.db, visit.key) if store else None
        if known and known.article is not None:
            return
        self.report.counts["new"] += 1
        self.show(capture.url, {"article": (None, reading.title)})
        if store:
            identity = articles.identify(store.db, visit, reading, answered=capture.url)
            if identity.article is None:
                key, url = identity.key, identity.url
                with store.batch.one_page():
                    store.discover(reading, key=key, url=url, visit=visit, capture=capture)


_WORDS = re.compile(r"\n+|\S{1,40}")  # what is longer (an address) counts as several
_SHORT = 60  # letters of a value that is shown whole
_AROUND = 4  # words before and after what differs
_WINDOW = 600  # words that are compared: difflib's time grows with their square
_MOST = 8  # words that are shown of what was there, and of what would be


def difference(before: Any, after: Any) -> str:
    """Return in a line how a value differs from another: None, a number, names (a tuple) or text.

    Long ones as git's word diff has it: [-what was there-]{+what would be+}.
    """
    was, now = (
        "، ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        for value in (before, after)
    )
    if was and now and max(len(was), len(now)) > _SHORT:
        return of_text(was, now)
    return f"{_short(was)} → {_short(now)}"


def word_counts(before: str, after: str) -> str:
    """Return how many words a text has, loses and gains; one that only moves does neither."""
    was, now = Counter(before.split()), Counter(after.split())
    lost, gained = (was - now).total(), (now - was).total()
    return f"{was.total():,} → {now.total():,} words, {lost:,} removed, {gained:,} added"


def of_text(before: str, after: str) -> str:
    """Return the first place where two texts differ, with a few words around it.

    The end of a paragraph is shown as ¶.
    """
    was, now = (
        ["¶" if word.isspace() else word for word in _WORDS.findall(text)]
        for text in (before, after)
    )
    if was == now:
        return "other spaces between the words"
    start = max(0, sum(takewhile(bool, map(eq, was, now))) - _AROUND)
    was, now = was[start : start + _WINDOW], now[start : start + _WINDOW]
    groups = SequenceMatcher(None, was, now).get_grouped_opcodes(_AROUND)
    parts = ["…"] if start else []
    for kind, a, b, c, d in next(iter(groups))[:3]:
        parts += was[a:b] if kind == "equal" else [_marked(was[a:b], now[c:d])]
    return " ".join(parts)


def _marked(gone: Sequence[str], come: Sequence[str]) -> str:
    """Return what goes and what comes, of much its beginning and its end."""
    was, now = (
        " ".join(words if len(words) <= _MOST else [*words[: _MOST - 3], "…", *words[-2:]])
        for words in (gone, come)
    )
    return (f"[-{was}-]" if was else "") + (f"{{+{now}+}}" if now else "")


def _short(text: str) -> str:
    """Return a value in one line; of a long one its beginning."""
    text = " ".join(text.split()) or "nothing"
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
