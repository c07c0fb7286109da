"""Stop 8: the kind of a page, from its types, its address and the balance of text and links."""

import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from archive.records import PageKind
from archive.search.arabic import fold
from crawler.article.blocks import Block
from crawler.article.cards import is_list
from crawler.article.jsonld import ARTICLES
from crawler.dating.datestamps import is_clock

_HOME = re.compile(r"/?(?:index\.\w+|default\.\w+|home|ar|arabic|ara|main)?/?", re.IGNORECASE)
_LIVE = re.compile(
    r"/(?:live|live-?blogs?|livestory|live-updates|تغطيه-مباشره|مباشر)(?:/|$)", re.IGNORECASE
)
_LIVE_TITLE = re.compile(
    r"(?<!\w)(?:تغطيه (?:مباشره|مستمره|حيه)|مباشر|لحظه بلحظه|تحديث مستمر|live|en direct)(?!\w)"
)
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
