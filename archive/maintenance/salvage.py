"""Damaged WARC files: what is readable is saved in a sound file, what is lost is named.

A file that is damaged in the middle gets a sound form under a name of its own, so that at any
moment the rows are those of a file that is there. The damaged one, or a torn tail, is kept in the
folder `damaged`: no byte is deleted.
"""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path

from archive import captures
from archive.clock import from_iso, iso
from archive.database import transaction
from archive.problems import ProblemKind
from archive.publishers import key_of
from archive.rows import Row, insert, select, values
from archive.session import SOFTWARE, WARC_FOLDER
from archive.urls import capture_id
from archive.warc import files
from archive.warc.files import Length, sync
from archive.warc.parsing import CAPTURED, Place, Record, faults
from archive.warc.reader import walk as read
from archive.warc.writer import RunInfo, WarcWriter

FOLDER = "damaged"

_NAME = re.compile(r"((?:\d{4}-\d{2}/)?warraq-\d{8}-[a-z2-7]+-)(\d+)(\.warc\.gz)")
_DIGEST = re.compile(r"\bsha256 ([0-9a-f]{64})\b")
# By publisher, as the index of kinds is; there may be very many problems.
_LOST = """
select detail from problems where publisher in (select slug from publishers) and kind = :kind
union select detail from problems where publisher is null and kind = :kind
"""
_CAPTURE = """
select c.url, c.publisher, c.kind, c.fetched_at, c.warc_file, c.warc_offset, c.sha256, coalesce(
    (select url from articles where id = c.article),
    (select a.url from revisions r join articles a on a.id = r.article where r.capture = c.id)
) as article from captures c where c.id = ?
"""
_RUN = """
select name, command, started_at from runs where id = (
    select run from captures where warc_file = ? order by warc_offset limit 1
)
"""
_DUE = """
insert into visits (key, url, publisher, kind, found_at, due_at)
select :key, :url, slug, :kind, :now, :now from publishers where slug = :publisher
on conflict (key) do update set
    due_at = case when state in ('due', 'done', 'failed') then excluded.due_at else due_at end,
    etag = null, last_modified = null, last_sha256 = null
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A stretch of a file in which no record can be read."""

    offset: int
    length: int


def walk(path: Path, *, start: int = 0, check: bool = False) -> Iterator[Record | Lost]:
    """Yield what a WARC file of ours (one gzip member per record) holds, from its start to its end.

    With `check`, a record that contradicts its digests is lost.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    with path.open("rb") as file:
        end = start
        for part in read(file.fileno(), start=Place(offset=start), check=False):
            if not isinstance(part, Record) or part.length is None:
                continue
            if check and next(faults(part), None):
                continue
            if part.place.offset > end:
                yield Lost(offset=end, length=part.place.offset - end)
            yield part
            end = part.behind.offset
        size = os.fstat(file.fileno()).st_size
        if end < size:
            yield Lost(offset=end, length=size - end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A file's readable records, as (type, id, length) by offset, and the lost stretches."""

    size: int
    records: Mapping[int, tuple[str, str, int]]
    lost: tuple[Lost, ...]

    @classmethod
    def of(cls, path: Path) -> "Survey":
        """Read a file from its start to its end; one that is missing has nothing.

        Raises:
            OSError: if the disk does not give the bytes.
        """
        records, lost = {}, []
        if not path.is_file():
            return cls(size=0, records={}, lost=())
        for part in walk(path, check=True):
            if isinstance(part, Record):
                records[part.place.offset] = (part.type, part.id, part.length or 0)
            else:
                lost.append(part)
        return cls(size=path.stat().st_size, records=records, lost=tuple(lost))

    @property
    def torn_at(self) -> int | None:
        """Where the file's only damage begins, which goes on to its end; None if it is another."""
        if len(self.lost) == 1 and self.lost[0].offset + self.lost[0].length == self.size:
            return self.lost[0].offset
        return None


def sound_name(name: str) -> str:
    """Return the name of a file's sound form: the same, with one zero more before its number."""
    return _NAME.sub(r"\g<1>0\2\3", name)


def _forms(names: Iterable[str]) -> Iterator[list[str]]:
    """Yield the forms of each file of ours, the latest last; files of others by themselves."""
    for _, found in groupby(sorted(names, key=_form), key=lambda name: _form(name)[:2]):
        yield list(found)


def latest(names: Iterable[str]) -> list[str]:
    """Return names without those of files that have a sound form."""
    return [forms[-1] for forms in _forms(names)]


def _form(name: str) -> tuple[str, int, int]:
    ours = _NAME.fullmatch(name)
    return (ours[1], int(ours[2]), len(name)) if ours else (name, 0, 0)


class Salvage:
    """What is to be done with one WARC file and its rows: planned when made, done by `apply`."""

    def __init__(self, db: sqlite3.Connection, root: Path, name: str) -> None:
        """Look through a file.

        Raises:
            OSError: if the disk does not give the bytes.
        """
        self._db = db
        self._root = root
        self.name = name
        self._path = root / WARC_FOLDER / name
        self._survey = Survey.of(self._path)
        self.lost = self._without_record()
        self._shown = self._renderings_lost()

    @property
    def new_name(self) -> str:
        """The file's name afterwards."""
        damaged = self._survey.lost and self._survey.torn_at is None
        return sound_name(self.name) if damaged and self._survey.records else self.name

    @property
    def is_to_be_indexed(self) -> bool:
        """Whether a record has no row."""
        sql = "select id from captures where warc_file in (?, ?)"
        known = set(values(self._db, sql, (self.name, self.new_name)))
        return any(
            kind in CAPTURED and capture_id(record) not in known
            for kind, record, _ in self._survey.records.values()
        )

    def lines(self) -> Iterator[str]:
        """Yield what is to be said of it."""
        place, survey = f"{WARC_FOLDER}/{self.name}", self._survey
        if not self._path.is_file():
            yield f"{place}: is missing"
        for part in survey.lost:
            bytes_ = f"bytes {part.offset} to {part.offset + part.length}"
            yield f"{place}: no record is readable in {bytes_}; they are kept in {FOLDER}/"
        if self.new_name != self.name:
            yield f"{place}: its readable records are saved in {WARC_FOLDER}/{self.new_name}"
        for number in self.lost:
            yield _sentence(select(self._db, _CAPTURE, (number,))[0])
        for offset in self._shown.values():
            yield f"lost: {place}, byte {offset}: a page as a browser showed it"
        if survey.records and files.acknowledged(self._db, self.name) != self._end:
            yield f"{place}: its row says that it has {self._end} bytes now"

    def apply(self, *, now: datetime) -> None:
        """Do it; after a kill at any moment, `finish` and another salvage complete it.

        Raises:
            OSError: if the disk does not take the bytes.
        """
        db, kept, survey = self._db, self._root / FOLDER, self._survey
        if survey.lost:
            kept.mkdir(exist_ok=True)
        places = self._write_sound(now) if self.new_name != self.name else None
        with transaction(db):
            self._apply_rows(places, now=now)
        if survey.lost and (places or not survey.records):
            put_aside(self._path, kept)
        elif survey.torn_at is not None:
            keep_tail(self._path, survey.torn_at, kept)
            cut(self._path, survey.torn_at)

    @property
    def _end(self) -> int:
        return self._survey.size if self._survey.torn_at is None else self._survey.torn_at

    def _without_record(self) -> list[int]:
        """Return the captures (ids) whose rows are of this file and whose records are not there."""
        there = {capture_id(record) for _, record, _ in self._survey.records.values()}
        rows = self._db.execute(
            "select id, warc_offset from captures where warc_file = ? order by warc_offset",
            (self.name,),
        ).fetchall()
        return [
            number
            for number, offset in rows
            if offset not in self._survey.records and number not in there
        ]

    def _renderings_lost(self) -> dict[int, int]:
        rows = self._db.execute(
            "select id, warc_offset from renderings where warc_file = ?", (self.name,)
        ).fetchall()
        return {number: offset for number, offset in rows if offset not in self._survey.records}

    def _apply_rows(self, places: Mapping[int, int] | None, *, now: datetime) -> None:
        db = self._db
        for number in self.lost:
            _lose(db, number, now=now)
        numbers = [(number,) for number in self._shown]
        db.executemany("delete from renderings where id = ?", numbers)
        if places:
            _move(db, self.name, self.new_name, places)
            end = (self._root / WARC_FOLDER / self.new_name).stat().st_size
            files.acknowledge(db, {self.new_name: Length(bytes=end)})
        elif self._survey.records:
            files.acknowledge(db, {self.name: Length(bytes=self._end)})
        if places or not self._survey.records:
            db.execute("delete from warc_files where name = ?", (self.name,))
        files.close_earlier(db)

    def _write_sound(self, now: datetime) -> dict[int, int]:
        """Write the file's sound form and put it on the disk; return new places by the old."""
        row = self._db.execute(_RUN, (self.name,)).fetchone()
        name, command, began = row or ("none-0", "crawl", iso(now))
        writer = WarcWriter(
            self._root / WARC_FOLDER,
            next_file=lambda _day: (self.new_name, 0),
            run=RunInfo(name=name, command=command, software=SOFTWARE, started_at=from_iso(began)),
            clock=lambda: now,
            roll_bytes=1 << 62,
        )
        places = {}
        with self._path.open("rb") as source:
            for offset, (kind, _, length) in self._survey.records.items():
                source.seek(offset)
                if kind != "warcinfo":  # it gets one of its own
                    places[offset] = writer.copy(source.read(length)).offset
        writer.close()
        return places


def finish(db: sqlite3.Connection, root: Path) -> Iterator[str]:
    """Complete what a killed repair left, and take back files that came from a backup."""
    folder, kept = root / WARC_FOLDER, root / FOLDER
    known = set(values(db, "select name from warc_files"))
    for forms in _forms(files.entries(folder)):
        for older, later in pairwise(forms):
            stale = older
            if later not in known:
                stale = later
            elif older not in known and _take_back(db, folder, older, later):
                stale = later
                yield f"{WARC_FOLDER}/{older} is back as it was"
            kept.mkdir(exist_ok=True)
            put_aside(folder / stale, kept)
            yield f"{WARC_FOLDER}/{stale}: what an earlier repair left is put aside"


def _take_back(db: sqlite3.Connection, folder: Path, older: str, later: str) -> bool:
    """Let rows be of a file that is sound again instead of its sound form; return whether it is.

    What it has beyond that has no rows yet.
    """
    old, new = Survey.of(folder / older), Survey.of(folder / later)
    offsets = {record: offset for offset, (_, record, _) in old.records.items()}
    # It begins with a warcinfo record and a run of its own.
    wanted = {offset: record for offset, (_, record, _) in list(new.records.items())[2:]}
    if old.lost or not offsets.keys() >= set(wanted.values()):
        return False
    with transaction(db):
        _move(db, later, older, {offset: offsets[wanted[offset]] for offset in wanted})
        db.execute(
            "update warc_files set name = ?, bytes = ? where name = ?", (older, old.size, later)
        )
    return True


def _move(db: sqlite3.Connection, old: str, new: str, places: Mapping[int, int]) -> None:
    """Let rows say that records of a file are at other places in another one."""
    moved = [(new, place, old, offset) for offset, place in places.items()]
    for table in ("captures", "renderings"):
        db.executemany(
            f"update {table} set warc_file = ?, warc_offset = ?"  # noqa: S608 - ours
            " where warc_file = ? and warc_offset = ?",
            moved,
        )
    db.execute("create temp table moved (place integer, offset integer primary key)")
    db.executemany("insert into moved values (?, ?)", [row[1::2] for row in moved])
    db.execute(
        "update captures set journal_offset = moved.place, journal_file = nullif(:new, warc_file)"
        " from moved where moved.offset = journal_offset"
        " and (journal_file = :old or (journal_file is null and warc_file = :new))",
        {"old": old, "new": new},
    )
    db.execute("drop table moved")


def _sentence(capture: Row) -> str:
    """Return what is to be said of a capture whose record is lost."""
    of = f"; it was one of the article {capture['article']}, which keeps its text"
    whose = capture["publisher"] or "no publisher"
    return f"lost: {capture['url']}, {whose}: {_detail(capture)}{of if capture['article'] else ''}"


def _detail(capture: Row) -> str:
    place = f"{capture['warc_file']}, byte {capture['warc_offset']}, sha256 {capture['sha256']}"
    return f"{place}: the capture of {capture['fetched_at']} is lost"


def _lose(db: sqlite3.Connection, number: int, *, now: datetime) -> None:
    """Take a capture whose record is lost out of the rows, and name it in `problems`.

    Articles and revisions keep their texts. Its address becomes due again, without the validators
    by which the site would answer that nothing changed.
    """
    (capture,) = select(db, _CAPTURE, (number,))
    _report(db, capture, _detail(capture), now=now)
    for table in ("revisions", "articles", "problems"):
        db.execute(f"update {table} set capture = null where capture = ?", (number,))  # noqa: S608 - ours
    db.execute("delete from renderings where capture = ?", (number,))
    db.execute("delete from captures where id = ?", (number,))


def _report(db: sqlite3.Connection, capture: Row, detail: str, *, now: datetime) -> None:
    """Save what is lost as a problem, and make its address due."""
    # By the article's address, which leads readers on, and is hidden with it.
    problem = {"url": capture["article"] or capture["url"], "publisher": capture["publisher"]}
    problem |= {"stage": "repair", "kind": ProblemKind.LOST_CAPTURE.value, "detail": detail}
    insert(db, "problems", problem | {"at": iso(now)})
    with contextlib.suppress(ValueError):  # not an address: nothing can be asked there
        key = key_of(db, capture["url"], capture["publisher"])
        db.execute(_DUE, capture | {"key": key, "now": iso(now)})


def known_lost(db: sqlite3.Connection) -> frozenset[str]:
    """Return the SHA-256 digests of lost payloads that no record holds any more."""
    rows = db.execute(_LOST, {"kind": ProblemKind.LOST_CAPTURE})
    digests = {digest[1] for (detail,) in rows if (digest := _DIGEST.search(detail))}
    return frozenset(digest for digest in digests if not captures.has_payload(db, digest))


def lose_payload(db: sqlite3.Connection, number: int, *, now: datetime) -> str | None:
    """Report that a revisit (its id) stands for a payload that is lost; None if that is known."""
    (capture,) = select(db, _CAPTURE, (number,))
    if capture["sha256"] is None or capture["sha256"] in known_lost(db):
        return None
    detail = f"a record that others refer to, sha256 {capture['sha256']}: the payload is lost"
    _report(db, capture, detail, now=now)
    return f"lost: {capture['url']}: {detail}"


def put_aside(path: Path, kept: Path) -> None:
    """Move a file into the folder of damaged ones, where it replaces none."""
    target, number = kept / path.name, 1
    while target.exists():
        number += 1
        target = kept / f"{path.name}.{number}"
    path.rename(target)
    sync(kept)
    sync(path.parent)


def keep_tail(path: Path, start: int, kept: Path) -> None:
    """Copy what is stored from byte `start` on into the folder of damaged files."""
    target = kept / f"{path.name}.from-{start}"
    files.copy(path, target, start=start, end=path.stat().st_size)
    sync(kept)


def cut(path: Path, end: int) -> None:
    """End a file there, and put that on the disk."""
    os.truncate(path, end)
    sync(path)
