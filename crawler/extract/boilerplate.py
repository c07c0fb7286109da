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
from crawler.dates.moments import Precision, parse
from crawler.dates.words import cut
from crawler.extract.blocks import Block
from crawler.extract.body import Layout
from crawler.extract.byline import is_signed, split_dateline
from crawler.extract.metadata import Metadata
from crawler.extract.vocabulary import (
    is_info,
    is_reading_time,
    key,
    one_line,
    pattern,
    without_counters,
    without_info,
)

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


_CENTRED = re.compile(r"text-align\s*:\s*center|^ ?center", re.IGNORECASE)
_PROSE = 60  # characters of a paragraph, after which a date is one of the story's own
_CAPTION = 150  # characters that a caption may have
_WORD = re.compile(r"\w")
_NOW = datetime(2000, 1, 1, tzinfo=UTC)
_SENTENCE = re.compile(r"""[.؟!?…]["'”»)\]]*\s*$""")
_LONGEST_DATE = 120
_COUNTED = re.compile(r"\d|منذ|قبل|ago")
_LINKED = 0.9  # so much of a line inside links makes it a link
_FIRST = 3  # lines that may be the headline again
_FEWEST = 4  # words of a headline that are compared
_TEASER = 200  # characters of the headline of another article
_PIECES = re.compile(r"\s*[|•·]\s*|\s+[-–—/]\s+")
_LATE = 0.65  # lists of related articles are looked for after this share of the text


def read_text(
    layout: Layout, metadata: Metadata, lead: Sequence[Block], known: Sequence[str]
) -> list[str]:
    """Return the lines of an article: its body, after the `lead` that stands before it.

    `known` are the headline and the standfirst. What the page states as its text, or trafilatura,
    helps where the place of the article is in doubt.
    """
    titles = (*metadata.titles, *metadata.bare)
    blocks = _without_teasers([*lead, *layout.body.blocks])
    blocks = [b for n, b in enumerate(blocks) if n >= _FIRST or not _is_headline(b, titles)]
    lines = paragraphs(blocks, repeated=known, timed=layout.live)
    stated = metadata.stated.body
    if layout.sure:
        lines = _cleaned(_unseen_lead(lines, stated), layout.root, known) + lines
    else:
        lines = _cleaned(_rescued(layout.root, lines, stated), layout.root, known)
    return [line for line in map(one_line, lines) if line]


def _without_teasers(blocks: Sequence[Block]) -> Sequence[Block]:
    """Return blocks without the headlines of other articles that stand behind the last paragraph.

    One linked line may be a sentence that closes the story; two headlines in a row are none.
    """
    end = len(blocks)
    while end and _is_teaser(blocks[end - 1]):
        end -= 1
    return blocks[:end] if 0 < end < len(blocks) - 1 else blocks


def _is_teaser(block: Block) -> bool:
    linked = block.link_share > _LINKED
    titled = block.heading > 1 and _SENTENCE.search(block.text) is None
    return (linked or titled) and len(block.text) < _TEASER


def _is_headline(block: Block, titles: Iterable[str]) -> bool:
    """Tell whether a first line is one of the page's titles again, whole or cut short."""
    text = key(block.text)
    if _SENTENCE.search(block.text) or len(text.split()) < _FEWEST:
        return False
    stated = (key(title) for title in titles)
    return any(
        (text == title or text.startswith(f"{title} ") or title.startswith(f"{text} "))
        for title in stated
        if len(title.split()) >= _FEWEST and len(text) < len(title) * 2
    )


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
        if stamp or (index < 6 and key(block.text) in known):
            continue
        line = block.text if block.heading else _uncounted(block.text, folded, begun=begun)
        if not line or (line == block.text and is_surplus(block, folded)):
            continue
        words = key(line)
        if len(words) > 60 and words in seen:
            continue
        teaser = False
        seen.add(words)
        lines.append(line)
    return _trimmed(lines)


def _uncounted(text: str, folded: str, *, begun: bool) -> str:
    """Return a line of the body without ages and counts, where it is no sentence that holds some.

    Empty where it says no more than those, and dates; beside them only who signs and a dateline
    may stand. Behind the first paragraph an age in days or more may be a label of the story's own.
    """
    rest = without_counters(text)
    if rest == text:
        return "" if not begun and is_reading_time(folded) else text
    if not _WORD.search(rest):
        age = parse(text, now=_NOW, zone=None) if begun else None
        return text if age and age.precision in {Precision.AGE, Precision.SPAN} else ""
    if split := split_dateline(rest, first=not begun):
        return text if split[1] else rest
    pieces = [piece for piece in _PIECES.split(rest) if not is_info(fold(piece))]
    said = [piece for piece in pieces if begun or not parse(piece, now=_NOW, zone=None)]
    return " - ".join(said) if all(map(is_signed, said)) else text


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
    rests = (without_info(fold(text)), without_info(fold(without_counters(text))))
    stripped = {rest.strip(" |•·-–—,،:()") for rest in rests} - {""}
    return any(parse(rest, now=_NOW, zone=None) for rest in stripped)


def _trimmed(lines: list[str]) -> list[str]:
    """Cut the initials of editors, lone dates and ages off the end."""
    while lines and len(lines[-1]) < 80:
        if len(lines) > 1 and (
            SIGNED.match(fold(lines[-1])) or parse(lines[-1], now=_NOW, zone=None)
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
