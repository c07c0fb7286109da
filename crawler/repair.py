"""An archive brought back to what it was, as far as its files still say it.

Step by step: damaged WARC files are salvaged, and indexed again like those whose rows are wrong;
what they touch is derived. Only a database that cannot be read is rebuilt. After each step that did
something the archive is verified again, so that the next repairs what is still damaged, and a
repair that was killed is completed by the next one.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from archive import stories
from archive.clock import Clock, system
from archive.commands.options import counted
from archive.database import NAME, require, transaction, writing
from archive.derivation import Source
from archive.errors import ArchiveError, DamagedDatabase
from archive.maintenance import repair_rows, salvage, warc_index
from archive.maintenance.checks import Damage, Findings
from archive.maintenance.salvage import Salvage
from archive.maintenance.verify import verify
from archive.search.index import rebuild_index
from archive.session import WARC_FOLDER
from archive.store import Store
from crawler.derive import Deriver, at_work, derive_all, read_listings
from crawler.publisher import load_all
from crawler.rebuild import OLD, rebuild
from crawler.workers import Workers

# What SQLite says where only an index of its own is wrong.
_OF_INDEXES = re.compile(r"row \d+ missing from index|wrong # of entries in index")


@dataclass(slots=True, kw_only=True)
class Repair:
    """One repair of the archive in `root`, in steps; `say` gets a line for all that is done.

    A dry run changes nothing, and says what would be done. `counts` are of what was done, by kind
    (mended, lost, unreadable), `gone` of articles and revisions that the database had and has not
    any more, `findings` those of the last check.
    """

    root: Path
    say: Callable[[str], None]
    dry_run: bool = False
    processes: int | None = None
    clock: Clock = system
    counts: Counter[str] = field(default_factory=Counter)
    gone: dict[str, int] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)

    async def run(self) -> None:
        """Verify, and do what the findings ask for; after each step that did something, again.

        Raises:
            NewerArchive, OlderArchive: if another version of Warraq wrote it.
            NotAnArchive: if there is neither a database nor a WARC file.
            ArchiveLocked: if another process is writing.
            OSError: if the disk does not give or take what it must.
        """
        folder = self.root / WARC_FOLDER
        if not folder.is_dir() and (self.root / NAME).is_file():
            raise ArchiveError(
                f"{folder} is missing: put it back, or make an empty folder of that name"
                " if all WARC files are lost"
            )
        with suppress(DamagedDatabase):  # which is rebuilt
            require(self.root)
        if not self.dry_run:
            with writing(self.root, command=repair_rows.COMMAND, now=self.clock()):
                pass  # refused at once while another process writes
        self.findings = verify(self.root, processes=self.processes)
        before = repair_rows.sizes(self.root)
        for step in (self._database, self._leftovers, self._files, self._derived):
            done = self.counts.total()
            await step()
            if self.dry_run and self._broken() and not self._has_sound_tables():
                break
            if not self.dry_run and self.counts.total() > done:
                self.findings = verify(self.root, processes=self.processes)
        now = repair_rows.sizes(self.root)
        self.gone = {noun: number - now[noun] for noun, number in before.items() if noun in now}

    def _of(self, *kinds: str) -> list[Damage]:
        """Return the damages of some kinds that the last check found."""
        return [damage for damage in self.findings.damages if damage.kind in kinds]

    def _rows(self, kind: str) -> list[int]:
        """Return the ids of the rows that have damage of a kind."""
        rows = {damage.row for damage in self._of(kind)} - {None}
        return sorted(int(str(row).split()[0]) for row in rows)

    def _broken(self) -> list[Damage]:
        """Return the damages for which the database cannot be relied on."""
        return [damage for damage in self._of("database", "reference") if not _comes_back(damage)]

    def _has_sound_tables(self) -> bool:
        """Return whether of the database only indexes are broken, which SQLite makes again."""
        return all(_OF_INDEXES.search(damage.detail) for damage in self._broken())

    def _opened(self) -> AbstractContextManager[Source]:
        return repair_rows.opened(self.root, now=self.clock(), dry_run=self.dry_run)

    def _report(self, line: str) -> None:
        kind = line.partition(": ")[0]
        self.counts[kind if kind in {"lost", "unreadable"} else "mended"] += 1
        self.say(line)

    async def _database(self) -> None:
        """Rebuild a database that cannot be relied on, and carry over what the WARC files lost.

        Where only indexes are broken, they alone are made again, in place.
        """
        path, broken = self.root / NAME, self._broken()
        if not broken:
            return
        reason = broken[0].detail.partition(";")[0].removeprefix(f"{path}: ")
        if self._has_sound_tables():
            self._report(f"{path}: SQLite's indexes are rebuilt ({reason})")
            if not self.dry_run:
                with self._opened() as source:
                    source.db.execute("reindex")
            return
        self._report(f"{path}: it is rebuilt from the WARC files ({reason})")
        if self.dry_run:
            return
        was_there = path.exists()
        await rebuild(
            self.root,
            processes=self.processes,
            clock=self.clock,
            complete=partial(repair_rows.carry_over, path, self._report),
        )
        if was_there:
            self.say(f"The broken one is kept as {self.root / OLD}")

    async def _leftovers(self) -> None:
        """Complete what killed runs, and a killed repair, left."""
        with self._opened() as source:
            for line in repair_rows.complete(source, now=self.clock(), dry_run=self.dry_run):
                self._report(line)

    async def _files(self) -> None:
        """Save what is readable of damaged files, name what is lost, and make rows of the rest."""
        damages, rows = self._of("file", "record", "row"), self._of("reference", "revision")
        for damage in rows:
            self._report(f"row {damage.row} of {damage.table} is made again: {damage.detail}")
        if not (damages or rows):
            return
        names: list[str] = []
        with at_work(self.processes) as workers, self._opened() as source:
            for name in sorted({damage.place.partition("/")[2] for damage in damages}):
                damaged = Salvage(source.db, self.root, name)
                for line in damaged.lines():
                    self._report(line)
                names += [damaged.new_name] if damaged.new_name else []
                if not self.dry_run:
                    damaged.apply(now=self.clock())
            if self.dry_run:
                return
            await _index_again(source, workers, names, self._rows("revision"))

    async def _derived(self) -> None:
        """Make again what follows from the rest: journal records, stories, the search index."""
        visits = self._rows("visit")
        of = counted(len(visits), "visit")
        lines = {
            "visit": f"The journal records of {of} to articles are lost; they are rewritten.",
            "story": "the stories are grouped again",
            "index": "the search index is rebuilt",
        }
        for kind, line in lines.items():
            if self._of(kind):
                self._report(line)
        if self.dry_run:
            return
        with self._opened() as source, transaction(source.db):
            for number in self._rows("revisit"):
                self._report(salvage.lose_payload(source.db, number, now=self.clock()))
            if self._of("story"):
                stories.regroup_all(source.db)
            if self._of("index"):
                rebuild_index(source.db)
        if visits:
            with Store(self.root, command=repair_rows.COMMAND, clock=self.clock) as store:
                repair_rows.journal_again(store, visits)


async def index_again(root: Path, names: list[str], *, clock: Clock = system) -> None:
    """Make the rows of WARC files again, and derive what they touch."""
    with at_work(None) as workers, repair_rows.opened(root, now=clock()) as source:
        await _index_again(source, workers, names, ())


async def _index_again(
    source: Source, workers: Workers, names: list[str], broken: Collection[int]
) -> None:
    repair_rows.index_again(source, warc_index.in_order(names), broken)
    deriver = Deriver(source, load_all(source.folder.parent / "publishers"), workers)
    with transaction(source.db):
        await read_listings(deriver)
    await derive_all(deriver)
    repair_rows.finish(source.db)


def _comes_back(damage: Damage) -> bool:
    """Return whether a row only refers to a capture, which its record brings back."""
    return damage.detail == "refers to a row of captures that is not there"
