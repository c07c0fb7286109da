"""Reading in worker processes: a page or a listing each, with a time limit.

trafilatura crashes the interpreter under threads (trafilatura#925, #840), and a page can hang it;
feedparser takes a quarter of a minute for 300 kB of nested elements.
"""

import os
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from pebble import ProcessExpired

from archive.problems import ProblemKind
from archive.records import Capture, Extraction, Kind, Link, PageKind, Problem
from crawler import listings
from crawler.errors import NoWorkers
from crawler.extract import extract
from crawler.extract.kind import wall_of
from crawler.listings import NotAListing
from crawler.processes import Processes, Stopped
from crawler.publisher import Publisher

__all__ = ["MOST_LINKS", "SECONDS", "Stopped", "Workers"]

SECONDS = 20.0
MOST_LINKS = 10_000


class Workers:
    """Reads captures in processes of its own; close it when done.

    A page is `Stopped` where the processes were told to end, or no process stays alive; then
    `failure` says so, and `gave_up` was called.
    """

    def __init__(
        self,
        *,
        processes: int | None = None,
        seconds: float = SECONDS,
        gave_up: Callable[[], None] = lambda: None,
    ) -> None:
        """Start up to `processes` (default: one per core); a page may take `seconds`."""
        self._seconds = seconds
        number = processes or os.cpu_count() or 1
        self._processes = Processes(number, seconds=seconds, gave_up=gave_up)

    @property
    def failure(self) -> NoWorkers | None:
        """Why nothing is read any more."""
        return self._processes.failure

    async def extract(
        self,
        capture: Capture,
        publisher: Publisher,
        *,
        hints: Link | None = None,
    ) -> Extraction:
        """Extract a captured page; a page that kills or outlives its worker is a problem."""
        try:
            return await self._processes.do(partial(extract, capture, publisher, hints=hints))
        except Stopped:
            raise
        except TimeoutError:
            return _failed(
                ProblemKind.EXTRACT_TIMEOUT, f"reading the page took over {self._seconds:g} s"
            )
        except ProcessExpired as error:
            return _failed(
                ProblemKind.EXTRACT_CRASH, f"reading the page ended its process ({error})"
            )
        except Exception as error:  # noqa: BLE001 - a bad page is a problem, never the end of a crawl
            return _failed(ProblemKind.EXTRACT_ERROR, f"{type(error).__name__}: {error}")

    async def links(self, capture: Capture, *, announced: bool = False) -> Iterable[Link]:
        """Return the links of a captured listing, at most `MOST_LINKS` but for a sitemap.

        With `announced`, first the listings that the page's head names. A sitemap is a stream
        that may raise NotAListing later; what others make of their bodies can take for ever.

        Raises:
            NotAListing: if it is none, or reading it takes too long.
            Stopped: if it could not be read, and is as due as before.
        """
        if capture.kind is Kind.SITEMAP:
            return listings.links(capture)
        try:
            return await self._processes.do(partial(_links, capture, announced=announced))
        except TimeoutError as error:
            raise NotAListing(f"reading it took over {self._seconds:g} s") from error
        except ProcessExpired as error:
            raise NotAListing(f"reading it ended the process ({error})") from error

    async def wall(self, capture: Capture) -> Problem | None:
        """Return what stands in the body of an error's answer, if it is a known kind of page."""
        if not capture.body:
            return None
        try:
            return await self._processes.do(partial(wall_of, capture))
        except Stopped:
            raise
        except Exception:  # noqa: BLE001 - a body that cannot be read leaves the status to speak
            return None

    def close(self) -> None:
        """End the processes; nothing waits for them any more."""
        self._processes.close()


def _links(capture: Capture, *, announced: bool) -> list[Link]:
    return list(islice(listings.links(capture, announced=announced), MOST_LINKS))


def _failed(kind: ProblemKind, detail: str) -> Extraction:
    return Extraction(
        kind=PageKind.OTHER, problems=(Problem(kind=kind, detail=detail, stage="extract"),)
    )
