"""What the entries of every listing are made of: texts, JSON values, and the error. Pure."""

import json
from typing import Any

from lxml import etree, html

from archive.search.arabic import tidy


class NotAListing(Exception):  # noqa: N818 - an instruction to its catcher, not an accident
    """The body is not a listing of the expected kind; the message says what it is."""


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
    """Return how a body begins, for a message."""
    return repr(body[:60].decode("utf-8", "replace"))


def read_json(text: str) -> Any:
    """Return what a JSON text says.

    Raises:
        NotAListing: if it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAListing(f"not readable JSON ({error}): {text[:60]!r}") from error


def string(value: object) -> str | None:
    """Return a value that is a string, None for any other."""
    return value if isinstance(value, str) else None
