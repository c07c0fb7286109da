"""A page that another program recorded into the archive: as the capture it is, in its own time.

It takes the road of a crawled page, with two differences: its address is not visited again for its
sake, and what was recorded before the archive last saw an article is no edit of it.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum

from archive import articles, captures, imports, journal, visits
from archive.articles import Identity
from archive.problems import ProblemKind
from archive.records import Extraction, Outcome, PageKind, Problem, Reading
from archive.store import Store
from crawler.extract.vocabulary import ARABIC_SCRIPT, changes_script


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
