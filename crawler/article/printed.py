"""Stop 8: what a page prints between its headline and its text, for readers instead of machines.

The visible date, byline and dateline. Only the neighbourhood of the headline counts:
a date in a page's header is today's, one beside a related article is another article's.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from lxml.html import HtmlElement

from crawler.article.blocks import Block
from crawler.article.body import Body, is_inside
from crawler.article.datelines import split_dateline
from crawler.article.headline import key
from crawler.article.headline import parts as split_title
from crawler.article.standfirst import names_of, own_names, standfirst
from crawler.article.surplus import is_date_line, is_paragraph
from crawler.bylines import is_named, is_placed_name, names, signature
from crawler.dates import Stamp
from crawler.dating.datestamps import elements_of, is_clock, silent_stamps, stamps_of
from crawler.dating.moments import parse

_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:author\w*|byline|by-?line|writer|write-?by|written|journalist|reporter|"
    r"posted-?by|vcard|kateb|katib)(?=$|[\s_-])",
    re.IGNORECASE,
)
_AUTHOR_LINK = re.compile(r"author|writer|kat[ie]b|editor|profile|user|كاتب|كتاب", re.IGNORECASE)
_FIGURES = frozenset({"figure", "figcaption", "aside"})
_CREDIT = re.compile(
    r"(?:^|[\s_-])(?:(?:img-?)?cap(?:tions?)?|credits?|photo\w*|image|tags?|keywords)(?=$|[\s_-])"
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

    `names` are lines that hold nothing but a person's name: who signs, where no byline says it.
    `lead` holds paragraphs of the article that stand before the element of its body.
    """

    headline: str | None = None
    dateline: str | None = None
    stamps: list[Stamp] = field(default_factory=list)
    bylines: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    deck: str | None = None
    lead: list[Block] = field(default_factory=list)


def read_printed(
    blocks: Sequence[Block],
    body: Body,
    place: int | None,
    descriptions: Iterable[str],
    site: frozenset[str],
    *,
    live: bool = False,
) -> Printed:
    """Read the neighbourhood of the headline, which is at `place` in the `blocks` of a page.

    `site` are what the newspaper is called: its own name alone is no dateline.
    The first dates in a `live` blog are those of its entries.
    """
    found = Printed()
    if place is not None:
        found.headline = blocks[place].text
        headline = blocks[place].element
        found.stamps += silent_stamps(headline, body.blocks[0].element if body.blocks else None)
    first = place if place is not None else max(0, body.start - 6)
    between = blocks[first + 1 : body.start] if place is not None else blocks[first : body.start]
    for block, before in zip(between[:40], [None, *between], strict=False):
        _take(found, block)
        if before and is_clock(block.text):
            found.stamps += stamps_of(replace(before, text=f"{before.text} {block.text}"))
        if found.dateline is None and _is_dateline(block, site):
            found.dateline = block.text
    if place is not None:
        container = _above(blocks[place].element, 2)
        for block in blocks[max(0, place - _NEAR) : place]:
            if is_inside(block.element, container) or _shares(block.element, body.element):
                _take(found, block, above=True)
    begun = takewhile(lambda block: not is_paragraph(block.text), body.blocks[:4])
    for block in begun if not live else ():
        if is_date_line(block.text):
            found.stamps += stamps_of(block)
    found.deck, found.lead = standfirst(between, body, {key(text) for text in descriptions})
    return found


def _is_dateline(block: Block, site: frozenset[str]) -> bool:
    """Tell whether a block is a dateline alone: place and agency, or one of them marked as such."""
    split = split_dateline(block.text, site)
    if split is None or split[1]:
        return False
    return _PLACED.search(names_of(block)) is not None or _JOINED.search(block.text) is not None


def find_headline(blocks: Sequence[Block], body: Body, stated: Sequence[str]) -> int | None:
    """Return the place of the headline: a `stated` title, or a first-rank heading like one.

    It stands before the body or among its first blocks.
    """
    titles = {key(title) for title in stated}
    parts = {key(part) for title in stated for part in split_title(title)}
    inside = body.start + 2 + len(body.blocks) // 3
    for places in (range(body.start), range(body.start, min(inside, len(blocks)))):
        same = [i for i in places if key(blocks[i].text) in titles]
        headings = [i for i in same if blocks[i].heading]
        first_rank = [i for i in places if blocks[i].heading == 1 and len(blocks[i].text) > 12]
        like = [i for i in first_rank if any(_similar(key(blocks[i].text), t) for t in titles)]
        named = [i for i in places if blocks[i].heading and key(blocks[i].text) in parts]
        if found := headings or same or like or named or first_rank:
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
    inside = {e for outer in inline for e in outer.iterdescendants()}
    if inline:
        found.bylines.append("، ".join(_signers(e) for e in inline if e not in inside))
    elif _BYLINE.search(names_of(block)) and not parse(block.text, now=None, zone=None):
        found.bylines.append(_signers(block.element, block.text))
    elif any(_BYLINE.search(own_names(e)) for e in block.chrome):
        found.bylines += [block.text] if all(map(is_named, names(block.text) or ("",))) else []
    else:
        inner = [text for _, text in elements_of(block) if text != block.text]
        parts = [*inner, *_PARTED.split(block.text)]
        found.bylines += [part for part in dict.fromkeys(parts) if signature(part)]
        if not above and _is_signed(block):
            found.names.append(block.text)


def _is_signed(block: Block) -> bool:
    """Tell whether a line is a person's name alone, or beside a place: «بلدة ما – فلان».

    A link counts where it leads to an author: others are topics.
    """
    links = [link.get("href", "") for link in block.element.iter("a")]
    credit = any(e.tag in _FIGURES or _CREDIT.search(own_names(e)) for e in block.chrome)
    return not credit and is_placed_name(block.text) and all(map(_AUTHOR_LINK.search, links))


def _signers(element: HtmlElement, text: str | None = None) -> str:
    """Return what an element prints as a byline; the links alone where each names a person."""
    printed = text or element.text_content()
    linked = [" ".join(a.text_content().split()) for a in element.iter("a") if a.get("href")]
    people = [name for name in linked if name and name in printed]
    return "، ".join(people) if len(people) > 1 and all(map(is_named, people)) else printed


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
