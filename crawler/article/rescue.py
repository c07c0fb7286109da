"""Stop 8: what the page states as its text, or trafilatura, helps where our reading fails."""

import logging
import re
from collections.abc import Sequence
from itertools import takewhile

from lxml import html
from lxml.html import HtmlElement

from crawler.article.headline import key

# trafilatura warns of every page it finds no text on; that is data here, not an event.
logging.getLogger("trafilatura").setLevel(logging.ERROR)

_MORE = 1.4  # another reading is taken where it is so many times longer
_SHORTEST = 100  # characters of stated text that are worth taking
_PROSE = re.compile(r"""[.؟!?…:]["'”»)\]]*\s*$""")
_COMPARED = 3  # lines that must be found in the stated text to believe it
_BREAKS = re.compile(r"</p>|<br[^>]*>|</div>|</li>|</h\d>", re.IGNORECASE)
_LONG = 60  # a line of so many characters is prose, whatever it ends with


def rescue(root: HtmlElement, lines: Sequence[str], stated: str | None = None) -> list[str]:
    """Return `lines`, or a longer reading of a page whose article has no sure place.

    The text that the page's JSON-LD states (`stated`) comes first: some pages show their article
    only to browsers that run scripts. Then trafilatura is asked, at several times the cost of our
    own reading; only its prose counts, for it takes lists of headlines for text.
    """
    length = sum(map(len, lines))
    if stated and len(stated) > _MORE * max(length, _SHORTEST):
        return as_lines(stated)
    from trafilatura import bare_extraction

    document = bare_extraction(root, include_comments=False, with_metadata=False)
    text = getattr(document, "text", None) or ""
    read = [line.removeprefix("- ") for line in text.splitlines()]
    return read if _prose(read) > _MORE * _prose(lines) else list(lines)


def unseen_lead(lines: Sequence[str], stated: str | None) -> list[str]:
    """Return the beginning of an article that only the page's JSON-LD states (`stated`).

    That is believed only where the stated text is the very text of `lines`: it holds each of the
    first of them, in order, and what stands before them is prose.
    """
    if not stated or not lines:
        return []
    known = [key(line) for line in lines[:_COMPARED]]
    text = key(stated)
    places = [text.find(line) for line in known]
    if -1 in places or places != sorted(places) or not places[0]:
        return []
    before = list(takewhile(lambda line: not key(line).startswith(known[0]), as_lines(stated)))
    return before if _prose(before) else []


def as_lines(stated: str) -> list[str]:
    """Return the lines of a text that may hold markup."""
    text = _BREAKS.sub("\n", stated)
    return str(html.fromstring(f"<pre>{text}</pre>").xpath("string()")).splitlines()


def _prose(lines: Sequence[str]) -> int:
    return sum(len(line) for line in lines if len(line) >= _LONG and _PROSE.search(line))
