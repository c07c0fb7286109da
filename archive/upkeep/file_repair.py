"""One WARC file and its rows brought together again, in one transaction.

The order of the steps is such that a kill between any two leaves a state that the next repair
goes on with: the mended form is whole before rows are of it, what is damaged is moved last.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from archive import runs
from archive.clock import from_iso
from archive.maintenance import warc_index
from archive.session import WARC_FOLDER
from archive.upkeep import mending
from archive.upkeep.account import Account
from archive.upkeep.adoption import Adoption
from archive.upkeep.losses import known_lost, lose
from archive.upkeep.payloads import Payloads
from archive.upkeep.survey import Member, Survey, survey
from archive.upkeep.warc_check import differences
from archive.warc import files
from archive.warc.files import Length
from archive.warc.parsing import CAPTURED, Record
from archive.warc.records import read_fields

_ROW = """
id, url, publisher, kind, fetched_at, status, sha256, truncated, revisit, warc_offset, warc_length
"""

Row = dict[str, Any]


class FileRepair:
    """The repair of one file by its name; what was done goes to the account."""

    def __init__(
        self, db: sqlite3.Connection, root: Path, name: str, account: Account, payloads: Payloads
    ) -> None:
        self._db = db
        self._root = root
        self._path = root / WARC_FOLDER / name
        self._kept = root / mending.FOLDER
        self._name = name
        self._place = f"{WARC_FOLDER}/{name}"
        self._account = account
        self._payloads = payloads
        self._rows = self._known_rows()
        # Ids by the place of the record, which a row that is misplaced finds again.
        self._ids = {offset: row["id"] for offset, row in self._rows.items()}

    def run(self) -> None:
        """Repair the file.

        Raises:
            OSError: if the disk does not give or take bytes.
        """
        if not self._path.is_file():
            self._leave("is missing")
            return
        found = survey(self._root / WARC_FOLDER, self._name, self._differs())
        if not found.members:
            self._leave("no record in it reads; it is put aside")
            self._put_aside()
            return
        self._tell_lost(found)
        in_the_middle = bool(found.lost) and found.torn_at is None
        with self._account.transaction(self._db):
            run = self._run_of(found)
            self._bring_together(found, run)
            places = self._to_mended(found, run) if in_the_middle else None
            if places is None:
                self._acknowledge(found)
            name = self._name if places is None else mending.mended_name(self._name)
            self._payloads.remember(found, name, places)
        if in_the_middle:
            self._put_aside()
        elif found.torn_at is not None and not self._account.dry_run:
            mending.keep_tail(found.path, found.torn_at, self._kept)
            mending.cut(found.path, found.torn_at)

    def _known_rows(self) -> dict[int, Row]:
        cursor = self._db.execute(f"select {_ROW} from captures where warc_file = ?", (self._name,))  # noqa: S608 - ours
        names = [column[0] for column in cursor.description]
        found = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
        return {row["warc_offset"]: row for row in found}

    def _differs(self) -> Any:
        lost = known_lost(self._db)

        def differs(offset: int, record: Record) -> bool:
            row = self._rows.get(offset)
            return row is not None and next(differences(record, row, lost), None) is not None

        return differs

    def _leave(self, why: str) -> None:
        """Let go of a file in which nothing is left."""
        with self._account.transaction(self._db):
            self._account.add("mended", f"{self._place}: {why}")
            self._lose(self._rows.values())
            self._db.execute("delete from renderings where warc_file = ?", (self._name,))
            self._db.execute("delete from warc_files where name = ?", (self._name,))

    def _lose(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._account.add("lost", lose(self._db, row["id"], now=self._account.now))

    def _tell_lost(self, found: Survey) -> None:
        for part in found.lost:
            self._account.add(
                "mended",
                f"{self._place}: no record reads in bytes {part.offset} to"
                f" {part.offset + part.length}; they are kept in {mending.FOLDER}/",
            )

    def _run_of(self, found: Survey) -> int:
        """Return a run that wrote into the file; all that say so in it become known."""
        row = self._db.execute(
            "select min(run) from captures where warc_file = ?", (self._name,)
        ).fetchone()
        known = files.acknowledged(self._db, self._name) or row[0] is not None
        if not known:
            self._account.add("mended", f"{self._place}: a file that no row knew is known again")
        number = row[0]
        for one in found.members:
            if one.type == "metadata" and one.url.startswith("urn:x-warraq:run:"):
                record = found.record(one)
                command = read_fields(record.block).get("command", "crawl")
                at = from_iso(record.fields["warc-date"])
                written = warc_index.known_run(self._db, record.run or "none-0", command, at)
                number = number or written
        if number is None:
            record = found.record(found.members[0])
            at = from_iso(record.fields["warc-date"])
            number = warc_index.known_run(self._db, record.run or "none-0", "crawl", at)
        return int(number)

    def _bring_together(self, found: Survey, run: int) -> None:
        records = {one.offset: one for one in found.members if one.type in CAPTURED}
        of_no_row = {
            (one.url, one.at): one for one in records.values() if one.offset not in self._rows
        }
        for offset in sorted(self._rows.keys() - records.keys()):
            row = self._rows[offset]
            if one := of_no_row.pop((row["url"], row["fetched_at"]), None):
                self._replace(offset, one)
            else:
                self._lose([row])
        adoption = Adoption(self._db, found, run=run)
        if number := adoption.missing(self._ids):
            line = f"{self._place}: {number} records that no row knew are known again"
            self._account.add("adopted", line, number)
        if number := adoption.different(self._ids):
            line = f"{self._place}: {number} rows tell what their records tell again"
            self._account.add("mended", line)
        self._lengths(found)
        self._renderings(found)

    def _replace(self, offset: int, one: Member) -> None:
        """Let the row that told of another offset tell where its record is."""
        self._db.execute(
            "update captures set warc_offset = ?, warc_length = ? where id = ?",
            (one.offset, one.length, self._rows[offset]["id"]),
        )
        self._ids[one.offset] = self._ids.pop(offset)
        line = f"{self._place}, byte {one.offset}: its row knows the place again"
        self._account.add("mended", line)

    def _lengths(self, found: Survey) -> None:
        for one in found.members:
            row = self._rows.get(one.offset)
            if row and row["warc_length"] != one.length:
                self._db.execute(
                    "update captures set warc_length = ? where id = ?", (one.length, row["id"])
                )
                line = f"{self._place}, byte {one.offset}: its row tells its length again"
                self._account.add("mended", line)

    def _renderings(self, found: Survey) -> None:
        shown = {one.offset for one in found.members if one.type == "conversion"}
        for number, offset in self._db.execute(
            "select id, warc_offset from renderings where warc_file = ?", (self._name,)
        ).fetchall():
            if offset not in shown:
                self._db.execute("delete from renderings where id = ?", (number,))
                line = f"lost: {self._place}, byte {offset}: a page as a browser showed it"
                self._account.add("lost", line)

    def _acknowledge(self, found: Survey) -> None:
        end = found.size if found.torn_at is None else found.torn_at
        known = files.acknowledged(self._db, self._name)
        if known != end:
            self._account.add("mended", f"{self._place}: it is known to have {end} bytes")
            files.acknowledge(self._db, {self._name: Length(bytes=end)})
            files.close_earlier(self._db)

    def _to_mended(self, found: Survey, run: int) -> dict[int, int]:
        """Write the mended form and let all rows be of that; return the new places by the old."""
        new = mending.mended_name(self._name)
        command, at = self._db.execute(
            "select command, started_at from runs where id = ?", (run,)
        ).fetchone()
        name = runs.named(self._db, run)
        head = mending.info_of(found, run=name, command=command, at=from_iso(at))
        places = mending.places(found.members, len(head))
        if not self._account.dry_run:
            mending.write_mended(found, head, self._kept)
        for table in ("captures", "renderings"):
            self._db.executemany(
                f"update {table} set warc_file = ?, warc_offset = ?"  # noqa: S608 - ours
                " where warc_file = ? and warc_offset = ?",
                [(new, place, self._name, offset) for offset, place in places.items()],
            )
        last = found.members[-1]
        self._db.execute("delete from warc_files where name = ?", (self._name,))
        files.acknowledge(self._db, {new: Length(bytes=places[last.offset] + last.length)})
        files.close_earlier(self._db)
        self._account.add("mended", f"{self._place}: what reads of it is {WARC_FOLDER}/{new} now")
        return places

    def _put_aside(self) -> None:
        if not self._account.dry_run:
            kept = mending.put_aside(self._path, self._kept)
            line = f"{self._place} is kept as {mending.FOLDER}/{kept.name}"
            self._account.add("mended", line)
