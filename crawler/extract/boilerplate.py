"""The lines inside an article's body that are not the article.

"Read also" boxes, share and follow lines, comment policy, copyright, tag lists, captions, repeated
headlines, reading time and counts. A line goes only when it is surely none of the article: its text
comes first.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import takewhile

from lxml import html
from lxml.html import HtmlElement

from archive.search.arabic import fold
from crawler.dates.moments import parse
from crawler.dates.words import cut
from crawler.extract.blocks import Block
from crawler.extract.body import Layout
from crawler.extract.metadata import Metadata
from crawler.extract.vocabulary import alternatives, key, one_line, pattern

# All patterns read folded text: ا for every alef, ه for ة, ي for ى, no marks, lower case.
READ_ALSO = pattern("boilerplate", "read_also", r"\W*(?:{})")
# What a sentence of the news may begin with as well: a whole one stays.
MAY_BEGIN = pattern("boilerplate", "may_begin", r"\W*(?:{})(?!.{0,12}[:：])")
FOLLOW = pattern("boilerplate", "follow", r"\W*(?:{})")
# «تابع صوت كذا على واتساب»
FOLLOWED = re.compile(
    r"\W*تابعو?ا? (?:\S+ ){1,5}(?:علي|عبر|في) (?:\S+ ){0,2}"
    r"(?:فيس ?بوك|تويتر|واتس ?اب|تي?لي?[غجق]رام|يوتيوب|انست[غجق]رام|نبض|تيك ?توك|[غج]و[غج]ل|google)"
)
# trafilatura warns of every page it finds no text on; that is data here, not an event.
logging.getLogger("trafilatura").setLevel(logging.ERROR)

HASHTAGS = re.compile(r"(?:\W*#\w+)+\W*")
CHANNEL = pattern("boilerplate", "channel")
POLICY = pattern("boilerplate", "policy")
LISTED = pattern("boilerplate", "tags", r"\W*(?:{})\s*(?:[:：#]|$)")
CREDIT = pattern("boilerplate", "credit", r"\W*(?:{})")
LABEL = pattern("boilerplate", "label", r"\W*(?:{})\W*$")
TWEETED = pattern("boilerplate", "tweeted")
SIGNED = re.compile(
    r"(?:[\u0621-\u064a]{1,2}\s?[.\u200c/]\s?[\u0621-\u064a]{1,2}\W*)+(?:\([^)]*\))?\s*$"
    r"|\W*\d{1,2}:\d{2}\s*(?:ت\s?م|جمت|gmt|تغ)\W*$|\W*\d{4}\W*$"
)
# What opens a box that asks for an address or a vote, or that sells.
BOX = pattern("boilerplate", "box", r"\W*(?:{})")


# All patterns read folded text: ا for every alef, ه for ة, ي for ى, no marks, lower case.
_COUNT = f"(?:{alternatives('boilerplate', 'count')})"
_TIME = f"(?:{alternatives('boilerplate', 'time')})"
_SITES = alternatives("boilerplate", "sites")
_COUNTED_THINGS = alternatives("boilerplate", "counted")
_COUNTS = alternatives("boilerplate", "counts")
_BUTTONS = alternatives("boilerplate", "buttons")
_THIS = alternatives("boilerplate", "this")
_PARTS = (
    (
        rf"(?:مده|وقت|زمن|معدل) (?:ال)?قراءه\s*(?:ال(?:{_THIS}))?\s*:?\s*(?:حوالي |نحو )?"
        rf"{_COUNT}(?:\s*{_TIME})*"
    ),
    rf"{_COUNT}\s*{_TIME}\s*(?:من القراءه|لقراءه|للقراءه|قراءه|read(?:ing)?)",
    rf"قراءه (?:في )?{_COUNT}\s*{_TIME}",
    rf"يقرا في {_COUNT}(?:\s*{_TIME})?",
    rf"\d[\d.,]*\s*(?:{_COUNTED_THINGS})",
    rf"(?:عدد )?(?:ال)?(?:{_COUNTS})\s*:?\s*\d[\d.,]*",
    r"(?:تكبير|تصغير|تغيير)(?: حجم)?(?: ال)?(?:خط|نص)?",
    r"حجم (?:ال)?(?:خط|نص)",
    r"نوع الخط",
    r"[اa]\s?[+\-−]",
    (
        rf"(?:{_BUTTONS})(?: (?:الي|ل)\s?صديق|(?: (?:الي|هذا|هذه))?(?: ?(?:ال|لل)(?:{_THIS}))?)"
        r"(?: (?:ك )?pdf)?"
    ),
    r"رابط (?:مختصر|المقال|الخبر)|(?:تم )?نسخ الرابط|انسخ الرابط",
    r"الصوت بتقنيه اليه|(?:ب)?صوت (?:الي|اصطناعي)|سرعه (?:القراءه|الصوت|التشغيل)",
    r"(?:ايقاف|تشغيل)(?: مؤقت| موقت)?",
    r"\d{1,2}:\d{2}\s*/\s*\d{1,2}:\d{2}|\d(?:\.\d+)?x",
    rf"(?:(?:علي|عبر|في|الي|on|via|to)\s+)?(?:{_SITES})",
)
_ANY = "|".join(f"(?:{part})" for part in _PARTS)
_PART = re.compile(rf"(?<!\w)(?:{_ANY})(?!\w)")
_LINE = re.compile(rf"(?:[\W_]*(?:{_ANY})(?!\w))+[\W_]*")
_LONGEST_INFO = 160


def is_info(folded: str) -> bool:
    """Tell whether a folded line is nothing but reading time, counts, buttons and the like."""
    return len(folded) <= _LONGEST_INFO and _LINE.fullmatch(folded) is not None


def without_info(folded: str) -> str:
    """Return a folded line without reading time, counts and buttons, if it holds any."""
    return " ".join(_PART.sub(" ", folded).split()) if len(folded) <= _LONGEST_INFO else folded


_CENTRED = re.compile(r"text-align\s*:\s*center|^ ?center", re.IGNORECASE)
_PROSE = 60  # characters of a paragraph, after which a date is one of the story's own
_CAPTION = 150  # characters that a caption may have
_WORD = re.compile(r"\w")
_NOW = datetime(2000, 1, 1, tzinfo=UTC)
_SENTENCE = re.compile(r"""[.؟!?…]["'”»)\]]*\s*$""")
_LONGEST_DATE = 120
_COUNTED = re.compile(r"\d|منذ|قبل|ago")
_LINKED = 0.9  # so much of a line inside links makes it a link
_LATE = 0.65  # lists of related articles are looked for after this share of the text


def read_text(
    layout: Layout, metadata: Metadata, lead: Sequence[Block], known: Sequence[str]
) -> list[str]:
    """Return the lines of an article: its body, after the `lead` that stands before it.

    `known` are the headline and the standfirst. What the page states as its text, or trafilatura,
    helps where the place of the article is in doubt.
    """
    lines = paragraphs([*lead, *layout.body.blocks], repeated=known, timed=layout.live)
    stated = metadata.stated.body
    if layout.sure:
        lines = _cleaned(_unseen_lead(lines, stated), layout.root, known) + lines
    else:
        lines = _cleaned(_rescued(layout.root, lines, stated), layout.root, known)
    return [line for line in map(one_line, lines) if line]


def _cleaned(lines: Sequence[str], root: HtmlElement, known: Sequence[str]) -> list[str]:
    """Return lines that were read another way without what is surely not the article."""
    return paragraphs([Block(text=line, element=root) for line in lines], repeated=known)


def paragraphs(
    blocks: Sequence[Block], *, repeated: Iterable[str] = (), timed: bool = False
) -> list[str]:
    """Return the lines of the article among the `blocks` of its body, in order.

    `repeated` holds what other fields keep already (title, deck): a first line that only repeats
    one of them is dropped, and so is a line that is nothing but a date, unless the text is `timed`:
    made of entries that such lines head.
    """
    known = {key(text) for text in repeated if text}
    lines: list[str] = []
    seen: set[str] = set()
    skipping = teaser = False
    for index, block in enumerate(_until_related(blocks)):
        folded = fold(block.text).strip()
        if skipping and (block.link_share > 0.6 or (block.item and block.linked)):
            continue
        skipping = bool(READ_ALSO.match(folded)) and len(folded) < 45
        if (teaser and not timed and _is_stamp(folded)) or _is_caption(block):
            continue
        teaser = block.link_share > _LINKED
        begun = any(map(is_paragraph, lines))
        stamp = index < 6 and not timed and not begun and is_date_line(block.text)
        if stamp or is_surplus(block, folded) or (index < 6 and key(block.text) in known):
            continue
        teaser = False
        words = key(block.text)
        if len(words) > 60 and words in seen:
            continue
        seen.add(words)
        lines.append(block.text)
    return _trimmed(lines)


def is_surplus(block: Block, folded: str) -> bool:
    """Tell whether a line of the body, given as it is and folded, is surely not the article."""
    length = len(folded)
    if not _WORD.search(folded):
        return True
    ended = _SENTENCE.search(block.text) is not None
    if READ_ALSO.match(folded) and (length < 160 or block.link_share > 0.3):
        return not (ended and MAY_BEGIN.match(folded)) or block.link_share > 0.3
    if length < 260 and FOLLOW.match(folded) and CHANNEL.search(folded):
        return True
    if length < 60 and FOLLOW.match(folded) and not ended:
        return True
    if length < 100 and FOLLOWED.match(folded) and not ended:
        return True
    if HASHTAGS.fullmatch(block.text):
        return True
    if POLICY.search(folded) and (length < 160 or block.element.getnext() is None or block.linked):
        return True
    if length < 120 and (LISTED.match(folded) or LABEL.match(folded)):
        return True
    if (not block.heading and is_info(folded)) or (length < 320 and BOX.match(folded)):
        return True
    if length < 120 and (CREDIT.match(folded) or TWEETED.match(folded)):
        return True
    return block.link_share > _LINKED and length < 200 and not ended


def _until_related(blocks: Sequence[Block]) -> Sequence[Block]:
    """Cut off the list of other articles that closes a body: its label and all that follows."""
    total = sum(len(block.text) for block in blocks)
    passed = 0
    for index, block in enumerate(blocks):
        rest = blocks[index + 1 :]
        if passed > total * _LATE and len(block.text) < 45:
            folded = fold(block.text)
            listed = sum(
                other.link_share > 0.6 and not READ_ALSO.match(fold(other.text)) for other in rest
            )
            prose = sum(other.link_share < 0.3 and _is_prose(other.text) for other in rest)
            if READ_ALSO.match(folded) and (not prose or listed >= max(3, prose)):
                return blocks[:index]
        passed += len(block.text)
    return blocks


def closing(blocks: Sequence[Block]) -> int:
    """Return the index of the label over what closes a body with nothing of the article after it.

    That is the number of blocks where there is no such label.
    """
    for index, block in enumerate(blocks):
        if len(block.text) >= 45 or not READ_ALSO.match(fold(block.text)):
            continue
        rest = (one for one in blocks[index + 1 :] if not (one.link_share > 0.6 or one.item))
        if all(is_surplus(one, fold(one.text)) for one in rest):
            return index
    return len(_until_related(blocks))


def _is_prose(text: str) -> bool:
    return len(text) > 60 or (len(text) > 20 and _SENTENCE.search(text) is not None)


def _is_caption(block: Block) -> bool:
    """Tell whether a short line stands below a picture: with it, or centred right after it."""
    if _is_under_picture(block):
        return True
    centred = _CENTRED.search(f"{block.element.get('style', '')} {block.element.get('align', '')}")
    above = block.element.getprevious()
    if not centred or above is None or len(block.text) > _CAPTION or _SENTENCE.search(block.text):
        return False
    return above.find(".//img") is not None and not above.text_content().strip()


def _is_under_picture(block: Block) -> bool:
    """Tell whether a short line that is no sentence shares its element with a picture alone."""
    if len(block.text) > _CAPTION or block.heading or _SENTENCE.search(block.text):
        return False
    if block.element.tag not in {"p", "div", "span", "center", "td"}:
        return False
    if next(block.element.iter("img"), None) is None:
        return False
    return len("".join(block.element.text_content().split())) <= len(block.text)


def _is_stamp(folded: str) -> bool:
    """Tell whether a line says only when: what dates the teaser before it, without a year too."""
    kinds = {token.kind for token in cut(folded)} if len(folded) < _LONGEST_DATE else set()
    return len(kinds) > 1 and not kinds.isdisjoint("DN")


def is_paragraph(text: str) -> bool:
    """Tell whether a line is a paragraph of whole sentences: with it the story has begun."""
    return len(text) >= _PROSE and _SENTENCE.search(text) is not None


def is_date_line(text: str) -> bool:
    """Tell whether a line is a date or an age, perhaps with reading time and counts beside it."""
    if len(text) > _LONGEST_DATE or not _COUNTED.search(text):
        return False
    rest = without_info(fold(text)).strip(" |•·-–—,،:")
    return bool(rest) and parse(rest, now=_NOW, zone=None) is not None


def _trimmed(lines: list[str]) -> list[str]:
    """Cut the initials of editors and lone dates off the end."""
    while lines and len(lines[-1]) < 80:
        if len(lines) > 1 and (
            SIGNED.match(fold(lines[-1])) or parse(lines[-1], now=None, zone=None)
        ):
            lines.pop()
            continue
        break
    return lines


_MORE = 1.4  # another reading is taken where it is so many times longer
_SHORTEST_STATED = 100  # characters of stated text that are worth taking
_PROSE_END = re.compile(r"""[.؟!?…:]["'”»)\]]*\s*$""")
_COMPARED = 3  # lines that must be found in the stated text to believe it
_BREAKS = re.compile(r"</p>|<br[^>]*>|</div>|</li>|</h\d>", re.IGNORECASE)


def _rescued(root: HtmlElement, lines: Sequence[str], stated: str | None = None) -> list[str]:
    """Return `lines`, or a longer reading of a page whose article has no sure place.

    The text that the page's JSON-LD states (`stated`) comes first: some pages show their article
    only to browsers that run scripts. Then trafilatura is asked, at several times the cost of our
    own reading; only its prose counts, for it takes lists of headlines for text.
    """
    length = sum(map(len, lines))
    if stated and len(stated) > _MORE * max(length, _SHORTEST_STATED):
        return _as_lines(stated)
    from trafilatura import bare_extraction

    document = bare_extraction(root, include_comments=False, with_metadata=False)
    text = getattr(document, "text", None) or ""
    read = [line.removeprefix("- ") for line in text.splitlines()]
    return read if _prose_in(read) > _MORE * _prose_in(lines) else list(lines)


def _unseen_lead(lines: Sequence[str], stated: str | None) -> list[str]:
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
    before = list(takewhile(lambda line: not key(line).startswith(known[0]), _as_lines(stated)))
    return before if _prose_in(before) else []


def _as_lines(stated: str) -> list[str]:
    """Return the lines of a text that may hold markup."""
    text = _BREAKS.sub("\n", stated)
    return str(html.fromstring(f"<pre>{text}</pre>").xpath("string()")).splitlines()


def _prose_in(lines: Sequence[str]) -> int:
    return sum(len(line) for line in lines if len(line) >= _PROSE and _PROSE_END.search(line))
