"""Stop 8: pages that stand before an article instead of being one.

Challenges, captchas, consent walls, parked and hijacked domains, log-ins, outages, and "not found"
said with the status of a page. Such a page is a problem of its capture, never a revision and never
proof that an article is gone.
"""

import re
from collections.abc import Iterable
from itertools import islice

from lxml.html import HtmlElement

from archive.problems import ProblemKind
from archive.records import Capture, Problem
from archive.search.arabic import fold
from crawler.article.blocks import read_blocks
from crawler.article.page import parse_page
from crawler.article.wallwords import CALLS, DETAILS, SAID, SHOWN, WARES
from crawler.decode import decode

# More running text than this, in characters, is a page of its own, whatever it mentions.
_WALL_TEXT = 1200
_ROOM = 16  # characters that a title says beside a phrase that it is there for
_PARTS = re.compile(r"\s[-–—|·»:]\s|[|:؛،!…]")


def _any(phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(re.split(r"\s{2,}", phrases)), re.IGNORECASE)


def _each(phrases: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(phrase) for phrase in re.split(r"\s{2,}", phrases))


_WALLS = tuple((ProblemKind(kind), _any(shown), _any(SAID[kind])) for kind, shown in SHOWN.items())
# What their source alone gives away, on a page with hardly any text.
_IN_SOURCE = frozenset({ProblemKind.CHALLENGE, ProblemKind.PARKED, ProblemKind.OUTAGE})
_WARES, _CALLS = _each(WARES), _each(CALLS)


def wall(
    source: str,
    titles: Iterable[str],
    visible: str,
    *,
    running: int,
    status: int,
    printed: bool = False,
) -> Problem | None:
    """Return the problem a page is, if it stands where an article should; else None.

    `source` is the HTML, `titles` its title and headline, `visible` its readable text, `running`
    how many characters of it are running text; `printed` tells that it has a headline and a date.
    A page with an article's length of text is no wall.
    """
    if running > _WALL_TEXT:
        return None
    titles = [fold(title) for title in titles]
    words = " ".join([*titles, fold(visible[:1500])])
    parts = [part.strip() for title in titles for part in (title, *_PARTS.split(title))]
    most = 60 if printed else 200
    for kind, in_source, in_text in _WALLS:
        titled = any(_is_about(part, in_text) for part in parts)
        said = titled or (running < most and in_text.search(words) is not None)
        if (said and (titled or len(visible) < 700 or in_source.search(source))) or (
            kind in _IN_SOURCE and len(visible) < 400 and in_source.search(source)
        ):
            return _problem(kind)
    return _problem(ProblemKind.OUTAGE) if status >= 500 else None


def hijacked(titles: Iterable[str], text: str) -> Problem | None:
    """Return the problem a page is that advertises what newspapers do not; else None."""
    heading = fold(" ".join(titles))
    if not any(one.search(heading) for one in _WARES):
        return None
    words = f"{heading} {fold(text[:3000])}"
    wares = sum(one.search(words) is not None for one in _WARES)
    calls = sum(one.search(words) is not None for one in _CALLS)
    return _problem(ProblemKind.HIJACKED) if wares >= 1 and calls >= 3 else None


def wall_of(capture: Capture) -> Problem | None:
    """Return the problem that the body of an error's answer is, beside its status; else None."""
    decoded = decode(capture.body, capture.content_type)
    root = parse_page(decoded.text)
    if root is None:
        return None
    visible = " ".join(block.text for block in read_blocks(root)[:60])
    return wall(decoded.text, titles_of(root), visible, running=0, status=capture.status)


def titles_of(root: HtmlElement) -> list[str]:
    """Return a page's title and its first headings."""
    headings = (one.text_content() for one in islice(root.iter("h1"), 3))
    return [root.findtext(".//title") or "", *headings]


def _is_about(title: str, phrase: re.Pattern[str]) -> bool:
    """Tell whether a title says a phrase and hardly anything else."""
    found = phrase.search(title)
    return found is not None and len(title) <= len(found[0]) + _ROOM


def _problem(kind: ProblemKind) -> Problem:
    return Problem(kind=kind, detail=DETAILS[kind], stage="extract")
