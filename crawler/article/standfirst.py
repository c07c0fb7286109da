"""Stop 8: the standfirst of an article, told from its first paragraph, its captions and credits."""

import re
from collections.abc import Sequence

from lxml.html import HtmlElement

from archive.search.arabic import fold
from crawler.article.blocks import Block
from crawler.article.body import Body
from crawler.article.headline import key

_DECK = re.compile(
    r"(?:^|[\s_-])(?:deck|standfirst|stand-first|sub-?title|sub-?head\w*|excerpt|summary|lead|lede|"
    r"intro\w*|chapo|abstract|brief|teaser-text|(?:post|article|entry|news|story)-?desc\w*|description|kicker-text|"
    r"announce-?text|field-name-field-(?:summary|deck|lead)\w*)(?=$|[\s_-])",
    re.IGNORECASE,
)
_SURELY = re.compile(
    r"(?:^|[\s_-])(?:deck|stand-?first|sub-?title|sub-?head\w*|chapo)(?=$|[\s_-])", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# What opens a paragraph that goes on with what an earlier one began, folded.
_GOES_ON = re.compile(
    r"(?:و(?:قال|اضاف|اوضح|اكد|اشار|ذكر|تابع|لفت|شدد|اعتبر|بحسب|نقل|اعلن|كان|في|من|عن|علي|الي|بين|"
    r"جاء|راي|كشف|بدا|طالب|دعا|حذر|اعرب|ياتي|تاتي|يذكر|بعد|قبل|هو|هي|قد|ل|ب)\w*|كما|فيما|بدوره|بدورها|"
    r"من جهته|من جهتها|من جانبه)\b"
)
_NAMES = ("class", "id", "rel", "itemprop", "data-component", "data-testid", "aria-labelledby")
_WRAPPERS = 4  # elements above a block's own that may only wrap it
_LABEL = 20  # characters a wrapper may hold besides: the label of a field
_SENTENCE = re.compile(r"""[.؟!?…]["'”»)\]]*\s*$""")


def standfirst(
    between: Sequence[Block], body: Body, descriptions: set[str]
) -> tuple[str | None, list[Block]]:
    """Return the standfirst between headline and body, and the text's own beginning there.

    `descriptions` holds the keys of what the page states as its description: a line that is one
    of them is a standfirst. A paragraph the body goes on from belongs to the text.
    """
    deck: str | None = None
    lead: list[Block] = []
    goes_on = bool(body.blocks) and _GOES_ON.match(fold(body.blocks[0].text)) is not None
    for block in between:
        text = block.text
        if not 30 <= len(text) <= 700 or block.link_share > 0.3 or _is_aside(block):
            continue
        marked = _DECK.search(names_of(block)) or block.heading > 1 or key(text) in descriptions
        is_lead = (goes_on and len(text) > 100) or (not marked and len(text) > 120)
        if is_lead and _SENTENCE.search(text) and block.element.find("img") is None:
            lead.append(block)
        elif marked and deck is None and len(text) <= 500:
            deck = text
    return deck or _inside(body), lead


def _inside(body: Body) -> str | None:
    """Return the standfirst that opens a body, where the names of its own element say so."""
    for block in body.blocks[:3] if len(body.blocks) > 3 else ():
        if 30 <= len(block.text) <= 500 and _SURELY.search(own_names(block.element)):
            return block.text
    return None


def _is_aside(block: Block) -> bool:
    return any(not _DECK.search(_CAMEL.sub("-", e.get("class") or "")) for e in block.chrome)


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
    return names if not names or names.islower() else _CAMEL.sub("-", names)
