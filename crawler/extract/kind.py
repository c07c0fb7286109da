"""The kind of a page: an article, a list, a gallery, or a wall that stands before an article.

Challenges, captchas, consent walls, parked and hijacked domains, log-ins, outages, and "not found"
said with the status of a page: such a page is a problem of its capture, never a revision and never
proof that an article is gone.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from archive.problems import ProblemKind
from archive.records import Capture, PageKind, Problem
from archive.search.arabic import fold
from crawler.extract.blocks import Block, parse_page, read_blocks
from crawler.extract.charset import decode
from crawler.extract.jsondata import ARTICLES
from crawler.extract.printed import is_clock
from crawler.extract.vocabulary import alternatives, pattern, table, words

_HOME = re.compile(r"/?(?:index\.\w+|default\.\w+|home|ar|arabic|ara|main)?/?", re.IGNORECASE)
_LIVE = re.compile(
    r"/(?:live|live-?blogs?|livestory|live-updates|تغطيه-مباشره|مباشر)(?:/|$)", re.IGNORECASE
)
_LIVE_TITLE = pattern("headline", "live", r"(?<!\w)(?:{})(?!\w)")
# Read over whole pages: a pattern that begins with plain letters is many times as fast.
_LIVE_CLASS = re.compile(r"live[-_]?(?:[Bb]log|[Uu]pdate|[Ee]ntr|[Pp]ost)")
_ENTRIES = 3  # timed entries that make a live blog
_ENTRY = 40  # characters of one
_VIDEO = re.compile(r"/(?:videos?|فيديو|فيديوهات|watch|tv)(?:/|$)", re.IGNORECASE)
_GALLERY = re.compile(
    r"/(?:(?:photo-?|picture-?|image-?)?(?:gallery|galleries)|photos?|albums?|slideshows?|صور|البوم\w*|"
    r"in-pictures|photo-?stories)(?:/|$)",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"/(?:category|categories|section|sections|tags?|topics?|author|authors|archive|search|page/\d+)"
    r"(?:/|$)",
    re.IGNORECASE,
)
_LISTS = frozenset({"CollectionPage", "SearchResultsPage", "ProfilePage", "ItemList"})
_GALLERIES = frozenset({"ImageGallery", "MediaGallery"})
ENOUGH = 60  # characters of text below which nothing was really read
_CAPTION = 600  # a video or gallery page says no more than this beside what it shows
_HEADED = 200  # characters of text that make a page with a headline an article
_LISTING = 400  # characters of text below which a page full of teasers is a list of them
_TEASERS = 10
_NUMBERED = re.compile(r"\d{4}")  # an address like an article's, where only stories have numbers


def states_article(types: set[str]) -> bool:
    """Tell whether a page says of itself that it is an article."""
    return bool(types & ARTICLES) or "og:article" in types


def is_live(url: str, types: set[str], title: str, source: str, blocks: Sequence[Block]) -> bool:
    """Tell whether a page is a live blog: it says so, or calls itself live and has timed entries.

    `source` is its HTML: live blogs are named in classes as well as in titles.
    """
    if "LiveBlogPosting" in types or _LIVE.search(unquote(urlsplit(url).path)):
        return True
    if not _LIVE_TITLE.search(fold(title)) and not _LIVE_CLASS.search(source):
        return False
    timed = [i for i, block in enumerate(blocks) if not block.chrome and is_clock(block.text)]
    entries = sum(any(len(b.text) > _ENTRY for b in blocks[i + 1 : i + 4]) for i in timed)
    return entries >= _ENTRIES


def is_home(url: str) -> bool:
    """Tell whether an address is a newspaper's first page, from its path alone."""
    parts = urlsplit(url)
    return not parts.query and _HOME.fullmatch(unquote(parts.path)) is not None


def kind_of(
    url: str,
    types: set[str],
    text: str,
    blocks: Sequence[Block],
    *,
    live: bool,
    states: bool,
    headed: bool,
    dated: bool,
) -> PageKind:
    """Return the kind of a page from its address, claimed types, article text and blocks.

    `live` is what `is_live` says of it, `states` tells that the page, or a rule for it, says it is
    an article; `headed` that it has a headline or a date of its own: text alone makes no article.
    `dated` tells that it has both.
    """
    path = unquote(urlsplit(url).path)
    if "LiveBlogPosting" in types or (live and len(text) >= ENOUGH):
        return PageKind.LIVEBLOG
    if is_home(url):
        return PageKind.SECTION
    if _shows(types, path, text, states=states, kinds={"VideoObject"}, address=_VIDEO):
        return PageKind.VIDEO
    if _shows(types, path, text, states=states, kinds=_GALLERIES, address=_GALLERY):
        return PageKind.GALLERY
    teasers = sum(block.link_share > 0.6 and len(block.text) > 25 for block in blocks)
    listing = _LISTING * 3 if types & _LISTS else _LISTING if _LIST.search(path) else 0
    if not types & ARTICLES and len(text) < listing:
        return PageKind.SECTION
    single = states or (dated and _NUMBERED.search(url) and len(text) >= _HEADED)
    if not (types & ARTICLES if types & _LISTS else single) and is_list(blocks):
        return PageKind.SECTION
    if not single and teasers >= _TEASERS and len(text) < _LISTING:
        return PageKind.SECTION
    if len(text) >= ENOUGH and (states or (headed and len(text) >= _HEADED)):
        return PageKind.ARTICLE
    return PageKind.OTHER


def _shows(
    types: set[str],
    path: str,
    text: str,
    *,
    states: bool,
    kinds: frozenset[str] | set[str],
    address: re.Pattern[str],
) -> bool:
    """Tell whether a page is there to show something, and its text only describes that.

    Many systems state the Open Graph type of an article for whatever they publish; an article may
    hold a film, but only a gallery says of itself that it is one.
    """
    claimed = bool(types & kinds) or any(
        name.startswith("og:video") for name in types if "VideoObject" in kinds
    )
    if claimed and not (types & ARTICLES if kinds == _GALLERIES else states):
        return True
    return bool(address.search(path)) and len(text) < _CAPTION and (claimed or not states)


_HEADLINE = 20  # characters of a link that may be a headline
_LONG = 60  # characters of running text
_CARDS = 6  # headlines side by side that make a list
_SHARE = 0.5  # of the summaries in a list so much text may stand outside it
_MOST = 600  # characters, and no more: a page that says so much itself is no list


def is_list(blocks: Sequence[Block]) -> bool:
    """Tell whether a page is a list of articles with hardly any text of its own.

    Each card is the outermost element around one linked headline; the cards of a list have one
    parent. Headlines alone prove nothing, for an article may carry a long list of others: what
    cards hold besides, their summaries, must outweigh what the page says itself.
    """
    open_blocks = [block for block in blocks if not block.chrome]
    heads = [block for block in open_blocks if _is_head(block)]
    headings = [block for block in heads if block.heading]
    heads = headings if len(headings) >= _CARDS else heads
    if len(heads) < _CARDS:
        return False
    counts: dict[HtmlElement, int] = {}
    for head in heads:
        for element in (head.element, *head.element.iterancestors()):
            counts[element] = counts.get(element, 0) + 1
    lists: dict[HtmlElement, set[HtmlElement]] = {}
    for head in heads:
        card = _card(head.element, counts)
        parent = card.getparent()
        if parent is not None:
            lists.setdefault(parent, set()).add(card)
    cards = max(lists.values(), key=len, default=set())
    return len(cards) >= _CARDS and _outweighs(open_blocks, lists)


def _is_head(block: Block) -> bool:
    return len(block.text) >= _HEADLINE and block.link_share > 0.6


def _card(element: HtmlElement, counts: dict[HtmlElement, int]) -> HtmlElement:
    """Return the outermost element around a headline that holds no other one."""
    for ancestor in element.iterancestors():
        if counts[ancestor] > counts[element]:
            break
        element = ancestor
    return element


def _outweighs(blocks: Sequence[Block], lists: dict[HtmlElement, set[HtmlElement]]) -> bool:
    """Tell whether lists of cards hold more than the page says outside of them."""
    cards = {card for found in lists.values() if len(found) > 1 for card in found}
    inside = outside = 0
    met: set[HtmlElement] = set()
    for block in blocks:
        element: HtmlElement | None = block.element
        while element is not None and element not in cards:
            element = element.getparent()
        length = len(block.text) if len(block.text) >= _LONG else 0
        if element is None:
            outside += length if block.link_share < 0.5 else 0
        elif element in met:
            inside += length
        else:
            met.add(element)
    return outside < min(_MOST, inside * _SHARE)


# More running text than this, in characters, is a page of its own, whatever it mentions.
_WALL_TEXT = 1200
_ROOM = 16  # characters that a title says beside a phrase that it is there for
_PARTS = re.compile(r"\s[-–—|·»:]\s|[|:؛،!…]")


def _any(kind: str, where: str) -> re.Pattern[str]:
    return re.compile(alternatives("walls", kind, where), re.IGNORECASE)


def _each(key: str) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, words("walls", "hijacked", key)))


_KINDS = ("challenge", "captcha", "consent", "parked", "login", "outage", "missing")
_WALLS = tuple((ProblemKind(k), _any(k, "source"), _any(k, "said")) for k in _KINDS)
# What their source alone gives away, on a page with hardly any text.
_IN_SOURCE = frozenset({ProblemKind.CHALLENGE, ProblemKind.PARKED, ProblemKind.OUTAGE})
_WARES, _CALLS = _each("wares"), _each("calls")


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
    said = f"{heading} {fold(text[:3000])}"
    wares = sum(one.search(said) is not None for one in _WARES)
    calls = sum(one.search(said) is not None for one in _CALLS)
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
    return Problem(kind=kind, detail=str(table("walls")[kind]["detail"]), stage="extract")
