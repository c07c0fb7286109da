"""A look at sites from beginning to end: the archive opened, the scout sent, the archive closed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.utils.log import configure_logging

from archive.clock import Clock
from archive.errors import ArchiveError, unwritten
from archive.store import Store
from crawler.config import Config
from crawler.errors import CrawlerError
from crawler.politeness import allowance
from crawler.publisher import Publisher
from crawler.scouting.scout import NOBODY, Scout
from crawler.settings import USER_AGENT
from crawler.stop import Stop
from crawler.wiring import known, scrapy_settings, warcinfo

T = TypeVar("T")
Inquiry = Callable[[Scout], Awaitable[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Generic[T]):
    """What to look at, and where the bytes go: the archive in `root`.

    `named` are URLs that the user wrote: their hosts may be of the own machine or network.
    """

    inquiry: Inquiry[T]
    root: Path
    command: str
    publishers: Sequence[Publisher]
    named: Sequence[str] = ()
    settings: Config
    log_level: str
    clock: Clock
    tell: Callable[[str], None] = lambda _line: None


async def look(errand: Errand[T]) -> T:
    """Run an inquiry and return what it found; its exchanges are in the WARC files then.

    Raises:
        CrawlerError: what the inquiry raised.
        ArchiveError: if the archive cannot be written.
    """
    stop = Stop()
    stop.install(with_parent=False)
    with Store(
        errand.root,
        command=errand.command,
        software=USER_AGENT,
        settings=warcinfo(errand.settings.contact),
        clock=errand.clock,
    ) as store:
        scout = await _send(errand, store, stop)
        if scout.fault:
            raise ArchiveError(unwritten(scout.fault, errand.root)) from scout.fault
    if scout.workers.failure:
        raise scout.workers.failure
    if scout.failure:
        raise scout.failure
    return cast("T", scout.result)


async def _send(errand: Errand[T], store: Store, stop: Stop) -> Scout:
    room = allowance.left(store, errand.settings.caps)
    if room == 0:
        raise CrawlerError(" ".join(allowance.notes(store, errand.settings.caps)))
    for one in errand.publishers:
        if one.slug != NOBODY:
            store.publish(known(one))
    settings = scrapy_settings(
        errand.publishers, contact=errand.settings.contact, log_level=errand.log_level
    )
    settings.set("OPEN_URLS", [*settings["OPEN_URLS"], *errand.named], priority="cmdline")
    settings.set("PROXY", errand.settings.proxy, priority="cmdline")
    settings.set("EXTRACT_PROCESSES", 1, priority="cmdline")  # a look reads a handful of pages
    configure_logging(settings)
    crawler = Crawler(Scout, settings)

    async def inquiry(scout: Scout) -> T:
        stop.spider = scout
        if stop.asked:
            scout.stop()
        return await errand.inquiry(scout)

    await AsyncCrawlerRunner(settings).crawl(
        crawler,
        store=store,
        publishers=errand.publishers,
        inquiry=inquiry,
        max_bytes=room,
        tell=errand.tell,
    )
    return cast("Scout", crawler.spider)
