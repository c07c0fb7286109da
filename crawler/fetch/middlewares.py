"""Between the spider and the wire: request what is due, only if it changed; unpack what came."""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urldefrag

from isal import igzip_lib, isal_zlib
from scrapy import Request
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from w3lib.url import safe_url_string

from archive.models import Kind, Visit
from archive.problems import ProblemKind
from archive.urls import normal
from crawler.fetch.exceptions import NotFetched

# What it warns of is the problem of a page, and kept as one.
logging.getLogger("scrapy.downloadermiddlewares.httpcompression").setLevel(logging.ERROR)

_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*[<{\[]|\Z")  # a coding that is named and was not used
MOST_LAYERS = 2  # one coding is usual, two happen; each more multiplies the work
LARGEST_PAGE = 10 * 1024 * 1024  # bytes, packed and unpacked
LARGEST = {Kind.SITEMAP: 52_428_800}  # sitemaps.org allows as much
_VALIDATORS = ("If-None-Match", "If-Modified-Since")


def request_of(
    visit: Visit, *, callback: Callable[..., Any], errback: Callable[..., Any]
) -> Request:
    """Return the request of a visit, listings before articles.

    It is conditional where the last good answer gave validators (RFC 9110, section 13).

    The address is asked for as it was found: a server may tell escapes apart that mean the same.
    Only what cannot stand in a request line (RFC 9112, section 3.2) is escaped.

    Raises:
        ValueError: if the address cannot be asked for; the message says why.
    """
    normal(visit.url)
    validators = zip(_VALIDATORS, (visit.etag, visit.last_modified), strict=True)
    return Request(
        safe_url_string(urldefrag(visit.url).url),
        headers={name: value for name, value in validators if value},
        callback=callback,
        errback=errback,
        dont_filter=True,
        priority=0 if visit.kind is Kind.ARTICLE else 10,
        meta={
            "visit": visit,
            "kind": visit.kind,
            "publisher": visit.publisher,
            "verbatim_url": True,
            "download_maxsize": LARGEST.get(visit.kind, LARGEST_PAGE),
        },
    )


class FollowRedirects(RedirectMiddleware):
    """Follows redirects; one to an address that is not valid is a problem of its page."""

    def process_response(  # type: ignore[override]  # the spider is not passed any more
        self, request: Request, response: Response
    ) -> Request | Response:
        try:
            followed = super().process_response(request, response)
            if isinstance(followed, Request):
                normal(followed.url)
        except ValueError as error:
            detail = f"it redirects to no address: {error}"
            raise NotFetched(ProblemKind.BAD_ADDRESS, detail) from error
        if isinstance(followed, Request):  # the validators were not meant for its address
            for name in _VALIDATORS:
                followed.headers.pop(name, None)
        return followed


class Unpack(HttpCompressionMiddleware):
    """Undoes the content coding; a body that is not what it says it is a problem of its page."""

    def process_response(  # type: ignore[override]  # the spider is not passed any more
        self, request: Request, response: Response
    ) -> Request | Response:
        layers = _codings(response).count(b",") + 1
        if layers > MOST_LAYERS:
            raise _undecodable(f"the body is packed {layers} times over")
        try:
            unpacked = super().process_response(request, response)
        except IgnoreRequest as error:
            detail = f"the body of {len(response.body)} bytes unpacks to too many"
            raise NotFetched(ProblemKind.TOO_LARGE, detail) from error
        except Exception as error:  # every decoder has errors of its own, gzip's is an OSError
            what = str(error) or type(error).__name__
            raise _undecodable(f"the body does not unpack: {what}") from error
        left = _codings(unpacked)
        if left and isinstance(unpacked, Response) and not _TEXT.match(unpacked.body):
            coding = left.decode("latin-1")[:50]
            raise _undecodable(f"the body is packed as {coding}, which was not asked for")
        return unpacked

    @classmethod
    def _decode(cls, body: bytes, encoding: bytes, max_size: int) -> bytes:
        """Undo one coding; a whole gzip member at three times Scrapy's speed."""
        if encoding in {b"gzip", b"x-gzip"}:
            member = isal_zlib.decompressobj(31)
            with suppress(igzip_lib.IsalError):  # type: ignore[arg-type]  # its stubs
                plain: bytes = member.decompress(body, max_size + 1)
                if member.eof and not member.unused_data and len(plain) <= max_size:
                    return plain
        return super()._decode(body, encoding, max_size)


_undecodable = partial(NotFetched, ProblemKind.UNDECODABLE)


def _codings(message: Request | Response) -> bytes:
    return b",".join(message.headers.getlist("Content-Encoding"))
