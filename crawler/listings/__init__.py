"""Listings to links, with the hints they carry. Pure, but for `follow`, which saves them.

Each kind of listing has a module of its own: feeds, sitemaps, sections, wordpress.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from archive.records import Capture, Kind, Link
from archive.urls import host_of
from crawler.listings import sections, wordpress
from crawler.listings.entries import NotAListing
from crawler.listings.feeds import feed
from crawler.listings.sections import section
from crawler.listings.sitemaps import sitemap
from crawler.listings.wordpress import posts

__all__ = ["NotAListing", "links"]


def links(capture: Capture, *, announced: bool = False) -> Iterator[Link]:
    """Yield the links of a captured listing, in its order.

    With `announced`, those of a section begin with the listings that the page's head names.

    Raises:
        NotAListing: possibly after some links, when the body ends being one.
    """
    page = (capture.body, capture.url, capture.content_type)
    if capture.kind is Kind.FEED:
        return feed(*page)
    if capture.kind is Kind.SITEMAP:
        return sitemap(capture.body, capture.url)
    if capture.kind is Kind.API:
        return posts(capture.body, capture.url, pages=capture.pages)
    return chain(_announced(capture) if announced else (), section(*page))


def _announced(capture: Capture) -> Iterator[Link]:
    """Yield the listings that the head of a page announces on its own host."""
    tree, base = sections.read_page(capture.body, capture.url, capture.content_type)
    for link in sections.announced(tree, base):
        if host_of(link.url) == host_of(capture.url):
            is_api = link.kind is Kind.API
            yield replace(link, url=wordpress.listing(link.url)) if is_api else link
