"""Records that no row knows, or whose row tells something else: their rows made from them again."""

import contextlib
import sqlite3
from collections.abc import Mapping

from archive import captures, runs
from archive.clock import from_iso
from archive.models import Kind, Visit
from archive.publishers import key_of
from archive.recovery import adopt
from archive.upkeep.survey import Member, Survey
from archive.visits import known
from archive.warc.parsing import CAPTURED, Record
from archive.warc.records import read_fields

_NEAR = 8  # records behind a copied one, among which the one is that tells of it
_TOLD = (
    "url", "publisher", "kind", "fetched_at", "status", "content_type", "sha256", "wire_bytes",
    "truncated", "revisit", "warc_offset", "warc_length",
)  # fmt: skip
_ARTICLE = """
update captures set article = coalesce(
    (select article from revisions where capture = captures.id),
    (select min(id) from articles where capture = captures.id),
    (select article from visits where key = :key and captures.kind = 'article')
) where id = :id
"""
# What a capture that was lost had brought, when its record is back.
_BROUGHT = """
update revisions set capture = :id where capture is null and (article, observed_at) = (
    select article, fetched_at from captures where id = :id
);
update articles set capture = :id where capture is null and (id, last_seen_at) = (
    select article, fetched_at from captures where id = :id
)
"""


class Adoption:
    """The rows of one WARC file, whose records were looked at; `run` wrote it."""

    def __init__(self, db: sqlite3.Connection, found: Survey, *, run: int) -> None:
        self._db = db
        self._found = found
        self._run = run
        self._positions = {one.offset: at for at, one in enumerate(found.members)}

    def missing(self, rows: Mapping[int, int]) -> int:
        """Give the records without a row theirs; return how many got one.

        `rows` are ids by offset, those of lost records too.
        """
        members = [one for one in self._found.members if one.type in CAPTURED]
        number = sum(self._adopt(one) is not None for one in members if one.offset not in rows)
        return number + self._renderings()

    def different(self, rows: Mapping[int, int]) -> int:
        """Let rows tell what their records tell; return how many did not."""
        number = 0
        for member in self._found.members:
            if member.differs:
                number += self._tell_again(member, rows[member.offset])
        return number

    def _adopt(self, member: Member) -> int | None:
        """Give a record its row; return its id."""
        capture = self._insert(member)
        if capture is None:
            return None
        key = None
        with contextlib.suppress(ValueError):
            key = self._visit(capture)
        for sql in (_ARTICLE, *_BROUGHT.split(";")):
            self._db.execute(sql, {"id": capture, "key": key})
        return capture

    def _insert(self, member: Member) -> int | None:
        record = self._found.record(member)
        place = record.location(self._found.name)
        if member.ours:
            return adopt(self._db, record, place, run=self._run_of(record))
        capture = captures.of_record(record, place, self._told_of(member))
        if capture is None:
            return None
        self._db.execute(
            "insert into publishers (slug, name) values (:slug, :slug) on conflict do nothing",
            {"slug": capture.publisher},
        )
        return captures.insert(self._db, capture, run=self._run)

    def _run_of(self, record: Record) -> int:
        return runs.numbered(self._db, record.run) or self._run

    def _told_of(self, member: Member) -> dict[str, str]:
        """Return what the metadata record behind a copied one tells of it."""
        members = self._found.members
        start = self._positions[member.offset] + 1
        for one in members[start : start + _NEAR]:
            if one.type == "metadata":
                record = self._found.record(one)
                told = read_fields(record.block)
                if record.fields.get("warc-refers-to") == member.id and captures.SOURCE in told:
                    return told
        return {}

    def _visit(self, capture: int) -> str:
        """Make the address of an article's page known, to be read again; return its key.

        Raises:
            ValueError: if it is not an address.
        """
        url, publisher, kind, at = self._db.execute(
            "select url, publisher, kind, fetched_at from captures where id = ?", (capture,)
        ).fetchone()
        key = key_of(self._db, url, publisher)
        if publisher and kind == Kind.ARTICLE:
            visit = Visit(
                key=key, url=url, publisher=publisher, kind=Kind.ARTICLE, found_at=from_iso(at)
            )
            known(self._db, visit)
        return key

    def _renderings(self) -> int:
        """Give pages as they were shown their rows, where they have none."""
        name, number = self._found.name, 0
        for member in self._found.members:
            known_row = self._db.execute(
                "select 1 from renderings where warc_file = ? and warc_offset = ?",
                (name, member.offset),
            )
            if member.type == "conversion" and known_row.fetchone() is None:
                record = self._found.record(member)
                place = record.location(name)
                run = self._run_of(record)
                number += adopt(self._db, record, place, run=run) is not None
        return number

    def _tell_again(self, member: Member, row: int) -> bool:
        """Put what a record tells into its row, which keeps its id and what it belongs to."""
        self._db.execute("savepoint told")
        self._db.execute("update captures set warc_offset = -1 where id = ?", (row,))
        made = self._insert(member)
        if made is None:
            self._db.execute("rollback to told")
            self._db.execute("release told")
            return False
        names = ", ".join(_TOLD)
        values = self._db.execute(f"select {names} from captures where id = ?", (made,)).fetchone()  # noqa: S608
        self._db.execute("delete from captures where id = ?", (made,))
        marks = ", ".join("?" * len(_TOLD))
        self._db.execute(
            f"update captures set ({names}) = ({marks}) where id = ?",  # noqa: S608 - names are ours
            (*values, row),
        )
        self._db.execute("release told")
        return True
