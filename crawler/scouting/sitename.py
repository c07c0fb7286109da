"""What a newspaper calls itself, from what its front page says in several places. Pure."""

import re
from collections import Counter
from collections.abc import Iterable

from crawler.article.headline import key, one_line

_PARTS = re.compile(r"\s+[|\-–—:·•»«›‹/~]+\s+|\s*[|»«›•]\s*|\s+::\s+|\s*[:،,]\s+")
_LATIN = re.compile(r"[A-Za-z]")
_ARABIC = re.compile("[\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER YEH}]")
_LONGEST = 60
# What a title says beside the name, as keys.
_GENERIC = frozenset(
    key(words)
    for words in (
        *("الرئيسية", "الصفحة الرئيسية", "الصفحة الرئيسة", "الرئيسة", "أخبار", "آخر الأخبار"),
        *("الخلاصة", "خلاصة التعليقات", "خلاصات", "أهلا وسهلا", "مرحبا", "النسخة العربية"),
        *("home", "homepage", "home page", "main", "index", "feed", "rss", "rss feed", "atom"),
        *("comments feed", "accueil", "welcome", "logo", "شعار", "عربي", "العربية", "ar", "news"),
        *("rss 2.0", "atom 1.0", "untitled", "default", "localhost"),
    )
)


def name_of(stated: Iterable[str], said: Iterable[str]) -> tuple[str | None, str | None]:
    """Return a newspaper's (name in Arabic, name in Latin letters), None where it has none.

    `stated` are the names a page states as those of its site, `said` texts that hold the name
    among other words: titles, the text of links to the front page. What most places agree on is
    the name; a stated one counts twice.
    """
    votes: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for text, weight in (*((text, 2) for text in stated), *((text, 1) for text in said)):
        for part in dict.fromkeys(map(one_line, _parts(text, whole=weight > 1))):
            folded = key(part)
            if folded and folded not in _GENERIC and len(part) <= _LONGEST:
                votes[folded] += weight
                spelled.setdefault(folded, part)
    return _first(votes, spelled, _ARABIC), _first(votes, spelled, _LATIN)


def _parts(text: str, *, whole: bool) -> list[str]:
    """Return the parts of a text between separators; a name that is stated may hold one itself."""
    return [*([text] if whole else ()), *_PARTS.split(text)]


def _first(votes: Counter[str], spelled: dict[str, str], letters: re.Pattern[str]) -> str | None:
    """Return the name with most votes that is written in these letters alone."""
    other = _LATIN if letters is _ARABIC else _ARABIC
    fitting = [
        folded
        for folded in votes
        if letters.search(spelled[folded]) and not other.search(spelled[folded])
    ]
    best = max(fitting, key=lambda folded: votes[folded], default=None)
    return spelled[best] if best else None
