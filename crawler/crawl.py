"""A crawl: slices of at most five minutes, one Scrapy run each, until nothing is due.

Between two slices the writing lock is free, so that other commands get their turn (invariant 8).
"""

import asyncio
import gc
import logging
import math
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.utils.log import configure_logging

from archive import runs, visits
from archive.clock import Clock, system
from archive.errors import ArchiveError, unwritten
from archive.models import Kind, Progress, silent
from archive.runs import Counts
from archive.service import for_journal
from archive.store import Store
from archive.urls import host_of
from crawler.config import DEFAULTS, Config
from crawler.daterange import ALWAYS, Period
from crawler.fetch.addresses import is_local
from crawler.frontier import charge, entry_points, ways_back
from crawler.publisher import Publisher
from crawler.settings import USER_AGENT, scrapy_settings, warcinfo
from crawler.spiders.news import NewsSpider, check_browser
from crawler.turns import STOP_SECONDS, Stop, take_turns

_GARBAGE = 50_000  # new objects until Python looks for cycles
BACK_SECONDS = 60.0  # of a slice into the past: so long the news wait at most
_PROGRESS_SECONDS = 0.5
_FINISH_SECONDS = STOP_SECONDS / 2  # that what is in hand gets once a crawl is to stop
_HEAD_START = 30.0  # of everything else, in the slice after a crawl died
_SHOWN = ("new", "changed", "problems")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to crawl into the archive in `root`.

    Publishers in `poll` (slugs) have their entry points looked at first. With `addresses` (URL,
    slug) only these are visited, and made due if they are to be `asked` for. With `full`, pages are
    kept as a browser shows them, too. `limit` is the most articles to fetch in all, `seconds` the
    time after which no visit is begun, `config` what warraq.toml says. `with_parent` ends the crawl
    when standard input ends. What was published before `period` is left to walks `back`: those
    visit nothing else, in a period with two ends. With `failed`, failed visits are due again,
    those that were given up included. A first turn at the archive is waited for `patience` seconds.
    """

    root: Path
    publishers: Sequence[Publisher]
    command: str
    poll: frozenset[str] = frozenset()
    addresses: Sequence[tuple[str, str]] = ()
    asked: bool = True
    full: bool = False
    limit: int | None = None
    seconds: float | None = None
    config: Config = DEFAULTS
    log_level: str = "WARNING"
    with_parent: bool = False
    period: Period = ALWAYS
    back: bool = False
    failed: bool = False
    patience: float = 0.0
    clock: Clock = system


@dataclass(slots=True, kw_only=True)
class Summary:
    """What a crawl did over all its slices, and how many visits are left due.

    `notes` say why some were not made. `counts` has a record per slice and publisher, `problems`
    (publisher, kind, how many, one of them) per slice. It was `hindered` where hosts were paused,
    and `unable` where nobody could be asked.
    """

    counts: list[Counts] = field(default_factory=list)
    problems: list[tuple[str, str, int, str]] = field(default_factory=list)
    seconds: float = 0.0
    left: int = 0
    notes: list[str] = field(default_factory=list)
    stopped: bool = False
    hindered: bool = False
    unable: bool = False

    @property
    def reached_nothing(self) -> bool:
        """Whether no host answered: those it asked did not, or are left alone."""
        refused = self.hindered or any(kind.startswith("network-") for _, kind, *_ in self.problems)
        return refused and not self.stopped and not any(one.requests for one in self.counts)


async def crawl(job: Job, *, progress: Progress = silent) -> Summary:
    """Do everything of the job that is due, slice by slice, and say what was done.

    `progress` is called twice a second with the requests so far, and in words what came of them.

    Raises:
        ArchiveLocked, NewerArchive, NotAnArchive, ArchiveError: if the archive cannot be written.
        RenderError: if a publisher's pages need a browser that is not there.
        NoWorkers: if no process that reads pages stays alive.
    """
    check_browser(job.publishers, job.root, full=job.full)
    gc.freeze()  # what is imported stays; looking through it again and again takes a tenth of all
    gc.set_threshold(_GARBAGE)
    slices, began = _Slices(job, progress), time.monotonic()
    days = {name: str(day) for name, day in asdict(job.period).items() if day}  # for a rebuild
    opened = partial(
        Store,
        job.root,
        command=job.command,
        software=USER_AGENT,
        settings=warcinfo(job.config) | days,
        clock=job.clock,
    )
    await take_turns(opened, slices.crawl, root=job.root, stop=slices.stop, patience=job.patience)
    slices.summary.seconds = time.monotonic() - began
    slices.summary.stopped = slices.stop.asked
    return slices.summary


def _in_hand(crawler: Crawler) -> int:
    return len(crawler.spider.frontier.in_hand) if isinstance(crawler.spider, NewsSpider) else 0


class _Slices:
    """A job's slices, one after the other, and what they share."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self.summary = Summary()
        self.stop = Stop(with_parent=job.with_parent, seconds=STOP_SECONDS)
        self._job = job
        self._progress = progress
        self._warnings: list[str] = []
        self._ends_at = math.inf if job.seconds is None else time.monotonic() + job.seconds
        self._totals = Counter[str]()
        self._limit = job.limit
        self._is_first = True
        self._held: list[str] = []  # what was in hand when a crawl died
        self._head_start = 0.0

    async def crawl(self, store: Store, ends_at: float) -> bool:
        """Crawl for one slice; return whether another is to follow."""
        store.totals = self._totals
        self._prepare(store)
        spider = await self._run_spider(store, min(ends_at, self._ends_at))
        self._add_up(store, spider)
        if spider.workers.failure:
            raise spider.workers.failure
        self._is_first, self._limit = False, spider.frontier.articles_left
        self._held = spider.frontier.held
        is_over = spider.unable or self._job.config.left(store) == 0 or self._limit == 0
        is_idle = not self.summary.left or not spider.frontier.ended
        return not (is_over or is_idle or time.monotonic() >= self._ends_at)

    def _prepare(self, store: Store) -> None:
        """Bring the publishers up to date; the first slice makes what the job is about due."""
        job = self._job
        left = charge(store)
        self._held += left
        self._head_start = _HEAD_START if left else 0.0
        store.batch.open()
        if ahead := visits.correct_fast_clock(store.db, now=store.clock()):
            self._warnings.append(
                f"An earlier run's clock was {ahead / timedelta(hours=1):,.1f} hours ahead of this"
                " one; what it had postponed is due again. Check the machine's clock."
            )
        for publisher in job.publishers:
            slug = publisher.slug
            store.publish(publisher.record(), wanted=publisher.wanted)
            if not self._is_first:
                continue
            if job.failed:
                visits.retry(store.db, slug, now=store.clock())
            if job.back:
                ways, restart = ways_back(publisher, job.period), not publisher.has_way_back
                visits.walk_back(store.db, ways, publisher=slug, now=store.clock(), restart=restart)
            if slug in job.poll:
                points = entry_points(publisher)
                store.enter(points, publisher=slug)
                if not points:
                    self._warnings.append(f"{slug}: its file names no listing and no homepage.")
            mine = [(url, Kind.ARTICLE) for url, whose in job.addresses if whose == slug]
            store.ask(mine if job.asked else (), publisher=slug)
        store.batch.commit()

    async def _run_spider(self, store: Store, ends_at: float) -> NewsSpider:
        job, urls = self._job, [url for url, _ in self._job.addresses]
        settings = scrapy_settings(
            job.publishers,
            job.config,
            log_level=job.log_level,
            full=job.full,
            open_urls=[url for url in urls if is_local(host_of(url))],
        )
        configure_logging(settings)
        if "JOURNAL_STREAM" in os.environ:
            for_journal()
        for name in ("scrapy", "crawler"):  # each record that nobody sees costs its making
            logging.getLogger(name).setLevel(job.log_level)
        crawler = Crawler(NewsSpider, settings)
        self.stop.in_hand = partial(_in_hand, crawler)
        seconds = ends_at - time.monotonic()
        task = AsyncCrawlerRunner(settings).crawl(
            crawler,
            store=store,
            publishers=job.publishers,
            own=job.config,
            limit=self._limit,
            seconds=min(seconds, BACK_SECONDS) if job.back else seconds,
            max_bytes=job.config.left(store),
            only=urls or None,
            period=job.period,
            back=job.back,
            held=self._held,
            head_start=self._head_start,
        )
        if await self._has_ended(task, crawler, store):
            await task
        return cast("NewsSpider", crawler.spider)

    async def _has_ended(
        self, task: "asyncio.Future[None]", crawler: Crawler, store: Store
    ) -> bool:
        """Wait for the end of a crawl, or until it has taken too long to stop; what it has is due.

        Return whether it has ended.
        """
        stopped_at = math.inf
        while not task.done():
            await asyncio.wait({task}, timeout=_PROGRESS_SECONDS)
            if self.stop.asked and isinstance(crawler.spider, NewsSpider):
                crawler.spider.stop()
                stopped_at = min(stopped_at, time.monotonic())
                if time.monotonic() - stopped_at > _FINISH_SECONDS:
                    crawler.spider.closed("stopped")
                    for name in ("asyncio", "scrapy"):  # of what is cut off there is nothing to say
                        logging.getLogger(name).setLevel(logging.CRITICAL)
                    return False
            came = ", ".join(f"{store.totals[name]:,} {name}" for name in _SHOWN)
            self._progress(f"requests, {came}", store.totals["requests"], None)
        return True

    def _add_up(self, store: Store, spider: NewsSpider) -> None:
        """Add what a slice did to the summary."""
        job, summary = self._job, self.summary
        if fault := store.batch.fault:
            raise ArchiveError(unwritten(fault, job.root)) from fault
        summary.counts += runs.counts(store.db, store.run)
        summary.problems += runs.problem_kinds(store.db, store.run)
        summary.left = visits.count_due(
            store.db,
            [publisher.slug for publisher in job.publishers],
            now=store.clock(),
            within=job.period.span if job.back else None,
            only=[key for url, _ in job.addresses for key in store.keys(url)] or None,
        )
        summary.notes = [*job.config.notes(store), *self._warnings]
        if spider.unable:
            summary.unable = True
            summary.notes.append(f"{spider.unable}; what is due stays due.")
        paused = spider.pauses.met()
        summary.hindered |= bool(paused)
        for place, until in paused:
            summary.notes.append(
                f"Not contacting {place} again until {until:%F %H:%M} UTC;"
                " its pending visits are postponed."
            )
        for one in () if job.addresses else job.publishers:
            if not one.is_open(job.clock()):
                zone = one.zone or "UTC"
                summary.notes.append(f"{one.slug} is only crawled at {one.hours} ({zone}).")
