"""The page as captured, made safe to be shown: the recorded HTML without what reaches out of it.

A browser connects for a `<link rel=preconnect>` and follows a link whatever its content security
policy says, so such things are not in the copy that is shown. It is rewritten from what a parser
reads, of elements and attributes that are known to do nothing: what is left cannot become something
else when a browser parses it in its own way.
"""

import base64
import io
import re
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from lxml import etree

from archive import captures, renderings
from archive.errors import ArchiveError, DamagedWarc
from archive.evidence import article_of
from archive.maintenance.export import write_warc
from archive.models import Capture
from archive.rows import value
from archive.session import WARC_FOLDER
from archive.site.pages import image_location, media_type
from archive.urls import absolute
from archive.warc.reader import read_payload
from archive.warc.records import RENDERINGS

HEADERS = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
    ),
    "Referrer-Policy": "no-referrer",
    "X-DNS-Prefetch-Control": "off",
    "X-Content-Type-Options": "nosniff",
}

KEPT = tomllib.loads(files(__package__).joinpath("replay.toml").read_text(encoding="utf-8"))
LARGEST = 4 << 20  # bytes of HTML; pages of newspapers have a tenth of that
_MOST_ELEMENTS = 100_000
_DEEPEST = 1000  # a browser's own limit is 512
_PIECE = 1 << 14  # bytes that are parsed before the limits are looked at again
_MOST_IMAGES = 100
_LARGEST_IMAGES = 8 << 20  # bytes of all images of a page

_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp|avif);base64,[A-Za-z0-9+/=\s]*")
_ESCAPE = re.compile(r"(?is)\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|(.))")
_OUTWARD = re.compile(r"(?i)(?:url|src|image|image-set|cross-fade|element|paint)(?=\()|@import")
_CHARSET = re.compile(r"(?i)charset\s*=\s*[\"']?(utf-?8|windows-125\d|iso-8859-\d{1,2})\b")
_HTML = re.compile(rb"(?i)<(?:!doctype\s+html|html|head|body)\b")
_CODED = "select charset from captures where sha256 = ? and charset is not null limit 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A capture of an article and the text of its HTML; `obstacle` says why there is none.

    That is `elsewhere` (its record cannot be read here), `empty`, `not-html` or `too-large`.
    """

    article: int
    capture: Capture
    rendered: bool
    text: str = ""
    obstacle: str | None = None


def recorded(db: sqlite3.Connection, root: Path, number: int) -> Recorded | None:
    """Return what a capture (its id) recorded; None for one that nobody may see."""
    article = article_of(db, number)
    if article is None:
        return None
    folder, capture = root / WARC_FOLDER, captures.get(db, number)
    rendered = renderings.place_of(db, number) is not None
    charset = value(db, _CODED, (capture.sha256,)) if not rendered else None
    obstacle: str | None = "elsewhere"
    try:
        whole = renderings.as_shown(db, folder, capture)
        capture = whole if rendered else captures.with_body(db, folder, capture)
        obstacle = _obstacle(capture)
    except DamagedWarc:
        pass
    text = "" if obstacle else _decoded(capture, charset)
    return Recorded(
        article=article, capture=capture, rendered=rendered, text=text, obstacle=obstacle
    )


def _obstacle(capture: Capture) -> str | None:
    if not capture.body:
        return "empty"
    named = (capture.content_type or "").lower()
    if "html" not in named and (named or not _HTML.search(capture.body[:1024])):
        return "not-html"
    return "too-large" if len(capture.body) > LARGEST else None


def _decoded(capture: Capture, charset: str | None) -> str:
    named = _CHARSET.search(capture.content_type or "")
    return capture.body.decode(charset or (named[1] if named else "utf-8"), "replace")


def shown(db: sqlite3.Connection, root: Path, number: int) -> str | None:
    """Return the copy of a page that is shown, with the images that the archive has; None as above.

    None also where something is in the way of showing it.
    """
    page, copy = recorded(db, root, number), Copy()
    if page is None or page.obstacle:
        return None
    copy.read(page.text)
    base, room = absolute(copy.base, page.capture.url) or page.capture.url, _LARGEST_IMAGES
    known = dict[str, str | None]()
    for place, sources in copy.images[:_MOST_IMAGES]:
        for url in sources:
            known[url] = known[url] if url in known else _image(db, root, url, base, room)
        image = next(filter(None, map(known.get, sources)), "")
        if image and len(image) < room:
            room -= len(image)
            copy.pieces[place] = f' src="{image}"'
    return "".join(copy.pieces)


def _image(db: sqlite3.Connection, root: Path, written: str, base: str, room: int) -> str | None:
    """Return the address of an image with all its bytes, if the page or the archive has them."""
    if _DATA.fullmatch(written):
        return written if len(written) < room else None
    url, folder = absolute(written, base), root / WARC_FOLDER
    place = image_location(db, url, folder) if url else None
    if place is None or place.length > room:
        return None
    with suppress(DamagedWarc):
        body = read_payload(folder, place)
        media = media_type(body)
        if media and len(body) < room / 2:
            return f"data:{media};base64,{base64.b64encode(body).decode()}"
    return None


class Copy:
    """Writes what a parser reads, as the target of lxml's; `base` is what the page says it is.

    `images` are the places in `pieces` where an image's address is to be, with what is written
    there on the page. Once it `is_full` no more is to be read.
    """

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.images: list[tuple[int, list[str]]] = []
        self.base: str | None = None
        self.is_full = False
        self._elements = self._depth = 0
        self._left_out = 0  # how deep inside
        self._style: list[str] | None = None

    def read(self, text: str) -> None:
        """Read a page, up to where it is full."""
        target: Any = self
        parser, data = (
            etree.HTMLParser(target=target, encoding="utf-8"),
            text.encode("utf-8", "replace"),
        )
        for start in range(0, len(data), _PIECE):
            if self.is_full:
                return
            parser.feed(data[start : start + _PIECE])
        with suppress(etree.LxmlError):  # there was not even a beginning
            parser.close()

    def doctype(self, *_names: str | None) -> None:
        """Keep that there is one: without it, a browser lays a page out in the old way."""
        self.pieces.append("<!DOCTYPE html>")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Write the start of an element with the attributes that it keeps."""
        self._elements, self._depth = self._elements + 1, self._depth + 1
        self.is_full = self._elements > _MOST_ELEMENTS or self._depth > _DEEPEST
        if self._left_out or tag in KEPT["left_out"]:
            self._left_out += 1
            self.base = self.base or (attributes.get("href") if tag == "base" else None)
            return
        self.pieces.append(f"<{_name(tag)}")
        for name, text in attributes.items():
            if name in KEPT["attributes"]:
                kept = escape(_css(text) if name == "style" else text)
                self.pieces.append(f' {name}="{kept}"')
        if tag == "img":
            self.images.append((len(self.pieces), list(_sources(attributes))))
            self.pieces.append("")
        self.pieces.append(">")
        self._style = [] if tag == "style" else None

    def data(self, text: str) -> None:
        """Write a text, that of a style sheet once it is whole."""
        if self._style is not None:
            self._style.append(text)
        elif not self._left_out:
            self.pieces.append(escape(text))

    def end(self, tag: str) -> None:
        """Write the end of an element."""
        self._depth -= 1
        if self._left_out:
            self._left_out -= 1
            return
        if self._style is not None:
            self.pieces.append(_css("".join(self._style)))
            self._style = None
        if tag not in KEPT["void"]:
            self.pieces.append(f"</{_name(tag)}>")

    def close(self) -> None:
        """Do nothing at the end, as lxml asks."""


def _name(tag: str) -> str:
    """Return as which element one is shown."""
    return tag if tag in KEPT["elements"] else "div" if tag in KEPT["blocks"] else "span"


def _sources(attributes: Mapping[str, str]) -> Iterator[str]:
    """Yield the addresses at which an image may be."""
    for name in KEPT["sources"]:
        written = (attributes.get(name) or "").strip()
        if written and name.endswith("srcset"):
            written = written.split()[0].strip(",")
        if written:
            yield written


def _css(text: str) -> str:
    """Return style rules that load nothing, and in which no tag can be read.

    What is escaped counts as what it stands for (CSS Syntax 3, section 4.3.7).
    """
    plain = _ESCAPE.sub(_letter, text)
    plain = _OUTWARD.sub(lambda found: "@removed" if found[0][0] == "@" else "removed", plain)
    return plain.replace("<", r"\3c ")


def _letter(escaped: re.Match[str]) -> str:
    """Return an escaped letter as such, any other escape as it is."""
    code = int(escaped[1], 16) if escaped[1] else ord(escaped[2])
    letter = chr(code) if code < 128 else ""
    return letter if letter.isalpha() or letter in {"-", "@"} else escaped[0]


def records(
    db: sqlite3.Connection, root: Path, number: int, *, kind: str = ""
) -> tuple[bytes, str, str] | None:
    """Return a WARC file of a capture, or what a browser showed of it: (bytes, name, media type).

    `kind` is one of archive.warc.records.RENDERINGS. None where nobody may see it, or it is not
    here.
    """
    out = io.BytesIO()
    with suppress(ArchiveError, DamagedWarc):
        if article_of(db, number) is None:
            return None
        if not kind and (cut := write_warc(root, out, where=f"id = {number}")).captures:
            name, media = f"warraq-{number}.warc.gz", "application/gzip"
            return None if cut.unreadable else (out.getvalue(), name, media)
        if place := renderings.place_of(db, number, kind):
            _, media, ending = RENDERINGS[kind]
            content = read_payload(root / WARC_FOLDER, place)
            return content, f"warraq-{number}-{kind}{ending}", media
    return None
