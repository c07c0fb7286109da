"""Stop 8: what a page prints as its byline becomes the names of people and agencies, or nothing."""

import re
from collections.abc import Iterable, Sequence

from archive.search.arabic import fold, tidy
from crawler.article.datelines import is_agency, is_place
from crawler.article.people import is_person
from crawler.article.writers import CLOSING, is_label, key_of, name_of

_SIGNED = re.compile(
    r"\W*(?:(?:كتب|كتبت|بقلم)\b|(?:اعداد|اعده|اعدته|حوار|حاوره|حاورته|تقرير|تحقيق|متابعه|ترجمه|"
    r"تحرير|تغطيه)(?: \w+)?\s*(?P<mark>[:：/\-–—|])|(?:اعداد|حوار|تقرير|تحقيق|متابعه|ترجمه)\b)"
)
_SPLIT = re.compile(r"\s*(?:[,،;؛|/&+•·–—()\[\]]|\s-\s|\s-|-\s|\sو\s|\sand\s|\set\s|\n)\s*")
_MARKS = re.compile(r"\s*(?:[/()\[\]|–—]|\s-|-\s)\s*")  # what parts a name from its place
_ADDRESS = re.compile(r"\S+@\S+|https?:\S*|www\.\S+|@\w+")
# Names that begin with waw: elsewhere a waw before the second name of a list is "and".
_WAW_NAMES = frozenset(
    [
        "وليد",
        "وائل",
        "وايل",
        "وسام",
        "وفاء",
        "وداد",
        "وجدي",
        "وحيد",
        "ورد",
        "ورده",
        "وهبه",
        "وهيب",
        "وهبي",
        "وديع",
        "واصف",
        "وجيه",
        "وضاح",
        "وعد",
        "وصال",
        "والي",
        "ونوس",
        "وهدان",
        "وفيق",
        "وفيقه",
        "وطفه",
        "واكد",
        "وازن",
        "وسيم",
        "وسن",
        "وئام",
        "ويليام",
        "ويل",
        "والتر",
        "وديان",
        "وعري",
        "وصفي",
        "وحش",
        "ودود",
        "وقاص",
        "وضحي",
        "والد",
        "وسوف",
    ]
)
_SENTENCE = CLOSING - {"في"}  # words by which a line that begins like a byline goes on
_MOST = 8
_WROTE = frozenset({"كتب", "كتبت", "بقلم"})
_HEAD = re.compile(r"\s*([^-–—:/|]{2,30}?)\s*[-–—:/|]")
_GOES_ON = (".", "،", "؟", "!", "…")


def names(printed: str, *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the people and agencies that a printed byline names, in order.

    Verbs, places, dates, roles, e-mail addresses and system accounts are left out, and so is
    whoever is in `without` (the folded names of the newspaper itself). Empty if nobody is left.
    """
    text = _ADDRESS.sub(" ", tidy(printed)).strip()
    if not text or len(text) > 200:
        return ()
    place, colon, rest = text.partition(":")
    if colon and is_person(rest.split()) and len(place.split()) <= 3 and not is_label(place):
        text = rest
    groups = [[name_of(part, without) for part in _parts(group)] for group in _MARKS.split(text)]
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


def signature(line: str, *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the names of a line of the text that is nothing but a byline.

    «كتب: فلان» and «تقرير فلان», or, before a person, the newspaper itself, an agency or a place:
    «الجريدة - فلان». Only a short line counts, and only names of two to four words; without a
    verb of writing or a mark after it, they must begin with a known given name.
    """
    folded = fold(line)
    if len(line) > 70 or line.rstrip().endswith(_GOES_ON):
        return ()
    if not _SENTENCE.isdisjoint(folded.split()):
        return ()
    verb = _SIGNED.match(folded)
    if not verb and not _is_headed(line, without):
        return ()
    found = names(line, without=without)
    people = [name for name in found if not is_agency(name)]
    if not all(2 <= len(name.split()) <= 4 for name in people or found):
        return ()
    certain = verb and (verb["mark"] or folded.split()[0].strip(":/-") in _WROTE)
    return found if certain or all(is_person(name.split()) for name in people or found) else ()


def _is_headed(line: str, without: frozenset[str]) -> bool:
    """Tell whether the newspaper's name, an agency or a place stands before a mark."""
    match = _HEAD.match(line)
    head = match[1] if match else ""
    parts = [part.strip() for part in _MARKS.split(line)]
    if len(parts) > 2 and is_agency(parts[-1]) and is_person(parts[-2].split()):
        return True
    own = len(head) > 3 and any(name.startswith(key_of(fold(head))) for name in without)
    return own or (bool(head) and (is_agency(head) or is_place(head)))


def is_named(text: str) -> bool:
    """Tell whether a text is the name of one known agency or of a person with a known name."""
    return bool(text) and (is_agency(text) or is_person(text.split()))


def is_placed_name(text: str) -> bool:
    """Tell whether a line is one known person's name of two to four words, or that and a place."""
    parts = [part.split() for part in _MARKS.split(text) if part.strip()]
    people = [words for words in parts if is_person(words) and 2 <= len(words) <= 4]
    rest = [words for words in parts if words not in people]
    plain = not any(char.isdigit() or char in ".،؟!:" for char in text)
    return plain and len(people) == 1 and len(rest) <= 1 and all(len(words) <= 3 for words in rest)


def as_line(authors: Sequence[str]) -> str | None:
    """Return several names as one readable string, None for nobody."""
    latin = all(name.isascii() for name in authors)
    return (", " if latin else " و").join(authors) or None


def _parts(text: str) -> Iterable[str]:
    """Split a byline into what may be one name each."""
    for part in _SPLIT.split(text.strip(" .:-–—|()[]")):
        words = part.split()
        cut = next(
            (
                index
                for index, word in enumerate(words)
                if index >= 2
                and word.startswith("و")
                and len(word) > 3
                and (len(words) - index >= 2 or is_agency(word[1:]))
                and (fold(word) not in _WAW_NAMES or is_person([word[1:]]))
            ),
            None,
        )
        if cut is None:
            yield part
        else:
            yield " ".join(words[:cut])
            yield " ".join([words[cut][1:], *words[cut + 1 :]])
