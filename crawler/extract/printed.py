"""What a page prints around its article for readers: dates near the headline, bylines, tags."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice, pairwise, takewhile
from typing import NamedTuple

from lxml.html import HtmlElement

from archive.search.arabic import fold
from crawler.dates.moments import Stamp, as_date
from crawler.dates.words import is_clock
from crawler.extract.blocks import Block, class_and_id, names_of, own_names, text_of
from crawler.extract.body import Layout, is_inside
from crawler.extract.boilerplate import is_date_line, is_paragraph
from crawler.extract.byline import is_named, is_placed_name, names, signature, split_dateline
from crawler.extract.headline import standfirst
from crawler.extract.metadata import Metadata
from crawler.extract.vocabulary import (
    is_called,
    key,
    one_line,
    pattern,
    without_counters,
    words,
    words_of,
)

_AUTHOR_LINK = re.compile(r"author|writer|kat[ie]b|editor|profile|user|كاتب|كتاب", re.IGNORECASE)
_FIGURES = frozenset({"figure", "figcaption", "aside"})
_PARTED = re.compile(r"\s*[|•·]\s*|\s[-–—]\s")
_INLINE_NAMES = ("a", "span", "strong", "b", "em", "i", "cite")
_JOINED = re.compile(r"\s[-–—/]\s|[(/]")
_FAR = 40  # blocks between headline and text that are looked at
_NEAR = 14  # blocks around the headline that may hold its date
_SHORT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What stands around a headline: its text, dates, bylines and standfirst.

    Last of the bylines are lines that hold nothing but a person's name: who signs, where nothing
    else says it. `lead` holds paragraphs of the article that stand before the element of its body.
    """

    headline: str | None
    dateline: str | None
    stamps: tuple[Stamp, ...]
    bylines: tuple[str, ...]
    deck: str | None
    lead: tuple[Block, ...]


class _Line(NamedTuple):
    """A short block with the elements that show its text or a part of it, and that text."""

    block: Block
    shown: list[tuple[HtmlElement, str]]


def read_printed(layout: Layout, metadata: Metadata) -> Printed:
    """Read the neighbourhood of the headline."""
    start, place = layout.body.start, layout.place
    between = layout.blocks[max(0, start - 6) if place is None else place + 1 : start]
    below, over = (
        [_line(block) for block in blocks if len(block.text) < _SHORT]
        for blocks in (between[:_FAR], _before_headline(layout))
    )
    descriptions = {key(text) for text in metadata.stated.descriptions}
    deck, lead = standfirst(between, layout.body.blocks, descriptions)
    lines = ((line.block, without_counters(line.block.text)) for line in below)
    datelines = (text for block, text in lines if _is_dateline(block, text, layout.likely))
    signed = chain.from_iterable(map(_bylines_of, (*below, *over)))
    names = (line.block.text for line in below if _is_signed(line.block))
    return Printed(
        headline=None if place is None else layout.blocks[place].text,
        dateline=next(datelines, None),
        stamps=tuple(_stamps(layout, below, over)),
        bylines=(*signed, *names),
        deck=deck,
        lead=tuple(lead),
    )


def _line(block: Block) -> _Line:
    """Return a block with the elements that show its text.

    The element of a bare line is the container of much else, which is not looked at.
    """
    parent = block.element.getparent()
    near = [] if parent is None or len(parent) > 3 else [parent]
    inner = [e for e in (*near, *islice(block.element.iter(), _MOST)) if e.tag not in _LARGE]
    return _Line(block, [(e, text) for e in inner if (text := text_of(e)) in block.text])


def _before_headline(layout: Layout) -> list[Block]:
    """Return the blocks above the headline that belong to it."""
    place, body = layout.place, layout.body.element
    if place is None:
        return []
    headline = layout.blocks[place].element
    around = islice(headline.iterancestors(), 2)
    *_, container = headline, *takewhile(lambda above: above.tag not in {"body", "form"}, around)
    article = None if body is None else next(body.iterancestors("article"), None)
    return [
        block
        for block in layout.blocks[max(0, place - _NEAR) : place]
        if is_inside(block.element, container)
        or (article is not None and next(block.element.iterancestors("article"), None) is article)
    ]


def _stamps(layout: Layout, below: Sequence[_Line], over: Sequence[_Line]) -> Iterator[Stamp]:
    """Yield the dates around a headline; the first ones in a live blog are those of its entries."""
    body = layout.body.blocks
    if layout.place is not None:
        headline, last = layout.blocks[layout.place].element, body[0].element if body else None
        around = (headline, *headline.iterancestors())
        beside = chain.from_iterable(element.itersiblings() for element in around)
        behind = islice(chain.from_iterable(e.iter() for e in beside), _MOST * 2)
        for element in takewhile(lambda element: element is not last, behind):
            if not len(element) and not (element.text or "").strip():  # scripts fill it in
                yield from _attributes(element)
    begun = takewhile(lambda block: not is_paragraph(block.text), () if layout.live else body[:4])
    dated = [_line(block) for block in begun if is_date_line(block.text)]
    before = ""
    for line in (*below, *dated):
        for stamp in _stamps_of(line):
            yield replace(stamp, modified=True) if _LABEL.fullmatch(fold(before)) else stamp
        if before and is_clock(line.block.text):
            yield from _printed(f"{before} {line.block.text}")
        before = line.block.text
    for line in over:
        yield from _stamps_of(line, above=True)


def _is_dateline(block: Block, text: str, site: frozenset[str]) -> bool:
    """Return whether the `text` of a block is a dateline alone.

    It names place and agency, or one of them that is marked as such.
    """
    split = split_dateline(text, site)
    if split is None or split[1]:
        return False
    return is_called("dateline", names_of(block)) or _JOINED.search(text) is not None


def _bylines_of(line: _Line) -> Sequence[str]:
    """Return the bylines of a short block."""
    block = line.block
    inline = [e for e in block.element.iter(*_INLINE_NAMES) if is_called("byline", own_names(e))]
    if inline:
        inside = {e for outer in inline for e in outer.iterdescendants()}
        return ["، ".join(_signers(e) for e in inline if e not in inside)]
    if is_called("byline", names_of(block)) and not as_date(block.text):
        return [_signers(block.element, block.text)]
    if any(is_called("byline", own_names(e)) for e in block.chrome):
        return [block.text] if all(map(is_named, names(block.text) or ("",))) else []
    inner = [text for _, text in line.shown if text != block.text]
    return list(filter(signature, dict.fromkeys([*inner, *_PARTED.split(block.text)])))


def _is_signed(block: Block) -> bool:
    """Return whether a line is a person's name alone, or beside a place: «بلدة ما – فلان».

    A link counts where it leads to an author: others are topics.
    """
    if not is_placed_name(block.text):
        return False
    links = [link.get("href", "") for link in block.element.iter("a")]
    credit = any(e.tag in _FIGURES or is_called("credit_line", own_names(e)) for e in block.chrome)
    return not credit and all(map(_AUTHOR_LINK.search, links))


def _signers(element: HtmlElement, text: str | None = None) -> str:
    """Return what an element prints as a byline; the links alone where each names a person."""
    printed = text or element.text_content()
    linked = [text_of(a) for a in element.iter("a") if a.get("href")]
    people = [name for name in linked if name and name in printed]
    return "، ".join(people) if len(people) > 1 and all(map(is_named, people)) else printed


_UPDATED = pattern("headline", "updated", r"(?:{})")
_LABEL = pattern("headline", "updated", r"\W*(?:{})(?:\s(?:في|بتاريخ|يوم|الخبر|on|le))*\W*")
_CHANGED = re.compile(r"updated?|modified|Modified")
_ENTRY = re.compile(r"(?:^|[\s_-])(?:published|entry-date|post-date)(?=$|[\s_-])")
_SPLIT = re.compile(r"\s*[|•·]\s*|\s[-–—]\s|\s+(?=آخر تحديث|اخر تحديث|تم التحديث|تحديث)")
_SIGNED = pattern("headline", "published_by", r"(?:{})", re.IGNORECASE)
_COUNTED = re.compile(r"\d|^\W*(?:منذ|قبل) |ago$")
_MAYBE_DATED = re.compile(r"\d|منذ|قبل|ago")
# Attributes that scripts read dates from: some surely of publication, others of anything.
_PUBLISHED = pattern("fields", "attributes.published", "data-(?:{})")
_DATED = pattern("fields", "attributes.dated", "data-(?:{})")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d+)?")
_INLINE = frozenset(words("elements", "dated"))
_LARGE = frozenset(words("elements", "large"))
_MOST = 40  # elements of a line that are looked into


def _stamps_of(line: _Line, *, above: bool = False) -> Iterator[Stamp]:
    """Yield every date a block of a few words holds, for machines first.

    `above` says that it is above the headline, where today's date may be.
    """
    whole = line.block.text
    for element, _ in line.shown:
        yield from _attributes(element)
    if not _MAYBE_DATED.search(fold(whole)):
        return
    yield from _printed(whole, above=above)
    parts = [(e, text) for e, text in line.shown if text and text != whole and e.tag in _INLINE]
    for element, text in parts:
        yield from _printed(text, above=above, changed=_is_changed(element))
    for (_, day), (_, time) in pairwise(parts):  # each in its element
        yield from _printed(f"{day} {time}", above=above)


def _printed(text: str, *, above: bool = False, changed: bool = False) -> Iterator[Stamp]:
    """Yield the dates a short line prints, as a whole or in its parts.

    A lone «اليوم» or «أمس» is no date here: it may as well be a newspaper's name.
    """
    pieces = [piece for piece in _SPLIT.split(text) if piece]
    signed = [text[match.end() :]] if (match := _SIGNED.match(text)) else []
    for part in dict.fromkeys([text, *map(" ".join, pairwise(pieces)), *pieces, *signed]):
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
    machine = element.tag in {"time", "abbr"}
    stated = (machine and element.get("datetime")) or element.get("title")
    dates = [(stated, False)] if stated and (machine or _shows_date(element)) else []
    for name, value in element.items():
        if not name.startswith("data-") or not 8 <= len(value) <= _SHORT:
            continue
        if _PUBLISHED.fullmatch(name) or (
            _DATED.fullmatch(name) and _shows_date(element, or_nothing=True)
        ):
            epoch = _EPOCH.fullmatch(value.strip())
            text = datetime.fromtimestamp(int(epoch[1]), UTC).isoformat() if epoch else value
            dates.append((text, _CHANGED.search(name) is not None))
    if dates:
        modified = _is_changed(element) or _UPDATED.search(fold(_before(element))) is not None
        for text, changed in dates:
            yield Stamp(source="time", text=text, modified=modified or changed)


def _before(element: HtmlElement) -> str:
    """Return the words that stand right before an element: its label."""
    previous, parent = element.getprevious(), element.getparent()
    if previous is None:
        return (parent is not None and parent.text) or ""
    if previous.tag not in _INLINE or (previous.tail or "").strip():
        return previous.tail or ""
    return text_of(previous)[-_SHORT:]


def _is_changed(element: HtmlElement) -> bool:
    """Return whether the names of an element say that it dates a change.

    WordPress calls the one date of a story that never changed both published and updated.
    """
    names = own_names(element)
    return _CHANGED.search(names) is not None and not _ENTRY.search(names)


def _shows_date(element: HtmlElement, *, or_nothing: bool = False) -> bool:
    text = text_of(element)
    return as_date(text) is not None if 0 < len(text) < _SHORT else or_nothing and not text


_CRUMBS = re.compile(r"bread-?c\w*|crumbs?", re.IGNORECASE)
_TAG_LABEL = pattern("headline", "tag_label", r"\W*(?:{})\s*(?:[:：#|]|$)\s*")
_COMMAS = re.compile(r"\s*[,،;؛|#]\s*|\s+[-–•·]\s+")
_LONGEST_LIST = 300
_HOMES = frozenset(map(key, words("headline", "homes")))
_TRAIL = tuple(words("headline", "trails"))
_LONGEST_TAG = 60
_MOST_TAGS = 30
_MOST_KEYWORDS = 15  # a page with more of them names its site's topics, not its own


def section_of(layout: Layout, metadata: Metadata) -> str | None:
    """Return the section a page says it stands in: stated, or the last step of its breadcrumbs."""
    blocks = layout.blocks[: layout.body.start]
    stated = metadata.stated.sections
    for text in (metadata.selected.section or "", *stated, *_crumbs(blocks)):
        section = one_line(text)
        if section and len(section) <= _LONGEST_TAG and key(section) not in _HOMES | metadata.names:
            return section
    return None


def _crumbs(blocks: Sequence[Block]) -> list[str]:
    """Return the links of the first breadcrumb trail, the innermost section first."""
    for block in reversed(blocks):
        first = key(block.text.split(">")[0]) in _HOMES or block.text.startswith(_TRAIL)
        for element in (*block.chrome, block.element):
            if first or _CRUMBS.search(class_and_id(element)):
                lists = element.iterancestors("ol", "ul", "nav", "div")
                named = (outer for outer in lists if _CRUMBS.search(class_and_id(outer)))
                trail = next(named, element)
                links = [link.text_content() for link in trail.iter("a") if link.get("href")]
                if links:
                    return links[3::-1]
    return []


def tags_of(layout: Layout, metadata: Metadata, text: str) -> tuple[str, ...]:
    """Return the tags of a page: stated ones, else printed ones, else keywords it lives up to.

    `text` is its title and text; general keywords that it does not mention are a site's, not its.
    """
    for found in _tag_lists(layout, metadata, text):
        tags = dict.fromkeys(one_line(tag).strip("#،,؛:| ").replace("_", " ") for tag in found)
        kept = [t for t in tags if 1 < len(t) <= _LONGEST_TAG and key(t) not in metadata.names]
        if kept:
            return tuple(kept[:_MOST_TAGS])
    return ()


def _tag_lists(layout: Layout, metadata: Metadata, text: str) -> Iterator[Sequence[str]]:
    yield metadata.selected.tags
    yield metadata.stated.tags
    links = ((link, link.get("rel", "").split()) for link in layout.tree.root.iter("a"))
    # WordPress marks links to its sections in like manner.
    yield [a.text_content() for a, rel in links if "tag" in rel and "category" not in rel]
    yield _listed(layout)
    yield _of_the_page(metadata.stated.keywords, text)


def _listed(layout: Layout) -> list[str]:
    """Return the entries of the list of tags below an article: links, words, or parts of a line."""
    for block in layout.blocks[layout.body.start :] if layout.body.blocks else ():
        around = (e for e in (*block.chrome, block.element) if e.tag not in {"a", "body"})
        named = (e for e in around if is_called("tags", class_and_id(e)))
        container = next(named, None)
        labelled = len(block.text) < _LONGEST_LIST and _TAG_LABEL.match(fold(block.text[:40]))
        if container is None and not labelled:
            continue
        element = block.element if container is None else container
        found = [text_of(e) for e in element.iter("a", "span", "li", "b") if not len(e)]
        found = [word for word in found if word and not _TAG_LABEL.fullmatch(fold(word))]
        line = text_of(element)
        if not found and len(line) < _LONGEST_LIST:
            label = _TAG_LABEL.match(fold(line))
            found = _COMMAS.split(line[label.end() :] if label else line)
        if 0 < len(found) <= _MOST_KEYWORDS and all(len(w) <= _LONGEST_TAG for w in found):
            return found
    return []


def _of_the_page(keywords: Sequence[str], text: str) -> Sequence[str]:
    """Return keywords if they are this page's: mentioned in it, and not its title cut to words."""
    if not 0 < len(keywords) <= _MOST_KEYWORDS:
        return ()
    if len(keywords) > 3 and not any(" " in word.strip() for word in keywords):
        return ()
    known = words_of(fold(text))
    mentioned = sum(bool(key(word)) and key(word) in known for word in keywords)
    return () if mentioned * 2 < len(keywords) else keywords
