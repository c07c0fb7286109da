"""Why a request got no answer that can be kept: the network, a rule of the site, our own disk."""

import re
import sqlite3

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    UnsupportedURLSchemeError,
)

# What the network did, and the kind of problem that it is.
NETWORK_ERRORS: dict[type[Exception], str] = {
    CannotResolveHostError: "network-dns",
    DownloadCancelledError: "network-cancelled",
    DownloadConnectionRefusedError: "network-refused",
    DownloadFailedError: "network-failed",
    DownloadTimeoutError: "network-timeout",
    UnsupportedURLSchemeError: "network-scheme",
}
NETWORK: tuple[type[Exception], ...] = tuple(NETWORK_ERRORS)
ARCHIVE_FAULTS = (OSError, sqlite3.Error)


def network_kind(error: BaseException | None) -> str | None:
    """Return the kind of problem that an error of the network is, None for any other error."""
    return next((kind for cause, kind in NETWORK_ERRORS.items() if isinstance(error, cause)), None)


def network_detail(error: BaseException | None) -> str:
    """Return what the network did in one line, without aiohttp's talk of its own objects."""
    return re.sub(r" ssl:(?:<[^>]*>|\w+)", "", str(error)) or type(error).__name__


class Disallowed(IgnoreRequest):
    """The site's robots.txt forbids this address to us."""


class Unreachable(IgnoreRequest):
    """The site's robots.txt could not be had, so nothing there is fetched now."""


class Undecodable(IgnoreRequest):
    """The body is not in the content coding that its header names."""


class ArchiveFault(IgnoreRequest):
    """The archive could not be written; the crawl is ending."""
