"""Stop 8: what a page prints between its headline and its text, for readers instead of machines.

The visible date, byline and dateline. Only the neighbourhood of the headline counts:
a date in a page's header is today's, one beside a related article is another article's.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from archive.arabic import fold
from crawler.blocks import Block
from crawler.body import Body, is_inside
from crawler.datelines import split_dateline
from crawler.dates import Stamp
from crawler.headline import key
from crawler.moments import parse
from crawler.pictures import pictures
from crawler.standfirst import names_of, own_names, standfirst

_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:author\w*|byline|by-?line|writer|write-?by|written|journalist|reporter|"
    r"posted-?by|vcard|kateb|katib)(?=$|[\s_-])",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"updated|modified|Modified")
_UPDATED = re.compile(r"(?:اخر تحديث|تم التحديث|تحديث|محدثه|معدل|عدل|updated|modified)")
_SPLIT = re.compile(r"\s*[|•·]\s*|\s[-–—]\s|\s+(?=آخر تحديث|اخر تحديث|تم التحديث|تحديث)")
_COUNTED = re.compile(r"\d|^\W*(?:منذ|قبل) |ago$")
_INLINE = ("a", "span", "strong", "b", "em", "i", "cite")
_PLACED = re.compile(r"(?:^|[\s_-])(?:location|place|city|dateline|source|agency)(?=$|[\s_-])")
_JOINED = re.compile(r"\s[-–—/]\s|[(/]")
_NEAR = 14  # blocks around the headline that may hold its date
_SHORT = 120


@dataclass(slots=True, kw_only=True)
class Printed:
    """What stands around a headline: its text, dates, bylines and standfirst.

    `lead` holds paragraphs of the article that stand before the element of its body.
    """

    headline: str | None = None
    dateline: str | None = None
    images: list[str] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    bylines: list[str] = field(default_factory=list)
    deck: str | None = None
    lead: list[Block] = field(default_factory=list)


def read_printed(
    blocks: Sequence[Block], body: Body, place: int | None, descriptions: Iterable[str]
) -> Printed:
    """Read the neighbourhood of the headline, which is at `place` in the `blocks` of a page."""
    found = Printed()
    if place is not None:
        found.headline = blocks[place].text
        found.images += pictures(blocks[place].element, body)
    first = place if place is not None else max(0, body.start - 6)
    between = blocks[first + 1 : body.start] if place is not None else blocks[first : body.start]
    for block in between[:40]:
        _take(found, block)
        if found.dateline is None and _is_dateline(block):
            found.dateline = block.text
    if place is not None:
        container = _above(blocks[place].element, 2)
        for block in blocks[max(0, place - _NEAR) : place]:
            if is_inside(block.element, container) or _shares(block.element, body.element):
                _take(found, block, above=True)
    for block in blocks[body.start : body.start + 3]:
        if parse(block.text, now=None, zone=None):
            found.stamps.append(Stamp(source="dateline", text=block.text))
    found.deck, found.lead = standfirst(between, body, {key(text) for text in descriptions})
    return found


def _is_dateline(block: Block) -> bool:
    """Tell whether a block is a dateline alone: place and agency, or one of them marked as such."""
    split = split_dateline(block.text)
    if split is None or split[1]:
        return False
    return _PLACED.search(names_of(block)) is not None or _JOINED.search(block.text) is not None


def find_headline(blocks: Sequence[Block], body: Body, stated: Iterable[str]) -> int | None:
    """Return the place of the headline: a `stated` title, or a first-rank heading like one.

    It stands before the body or among its first blocks.
    """
    titles = {key(title) for title in stated}
    inside = body.start + 2 + len(body.blocks) // 3
    for places in (range(body.start), range(body.start, min(inside, len(blocks)))):
        same = [i for i in places if key(blocks[i].text) in titles]
        headings = [i for i in same if blocks[i].heading]
        first_rank = [i for i in places if blocks[i].heading == 1 and len(blocks[i].text) > 12]
        like = [i for i in first_rank if any(_similar(key(blocks[i].text), t) for t in titles)]
        if found := headings or same or like or first_rank:
            return found[-1]
    return None


def _similar(one: str, other: str) -> bool:
    mine, theirs = set(one.split()), set(other.split())
    return len(mine & theirs) * 2 > min(len(mine), len(theirs)) > 2


def _take(found: Printed, block: Block, *, above: bool = False) -> None:
    """Take a block's date or byline, if it is nothing else."""
    if len(block.text) >= _SHORT:
        return
    found.stamps += _attributes(block.element)
    found.stamps += _dates(block.text, above=above)
    inline = [e for e in block.element.iter(*_INLINE) if _BYLINE.search(own_names(e))]
    if inline:
        found.bylines += [e.text_content() for e in inline]
    elif _BYLINE.search(names_of(block)) and not parse(block.text, now=None, zone=None):
        found.bylines.append(block.text)


def _dates(text: str, *, above: bool = False) -> Iterator[Stamp]:
    """Yield the dates a short line prints, as a whole or in its parts.

    A lone «اليوم» or «أمس» is no date here: it may as well be a newspaper's name.
    """
    pieces = [piece for piece in _SPLIT.split(text) if piece]
    for part in [text, *(pieces if len(pieces) > 1 else [])]:
        folded = fold(part)
        if not _COUNTED.search(folded):
            continue
        updated = _UPDATED.match(folded) is not None
        if updated or not _UPDATED.search(folded):
            yield Stamp(source="dateline", text=part, modified=updated, above=above)


def _attributes(element: HtmlElement) -> Iterator[Stamp]:
    """Yield the machine-readable dates of the `<time>` and `<abbr>` in an element."""
    for inner in element.iter("time", "abbr"):
        text = inner.get("datetime") or inner.get("title") or ""
        if text:
            modified = _CHANGED.search(own_names(inner)) is not None
            yield Stamp(source="time", text=text, modified=modified)


def _above(element: HtmlElement, steps: int) -> HtmlElement:
    for _ in range(steps):
        parent = element.getparent()
        if parent is None or parent.tag in {"body", "form"}:
            break
        element = parent
    return element


def _shares(element: HtmlElement, other: HtmlElement | None) -> bool:
    """Tell whether both elements lie in one `<article>`."""
    if other is None:
        return False
    mine = next(element.iterancestors("article"), None)
    return mine is not None and mine is next(other.iterancestors("article"), None)
