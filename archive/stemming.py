"""Words to stems: light10, and the particles written onto a word that it leaves standing. Pure.

Used by the analyser, on folded words only. Light10 cannot know that the first letter of بدمشق is
the particle "in" while that of بلد belongs to the word; the stems in `stems.txt` tell.
"""

from importlib.resources import files

_PREFIXES = ("ال", "وال", "بال", "كال", "فال", "لل", "و")
_SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ية", "ه", "ة", "ي")
_CONJUNCTION = "و"
_LEAST_JOINED = 4  # letters, as light10 has it
_PARTICLES = ("ب", "ل", "ك", "ف")
_LEAST_REST = 3  # letters; of shorter words too many are endings of others


def _known_stems() -> frozenset[str]:
    lines = files(__package__).joinpath("stems.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


KNOWN_STEMS = _known_stems()


def strip_prefix(word: str) -> str:
    """Return the folded `word` without its article, or the conjunction wa with three letters."""
    for prefix in _PREFIXES:
        least = _LEAST_JOINED if prefix == _CONJUNCTION else len(prefix) + 2
        if len(word) >= least and word.startswith(prefix):
            return word[len(prefix) :]
    return word


def stem(word: str) -> str:
    """Return the light10 stem of a folded `word`: at most one prefix, then suffixes, in order.

    Larkey, Ballesteros and Connell, "Light Stemming for Arabic Information Retrieval" (2007);
    letter for letter what Lucene's ArabicStemmer does.
    """
    word = strip_prefix(word)
    for suffix in _SUFFIXES:
        if len(word) >= len(suffix) + 2 and word.endswith(suffix):
            word = word[: -len(suffix)]
    return word


def bare_stem(word: str) -> str:
    """Return the light10 stem of a folded `word` without the particles written before it.

    The conjunction wa goes first, also before another prefix. Then ب ل ك ف go where what is left
    is a known word, a number or foreign, unless the whole is a known word itself.
    """
    if len(word) >= _LEAST_JOINED and word.startswith(_CONJUNCTION):
        word = word[1:]
    whole = stem(word)
    if whole in KNOWN_STEMS or not word.startswith(_PARTICLES) or strip_prefix(word) != word:
        return whole
    rest = stem(word[1:])
    known = len(rest) >= _LEAST_REST and rest in KNOWN_STEMS
    return rest if known or (rest and rest.isascii()) else whole
