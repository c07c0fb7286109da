"""Whether entry points work: what each answers as a listing, and what to do where it fails.

They are read by the crawl's own listing code. Each is fetched once, without the validators of its
visit, and the visit does not end: what is new stays new for the next crawl.
"""

import asyncio
import codecs
import contextlib
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from archive.commands.options import counted
from archive.models import Capture, Kind, Link, Problem
from archive.problems import ProblemKind
from archive.urls import host_of, readable
from crawler.daterange import moment
from crawler.discovery.front_page import WORDS, Way
from crawler.discovery.probe import Answer, Probe
from crawler.errors import NotAListing
from crawler.publisher import LISTINGS, Publisher
from crawler.workers import Stopped, Workers

STALE = timedelta(days=30)
_KEPT = 2000  # links that are kept of one listing
_HEAD = 4096
_SOON = timedelta(days=1)  # a listing's date may be that far ahead: some print local times as UTC
_ADD = "find where it lists its articles now: run `warraq publishers add` with its front page"

# What may come before the element that says what a document is.
_BEFORE = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>)*", re.DOTALL | re.IGNORECASE)
_FORMS = [
    (re.compile(row["begins"], re.DOTALL | re.IGNORECASE), Kind(row["kind"]), row["form"])
    for row in WORDS["form"]
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What an address gave as a listing: its links and the newest day it gives, or a problem.

    `url` is the address that was requested, `how` says how it was found, `form` what it is, for a
    person; `status` is None without an answer. `links` are the first of `count`, `listings` those
    that lead to further listings. Of a publisher's entry point, `wanted` counts the links that its
    patterns accept, and `remedies` say what to do, even where it still works.
    """

    url: str
    kind: Kind
    how: Way = Way.GIVEN
    status: int | None = None
    form: str = ""
    links: tuple[Link, ...] = ()
    listings: tuple[Link, ...] = ()
    count: int = 0
    newest: date | None = None
    problem: Problem | None = None
    wanted: int = 0
    remedies: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return what it holds, in one line: `RSS feed, 10 links, newest 2020-11-12`."""
        content = counted(self.count, "link")
        if self.listings and not self.count:
            noun = "sitemap" if self.kind is Kind.SITEMAP else "listing"
            content = counted(len(self.listings), noun)
        return f"{self.form}, {content}" + (f", newest {self.newest}" if self.newest else "")


def report(publisher: Publisher, listings: Sequence[Listing]) -> str:
    """Return what a publisher's entry points gave: two or three lines for each."""
    if not listings:
        return f"{publisher.slug}: its file names no listing and no front page to check"
    broken = sum(listing.problem is not None for listing in listings)
    result = f"{broken} of {len(listings)} broken" if broken else "works"
    lines = [f"{publisher.slug}: {result}"]
    for listing in listings:
        mark, problem = ("BROKEN", listing.problem.detail) if listing.problem else ("ok", None)
        lines.append(f"  {mark:<7}{_key(publisher, listing):<9} {readable(listing.url)}")
        content = str(listing) if listing.form else None
        details = [content, problem, *(f"-> {remedy}" for remedy in listing.remedies)]
        lines += [f"         {detail}" for detail in details if detail]
    return "\n".join(lines)


def as_object(publisher: Publisher, listing: Listing) -> dict[str, object]:
    """Return the JSON object that `check --json` prints of a publisher's entry point."""
    return {
        "publisher": publisher.slug,
        "key": _key(publisher, listing),
        "url": listing.url,
        "works": not listing.problem,
        "status": listing.status,
        "form": listing.form or None,
        "links": listing.count,
        "wanted": listing.wanted,
        "listings": len(listing.listings),
        "newest": str(listing.newest) if listing.newest else None,
        "problem": listing.problem.detail if listing.problem else None,
        "remedies": listing.remedies,
    }


def _key(publisher: Publisher, listing: Listing) -> str:
    """Return the setting of a publisher's file that names an entry point."""
    return "homepage" if publisher.is_bare else LISTINGS[listing.kind]


async def check(probe: Probe, publishers: Sequence[Publisher]) -> list[list[Listing]]:
    """Fetch every entry point once; return what those of each publisher gave, in their order.

    Raises:
        CrawlerError: what ended the check, when everything in progress is finished.
    """
    checks = [
        [
            asyncio.ensure_future(_check(probe, each, url, kind))
            for _, url, kind in each.entry_points
        ]
        for each in publishers
    ]
    await asyncio.gather(*chain.from_iterable(checks), return_exceptions=True)
    return [[each.result() for each in of_one] for of_one in checks]


async def _check(probe: Probe, publisher: Publisher, url: str, kind: Kind) -> Listing:
    answer = await probe.ask(url, kind, publisher=publisher.slug)
    now, announced = probe.store.clock(), publisher.is_bare
    listing = await inspect(answer, kind, probe.workers, now=now, announced=announced)
    if announced and answer.page and not listing.problem:  # with robots.txt, as in a crawl
        sitemaps = await probe.announced_sitemaps(answer.page)
        listing = replace(listing, listings=(*sitemaps, *listing.listings))
    wanted = sum(publisher.wants(link.url) for link in listing.links)
    if not (listing.problem or listing.listings or wanted):
        listing = replace(listing, problem=_of_no_use(listing))
    remedies = tuple(_remedies(answer, url, listing, now))
    return replace(listing, url=url, wanted=wanted, remedies=remedies)


def _of_no_use(listing: Listing) -> Problem:
    """Return why the crawl gets nothing from a listing that was read."""
    detail = f"the {listing.form} is valid, but lists nothing"
    if listing.links:
        detail = f"none of its {listing.count} links passes `accept` and `reject`"
    elif listing.kind is Kind.SECTION:
        detail = "the page loads, but no article links were recognised on it"
    return problem_of(ProblemKind.OF_NO_USE, detail)


def _remedies(answer: Answer, written: str, listing: Listing, now: datetime) -> Iterator[str]:
    """Yield what to do where an entry point moved for good, is stale, or has a problem."""
    landed = answer.landed
    if answer.moved and landed != answer.url:
        if answer.url != written:  # the crawl asks WordPress for certain fields
            landed = landed.partition("?")[0]
        same = host_of(landed) == host_of(written)
        where = "" if same else ", on another host: is it the newspaper's?"
        yield f"it moved permanently; write {landed} instead{where}"
    today = now.astimezone(UTC).date()
    if listing.newest and (age := today - listing.newest) > STALE:
        ended = "has the newspaper stopped, or does it list elsewhere?"
        yield f"nothing new for {age.days} days: {ended}"
    if problem := listing.problem:
        kind, form = form_of(answer.page) if answer.page else (None, "")
        if listing.links:
            example = listing.links[0].url
            yield f"correct `accept` and `reject`: it lists addresses such as {example}"
        elif kind not in {Kind.SECTION, listing.kind, None}:
            yield f"it is {form}: move it from `{LISTINGS[listing.kind]}` to `{LISTINGS[kind]}`"
        else:
            yield problem.kind.remedy or _ADD


async def inspect(
    answer: Answer, kind: Kind, workers: Workers, *, now: datetime, announced: bool = False
) -> Listing:
    """Read what an address answered as a listing of a kind, as the crawl does.

    It has a problem without a good answer, and where it is not a listing, or one of another kind.
    """
    status = answer.capture.status if answer.capture else None
    listing = Listing(url=answer.url, kind=kind, status=status, problem=answer.problem)
    if answer.page is None:
        return listing
    other, form = form_of(answer.page)
    links, broken = [], ""
    try:
        links = list(await workers.links(replace(answer.page, kind=kind), announced=announced))
    except (NotAListing, Stopped) as error:
        broken = str(error)
    is_other = other not in {kind, None}
    if broken or (is_other and not links):
        detail = f"it is {form}" if is_other else broken
        return replace(listing, problem=problem_of(ProblemKind.NOT_A_LISTING, detail))
    articles = [link for link in links if link.kind is Kind.ARTICLE]
    pages = {Kind.ARTICLE, kind} - {Kind.SITEMAP}
    return replace(
        listing,
        form=form.partition(" ")[2],
        links=tuple(articles[:_KEPT]),
        listings=tuple(link for link in links if link.kind not in pages),
        count=len(articles),
        newest=newest({link.published for link in links if link.published}, now=now),
    )


def form_of(capture: Capture) -> tuple[Kind | None, str]:
    """Return what kind of listing a body looks like, and what it is: `an RSS feed`."""
    head = capture.body[:_HEAD]
    if head[:2] == b"\x1f\x8b":
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(wbits=31).decompress(capture.body, _HEAD)
    head = head.removeprefix(codecs.BOM_UTF8).lstrip(b"\xff\xfe").replace(b"\0", b"")
    text = _BEFORE.sub("", head.decode("latin-1"), count=1)
    for pattern, kind, form in _FORMS:
        if pattern.match(text):
            return kind, form
    media = (capture.content_type or "").partition(";")[0].strip()
    return None, f"a document of {f'the type {media}' if media else 'an unknown type'}"


def newest(dates: Iterable[str], *, now: datetime) -> date | None:
    """Return the newest of the days that a listing gives its links, none of the future."""
    moments = (moment(text, zone=None) for text in dates)
    return max((each.date() for each in moments if each and each <= now + _SOON), default=None)


def problem_of(kind: ProblemKind, detail: str) -> Problem:
    """Return what is wrong with a listing."""
    return Problem(kind=kind, detail=detail, stage="discover")
