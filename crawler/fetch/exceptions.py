"""Why a request got no answer that can be kept: the network, a rule of the site, our own disk."""

import re
from datetime import datetime

from scrapy import exceptions

from archive.problems import ProblemKind


class ProxyFailed(exceptions.DownloadConnectionRefusedError):
    """The user's own proxy does not do its work; nothing can be asked through it."""


# What the network did, and the kind of problem that it is.
NETWORK_ERRORS: dict[type[Exception], ProblemKind] = {
    ProxyFailed: ProblemKind.PROXY_FAILED,
    exceptions.CannotResolveHostError: ProblemKind.NETWORK_DNS,
    exceptions.DownloadCancelledError: ProblemKind.NETWORK_CANCELLED,
    exceptions.DownloadConnectionRefusedError: ProblemKind.NETWORK_REFUSED,
    exceptions.DownloadFailedError: ProblemKind.NETWORK_FAILED,
    exceptions.DownloadTimeoutError: ProblemKind.NETWORK_TIMEOUT,
    exceptions.UnsupportedURLSchemeError: ProblemKind.NETWORK_SCHEME,
}
# After these the host may be away, whatever address is asked for.
NO_ANSWER = {ProblemKind.NETWORK_DNS, ProblemKind.NETWORK_REFUSED, ProblemKind.NETWORK_TIMEOUT}
NO_ANSWER |= {ProblemKind.NETWORK_TLS}


def network_detail(error: BaseException | None) -> str:
    """Return what the network did in one line, without aiohttp's talk of its own objects."""
    detail = re.sub(r" ssl:(?:<[^>]*>|\w+)", "", str(error))
    garbage = re.match(r"400, message=(['\"])(?P<what>.*?):?(?:\\n|\1)", detail)
    if garbage:  # what aiohttp says of an answer that is none
        detail = f"the answer is no HTTP: {garbage['what']}"
    return " ".join(detail.split())[:400] or type(error).__name__


class NotFetched(exceptions.IgnoreRequest):
    """An address is not asked, or its answer not taken; `kind` is that of the problem it is."""

    def __init__(self, kind: ProblemKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class HostPaused(NotFetched):
    """The host is left alone for a while; nobody is asked there before `until`."""

    def __init__(self, detail: str, *, until: datetime) -> None:
        super().__init__(ProblemKind.HOST_PAUSED, detail)
        self.until = until


class ArchiveFault(exceptions.IgnoreRequest):
    """The archive could not be written; the crawl is ending."""


def kind_of(error: BaseException | None) -> ProblemKind | None:
    """Return the kind of problem an error is that its page or its site is to blame for."""
    if isinstance(error, NotFetched):
        return error.kind
    if isinstance(error, exceptions.IgnoreRequest):  # too many redirects
        return ProblemKind.IGNORED
    return next((kind for cause, kind in NETWORK_ERRORS.items() if isinstance(error, cause)), None)
