"""The plain bytes of a WARC file: as they are stored, or unpacked from its gzip members.

isal unpacks, with twice the speed of zlib: it is what lets two cores check 100 MB/s.
"""

import os
import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from isal import igzip_lib, isal_zlib

from archive.errors import DamagedWarc
from archive.warc.parsing import VERSION, Place

MAGIC = b"\x1f\x8b\x08"  # RFC 1952, section 2.3.1: how every gzip member begins

_GZIP = 31  # window bits by which zlib reads and checks the gzip frame
_LONGEST = 256  # bytes of what is searched for, at most; it may lie across two pieces
READ = 1 << 11  # of a member at first: a request is small
_PIECE = 1 << 20
_TRIED = 1 << 23  # packed bytes by which a member is tried: a bomb unpacks to a thousand times more
_SIP = 1 << 7  # a decompressor that fails keeps what it had made of its last bytes to itself
_FAULTS: Any = (igzip_lib.IsalError, zlib.error, EOFError, OverflowError)
_START = re.compile(MAGIC + b"|" + VERSION.pattern)


def unpack(
    descriptor: int, offset: int, end: int, *, expected: int = READ, largest: int = 1 << 31
) -> tuple[bytes, int] | None:
    """Return (plain bytes, length) of the gzip member at `offset`, if it ends, whole, before `end`.

    None also where it unpacks to more than about `largest` bytes. The member's own checksum is
    checked on the way. It is read in one go where it has the `expected` length.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    member, plain, read = isal_zlib.decompressobj(_GZIP), b"", 0
    while not member.eof:
        size = min(expected + 8 * read, max(expected, _PIECE), end - offset - read)
        packed = os.pread(descriptor, max(size, 0), offset + read)
        if not packed or len(plain) > largest or (not read and _is_refused(packed)):
            return None
        try:
            plain += member.decompress(packed, largest + 1)
        except _FAULTS:
            return None
        read += len(packed)
    return plain, read - len(member.unused_data)


class Stretch:
    """The plain bytes of a part of a file that is read in one go, through a buffer.

    They are not packed, or are those of a gzip member and of the members behind it that only
    continue it: one that begins with a record is left to the next stretch. `position` counts the
    bytes that were passed, `fault` says why they ended too soon.
    """

    def __init__(self, descriptor: int, offset: int, end: int) -> None:
        self.start = offset
        self.position = 0
        self.fault: str | None = None
        self.is_packed = os.pread(descriptor, len(MAGIC), offset) == MAGIC
        self._descriptor = descriptor
        self._limit = end
        self._member = self._end = offset  # of the member being read; behind the last whole one
        self._is_whole = lru_cache(maxsize=1)(partial(_is_whole, descriptor, end=end))
        self._buffer = bytearray()
        self._pieces = self._members() if self.is_packed else self._stored()

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer where they end, without passing them."""
        while len(self._buffer) < size and (piece := next(self._pieces, None)) is not None:
            self._buffer += piece
        return bytes(self._buffer[:size])

    def skip(self, size: int) -> None:
        """Pass `size` bytes, or all that there are."""
        while size and (passed := len(self.peek(min(size, _PIECE)))):
            del self._buffer[:passed]
            self.position += passed
            size -= passed

    def skip_blank(self) -> None:
        """Pass empty lines and other white space."""
        while (ahead := self.peek(64)) and (blank := len(ahead) - len(ahead.lstrip())):
            self.skip(blank)

    def skip_to_record(self) -> None:
        """Pass all before the first line of the next record, or to the end."""
        while ahead := self.peek(1 << 16):
            match = VERSION.search(ahead)
            if match or len(ahead) < 1 << 16:
                self.skip(match.start() if match else len(ahead))
                return
            self.skip(len(ahead) - _LONGEST)

    def place(self) -> Place:
        """Return where reading is."""
        if self.is_packed:
            return Place(offset=self.start, inside=self.position)
        return Place(offset=self.start + self.position)

    def resumes_at(self) -> int:
        """Return where in the file reading goes on behind what was passed."""
        if self.fault:
            return next_start(self._descriptor, self._member + 1, self._limit)
        return self._end if self.is_packed else self.start + self.position

    def is_sound(self) -> bool:
        """Return whether the member being read holds to its checksum, which is at its end.

        One that holds many records is unpacked once for this, and once more to be read.
        """
        if not self.is_packed or self.fault:
            return not self.fault
        return self._is_whole(self._member)

    def _stored(self) -> Iterator[bytes]:
        at = self.start
        while piece := _bytes(self._descriptor, _PIECE, at, self._limit):
            yield piece
            at += len(piece)

    def _members(self) -> Iterator[bytes]:
        while True:
            try:
                self._end = yield from _unpacked(self._descriptor, self._member, self._limit)
            except DamagedWarc as fault:
                self.fault = str(fault)
                return
            if _begins(self._descriptor, self._end) is not False:
                return
            self._member = self._end


def _unpacked(descriptor: int, offset: int, end: int) -> Generator[bytes, None, int]:
    """Yield what a gzip member unpacks to, up to any damage; return where it ends."""
    member, at = isal_zlib.decompressobj(_GZIP), offset
    while not member.eof:
        packed = _bytes(descriptor, _SIP, at, end)
        if not packed:
            raise DamagedWarc("the file ends in the middle of a gzip member")
        if at == offset and _is_refused(packed):
            raise DamagedWarc("a gzip member has flags that nobody knows")
        try:
            plain = bytes(member.decompress(packed))
        except _FAULTS as error:
            raise DamagedWarc(f"a gzip member does not unpack ({error})") from error
        yield plain
        at += len(packed)
    return at - len(member.unused_data)


def _is_refused(packed: bytes) -> bool:
    """Return whether a member's head has reserved flags, which zlib refuses and isal passes over.

    RFC 1952, section 2.3.1.2: they must be zero.
    """
    return packed[3:4] >= b"\x20"


def next_start(descriptor: int, offset: int, end: int) -> int:
    """Return where, from `offset` on, records can be read again; `end` if nowhere.

    That is a gzip member that begins with a record or is complete, or the first line of a record
    that is not packed.
    """
    while offset < end:
        piece = _bytes(descriptor, _PIECE + _LONGEST, offset, end)
        for start in _START.finditer(piece):
            at = offset + start.start()
            begins = start[0] != MAGIC or _begins(descriptor, at)
            tried = min(end, at + _TRIED)
            if begins or (begins is False and _is_whole(descriptor, at, end=tried)):
                return at
        offset += _PIECE
    return end


def _bytes(descriptor: int, size: int, offset: int, end: int) -> bytes:
    return os.pread(descriptor, max(0, min(size, end - offset)), offset)


def _begins(descriptor: int, offset: int) -> bool | None:
    """Return whether the gzip member at `offset` begins with a record; None if there is none."""
    packed = os.pread(descriptor, 1 << 10, offset)
    if not packed.startswith(MAGIC):
        return None
    try:
        plain = bytes(isal_zlib.decompressobj(_GZIP).decompress(packed, 32))
    except _FAULTS:
        return None
    return plain.lstrip().startswith(b"WARC/")


def _is_whole(descriptor: int, offset: int, end: int) -> bool:
    """Return whether a gzip member unpacks to its end."""
    with suppress(DamagedWarc):
        for _ in _unpacked(descriptor, offset, end):
            pass
        return True
    return False
