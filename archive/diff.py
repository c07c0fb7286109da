"""What changed between two states of an article, word by word, and what kind of change it is. Pure.

Paragraphs are aligned first, then the words of those that belong together; a word keeps its
particles, a punctuation mark is for itself. Time is bounded: what is too long or too tangled to be
compared word by word within `STEPS` is shown as replaced, and the comparison says so.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Literal

from archive.meaning import folded, negations, numbers, quotations
from archive.models import Extraction
from archive.search.arabic import fold

STEPS = 3_000_000
"""Comparisons that one diff may take, about a third of a second."""


class Change(StrEnum):
    """A kind of change, the most telling first; `gone` is a removal of the whole page."""

    HEADLINE = "headline"
    NUMBER = "number"
    NEGATION = "negation"
    QUOTATION = "quotation"
    REMOVED = "removed"
    GONE = "gone"
    BYLINE = "byline"
    DATE = "date"
    ADDED = "added"
    WORDS = "words"
    ORDER = "order"
    SMALL = "small"

    @property
    def rank(self) -> int:
        """The place among all kinds, 1 for the most telling."""
        return list(Change).index(self) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of text that both states have (`=`), only the earlier (`-`) or only the later (`+`)."""

    sign: Literal["=", "-", "+"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A field, or a paragraph of the text, in both states.

    `name` is that of the field: title, deck, byline, dateline, section, published, tags, captions,
    image_url or text.
    """

    name: str
    pieces: tuple[Piece, ...]

    @property
    def before(self) -> str | None:
        """The passage as it was, None where it was not there."""
        return "".join(piece.text for piece in self.pieces if piece.sign != "+") or None

    @property
    def after(self) -> str | None:
        """The passage as it became, None where it is not there any more."""
        return "".join(piece.text for piece in self.pieces if piece.sign != "-") or None

    @property
    def changed(self) -> bool:
        """Whether the two differ."""
        return any(piece.sign != "=" for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What kind of change it is, the most telling first; `small` stands alone.

    `words_in` and `words_out` count words that the other state does not have as often. A change is
    small if the words are the same, in the same order, once folded as the search does.
    """

    kinds: tuple[Change, ...]
    words_in: int = 0
    words_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """All that two states of an article say, side by side; fields first, then the paragraphs.

    It is `coarse` if some of it was not compared word by word: it would have taken too long.
    """

    summary: Summary
    passages: tuple[Passage, ...]
    coarse: bool = False


_Pair = tuple[str, str | None, str | None]  # a passage by the name of its field, before and after
_Both = Iterator[tuple[str | None, str | None]]  # paragraphs, before and after
_Block = tuple[int, int, int]  # where two sequences are equal: from where in each, how far


def compare(before: Extraction, after: Extraction, *, steps: int = STEPS) -> Diff:
    """Return what is different in a later state of an article, with no more comparisons than that.

    One of 40 in a list gets fewer: a usual edit takes a thousand.
    """
    budget = _Budget(steps)
    pairs = _pairs(before, after, budget)
    passages = tuple(
        Passage(name=name, pieces=tuple(_pieces(one or "", other or "", budget)))
        for name, one, other in pairs
    )
    return Diff(summary=_summary(pairs, before, after), passages=passages, coarse=budget.spent)


def summarize(before: Extraction, after: Extraction) -> Summary:
    """Return what kind of change there is between two states, without comparing their words."""
    return _summary(_pairs(before, after, _Budget(STEPS)), before, after)


class _Budget:
    """The comparisons that may still be made; `spent` once some had to be left out."""

    def __init__(self, steps: int) -> None:
        self._left = steps
        self.spent = False

    def allows(self, steps: int) -> bool:
        if steps > self._left:
            self.spent = True
            return False
        self._left -= steps
        return True


# Passages


def _pairs(before: Extraction, after: Extraction, budget: _Budget) -> list[_Pair]:
    """Return the fields that either state has, then the paragraphs as they belong together."""
    both = zip(_fields(before), _fields(after), strict=True)
    fields = [(name, one, other) for (name, one), (_, other) in both if one or other]
    return fields + [("text", *pair) for pair in _paragraphs(before.text, after.text, budget)]


def _fields(state: Extraction) -> Iterator[tuple[str, str | None]]:
    for name in ("title", "deck", "byline", "dateline", "section"):
        yield name, getattr(state, name)
    at, on = state.published_at, state.published_on
    yield "published", f"{at:%Y-%m-%d %H:%M}Z" if at else str(on or "")
    yield "tags", "، ".join(state.tags)
    yield "captions", " | ".join(sorted({each.caption for each in state.images if each.caption}))
    yield "image_url", state.image_url


def _paragraphs(before: str, after: str, budget: _Budget) -> _Both:
    """Yield paragraphs that belong together, in their order; one alone was removed or added."""
    one, other = ([line for line in text.split("\n") if line.strip()] for text in (before, after))
    blocks = _common([fold(line) for line in one], [fold(line) for line in other], budget)
    ends = [(0, 0, 0), *blocks, (len(one), len(other), 0)]
    for (i, j, size), (k, m, _) in pairwise(ends):
        yield from zip(one[i : i + size], other[j : j + size], strict=True)
        yield from _matched(one[i + size : k], other[j + size : m], budget)


_ALIKE = 0.4  # of the words of two paragraphs, from which on one is the other, edited


def _matched(one: list[str], other: list[str], budget: _Budget) -> _Both:
    """Yield the paragraphs of a stretch that was edited: the pairs that are most alike in all."""
    bags, others = ([Counter(folded(line)) for line in lines] for lines in (one, other))
    sizes, sizes_of_others = ([bag.total() for bag in side] for side in (bags, others))
    words = len(one) * sum(sizes_of_others) + len(other) * sum(sizes)
    if not budget.allows(words + len(one) * len(other)):  # a line may have no word
        yield from [(line, None) for line in one] + [(None, line) for line in other]
        return
    best = [[0.0] * (len(other) + 1) for _ in range(len(one) + 1)]
    alike = [[0.0] * len(other) for _ in one]
    for i in reversed(range(len(one))):
        for j in reversed(range(len(other))):
            shared = 2 * (bags[i] & others[j]).total() / (sizes[i] + sizes_of_others[j] or 1)
            alike[i][j] = shared if shared >= _ALIKE else 0.0
            pair = best[i + 1][j + 1] + alike[i][j]
            best[i][j] = max(best[i + 1][j], best[i][j + 1], pair if alike[i][j] else 0.0)
    i = j = 0
    while i < len(one) and j < len(other):
        if alike[i][j] and best[i][j] == best[i + 1][j + 1] + alike[i][j]:
            yield one[i], other[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield one[i], None
            i += 1
        else:
            yield None, other[j]
            j += 1
    yield from [(line, None) for line in one[i:]] + [(None, line) for line in other[j:]]


# Words

_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d"
_TOKEN = re.compile(rf"(\s*)(\d+(?:[.,٫٬]\d+)+|[\w{_MARKS}]+|\S|$)")
_IS_WORD = re.compile(r"\w")


def _pieces(before: str, after: str, budget: _Budget) -> Iterator[Piece]:
    """Yield two texts word by word; those with a sign, put together, are either of them."""
    one, other = (_TOKEN.findall(text) for text in (before, after))
    blocks = _common([word for _, word in one], [word for _, word in other], budget)
    blocks = [block for block in blocks if _is_worth(block, one, other)]
    signed: list[tuple[Literal["=", "-", "+"], str]] = []
    for (i, j, size), (k, m, _) in pairwise([(0, 0, 0), *blocks, (len(one), len(other), 0)]):
        for (gap, word), (space, _) in zip(one[i : i + size], other[j : j + size], strict=True):
            signed += [("=", gap)] if gap == space else [("-", gap), ("+", space)]
            signed.append(("=", word))
        lost, gained = one[i + size : k], other[j + size : m]
        if lost and gained and lost[0][0] == gained[0][0]:  # the space before them is in both
            signed.append(("=", lost[0][0]))
            lost[0], gained[0] = ("", lost[0][1]), ("", gained[0][1])
        signed += [("-", gap + word) for gap, word in lost]
        signed += [("+", gap + word) for gap, word in gained]
    yield from _merged(signed)


def _is_worth(block: _Block, one: list[tuple[str, str]], other: list[tuple[str, str]]) -> bool:
    """Return whether a run in both has a word in it, or stands at an end; a mark alone does not."""
    i, j, size = block
    inside = min(i, j) > 0 and i + size < len(one) and j + size < len(other)
    return not inside or any(_IS_WORD.search(word) for _, word in one[i : i + size])


def _merged(signed: Iterable[tuple[Literal["=", "-", "+"], str]]) -> Iterator[Piece]:
    """Yield pieces with each run of one sign as one; between two `=`, what went comes first."""
    runs = {"=": "", "-": "", "+": ""}
    for sign, text in (*signed, ("=", "")):
        if sign == "=" and (runs["-"] or runs["+"]):
            if runs["="]:
                yield Piece(sign="=", text=runs["="])
            yield from (Piece(sign=each, text=runs[each]) for each in ("-", "+") if runs[each])
            runs = dict.fromkeys(runs, "")
        runs[sign] += text
    if runs["="]:
        yield Piece(sign="=", text=runs["="])


def _common(one: Sequence[str], other: Sequence[str], budget: _Budget) -> list[_Block]:
    """Return (start, start, length) of the runs that two sequences share, in order.

    The longest first, as difflib has it; but what its next step costs is known beforehand, and
    what the budget does not allow is left as if nothing were shared there.
    """
    head = _equal(one, other)
    tail = _equal(one[head:][::-1], other[head:][::-1])
    i, j = len(one) - tail, len(other) - tail
    matcher = SequenceMatcher(None, one, other[head:j], autojunk=False)
    times = Counter(other[head:j])
    cost = list(accumulate((1 + times[each] for each in one), initial=0))
    found, waiting = [(0, 0, head), (i, j, tail)], [(head, i, 0, j - head)]
    while waiting:
        start, end, low, high = waiting.pop()
        if start == end or low == high or not budget.allows(cost[end] - cost[start]):
            continue
        a, b, size = matcher.find_longest_match(start, end, low, high)
        if size:
            found.append((a, b + head, size))
            waiting += [(start, a, low, b), (a + size, end, b + size, high)]
    return sorted(block for block in found if block[2])


def _equal(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many items at the beginning of two sequences are equal."""
    different = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(different, min(len(one), len(other)))


# What kind of change it is

# Of no words that a reader reads; tags and the main image are small changes (invariant 12).
_NO_WORDS = frozenset({"published", "tags", "image_url"})
_OF_THEIR_OWN = {"title": Change.HEADLINE, "byline": Change.BYLINE}
_PROSE = frozenset({"title", "deck", "captions", "text"})
_Words = tuple[str, list[str], list[str]]  # the folded words of a passage, before and after


def _summary(pairs: list[_Pair], before: Extraction, after: Extraction) -> Summary:
    worded = [(name, folded(a), folded(b)) for name, a, b in pairs if name not in _NO_WORDS]
    was, now = ([word for words in worded for word in words[side]] for side in (1, 2))
    lost, gained = Counter(was) - Counter(now), Counter(now) - Counter(was)
    kinds = {_OF_THEIR_OWN[name] for name, a, b in worded if name in _OF_THEIR_OWN and a != b}
    kinds |= {*_meanings(pairs), *_whole_paragraphs(worded, lost, gained)}
    if _is_redated(before, after):
        kinds.add(Change.DATE)
    if not kinds:
        other = Change.WORDS if lost or gained else Change.ORDER
        kinds.add(Change.SMALL if was == now else other)
    ordered = tuple(sorted(kinds, key=lambda kind: kind.rank))
    return Summary(kinds=ordered, words_in=gained.total(), words_out=lost.total())


def _meanings(pairs: list[_Pair]) -> Iterator[Change]:
    """Yield what changed of numbers, negations and quotations in the passages that are in both.

    Of paragraphs that were removed and others that were added, only what took another's place.
    """
    prose = [(one, other) for name, one, other in pairs if name in _PROSE and one != other]
    both = [(one, other) for one, other in prose if one and other]
    removed = "\n".join(one for one, other in prose if one and not other)
    added = "\n".join(other for one, other in prose if other and not one)
    for change, count in _MEANINGS.items():
        lost, gained = count(removed) - count(added), count(added) - count(removed)
        if (lost and gained) or any(count(one) != count(other) for one, other in both):
            yield change


def _whole_paragraphs(
    worded: Iterable[_Words], lost: Counter[str], gained: Counter[str]
) -> Iterator[Change]:
    """Yield whether paragraphs were removed or added: most of their words are nowhere else."""
    for name, one, other in worded:
        if name == "text" and not (one and other):
            words, missing = (one, lost) if one else (other, gained)
            if 2 * (Counter(words) & missing).total() > len(words):
                yield Change.REMOVED if one else Change.ADDED


def _is_redated(before: Extraction, after: Extraction) -> bool:
    pairs = (before.published_on, after.published_on), (before.published_at, after.published_at)
    return any(None not in {*pair} and pair[0] != pair[1] for pair in pairs)


_MEANINGS: dict[Change, Callable[[str], Counter[str]]] = {
    Change.NUMBER: numbers,
    Change.NEGATION: negations,
    Change.QUOTATION: quotations,
}
