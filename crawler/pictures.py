"""Stop 8: the pictures an article shows, for pages that state none for machines."""

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from crawler.body import Body, is_inside

_SOURCES = ("data-src", "data-lazy-src", "data-original", "src")
_ICON = re.compile(
    r"^data:|\.(?:gif|svg)\b|/(?:icons?|ads?|adv|banners?|emoji)/|icon|logo|avatar", re.IGNORECASE
)
_PICTURE = 200  # pixels; a narrower picture is an icon or a portrait


def pictures(headline: HtmlElement, body: Body) -> Iterator[str]:
    """Yield the addresses of the pictures between the headline and the end of the text."""
    if body.element is None:
        return
    last = body.blocks[-1].element if body.blocks else body.element
    common = next((e for e in body.element.iterancestors() if is_inside(headline, e)), None)
    passed = False
    for element in common.iter() if common is not None else ():
        passed = passed or element is headline
        if element is last:
            return
        width = element.get("width") or "" if element.tag == "img" else None
        if passed and width is not None and (not width.isdigit() or int(width) >= _PICTURE):
            source = next((element.get(name) for name in _SOURCES if element.get(name)), None)
            if source and not _ICON.search(source):
                yield source
