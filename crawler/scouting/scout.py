"""A look at a site by the same polite road as every fetch, without a crawl.

robots.txt, delays, pauses, the gate for addresses and the WARC file are those of the crawl; but no
visit is read or ended, so that no conditional state is spent: whatever is new is as new to the next
crawl as before. Only a host that asks for a pause (429, 503) has its visits wait, as in a crawl.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urldefrag

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from w3lib.url import safe_url_string

from archive.records import Capture, Kind, Problem, Visit
from archive.store import Store
from archive.urls import canonical, readable
from crawler.errors import CrawlerError, StoppedLooking
from crawler.faults import (
    ARCHIVE_FAULTS,
    NETWORK,
    ArchiveFault,
    Disallowed,
    HostPaused,
    kind_of,
    network_detail,
)
from crawler.politeness.policy import FRESH
from crawler.publisher import Publisher
from crawler.requests import LARGEST, LARGEST_PAGE
from crawler.spiders.news import NewsSpider

NOBODY = ""  # the slug of a publisher that is not one yet; its captures have none
_NOTHING: tuple[Request, ...] = ()
_PERMANENT = {301, 308}
_OUT_THERE: tuple[type[Exception], ...] = (*NETWORK, IgnoreRequest, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an address answered: a capture with its body, or the problem that there is none.

    `url` is the address that was asked. `moved` tells that all of the redirects were permanent.
    """

    url: str
    capture: Capture | None = None
    problem: Problem | None = None
    moved: bool = False

    @property
    def good(self) -> bool:
        """Whether there is a whole body that was meant for us."""
        return bool(self.capture and self.capture.status == 200 and not self.capture.truncated)


class Scout(NewsSpider):
    """Asks what an inquiry wants to know, one address after the other or several at once."""

    name = "scout"

    def __init__(
        self,
        *,
        store: Store,
        publishers: Sequence[Publisher],
        inquiry: "Callable[[Scout], Awaitable[Any]]",
        max_bytes: int | None,
        tell: Callable[[str], None],
    ) -> None:
        """Take the open archive, the publishers whose delays hold, and the inquiry to make.

        `tell` is called with a line for each answer; beyond `max_bytes` nothing more is asked.
        """
        super().__init__(store=store, publishers=publishers)
        self._inquiry = inquiry
        self._room = max_bytes
        self._tell = tell
        self._stopped = False
        self.result: Any = None
        self.failure: Exception | None = None

    async def start(self) -> AsyncIterator[Any]:
        """Make the inquiry; nothing is left to be scheduled."""
        try:
            self.result = await self._inquiry(self)
        except Exception as error:  # noqa: BLE001 - `look` raises it again, outside of the crawler
            self.failure = error
        for request in _NOTHING:
            yield request

    def stop(self) -> None:
        """Ask nothing more; what is in hand is finished."""
        self._stopped = True

    async def ask(self, url: str, kind: Kind, *, publisher: str = NOBODY) -> Answer:
        """Ask an address once, unconditionally, and return what it answered.

        Raises:
            StoppedLooking: if the user stopped the inquiry.
            CrawlerError: if a data cap is reached.
        """
        if self._stopped:
            raise StoppedLooking("stopped before the look was done; no file was written")
        if self._room is not None and self.store.totals["bytes"] >= self._room:
            raise CrawlerError("a data cap of warraq.toml is reached; nothing more is asked")
        try:
            request = _request(url, kind, publisher)
            response = await self.crawler.engine.download_async(request)
            answer = _answered(url, kind, response)
        except _OUT_THERE as error:
            answer = Answer(url=url, problem=_problem(error))
        self._commit_soon()
        self._tell(_line(answer))
        return answer

    async def robots(self, url: str) -> str:
        """Return the text of a robots.txt, which was asked for before anything else was."""
        self.store.batch.commit()
        known = self.store.latest(url, since=self.clock() - FRESH)
        if known and known[0] == 200:
            return known[1].decode("utf-8-sig", "replace")
        answer = await self.ask(url, Kind.ROBOTS)  # it was redirected, or there is none
        good = answer.capture if answer.good else None
        return good.body.decode("utf-8-sig", "replace") if good else ""

    def _commit_soon(self) -> None:
        if self.fault is None and self.store.batch.is_due():
            try:
                self.store.batch.commit()
            except ARCHIVE_FAULTS as error:
                self.abort(error)


def _request(url: str, kind: Kind, publisher: str) -> Request:
    visit = Visit(key=canonical(url), url=url, publisher=publisher, kind=Kind.PROBE)
    return Request(
        safe_url_string(urldefrag(url).url),
        callback=NO_CALLBACK,
        meta={
            "visit": visit,
            "verbatim_url": True,
            "download_maxsize": LARGEST.get(kind, LARGEST_PAGE),
        },
    )


def _answered(url: str, kind: Kind, response: Response) -> Answer:
    meta = response.meta
    capture = replace(meta["capture"], kind=kind, body=response.body)
    reasons = meta.get("redirect_reasons", [])
    moved = bool(reasons) and all(reason in _PERMANENT for reason in reasons)
    problem = None
    if capture.truncated:
        problem = _fetch("truncated", f"the answer broke off ({capture.truncated})")
    elif capture.status != 200:
        problem = _fetch(f"http-{capture.status}", f"answered {capture.status}")
    return Answer(url=url, capture=capture, problem=problem, moved=moved)


def _problem(error: Exception) -> Problem:
    """Return why a request got no answer; our own disk's fault is raised again."""
    if isinstance(error, ArchiveFault):
        raise error
    if isinstance(error, HostPaused):
        return _fetch("host-paused", str(error))
    if isinstance(error, Disallowed):
        return _fetch("robots-disallow", str(error))
    return _fetch(kind_of(error) or "bad-address", network_detail(error))


def _fetch(kind: str, detail: str) -> Problem:
    return Problem(kind=kind, detail=detail, stage="fetch")


def _line(answer: Answer) -> str:
    status = answer.capture.status if answer.capture else answer.problem and answer.problem.kind
    return f"{status}  {readable(answer.url)}"
