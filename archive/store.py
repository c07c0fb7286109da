"""The writer: what the road asks of the archive and hands on to it, in batches.

Everything a batch writes goes through one connection, so it reads its own rows at once.
"""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Literal, Self

from archive import articles, captures, recovery, runs, visits, warc
from archive.batch import Batch
from archive.clock import Clock, iso, system
from archive.database import open_for_writing
from archive.errors import ArchiveError
from archive.hosts import Hosts
from archive.lock import writing
from archive.records import (
    Capture,
    Exchange,
    Extraction,
    Kind,
    Link,
    Outcome,
    PageKind,
    Problem,
    Publisher,
    Visit,
)
from archive.shapes import Shapes

WARC_FOLDER = "warc"


class Store:
    """An archive open for writing, and the run that writes; a context manager.

    Leaving it commits what is complete, closes the run and gives the lock up. After an error of
    the disk or the database it commits nothing more and leaves the run to the next recovery.

    Raises (on entering):
        ArchiveError: if the folder cannot be written.
        ArchiveLocked: if another process is writing.
        NewerArchive, NotAnArchive: if the database cannot be used.
    """

    def __init__(
        self,
        root: Path,
        *,
        command: str,
        software: str,
        settings: Mapping[str, str] = MappingProxyType({}),
        clock: Clock = system,
        roll_bytes: int = warc.ROLL_BYTES,
    ) -> None:
        """Take the archive's folder; `software` names the program in each WARC file.

        `settings` are further lines of its warcinfo record.

        A WARC file that has `roll_bytes` or more is followed by the next one. `totals` counts
        while it happens: requests, bytes, new, changed, same, problems. `hosts` and `shapes` are
        what is remembered of these.
        """
        self.totals: Counter[str] = Counter()
        self.root = root
        self._roll_bytes = roll_bytes
        self.clock = clock
        self._command = command
        self._info = {"software": software, **settings}
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            self._make_folders()
            now = self.clock()
            opening.enter_context(writing(self.root, command=self._command, now=now))
            self.db = open_for_writing(self.root)
            opening.callback(self.db.close)
            recovery.recover(self.db, self.root / WARC_FOLDER)
            self.run = runs.begin(self.db, self._command, now=now)
            self._warc = warc.WarcFile(
                self.root / WARC_FOLDER,
                name=f"warraq-{now:%Y%m%d%H%M%S}-{self.run}",
                info=self._info | {"isPartOf": f"run {self.run}"},
                now=now,
                roll_bytes=self._roll_bytes,
            )
            self.batch = Batch(self.db, self._warc, clock=self.clock)
            self.hosts = Hosts(self.db, self.batch)
            self.shapes = Shapes(self.db, self.batch)
            self._began = now
            self._closing = opening.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._closing:
            if self.batch.broken or isinstance(exc, sqlite3.Error | OSError):
                self.batch.abandon()
                return
            try:
                self._warc.close()
                self.batch.commit()
                self._finish("finished" if exc is None else "failed")
            except (OSError, sqlite3.Error) as error:
                self.batch.abandon()
                raise ArchiveError(
                    f"{self.root}: the archive cannot be written ({error});"
                    " what was acknowledged is safe, the rest is still due"
                ) from error

    # What the road asks and hands on. A shared archive would offer the same calls.

    def publish(self, publisher: Publisher) -> None:
        """Make a publisher known, or bring what is known of it up to date."""
        self.batch.open()
        self.db.execute(
            "insert into publishers values (?, ?, ?, ?, ?, ?) on conflict (slug) do update set"
            " name = excluded.name, name_latin = excluded.name_latin, language = excluded.language,"
            " homepage = excluded.homepage, country = excluded.country",
            (
                publisher.slug,
                publisher.name,
                publisher.name_latin,
                publisher.homepage,
                publisher.country,
                publisher.language,
            ),
        )

    def enter(self, entries: Iterable[tuple[str, Kind]], *, publisher: str) -> None:
        """Make a publisher's entry points known and due now; former ones rest."""
        self.batch.open()
        visits.retire(self.db, publisher)
        visits.ask(self.db, entries, publisher=publisher, now=self.clock())

    def ask(self, addresses: Iterable[tuple[str, Kind]], *, publisher: str) -> None:
        """Make single addresses known and due now."""
        self.batch.open()
        visits.ask(self.db, addresses, publisher=publisher, now=self.clock())

    def due(
        self,
        publisher: str,
        *,
        articles: bool,
        limit: int,
        busy: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> list[Visit]:
        """Return at most `limit` due visits of a publisher: its articles, or its listings.

        Those in `busy` (keys) are left out; with `only`, all others are.
        """
        return visits.due(
            self.db,
            publisher,
            now=self.clock(),
            articles=articles,
            limit=limit,
            busy=busy,
            only=only,
        )

    def count_due(self, publishers: Collection[str]) -> int:
        """Return how many visits of these publishers are due."""
        return visits.count_due(self.db, publishers, now=self.clock())

    def received(self, *, since: datetime) -> int:
        """Return the bytes that were received since then, by this run and others."""
        return captures.received(self.db, since=since)

    def problem_kinds(self) -> list[tuple[str, str, int, str]]:
        """Return (publisher, kind, how many, one of them) of this run's problems, most first."""
        return runs.problem_kinds(self.db, self.run)

    def counts(self) -> list[runs.Counts]:
        """Return what this run has done so far, one record per publisher."""
        return runs.counts(self.db, self.run)

    def record(self, exchange: Exchange, *, kind: Kind, publisher: str | None) -> Capture:
        """Write an exchange to the WARC file and its row; a known payload as a revisit record."""
        self.totals["requests"] += 1
        self.totals["bytes"] += len(exchange.payload)
        self.batch.open()
        sha256 = warc.payload_digest(exchange.payload)
        location = self._warc.write(
            exchange,
            sha256=sha256,
            kind=kind,
            publisher=publisher,
            refers_to=captures.original(self.db, exchange, sha256),
        )
        capture = Capture(
            url=exchange.url,
            publisher=publisher,
            kind=kind,
            fetched_at=exchange.fetched_at,
            status=exchange.status,
            content_type=exchange.header("Content-Type"),
            sha256=sha256,
            record=location,
            etag=exchange.header("ETag"),
            last_modified=exchange.header("Last-Modified"),
            truncated=exchange.truncated,
            wire_bytes=len(exchange.payload),
        )
        number = captures.insert(self.db, capture, run=self.run)
        return replace(capture, id=number)

    def found(self, links: Iterable[tuple[str, Link]], *, visit: Visit) -> int:
        """Keep a listing's links (canonical URL, link); return how many were new."""
        self.batch.open()
        return visits.found(self.db, links, visit=visit, now=self.clock(), run_began=self._began)

    def identify(
        self, visit: Visit, *, claimed: str, answered: str, title: str | None
    ) -> articles.Identity:
        """Say which article a page is that was found at a visit's address."""
        return articles.identify(self.db, visit, claimed=claimed, answered=answered, title=title)

    def keep(
        self,
        extraction: Extraction,
        *,
        url: str,
        visit: Visit,
        capture: Capture,
        article: int | None = None,
    ) -> tuple[int | None, Outcome | None]:
        """Keep what was read on a page as the article it is, and the reading's problems.

        That is `article` where it is known, else the one at the canonical `url`.

        Returns the article's id and what the reading was; (None, None) for a page that is no
        article, of which only the problems are kept, at least that one.
        """
        self.batch.open()
        kept: tuple[int | None, Outcome | None] = (None, None)
        if extraction.text and extraction.kind not in {PageKind.SECTION, PageKind.OTHER}:
            kept = articles.keep(
                self.db,
                extraction,
                url=url,
                publisher=visit.publisher,
                capture=capture.id,
                seen_at=capture.fetched_at,
                article=article,
            )
        if kept[1]:
            self.totals[kept[1]] += 1
        problems = extraction.problems
        if kept[0] is None and not problems:
            detail = f"the page reads as {extraction.kind}, not as an article"
            problems = (Problem(kind="not-an-article", detail=detail, stage="keep"),)
        for problem in problems:
            self.problem(problem, url=visit.url, publisher=visit.publisher, capture=capture)
        return kept

    def unchanged(self, article: int, *, capture: Capture) -> None:
        """Note that an article stands as it was."""
        self.batch.open()
        articles.seen(self.db, article, capture=capture.id, at=capture.fetched_at)

    def gone(self, article: int, *, capture: Capture) -> bool:
        """Mark an article as gone; return whether it is marked just now."""
        self.batch.open()
        return articles.gone(self.db, article, at=capture.fetched_at)

    def visited(
        self,
        visit: Visit,
        capture: Capture | None,
        *,
        due_at: datetime | None,
        state: visits.State,
        article: int | None = None,
        not_before: datetime | None = None,
        good: bool = True,
    ) -> None:
        """Keep the end of a visit: when it is due again, why, and the article it led to.

        An answer that was not `good`, as a parked page, gives no validators for the next time.
        """
        self.batch.open()
        visits.visited(
            self.db,
            visit,
            capture,
            now=self.clock(),
            due_at=due_at,
            state=state,
            article=article,
            not_before=not_before,
            good=good,
        )
        self.batch.count()

    def problem(
        self,
        problem: Problem,
        *,
        url: str,
        publisher: str | None,
        capture: Capture | None = None,
    ) -> None:
        """Keep what went wrong with a page."""
        self.totals["problems"] += 1
        self.batch.open()
        self.db.execute(
            "insert into problems (at, run, publisher, url, stage, kind, detail, capture)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                iso(self.clock()),
                self.run,
                publisher,
                url,
                problem.stage,
                problem.kind,
                problem.detail,
                capture and capture.id,
            ),
        )

    def latest(self, url: str, *, since: datetime) -> tuple[int, bytes] | None:
        """Return (status, decoded body) of the newest whole capture of an address since then."""
        row = self.db.execute(
            "select status, sha256 from captures"
            " where url = ? and fetched_at >= ? and truncated is null order by id desc limit 1",
            (url, iso(since)),
        ).fetchone()
        location = captures.payload_location(self.db, row[1]) if row else None
        if location is None:
            return None
        return row[0], warc.read_payload(self.root / WARC_FOLDER, location)

    def _make_folders(self) -> None:
        try:
            (self.root / WARC_FOLDER).mkdir(parents=True, exist_ok=True)
            warc.sync_folder(self.root)
        except OSError as error:
            raise ArchiveError(f"{self.root} cannot be written: {error.strerror}") from error

    def _finish(self, state: Literal["finished", "failed"]) -> None:
        runs.end(self.db, self.run, state=state, now=self.clock())
        self.db.execute("pragma optimize")
