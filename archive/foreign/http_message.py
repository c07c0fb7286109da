"""An HTTP answer out of a record's block, with its codings undone."""

import re
from dataclasses import dataclass
from io import BytesIO

from warcio.bufferedreaders import BufferedReader, ChunkedDataReader

import archive.warc.reader  # noqa: F401 - teaches warcio's readers to read brotli

_STATUS = re.compile(rb"\s*HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b[ \t]*([^\r\n]*)")
_END = re.compile(rb"\r?\n\r?\n|\r?\n\Z|\Z")
_LINE = re.compile(rb"\r?\n(?![ \t])")
_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate", "br": "br"}
_MOST = 1 << 26  # bytes that a body unpacks to; more is an attack on whoever reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Status, reason, headers in their order, and the body as it stands in the record."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def parse(cls, block: bytes) -> "Message | None":
        """Read an answer; None if the block does not begin as one.

        HTTP/2 has no text form, programs make one up (`HTTP/2 200`); the reason may be missing,
        lines may end with LF alone.
        """
        start = _STATUS.match(block)
        if start is None:
            return None
        end = _END.search(block, start.end())
        head = block[start.end() : end.start()] if end else b""
        headers = []
        for line in _LINE.split(head):
            name, colon, value = line.partition(b":")
            if colon:
                headers.append((_text(name), " ".join(_text(value).split())))
        return cls(
            status=int(start[1]),
            reason=_text(start[2]),
            headers=tuple(headers),
            body=block[end.end() :] if end else b"",
        )

    def header(self, name: str) -> str | None:
        """Return the first header of that name (any case), None where there is none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def payload(self) -> bytes:
        """Return the body without its transfer coding; as it is where it turns out to have none."""
        if "chunked" not in (self.header("Transfer-Encoding") or "").lower():
            return self.body
        return _read(ChunkedDataReader(BytesIO(self.body))) or self.body

    def decoded(self) -> bytes:
        """Return the body without its codings, as far as they can be undone."""
        payload = self.payload()
        for coding in reversed((self.header("Content-Encoding") or "").lower().split(",")):
            if known := _CODINGS.get(coding.strip()):
                payload = _read(BufferedReader(BytesIO(payload), decomp_type=known)) or payload
        return payload


def _read(reader: BufferedReader) -> bytes:
    body = bytearray()
    while len(body) < _MOST and (piece := reader.read(1 << 20)):
        body += piece
    return bytes(body)


def _text(raw: bytes) -> str:
    return raw.strip().decode("utf-8", "replace")
