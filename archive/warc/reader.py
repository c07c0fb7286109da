"""WARC records read back at the place that a row knows, and whole gzip members one by one."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import brotlicffi
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import BufferedReader
from warcio.exceptions import ArchiveLoadFailed

from archive.errors import DamagedWarc
from archive.records import WarcLocation


class _Brotli:
    """Brotli decoding in the form warcio asks for; its own form fails on current brotli builds."""

    unused_data = b""

    def __init__(self) -> None:
        self.decompress = brotlicffi.Decompressor().decompress

    def flush(self) -> bytes:
        return b""


BufferedReader.DECOMPRESSORS["br"] = _Brotli


def read_payload(folder: Path, location: WarcLocation) -> bytes:
    """Return the decoded body of the record at `location`; a revisit record has none.

    A body whose content coding is broken is returned as far as it can be decoded.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    return bytes(_read(folder, location, lambda record: record.content_stream().read()))


def read_answer(folder: Path, location: WarcLocation) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return (headers, decoded body) of the HTTP answer at `location`; a revisit has no body.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    headers, body = _read(
        folder,
        location,
        lambda record: (
            record.http_headers.headers if record.http_headers else (),
            record.content_stream().read(),
        ),
    )
    return tuple(headers), bytes(body)


def record_id(folder: Path, location: WarcLocation) -> str:
    """Return the WARC-Record-ID of the record at `location`.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    return str(header(folder, location, "WARC-Record-ID"))


def header(folder: Path, location: WarcLocation, name: str) -> str | None:
    """Return a named field of the record at `location`, None where it has none.

    Raises:
        DamagedWarc: if no such record can be read there.
    """
    value = _read(folder, location, lambda record: record.rec_headers.get_header(name))
    return None if value is None else str(value)


def _read(folder: Path, location: WarcLocation, take: Callable[[Any], Any]) -> Any:
    path = folder / location.file
    try:
        with path.open("rb") as file:
            file.seek(location.offset)
            plain = gzip.decompress(file.read(location.length))
        return take(next(iter(ArchiveIterator(BytesIO(plain)))))
    except (OSError, EOFError, zlib.error, StopIteration, ArchiveLoadFailed) as error:
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
