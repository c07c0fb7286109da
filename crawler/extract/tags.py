"""The section and the tags a page names."""

import re
from collections.abc import Callable, Iterable, Sequence

from lxml.html import HtmlElement

from archive.search.arabic import fold
from crawler.extract.blocks import Block
from crawler.extract.body import Layout
from crawler.extract.metadata import Metadata
from crawler.extract.vocabulary import CAMEL, class_pattern, key, one_line, pattern, words

_CRUMBS = re.compile(r"bread-?c\w*|crumbs?", re.IGNORECASE)
_TAGS = class_pattern("tags")
_LABEL = pattern("headline", "tag_label", r"\W*(?:{})\s*(?:[:：#|]|$)\s*")
_COMMAS = re.compile(r"\s*[,،;؛|#]\s*|\s+[-–•·]\s+")
_LONGEST_LIST = 300
_HOMES = frozenset(map(key, words("headline", "homes")))
_TRAIL = tuple(words("headline", "trails"))
_LONGEST_TAG = 60
_MOST_TAGS = 30
_MOST_KEYWORDS = 15  # a page with more of them names its site's topics, not its own


def section_of(layout: Layout, metadata: Metadata) -> str | None:
    """Return the section a page says it stands in: stated, or the last step of its breadcrumbs."""
    blocks = layout.blocks[: layout.body.start]
    stated = metadata.stated.sections
    for text in (metadata.selected.section or "", *stated, *_crumbs(blocks)):
        section = one_line(text)
        if section and len(section) <= _LONGEST_TAG and key(section) not in _HOMES | metadata.names:
            return section
    return None


def _crumbs(blocks: Sequence[Block]) -> Iterable[str]:
    """Yield the links of the first breadcrumb trail, the innermost section first."""
    for block in reversed(blocks):
        for element in (*block.chrome, block.element):
            named = _CRUMBS.search(f"{element.get('class', '')} {element.get('id', '')}")
            if named or key(block.text.split(">")[0]) in _HOMES or block.text.startswith(_TRAIL):
                trail = next((e for e in element.iterancestors() if _is_trail(e)), element)
                links = [link.text_content() for link in trail.iter("a") if link.get("href")]
                yield from reversed(links[:4])
                if links:
                    return


def _is_trail(element: HtmlElement) -> bool:
    """Tell whether an element is a list that its site names as breadcrumbs."""
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return element.tag in {"ol", "ul", "nav", "div"} and _CRUMBS.search(names) is not None


def tags_of(layout: Layout, metadata: Metadata, text: str) -> tuple[str, ...]:
    """Return the tags of a page: stated ones, else printed ones, else keywords it lives up to.

    `text` is its title and text; general keywords that it does not mention are a site's, not its.
    """
    stated = metadata.stated
    sources: tuple[Callable[[], Sequence[str]], ...] = (
        lambda: metadata.selected.tags,
        lambda: stated.tags,
        lambda: _linked(layout.root),
        lambda: _printed(layout),
        lambda: _own(stated.keywords, text),
    )
    for found in (source() for source in sources):
        tags = dict.fromkeys(one_line(tag).strip("#،,؛:| ").replace("_", " ") for tag in found)
        kept = [
            tag for tag in tags if 1 < len(tag) <= _LONGEST_TAG and key(tag) not in metadata.names
        ]
        if kept:
            return tuple(kept[:_MOST_TAGS])
    return ()


def _linked(root: HtmlElement) -> list[str]:
    """Return the texts of links to tags; WordPress marks those to its sections in like manner."""
    rels = ((link, (link.get("rel") or "").split()) for link in root.iter("a"))
    return [e.text_content() for e, rel in rels if "tag" in rel and "category" not in rel]


def _printed(layout: Layout) -> list[str]:
    """Return the entries of the list of tags below an article: links, words, or parts of a line."""
    if not layout.body.blocks:
        return []
    for block in layout.blocks[layout.body.start :]:
        container = next(filter(_holds_tags, (*block.chrome, block.element)), None)
        labelled = len(block.text) < _LONGEST_LIST and _LABEL.match(fold(block.text[:40]))
        if container is None and not labelled:
            continue
        element = block.element if container is None else container
        found = [_words(e) for e in element.iter("a", "span", "li", "b") if not len(e)]
        found = [word for word in found if word and not _LABEL.fullmatch(fold(word))]
        line = _words(element)
        if not found and len(line) < _LONGEST_LIST:
            rest = line[label.end() :] if (label := _LABEL.match(fold(line))) else line
            found = _COMMAS.split(rest)
        if 0 < len(found) <= _MOST_KEYWORDS and all(len(w) <= _LONGEST_TAG for w in found):
            return found
    return []


def _holds_tags(element: HtmlElement) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return element.tag not in {"a", "body"} and _TAGS.search(CAMEL.sub("-", names)) is not None


def _words(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


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
