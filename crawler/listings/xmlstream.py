"""A large XML body as a stream: unpacked, bounded, tidied of what sitemaps commonly get wrong."""

import gzip
import re
import zlib
from io import BytesIO

LIMIT_BYTES = 256 * 1024 * 1024  # sitemaps.org allows 50 MB; a packed bomb comes to many GB
LONGEST_GAP = 2 * 1024 * 1024  # between two entries; all that lies there is held in memory
_CHUNK = 1 << 16
_LONGEST_ENTITY = 12

# Anything but XML's own five entities and character references is a bare `&` that someone forgot
# to escape; declared entities (where XML bombs and local files come from) are text to us as well.
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # XML 1.0, section 2.2


class XmlStream:
    """Reads a body, gzipped or not, in pieces that an XML parser can take.

    `read` raises OSError where the gzip data is damaged, where more than `limit` bytes come out,
    and where none of `LONGEST_GAP` bytes was an entry (`found`).
    """

    def __init__(self, body: bytes, *, limit: int = LIMIT_BYTES) -> None:
        packed = body[:2] == b"\x1f\x8b"
        self._source = gzip.GzipFile(fileobj=BytesIO(body)) if packed else BytesIO(body)
        self._left = limit
        self._waiting = b""
        self._begun = False
        self._gap = 0

    def found(self) -> None:
        """Tell the stream that an entry was read."""
        self._gap = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next piece, of any length whatever `size` asks; nothing at the end."""
        del size
        while chunk := self._chunk():
            text = self._waiting + chunk
            if not self._begun:
                text = text.lstrip()
            cut = text.rfind(b"&", max(len(text) - _LONGEST_ENTITY, 0))
            text, self._waiting = (text, b"") if cut < 0 else (text[:cut], text[cut:])
            if text:
                self._begun = True
                return _tidy(text)
        rest, self._waiting = self._waiting, b""
        return _tidy(rest)

    def _chunk(self) -> bytes:
        try:
            chunk = self._source.read(_CHUNK)
        except (EOFError, zlib.error) as error:
            raise OSError(f"damaged gzip data: {error}") from error
        self._left -= len(chunk)
        self._gap += len(chunk)
        if self._gap > LONGEST_GAP:
            raise OSError(f"there is no entry in {LONGEST_GAP} bytes")
        if self._left < 0:
            raise OSError("it is larger than any sitemap may be")
        return chunk


def _tidy(text: bytes) -> bytes:
    if b"\x00" in text:
        return text  # UTF-16: not ours to touch
    return _FORBIDDEN.sub(b"", _BARE_AMPERSAND.sub(b"&amp;", text))
