"""Stop 8: trafilatura reads the page where our own reading leaves doubt."""

import logging
from collections.abc import Sequence

from lxml import html
from lxml.html import HtmlElement

# trafilatura warns of every page it finds no text on; that is data here, not an event.
logging.getLogger("trafilatura").setLevel(logging.ERROR)

_MORE = 1.4  # another reading is taken where it is so many times longer
_SHORTEST = 100  # characters of stated text that are worth taking


def rescue(root: HtmlElement, lines: Sequence[str], stated: str | None = None) -> list[str]:
    """Return `lines`, or a longer reading of a page whose article has no sure place.

    The text that the page's JSON-LD states (`stated`) comes first: some pages show their article
    only to browsers that run scripts. Then trafilatura is asked, at several times the cost of our
    own reading.
    """
    length = sum(map(len, lines))
    if stated and len(stated) > _MORE * max(length, _SHORTEST):
        return str(html.fromstring(f"<pre>{stated}</pre>").xpath("string()")).splitlines()
    from trafilatura import bare_extraction

    document = bare_extraction(root, include_comments=False, with_metadata=False)
    text = getattr(document, "text", None) or ""
    return text.splitlines() if len(text) > _MORE * length else list(lines)
