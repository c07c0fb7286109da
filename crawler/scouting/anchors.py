"""The links of a page that stay with its newspaper, and how addresses are compared. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from archive.urls import canonical, host_of
from crawler.article.headline import one_line
from crawler.scouting.autodiscovery import absolute


def links_of(root: HtmlElement, base: str) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the links of a page that stay on its host, each with its absolute address."""
    for anchor in root.iter("a"):
        written = anchor.get("href")
        address = absolute(written, base) if written and not written.startswith("#") else None
        if address and _place(address) == _place(base):
            yield anchor, address


def base_of(root: HtmlElement, url: str) -> str:
    """Return the address that a page's relative links count from."""
    element = root.find(".//base")
    written = None if element is None else element.get("href")
    return (absolute(written, url) if written else None) or url


def text_of(anchor: HtmlElement) -> str:
    """Return the text of a link on one line."""
    return one_line(anchor.text_content())


def key(url: str) -> str:
    """Return what spellings of one address have in common, `www.` and the last slash or not."""
    try:
        return canonical(url).replace("://www.", "://").rstrip("/")
    except ValueError:
        return url


def _place(url: str) -> tuple[str, int | None]:
    return host_of(url), urlsplit(url).port
