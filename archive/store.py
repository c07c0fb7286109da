"""The writer: all that a crawl or an import reads from the archive and saves in it, in batches.

Everything a batch writes goes through one connection, so it reads its own rows at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from archive import (
    articles,
    captures,
    journal,
    links,
    problems,
    publishers,
    renderings,
    stories,
    visits,
)
from archive.articles import Rechecks
from archive.clock import from_iso, iso
from archive.models import (
    Capture,
    Exchange,
    Extraction,
    Kind,
    Link,
    Outcome,
    Problem,
    Publisher,
    Visit,
)
from archive.problems import ProblemKind
from archive.session import Session
from archive.urls import identity_key
from archive.warc import records
from archive.warc.records import rendering_record, response_record


class Store(Session):
    """An archive open for writing, for crawls and imports."""

    def publish(self, publisher: Publisher, *, wanted: str | None = None) -> None:
        """Make a publisher known, or bring what is known of it up to date.

        Where what is `wanted` of its listings has changed, they are read again.
        """
        self.batch.open()
        publishers.save(self.db, publisher)
        if wanted:
            links.want(self.db, publisher.slug, wanted)

    def enter(self, entries: Iterable[tuple[str, Kind]], *, publisher: str) -> None:
        """Make a publisher's entry points known and due now; former ones rest."""
        self.batch.open()
        visits.retire(self.db, publisher)
        self.ask(entries, publisher=publisher)

    def ask(self, addresses: Iterable[tuple[str, Kind]], *, publisher: str) -> None:
        """Make single addresses known and due now."""
        self.batch.open()
        visits.ask(self.db, addresses, publisher=publisher, now=self.clock())

    def watch(self, urls: Iterable[str], *, until: datetime) -> None:
        """Have known addresses looked at by their age until a moment, whoever published them."""
        self.batch.open()
        now = self.clock()
        for url in urls:
            visits.watch(self.db, url, now=now, until=until)
            fields = {"act": journal.WATCH, "watched": url, "until": iso(until)}
            self.write_metadata("urn:x-warraq:watch", fields, at=now)

    def keys(self, url: str) -> list[str]:
        """Return the identity keys that an address may have, whichever publisher it is of."""
        return publishers.keys_of(self.db, url)

    def want(self, url: str, kind: Kind, *, visit: Visit) -> None:
        """Make what the page of a visit shows due, once for all.

        Raises:
            ValueError: if the address cannot be one.
        """
        self.batch.open()
        link = Link(url=url, kind=kind)
        row = links.new(identity_key(url), link, visit.publisher, now=self.clock(), listing=visit)
        self.db.execute(links.FOUND, row)

    def record(
        self, exchange: Exchange, *, kind: Kind, publisher: str | None, last: str | None = None
    ) -> Capture:
        """Write an exchange to the WARC file and its row; a known payload as a revisit record.

        `last` is the digest of the payload whose validators were sent.
        """
        self.totals["requests"] += 1
        self.totals["bytes"] += len(exchange.payload)
        self.batch.open()
        sha256 = records.payload_digest(exchange.payload)
        original = captures.original(self.db, exchange, sha256, last=last)
        answer = response_record(
            exchange, sha256=sha256, kind=kind, publisher=publisher, refers_to=original
        )
        location, record = self._warc.write(answer, exchange)
        capture = captures.of_record(record, location)
        if capture is None:
            raise ValueError(f"{exchange.url}: its record is not one of a capture")
        number = captures.insert(self.db, capture, run=self.run)
        return replace(capture, id=number)

    def rendered(self, capture: Capture, block: bytes, *, at: datetime, kind: str = "page") -> None:
        """Save a page as a browser showed it, next to the recorded bytes it was made from.

        `kind` is one of archive.warc.records.RENDERINGS; HTML is in UTF-8.

        Raises:
            DamagedWarc: if the capture's own record cannot be read.
        """
        self.batch.open()
        refers_to = self.record_id(capture)
        built = rendering_record(capture, kind, block, refers_to=refers_to, now=at)
        location, record = self._warc.append(built)
        if capture.id is not None:
            renderings.insert(self.db, capture.id, record, location)

    def found(
        self, found: Iterable[tuple[str, Link]], *, visit: Visit, at: datetime, past: bool = False
    ) -> int:
        """Keep the links (key, link) of a listing that was fetched at a moment.

        Those that are `past` are visited by walks into the past alone. Returns how many were new.
        """
        self.batch.open()
        return links.found(self.db, found, visit=visit, now=at, run_began=self._began, past=past)

    def edited(self, stated: Iterable[tuple[str, datetime, str]], *, visit: Visit) -> list[str]:
        """Return which known articles a listing says were changed since they were looked at.

        `stated` are (key, moment of the change, how the listing prints it).
        """
        return links.edited(self.db, stated, listing=visit.key, now=self.clock())

    def count_first_visit(self, visit: Visit, *, fruitful: bool) -> Iterator[tuple[str, Problem]]:
        """Count the first visit to an address; yield the shapes and listings that are traps."""
        self.batch.open()
        return links.count_first_visit(self.db, visit, fruitful=fruitful, now=self.clock())

    def look_again(self, keys: Iterable[str]) -> None:
        """Make known addresses due now."""
        self.batch.open()
        links.make_due(self.db, keys, now=self.clock())

    def move(self, listing: Visit, *, to: str) -> bool | None:
        """Save the place that a listing has moved to; return whether its newspaper has, too.

        None: known articles have to be asked for first.
        """
        self.batch.open()
        return links.move(self.db, listing, to=to, now=self.clock())

    def keep(
        self,
        extraction: Extraction,
        *,
        url: str,
        visit: Visit,
        capture: Capture,
        key: str | None = None,
        article: int | None = None,
    ) -> tuple[int | None, Outcome | None]:
        """Save what was read on a page as the article it is, and the reading's problems.

        That is `article` where it is known, else the one with the identity `key`, by default that
        of its address `url`. Returns the article's id and what the reading was; (None, None) for a
        page that is not an article, of which only the problems are saved, at least that one.
        """
        self.batch.open()
        kept: tuple[int | None, Outcome | None] = (None, None)
        if extraction.is_article:
            stories.prime(extraction)
            kept = articles.keep(
                self.db,
                extraction,
                key=key,
                url=url,
                publisher=visit.publisher,
                capture=capture.id,
                seen_at=capture.fetched_at,
                article=article,
            )
        charset = extraction.charset if kept[0] and not capture.revisit else None
        captures.attribute(self.db, capture.id, article=kept[0] or visit.article, charset=charset)
        if kept[1]:
            self.totals[kept[1]] += 1
        none = () if kept[0] else (_not_an_article(extraction),)
        for problem in extraction.problems or none:
            self.problem(problem, url=visit.url, publisher=visit.publisher, capture=capture)
        return kept

    def discover(
        self, extraction: Extraction, *, key: str, url: str, visit: Visit, capture: Capture
    ) -> None:
        """Save a page that is read as an article for the first time, and that it was decided so."""
        if articles.is_withheld(self.db, key):
            articles.hide(self.db, key, visit=visit, capture=capture.id)
            return
        article, outcome = self.keep(extraction, key=key, url=url, visit=visit, capture=capture)
        if article is None or outcome is None:
            return
        visits.lead(self.db, visit.key, article=article)
        decision = journal.Decision(outcome=outcome, article=articles.key_of(self.db, article))
        fields = journal.decision_fields(decision)
        if captures.visit_of(self.db, self.warc_folder, capture):
            self.decide(capture, decision)
        else:  # its run was killed before it could say so
            first = replace(visit, last_sha256=None)  # with all that a first visit says
            fields = journal.visit_fields(first) | fields
            self.write_journal(capture, fields, at=self.clock())

    def decide(self, capture: Capture, decision: journal.Decision) -> None:
        """Write whose a capture is from now on, whatever was decided before."""
        fields = {"act": journal.DECIDE} | journal.decision_fields(decision)
        refers_to = self.record_id(capture)
        self.write_metadata(capture.url, fields, at=self.clock(), refers_to=refers_to)

    def unchanged(self, article: int, *, capture: Capture) -> None:
        """Save that an article is unchanged."""
        self.batch.open()
        captures.attribute(self.db, capture.id, article=article)
        articles.seen(self.db, article, capture=capture.id, at=capture.fetched_at)

    def missing(self, article: int, *, capture: Capture) -> Outcome:
        """Save that an article's address answered 404 or 410; GONE if that confirms it."""
        self.batch.open()
        captures.attribute(self.db, capture.id, article=article)
        return articles.missing(self.db, article, at=capture.fetched_at)

    def visited(
        self,
        visit: Visit,
        capture: Capture | None,
        *,
        due_at: datetime | None,
        state: visits.State,
        article: int | None = None,
        key: str | None = None,
        not_before: datetime | None = None,
        outcome: Outcome = Outcome.READ,
        followed: journal.Followed | None = None,
    ) -> visits.State:
        """Save the end of a visit: what came of it, when it is due again, the article it led to.

        Returns the state it is in now. A withheld article has only its `key`. A page that is not an
        article gives no validators. A metadata record says the same, unless nothing answered.
        """
        self.batch.open()
        now, is_shown = self.clock(), outcome in journal.SHOWN
        number = capture.id if capture else None
        moved = capture.url if is_shown and capture and capture.moved and article else None
        if not is_shown and visit.article and state in {"failed", "gone"}:
            moved = articles.elsewhere(self.db, visit)
        decision = journal.Decision(
            outcome=outcome,
            moved=moved,
            article=key or articles.key_of(self.db, article, capture=number),
            state=state,
            due_at=due_at,
            not_before=not_before,
            failures=visits.failures_after(visit, state),
            followed=followed,
        )
        if capture:
            fields = journal.visit_fields(visit, sha256=capture.sha256)
            self.write_journal(capture, fields | journal.decision_fields(decision), at=now)
        visits.visited(self.db, visit, capture, decision, now=now, article=article)
        self._count(visit, outcome, due_at)
        return state

    def _count(self, visit: Visit, outcome: Outcome, due_at: datetime | None) -> None:
        if known := self._rechecks.get(visit.publisher):
            self._rechecks[visit.publisher] = known.after(visit, outcome, due_at)
        self.batch.count()

    def rechecks(self, publisher: str) -> Rechecks:
        """Return how often a publisher's articles are looked at again, with this run's visits."""
        if publisher not in self._rechecks:
            self._rechecks[publisher] = articles.rechecks(self.db, publisher, now=self.clock())
        return self._rechecks[publisher]

    def problem(
        self, problem: Problem, *, url: str, publisher: str | None, capture: Capture | None = None
    ) -> None:
        """Save what went wrong with a page; of an answer, the WARC files say so as well."""
        self.totals["problems"] += 1
        self.batch.open()
        now, fields = self.clock(), journal.problem_fields(problem, place=url, publisher=publisher)
        if capture:
            refers_to = capture.place.record_id
            self.write_metadata(capture.url, fields, at=now, refers_to=refers_to)
        problems.insert(
            self.db, fields, at=now, run=self.run, capture=capture.id if capture else None
        )

    def report(
        self,
        visit: Visit,
        capture: Capture | None,
        kind: ProblemKind,
        detail: str,
        *,
        stage: str = "fetch",
    ) -> None:
        """Save what went wrong at a visit."""
        problem = Problem(kind=kind, detail=detail, stage=stage)
        self.problem(problem, url=visit.url, publisher=visit.publisher, capture=capture)

    def last_problem(self, url: str, kind: str | None = None) -> tuple[str, datetime] | None:
        """Return the kind and time of the newest problem of an address, of a `kind` if named."""
        sql = "select kind, at from problems where url = ?1 and kind = coalesce(?2, kind)"
        row = self.db.execute(f"{sql} order by id desc limit 1", (url, kind)).fetchone()
        return (row[0], from_iso(row[1])) if row else None

    def latest(self, url: str, *, since: datetime) -> tuple[int, bytes, str] | None:
        """Return (status, decoded body, content type) of an address's newest capture since then.

        That is, of the newest complete one; None also where its WARC file is gone or damaged.
        """
        return captures.latest(self.db, self.warc_folder, url, since=since, until=self.clock())


def _not_an_article(extraction: Extraction) -> Problem:
    detail = f"the page reads as {extraction.kind}, not as an article"
    return Problem(kind=ProblemKind.NOT_AN_ARTICLE, detail=detail, stage="keep")
