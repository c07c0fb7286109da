"""The bytes of an article page become an `Extraction`.

Pure, and free of scrapy: it runs in worker processes, one page at a time. One straight line of
stages, each of which takes records and gives one: charset, tree, metadata, layout (where the
article is), what is printed around the headline, text, byline, kind, and the fields.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo
from urllib.parse import urlsplit

from archive.models import Capture, Extraction, Kind, Link, PageKind, Problem
from crawler.dates.moments import Decision, Stamp, decide
from crawler.extract.blocks import read_tree
from crawler.extract.body import Layout, read_layout
from crawler.extract.boilerplate import read_text
from crawler.extract.byline import Signed, as_line, day_of, read_byline, without_dateline
from crawler.extract.charset import decode
from crawler.extract.headline import choose, line_over, not_headlines, repeats
from crawler.extract.kind import read_kind
from crawler.extract.media import find_embeds, find_images, shown
from crawler.extract.metadata import Metadata, first_address, read_metadata, with_script
from crawler.extract.printed import Printed, read_printed, section_of, tags_of
from crawler.extract.vocabulary import detect_language, key, one_line
from crawler.publisher import Publisher

_LONGEST_TITLE = 1000  # characters
_URL_DAY = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<mark>[/_-]?)(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """The article as it reads, and what was read of its other fields."""

    title: str | None
    deck: str | None
    text: str
    dateline: str | None
    signed: Signed


def extract(capture: Capture, publisher: Publisher, hints: Link | None = None) -> Extraction:
    """Read `capture.body` (still in the page's charset) with the current rules for `publisher`.

    `hints` is what a listing said of the page. Relative dates count from the capture; that a
    later one does not move them is the archive's part. What cannot be read is None, never
    guessed, and what went wrong is in `problems`; no page raises.
    """
    decoded = decode(capture.body, capture.content_type)
    tree = read_tree(decoded)
    if isinstance(tree, Problem):
        return Extraction(kind=PageKind.OTHER, problems=(tree,))
    metadata = read_metadata(tree, capture, publisher, hints)
    layout = read_layout(tree, metadata, capture.url)
    if not layout.body.sure:
        metadata = with_script(metadata, tree.root)
    printed = read_printed(layout, metadata)
    story = _read_story(layout, metadata, printed, capture.url)
    verdict = read_kind(layout, metadata, printed, story.text, capture)
    stated = (*metadata.stated.problems, *metadata.selected.problems)
    problems = (*stated, *tree.problems, *verdict.problems)
    if verdict.kind is None:
        return Extraction(kind=PageKind.OTHER, problems=problems)
    if verdict.kind is PageKind.SECTION:
        return Extraction(
            kind=verdict.kind,
            language=detect_language(layout.visible),
            canonical_url=_canonical(metadata, capture.url),
            problems=problems,
        )
    dates = Decision()
    if verdict.kind is not PageKind.OTHER:
        dates = _read_dates(metadata, printed, story, capture, publisher.zone)
    article = _article(capture.url, verdict.kind, layout, metadata, story, dates)
    return replace(article, charset=decoded.charset, problems=(*problems, *dates.problems))


def _read_story(layout: Layout, metadata: Metadata, printed: Printed, url: str) -> _Story:
    """Read the article itself; what signs it or says where it comes from is not in its text."""
    title = _title(layout, metadata, printed, url)
    deck = metadata.selected.deck or printed.deck or next(iter(metadata.stated.decks), None)
    lines = read_text(layout, metadata, printed.lead, (title or "", deck or ""))
    signed = read_byline(lines, layout, metadata, printed.bylines)
    rest, dateline = without_dateline(signed.lines, layout.likely)
    text = "\n".join(rest)
    return _Story(
        title=title,
        deck=None if deck is None or repeats(deck, text) else one_line(deck),
        text=text,
        dateline=dateline or printed.dateline,
        signed=signed,
    )


def _title(layout: Layout, metadata: Metadata, printed: Printed, url: str) -> str | None:
    """Return the headline that most sources agree on."""
    stated, selected, hints = metadata.stated, metadata.selected, metadata.hints
    candidates = [("rules", selected.title)] if selected.title else []
    candidates += [("h1", printed.headline)] if printed.headline else []
    candidates += stated.titles
    candidates += [("hint", hints.title)] if hints and hints.title else []
    sections = frozenset(map(key, stated.sections))
    lines = [(source, one_line(text)[:_LONGEST_TITLE]) for source, text in candidates]
    names, blocks, shown = layout.likely, layout.blocks, printed.headline or ""
    if not (selected.title or _is_stated(shown, metadata)):
        names |= not_headlines([t for _, t in lines], shown, blocks, layout.tree.root, names, url)
    return choose(lines, names, sections) or line_over(blocks, layout.body.start, names)


def _is_stated(headline: str, metadata: Metadata) -> bool:
    """Return whether a page states what it prints as its headline, and not as its whole title.

    That may be the name of its site, which some print as a first-rank heading.
    """
    own, sources = key(headline), (*(source for source, _ in metadata.stated.titles), "hint")
    bare = zip(sources, metadata.bare, strict=False)  # the hint may state no title
    agreeing = [source for source, text in bare if key(text) == own]
    cut = own not in map(key, metadata.titles)
    return bool(agreeing) and (cut or agreeing != ["title"])


def _read_dates(
    metadata: Metadata, printed: Printed, story: _Story, capture: Capture, zone: tzinfo | None
) -> Decision:
    """Weigh all that a page, its address and its listing say of its dates."""
    selected, hints = metadata.selected, metadata.hints
    stamps = [*metadata.stated.stamps, *printed.stamps]
    stamps += [Stamp(source="url", text=day) for day in _days_in(capture.url)]
    stamps += [Stamp(source="rules", text=selected.published)] if selected.published else []
    if hints and hints.published:
        stamps.append(Stamp(source=hints.dated_by or Kind.FEED, text=hints.published))
    if story.dateline and (day := day_of(story.dateline)):
        stamps.append(Stamp(source="dateline", text=day, within=True))
    return decide(stamps, now=capture.fetched_at, zone=zone)


def _days_in(url: str) -> Iterable[str]:
    """Yield the day an address names in full: /2020/11/09/, /2020-11-09/ or /20201109/."""
    for match in _URL_DAY.finditer(urlsplit(url).path):
        if not match["mark"] and len(match["month"] + match["day"]) < 4:
            continue
        yield "-".join(match.group("year", "month", "day"))


def _canonical(metadata: Metadata, url: str) -> str | None:
    return first_address(metadata.stated.canonical, url, same_site=True)


def _article(
    url: str, kind: PageKind, layout: Layout, metadata: Metadata, story: _Story, dates: Decision
) -> Extraction:
    """Put together what was read of an article."""
    elements = shown(layout.headline, layout.body, metadata.selected.remove)
    images = find_images(elements, url, metadata.names)
    pictures = [*metadata.stated.images, *(image.url for image in images)]
    published, modified = dates.published, dates.modified
    return Extraction(
        kind=kind,
        title=story.title,
        deck=story.deck,
        byline=as_line(story.signed.authors),
        authors=story.signed.authors,
        byline_from=story.signed.byline_from,
        dateline=story.dateline,
        section=section_of(layout, metadata),
        tags=tags_of(layout, metadata, f"{story.title} {story.text}"),
        language=detect_language(story.text),
        text=story.text,
        image_url=first_address(pictures, url),
        embeds=find_embeds(elements, metadata.stated.videos),
        images=images,
        canonical_url=_canonical(metadata, url),
        published_at=published.at if published else None,
        published_on=published.day if published else None,
        published_from=dates.published_from,
        modified_at=modified.at if modified else None,
    )
