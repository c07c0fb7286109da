"""A view into plain bytes that moves forward and holds no more of them than it is asked for."""

from re import Match, Pattern

from archive.foreign.sources import Source

_LONGEST = 256  # bytes of what is searched for, at most


class Window:
    """Reads a source through a buffer. `position` counts the plain bytes that were passed."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._buffer = bytearray()
        self._at = 0
        self.position = 0

    def peek(self, size: int, *, join: bool = True) -> bytes:
        """Return the next `size` bytes, fewer where the source ends, without passing them."""
        while len(self._buffer) - self._at < size and (more := self._source.read(join=join)):
            del self._buffer[: self._at]
            self._at = 0
            self._buffer += more
        return bytes(self._buffer[self._at : self._at + size])

    def skip(self, size: int) -> int:
        """Pass `size` bytes; return how many there were."""
        left = size
        while left > (here := len(self._buffer) - self._at):
            left -= here
            self.position += here
            self._buffer.clear()
            self._at = 0
            if not self.peek(1):
                return size - left
        self._at += left
        self.position += left
        return size

    def skip_blank(self) -> None:
        """Pass empty lines and what else of white space is there, not beyond a gzip member."""
        while ahead := self.peek(64, join=False):
            blank = len(ahead) - len(ahead.lstrip())
            self.skip(blank)
            if blank < len(ahead):
                return

    def seek(self, pattern: Pattern[bytes]) -> Match[bytes] | None:
        """Pass all before the next match of a pattern; return that, None at the end."""
        while True:
            ahead = self.peek(1 << 16)
            found = pattern.search(ahead)
            if found:
                self.skip(found.start())
                return found
            if len(ahead) < 1 << 16:
                self.skip(len(ahead))
                return None
            self.skip(len(ahead) - _LONGEST)
