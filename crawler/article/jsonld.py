"""Stop 8: the JSON-LD of a page: its nodes, whatever shape and state they are in."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml.html import HtmlElement

Node = dict[str, Any]

ARTICLES = frozenset(
    [
        "Article",
        "NewsArticle",
        "ReportageNewsArticle",
        "AnalysisNewsArticle",
        "OpinionNewsArticle",
        "BackgroundNewsArticle",
        "ReviewNewsArticle",
        "AskPublicNewsArticle",
        "BlogPosting",
        "LiveBlogPosting",
        "SocialMediaPosting",
        "Report",
        "TechArticle",
        "ScholarlyArticle",
        "AdvertiserContentArticle",
        "SatiricalArticle",
        "Review",
        "CriticReview",
        "Interview",
    ]
)
_INNER = ("@graph", "mainEntity")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_WRAPPING = re.compile(r"^\s*(?://)?\s*(?:<!\[CDATA\[|<!--)|(?:\]\]>|-->|;)\s*$")
_MOST = 500  # nodes of one page; more is a product catalogue, or malice


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes of a page in document order, by their `@id` too, and how many scripts broke."""

    nodes: tuple[Node, ...]
    by_id: dict[str, Node]
    broken: int

    def article(self) -> Node | None:
        """Return the node of the page's article: the first of such a type with a headline."""
        found = [node for node in self.nodes if ARTICLES & types(node)]
        return next((node for node in found if node.get("headline")), found[0] if found else None)

    def of_type(self, *names: str) -> Node | None:
        """Return the first node of one of these types."""
        return next((node for node in self.nodes if types(node) & set(names)), None)

    def resolved(self, value: object) -> list[object]:
        """Return a value as a list, with references to other nodes followed."""
        values = value if isinstance(value, list) else [value]
        return [
            self.by_id.get(str(item["@id"]), item)
            if isinstance(item, dict) and "@id" in item and "name" not in item
            else item
            for item in values
            if item is not None
        ]

    def texts(self, value: object, *keys: str) -> list[str]:
        """Return the strings a value holds, directly or under the first of `keys` it has."""
        found: list[str] = []
        for item in self.resolved(value):
            if isinstance(item, str):
                found.append(unescape(item))
            elif isinstance(item, dict):
                inner = next((item[key] for key in keys if item.get(key)), None)
                if isinstance(inner, str | list):
                    found += self.texts(inner, *keys)
        return found


def types(node: Node) -> set[str]:
    """Return the short names of a node's types."""
    value = node.get("@type")
    values = value if isinstance(value, list) else [value]
    return {str(name).rsplit("/", 1)[-1].removeprefix("schema:") for name in values if name}


def read_graph(root: HtmlElement) -> Graph:
    """Return every JSON-LD node of a page; broken scripts are counted, never raised."""
    nodes: list[Node] = []
    broken = 0
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not (script.text or "").strip():
            continue
        values = _values(script.text)
        broken += values is None
        for value in values or []:
            nodes.extend(_nodes(value, depth=0))
    kept = tuple(nodes[:_MOST])
    by_id = {str(node["@id"]): node for node in reversed(kept) if node.get("@id")}
    return Graph(nodes=kept, by_id=by_id, broken=broken)


def _values(script: str) -> list[object] | None:
    """Return the JSON values of a script: usually one, several if written one after the other."""
    text = _WRAPPING.sub("", _WRAPPING.sub("", script)).strip().lstrip("\ufeff")
    decoder = json.JSONDecoder(strict=False)
    for candidate in (text, _TRAILING_COMMA.sub(r"\1", text), unescape(text)):
        values: list[object] = []
        place = 0
        try:
            while place < len(candidate):
                value, place = decoder.raw_decode(candidate, place)
                values.append(value)
                while place < len(candidate) and candidate[place] in " \t\r\n,;":
                    place += 1
        except (ValueError, RecursionError):
            continue
        return values
    return None


def _nodes(value: object, depth: int) -> Iterator[Node]:
    if depth > 8:
        return
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item, depth + 1)
    elif isinstance(value, dict):
        if "@type" in value:
            yield value
        for key in _INNER:
            yield from _nodes(value.get(key), depth + 1)
