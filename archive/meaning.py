"""What carries the meaning of a text: its numbers, its negations and its quotations. Pure.

Two texts are compared by what these functions count. The words are data, in `meaning.toml`.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from itertools import pairwise

from archive.search.arabic import fold, words

_DATA = tomllib.loads(files(__package__).joinpath("meaning.toml").read_text(encoding="utf-8"))
_NUMBERS, _SCALES = (
    {fold(word): Decimal(number) for number, words in _DATA[name].items() for word in words.split()}
    for name in ("numbers", "scales")
)
_NEGATIONS = {
    joined + word
    for word in map(fold, _DATA["negations"]["words"].split())
    for joined in ("", "و", "ف", "ا")
}
_NOT_BEFORE = frozenset(map(fold, _DATA["negations"]["not_before"].split()))
_COUNTING = _NUMBERS.keys() | _SCALES.keys()
_AND = "و"
_PARTICLES = "وفبلك"
_NUMBER = re.compile(r"(?P<figure>(?:(?<!\w)[-−])?\d+(?:[.,٫٬،]\d+)*)|[^\W\d_]+|[^\w\s]")
_IN_THOUSANDS = re.compile(r"-?\d{1,3}(?:[,٬،]\d{3})+(?:[.٫]\d+)?|-?\d{1,3}(?:\.\d{3}){2,}")
_LONGEST_NUMBER = 20  # characters; what is longer is a serial number, and counts as it is


def numbers(text: str) -> Counter[str]:
    """Count the numbers in a text, in digits of any script or in Arabic words.

    ٢٣, 23 and ثلاثة وعشرون are one; so are 1,200 and ألف ومئتان.
    """
    return Counter(_numbers(fold(text)))


def _numbers(text: str) -> Iterator[str]:
    """Yield the numbers of a folded text; words that make up one together are one."""
    thousands, part = Decimal(0), None  # `part` is below a thousand, None between numbers
    for match in (*_NUMBER.finditer(text), None):
        figure, particle, word = _term(match)
        number = _value(figure) if figure else _NUMBERS.get(word)
        scale = _SCALES.get(word, Decimal(1))
        if scale > 100 and particle in {"", _AND}:
            thousands, part = thousands + (part or 1) * scale, Decimal(0)
        elif part and not particle and (scale > 1 or (number == 10 and part < 10)):
            part = part * scale if scale > 1 else part + 10
        else:
            if number is None and scale > 1:
                number = scale
            if part is not None and not (particle == _AND and number is not None):
                yield f"{(thousands + part).normalize():f}"
                thousands, part = Decimal(0), None
            if number is not None:
                part = (part or 0) + number
            elif figure:
                yield figure


def _term(match: re.Match[str] | None) -> tuple[str | None, str, str]:
    """Return (figure, particle, word) of a number, as far as there are any."""
    if match is None or match["figure"]:
        return (match and match["figure"]), "", ""
    word = "المئه" if match[0] in "%٪" else match[0]
    rest = word[1:] if word[0] in _PARTICLES else ""
    if word not in _COUNTING and rest in _COUNTING:
        return None, word[0], rest
    return None, "", word


def _value(figure: str) -> Decimal | None:
    """Return a folded number as it counts, None where it is too long to be one."""
    figure = figure.replace("−", "-")
    if _IN_THOUSANDS.fullmatch(figure):
        separators = ",٬،" if figure.count(".") < 2 else "."
        figure = figure.translate(dict.fromkeys(map(ord, separators)))
    if len(figure) > _LONGEST_NUMBER:
        return None
    with suppress(InvalidOperation):
        return Decimal(figure.translate(dict.fromkeys(map(ord, ",٫٬،"), ".")))
    return None


def negations(text: str) -> Counter[str]:
    """Count the words in a text that deny something."""
    following = pairwise([*folded(text), ""])
    return Counter(
        word for word, after in following if word in _NEGATIONS and after not in _NOT_BEFORE
    )


# What opens and what closes a quotation; a mark that does both closes the last one it opened.
_QUOTES = {"«": "«", "»": "«", "“": "“", "”": "“", "„": "“", '"': '"'}
_QUOTE = re.compile('[«»“”„"]')
_DEEPEST = 8


def quotations(text: str) -> Counter[str]:
    """Count the quotations in a text by their folded words, nested ones too.

    One that is not closed goes to the end. Which marks are used is not counted.
    """
    opened: list[tuple[str, int]] = []
    quoted = list[str]()
    for match in _QUOTE.finditer(text):
        kind = _QUOTES[match[0]]
        kinds = [each for each, _ in opened]
        if kind in kinds and match[0] != "«":
            place = len(kinds) - 1 - kinds[::-1].index(kind)
            quoted.append(text[opened[place][1] : match.start()])
            del opened[place:]
        elif match[0] != "»" and len(opened) < _DEEPEST:
            opened.append((kind, match.end()))
    quoted += [text[start:] for _, start in opened]
    return Counter(filter(None, (" ".join(folded(each)) for each in quoted)))


def folded(text: str | None) -> list[str]:
    """Return the words of a text, folded as the search does."""
    return words(fold(text)) if text else []
