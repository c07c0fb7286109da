"""The tree of a page becomes its blocks of text, each with what speaks for or against it.

A block is what a reader sees as one paragraph, line or item: `<p>`, a bare `<div>`, or a stretch
between two line breaks. Nothing is cut out of the tree; what is surely furniture (menus, share
buttons, related articles) is only marked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree, html
from lxml.html import HtmlElement

from archive.models import Problem
from archive.problems import ProblemKind
from crawler.extract.charset import Decoded, is_binary, mend, overruled
from crawler.extract.vocabulary import CAMEL, pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A parsed page with the characters that it was parsed from, and what went wrong."""

    root: HtmlElement
    source: str
    problems: tuple[Problem, ...] = ()


_MOST_TAGS = 100_000  # reading more takes minutes; a long live blog has ten thousand
# lxml asks a Python function for the class of each element, where one is enough.
_ONE_CLASS = etree.ElementDefaultClassLookup(element=HtmlElement)


def read_tree(decoded: Decoded) -> Tree | Problem:
    """Parse a page and repair the strings in it that its own site misread.

    A problem where that is no page, or none that can be read in a reasonable time.
    """
    source = decoded.text
    if is_binary(source):
        return no_text("the answer is not a page but other data")
    if (tags := source.count("<")) > _MOST_TAGS:
        detail = f"the page has {tags} tags; none of a newspaper has over {_MOST_TAGS}"
        return Problem(kind=ProblemKind.TOO_LARGE, detail=detail, stage="extract")
    root = parse_page(source)
    if root is None:
        return no_text("the page holds no markup")
    return Tree(root=root, source=source, problems=(*overruled(decoded), *mend(root, source)))


def no_text(detail: str) -> Problem:
    """Return the problem of a page that holds no text of an article."""
    return Problem(kind=ProblemKind.NO_TEXT, detail=f"no article text: {detail}", stage="extract")


def parse_page(text: str) -> HtmlElement | None:
    """Parse a page into a tree; None if there is no element in it."""
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        return html.document_fromstring(
            text.replace("\0", "").encode("utf-8", "replace"), parser=parser
        )
    except (etree.LxmlError, ValueError):
        return None


_NEVER = frozenset(
    {
        *("script", "style", "noscript", "template", "head", "title", "link", "meta", "iframe"),
        *("svg", "object", "embed", "audio", "video", "canvas", "map", "menu", "dialog"),
        *("select", "option", "button", "textarea", "input", "datalist"),
    }
)
_CHROME_TAGS = frozenset({"aside", "figcaption", "figure", "footer", "nav"})
_KEPT_FIGURES = "descendant::table|descendant::blockquote"
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)

# Words in class names and ids that name what surrounds an article, not what it says.
_CHROME = pattern(
    "classes",
    "furniture",
    r"(?:^|[\s_-])(?:{})(?=$|[\s_-])|(?:^|\s)(?:hidden|hide|d-none)(?=$|\s)",
    re.IGNORECASE,
)
_ROLES = frozenset({"navigation", "complementary", "search", "dialog", "alertdialog"})
# What a page calls a region for those who hear it.
_ASIDE = pattern("classes", "aside", r"(?:{})", re.IGNORECASE)
# Names that only sound like furniture: states of the whole page, and page builders' wrappers.
_STATES = re.compile(
    r"elementor-widget(?:-(?:container|text-editor|theme-post-content|wrap))?(?=\s|$)"
    r"|(?:no|has|with|without|show|is)-(?:sidebar|comments?|share|caption)\S*"
)
# Slides, players and wrappers for print hold text of the article on some sites.
_WEAK = pattern("classes", "weak", r"(?:^|(?<=[\s_-]))(?:{})(?=$|[\s_-])", re.IGNORECASE)


def is_left_out(element: HtmlElement, tag: str) -> bool:
    """Tell whether nothing in an element is for reading: scripts, fields, menus, hidden parts."""
    return tag in _NEVER or is_hidden(element) or is_menu(element, tag)


def is_menu(element: HtmlElement, tag: str) -> bool:
    """Tell whether an element is navigation and no trail of breadcrumbs to the article."""
    return tag == "nav" and "crumb" not in (element.get("class") or element.get("id") or "")


def is_hidden(element: HtmlElement) -> bool:
    if element.get("hidden") is not None:
        return True
    style = element.get("style")
    return style is not None and _HIDDEN.search(style) is not None


def is_chrome(element: HtmlElement, tag: str) -> bool:
    """Tell whether an element looks like furniture by its tag or the names of its class and id."""
    if tag in _CHROME_TAGS:
        return tag != "figure" or not element.xpath(_KEPT_FIGURES)
    if not element.keys():
        return False
    get = element.get
    named = get("aria-labelledby") or get("data-component")
    if named and _is_chrome_name(named):
        return True
    if tag != "a" and (get("role") in _ROLES or _ASIDE.match(get("aria-label", "").strip())):
        return True
    if tag in {"body", "html", "main", "article", "a", "p", "strong", "b"}:
        return tag in {"p", "a"} and _named_chrome(element)
    return _named_chrome(element)


def is_weak(element: HtmlElement) -> bool:
    """Tell whether an element is chrome only by a word that articles' own parts bear as well."""
    if element.tag in _CHROME_TAGS or element.get("role") in _ROLES:
        return False
    stated = f"{element.get('aria-labelledby', '')} {element.get('data-component', '')}"
    names = f"{element.get('class', '')} {element.get('id', '')} {stated}"
    plain = _WEAK.sub(" ", _STATES.sub(" ", CAMEL.sub("-", names)))
    return _CHROME.search(plain) is None and not _ASIDE.match(element.get("aria-label", ""))


def _named_chrome(element: HtmlElement) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return len(names) > 2 and _is_chrome_name(names)


_SEEN: dict[str, bool] = {}


def _is_chrome_name(names: str) -> bool:
    known = _SEEN.get(names)
    if known is None:
        if len(_SEEN) > 20_000:
            _SEEN.clear()
        plain = _STATES.sub(" ", CAMEL.sub("-", names))
        known = _SEEN[names] = _CHROME.search(plain) is not None
    return known


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
        linked, self.linked = self.linked, 0
        self.pieces.clear()
        if not self.open_blocks or not (total := sum(map(len, lines))):
            return
        share = min(1.0, linked / total)
        element = self.open_blocks[-1]
        heading = next((int(e.tag[1]) for e in self.open_blocks[-3:] if e.tag in _HEADINGS), 0)
        chrome = tuple(self.chrome)
        item = element.tag == "li"
        for line in filter(None, lines):
            self.blocks.append(
                Block(
                    text=line,
                    element=element,
                    linked=round(len(line) * share),
                    heading=heading,
                    item=item,
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


_NAMES = ("class", "id", "rel", "itemprop", "data-component", "data-testid", "aria-labelledby")
_WRAPPERS = 4  # elements above a block's own that may only wrap it
_LABEL = 20  # characters a wrapper may hold besides: the label of a field


def names_of(block: Block) -> str:
    """Return the class names and ids of a block's element, its parent, and mere wrappers."""
    near = [block.element, *block.element.iter("span", "em", "strong", "font")]
    parent = block.element.getparent()
    for _ in range(_WRAPPERS):
        if parent is None:
            break
        near.append(parent)
        if not _wraps(parent, len(block.text) + _LABEL):
            break
        parent = parent.getparent()
    return " ".join(map(own_names, near))


def _wraps(element: HtmlElement, most: int) -> bool:
    """Tell whether an element holds no more than `most` characters of text."""
    length = 0
    for text in element.itertext():
        length += len(text.strip())
        if length > most:
            return False
    return True


def own_names(element: HtmlElement) -> str:
    """Return the class names, id and other names of an element, camel case parted."""
    names = " ".join(filter(None, map(element.get, _NAMES)))
    return names if not names or names.islower() else CAMEL.sub("-", names)
