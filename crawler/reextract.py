"""Articles read again from their captures, with the current rules and without the network.

Each article's history is derived from all its captures, so that no edit is invented where only a
rule changed. Slices of at most five minutes, between which the writing lock is free (invariant 8);
what is read again twice comes out the same.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path
from typing import Any

from archive.clock import Clock, system
from archive.database import open_for_reading, require
from archive.derivation import PageAgain, Source
from archive.errors import DamagedWarc
from archive.models import Extraction, Progress, silent
from archive.session import WARC_FOLDER
from archive.store import Store
from crawler.derive import Again, Deriver, derived_again, in_order, save_again
from crawler.publisher import Publisher
from crawler.turns import PATIENCE, Stop, take_turns
from crawler.workers import Stopped, Workers

logger = logging.getLogger(__name__)

_AHEAD = 12  # articles that are with the workers
# Of what differs:
_WORDS = re.compile(r"\n+|\S{1,40}")  # what is longer (an address) counts as several
_WIDTH = 60  # letters of a value that is shown whole
_AROUND = 4  # words before and after what differs
_MOST = 8  # words shown of what was there, and of what would be
_NAMES = 4
_NAME = 100  # letters of a name; images have their addresses and captions for one
_WINDOW = 600  # words that are compared: difflib's time grows with their square

Show = Callable[[str, Mapping[str, tuple[Any, Any]]], None]
_Save = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to read again in the archive in `root`: of some publishers (slugs; none: all).

    Only articles that were first seen on or after `since`, or just `articles`. A dry run writes
    nothing. A first turn at the archive is waited for `patience` seconds.
    """

    root: Path
    publishers: Mapping[str, Publisher]
    articles: Collection[int] | None = None
    slugs: tuple[str, ...] = ()
    since: date | None = None
    dry_run: bool = False
    processes: int | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """An article, or the capture of a page that was none, by its id."""

    number: int
    is_page: bool = False


class Rereading:
    """Derives articles again, reads pages that were none, and reports what differs.

    Without a store to save with, nothing is written.
    """

    def __init__(self, deriver: Deriver, store: Store | None, report: Report, show: Show) -> None:
        self._deriver = deriver
        self._source = deriver.source
        self._store = store
        self._report = report
        self._show = show

    async def read(self, item: _Item) -> _Save | None:
        """Read an article or a page again; return how to save it, None where there is nothing.

        Raises:
            DamagedWarc: if a capture of it is lost, or cannot be read.
        """
        if item.is_page:
            return await self._read_page(item.number)
        again = await derived_again(self._deriver, item.number)
        return partial(self._save, again) if again else None

    async def _read_page(self, number: int) -> _Save | None:
        page = self._source.page_again(number)
        if page is None:
            return None
        publisher = self._deriver.publisher(page.visit.publisher, page.visit.url)
        reading = await self._deriver.read(page.capture, publisher)
        return partial(self._save_page, page, reading) if reading.is_article else None

    def end(self, task: "asyncio.Future[_Save | None]") -> None:
        """Save what was read, in its turn."""
        try:
            save = task.result()
        except DamagedWarc as error:
            logger.warning("left unchanged: %s", error)
            self._report.counts["damaged"] += 1
            return
        if save:
            with self._store.batch.one_page() if self._store else contextlib.nullcontext():
                save()

    def _save(self, again: Again) -> None:
        """Compare the history derived with the one there is, and put it in its place."""
        counts = self._report.counts
        counts["read"] += 1
        if again.after is None:
            counts["unreadable"] += bool(self._source.captures(again.subject.article))
            return
        if changes := again.before.changes(again.after):
            counts["changed"] += 1
            self._report.fields.update(changes.keys())
            self._show(again.subject.url, changes)
            if self._store:
                save_again(self._deriver, again)
        self._deriver.forget(again.subject.article)

    def _save_page(self, page: PageAgain, reading: Extraction) -> None:
        """Save an article that is read for the first time, at the moment of its capture."""
        if self._source.is_led(page.visit.key):
            return
        self._report.counts["new"] += 1
        self._show(page.capture.url, {"article": (None, reading.title)})
        if self._store is None:
            return
        identity = self._store.identify(
            page.visit,
            claimed=reading.canonical_url,
            answered=page.capture.url,
            title=reading.title,
        )
        if identity.article is None:
            key, url = identity.key, identity.url
            self._store.discover(reading, key=key, url=url, visit=page.visit, capture=page.capture)


async def reextract(
    job: Job,
    *,
    show: Show = lambda _url, _changes: None,
    progress: Progress = silent,
) -> Report:
    """Read the articles of the job again; `show` gets each that differs, with what and how.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be used.
        ArchiveLocked: if another process goes on writing for longer than is waited.
        NoWorkers: if the processes that read pages die as they start.
    """
    require(job.root)
    report, stop, workers = Report(), Stop(), Workers(processes=job.processes)
    try:
        await _slices(job, workers, report, stop, show, progress)
    except Stopped:  # the workers were told so as well, or none of them lives
        if workers.failure:
            raise workers.failure from None
        report.stopped = True
    finally:
        workers.close()
    report.stopped |= stop.asked
    return report


async def _slices(
    job: Job, workers: Workers, report: Report, stop: Stop, show: Show, progress: Progress
) -> None:
    """Read in turns at the archive; the first one finds out what there is to read."""
    waiting: deque[_Item] | None = None
    of = 0

    async def read(opened: tuple[Source, Store | None], ends_at: float) -> bool:
        nonlocal waiting, of
        source, store = opened
        if waiting is None:
            waiting = deque(_wanted(source, job))
            of = len(waiting)
        again = Rereading(Deriver(source, job.publishers, workers), store, report, show)
        begun = in_order(map(again.read, list(waiting)), room=_AHEAD)
        async with contextlib.aclosing(begun) as tasks:
            async for task in tasks:
                again.end(task)
                waiting.popleft()
                _count(store)
                progress("articles", of - len(waiting), of)
                if stop.asked or time.monotonic() >= ends_at:
                    break
        return bool(waiting)

    patience = 0.0 if job.dry_run else job.patience
    await take_turns(partial(_opened, job), read, root=job.root, stop=stop, patience=patience)


def _wanted(source: Source, job: Job) -> list[_Item]:
    """Return the articles of the job, and the pages that were none."""
    if job.articles is not None:
        return [_Item(number=number) for number in job.articles]
    numbers = source.articles(publishers=job.slugs, since=job.since)
    pages = source.other_pages(publishers=job.slugs, since=job.since)
    return [
        *(_Item(number=number) for number in numbers),
        *(_Item(number=number, is_page=True) for number in pages),
    ]


def _count(store: Store | None) -> None:
    if store:
        store.batch.count()
        if store.batch.is_due():
            store.batch.commit()


@contextlib.contextmanager
def _opened(job: Job) -> Iterator[tuple[Source, Store | None]]:
    """Give the archive and the store to write with; a dry run has none and takes no lock."""
    folder = job.root / WARC_FOLDER
    if job.dry_run:
        with contextlib.closing(open_for_reading(job.root)) as db:
            yield Source(db, folder), None
    else:
        with Store(job.root, command="extract --again", clock=job.clock) as store:
            yield Source(store.db, folder), store


def difference(before: Any, after: Any) -> str:
    """Return in a line how a value differs from another: None, a number, names (a tuple) or text.

    As git's word diff has it: [-what was there-]{+what would be+}.
    """
    if isinstance(before, tuple) or isinstance(after, tuple):
        return _of_names(Counter(before or ()), Counter(after or ()))
    texts = [value for value in (before, after) if isinstance(value, str)]
    if len(texts) == 2 and max(map(len, texts)) > _WIDTH:
        return of_text(*texts)
    return f"{_short(before)} → {_short(after)}"


def word_counts(before: str, after: str) -> str:
    """Return how many words a text has, loses and gains; one that only moves does neither."""
    was, now = Counter(before.split()), Counter(after.split())
    lost, gained = (was - now).total(), (now - was).total()
    return f"{was.total():,} → {now.total():,} words, {lost:,} removed, {gained:,} added"


def of_text(before: str, after: str) -> str:
    """Return the first place where two texts differ, with the words around it.

    The end of a paragraph is shown as ¶. The time is that of two texts of some hundred words,
    however long they are.
    """
    was, now = (
        ["¶" if word.isspace() else word for word in _WORDS.findall(text)]
        for text in (before, after)
    )
    start = _common(was, now)
    end = _common(was[start:][::-1], now[start:][::-1])
    gone, come = was[start : len(was) - end], now[start : len(now) - end]
    if not gone and not come:
        return "other spaces between the words"
    first = SequenceMatcher(None, gone[:_WINDOW], come[:_WINDOW]).get_matching_blocks()[0]
    if first.size:  # what follows is another difference
        gone, come = gone[: first.a], come[: first.b]
    rest = now[start + len(come) :]
    parts = (
        "…" if start > _AROUND else "",
        *was[max(0, start - _AROUND) : start],
        _marked(_cut(gone), _cut(come)),
        *rest[:_AROUND],
        "…" if len(rest) > _AROUND else "",
    )
    return " ".join(filter(None, parts))


def _common(was: Sequence[str], now: Sequence[str]) -> int:
    """Return how many words both begin with."""
    pairs = enumerate(zip(was, now, strict=False))
    differing = (number for number, (before, after) in pairs if before != after)
    return next(differing, min(len(was), len(now)))


def _cut(words: Sequence[str]) -> str:
    kept = words if len(words) <= _MOST else (*words[: _MOST - 3], "…", *words[-2:])
    return " ".join(kept)


def _of_names(was: Counter[str], now: Counter[str]) -> str:
    """Return which names go and which come."""
    gone, come = list((was - now).elements()), list((now - was).elements())
    if not gone and not come:
        return "in another order"
    if len(gone) == len(come) == 1 and min(len(gone[0]), len(come[0])) > _WIDTH:
        return of_text(gone[0], come[0])
    return _marked(_listed(gone), _listed(come))


def _listed(names: Sequence[str]) -> str:
    more = f" … and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return "، ".join(_short(name, _NAME) for name in names[:_NAMES]) + more


def _marked(gone: str, come: str) -> str:
    return (f"[-{gone}-]" if gone else "") + (f"{{+{come}+}}" if come else "")


def _short(value: Any, width: int = _WIDTH) -> str:
    """Return a value in one line; of a long one its beginning."""
    text = "nothing" if value is None or value == "" else " ".join(str(value).split())
    return text if len(text) <= width else text[: width - 1] + "…"
