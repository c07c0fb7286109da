"""Worker processes: each reads one page or listing, within a time limit; replaced when it dies.

trafilatura crashes the interpreter under threads (trafilatura#925, #840), and a page can hang it;
feedparser takes a quarter of a minute for 300 kB of nested elements. The process that workers are
forked from is started first, and imports what they need meanwhile.
"""

import asyncio
import gc
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from functools import partial
from heapq import nlargest
from itertools import islice
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from archive.models import Capture, Extraction, Kind, Link, PageKind, Problem, WarcLocation
from archive.problems import ProblemKind
from archive.stories import prepared
from archive.warc.reader import read_payload
from crawler.errors import NotAListing, NoWorkers, Unread
from crawler.listings import follow
from crawler.listings.sitemaps import without
from crawler.publisher import Publisher

if TYPE_CHECKING:  # a worker needs no Scrapy
    from scrapy.settings import BaseSettings

MEGABYTES = 512  # of address space; a page that needs more is a problem. Large ones take 350
_AHEAD = 2  # pages of a publisher for each process: one that it reads, and the next
BROKEN_POOLS = 4  # in a row in which no work was done, before it is given up
_GARBAGE = 100_000  # new objects until Python looks for cycles: a page's tree has few, and goes
_CONTAINER = Path("/sys/fs/cgroup/memory.max")  # bytes (Linux, cgroup v2)
_LOOK_SECONDS = 1.0  # between two looks whether the pool lives, while an answer is waited for

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Stopped(Exception):  # noqa: N818 - what happened, to a worker that was asked to stop
    """The worker was asked to stop while it read the page; the page is as due as before."""


class _Broken(Exception):  # noqa: N818 - what the pool is
    """All processes of the pool ended while none of them read a page."""


SECONDS = 20.0
MOST_LINKS = 10_000  # of a listing
MOST_PAGES = 100_000  # of a sitemap; sitemaps.org allows 50,000


class Workers:
    """Reads captures in a pool of processes of its own; close it when done.

    A page is `Stopped` where the processes were asked to stop. Where all of them die beside their
    work (as they start, or killed while they were idle), a new pool takes its place and does it.
    Where none of `BROKEN_POOLS` in a row does any, `failure` says so, and all work is `Stopped`.
    """

    def __init__(
        self,
        *,
        processes: int | None = None,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
    ) -> None:
        """Start up to `processes`; a page may take `seconds`, and so much memory.

        By default one per core, as far as the machine has memory for them and as much again.
        """
        self._number = processes or usual_number(megabytes)
        self._megabytes = megabytes
        self._seconds = seconds
        # What more of a publisher's pages there are waits here: those of others have their turn.
        limit = partial(asyncio.Semaphore, _AHEAD * self._number)
        self._turns: defaultdict[str | None, asyncio.Semaphore] = defaultdict(limit)
        self._broken = 0
        self._stopping = self._closed = False
        self.failure: NoWorkers | None = None
        self.busy = 0  # pages that are being read
        self._pool = self._started()

    @classmethod
    def of(cls, settings: "BaseSettings") -> Self:
        """Start the processes that a crawl's settings ask for."""
        return cls(
            processes=settings.getint("EXTRACT_PROCESSES") or None,
            seconds=settings.getfloat("EXTRACT_SECONDS"),
            megabytes=settings.getint("EXTRACT_MB"),
        )

    async def extract(
        self, capture: Capture, publisher: Publisher, *, hints: Link | None = None
    ) -> Extraction:
        """Extract a captured page; a page that kills or outlives its worker is a problem."""
        try:
            return await self.do(partial(_extract, capture, publisher, hints), whose=publisher.slug)
        except Unread as error:
            problem = Problem(kind=error.kind, detail=str(error), stage="extract")
            return Extraction(kind=PageKind.OTHER, problems=(problem,))

    async def links(self, capture: Capture, **asked: bool) -> Iterable[Link]:
        """Return the links of a captured listing, at most `MOST_LINKS`; of a sitemap `MOST_PAGES`.

        `announced` and `every` are asked of sections (`follow.links`). Where a sitemap breaks,
        NotAListing is raised after the links that come before; Stopped before the next one once
        `stop` was called.

        Raises:
            NotAListing: if it is none, or cannot be read.
            Stopped: if it could not be read, and is as due as before.
        """
        try:
            work = partial(_links, capture, **asked)
            links, broken = await self.do(work, whose=capture.publisher)
        except Unread as error:
            raise NotAListing(str(error)) from error
        if broken is not None and not links:
            raise NotAListing(broken)
        return self._up_to_the_break(links, broken)

    async def changed(
        self, capture: Capture, folder: Path, known: WarcLocation
    ) -> tuple[Capture, int]:
        """Return a sitemap without the entries that an earlier payload had, and how many those are.

        As it is where that payload, in a WARC file of the folder, cannot be read any more.
        """
        with suppress(Unread):
            return await self.do(partial(_changed, capture, folder, known))
        return capture, 0

    async def wall(self, capture: Capture) -> Problem | None:
        """Return what stands in the body of an error's answer, if it is a known kind of page."""
        with suppress(Unread):  # then the status has to speak
            work = partial(_wall, capture)
            return await self.do(work, whose=capture.publisher) if capture.body else None
        return None

    async def do(self, work: Callable[[], T], *, whose: str | None = None) -> T:
        """Return what a worker made of some work, by another pool if this one breaks.

        Work on a publisher's pages (`whose`) leaves room for that on the others'.

        Raises:
            Stopped: if the processes were asked to stop, or no pool lives.
            Unread: if the work failed, ended its worker, or took too long.
        """
        async with self._turns[whose]:
            return await self._done(work)

    async def _done(self, work: Callable[[], T]) -> T:
        while self.failure is None and not self._closed:
            pool = self._pool
            try:
                answer = await self._answer(pool, work)
            except Stopped:
                raise
            except _Broken:
                self._replace(pool)
                continue
            except TimeoutError as error:
                why = f"reading it took over {self._seconds:g} s"
                raise Unread(ProblemKind.EXTRACT_TIMEOUT, why) from error
            except ProcessExpired as error:
                self._broken = 0  # one of them lived long enough to begin
                if error.exitcode == -signal.SIGTERM:  # the whole group is being stopped
                    raise Stopped from error
                why = f"reading it ended its process ({error})"
                raise Unread(ProblemKind.EXTRACT_CRASH, why) from error
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
                raise Unread(ProblemKind.EXTRACT_ERROR, why) from error
            self._broken = 0
            return answer
        raise Stopped from self.failure

    def stop(self) -> None:
        """Read no further page, and give no further links of listings, which may have many."""
        self._stopping = True

    def close(self) -> None:
        """End the processes; nothing waits for them any more."""
        self._closed = True
        _end(self._pool)

    def _up_to_the_break(self, links: list[Link], broken: str | None) -> Iterator[Link]:
        for link in links:
            if self._stopping:
                raise Stopped
            yield link
        if broken is not None:
            raise NotAListing(broken)

    def _started(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._number,
            max_tasks=2000,  # a library's slow leak stays small
            initializer=partial(_begin, self._megabytes),
            context=start_forkserver(),
        )

    async def _answer(self, pool: ProcessPool, work: Callable[[], T]) -> T:
        try:
            scheduled = pool.schedule(work, timeout=self._seconds)
            future = asyncio.wrap_future(scheduled)
        except (RuntimeError, OSError, EOFError) as error:  # broken before, or no process starts
            raise _Broken from error
        self.busy += 1
        try:
            # What is handed in while the pool breaks is not always told of it.
            while not (await asyncio.wait({future}, timeout=_LOOK_SECONDS))[0]:
                if not pool.active:
                    raise _Broken
                if self._stopping and not scheduled.running():
                    raise Stopped
            return future.result()
        except BrokenProcessPool as error:
            raise _Broken from error
        finally:
            self.busy -= 1
            future.cancel()  # where nobody waits any more, nobody would hear how it ended either

    def _replace(self, pool: ProcessPool) -> None:
        """Start a new pool in the place of a broken one, unless that was done, or often enough."""
        if pool is not self._pool or self.failure or self._closed:
            return
        self._broken += 1
        if self._broken < BROKEN_POOLS:
            logger.warning("all processes that read pages have ended; new ones are started")
            _end(pool)
            self._pool = self._started()
            return
        self.failure = NoWorkers(
            f"the processes that read pages die as they start, {self._broken} times in a row;"
            " what was fetched is kept, and the pages are still due. Is there memory left, and no"
            " tight limit on it (ulimit -v)? Does `warraq extract` read a page here?"
        )


def usual_number(megabytes: int) -> int:
    """Return how many processes of so much memory each this machine or container is for."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # "max", where a container has no limit
        memory = min(memory, int(_CONTAINER.read_text("ascii")))
    return max(1, min(os.cpu_count() or 1, memory // 1024**2 // megabytes - 1))


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _begin(megabytes: int) -> None:
    """Leave Ctrl-C to the parent, take no more memory than given, end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    with suppress(ValueError, OSError):  # a stricter limit is in force, or the system has none
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024**2, hard))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)


def _extract(capture: Capture, publisher: Publisher, hints: Link | None) -> Extraction:
    from crawler.extract.page import extract  # which the crawl itself does not need

    return prepared(extract(capture, publisher, hints=hints))


def _wall(capture: Capture) -> Problem | None:
    from crawler.extract.kind import wall_of

    return wall_of(capture)


def _links(capture: Capture, **asked: bool) -> tuple[list[Link], str | None]:
    """Return the links of a listing, a sitemap's newest first, and what is wrong with it."""
    broken: list[str] = []

    def readable() -> Iterator[Link]:
        try:
            yield from follow.links(capture, **asked)
        except NotAListing as error:
            broken.append(str(error))

    if capture.kind is not Kind.SITEMAP:
        return list(islice(readable(), MOST_LINKS)), next(iter(broken), None)
    links = nlargest(MOST_PAGES, readable(), key=lambda link: link.published or link.modified or "")
    return links, next(iter(broken), None)


def _changed(capture: Capture, folder: Path, known: WarcLocation) -> tuple[Capture, int]:
    body, count = without(capture.body, read_payload(folder, known))
    return replace(capture, body=body), count


# What Python's clean-up process would tell a person who ends a crawl at once; it does clean up.
_NO_ALARM = "ignore:resource_tracker"


def start_forkserver() -> ForkServerContext:
    """Start the process, unless it runs, and return the context whose processes it forks.

    It is deaf to a terminal's Ctrl-C from the start: it would hear one while it still imports, and
    take the workers with it. One that comes meanwhile is for us, a moment later.
    """
    context = multiprocessing.get_context("forkserver")
    needed = ["forkserver_preload", "extract.page", "fetch.robots", "workers"]
    context.set_forkserver_preload([f"crawler.{name}" for name in needed])
    if _NO_ALARM not in sys.warnoptions:
        sys.warnoptions.append(_NO_ALARM)
    resource_tracker.ensure_running()  # first: it would let the signal through again
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return context
