"""What a publisher's file means to Scrapy and to the archive: settings, entry points, identity."""

from collections.abc import Iterable
from typing import Any

from scrapy.settings import Settings

from archive import records
from archive.records import Kind, Link
from crawler.listings import wordpress
from crawler.period import Period
from crawler.publisher import Publisher
from crawler.settings import DOWNLOAD_DELAY, USER_AGENT

_ENTRIES = (("feeds", Kind.FEED), ("sitemaps", Kind.SITEMAP), ("sections", Kind.SECTION))


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


def entry_points(one: Publisher) -> list[tuple[str, Kind]]:
    """Return the addresses where a publisher lists its articles, with their kinds.

    Where its file names none, that is its front page.
    """
    if one.is_bare:
        return [(one.homepage, Kind.SECTION)] if one.homepage else []
    listed = [(url, kind) for name, kind in _ENTRIES for url in getattr(one, name)]
    return [*listed, *((wordpress.listing(url), Kind.API) for url in one.api)]


def ways_back(one: Publisher, period: Period) -> list[Link]:
    """Return the listings that lead into a publisher's past; the best way alone.

    WordPress lists everything by date; sitemaps and sections together list what there is; else the
    front page may announce one of these.
    """
    if one.api:
        return [way for url in one.api for way in wordpress.ways_back(url, period)]
    if not one.has_way_back:
        return [Link(url=one.homepage, kind=Kind.SECTION)] if one.homepage else []
    sitemaps = [Link(url=url, kind=Kind.SITEMAP) for url in one.sitemaps]
    return [*sitemaps, *(Link(url=url, kind=Kind.SECTION) for url in one.sections)]


def known(one: Publisher) -> records.Publisher:
    """Return what the archive keeps of a publisher."""
    return records.Publisher(
        slug=one.slug,
        name=one.name,
        name_latin=one.name_latin,
        homepage=one.homepage,
        country=one.country,
        language=one.language,
    )


def user_agent(contact: str | None = None) -> str:
    """Return the program's one identity, with the contact address where there is one."""
    return f"{USER_AGENT} (+{contact})" if contact else USER_AGENT


def warcinfo(contact: str | None = None) -> dict[str, str]:
    """Return how this program crawls, in the fields of a warcinfo record (WARC 1.1, annex C.1)."""
    return {"robots": "RFC 9309", "http-header-user-agent": user_agent(contact)}
