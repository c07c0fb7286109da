"""The JSON in the scripts of a page: its JSON-LD, and the data from which a script would draw it.

Next.js, Nuxt, Arc's Fusion and home-grown shells deliver the story as data and leave drawing it to
the browser. Only the object whose title is the page's own counts: the same data holds the teasers
of other articles.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml.html import HtmlElement

from crawler.extract.vocabulary import alternatives, key, table, words

Node = dict[str, Any]

ARTICLES = frozenset(words("fields", "json", "article_types"))
_INNER = ("@graph", "mainEntity")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_WRAPPING = re.compile(r"^\s*(?://)?\s*(?:<!\[CDATA\[|<!--)|(?:\]\]>|-->|;)\s*$")
_DECODER = json.JSONDecoder(strict=False)
_MOST_NODES = 500  # nodes of one page; more is a product catalogue, or malice


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


def read_graph(scripts: Iterable[HtmlElement]) -> Graph:
    """Return every JSON-LD node in a page's scripts; broken ones are counted, never raised."""
    nodes: list[Node] = []
    broken = 0
    for script in scripts:
        if "ld+json" not in (script.get("type") or "").lower() or not (script.text or "").strip():
            continue
        values = _values(script.text)
        broken += values is None
        for value in values or []:
            nodes.extend(_nodes(value, depth=0))
    kept = tuple(nodes[:_MOST_NODES])
    by_id = {str(node["@id"]): node for node in reversed(kept) if node.get("@id")}
    return Graph(nodes=kept, by_id=by_id, broken=broken)


def _values(script: str) -> list[object] | None:
    """Return the JSON values of a script: usually one, several if written one after the other."""
    text = _WRAPPING.sub("", _WRAPPING.sub("", script)).strip().lstrip("\ufeff")
    for candidate in (text, _TRAILING_COMMA.sub(r"\1", text), unescape(text)):
        values: list[object] = []
        place = 0
        with suppress(ValueError, RecursionError):
            while place < len(candidate):
                value, place = _DECODER.raw_decode(candidate, place)
                values.append(value)
                while place < len(candidate) and candidate[place] in " \t\r\n,;":
                    place += 1
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


_ASSIGNED = re.compile(
    rf"(?:window\.|self\.)?(?:{alternatives('fields', 'json', 'assigned')})\s*=\s*(?=[{{\[])",
    re.IGNORECASE,
)
_BLANK = re.compile(r"[\ufeff\s]*")
_FIELDS: dict[str, list[str]] = table("fields")["json"]
_LEAST_TEXT = 200  # characters of text that make a story
_MOST_VALUES = 50_000  # values of one page that are looked at
_LONGEST = 4_000_000  # characters of one script


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStory:
    """The article as its page's data has it: its text with or without markup, and what else."""

    body: str
    decks: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()


def read_state(scripts: Iterable[HtmlElement], titles: Iterable[str]) -> ScriptStory | None:
    """Return the longest article in the data of scripts that bears one of the page's `titles`."""
    known = {key(title) for title in titles} - {""}
    longest, body = None, ""
    for node in (node for value in _data(scripts) for node in _objects(value)):
        if known.isdisjoint(map(key, _strings(node, "titles"))):
            continue
        text = "\n".join(_strings(node, "bodies", "bodies", _LEAST_TEXT))
        if len(text) > len(body):
            longest, body = node, text
    if longest is None:
        return None
    fields = ("decks", "authors", "published", "modified")
    return ScriptStory(body=body, **{name: tuple(_strings(longest, name)) for name in fields})


def _data(scripts: Iterable[HtmlElement]) -> Iterator[object]:
    """Yield the data of every script that is JSON, or begins with assigning some."""
    for script in scripts:
        text, kind = script.text or "", script.get("type") or ""
        begun = (_BLANK if "json" in kind else _ASSIGNED).search(text, 0, 2000)
        if begun and _LEAST_TEXT < len(text) < _LONGEST and "ld+json" not in kind:
            with suppress(ValueError, RecursionError):
                value, _ = _DECODER.raw_decode(text, begun.end())
                yield _joined(value) if script.get("id") == "__NUXT_DATA__" else value


def _joined(value: object) -> object:
    """Return Nuxt's flat list with the places its objects name replaced by what stands there."""
    if not isinstance(value, list):
        return value

    def at(place: object, depth: int) -> object:
        if type(place) is not int or not 0 <= place < len(value):
            return place
        item = value[place] if depth < 5 else None
        if isinstance(item, dict):
            return {name: at(inner, depth + 1) for name, inner in item.items()}
        if isinstance(item, list):
            return [at(inner, depth + 1) for inner in item]
        return item

    objects = [place for place, item in enumerate(value) if isinstance(item, dict)]
    return [at(place, 0) for place in objects[:2000]]


def _objects(value: object) -> Iterator[dict[str, Any]]:
    """Yield the objects inside a JSON value, without recursion and no more than is reasonable."""
    waiting = [value]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _strings(node: dict[str, Any], field: str, within: str = "names", least: int = 1) -> list[str]:
    """Return the strings under the first name of a field that holds `least` characters of them.

    They are plain, listed, or in objects, under the first of the names of `within` that one has.
    """
    for name in _FIELDS[field]:
        found = list(_inside(node.get(name), within))
        if sum(map(len, found)) >= least:
            return found
    return []


def _inside(value: object, within: str, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value.strip()
    elif isinstance(value, list) and depth < 4:
        for item in value:
            if not isinstance(item, dict) or item.get("type") not in _FIELDS["between"]:
                yield from _inside(item, within, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        inner = next((value[name] for name in _FIELDS[within] if value.get(name)), None)
        yield from _inside(inner, within, depth + 1)
