"""Stop 8: what a page prints between its headline and its text, for readers instead of machines.

The visible date, byline and dateline. Only the neighbourhood of the headline counts:
a date in a page's header is today's, one beside a related article is another article's.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from crawler.blocks import Block
from crawler.body import Body, is_inside
from crawler.bylines import signature
from crawler.datelines import split_dateline
from crawler.dates import Stamp
from crawler.datestamps import elements_of, silent_stamps, stamps_of
from crawler.headline import key
from crawler.moments import parse
from crawler.standfirst import names_of, own_names, standfirst
from crawler.surplus import is_date_line

_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:author\w*|byline|by-?line|writer|write-?by|written|journalist|reporter|"
    r"posted-?by|vcard|kateb|katib)(?=$|[\s_-])",
    re.IGNORECASE,
)
_PARTED = re.compile(r"\s*[|•·]\s*|\s[-–—]\s")
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
    stamps: list[Stamp] = field(default_factory=list)
    bylines: list[str] = field(default_factory=list)
    deck: str | None = None
    lead: list[Block] = field(default_factory=list)


def read_printed(
    blocks: Sequence[Block],
    body: Body,
    place: int | None,
    descriptions: Iterable[str],
    names: frozenset[str],
) -> Printed:
    """Read the neighbourhood of the headline, which is at `place` in the `blocks` of a page.

    `names` are what the newspaper is called: its own name alone is no dateline.
    """
    found = Printed()
    if place is not None:
        found.headline = blocks[place].text
        headline = blocks[place].element
        found.stamps += silent_stamps(headline, body.blocks[0].element if body.blocks else None)
    first = place if place is not None else max(0, body.start - 6)
    between = blocks[first + 1 : body.start] if place is not None else blocks[first : body.start]
    for block in between[:40]:
        _take(found, block)
        if found.dateline is None and _is_dateline(block, names):
            found.dateline = block.text
    if place is not None:
        container = _above(blocks[place].element, 2)
        for block in blocks[max(0, place - _NEAR) : place]:
            if is_inside(block.element, container) or _shares(block.element, body.element):
                _take(found, block, above=True)
    for block in body.blocks[:4]:
        if is_date_line(block.text):
            found.stamps += stamps_of(block)
    found.deck, found.lead = standfirst(between, body, {key(text) for text in descriptions})
    return found


def _is_dateline(block: Block, names: frozenset[str]) -> bool:
    """Tell whether a block is a dateline alone: place and agency, or one of them marked as such."""
    split = split_dateline(block.text, names)
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
    found.stamps += stamps_of(block, above=above)
    inline = [e for e in block.element.iter(*_INLINE) if _BYLINE.search(own_names(e))]
    if inline:
        found.bylines += [e.text_content() for e in inline]
    elif _BYLINE.search(names_of(block)) and not parse(block.text, now=None, zone=None):
        found.bylines.append(block.text)
    else:
        parts = [*_PARTED.split(block.text), *(t for _, t in elements_of(block))]
        found.bylines += [part for part in dict.fromkeys(parts) if signature(part)]


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
