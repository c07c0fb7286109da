"""Stop 8: trafilatura reads the page where our own reading leaves doubt."""

import logging
from collections.abc import Sequence

from lxml.html import HtmlElement

# trafilatura warns of every page it finds no text on; that is data here, not an event.
logging.getLogger("trafilatura").setLevel(logging.ERROR)

_MORE = 1.4  # trafilatura's text is taken where it is so many times longer


def rescue(root: HtmlElement, lines: Sequence[str]) -> list[str]:
    """Return `lines`, or trafilatura's reading of the page where that finds much more text.

    It costs several times what our own reading does: for pages whose article has no sure place.
    """
    from trafilatura import bare_extraction

    document = bare_extraction(root, include_comments=False, with_metadata=False)
    text = getattr(document, "text", None) or ""
    return text.splitlines() if len(text) > _MORE * sum(map(len, lines)) else list(lines)
