"""What can go wrong before a crawl begins; a page's problems are data, not errors.

CrawlerError
├── PublisherError    a publisher file is wrong, or no publisher has that name
├── ConfigError       warraq.toml is wrong
└── RenderError       pages are to be rendered, and the browser for it is missing
"""


class CrawlerError(Exception):
    """The crawl cannot start; the message says which file and key, and what to do."""


class PublisherError(CrawlerError):
    """A publisher file does not validate, or the publisher is not known."""


class ConfigError(CrawlerError):
    """The archive's warraq.toml does not validate."""


class RenderError(CrawlerError):
    """A publisher's pages need a browser that is not installed."""
