"""What a page prints around its headline, for readers instead of machines.

The visible dates, byline and dateline. Only the neighbourhood of the headline counts:
a date in a page's header is today's, one beside a related article is another article's.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice, pairwise, takewhile

from lxml.html import HtmlElement

from archive.search.arabic import fold
from crawler.dates.decision import Stamp
from crawler.dates.moments import parse
from crawler.dates.words import cut
from crawler.extract.blocks import Block, names_of, own_names
from crawler.extract.body import Body, is_inside
from crawler.extract.boilerplate import is_date_line, is_paragraph
from crawler.extract.byline import is_named, is_placed_name, names, signature
from crawler.extract.dateline import split_dateline
from crawler.extract.headline import parts as split_title
from crawler.extract.headline import standfirst
from crawler.extract.vocabulary import class_pattern, key, pattern

_BYLINE = class_pattern("byline")
_AUTHOR_LINK = re.compile(r"author|writer|kat[ie]b|editor|profile|user|كاتب|كتاب", re.IGNORECASE)
_FIGURES = frozenset({"figure", "figcaption", "aside"})
_CREDIT = pattern("classes", "credit_line", r"(?:^|[\s_-])(?:{})(?=$|[\s_-])")
_PARTED = re.compile(r"\s*[|•·]\s*|\s[-–—]\s")
_INLINE_NAMES = ("a", "span", "strong", "b", "em", "i", "cite")
_PLACED = pattern("classes", "dateline", r"(?:^|[\s_-])(?:{})(?=$|[\s_-])")
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
    inline = [e for e in block.element.iter(*_INLINE_NAMES) if _BYLINE.search(own_names(e))]
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


_UPDATED = pattern("headline", "updated", r"(?:{})")
_CHANGED = re.compile(r"updated?|modified|Modified")
_ENTRY = re.compile(r"(?:^|[\s_-])(?:published|entry-date|post-date)(?=$|[\s_-])")
_SPLIT = re.compile(r"\s*[|•·]\s*|\s[-–—]\s|\s+(?=آخر تحديث|اخر تحديث|تم التحديث|تحديث)")
# «نشره فلان في 5 مارس 2024»: the day is what follows the name.
_SIGNED = re.compile(
    r"^(?:نشره?ا?|نُ?شرت?|كتبه?ا?|بقلم|بواسطة|مرسلة|أضافه|اضافه|posted|published|submitted|written|by)"
    r"\s[^\d]{2,60}?\s(?:في|يوم|بتاريخ|on|,)\s*(?=\S)",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\d|^\W*(?:منذ|قبل) |ago$")
# Attributes that scripts read dates from: some surely of publication, others of anything.
_PUBLISHED = re.compile(
    r"data-(?:livestamp|timeago|from-?now|(?:article-|post-|news-|story-)?(?:pub(?:lish(?:ed)?)?|"
    r"create[d]?|posted|issued|updated?|modified)(?:[-_]?(?:at|on|date|time|datetime|utc|timestamp))?)"
)
_DATED = re.compile(
    r"data-(?:[a-z]+-)?(?:date|time|datetime|timestamp|epoch|unix\w*|utc|moment|iso|gmt)"
)
_CLOCK = re.compile("Z?o?TP?Z?")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d+)?")
_INLINE = ("span", "time", "abbr", "b", "strong", "em", "i", "small", "font", "a", "li", "bdi")
_LARGE = frozenset({"html", "body", "form", "main", "article", "section", "script", "style"})
_MOST = 40  # elements of a line that are looked into


def stamps_of(block: Block, *, above: bool = False) -> Iterator[Stamp]:
    """Yield every date a block of a few words holds, for machines first.

    `above` tells that it stands above the headline, where today's date may stand.
    """
    inner = list(elements_of(block))
    for element, _ in inner:
        yield from _attributes(element)
    yield from _printed(block.text, above=above)
    parts = [(e, t) for e, t in inner if t and t != block.text and e.tag in _INLINE]
    for element, text in parts:
        changed = _is_changed(element)
        yield from _printed(text, above=above, changed=changed)
    for (_, one), (_, other) in pairwise(parts):  # a day and a time, each in its element
        yield from _printed(f"{one} {other}", above=above)


def silent_stamps(headline: HtmlElement, last: HtmlElement | None) -> Iterator[Stamp]:
    """Yield the dates of empty elements between a headline and `last`: scripts fill them in."""
    for element in islice(_following(headline), _MOST * 2):
        if element is last:
            return
        if isinstance(element.tag, str) and not len(element) and not (element.text or "").strip():
            yield from _attributes(element)


def _following(element: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the elements after one in the order of the page."""
    while (parent := element.getparent()) is not None:
        for sibling in element.itersiblings():
            yield from sibling.iter()
        element = parent


def is_clock(text: str) -> bool:
    """Tell whether a line is nothing but a time of day."""
    return _CLOCK.fullmatch("".join(token.kind for token in cut(fold(text)))) is not None


def elements_of(block: Block) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the elements that show the text of a block or a part of it, and that text.

    The element of a bare line is the container of much else, which is not looked at.
    """
    parent = block.element.getparent()
    near = [] if parent is None or len(parent) > 3 else [parent]
    for element in (*near, *islice(block.element.iter(), _MOST)):
        if isinstance(element.tag, str) and element.tag not in _LARGE:
            text = " ".join(element.text_content().split())
            if text in block.text:
                yield element, text


def _printed(text: str, *, above: bool, changed: bool = False) -> Iterator[Stamp]:
    """Yield the dates a short line prints, as a whole or in its parts.

    A lone «اليوم» or «أمس» is no date here: it may as well be a newspaper's name.
    """
    pieces = [piece for piece in _SPLIT.split(text) if piece]
    pairs = [f"{one} {other}" for one, other in pairwise(pieces)] if len(pieces) > 2 else []
    signed = [text[match.end() :]] if (match := _SIGNED.match(text)) else []
    for part in [text, *pairs, *(pieces if len(pieces) > 1 else []), *signed]:
        folded = fold(part)
        if not _COUNTED.search(folded):
            continue
        updated = changed or _UPDATED.match(folded) is not None
        if updated or not _UPDATED.search(folded):
            yield Stamp(source="dateline", text=part, modified=updated, above=above)


def _attributes(element: HtmlElement) -> Iterator[Stamp]:
    """Yield the machine-readable dates in the attributes of one element.

    The names of some attributes say that they date an article; the others count where what the
    element shows is a date as well, or nothing.
    """
    dates = list(_attribute_dates(element)) if element.keys() else []
    if not dates:
        return
    modified = _is_changed(element) or _UPDATED.search(fold(_before(element))) is not None
    for text, changed in dates:
        yield Stamp(source="time", text=text, modified=modified or changed)


def _attribute_dates(element: HtmlElement) -> Iterator[tuple[str, bool]]:
    """Yield the dates in an element's attributes; whether their names tell of a change."""
    if element.tag in {"time", "abbr"}:
        if text := element.get("datetime") or element.get("title"):
            yield text, False
    elif (title := element.get("title")) and _shows_date(element, empty=False):
        yield title, False
    for name, value in element.items():
        if not name.startswith("data-") or not 8 <= len(value) <= _SHORT:
            continue
        stated = _PUBLISHED.fullmatch(name)
        if stated or (_DATED.fullmatch(name) and _shows_date(element, empty=True)):
            yield _moment(value), _CHANGED.search(name) is not None


def _before(element: HtmlElement) -> str:
    """Return the words that stand right before an element: its label."""
    previous = element.getprevious()
    if previous is not None and (previous.tail or "").strip():
        return previous.tail or ""
    if previous is not None:
        return previous.text_content()[-_SHORT:] if previous.tag in _INLINE else ""
    parent = element.getparent()
    return "" if parent is None else parent.text or ""


def _is_changed(element: HtmlElement) -> bool:
    """Tell whether the names of an element say that it dates a change.

    WordPress calls the one date of a story that never changed both published and updated.
    """
    names = own_names(element)
    return _CHANGED.search(names) is not None and not _ENTRY.search(names)


def _shows_date(element: HtmlElement, *, empty: bool) -> bool:
    text = " ".join(element.text_content().split())
    if not text:
        return empty
    return len(text) < _SHORT and parse(text, now=_NOW, zone=None) is not None


def _moment(value: str) -> str:
    """Return seconds or milliseconds since 1970 as a date, anything else as it is."""
    match = _EPOCH.fullmatch(value.strip())
    return datetime.fromtimestamp(int(match[1]), UTC).isoformat() if match else value


_NOW = datetime(2000, 1, 1, tzinfo=UTC)
