"""Why a request got no answer that can be kept: the network, a rule of the site, our own disk."""

import re
from datetime import datetime

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    UnsupportedURLSchemeError,
)

from archive.problems import ProblemKind


class ProxyFailed(DownloadConnectionRefusedError):  # noqa: N818 - as its neighbours
    """The user's own proxy does not do its work; nothing can be asked through it."""


# What the network did, and the kind of problem that it is.
NETWORK_ERRORS: dict[type[Exception], ProblemKind] = {
    ProxyFailed: ProblemKind.PROXY_FAILED,
    CannotResolveHostError: ProblemKind.NETWORK_DNS,
    DownloadCancelledError: ProblemKind.NETWORK_CANCELLED,
    DownloadConnectionRefusedError: ProblemKind.NETWORK_REFUSED,
    DownloadFailedError: ProblemKind.NETWORK_FAILED,
    DownloadTimeoutError: ProblemKind.NETWORK_TIMEOUT,
    UnsupportedURLSchemeError: ProblemKind.NETWORK_SCHEME,
}
NETWORK: tuple[type[Exception], ...] = tuple(NETWORK_ERRORS)
# After these the host may be away, whatever address is asked for.
NO_ANSWER = (CannotResolveHostError, DownloadConnectionRefusedError, DownloadTimeoutError)
_LONGEST_DETAIL = 400


def network_detail(error: BaseException | None) -> str:
    """Return what the network did in one line, without aiohttp's talk of its own objects."""
    told = re.sub(r" ssl:(?:<[^>]*>|\w+)", "", str(error))
    garbage = re.match(r"400, message=(['\"])(?P<what>.*?):?(?:\\n|\1)", told)
    if garbage:  # what aiohttp says of an answer that is none
        told = f"the answer is no HTTP: {garbage['what']}"
    return " ".join(told.split())[:_LONGEST_DETAIL] or type(error).__name__


class Disallowed(IgnoreRequest):
    """The site's robots.txt forbids this address to us."""


class Unreachable(IgnoreRequest):
    """The site's robots.txt could not be had, so nothing there is fetched now."""


class Undecodable(IgnoreRequest):
    """The body is not in the content coding that its header names."""


class AddressRefused(IgnoreRequest):
    """The address is not on the open internet, or is no address to ask at all."""


class NoAddress(IgnoreRequest):
    """A redirect leads to something that is no address to ask."""


class TooLong(IgnoreRequest):
    """The URL is longer than any that leads to an article."""


class TooLarge(IgnoreRequest):
    """The body unpacks to more than any such document has."""


class HostPaused(IgnoreRequest):
    """The host is left alone for a while; nobody is asked there before `until`."""

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class ArchiveFault(IgnoreRequest):
    """The archive could not be written; the crawl is ending."""


# Why an answer was not waited for or not taken, and the kind of problem that it is.
IGNORED: dict[type[Exception], ProblemKind] = {
    Disallowed: ProblemKind.ROBOTS_DISALLOW,
    HostPaused: ProblemKind.HOST_PAUSED,
    Unreachable: ProblemKind.ROBOTS_UNREACHABLE,
    Undecodable: ProblemKind.UNDECODABLE,
    AddressRefused: ProblemKind.ADDRESS_REFUSED,
    NoAddress: ProblemKind.BAD_ADDRESS,
    TooLong: ProblemKind.BAD_ADDRESS,
    TooLarge: ProblemKind.TOO_LARGE,
    IgnoreRequest: ProblemKind.IGNORED,  # too many redirects
}


def kind_of(error: BaseException | None) -> ProblemKind | None:
    """Return the kind of problem an error is that its page or its site is to blame for."""
    kinds = IGNORED | NETWORK_ERRORS
    return next((kind for cause, kind in kinds.items() if isinstance(error, cause)), None)
