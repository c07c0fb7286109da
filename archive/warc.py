"""Bytes first: WARC 1.1 files, written record by record and read back at an offset.

warcio writes the records (it knows request, response, revisit and warcinfo records and both
digests), fastwarc, which has other code for reading, checks them in the tests.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import brotlicffi
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import BufferedReader
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.clock import iso
from archive.errors import DamagedWarc
from archive.records import Exchange, WarcLocation

ROLL_BYTES = 1 << 30
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"

# The payload is stored without its transfer coding, so a header that still announced one would
# make readers undo it twice. Common Crawl keeps such headers under the same prefix.
_RENAMED = {b"transfer-encoding": b"X-Crawl-Transfer-Encoding"}
_INFO = {
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    "description": (
        "Header names, their order and duplicates, the reason phrase and the payload's content "
        "coding are as received. Not as received: white space around header values, and the "
        "chunked transfer coding, which is removed from the payload and whose header is kept as "
        "X-Crawl-Transfer-Encoding. WARC-Truncated marks a body that was cut short."
    ),
}


class _Brotli:
    """Brotli decoding in the form warcio asks for; its own form fails on current brotli builds."""

    unused_data = b""

    def __init__(self) -> None:
        self.decompress = brotlicffi.Decompressor().decompress

    def flush(self) -> bytes:
        return b""


BufferedReader.DECOMPRESSORS["br"] = _Brotli


class _ExactHeaders(StatusAndHeaders):  # type: ignore[misc]
    """An HTTP head that is written byte for byte; warcio would percent-encode what is not ASCII."""

    def __init__(self, start_line: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        super().__init__("", [])
        lines = [start_line, *(name + b": " + value for name, value in headers)]
        self.exact = b"\r\n".join(lines) + b"\r\n\r\n"

    def __bool__(self) -> bool:
        return True

    def compute_headers_buffer(self, header_filter: object = None) -> None:  # noqa: ARG002 - warcio's
        self.headers_buff = self.exact


class WarcFile:
    """The files of one run: written in order, one gzip member per record, rolled at a size."""

    def __init__(self, folder: Path, *, name: str, info: dict[str, str], now: datetime) -> None:
        """Name files `<name>-<n>.warc.gz` in `folder`; none is made before the first record."""
        self._folder = folder
        self._name = name
        self._info = info | _INFO
        self._now = now
        self._serial = 0
        self._file: Any = None
        self._dirty = False

    def write(
        self, exchange: Exchange, *, sha256: str, refers_to: tuple[str, datetime] | None = None
    ) -> WarcLocation:
        """Append the answer and its request; with `refers_to` (address, time) as a revisit.

        The bytes are the operating system's, not the disk's, until `sync`.
        """
        self._roll()
        writer = WARCWriter(None, gzip=False, warc_version="WARC/1.1")
        response = _response(writer, exchange, sha256, refers_to)
        request = _request(writer, exchange)
        location = self._append(writer, response)
        request.rec_headers.add_header(
            "WARC-Concurrent-To", response.rec_headers.get_header("WARC-Record-ID")
        )
        self._append(writer, request)
        return location

    def sync(self) -> None:
        """Put what was written on the disk; the first time with the folder's entry of the file."""
        if self._file is not None and self._dirty:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._dirty = False

    def close(self) -> None:
        """Sync and close; a further record opens the next file."""
        self.sync()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _roll(self) -> None:
        if self._file is not None and self._file.tell() < ROLL_BYTES:
            return
        self.close()
        self._serial += 1
        path = self._folder / f"{self._name}-{self._serial:03}.warc.gz"
        self._file = path.open("xb")
        writer = WARCWriter(None, gzip=False, warc_version="WARC/1.1")
        record = writer.create_warcinfo_record(path.name, self._info)
        record.rec_headers.replace_header("WARC-Date", iso(self._now))
        self._append(writer, record)
        sync_folder(self._folder)

    def _append(self, writer: Any, record: Any) -> WarcLocation:
        plain = BytesIO()
        writer._write_warc_record(plain, record)  # noqa: SLF001 - the only way past its own level 9
        member = zlib.compressobj(6, zlib.DEFLATED, 31)
        packed = member.compress(plain.getbuffer()) + member.flush()
        offset = self._file.tell()
        self._file.write(packed)
        self._dirty = True
        return WarcLocation(
            file=os.path.basename(self._file.name),  # noqa: PTH119 - a file's name, not a path
            offset=offset,
            length=len(packed),
        )


def payload_digest(payload: bytes) -> str:
    """Return the SHA-256 of a payload, in hexadecimal."""
    return hashlib.sha256(payload).hexdigest()


def read_payload(folder: Path, location: WarcLocation) -> bytes:
    """Return the decoded body of the response record at `location`.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    path = folder / location.file
    try:
        with path.open("rb") as file:
            file.seek(location.offset)
            record = next(iter(ArchiveIterator(file)))
            return bytes(record.content_stream().read())
    except (OSError, StopIteration, ValueError, EOFError, zlib.error) as error:
        raise DamagedWarc(
            f"{path}: no readable record at byte {location.offset} ({error})"
        ) from error


def whole_members(path: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (offset just behind it, its plain bytes) of each whole gzip member from `start`.

    Ends at the first member that is torn or damaged: what lies behind the last offset yielded
    was never acknowledged.
    """
    with path.open("rb") as file:
        file.seek(start)
        offset, waiting = start, b""
        while True:
            member = zlib.decompressobj(31)
            plain, eaten = bytearray(), 0
            while not member.eof:
                chunk = waiting or file.read(1 << 16)
                if not chunk:
                    return
                try:
                    plain += member.decompress(chunk)
                except zlib.error:
                    return
                waiting = member.unused_data
                eaten += len(chunk) - len(waiting)
            offset += eaten
            yield offset, bytes(plain)


def sync_folder(folder: Path) -> None:
    """Put a folder's own entries on the disk, so that a new file survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _response(
    writer: Any, exchange: Exchange, sha256: str, refers_to: tuple[str, datetime] | None
) -> Any:
    start_line = f"{exchange.protocol} {exchange.status} {exchange.reason}".rstrip()
    headers = tuple(
        (_RENAMED.get(name.lower(), name), value) for name, value in exchange.response_headers
    )
    named = {"WARC-Date": iso(exchange.fetched_at), "WARC-Payload-Digest": f"sha256:{sha256}"}
    if exchange.ip:
        named["WARC-IP-Address"] = exchange.ip
    if exchange.truncated:
        named["WARC-Truncated"] = exchange.truncated
    if refers_to:
        named["WARC-Profile"] = NOT_MODIFIED if exchange.status == 304 else IDENTICAL
        named["WARC-Refers-To-Target-URI"] = refers_to[0]
        named["WARC-Refers-To-Date"] = iso(refers_to[1])
    return writer.create_warc_record(
        exchange.url,
        "revisit" if refers_to else "response",
        payload=BytesIO(b"" if refers_to else exchange.payload),
        length=0 if refers_to else len(exchange.payload),
        warc_headers_dict=named,
        http_headers=_ExactHeaders(start_line.encode("utf-8"), headers),
    )


def _request(writer: Any, exchange: Exchange) -> Any:
    target = exchange.url.split("://", 1)[-1]
    path = "/" + target.split("/", 1)[1] if "/" in target else "/"
    return writer.create_warc_record(
        exchange.url,
        "request",
        warc_headers_dict={"WARC-Date": iso(exchange.fetched_at)},
        http_headers=_ExactHeaders(
            f"{exchange.method} {path} HTTP/1.1".encode(), exchange.request_headers
        ),
    )
