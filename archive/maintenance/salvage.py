"""Damaged WARC files: what is readable is saved in a sound file, what is lost is named.

A file that is damaged in the middle gets a sound form under a name of its own, so that at any
moment the rows are those of a file that is there. The damaged one, or a torn tail, is kept in the
folder `damaged`: no byte is deleted. What rows say of the records follows when the file is indexed
again (`repair_rows`).
"""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from archive.clock import iso
from archive.database import transaction
from archive.problems import ProblemKind
from archive.publishers import key_of
from archive.rows import Row, insert, select, values
from archive.session import WARC_FOLDER
from archive.urls import capture_id
from archive.warc import files, reader
from archive.warc.files import Name, sync
from archive.warc.parsing import Place, Record

FOLDER = "damaged"

_CAPTURES = """
select c.id, c.url, c.publisher, c.kind, c.fetched_at, c.warc_file, c.warc_offset, c.sha256,
    coalesce(
        (select url from articles where id = c.article),
        (select a.url from revisions r join articles a on a.id = r.article where r.capture = c.id)
    ) as article
from captures c where c.{} = ? order by c.warc_offset
"""
_RENDERINGS = """
select r.warc_offset, r.kind, c.url, c.publisher
from renderings r join captures c on c.id = r.capture
where r.warc_file = ? order by 1
"""
NOBODY = "no publisher"
_DUE = """
insert into visits (key, url, publisher, kind, found_at, due_at)
select :key, :url, slug, :kind, :now, :now from publishers where slug = :publisher
on conflict (key) do update set
    due_at = case when state in ('due', 'done', 'failed') then excluded.due_at else due_at end,
    etag = null, last_modified = null, last_capture = null
"""


def walk(
    path: Path,
    *,
    start: int = 0,
    end: int | None = None,
    check: bool = False,
    lengths: Mapping[int, int] | None = None,
) -> Iterator[Record | range]:
    """Yield what a WARC file of ours (one gzip member per record) holds, from its start to its end.

    A stretch of bytes in which no record can be read is a range. With `check`, a record that
    contradicts its digests is lost. `lengths` are those of records, by offset, as far as they are
    known.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    with files.opened(path) as file:
        end, place = os.fstat(file).st_size if end is None else end, Place(offset=start)
        for part in reader.walk(file, start=place, end=end, check=check, lengths=lengths or {}):
            if isinstance(part, Record) and part.length is not None:
                if part.place.offset > start:
                    yield range(start, part.place.offset)
                yield part
                start = part.behind.offset
        if start < end:
            yield range(start, end)


def _sound_name(name: str) -> str:
    """Return the name of a file's sound form: the same, with one zero more before its number."""
    return re.sub(r"-(\d+\.warc\.gz)$", r"-0\1", name)


def latest(names: Iterable[str]) -> list[str]:
    """Return names without those of files that have a sound form."""
    longest_last = sorted(names, key=len)
    return sorted({str(Name.parse(name) or name): name for name in longest_last}.values())


class Salvage:
    """What is to be done with one WARC file and its rows: planned when made, done by `apply`.

    Then the file is to be indexed again. After a kill at any moment the next repair completes it.
    """

    def __init__(self, db: sqlite3.Connection, root: Path, name: str, *, of: str = "") -> None:
        """Look through a file; its rows are those of the form `of`, by default its own.

        Raises:
            OSError: if the disk does not give the bytes.
        """
        self._db = db
        self._root = root
        self._of = of or name
        self.name = name
        self._path = root / WARC_FOLDER / name
        self._lengths: dict[int, int] = {}  # of the readable records, by offset
        self._gaps: list[range] = []
        known: set[int] = set()
        for part in walk(self._path, check=True) if self._path.is_file() else ():
            if isinstance(part, range):
                self._gaps.append(part)
            else:
                self._lengths[part.place.offset] = part.length or 0
                known.add(capture_id(part.id))
        # A file whose end alone is torn keeps its name; what is left, if anything is, has this one.
        is_torn = len(self._gaps) == 1 and self._gaps[0].start > max(self._lengths, default=0)
        sound = name if is_torn or not self._gaps else _sound_name(name)
        self.new_name = sound if self._lengths else None
        rows = select(db, _CAPTURES.format("warc_file"), (self._of,))
        self._lost = [row for row in rows if row["id"] not in known]
        self.is_whole = not self._gaps and not self._lost

    def lines(self) -> Iterator[str]:
        """Yield what is to be said of it."""
        place = f"{WARC_FOLDER}/{self.name}"
        if not self._path.is_file():
            yield f"{place}: is missing"
        for part in self._gaps:
            where = f"bytes {part.start} to {part.stop}"
            yield f"unreadable: {place}, {where}; they are kept in {FOLDER}/"
        yield from map(_loss, self._lost)
        for shown in select(self._db, _RENDERINGS, (self.name,)):
            if (offset := shown["warc_offset"]) not in self._lengths:
                of = f"{shown['url']}, {shown['publisher'] or NOBODY}"
                what = f"the {shown['kind']} as a browser showed it"
                yield f"lost: {of}: {place}, byte {offset}: {what}"
        if self.new_name:
            yield f"{WARC_FOLDER}/{self.new_name}: rows are restored from its records"

    def apply(self, *, now: datetime) -> None:
        """Do it.

        Raises:
            OSError: if the disk does not take the bytes.
        """
        db, new = self._db, self.new_name
        if new and new != self.name:
            self._write_sound(new)
        with transaction(db):
            for capture in self._lost:
                report(db, capture, now=now)
                db.execute("delete from captures where id = ?", (capture["id"],))
            self._leave_rows(new)
        if self._gaps and new == self.name:
            cut(self._path, self._gaps[0].start, self._root / FOLDER)
        elif self._gaps:
            put_aside(self._path, self._root / FOLDER)

    def _leave_rows(self, new: str | None) -> None:
        """Let rows be of the file that is left, where they get their places when it is indexed."""
        db = self._db
        db.execute("delete from renderings where warc_file = ?", (self._of,))
        db.execute("delete from warc_files where name in (?, ?)", (self._of, self.name))
        if new:
            moved = "warc_file = ?, warc_offset = -id"
            db.execute(f"update captures set {moved} where warc_file = ?", (new, self._of))  # noqa: S608
            db.execute("insert or replace into warc_files values (?, 0, 1)", (new,))

    def _write_sound(self, name: str) -> None:
        """Write the readable records into a file of that name, and put it on the disk."""
        path = self._root / WARC_FOLDER / name
        with files.replacing(path) as part:
            with self._path.open("rb") as source, part.open("wb") as target:
                for offset, length in self._lengths.items():
                    source.seek(offset)
                    target.write(source.read(length))
            sync(part)
        sync(path.parent)


def finish(db: sqlite3.Connection, root: Path, *, now: datetime) -> Iterator[str]:
    """Put aside what a killed repair left, and take back files that came from a backup."""
    folder = root / WARC_FOLDER
    known = set(values(db, "select name from warc_files"))
    names = set(filter(Name.parse, files.entries(folder)))
    sound = {str(Name.parse(name)): name for name in latest(names)}
    for older in sorted(names.difference(sound.values())):
        later = sound[str(Name.parse(older))]
        stale = older if later in known else later
        if stale == older and older not in known:
            back = Salvage(db, root, older, of=later)
            if back.is_whole:
                back.apply(now=now)
                stale = later
                yield f"{WARC_FOLDER}/{older} is back as it was"
        put_aside(folder / stale, root / FOLDER)
        yield f"{WARC_FOLDER}/{stale}: what an earlier repair left is put aside"


def report(db: sqlite3.Connection, capture: Row, *, now: datetime) -> None:
    """Name what is lost in `problems`, and make its address due.

    Articles and revisions keep their texts. The site is asked without the validators by which it
    would answer that nothing changed.
    """
    # By the article's address, which leads readers on, and is hidden with it.
    problem = {"url": capture["article"] or capture["url"], "publisher": capture["publisher"]}
    problem |= {"stage": "repair", "kind": ProblemKind.LOST_CAPTURE.value}
    insert(db, "problems", problem | {"detail": _detail(capture), "at": iso(now)})
    with contextlib.suppress(ValueError):  # not an address: nothing can be asked there
        key = key_of(db, capture["url"], capture["publisher"])
        db.execute(_DUE, capture | {"key": key, "now": iso(now)})


def lose_payload(db: sqlite3.Connection, number: int, *, now: datetime) -> str:
    """Report that the payload which a revisit (its id) stands for is lost, and say so."""
    (capture,) = select(db, _CAPTURES.format("id"), (number,))
    report(db, capture, now=now)
    return _loss(capture)


def _loss(capture: Row) -> str:
    return f"lost: {capture['url']}, {capture['publisher'] or NOBODY}: {_detail(capture)}"


def _detail(capture: Row) -> str:
    place = f"{capture['warc_file']}, byte {capture['warc_offset']}, sha256 {capture['sha256']}"
    return f"{place}: the answer of {capture['fetched_at']} is lost"


def put_aside(path: Path, kept: Path) -> None:
    """Move a file into the folder of damaged ones, where it replaces none."""
    kept.mkdir(exist_ok=True)
    target, number = kept / path.name, 1
    while target.exists():
        number += 1
        target = kept / f"{path.name}.{number}"
    path.rename(target)
    sync(kept)
    sync(path.parent)


def cut(path: Path, end: int, kept: Path) -> None:
    """End a file there; what was behind is kept in the folder of damaged files."""
    kept.mkdir(exist_ok=True)
    size = path.stat().st_size
    files.copy(path, kept / f"{path.name}.from-{end}", start=end, end=size)
    sync(kept)
    os.truncate(path, end)
    sync(path)
