"""What was read of a file ahead of its turn, in the file's order; bounded in number and bytes."""

import asyncio
from collections import deque
from dataclasses import dataclass

from archive.models import Extraction
from archive.warc.parsing import Place
from crawler.importing.candidates import Candidate
from crawler.publisher import Publisher

_PAGES = 16  # in the hands of the workers
_BYTES = 1 << 26
_RECORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A record whose turn has not come, and where reading goes on behind it.

    `candidate` is the page that it holds; its `reading` is under way unless it is known already.
    """

    behind: Place
    candidate: Candidate | None = None
    publisher: Publisher | None = None
    reading: "asyncio.Task[Extraction] | None" = None

    @property
    def size(self) -> int:
        return len(self.candidate.record.block) if self.candidate else 0


class Ahead:
    """The records that wait, first come first."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._pages = self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def append(self, one: Waiting) -> None:
        self._waiting.append(one)
        self._pages += one.reading is not None
        self._bytes += one.size

    def popleft(self) -> Waiting:
        one = self._waiting.popleft()
        self._pages -= one.reading is not None
        self._bytes -= one.size
        return one

    def is_full(self) -> bool:
        """Return whether the first has to be finished before more is read."""
        full = self._pages > _PAGES or self._bytes > _BYTES
        return full or len(self._waiting) > _RECORDS

    def has(self, url: str) -> bool:
        """Return whether a page of that address waits."""
        return any(one.candidate and one.candidate.capture.url == url for one in self._waiting)

    def drop(self) -> None:
        """Forget all: it is read again the next time."""
        for one in self._waiting:
            if one.reading:
                one.reading.cancel()
        self._waiting.clear()
        self._pages = self._bytes = 0
