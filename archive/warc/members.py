"""The plain bytes of a WARC file: as they are stored, or unpacked from its gzip members.

isal unpacks, with twice the speed of zlib: it is what lets two cores check 100 MB/s. Files of other
programs may be packed with Zstandard, bzip2 or xz as well; what packs a file's first bytes is
looked for in the rest of it.
"""

import os
import re
import zlib
from bz2 import BZ2Decompressor
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from lzma import LZMADecompressor, LZMAError
from typing import Any, NamedTuple

import zstandard
from isal import igzip_lib, isal_zlib

from archive.errors import DamagedWarc
from archive.warc.parsing import NEXT_RECORD, RECORD, VERSION, Place

MAGIC = b"\x1f\x8b\x08"  # RFC 1952, section 2.3.1: how every gzip member begins

_GZIP = 31  # window bits by which zlib reads and checks the gzip frame
_LONGEST = 256  # bytes of what is searched for, at most; it may lie across two pieces
READ = 1 << 11  # of a member at first: a request is small
_PIECE = 1 << 20
_TRIED = 1 << 23  # packed bytes by which a member is tried: a bomb unpacks to a thousand times more
_SIP = 1 << 7  # a decompressor that fails keeps what it had made of its last bytes to itself
_FAULTS: Any = (igzip_lib.IsalError, zlib.error, EOFError, OverflowError)
_FAULTS += (OSError, LZMAError, zstandard.ZstdError)
_DICTIONARY = b"\x5d\x2a\x4d\x18"
_MEMORY = 1 << 27  # bytes that a decompressor may take: what `xz -9` and `zstd --long` need
_RATIO, _ROOM = 1100, 1 << 25  # to which bytes may unpack (gzip: 1,032), and bytes beyond that


class Packing(NamedTuple):
    """A way to pack files: its name, how members begin, what unpacks one of an open file."""

    name: str
    magic: re.Pattern[bytes]
    unpacker: Callable[[int], Any]


def dictionary_end(descriptor: int) -> int:
    """Return where in an open file its Zstandard dictionary ends, 0 if it begins with none."""
    head = os.pread(descriptor, 8, 0)
    return 8 + int.from_bytes(head[4:], "little") if head.startswith(_DICTIONARY) else 0


def _zstd(descriptor: int) -> Any:
    """Return what unpacks a Zstandard frame, with the dictionary that the file may begin with.

    Source: iipc/warc-specifications, WARC-zstd 1.0: the dictionary, packed or not, is the content
    of a skippable frame with the number 0x184D2A5D.
    """
    size = dictionary_end(descriptor) - 8
    data = _dictionary(os.pread(descriptor, min(size, _PIECE << 3), 8)) if size > 0 else None
    return zstandard.ZstdDecompressor(dict_data=data, max_window_size=_MEMORY).decompressobj()


@lru_cache(maxsize=1)
def _dictionary(stored: bytes) -> zstandard.ZstdCompressionDict:
    if stored.startswith(zstandard.FRAME_HEADER):
        stored = zstandard.ZstdDecompressor().stream_reader(stored).read(_PIECE << 3)
    return zstandard.ZstdCompressionDict(stored)


GZIP = Packing("gzip member", re.compile(MAGIC), lambda _: isal_zlib.decompressobj(_GZIP))
_OTHERS = (
    Packing("Zstandard frame", re.compile(rb"[\x50-\x5f]\x2a\x4d\x18|\x28\xb5\x2f\xfd"), _zstd),
    Packing("bzip2 stream", re.compile(rb"BZh[1-9]1AY&SY"), lambda _: BZ2Decompressor()),
    Packing("xz stream", re.compile(rb"\xfd7zXZ\0"), lambda _: LZMADecompressor(memlimit=_MEMORY)),
)


def packing(descriptor: int) -> Packing:
    """Return how an open file is packed, by its first bytes: GZIP where nothing else is seen."""
    head = os.pread(descriptor, 16, 0)
    return next((packing for packing in _OTHERS if packing.magic.match(head)), GZIP)


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

    They are not packed, or are those of a gzip member (or a Zstandard frame, …) and of the members
    behind it that only continue it: one that begins with a record is left to the next stretch.
    `position` counts the bytes that were passed, `sound` those that whole members gave; `fault`
    says why they ended too soon.
    """

    def __init__(self, descriptor: int, offset: int, end: int) -> None:
        self.start = offset
        self.position = self.sound = 0
        self.fault: str | None = None
        self._packing = packing(descriptor)
        self.is_packed = self._packing.magic.match(os.pread(descriptor, 16, offset)) is not None
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
            match = NEXT_RECORD.search(ahead)
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
        if not self.is_packed or self.fault or self._packing is not GZIP:
            return not self.fault  # the others check as they go
        return self._is_whole(self._member)

    def _stored(self) -> Iterator[bytes]:
        at = self.start
        while piece := _bytes(self._descriptor, _PIECE, at, self._limit):
            yield piece
            at += len(piece)

    def _members(self) -> Iterator[bytes]:
        made = 0
        while True:
            try:
                for piece, end in _unpacked(self._descriptor, self._member, self._limit):
                    made, self._end = made + len(piece), end
                    if made > _ROOM + _RATIO * (end - self.start):
                        self.fault = "it unpacks to far more than web pages do"
                        self._member = self._limit  # nothing behind it is read
                        return
                    yield piece
            except DamagedWarc as fault:
                self.fault = str(fault)
                return
            self.sound = made
            if _begins(self._descriptor, self._end, self._packing) is not False:
                return
            self._member = self._end


def _unpacked(descriptor: int, offset: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Yield what a member unpacks to, up to any damage, with where it was read to."""
    packed_by, member, at = packing(descriptor), None, offset
    while member is None or not member.eof:
        packed = _bytes(descriptor, _SIP, at, end)
        if not packed:
            raise DamagedWarc(f"the file ends in the middle of a {packed_by.name}")
        if at == offset and packed.startswith(MAGIC) and _is_refused(packed):
            raise DamagedWarc("a gzip member has flags that nobody knows")
        try:
            member = member or packed_by.unpacker(descriptor)
            plain = bytes(member.decompress(packed))
        except _FAULTS as error:
            raise DamagedWarc(f"a {packed_by.name} does not unpack ({error})") from error
        at += len(packed)
        yield plain, at - len(member.unused_data)


def _is_refused(packed: bytes) -> bool:
    """Return whether a member's head has reserved flags, which zlib refuses and isal passes over.

    RFC 1952, section 2.3.1.2: they must be zero.
    """
    return packed[3:4] >= b"\x20"


def next_start(descriptor: int, offset: int, end: int) -> int:
    """Return where, from `offset` on, records can be read again; `end` if nowhere.

    That is a gzip member that begins with a record or is complete, or the first line of a record
    that is not packed; in a file that is packed otherwise, whatever begins as a member does.
    """
    packed = packing(descriptor)
    starts = re.compile(packed.magic.pattern + b"|" + VERSION.pattern)
    while offset < end:
        piece = _bytes(descriptor, _PIECE + _LONGEST, offset, end)
        for start in starts.finditer(piece):
            at = offset + start.start()
            begins = _begins(descriptor, at, packed) if packed.magic.match(start[0]) else True
            tried = min(end, at + _TRIED)
            is_other = begins is False and packed is not GZIP
            if begins or is_other or (begins is False and _is_whole(descriptor, at, end=tried)):
                return at
        offset += _PIECE
    return end


def _bytes(descriptor: int, size: int, offset: int, end: int) -> bytes:
    return os.pread(descriptor, max(0, min(size, end - offset)), offset)


def _begins(descriptor: int, offset: int, packed: Packing) -> bool | None:
    """Return whether the member at `offset` begins with a record; None if there is none.

    That is seen of gzip alone: the others give nothing before the end of a large block.
    """
    head = os.pread(descriptor, 1 << 10, offset)
    if not packed.magic.match(head):
        return None
    if packed is not GZIP:
        return False
    try:
        plain = bytes(isal_zlib.decompressobj(_GZIP).decompress(head, 1 << 9))
    except _FAULTS:
        return None
    return RECORD.match(plain.lstrip()) is not None


def _is_whole(descriptor: int, offset: int, end: int) -> bool:
    """Return whether a gzip member unpacks to its end."""
    with suppress(DamagedWarc):
        for _ in _unpacked(descriptor, offset, end):
            pass
        return True
    return False
