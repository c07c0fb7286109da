"""What a WARC file of ours holds: its records, and the stretches in which none can be read."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.warc.parsing import Place, Record
from archive.warc.reader import walk as read


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A stretch of a file in which no record reads."""

    offset: int
    length: int


def walk(path: Path, *, start: int = 0) -> Iterator[Record | Lost]:
    """Yield what a WARC file of ours (one gzip member per record) holds, from its start to its end.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    with path.open("rb") as file:
        end = start
        for part in read(file.fileno(), start=Place(offset=start), check=False):
            if not isinstance(part, Record) or part.length is None:
                continue
            if part.place.offset > end:
                yield Lost(offset=end, length=part.place.offset - end)
            yield part
            end = part.behind.offset
        size = os.fstat(file.fileno()).st_size
        if end < size:
            yield Lost(offset=end, length=size - end)
