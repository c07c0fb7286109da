"""An archive brought back to what it was, as far as its files still tell it.

A database that does not read is made anew from the WARC files; then files and rows are brought
together, chains of revisions that are broken are read again, and all is verified.
"""

import logging
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archive.clock import Clock, system
from archive.database import NAME, open_for_reading, open_for_writing
from archive.errors import ArchiveError, NewerArchive, NotAnArchive, OlderArchive
from archive.index import rebuild_index
from archive.lock import writing
from archive.session import WARC_FOLDER
from archive.upkeep.account import Account, Say
from archive.upkeep.damage import Findings
from archive.upkeep.repairing import Repair
from archive.upkeep.soundness import SEARCH, are_of_indexes, faults, missing_tables
from archive.upkeep.verify import verify
from crawler import again
from crawler.publisher import load_all
from crawler.rebuild import OLD, rebuild

logger = logging.getLogger(__name__)

_COMMAND = "repair"


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
        NewerArchive: if a newer Warraq wrote it.
        OlderArchive: if an older one did, for a dry run.
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
    counts: Counter[str] = Counter()
    if dry_run:
        _refuse_older(root)
    if why := _broken(root, say, dry_run=dry_run, clock=clock):
        counts["mended"] += 1
        say(f"{root / NAME} {why}: it is made anew from the WARC files")
        if dry_run:
            return Repaired(counts=counts, findings=None)
        if (root / NAME).exists():
            say(f"The broken one is kept as {root / OLD}")
        await rebuild(root, processes=processes, clock=clock)
    with writing(root, command=_COMMAND, now=clock()), closing(open_for_writing(root)) as db:
        account = Account(now=clock(), say=say, dry_run=dry_run)
        Repair(db, root, account).run()
        counts += account.counts
    if dry_run:
        return Repaired(counts=counts, findings=None)
    if counts["adopted"]:
        say("`warraq extract --again` reads pages among them that were not read yet.")
    findings = await _derived(root, say, counts, processes=processes, clock=clock)
    return Repaired(counts=counts, findings=findings)


def _refuse_older(root: Path) -> None:
    """Raise OlderArchive where a look at the database would already bring it up to date."""
    try:
        open_for_reading(root).close()
    except OlderArchive:
        raise
    except NotAnArchive:
        pass


def _broken(root: Path, say: Say, *, dry_run: bool, clock: Clock) -> str | None:
    """Return what is wrong with a database that has to be made anew, None where it reads."""
    path = root / NAME
    if not path.is_file() or not path.stat().st_size:
        if not any((root / WARC_FOLDER).glob("*.warc.gz")):
            raise NotAnArchive(f"{root} holds no archive: neither {NAME} nor WARC files")
        return "is empty" if path.is_file() else "is missing"
    try:
        with writing(root, command=_COMMAND, now=clock()), closing(open_for_writing(root)) as db:
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
    except NewerArchive:
        raise
    except (NotAnArchive, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise
        return f"does not read ({error})"


async def _derived(
    root: Path, say: Say, counts: Counter[str], *, processes: int | None, clock: Clock
) -> Findings:
    """Make again what is made of the rest, where a check finds it wrong; return what is left."""
    findings = verify(root, processes=processes)
    kinds = {damage.kind for damage in findings.damages}
    broken = frozenset(
        int(str(damage.row).split()[0]) for damage in findings.damages if damage.kind == "revision"
    )
    search = any(SEARCH in damage.detail for damage in findings.damages)
    if not (broken or search or "index" in kinds):
        return findings
    if search or "index" in kinds:
        say("The search index is made anew.")
        with writing(root, command=_COMMAND, now=clock()), closing(open_for_writing(root)) as db:
            rebuild_index(db)
        counts["mended"] += 1
    if broken:
        await _read_again(root, broken, say, processes=processes, clock=clock)
        counts["mended"] += len(broken)
    return verify(root, processes=processes)


async def _read_again(
    root: Path, articles: frozenset[int], say: Say, *, processes: int | None, clock: Clock
) -> None:
    say(f"{len(articles)} articles with a broken chain of revisions are read again.")
    job = again.Job(
        root=root,
        publishers=load_all(root / "publishers"),
        articles=articles,
        processes=processes,
        clock=clock,
    )
    await again.read_again(job, tell=lambda url, changes: say(f"{url}: {', '.join(changes)}"))
