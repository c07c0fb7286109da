"""A due visit to the request that asks for it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urldefrag

from scrapy import Request
from w3lib.url import safe_url_string

from archive.models import Kind, Visit

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
