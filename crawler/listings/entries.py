"""What an entry of a listing is written in: addresses and texts, made whole and plain. Pure."""

import re
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from archive.arabic import tidy

_WHOLE = re.compile(r"https?://[^/?#\[\]\s]+[^\s]*", re.IGNORECASE)  # nothing to join or to doubt


class NotAListing(Exception):  # noqa: N818 - an instruction to its catcher, not an accident
    """The body is no listing of the kind that was expected there; the message says what it is."""


def address(written: str | None, base: str) -> str | None:
    """Return an address as it was written, made absolute; None for none, or none of the web."""
    written = (written or "").strip()
    if not written or _WHOLE.fullmatch(written):
        return written or None
    try:
        joined = urljoin(base, written)
        is_web = urlsplit(joined).scheme in {"http", "https"} and bool(urlsplit(joined).hostname)
    except ValueError:
        return None
    return joined if is_web else None


def plain(text: str | None) -> str | None:
    """Return a title, name or summary as one line of plain text, without its HTML."""
    if text and ("<" in text or "&" in text):
        try:
            tree = html.fromstring(f"<div>{text}</div>")
        except (etree.LxmlError, ValueError):
            return None
        text = str(tree.xpath("string()"))
    return line(text and tidy(text))


def line(text: str | None) -> str | None:
    """Return a text on one line; None for an empty one."""
    return " ".join((text or "").split()) or None


def beginning(body: bytes) -> str:
    """Return how a body begins, to be shown in a message."""
    return repr(body[:60].decode("utf-8", "replace"))
