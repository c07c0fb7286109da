"""The words of `words/*.toml`, and the questions that every stage asks of a text.

What it is made of: names, places and agencies; the language it is in; the counters around it. Ages,
reading times, counts of words and readers change from visit to visit («منذ 4 ساعات», «1,204
مشاهدة»): nobody wrote them, so they belong to no text, no byline and no dateline. A line is made
of them where nothing is left once they are taken out.
"""

import re
import tomllib
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from archive.search.arabic import fold, tidy
from crawler.dates.words import AGE

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")  # where camel case joins two words
_WORD = re.compile(r"\w+")
_WORDS = Path(__file__).parent / "words"
_NAMED = re.compile(r"\{([a-z]+)\}")


@cache
def table(name: str) -> dict[str, Any]:
    """Return what `words/NAME.toml` holds."""
    return tomllib.loads((_WORDS / f"{name}.toml").read_text("utf-8"))


def words(name: str, *keys: str) -> tuple[str, ...]:
    """Return a list of `words/NAME.toml`; a text there is the list of its words, _ for a blank."""
    value: Any = table(name)
    for each in keys:
        value = value[each]
    if isinstance(value, str):
        return tuple(word.replace("_", " ") for word in value.split())
    return tuple(value)


def alternatives(name: str, *keys: str) -> str:
    """Return a list of regular expressions as one, in no group; {KEY} stands for another list."""
    whole = "|".join(words(name, *keys))
    return _NAMED.sub(lambda match: f"(?:{alternatives(name, match[1])})", whole)


def pattern(name: str, key: str, form: str = "{}", flags: int = 0) -> re.Pattern[str]:
    """Return a list of regular expressions as one; in `form`, {} stands for them.

    A list inside a table is named with it: `attributes.dated`.
    """
    return re.compile(form.replace("{}", alternatives(name, *key.split("."))), flags)


@lru_cache(maxsize=20_000)  # the elements of all pages of a newspaper have the same names
def is_called(key: str, names: str) -> bool:
    """Return whether one of a list of `words/classes.toml` is among the names of an element."""
    return _class_pattern(key).search(CAMEL.sub("-", names)) is not None


@cache
def _class_pattern(key: str) -> re.Pattern[str]:
    return pattern("classes", key, r"(?:^|[\s_-])(?:{})(?=$|[\s_-])", re.IGNORECASE)


def one_line(text: str) -> str:
    """Return `text` as the archive stores it, on one line and without blanks at its ends."""
    return " ".join(tidy(text).split())


def words_of(folded: str) -> str:
    """Return the words of a folded text, with one blank between two."""
    return " ".join(_WORD.findall(folded))


@lru_cache(maxsize=4096)  # menus and tickers are the same on every page of a newspaper
def key(text: str) -> str:
    """Return what two spellings of one headline have in common: its folded words."""
    return words_of(fold(text))


def ends_sentence(text: str, more: str = "") -> bool:
    """Return whether a text ends like a sentence, or with one of `more` marks, quoted or not."""
    last = text.rstrip().rstrip("\"'”»)]")[-1:]
    return bool(last) and last in f".؟!?…{more}"


_TITLES = frozenset({"د", "م", "ا"})
GIVEN = frozenset(map(fold, words("names", "given")))


def is_person(names: list[str]) -> bool:
    """Return whether the first of some words is a given name, titles like د. passed over."""
    kept = [name for name in names if not name.endswith(".") and fold(name) not in _TITLES]
    return bool(kept) and fold(kept[0]) in GIVEN


PLACES = frozenset(map(fold, words("names", "places")))

AGENCIES = frozenset(fold(name).strip() for name in words("names", "agencies"))
# What says only that agencies reported.
UNNAMED = frozenset(words("names", "unnamed"))

_AGENCY_LIKE = pattern("names", "agency_like")
_SPACED = re.compile(r"[\s.]+")


def is_place(text: str) -> bool:
    """Return whether `text` is a place datelines name."""
    return fold(text).strip(" .:") in PLACES


def is_agency(text: str) -> bool:
    """Return whether `text` is a news agency, named or not ("وكالات")."""
    folded = fold(text).strip(" :")
    plain = _SPACED.sub(" ", folded).strip()
    known = folded in UNNAMED or not AGENCIES.isdisjoint((folded, plain))
    return known or _AGENCY_LIKE.fullmatch(folded) is not None


ARABIC_SCRIPT = ("ar", "fa", "ur", "ckb")
_LATIN_SCRIPT = ("en", "fr")
# Persian and its neighbours are often typed with Arabic's yeh and kaf.
_TYPED = (("ی", "ي"), ("ک", "ك"))
_ARTICLES = ("ال", "وال", "بال", "لل")
_LETTERS: dict[str, tuple[str, int]] = table("language")["letters"]
_WHOLE_WORD = re.compile(r"[^\W\d_]+(?:\u200c[^\W\d_]+)*")
_SAMPLE = 4000  # characters of a text by which its language is told
_FEWEST_WORDS = 3  # words below which a text is too short to tell by


def _common_words(language: str) -> frozenset[str]:
    """Return the commonest words of a language, in each way in which they are typed."""
    spelled = set(words("language", "words", language))
    for letter, typed in _TYPED if language in {"fa", "ur", "ckb"} else ():
        spelled |= {word.replace(letter, typed) for word in spelled}
    return frozenset(spelled)


_COMMON = {name: _common_words(name) for name in (*ARABIC_SCRIPT, *_LATIN_SCRIPT)}


def changes_script(language: str | None, text: str) -> bool:
    """Return whether a text is surely not in the script of a language of `detect_language`."""
    if language is None:
        return False
    counts = Counter(_WHOLE_WORD.findall(text[:_SAMPLE]))
    return counts.total() >= _FEWEST_WORDS and _is_arabic(counts) != (language in ARABIC_SCRIPT)


def in_arabic_script(text: str) -> bool:
    """Return whether a text has words, and most of them are in the script of Arabic."""
    counts = Counter(_WHOLE_WORD.findall(text[:_SAMPLE]))
    return counts.total() > 0 and _is_arabic(counts)


def _is_arabic(counts: Counter[str]) -> bool:
    arabic = sum(number for word, number in counts.items() if "\u0600" <= word < "\u0700")
    return arabic * 2 >= counts.total()


def detect_language(text: str) -> str | None:
    """Return the BCP 47 code of the language of `text`: ar, fa, ur, ckb, en or fr; None if unsure.

    Arabic-script text is told apart by letters first (ۆ is Kurdish, ے Urdu, ة Arabic), then by
    function words; Latin-script text by function words alone.
    """
    sample = text[:_SAMPLE]
    counts = Counter(_WHOLE_WORD.findall(sample.lower()))
    if (total := counts.total()) < _FEWEST_WORDS:
        return None
    script = ARABIC_SCRIPT if _is_arabic(counts) else _LATIN_SCRIPT
    counts["ال"] = sum(number for word, number in counts.items() if word.startswith(_ARTICLES))

    def score(language: str) -> float:
        alphabet, weight = _LETTERS.get(language, ("", 0))
        own = sum(map(sample.count, alphabet))
        if language == "fa" and not own:
            return 0.0
        common = sum(counts[word] for word in counts.keys() & _COMMON[language])
        return common / total + weight * own / len(sample)

    scores = {language: score(language) for language in script}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > 0.02 else None


_COUNTERS = alternatives("counters", "counters")
_ANY = f"{_COUNTERS}|{alternatives('counters', 'controls')}"
_PART = re.compile(rf"(?<!\w)(?:{_ANY})(?!\w)")
_LINE = re.compile(rf"(?:[\W_]*(?:{_ANY})(?!\w))+[\W_]*")
_COUNTER = re.compile(rf"(?<!\w)(?:{_COUNTERS}|{AGE})(?!\w)")
_ONLY_MINUTES = pattern("counters", "minutes", r"\W*(?:{})\W*")
_LIKELY = pattern("counters", "likely")
_LONGEST_COUNTER = 160  # characters of a line that may be one of them
_EDGES = " |•·-–—,،:/"


def is_info(folded: str) -> bool:
    """Return whether a folded line is nothing but reading time, counts, buttons and the like."""
    return len(folded) <= _LONGEST_COUNTER and _LINE.fullmatch(folded) is not None


def is_reading_time(folded: str) -> bool:
    """Return whether a folded line is a number of minutes alone: «2min», «3 دقائق»."""
    return _ONLY_MINUTES.fullmatch(folded) is not None


def without_info(folded: str) -> str:
    """Return a folded line without reading time, counts and buttons, if it holds any."""
    return " ".join(_PART.sub(" ", folded).split()) if len(folded) <= _LONGEST_COUNTER else folded


@lru_cache(maxsize=4096)  # several stages ask it of the lines around a headline
def without_counters(text: str) -> str:
    """Return a line without ages, reading times and counts: as it is where it holds none.

    Whole words go, so that «منذ ساعة، كتب» leaves «كتب». A line that says more than they do is for
    the caller to judge: sentences count as well.
    """
    if len(text) > _LONGEST_COUNTER or not _LIKELY.search(line := fold(text)):
        return text
    printed, folded = text.split(), line.split()
    if len(folded) < len(printed):  # a word of marks alone
        folded = [fold(word) for word in printed]
    line = " ".join(folded)
    dropped: set[int] = set()
    for match in _COUNTER.finditer(line):
        first, last = (line.count(" ", 0, end) for end in (match.start(), match.end() - 1))
        dropped.update(range(first, last + 1))
    if not dropped:
        return text
    kept = (word for index, word in enumerate(printed) if index not in dropped)
    return " ".join(kept).strip(_EDGES)
