"""One WARC record out of its plain bytes: named fields, block, HTTP head and digests."""

import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import brotlicffi
from warcio.bufferedreaders import BufferedReader, ChunkedDataReader

from archive.models import WarcLocation

# Records that have a row of captures; warcinfo, request and metadata records have none.
CAPTURED = frozenset({"response", "revisit", "resource"})
# On a record of what a browser showed of a page, what that is; none is a page that was read.
RENDERING_FIELD = "warraq-rendering"
# The first line of a record in any dialect, as another one follows it.
VERSION = re.compile(rb"[Ww][Aa][Rr][Cc]/([01]\.\d{1,2})[ \t]*\r?\n(?=[A-Za-z][\w-]*[ \t]*:)")
# The line before each record of an ARC file: address, IP address, moment, type, what version 1.1
# has besides, length. Source: Internet Archive, "Arc File Format", 1.0 and 1.1.
ARC = re.compile(
    rb"([A-Za-z][A-Za-z0-9+.-]*:[^\r\n]{1,4000}?) ([\d.]+|[\da-fA-F:]+|-) (\d{12,14})"
    rb" (?:([^ \r\n]*)(?: [^ \r\n]*){0,12} )?(\d{1,19}) *\r?\n"
)
# How a record of either begins, and what stands before the next one behind what cannot be read.
RECORD = re.compile(VERSION.pattern + b"|" + ARC.pattern)
NEXT_RECORD = re.compile(VERSION.pattern + b"|\n(?=" + ARC.pattern + b")")
HEAD_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
_STATUS = re.compile(rb"\s*HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b[ \t]*([^\r\n]*)")
_HTTP_LINE = re.compile(rb"\r?\n(?![ \t])")
_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate", "br": "br"}
MOST_LAYERS = 2  # one coding is usual, two happen; each more multiplies the work
_MOST_MEMBERS = 100  # of a gzipped body, which has one
_LARGEST_BODY = 1 << 26  # bytes; a body that unpacks to more is an attack on its reader
_BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")
_END = b"\r\n\r\n"
_WRONG_BLOCK = "its bytes are not those of its WARC-Block-Digest"
_WRONG_PAYLOAD = "its payload is not that of its WARC-Payload-Digest"


def _brotli() -> SimpleNamespace:
    """Return Brotli's decoder in the form warcio asks for; its own fails on current builds."""
    decompress = brotlicffi.Decompressor().decompress
    return SimpleNamespace(decompress=decompress, unused_data=b"", flush=bytes)


BufferedReader.DECOMPRESSORS["br"] = _brotli


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a record begins: offset in the file, and how many unpacked bytes behind that.

    `inside` is 0 unless several records share one gzip member.
    """

    offset: int = 0
    inside: int = 0

    def __str__(self) -> str:
        return f"{self.offset}+{self.inside}" if self.inside else str(self.offset)

    @classmethod
    def of(cls, text: str) -> "Place":
        offset, _, inside = text.partition("+")
        return cls(offset=int(offset), inside=int(inside or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An HTTP answer: status, reason, headers in their order, and the body as the record has it."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def parse(cls, block: memoryview | bytes) -> "Message | None":
        """Read an answer; None if the block does not begin like one.

        HTTP/2 has no text form, programs make one up (`HTTP/2 200`); the reason may be missing,
        lines may end with LF alone.
        """
        start = _STATUS.match(block)
        if start is None:
            return None
        end = head_length(block)
        return cls(
            status=int(start[1]),
            reason=_text(start[2]),
            headers=tuple(_headers(bytes(block[start.end() : end]))),
            body=bytes(block[end:]),
        )

    def header(self, name: str) -> str | None:
        """Return the first header of that name (any case), None where there is none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def named(self) -> dict[str, str]:
        """The headers by their names in lower case, the first of each."""
        return {name.lower(): value for name, value in reversed(self.headers)}

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

    def unpacked(self, most: int) -> bytes | None:
        """Return what `unpacked` does of the payload."""
        codings = (value for name, value in self.headers if name.lower() == "content-encoding")
        return unpacked(self.payload(), ",".join(codings), most=most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A complete record: named fields (names in lower case, values as text), head and block.

    `place` is where it begins in its file, `behind` where reading goes on after it; `length` is
    its packed length where it is one gzip member by itself; `flaw` is what its digests say
    against it, where it is read all the same.
    """

    version: str
    fields: Mapping[str, str]
    head: bytes
    block: memoryview
    place: Place = Place()
    behind: Place = Place()
    length: int | None = None
    flaw: str | None = None

    @property
    def type(self) -> str:
        return self.fields.get("warc-type", "").lower()

    @property
    def rendering(self) -> str | None:
        """As what it shows the page of another record (records.RENDERINGS); None if it does not."""
        usual = "page" if self.type == "conversion" else None
        is_ours = self.type in {"conversion", "resource"}
        return self.fields.get(RENDERING_FIELD, usual) if is_ours else None

    @property
    def is_capture(self) -> bool:
        """Whether it has a row of captures."""
        return self.type in CAPTURED and self.rendering is None

    @property
    def id(self) -> str:
        return self.fields.get("warc-record-id", "")

    @property
    def url(self) -> str:
        return url_of(self.fields)

    @property
    def date(self) -> datetime | None:
        return moment_of(self.fields)

    @property
    def run(self) -> str | None:
        """The run that wrote it, by its name; None in a file of others."""
        return self.fields.get("warraq-run")

    @property
    def sha256(self) -> str | None:
        """The SHA-256 that the head gives the payload, in hexadecimal; None if it names another."""
        algorithm, _, digest = self.fields.get("warc-payload-digest", "").partition(":")
        return digest if algorithm == "sha256" else None

    @property
    def is_http(self) -> bool:
        """Whether the block is an HTTP message: RFC 9112 head, empty line, payload."""
        return self.fields.get("content-type", "").lower().startswith("application/http")

    @property
    def message(self) -> Message | None:
        """The HTTP answer in the block, None if there is none."""
        return Message.parse(self.block) if self.is_http else None

    @property
    def status(self) -> int | None:
        """The status of an HTTP answer, without reading the rest of its head."""
        start = _STATUS.match(self.block) if self.is_http else None
        return int(start[1]) if start else None

    @property
    def payload(self) -> memoryview:
        """The block behind its HTTP head, if it has one."""
        return self.block[head_length(self.block) :] if self.is_http else self.block

    def location(self, file: str, *, offset: int | None = None) -> WarcLocation:
        """Return where the record, a gzip member of its own, is in a file, or is put in it."""
        at = self.place.offset if offset is None else offset
        return WarcLocation(file=file, offset=at, length=self.length or 0, record_id=self.id)

    def body(self) -> bytes:
        """Return the payload with its codings undone, as far as they can be."""
        message = self.message
        return message.decoded() if message else bytes(self.payload)


def parse(plain: bytes, *, place: Place = Place(), length: int | None = None) -> Record | None:
    """Read a record out of its plain bytes; None if they are not exactly one WARC record.

    `length` is that of the gzip member at `place` that they were unpacked from.
    """
    if not plain.startswith(b"WARC/1.") or not plain.endswith(_END):
        return None
    end = plain.find(_END)
    first, _, lines = plain[:end].partition(b"\r\n")
    fields = fields_of(lines)
    block = memoryview(plain)[end + 4 : -4]
    if fields is None or fields.get("content-length") != str(len(block)):
        return None
    return Record(
        version=first[5:].decode("ascii", "replace").strip(),
        fields=fields,
        head=plain[: end + 4],
        block=block,
        place=place,
        behind=Place(offset=place.offset + (length or 0)),
        length=length,
    )


def fields_of(lines: bytes) -> dict[str, str] | None:
    """Return the named fields in the lines of a head, None if one of them is broken.

    The first of several fields of one name counts; a folded line is part of the one before.
    """
    text = lines.decode("utf-8", "replace")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        name = name.strip()
        if colon and name:
            fields.setdefault(name.lower(), value.strip())
        elif colon or name:
            return None
    return fields


def head_of(ahead: bytes) -> tuple[str, bytes, dict[str, str] | None]:
    """Return version, bytes and named fields of the head that comes next; None if none does."""
    first, end = VERSION.match(ahead), HEAD_END.search(ahead)
    if first and end:
        return first[1].decode(), ahead[: end.end()], fields_of(ahead[first.end() : end.end()])
    if line := ARC.match(ahead):
        return "1.0", line[0], _arc_fields(line, is_http=ahead.startswith(b"HTTP/", line.end()))
    return "", b"", None


def _arc_fields(line: re.Match[bytes], *, is_http: bool) -> dict[str, str]:
    """Return the named fields that a WARC record has in place of the line before an ARC record."""
    url, ip, at, media, length = (_text(part or b"") for part in line.groups())
    kind = "response" if is_http else "resource"
    return {
        "warc-type": "warcinfo" if url.startswith("filedesc:") else kind,
        "warc-target-uri": url,
        "warc-date": f"{at[:4]}-{at[4:6]}-{at[6:8]}T{at[8:10]}:{at[10:12]}:{at[12:14] or '00'}Z",
        "warc-ip-address": ip,
        "content-type": "application/http; msgtype=response" if is_http else media,
        "content-length": length,
    }


def url_of(fields: Mapping[str, str], name: str = "warc-target-uri") -> str:
    """Return an address of a record; GNU Wget writes it in angle brackets, after WARC 1.0."""
    target = fields.get(name, "")
    return target[1:-1] if target.startswith("<") and target.endswith(">") else target


def moment_of(fields: Mapping[str, str], name: str = "warc-date") -> datetime | None:
    """Return a moment that a record names, None if it is not one.

    It is in UTC, with seconds or a fraction of them (WARC 1.1, section 5.4).
    """
    text = fields.get(name, "")
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) <= len("2020-11-09"):
        return None
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)


def head_length(block: memoryview | bytes) -> int:
    """Return how many bytes the head of an HTTP message has, its empty line included."""
    end = HEAD_END.search(block)
    return end.end() if end else len(block)


def _headers(lines: bytes) -> Iterator[tuple[str, str]]:
    for line in _HTTP_LINE.split(lines):
        name, colon, value = line.partition(b":")
        if colon:
            yield _text(name), " ".join(_text(value).split())


def faults(record: Record) -> Iterator[str]:
    """Yield what in a record contradicts its own digests.

    The payload digest of a revisit record is that of the payload it refers to.
    """
    if not holds(record.fields.get("warc-block-digest"), record.block):
        yield _WRONG_BLOCK
    payload = None if record.type == "revisit" else record.fields.get("warc-payload-digest")
    if not holds(payload, record.payload):
        yield _WRONG_PAYLOAD


def contradiction(fields: Mapping[str, str], block: memoryview | bytes) -> str | None:
    """Return what in a record of any program contradicts its digests, None if nothing does.

    The block's digest decides where there is one. Programs differ in what they call the payload
    of an answer, with its chunks or without; Common Crawl has had files with the block's own.
    """
    if labelled := fields.get("warc-block-digest"):
        return None if holds(labelled, block) else _WRONG_BLOCK
    labelled = fields.get("warc-payload-digest")
    if not labelled or fields.get("warc-truncated") or fields.get("warc-type") == "revisit":
        return None
    is_right = any(holds(labelled, part) for part in _payloads(fields, block))
    return None if is_right else _WRONG_PAYLOAD


def holds(labelled: str | None, data: memoryview | bytes) -> bool:
    """Return whether a digest (`sha1:BASE32`, `sha256:hex`), if any, is that of the data."""
    if not labelled:
        return True
    algorithm, _, written = labelled.partition(":")
    try:
        actual = _begun(algorithm).copy()
    except ValueError:  # an algorithm that this Python does not know
        return True
    actual.update(data)
    return bool(written.lower() == actual.hexdigest() or _base32(written) == actual.digest())


def _payloads(fields: Mapping[str, str], block: memoryview | bytes) -> Iterator[memoryview | bytes]:
    if "http" in fields.get("content-type", "").lower() and (message := Message.parse(block)):
        yield message.body
        yield message.payload()
    yield block


@lru_cache(maxsize=16)
def _begun(algorithm: str) -> Any:
    """Return a digest of nothing yet: to copy one takes a tenth of the time that a new one does."""
    return hashlib.new(algorithm, usedforsecurity=False)


@lru_cache(maxsize=256)  # every request without a body has the same
def _base32(written: str) -> bytes | None:
    """Return the bytes that a digest in base32 stands for (RFC 4648); Python's own is slow."""
    plain = written.rstrip("=").upper()
    try:
        number = int(plain.translate(_BASE32), 32)
    except ValueError:
        return None
    size = len(plain) * 5 // 8
    return (number >> (len(plain) * 5 - size * 8)).to_bytes(size, "big")


def unpacked(body: bytes, codings: str, *, most: int) -> bytes | None:
    """Return a body without its content codings (the header's value).

    None unless all of them can be undone, to the end, and give at most so many bytes each.
    """
    plain: bytes | None = body
    names = [name.strip() for name in codings.lower().split(",") if codings]
    if len(names) > MOST_LAYERS:
        return None
    for coding in reversed(names):
        if not plain:  # an empty body is packed by none
            break
        try:
            plain = _whole(plain, _CODINGS.get(coding), most)
        except (zlib.error, brotlicffi.error):
            return None
    return plain if plain is not None and len(plain) <= most else None


def _whole(packed: bytes, coding: str | None, most: int) -> bytes | None:
    """Undo one coding; return None where its end is missing or too far away."""
    if coding == "br":
        brotli = brotlicffi.Decompressor()
        plain: bytes = brotli.decompress(packed, most + 1)
        return plain if brotli.is_finished() else None
    if coding == "deflate":
        has_head = packed[0] & 15 == 8 and int.from_bytes(packed[:2]) % 31 == 0
        return _member(packed, 15 if has_head else -15, most)[0]  # some servers leave it out
    plain, left = b"", packed
    for _ in range(_MOST_MEMBERS if coding else 0):
        member, left = _member(left, 31, most - len(plain))
        if member is None:
            return None
        plain += member
        if not left.startswith(b"\x1f\x8b"):
            return plain
    return None


def _member(packed: bytes, bits: int, most: int) -> tuple[bytes | None, bytes]:
    """Return what zlib makes of a stream, None if not all of it, and what stands behind it."""
    stream = zlib.decompressobj(bits)
    plain = stream.decompress(packed, most + 1)
    return plain if stream.eof and len(plain) <= most else None, stream.unused_data


def _read(reader: BufferedReader) -> bytes:
    body = bytearray()
    while len(body) < _LARGEST_BODY and (piece := reader.read(1 << 20)):
        body += piece
    return bytes(body)


def _text(raw: bytes) -> str:
    return raw.strip().decode("utf-8", "replace")
