"""The lines inside an article's body that are not the article.

"Read also" boxes, share and follow lines, comment policy, copyright, tag lists, captions, repeated
headlines, reading time and counts. A line goes only when it is surely none of the article: its text
comes first.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from lxml import html
from lxml.html import HtmlElement

from archive.search.arabic import fold
from crawler.dates.moments import as_date
from crawler.dates.words import Precision, cut
from crawler.extract.blocks import Block, own_names, text_of
from crawler.extract.body import Layout
from crawler.extract.byline import is_signed, split_dateline
from crawler.extract.metadata import Metadata
from crawler.extract.vocabulary import (
    ends_sentence,
    is_called,
    is_info,
    is_reading_time,
    key,
    one_line,
    pattern,
    without_counters,
    without_info,
    words_of,
)

# trafilatura warns of every page it finds no text on; that is data here, not an event.
logging.getLogger("trafilatura").setLevel(logging.ERROR)

# All patterns but the last read folded text: ا for every alef, ه for ة, ي for ى, no marks, lower
# case.
READ_ALSO = pattern("boilerplate", "read_also", r"\W*(?:{})")
MAY_BEGIN = pattern("boilerplate", "may_begin", r"\W*(?:{})(?!.{0,12}[:：])")
FOLLOW = pattern("boilerplate", "follow", r"\W*(?:{})")
FOLLOWED = pattern("boilerplate", "followed", r"\W*(?:{})")
CHANNEL = pattern("boilerplate", "channel")
POLICY = pattern("boilerplate", "policy")
BOX = pattern("boilerplate", "box", r"\W*(?:{})")
SIGNED = pattern("boilerplate", "signed")
SHORT_LINES = (
    pattern("boilerplate", "tags", r"\W*(?:{})\s*(?:[:：#]|$)"),
    pattern("boilerplate", "label", r"\W*(?:{})\W*$"),
    pattern("boilerplate", "credit", r"\W*(?:{})"),
    pattern("boilerplate", "tweeted"),
)
HASHTAGS = re.compile(r"(?:\W*#\w+)+\W*")

_CENTRED = re.compile(r"text-align\s*:\s*center|^ ?center", re.IGNORECASE)
_BARE = frozenset({"p", "div", "span", "center", "td"})  # what holds a picture and its caption
_PROSE = 60  # characters of a paragraph, after which a date is one of the story's own
_LABEL = 45  # characters that the label of a list has at most
_CAPTION = 150  # characters that a caption may have
_WORD = re.compile(r"\w")
_LONGEST_DATE = 120
_COUNTED = re.compile(r"\d|منذ|قبل|ago")
_LINKED = 0.9  # so much of a line inside links makes it a link
_EARLY = 6  # blocks that may repeat other fields
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
    titles = (*metadata.titles, *metadata.bare, known[0])
    blocks = _without_teasers([*lead, *layout.body.blocks])
    blocks = [b for n, b in enumerate(blocks) if n >= _FIRST or not _is_headline(b, titles)]
    lines = paragraphs(blocks, repeated=known, timed=layout.live)
    stated, root = metadata.stated.body, layout.tree.root
    if layout.sure:
        lines = _cleaned(_unseen_lead(lines, stated), root, known) + lines
    else:
        lines = _cleaned(_rescued(root, lines, stated), root, known)
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
    """Return whether a line is a link, or a heading by its rank or by the name of its element."""
    named = is_called("title", own_names(block.element)) and text_of(block.element) == block.text
    titled = (block.heading > 1 or named) and not ends_sentence(block.text)
    return (block.link_share > _LINKED or titled) and len(block.text) < _TEASER


def _is_headline(block: Block, titles: Iterable[str]) -> bool:
    """Return whether a first line is one of the page's titles again, whole or cut short."""
    text = key(block.text)
    if ends_sentence(block.text) or len(text.split()) < _FEWEST:
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
    skipping = teaser = begun = False
    for index, block in enumerate(_until_related(blocks)):
        folded = fold(block.text).strip()
        share = block.link_share
        if skipping and (share > 0.6 or (block.element.tag == "li" and share)):
            continue
        skipping = len(folded) < _LABEL and READ_ALSO.match(folded) is not None
        if (teaser and not timed and _is_stamp(folded)) or _is_caption(block):
            continue
        teaser = share > _LINKED
        dated = index < _EARLY and not (timed or begun) and is_date_line(block.text)
        if dated or (index < _EARLY and key(block.text) in known):
            continue
        line = block.text if block.heading else _uncounted(block.text, folded, begun=begun)
        if not line or (line == block.text and is_surplus(block, folded)):
            continue
        if len(line) > _PROSE:
            words = words_of(folded if line == block.text else fold(line))
            if len(words) > _PROSE and words in seen:
                continue
            seen.add(words)
        lines.append(line)
        begun = begun or is_paragraph(line)
        teaser = False
    return _trimmed(lines)


def _uncounted(text: str, folded: str, *, begun: bool) -> str:
    """Return a line of the body without ages and counts, where it is no sentence that holds some.

    Empty where it says no more than those, and dates; beside them only who signs and a dateline
    may stand. Behind the first paragraph an age in days or more may be a label of the story's own.
    """
    if not begun and is_reading_time(folded):
        return ""
    rest = without_counters(text)
    if rest == text:
        return text
    if not _WORD.search(rest):
        age = as_date(text) if begun else None
        return text if age and age.precision in {Precision.AGE, Precision.SPAN} else ""
    if split := split_dateline(rest, first=not begun):
        return text if split[1] else rest
    pieces = [piece for piece in _PIECES.split(rest) if not is_info(fold(piece))]
    said = [piece for piece in pieces if begun or not as_date(piece)]
    return " - ".join(said) if all(map(is_signed, said)) else text


def is_surplus(block: Block, folded: str) -> bool:
    """Return whether a line of the body, given as it is and folded, is surely not the article."""
    length, linked, ended = len(folded), block.link_share, ends_sentence(block.text)
    short = length < 160
    if (short or linked > 0.3) and READ_ALSO.match(folded):
        return linked > 0.3 or not (ended and MAY_BEGIN.match(folded))
    apart = short or linked or block.element.getnext() is None
    begun = length < 60 and not ended
    return bool(
        not _WORD.search(folded)
        or (length < 260 and FOLLOW.match(folded) and (begun or CHANNEL.search(folded)))
        or (length < 100 and not ended and FOLLOWED.match(folded))
        or (length < 320 and BOX.match(folded))
        or (length < 120 and any(line.match(folded) for line in SHORT_LINES))
        or (length < 200 and not ended and linked > _LINKED)
        or (apart and POLICY.search(folded))
        or (not block.heading and is_info(folded))
        or HASHTAGS.fullmatch(block.text)
    )


def _until_related(blocks: Sequence[Block]) -> Sequence[Block]:
    """Cut off the list of other articles that closes a body: its label and all that follows."""
    total = sum(len(block.text) for block in blocks)
    passed = 0
    for index, block in enumerate(blocks):
        if passed > total * _LATE and _is_label(block):
            rest = blocks[index + 1 :]
            listed = sum(
                other.link_share > 0.6 and not READ_ALSO.match(fold(other.text)) for other in rest
            )
            prose = sum(other.link_share < 0.3 and _is_prose(other.text) for other in rest)
            if not prose or listed >= max(3, prose):
                return blocks[:index]
        passed += len(block.text)
    return blocks


def _is_label(block: Block) -> bool:
    return len(block.text) < _LABEL and READ_ALSO.match(fold(block.text)) is not None


def closing(blocks: Sequence[Block]) -> int:
    """Return the index of the label over what closes a body with nothing of the article after it.

    That is the number of blocks where there is no such label.
    """
    for index in (index for index, block in enumerate(blocks) if _is_label(block)):
        rest = (b for b in blocks[index + 1 :] if not (b.link_share > 0.6 or b.element.tag == "li"))
        if all(is_surplus(block, fold(block.text)) for block in rest):
            return index
    return len(_until_related(blocks))


def _is_prose(text: str) -> bool:
    return len(text) > 60 or (len(text) > 20 and ends_sentence(text))


def _is_caption(block: Block) -> bool:
    """Return whether a short line stands below a picture: with it, or centred right after it."""
    element, above = block.element, block.element.getprevious()
    if len(block.text) > _CAPTION or ends_sentence(block.text):
        return False
    if element.tag in _BARE and not block.heading and _shows_image(element):
        return len("".join(element.text_content().split())) <= len(block.text)
    centred = _CENTRED.search(f"{element.get('style', '')} {element.get('align', '')}")
    shown = centred and above is not None and _shows_image(above)
    return bool(shown) and not above.text_content().strip()


def _shows_image(element: HtmlElement) -> bool:
    return next(element.iter("img"), None) is not None


def _is_stamp(folded: str) -> bool:
    """Return whether a line says only when: what dates the teaser before it, without a year too."""
    kinds = {token.kind for token in cut(folded)} if len(folded) < _LONGEST_DATE else set()
    return len(kinds) > 1 and not kinds.isdisjoint("DN")


def is_paragraph(text: str) -> bool:
    """Return whether a line is a paragraph of whole sentences: with it the story has begun."""
    return len(text) >= _PROSE and ends_sentence(text)


def is_date_line(text: str) -> bool:
    """Return whether a line is a date or an age, perhaps with reading time and counts beside it."""
    if len(text) > _LONGEST_DATE or not _COUNTED.search(text):
        return False
    rests = (without_info(fold(text)), without_info(fold(without_counters(text))))
    stripped = {rest.strip(" |•·-–—,،:()") for rest in rests} - {""}
    return any(map(as_date, stripped))


def _trimmed(lines: list[str]) -> list[str]:
    """Cut the initials of editors, lone dates and ages off the end."""
    while (
        len(lines) > 1
        and len(lines[-1]) < 80
        and (SIGNED.match(fold(lines[-1])) or as_date(lines[-1]))
    ):
        lines.pop()
    return lines


_MORE = 1.4  # another reading is taken where it is so many times longer
_PROSE_SHARE = 0.5  # of another reading that is an article, and not the whole of its page
_SHORTEST_STATED = 100  # characters of stated text that are worth taking
_COMPARED = 3  # lines that must be found in the stated text to believe it
_BREAKS = re.compile(r"</p>|<br[^>]*>|</div>|</li>|</h\d>", re.IGNORECASE)


def _rescued(root: HtmlElement, lines: Sequence[str], stated: str | None = None) -> list[str]:
    """Return `lines`, or a longer reading of a page whose article has no sure place.

    The text that the page's JSON-LD states (`stated`) comes first: some pages show their article
    only to browsers that run scripts. Then trafilatura is asked, at several times the cost of our
    own reading; only its prose counts, for it takes lists of headlines for text, and
    where it finds no article the whole page.
    """
    length = sum(map(len, lines))
    if stated and len(stated) > _MORE * max(length, _SHORTEST_STATED):
        return _as_lines(stated)
    from trafilatura import bare_extraction

    document = bare_extraction(root, include_comments=False, with_metadata=False)
    text = getattr(document, "text", None) or ""
    read = [line.removeprefix("- ") for line in text.splitlines()]
    prose = _prose_in(read)
    mostly = prose > sum(map(len, read)) * _PROSE_SHARE
    return read if mostly and prose > _MORE * _prose_in(lines) else list(lines)


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
    return sum(len(line) for line in lines if len(line) >= _PROSE and ends_sentence(line, ":"))
