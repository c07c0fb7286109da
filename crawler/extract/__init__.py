"""The bytes of an article page become an `Extraction`.

Pure, and free of scrapy: it runs in worker processes, one page at a time. The page is parsed
once; what it states for machines, what it prints for readers and what the publisher's rules select
are read from that one tree.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from urllib.parse import urlsplit

from archive.problems import ProblemKind
from archive.records import Capture, Extraction, Kind, Link, PageKind, Problem
from crawler.dates.decision import Decision, Stamp, decide
from crawler.extract.blocks import Block, parse_page
from crawler.extract.body import rescue, shown, unseen_lead
from crawler.extract.boilerplate import paragraphs
from crawler.extract.byline import as_line, sign
from crawler.extract.charset import Decoded, decode, is_binary, mend, mend_hints
from crawler.extract.dateline import day_of, split_dateline
from crawler.extract.embeds import find_embeds
from crawler.extract.figures import find_images
from crawler.extract.headline import choose, repeats
from crawler.extract.jsondata import ARTICLES
from crawler.extract.kind import ENOUGH, hijacked, kind_of, states_article, titles_of, wall
from crawler.extract.metadata import absolute
from crawler.extract.page import Page, read_page
from crawler.extract.tags import section_of, tags_of
from crawler.extract.vocabulary import key, one_line
from crawler.language import detect
from crawler.publisher import Publisher

_URL_DAY = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<mark>[/_-]?)(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)"
)


_MOST_TAGS = 100_000  # reading more takes minutes; a long live blog has ten thousand
_PRINTED = 200  # characters of text that are an article below a headline and a date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """The article as it reads, without what was found to belong to its other fields."""

    text: str
    deck: str | None
    authors: tuple[str, ...]
    byline_from: str | None
    dateline: str | None


def extract(
    capture: Capture,
    publisher: Publisher,
    *,
    hints: Link | None = None,
) -> Extraction:
    """Read `capture.body` (still in the page's charset) by today's rules for `publisher`.

    `hints` is what a listing said of the page. Relative dates count from the capture; that a
    later one does not move them is the archive's part. What cannot be read is None, never
    guessed, and what went wrong is in `problems`; no page raises.
    """
    decoded = decode(capture.body, capture.content_type)
    if problem := _unreadable(decoded.text):
        return Extraction(kind=PageKind.OTHER, problems=(problem,))
    root = parse_page(decoded.text)
    if root is None:
        return Extraction(kind=PageKind.OTHER, problems=(_no_text("the page holds no markup"),))
    mended = mend(root, decoded.text)
    page = read_page(root, decoded, capture, publisher, mend_hints(hints))
    return _read(page, mended, capture, publisher.zone)


def _unreadable(source: str) -> Problem | None:
    """Return why a source is not even parsed."""
    if is_binary(source):
        return _no_text("this is no page but data")
    if (tags := source.count("<")) > _MOST_TAGS:
        detail = f"the page has {tags} tags; none of a newspaper has over {_MOST_TAGS}"
        return Problem(kind=ProblemKind.TOO_LARGE, detail=detail, stage="extract")
    return None


def _read(
    page: Page, mended: Iterable[Problem], capture: Capture, zone: tzinfo | None
) -> Extraction:
    """Put together what a page says, as far as its kind lets it be believed."""
    title = _title(page)
    body = _text(page, title)
    kind, problems = _kind(page, body.text, capture)
    found = (*page.evidence.problems, *page.selected.problems)
    problems = (*found, *_charset(page.decoded), *mended, *problems)
    if kind is None:
        return Extraction(kind=PageKind.OTHER, problems=problems)
    canonical = absolute(page.evidence.canonical, capture.url, same_site=True)
    if kind is PageKind.SECTION:
        language = detect(_visible(page))
        return Extraction(kind=kind, language=language, canonical_url=canonical, problems=problems)
    dates = Decision() if kind is PageKind.OTHER else _dates(page, body, capture, zone)
    return replace(
        _article(page, title, body, capture.url),
        kind=kind,
        canonical_url=canonical,
        published_at=dates.published.at if dates.published else None,
        published_on=dates.published.day if dates.published else None,
        published_from=dates.published_from,
        modified_at=dates.modified.at if dates.modified else None,
        problems=(*problems, *dates.problems),
    )


def _article(page: Page, title: str | None, body: _Text, url: str) -> Extraction:
    """Put together what was read of an article, its dates aside."""
    evidence, selected, names = page.evidence, page.selected, page.names
    elements = shown(page.headline, page.body, selected.remove)
    images = find_images(elements, url, names)
    return Extraction(
        kind=PageKind.ARTICLE,
        title=title,
        deck=body.deck,
        byline=as_line(body.authors),
        authors=body.authors,
        byline_from=body.byline_from,
        dateline=body.dateline,
        section=section_of(evidence, selected, page.blocks[: page.body.start], names),
        tags=tags_of(page, f"{title} {body.text}"),
        language=detect(body.text),
        text=body.text,
        image_url=absolute([*evidence.images, *(image.url for image in images)], url),
        embeds=find_embeds(elements, evidence.videos),
        images=images,
    )


def _kind(page: Page, text: str, capture: Capture) -> tuple[PageKind | None, tuple[Problem, ...]]:
    """Return the kind of a page and the problem it is; no kind for what stands before an article.

    A page that says it is an article, or has the headline, date and text of one, is no wall; many
    systems give the Open Graph type of an article to whatever they publish.
    """
    types = page.evidence.types
    states = states_article(types) or bool(page.selected.text)
    marks = page.printed.headline is not None, bool(page.printed.stamps)
    titles = titles_of(page.root)
    source, visible = page.decoded.text, _visible(page)
    walled = hijacked(titles, text)
    if not walled and not _is_single(page, len(text), dated=all(marks)):
        walled = wall(
            source,
            titles,
            visible,
            running=len(text),
            status=capture.status,
            printed=all(marks),
        )
    if walled:
        return None, (walled,)
    kind = kind_of(
        capture.url,
        types,
        text,
        page.blocks,
        live=page.live,
        states=states,
        headed=any(marks),
        dated=all(marks),
    )
    empty = kind is PageKind.OTHER and len(text) < ENOUGH
    return kind, (_no_text(f"{len(text)} characters of text"),) if empty else ()


def _is_single(page: Page, running: int, *, dated: bool) -> bool:
    """Tell whether a page is surely an article, by what it states or by what it prints."""
    if bool(page.evidence.types & ARTICLES) or page.selected.text:
        return True
    return (dated and running >= _PRINTED) or (states_article(page.evidence.types) and dated)


def _visible(page: Page) -> str:
    """Return the first of what a page shows, whatever it is."""
    return " ".join(block.text for block in page.blocks[:60])


def _title(page: Page) -> str | None:
    candidates = [("rules", page.selected.title)] if page.selected.title else []
    candidates += [("h1", page.printed.headline)] if page.printed.headline else []
    candidates += page.evidence.titles
    candidates += [("hint", page.hints.title)] if page.hints and page.hints.title else []
    sections = frozenset(map(key, page.evidence.sections))
    lines = [(source, one_line(text)) for source, text in candidates]
    return choose(lines, page.likely, sections) or None


def _text(page: Page, title: str | None) -> _Text:
    """Read the article itself; names that sign it inside its text leave the text for the byline."""
    deck = page.selected.deck or page.printed.deck or next(iter(page.evidence.decks), None)
    blocks = [*page.printed.lead, *page.body.blocks]
    known = [title or "", deck or ""]
    found = paragraphs(blocks, repeated=known, timed=page.live)
    if not page.sure:
        found = _cleaned(page, rescue(page.root, found, page.evidence.body), known)
    else:
        found = _cleaned(page, unseen_lead(found, page.evidence.body), known) + found
    lines = [line for line in map(one_line, found) if line]
    lines, authors, byline_from = sign(lines, page)
    dateline = split_dateline(lines[0], page.likely, first=True) if lines else None
    if dateline and not dateline[1]:
        del lines[0]
    text = "\n".join(lines)
    return _Text(
        text=text,
        deck=None if deck is None or repeats(deck, text) else one_line(deck),
        authors=authors,
        byline_from=byline_from,
        dateline=dateline[0] if dateline else page.printed.dateline,
    )


def _cleaned(page: Page, lines: Sequence[str], repeated: Sequence[str]) -> list[str]:
    """Return lines that were read another way without what is surely not the article."""
    return paragraphs([Block(text=line, element=page.root) for line in lines], repeated=repeated)


def _dates(page: Page, body: _Text, capture: Capture, zone: tzinfo | None) -> Decision:
    stamps = [*page.evidence.stamps, *page.printed.stamps]
    stamps += [Stamp(source="url", text=day) for day in _days_in(capture.url)]
    if page.selected.published:
        stamps.append(Stamp(source="rules", text=page.selected.published))
    if page.hints and page.hints.published:
        source = page.hints.dated_by or Kind.FEED
        stamps.append(Stamp(source=source, text=page.hints.published))
    if body.dateline and (day := day_of(body.dateline)):
        stamps.append(Stamp(source="dateline", text=day))
    return decide(stamps, now=capture.fetched_at, zone=zone)


def _days_in(url: str) -> Iterable[str]:
    """Yield the day an address names in full: /2020/11/09/, /2020-11-09/ or /20201109/."""
    for match in _URL_DAY.finditer(urlsplit(url).path):
        if not match["mark"] and len(match["month"] + match["day"]) < 4:
            continue
        yield "-".join(match.group("year", "month", "day"))


def _charset(decoded: Decoded) -> Iterable[Problem]:
    if decoded.overruled:
        detail = f"declared as {decoded.overruled}, read as {decoded.charset}"
        yield Problem(kind=ProblemKind.CHARSET, detail=detail, stage="extract")


def _no_text(detail: str) -> Problem:
    return Problem(kind=ProblemKind.NO_TEXT, detail=f"no article text: {detail}", stage="extract")
