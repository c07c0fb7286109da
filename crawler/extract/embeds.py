"""The posts and videos of other platforms that an article shows.

Read from what the platforms' own codes, the players of AMP and of content systems, and lines that
hold an address alone leave in a page, scripts having run or not. A post has many addresses: for
players, for telephones, for other languages, with tracking; each becomes the one form by which its
platform names it. What names no single post (a channel, a profile, a share button) is none.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    for platform, forms in table("embeds").items()
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


def youtube(video: str) -> Embed | None:
    """Return the YouTube video of that id; None if it is no id."""
    return embed_of(f"https://youtu.be/{video}")


def tweet(number: str) -> Embed | None:
    """Return the post on X of that number, whoever wrote it; None if it is no number."""
    return embed_of(f"https://x.com/i/status/{number}")


_SOURCES = ("src", "data-src", "data-lazy-src", "data-litespeed-src", "data-url", "data-embed-url")
_LINES = frozenset({"p", "div", "figure", "span"})
_OPENING = 40  # characters of a line in which an address that is all of it begins
_ADDRESS = re.compile(r"https?://\S{5,500}")
_QUOTED = re.compile(r"twitter-(?:tweet|video)|instagram-media|tiktok-embed|fb-xfbml-parse-ignore")
_FACEBOOK_CLASS = re.compile(r"(?:^|\s)fb-(?:post|video)(?=$|\s)")
# Elements of AMP and of light players that carry an id instead of an address.
_IDS: Mapping[str, tuple[Sequence[str], Callable[[str], Embed | None]]] = {
    "amp-youtube": (("data-videoid",), youtube),
    "lite-youtube": (("videoid", "data-videoid"), youtube),
    "youtube-video": (("videoid", "video-id", "src"), youtube),
    "amp-twitter": (("data-tweetid",), tweet),
    "amp-facebook": (("data-href",), embed_of),
    "amp-tiktok": (("data-src",), embed_of),
    "amp-iframe": (("src",), embed_of),
    "amp-instagram": (
        ("data-shortcode",),
        lambda code: embed_of(f"https://www.instagram.com/p/{code}/"),
    ),
}
# Facades of players: any element that is named so and carries a video's id.
_FACADE = re.compile(r"youtube|(?:^|[\s_-])yt[_-]", re.IGNORECASE)
_FACADE_IDS = ("data-id", "data-video-id", "data-videoid", "data-youtube-id", "data-embed")


def find_embeds(shown: Iterable[HtmlElement], stated: Iterable[str] = ()) -> tuple[Embed, ...]:
    """Return the embeds among the elements an article shows, each once, in their order.

    `stated` are addresses of videos that the page states for machines; they come last.
    """
    found: dict[tuple[str, str], Embed] = {}
    quoted: HtmlElement | None = None
    for element in shown:
        if quoted is not None and element.tag == "a" and quoted in element.iterancestors():
            continue  # a post's own links are no further posts
        names = element.get("class", "")
        if element.tag == "blockquote" and _QUOTED.search(names):
            quoted = element
        for embed in _of(element, names):
            found.setdefault(_key(embed), embed)
    for url in stated:
        for embed in _some(embed_of(url)):
            found.setdefault(_key(embed), embed)
    return tuple(found.values())


def _key(embed: Embed) -> tuple[str, str]:
    """Return what is the same for two addresses of one post: its number, where it has one."""
    last = embed.url.rstrip("/").rsplit("/", 1)[-1]
    numbered = embed.provider in {"x", "tiktok", "instagram"}
    return embed.provider, last if numbered else embed.url


def _of(element: HtmlElement, names: str) -> Iterator[Embed]:
    """Yield what one element embeds; most embed nothing."""
    tag = element.tag
    if tag in _IDS:
        attributes, read = _IDS[tag]
        yield from _read(element, attributes, read)
    elif tag in {"iframe", "embed"}:
        yield from _read(element, _SOURCES, embed_of)
    elif tag == "blockquote":
        yield from _quoted(element, names)
    elif tag == "script" or "data-telegram-post" in element.attrib:
        post = element.get("data-telegram-post")
        yield from _some(embed_of(f"https://t.me/{post}")) if post else ()
    elif names and _FACEBOOK_CLASS.search(names):
        yield from _read(element, ("data-href", "cite"), embed_of)
    elif names and _FACADE.search(names) and tag != "a":
        yield from _read(element, _FACADE_IDS, youtube)
    elif tag == "a":
        yield from _alone(element)
    elif tag in _LINES and element.text and "://" in element.text[:_OPENING]:
        yield from _address_alone(element)


def _read(
    element: HtmlElement, attributes: Iterable[str], read: Callable[[str], Embed | None]
) -> Iterator[Embed]:
    """Yield the embed that the first of the attributes that names one names."""
    values = (element.get(name) for name in attributes)
    yield from _some(next(filter(None, map(read, filter(None, values))), None))


def _quoted(element: HtmlElement, names: str) -> Iterator[Embed]:
    """Yield the post that a platform's quotation names: in an attribute, or in its last link."""
    if not _QUOTED.search(names):
        return
    stated = [element.get("data-instgrm-permalink"), element.get("cite")]
    links = [link.get("href") for link in element.iter("a")][::-1]
    posts = map(embed_of, filter(None, (*stated, *links)))
    yield from _some(next(filter(None, posts), None))


def _alone(link: HtmlElement) -> Iterator[Embed]:
    """Yield the post that a link shows the address of, where that is all its line holds."""
    address = link.get("href") or ""
    if "://" in address and _shows_address(link, address) and _is_alone(link):
        yield from _some(embed_of(address))


def _address_alone(line: HtmlElement) -> Iterator[Embed]:
    """Yield the post whose address is all that a line holds, as oEmbed leaves it unresolved."""
    text = (line.text or "").strip()
    if not len(line) and _ADDRESS.fullmatch(text):
        yield from _some(embed_of(text))


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


def _some(embed: Embed | None) -> Iterable[Embed]:
    return (embed,) if embed else ()
