"""A WARC file from the web into a folder, going on where an earlier download ended."""

import asyncio
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import aiohttp
from yarl import URL

from archive.models import Progress, silent
from crawler.errors import DownloadFailed
from crawler.fetch.exceptions import AddressRefused, network_detail
from crawler.fetch.resolver import Gate, connector, failure, is_http

TRIES = 6
_PIECE = 1 << 20
_PAUSE = 1.0  # seconds before the second try; doubled with each
_SILENCE = 60.0  # seconds
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Interrupted(Exception):  # noqa: N818 - the line broke; it is worth another try
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """What is there of a file so far, and the validator of the answer it is from."""

    path: Path
    whole: Path

    @classmethod
    def of(cls, url: str, folder: Path) -> "Partial":
        name = PurePosixPath(unquote(urlsplit(url).path)).name or "download"
        safe = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[-100:]
        stem = f"{hashlib.sha256(url.encode()).hexdigest()[:8]}-{safe}"
        return cls(path=folder / f"{stem}.part", whole=folder / stem)

    @property
    def tag(self) -> Path:
        return self.path.with_suffix(".tag")

    def range(self) -> dict[str, str]:
        """Return the headers that ask for the rest (RFC 9110, section 14), if it is the same."""
        if not self.path.exists() or not self.path.stat().st_size or not self.tag.exists():
            return {}
        start, tag = self.path.stat().st_size, self.tag.read_text("latin-1")
        return {"Range": f"bytes={start}-", "If-Range": tag}

    def begin(self, answer: aiohttp.ClientResponse) -> None:
        """Forget what is there, and keep by what the rest of this answer can be asked for."""
        self.path.write_bytes(b"")
        tag = answer.headers.get("ETag", "")
        strong = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified")
        self.tag.unlink(missing_ok=True)
        if strong:
            self.tag.write_text(strong, "latin-1")

    def finish(self) -> None:
        self.path.replace(self.whole)
        self.tag.unlink(missing_ok=True)


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
    part = Partial.of(url, folder)
    if part.whole.exists():
        return part.whole
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_download(url, part, user_agent, proxy, progress, pause))
    part.finish()
    return part.whole


async def _download(
    url: str, part: Partial, user_agent: str, proxy: str | None, progress: Progress, pause: float
) -> None:
    gate = Gate([url])
    async with aiohttp.ClientSession(
        connector=connector(gate, proxy=proxy),
        auto_decompress=False,
        headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=None, connect=_SILENCE, sock_read=_SILENCE),
    ) as session:
        for number in range(TRIES):
            try:
                await _try(session, url, part, gate, proxy=proxy, progress=progress)
            except _Interrupted as error:
                if number == TRIES - 1:
                    raise DownloadFailed(
                        f"{url}: {error}; run the same command to continue"
                    ) from error
                await asyncio.sleep(pause * 2**number)
            else:
                return


async def _try(
    session: aiohttp.ClientSession,
    url: str,
    part: Partial,
    gate: Gate,
    *,
    proxy: str | None,
    progress: Progress,
) -> None:
    try:
        answer = await _ask(session, url, part, gate, proxy)
        async with answer:
            await _receive(answer, url, part, progress)
    except AddressRefused as error:
        raise DownloadFailed(f"{url}: {error}") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        if told := failure(error, proxy):
            raise DownloadFailed(f"{url}: {told}") from error
        raise _Interrupted(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Return in one line why there is no answer."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} leads to no address"
    number = getattr(error, "errno", None)
    if isinstance(error, aiohttp.ClientConnectorError) and number:
        return f"{error.host}, port {error.port}: {os.strerror(number)}"
    if isinstance(error, TimeoutError):
        return f"no answer came within {_SILENCE:.0f} seconds"
    return network_detail(error)


async def _ask(
    session: aiohttp.ClientSession, url: str, part: Partial, gate: Gate, proxy: str | None
) -> aiohttp.ClientResponse:
    """Ask for what is missing; every redirect is checked before it is followed."""
    asked = url
    for _ in range(10):
        gate.check(asked)
        answer = await session.get(
            asked,
            headers=part.range(),
            allow_redirects=False,
            proxy=proxy if is_http(proxy) else None,
        )
        target = answer.headers.get("Location")
        if answer.status not in {301, 302, 303, 307, 308} or not target:
            return answer
        answer.release()
        asked = str(answer.url.join(URL(target)))
        if urlsplit(asked).scheme not in {"http", "https"}:
            raise DownloadFailed(f"{url}: it redirects to {asked}, which is no web address")
    raise DownloadFailed(f"{url}: it redirects in circles")


async def _receive(
    answer: aiohttp.ClientResponse, url: str, part: Partial, progress: Progress
) -> None:
    size = _begin(answer, url, part)
    with part.path.open("ab") as file:
        async for piece in answer.content.iter_chunked(_PIECE):
            file.write(piece)
            progress("bytes downloaded", file.tell(), size)
        file.flush()
        os.fsync(file.fileno())
        done = file.tell()
    if size is not None and done != size:
        raise _Interrupted(f"{done} of {size} bytes came")


def _begin(answer: aiohttp.ClientResponse, url: str, part: Partial) -> int | None:
    """Make ready for an answer's body; return the size of the whole file, if it is told.

    Raises:
        DownloadFailed: if the answer is an error.
    """
    if answer.status in _AGAIN:
        raise _Interrupted(f"it answered {answer.status}")
    if answer.status == 206:
        told = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if told and int(told[1]) == part.path.stat().st_size:
            return None if told[2] == "*" else int(told[2])
    if answer.status in {206, 416}:  # another part than was asked for: from the beginning
        part.tag.unlink(missing_ok=True)
        raise _Interrupted("it does not give the rest of the file")
    if answer.status != 200:
        raise DownloadFailed(f"{url}: it answered {answer.status} {answer.reason}")
    part.begin(answer)
    return answer.content_length
