"""Stop 8: the dates that one line near a headline prints, or keeps in its elements' attributes."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise

from lxml.html import HtmlElement

from archive.search.arabic import fold
from crawler.article.blocks import Block
from crawler.article.standfirst import own_names
from crawler.dates import Stamp
from crawler.dating.datewords import cut
from crawler.dating.moments import parse

_UPDATED = re.compile(r"(?:اخر تحديث|تم التحديث|تحديث|محدثه|معدل|عدل|updated|modified)")
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
_SHORT = 120


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
