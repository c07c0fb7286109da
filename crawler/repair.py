"""An archive brought back to what it was, as far as its files still say it.

Step by step: damaged WARC files are salvaged, and indexed again like those whose rows are wrong;
what they touch is derived. Only a database that cannot be read is rebuilt. After each step that did
something the archive is verified again, so that the next repairs what is still damaged, and a
repair that was killed is completed by the next one.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from archive import recovery, stories
from archive.clock import Clock, system
from archive.commands.options import counted
from archive.database import NAME, require, transaction, writing
from archive.derivation import Source
from archive.errors import ArchiveError, DamagedDatabase
from archive.maintenance import restore, salvage, warc_index
from archive.maintenance.checks import Damage, Findings
from archive.maintenance.salvage import Salvage
from archive.maintenance.verify import verify
from archive.search.index import rebuild_index
from archive.session import WARC_FOLDER
from archive.store import Store
from crawler.derive import Deriver, at_work, derive_all
from crawler.publisher import load_all
from crawler.rebuild import OLD, rebuild

_OF_FILES = ("file", "record", "row")
_OF_CAPTURES = "refers to a row of captures that is not there"  # which its record brings back

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was done, by kind (mended, lost), and what a check then found."""

    counts: Counter[str]
    findings: Findings | None


async def repair(
    root: Path,
    *,
    say: Say,
    dry_run: bool = False,
    processes: int | None = None,
    clock: Clock = system,
) -> Repaired:
    """Repair the archive in `root`; `say` gets a line for all that is done.

    A dry run changes nothing, and says what would be done.

    Raises:
        NewerArchive, OlderArchive: if another version of Warraq wrote it.
        NotAnArchive: if there is neither a database nor a WARC file.
        ArchiveLocked: if another process is writing.
        ArchiveError: if the disk does not give or take what it must.
    """
    if not (root / WARC_FOLDER).is_dir() and (root / NAME).is_file():
        raise ArchiveError(
            f"{root / WARC_FOLDER} is missing: put it back, or make an empty folder of that name"
            " if all WARC files are lost"
        )
    with suppress(DamagedDatabase):  # which is rebuilt
        require(root)
    repairing = _Repair(root=root, say=say, dry_run=dry_run, processes=processes, clock=clock)
    try:
        return await repairing.run()
    except OSError as error:
        raise ArchiveError(
            f"{error.filename or root}: {error.strerror}; run the same command again to go on"
        ) from error


@dataclass(slots=True, kw_only=True)
class _Repair:
    """One repair, in steps; in a dry run they only say what they would do.

    `damages` are what the last check found, by kind.
    """

    root: Path
    say: Say
    dry_run: bool
    processes: int | None
    clock: Clock
    counts: Counter[str] = field(default_factory=Counter)
    damages: dict[str, list[Damage]] = field(default_factory=dict)
    is_rebuilt: bool = False

    async def run(self) -> Repaired:
        """Verify, and do what the findings ask for; after each step that did something, again."""
        if not self.dry_run:
            with writing(self.root, command=restore.COMMAND, now=self.clock()):
                pass  # refused at once while another process writes
        findings = self._verify()
        for step in (self._database, self._leftovers, self._files, self._derived):
            done = self.counts.total()
            await step()
            if self.dry_run and self.is_rebuilt:
                break
            if not self.dry_run and self.counts.total() > done:
                findings = self._verify()
        return Repaired(counts=self.counts, findings=None if self.dry_run else findings)

    def _verify(self) -> Findings:
        findings = verify(self.root, processes=self.processes)
        self.damages = {}
        for damage in findings.damages:
            self.damages.setdefault(damage.kind, []).append(damage)
        return findings

    def _details(self, kind: str) -> list[str]:
        return [damage.detail for damage in self.damages.get(kind, ())]

    def _rows(self, kind: str) -> list[int]:
        """Return the ids of the rows that have damage of a kind."""
        rows = {damage.row for damage in self.damages.get(kind, ())} - {None}
        return sorted(int(str(row).split()[0]) for row in rows)

    def _opened(self) -> AbstractContextManager[Source]:
        return restore.opened(self.root, now=self.clock(), dry_run=self.dry_run)

    def _report(self, line: str) -> None:
        self.counts["lost" if line.startswith("lost: ") else "mended"] += 1
        self.say(line)

    async def _database(self) -> None:
        """Rebuild a database that cannot be relied on, and carry over what the WARC files lost."""
        details = self._details("database")
        lost = [detail for detail in self._details("reference") if detail != _OF_CAPTURES]
        path = self.root / NAME
        if not (details or lost):
            return
        reason = (details + lost)[0].partition(";")[0].removeprefix(f"{path}: ")
        if not lost and restore.are_of_indexes(details):
            self._report(f"{path}: SQLite's indexes are rebuilt ({reason})")
            if not self.dry_run:
                with self._opened() as source:
                    restore.rebuild_indexes(source.db)
            return
        self._report(f"{path}: it is rebuilt from the WARC files ({reason})")
        self.is_rebuilt = True
        if self.dry_run:
            return
        was_there = path.exists()
        await rebuild(
            self.root,
            processes=self.processes,
            clock=self.clock,
            complete=partial(restore.carry_over, path, self._report),
        )
        if was_there:
            self.say(f"The broken one is kept as {self.root / OLD}")

    async def _leftovers(self) -> None:
        """Complete what killed runs, and a killed repair, left."""
        with self._opened() as source:
            for run, command in restore.killed_runs(source.db):
                self._report(f"run {run} ({command}) was killed: what it left is completed")
            if not self.dry_run:
                recovery.recover(source.db, self.root / WARC_FOLDER)
                for line in salvage.finish(source.db, self.root, now=self.clock()):
                    self._report(line)

    async def _files(self) -> None:
        """Save what is readable of damaged files, name what is lost, and make rows of the rest."""
        damages = [damage for kind in _OF_FILES for damage in self.damages.get(kind, ())]
        details, broken = self._details("reference"), self._rows("revision")
        for detail in sorted(set(details)):
            self._report(f"{NAME}: a row {detail}")
        if broken:
            self._report(f"read again: {counted(len(broken), 'article')} with broken revisions")
        if not (damages or details or broken):
            return
        names: list[str] = []
        with at_work(self.processes) as workers, self._opened() as source:
            for name in sorted({damage.place.partition("/")[2] for damage in damages}):
                damaged = Salvage(source.db, self.root, name)
                for line in damaged.lines():
                    self._report(line)
                if damaged.new_name:
                    names.append(damaged.new_name)
                if not self.dry_run:
                    damaged.apply(now=self.clock())
            if self.dry_run:
                return
            restore.index_again(source, warc_index.in_order(names), broken)
            await derive_all(Deriver(source, load_all(self.root / "publishers"), workers))
            restore.finish(source.db)

    async def _derived(self) -> None:
        """Make again what follows from the rest: journal records, stories, the search index."""
        visits = self._rows("visit")
        of = counted(len(visits), "visit")
        for kind, line in (
            ("visit", f"The journal records of {of} to articles are lost; they are rewritten."),
            ("story", "the stories are grouped again"),
            ("index", "the search index is rebuilt"),
        ):
            if kind in self.damages:
                self._report(line)
        if self.dry_run:
            return
        with self._opened() as source, transaction(source.db):
            for number in self._rows("revisit"):
                self._report(salvage.lose_payload(source.db, number, now=self.clock()))
            if "story" in self.damages:
                stories.regroup_all(source.db)
            if "index" in self.damages:
                rebuild_index(source.db)
        if visits:
            with Store(self.root, command=restore.COMMAND, clock=self.clock) as store:
                for line in restore.journal_again(store, visits):
                    self.say(line)
