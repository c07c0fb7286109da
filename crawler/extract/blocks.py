"""The tree of a page becomes its blocks of text, each with what speaks for or against it.

A block is what a reader sees as one paragraph, line or item: `<p>`, a bare `<div>`, or a stretch
between two line breaks. Nothing is cut out of the tree; what is surely furniture (menus, share
buttons, related articles) is only marked.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import accumulate, islice

from lxml import etree
from lxml.html import HtmlElement

from archive.models import Problem
from archive.problems import ProblemKind
from crawler.extract.charset import Decoded, is_binary, mend, overruled
from crawler.extract.vocabulary import CAMEL, pattern, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A parsed page with the characters that it was parsed from, and what went wrong."""

    root: HtmlElement
    source: str
    problems: tuple[Problem, ...] = ()


_MOST_TAGS = 100_000  # reading more takes minutes; a long live blog has ten thousand


def read_tree(decoded: Decoded) -> Tree | Problem:
    """Parse a page and repair the strings in it that its own site misread.

    A problem where that is no page, or none that can be read in a reasonable time.
    """
    source = decoded.text
    if is_binary(source):
        return no_text("the answer is not a page but other data")
    if decoded.charset is None:
        named = f"declared as {decoded.overruled}" if decoded.overruled else "not declared"
        return no_text(f"the page is unreadable: its charset is {named} and not recognised")
    if (tags := source.count("<")) > _MOST_TAGS:
        detail = f"the page has {tags} tags; none of a newspaper has over {_MOST_TAGS}"
        return Problem(kind=ProblemKind.TOO_LARGE, detail=detail, stage="extract")
    root = parse_page(source if decoded.utf8 is None else decoded.utf8)
    if root is None:
        return no_text("the page holds no markup")
    problems = (*overruled(decoded), *mend(root, source))
    return Tree(root=root, source=source, problems=problems)


def no_text(detail: str) -> Problem:
    """Return the problem of a page that holds no text of an article."""
    return Problem(kind=ProblemKind.NO_TEXT, detail=f"no article text: {detail}", stage="extract")


_HARDLY = 25  # words, of "Loading" and the like
_SHOWN = "//body//text()[not(ancestor::script or ancestor::style or ancestor::noscript)]"


def unwritten(root: HtmlElement) -> str | None:
    """Return why a page is empty that holds scripts and hardly a word; None of any other page."""
    if root.find(".//script") is None or len("".join(root.xpath(_SHOWN)).split()) > _HARDLY:
        return None
    return "the page is empty without its scripts, which `render = true` runs"


# lxml asks a Python function for the class of each element, where one is enough.
_PARSER = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
_PARSER.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement))


def parse_page(page: str | bytes) -> HtmlElement | None:
    """Parse a page, as text or as UTF-8, into a tree; None if it has no element."""
    data = page.encode("utf-8", "replace") if isinstance(page, str) else page
    try:
        return etree.fromstring(data.replace(b"\0", b""), _PARSER)
    except (etree.LxmlError, ValueError):
        return None


_NEVER = frozenset(words("elements", "never_read"))
_SILENT = frozenset(words("elements", "silent"))
_INLINE = frozenset(words("elements", "inline"))
_CHROME_TAGS = frozenset(words("elements", "furniture"))
_UNNAMED_TAGS = frozenset(words("elements", "never_furniture"))
_HEADINGS = {f"h{rank}": rank for rank in range(1, 7)}
_KEPT_FIGURES = etree.XPath("descendant::table|descendant::blockquote")
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
# Attributes besides class and id that tell what an element is.
_TELLING = frozenset({"hidden", "style", "role", "aria-label", "aria-labelledby", "data-component"})


class Part(Enum):
    """What an element is to a reader, by its tag and its attributes."""

    TEXT = "text"
    FURNITURE = "furniture"
    UNSEEN = "unseen"  # hidden, or a menu


TEXT, FURNITURE, UNSEEN = Part


def part_of(element: HtmlElement, tag: str) -> Part:
    """Return what an element is to a reader; a trail of breadcrumbs is no menu."""
    if not (attributes := element.keys()) and tag != "figure":
        return _named_part(tag, None, None)
    part = _named_part(tag, element.get("class"), element.get("id"))
    says_more = not _TELLING.isdisjoint(attributes)
    if part is UNSEEN or (says_more and _is_hidden(element)):
        return UNSEEN
    if tag == "figure":
        return TEXT if _KEPT_FIGURES(element) else FURNITURE
    return FURNITURE if says_more and _is_aside(element, tag) else part


@lru_cache(maxsize=20_000)
def _named_part(tag: str, classes: str | None, name: str | None) -> Part:
    if tag == "nav" and "crumb" not in (classes or name or ""):
        return UNSEEN
    named = (classes or name) and tag not in _UNNAMED_TAGS
    if tag in _CHROME_TAGS or (named and _is_chrome_name(f"{classes or ''} {name or ''}")):
        return FURNITURE
    return TEXT


def _is_hidden(element: HtmlElement) -> bool:
    styled = _HIDDEN.search(element.get("style", ""))
    return styled is not None or element.get("hidden") is not None


def _is_aside(element: HtmlElement, tag: str) -> bool:
    """Return whether an element stands beside the article by what it says of its role."""
    named = element.get("aria-labelledby") or element.get("data-component")
    if named and _is_chrome_name(named):
        return True
    label = element.get("aria-label", "").strip()
    return tag != "a" and (element.get("role") in _ROLES or _ASIDE.match(label) is not None)


def is_weak(element: HtmlElement) -> bool:
    """Return whether only a word that articles' own parts bear as well makes it furniture."""
    if element.tag in _CHROME_TAGS or element.get("role") in _ROLES:
        return False
    stated = ("class", "id", "aria-labelledby", "data-component")
    names = " ".join(element.get(name, "") for name in stated)
    plain = _WEAK.sub(" ", _STATES.sub(" ", CAMEL.sub("-", names)))
    return _CHROME.search(plain) is None and not _ASIDE.match(element.get("aria-label", ""))


@lru_cache(maxsize=20_000)
def _is_chrome_name(names: str) -> bool:
    return _CHROME.search(_STATES.sub(" ", CAMEL.sub("-", names))) is not None


LONG = 60  # a block of so many characters is running text, a shorter one may be a label


@dataclass(slots=True, kw_only=True)
class Block:
    """A stretch of text as a reader sees it, in document order.

    `element` is the innermost block element around it, `link_share` the share of its text inside
    links, from 0 to 1; `chrome` are the elements around it that look like page furniture, outermost
    first.
    """

    text: str
    element: HtmlElement
    link_share: float = 0.0
    heading: int = 0
    chrome: tuple[HtmlElement, ...] = ()

    @property
    def weight(self) -> float:
        """What it says for the elements around it being an article: its running text.

        In characters, and less than nothing for links and labels.
        """
        length = len(self.text)
        if self.link_share >= 0.5:
            return -20.0
        return -5.0 if length < LONG or self.heading else length * (1 - self.link_share)


_BREAK = "\x1e"
_PARAGRAPH = re.compile(rf"\s*{_BREAK}(?:\s*{_BREAK})+\s*")
_ENDS = frozenset(".!?؟:؛…»”\"'])")


def split_lines(text: str) -> Iterable[str]:
    """Yield the paragraphs of a text with U+001E for its line breaks, white space collapsed.

    Two breaks always part; a single one parts where the line before it ends like a sentence, or
    either line is short enough to be a sub-headline: elsewhere it only shapes the line.
    """
    for paragraph in _PARAGRAPH.split(text):
        running = ""
        for raw in paragraph.split(_BREAK):
            line = " ".join(raw.split())
            if running and line and len(running) > 60 and running[-1] not in _ENDS:
                running = f"{running} {line}"
                continue
            if running:
                yield running
            running = line or ""
        if running:
            yield running


def read_blocks(root: HtmlElement, without: frozenset[HtmlElement] = frozenset()) -> list[Block]:
    """Return the blocks of text under `root` in document order; `without` is left out.

    So are scripts, menus, footers, fields and what is hidden; furniture is marked as chrome.
    """
    blocks: list[Block] = []
    pieces: list[str] = []  # of the text since the last block
    linked = 0  # characters of it inside links
    link: HtmlElement | None = None
    around: _Around = (root, (), ())
    opened: list[tuple[HtmlElement, _Around]] = []  # the elements that part the text around them
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag, inner, parts = element.tag, around, False
        if event == "end":
            text = element.tail
            link = None if element is link else link
            if parts := bool(opened) and opened[-1][0] is element:
                inner = opened.pop()[1]
        elif tag == "br":
            text = _BREAK
        elif tag in _NEVER or element in without or (part := part_of(element, tag)) is UNSEEN:
            walk.skip_subtree()
            text = None
            parts = tag not in _INLINE and tag not in _SILENT
        else:
            text = element.text
            if parts := part is FURNITURE or tag not in _INLINE:
                opened.append((element, around))
                inner = _inside(around, element, tag, part)
            if tag == "a" and link is None and element.get("href") is not None:
                link = element
        if parts and pieces:
            blocks += _blocks_of("".join(pieces), linked, around)
            pieces, linked = [], 0
        around = inner
        if text and (pieces or not text.isspace()):
            pieces.append(text)
            linked += 0 if link is None else len(text.strip())
    return blocks


# What is around a text: the innermost block, the ranks of the last three of them, and furniture.
_Around = tuple[HtmlElement, tuple[int, ...], tuple[HtmlElement, ...]]


def _inside(around: _Around, element: HtmlElement, tag: str, part: Part) -> _Around:
    """Return what is around the text of an element that is a block or furniture."""
    block, ranks, chrome = around
    if tag not in _INLINE:
        block, ranks = element, (*ranks[-2:], _HEADINGS.get(tag, 0))
    return block, ranks, (*chrome, element) if part is FURNITURE else chrome


def _blocks_of(text: str, linked: int, around: _Around) -> Iterator[Block]:
    """Yield the block that ends here; line breaks inside it may make several of it."""
    block, ranks, chrome = around
    lines = list(split_lines(text)) if _BREAK in text else [" ".join(text.split())]
    total = sum(map(len, lines))
    heading = next(filter(None, ranks), 0)
    for line in filter(None, lines):
        share = min(1.0, linked / total)
        yield Block(text=line, element=block, link_share=share, heading=heading, chrome=chrome)


_NAMES = frozenset(
    {"class", "id", "rel", "itemprop", "data-component", "data-testid", "aria-labelledby"}
)
_WRAPPERS = 4  # elements above a block's own that may only wrap it
_LABEL = 20  # characters a wrapper may hold besides: the label of a field


def names_of(block: Block) -> str:
    """Return the class names and ids of a block's element, its parent, and mere wrappers."""
    near = [block.element, *block.element.iter("span", "em", "strong", "font")]
    for above in islice(block.element.iterancestors(), _WRAPPERS):
        near.append(above)
        if not _wraps(above, len(block.text) + _LABEL):
            break
    return " ".join(map(own_names, near))


def _wraps(element: HtmlElement, most: int) -> bool:
    """Return whether an element holds no more than `most` characters of text."""
    lengths = (len(text.strip()) for text in element.itertext())
    return all(length <= most for length in accumulate(lengths))


def own_names(element: HtmlElement) -> str:
    """Return the class names, id and other names of an element, camel case parted."""
    names = " ".join([value for name, value in element.items() if name in _NAMES])
    return names if not names or names.islower() else CAMEL.sub("-", names)


def title_of(tree: Tree) -> str:
    """Return the title of a page, empty where it has none."""
    return next((title.text or "" for title in tree.root.iter("title")), "")


def text_of(element: HtmlElement) -> str:
    """Return the text of an element and all in it, on one line."""
    text = element.text_content() if len(element) else element.text or ""
    return " ".join(text.split())


def class_and_id(element: HtmlElement) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"
