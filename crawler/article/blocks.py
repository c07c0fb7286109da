"""Stop 8: the tree of a page becomes its blocks of text, each with what speaks for or against it.

A block is what a reader sees as one paragraph, line or item: `<p>`, a bare `<div>`, or a stretch
between two line breaks. Nothing is cut out of the tree; what is surely chrome is only marked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree
from lxml.html import HtmlElement

from crawler.article.chrome import is_chrome, is_left_out

_SILENT = frozenset({"script", "style", "noscript", "iframe"})  # they part no text around them
_INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn"),
        *("em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "ruby", "s", "samp"),
        *("small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
        *("img", "picture", "source"),
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


@dataclass(slots=True, kw_only=True)
class Block:
    """A stretch of text as a reader sees it, in document order.

    `element` is the innermost block element around it, `linked` the characters inside links,
    `chrome` the elements around it that look like page furniture, outermost first.
    """

    text: str
    element: HtmlElement
    linked: int = 0
    heading: int = 0
    item: bool = False
    chrome: tuple[HtmlElement, ...] = ()

    @property
    def link_share(self) -> float:
        """Return how much of the text is link text, from 0 to 1."""
        return self.linked / max(1, len(self.text))


@dataclass(slots=True)
class _Reader:
    """The running state of one walk: open blocks, open chrome, and the text gathered so far."""

    blocks: list[Block] = field(default_factory=list)
    open_blocks: list[HtmlElement] = field(default_factory=list)
    chrome: list[HtmlElement] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    linked: int = 0
    links: int = 0

    def add(self, text: str) -> None:
        """Take in a stretch of text that is not empty."""
        if self.pieces or not text.isspace():
            self.pieces.append(text)
            if self.links:
                self.linked += len(text.strip())

    def flush(self) -> None:
        """Close the running block; line breaks inside it may make several of it."""
        text = "".join(self.pieces)
        lines = list(split_lines(text)) if _BREAK in text else [" ".join(text.split())]
        lines = [line for line in lines if line]
        total = sum(map(len, lines))
        share = min(1.0, self.linked / total) if total else 0.0
        self.pieces.clear()
        self.linked = 0
        if not lines or not self.open_blocks:
            return
        element = self.open_blocks[-1]
        heading = next((int(e.tag[1]) for e in self.open_blocks[-3:] if e.tag in _HEADINGS), 0)
        chrome = tuple(self.chrome)
        for line in lines:
            self.blocks.append(
                Block(
                    text=line,
                    element=element,
                    linked=round(len(line) * share),
                    heading=heading,
                    item=element.tag == "li",
                    chrome=chrome,
                )
            )


_BREAK = "\x1e"
_PARAGRAPH = re.compile(rf"\s*{_BREAK}(?:\s*{_BREAK})+\s*")
_ENDED = re.compile(r"""[.!?؟:؛…»”"'\])]\s*$""")


def split_lines(text: str) -> Iterable[str]:
    """Yield the paragraphs of a text with U+001E for its line breaks, white space collapsed.

    Two breaks always part; a single one parts where the line before it ends like a sentence, or
    either line is short enough to be a sub-headline: elsewhere it only shapes the line.
    """
    for paragraph in _PARAGRAPH.split(text):
        running = ""
        for raw in paragraph.split(_BREAK):
            line = " ".join(raw.split())
            if running and line and not _ENDED.search(running) and len(running) > 60:
                running = f"{running} {line}"
                continue
            if running:
                yield running
            running = line or ""
        if running:
            yield running


def read_blocks(root: HtmlElement, without: frozenset[HtmlElement] = frozenset()) -> list[Block]:
    """Return the blocks of text under `root` in document order; `without` is left out.

    Scripts, navigation, footers, form fields and hidden elements are left out, what only looks
    like furniture by its class is marked as chrome.
    """
    reader = _Reader()
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            if _start(reader, element, without):
                walk.skip_subtree()
        else:
            _end(reader, element)
            if (tail := element.tail) and element is not root:
                reader.add(tail)
    if reader.pieces:
        reader.flush()
    return reader.blocks


def _start(reader: _Reader, element: HtmlElement, without: frozenset[HtmlElement]) -> bool:
    """Take in the start of an element; tell whether what is in it is to be skipped."""
    tag = element.tag
    inline = tag in _INLINE
    if tag == "a" and element.get("href") is not None:  # its end is met even where it is left out
        reader.links += 1
    if is_left_out(element, tag) or (without and element in without):
        if reader.pieces and not inline and tag not in _SILENT:
            reader.flush()
        return True
    if tag == "br":
        reader.pieces.append(_BREAK)
        return True
    if not inline:
        if reader.pieces:
            reader.flush()
        reader.open_blocks.append(element)
    if is_chrome(element, tag):
        if reader.pieces:
            reader.flush()
        reader.chrome.append(element)
    if text := element.text:
        reader.add(text)
    return False


def _end(reader: _Reader, element: HtmlElement) -> None:
    if element.tag == "a" and element.get("href") is not None:
        reader.links -= 1
    if reader.chrome and reader.chrome[-1] is element:
        if reader.pieces:
            reader.flush()
        reader.chrome.pop()
    if reader.open_blocks and reader.open_blocks[-1] is element:
        if reader.pieces:
            reader.flush()
        reader.open_blocks.pop()
