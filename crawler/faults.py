"""Why a request got no answer that can be kept: the network, a rule of the site, our own disk."""

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

NETWORK_ERRORS = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    UnsupportedURLSchemeError,
)
ARCHIVE_FAULTS = (OSError, sqlite3.Error)


class Disallowed(IgnoreRequest):
    """The site's robots.txt forbids this address to us."""


class Unreachable(IgnoreRequest):
    """The site's robots.txt could not be had, so nothing there is fetched now."""


class ArchiveFault(IgnoreRequest):
    """The archive could not be written; the crawl is ending."""
