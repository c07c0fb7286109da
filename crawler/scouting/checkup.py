"""A look at the entry points of publishers that are known: which work, and what to do about others.

Each is asked once, without the validators of its visit, which is not ended by it: what is new is as
new to the next crawl.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from archive.records import Kind, Problem
from archive.urls import host_of
from crawler.publisher import Publisher
from crawler.scouting.inspection import Listing, a, form_of, inspect
from crawler.scouting.publisherfile import KEYS
from crawler.scouting.refusals import remedy_for
from crawler.scouting.scout import Answer, Scout

STALE = timedelta(days=30)
_KEYS = dict(KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one entry point gave: its listing, or the problem in one sentence.

    `status` is of the answer, None where there was none; `wanted` counts the links that the
    publisher's patterns let pass. `remedies` say what to do, also where it works for now.
    """

    publisher: str
    kind: Kind
    url: str
    status: int | None = None
    listing: Listing | None = None
    wanted: int = 0
    problem: str | None = None
    remedies: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Whether the crawl gets articles, or listings of them, from here."""
        return self.problem is None


async def check(scout: Scout, publishers: Sequence[Publisher]) -> list[Finding]:
    """Ask every entry point of the publishers once, and return what each gave, in their order.

    Raises:
        CrawlerError: what ended the look, when everything that was in hand is finished.
    """
    asked = [
        (one, kind, url) for one in publishers for kind, key in KEYS for url in getattr(one, key)
    ]
    looks = (_look(scout, one, kind, url) for one, kind, url in asked)
    found = await asyncio.gather(*looks, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if isinstance(one, Finding)]


async def _look(scout: Scout, one: Publisher, kind: Kind, url: str) -> Finding:
    answer = await scout.ask(url, kind, publisher=one.slug)
    now = scout.clock()
    found = await inspect(answer, scout.workers, now=now)
    status = answer.capture.status if answer.capture else None
    if isinstance(found, Problem):
        remedies = [*_moved(answer, url), *_remedies(answer, kind, found)]
        return Finding(
            publisher=one.slug, kind=kind, url=url, status=status,
            problem=found.detail, remedies=tuple(remedies),
        )  # fmt: skip
    wanted = sum(one.wants(link.url) for link in found.links)
    problem = _useless(found, wanted)
    remedies = [*_moved(answer, url), *_stale(found, now=now)]
    if problem and found.links:
        remedies.append(f"mend `accept` and `reject`: it lists addresses such as {_example(found)}")
    elif problem:
        remedies.append(_ANEW)
    return Finding(
        publisher=one.slug, kind=kind, url=url, status=status, listing=found, wanted=wanted,
        problem=problem, remedies=tuple(remedies),
    )  # fmt: skip


_ANEW = "look where it lists its articles now: `warraq publishers add` with its front page"


def _useless(found: Listing, wanted: int) -> str | None:
    if found.listings or wanted:
        return None
    if not found.links:
        return f"the {found.form} is sound, and lists nothing"
    return f"none of its {found.count} links is one that `accept` and `reject` let pass"


def _remedies(answer: Answer, kind: Kind, problem: Problem) -> list[str]:
    if problem.kind != "not-a-listing" or answer.capture is None:
        return [remedy_for(problem) or _ANEW]
    other, form = form_of(answer.capture)
    if other in {Kind.FEED, Kind.SITEMAP, Kind.API} and other is not kind:
        return [f"it is {a(form)}: move it from `{_KEYS[kind]}` to `{_KEYS[other]}`"]
    return [_ANEW]


def _moved(answer: Answer, url: str) -> list[str]:
    landed = answer.capture.url if answer.capture else url
    if not answer.moved or landed == url:
        return []
    where = "" if host_of(landed) == host_of(url) else ", on another host: is it the newspaper's?"
    return [f"it moved for good; write {landed} instead{where}"]


def _stale(found: Listing, *, now: datetime) -> list[str]:
    if found.newest is None:
        return []
    day = found.newest if not isinstance(found.newest, datetime) else found.newest.date()
    return _age(now.astimezone(UTC).date(), day)


def _age(today: date, newest: date) -> list[str]:
    days = (today - newest).days
    if days <= STALE.days:
        return []
    return [f"nothing new for {days} days: has the newspaper stopped, or does it list elsewhere?"]


def _example(found: Listing) -> str:
    return found.links[0].url
