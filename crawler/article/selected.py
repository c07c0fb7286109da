"""Stop 8: what a publisher's own selectors find on a page; they win over all general reading."""

from dataclasses import dataclass, field
from typing import cast

from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from archive.problems import ProblemKind
from archive.records import Problem
from crawler.publisher import Rules

_VALUES = ("datetime", "content")


@dataclass(slots=True, kw_only=True)
class Selected:
    """What the selectors found: texts by field, elements for the body and for what is cut out."""

    title: str | None = None
    deck: str | None = None
    byline: str | None = None
    published: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    text: tuple[HtmlElement, ...] = ()
    remove: frozenset[HtmlElement] = frozenset()
    problems: list[Problem] = field(default_factory=list)


def select(root: HtmlElement, rules: Rules) -> Selected:
    """Apply `rules` to a page; a selector that finds nothing is a `rule-missed` problem."""
    found = Selected()
    for name in ("title", "deck", "byline", "published", "section"):
        setattr(found, name, _text(root, name, getattr(rules, name), found))
    if rules.tags:
        found.tags = tuple(_value(e) for e in _elements(root, "tags", rules.tags, found))
    if rules.text:
        found.text = tuple(_elements(root, "text", rules.text, found))
    removed = [e for css in rules.remove for e in _elements(root, "remove", css, None)]
    found.remove = frozenset(removed)
    return found


def _text(root: HtmlElement, name: str, css: str | None, found: Selected) -> str | None:
    elements = _elements(root, name, css, found) if css else []
    return next((text for element in elements if (text := _value(element))), None)


def _elements(root: HtmlElement, name: str, css: str, found: Selected | None) -> list[HtmlElement]:
    try:
        elements = cast("list[HtmlElement]", CSSSelector(css, translator="html")(root))
    except SelectorError:
        elements = []
    if not elements and found is not None:
        detail = f"the selector for {name} finds nothing: {css}"
        found.problems.append(Problem(kind=ProblemKind.RULE_MISSED, detail=detail, stage="extract"))
    return elements


def _value(element: HtmlElement) -> str:
    attribute = next((element.get(name) for name in _VALUES if element.get(name)), None)
    return " ".join((attribute or element.text_content()).split())
