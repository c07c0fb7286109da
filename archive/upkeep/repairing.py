"""The repair of an archive whose database reads: WARC files and rows brought together again.

Each file is looked through and mended in one transaction, so that a repair that is killed leaves
an archive that the next one goes on with.
"""

import sqlite3
from itertools import pairwise
from pathlib import Path

from archive import recovery
from archive.errors import ArchiveError
from archive.maintenance import warc_index
from archive.session import WARC_FOLDER
from archive.upkeep import mending
from archive.upkeep.account import Account
from archive.upkeep.file_repair import FileRepair
from archive.upkeep.payloads import Payloads
from archive.upkeep.references import mend_references
from archive.warc import files

_MISCOUNTED = """
update stories set articles = (
    select count(*) from articles where story = stories.id and withheld_at is null
) where articles != (
    select count(*) from articles where story = stories.id and withheld_at is null
)
"""

_EMPTY = "delete from stories where id not in (select story from articles where story is not null)"

_REVISIONS = "(select count(*) from revisions where article = articles.id)"
_UNCOUNTED = f"""
update articles set revision_count = {_REVISIONS}
where revision_count != {_REVISIONS} and {_REVISIONS} = (
    select max(number) from revisions where article = articles.id
)
"""  # noqa: S608 - ours


class Repair:
    """One repair under the writing lock; a dry run says the same and leaves all as it is."""

    def __init__(self, db: sqlite3.Connection, root: Path, account: Account) -> None:
        self._db = db
        self._root = root
        self._folder = root / WARC_FOLDER
        self._kept = root / mending.FOLDER
        self._account = account
        self._payloads = Payloads()

    def run(self) -> None:
        """Repair everything that is to be.

        Raises:
            ArchiveError: if the folder of WARC files is not there at all.
            OSError: if the disk does not give or take bytes.
        """
        if not self._folder.is_dir():
            raise ArchiveError(
                f"{self._folder} is missing: put it back, or make an empty folder of that name if"
                " all WARC files are lost"
            )
        # Where rows are missing, each step would break a reference; the last one mends them.
        self._db.execute("pragma foreign_keys = off")
        if not self._account.dry_run:
            self._kept.mkdir(exist_ok=True)
            self._all()
            if not any(self._kept.iterdir()):
                self._kept.rmdir()
            return
        self._db.execute("begin immediate")
        try:
            self._all()
        finally:
            self._db.execute("rollback")

    def _all(self) -> None:
        left_out = self._finish_runs() | self._finish_mending()
        self._name_others()
        for name in self._ordered():
            if name not in left_out:
                FileRepair(self._db, self._root, name, self._account, self._payloads).run()
        with self._account.transaction(self._db):
            for line in self._payloads.settle(self._db, now=self._account.now):
                self._account.add("lost", line)
            for line in mend_references(self._db, now=self._account.now):
                self._account.add("mended", line)
            self._count_again()

    def _finish_runs(self) -> set[str]:
        """Finish the runs that were killed; return the files that a dry run leaves out."""
        rows = self._db.execute("select id, command from runs where state = 'running'").fetchall()
        for run, command in rows:
            line = f"run {run} ({command}) was killed: what it left is finished"
            self._account.add("mended", line)
        if not self._account.dry_run:
            recovery.recover(self._db, self._folder)
            return set()
        if not rows:
            return set()
        return set(files.unfinished(self._db, self._folder, files.kept_writer(self._db)))

    def _finish_mending(self) -> set[str]:
        """Put aside what a mended form has replaced, or a mended form that no row is of yet.

        Returns the names of what is put aside.
        """
        known, gone = self._known(), set()
        for found in mending.forms(self._present()):
            for older, later in pairwise(found):
                stale = older
                if later not in known or (older not in known and self._is_back(older, later)):
                    stale = later
                line = f"{WARC_FOLDER}/{stale}: what an earlier repair left is put aside"
                self._account.add("mended", line)
                gone.add(stale)
                if not self._account.dry_run:
                    mending.put_aside(self._folder / stale, self._kept)
        if not self._account.dry_run:
            for aside in self._kept.glob("*.part"):
                aside.unlink()
        return gone

    def _is_back(self, older: str, later: str) -> bool:
        """Return whether a file came back whole, from a backup; rows are of it again then."""
        if self._account.dry_run:
            return False
        with self._account.transaction(self._db):
            back = mending.bring_back(self._db, self._folder, older, later)
        if back:
            self._account.add("mended", f"{WARC_FOLDER}/{older} is there again, as it was")
        return back

    def _present(self) -> set[str]:
        return files.entries(self._folder)

    def _known(self) -> set[str]:
        rows = self._db.execute(
            "select name from warc_files union select warc_file from captures"
            " union select warc_file from renderings"
        )
        return {name for (name,) in rows}

    def _name_others(self) -> None:
        for name in sorted(self._present() - self._known()):
            if not mending.is_ours(name):
                self._account.say(
                    f"{WARC_FOLDER}/{name}: left as it is, no run wrote it;"
                    " `warraq import-warc` takes the pages of others"
                )

    def _ordered(self) -> list[str]:
        """Return the names of the archive's files in the order in which runs wrote them."""
        ours = {name for name in self._present() if mending.is_ours(name)}
        return warc_index.in_order(self._known() | ours)

    def _count_again(self) -> None:
        """Let articles count their revisions and stories their articles."""
        if number := self._db.execute(_UNCOUNTED).rowcount:
            self._account.add("mended", f"{number} articles count their revisions again")
        if number := self._db.execute(_MISCOUNTED).rowcount:
            self._account.add("mended", f"{number} stories count their articles again")
        if number := self._db.execute(_EMPTY).rowcount:
            self._account.add("mended", f"{number} stories of which no article is left are gone")
        gone = "delete from story_sketches where article not in (select id from articles)"
        if self._db.execute(gone).rowcount:
            self._account.add("mended", "the stories have forgotten articles that are not there")
