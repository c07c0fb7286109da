"""Between the spider and the wire: request what is due, only if it changed; record what came."""

import logging
import re
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urldefrag

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from w3lib.url import safe_url_string

from archive.errors import ARCHIVE_FAULTS
from archive.models import Exchange, Kind, Visit
from archive.store import Store
from crawler.fetch.exceptions import ArchiveFault, NoAddress, TooLarge, Undecodable
from crawler.fetch.throttle import FetchServices

logger = logging.getLogger(__name__)
# What it warns of is the problem of a page, and kept as one.
logging.getLogger("scrapy.downloadermiddlewares.httpcompression").setLevel(logging.ERROR)

_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*[<{\[]|\Z")  # a coding that is named and was not used
MOST_LAYERS = 2  # one coding is usual, two happen; each more multiplies the work
LARGEST_PAGE = 10 * 1024 * 1024  # bytes, packed and unpacked
LARGEST = {Kind.SITEMAP: 52_428_800}  # sitemaps.org allows as much
LONGEST_ADDRESS = 8000  # characters; a percent-encoded Arabic path is long


def request_of(
    visit: Visit, *, callback: Callable[..., Any], errback: Callable[..., Any]
) -> Request:
    """Return the request of a visit, listings before articles.

    The address is asked for as it was found: a server may tell escapes apart that mean the same.
    Only what cannot stand in a request line (RFC 9112, section 3.2) is escaped.

    Raises:
        ValueError: if the address cannot be asked for; the message says why.
    """
    url = safe_url_string(urldefrag(visit.url).url)
    if len(url) > LONGEST_ADDRESS:
        raise ValueError(f"{len(url)} characters long")
    return Request(
        url,
        callback=callback,
        errback=errback,
        dont_filter=True,
        priority=0 if visit.kind is Kind.ARTICLE else 10,
        meta={
            "visit": visit,
            "verbatim_url": True,
            "download_maxsize": LARGEST.get(visit.kind, LARGEST_PAGE),
        },
    )


class ConditionalGet:
    """Adds the validators of the last good answer to a visit's request (RFC 9110, section 13).

    A 304 is an answer like any other and goes on to the spider.
    """

    def process_request(self, request: Request) -> None:
        visit: Visit | None = request.meta.get("visit")
        if visit is None or request.meta.get("redirect_times"):
            # The request of a redirect is a copy; the validators were not meant for its address.
            for name in ("If-None-Match", "If-Modified-Since"):
                request.headers.pop(name, None)
            return
        if visit.etag:
            request.headers["If-None-Match"] = visit.etag
        if visit.last_modified:
            request.headers["If-Modified-Since"] = visit.last_modified


class FollowRedirects(RedirectMiddleware):
    """Follows redirects; one to what is no address is a problem of its page."""

    def process_response(  # type: ignore[override]  # the spider is not passed any more
        self, request: Request, response: Response
    ) -> Request | Response:
        try:
            return super().process_response(request, response)
        except ValueError as error:
            location = (response.headers.get("Location") or b"")[:200].decode("latin-1")
            raise NoAddress(f"it redirects to {location!r}: {error}") from error


class Unpack(HttpCompressionMiddleware):
    """Undoes the content coding; a body that is not what it says it is a problem of its page."""

    def process_response(  # type: ignore[override]  # the spider is not passed any more
        self, request: Request, response: Response
    ) -> Request | Response:
        try:
            unpacked = super().process_response(request, response)
        except Undecodable:
            raise
        except IgnoreRequest as error:
            raise TooLarge(f"the body of {len(response.body)} bytes unpacks to too many") from error
        except Exception as error:  # every decoder has errors of its own, gzip's is an OSError
            raise Undecodable(
                f"the body does not unpack: {error or type(error).__name__}"
            ) from error
        left = b", ".join(unpacked.headers.getlist("Content-Encoding"))
        if isinstance(unpacked, Response) and left and not _TEXT.match(unpacked.body):
            coding = left.decode("latin-1")[:50]
            raise Undecodable(f"the body is packed as {coding}, which was not asked for")
        return unpacked

    def _handle_encoding(
        self, body: bytes, content_encoding: list[bytes], max_size: int
    ) -> tuple[bytes, list[bytes]]:
        layers = sum(value.count(b",") + 1 for value in content_encoding)
        if layers > MOST_LAYERS:
            raise Undecodable(f"the body is packed {layers} times over")
        return super()._handle_encoding(body, content_encoding, max_size)


class RecordCapture:
    """Writes every exchange to the WARC file, before anything else sees the response.

    It hands the capture on as `request.meta["capture"]`. Must sit nearest the downloader, where
    the body is still content-encoded.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(FetchServices.of(crawler).store)

    def process_response(self, request: Request, response: Response) -> Response:
        exchange: Exchange = request.meta.pop("exchange")
        visit: Visit | None = request.meta.get("visit")
        try:
            request.meta["capture"] = self._store.record(
                exchange,
                kind=visit.kind if visit else request.meta["kind"],
                publisher=(visit.publisher if visit else request.meta["publisher"]) or None,
            )
        except ARCHIVE_FAULTS as error:
            self._store.batch.break_off(error)
            raise ArchiveFault(str(error)) from error
        return response
