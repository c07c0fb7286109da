"""Stop 8: what a page prints between its headline and its text, for readers instead of machines.

The visible date, byline, section and standfirst. Only the neighbourhood of the headline counts:
a date in a page's header is today's, one beside a related article is another article's.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from archive.arabic import fold
from crawler.blocks import Block
from crawler.body import Body
from crawler.datelines import split_dateline
from crawler.dates import Stamp
from crawler.headline import key
from crawler.moments import parse

_DECK = re.compile(
    r"(?:^|[\s_-])(?:deck|standfirst|stand-first|sub-?title|sub-?head\w*|excerpt|summary|lead|lede|"
    r"intro\w*|chapo|abstract|brief|teaser-text|post-?desc\w*|article-?desc\w*|kicker-text|"
    r"field-name-field-(?:summary|deck|lead)\w*)(?=$|[\s_-])",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:author\w*|byline|by-?line|writer|write-?by|written|journalist|reporter|"
    r"posted-?by|vcard|kateb|katib)(?=$|[\s_-])",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CHANGED = re.compile(r"updated|modified|Modified")
_UPDATED = re.compile(r"(?:اخر تحديث|تم التحديث|تحديث|محدثه|معدل|عدل|updated|modified)")
_SPLIT = re.compile(r"\s*[|•·]\s*|\s[-–—]\s|\s+(?=آخر تحديث|اخر تحديث|تم التحديث|تحديث)")
# What opens a paragraph that goes on with what an earlier one began, folded.
_GOES_ON = re.compile(
    r"(?:و(?:قال|اضاف|اوضح|اكد|اشار|ذكر|تابع|لفت|شدد|اعتبر|بحسب|نقل|اعلن|كان|في|من|عن|علي|الي|بين|"
    r"جاء|راي|كشف|بدا|طالب|دعا|حذر|اعرب|ياتي|تاتي|يذكر|بعد|قبل|هو|هي|قد|ل|ب)\w*|كما|فيما|بدوره|بدورها|"
    r"من جهته|من جهتها|من جانبه)\b"
)
_INLINE = ("a", "span", "strong", "b", "em", "i", "cite")
_PLACED = re.compile(r"(?:^|[\s_-])(?:location|place|city|dateline|source|agency)(?=$|[\s_-])")
_JOINED = re.compile(r"\s[-–—/]\s|[(/]")
_SOURCES = ("data-src", "data-lazy-src", "data-original", "src")
_ICON = re.compile(
    r"^data:|\.(?:gif|svg)\b|/(?:icons?|ads?|adv|banners?|emoji)/|icon|logo|avatar", re.IGNORECASE
)
_PICTURE = 200  # pixels; a narrower picture is an icon or a portrait
_SENTENCE = re.compile(r"""[.؟!?…]["'”»)\]]*\s*$""")
_NEAR = 14  # blocks around the headline that may hold its date
_SHORT = 120


@dataclass(slots=True, kw_only=True)
class Printed:
    """What stands around a headline: its text, dates, bylines, section and standfirst.

    `lead` holds paragraphs of the article that stand before the element of its body.
    """

    headline: str | None = None
    dateline: str | None = None
    images: list[str] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    bylines: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    deck: str | None = None
    lead: list[Block] = field(default_factory=list)


def read_printed(
    blocks: Sequence[Block], body: Body, place: int | None, descriptions: Iterable[str]
) -> Printed:
    """Read the neighbourhood of the headline, which is at `place` in the `blocks` of a page."""
    found = Printed()
    if place is not None:
        found.headline = blocks[place].text
        found.images += _images(blocks[place].element, body)
    first = place if place is not None else max(0, body.start - 6)
    between = blocks[first + 1 : body.start] if place is not None else blocks[first : body.start]
    for block in between[:40]:
        _take(found, block)
        if found.dateline is None and _is_dateline(block):
            found.dateline = block.text
    if place is not None:
        container = _above(blocks[place].element, 2)
        for block in blocks[max(0, place - _NEAR) : place]:
            if _is_in(block.element, container) or _shares(block.element, body.element):
                _take(found, block)
    for block in blocks[body.start : body.start + 3]:
        if len(block.text) < _SHORT:
            found.stamps += _dates(block.text)
    _standfirst(found, between, body, {key(text) for text in descriptions})
    return found


def _is_dateline(block: Block) -> bool:
    """Tell whether a block is a dateline alone: place and agency, or one of them marked as such."""
    split = split_dateline(block.text)
    if split is None or split[1]:
        return False
    return _PLACED.search(_names(block)) is not None or _JOINED.search(block.text) is not None


def _images(headline: HtmlElement, body: Body) -> Iterator[str]:
    """Yield the addresses of the pictures between the headline and the end of the text."""
    if body.element is None:
        return
    last = body.blocks[-1].element if body.blocks else body.element
    common = next((e for e in body.element.iterancestors() if _is_in(headline, e)), None)
    passed = False
    for element in common.iter() if common is not None else ():
        passed = passed or element is headline
        if element is last:
            return
        width = element.get("width") or "" if element.tag == "img" else None
        if passed and width is not None and (not width.isdigit() or int(width) >= _PICTURE):
            source = next((element.get(name) for name in _SOURCES if element.get(name)), None)
            if source and not _ICON.search(source):
                yield source


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


def _take(found: Printed, block: Block) -> None:
    """Take a block's date or byline, if it is nothing else."""
    if len(block.text) >= _SHORT:
        return
    found.stamps += _attributes(block.element)
    found.stamps += _dates(block.text)
    inline = [e for e in block.element.iter(*_INLINE) if _BYLINE.search(_own_names(e))]
    if inline:
        found.bylines += [e.text_content() for e in inline]
    elif _BYLINE.search(_names(block)) and not parse(block.text, now=None, zone=None):
        found.bylines.append(block.text)


def _dates(text: str) -> Iterator[Stamp]:
    """Yield the dates a short line prints, as a whole or in its parts."""
    parts = [text] if _could_be_date(text) else []
    pieces = [piece for piece in _SPLIT.split(text) if piece]
    parts += pieces if len(pieces) > 1 else []
    for part in parts:
        updated = _UPDATED.match(fold(part)) is not None
        whole = _UPDATED.search(fold(part)) is not None
        if updated or not whole:
            yield Stamp(source="dateline", text=part, modified=updated)


def _attributes(element: HtmlElement) -> Iterator[Stamp]:
    """Yield the machine-readable dates of the `<time>` and `<abbr>` in an element."""
    for inner in element.iter("time", "abbr"):
        text = inner.get("datetime") or inner.get("title") or ""
        if text:
            modified = _CHANGED.search(_own_names(inner)) is not None
            yield Stamp(source="time", text=text, modified=modified)


def _could_be_date(text: str) -> bool:
    return any(char.isdigit() for char in text) or len(text) < 30


def _names(block: Block) -> str:
    """Return the class names and ids of a block's element and its parent."""
    parent = block.element.getparent()
    near = [block.element, *block.element.iter("span", "em", "strong", "font")]
    return " ".join(map(_own_names, near if parent is None else [*near, parent]))


def _own_names(element: HtmlElement) -> str:
    values = (element.get(name) for name in ("class", "id", "rel", "itemprop"))
    return _CAMEL.sub("-", " ".join(value for value in values if value))


def _standfirst(
    found: Printed, between: Sequence[Block], body: Body, descriptions: set[str]
) -> None:
    """Tell the standfirst between headline and body from a lead, the text's own beginning."""
    goes_on = bool(body.blocks) and _GOES_ON.match(fold(body.blocks[0].text)) is not None
    for block in between:
        text = block.text
        if not 30 <= len(text) <= 700 or block.link_share > 0.3 or _is_aside(block):
            continue
        marked = _DECK.search(_names(block)) or block.heading > 1 or key(text) in descriptions
        is_lead = (goes_on and len(text) > 100) or (not marked and len(text) > 120)
        if is_lead and _SENTENCE.search(text) and block.element.find("img") is None:
            found.lead.append(block)
        elif marked and found.deck is None and len(text) <= 500:
            found.deck = text


def _is_aside(block: Block) -> bool:
    return any(not _DECK.search(_CAMEL.sub("-", e.get("class") or "")) for e in block.chrome)


def _above(element: HtmlElement, steps: int) -> HtmlElement:
    for _ in range(steps):
        parent = element.getparent()
        if parent is None or parent.tag in {"body", "form"}:
            break
        element = parent
    return element


def _is_in(element: HtmlElement | None, container: HtmlElement) -> bool:
    while element is not None:
        if element is container:
            return True
        element = element.getparent()
    return False


def _shares(element: HtmlElement, other: HtmlElement | None) -> bool:
    """Tell whether both elements lie in one `<article>`."""
    if other is None:
        return False
    mine = next(element.iterancestors("article"), None)
    return mine is not None and mine is next(other.iterancestors("article"), None)
