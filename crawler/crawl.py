"""A crawl: slices of at most five minutes, one Scrapy run each, until nothing is due.

Between two slices the writing lock is free, so that other commands get their turn (invariant 8).
"""

import asyncio
import contextlib
import gc
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.utils.log import configure_logging

from archive.clock import Clock, system
from archive.errors import ArchiveError, unwritten
from archive.models import Kind, Progress, silent
from archive.runs import Counts
from archive.store import Store
from archive.urls import host_of
from archive.visits import correct_fast_clock
from crawler import turns
from crawler.browser import render
from crawler.daterange import Period
from crawler.fetch import limits
from crawler.fetch.addresses import is_local
from crawler.fetch.limits import NO_CAPS, Caps
from crawler.frontier import entry_points, ways_back
from crawler.publisher import Publisher
from crawler.settings import USER_AGENT, scrapy_settings, warcinfo
from crawler.spiders.news import NewsSpider
from crawler.turns import Stop

_GARBAGE = 50_000  # new objects until Python looks for cycles
BACK_SECONDS = 60.0  # of a slice into the past: so long the news wait at most
_PROGRESS_SECONDS = 0.5
_SHOWN = ("new", "changed", "problems")
ALWAYS = Period()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to crawl into the archive in `root`.

    Publishers in `poll` (slugs) have their entry points looked at first. With `addresses` (URL,
    slug) only these are visited. `limit` is the most articles to fetch in all, `seconds` the time
    after which no visit is begun, `caps` the most bytes to receive. `with_parent` ends the crawl
    when standard input ends. What was published before `period` is left to walks `back`: those
    visit nothing else, in a period with two ends. A first turn at the archive is waited for
    `patience` seconds.
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
    period: Period = ALWAYS
    back: bool = False
    patience: float = 0.0
    clock: Clock = system


@dataclass(slots=True, kw_only=True)
class Summary:
    """What a crawl did over all its slices, and how many visits are left due.

    `notes` say why some were not made, `set_back` is one of them. `counts` has a record per slice
    and publisher, `problems` (publisher, kind, how many, one of them) per slice.
    """

    counts: list[Counts] = field(default_factory=list)
    problems: list[tuple[str, str, int, str]] = field(default_factory=list)
    seconds: float = 0.0
    left: int = 0
    notes: list[str] = field(default_factory=list)
    stopped: bool = False
    set_back: str | None = None


async def crawl(job: Job, *, progress: Progress = silent) -> Summary:
    """Do everything of the job that is due, slice by slice, and say what was done.

    `progress` is called twice a second with the requests so far, and in words what came of them.

    Raises:
        ArchiveLocked, NewerArchive, NotAnArchive, ArchiveError: if the archive cannot be written.
        RenderError: if a publisher's pages need a browser that is not there.
        NoWorkers: if no process that reads pages stays alive.
    """
    render.check(job.publishers, [job.root / "publishers"])
    gc.freeze()  # what is imported stays; looking through it again and again takes a tenth of all
    gc.set_threshold(_GARBAGE)
    summary, began, stop = Summary(), time.monotonic(), Stop()
    stop.install(with_parent=job.with_parent)
    limit, first, totals = job.limit, True, Counter[str]()
    while True:
        seconds = BACK_SECONDS if job.back else turns.SLICE_SECONDS
        if job.seconds is not None:
            seconds = min(seconds, job.seconds - (time.monotonic() - began))
        with contextlib.ExitStack() as turn:
            patience = job.patience if first else turns.PATIENCE
            store = await turns.take(turn, partial(_store, job), job.root, stop, patience=patience)
            store.totals = totals
            _prepare(store, job, summary, first=first)
            spider = await _slice(store, job, stop, limit=limit, seconds=seconds, progress=progress)
            _add_up(summary, store, job, spider)
            capped = limits.left(store, job.caps) == 0
        first, limit = False, spider.frontier.articles_left
        over = job.seconds is not None and time.monotonic() - began >= job.seconds
        idle = not summary.left or not spider.frontier.ended
        if spider.workers.failure:
            raise spider.workers.failure
        if stop.asked or spider.unable or over or capped or limit == 0 or idle:
            break
        await turns.hand_over(job.root)
    summary.seconds, summary.stopped = time.monotonic() - began, stop.asked
    return summary


def _add_up(summary: Summary, store: Store, job: Job, spider: NewsSpider) -> None:
    """Add what a slice did to the summary."""
    if fault := store.batch.fault:
        raise ArchiveError(unwritten(fault, job.root)) from fault
    summary.counts += store.counts()
    summary.problems += store.problem_kinds()
    summary.left = _left(store, job)
    summary.notes = [*limits.notes(store, job.caps), *_unasked(spider, job)]
    if summary.set_back:
        summary.notes.append(summary.set_back)


def _store(job: Job) -> Store:
    return Store(
        job.root,
        command=job.command,
        software=USER_AGENT,
        settings=warcinfo(job.contact) | _days(job.period),
        clock=job.clock,
    )


def _days(period: Period) -> dict[str, str]:
    """Return the days that a crawl is about, as a warcinfo record has them: rebuilds keep to it."""
    ends = {"since": period.since, "until": period.until}
    return {name: day.isoformat() for name, day in ends.items() if day}


def _prepare(store: Store, job: Job, summary: Summary, *, first: bool) -> None:
    store.batch.open()
    if ahead := correct_fast_clock(store.db, now=store.clock()):
        summary.set_back = (
            f"An earlier run's clock was {ahead / timedelta(hours=1):,.1f} hours ahead of this one;"
            " what it had postponed is due again. Check the machine's clock."
        )
    for one in job.publishers:
        store.publish(one.record())
        if first and job.back:
            ways = ways_back(one, job.period)
            store.past.begin(ways, publisher=one.slug, anew=not one.has_way_back)
        if first and one.slug in job.poll:
            store.enter(entry_points(one), publisher=one.slug)
        if first and job.addresses:
            mine = [(url, Kind.ARTICLE) for url, slug in job.addresses if slug == one.slug]
            store.ask(mine, publisher=one.slug)
    store.batch.commit()


def _left(store: Store, job: Job) -> int:
    """Return how many visits of the job are due; of single addresses, those alone count."""
    since, until = job.period.since, job.period.until
    if job.back and since and until:
        return sum(store.past.count(one.slug, since=since, until=until) for one in job.publishers)
    if not job.addresses:
        return store.count_due([one.slug for one in job.publishers])
    keys = [key for url, _ in job.addresses for key in store.keys(url)]
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
    progress: Progress,
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
        max_bytes=limits.left(store, job.caps),
        only=[url for url, _ in job.addresses] or None,
        period=job.period,
        back=job.back,
    )
    while not task.done():
        await asyncio.wait({task}, timeout=_PROGRESS_SECONDS)
        stop.spider = crawler.spider if isinstance(crawler.spider, NewsSpider) else None
        if stop.asked and stop.spider:
            stop.spider.stop()
        came = ", ".join(f"{store.totals[name]:,} {name}" for name in _SHOWN)
        progress(f"requests, {came}", store.totals["requests"], None)
    await task
    return cast("NewsSpider", crawler.spider)


def _unasked(spider: NewsSpider, job: Job) -> list[str]:
    """Return why some visits were not made: paused hosts, publishers outside their hours."""
    notes = [f"{spider.unable}; what is due waits."] if spider.unable else []
    notes += [
        f"{place} is left alone until {until:%F %H:%M} UTC; what is due there waits."
        for place, until in spider.pauses.met()
    ]
    for one in () if job.addresses else job.publishers:
        if not one.is_open(job.clock()):
            notes.append(f"{one.slug} is asked only at {one.hours} ({one.zone or 'UTC'}).")
    return notes
