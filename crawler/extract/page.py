"""A page is parsed once, and everything its tree holds is read from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml.html import HtmlElement

from archive.records import Capture, Link
from archive.urls import host_of
from crawler.extract.blocks import Block, read_blocks
from crawler.extract.body import Body, after, is_inside, locate
from crawler.extract.charset import Decoded
from crawler.extract.headline import learned, site_names, without_site
from crawler.extract.jsondata import read_state
from crawler.extract.kind import is_home, is_live
from crawler.extract.metadata import Evidence, Selected, read_evidence, select
from crawler.extract.printed import Printed, find_headline, read_printed
from crawler.publisher import Publisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page with everything that was read from its tree, before anything was decided.

    `names` are the keys of what its newspaper is called, `likely` those and what stands beside the
    headline in titles, which may be a section as well; `headline` is the element of the headline
    where that stands before the text; `sure` tells that the place of its text is beyond doubt,
    `live` that it is a live blog.
    """

    root: HtmlElement
    decoded: Decoded
    evidence: Evidence
    selected: Selected
    blocks: Sequence[Block]
    body: Body
    headline: HtmlElement | None
    printed: Printed
    names: frozenset[str]
    likely: frozenset[str]
    hints: Link | None
    sure: bool
    live: bool


def read_page(
    root: HtmlElement, decoded: Decoded, capture: Capture, publisher: Publisher, hints: Link | None
) -> Page:
    """Read everything the tree of a page holds, once."""
    evidence = read_evidence(root)
    selected = select(root, publisher.rules_on(capture.fetched_at.date()))
    blocks = read_blocks(root, selected.remove)
    name = root.findtext(".//title") or ""
    live = is_live(capture.url, evidence.types, name, decoded.text, blocks)
    body = locate(blocks, selected.text, scattered=live)
    titles = [text for _, text in evidence.titles]
    titles += [hints.title] if hints and hints.title else []
    named = [publisher.name, publisher.name_latin or "", *evidence.names]
    names = site_names(named, host_of(capture.url))
    stated = [without_site(text, names) for text in titles]
    place = find_headline(blocks, body, stated)
    likely = names | learned(titles, blocks[place].text if place is not None else "")
    top = None if place is None else _above(blocks[place], body, place)
    body = after(body, blocks, place)
    if not body.sure:
        evidence.take_state(read_state(root, [*titles, *stated]))
    printed = read_printed(blocks, body, place, evidence.descriptions, likely, live=live)
    return Page(
        root=root,
        decoded=decoded,
        evidence=evidence,
        selected=selected,
        blocks=blocks,
        body=body,
        headline=top,
        printed=printed,
        names=names,
        likely=likely,
        hints=hints,
        sure=body.sure or is_home(capture.url),
        live=live,
    )


def _above(block: Block, body: Body, place: int) -> HtmlElement | None:
    """Return the element of the headline where it stands before the text or begins it."""
    inside = body.element is not None and is_inside(block.element, body.element)
    return block.element if place < body.start or inside else None
