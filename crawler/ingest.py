"""What was read on a page into the archive: crawled with the end of its visit, or imported."""

import contextlib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from archive import articles, captures, history, imports, problems
from archive.article_rows import Rows
from archive.articles import Identity
from archive.derivation import Source
from archive.errors import DamagedWarc
from archive.history import CONFIRMED, Observation, loses
from archive.imports import Copying
from archive.models import Capture, Extraction, Kind, Outcome, PageKind, Problem, Reading, Visit
from archive.problems import ProblemKind
from archive.publishers import publisher_at
from archive.store import Store
from archive.urls import identity_key
from archive.visits import State
from crawler import schedule
from crawler.extract.vocabulary import ARABIC_SCRIPT, in_arabic_script
from crawler.listings.follow import Traps
from crawler.outcomes import after_failure, believed
from crawler.publisher import Publisher
from crawler.workers import Workers

SEVERAL = 3  # articles that lose most of their text, of which the pages are believed no more

# An article was there before its address, as one that was imported: that is neither new nor a trap.
_KNOWN = {Outcome.CHANGED, Outcome.SAME, Outcome.UNCHANGED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of a reading: the article it is of, if any, and what it was to it.

    It is `aside` where the article was seen later already: its history is to be derived again. Of
    one that is withheld there is only its `key`.
    """

    outcome: Outcome
    article: int | None = None
    key: str | None = None
    aside: bool = False


def _identify(store: Store, reading: Reading) -> Identity:
    answered = reading.capture.url
    return articles.identify(store.db, reading.visit, reading.extraction, answered=answered)


def _believed(store: Store, reading: Reading, identity: Identity) -> Reading:
    """Return a reading, or that another page stands in the article's place."""
    article = reading.visit.article or identity.article
    if article is None:
        return reading
    language = articles.language(store.db, article)
    return replace(reading, extraction=believed(reading.extraction, language))


def _put(store: Store, reading: Reading, identity: Identity) -> Kept:
    """Keep a reading as the article it is, or as that of an address that leads to one as well."""
    if identity.led and identity.article is None:
        articles.hide(store.db, identity.key, visit=reading.visit, capture=reading.capture.id)
        return Kept(outcome=Outcome.ALIAS, key=identity.key)
    if identity.led:
        return Kept(outcome=Outcome.ALIAS, article=identity.article)
    is_elsewhere = identity.moves and not reading.extraction.is_article  # not the article's page
    article, outcome = store.keep(
        reading.extraction,
        key=identity.key,
        url=identity.url,
        visit=replace(reading.visit, article=None) if is_elsewhere else reading.visit,
        capture=reading.capture,
        article=identity.article,
    )
    return Kept(outcome=outcome or Outcome.OTHER, article=article)


def keep_copied(store: Copying, reading: Reading, source: Mapping[str, str]) -> Kept:
    """Keep the reading of a record that was copied; its address is not due again.

    `source` has what the journal says of the record. What is older than the archive's last look at
    the article is put aside.
    """
    db, capture, identity = store.db, reading.capture, _identify(store, reading)
    reading, article = _believed(store, reading, identity), identity.article
    with store.batch.one_page():
        if article and not identity.led and imports.is_older(db, article, capture.fetched_at):
            captures.attribute(db, capture.id, article=article)
            kept = Kept(outcome=Outcome.SAME, article=article, aside=True)
        else:
            kept = _put(store, reading, identity)
        outcome = Outcome.SAME if kept.key else kept.outcome  # to be derived once it is shown
        store.copied(
            reading.visit, capture, article=kept.article, outcome=outcome, source=source,
            key=kept.key,
        )  # fmt: skip
    return kept


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps what a crawl has read; the visits are due again."""

    store: Store
    publishers: Mapping[str, Publisher]
    traps: Traps
    workers: Workers

    async def keep(self, reading: Reading) -> State:
        """Keep a reading as the article it is and end its visit, wholly or not at all.

        Raises:
            Stopped: if the workers were asked to stop while a former payload was read again.
        """
        identity = _identify(self.store, reading)
        reading = self._judged(reading, identity)
        if identity.article is not None and reading.extraction.is_article and not identity.led:
            compared = await self._compared(reading, identity.article)
            # Others may have been kept meanwhile.
            identity, reading = _identify(self.store, reading), compared
        is_doubtful = self._is_doubtful(reading, identity)
        with self.store.batch.one_page():
            if is_doubtful and (state := self._wait(reading)):
                return state
            return self._end(reading, _put(self.store, reading, identity), doubtful=is_doubtful)

    def _is_doubtful(self, reading: Reading, identity: Identity) -> bool:
        """Return whether a page shows its article without its title or most of its text.

        Where something else stands in its place, or at another address, that is known.
        """
        article, page = reading.visit.article, reading.extraction
        if article is None or article != identity.article or identity.led or identity.moves:
            return False
        if any(problem.kind.elsewhere for problem in page.problems):
            return False
        rows = Rows.stored(self.store.db, article)
        is_read = captures.last_read(self.store.db, article) is not None  # not only imported
        return bool(is_read and rows and rows.state and loses(rows.state.reading, page))

    def _wait(self, reading: Reading) -> State | None:
        """End the visit of a doubtful page, which is looked at again; None where it is believed.

        It is an edit where a second visit shows it, an hour later or more. But where several
        articles of a newspaper became so, as many as were read well since, its pages have another
        layout: all of them stay as they are. The problem says so once a day.
        """
        store, visit, capture = self.store, reading.visit, reading.capture
        article, page, now = visit.article or 0, reading.extraction, capture.fetched_at
        since, doubted, others = captures.doubts(
            store.db, article, visit.publisher, now=now, lately=schedule.LONGEST_WAIT
        )
        several = doubted + 1 >= max(SEVERAL, others)
        is_new = since is None or now - since < CONFIRMED
        if not several and not (is_new and page.is_article):
            return None
        charset = page.charset if page.is_article and not capture.revisit else None
        captures.attribute(store.db, capture.id, article=article, charset=charset)
        kind = ProblemKind.LAYOUT_CHANGED
        last = problems.latest(store.db, visit.publisher, kind) if several else now
        if last is None or last <= now - schedule.LONGEST_WAIT:
            detail = f"{doubted + 1} articles lack most of their text or their title at once"
            detail += "; they stay as they are until the pages can be read again (`rules`)"
            store.report(visit, capture, kind, detail, stage="keep")
        due_at = schedule.after_maybe_gone(visit, now=store.clock())
        return store.visited(visit, capture, due_at=due_at, state="failed", outcome=Outcome.DOUBTED)

    def _end(self, reading: Reading, kept: Kept, *, doubtful: bool) -> State:
        """End a visit, and say when it is due again; one that leads to another address, never."""
        visit, capture = reading.visit, reading.capture
        is_alias = kept.outcome is Outcome.ALIAS
        kinds = {problem.kind for problem in reading.extraction.problems if not is_alias}
        passing = any(kind.passing for kind in kinds)
        passing = passing or (kept.article is None and visit.article is not None)
        rechecks = self.store.rechecks(visit.publisher) if kept.article else None
        edited = kept.outcome is Outcome.CHANGED
        success = partial(schedule.after_success, rechecks=rechecks, edited=edited)
        again: Callable[..., datetime | None] = success
        again = partial(after_failure, self.store) if passing else again
        if kept.article is None and ProblemKind.MAYBE_GONE in kinds:
            passing, again = True, schedule.after_maybe_gone
        lost = passing and kept.article is None
        failed = Outcome.DOUBTED if doubtful else Outcome.FAILED
        state = self.store.visited(
            visit,
            capture,
            due_at=None if is_alias else again(visit, now=self.store.clock()),
            state="failed" if passing else "done",
            article=kept.article,
            key=None if lost else kept.key,
            outcome=failed if lost else kept.outcome,
        )
        wants_image = self.publishers[visit.publisher].lead_image and not is_alias
        if kept.article is not None and wants_image:
            self._want_image(visit, capture, reading.extraction.image_url)
        if not passing and kept.outcome not in _KNOWN and not kept.key:
            self.traps.count(visit, capture, fruitful=kept.outcome is Outcome.NEW)
        return state

    def _judged(self, reading: Reading, identity: Identity) -> Reading:
        """Return what a page is believed to show at its visit's address."""
        visit, capture, extraction = reading.visit, reading.capture, reading.extraction
        kind, owner = ProblemKind.FOREIGN_LINK, self._other_owner(visit, capture.url)
        moves = not owner and identity.moves and extraction.is_article
        if moves and not articles.is_version(self.store.db, visit.article, extraction):
            kind, owner = ProblemKind.MAYBE_GONE, "something else"
        if owner:
            detail = f"the address leads to a page of {owner} ({capture.url})"
            problem = Problem(kind=kind, detail=detail, stage="keep")
            other = Extraction(kind=PageKind.OTHER, problems=(problem,))
            return replace(reading, extraction=other)
        if extraction.kind is PageKind.SECTION and visit.key not in self.store.keys(capture.url):
            detail = f"the address leads to a list of articles now ({capture.url})"
            problem = Problem(kind=ProblemKind.MAYBE_GONE, detail=detail, stage="keep")
            problems = (*extraction.problems, problem)
            return replace(reading, extraction=replace(extraction, problems=problems))
        return _believed(self.store, reading, identity)

    def _other_owner(self, visit: Visit, answered: str) -> str | None:
        """Return the known publisher (its slug) to whose site an address was redirected, if any."""
        if urlsplit(answered).netloc == urlsplit(visit.url).netloc:
            return None
        key = identity_key(answered)
        is_own = self.publishers[visit.publisher].owns(key)
        return None if is_own else publisher_at(self.store.db, key)

    async def _compared(self, reading: Reading, article: int) -> Reading:
        """Return a reading of an article as it is held against what is stored (invariant 12).

        Where it differs, the article's last payload is read again with the current rules. If that
        differs as well, not the page has changed but how it is read: the article is derived again,
        so that what is left is an edit.
        """
        store, visit = self.store, reading.visit
        capture, rows = captures.last_read(store.db, article), Rows.stored(store.db, article)
        state = rows.state if rows else None
        seen = Observation(capture=None, at=reading.capture.fetched_at)
        if state is None or capture is None or _is_same(state, reading.extraction, seen):
            return reading
        from crawler.derive import Deriver, renew  # only where an edit is in doubt

        source = Source(store.db, store.warc_folder)
        deriver = Deriver(source, self.publishers, self.workers)
        with contextlib.suppress(DamagedWarc):
            again = await deriver.read(capture, deriver.publisher(visit.publisher, capture.url))
            if not again.is_article or _is_same(state, again, seen):
                return reading
            if not await renew(store, deriver, article) and _is_same(
                replace(state, reading=again), reading.extraction, seen
            ):
                stored = replace(state.reading, problems=reading.extraction.problems)
                return replace(reading, extraction=stored)
        return reading

    def _want_image(self, visit: Visit, capture: Capture, url: str | None) -> None:
        """Make the main image of an article due; its address may be none at all."""
        try:
            if url:
                self.store.want(url, Kind.IMAGE, visit=visit)
        except ValueError as error:
            detail = f"the main image: {error}"
            self.store.report(visit, capture, ProblemKind.BAD_LINK, detail, stage="keep")


def _is_same(state: history.State, reading: Extraction, seen: Observation) -> bool:
    step = history.observe(state, replace(seen, reading=reading))
    return step is not None and step.outcome is Outcome.SAME


def is_article(extraction: Extraction, languages: AbstractSet[str] | None) -> bool:
    """Return whether a reading is an article, in one of the languages (None: in any).

    A text whose language is unknown is one of Arabic's script if it is written in that.
    """
    if not extraction.text or extraction.kind in {PageKind.SECTION, PageKind.OTHER}:
        return False
    if languages is None or extraction.language in languages:
        return True
    unsure = extraction.language is None and not languages.isdisjoint(ARABIC_SCRIPT)
    return unsure and in_arabic_script(extraction.text)
