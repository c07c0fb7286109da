"""Stop 8: trafilatura reads the page where our own reading leaves doubt."""

import logging
from collections.abc import Sequence

from lxml.html import HtmlElement

# trafilatura warns of every page it finds no text on; that is data here, not an event.
logging.getLogger("trafilatura").setLevel(logging.ERROR)

_SHORT = 250  # characters below which an article's text is doubtful even at its marked place
_MORE = 1.4  # trafilatura's text is taken where it is so many times longer


def rescue(root: HtmlElement, lines: Sequence[str], *, sure: bool) -> list[str]:
    """Return `lines`, or trafilatura's reading of the page where that finds much more text.

    It is asked only where the place of the article is not `sure` or hardly anything stands there:
    it costs several times what our own reading does.
    """
    length = sum(map(len, lines))
    if sure and length >= _SHORT:
        return list(lines)
    from trafilatura import bare_extraction

    document = bare_extraction(root, include_comments=False, with_metadata=False)
    text = (document.text if document is not None else None) or ""
    return text.splitlines() if len(text) > _MORE * length else list(lines)
