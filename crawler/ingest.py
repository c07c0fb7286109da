"""What was read on a page into the archive: crawled with the end of its visit, or imported."""

import contextlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import StrEnum

from archive import articles, captures, history, imports, journal, visits
from archive.article_rows import state_of
from archive.articles import Identity
from archive.derivation import Source
from archive.errors import DamagedWarc
from archive.history import Observation
from archive.models import Extraction, Kind, Outcome, PageKind, Problem, Reading
from archive.problems import ProblemKind
from archive.store import Store
from archive.visits import State
from crawler import schedule
from crawler.extract.vocabulary import ARABIC_SCRIPT, changes_script
from crawler.listings.follow import Traps
from crawler.outcomes import believed
from crawler.publisher import Publisher
from crawler.workers import Workers


class Keeper:
    """Keeps readings in the archive, and returns the ends of their visits."""

    def __init__(
        self,
        store: Store,
        publishers: Mapping[str, Publisher],
        *,
        traps: Traps,
        workers: Workers,
    ) -> None:
        self._store = store
        self._publishers = publishers
        self._traps = traps
        self._workers = workers

    async def keep(self, reading: Reading) -> State:
        """Keep a reading as the article it is, or as the address that leads to one as well.

        Raises:
            Stopped: if the workers were told to end while a former payload was read again.
        """
        visit, capture, store = reading.page.visit, reading.page.capture, self._store
        identity = store.identify(
            visit,
            claimed=reading.extraction.canonical_url,
            answered=capture.url,
            title=reading.extraction.title,
        )
        reading = replace(reading, extraction=self._judged(reading))
        if identity.article is not None and reading.extraction.is_article and not identity.led:
            reading = await self._compared(reading, identity.article)
        with store.batch.one_page():
            if identity.led:
                store.visited(
                    visit,
                    capture,
                    due_at=None,
                    state="done",
                    article=identity.article,
                    outcome=Outcome.ALIAS,
                )
                self._traps.count(visit, fruitful=False)
                return "done"
            return self._keep(reading, identity)

    def _keep(self, reading: Reading, identity: Identity) -> State:
        visit, capture, store = reading.page.visit, reading.page.capture, self._store
        now = store.clock()
        article, outcome = store.keep(
            reading.extraction,
            key=identity.key,
            url=identity.url,
            visit=visit,
            capture=capture,
            article=identity.article,
        )
        kinds = {problem.kind for problem in reading.extraction.problems}
        passing = any(kind.passing for kind in kinds)
        passing = passing or (article is None and visit.article is not None)
        again = schedule.after_failure if passing else schedule.after_success
        if article is None and ProblemKind.MAYBE_GONE in kinds:
            passing, again = True, schedule.after_maybe_gone
        state: State = "failed" if passing else "done"
        store.visited(
            visit,
            capture,
            due_at=again(visit, now=now),
            state=state,
            article=article,
            outcome=outcome or (Outcome.FAILED if passing else Outcome.OTHER),
        )
        if article is not None and self._publishers[visit.publisher].lead_image:
            self._want_image(reading)
        if not passing:
            self._traps.count(visit, fruitful=outcome is Outcome.NEW)
        return state

    def _judged(self, reading: Reading) -> Extraction:
        """Return what a page is believed to show at its visit's address."""
        visit, capture, extraction = reading.page.visit, reading.page.capture, reading.extraction
        if extraction.kind is PageKind.SECTION and visit.key not in self._store.keys(capture.url):
            detail = f"the address leads to a list of articles now ({capture.url})"
            problem = Problem(kind=ProblemKind.MAYBE_GONE, detail=detail, stage="keep")
            return replace(extraction, problems=(*extraction.problems, problem))
        return believed(extraction, self._store.language(visit.article) if visit.article else None)

    async def _compared(self, reading: Reading, article: int) -> Reading:
        """Return a reading of an article as it is held against what is stored (invariant 12).

        Where it differs, the article's last payload is read again with the current rules. If that
        differs as well, not the page has changed but how it is read: the article is derived again,
        so that what is left is an edit.
        """
        store, visit = self._store, reading.page.visit
        capture, state = captures.last_read(store.db, article), state_of(store.db, article)
        seen = Observation(capture=None, at=reading.page.capture.fetched_at)
        if state is None or capture is None or _is_same(state, reading.extraction, seen):
            return reading
        from crawler.derive import Deriver, renew  # only where an edit is in doubt

        source = Source(store.db, store.warc_folder)
        deriver = Deriver(source, self._publishers, self._workers)
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

    def _want_image(self, reading: Reading) -> None:
        """Make the main image of an article due; its address may be none at all."""
        visit, url = reading.page.visit, reading.extraction.image_url
        try:
            if url:
                self._store.want(url, Kind.IMAGE, visit=visit)
        except ValueError as error:
            problem = Problem(
                kind=ProblemKind.BAD_LINK, detail=f"the main image: {error}", stage="keep"
            )
            self._store.problem(
                problem, url=visit.url, publisher=visit.publisher, capture=reading.page.capture
            )


def _is_same(state: history.State, reading: Extraction, seen: Observation) -> bool:
    step = history.observe(state, replace(seen, reading=reading))
    return step is not None and step.outcome is Outcome.SAME


class Became(StrEnum):
    """What became of a page that was kept."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    OLDER = "older"
    NO_ARTICLE = "no article"


_OUTCOMES = {
    Became.NEW: Outcome.NEW,
    Became.CHANGED: Outcome.CHANGED,
    Became.SAME: Outcome.SAME,
    Became.OLDER: Outcome.SAME,
    Became.NO_ARTICLE: Outcome.OTHER,
}


def is_article(extraction: Extraction, languages: AbstractSet[str] | None) -> bool:
    """Return whether a reading is an article, in one of the languages (None: in any).

    A text of which the language is not told is one of Arabic's script if it is written in that.
    """
    if not extraction.text or extraction.kind in {PageKind.SECTION, PageKind.OTHER}:
        return False
    if languages is None or extraction.language in languages:
        return True
    unsure = extraction.language is None and not languages.isdisjoint(ARABIC_SCRIPT)
    return unsure and not changes_script("ar", extraction.text)


def keep(store: Store, reading: Reading, fields: Mapping[str, str]) -> Became:
    """Keep the reading of a page whose record and row are there, wholly or not at all.

    `fields` are what a metadata record says of it beside the visit and what came of it.
    """
    visit, capture = reading.page.visit, reading.page.capture
    with store.batch.one_page():
        identity = store.identify(
            visit,
            claimed=reading.extraction.canonical_url,
            answered=capture.url,
            title=reading.extraction.title,
        )
        became = _keep(store, reading, identity)
    led = identity.article if identity.led else None
    decision = journal.Decision(
        outcome=Outcome.ALIAS if identity.led else _OUTCOMES[became],
        article=articles.key_of(store.db, led, capture=capture.id),
    )
    fields = {
        **journal.visit_fields(visit, run=store.run),
        **fields,
        **journal.decision_fields(decision),
    }
    store.write_journal(capture, fields, at=store.clock())
    store.batch.count()
    return became


def _keep(store: Store, reading: Reading, identity: Identity) -> Became:
    visit, capture, article = reading.page.visit, reading.page.capture, identity.article
    if article is not None and _is_aside(store, reading, identity):
        visits.lead(store.db, visit.key, article=article)
        if identity.led:
            return Became.SAME
        captures.attribute(store.db, capture.id, article=article)
        return Became.OLDER
    before = store.language(article) if article is not None else None
    if changes_script(before, reading.extraction.text):
        detail = f"another page stands here: the article was in another script ({before})"
        problem = Problem(kind=ProblemKind.REPLACED, detail=detail, stage="keep")
        store.problem(problem, url=visit.url, publisher=visit.publisher, capture=capture)
        return Became.NO_ARTICLE
    kept, outcome = store.keep(
        reading.extraction,
        key=identity.key,
        url=identity.url,
        visit=visit,
        capture=capture,
        article=article,
    )
    if kept is None or outcome is None:
        return Became.NO_ARTICLE
    visits.lead(store.db, visit.key, article=kept)
    return {Outcome.NEW: Became.NEW, Outcome.CHANGED: Became.CHANGED}.get(outcome, Became.SAME)


def _is_aside(store: Store, reading: Reading, identity: Identity) -> bool:
    """Return whether a capture adds no state to a known article's chain."""
    at = reading.page.capture.fetched_at
    return identity.led or imports.is_older(store.db, identity.article or 0, at)
