"""What differs between two values of a field, short enough for a line of a terminal.

As git's word diff has it: [-what was there-]{+what would be+}.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

_WIDTH = 60  # letters of a value that is shown whole
_AROUND = 4  # words before and after what differs
_MOST = 8  # words shown of what was there, and of what would be
_NAMES = 4
_NAME = 100  # letters of a name; images have their addresses and captions for one
_LONGEST = 40  # letters of a word; what is longer (an address) counts as several
# Words that are compared from the first that differs on: difflib's time grows with their square.
_WINDOW = 600
_BREAK = "¶"


def difference(before: Any, after: Any) -> str:
    """Return how a value differs from another; of both None, numbers, names (a tuple) or text."""
    if isinstance(before, tuple) or isinstance(after, tuple):
        return _of_names(before or (), after or ())
    if (
        isinstance(before, str)
        and isinstance(after, str)
        and max(map(len, (before, after))) > _WIDTH
    ):
        return of_text(before, after)
    return f"{_short(before)} → {_short(after)}"


def word_counts(before: str, after: str) -> str:
    """Return how many words a text has, loses and gains; one that only moves does neither."""
    was, now = Counter(before.split()), Counter(after.split())
    lost, gained = (was - now).total(), (now - was).total()
    return f"{was.total():,} → {now.total():,} words, {lost:,} removed, {gained:,} added"


def of_text(before: str, after: str) -> str:
    """Return the first place where two texts differ, with the words around it.

    The end of a paragraph is shown as ¶. The time is that of two texts of some hundred words,
    however long they are.
    """
    was, now = _words(before), _words(after)
    start = _common(was, now)
    end = _common(was[start:][::-1], now[start:][::-1])
    old, new = _first(was[start : len(was) - end], now[start : len(now) - end])
    if not old and not new:
        return "other spaces between the words"
    gone, come = was[start : start + old], now[start : start + new]
    rest = now[start + new :]
    parts = (
        "…" if start > _AROUND else "",
        *was[max(0, start - _AROUND) : start],
        _marked(_cut(gone), _cut(come)),
        *rest[:_AROUND],
        "…" if len(rest) > _AROUND else "",
    )
    return " ".join(part for part in parts if part)


def _words(text: str) -> list[str]:
    found = re.findall(rf"\n+|\S{{1,{_LONGEST}}}", text)
    return [_BREAK if word.startswith("\n") else word for word in found]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words both begin with."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _first(was: list[str], now: list[str]) -> tuple[int, int]:
    """Return how many words of both the first difference takes, of what differs at both ends."""
    if not was or not now:
        return len(was), len(now)
    matcher = SequenceMatcher(None, was[:_WINDOW], now[:_WINDOW])
    first = matcher.get_matching_blocks()[0]
    if first.size == 0:  # nothing in common: all of both
        return len(was), len(now)
    return first.a, first.b


def _cut(words: Sequence[str]) -> str:
    if len(words) <= _MOST:
        return " ".join(words)
    return " ".join((*words[: _MOST - 3], "…", *words[-2:]))


def _of_names(before: Iterable[str], after: Iterable[str]) -> str:
    """Return which names go and which come."""
    was, now = Counter(before), Counter(after)
    gone, come = list((was - now).elements()), list((now - was).elements())
    if not gone and not come:
        return "in another order"
    if len(gone) == len(come) == 1 and min(len(gone[0]), len(come[0])) > _WIDTH:
        return of_text(gone[0], come[0])
    return _marked(_listed(gone), _listed(come))


def _listed(names: Sequence[str]) -> str:
    more = f" … and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return "، ".join(_short(name, _NAME) for name in names[:_NAMES]) + more


def _marked(gone: str, come: str) -> str:
    return (f"[-{gone}-]" if gone else "") + (f"{{+{come}+}}" if come else "")


def _short(value: Any, width: int = _WIDTH) -> str:
    """Return a value in one line; of a long one its beginning."""
    if value is None or value == "":
        return "nothing"
    text = " ".join(str(value).split())
    return text if len(text) <= width else text[: width - 1] + "…"
