"""The files of an import: those of a folder or a ZIP file, or one from the web.

What a file is, its first bytes say. A download is resumed where an earlier one ended.
"""

import asyncio
import hashlib
import os
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import aiohttp

from archive.models import Progress, silent
from archive.warc.files import opened
from archive.warc.members import Stretch
from archive.warc.parsing import RECORD
from crawler.errors import DownloadFailed
from crawler.fetch.exceptions import NotFetched, network_detail
from crawler.fetch.resolver import Gate, connector, failure, is_http
from crawler.import_warc.job import SourceFile

TRIES = 6
_PIECE = 1 << 20
_PAUSE = 1.0  # seconds before the second try; doubled with each
_SILENCE = 60.0  # seconds
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})

_HEAD = 1 << 12  # bytes by which a file is recognised
_NAMED = re.compile(r"\.(?:w?arc|wacz)(?:\.\w+)?$", re.IGNORECASE)
_UNREADABLE: tuple[type[Exception], ...] = (zipfile.BadZipFile, zlib.error, LZMAError, struct.error)
_UNREADABLE += (RuntimeError, ValueError, EOFError, OSError)
_RATIO, _ROOM = 200, 1 << 26  # more than which nothing in a ZIP file may be unpacked to


def form_of(path: Path) -> str:
    """Return what a file is by its first bytes: archive, zip or unknown."""
    with opened(path) as descriptor:
        head = Stretch(descriptor, 0, path.stat().st_size).peek(_HEAD)
    if RECORD.match(head.lstrip()):
        return "archive"
    return "zip" if head.startswith(b"PK") and zipfile.is_zipfile(path) else "unknown"


def files_in(path: Path, name: str, scratch: Path) -> Iterator[SourceFile | str]:
    """Yield the web archives that a path stands for, and a line for what cannot be read.

    What is in a ZIP file (WACZ) is unpacked under `scratch`, one file at a time. Of a folder, all
    that is a web archive by its first bytes or its name.
    """
    if path.is_dir():
        inside = sorted(one for one in path.rglob("*") if one.is_file())
        archives = [one for one in inside if _NAMED.search(one.name) or form_of(one) != "unknown"]
        for one in archives:
            yield from files_in(one, str(one.relative_to(path)), scratch)
        if not archives:
            yield f"{name}: no WARC, ARC or WACZ file is in this folder"
    elif form_of(path) == "zip":
        yield from _in_zip(path, name, scratch)
    else:  # it may be damaged at its beginning alone
        yield SourceFile(path=path, name=name)


def _in_zip(path: Path, name: str, scratch: Path, depth: int = 1) -> Iterator[SourceFile | str]:
    """Yield the web archives in a ZIP file; the specification of WACZ puts them in `archive/`.

    Those of a ZIP file in it (a WACZ of a collection holds others) are as well, no deeper.
    """
    is_found = False
    try:
        packed = zipfile.ZipFile(path)
    except _UNREADABLE as error:
        yield f"{name}: cannot be unpacked ({error}); unpack it with another program"
        return
    with packed, TemporaryDirectory(dir=scratch) as folder:
        for info in packed.infolist():
            inner, target = f"{name}/{info.filename}", Path(folder) / "unpacked"
            if info.file_size > _ROOM + _RATIO * info.compress_size:
                yield f"{inner}: left out, it unpacks to far more than web pages do"
                continue
            try:
                with packed.open(info) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, _PIECE)
            except _UNREADABLE as error:
                if getattr(error, "errno", None):
                    raise  # of the disk; bz2 raises OSError as well
                yield f"{inner}: cannot be unpacked ({error}); unpack it with another program"
                continue
            form = form_of(target)
            if form == "zip" and depth:
                is_found = True
                yield from _in_zip(target, inner, scratch, depth - 1)
            elif form != "unknown" or _NAMED.search(info.filename):
                is_found = True
                yield SourceFile(path=target, name=inner)
    if not is_found:
        yield f"{name}: no WARC or ARC file is in this ZIP file"


class Partial:
    """What has come of a file (`path`), the validator of its answer (`tag`), and its last name."""

    def __init__(self, url: str, folder: Path) -> None:
        name = PurePosixPath(unquote(urlsplit(url).path)).name or "download"
        safe = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[-100:]
        self.whole = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:8]}-{safe}"
        self.path, self.tag = (Path(f"{self.whole}.{end}") for end in ("part", "tag"))

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def range(self) -> dict[str, str]:
        """Return the headers that ask for the rest (RFC 9110, section 14), if it is the same."""
        if not self.size or not self.tag.exists():
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self.tag.read_text("latin-1")}

    def begin(self, answer: aiohttp.ClientResponse) -> None:
        """Make ready for an answer's body: for the rest of the file, or for all of it."""
        given = answer.headers.get("Content-Range", "")
        if answer.status == 206 and given.startswith(f"bytes {self.size}-"):
            return
        self.tag.unlink(missing_ok=True)
        if answer.status != 200:  # another part than was asked for: from the beginning
            raise aiohttp.ClientError("it does not give the rest of the file")
        self.path.write_bytes(b"")
        tag = answer.headers.get("ETag", "W/")
        if strong := answer.headers.get("Last-Modified") if tag.startswith("W/") else tag:
            self.tag.write_text(strong, "latin-1")


def download(
    url: str,
    folder: Path,
    *,
    user_agent: str,
    proxy: str | None = None,
    progress: Progress = silent,
    pause: float = _PAUSE,
) -> Path:
    """Return the file at a URL, downloaded into `folder` if it is not there whole already.

    A line that breaks is tried again, from where it broke.

    Raises:
        DownloadFailed: if the file cannot be had; what came of it stays for the next time.
        OSError: if the folder cannot be written.
    """
    part = Partial(url, folder)
    if not part.whole.exists():
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_download(url, part, user_agent, proxy, progress, pause))
        part.path.replace(part.whole)
        part.tag.unlink(missing_ok=True)
    return part.whole


async def _download(
    url: str, part: Partial, user_agent: str, proxy: str | None, progress: Progress, pause: float
) -> None:
    gate = Gate([url])

    async def checked(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        gate.check(str(request.url))  # of each redirect as well
        return await send(request)

    async with aiohttp.ClientSession(
        connector=connector(gate, proxy=proxy),
        auto_decompress=False,
        headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
        middlewares=(checked,),
        proxy=proxy if is_http(proxy) else None,
        timeout=aiohttp.ClientTimeout(total=None, connect=_SILENCE, sock_read=_SILENCE),
    ) as session:
        for number in range(TRIES):
            try:
                return await _receive(session, url, part, progress)
            except (aiohttp.ClientError, NotFetched, TimeoutError) as error:
                if final := _final(error, proxy):
                    raise DownloadFailed(f"{url}: {final}") from error
                reason = network_detail(error)
            if number < TRIES - 1:
                await asyncio.sleep(pause * 2**number)
        raise DownloadFailed(f"{url}: {reason}; run the same command to continue")


async def _receive(
    session: aiohttp.ClientSession, url: str, part: Partial, progress: Progress
) -> None:
    """Append what is missing of the file."""
    async with session.get(url, headers=part.range()) as answer:
        if answer.status in _BUSY:
            raise aiohttp.ClientError(f"it answered {answer.status}")
        if answer.status not in {200, 206, 416}:
            raise DownloadFailed(f"{url}: it answered {answer.status} {answer.reason}")
        part.begin(answer)
        size = part.size + answer.content_length if answer.content_length is not None else None
        with part.path.open("ab") as file:
            async for piece in answer.content.iter_chunked(_PIECE):
                file.write(piece)
                progress("bytes downloaded", file.tell(), size)
            file.flush()
            os.fsync(file.fileno())


def _final(error: Exception, proxy: str | None) -> str | None:
    """Return what is wrong where no other try will help."""
    if isinstance(error, NotFetched):
        return str(error)
    if isinstance(error, aiohttp.TooManyRedirects | aiohttp.RedirectClientError):
        return "it redirects in circles, or to no web address"
    return failure(error, proxy)
