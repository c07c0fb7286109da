"""Every complete record of a WARC file, wherever the file is damaged, and each at its place.

warcio and fastwarc stop at the first bad gzip member (warcio#99 and #127 say why): they check. An
archive wants the rest, so damage is passed here and reported, and reading resumes behind it.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from archive.errors import DamagedWarc
from archive.models import WarcLocation
from archive.warc.files import opened
from archive.warc.members import MAGIC, READ, Stretch, next_start, unpack
from archive.warc.parsing import Place, Record, contradiction, head_of, parse

LARGEST = 1 << 31  # bytes of a record of our own
LARGEST_FOREIGN = 1 << 25  # bytes of a record of others; a newspaper's pages are far below

_LONGEST_HEAD = 1 << 16
_TAIL = 32  # bytes that say what follows a record
_UNPROVED = "it has no digest, and its gzip member is damaged"
_NOTHING = "no whole head of a record is there"
_LENGTH = re.compile(r"[0-9]{1,19}")
_BEGUN = re.compile(rb"(?i:warc)/|[A-Za-z][A-Za-z0-9+.-]*:[^\s]")  # as a WARC or ARC record does


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A place where no complete record could be read, and why; `url` if its head still has it.

    `size` is that of a record, in bytes, which is only larger than what is read.
    """

    place: Place
    what: str
    url: str | None = None
    size: int | None = None


def read_record(folder: Path, location: WarcLocation) -> Record:
    """Return the record at `location`, a gzip member of its own.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    path, record = folder / location.file, None
    why = "its bytes are not those of one record"
    try:
        with opened(path) as descriptor:
            end = location.offset + location.length
            record = _alone(descriptor, location.offset, end, location.length)
    except OSError as error:
        why = error.strerror or str(error)
    if record is None or record.length != location.length:
        raise DamagedWarc(f"{path}: no readable record at byte {location.offset} ({why})")
    return record


def read_payload(folder: Path, location: WarcLocation) -> bytes:
    """Return the decoded body of the record at `location`; a revisit record has none.

    A body whose content coding is broken is returned as far as it can be decoded.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    return read_record(folder, location).body()


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
    lenient: bool = False,
    lengths: Mapping[int, int] = MappingProxyType({}),
) -> Iterator[Record | Damage]:
    """Yield the complete records of a file from `start` on, and the damages between them, in order.

    One gzip member per record, several in one, or no gzip: each part is read as what it is. Records
    of more than `largest` bytes are passed over; memory is bounded by that. Nothing behind `end` is
    read. Without `check`, a record with a gzip member of its own is not held against its digests;
    if `lenient`, one that contradicts them has a flaw. `lengths` are packed lengths by offset.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    size = os.fstat(descriptor).st_size
    end = size if end is None else min(end, size)
    offset, inside = start.offset, start.inside
    while offset < end:
        known = lengths.get(offset, READ)
        record = None if inside else _alone(descriptor, offset, end, known, largest)
        flaw = contradiction(record.fields, record.block) if record and check else None
        if record and (lenient or not flaw):
            yield replace(record, flaw=flaw) if flaw else record
            offset = record.behind.offset
            continue
        ahead, stretch = os.pread(descriptor, 1 << 10, offset), Stretch(descriptor, offset, end)
        if not (stretch.is_packed or _is_begun(ahead[: end - offset])):
            if ahead.strip(b"\0\r\n \t"):
                yield Damage(place=Place(offset=offset), what=_NOTHING)
            offset = next_start(descriptor, offset + 1, end)
            continue
        stretch.skip(inside)
        yield from _records(stretch, largest, lenient=lenient)
        offset, inside = stretch.resumes_at(), 0


def _alone(
    descriptor: int, offset: int, end: int, expected: int, largest: int = LARGEST
) -> Record | None:
    """Return the record that is a gzip member by itself, as ours are; None if there is none."""
    most = largest + _LONGEST_HEAD
    unpacked = unpack(descriptor, offset, end, expected=expected, largest=most)
    return parse(unpacked[0], place=Place(offset=offset), length=unpacked[1]) if unpacked else None


def _records(stretch: Stretch, largest: int, *, lenient: bool) -> Iterator[Record | Damage]:
    """Yield what is there from where a stretch is read, up to its end."""
    is_reported = False
    while True:
        stretch.skip_blank()
        ahead = stretch.peek(len(MAGIC))
        if not ahead or (ahead == MAGIC and not stretch.is_packed):
            break
        found = _next(stretch, largest, lenient=lenient)
        if isinstance(found, Damage):  # it is passed up to the first line of the next record
            stretch.skip(1)
            stretch.skip_to_record()
            is_reported = is_reported or stretch.fault is not None
        yield found
    if stretch.fault and not is_reported:
        yield Damage(place=stretch.place(), what=stretch.fault)


def _next(stretch: Stretch, largest: int, *, lenient: bool) -> Record | Damage:
    """Return what is at a stretch's position; a record is passed."""
    place, ahead = stretch.place(), stretch.peek(_LONGEST_HEAD)
    version, head, fields = head_of(ahead)
    if fields is None:
        return Damage(place=place, what=stretch.fault or _NOTHING)
    damage = partial(Damage, place=place, url=fields.get("warc-target-uri"))
    length = fields.get("content-length", "")
    size = int(length) if _LENGTH.fullmatch(length) else None
    if size is None or size > largest:
        return damage(what=f"its Content-Length is {length!r}", size=size)
    whole = len(head) + size
    data = stretch.peek(whole + _TAIL)
    block = memoryview(data)[len(head) : whole]
    flaw = contradiction(fields, block) if len(block) == size else None
    algorithm = fields.get("warc-block-digest", "").partition(":")[0]
    is_sure = not (flaw and lenient) and algorithm in hashlib.algorithms_available
    fault = _fault(stretch, whole, block=block, size=size, tail=data[whole:], is_sure=is_sure)
    if what := fault if lenient else flaw or fault:
        return damage(what=what)
    stretch.skip(whole)
    stretch.skip_blank()
    return Record(
        place=place,
        behind=stretch.place(),
        version=version,
        fields=fields,
        head=head,
        block=block,
        flaw=flaw,
    )


def _fault(
    stretch: Stretch, whole: int, *, block: memoryview, size: int, tail: bytes, is_sure: bool
) -> str | None:
    """Return why a block, with what follows it, may not be what was written.

    With its head it has `whole` bytes. `is_sure` is whether its digest has proved the block.
    """
    is_whole = stretch.sound >= stretch.position + whole
    if stretch.fault and len(tail) < _TAIL and not is_whole:
        return stretch.fault
    if len(block) < size:
        return f"only {len(block)} of its {size} bytes are there"
    if is_sure:
        return None
    if not _is_begun(tail):
        return "no record ends where its Content-Length says"
    return None if is_whole or stretch.is_sound() else _UNPROVED


def _is_begun(ahead: bytes) -> bool:
    """Return whether a record or a gzip member begins there, as far as there are bytes."""
    ahead = ahead.lstrip()
    begins = any(ahead.startswith(begin) or begin.startswith(ahead) for begin in (b"WARC/", MAGIC))
    return begins or _BEGUN.match(ahead) is not None
