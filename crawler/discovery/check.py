"""Whether entry points work: what each answers as a listing, and what to do where it fails.

They are read by the crawl's own listing code. Each is fetched once, without the validators of its
visit, and the visit does not end: what is new stays new for the next crawl.
"""

import asyncio
import contextlib
import re
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain

from archive.commands.options import counted
from archive.models import Capture, Kind, Link, Problem
from archive.problems import ProblemKind
from archive.urls import readable
from crawler.daterange import moment
from crawler.discovery.front_page import WORDS, FrontPage, Way, key, read_front
from crawler.discovery.probe import Answer, Probe
from crawler.errors import NotAListing, Unread
from crawler.publisher import LISTINGS, Publisher
from crawler.workers import Stopped, Workers

STALE = timedelta(days=30)
_KEPT = 2000  # links that are kept of one listing
_HEAD = 4096
_MOST_PROPOSED = 8
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
    that lead to further listings. Of a publisher's entry point, `key` is its setting, `wanted`
    counts the links that its patterns accept, and `remedies` say what to do, even where it works;
    one that is `proposed` is not in the file, but announced by the front page.
    """

    url: str
    kind: Kind
    how: str = ""
    status: int | None = None
    form: str = ""
    links: tuple[Link, ...] = ()
    listings: tuple[Link, ...] = ()
    count: int = 0
    newest: date | None = None
    problem: Problem | None = None
    key: str = ""
    wanted: int = 0
    remedies: tuple[str, ...] = ()
    proposed: bool = False

    def __str__(self) -> str:
        """Return what it holds, in one line: `RSS feed, 10 links, newest 2020-11-12`."""
        listings = counted(len(self.listings), "listing")
        content = counted(self.count, "link") if self.count or not self.listings else listings
        return f"{self.form}, {content}" + (f", newest {self.newest}" if self.newest else "")

    @property
    def fault(self) -> str | None:
        """What is wrong with it, for a person."""
        return self.problem.detail if self.problem else None


def report(publisher: Publisher, listings: Sequence[Listing]) -> str:
    """Return what a publisher's entry points gave: two or three lines for each."""
    if not listings:
        return f"{publisher.slug}: its file names no listing and no front page to check"
    own = [listing for listing in listings if not listing.proposed]
    broken = sum(listing.problem is not None for listing in own)
    result = f"{broken} of {len(own)} broken" if broken else "works"
    lines = [f"{publisher.slug}: {result}"]
    for listing in listings:
        mark = "BROKEN" if listing.problem else "NEW" if listing.proposed else "ok"
        lines.append(f"  {mark:<7}{listing.key:<9} {readable(listing.url)}")
        content = str(listing) if listing.form else None
        details = [content, listing.fault, *(f"-> {remedy}" for remedy in listing.remedies)]
        lines += [f"         {detail}" for detail in details if detail]
    return "\n".join(lines)


def as_object(publisher: Publisher, listing: Listing) -> dict[str, object]:
    """Return the JSON object that `check --json` prints of a publisher's entry point."""
    return {
        "publisher": publisher.slug, "key": listing.key, "url": listing.url,
        "works": not listing.problem, "status": listing.status, "form": listing.form or None,
        "links": listing.count, "wanted": listing.wanted, "listings": len(listing.listings),
        "newest": str(listing.newest) if listing.newest else None,
        "problem": listing.fault, "remedies": listing.remedies, "proposed": listing.proposed,
    }  # fmt: skip


async def check(probe: Probe, publishers: Sequence[Publisher]) -> list[list[Listing]]:
    """Fetch every entry point once; return what those of each publisher gave, in their order.

    Where one of them is broken or has moved, what the front page announces instead comes last.

    Raises:
        CrawlerError: what ended the check, when everything in progress is finished.
    """
    checks = [
        [asyncio.ensure_future(_check(probe, each, *point)) for point in each.entry_points]
        for each in publishers
    ]
    await asyncio.gather(*chain.from_iterable(checks), return_exceptions=True)
    found = [[each.result() for each in of_one] for of_one in checks]
    for publisher, listings in zip(publishers, found, strict=True):
        if any(listing.problem or listing.remedies for listing in listings):
            listings += [each async for each in _proposed(probe, publisher, listings)]
    return found


async def _proposed(
    probe: Probe, publisher: Publisher, known: Sequence[Listing]
) -> AsyncIterator[Listing]:
    """Yield the listings that a front page announces now and that work; nothing is written."""
    if not publisher.homepage:
        return
    slug, asked = publisher.slug, {key(listing.url) for listing in known}
    page = (await probe.ask(publisher.homepage, Kind.SECTION, publisher=slug)).page
    if page is None:
        return
    front = FrontPage(url=page.url)
    with contextlib.suppress(Unread):
        front = await probe.workers.do(partial(read_front, page.body, page.content_type, page.url))
    ways = [front.candidates.get(way, []) for way in (Way.DECLARED, Way.LINKED)]
    links = {key(link.url): link for link in (*await probe.announced_sitemaps(page), *chain(*ways))}
    for link in [link for name, link in links.items() if name not in asked][:_MOST_PROPOSED]:
        answer = await probe.ask(link.url, link.kind, publisher=slug)
        listing = await inspect(answer, link.kind, probe.workers, now=probe.store.clock())
        if not listing.problem and (listing.links or listing.listings):
            remedies = (f"the front page announces it: write it into {slug}.toml",)
            setting = LISTINGS[link.kind]
            yield replace(listing, url=link.url, key=setting, remedies=remedies, proposed=True)


async def _check(probe: Probe, publisher: Publisher, key: str, url: str, kind: Kind) -> Listing:
    answer = await probe.ask(url, kind, publisher=publisher.slug)
    now, announced = probe.store.clock(), publisher.is_bare
    asked = {"announced": announced, "every": bool(publisher.accept)}
    listing = await inspect(answer, kind, probe.workers, now=now, **asked)
    if announced and answer.page and not listing.problem:  # with robots.txt, as in a crawl
        sitemaps = await probe.announced_sitemaps(answer.page)
        listing = replace(listing, listings=(*sitemaps, *listing.listings))
    wanted = sum(publisher.wants(link.url) for link in listing.links)
    if not (listing.problem or listing.listings or wanted):
        passes = f"none of its {listing.count} links passes `accept` and `reject`"
        detail = passes if listing.links else f"the {listing.form} lists no articles"
        listing = replace(listing, problem=problem_of(ProblemKind.OF_NO_USE, detail))
    remedies = tuple(_remedies(answer, listing, now))
    return replace(listing, key=key, url=url, wanted=wanted, remedies=remedies)


def _remedies(answer: Answer, listing: Listing, now: datetime) -> Iterator[str]:
    """Yield what to do where an entry point moved for good, is stale, or has a problem."""
    if answer.moved_to:
        yield f"it moved permanently; write {answer.moved_to} instead"
    age = now.date() - listing.newest if listing.newest else timedelta()
    if age > STALE:
        ended = "has the newspaper stopped, or does it list elsewhere?"
        yield f"nothing new for {age.days} days: {ended}"
    if listing.problem and listing.links:
        example = listing.links[0].url
        yield f"correct `accept` and `reject`: it lists addresses such as {example}"
    elif listing.problem:
        yield listing.problem.kind.remedy or _ADD


async def inspect(
    answer: Answer, kind: Kind, workers: Workers, *, now: datetime, **asked: bool
) -> Listing:
    """Read what an address answered as a listing of a kind, as the crawl does.

    It has a problem without a good answer, and where it is not a listing, or one of another kind.
    """
    status = answer.capture.status if answer.capture else None
    listing = Listing(url=answer.url, kind=kind, status=status, problem=answer.problem)
    if answer.page is None:
        return listing
    other, form = form_of(answer.page)
    links, detail = [], ""
    try:
        links = list(await workers.links(replace(answer.page, kind=kind), **asked))
    except (NotAListing, Stopped) as error:
        detail = str(error)
    if other and other is not kind and not links:
        detail = f"it is {form}, which belongs in `{LISTINGS[other]}`"
    if detail:
        wall = await workers.wall(answer.page)
        return replace(listing, problem=wall or problem_of(ProblemKind.NOT_A_LISTING, detail))
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
    head = head.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")  # any byte order mark
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
