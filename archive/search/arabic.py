"""Arabic as text and as words: tidied for storage, folded and stemmed for the index. Pure.

`tidy` serves extraction and imports; `analyse` and `STOP_WORDS` serve the index and its queries.
Nothing folded is stored outside the index. Stems are light10's, corrected by known words: light10
cannot know that the first letter of بدمشق is the particle "in" while that of بلد belongs to the
word, nor that فلسطين ends like a plural that it is not; the words in `stems.toml` say so.

The separators in `words.toml` are what SQLite's `unicode61` does not take for part of a word. The
analyser must cut a text exactly where the index cuts it, and SQLite has frozen its own Unicode
tables, so Python's would cut elsewhere (every emoji newer than those tables is a letter there).
Code points in hexadecimal, as ranges, measured on SQLite itself for the settings `TOKENIZE`;
`tests/archive/search/test_tokenizer.py` measures them again.
"""

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import Any

from archive.urls import composed

# Soft hyphen, Mongolian vowel separator, zero-width characters and joiners, direction marks and
# embeddings, invisible operators, controls of shaping, byte order mark.
_INVISIBLE = (0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065),
              *range(0x206A, 0x2070), 0xFEFF)  # fmt: skip
INVISIBLES = "".join(map(chr, _INVISIBLE))

TOKENIZE = f"unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc' tokenchars '{INVISIBLES}'"


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


_WORDS = _data("words.toml")


def _presentation_forms() -> dict[int, str]:
    """Map the letters of Arabic Presentation Forms A and B to their base letters.

    Forms that unfold to several words (the honorifics) or to a space and a mark stay as they are.
    """
    forms = {}
    for code in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFF00)):
        base = composed(chr(code), "NFKC")
        if unicodedata.category(chr(code)) == "Lo" and all(
            unicodedata.category(char)[0] in "LM" for char in base
        ):
            forms[code] = base
    return forms


_CONTROLS = {
    code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\v\f\r\x85"
}
# Byte order mark, zero-width space, soft hyphen; marks, embeddings and isolates of direction.
_DROPPED = dict.fromkeys(
    (0xFEFF, 0x200B, 0xAD, 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
_SPACES = dict.fromkeys(map(ord, "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"), " ")
_LINES = dict.fromkeys(map(ord, "\v\f\r\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"), "\n")
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")
_TIDY = _CONTROLS | _DROPPED | _SPACES | _LINES | _SURROGATES | _presentation_forms()
_UNTIDY = re.compile("[" + "".join(map(re.escape, map(chr, _TIDY))) + "]")


def tidy(text: str) -> str:
    """Return `text` as the archive stores it: what a reader sees, without what only trips machines.

    NFC; byte order marks, zero-width spaces, soft hyphens, bidi and other control characters are
    dropped, no-break spaces become spaces, every kind of line end becomes a newline, and Arabic
    presentation forms become the letters they show. Marks (`MOST_MARKS` on a letter), tatweel,
    hamza, digits, quotes and the zero-width non-joiner stay. A lone surrogate, which UTF-8 cannot
    hold, becomes U+FFFD. Tidying twice changes nothing.
    """
    if _UNTIDY.search(text):
        text = text.replace("\r\n", "\n").translate(_TIDY)
    return composed(text)


def _fold_table() -> dict[int, str | None]:
    """Map each letter, mark and digit to what it counts as when words are compared."""
    table: dict[int, str | None] = dict.fromkeys(map(ord, INVISIBLES))
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        table[code] = composed(chr(code), "NFD")[0]
    table.update(dict.fromkeys(range(0x300, 0x370)))
    marks = (0x610, 0x61B), (0x640, 0x641), (0x64B, 0x660), (0x670, 0x671), (0x6D6, 0x6DD)
    later_marks = (0x6DF, 0x6E5), (0x6E7, 0x6E9), (0x6EA, 0x6EE), (0x8D3, 0x8E2), (0x8E3, 0x900)
    for start, end in marks + later_marks:
        table.update(dict.fromkeys(range(start, end)))
    letters = {"آأإٱ": "ا", "ı": "i", "ىیې": "ي", "ة": "ه", "کڪ": "ك", "ہھە": "ه"}
    for variants, base in letters.items():
        table.update(dict.fromkeys(map(ord, variants), base))
    for zero in (0x660, 0x6F0):
        table.update({zero + digit: str(digit) for digit in range(10)})
    return table


_FOLD = _fold_table()
_FOLDED = re.compile("[" + "".join(map(re.escape, map(chr, _FOLD))) + "]")
# What nearly every text holds: str.replace takes these out in half the time of str.translate.
_USUAL = [
    (char, _FOLD[ord(char)] or "")
    for char in (*"أإآىةیک", *map(chr, (0x640, *range(0x64B, 0x653), *range(0x660, 0x66A))))
]
_LINE = 200  # characters
_NESTED = 24  # calls, in the stack of 100 that SQLite's parser has


def fold(text: str) -> str:
    """Return `text` with everything removed that two spellings of one word may differ in.

    Alef forms, ta marbuta and ha, alef maqsura and ya, Persian ya and kaf count as one letter;
    vowel marks, tatweel and invisible characters vanish; native digits become ASCII; Latin loses
    its case and accents. It does all that Lucene's ArabicNormalizer does, and more.
    """
    return _folded_line(text) if len(text) < _LINE else _folded(text)


def _folded(text: str) -> str:
    text = tidy(text).casefold()
    for char, base in _USUAL:
        text = text.replace(char, base)
    return text.translate(_FOLD) if _FOLDED.search(text) else text


# The lines around an article are the same on every page of a newspaper, and folded many times.
_folded_line = lru_cache(maxsize=8192)(_folded)


def fold_in_sql() -> list[str]:
    """Return the steps that fold Arabic in a column `folded`, tidied and in small letters, as SQL.

    For a SQL without functions of ours: it does what `fold` does, but for accents of Latin.
    """
    steps = list[str]()
    folded = [code for code in _FOLD if 0x600 <= code < 0x1E00 or code >= 0x2000]
    for number, code in enumerate(code for code in folded if tidy(chr(code)) == chr(code)):
        inner = "folded" if number % _NESTED == 0 else steps.pop()
        steps.append(f"replace({inner}, '{chr(code)}', '{_FOLD[code] or ''}')")
    return steps


def _token_pattern(*, digits: int) -> re.Pattern[str]:
    """Compile the pattern of one token: a longest run of no separators with at most so many digits.

    The halves of surrogate pairs separate as well.
    """
    separators = [item.partition("-") for item in ("D800-DFFF", *_WORDS["separators"].split())]
    ranges = [
        f"\\U{first:0>8}-\\U{last or first:0>8}"
        for first, _, last in separators
        if len(first) <= digits
    ]
    return re.compile(f"[^{''.join(ranges)}]+")


_TOKEN = _token_pattern(digits=6)
_PLAIN_TOKEN = _token_pattern(digits=4)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def words(text: str) -> list[str]:
    """Return the tokens that SQLite sees in `text`; in half the time where it has no emoji."""
    return (_TOKEN if _ASTRAL.search(text) else _PLAIN_TOKEN).findall(text)


@lru_cache(maxsize=1 << 16)
def term(token: str) -> str:
    """Return what the index holds for one `token`: its bare stem, never empty, always one token.

    A token made of nothing but marks is its own term, so that original and index stay aligned.
    """
    stemmed = bare_stem(fold(token))
    return stemmed if _TOKEN.fullmatch(stemmed) else token


def analyse(text: str) -> list[str]:
    """Return the terms the index holds for `text`: one for each token SQLite sees, in order."""
    return list(map(term, words(text)))


def forms(text: str, terms: frozenset[str]) -> set[str]:
    """Return the folded words of `text` that the index holds as one of `terms`."""
    return {fold(word) for word in set(words(text)) if term(word) in terms}


STOP_WORDS: frozenset[str] = frozenset(_WORDS["stop"].split())
_MARKS = {code: None for code, base in _FOLD.items() if base is None}


def is_glue(token: str) -> bool:
    """Return whether a word as typed says little: "على" does, the name "علي" does not."""
    return token.translate(_MARKS) in STOP_WORDS


_PREFIXES = ("ال", "وال", "بال", "كال", "فال", "لل", "و")
_SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ية", "ه", "ة", "ي")
_AND = "و"
_FOR_THE = "لل"
_LEAST_JOINED = 4  # letters of a word with "and", as light10 has it
_PARTICLES = ("ب", "ل", "ك", "ف")
_LEAST_REST = 3  # letters; of shorter words too many are endings of others
_LAND = "يا"

_STEMS = _data("stems.toml")
_UNCUT = frozenset(_STEMS["uncut"].split())
_LANDS = frozenset(_STEMS["lands"].split())
KNOWN_STEMS = frozenset(_STEMS["known"].split())


def strip_prefix(word: str) -> str:
    """Return the folded `word` without its article, or the conjunction wa with three letters."""
    for prefix in _PREFIXES:
        least = _LEAST_JOINED if prefix == _AND else len(prefix) + 2
        if len(word) >= least and word.startswith(prefix):
            return word[len(prefix) :]
    return word


def bare_stem(word: str) -> str:
    """Return the stem of a folded `word` that the index holds: light10's, corrected by known words.

    Larkey, Ballesteros and Connell, "Light Stemming for Arabic Information Retrieval" (2007). A
    prefix stays where the whole is a known word (وزير, التزام), else "and" goes first and the
    article as light10 has it; ب ل ك ف go where a known word, a number or a foreign word is left.
    """
    whole = _cut(word)
    if whole in KNOWN_STEMS:
        return whole
    if len(word) >= _LEAST_JOINED and word.startswith(_AND):
        return bare_stem(word[1:])
    if word.startswith(_FOR_THE) and _known(rest := _cut(word[len(_FOR_THE) :])):
        return rest
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
    return len(rest) >= _LEAST_REST and (rest in KNOWN_STEMS or rest in _UNCUT)


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
