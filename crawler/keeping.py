"""What was read on a page into the archive, with the end of its visit: wholly or not at all."""

from collections.abc import Mapping

from archive.articles import Identity
from archive.problems import ProblemKind
from archive.records import Kind, Outcome, Problem, Reading
from archive.store import Store
from archive.visits import State
from crawler import schedule
from crawler.meaning import believed
from crawler.outcomes import Ended
from crawler.publisher import Publisher
from crawler.traps import Traps


class Keeper:
    """Keeps readings in the archive, and returns the ends of their visits."""

    def __init__(self, store: Store, publishers: Mapping[str, Publisher], *, traps: Traps) -> None:
        self._store = store
        self._publishers = publishers
        self._traps = traps

    def keep(self, reading: Reading) -> Ended:
        """Keep a reading as the article it is, or as the address that leads to one as well."""
        visit, capture, store = reading.page.visit, reading.page.capture, self._store
        with store.batch.one_page():
            identity = store.identify(
                visit,
                claimed=reading.extraction.canonical_url,
                answered=capture.url,
                title=reading.extraction.title,
            )
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
                return Ended(visit=visit, state="done")
            return self._keep(reading, identity)

    def _keep(self, reading: Reading, identity: Identity) -> Ended:
        visit, capture, store = reading.page.visit, reading.page.capture, self._store
        now = store.clock()
        language = store.language(visit.article) if visit.article else None
        article, outcome = store.keep(
            believed(reading.extraction, language),
            key=identity.key,
            url=identity.url,
            visit=visit,
            capture=capture,
            article=identity.article,
        )
        passing = any(problem.kind.passing for problem in reading.extraction.problems)
        passing = passing or (article is None and visit.article is not None)
        again = schedule.after_failure if passing else schedule.after_success
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
        return Ended(visit=visit, state=state)

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
