"""Second half of a rebuild: what the WARC files tell happens again, by today's rules.

Answers, readings and endings take the same road as in a crawl, one after the other in their old
order; only the reading of pages, which is what takes time, runs ahead on all cores.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from archive import captures, imports, runs, troubles
from archive.clock import iso
from archive.errors import DamagedWarc
from archive.journal import visit_of
from archive.maintenance.import_jsonl import keep_imported, known_article
from archive.maintenance.json_line import BadLine, read_line
from archive.maintenance.withhold import note
from archive.problems import ProblemKind
from archive.publishers import save_new
from archive.records import (
    Capture,
    Extraction,
    Kind,
    Link,
    Page,
    Problem,
    Reading,
    Visit,
    WarcLocation,
)
from archive.replayed import Event, Replayed
from archive.warc import reader
from crawler.daterange import Period
from crawler.extract.byline import names
from crawler.importing.keeping import keep
from crawler.keeping import Keeper
from crawler.mime import medium
from crawler.outcomes import Ended, Outcomes
from crawler.publisher import Publisher
from crawler.responses import Responses, as_asked
from crawler.traps import Traps
from crawler.workers import Workers

_AHEAD = 24  # events, of which pages are read before their turn

Progress = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class _Ready:
    """An event, what was recorded of it, and the reading of its page under way."""

    event: Event
    visit: Visit | None = None
    capture: Capture | None = None
    reading: "asyncio.Task[Extraction] | None" = None
    damage: str | None = None


class Replay:
    """Does again what the events of a store tell."""

    def __init__(
        self, store: Replayed, publishers: Mapping[str, Publisher], workers: Workers
    ) -> None:
        """Take the store, the publishers by slug as today's files have them, and the workers."""
        self._store = store
        self._publishers = dict(publishers)
        self._published: set[str] = set()
        self._workers = workers
        self._run: int | None = None
        self._begin_run(Period())

    async def run(self, *, progress: Progress = lambda _done: None) -> None:
        """Do all events again; `progress` hears how many are done.

        Raises:
            Stopped: if the workers were told to end; the next rebuild goes on from there.
        """
        ready: deque[_Ready] = deque()
        done = 0
        try:
            for event in self._store.events():
                ready.append(self._made_ready(event))
                if len(ready) > _AHEAD:
                    await self._do(ready.popleft())
                    done += 1
                    progress(done)
            while ready:
                await self._do(ready.popleft())
                done += 1
                progress(done)
        finally:
            for one in ready:
                if one.reading:
                    one.reading.cancel()
        self._interrupted()
        self._store.commit()

    def _begin_run(self, period: Period) -> None:
        traps = Traps(self._store)
        self._keeper = Keeper(self._store, self._publishers, traps=traps)
        self._responses = Responses(
            self._store,
            self._publishers,
            outcomes=Outcomes(self._store),
            traps=traps,
            period=period,
            workers=self._workers,
        )

    def _interrupted(self) -> None:
        """Add up a run that did not tell of its end, as the next writer did."""
        row = self._store.db.execute("select ended_at from runs where id = ?", (self._run,))
        if self._run is not None and row.fetchone() == (None,):
            self._store.batch.open()
            runs.end(self._store.db, self._run, state="interrupted", now=None)

    def _made_ready(self, event: Event) -> _Ready:
        """Read what was recorded of an event; begin to read the page that it is."""
        ready = _Ready(event=event)
        if event.act not in {"visit", "import-warc"} or event.capture is None:
            return ready
        try:
            ready.visit = visit_of(event.fields)
            ready.capture = self._store.recorded(event.capture)
            page = self._as_shown(ready.capture)
        except (DamagedWarc, ValueError, KeyError) as error:
            ready.damage = str(error)
            return ready
        is_page = page.status == 200 and page.kind is Kind.ARTICLE and not page.truncated
        if is_page and page.body and ready.visit.kind is Kind.ARTICLE and not medium(page):
            ready.reading = self._read(page, self._publisher(ready.visit), ready.visit.hints)
        return ready

    def _read(
        self, page: Capture, publisher: Publisher, hints: Link | None
    ) -> "asyncio.Task[Extraction]":
        return asyncio.ensure_future(self._workers.extract(page, publisher, hints=hints))

    def _as_shown(self, capture: Capture) -> Capture:
        return captures.as_shown(self._store.db, self._store.warc_folder, capture)

    async def _do(self, ready: _Ready) -> None:
        event, store = ready.event, self._store
        store.begin(event)
        if event.act == "run":
            if event.run != self._run:  # else the next file of the same run
                self._interrupted()
                self._begin_run(_period(event.fields))
                self._run = event.run
        elif event.act == "end":
            store.batch.open()
            runs.end(store.db, event.run, state=event.fields["state"], now=event.at)
            self._run = None
        elif event.act == "visit":
            await self._visit(ready)
        elif event.act == "import-warc":
            await self._page(ready)
        elif event.act == "import" and event.capture is not None:
            self._import(event.capture)
        elif event.act in {"withhold", "unwithhold", imports.ACT, troubles.ACT}:
            self._told(event)
        store.done = event.position
        store.batch.count()
        if store.batch.is_due():
            store.commit()
            await asyncio.sleep(0)

    async def _visit(self, ready: _Ready) -> None:
        if ready.visit is None or ready.capture is None or ready.damage:
            self._damaged(ready)
            return
        publisher = self._published_one(ready.visit)
        visit = as_asked(self._store.known(ready.visit), publisher)
        page = await self._responses.receive(visit, ready.capture, shown=self._shown)
        if isinstance(page, Ended):
            if ready.reading:
                ready.reading.cancel()
            return
        reading = ready.reading or self._read(page.capture, publisher, ready.visit.hints)
        self._keeper.keep(Reading(page=page, extraction=await reading))

    async def _page(self, ready: _Ready) -> None:
        """Keep a page again that was copied out of another program's file."""
        if ready.visit is None or ready.capture is None or ready.damage:
            self._damaged(ready)
            return
        publisher = self._publisher(ready.visit)
        save_new(self._store.db, publisher.record())
        visit = replace(imports.enter(self._store.db, ready.visit), hints=None)
        reading = ready.reading or self._read(ready.capture, publisher, None)
        page = Page(visit=visit, capture=ready.capture)
        keep(self._store, Reading(page=page, extraction=await reading), {})

    async def _shown(self, _visit: Visit, capture: Capture) -> Capture:
        return self._as_shown(capture)

    def _damaged(self, ready: _Ready) -> None:
        """Keep that an answer is lost; its address is due, should it be there still."""
        visit = ready.visit
        problem = Problem(
            kind=ProblemKind.DAMAGED_CAPTURE,
            detail=ready.damage or "the record that a visit tells of is in no WARC file",
            stage="rebuild",
        )
        if visit:
            visit = self._store.known(visit)
        self._store.problem(
            problem,
            url=visit.url if visit else ready.event.fields.get("visit", ""),
            publisher=None,
            capture=ready.capture,
        )

    def _published_one(self, visit: Visit) -> Publisher:
        """Return the publisher of a visit, which the archive knows by now."""
        publisher = self._publisher(visit)
        if publisher.slug not in self._published:
            self._store.publish(publisher.record())
            self._published.add(publisher.slug)
        return publisher

    def _publisher(self, visit: Visit) -> Publisher:
        """Return the publisher of a visit; of one without a file no more than its address tells."""
        slug = visit.publisher
        if slug not in self._publishers:
            bare = Publisher.of_url(visit.url)
            self._publishers[slug] = replace(bare, slug=slug, name=slug)
        return self._publishers[slug]

    def _import(self, number: int) -> None:
        """Take a line of a collection in again, unless its article is known by now."""
        store = self._store
        store.batch.open()
        url, publisher, at, file, offset, length = store.db.execute(
            "select url, publisher, fetched_at, warc_file, warc_offset, warc_length from captures"
            " where id = ?",
            (number,),
        ).fetchone()
        place = WarcLocation(file=file, offset=offset, length=length)
        try:
            line = reader.read_payload(store.warc_folder, place)
            imported = read_line(line, publisher=publisher, now=at, names_of=names)
        except (DamagedWarc, BadLine) as error:
            problem = Problem(kind=ProblemKind.DAMAGED_CAPTURE, detail=str(error), stage="rebuild")
            store.problem(problem, url=url, publisher=None)
            return
        save_new(store.db, imported.publisher)
        if known_article(store.db, imported) is None:
            keep_imported(store.db, imported, capture=number)

    def _told(self, event: Event) -> None:
        """Keep again what no answer tells: what was withheld, how far a file was read, problems."""
        self._store.batch.open()
        try:
            self._act(event)
        except (KeyError, ValueError, sqlite3.IntegrityError) as error:
            problem = Problem(
                kind=ProblemKind.DAMAGED_CAPTURE, detail=f"{event.act}: {error}", stage="rebuild"
            )
            self._store.problem(problem, url=iso(event.at), publisher=None)

    def _act(self, event: Event) -> None:
        db, fields = self._store.db, event.fields
        if event.act == imports.ACT:
            imports.remember(db, imports.Progress.of(fields), now=event.at)
        elif event.act == troubles.ACT:
            troubles.enter(db, fields, at=event.at, run=event.run)
        else:
            note(db, int(fields["article"]), event.act, fields.get("reason") or None, event.at)


def _period(info: Mapping[str, str]) -> Period:
    """Return the days that a run was told to visit, out of its warcinfo record."""
    since, until = info.get("since"), info.get("until")
    return Period(
        since=date.fromisoformat(since) if since else None,
        until=date.fromisoformat(until) if until else None,
    )
