"""The kind of a page: an article, a list, a gallery, or a wall that stands before an article.

Challenges, captchas, consent walls, parked and hijacked domains, log-ins, outages, and "not found"
said with the status of a page: such a page is a problem of its capture, never a revision and never
proof that an article is gone.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from archive.models import Capture, PageKind, Problem
from archive.problems import ProblemKind
from archive.search.arabic import fold
from archive.urls import is_home
from crawler.extract.blocks import (
    LONG,
    Block,
    Tree,
    no_text,
    read_blocks,
    read_tree,
    title_of,
    unwritten,
)
from crawler.extract.body import Layout, is_body
from crawler.extract.charset import decode
from crawler.extract.jsondata import ARTICLES
from crawler.extract.metadata import Metadata
from crawler.extract.printed import Printed
from crawler.extract.vocabulary import alternatives, one_line, pattern, table, words

_VIDEO, _GALLERY, _LIST = (
    re.compile(f"/(?:{alternatives('walls', 'paths', kind)})(?:/|$)", re.IGNORECASE)
    for kind in ("video", "gallery", "list")
)
_LISTS = frozenset({"CollectionPage", "SearchResultsPage", "ProfilePage", "ItemList"})
_VIDEOS = frozenset({"VideoObject"})
_GALLERIES = frozenset({"ImageGallery", "MediaGallery"})
ENOUGH = 60  # characters of text below which nothing was really read
_CAPTION = 600  # a video or gallery page says no more than this beside what it shows
_HEADED = 200  # characters of text that make a page with a headline an article
_LISTING = 400  # characters of text below which a page full of teasers is a list of them
_TEASERS = 10
_NUMBERED = re.compile(r"\d{4}")  # an address like an article's, where only stories have numbers

_OTHER_TYPES = frozenset(words("walls", "other", "types"))
_SOFTWARE = pattern(
    "walls", "other.software", r"(?i)<meta[^<>]{1,200}?generator[^<>]{1,200}?[\"'](?:{})"
)
_OTHER_PATH, _FORUM_PATH = (
    pattern("walls", f"other.{name}", r"/(?:{})(?:\.\w{2,5})?(?:/|$)", re.IGNORECASE)
    for name in ("paths", "forums")
)
_OTHER_TITLE = pattern("walls", "other.titles", flags=re.IGNORECASE)
_BESIDE = re.compile(r"\s+[-–—|»·]\s+|\|")
_STORY = 5  # words of a headline, from which on it is no rubric
_REGISTER, _CELLS = 100_000, 40  # characters of text, cells of a table: more than articles have


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The kind of a page, None for what stands before an article, and the problems it has."""

    kind: PageKind | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signs:
    """What speaks for a page being an article: its types, its text, and what it says and prints.

    `length` is that of its text; `states` tells that the page, or a rule for it, says it is an
    article; `headed` that it has a headline or a date of its own: text alone makes no article.
    `dated` says that it has both, `tells` that it has, and that this headline is one of a story;
    `traced` that it has a date or an author, wherever it says so, `marked` that its text is in an
    element that its site marks as the body of an article.
    """

    types: frozenset[str]
    length: int
    states: bool
    headed: bool
    dated: bool
    traced: bool
    tells: bool
    marked: bool

    @property
    def is_enough(self) -> bool:
        """Whether the text is enough of an article, with all that it has besides."""
        return self.length >= (ENOUGH if self.marked and self.tells else _HEADED)

    @property
    def is_single(self) -> bool:
        """Whether the page is surely an article, by what it states or by what it prints."""
        stated = bool(self.types & ARTICLES)
        return stated or (self.dated and (self.states or self.is_enough))


def read_kind(
    layout: Layout, metadata: Metadata, printed: Printed, text: str, capture: Capture
) -> Verdict:
    """Return the kind of a page and the problem it is; no kind for what stands before an article.

    A page that says it is an article, or has the headline, date and text of one, is no wall; many
    systems give the Open Graph type of an article to whatever they publish.
    """
    types, ruled = metadata.stated.types, bool(metadata.selected.text)
    if any(name.startswith("og:video") for name in types):
        types |= {"VideoObject"}
    listed = metadata.hints.published if metadata.hints else None
    marks = printed.headline is not None, bool(printed.stamps)
    signs = _Signs(
        types=types,
        length=len(text),
        states=bool(types & ARTICLES) or "og:article" in types or ruled,
        headed=any(marks),
        dated=all(marks),
        tells=all(marks) and len((printed.headline or "").split()) >= _STORY,
        traced=bool(printed.stamps or printed.bylines or metadata.stated.stamps or listed),
        marked=layout.body.element is not None and is_body(layout.body.element),
    )
    titles, visible = titles_of(layout.tree), layout.visible
    walled = hijacked(titles, text)
    if not (walled or signs.is_single or ruled):
        walled = wall(layout.tree.source, titles, visible, len(text), capture.status, signs.dated)
    if walled:
        return Verdict(kind=None, problems=(walled,))
    kind = _kind_of(capture.url, layout, signs)
    if kind is PageKind.ARTICLE and not ruled and _is_other(capture.url, layout, titles, signs):
        kind = PageKind.OTHER
    empty = kind is PageKind.OTHER and len(text) < ENOUGH
    why = empty and (unwritten(layout.tree.root) or f"{len(text)} characters of text")
    return Verdict(kind=kind, problems=(no_text(why),) if why else ())


def _kind_of(url: str, layout: Layout, signs: _Signs) -> PageKind:
    """Return the kind of a page from its address, claimed types, article text and blocks."""
    path, length = unquote(urlsplit(url).path), signs.length
    if "LiveBlogPosting" in signs.types or (layout.live and length >= ENOUGH):
        return PageKind.LIVEBLOG
    if is_home(url):
        return PageKind.SECTION
    if _shows(signs, _VIDEOS, said=signs.states, addressed=_VIDEO.search(path) is not None):
        return PageKind.VIDEO
    stated = bool(signs.types & ARTICLES)
    if _shows(signs, _GALLERIES, said=stated, addressed=_GALLERY.search(path) is not None):
        return PageKind.GALLERY
    if _lists(url, path, layout.blocks, signs):
        return PageKind.SECTION
    article = signs.states or (signs.headed and signs.is_enough)
    return PageKind.ARTICLE if article and length >= ENOUGH else PageKind.OTHER


def _is_other(url: str, layout: Layout, titles: Sequence[str], signs: _Signs) -> bool:
    """Return whether a page with a headline and a text is something else than an article.

    What it says of itself decides first: many systems call whatever they publish an article, but
    none a news article. Then what it is about, and whether most of it is a table; beside a story's
    headline and date, the name of its section or site says nothing. A page without a date and an
    author has at least the address of a story, or the element of HTML for one.
    """
    claimed = signs.types & ARTICLES
    if not claimed - {"Article"} and _SOFTWARE.search(layout.tree.source, 0, 1 << 15):
        return True
    if claimed or ("og:article" in signs.types and signs.dated):
        return False
    if signs.length > _REGISTER or signs.types & _OTHER_TYPES or _is_tabular(layout.blocks):
        return True
    path = unquote(urlsplit(url).path)
    lines = map(one_line, titles)
    parts = (fold(part).strip(" .!؟?") for line in lines for part in _BESIDE.split(line))
    said = _OTHER_PATH.search(path) or any(map(_OTHER_TITLE.fullmatch, parts))
    if _FORUM_PATH.search(path) or (said and not signs.tells):
        return True
    body = layout.body.element
    is_marked = body is not None and bool(body.xpath("ancestor-or-self::article"))
    slug = max(path.split("/"), key=len)
    names_story = (
        re.search(r"\d", url) or len(re.findall(r"[^\W_]+", slug)) >= 4
    )  # words of a headline
    return not (signs.traced or is_marked or names_story)


def _is_tabular(blocks: Sequence[Block]) -> bool:
    """Return whether a page is rather a table: many short cells that hold most of its text."""
    shown = [block for block in blocks if not block.chrome]
    cells = [len(b.text) for b in shown if b.element.tag in {"td", "th"} and -20 < b.weight < 0]
    running = sum(len(block.text) for block in shown if block.weight > 0)
    return len(cells) >= _CELLS and sum(cells) > 2 * running


def _lists(url: str, path: str, blocks: Sequence[Block], signs: _Signs) -> bool:
    """Return whether a page lists articles, by its address, its types or its cards."""
    length, stated, listed = signs.length, signs.types & ARTICLES, signs.types & _LISTS
    listing = _LISTING * 3 if listed else _LISTING if _LIST.search(path) else 0
    if not stated and length < listing:
        return True
    single = signs.states or (signs.dated and _NUMBERED.search(url) and signs.is_enough)
    if not (stated if listed else single) and is_list(blocks):
        return True
    teasers = sum(block.link_share > 0.6 and len(block.text) > 25 for block in blocks)
    return not single and teasers >= _TEASERS and length < _LISTING


def _shows(signs: _Signs, kinds: frozenset[str], *, said: bool, addressed: bool) -> bool:
    """Return whether a page is there to show something, and its text only describes that.

    Many systems state the Open Graph type of an article for whatever they publish; an article may
    hold a film, but only a gallery says of itself that it is one: `said` tells that the page says
    that it is an article all the same.
    """
    claimed = bool(signs.types & kinds)
    described = signs.length < _CAPTION and (claimed or not signs.states)
    return (claimed and not said) or (addressed and described)


_HEADLINE = 20  # characters of a link that may be a headline
_CARDS = 6  # headlines side by side that make a list
_SHARE = 0.5  # of the summaries in a list so much text may stand outside it
_MOST = 600  # characters, and no more: a page that says so much itself is no list


def is_list(blocks: Sequence[Block]) -> bool:
    """Return whether a page is a list of articles with hardly any text of its own.

    Each card is the outermost element around one linked headline; the cards of a list have one
    parent. Headlines alone prove nothing, for an article may carry a long list of others: what
    cards hold besides, their summaries, must outweigh what the page says itself.
    """
    open_blocks = [block for block in blocks if not block.chrome]
    heads = [b for b in open_blocks if len(b.text) >= _HEADLINE and b.link_share > 0.6]
    headings = [block for block in heads if block.heading]
    heads = headings if len(headings) >= _CARDS else heads
    if len(heads) < _CARDS:
        return False
    lines = [(head.element, *head.element.iterancestors()) for head in heads]
    counts = Counter(chain.from_iterable(lines))
    lists: dict[HtmlElement | None, set[HtmlElement]] = defaultdict(set)
    for line in lines:
        *_, card = (element for element in line if counts[element] == counts[line[0]])
        lists[card.getparent()].add(card)
    cards = {card for listed in lists.values() if len(listed) > 1 for card in listed}
    return max(map(len, lists.values())) >= _CARDS and _outweighs(open_blocks, cards)


def _outweighs(blocks: Sequence[Block], cards: set[HtmlElement]) -> bool:
    """Return whether the cards of lists hold more than the page says outside of them."""
    inside = outside = 0
    met: set[HtmlElement] = set()
    for block in blocks:
        around = (block.element, *block.element.iterancestors())
        card = next((element for element in around if element in cards), None)
        length = len(block.text) if len(block.text) >= LONG else 0
        if card is None:
            outside += length if block.link_share < 0.5 else 0
        elif card in met:
            inside += length
        else:
            met.add(card)
    return outside < min(_MOST, inside * _SHARE)


# More running text than this, in characters, is a page of its own, whatever it mentions.
_WALL_TEXT = 1200
_ROOM = 16  # characters that a title says beside a phrase that it is there for
_PARTS = re.compile(r"\s[-–—|·»:]\s|[|:؛،!…]")


def _any(kind: str, where: str) -> re.Pattern[str]:
    return re.compile(alternatives("walls", kind, where), re.IGNORECASE)


_KINDS = ("challenge", "captcha", "consent", "parked", "login", "outage", "maybe-gone")
_WALLS = tuple((ProblemKind(k), _any(k, "source"), _any(k, "said")) for k in _KINDS)
# What their source alone gives away, on a page with hardly any text.
_IN_SOURCE = frozenset({ProblemKind.CHALLENGE, ProblemKind.PARKED, ProblemKind.OUTAGE})
_WARES = re.compile(alternatives("walls", "hijacked", "wares"))
_CALLS = [re.compile(call) for call in words("walls", "hijacked", "calls")]


def wall(
    source: str, titles: Sequence[str], visible: str, running: int, status: int, printed: bool
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
        said = titled or (running < most and in_text.search(words))
        shown = titled or len(visible) < 700
        alone = kind in _IN_SOURCE and len(visible) < 400
        if (said and shown) or ((said or alone) and in_source.search(source)):
            return _problem(kind)
    return _problem(ProblemKind.OUTAGE) if status >= 500 else None


def hijacked(titles: Iterable[str], text: str) -> Problem | None:
    """Return the problem a page is that advertises what newspapers do not; else None."""
    heading = fold(" ".join(titles))
    if not _WARES.search(heading):
        return None
    said = f"{heading} {fold(text[:3000])}"
    calls = sum(call.search(said) is not None for call in _CALLS)
    return _problem(ProblemKind.HIJACKED) if calls >= 3 else None


def wall_of(capture: Capture) -> Problem | None:
    """Return the problem that the body of an error's answer is, beside its status; else None."""
    tree = read_tree(decode(capture.body, capture.content_type))
    if isinstance(tree, Problem):
        return None
    visible = " ".join(block.text for block in read_blocks(tree.root)[:60])
    return wall(tree.source, titles_of(tree), visible, 0, capture.status, printed=False)


def titles_of(tree: Tree) -> list[str]:
    """Return a page's title and its first headings."""
    headings = islice(tree.root.iter("h1"), 3)
    return [title_of(tree), *(heading.text_content() for heading in headings)]


def _is_about(title: str, phrase: re.Pattern[str]) -> bool:
    """Return whether a title says a phrase and hardly anything else."""
    found = phrase.search(title)
    return found is not None and len(title) <= len(found[0]) + _ROOM


def _problem(kind: ProblemKind) -> Problem:
    return Problem(kind=kind, detail=str(table("walls")[kind]["detail"]), stage="extract")
