"""A crawl: slices of at most five minutes, one Scrapy run each, until nothing is due.

Between two slices the writing lock is free, so that other commands get their turn (invariant 8).
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.settings import Settings
from scrapy.utils.log import configure_logging

from archive import records
from archive.clock import Clock, system
from archive.errors import ArchiveError, ArchiveLocked
from archive.records import Kind
from archive.runs import Counts
from archive.store import Store
from archive.urls import canonical, host_of
from crawler import allowance
from crawler.addresses import is_local
from crawler.config import NO_CAPS, Caps
from crawler.publisher import Publisher
from crawler.settings import DOWNLOAD_DELAY, USER_AGENT
from crawler.spiders.news import NewsSpider

SLICE_SECONDS = 300.0
PATIENCE = 3600.0  # seconds a crawl waits for its next turn at the archive
_PROGRESS_SECONDS = 0.5
_ENTRIES = (("feeds", Kind.FEED), ("sitemaps", Kind.SITEMAP), ("sections", Kind.SECTION))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to crawl into the archive in `root`.

    Publishers in `poll` (slugs) have their entry points looked at first. With `addresses` (URL,
    slug) only these are visited. `limit` is the most articles to fetch in all, `seconds` the time
    after which no visit is begun, `caps` the most bytes to receive. `with_parent` ends the crawl
    when standard input ends.
    """

    root: Path
    publishers: Sequence[Publisher]
    command: str
    poll: frozenset[str] = frozenset()
    addresses: Sequence[tuple[str, str]] = ()
    limit: int | None = None
    seconds: float | None = None
    contact: str | None = None
    proxy: str | None = None
    caps: Caps = NO_CAPS
    log_level: str = "WARNING"
    with_parent: bool = False
    clock: Clock = system


@dataclass(slots=True, kw_only=True)
class Summary:
    """What a crawl did over all its slices, and how many visits are left due.

    `notes` say why some were not made. `counts` has a record per slice and publisher, `problems`
    (publisher, kind, how many, one of them) per slice.
    """

    counts: list[Counts] = field(default_factory=list)
    problems: list[tuple[str, str, int, str]] = field(default_factory=list)
    seconds: float = 0.0
    left: int = 0
    notes: list[str] = field(default_factory=list)
    stopped: bool = False


class Stop:
    """Ctrl-C and SIGTERM: once, what is in hand is finished; twice, the process ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self.spider: NewsSpider | None = None

    def install(self, *, with_parent: bool) -> None:
        """Take the signals of the running event loop, and the end of standard input."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self)
        if with_parent:
            loop.add_reader(sys.stdin, self._parent_ended)

    def _parent_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin)
        if not self.asked:
            self()

    def __call__(self) -> None:
        if self.asked:
            os._exit(130)
        self.asked = True
        if self.spider is not None:
            self.spider.stop()


Progress = Callable[[Mapping[str, int]], None]


async def crawl(job: Job, *, progress: Progress | None = None) -> Summary:
    """Do everything of the job that is due, slice by slice, and say what was done.

    `progress` is called twice a second with the counts so far (`Store.totals`).

    Raises:
        ArchiveLocked, NewerArchive, NotAnArchive: if the archive cannot be written.
    """
    summary, began, stop = Summary(), time.monotonic(), Stop()
    stop.install(with_parent=job.with_parent)
    left, first, totals = job.limit, True, Counter[str]()
    while True:
        seconds = SLICE_SECONDS
        if job.seconds is not None:
            seconds = min(seconds, job.seconds - (time.monotonic() - began))
        with contextlib.ExitStack() as turn:
            store = await _take_turn(turn, job, stop, patience=0.0 if first else PATIENCE)
            _prepare(store, job, first=first)
            store.totals = totals
            room = allowance.left(store, job.caps)
            spider = await _slice(
                store, job, stop, limit=left, seconds=seconds, room=room, progress=progress
            )
            if spider.fault:
                raise ArchiveError(
                    f"{job.root}: the archive cannot be written ({spider.fault});"
                    " what was acknowledged is safe, the rest is still due"
                ) from spider.fault
            summary.counts += store.counts()
            summary.problems += store.problem_kinds()
            summary.left = _left(store, job)
            summary.notes = [*allowance.notes(store, job.caps), *_unasked(spider, job)]
            capped = allowance.left(store, job.caps) == 0
        first, left = False, spider.articles_left
        over = job.seconds is not None and time.monotonic() - began >= job.seconds
        if stop.asked or over or capped or left == 0 or not summary.left or not spider.visits:
            break
        await asyncio.sleep(0.1)  # whoever waits for the lock gets it now
    summary.seconds, summary.stopped = time.monotonic() - began, stop.asked
    return summary


async def _take_turn(turn: contextlib.ExitStack, job: Job, stop: Stop, *, patience: float) -> Store:
    """Open the archive for a slice; between slices others may write first (invariant 8)."""
    ends_at = time.monotonic() + patience
    while True:
        try:
            return turn.enter_context(
                Store(
                    job.root,
                    command=job.command,
                    software=USER_AGENT,
                    settings=warcinfo(job.contact),
                    clock=job.clock,
                )
            )
        except ArchiveLocked:
            if stop.asked or time.monotonic() >= ends_at:
                raise
            await asyncio.sleep(_PROGRESS_SECONDS)


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


def _prepare(store: Store, job: Job, *, first: bool) -> None:
    for one in job.publishers:
        store.publish(known(one))
        if first and one.slug in job.poll:
            store.enter(entry_points(one), publisher=one.slug)
        if first and job.addresses:
            mine = [(url, Kind.ARTICLE) for url, slug in job.addresses if slug == one.slug]
            store.ask(mine, publisher=one.slug)
    store.batch.commit()


def _left(store: Store, job: Job) -> int:
    """Return how many visits of the job are due; of single addresses, those alone count."""
    if not job.addresses:
        return store.count_due([one.slug for one in job.publishers])
    keys = [canonical(url) for url, _ in job.addresses]
    return sum(
        len(store.due(one.slug, articles=True, limit=len(keys), only=keys))
        for one in job.publishers
    )


async def _slice(
    store: Store,
    job: Job,
    stop: Stop,
    *,
    limit: int | None,
    seconds: float,
    room: int | None,
    progress: Progress | None,
) -> NewsSpider:
    settings = scrapy_settings(job.publishers, contact=job.contact, log_level=job.log_level)
    asked = [*settings["OPEN_URLS"], *(url for url, _ in job.addresses if is_local(host_of(url)))]
    settings.set("OPEN_URLS", asked, priority="cmdline")
    settings.set("PROXY", job.proxy, priority="cmdline")
    configure_logging(settings)
    crawler = Crawler(NewsSpider, settings)
    task = AsyncCrawlerRunner(settings).crawl(
        crawler,
        store=store,
        publishers=job.publishers,
        limit=limit,
        seconds=seconds,
        max_bytes=room,
        only=[url for url, _ in job.addresses] or None,
    )
    while not task.done():
        await asyncio.wait({task}, timeout=_PROGRESS_SECONDS)
        stop.spider = crawler.spider if isinstance(crawler.spider, NewsSpider) else None
        if stop.asked and stop.spider:
            stop.spider.stop()
        if progress:
            progress(store.totals)
    await task
    return cast("NewsSpider", crawler.spider)


def _unasked(spider: NewsSpider, job: Job) -> list[str]:
    """Return why some visits were not made: paused hosts, publishers outside their hours."""
    notes = [
        f"{host} asked to be left alone until {until:%F %H:%M} UTC; what is due there waits."
        for host, until in spider.pauses.met()
    ]
    for one in () if job.addresses else job.publishers:
        if not one.is_open(job.clock()):
            notes.append(f"{one.slug} is asked only at {one.hours} ({one.zone or 'UTC'}).")
    return notes


def entry_points(one: Publisher) -> list[tuple[str, Kind]]:
    """Return the addresses where a publisher lists its articles, with their kinds."""
    return [(url, kind) for name, kind in _ENTRIES for url in getattr(one, name)]


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
