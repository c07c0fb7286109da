"""The plain bytes of a WARC file: as they are stored, or unpacked from its gzip members.

isal unpacks, with twice the speed of zlib: it is what lets two cores check 100 MB/s.
"""

import contextlib
import os
import re
import zlib
from typing import cast

from isal import igzip_lib, isal_zlib

MAGIC = b"\x1f\x8b\x08"  # RFC 1952, section 2.3.1: how every gzip member begins
VERSION = re.compile(rb"WARC/[01]\.\d{1,2}[ \t]*\r?\n(?=[A-Za-z][\w-]*[ \t]*:)")

_GZIP = 31  # window bits by which zlib reads and checks the gzip frame
_LONGEST = 256  # bytes of what is searched for, at most; it may lie across two pieces
_READ = 1 << 11  # of a member at first: a request is small
_MOST_READ = 1 << 20
_MOST_AT_ONCE = 1 << 26  # a damaged length must not ask for all the memory there is
_FIRST = 1 << 15
_PACKED = 1 << 18
_PLAIN = 1 << 20  # at most made of that at once, whatever it unpacks to
_SIP = 1 << 7
_PIECE = 1 << 20
_WHOLE = 1 << 26  # a member up to this size is tried out to see whether it is one
_BROKEN = cast("type[Exception]", igzip_lib.IsalError)  # its own types call it an instance
_FAULTS = (_BROKEN, zlib.error, EOFError, MemoryError, OverflowError)


def unpack(descriptor: int, offset: int, length: int) -> bytes | None:
    """Return the plain bytes of the gzip member of exactly that length, None if there is none.

    The member's own checksum is checked on the way.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    packed = os.pread(descriptor, length, offset)
    if len(packed) < length or length < 18:
        return None
    size = int.from_bytes(packed[-4:], "little")  # RFC 1952: length of the plain bytes, at the end
    try:
        plain = isal_zlib.decompress(packed, _GZIP, min(size + 1, _MOST_AT_ONCE))
    except _FAULTS:
        return None
    return plain if len(plain) & 0xFFFFFFFF == size else None


def unpack_next(
    descriptor: int, offset: int, end: int, *, largest: int = 1 << 31
) -> tuple[bytes, int] | None:
    """Return (plain bytes, length) of the member at `offset`, if it ends, complete, before `end`.

    None also where it unpacks to more than about `largest` bytes.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    member, plain, read = isal_zlib.decompressobj(_GZIP), bytearray(), 0
    while not member.eof:
        packed = os.pread(
            descriptor, min(_READ + 8 * read, _MOST_READ, end - offset - read), offset + read
        )
        if not packed or len(plain) > largest:
            return None
        try:
            plain += member.decompress(packed, largest + 1)
        except _FAULTS:
            return None
        read += len(packed)
    return bytes(plain), read - len(member.unused_data)


class Window:
    """The plain bytes of a file from an offset on, through a buffer.

    `position` counts the bytes that were passed, `fault` says why they ended before their end.
    """

    def __init__(self, descriptor: int, offset: int, end: int) -> None:
        self.start = offset
        self.position = 0
        self.fault: str | None = None
        self._descriptor = descriptor
        self._limit = end
        self._behind = offset  # all that was read of the file
        self._buffer = bytearray()
        self._at = 0

    def peek(self, size: int, *, join: bool = True) -> bytes:
        """Return the next `size` bytes, fewer where they end, without passing them.

        Without `join` they end with the gzip member.
        """
        while len(self._buffer) - self._at < size and (more := self.read(join=join)):
            del self._buffer[: self._at]
            self._at = 0
            self._buffer += more
        return bytes(self._buffer[self._at : self._at + size])

    def skip(self, size: int) -> None:
        """Pass `size` bytes, or all that there are."""
        while size > (here := len(self._buffer) - self._at):
            size -= here
            self.position += here
            self._buffer.clear()
            self._at = 0
            if not self.peek(1):
                return
        self._at += size
        self.position += size

    def skip_blank(self) -> None:
        """Pass empty lines and other white space, not beyond a gzip member."""
        while ahead := self.peek(64, join=False):
            blank = len(ahead) - len(ahead.lstrip())
            self.skip(blank)
            if blank < len(ahead):
                return

    def skip_to_record(self) -> None:
        """Pass all before the first line of the next record, or to the end."""
        while ahead := self.peek(1 << 16):
            match = VERSION.search(ahead)
            if match or len(ahead) < 1 << 16:
                self.skip(match.start() if match else len(ahead))
                return
            self.skip(len(ahead) - _LONGEST)

    def place(self) -> tuple[int, int]:
        """Return where reading is: an offset in the file, and how many unpacked bytes behind."""
        return self.start + self.position, 0

    def resumes_at(self) -> int:
        """Return where in the file reading goes on behind what was passed."""
        return self.start + self.position

    def read(self, *, join: bool) -> bytes:  # noqa: ARG002 - there is nothing to join
        """Return the next bytes, whatever was peeked at; none at the end.

        Raises:
            OSError: if the disk does not give them.
        """
        piece = _bytes(self._descriptor, _PIECE, self._behind, self._limit)
        self._behind += len(piece)
        return piece


class Members(Window):
    """What gzip members unpack to: one, and those behind it that only continue it.

    A member that begins with a record of its own is left to the next stretch. `offset` is that of
    the member being read, `end` that behind the last whole one, `count` how many were begun.
    """

    _sound: bool | None

    def __init__(self, descriptor: int, offset: int, end: int) -> None:
        super().__init__(descriptor, offset, end)
        self.count = 0
        self.end = offset
        self._begin(offset)

    def place(self) -> tuple[int, int]:
        return self.start, self.position

    def resumes_at(self) -> int:
        if self.fault:
            return next_start(self._descriptor, self.offset + 1, self._limit)
        return self.end

    def is_sound(self) -> bool:
        """Return whether the member being read holds to its checksum, which is at its end.

        One that holds many records is unpacked once for this, and once more to be read.
        """
        if self._sound is None and not self._member.eof:
            ahead = Members(self._descriptor, self.offset, self._limit)
            while ahead.read(join=False):
                pass
            self._sound = ahead.fault is None
        return self._sound is not False and self.fault is None

    def _begin(self, offset: int) -> None:
        self.offset = self._behind = offset
        self.count += 1
        self._member = isal_zlib.decompressobj(_GZIP)
        self._packed = b""
        self._given = 0
        self._sound = None

    def read(self, *, join: bool) -> bytes:
        while self.fault is None:
            if self._member.eof:
                if not join or not _continues(self._descriptor, self.end):
                    return b""
                self._begin(self.end)
            if plain := self._step():
                return plain
        return b""

    def _step(self) -> bytes:
        """Return what the next packed bytes unpack to; that may be nothing yet."""
        if not self._packed:
            size = _FIRST if self._behind == self.offset else _PACKED
            self._packed = _bytes(self._descriptor, size, self._behind, self._limit)
            self._behind += len(self._packed)
            if not self._packed:
                self.fault = "the file ends in the middle of a gzip member"
                return b""
        try:
            plain = self._member.decompress(self._packed, _PLAIN)
        except _FAULTS as error:
            self.fault = f"a gzip member does not unpack ({error})"
            return self._salvaged()
        self._given += len(plain)
        self._packed = bytes(self._member.unconsumed_tail)
        if self._member.eof:
            self.end = self._behind - len(self._member.unused_data)
        return bytes(plain)

    def _salvaged(self) -> bytes:
        """Return what the broken member unpacks to beyond what was given, up to the damage.

        A decompressor that fails keeps what it had made of its last bytes to itself; another one
        is given them a few at a time.
        """
        member, made, plain, at = isal_zlib.decompressobj(_GZIP), 0, b"", self.offset
        with contextlib.suppress(*_FAULTS):
            while at < self._behind and len(plain) < _PLAIN:
                piece = os.pread(self._descriptor, _SIP, at)
                fresh = bytes(member.decompress(piece))
                plain += fresh[max(0, self._given - made) :]
                made, at = made + len(fresh), at + len(piece)
        return plain


def next_start(descriptor: int, offset: int, end: int) -> int:
    """Return where, from `offset` on, records can be read again; `end` if nowhere.

    That is a gzip member that begins with a record or is complete, or the first line of a record
    that is not packed.
    """
    while offset < end:
        piece = _bytes(descriptor, _PIECE + _LONGEST, offset, end)
        plain = VERSION.search(piece)
        limit = plain.start() if plain else len(piece)
        at = piece.find(MAGIC)
        while 0 <= at < limit:
            if _is_member(descriptor, offset + at, end):
                return offset + at
            at = piece.find(MAGIC, at + 1)
        if plain:
            return offset + plain.start()
        offset += _PIECE
    return end


def _bytes(descriptor: int, size: int, offset: int, end: int) -> bytes:
    return os.pread(descriptor, max(0, min(size, end - offset)), offset)


def _begins_as(descriptor: int, offset: int) -> bytes | None:
    """Return the first plain bytes of the gzip member at `offset`; None if there is none."""
    packed = os.pread(descriptor, 1 << 10, offset)
    if not packed.startswith(MAGIC):
        return None
    try:
        return bytes(isal_zlib.decompressobj(_GZIP).decompress(packed, 32))
    except _FAULTS:
        return None


def _continues(descriptor: int, offset: int) -> bool:
    """Return whether a member is there that does not begin with a record of its own."""
    start = _begins_as(descriptor, offset)
    return start is not None and not start.lstrip().startswith(b"WARC/")


def _is_member(descriptor: int, offset: int, end: int) -> bool:
    """Return whether a gzip member begins there, not bytes that look like one by chance."""
    start = _begins_as(descriptor, offset)
    if start is None:
        return False
    if start.lstrip().startswith(b"WARC/"):
        return True
    member, made = Members(descriptor, offset, end), 0
    while made < _WHOLE and (plain := member.read(join=False)):
        made += len(plain)
    return member.fault is None and member.end > offset
