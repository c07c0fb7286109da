"""Nearest the wire: downloads as Scrapy's aiohttp handler does and keeps what it would lose.

Header names, order and duplicates, the reason phrase, and what arrived of a body that was cut
short go into an `Exchange`, handed on as `request.meta["exchange"]`.
"""

from typing import Any, ClassVar

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.utils._download_handlers import make_response

from archive.records import Exchange

_LONGEST_LINE = 64 * 1024  # security policies and cookies outgrow aiohttp's 8 kB


class _Session:
    """Asks as a reader does: a GET has no Content-Length (RFC 9110, 8.6); long headers are read."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    def request(self, method: str, url: Any, *, data: bytes, **options: Any) -> Any:
        return self._session.request(
            method,
            url,
            data=data or None,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            **options,
        )

    async def close(self) -> None:
        await self._session.close()


class RecordingDownloadHandler(AiohttpDownloadHandler):
    """Downloads a request, with its exchange kept whole in `request.meta`."""

    experimental: ClassVar[bool] = False  # pinned by pyproject.toml and held by our own tests

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._session: Any = _Session(self._session)

    @staticmethod
    def _extract_headers(response: aiohttp.ClientResponse) -> Headers:
        """Return the headers as bytes; as text, those that are not UTF-8 end in an error."""
        return Headers(list(response.raw_headers))

    async def _read_response(self, response: Any, request: Request) -> Response:
        body, truncated = await self._read_body(response, request)
        arguments = self._build_base_response_args(
            response, request, self._extract_headers(response)
        )
        request.meta["exchange"] = Exchange(
            url=request.url,
            method=request.method,
            request_headers=_raw(response.request_info.headers),
            status=response.status,
            reason=response.reason or "",
            protocol=arguments["protocol"] or "HTTP/1.1",
            response_headers=tuple(response.raw_headers),
            payload=body,
            fetched_at=self.crawler.spider.clock(),  # type: ignore[union-attr]
            ip=str(arguments["ip_address"]) if arguments.get("ip_address") else None,
            truncated=truncated,
        )
        flags = ["truncated"] if truncated else None
        return make_response(**arguments, body=body, flags=flags)

    async def _read_body(self, response: Any, request: Request) -> tuple[bytes, str | None]:
        """Read what comes, up to the size limit; return it and why it ended early, if it did."""
        limit = request.meta.get("download_maxsize", self._default_maxsize)
        body = bytearray()
        try:
            async for chunk in self._iter_body_chunks(response):
                body += chunk
                if limit and len(body) > limit:
                    response.close()
                    return bytes(body[:limit]), "length"
        except TimeoutError:
            return bytes(body), "time"
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError):
            return bytes(body), "disconnect"
        return bytes(body), None


def _raw(headers: Any) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(
        (name.encode("ascii"), value.encode("utf-8", "surrogateescape"))
        for name, value in headers.items()
    )
