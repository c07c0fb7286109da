"""Stop 8: strings that are misread Arabic are put right in a page's tree, before any is read."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from lxml.html import HtmlElement

from archive.mojibake import may_be_misread, repair
from archive.problems import ProblemKind
from archive.records import Link, Problem


def mend(root: HtmlElement, text: str) -> tuple[Problem, ...]:
    """Repair the tree of a page whose characters are `text`; return the problem if it needed it.

    Texts and attributes are repaired one by one: often a single field of a page is wrong.
    """
    if not may_be_misread(text):
        return ()
    meant = [one for element in root.iter("*") for one in _mended(element)]
    if not meant:
        return ()
    sample = max(meant, key=len).strip()[:60]
    detail = f"{len(meant)} strings were Arabic misread by their site, as {sample!r}"
    return (Problem(kind=ProblemKind.MOJIBAKE, detail=detail, stage="extract"),)


def mend_hints(hints: Link | None) -> Link | None:
    """Return what a listing said of a page with its misread strings repaired."""
    return hints and replace(
        hints,
        title=hints.title and repair(hints.title),
        author=hints.author and repair(hints.author),
        summary=hints.summary and repair(hints.summary),
    )


def _mended(element: HtmlElement) -> Iterator[str]:
    """Repair the strings of an element; yield those that needed it."""
    strings = [(element.set, name, value) for name, value in element.attrib.items()]
    strings += [(element.__setattr__, place, getattr(element, place)) for place in ("text", "tail")]
    for put, name, value in strings:
        if value and (meant := repair(value)) != value:
            # lxml refuses what no XML may hold; such a string stays as it is.
            with contextlib.suppress(ValueError):
                put(name, meant)
                yield meant
