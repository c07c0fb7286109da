"""An archive that a command begins: its folder goes again where nothing came into it."""

import contextlib
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from archive.database import NAME, open_for_reading
from archive.errors import ArchiveError
from archive.lock import writing
from archive.session import WARC_FOLDER
from archive.warc.files import Name, present

_OF_THE_DATABASE = (NAME, f"{NAME}-wal", f"{NAME}-shm", "lock")
_CONTENT = ("articles", "captures")


class Beginning:
    """What there is of an archive before a command; take it before the archive is opened."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # WARC files without a database are not nothing: they are what it is made from.
        self._is_new = not any((root / name).exists() for name in (NAME, WARC_FOLDER))
        above = (root, *root.absolute().parents)
        self._made = [path for path in above if not path.exists()]

    def take_back(self, *, now: datetime, captures: bool = False) -> bool:
        """Remove the archive that was begun, if nothing came into it; return whether it went.

        With `captures`, also one that holds captures, but no article. What was there before, and
        what others put into the folder, stays.
        """
        if not self._is_new or not (self._root / NAME).exists():
            return False
        try:
            with writing(self._root, command="cleanup", now=now):
                if self._holds(_CONTENT[:1] if captures else _CONTENT):
                    return False
                self._remove()
        except (ArchiveError, OSError, sqlite3.Error):
            return False  # somebody writes there by now, or it may not be touched
        return True

    def _holds(self, tables: tuple[str, ...]) -> bool:
        with closing(open_for_reading(self._root)) as db:
            return any(
                db.execute(f"select exists (select 1 from {table})").fetchone()[0]  # noqa: S608
                for table in tables
            )

    def _remove(self) -> None:
        folder = self._root / WARC_FOLDER
        names = [name for name in present(folder) if Name.parse(name)]
        for name in names:
            (folder / name).unlink()
        for name in _OF_THE_DATABASE:
            (self._root / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # something else is in there
            months = {(folder / name).parent for name in names}
            for emptied in (*months - {folder}, folder, *self._made):
                emptied.rmdir()
