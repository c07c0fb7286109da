"""Which texts are versions of one another, by the runs of words they share. Pure.

Words are folded and not stemmed, so that a better stemmer never makes an archive's sketches stale.
A sketch is Broder's ("On the resemblance and containment of documents", 1997): the runs with the
smallest hashes. A shortened copy keeps its share of them, where signatures that are cut in bands
find only texts of about one length. Workers make sketches and search tokens in advance.
"""

import re
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from operator import add

from archive.models import Extraction, Prepared
from archive.search import index
from archive.search.arabic import fold

SKETCH = 16
"""Hashes in a sketch: of 1,000 copies that keep two fifths of a text, none is expected missed."""

Runs = frozenset[bytes]
"""Runs of four folded words, each as UTF-8 with single blanks between its words."""

_RUN = 4  # words
_FEWEST = 20  # runs below which a text says too little: captions, notices
_CONTAINED = 0.5  # of the shorter text's runs, in the longer one
_COVERED = 0.15  # of the longer text's runs: a digest is no version of each of its items
_FIGURES = 3  # figures from which on two texts must share half of them
_WORD = re.compile(r"\w+")
_MOST_KNOWN = 256  # texts whose sketches are remembered
_KNOWN: dict[str, tuple[int, ...]] = {}


@lru_cache(maxsize=256)  # a wire is compared with each of its reprints, one after the other
def shingles(text: str) -> Runs:
    """Return the runs of four folded words in `text`; none for a text of less than 23 words."""
    line = " ".join(_WORD.findall(fold(text))).encode()
    sizes = list(map(len, line.split()))
    starts = list(accumulate(map((1).__add__, sizes), initial=0))
    ends = map(add, starts[_RUN - 1 :], sizes[_RUN - 1 :])
    runs = frozenset(map(line.__getitem__, map(slice, starts, ends)))
    return runs if len(runs) >= _FEWEST else frozenset()


def sketch(runs: Runs) -> list[int]:
    """Return the sketch of a text's runs: at most 16 signed 32-bit numbers, in a fixed order.

    Two texts may be versions of one another only if their sketches share a number. It is the same
    on every machine and in every release.
    """
    hashes = sorted([blake2b(run, digest_size=8).digest() for run in runs])
    return [int.from_bytes(digest[4:], "big", signed=True) for digest in hashes[:SKETCH]]


def sketch_of(text: str) -> tuple[int, ...]:
    """Return the sketch of a text's runs, or the one that is remembered of it."""
    known = _KNOWN.get(text)
    if known is None:
        known = tuple(sketch(shingles(text)))
        remember(text, known)
    return known


def remember(text: str, known: tuple[int, ...]) -> None:
    """Remember a text's sketch for a while: it is asked for several times, or a worker made it."""
    _KNOWN[text] = known
    if len(_KNOWN) > _MOST_KNOWN:
        del _KNOWN[next(iter(_KNOWN))]


def are_versions(one: Runs, other: Runs) -> bool:
    """Tell whether two texts (their runs) are one, edited or shortened; the order is no matter.

    Today's and yesterday's bulletin share all their phrases and few of their figures.
    """
    shared = len(one & other)
    shorter, longer = sorted((len(one), len(other)))
    if not shared or shared < _CONTAINED * shorter or shared < _COVERED * longer:
        return False
    fewer, more = sorted((_figures(one), _figures(other)), key=len)
    return len(fewer) < _FIGURES or 2 * len(fewer & more) >= len(fewer)


def _figures(runs: Runs) -> frozenset[str]:
    return frozenset(word for word in set(b" ".join(runs).decode().split()) if word.isdecimal())


def prepared(extraction: Extraction) -> Extraction:
    """Return an extraction with its texts analysed and sketched, if it is an article's."""
    if not extraction.is_article:
        return extraction
    texts = (extraction.title, extraction.deck, extraction.byline, extraction.text)
    known = Prepared(
        analysed={text: index.analysed(text) for text in texts if text},
        sketch=sketch_of(extraction.text),
    )
    return replace(extraction, prepared=known)


def prime(extraction: Extraction) -> None:
    """Let what was prepared of an extraction be found where it is asked for."""
    if extraction.prepared:
        index.prime(extraction.prepared.analysed)
        remember(extraction.text, extraction.prepared.sketch)
