"""Every record of a WARC file that is whole, wherever the file is damaged.

warcio and fastwarc end at the first bad gzip member (warcio#99 and #127 tell why they do): they
check. An import wants the rest, so damage is passed here and told.
"""

import os
import re
from collections.abc import Iterator

from archive.foreign.record import (
    Damage,
    Foreign,
    Place,
    TooLarge,
    digest_fault,
    fields_of,
    is_vouched,
)
from archive.foreign.sources import MAGIC, VERSION, Members, Plain, next_start
from archive.foreign.window import Window

MOST = 32 * 1024 * 1024  # bytes of a record; a newspaper's pages are far below
Found = Foreign | Damage | TooLarge

_LONGEST_HEAD = 1 << 16
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FIRST_LINE = re.compile(rb"WARC/([01]\.\d{1,2})[ \t]*\r?\n")
_NO_HEAD = ("no record begins there", "the file ends in the middle of a record's head")
_MISREAD = 3  # bytes of the next record's first line that may be wrong


def read(descriptor: int, *, start: Place = Place(), most: int = MOST) -> Iterator[Found]:  # noqa: B008 - frozen
    """Yield the whole records of a file from `start` on, and the damages between them, in order.

    One gzip member per record, several in one, or no gzip: each part of the file is read as what
    it is. Records of more than `most` bytes are passed over; memory is bounded by that.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    size = os.fstat(descriptor).st_size
    offset, inside = start.offset, start.inside
    while offset < size:
        ahead = os.pread(descriptor, 1 << 10, offset)
        if not ahead.startswith(MAGIC) and not ahead.lstrip().startswith(b"WARC/"):
            if ahead.strip(b"\0\r\n \t"):
                yield Damage(place=Place(offset=offset), what=_NO_HEAD[_is_begun(ahead)])
            offset = next_start(descriptor, offset + 1, size)
            continue
        stretch = _Stretch(descriptor, offset, most)
        yield from stretch.records(inside)
        offset, inside = stretch.end(size), 0


class _Stretch:
    """A part of the file that is read in one go: plain records, or gzip members that belong."""

    def __init__(self, descriptor: int, offset: int, most: int) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self._most = most
        packed = os.pread(descriptor, 3, offset) == MAGIC
        self._members = Members(descriptor, offset) if packed else None
        self._source = self._members or Plain(descriptor, offset)
        self._window = Window(self._source)
        self._told = False

    def records(self, inside: int) -> Iterator[Found]:
        self._window.skip(inside)
        while True:
            self._window.skip_blank()
            ahead = self._window.peek(4, join=False)
            if not ahead or (self._members is None and ahead.startswith(MAGIC)):
                break
            yield self._one()
        if self._source.fault and not self._told:
            yield Damage(place=self._place(), what=self._source.fault)

    def end(self, size: int) -> int:
        """Return where in the file the next stretch begins."""
        if self._members is None:
            return self._offset + self._window.position
        if self._members.fault:
            return next_start(self._descriptor, self._members.offset + 1, size)
        return self._members.end

    def _place(self) -> Place:
        if self._members is None:
            return Place(offset=self._offset + self._window.position)
        return Place(offset=self._offset, inside=self._window.position)

    def _one(self) -> Found:
        """Read what is at the window, and move it behind: to the next record's first line."""
        place, head = self._place(), self._head()
        first = _FIRST_LINE.match(head)
        fields = fields_of(head[first.end() :]) if first else None
        if not first:
            rest = self._window.peek(_LONGEST_HEAD)
            torn = not head and _is_begun(rest[:5]) and len(rest) < _LONGEST_HEAD
            return self._damage(place, self._source.fault or _NO_HEAD[torn])
        if fields is None:
            return self._damage(place, "its head broke")
        url = fields.get("warc-target-uri")
        length = fields.get("content-length", "")
        if not length.isascii() or not length.isdigit():
            return self._damage(place, f"its Content-Length is {length!r}", url)
        if (size := int(length)) > self._most:
            self._on()
            return TooLarge(place=place, size=size, url=url)
        return self._whole(place, first[1].decode(), fields, head, size)

    def _whole(
        self, place: Place, version: str, fields: dict[str, str], head: bytes, size: int
    ) -> Found:
        """Read the block behind a head, unless something says that it is not what was written."""
        total = len(head) + size
        data = self._window.peek(total)
        tail = self._window.peek(total + 32, join=False)[total:]
        block = data[len(head) :]
        url = fields.get("warc-target-uri")
        if len(block) < size:
            what = f"{len(block)} of its {size} bytes are there"
            if self._members is None and not VERSION.search(block):
                what = f"the file ends in the middle of it: {what}"
            return self._damage(place, self._source.fault or what, url)
        if self._source.fault and len(tail) < 32:
            return self._damage(place, self._source.fault, url)
        if not _ends(tail):
            return self._damage(place, "no record ends where its Content-Length says", url)
        if fault := digest_fault(fields, block):
            return self._damage(place, fault, url)
        if self._members and not is_vouched(fields) and not self._members.is_sound():
            return self._damage(place, "it has no digest, and its gzip member is damaged", url)
        self._window.skip(total + (4 if _is_near(tail[4:]) else 0))
        self._window.skip_blank()
        alone = self._members is not None and self._members.count == 1 and not place.inside
        alone = alone and not self._window.peek(1, join=False)
        return Foreign(
            place=place,
            behind=Place(offset=self._members.end) if alone and self._members else self._place(),
            version=version,
            fields=fields,
            head=head,
            block=block,
            packed=self._members.end - place.offset if alone and self._members else None,
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
        self._on()
        self._told = self._told or self._source.fault is not None
        return Damage(place=place, what=what, url=url)

    def _on(self) -> None:
        """Move to the first line of the next record, wherever this one may end."""
        self._window.skip(1)
        self._window.seek(VERSION)


def _ends(tail: bytes) -> bool:
    """Return whether a record can end before these bytes: by empty lines, the next one, nothing."""
    rest = tail.lstrip()
    return rest.startswith((b"WARC/", MAGIC)) or _is_begun(rest) or _is_near(tail[4:])


def _is_begun(rest: bytes) -> bool:
    """Return whether these bytes are as many as there are of a record's first ones, or none."""
    return any(begin.startswith(rest.lstrip()) for begin in (b"WARC/", MAGIC))


def _is_near(line: bytes) -> bool:
    """Return whether this is the first line of a record, a few damaged bytes allowed for."""
    wanted = b"WARC/1."
    wrong = sum(one != other for one, other in zip(line, wanted, strict=False))
    return len(line) >= len(wanted) and wrong <= _MISREAD
