"""Stop 8: the article in the JSON from which a page's own script would draw it.

Next.js, Nuxt, Arc's Fusion and home-grown shells deliver the story as data and leave drawing it to
the browser. Only the object whose title is the page's own counts: the same data holds the teasers
of other articles.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml.html import HtmlElement

from crawler.article.headline import key

_ASSIGNED = re.compile(
    r"(?:window\.|self\.)?(?:__[A-Z_]{4,40}__|Fusion\.globalContent|(?:initial|app|page)\w{0,20}"
    r"(?:State|Data|Props))\s*=\s*(?=[{\[])",
    re.IGNORECASE,
)
_TITLES = ("title", "headline", "name", "post_title", "headlines", "articleTitle")
_BODIES = (
    *(
        "articleBody",
        "body",
        "content",
        "content_elements",
        "bodyHtml",
        "body_html",
        "html",
        "text",
    ),
    *("fullText", "full_text", "details", "story", "post_content", "paragraphs", "blocks"),
    *("components", "rendered", "value"),
)
_PUBLISHED = (
    *("datePublished", "publishedAt", "published_at", "publishDate", "publish_date"),
    *("firstPublishedAt", "first_publish_date", "publicationDate", "display_date", "publishedDate"),
    *("published_date", "date_published", "published", "pubDate"),
)
_MODIFIED = ("dateModified", "updatedAt", "updated_at", "modifiedAt", "modified_at", "updateDate")
_DECKS = ("subtitle", "sub_title", "deck", "standfirst", "subheadline", "subheadlines", "subTitle")
_AUTHORS = ("authors", "author", "credits", "writers", "writer", "byline", "by")
_NAMES = ("name", "fullName", "full_name", "display_name", "title", "basic", "rendered", "by")
_LEAST = 200  # characters of text that make a story
_MOST = 50_000  # values of one page that are looked at
_LONGEST = 4_000_000  # characters of one script


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """The article as its page's data has it: its text with or without markup, and what else."""

    body: str
    deck: str | None
    authors: tuple[str, ...]
    published: tuple[str, ...]
    modified: tuple[str, ...]


def read_state(root: HtmlElement, titles: Iterable[str]) -> Stated | None:
    """Return the longest article in the data of a page that bears one of the page's `titles`."""
    known = {key(title) for title in titles} - {""}
    found: Stated | None = None
    for value in _data(root):
        for node in _objects(value):
            if known.isdisjoint(map(key, _strings(node, _TITLES))):
                continue
            body = "\n".join(_text(node))
            if len(body) >= max(_LEAST, len(found.body) + 1 if found else 0):
                found = _stated(node, body)
    return found


def _stated(node: dict[str, Any], body: str) -> Stated:
    return Stated(
        body=body,
        deck=next(iter(_strings(node, _DECKS)), None),
        authors=tuple(_strings(node, _AUTHORS)),
        published=tuple(_strings(node, _PUBLISHED)),
        modified=tuple(_strings(node, _MODIFIED)),
    )


def _data(root: HtmlElement) -> Iterator[object]:
    """Yield the data of every script of a page that is JSON, or begins with assigning some."""
    for script in root.iter("script"):
        text = script.text or ""
        if not _LEAST < len(text) < _LONGEST or "ld+json" in (script.get("type") or ""):
            continue
        place = 0
        if "json" not in (script.get("type") or ""):
            match = _ASSIGNED.search(text, 0, 2000)
            if not match:
                continue
            place = match.end()
        try:
            value, _ = json.JSONDecoder(strict=False).raw_decode(
                text.lstrip("\ufeff \r\n\t"), place
            )
        except (ValueError, RecursionError):
            continue
        yield _joined(value) if script.get("id") == "__NUXT_DATA__" else value


def _joined(value: object) -> object:
    """Return Nuxt's flat list with the places its objects name replaced by what stands there."""
    if not isinstance(value, list):
        return value

    def at(place: object, depth: int) -> object:
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < len(value):
            return place
        item = value[place]
        if depth > 4:
            return None
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
    for _ in range(_MOST):
        if not waiting:
            return
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _strings(node: dict[str, Any], names: Iterable[str]) -> list[str]:
    """Return the strings under the first of `names` that has any: plain, named or listed."""
    for name in names:
        if found := list(_named(node.get(name), depth=0)):
            return found
    return []


def _named(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value.strip()
    elif isinstance(value, list) and depth < 3:
        for item in value[:20]:
            yield from _named(item, depth + 1)
    elif isinstance(value, dict) and depth < 3:
        inner = next((value[name] for name in _NAMES if value.get(name)), None)
        yield from _named(inner, depth + 1)


def _text(node: dict[str, Any]) -> list[str]:
    """Return the paragraphs under the first name for a body that holds a story's worth of them."""
    for name in _BODIES:
        lines = list(_paragraphs(node.get(name), depth=0))
        if sum(map(len, lines)) >= _LEAST:
            return lines
    return []


def _paragraphs(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < 4:
        for item in value:
            if not isinstance(item, dict) or item.get("type") not in _OTHER:
                yield from _paragraphs(item, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        inner = next((value[name] for name in _BODIES if value.get(name)), None)
        yield from _paragraphs(inner, depth + 1)


# What stands between the paragraphs of a story that is kept in pieces.
_OTHER = frozenset(
    {
        "image",
        "gallery",
        "video",
        "interstitial_link",
        "oembed_response",
        "raw_html",
        "ad",
        "related",
    }
)
