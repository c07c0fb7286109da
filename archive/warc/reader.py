"""Every complete record of a WARC file, wherever the file is damaged, and each at its place.

warcio and fastwarc stop at the first bad gzip member (warcio#99 and #127 say why): they check. An
archive wants the rest, so damage is passed here and reported, and reading resumes behind it.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from archive.errors import DamagedWarc
from archive.models import WarcLocation
from archive.warc.members import (
    MAGIC,
    VERSION,
    Members,
    Window,
    next_start,
    unpack,
    unpack_next,
)
from archive.warc.parsing import (
    Place,
    Record,
    contradiction,
    fields_of,
    first_line,
    is_vouched,
    parse,
)

LARGEST = 1 << 31  # bytes of a record of our own
LARGEST_FOREIGN = 1 << 25  # bytes of a record of others; a newspaper's pages are far below

_LONGEST_HEAD = 1 << 16
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_NO_HEAD = ("no record begins there", "the file ends in the middle of a record's head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A place where no complete record could be read, and why; `url` if its head still has it."""

    place: Place
    what: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """A record that says it is larger than what is read, with its size in bytes."""

    place: Place
    size: int
    url: str | None = None


def read_record(folder: Path, location: WarcLocation) -> Record:
    """Return the record at `location`, a gzip member of its own.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    path, why = folder / location.file, "its bytes are not those of one record"
    record = None
    try:
        with opened(path) as descriptor:
            plain = unpack(descriptor, location.offset, location.length)
        place = Place(offset=location.offset)
        record = parse(plain, place=place, length=location.length) if plain else None
    except OSError as error:
        why = error.strerror or str(error)
    if record is None:
        raise DamagedWarc(f"{path}: no readable record at byte {location.offset} ({why})")
    return record


def read_payload(folder: Path, location: WarcLocation) -> bytes:
    """Return the decoded body of the record at `location`; a revisit record has none.

    A body whose content coding is broken is returned as far as it can be decoded.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    return read_record(folder, location).body()


def first_record(path: Path) -> Record | None:
    """Return the record that a file begins with, None if that does not read.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    with opened(path) as descriptor:
        first = next(walk(descriptor), None)
    return first if isinstance(first, Record) else None


def records(path: Path, *, start: int = 0) -> Iterator[Record]:
    """Yield the records of a file of ours from a byte on, up to the first damage.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    with opened(path) as descriptor:
        for found in walk(descriptor, start=Place(offset=start)):
            if not isinstance(found, Record) or found.length is None:
                return
            yield found


def walk(
    descriptor: int,
    *,
    start: Place = Place(),  # noqa: B008 - frozen
    end: int | None = None,
    largest: int = LARGEST,
    check: bool = True,
    lengths: Mapping[int, int] = MappingProxyType({}),
) -> Iterator[Record | Damage | TooLarge]:
    """Yield the complete records of a file from `start` on, and the damages between them, in order.

    One gzip member per record, several in one, or no gzip: each part of the file is read as what
    it is. Records of more than `largest` bytes are passed over; memory is bounded by that. Nothing
    behind byte `end` is looked at. Without `check`, a record that has a gzip member of its own is
    not held against its digests. `lengths` are packed lengths of records by offset, where they are
    known: these are unpacked in one go.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    size = os.fstat(descriptor).st_size
    end = size if end is None else min(end, size)
    offset, inside = start.offset, start.inside
    while offset < end:
        record = None if inside else _alone(descriptor, offset, end, largest, lengths.get(offset))
        if record and not (check and contradiction(record.fields, record.block)):
            yield record
            offset = record.behind.offset
            continue
        ahead = os.pread(descriptor, min(1 << 10, end - offset), offset)
        if not ahead.startswith(MAGIC) and not ahead.lstrip().startswith(b"WARC/"):
            if ahead.strip(b"\0\r\n \t"):
                yield Damage(place=Place(offset=offset), what=_NO_HEAD[_is_begun(ahead)])
            offset = next_start(descriptor, offset + 1, end)
            continue
        stretch = _Stretch(descriptor, offset, end, largest)
        yield from stretch.records(inside)
        offset, inside = stretch.end(), 0


def _alone(
    descriptor: int, offset: int, end: int, largest: int, known: int | None
) -> Record | None:
    """Return the record that is a gzip member by itself, as ours are; None if there is none.

    `known` is the length that it is said to have.
    """
    plain = unpack(descriptor, offset, known) if known else None
    if plain is not None:
        return parse(plain, place=Place(offset=offset), length=known)
    unpacked = unpack_next(descriptor, offset, end, largest=largest + _LONGEST_HEAD)
    if unpacked is None:
        return None
    plain, length = unpacked
    return parse(plain, place=Place(offset=offset), length=length)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """Give a descriptor of a file to read from, closed afterwards."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class _Stretch:
    """A part of the file that is read in one go: plain records, or gzip members that belong."""

    def __init__(self, descriptor: int, offset: int, end: int, largest: int) -> None:
        packed = os.pread(descriptor, 3, offset) == MAGIC
        self._members = Members(descriptor, offset, end) if packed else None
        self._window = self._members or Window(descriptor, offset, end)
        self._largest = largest
        self._reported = False

    def records(self, inside: int) -> Iterator[Record | Damage | TooLarge]:
        """Yield what is there from the unpacked byte `inside` on."""
        self._window.skip(inside)
        while True:
            self._window.skip_blank()
            ahead = self._window.peek(4, join=False)
            if not ahead or (self._members is None and ahead.startswith(MAGIC)):
                break
            yield self._next()
        if self._window.fault and not self._reported:
            yield Damage(place=self._place(), what=self._window.fault)

    def end(self) -> int:
        """Return where in the file the next stretch begins."""
        return self._window.resumes_at()

    def _place(self) -> Place:
        offset, inside = self._window.place()
        return Place(offset=offset, inside=inside)

    def _next(self) -> Record | Damage | TooLarge:
        """Read what is at the window, and move it behind: to the next record's first line."""
        place, head = self._place(), self._head()
        first = first_line(head)
        fields = fields_of(head[first.end() :]) if first else None
        if not first:
            rest = self._window.peek(_LONGEST_HEAD)
            torn = not head and _is_begun(rest[:5]) and len(rest) < _LONGEST_HEAD
            return self._damage(place, self._window.fault or _NO_HEAD[torn])
        if fields is None:
            return self._damage(place, "its head is broken")
        url = fields.get("warc-target-uri")
        length = fields.get("content-length", "")
        if not length.isascii() or not length.isdigit():
            return self._damage(place, f"its Content-Length is {length!r}", url)
        if (size := int(length)) > self._largest:
            self._window.skip(1)
            self._window.skip_to_record()
            return TooLarge(place=place, size=size, url=url)
        total = len(head) + size
        data = self._window.peek(total)
        tail = self._window.peek(total + 32, join=False)[total:]
        if fault := self._fault(fields, data[len(head) :], size, tail):
            return self._damage(place, fault, url)
        return self._whole(place, first[1].decode(), fields, head, data)

    def _fault(self, fields: dict[str, str], block: bytes, size: int, tail: bytes) -> str | None:
        """Return why a block, with what follows it, may not be what was written."""
        if len(block) < size:
            what = f"{len(block)} of its {size} bytes are there"
            if self._members is None and not VERSION.search(block):
                what = f"the file ends in the middle of it: {what}"
            return self._window.fault or what
        if self._window.fault and len(tail) < 32:
            return self._window.fault
        fault = contradiction(fields, block)
        if fault or is_vouched(fields):
            return fault
        if not tail.lstrip().startswith((b"WARC/", MAGIC)) and not _is_begun(tail):
            return "no record ends where its Content-Length says"
        if self._members and not self._members.is_sound():
            return "it has no digest, and its gzip member is damaged"
        return None

    def _whole(
        self, place: Place, version: str, fields: dict[str, str], head: bytes, data: bytes
    ) -> Record:
        """Return the record at the window, and pass it."""
        self._window.skip(len(data))
        self._window.skip_blank()
        members = self._members
        alone = members is not None and members.count == 1 and not place.inside
        alone = alone and not self._window.peek(1, join=False)
        end = members.end if alone and members else None
        return Record(
            place=place,
            behind=self._place() if end is None else Place(offset=end),
            version=version,
            fields=fields,
            head=head,
            block=memoryview(data)[len(head) :],
            length=None if end is None else end - place.offset,
        )

    def _head(self) -> bytes:
        """Return the head of the record at the window, with the empty line behind it."""
        size = 1 << 10
        while True:
            ahead = self._window.peek(size, join=False)
            end = _HEAD_END.search(ahead)
            if end is None and len(ahead) < size:
                ahead = self._window.peek(size)
                end = _HEAD_END.search(ahead)
            if end:
                return ahead[: end.end()]
            if len(ahead) < size or size >= _LONGEST_HEAD:
                return b""
            size *= 8

    def _damage(self, place: Place, what: str, url: str | None = None) -> Damage:
        """Move to the first line of the next record, wherever this one may end."""
        self._window.skip(1)
        self._window.skip_to_record()
        self._reported = self._reported or self._window.fault is not None
        return Damage(place=place, what=what, url=url)


def _is_begun(rest: bytes) -> bool:
    """Return whether these bytes are as many as there are of a record's first ones, or none."""
    return any(begin.startswith(rest.lstrip()) for begin in (b"WARC/", MAGIC))
