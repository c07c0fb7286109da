"""Stop 8: the section and the tags a page names."""

import re
from collections.abc import Iterable, Sequence

from lxml.html import HtmlElement

from crawler.blocks import Block
from crawler.evidence import Evidence
from crawler.headline import key, one_line
from crawler.selected import Selected

_CRUMBS = re.compile(r"bread-?c\w*|crumbs?", re.IGNORECASE)
_HOMES = frozenset(map(key, ("الرئيسية", "الصفحة الرئيسية", "الصفحه الرئيسيه", "home", "رئيسية")))
_TRAIL = ("الرئيسية ", "الصفحة الرئيسية ", "الرئيسية/")
_LONGEST_TAG = 60
_MOST_TAGS = 30
_MOST_KEYWORDS = 15  # a page with more of them names its site's topics, not its own


def section_of(
    evidence: Evidence, selected: Selected, blocks: Sequence[Block], names: frozenset[str]
) -> str | None:
    """Return the section a page says it stands in: stated, or the last step of its breadcrumbs."""
    candidates = [selected.section or "", *evidence.sections, *_crumbs(blocks)]
    for text in candidates:
        section = one_line(text)
        if section and len(section) <= _LONGEST_TAG and key(section) not in _HOMES | names:
            return section
    return None


def _crumbs(blocks: Sequence[Block]) -> Iterable[str]:
    """Yield the links of the first breadcrumb trail, the innermost section first."""
    for block in reversed(blocks):
        for element in (block.element, *block.chrome):
            named = _CRUMBS.search(f"{element.get('class', '')} {element.get('id', '')}")
            if named or key(block.text.split(">")[0]) in _HOMES or block.text.startswith(_TRAIL):
                links = [link.text_content() for link in element.iter("a") if link.get("href")]
                yield from reversed(links[:4])
                return


def tags_of(
    root: HtmlElement,
    evidence: Evidence,
    selected: Selected,
    names: frozenset[str],
    text: str,
) -> tuple[str, ...]:
    """Return the tags of a page: stated ones, else `rel=tag` links, else keywords it lives up to.

    `text` is its title and text; general keywords that it does not mention are a site's, not its.
    """
    linked = [link.text_content() for link in root.iterfind(".//a[@rel='tag']")]
    for stated in (selected.tags, evidence.tags, linked, _own(evidence.keywords, text)):
        tags = dict.fromkeys(one_line(tag).strip("#،,؛ ").replace("_", " ") for tag in stated)
        kept = [tag for tag in tags if 1 < len(tag) <= _LONGEST_TAG and key(tag) not in names]
        if kept:
            return tuple(kept[:_MOST_TAGS])
    return ()


def _own(keywords: Sequence[str], text: str) -> list[str]:
    """Return keywords if they are this page's: mentioned in it, and not its title cut to words."""
    if not keywords or len(keywords) > _MOST_KEYWORDS:
        return []
    known = key(text)
    mentioned = [word for word in keywords if key(word) and key(word) in known]
    single = sum(" " not in word.strip() for word in keywords)
    if len(mentioned) * 2 < len(keywords) or (single == len(keywords) > 3):
        return []
    return list(keywords)
