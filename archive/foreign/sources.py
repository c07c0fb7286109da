"""The plain bytes of a stretch of a file: as they stand there, or unpacked from gzip members."""

import contextlib
import os
import re
import zlib
from typing import Protocol, cast

from isal import igzip_lib, isal_zlib

MAGIC = b"\x1f\x8b\x08"
VERSION = re.compile(rb"WARC/[01]\.\d{1,2}[ \t]*\r?\n(?=[A-Za-z][\w-]*[ \t]*:)")
_GZIP = 31  # window bits by which zlib reads and checks the gzip frame
_FIRST = 1 << 15  # read at first: most members are small
_PACKED = 1 << 18
_PLAIN = 1 << 20  # at most made of that at once, whatever it unpacks to
_SIP = 1 << 7
_PIECE = 1 << 20
_OVERLAP = 256  # what is looked for may lie across two pieces
_WHOLE = 1 << 26  # a member up to this size is tried out to see whether it is one
_BROKEN = cast("type[Exception]", igzip_lib.IsalError)  # its own types call it an instance
_FAULTS = (_BROKEN, zlib.error, EOFError, MemoryError, OverflowError)


class Source(Protocol):
    """Gives plain bytes, piece by piece; `fault` says why it ended before its end, if it did."""

    fault: str | None

    def read(self, *, join: bool) -> bytes:
        """Return the next bytes, none at the end; with `join` across the end of a gzip member.

        Raises:
            OSError: if the disk does not give them.
        """
        ...


class Plain:
    """A file's own bytes from an offset on."""

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self.fault: str | None = None

    def read(self, *, join: bool) -> bytes:  # noqa: ARG002 - nothing to join
        piece = os.pread(self._descriptor, _PIECE, self._offset)
        self._offset += len(piece)
        return piece


class Members:
    """What gzip members unpack to: one, and those behind it that only go on in the middle of it.

    A member that begins with a record of its own is left to the next stretch. `offset` is that of
    the member being read, `end` that behind the last whole one, `count` how many were begun.
    """

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self.fault: str | None = None
        self.count = 0
        self.end = offset
        self._begin(offset)

    def _begin(self, offset: int) -> None:
        self.offset = self._behind = offset
        self.count += 1
        self._member = isal_zlib.decompressobj(_GZIP)
        self._packed = b""
        self._given = 0
        self._sound: bool | None = None

    def read(self, *, join: bool) -> bytes:
        while self.fault is None:
            if self._member.eof:
                if not join or not _goes_on(self._descriptor, self.end):
                    return b""
                self._begin(self.end)
            if plain := self._step():
                return plain
        return b""

    def is_sound(self) -> bool:
        """Return whether the member being read holds to its checksum, which stands at its end.

        One that holds many records is unpacked once for this, and once more to be read.
        """
        if self._sound is None and not self._member.eof:
            ahead = Members(self._descriptor, self.offset)
            while ahead.read(join=False):
                pass
            self._sound = ahead.fault is None
        return self._sound is not False and self.fault is None

    def _step(self) -> bytes:
        """Return what the next packed bytes unpack to; that may be nothing yet."""
        if not self._packed:
            size = _FIRST if self._behind == self.offset else _PACKED
            self._packed = os.pread(self._descriptor, size, self._behind)
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


def starts_as(descriptor: int, offset: int) -> bytes | None:
    """Return the first plain bytes of the gzip member at `offset`; None if there is none."""
    packed = os.pread(descriptor, 1 << 10, offset)
    if not packed.startswith(MAGIC):
        return None
    try:
        return bytes(isal_zlib.decompressobj(_GZIP).decompress(packed, 32))
    except _FAULTS:
        return None


def next_start(descriptor: int, offset: int, size: int) -> int:
    """Return where, from `offset` on, records can be read again; `size` if nowhere.

    That is a gzip member that begins with a record or is whole, or the first line of a record as
    it stands in the file.
    """
    while offset < size:
        piece = os.pread(descriptor, _PIECE + _OVERLAP, offset)
        plain = VERSION.search(piece)
        limit = plain.start() if plain else len(piece)
        at = piece.find(MAGIC)
        while 0 <= at < limit:
            if _is_member(descriptor, offset + at):
                return offset + at
            at = piece.find(MAGIC, at + 1)
        if plain:
            return offset + plain.start()
        offset += _PIECE
    return size


def _goes_on(descriptor: int, offset: int) -> bool:
    """Return whether a member is there that does not begin with a record of its own."""
    start = starts_as(descriptor, offset)
    return start is not None and not start.lstrip().startswith(b"WARC/")


def _is_member(descriptor: int, offset: int) -> bool:
    """Tell a gzip member from bytes that begin like one by chance."""
    start = starts_as(descriptor, offset)
    if start is None:
        return False
    if start.lstrip().startswith(b"WARC/"):
        return True
    member, made = Members(descriptor, offset), 0
    while made < _WHOLE and (plain := member.read(join=False)):
        made += len(plain)
    return member.fault is None and member.end > offset
