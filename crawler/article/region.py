"""Stop 8: the elements that an article shows: from its headline to the last of its text.

Furniture is passed over as it is for the text: share buttons, related articles, comments, asides.
"""

import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement

from crawler.article.body import Body
from crawler.article.chrome import is_chrome, is_hidden, is_menu
from crawler.article.surplus import closing

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
