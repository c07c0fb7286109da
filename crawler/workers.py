"""Worker processes: each reads one page or listing, within a time limit; replaced when it dies.

trafilatura crashes the interpreter under threads (trafilatura#925, #840), and a page can hang it;
feedparser takes a quarter of a minute for 300 kB of nested elements. The process that workers are
forked from is started first, and imports what they need meanwhile. The event loop waits for their
answers itself: a pool with threads of its own makes every step of the crawl wait for the GIL.
"""

import asyncio
import gc
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from itertools import islice
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from typing import TYPE_CHECKING, Any, Self, TypeVar

from archive.models import Capture, Extraction, Kind, Link, PageKind, Problem
from archive.problems import ProblemKind
from archive.stories import prepared
from crawler.errors import NotAListing, NoWorkers
from crawler.listings import follow
from crawler.publisher import Publisher

if TYPE_CHECKING:  # a worker needs no Scrapy
    from scrapy.settings import BaseSettings

MOST_BYTES = 2 * 1024**3  # of address space; a page that needs more ends its worker, not others
STILLBORN = 8  # processes in a row that died as they started, before it is given up
_MOST_WORK = 2000  # pieces that a process does: a library's slow leak stays small
_GARBAGE = 100_000  # new objects until Python looks for cycles: a page's tree has few, and goes

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - what happened, to a worker that was asked to stop
    """The worker was asked to stop while it read the page; the page is as due as before."""


class Unread(Exception):  # noqa: N818 - what became of a page
    """Some work was not done: it took too long, ended its process, or ended in an error."""

    def __init__(self, kind: ProblemKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class _Dead(Exception):  # noqa: N818 - what a process is
    """A process has ended; the message says how."""


class Worker:
    """A process that does one piece of work at a time."""

    def __init__(self, context: ForkServerContext) -> None:
        """Start it.

        Raises:
            OSError, EOFError: if no process starts.
        """
        self._pipe, its_end = context.Pipe()
        self.process = context.Process(target=_serve, args=(its_end,), daemon=True)
        self.process.start()
        its_end.close()
        self._has_begun = False
        self.left = _MOST_WORK

    async def begin(self) -> bool:
        """Wait until it can be given work; return whether it can."""
        if not self._has_begun:
            await self._answer()
            self._has_begun = True
        return not self._pipe.poll()  # else it was killed while it had nothing to do

    async def do(self, work: Callable[[], T]) -> T:
        """Return what the process made of some work.

        Raises:
            Unread: if that was an error.
            _Dead: if the process ended.
        """
        self.left -= 1
        try:
            self._pipe.send_bytes(pickle.dumps(work))
        except OSError as error:
            raise self._death() from error
        answer: T
        answer, fault = await self._answer()
        if fault is not None:
            raise Unread(ProblemKind.EXTRACT_ERROR, fault)
        return answer

    async def _answer(self) -> Any:
        loop, answered = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._pipe.fileno(), answered.set)
        try:
            await answered.wait()
        finally:
            loop.remove_reader(self._pipe.fileno())
        try:
            return pickle.loads(self._pipe.recv_bytes())  # noqa: S301 - of our own process
        except (EOFError, OSError) as error:
            raise self._death() from error

    def _death(self) -> Exception:
        self.process.join()
        code = self.process.exitcode or 0
        if code == -signal.SIGTERM:  # the whole group is being stopped
            return Stopped()
        return _Dead(f"exit code {code}" if code >= 0 else signal.Signals(-code).name)

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self._pipe.close()


def _serve(pipe: Connection) -> None:
    """Do one piece of work after the other, until nobody is there who would give one."""
    _begin()
    answer, fault = None, None
    while True:
        pipe.send_bytes(pickle.dumps((answer, fault)))  # the first says that it has begun
        try:
            answer, fault = pickle.loads(pipe.recv_bytes())(), None  # noqa: S301 - our own parent's
        except (EOFError, ConnectionError):
            return
        except Exception as error:  # noqa: BLE001 - whatever it was, the next page is read
            answer, fault = None, f"{type(error).__name__}: {error}"


def _begin() -> None:
    """Leave Ctrl-C to the parent, take no more memory than given, end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    with suppress(ValueError, OSError):  # a stricter limit is in force, or the system has none
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, hard))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)


SECONDS = 20.0
MOST_LINKS = 10_000  # of a listing
MOST_PAGES = 100_000  # of a sitemap; sitemaps.org allows 50,000


class Workers:
    """Reads captures in processes of its own, started as they are needed; close it when done.

    One that dies is replaced. Where `STILLBORN` in a row die before they do anything, `failure`
    says so. A page is `Stopped` then, and where the processes were asked to stop.
    """

    def __init__(self, *, processes: int | None = None, seconds: float = SECONDS) -> None:
        """Take how many processes there may be (default: one per core), and a page's time."""
        self._seconds = seconds
        self._room = asyncio.Semaphore(processes or os.cpu_count() or 1)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._stillborn = 0
        self._closed = False
        self.failure: NoWorkers | None = None
        self._context = start_forkserver()

    @classmethod
    def of(cls, settings: "BaseSettings") -> Self:
        """Return those that a crawl's settings ask for."""
        return cls(
            processes=settings.getint("EXTRACT_PROCESSES") or None,
            seconds=settings.getfloat("EXTRACT_SECONDS"),
        )

    async def extract(
        self,
        capture: Capture,
        publisher: Publisher,
        *,
        hints: Link | None = None,
    ) -> Extraction:
        """Extract a captured page; a page that kills or outlives its worker is a problem."""
        try:
            return await self.do(partial(_extract, capture, publisher, hints))
        except Unread as error:
            problem = Problem(kind=error.kind, detail=str(error), stage="extract")
            return Extraction(kind=PageKind.OTHER, problems=(problem,))

    async def links(self, capture: Capture, *, announced: bool = False) -> Iterable[Link]:
        """Return the links of a captured listing, at most `MOST_LINKS`; of a sitemap `MOST_PAGES`.

        With `announced`, first the listings that the page's head names. Where a sitemap breaks,
        NotAListing is raised after the links that come before.

        Raises:
            NotAListing: if it is none, or cannot be read.
            Stopped: if it could not be read, and is as due as before.
        """
        try:
            links, broken = await self.do(partial(_links, capture, announced=announced))
        except Unread as error:
            raise NotAListing(str(error)) from error
        if broken is not None and not links:
            raise NotAListing(broken)
        return _up_to_the_break(links, broken)

    async def wall(self, capture: Capture) -> Problem | None:
        """Return what stands in the body of an error's answer, if it is a known kind of page.

        A body that cannot be read leaves the status to speak.
        """
        if not capture.body:
            return None
        with suppress(Unread):
            return await self.do(partial(_wall, capture))
        return None

    async def do(self, work: Callable[[], T]) -> T:
        """Return what a worker made of some work.

        Raises:
            Unread: if it made nothing of it.
            Stopped: if the processes were asked to stop, or none stays alive.
        """
        async with self._room:
            worker = await self._worker()
            with ExitStack() as at_end:
                at_end.callback(worker.end)
                answer = await self._answer(worker, work)
                if worker.left and not self._closed:
                    at_end.pop_all()
                    self._idle.append(worker)
        return answer

    async def _answer(self, worker: Worker, work: Callable[[], T]) -> T:
        self._busy.add(worker)
        try:
            async with asyncio.timeout(self._seconds):
                return await worker.do(work)
        except TimeoutError:
            detail = f"reading it took over {self._seconds:g} s"
            raise Unread(ProblemKind.EXTRACT_TIMEOUT, detail) from None
        except _Dead as error:
            if self._closed:
                raise Stopped from None
            detail = f"reading it ended the process ({error})"
            raise Unread(ProblemKind.EXTRACT_CRASH, detail) from None
        finally:
            self._busy.discard(worker)

    async def _worker(self) -> Worker:
        """Return a process that waits for work, a new one where there is none."""
        while self.failure is None and not self._closed:
            try:
                # To start one takes as long as the process that it is forked from needs to begin.
                worker = (
                    self._idle.pop()
                    if self._idle
                    else await asyncio.to_thread(Worker, self._context)
                )
                can_work = await worker.begin()
            except (_Dead, OSError, EOFError):
                self._count_stillborn()
                continue
            if can_work and not self._closed:
                self._stillborn = 0
                return worker
            worker.end()
        raise Stopped from self.failure

    def _count_stillborn(self) -> None:
        self._stillborn += 1
        if self._stillborn >= STILLBORN:
            self.failure = NoWorkers(
                f"the processes that read pages die as they start, {self._stillborn} times in a"
                " row; what was fetched is kept, and the pages are still due. Is there memory left,"
                " and no tight limit on it (ulimit -v)? Does `warraq extract` read a page here?"
            )

    def close(self) -> None:
        """End the processes; nothing waits for them any more."""
        self._closed = True
        for worker in self._busy:
            worker.process.kill()  # whoever waits for its answer is told, and ends it
        while self._idle:
            self._idle.pop().end()


def _extract(capture: Capture, publisher: Publisher, hints: Link | None) -> Extraction:
    from crawler.extract.page import extract  # which the crawl itself does not need

    return prepared(extract(capture, publisher, hints=hints))


def _wall(capture: Capture) -> Problem | None:
    from crawler.extract.kind import wall_of

    return wall_of(capture)


def _links(capture: Capture, *, announced: bool) -> tuple[list[Link], str | None]:
    """Return the links of a listing, and what is wrong with it."""
    links: list[Link] = []
    most = MOST_PAGES if capture.kind is Kind.SITEMAP else MOST_LINKS
    try:
        links.extend(islice(follow.links(capture, announced=announced), most))
    except NotAListing as error:
        return links, str(error)
    return links, None


def _up_to_the_break(links: list[Link], broken: str | None) -> Iterator[Link]:
    yield from links
    if broken is not None:
        raise NotAListing(broken)


# What Python's clean-up process would tell a person who ends a crawl at once; it does clean up.
_NO_ALARM = "ignore:resource_tracker"


def start_forkserver() -> ForkServerContext:
    """Start the process, unless it runs, and return the context whose processes it forks.

    It is deaf to a terminal's Ctrl-C from the start: it would hear one while it still imports, and
    take the workers with it.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["crawler.forkserver_preload", "crawler.extract.page", "crawler.workers"]
    )
    if _NO_ALARM not in sys.warnoptions:
        sys.warnoptions.append(_NO_ALARM)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)
    return context
