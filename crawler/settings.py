"""How Warraq crawls: Scrapy's settings, each that differs from its default with the reason."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from scrapy.settings import Settings

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
DOWNLOAD_HANDLERS = {
    "http": "crawler.fetch.handler.RecordingDownloadHandler",
    "https": "crawler.fetch.handler.RecordingDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}

# An unattended crawler offers nothing to log in to.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# `visits` is the only memory; the request queue holds what is in hand.
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"
# Those that wait for their host's turn count too; four of each of a hundred hosts that hang leave
# room for the others, and a process may have a thousand files open.
CONCURRENT_REQUESTS = 512
CONCURRENT_REQUESTS_PER_DOMAIN = 8
CONCURRENT_ITEMS = 1  # none are made, and each takes a task per response
DOWNLOAD_DELAY = 1.0  # a publisher's `delay` replaces it for its hosts
DOWNLOAD_DELAY_JITTER = 0  # a delay, and a Crawl-delay, is the least time, not the average
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

REFERRER_POLICY = "scrapy.spidermiddlewares.referer.NoReferrerPolicy"
COOKIES_ENABLED = False  # their domain check may go to the network for the public suffix list
# Only public addresses are connected to (crawler/fetch/resolver.py), and those of the URLs that
# the user wrote: entry points of publishers at a literal address, what `warraq save` was given.
OPEN_URLS: list[str] = []
PROXY = None  # `proxy` in warraq.toml

# What would do nothing here is left out: each layer costs every request its share.
EXTENSIONS = {
    "scrapy.extensions.corestats.CoreStats": None,
    "scrapy.extensions.logcount.LogCount": None,
    "scrapy.extensions.telnet.TelnetConsole": None,
    "scrapy.extensions.memusage.MemoryUsage": None,
    "scrapy.extensions.feedexport.FeedExporter": None,
    "scrapy.extensions.logstats.LogStats": None,
    "scrapy.extensions.remote_control.RemoteControl": None,
}
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
    "crawler.fetch.throttle.HostPacing": 50,
    "crawler.fetch.robots.RobotsPolicy": 100,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.fetch.middlewares.Unpack": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.fetch.middlewares.FollowRedirects": 600,
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # every status is an answer
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    # It drops a request in silence; crawler/fetch/handler.py refuses it as a problem.
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
}

EXTRACT_SECONDS = 20.0  # per page
RENDER_SECONDS = 60.0  # per page of a publisher with `render`, the pace of its requests included
EXTRACT_PROCESSES = 0  # 0: one per core

STATS_DUMP = False  # `runs` and `problems` tell what happened


def scrapy_settings(
    publishers: Iterable[Publisher], *, contact: str | None = None, log_level: str = "WARNING"
) -> Settings:
    """Return crawler/settings.py with the publishers' delays and the contact address."""
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.set("LOG_LEVEL", log_level, priority="cmdline")
    settings.set("USER_AGENT", user_agent(contact), priority="cmdline")
    settings.update(host_settings(publishers), priority="cmdline")
    return settings


def host_settings(publishers: Iterable[Publisher]) -> dict[str, Any]:
    """Return the settings that come from publishers: their hosts' delays and local addresses."""
    slots: dict[str, dict[str, float]] = {}
    named: list[str] = []
    for one in publishers:
        named += one.local_urls
        for host in one.hosts:
            delay = DOWNLOAD_DELAY if one.delay is None else one.delay
            slots[host] = {"delay": max(delay, slots.get(host, {}).get("delay", 0.0))}
    return {"DOWNLOAD_SLOTS": slots, "OPEN_URLS": named}


def user_agent(contact: str | None = None) -> str:
    """Return the program's one identity, with the contact address where there is one."""
    return f"{USER_AGENT} (+{contact})" if contact else USER_AGENT


def warcinfo(contact: str | None = None) -> dict[str, str]:
    """Return how this program crawls, in the fields of a warcinfo record (WARC 1.1, annex C.1)."""
    return {"robots": "RFC 9309", "http-header-user-agent": user_agent(contact)}
