"""Reading in worker processes: one page each, with a time limit, replaced when they die.

trafilatura crashes the interpreter under threads (trafilatura#925, #840), and a page can hang it;
feedparser takes a quarter of a minute for 300 kB of nested elements.
"""

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import wait

from pebble import ProcessExpired, ProcessPool

from archive.records import Capture, Extraction, Link, PageKind, Problem
from crawler import discover
from crawler.article.walls import wall_of
from crawler.discover import NotAListing
from crawler.extract import extract
from crawler.forking import start_forkserver
from crawler.publisher import Publisher

SECONDS = 20.0
MOST_BYTES = 2 * 1024**3  # of address space; a page that needs more ends its worker, not others
MOST_LINKS = 10_000


class Stopped(Exception):  # noqa: N818 - what happened, to a worker that was told to end
    """The worker was told to end while it read the page; the page is as due as before."""


class Workers:
    """A pool of extracting processes; close it when done."""

    def __init__(self, *, processes: int | None = None, seconds: float = SECONDS) -> None:
        """Start up to `processes` (default: one per core); a page may take `seconds`."""
        self._seconds = seconds
        self._pool = ProcessPool(
            max_workers=processes or os.cpu_count() or 1,
            max_tasks=2000,  # a library's slow leak stays small
            initializer=_begin,
            context=start_forkserver(),
        )

    async def extract(
        self,
        capture: Capture,
        publisher: Publisher,
        *,
        hints: Link | None = None,
    ) -> Extraction:
        """Extract a captured page; a page that kills or outlives its worker is a problem."""
        future = self._pool.schedule(
            extract,
            args=(capture, publisher),
            kwargs={"hints": hints},
            timeout=self._seconds,
        )
        try:
            return await asyncio.wrap_future(future)
        except TimeoutError:
            return _failed("extract-timeout", f"reading the page took over {self._seconds:g} s")
        except ProcessExpired as error:
            if error.exitcode == -signal.SIGTERM:  # the whole group is being stopped
                raise Stopped from error
            return _failed("extract-crash", f"reading the page ended its process ({error})")
        except Exception as error:  # noqa: BLE001 - a bad page is a problem, never the end of a crawl
            return _failed("extract-error", f"{type(error).__name__}: {error}")

    async def links(self, capture: Capture, *, announced: bool = False) -> list[Link]:
        """Return the links of a captured feed, section or interface, at most `MOST_LINKS` of them.

        With `announced`, first the listings that the page's head names.

        Raises:
            NotAListing: if it is none, or reading it takes too long.
        """
        future = self._pool.schedule(
            _links, args=(capture,), kwargs={"announced": announced}, timeout=self._seconds
        )
        try:
            return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise NotAListing(f"reading it took over {self._seconds:g} s") from error
        except ProcessExpired as error:
            if error.exitcode == -signal.SIGTERM:
                raise Stopped from error
            raise NotAListing(f"reading it ended the process ({error})") from error

    async def wall(self, capture: Capture) -> Problem | None:
        """Return what stands in the body of an error's answer, if it is a known kind of page."""
        if not capture.body:
            return None
        future = self._pool.schedule(wall_of, args=(capture,), timeout=self._seconds)
        try:
            return await asyncio.wrap_future(future)
        except ProcessExpired as error:
            if error.exitcode == -signal.SIGTERM:
                raise Stopped from error
            return None
        except Exception:  # noqa: BLE001 - a body that cannot be read leaves the status to speak
            return None

    def close(self) -> None:
        """End the processes; nothing waits for them any more."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _links(capture: Capture, *, announced: bool) -> list[Link]:
    return list(islice(discover.links(capture, announced=announced), MOST_LINKS))


def _failed(kind: str, detail: str) -> Extraction:
    return Extraction(
        kind=PageKind.OTHER, problems=(Problem(kind=kind, detail=detail, stage="extract"),)
    )


def _begin() -> None:
    """Leave Ctrl-C to the parent, take no more memory than given, end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(ValueError, OSError):  # a stricter limit is in force, or the system has none
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, hard))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
