"""The posts and videos of other platforms that an article shows.

Read from what the platforms' own codes, the players of AMP and of content systems, and lines that
hold an address alone leave in a page, scripts having run or not. A post has many addresses: for
players, for telephones, for other languages, with tracking; each becomes the one form by which its
platform names it. What names no single post (a channel, a profile, a share button) is none.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from urllib.parse import parse_qs, quote, unquote, urlsplit

from lxml.html import HtmlElement

from archive.models import Embed
from crawler.extract.blocks import text_of
from crawler.extract.vocabulary import table

_Forms = list[tuple[re.Pattern[str], str]]
_PLATFORMS: list[tuple[str, re.Pattern[str], _Forms]] = [
    (
        platform,
        re.compile(forms["hosts"]),
        [
            (re.compile(f"[^/]+{form}" if form.startswith("/") else form), address)
            for form, address in forms["forms"]
        ],
    )
    for platform, forms in table("embeds")["platforms"].items()
]


def embed_of(url: str) -> Embed | None:
    """Return the post or video that an absolute or scheme-less address names; None for others."""
    url = url.strip()
    try:
        parts = urlsplit(f"https:{url}" if url.startswith("//") else url)
        host = (parts.hostname or "").removeprefix("www.")
        query = "".join(f" {name}={values[0]}" for name, values in parse_qs(parts.query).items())
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"}:
        return None
    for platform, hosts, forms in _PLATFORMS:
        if hosts.fullmatch(host):
            return _named(platform, forms, f"{host}{parts.path}?{query}")
    return None


def _named(platform: str, forms: _Forms, written: str) -> Embed | None:
    """Return what the first of a platform's forms that an address has stands for."""
    for form, address in forms:
        if match := form.match(written):
            if address:
                names = [quote(unquote(name), safe="/") for name in match.groups()]
                return Embed(provider=platform, url=address.format(*names))
            inner = embed_of(match[1])
            return inner if inner and inner.provider == platform else None
    return None


_ELEMENTS: dict[str, list[str]] = table("embeds")["elements"]
_LINES = frozenset({"p", "div", "figure", "span"})
_OPENING = 40  # characters of a line in which an address that is all of it begins
_ADDRESS = re.compile(r"https?://\S{5,500}")
_QUOTED = re.compile(r"twitter-(?:tweet|video)|instagram-media|tiktok-embed|fb-xfbml-parse-ignore")
_FACEBOOK_CLASS = re.compile(r"(?:^|\s)fb-(?:post|video)(?=$|\s)")
# Facades of players: any element that is named so and carries a video's id.
_FACADE = re.compile(r"youtube|(?:^|[\s_-])yt[_-]", re.IGNORECASE)


def find_embeds(shown: Iterable[HtmlElement], stated: Iterable[str] = ()) -> tuple[Embed, ...]:
    """Return the embeds among the elements an article shows, each once, in their order.

    `stated` are addresses of videos that the page states for machines; they come last.
    """
    found: dict[tuple[str, str], Embed] = {}
    for embed in filter(None, chain(_in_elements(shown), map(embed_of, stated))):
        found.setdefault(_key(embed), embed)
    return tuple(found.values())


def _in_elements(shown: Iterable[HtmlElement]) -> Iterator[Embed | None]:
    quoted: HtmlElement | None = None
    for element in shown:
        if quoted is not None and element.tag == "a" and quoted in element.iterancestors():
            continue  # a post's own links are no further posts
        names = element.get("class", "")
        if element.tag == "blockquote" and _QUOTED.search(names):
            quoted = element
        yield _in(element, names)


def _key(embed: Embed) -> tuple[str, str]:
    """Return what is the same for two addresses of one post: its number, where it has one."""
    last = embed.url.rstrip("/").rsplit("/", 1)[-1]
    numbered = embed.provider in {"x", "tiktok", "instagram"}
    return embed.provider, last if numbered else embed.url


def _in(element: HtmlElement, names: str) -> Embed | None:
    """Return what one element embeds; most embed nothing."""
    tag = element.tag
    if tag in _ELEMENTS:
        return _read(element, tag)
    if tag == "blockquote":
        return _quoted(element) if _QUOTED.search(names) else None
    if tag == "script" or "data-telegram-post" in element.attrib:
        return _read(element, "telegram")
    if names and _FACEBOOK_CLASS.search(names):
        return _read(element, "facebook")
    if names and tag != "a" and _FACADE.search(names):
        return _read(element, "facade")
    if tag == "a":
        address = element.get("href") or ""
        alone = "://" in address and _shows_address(element, address) and _is_alone(element)
        return embed_of(address) if alone else None
    # As oEmbed leaves an address that it could not resolve.
    if tag in _LINES and "://" in (text := (element.text or "").strip())[:_OPENING]:
        return embed_of(text) if not len(element) and _ADDRESS.fullmatch(text) else None
    return None


def _read(element: HtmlElement, kind: str) -> Embed | None:
    """Return the embed that the first of the attributes of a kind that names one names."""
    address, *attributes = _ELEMENTS[kind]
    values = filter(None, map(element.get, attributes))
    embeds = (embed_of(address.replace("{}", value)) for value in values)
    return next(filter(None, embeds), None)


def _quoted(element: HtmlElement) -> Embed | None:
    """Return the post that a platform's quotation names: in an attribute, or in its last link."""
    stated = [element.get("data-instgrm-permalink"), element.get("cite")]
    links = [link.get("href") for link in element.iter("a")][::-1]
    return next(filter(None, map(embed_of, filter(None, (*stated, *links)))), None)


def _shows_address(link: HtmlElement, address: str) -> bool:
    """Return whether a link's label is its own address, perhaps shortened."""
    label = text_of(link).removesuffix("…")
    if len(label) > 600 or "." not in label:
        return False
    return _ADDRESS.fullmatch(label) is not None or ("/" in label and label in address)


def _is_alone(link: HtmlElement) -> bool:
    """Return whether nothing else stands in a link's line; line breaks part lines."""
    parent, before, after = link.getparent(), link.getprevious(), link.getnext()
    if parent is None or parent.tag in {"li", "td", "nav"}:
        return False
    text = parent.text if before is None else before.tail
    broken = all(one is None or one.tag == "br" for one in (before, after))
    return broken and not f"{text or ''}{link.tail or ''}".strip()
