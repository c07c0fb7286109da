"""Stop 8: pages that list articles, told by their cards: linked headlines side by side."""

from collections.abc import Sequence

from lxml.html import HtmlElement

from crawler.article.blocks import Block

_HEADLINE = 20  # characters of a link that may be a headline
_LONG = 60  # characters of running text
_CARDS = 6  # headlines side by side that make a list
_SHARE = 0.5  # of the summaries in a list so much text may stand outside it
_MOST = 600  # characters, and no more: a page that says so much itself is no list


def is_list(blocks: Sequence[Block]) -> bool:
    """Tell whether a page is a list of articles with hardly any text of its own.

    Each card is the outermost element around one linked headline; the cards of a list have one
    parent. Headlines alone prove nothing, for an article may carry a long list of others: what
    cards hold besides, their summaries, must outweigh what the page says itself.
    """
    open_blocks = [block for block in blocks if not block.chrome]
    heads = [block for block in open_blocks if _is_head(block)]
    headings = [block for block in heads if block.heading]
    heads = headings if len(headings) >= _CARDS else heads
    if len(heads) < _CARDS:
        return False
    counts: dict[HtmlElement, int] = {}
    for head in heads:
        for element in (head.element, *head.element.iterancestors()):
            counts[element] = counts.get(element, 0) + 1
    lists: dict[HtmlElement, set[HtmlElement]] = {}
    for head in heads:
        card = _card(head.element, counts)
        parent = card.getparent()
        if parent is not None:
            lists.setdefault(parent, set()).add(card)
    cards = max(lists.values(), key=len, default=set())
    return len(cards) >= _CARDS and _outweighs(open_blocks, lists)


def _is_head(block: Block) -> bool:
    return len(block.text) >= _HEADLINE and block.link_share > 0.6


def _card(element: HtmlElement, counts: dict[HtmlElement, int]) -> HtmlElement:
    """Return the outermost element around a headline that holds no other one."""
    for ancestor in element.iterancestors():
        if counts[ancestor] > counts[element]:
            break
        element = ancestor
    return element


def _outweighs(blocks: Sequence[Block], lists: dict[HtmlElement, set[HtmlElement]]) -> bool:
    """Tell whether lists of cards hold more than the page says outside of them."""
    cards = {card for found in lists.values() if len(found) > 1 for card in found}
    inside = outside = 0
    met: set[HtmlElement] = set()
    for block in blocks:
        element: HtmlElement | None = block.element
        while element is not None and element not in cards:
            element = element.getparent()
        length = len(block.text) if len(block.text) >= _LONG else 0
        if element is None:
            outside += length if block.link_share < 0.5 else 0
        elif element in met:
            inside += length
        else:
            met.add(element)
    return outside < min(_MOST, inside * _SHARE)
