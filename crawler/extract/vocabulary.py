"""The words of `words/*.toml`, and the questions that every stage asks of a text."""

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from archive.search.arabic import fold, tidy

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")  # where camel case joins two words
_WORD = re.compile(r"\w+")
_WORDS = Path(__file__).parent / "words"


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
    """Return a list of regular expressions as one, in no group."""
    return "|".join(words(name, *keys))


def pattern(name: str, key: str, form: str = "{}", flags: int = 0) -> re.Pattern[str]:
    """Return a list of regular expressions as one; in `form`, {} stands for them."""
    return re.compile(form.replace("{}", alternatives(name, key)), flags)


def class_pattern(key: str) -> re.Pattern[str]:
    """Return what finds one of a list of `words/classes.toml` among the names of an element."""
    return pattern("classes", key, r"(?:^|[\s_-])(?:{})(?=$|[\s_-])", re.IGNORECASE)


def one_line(text: str) -> str:
    """Return `text` as the archive stores it, on one line and without blanks at its ends."""
    return " ".join(tidy(text).split())


@lru_cache(maxsize=4096)  # menus and tickers are the same on every page of a newspaper
def key(text: str) -> str:
    """Return what two spellings of one headline have in common: its folded words."""
    return " ".join(_WORD.findall(fold(text)))


_TITLES = frozenset({"د", "م", "ا"})
GIVEN = frozenset(map(fold, words("names", "given")))


def is_person(names: list[str]) -> bool:
    """Return whether the first of some words is a given name, titles like د. passed over."""
    kept = [name for name in names if not name.endswith(".") and fold(name) not in _TITLES]
    return bool(kept) and fold(kept[0]) in GIVEN


PLACES = frozenset(map(fold, words("names", "places")))

AGENCIES = frozenset(fold(name).strip() for name in words("names", "agencies"))
_UNNAMED = frozenset(words("names", "unnamed"))

_AGENCY_LIKE = pattern("names", "agency_like")
_SPACED = re.compile(r"[\s.]+")


def is_place(text: str) -> bool:
    """Tell whether `text` is a place datelines name."""
    return fold(text).strip(" .:") in PLACES


def is_agency(text: str) -> bool:
    """Tell whether `text` is a news agency, named or not ("وكالات")."""
    folded = fold(text).strip(" :")
    known = folded in AGENCIES | _UNNAMED or _SPACED.sub(" ", folded).strip() in AGENCIES
    return known or _AGENCY_LIKE.fullmatch(folded) is not None


def is_unnamed_agency(text: str) -> bool:
    """Tell whether `text` says only that agencies reported."""
    return fold(text).strip(" .:") in _UNNAMED
