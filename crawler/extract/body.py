"""Of the blocks of a page, those that are the article, and the elements that it shows.

The article is the element in which running text most outweighs links and labels; an element that
its site marks as the body is preferred where it holds most of that text. What the page states as
its text, or trafilatura, helps where the page leaves doubt.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from lxml import etree, html
from lxml.html import HtmlElement

from crawler.extract.blocks import Block, is_chrome, is_hidden, is_menu, is_weak
from crawler.extract.boilerplate import closing
from crawler.extract.vocabulary import CAMEL, class_pattern, key

_BODY = class_pattern("body")
# «wire-body», «report_text»: marked as the body of something that the theme has its own word for.
_OWN_BODY = re.compile(
    r"(?:^|\s)(?!(?:card|modal|panel|main|page|site|wrapper|container|footer|header|comments?|widget|"
    r"table|box|accordion|media|list|popup|sidebar|tab|section|inner|left|right|col|row|layout)[-_])"
    r"[a-z\d]+[-_]+(?:body|text|txt|content|details)(?=$|\s)",
    re.IGNORECASE,
)
_NAMING = ("class", "id", "data-testid", "data-component", "data-qa")
_LONG = 60  # a block of so many characters is running text, a shorter one may be a label
_MARKED_SHARE = 0.6  # of the best element's weight an element marked as the body must hold
_OWN_SHARE = 0.75  # the same for an element that is marked in a theme's own words
_SURE_SHARE = 0.6  # of the page's running text an unmarked element must hold to be believed
_DOUBT = 250  # characters of running text below which an unmarked element is not believed
_ENTRIES_SHARE = 0.8  # of the running text of a live blog that the element of its entries holds
_SHORTEST = 40  # characters of a paragraph that is kept among what looks like furniture
_ENDED = re.compile(r"""[.؟!?…:]["'”»)\]]*\s*$""")
_FURNITURE_SHARE = 0.6  # what holds so much of the running text is no furniture, whatever its class


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The article's blocks; the index of the first among all; whether its place is beyond doubt."""

    blocks: tuple[Block, ...]
    start: int
    element: HtmlElement | None
    sure: bool


def after(body: Body, blocks: Sequence[Block], place: int | None) -> Body:
    """Return `body` without what stands before the headline, if that is inside it.

    Where it holds several articles, each with its own first-rank heading, the others go too.
    """
    if place is None or place < body.start:
        return body
    passed = set(map(id, blocks[: place + 1]))
    others = _others(body.element, blocks[place].element)
    kept = tuple(
        block
        for block in body.blocks
        if id(block) not in passed and not any(is_inside(block.element, one) for one in others)
    )
    if not kept:
        return body
    start = next(index for index, block in enumerate(blocks) if block is kept[0])
    return replace(body, blocks=kept, start=start)


def _others(body: HtmlElement | None, headline: HtmlElement) -> list[HtmlElement]:
    """Return the other articles in a body that holds several, as on a page without end."""
    own = next((e for e in (headline, *headline.iterancestors()) if e.getparent() is body), None)
    if own is None or body is None or not (own.tag == "article" or own.get("class")):
        return []
    like = [e for e in body if e.tag == own.tag and e.get("class") == own.get("class")]
    return [e for e in like if e is not own and e.find(".//h1") is not None]


def locate(
    blocks: Sequence[Block], selected: Sequence[HtmlElement] = (), *, scattered: bool = False
) -> Body:
    """Return the body of the article among the `blocks` of a page, empty where there is none.

    `selected` holds the elements a publisher's rule names as the body: they are taken at its word.
    `scattered` tells that the text comes in entries, each with a body of its own.
    """
    furniture = _furniture(blocks)
    if selected:
        return _body(blocks, selected, furniture, sure=True)
    weights: dict[HtmlElement, float] = {}
    running = left_out = 0.0
    for block in blocks:
        weight = _weight(block)
        if _in_furniture(block, furniture):
            left_out += max(0.0, weight)
            continue
        running += max(0.0, weight)
        element: HtmlElement | None = block.element
        while element is not None:
            weights[element] = weights.get(element, 0.0) + weight
            element = element.getparent()
    best = max(weights, key=lambda element: weights[element], default=None)
    if best is None or weights[best] <= 0:
        return Body(blocks=(), start=0, element=None, sure=False)
    if scattered:
        entries = [e for e, weight in weights.items() if weight >= running * _ENTRIES_SHARE]
        best = max(entries or [best], key=lambda e: sum(1 for _ in e.iterancestors()))
        return _body(blocks, (best,), furniture, sure=True)
    marked = _marked(weights, weights[best])
    chosen = marked if marked is not None else _widened(best, weights)
    found = weights[chosen]
    least = _LONG if marked is not None else max(_DOUBT, running * _SURE_SHARE)
    sure = found >= max(least, left_out / 2)
    return _body(blocks, (chosen,), furniture, sure=sure)


def _body(
    blocks: Sequence[Block],
    elements: Sequence[HtmlElement],
    furniture: frozenset[HtmlElement],
    *,
    sure: bool,
) -> Body:
    """Return the body made of the blocks inside `elements`, furniture left out."""
    kept = [
        index
        for index, block in enumerate(blocks)
        if any(is_inside(block.element, element) for element in elements)
        and (not _in_furniture(block, furniture) or _is_prose(block, furniture))
    ]
    return Body(
        blocks=tuple(blocks[index] for index in kept),
        start=kept[0] if kept else 0,
        element=elements[0],
        sure=sure,
    )


def _weight(block: Block) -> float:
    """Return what a block says for the element around it being an article: its running text."""
    length = len(block.text)
    if block.link_share >= 0.5:
        return -20.0
    if length < _LONG or block.heading:
        return -5.0
    return length * (1 - block.link_share)


def _furniture(blocks: Sequence[Block]) -> frozenset[HtmlElement]:
    """Return the chrome that is really chrome: not the one around most of the running text."""
    masses: dict[HtmlElement, float] = {}
    total = 0.0
    for block in blocks:
        weight = max(0.0, _weight(block))
        total += weight
        for element in block.chrome:
            masses[element] = masses.get(element, 0.0) + weight
    return frozenset(e for e, mass in masses.items() if mass <= total * _FURNITURE_SHARE)


def _in_furniture(block: Block, furniture: frozenset[HtmlElement]) -> bool:
    return any(element in furniture for element in block.chrome)


def _is_prose(block: Block, furniture: frozenset[HtmlElement]) -> bool:
    """Tell whether a block of what may be furniture reads like a paragraph of the article."""
    if len(block.text) < _SHORTEST or block.link_share > 0.2 or not _ENDED.search(block.text):
        return False
    return all(is_weak(element) for element in block.chrome if element in furniture)


def _marked(weights: dict[HtmlElement, float], best: float) -> HtmlElement | None:
    """Return the heaviest element that its site marks as the article's body, if heavy enough.

    One that is marked in words of the theme's own is taken where it is the innermost one. Where
    the text goes on beside it in an element of the same kind, their parent is the body.
    """
    heavy = [element for element, weight in weights.items() if weight >= best * _MARKED_SHARE]
    found = max(filter(is_body, heavy), key=lambda element: weights[element], default=None)
    if found is None:
        own = (e for e in heavy if weights[e] >= best * _OWN_SHARE and _OWN_BODY.search(_names(e)))
        found = next(own, None)
    if found is None or not _goes_on(found, weights):
        return found
    return found.getparent()


def _goes_on(element: HtmlElement, weights: dict[HtmlElement, float]) -> bool:
    """Tell whether a sibling with the same class holds running text as well."""
    parent, name = element.getparent(), element.get("class")
    if parent is None or not name:
        return False
    return any(
        other is not element and other.get("class") == name and weights.get(other, 0) > 0
        for other in parent
    )


def is_body(element: HtmlElement) -> bool:
    """Tell whether an element is marked as an article's body, by microdata or by its names."""
    if "articleBody" in element.get("itemprop", ""):
        return True
    names = _names(element)
    return len(names) > 6 and _BODY.search(CAMEL.sub("-", names)) is not None


def _names(element: HtmlElement) -> str:
    return " ".join(filter(None, map(element.get, _NAMING)))


def _widened(element: HtmlElement, weights: dict[HtmlElement, float]) -> HtmlElement:
    """Return the outermost element that weighs the same: an inline wrapper is no container."""
    parent = element.getparent()
    while parent is not None and weights.get(parent) == weights[element] and parent.tag != "body":
        element, parent = parent, parent.getparent()
    return element


def is_inside(element: HtmlElement | None, container: HtmlElement) -> bool:
    """Tell whether an element is, or lies inside, another."""
    while element is not None:
        if element is container:
            return True
        element = element.getparent()
    return False


# trafilatura warns of every page it finds no text on; that is data here, not an event.
logging.getLogger("trafilatura").setLevel(logging.ERROR)

_MORE = 1.4  # another reading is taken where it is so many times longer
_SHORTEST_STATED = 100  # characters of stated text that are worth taking
_PROSE_END = re.compile(r"""[.؟!?…:]["'”»)\]]*\s*$""")
_COMPARED = 3  # lines that must be found in the stated text to believe it
_BREAKS = re.compile(r"</p>|<br[^>]*>|</div>|</li>|</h\d>", re.IGNORECASE)


def rescue(root: HtmlElement, lines: Sequence[str], stated: str | None = None) -> list[str]:
    """Return `lines`, or a longer reading of a page whose article has no sure place.

    The text that the page's JSON-LD states (`stated`) comes first: some pages show their article
    only to browsers that run scripts. Then trafilatura is asked, at several times the cost of our
    own reading; only its prose counts, for it takes lists of headlines for text.
    """
    length = sum(map(len, lines))
    if stated and len(stated) > _MORE * max(length, _SHORTEST_STATED):
        return as_lines(stated)
    from trafilatura import bare_extraction

    document = bare_extraction(root, include_comments=False, with_metadata=False)
    text = getattr(document, "text", None) or ""
    read = [line.removeprefix("- ") for line in text.splitlines()]
    return read if _prose(read) > _MORE * _prose(lines) else list(lines)


def unseen_lead(lines: Sequence[str], stated: str | None) -> list[str]:
    """Return the beginning of an article that only the page's JSON-LD states (`stated`).

    That is believed only where the stated text is the very text of `lines`: it holds each of the
    first of them, in order, and what stands before them is prose.
    """
    if not stated or not lines:
        return []
    known = [key(line) for line in lines[:_COMPARED]]
    text = key(stated)
    places = [text.find(line) for line in known]
    if -1 in places or places != sorted(places) or not places[0]:
        return []
    before = list(takewhile(lambda line: not key(line).startswith(known[0]), as_lines(stated)))
    return before if _prose(before) else []


def as_lines(stated: str) -> list[str]:
    """Return the lines of a text that may hold markup."""
    text = _BREAKS.sub("\n", stated)
    return str(html.fromstring(f"<pre>{text}</pre>").xpath("string()")).splitlines()


def _prose(lines: Sequence[str]) -> int:
    return sum(len(line) for line in lines if len(line) >= _LONG and _PROSE_END.search(line))


_SKIPPED = frozenset({"style", "template", "svg", "form", "select", "button", "menu", "dialog"})
_PLAIN = frozenset({"figure", "figcaption", "p", "a"})  # «popup» and the like only tell how
# What is named so shows something, even where another of its names sounds like furniture.
_SHOWING = re.compile(
    r"embed|gallery|caption|twitter-|telegram-post|fb-(?:post|video)|instagram-media"
)


def shown(
    headline: HtmlElement | None, body: Body, without: frozenset[HtmlElement] = frozenset()
) -> list[HtmlElement]:
    """Return the elements between a headline and the end of its article, in document order.

    `headline` is None where there is none before the text; `without` is left out. The list of
    other articles that closes a body, and what stands after it, is not the article's.
    """
    if body.element is None:
        return []
    around = {body.element, *body.element.iterancestors()}
    end = closing(body.blocks)
    known = around | {block.element for block in body.blocks[:end]}
    dropped = (block.element for block in body.blocks[end:])
    stop = next((element for element in dropped if element not in known), None)
    found: list[HtmlElement] = []
    for root in _roots(headline, body.element, around):
        if _walk(root, body.element, around, without, stop, found):
            break
    return found


def _roots(
    headline: HtmlElement | None, element: HtmlElement, around: set[HtmlElement]
) -> Iterator[HtmlElement]:
    """Yield what follows the headline up to where the body is, outermost element by element."""
    if headline is None or headline in around:
        yield element
        return
    node: HtmlElement | None = headline
    while node is not None and node not in around:
        yield from node.itersiblings()
        node = node.getparent()


def _walk(
    root: HtmlElement,
    element: HtmlElement,
    around: set[HtmlElement],
    without: frozenset[HtmlElement],
    stop: HtmlElement | None,
    found: list[HtmlElement],
) -> bool:
    """Take in what is shown under `root`; tell whether the end of the article was met."""
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, one in walk:
        if event == "end":
            if one is element:
                return True
        elif one is stop:
            return True
        elif one in without or (one not in around and _is_passed_over(one)):
            walk.skip_subtree()
        else:
            found.append(one)
    return False


def _is_passed_over(element: HtmlElement) -> bool:
    tag = element.tag
    if tag in _SKIPPED or is_hidden(element) or is_menu(element, tag):
        return True
    if tag in _PLAIN or not is_chrome(element, tag):
        return False
    return not _SHOWING.search(f"{element.get('class', '')} {element.get('id', '')}".lower())
