"""Nearest the wire: downloads as Scrapy's aiohttp handler does and keeps what it would lose.

Header names, order and duplicates, the reason phrase, and what arrived of a body that was cut
short go into an `Exchange`, which is in the WARC file before anything else sees the response, and
handed on as `request.meta["capture"]`. What a host may take is bounded here: where it leads, how
many and how long its headers are, how large bodies get.
"""

import asyncio
import hashlib
import re
import ssl
from contextlib import AsyncExitStack
from copy import copy
from dataclasses import replace
from datetime import timedelta
from ssl import SSLObject
from typing import Any, ClassVar
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.core.downloader.handlers._base_streaming import BaseStreamingDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadConnectionRefusedError
from scrapy.http import Headers, Response
from scrapy.utils.ssl import _make_insecure_ssl_ctx, _make_ssl_context

from archive.errors import ARCHIVE_FAULTS
from archive.models import Capture, Exchange, Problem, Tls
from archive.problems import ProblemKind
from archive.urls import normal
from crawler.fetch.exceptions import ArchiveFault, NotFetched, ProxyFailed
from crawler.fetch.resolver import Gate, connector, failure, is_http
from crawler.fetch.throttle import FetchServices, origin_of

_LONGEST_LINE = 64 * 1024  # security policies and cookies outgrow aiohttp's 8 kB
_MOST_HEADERS = 256
_LARGE = 2 * 1024 * 1024  # bodies beyond it come in one by one from a host, two at a time in all
_AT_ONCE = 2


async def _without_length(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Ask as a reader does: a GET has no Content-Length (RFC 9110, 8.6)."""
    request.headers.pop("Content-Length", None)
    return await send(request)


class RecordingDownloadHandler(AiohttpDownloadHandler):
    """Downloads a request and records the exchange."""

    experimental: ClassVar[bool] = False  # pinned by pyproject.toml and held by our own tests
    lazy: bool = True  # a scheme that is not asked for needs no certificates of its own

    def __init__(self, crawler: Crawler) -> None:
        # Not AiohttpDownloadHandler's own: its session would connect to any address.
        BaseStreamingDownloadHandler.__init__(self, crawler)
        settings = crawler.settings
        self._fetching = FetchServices.of(crawler)
        proxy = self._proxy = settings.get("PROXY")
        self._gate = Gate(settings.getlist("OPEN_URLS"))
        self._ssl_context = _make_ssl_context(settings)
        self._lax = _make_insecure_ssl_ctx()
        self._unverified = frozenset(settings.getlist("UNVERIFIED"))
        self._full = settings.getbool("FULL")
        self._large = asyncio.Semaphore(_AT_ONCE)
        self._large_of: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._session = aiohttp.ClientSession(
            connector=connector(
                self._gate,
                proxy=proxy,
                limit=self._pool_size_total,
                limit_per_host=self._pool_size_per_host,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_without_length,),
            proxy=proxy if is_http(proxy) else None,
            auto_decompress=False,
            response_class=_ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=_MOST_HEADERS,
        )

    async def download_request(self, request: Request) -> Response:
        """Download a request, unless its address is none to ask.

        Raises:
            NotFetched: then nothing was sent, or the server's certificate is not valid.
            ArchiveFault: if the archive cannot be written.
            ProxyFailed: if the user's proxy does not work.
        """
        self._gate.check(request.url)
        try:
            normal(request.url)
        except ValueError as error:
            raise NotFetched(ProblemKind.BAD_ADDRESS, str(error)) from error
        self._fetching.pauses.check(request.url)
        if request.meta.get("proxy"):  # from the environment: the user's own word
            self._gate.open(request.meta["proxy"])
        handler = self
        if request.meta["publisher"] in self._unverified:
            handler = copy(self)  # with the same connections, but for those that are verified
            handler._ssl_context = self._lax  # noqa: SLF001 - its own
        try:
            return await AiohttpDownloadHandler.download_request(handler, request)
        except Exception as error:
            cause = error if type(error).__module__.startswith("python_socks") else error.__cause__
            if fault := failure(cause, request.meta.get("proxy") or self._proxy):
                raise ProxyFailed(fault) from error
            if cause is error:
                raise DownloadConnectionRefusedError(f"by the proxy: {error}") from error
            if isinstance(cause, aiohttp.ClientConnectorCertificateError):
                why = getattr(cause.certificate_error, "verify_message", cause.certificate_error)
                detail = f"the certificate of {cause.host} is not valid: {why}"
                raise NotFetched(ProblemKind.NETWORK_TLS, detail) from error
            raise

    async def _read_response(self, response: Any, request: Request) -> Response:
        if response.status == 407 and (proxy := request.meta.get("proxy") or self._proxy):
            error = aiohttp.ClientHttpProxyError(response.request_info, (), status=407)
            raise ProxyFailed(failure(error, proxy))
        tls = _tls(response._ssl_object, verified=self._ssl_context.check_hostname)  # noqa: SLF001
        body, truncated = await self._read_body(response, request)
        headers = Headers(list(response.raw_headers))  # bytes: not all are UTF-8
        arguments = self._build_base_response_args(response, request, headers)
        exchange = Exchange(
            url=request.url,
            method=request.method,
            request_headers=_raw(response.request_info.headers),
            status=response.status,
            reason=response.reason or "",
            protocol=arguments["protocol"] or "HTTP/1.1",
            response_headers=tuple(response.raw_headers),
            payload=body,
            fetched_at=self._fetching.store.clock(),
            ip=str(arguments["ip_address"]) if arguments.get("ip_address") else None,
            truncated=truncated,
            tls=tls,
        )
        capture = self._recorded(exchange, request)
        if self._full and tls:
            capture = replace(capture, certificates=_certificates(response._ssl_object))  # noqa: SLF001
        request.meta["capture"] = capture
        flags = ["truncated"] if truncated else None
        return Response(**arguments, body=body, flags=flags)  # nobody asks Scrapy to parse it

    def _recorded(self, exchange: Exchange, request: Request) -> Capture:
        """Write an exchange to the WARC file; return its capture."""
        store, meta = self._fetching.store, request.meta
        try:
            last = meta["visit"].last_sha256 if "visit" in meta else None
            publisher = meta["publisher"] or None
            capture = store.record(exchange, kind=meta["kind"], publisher=publisher, last=last)
            if exchange.tls and not exchange.tls.verified:
                self._report_unverified(capture)
        except ARCHIVE_FAULTS as error:
            store.batch.break_off(error)
            raise ArchiveFault(str(error)) from error
        return capture

    def _report_unverified(self, capture: Capture) -> None:
        """Save once a day that a host's certificate is not verified."""
        store, place = self._fetching.store, origin_of(capture.url)
        last = store.last_problem(place)
        if last is None or last[1] <= store.clock() - timedelta(days=1):
            detail = "its certificate is not verified: the publisher's file says so"
            problem = Problem(kind=ProblemKind.TLS_UNVERIFIED, detail=detail, stage="fetch")
            store.problem(problem, url=place, publisher=capture.publisher, capture=capture)

    async def _read_body(self, response: Any, request: Request) -> tuple[bytes, str | None]:
        """Read what comes, up to the size limit; return it and why it ended early, if it did."""
        limit = request.meta.get("download_maxsize", self._default_maxsize)
        body, cut = bytearray(), None
        async with AsyncExitStack() as turn:
            try:
                async for chunk in self._iter_body_chunks(response):
                    if len(body) <= _LARGE < len(body) + len(chunk):
                        await self._turn(turn, request)
                    body += chunk
                    if limit and len(body) > limit:
                        response.close()
                        del body[limit:]
                        cut = "length"
                        break
            except TimeoutError:
                cut = "time"
            except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError):
                cut = "disconnect"
            return bytes(body), cut

    async def _turn(self, turn: AsyncExitStack, request: Request) -> None:
        """Wait, within the request's time, until a large body may come in."""
        lock = self._large_of.setdefault(urlsplit(request.url).netloc, asyncio.Lock())
        async with asyncio.timeout(request.meta["download_timeout"]):
            await turn.enter_async_context(lock)
            await turn.enter_async_context(self._large)


def registered(cipher: str) -> str:
    """Return IANA's name of a cipher suite that OpenSSL names; those of TLS 1.3 have the same."""
    if cipher.startswith("TLS_"):
        return cipher
    name = re.sub(
        r"AES(\d+)-(GCM)?", lambda found: f"WITH-AES-{found[1]}-{found[2] or 'CBC-'}", cipher
    )
    name = name.replace("CHACHA20-POLY1305", "WITH-CHACHA20-POLY1305-SHA256")
    return f"TLS_{name}".replace("-", "_")


def _tls(connection: SSLObject | None, *, verified: bool) -> Tls | None:
    """Return how a connection is encrypted; None for one that is not."""
    if connection is None:
        return None
    certificate = connection.getpeercert(binary_form=True) or b""
    return Tls(
        protocol=(connection.version() or "").lower().replace("tlsv", "tls/"),
        cipher=registered((connection.cipher() or ("",))[0]),
        certificate=hashlib.sha256(certificate).hexdigest(),
        verified=verified,
    )


def _certificates(connection: SSLObject) -> str:
    """Return the certificates that a server sent, its own first, as PEM with what each says."""
    chain = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # noqa: SLF001 - public from Python 3.13 on
    return "".join(map(_certificate, chain or ()))


def _certificate(each: Any) -> str:
    said, pem = each.get_info(), str(each.public_bytes())
    names = {
        name: ", ".join(f"{key}={text}" for part in said[name] for key, text in part)
        for name in ("subject", "issuer")
    }
    names |= {"valid-from": said["notBefore"], "valid-until": said["notAfter"]}
    names["sha256"] = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    return "".join(f"{key}: {' '.join(text.split())}\n" for key, text in names.items()) + pem


def _raw(headers: Any) -> tuple[tuple[bytes, bytes], ...]:
    """Return a request's headers as they went to the site; the proxy's password is not for it."""
    return tuple(
        (name.encode("ascii"), value.encode("utf-8", "surrogateescape"))
        for name, value in headers.items()
        if name.lower() != "proxy-authorization"
    )
