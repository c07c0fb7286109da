"""What can keep a crawl from its work; a page's problems are data, not errors.

CrawlerError
├── PublisherError    a publisher file is wrong, or no publisher has that name
├── ConfigError       warraq.toml is wrong
├── CannotFollow      a site was surveyed, and is not a newspaper that can be followed
├── InquiryStopped    the user stopped a survey or a check
├── DownloadFailed    a file to import cannot be had
├── RenderError       pages are to be rendered, and the browser for it is missing
└── NoWorkers         the processes that read pages die as they start
"""

from archive.problems import ProblemKind


class CrawlerError(Exception):
    """The crawl cannot be done; the message says why (which file and key), and what to do."""


class PublisherError(CrawlerError):
    """A publisher file does not validate, or the publisher is not known."""


class CannotFollow(CrawlerError):  # noqa: N818 - what it says to the user
    """A site is not a newspaper, or does not let us see that it is one."""


class InquiryStopped(CrawlerError):  # noqa: N818 - what happened
    """The user stopped a survey or a check of sites."""


class NoWorkers(CrawlerError):  # noqa: N818 - what is missing
    """No process that reads pages stays alive; the message says what to check."""


class ConfigError(CrawlerError):
    """The archive's warraq.toml does not validate."""


class RenderError(CrawlerError):
    """A publisher's pages need a browser that is not installed."""


class DownloadFailed(CrawlerError):  # noqa: N818 - what happened
    """A file that is to be imported cannot be downloaded; the message says why."""


class NotRendered(Exception):  # noqa: N818 - what happened, to a page
    """A browser could not show a page; `kind` is that of the problem it is."""

    def __init__(self, kind: ProblemKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class NotAListing(Exception):  # noqa: N818 - an instruction to its catcher, not an accident
    """The body is not a listing of the expected kind; the message says what it is."""


class Unread(Exception):  # noqa: N818 - what the page is
    """A page took too long, ended its process, or made the reader fail; says why."""

    def __init__(self, kind: ProblemKind, why: str) -> None:
        super().__init__(why)
        self.kind = kind
