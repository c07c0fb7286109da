"""How Warraq crawls: Scrapy's settings, each that differs from its default with the reason."""

from collections.abc import Iterable
from importlib.metadata import version

from scrapy.settings import Settings

from crawler import config
from crawler.publisher import Publisher

BOT_NAME = "warraq"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

# One identity. A contact address is added to it from warraq.toml.
USER_AGENT = f"Warraq/{version('warraq')}"
ROBOTSTXT_USER_AGENT = "Warraq"
ROBOTSTXT_OBEY = True
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "ar,en;q=0.5",
    # Without br: warcio's check and other readers stumble over it, and the bytes are for decades.
    "Accept-Encoding": "gzip, deflate",
}

# asyncio alone runs the crawl: several slices one after the other in one process, no reactor.
TWISTED_REACTOR_ENABLED = False
# Of Scrapy's own handlers, middlewares and extensions these are used alone: each costs every
# request its share, and an unattended crawler offers nothing to log in to.
DOWNLOAD_HANDLERS_BASE: dict[str, str] = {}
DOWNLOAD_HANDLERS = {
    "http": "crawler.fetch.handler.RecordingDownloadHandler",
    "https": "crawler.fetch.handler.RecordingDownloadHandler",
}
DOWNLOADER_MIDDLEWARES_BASE: dict[str, int] = {}
DOWNLOADER_MIDDLEWARES = {
    "crawler.fetch.throttle.HostPacing": 50,
    "crawler.fetch.middlewares.RobotsPolicy": 100,
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
    "crawler.fetch.middlewares.Unpack": 590,
    "crawler.fetch.middlewares.FollowRedirects": 600,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": 750,
}
SPIDER_MIDDLEWARES_BASE: dict[str, int] = {}
SPIDER_MIDDLEWARES = {"scrapy.spidermiddlewares.referer.RefererMiddleware": 700}
REFERRER_POLICY = "scrapy.spidermiddlewares.referer.NoReferrerPolicy"
EXTENSIONS_BASE: dict[str, int] = {}

# `visits` is the only memory; the request queue holds what is in hand.
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"
# Those that wait for their host's turn count too; four of each of a hundred hosts that hang leave
# room for the others, and a process may have a thousand files open.
CONCURRENT_REQUESTS = 512
CONCURRENT_REQUESTS_PER_DOMAIN = 8
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"  # visits go out in their own order
CONCURRENT_ITEMS = 1  # none are made, and each takes a task per response
DOWNLOAD_DELAY = 1.0  # a publisher's `delay` replaces it for its hosts
DOWNLOAD_DELAY_JITTER = 0  # a delay, and a Crawl-delay, is the least time, not the average
DOWNLOAD_VERIFY_CERTIFICATES = True
UNVERIFIED: list[str] = []  # publishers (slugs) with `verify_tls = false`
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_MAXSIZE = 20 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 10

# Broken connections are tried again at once; an answer, even a bad one, is the visit's answer,
# and `visits` says when to ask again. Nor is a time that ran out: it would run out three times.
RETRY_HTTP_CODES: list[int] = []
RETRY_EXCEPTIONS = [
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
]
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"

# Only public addresses are connected to (crawler/fetch/resolver.py), and those of the URLs that
# the user wrote: entry points of publishers at a literal address, what `warraq save` was given.
OPEN_URLS: list[str] = []
PROXY = None  # `proxy` in warraq.toml

EXTRACT_SECONDS = 20.0  # per page
RENDER_SECONDS = 60.0  # per page of a publisher with `render`, the pace of its requests included
FULL_SECONDS = 240.0  # per page of `warraq save --full`, of which a site may have many images
FULL = False  # articles are kept as a browser shows them, too: `warraq save --full`
EXTRACT_PROCESSES = 0  # 0: one per core, fewer where memory is short; `workers` in warraq.toml
EXTRACT_MB = 512  # of memory for each; `worker_mb` in warraq.toml

STATS_DUMP = False  # `runs` and `problems` tell what happened


def scrapy_settings(
    publishers: Iterable[Publisher],
    own: config.Config = config.DEFAULTS,
    *,
    log_level: str = "WARNING",
    open_urls: Iterable[str] = (),
    full: bool = False,
) -> Settings:
    """Return crawler/settings.py with what publishers, warraq.toml and the command line say.

    Of publishers these are the delays of their hosts, and their local addresses, which may be
    connected to like `open_urls`.
    """
    slots: dict[str, dict[str, float]] = {}
    local, unverified = list(open_urls), list[str]()
    for publisher in publishers:
        local += publisher.local_urls
        unverified += [] if publisher.verify_tls else [publisher.slug]
        for host in publisher.hosts:
            delay = DOWNLOAD_DELAY if publisher.delay is None else publisher.delay
            slots[host] = {"delay": max(delay, slots.get(host, {}).get("delay", 0.0))}
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    named: dict[str, object] = {"LOG_LEVEL": log_level, "PROXY": own.proxy, "FULL": full}
    named |= {"USER_AGENT": user_agent(own.contact)}
    named |= {"DOWNLOAD_SLOTS": slots, "OPEN_URLS": local, "UNVERIFIED": unverified}
    sizes = {"EXTRACT_PROCESSES": own.workers, "EXTRACT_MB": own.worker_mb}
    named |= {name: size for name, size in sizes.items() if size}
    settings.update(named, priority="cmdline")
    return settings


def user_agent(contact: str | None = None) -> str:
    """Return the program's one identity, with the contact address where there is one."""
    return f"{USER_AGENT} (+{contact})" if contact else USER_AGENT


def warcinfo(own: config.Config = config.DEFAULTS) -> dict[str, str]:
    """Return how this program crawls, in the fields of a warcinfo record (WARC 1.1, annex C.1)."""
    return {"robots": "RFC 9309", "http-header-user-agent": user_agent(own.contact)} | (
        own.collector.lines()
    )
