"""Words to stems: light10, and a stem that knows the words light10 can only guess at. Pure.

Used by the analyser, on folded words only. Light10 cannot know that the first letter of بدمشق is
the particle "in" while that of بلد belongs to the word, nor that وزير begins with no "and" and
فلسطين ends like a plural that it is not; the words in `stems.toml` tell.
"""

import tomllib
from importlib.resources import files

_PREFIXES = ("ال", "وال", "بال", "كال", "فال", "لل", "و")
_SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ية", "ه", "ة", "ي")
_AND = "و"
_LEAST_JOINED = 4  # letters of a word with "and", as light10 has it
_PARTICLES = ("ب", "ل", "ك", "ف")
_LEAST_REST = 3  # letters; of shorter words too many are endings of others
_LAND = "يا"

_WORDS = tomllib.loads(files(__package__).joinpath("stems.toml").read_text(encoding="utf-8"))
_UNCUT = frozenset(_WORDS["uncut"].split())
_LANDS = frozenset(_WORDS["lands"].split())
KNOWN_STEMS = frozenset(_WORDS["known"].split())


def strip_prefix(word: str) -> str:
    """Return the folded `word` without its article, or the conjunction wa with three letters."""
    for prefix in _PREFIXES:
        least = _LEAST_JOINED if prefix == _AND else len(prefix) + 2
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
    """Return the stem of a folded `word` that the index holds: light10's, corrected by known words.

    A prefix stays where the whole is a known word (وزير, التزام), else "and" goes first and the
    article as light10 has it; ب ل ك ف go where a known word, a number or a foreign word is left.
    """
    whole = _cut(word)
    if whole in KNOWN_STEMS:
        return whole
    if len(word) >= _LEAST_JOINED and word.startswith(_AND):
        return bare_stem(word[1:])
    joined = word.startswith(_PARTICLES)
    if joined and _known(own := _cut(word[1:])):
        return own
    bare = strip_prefix(word)
    if bare != word:
        return _cut(bare)
    rest = _cut(strip_prefix(word[1:]))
    return rest if joined and rest and (_known(rest) or rest.isascii()) else whole


def beginnings(word: str) -> tuple[str, ...]:
    """Return what the stems of words that begin with the folded `word` may begin with.

    Without the article or "and", unless a known word begins so (وزار, التز).
    """
    bare = strip_prefix(word)
    if bare == word or not any(known.startswith(word) for known in KNOWN_STEMS):
        return (bare,)
    return (word,) if word.startswith(_AND) else (word, bare)


def endless(word: str) -> tuple[str, ...]:
    """Return the stems that are shorter than a beginning `word`, whose end is one of an ending.

    The last letter may also be the first of the ending (مدرسا, of مدرسات).
    """
    stems = dict[str, None]()
    for start in beginnings(word):
        longer = bare_stem(f"{start}ن")
        whole = bare_stem(start), longer if len(longer) >= _LEAST_REST else ""
        stems |= dict.fromkeys(s for s in whole if s and s != start and start.startswith(s))
    return tuple(stems)


def _known(rest: str) -> bool:
    return len(rest) >= _LEAST_REST and rest in KNOWN_STEMS


def _cut(word: str) -> str:
    """Return `word` without its suffixes, as light10 takes them off, but for those of its own."""
    if word in _LANDS:
        return word.removesuffix(_LAND)
    for suffix in _SUFFIXES:
        if word in _UNCUT:
            break
        if len(word) >= len(suffix) + 2 and word.endswith(suffix):
            word = word[: -len(suffix)]
    return word
