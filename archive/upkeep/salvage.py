"""Every record of a WARC file that can still be read, behind damage as well."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from archive.upkeep.warc_record import parse, unpack_next

_MAGIC = b"\x1f\x8b\x08"  # RFC 1952, section 2.3.1: how every gzip member begins
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A record that reads: where it lies, its packed length, and its plain bytes."""

    offset: int
    length: int
    plain: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A stretch of a file in which no record reads."""

    offset: int
    length: int


def walk(path: Path) -> Iterator[Whole | Lost]:
    """Yield what a WARC file of ours (one gzip member per record) holds, from its start to its end.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    with path.open("rb") as file:
        yield from _Walk(file).parts()


class _Walk:
    def __init__(self, file: IO[bytes]) -> None:
        self._descriptor = file.fileno()
        self._end = os.fstat(self._descriptor).st_size

    def parts(self) -> Iterator[Whole | Lost]:
        offset = 0
        while offset < self._end:
            if whole := self._at(offset):
                yield whole
                offset += whole.length
                continue
            behind = self._next(offset + 1)
            yield Lost(offset=offset, length=behind - offset)
            offset = behind

    def _at(self, offset: int) -> Whole | None:
        found = unpack_next(self._descriptor, offset, self._end)
        if found is None or parse(found[0]) is None:
            return None
        return Whole(offset=offset, length=found[1], plain=found[0])

    def _next(self, offset: int) -> int:
        """Return where the next whole record begins, or the file's end."""
        while offset < self._end:
            chunk = os.pread(self._descriptor, _CHUNK, offset)
            place = chunk.find(_MAGIC)
            if place < 0:
                offset += max(1, len(chunk) - len(_MAGIC) + 1)
            elif self._at(offset + place):
                return offset + place
            else:
                offset += place + 1
        return self._end
