"""The cheap look: whether a page can be in a language, from its bytes alone, before it is parsed.

It errs to one side: what could be an article in the language always passes, however its page is
labelled; what extraction reads in the text decides.
"""

import re
from collections.abc import Collection

from crawler.extract.vocabulary import ARABIC_SCRIPT

# The first bytes, in UTF-8, of the letters of Arabic (U+0600 to U+067F) and of those that its
# neighbours add (U+0680 to U+06FF: ک گ چ ی ے ۆ); no other script begins with them.
_ARABIC = (b"\xd8", b"\xd9")
_NEIGHBOURS = (b"\xda", b"\xdb")
# Letters that Arabic writes all the time and its neighbours hardly: ة أ إ
_ARABIC_ONLY = ("ة".encode(), "أ".encode(), "إ".encode())
_PEH = "پ".encode()  # of Arabic's neighbours, in spite of its first byte
# Alef, and lam in windows-1256, ISO 8859-6 and Mac Arabic.
_ALEF, _LAMS = b"\xc7", (b"\xe1", b"\xe4")
# How letters are escaped in markup and in the data of scripts: what is looked for, what it may be.
_ESCAPES = {
    b"&#": re.compile(rb"&#(?:1[56]\d\d|17[0-7]\d|[xX]0?6[0-9A-Fa-f]{2});?"),
    b"\\u06": re.compile(rb"\\u06[0-9A-Fa-f]{2}"),
}

_LETTERS = 60  # of the script, below which nothing is an article (as in crawler.extract.kind)
_LEGACY_LETTERS = 5  # alefs: one in ten letters
_MARKS = 12  # letters of a language's own that make up its mind


def may_be(body: bytes, languages: Collection[str] | None) -> bool:
    """Return whether a page (decoded from its content coding) can be in one of the languages.

    `languages` are codes of `crawler.extract.vocabulary`; None is all of them.
    """
    if languages is None or not set(languages) <= set(ARABIC_SCRIPT):
        return True
    if _is_wide(body) or _is_legacy(body):  # in which the bytes below are letters of their own
        return True
    if sum(_up_to(_LETTERS, lead, body) for lead in (*_ARABIC, *_NEIGHBOURS)) < _LETTERS:
        return _is_escaped(body)
    arabic = "ar" in languages and _may_be_arabic(body)
    return arabic or (set(languages) != {"ar"} and _may_be_another(body))


def _up_to(most: int, mark: bytes, body: bytes) -> int:
    """Count a mark up to a number: where it is rare this is a single fast search."""
    found, at = 0, body.find(mark)
    while at >= 0:
        found += 1
        if found == most:
            return found
        at = body.find(mark, at + len(mark))
    return found


def _may_be_arabic(body: bytes) -> bool:
    arabic = sum(_up_to(_MARKS, mark, body) for mark in _ARABIC_ONLY)
    return arabic >= _MARKS or sum(map(body.count, _NEIGHBOURS)) <= 4 * max(arabic, 3)


def _may_be_another(body: bytes) -> bool:
    """Return whether letters are there that Persian, Urdu or Kurdish add to those of Arabic."""
    return sum(_up_to(_MARKS, mark, body) for mark in (*_NEIGHBOURS, _PEH)) >= _MARKS // 2


def _is_escaped(body: bytes) -> bool:
    """Return whether the letters are there as entities or as escapes of a script."""
    found = (pattern.findall(body) for mark, pattern in _ESCAPES.items() if mark in body)
    return sum(map(len, found)) >= _LETTERS


def _is_wide(body: bytes) -> bool:
    """Return whether this is UTF-16, of which the general reading takes care."""
    return body.startswith((b"\xff\xfe", b"\xfe\xff")) or body[:400].count(0) > 50


def _is_legacy(body: bytes) -> bool:
    """Return whether a page can be Arabic in one byte a letter, whatever it says it is in."""
    if _up_to(_LEGACY_LETTERS, _ALEF, body) < _LEGACY_LETTERS:
        return False
    if max(_up_to(_LEGACY_LETTERS, lam, body) for lam in _LAMS) < _LEGACY_LETTERS // 2:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False
