"""Another archive into this one: its WARC files, and what they tell, happen here as well.

What both have comes once. Where both looked at an article, its chain of revisions is made anew
from the captures of both in the order of their time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from archive.clock import Clock, system
from archive.database import require
from archive.errors import ArchiveError
from archive.records import WarcLocation
from archive.replayed import Event, Replayed
from archive.store import Store
from archive.upkeep import gathering, joining, late
from archive.upkeep.joining import Taken
from archive.warc.files import ASIDE, acknowledged, kept_writer, settle
from crawler.publisher import load_all
from crawler.rebuild import STOPPED
from crawler.reextract import derive_again
from crawler.replay import Replay
from crawler.workers import Stopped, Workers

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came in: WARC files (and how many were here), articles, revisions, publisher files."""

    files: int
    known: int
    articles: int
    revisions: int
    publishers: tuple[str, ...]
    lost: tuple[str, ...]


class Joined(Replayed):
    """An archive that is open for writing, and takes in what another one tells."""

    def __init__(self, root: Path, *, clock: Clock) -> None:
        Store.__init__(self, root, command="merge", clock=clock)
        self._present = clock
        self._replaying = False
        self.done = 0
        self.joined = set()

    def __enter__(self) -> Self:
        Store.__enter__(self)
        self._own = self.run
        self.now = self._present()
        self.clock = lambda: self.now
        self._begin_batches(system)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.rest()
        Store.__exit__(self, exc_type, exc, traceback)

    def begin(self, event: Event) -> None:
        self._replaying = True
        super().begin(event)

    def rest(self) -> None:
        """Come back from the events to the present, and to this archive's own run."""
        self._replaying = False
        self.run, self.now = self._own, self._present()

    def write_metadata(self, *words: object, **fields: object) -> WarcLocation:
        """Write what this run does; the files that came in say what is done again."""
        if self._replaying:
            return WarcLocation(file="", offset=0, length=0)
        return Store.write_metadata(self, *words, **fields)  # type: ignore[arg-type]

    def write_journal(self, *words: object, **fields: object) -> None:
        """Write what came of a capture here; the files that came in say it of theirs."""
        if not self._replaying:
            Store.write_journal(self, *words, **fields)  # type: ignore[arg-type]

    def take(self, taken: Taken) -> tuple[str, ...]:
        """Take a file in, with its rows; return the stretches of it that do not read."""
        self.write_metadata("urn:x-warraq:merge", {"act": "merge", "file": taken.name}, at=self.now)
        self.batch.commit()
        joining.copy_aside(self.root, taken)
        gathered = gathering.gather(
            self.db,
            self.root / ASIDE,
            [taken.name],
            writer=kept_writer(self.db),
            starts={taken.name: acknowledged(self.db, taken.name)},
        )
        settle(self.db, self.warc_folder)
        return tuple(gathered.lost)


async def merge(
    root: Path,
    other: Path,
    *,
    processes: int | None = None,
    clock: Clock = system,
    progress: Progress = lambda _what, _done, _of: None,
) -> Merged:
    """Bring the WARC files and articles of the archive in `other` into the one in `root`.

    A merge that was broken off goes on when it is asked for again. `progress` hears what is
    counted (WARC files, then events), how much is done and of how much.

    Raises:
        NotAnArchive, NewerArchive: if one of them is no archive that can be used.
        ArchiveLocked: if another process is writing into `root`.
    """
    require(root)
    joining.refuse_newer(other)
    workers = Workers(processes=processes)
    try:
        with Joined(root, clock=clock) as store:
            wanted, known = joining.missing(store.db, root, other)
            slugs = joining.copy_publishers(root, other)
            before = _counts(store)
            gathering.prepare(store.db)
            lost: tuple[str, ...] = ()
            for number, taken in enumerate(wanted, 1):
                lost += store.take(taken)
                progress("WARC files", number, len(wanted))
            await _replay(store, workers, progress)
            after = _counts(store)
    except Stopped as error:
        raise workers.failure or ArchiveError(STOPPED) from error
    finally:
        workers.close()
    return Merged(
        files=len(wanted),
        known=known,
        articles=after[0] - before[0],
        revisions=after[1] - before[1],
        publishers=tuple(slugs),
        lost=lost,
    )


async def _replay(store: Joined, workers: Workers, progress: Progress) -> None:
    """Let what the files tell happen here, and make the chains that both archives know anew."""
    store.batch.commit()
    late.put_in_order(store.db)
    publishers, total = load_all(store.root / "publishers"), store.waiting()
    replay = Replay(store, publishers, workers)
    await replay.run(progress=lambda done: progress("events", done, total))
    store.rest()
    woven = {*store.shared(), *late.articles(store.db)}
    await derive_again(store, sorted(woven), publishers, workers)
    gathering.clear(store.db)
    late.forget(store.db)
    store.done = 0


def _counts(store: Store) -> tuple[int, int]:
    row = store.db.execute(
        "select (select count(*) from articles), (select count(*) from revisions)"
    ).fetchone()
    return int(row[0]), int(row[1])
