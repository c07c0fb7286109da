"""The dateline of a report: place and agency as printed before its first sentence."""

import re
from collections.abc import Sequence

from archive.search.arabic import fold
from crawler.dates.words import HIJRI_MONTHS, MONTHS, WEEKDAYS
from crawler.extract.counters import without_counters
from crawler.extract.vocabulary import is_agency, is_person, is_place, words

# What opens a sentence someone said, where a paper's name might stand: «القاهرة - الرئيس: …».
_SPEAKERS = frozenset(words("names", "speakers"))
_MONTH = "|".join(map(re.escape, sorted(MONTHS | HIJRI_MONTHS, key=len, reverse=True)))
_DAY = "|".join(map(re.escape, WEEKDAYS))
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
    """Tell whether a line is a dateline; `closed` tells that a mark ends it, and no mere dash.

    `alone` tells that it is a whole paragraph: «الجريدة – مدينة ما» is one there.
    """
    if len(line) > _LONGEST:
        return False
    undated = _DATE.sub(" - ", fold(line))
    pieces = [piece for piece in _PIECES.split(undated.strip()) if piece.strip()]
    agencies = [is_agency(piece) and piece not in names for piece in pieces]
    known = [is_place(p) or a or p in names for p, a in zip(pieces, agencies, strict=True)]
    if any(agencies) and len(pieces) == 2 and not known[0] and known[1]:
        return 1 <= len(pieces[0].split()) <= 2
    if line.endswith(")") and known == [False, True] and pieces[1] in names:
        return 1 <= len(pieces[0].split()) <= 2
    if alone and known == [True, False] and pieces[0] in names:
        return 1 <= len(pieces[1].split()) <= 2 and not is_person(pieces[1].split())
    if closed and known == [True, False] and is_place(pieces[0]):
        return _PAPER.fullmatch(pieces[1]) is not None and pieces[1].split()[0] not in _SPEAKERS
    return all(known) and (any(agencies) or any(map(is_place, pieces)))


def without_dateline(
    lines: Sequence[str], likely: frozenset[str]
) -> tuple[Sequence[str], str | None]:
    """Return the lines of a text without a first one that is a dateline alone; and its dateline."""
    split = split_dateline(lines[0], likely, first=True) if lines else None
    if split is None:
        return lines, None
    return (lines if split[1] else lines[1:]), split[0]
