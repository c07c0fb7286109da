"""Where the article is on its page: its headline, and of the blocks those that are its text.

The article is the element in which running text most outweighs links and labels; an element that
its site marks as the body is preferred where it holds most of that text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from archive.search.arabic import fold
from archive.urls import is_home
from crawler.dates.words import is_clock
from crawler.extract.blocks import LONG, Block, Tree, is_weak, read_blocks, title_of
from crawler.extract.headline import learned
from crawler.extract.headline import parts as split_title
from crawler.extract.metadata import Metadata
from crawler.extract.vocabulary import ends_sentence, is_called, key, pattern

_OWN_BODY = pattern("classes", "own_body", r"(?:^|\s){}(?=$|\s)", re.IGNORECASE)
_NAMING = ("class", "id", "data-testid", "data-component", "data-qa")
_MARKED_SHARE = 0.6  # of the best element's weight an element marked as the body must hold
_OWN_SHARE = 0.75  # the same for an element that is marked in a theme's own words
_SURE_SHARE = 0.6  # of the page's running text an unmarked element must hold to be believed
_DOUBT = 250  # characters of running text below which an unmarked element is not believed
_ENTRIES_SHARE = 0.8  # of the running text of a live blog that the element of its entries holds
_SHORTEST = 40  # characters of a paragraph that is kept among what looks like furniture
_FURNITURE_SHARE = 0.6  # what holds so much of the running text is no furniture, whatever its class


_LIVE = pattern("headline", "live_path", r"/(?:{})(?:/|$)", re.IGNORECASE)
_LIVE_TITLE = pattern("headline", "live", r"(?<!\w)(?:{})(?!\w)")
# Read over whole pages: a pattern that begins with plain letters is many times as fast.
_LIVE_CLASS = re.compile(r"live[-_]?(?:[Bb]log|[Uu]pdate|[Ee]ntr|[Pp]ost)")
_ENTRIES = 3  # timed entries that make a live blog
_ENTRY = 40  # characters of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The article's blocks; the index of the first among all; whether its place is beyond doubt."""

    blocks: tuple[Block, ...]
    start: int
    element: HtmlElement | None
    sure: bool


def _others(body: HtmlElement | None, headline: HtmlElement) -> list[HtmlElement]:
    """Return the other articles in a body that holds several, as on a page without end."""
    own = next((e for e in (headline, *headline.iterancestors()) if e.getparent() is body), None)
    if own is None or body is None or not (own.tag == "article" or own.get("class")):
        return []
    like = [e for e in body.iterchildren(own.tag) if e.get("class") == own.get("class")]
    return [e for e in like if e is not own and e.find(".//h1") is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the article is on its page.

    `place` is the index of the headline among the blocks, and `headline` its element where that
    stands before the text or begins it. `likely` are the keys of what its newspaper is called, and
    of what stands beside the headline in titles, which may be a section as well. `sure` tells that
    the place of the text is beyond doubt, `live` that the page is a live blog.
    """

    tree: Tree
    blocks: Sequence[Block]
    body: Body
    place: int | None
    headline: HtmlElement | None
    likely: frozenset[str]
    sure: bool
    live: bool

    @property
    def visible(self) -> str:
        """The first of what a page shows, whatever it is."""
        return " ".join(block.text for block in self.blocks[:60])


def read_layout(tree: Tree, metadata: Metadata, url: str) -> Layout:
    """Find the headline and the text among the blocks of a page at `url`."""
    selected = metadata.selected
    blocks = read_blocks(tree.root, selected.remove)
    live = _is_live(url, tree, metadata.stated.types, blocks)
    body = locate(blocks, selected.text, scattered=live)
    place = find_headline(blocks, body, metadata.bare)
    printed = blocks[place].text if place is not None else ""
    after = _after(body, blocks, place)
    return Layout(
        tree=tree,
        blocks=blocks,
        body=after,
        place=place,
        headline=None if place is None else _heading(blocks[place], body, place),
        likely=metadata.names | learned(metadata.titles, printed),
        sure=after.sure or is_home(url),
        live=live,
    )


def _after(body: Body, blocks: Sequence[Block], place: int | None) -> Body:
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
        if id(block) not in passed and not any(is_inside(block.element, other) for other in others)
    )
    if not kept:
        return body
    start = next(index for index, block in enumerate(blocks) if block is kept[0])
    return replace(body, blocks=kept, start=start)


def _heading(block: Block, body: Body, place: int) -> HtmlElement | None:
    """Return the element of the headline where it stands before the text or begins it."""
    inside = body.element is not None and is_inside(block.element, body.element)
    return block.element if place < body.start or inside else None


def locate(
    blocks: Sequence[Block], selected: Sequence[HtmlElement] = (), *, scattered: bool = False
) -> Body:
    """Return the body of the article among the `blocks` of a page, empty where there is none.

    `selected` holds the elements a publisher's rule names as the body: they are taken at its word.
    `scattered` tells that the text comes in entries, each with a body of its own.
    """
    weights = [block.weight for block in blocks]
    furniture = _furniture(blocks, weights)
    lineages: dict[HtmlElement, tuple[HtmlElement, ...]] = {}
    if selected:
        return _body(blocks, selected, furniture, lineages, sure=True)
    totals: dict[HtmlElement, float] = {}
    running = left_out = 0.0
    for block, weight in zip(blocks, weights, strict=True):
        if not furniture.isdisjoint(block.chrome):
            left_out += max(0.0, weight)
            continue
        running += max(0.0, weight)
        for element in _lineage(block.element, lineages):
            totals[element] = totals.get(element, 0.0) + weight
    best = max(totals, key=totals.__getitem__, default=None)
    if best is None:
        return Body(blocks=(), start=0, element=None, sure=False)
    if scattered and totals[best] > 0:
        entries = [e for e, total in totals.items() if total >= running * _ENTRIES_SHARE]
        best = max(entries or [best], key=lambda e: len(lineages[e]))
        return _body(blocks, (best,), furniture, lineages, sure=True)
    marked = _marked(totals, totals[best])
    if marked is None and totals[best] < _DOUBT:
        marked = _alone(totals)
    if marked is None and totals[best] <= 0:
        return Body(blocks=(), start=0, element=None, sure=False)
    chosen = marked if marked is not None else _widened(best, totals)
    least = LONG if marked is not None else max(_DOUBT, running * _SURE_SHARE)
    sure = totals[chosen] >= max(least, left_out / 2)
    return _body(blocks, (chosen,), furniture, lineages, sure=sure)


def _body(
    blocks: Sequence[Block],
    elements: Sequence[HtmlElement],
    furniture: frozenset[HtmlElement],
    lineages: dict[HtmlElement, tuple[HtmlElement, ...]],
    *,
    sure: bool,
) -> Body:
    """Return the body made of the blocks inside `elements`, furniture left out."""
    around = frozenset(elements)
    kept = {
        index: block
        for index, block in enumerate(blocks)
        if not around.isdisjoint(_lineage(block.element, lineages))
        and (furniture.isdisjoint(block.chrome) or _is_prose(block, furniture))
    }
    return Body(
        blocks=tuple(kept.values()), start=min(kept, default=0), element=elements[0], sure=sure
    )


def _lineage(
    element: HtmlElement, known: dict[HtmlElement, tuple[HtmlElement, ...]]
) -> tuple[HtmlElement, ...]:
    """Return an element and all around it; `known` are those that were asked for before."""
    if element not in known:
        parent = element.getparent()
        known[element] = (element,) if parent is None else (element, *_lineage(parent, known))
    return known[element]


def _furniture(blocks: Sequence[Block], weights: Sequence[float]) -> frozenset[HtmlElement]:
    """Return the chrome that is really chrome: not the one around most of the running text."""
    masses = dict.fromkeys((element for block in blocks for element in block.chrome), 0.0)
    total = sum(weight for weight in weights if weight > 0)
    for block, weight in zip(blocks, weights, strict=True):
        for element in block.chrome:
            masses[element] += max(0.0, weight)
    return frozenset(e for e, mass in masses.items() if mass <= total * _FURNITURE_SHARE)


def _is_prose(block: Block, furniture: frozenset[HtmlElement]) -> bool:
    """Return whether a block of what may be furniture reads like a paragraph of the article."""
    if len(block.text) < _SHORTEST or block.link_share > 0.2 or not ends_sentence(block.text, ":"):
        return False
    return all(is_weak(element) for element in block.chrome if element in furniture)


def _marked(totals: dict[HtmlElement, float], best: float) -> HtmlElement | None:
    """Return the heaviest element that its site marks as the article's body, if heavy enough.

    One that is marked in words of the theme's own is taken where it is the innermost one. Where
    the text goes on beside it in an element of the same kind, their parent is the body.
    """
    heavy = [element for element, total in totals.items() if total >= best * _MARKED_SHARE]
    found = max(filter(is_body, heavy), key=totals.__getitem__, default=None)
    if found is None:
        own = (e for e in heavy if totals[e] >= best * _OWN_SHARE and _OWN_BODY.search(_names(e)))
        found = next(own, None)
    return found if found is None or not _goes_on(found, totals) else found.getparent()


def _alone(totals: dict[HtmlElement, float]) -> HtmlElement | None:
    """Return the element that is marked as the article's body, if there is but one.

    On a page with hardly any running text a copyright line may outweigh an article.
    """
    marked = [element for element in totals if is_body(element)]
    heaviest = max(marked, key=totals.__getitem__, default=None)
    if heaviest is None or all(is_inside(e, heaviest) or is_inside(heaviest, e) for e in marked):
        return heaviest
    return None


def _goes_on(element: HtmlElement, totals: dict[HtmlElement, float]) -> bool:
    """Return whether a sibling with the same class holds running text as well."""
    name = element.get("class")
    beside = chain(element.itersiblings(), element.itersiblings(preceding=True))
    return bool(name) and any(e.get("class") == name and totals.get(e, 0) > 0 for e in beside)


def is_body(element: HtmlElement) -> bool:
    """Return whether an element is marked as an article's body, by microdata or by its names."""
    return "articleBody" in element.get("itemprop", "") or is_called("body", _names(element))


def _names(element: HtmlElement) -> str:
    return " ".join(filter(None, map(element.get, _NAMING)))


def _widened(element: HtmlElement, totals: dict[HtmlElement, float]) -> HtmlElement:
    """Return the outermost element that weighs the same: an inline wrapper is no container."""
    parent = element.getparent()
    while parent is not None and totals.get(parent) == totals[element] and parent.tag != "body":
        element, parent = parent, parent.getparent()
    return element


def is_inside(element: HtmlElement, container: HtmlElement) -> bool:
    """Return whether an element is, or lies inside, another."""
    return element is container or container in element.iterancestors()


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
        named = [i for i in places if key(blocks[i].text) in parts]
        plain = [i for i in named if not blocks[i].chrome and len(blocks[i].text.split()) > 3]
        named = [i for i in named if blocks[i].heading] or plain
        if found := headings or same or like or named or first_rank:
            return found[-1]
    return None


def _similar(title: str, other: str) -> bool:
    mine, theirs = set(title.split()), set(other.split())
    return len(mine & theirs) * 2 > min(len(mine), len(theirs)) > 2


def _is_live(url: str, tree: Tree, types: frozenset[str], blocks: Sequence[Block]) -> bool:
    """Return whether a page is a live blog: it says so, or calls itself live and has timed entries.

    Live blogs are named in classes of its HTML as well as in titles.
    """
    if "LiveBlogPosting" in types or _LIVE.search(unquote(urlsplit(url).path)):
        return True
    short = (i for i, block in enumerate(blocks) if len(block.text) < _ENTRY and not block.chrome)
    timed = [i for i in short if is_clock(blocks[i].text)]
    entries = sum(any(len(b.text) > _ENTRY for b in blocks[i + 1 : i + 4]) for i in timed)
    if entries < _ENTRIES:
        return False
    named = _LIVE_TITLE.search(fold(title_of(tree))) or _LIVE_CLASS.search(tree.source)
    return named is not None
