"""An archive brought back to what it was, as far as its files still tell it.

A database that does not read is made anew from the WARC files; then files and rows are brought
together, chains of revisions that are broken are read again, and all is verified.
"""

import contextlib
import logging
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archive.clock import Clock, system
from archive.database import NAME, open_for_writing, writing
from archive.errors import ArchiveError, NewerArchive, NotAnArchive, OlderArchive
from archive.search.index import rebuild_index
from archive.session import WARC_FOLDER
from archive.store import Store
from archive.upkeep import foreseeing
from archive.upkeep.account import Account, Say
from archive.upkeep.damage import Findings
from archive.upkeep.repairing import Repair
from archive.upkeep.retelling import LATE, tell_again
from archive.upkeep.soundness import SEARCH, are_of_indexes, faults, missing_tables
from archive.upkeep.verify import verify
from archive.warc.files import present
from crawler.publisher import load_all
from crawler.rebuild import OLD, rebuild
from crawler.reextract import Job, reextract

logger = logging.getLogger(__name__)

_COMMAND = "repair"
_ANEW = "{} {}: it is made anew from the WARC files"
_UNTOLD = (
    "The WARC files have lost what they told of {} visits to articles: whose they are, and where"
    " they were found. Pages and texts are there; the visits are told again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was done, by kind (adopted, lost, mended), and what a check then found."""

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
    """Repair the archive in `root`; `say` hears a line for all that is done.

    A dry run changes nothing, says what would be done and checks nothing.

    Raises:
        NewerArchive, OlderArchive: if another version of Warraq wrote it.
        NotAnArchive: if there is neither a database nor a WARC file.
        ArchiveLocked: if another process is writing.
        ArchiveError: if the disk does not give or take what it must.
    """
    try:
        return await _repair(root, say=say, dry_run=dry_run, processes=processes, clock=clock)
    except OSError as error:
        raise ArchiveError(
            f"{error.filename or root}: {error.strerror}; the same command goes on"
        ) from error


async def _repair(
    root: Path, *, say: Say, dry_run: bool, processes: int | None, clock: Clock
) -> Repaired:
    if dry_run:
        with foreseeing.place(root, command=_COMMAND, clock=clock) as place:
            return _foreseen(root, place, say, processes=processes, clock=clock)
    counts: Counter[str] = Counter()
    if why := _broken(root, root, say, dry_run=False, clock=clock):
        counts["mended"] += 1
        say(_ANEW.format(root / NAME, why))
        if (root / NAME).exists():
            say(f"The broken one is kept as {root / OLD}")
        await rebuild(root, processes=processes, clock=clock)
    with writing(root, command=_COMMAND, now=clock()), closing(open_for_writing(root)) as db:
        account = Account(now=clock(), say=say, dry_run=False)
        Repair(db, root, account).run()
        counts += account.counts
    if counts["adopted"]:
        say("`warraq extract --again` reads pages among them that were not read yet.")
    findings = await _derived(root, say, counts, processes=processes, clock=clock)
    return Repaired(counts=counts, findings=findings)


def _foreseen(
    root: Path, place: Path, say: Say, *, processes: int | None, clock: Clock
) -> Repaired:
    """Say what would be done to the archive in `root`, whose database is opened in `place`."""
    counts: Counter[str] = Counter()
    if why := _broken(root, place, say, dry_run=True, clock=clock):
        say(_ANEW.format(root / NAME, why))
        return Repaired(counts=Counter(mended=1), findings=None)
    with writing(place, command=_COMMAND, now=clock()), closing(open_for_writing(place)) as db:
        account = Account(now=clock(), say=say, dry_run=True)
        Repair(db, root, account).run()
        counts += account.counts
    with contextlib.suppress(ArchiveError):  # on a disk that is mounted read-only, readers do not
        if untold := _rows(verify(root, processes=processes), "visit"):
            say(_UNTOLD.format(len(untold)))
            counts["mended"] += len(untold)
    return Repaired(counts=counts, findings=None)


def _broken(root: Path, place: Path, say: Say, *, dry_run: bool, clock: Clock) -> str | None:
    """Return what is wrong with a database that has to be made anew, None where it reads.

    It is opened in `place`.
    """
    path = root / NAME
    if not path.is_file() or not path.stat().st_size:
        if not present(root / WARC_FOLDER):
            raise NotAnArchive(f"{root} holds no archive: neither {NAME} nor WARC files")
        return "is empty" if path.is_file() else "is missing"
    try:
        with writing(place, command=_COMMAND, now=clock()), closing(open_for_writing(place)) as db:
            found = faults(db)
            if are_of_indexes(found):
                say(f"{path}: SQLite's indexes are made anew ({found[0]})")
                if dry_run:
                    return None
                db.execute("reindex")
                found = faults(db)
            missing = missing_tables(db)
            if found or missing:
                return f"is damaged ({found[0] if found else 'it lacks ' + ', '.join(missing)})"
            return None
    except (NewerArchive, OlderArchive):
        raise
    except (NotAnArchive, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise
        return f"does not read ({str(error).replace(str(place), str(root))})"


async def _derived(
    root: Path, say: Say, counts: Counter[str], *, processes: int | None, clock: Clock
) -> Findings:
    """Make again what is made of the rest, where a check finds it wrong; return what is left."""
    findings = verify(root, processes=processes)
    kinds = {damage.kind for damage in findings.damages}
    broken, untold = _rows(findings, "revision"), _rows(findings, "visit")
    search = any(SEARCH in damage.detail for damage in findings.damages)
    if not (broken or untold or search or "index" in kinds):
        return findings
    if untold:
        counts["mended"] += _tell_again(root, untold, say, clock=clock)
    if search or "index" in kinds:
        say("The search index is made anew.")
        with writing(root, command=_COMMAND, now=clock()), closing(open_for_writing(root)) as db:
            rebuild_index(db)
        counts["mended"] += 1
    if broken:
        await _read_again(root, broken, say, processes=processes, clock=clock)
        counts["mended"] += len(broken)
    return verify(root, processes=processes)


def _rows(findings: Findings, kind: str) -> frozenset[int]:
    """Return the ids of the rows that have a damage of a kind."""
    return frozenset(
        int(str(damage.row).split()[0])
        for damage in findings.damages
        if damage.kind == kind and damage.row is not None
    )


def _tell_again(root: Path, untold: frozenset[int], say: Say, *, clock: Clock) -> int:
    """Tell of visits again; return how many."""
    say(_UNTOLD.format(len(untold)))
    with Store(root, command=_COMMAND, settings=LATE, clock=clock) as store:
        for line in tell_again(store, sorted(untold)):
            say(line)
    return len(untold)


async def _read_again(
    root: Path, articles: frozenset[int], say: Say, *, processes: int | None, clock: Clock
) -> None:
    say(f"{len(articles)} articles with a broken chain of revisions are read again.")
    job = Job(
        root=root,
        publishers=load_all(root / "publishers"),
        articles=articles,
        processes=processes,
        clock=clock,
    )
    await reextract(job, show=lambda url, changes: say(f"{url}: {', '.join(changes)}"))
