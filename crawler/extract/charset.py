"""The bytes of a page become characters, whatever charset it claims; misread Arabic is repaired.

Strict UTF-8 that decodes is UTF-8, whatever the page says: no other text looks like it by chance.
Otherwise a declaration (byte order mark, header, meta) stands if the bytes can be read so; where
there is none, or one that servers make by default, the commonness of the letters that come out
says whether it is Arabic, and charset-normalizer which other script it is in.

The repair undoes UTF-8 read as windows-1256 or windows-1252, and windows-1256 read as
windows-1252, once or twice. Where a byte has no character in windows-1252, browsers keep it as a
control character (WHATWG Encoding); `tidy` drops those and with them letters, so a repair comes
first.
"""

import codecs
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml.html import HtmlElement
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

from archive.models import Link, Problem
from archive.problems import ProblemKind

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
    """Return quickly whether `text` holds a sign of misread Arabic; two words may have none."""
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


# Charsets of Arabic, which a page may be in without saying so, the commonest first.
_ARABIC_ONES = ("cp1256", "iso8859-6")
# What servers and systems declare without being asked, so that pages of any script carry it. By
# Python's names; ASCII and Latin-1 labels mean windows-1252, as browsers read them (WHATWG).
_DEFAULTS = frozenset({"cp1252", "cp1254", "iso8859-15"})
_SEVEN_BITS = frozenset({"iso2022_jp", "iso2022_kr", "hz"})  # bytes that are ASCII as well
# Charsets of the web (WHATWG Encoding) that charset-normalizer recognises by how they read.
_FOREIGN = (
    *("big5hkscs", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp1258", "cp866", "cp874", "cp932", "cp949", "euc_jp", "gb18030", "iso8859_2", "iso8859_5"),
    *("iso8859_6", "iso8859_7", "iso8859_8", "iso8859_15", "koi8_r", "koi8_u", "mac_cyrillic"),
)

_MEANT = 0.25  # the declared charset of Arabic stands unless another one reads this much better
_ACCENTS = 0.3  # of the high bytes stand alone at least where they are accents of a Latin text
_WESTERN = "éèêëàâçîïôûùœäöüßæåøñ«»‘’“”–—…°".encode("cp1252")  # and its like in the West
_OTHERS = 0.1  # of the high bytes of a text in one of those languages are none of these letters
_ODD = 0.02  # of a page in high bytes, below which they are the odd sign of a Latin text
_TEXTS = re.compile(rb"[<>\r\n]")
_SLICES = 3  # of a page's texts that are read on their own, for a broken byte spoils one
_SLICE = 10_000  # bytes
_SAMPLE = 160_000  # bytes of a page that are looked at to tell its charset
_AROUND = 1000  # bytes of ASCII before and after its letters that are among them
_FIRST_HIGH = re.compile(rb"[\x80-\xff]")
_LONG_ASCII = re.compile(rb"(?<=[\x80-\xff])([\x00-\x7f]{%d})[\x00-\x7f]+" % _AROUND)
_ASCII = bytes(range(0x80))
_MASK = b" " * 0x80 + b"1" * 0x80
_HEADER_LENGTH = 1445
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BROKEN_SHARE = 0.02  # so much of a text may be broken and still be in its charset
_CUT_SHARE = 0.2  # and so much in UTF-8, where nothing else explains the bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A page as characters: the charset that was used, and what was declared where it was not.

    `charset` is None where no charset explains the bytes: only ASCII is in `text` then. `utf8` is
    the page itself where it is sound UTF-8.
    """

    text: str
    charset: str | None
    overruled: str | None = None
    utf8: bytes | None = None


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """Return `body` as text; bytes no charset explains become U+FFFD, nothing is raised.

    `content_type` is the header's value. Lone nulls and other bytes never end the reading.
    """
    marked, mark = read_bom(body)
    if marked and mark:
        return Decoded(text=body[len(mark) :].decode(marked, "replace"), charset=marked)
    declared = _declared(body, content_type)
    first = declared[0] if declared else None
    if body[:2000].count(0) > len(body[:2000]) // 4:
        charset = "utf-16-be" if body[0] == 0 else "utf-16-le"
        return Decoded(text=body.decode(charset, "replace"), charset=charset)
    text = _read_in(body, "utf-8")
    if text is not None and not (first in _SEVEN_BITS and body.isascii()):
        overruled = first if first not in {None, "utf-8"} and not body.isascii() else None
        utf8 = None if "\N{REPLACEMENT CHARACTER}" in text else body
        return Decoded(text=text, charset="utf-8", overruled=overruled, utf8=utf8)
    found = _charset_of(body, declared)
    text = body.decode(found or "ascii", "replace")
    return Decoded(text=text, charset=found, overruled=None if found in declared else first)


def overruled(decoded: Decoded) -> tuple[Problem, ...]:
    """Return the problem that a page declares another charset than it is in, if it does."""
    if not decoded.overruled:
        return ()
    detail = f"declared as {decoded.overruled}, read as {decoded.charset}"
    return (Problem(kind=ProblemKind.CHARSET, detail=detail, stage="extract"),)


def is_binary(text: str) -> bool:
    """Return whether a decoded page is no text but a picture, a PDF or other data.

    By the control characters at its beginning, as the WHATWG's MIME Sniffing Standard (section
    7.1) does; a page may have a few of them by mistake.
    """
    start = text[:_HEADER_LENGTH]
    return start.startswith("%PDF-") or len(_CONTROL.findall(start)) * 50 > len(start)


def _declared(body: bytes, content_type: str | None) -> list[str]:
    """Return the Python names of the charsets that are declared, the header's first."""
    names = (http_content_type_encoding(content_type), html_body_declared_encoding(body))
    return [name for name in dict.fromkeys(names) if name and _is_charset(name)]


@lru_cache
def _is_charset(name: str) -> bool:
    """Return whether a codec of Python is a charset of pages: most of ASCII is itself in it."""
    try:
        return (
            name.startswith("utf-") or b"\\u0042<a-b>".decode(name, "replace")[1:] == "u0042<a-b>"
        )
    except (LookupError, UnicodeError):
        return False


def _sample(body: bytes) -> bytes:
    """Return what tells the charset of a page, from shortly before its first byte beyond ASCII.

    Scripts and styles may be longer than a sample is; long ASCII is cut short.
    """
    first = _FIRST_HIGH.search(body)
    start = max(0, first.start() - _AROUND) if first else 0
    return _LONG_ASCII.sub(rb"\1", body[start:])[:_SAMPLE]


def _read_in(body: bytes, charset: str, *, broken: float = _BROKEN_SHARE) -> str | None:
    """Return `body` as text if it is in a charset; a torn end and a share of it may be broken."""
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        torn = error.end == len(body) and error.reason.startswith(("unexpected end", "incomplete"))
    sample = body[:_SAMPLE] if charset in _SEVEN_BITS else _sample(body)
    text = sample.decode(charset, "replace")
    wide = len(text) - len(text.encode("ascii", "ignore"))
    meant = wide > 0 and text.count("\N{REPLACEMENT CHARACTER}") < wide * broken
    return body.decode(charset, "replace") if torn or meant else None


def _charset_of(body: bytes, declared: Sequence[str]) -> str | None:
    """Return the charset of bytes that are not sound UTF-8, None where none explains them.

    What is declared stands if the bytes can be read so; but Arabic that no other script looks like
    is Arabic under labels that say nothing, and where its charsets are declared next to others.
    """
    sample = _sample(body)
    high = sample.translate(None, _ASCII)
    lone = sample.translate(_MASK).split().count(b"1")  # runs of one
    is_latin = lone > len(high) * _ACCENTS
    legacy = [name for name in declared if not name.startswith("utf-")]
    own = next((name for name in legacy if name in _ARABIC_ONES), None)
    scores = {name: _score_of(high, name) + _MEANT * (name == own) for name in _ARABIC_ONES}
    best = max(scores, key=lambda name: scores[name])
    is_arabic = not is_latin and scores[best] >= _LIKELY
    if is_arabic and own:
        return best
    for name in legacy:
        if name not in _DEFAULTS and _read_in(body, name) is not None:
            return best if name == own else name
    if is_arabic:
        return best
    if _read_in(body, "utf-8", broken=_CUT_SHARE) is not None:
        return "utf-8"
    latin = next((name for name in legacy if name in _DEFAULTS), None)
    others = len(high.translate(None, _WESTERN))
    if is_latin and (latin or others < len(high) * _OTHERS):
        return latin or "cp1252"
    return _recognised(sample) or latin or ("cp1252" if len(high) < len(sample) * _ODD else None)


def _recognised(sample: bytes) -> str | None:
    """Return the charset that a page is in by how it reads, None if none is likely."""
    from charset_normalizer import from_bytes  # hardly any page needs it

    texts = [text for text in _TEXTS.split(sample) if not text.isascii()]
    parts = [b"\n".join(texts[start::_SLICES])[:_SLICE] for start in range(_SLICES)]
    guesses = [from_bytes(part, cp_isolation=[*_FOREIGN], enable_fallback=False) for part in parts]
    matches = [match for guess in guesses if (match := guess.best())]
    likeliest = min(matches, key=lambda match: (match.chaos, -match.coherence), default=None)
    if likeliest is None or _read_in(sample, likeliest.encoding) is None:
        return None
    return codecs.lookup(likeliest.encoding).name


def _score_of(high: bytes, charset: str) -> float:
    """Return how common, on average, the characters of non-ASCII bytes are in Arabic (0 to 3)."""
    values = high.translate(_worths(charset))
    score = sum(worth * values.count(worth + 1) for worth in (-1, 1, 2, 3))
    return score / max(1, len(values))


@lru_cache
def _worths(charset: str) -> bytes:
    """Return how common the character of each byte is, plus one: letters of Latin count nothing."""
    chars = (bytes([code]).decode(charset, "replace") for code in range(256))
    return bytes(COMMON.get(char, -1) + 1 if char > "\u024f" else 1 for char in chars)


def mend(root: HtmlElement, text: str) -> tuple[Problem, ...]:
    """Repair the tree of a page whose characters are `text`; return the problem if it needed it.

    Texts and attributes are repaired one by one: often a single field of a page is wrong.
    """
    if not may_be_misread(text):
        return ()
    meant = [string for element in root.iter("*") for string in _mended(element)]
    if not meant:
        return ()
    sample = max(meant, key=len).strip()[:60]
    detail = f"{len(meant)} strings were Arabic misread by their site, as {sample!r}"
    return (Problem(kind=ProblemKind.MOJIBAKE, detail=detail, stage="extract"),)


def mend_hints(hints: Link | None) -> Link | None:
    """Return what a listing said of a page with its misread strings repaired."""
    return hints and replace(
        hints,
        title=hints.title and repair(hints.title),
        author=hints.author and repair(hints.author),
        summary=hints.summary and repair(hints.summary),
    )


def _mended(element: HtmlElement) -> Iterator[str]:
    """Repair the strings of an element; yield those that needed it."""
    strings = [(element.set, name, value) for name, value in element.attrib.items()]
    strings += [(element.__setattr__, place, getattr(element, place)) for place in ("text", "tail")]
    for put, name, value in strings:
        if value and (meant := repair(value)) != value:
            # lxml refuses what no XML may hold; such a string stays as it is.
            with contextlib.suppress(ValueError):
                put(name, meant)
                yield meant
