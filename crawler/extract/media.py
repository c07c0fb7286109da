"""What an article shows besides its text: its images, and the posts and videos of other platforms.

Images come with what is printed about them and whom they credit. Posts are read from what the
platforms' own codes, the players of AMP and of content systems, and lines that hold an address
alone leave in a page, scripts having run or not. A post has many addresses; each becomes the one
form by which its platform names it. What names no single post (a channel, a share button) is none.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice, takewhile
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from lxml import etree
from lxml.html import HtmlElement

from archive.models import Embed, Image
from archive.search.arabic import fold
from archive.urls import LONGEST, absolute
from crawler.extract.blocks import TEXT, UNSEEN, class_and_id, own_names, part_of, text_of
from crawler.extract.body import Body
from crawler.extract.boilerplate import closing
from crawler.extract.vocabulary import is_agency, is_called, key, pattern, table, words

# Read folded: ا for every alef, ه for ة, ي for ى, no marks, lower case.
_LABEL = pattern("captions", "label", r"(?:{})\s*[:：/،|\-–]\s*(\S.*)")
_BARE = pattern("captions", "bare", r"(?:{})\s+(\S.*)")
_BEHIND = re.compile(r"[:：/،|\-–]")  # the mark behind a label
_PARTS = re.compile(r"\s*(?:[/،,–-]|\sو(?=\S))\s*")
_CREDITED_SOURCES = pattern("captions", "sources", r"(?:{})")
_CLOSING = re.compile(r"^(.*?)\s*[(\[（]([^()\[\]（）]{2,60})[)\]）]\s*\.?\s*$", re.DOTALL)
_PARTED = re.compile(r"^(.*\S)\s*(?:[|©]|\s[-–—]\s)\s*([^|©]{2,60})$", re.DOTALL)
_LONGEST_CREDIT = 80  # characters; what is longer says more than a name


def split_credit(caption: str, names: frozenset[str] = frozenset()) -> tuple[str, str | None]:
    """Split a caption into what it tells and whom it credits; None where it credits nobody.

    A credit is labelled, or stands last, in brackets or behind a bar, and is an agency, an image
    library, a kind of source, or one of `names` (keys of what the newspaper is called).
    """
    if (credit := _labelled(caption)) is not None:
        return "", credit
    for parted in (_CLOSING, _PARTED):
        if found := parted.match(caption):
            inner = _labelled(found[2]) or (found[2] if _is_source(found[2], names) else None)
            if inner:
                return found[1].strip(), inner.strip()
    return caption, None


def _labelled(text: str) -> str | None:
    """Return the name that a label (`تصوير:`, `المصدر:`) introduces, if that is all there is."""
    if len(text) > _LONGEST_CREDIT:
        return None
    folded = fold(text).strip()
    name = None
    if _LABEL.fullmatch(folded):
        name = _BEHIND.split(text, 1)[1]
    elif found := _BARE.fullmatch(folded):
        name = " ".join(text.split()[-len(found[1].split()) :])
    return name and (name.strip(" :：/،|-–") or None)


def _is_source(text: str, names: frozenset[str]) -> bool:
    return any(
        is_agency(part) or key(part) in names or _CREDITED_SOURCES.fullmatch(fold(part).strip(" ."))
        for part in (text, *_PARTS.split(text))
        if part.strip()
    )


_IMAGES = frozenset({"img", "amp-img"})
_SOURCES = words("captions", "sources_of", "address")
_SETS = words("captions", "sources_of", "set")
_CANDIDATE = re.compile(r"(\S+?)(?:\s+(\d+(?:\.\d+)?)?\S*)?\s*(?:,\s+|,(?=https?:)|,?$)")
_ICON = pattern("captions", "icon", flags=re.IGNORECASE)
_PICTURE = 200  # pixels; a narrower picture is an icon or a portrait
_FILE = re.compile(r"\.(?:jpe?g|png|webp|avif)$", re.IGNORECASE)
_HELD = frozenset({"figure", "li", "td"})  # what holds one image with its caption
_COUNTED = re.compile(r"^\s*\d{1,3}\s*/\s*\d{1,3}\s*")  # «3/8» before a gallery's caption
_LONGEST = 600  # characters of a caption; a longer one is the text beside an image
_LEGEND = 200  # characters of a caption that nothing marks as one
_NEAR = 3  # elements above an image that may hold its caption as well


def find_images(
    shown: Iterable[HtmlElement], base: str, names: frozenset[str] = frozenset()
) -> tuple[Image, ...]:
    """Return the images among the elements an article shows, each once, in their order.

    `base` is the page's address; `names` are the keys of what its newspaper is called, which may
    stand as a credit.
    """
    found: dict[str, Image] = {}
    for element in shown:
        if element.tag not in _IMAGES or not _is_picture(element) or _is_teaser(element):
            continue
        url = _address(element, base)
        if url is None:
            continue
        caption, credit = _printed(element, names)
        alt = " ".join((element.get("alt") or "").split()) or None
        image = Image(url=url, caption=caption, credit=credit, alt=alt)
        if url not in found or (caption and not found[url].caption):
            found[url] = image
    return tuple(found.values())


def _is_picture(element: HtmlElement) -> bool:
    width = (element.get("width") or "").removesuffix("px")
    return not width.isdigit() or int(width) >= _PICTURE


def _address(element: HtmlElement, base: str) -> str | None:
    """Return where the image lies, absolute; None for what is an icon or no web address."""
    # Parsers that do not know `source` for an empty element nest what follows it.
    pictures = [above for above in islice(element.iterancestors(), 4) if above.tag == "picture"]
    shown = (element, *(pictures[0].iter("source") if pictures else ()))
    sets = (source.get(name, "") for source in shown for name in _SETS)
    named = (element.get(name, "").strip() for name in _SOURCES)
    for source in filter(None, chain(named, map(_largest, filter(None, sets)))):
        if not _ICON.search(source) and (url := absolute(source, base)):
            return url
    return None


def _largest(candidates: str) -> str:
    """Return the address of the widest or densest candidate of a `srcset` (HTML, 4.8.4.2.1)."""
    found = _CANDIDATE.findall(candidates.strip())
    return str(max(found, key=lambda candidate: float(candidate[1] or 0), default=("",))[0])


def _is_teaser(element: HtmlElement) -> bool:
    """Return whether an image leads to another page, as the image of another article does.

    To its own file, or with a caption that is no link, it is the article's.
    """
    link = next(element.iterancestors("a"), None)
    if link is None:
        return False
    target = urlsplit((link.get("href") or "")[:LONGEST]).path
    if not target or _FILE.search(target):
        return False
    caption = _caption_of(element)
    return caption is None or link in caption.iterancestors() or caption.find(".//a") is not None


def _printed(element: HtmlElement, names: frozenset[str]) -> tuple[str | None, str | None]:
    """Return what is printed about an image: its caption, and the credit apart from it."""
    caption = _caption_of(element)
    marked = _credits_of(element, caption)
    credit = next((text for each in marked if (text := text_of(each))), None)
    text = _text(caption, without=marked) if caption is not None else ""
    text = _COUNTED.sub("", text)
    if credit is None:
        text, credit = split_credit(text, names)
    else:
        credit = split_credit(f"({credit})", names)[1] or credit
    return (text if 0 < len(text) <= _LONGEST else None), credit


def _caption_of(element: HtmlElement) -> HtmlElement | None:
    """Return the element of an image's caption: the nearest one that belongs to it alone."""
    around = list(islice(element.iterancestors(), _NEAR))
    for holder in around:
        if sum(1 for _ in holder.iter(*_IMAGES)) > 1 or len(holder.text_content()) > _LONGEST:
            return None
        inner = (e for e in holder.iter() if e not in around and _is_caption(e))
        if (found := next(inner, None)) is not None:
            return found
        if holder.tag in _HELD:  # what stands beside an image in its own box, though unmarked
            text = holder.text_content().strip()
            plain = holder.tag != "li" and holder.find(".//a") is None
            return holder if plain and 0 < len(text) <= _LEGEND else None
    return None


def _is_caption(element: HtmlElement) -> bool:
    named = element.tag not in _IMAGES and is_called("caption", own_names(element))
    return named or element.tag == "figcaption"


def _credits_of(element: HtmlElement, caption: HtmlElement | None) -> list[HtmlElement]:
    """Return the elements that are marked as an image's credit, in its caption or beside it."""
    figure = next((element if caption is None else caption).iterancestors("figure"), None)
    places = (place.iterdescendants() for place in (caption, figure) if place is not None)
    inside = dict.fromkeys(chain.from_iterable(places))
    return [inner for inner in inside if is_called("credit", own_names(inner))]


def _text(element: HtmlElement, *, without: Iterable[HtmlElement]) -> str:
    """Return an element's text in one line, without that of some elements in it."""
    pieces = []
    for text in element.xpath("descendant::text()"):
        holder = text.getparent() if text.is_text else text.getparent().getparent()
        if not any(holder is each or each in holder.iterancestors() for each in without):
            pieces.append(text)
    return " ".join("".join(pieces).split())


_SKIPPED = frozenset(words("elements", "passed"))
_PLAIN = frozenset({"figure", "figcaption", "p", "a"})  # «popup» and the like only tell how
_SHOWING = pattern("classes", "showing")


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
    stop = next((b.element for b in body.blocks[end:] if b.element not in known), None)
    roots = [body.element]
    elements: list[HtmlElement] = []
    if headline is not None and headline not in around:  # what follows it, up to the body
        outside = takewhile(lambda e: e not in around, (headline, *headline.iterancestors()))
        roots = [sibling for above in outside for sibling in above.itersiblings()]
    for root in roots:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if element is (body.element if event == "end" else stop):
                return elements
            if event == "end":
                continue
            if element in without or (element not in around and _is_passed_over(element)):
                walk.skip_subtree()
            else:
                elements.append(element)
    return elements


def _is_passed_over(element: HtmlElement) -> bool:
    tag = element.tag
    part = part_of(element, tag)
    if tag in _SKIPPED or part is UNSEEN:
        return True
    named = tag not in _PLAIN and part is not TEXT
    return named and not _SHOWING.search(class_and_id(element).lower())


_PLATFORMS: dict[str, dict[str, Any]] = table("embeds")["platforms"]


def embed_of(url: str) -> Embed | None:
    """Return the post or video that an absolute or scheme-less address names; None for others."""
    url = url.strip()[:LONGEST]
    try:
        parts = urlsplit(f"https:{url}" if url.startswith("//") else url)
        host = (parts.hostname or "").removeprefix("www.")
        query = "".join(f" {name}={values[0]}" for name, values in parse_qs(parts.query).items())
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"}:
        return None
    written = f"{host}{parts.path}?{query}"
    for platform, known in _PLATFORMS.items():
        for form, address in known["forms"] if re.fullmatch(known["hosts"], host) else ():
            match = re.match(f"[^/]+{form}" if form.startswith("/") else form, written)
            if match and address:
                names = [quote(unquote(name), safe="/") for name in match.groups()]
                return Embed(provider=platform, url=address.format(*names))
            if match:
                inner = embed_of(match[1])
                return inner if inner and inner.provider == platform else None
    return None


_ELEMENTS: dict[str, list[str]] = table("embeds")["elements"]
_LINES = frozenset({"p", "div", "figure", "span"})
_ADDRESS = re.compile(r"https?://\S{5,500}")
_QUOTED = re.compile(r"twitter-(?:tweet|video)|instagram-media|tiktok-embed|fb-xfbml-parse-ignore")
# Elements that are named after what they embed: posts of Facebook, and facades of players, which
# carry a video's id.
_NAMED = (
    ("facebook", re.compile(r"(?:^|\s)fb-(?:post|video)(?=$|\s)")),
    ("facade", re.compile(r"youtube|(?:^|[\s_-])yt[_-]", re.IGNORECASE)),
)


def find_embeds(shown: Iterable[HtmlElement], stated: Iterable[str] = ()) -> tuple[Embed, ...]:
    """Return the embeds among the elements an article shows, each once, in their order.

    `stated` are addresses of videos that the page states for machines; they come last.
    """
    found: dict[tuple[str, str], Embed] = {}
    for embed in filter(None, chain(_in_elements(shown), map(embed_of, stated))):
        numbered = embed.provider in {"x", "tiktok", "instagram"}
        name = embed.url.rstrip("/").rsplit("/", 1)[-1] if numbered else embed.url
        found.setdefault((embed.provider, name), embed)  # a post has many addresses, one number
    return tuple(found.values())


def _in_elements(shown: Iterable[HtmlElement]) -> Iterator[Embed | None]:
    quoted: HtmlElement | None = None
    for element in shown:
        if quoted is not None and element.tag == "a" and quoted in element.iterancestors():
            continue  # a post's own links are no further posts
        names = element.get("class", "")
        if element.tag == "blockquote" and _QUOTED.search(names):
            quoted = element
        yield next(filter(None, map(embed_of, filter(None, _addresses(element, names)))), None)


def _addresses(element: HtmlElement, names: str) -> Iterable[str | None]:
    """Return the addresses that one element may embed, the best first; most embed nothing."""
    tag = element.tag
    if tag in _ELEMENTS:
        return _stated(element, tag)
    if tag == "blockquote":  # a platform's quotation: in an attribute, or in its last link
        stated = map(element.get, ("data-instgrm-permalink", "cite"))
        links = [link.get("href") for link in element.iter("a")][::-1]
        return (*stated, *links) if _QUOTED.search(names) else ()
    if tag == "script" or "data-telegram-post" in element.attrib:
        return _stated(element, "telegram")
    if tag == "a":
        address = element.get("href") or ""
        alone = "://" in address and _shows_address(element, address) and _is_alone(element)
        return [address] if alone else ()
    for kind, named in _NAMED if names else ():
        if named.search(names):
            return _stated(element, kind)
    # As oEmbed leaves an address that it could not resolve.
    text = (element.text or "").strip() if tag in _LINES and not len(element) else ""
    return [text] if _ADDRESS.fullmatch(text) else ()


def _stated(element: HtmlElement, kind: str) -> list[str]:
    """Return the addresses in the attributes of an element of a kind."""
    address, *attributes = _ELEMENTS[kind]
    return [address.replace("{}", value) for value in map(element.get, attributes) if value]


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
    broken = all(beside is None or beside.tag == "br" for beside in (before, after))
    return broken and not f"{text or ''}{link.tail or ''}".strip()
