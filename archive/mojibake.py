"""Undoes Arabic that was read in the wrong charset and written down so, once or twice. Pure.

UTF-8 read as windows-1256 or windows-1252, and windows-1256 read as windows-1252. Where a byte has
no character in windows-1252, browsers keep it as a control character (WHATWG Encoding); `tidy`
drops those and with them letters, so a repair comes first.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable

# How common letters are in Arabic news, in four steps; letters not named are not expected.
COMMON = dict.fromkeys("اليمونرت", 3) | dict.fromkeys("ةبعدأسهفكقحج", 2)
COMMON |= dict.fromkeys("صشطىخإذضءزثئغظؤآپچژگکی", 1) | dict.fromkeys("،؛؟«»“”‘’–…•ـ", 1)

_ROUNDS = 3  # times a text may have been misread
_FEWEST = 3  # letters below which frequency tells nothing
_LIKELY = 1.75  # commonness: sentences of news have 2.2 and more, misread ones 1 and less
_TORN = 0.02  # of a text may be cut in the middle of a letter
_WORD = re.compile(r"[^\W\d_]+")
_HIGH = re.compile(r"[^\x00-\x7f]")
_JUDGED = re.compile(r"[^\x00-\x7f\u064b-\u0652\u0660-\u0669]")  # marks and digits tell nothing
_ARABIC = re.compile("[\u0620-\u06d3]")
# What common letters become; a search for each is quicker than one pattern for all.
_SIGNS = (
    *("Ø", "Ù", "Ã", "Ç", "á", "ã", "í", "Ê"),
    *("ط§", "ظ„", "ظٹ", "ظ…", "ظˆ", "ظ†", "ط±", "طھ", "ط·", "أک", "أ™", "أ‡", "أ£"),
)


def commonness(letters: Iterable[str]) -> float:
    """Return how common, on average, non-ASCII characters are in Arabic news (-1 to 3)."""
    counts = Counter(letters)
    return sum(COMMON.get(c, -1) * n for c, n in counts.items()) / max(1, counts.total())


def may_be_misread(text: str) -> bool:
    """Tell quickly whether `text` holds a sign of misread Arabic; two words of it may have none."""
    # The last letter of a sign is rare in Arabic, and a search for one letter is the quickest.
    return any(sign[-1] in text and sign in text for sign in _SIGNS)


def repair(text: str) -> str:
    """Return `text` with every line that is misread Arabic as it was meant; else as it is.

    A line is changed only if all its letters re-decode without a fault and the letters that come
    out are as common as those of real Arabic are. Not yet tidied, or letters are lost.
    """
    if not may_be_misread(text):
        return text
    return "\n".join(map(_repaired, text.split("\n")))


def _repaired(line: str) -> str:
    readings = [line]
    for _ in range(_ROUNDS):
        readings = [again for reading in readings for undo in _UNDOINGS if (again := undo(reading))]
        meant = max(readings, key=_likelihood, default=line)
        if _likelihood(meant) >= _LIKELY:
            return meant
    return line


def _likelihood(text: str) -> float:
    letters = _JUDGED.findall(text)
    arabic = len(_ARABIC.findall(text))
    return commonness(letters) if arabic >= max(_FEWEST, len(letters) / 2) else -1


def _high_half(charset: str) -> list[str]:
    """Return the characters of the bytes 0x80 to 0xFF, control characters for what has none."""
    return [bytes([code]).decode(charset, "ignore") or chr(code) for code in range(0x80, 0x100)]


def _undo_utf8(charset: str) -> Callable[[str], str | None]:
    """Return what reads UTF-8 that was read in a charset as UTF-8 again, None if that fails."""
    high = _high_half(charset)
    codes = {chr(code): code for code in range(0x80, 0xA0)} | {
        char: code for code, char in enumerate(high, 0x80)
    }

    def chars(first: int, last: int) -> str:
        return "".join(re.escape(char) for char, code in codes.items() if first <= code <= last)

    follower = f"[{chars(0x80, 0xBF)}]"
    one = f"[{chars(0xC2, 0xDF)}]{follower}|[{chars(0xE0, 0xEF)}]{follower}{{2}}"
    runs = re.compile(f"(?:{one}|[{chars(0xF0, 0xF4)}]{follower}{{3}})+")

    def undo(text: str) -> str | None:
        rest = runs.sub("", text)
        torn = sum(char.isalpha() for char in _HIGH.findall(rest))
        if rest == text or torn > _TORN * (len(text) - len(rest)):
            return None
        try:
            return runs.sub(lambda run: bytes(codes[c] for c in run[0]).decode(), text)
        except UnicodeDecodeError:
            return None

    return undo


_AS_1256 = {
    ord(latin): arabic
    for latin, arabic in zip(_high_half("cp1252"), _high_half("cp1256"), strict=True)
} | dict(enumerate(_high_half("cp1256")[:0x20], 0x80))


def _undo_1256(text: str) -> str | None:
    """Return `text` read as windows-1256, if its words have no plain letter and none of Arabic."""
    whole = mixed = 0
    for word in _WORD.findall(text):
        high = sum(char >= "\x80" for char in word)
        whole += high if high == len(word) > 1 else 0
        mixed += 0 < high < len(word)
    if whole <= _FEWEST or whole < 4 * mixed or _ARABIC.search(text):
        return None
    return text.translate(_AS_1256)


_UNDOINGS = (_undo_utf8("cp1256"), _undo_utf8("cp1252"), _undo_1256)
