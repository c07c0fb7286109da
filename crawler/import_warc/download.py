"""A WARC file from the web into a folder, resumed where an earlier download ended."""

import asyncio
import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import aiohttp

from archive.models import Progress, silent
from crawler.errors import DownloadFailed
from crawler.fetch.exceptions import NotFetched, network_detail
from crawler.fetch.resolver import Gate, connector, failure, is_http

TRIES = 6
_PIECE = 1 << 20
_PAUSE = 1.0  # seconds before the second try; doubled with each
_SILENCE = 60.0  # seconds
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


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
