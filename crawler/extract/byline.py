"""Who signs an article, and from where: its byline becomes names, its first line a dateline.

A byline gives names of people and agencies, or nothing; a dateline is the place and the agency
printed before the first sentence of a report.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from archive.search.arabic import fold, tidy
from crawler.dates.moments import as_date
from crawler.dates.words import any_of, spellings
from crawler.extract.body import Layout
from crawler.extract.metadata import Metadata
from crawler.extract.vocabulary import (
    UNNAMED,
    alternatives,
    ends_sentence,
    is_agency,
    is_person,
    is_place,
    key,
    one_line,
    pattern,
    without_counters,
    words,
    words_of,
)

# Verbs and labels before a name, folded.
_ANY_VERB = any_of(map(fold, words("byline", "verbs")))
_VERB = re.compile(rf"\W*(?:{_ANY_VERB})(?: و(?:{_ANY_VERB}))?(?:\s*[:：/\-–—ـ|.،]+\s*|\s+|$)")
_NOT_WRITERS = pattern("byline", "not_writers", r"\W*(?:{})\b")
_ROLES = pattern("byline", "roles", r"(?:^|\s)(?:{})(?:\s|$)")
_ACCOUNTS = pattern("byline", "accounts", r"(?:{})(?:[\W_]*\d+)?")
# Labels that say what someone is: what follows one may be the field, «المحرر السياسي».
_POSITION = pattern("byline", "positions", r"\W*(?:من )?(?:ال)?(?:{})(?:نا|تنا)?\b")
_WEEKDAYS = spellings("W")
_OPENING = frozenset(map(fold, words("byline", "no_names")))  # words no name begins with
# Words that end a name, folded.
CLOSING = frozenset(words("byline", "closing"))
_OWN = pattern("byline", "own", r"\b(?:{})\b")
_MARKED = re.compile(r"[:：/|]+")
_NAME = re.compile(r"[^\W\d_][\w .’'`\-\u064b-\u0652ـ]*", re.UNICODE)


def _name_of(part: str, without: frozenset[str]) -> str | None:
    """Return the name in one part of a byline; None if it is no person and no agency.

    `without` holds the keys of what the newspaper itself is called.
    """
    printed = part.strip(" .:،*\"'«»“”()[]")
    if _NOT_WRITERS.match(fold(printed).strip()):
        return None
    name = _within(_unlabelled(printed))
    folded = fold(name).strip()
    if not _NAME.fullmatch(name) or _ACCOUNTS.fullmatch(folded) or _is_own(folded, without):
        return None
    if is_agency(name):
        return None if folded in UNNAMED else name
    words = name.split()
    if is_place(name) or folded in _WEEKDAYS or len(name) > 50 or len(words) > 6:
        return None
    positioned = _POSITION.match(fold(printed)) is not None
    likely = is_person(words) or _may_be_name(words, positioned=positioned)
    return name if likely and not as_date(name) else None


def _is_label(text: str) -> bool:
    """Return whether a text begins with a word for what someone did."""
    folded = fold(text).strip()
    return bool(_NOT_WRITERS.match(folded) or _VERB.match(folded))


def _unlabelled(name: str) -> str:
    """Return a part of a byline without the verbs and labels it begins with."""
    for _ in range(3):
        folded = fold(name)
        if not (match := _VERB.match(folded)):
            break
        left = len(folded[match.end() :].split())
        words = _MARKED.sub(" ", name).split()
        name = " ".join(words[-left:] if left else ()).strip(" -–—ـ.،")
    return name


def _within(name: str) -> str:
    """Return the beginning of a part that is the name: before a role, a place or a date."""
    words, role = name.split(), _ROLES.search(fold(name))
    if role:
        words = words[: len(fold(name)[: role.start()].split())]
    rest = takewhile(lambda w: fold(w) not in CLOSING and not any(map(str.isdigit, w)), words[1:])
    return " ".join([*words[:1], *rest])


def _may_be_name(words: list[str], *, positioned: bool) -> bool:
    """Return whether words that begin with no known given name may be somebody's name after all."""
    first, name = fold(words[0]), " ".join(words)
    if first in _OPENING or len(name) < 3 or (name.isascii() and name.islower()):
        return False
    if all(len(word.strip(".")) <= 2 for word in words):  # initials
        return False
    if len(words) == 1 and not name.isascii():
        return False
    return not (positioned and first.startswith("ال"))


def _is_own(folded: str, without: frozenset[str]) -> bool:
    """Return whether a name is the newspaper's own, or one of its desks'."""
    own = words_of(folded)
    bare = words_of(_OWN.sub(" ", folded))
    compact = own.replace(" ", "")
    inside = len(compact) > 4 and any(compact in known for known in without)
    return inside or own in without or bare in without


_SIGNED = re.compile(
    rf"\W*(?:(?P<wrote>{alternatives('byline', 'wrote')})\b"
    rf"|(?:{alternatives('byline', 'marked')})(?: \w+)?\s*(?P<mark>[:：/\-–—|])"
    rf"|(?:{alternatives('byline', 'signs')})\b)"
)
_SPLIT = re.compile(r"\s*(?:[,،;؛|/&+•·–—()\[\]]|\s-\s|\s-|-\s|\sو\s|\sand\s|\set\s|\n)\s*")
_MARKS = re.compile(r"\s*(?:[/()\[\]|–—]|\s-|-\s)\s*")  # what parts a name from its place
_ADDRESS = re.compile(r"\S+@\S+|https?:\S*|www\.\S+|@\w+")
# Names that begin with waw: elsewhere a waw before the second name of a list is "and".
_WAW_NAMES = frozenset(words("byline", "with_waw"))
_SENTENCE = CLOSING - {"في"}  # words by which a line that begins like a byline goes on
_MOST = 8
_LONGEST_SIGNED = 7  # words of a line that signs
_HEAD = re.compile(r"\s*([^-–—:/|]{2,30}?)\s*[-–—:/|]")


def names(printed: str, *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the people and agencies that a printed byline names, in order.

    Verbs, places, dates, roles, e-mail addresses, system accounts and desks («هيئة التحرير», which
    is nobody) are left out, and so is whoever is in `without` (the folded names of the newspaper
    itself). Empty if nobody is left.
    """
    text = without_counters(_ADDRESS.sub(" ", tidy(printed)).strip())
    if not text or len(text) > 200:
        return ()
    place, colon, rest = text.partition(":")
    if colon and is_person(rest.split()) and len(place.split()) <= 3 and not _is_label(place):
        text = rest
    groups = [[_name_of(part, without) for part in _parts(group)] for group in _MARKS.split(text)]
    named = _placeless([[name for name in group if name] for group in groups])
    return tuple(dict.fromkeys(name for group in named for name in group))[:_MOST]


def _placeless(groups: list[list[str]]) -> list[list[str]]:
    """Return the names between marks without a place nobody knows: «بلدة ما - فلان»."""
    people = [any(is_person(n.split()) or is_agency(n) for n in group) for group in groups]
    if not any(people):
        return groups
    first = people.index(True)
    return [
        group
        for place, group in enumerate(groups)
        if people[place] or (place > first and any(" " in name for name in group))
    ]


@lru_cache(maxsize=4096)
def signature(line: str, *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the names of a line of the text that is nothing but a byline.

    «كتب: فلان» and «تقرير فلان», or, before a person, the newspaper itself, an agency or a place:
    «الجريدة - فلان». Only a short line counts, and only names of two to four words; without a
    verb of writing or a mark after it, they must begin with a known given name.
    """
    folded = fold(line)
    if len(line) > 70 or _goes_on(line):
        return ()
    verb = _SIGNED.match(folded)
    if not verb and not _is_headed(line, without):
        return ()
    found = names(line, without=without)
    people = [name.split() for name in found if not is_agency(name)] or [n.split() for n in found]
    if not all(2 <= len(words) <= 4 for words in people):
        return ()
    certain = verb and (verb["mark"] or verb["wrote"])
    return found if certain or all(map(is_person, people)) else ()


def _goes_on(line: str) -> bool:
    """Return whether a line that begins like a byline is a sentence, or a part of one."""
    return ends_sentence(line, "،") or not _SENTENCE.isdisjoint(fold(line).split())


def _is_headed(line: str, without: frozenset[str]) -> bool:
    """Return whether the newspaper's name, an agency or a place stands before a mark."""
    match = _HEAD.match(line)
    head = match[1] if match else ""
    parts = [part.strip() for part in _MARKS.split(line)]
    if len(parts) > 2 and is_agency(parts[-1]) and is_person(parts[-2].split()):
        return True
    own = len(head) > 3 and any(name.startswith(key(head)) for name in without)
    return own or (bool(head) and (is_agency(head) or is_place(head)))


def is_signed(text: str) -> bool:
    """Return whether a short text beside an age says who wrote: with a verb, or a known name."""
    if len(text.split()) > _LONGEST_SIGNED or _goes_on(text):
        return False
    return bool(signature(text)) or is_named(text) or (_is_label(text) and bool(names(text)))


def is_named(text: str) -> bool:
    """Return whether a text is the name of one known agency or of a person with a known name."""
    return bool(text) and (is_agency(text) or is_person(text.split()))


def is_placed_name(text: str) -> bool:
    """Return whether a line is one known person's name of 2 to 4 words, or that and a place."""
    parts = [part.split() for part in _MARKS.split(text) if part.strip()]
    people = [words for words in parts if is_person(words) and 2 <= len(words) <= 4]
    rest = [words for words in parts if words not in people]
    plain = not any(char.isdigit() or char in ".،؟!:" for char in text)
    return plain and len(people) == 1 and len(rest) <= 1 and all(len(words) <= 3 for words in rest)


def as_line(authors: Sequence[str]) -> str | None:
    """Return several names as one readable string, None for nobody."""
    latin = all(name.isascii() for name in authors)
    return (", " if latin else " و").join(authors) or None


def _parts(text: str) -> Iterator[str]:
    """Split a byline into what may be one name each."""
    for part in _SPLIT.split(text.strip(" .:-–—|()[]")):
        words = part.split()
        for index, word in enumerate(words):
            named = fold(word) not in _WAW_NAMES or is_person([word[1:]])
            if index < 2 or len(word) < 4 or not word.startswith("و") or not named:
                continue
            if index + 1 < len(words) or is_agency(word[1:]):
                yield " ".join(words[:index])
                words = [word[1:], *words[index + 1 :]]
                break
        yield " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The lines of an article without those that sign it; who does, and where that stands."""

    lines: tuple[str, ...]
    authors: tuple[str, ...] = ()
    byline_from: str | None = None


_LABEL = 12  # characters that a line may hold besides the names it repeats


def read_byline(
    lines: Sequence[str], layout: Layout, metadata: Metadata, printed: Sequence[str]
) -> Signed:
    """Return who signs an article: a line of its text, or the most trusted byline around it.

    `printed` are the bylines around its headline.
    """
    kept = list(lines)
    authors: tuple[str, ...] = ()
    for place in (0, 1, 2, -1, -2):  # the lines that may sign it
        if -len(kept) <= place < len(kept) and (
            authors := signature(kept[place], without=layout.likely)
        ):
            del kept[place]
            break
    source: str | None = "text"
    if not authors or metadata.selected.byline:
        authors, source = _stated(layout, metadata, printed)
    if not authors and _is_closed_by_name(kept):
        authors, source = (kept.pop(),), "text"
    return Signed(lines=tuple(_unsigned(kept, authors)), authors=authors, byline_from=source)


def _stated(
    layout: Layout, metadata: Metadata, printed: Sequence[str]
) -> tuple[tuple[str, ...], str | None]:
    """Return the names of the most trusted byline that holds any, and where it stands."""
    stated, selected, hints = metadata.stated, metadata.selected, metadata.hints
    sources = [("rules", selected.byline)] if selected.byline else []
    sources += stated.authors
    sources += [("byline", text) for text in printed]
    sources += [("meta", text) for text in stated.owners if _is_shown(one_line(text), layout)]
    sources += [("feed", hints.author)] if hints and hints.author else []
    for source, text in sources:
        if found := names(one_line(text), without=layout.likely):
            return found, source
    return (), None


def _is_shown(owner: str, layout: Layout) -> bool:
    """Return whether what the plain author tag holds is a person, or stands on the page to read."""
    shown = (block.text for block in layout.blocks)
    return is_person(owner.split()) or (bool(owner) and any(owner in text for text in shown))


def _is_closed_by_name(lines: Sequence[str]) -> bool:
    """Return whether the last line is a person's name and nothing else, after a whole sentence."""
    if len(lines) < 3 or not ends_sentence(lines[-2]):
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
            if rest != line and len(rest) <= _LABEL and not ends_sentence(lines[index]):
                del lines[index]
    return lines


# What opens a sentence someone said, where a paper's name might stand: «القاهرة - الرئيس: …».
_SPEAKERS = frozenset(words("names", "speakers"))
_MONTH = any_of(spellings("MH"))
_DAY = any_of(_WEEKDAYS)
# The day that agencies print in their datelines, folded, with or without its year.
_DATE = re.compile(
    rf"[\s،,]+(?:(?:في|يوم)\s+)?(?:(?:{_DAY})[\s،,]*)?"
    rf"(?:\d{{1,2}}\s*(?:{_MONTH})(?:\s*/\s*(?:{_MONTH}))?(?:[\s،,]+\d{{4}})?|(?:{_DAY})(?!\w)"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}})(?:\s*(?:ه|م|هجري|ميلادي)(?!\w))?(?:\s+الموافق(?:\s*ل)?)?"
)
_CUT = re.compile(r"\s*(?:[:：]|(?<=[\s)\]])[-–—ـ]{1,2}(?=\s)|\.{2,3}|…)\s*")
_PIECES = re.compile(r"\s*(?:[\-–—ـ/،,|()\[\]«»\"“”:]|\s{2,})+\s*")
_PAPER = re.compile(r"ال\w{3,9}|(?:صحيفه|وكاله|جريده|موقع|شبكه|قناه) \w+(?: \w+)?")
_LONGEST = 80


@lru_cache(maxsize=1024)
def split_dateline(
    paragraph: str, names: frozenset[str] = frozenset(), *, first: bool = False
) -> tuple[str, str] | None:
    """Split a paragraph into its dateline and what follows it; None where it has no dateline.

    A dateline is made of places and agencies only (and of `names`, the folded names of the
    newspaper, and of days), a place or agency among them: «بيروت - رويترز:», «دمشق، سوريا (CNN)
    --», «عمّان 11 تشرين الثاني (بترا) --». A place that is not known counts before an agency that
    is, and a paper or agency that is not known after a place that is: «بيروت - الأخبار:».
    `first` tells that the text begins with it, and nobody is named in it: there a newspaper's own
    name makes a place of what stands beside it.
    """
    if _is_dateline(paragraph, names, closed=True, alone=first):
        return paragraph.strip(" :-–—"), ""
    found = None
    for cut in _CUT.finditer(paragraph[: _LONGEST + 20]):
        line = without_counters(paragraph[: cut.start()])
        if _is_dateline(line, names, closed=":" in cut.group() or line.endswith(")")):
            found = line.strip(), paragraph[cut.end() :].strip()
    return found


def day_of(dateline: str) -> str | None:
    """Return the day that a dateline prints, folded; it may lack its year."""
    match = _DATE.search(fold(dateline))
    return match.group().strip(" ،,") if match else None


def _is_dateline(line: str, names: frozenset[str], *, closed: bool, alone: bool = False) -> bool:
    """Return whether a line is a dateline; `closed` tells that a mark ends it, and no mere dash.

    `alone` tells that it is a whole paragraph: «الجريدة – مدينة ما» is one there.
    """
    if len(line) > _LONGEST:
        return False
    pieces = [p for p in _PIECES.split(_DATE.sub(" - ", fold(line)).strip()) if p.strip()]
    agencies = [is_agency(piece) and piece not in names for piece in pieces]
    known = [is_place(p) or a or p in names for p, a in zip(pieces, agencies, strict=True)]
    if known == [False, True]:
        proven = agencies[1] or (line.endswith(")") and pieces[1] in names)
        return proven and len(pieces[0].split()) <= 2
    if known == [True, False]:
        other = pieces[1].split()
        if alone and pieces[0] in names:
            return len(other) <= 2 and not is_person(other)
        paper = _PAPER.fullmatch(pieces[1]) is not None and other[0] not in _SPEAKERS
        return closed and paper and is_place(pieces[0])
    return all(known) and (any(agencies) or any(map(is_place, pieces)))


def without_dateline(
    lines: Sequence[str], likely: frozenset[str]
) -> tuple[Sequence[str], str | None]:
    """Return the lines of a text without a first one that is a dateline alone; and its dateline."""
    split = split_dateline(lines[0], likely, first=True) if lines else None
    if split is None:
        return lines, None
    return (lines if split[1] else lines[1:]), split[0]
