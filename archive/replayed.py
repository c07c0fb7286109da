"""The writer of a database that is made from WARC files: what happened happens again, in its time.

Bytes are there already, so none are written; the clock shows the moment of what is done again.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from archive import articles, captures, imports
from archive.clock import system
from archive.database import open_for_writing
from archive.publishers import key_of
from archive.records import Capture, Extraction, Outcome, Visit, WarcLocation
from archive.store import Store
from archive.visits import State, known, lead

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to the archive, as its WARC files tell it.

    `act` is run, end, visit, import, import-warc, import-progress, problem, withhold or unwithhold;
    `fields` are those of the record, `capture` the number of the one that it tells of.
    """

    position: int
    at: datetime
    run: int
    act: str
    capture: int | None
    fields: Mapping[str, str]


class Replayed(Store):
    """A store whose database is made anew in the folder `root`, from the files in `warc_folder`."""

    def __init__(self, root: Path, *, warc_folder: Path) -> None:
        super().__init__(root, command="rebuild")
        self.warc_folder = warc_folder
        self.now = datetime.min.replace(tzinfo=UTC)
        self.clock = lambda: self.now
        self.done = 0  # position of the last event that was done again
        self.joined: set[int] = set()  # runs of merged archives

    def __enter__(self) -> Self:
        self.root.mkdir(parents=True, exist_ok=True)
        self.db = open_for_writing(self.root)
        # Of a database that is not in its place yet, a power cut may take the last second.
        self.db.execute("pragma synchronous = normal")
        # Rows of captures come before those of what they are captures of.
        self.db.execute("pragma foreign_keys = off")
        self.run = 0
        self._warc = self._writer("none", "none", self.now)
        self._begin_batches(system)
        self._began = self.now
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with closing(self.db):
            if exc is None:
                self.commit()
            elif self.db.in_transaction:
                self.db.execute("rollback")

    def write_metadata(self, *_words: object, **_fields: object) -> WarcLocation:
        """Write nothing: the WARC files say it already."""
        return WarcLocation(file="", offset=0, length=0)

    def write_journal(self, *_words: object, **_fields: object) -> None:
        """Write nothing: the WARC files say it already."""

    def begin(self, event: Event) -> None:
        """Take the moment and the run of an event for the present."""
        self.now = event.at
        if event.act == "run":
            self._began = event.at
            if "joined" in event.fields:
                self.joined.add(event.run)
        elif event.act == "merge":
            self.joined |= {int(run) for run in event.fields.get("runs", "").split()}
        self.run = event.run

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
        """Keep a reading; of one that a merge brought late, no more than whose it is."""
        key = key or key_of(self.db, url, visit.publisher)
        known_as = article or articles.find(self.db, key)
        if self._is_late(known_as, capture):
            captures.attribute(self.db, capture.id, article=known_as)
            return known_as, Outcome.SAME
        return super().keep(
            extraction, url=url, visit=visit, capture=capture, key=key, article=article
        )

    def unchanged(self, article: int, *, capture: Capture) -> None:
        """Note that an article stands as it was, unless it was seen later."""
        if self._is_late(article, capture):
            captures.attribute(self.db, capture.id, article=article)
        else:
            super().unchanged(article, capture=capture)

    def missing(self, article: int, *, capture: Capture) -> Outcome:
        """Save that an article was missing, unless it was seen later."""
        if self._is_late(article, capture):
            captures.attribute(self.db, capture.id, article=article)
            return Outcome.MISSING
        return super().missing(article, capture=capture)

    def visited(
        self,
        visit: Visit,
        capture: Capture | None,
        *,
        due_at: datetime | None,
        state: State,
        article: int | None = None,
        not_before: datetime | None = None,
        outcome: Outcome = Outcome.READ,
    ) -> None:
        """Keep the end of a visit, unless the address was visited later."""
        if self.run in self.joined and visit.last_at and visit.last_at > self.now:
            if article is not None:
                lead(self.db, visit.key, article=article)
            self.batch.count()
            return
        super().visited(
            visit,
            capture,
            due_at=due_at,
            state=state,
            article=article,
            not_before=not_before,
            outcome=outcome,
        )

    def shared(self) -> list[int]:
        """Return the articles that merged runs and others have captures of.

        Their chains are to be made again, in the order of time.
        """
        runs = json.dumps(sorted(self.joined))
        rows = self.db.execute(
            "select article from captures where article is not null group by article"
            " having sum(run in (select value from json_each(:runs))) > 0 and count(*) > 1",
            {"runs": runs},
        )
        return [article for (article,) in rows]

    def _is_late(self, article: int | None, capture: Capture) -> bool:
        """Return whether a merge brought a capture that is older than what is known."""
        return (
            self.run in self.joined
            and article is not None
            and imports.is_older(self.db, article, capture.fetched_at)
        )

    def commit(self) -> None:
        """Commit what was done again, and how far that is; the beginnings of runs stay."""
        if self.done:
            self.batch.open()
            self.db.execute("delete from replay where position <= ? and act != 'run'", (self.done,))
        self.batch.commit()

    def events(self) -> Iterator[Event]:
        """Yield what has to be done again, in the order in which it happened.

        First how the run began in which a rebuild was broken off.
        """
        (last,) = self.db.execute(
            "select coalesce(max(position), 1) - 1 from replay where act = 'run' and position"
            " <= (select coalesce(min(position), 1) from replay where act != 'run')"
        ).fetchone()
        while rows := self.db.execute(
            "select position, at, run, act, capture, fields from replay where position > ?"
            " order by position limit ?",
            (last, _AT_ONCE),
        ).fetchall():
            for row in rows:
                last = row[0]
                yield _event(row)

    def waiting(self) -> int:
        """Return how many events have to be done again."""
        return int(self.db.execute("select count(*) from replay where act != 'run'").fetchone()[0])

    def known(self, visit: Visit) -> Visit:
        """Return a visit as the archive knows its address, which becomes known if it is not."""
        self.batch.open()
        return known(self.db, visit)

    def recorded(self, number: int) -> Capture:
        """Return a capture as it was recorded, with its decoded body and the validators it gave.

        A revisit has the body of the payload that it stands for.

        Raises:
            DamagedWarc: if its record, or the one that it stands for, cannot be read.
        """
        return captures.load(self.db, self.warc_folder, number)


def _event(row: tuple[int, str, int, str, int | None, str]) -> Event:
    position, at, run, act, capture, fields = row
    return Event(
        position=position,
        at=datetime.fromisoformat(at),
        run=run,
        act=act,
        capture=capture,
        fields=json.loads(fields),
    )
