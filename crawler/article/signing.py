"""Stop 8: who signs an article: the line in its text, or the most trusted byline around it."""

from collections.abc import Sequence

from crawler import bylines
from crawler.article.blocks import Block
from crawler.article.headline import key, one_line
from crawler.article.page import Page
from crawler.article.people import is_person

Signed = tuple[list[str], tuple[str, ...], str | None]

_SIGNING = (0, 1, 2, -1, -2)  # the lines of a text that may sign it
_ENDED = (".", "؟", "!", "…", "»", '"')
_LABEL = 12  # characters that a line may hold besides the names it repeats


def sign(lines: Sequence[str], page: Page) -> Signed:
    """Return the lines of a text without those that sign it, the names, and where they stand."""
    kept = list(lines)
    authors: tuple[str, ...] = ()
    for index in _SIGNING:
        if -len(kept) <= index < len(kept) and not authors:
            authors = bylines.signature(kept[index], without=page.likely)
            if authors:
                del kept[index]
    source: str | None = "text"
    if not authors or page.selected.byline:
        authors, source = _stated(page)
    if not authors and _is_closed_by_name(kept):
        authors, source = (kept.pop(),), "text"
    return _unsigned(kept, authors), authors, source


def _stated(page: Page) -> tuple[tuple[str, ...], str | None]:
    """Return the names of the most trusted byline that holds any, and where it stands."""
    sources: list[tuple[str, str]] = []
    if page.selected.byline:
        sources.append(("rules", page.selected.byline))
    sources += page.evidence.authors
    sources += [("byline", text) for text in (*page.printed.bylines, *page.printed.names)]
    sources += [("meta", text) for text in page.evidence.owners if _is_shown(text, page.blocks)]
    if page.hints and page.hints.author:
        sources.append(("feed", page.hints.author))
    for source, text in sources:
        if found := bylines.names(one_line(text), without=page.likely):
            return found, source
    return (), None


def _is_shown(owner: str, blocks: Sequence[Block]) -> bool:
    """Tell whether what the plain author tag holds is a person, or stands on the page to read."""
    name = one_line(owner)
    return is_person(name.split()) or any(name and name in block.text for block in blocks)


def _is_closed_by_name(lines: Sequence[str]) -> bool:
    """Tell whether the last line is a person's name and nothing else, after a whole sentence."""
    if len(lines) < 3 or not lines[-2].endswith(_ENDED):
        return False
    words = lines[-1].split()
    return 2 <= len(words) <= 3 and is_person(words) and all(map(str.isalpha, words))


def _unsigned(lines: list[str], authors: Sequence[str]) -> list[str]:
    """Return a text without first and last lines that only repeat who signs it."""
    known = [key(author) for author in authors]
    for index in (1, 0, -1):
        if -len(lines) <= index < len(lines) > 2:
            rest = line = key(lines[index])
            for name in known:
                rest = rest.replace(name, "")
            if rest != line and len(rest) <= _LABEL and not lines[index].endswith(_ENDED):
                del lines[index]
    return lines
