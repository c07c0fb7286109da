"""Stop 8, first step: the bytes of a page become characters, whatever charset it claims.

Strict UTF-8 that decodes is UTF-8, whatever the page says: no other text looks like it by chance.
Otherwise the declarations are tried (byte order mark, header, meta) against what Arabic pages
really use, and the commonness of the letters that come out decides.
"""

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

from archive.mojibake import COMMON

_META = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})""")
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# The charsets a page of this field may declare, by Python's names; ASCII and Latin-1 labels mean
# windows-1252, as browsers read them (WHATWG Encoding). Other labels count as none.
_DECLARABLE = {
    **{name: name for name in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1254")},
    "cp1256": "cp1256",
    "iso8859-6": "iso8859_6",
    "mac-arabic": "mac_arabic",
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-15": "iso8859_15",
}
# Charsets a page may be in without saying so, the commonest first.
_UNDECLARED = ("cp1256", "iso8859_6", "cp1252")

_MEANT = 0.25  # the declared charset stands unless another one reads this much better
_SAMPLE = 160_000  # bytes of a page that are looked at to tell its charset
_ASCII = bytes(range(0x80))
_MASK = b" " * 0x80 + b"1" * 0x80
_LATIN = frozenset({"cp1252", "cp1254", "cp1256", "iso8859_15"})
_HEADER_LENGTH = 1445
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BROKEN_SHARE = 0.02  # so much of the text may be torn UTF-8 and still be UTF-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A page as characters: the charset that was used, and what was declared where it was not."""

    text: str
    charset: str
    overruled: str | None = None


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """Return `body` as text; bytes no charset explains become U+FFFD, nothing is raised.

    `content_type` is the header's value. Lone nulls and other bytes never end the reading.
    """
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return Decoded(text=body.decode(charset, "replace"), charset=charset)
    declared = _declared(body, content_type)
    if body[:2000].count(0) > len(body[:2000]) // 4:
        charset = "utf-16-be" if body[0] == 0 else "utf-16-le"
        return Decoded(text=body.decode(charset, "replace"), charset=charset)
    text = _as_utf8(body)
    if text is not None:
        overruled = declared if declared not in {None, "utf-8"} and not body.isascii() else None
        return Decoded(text=text, charset="utf-8", overruled=overruled)
    charset = _best(body, declared)
    text = body.decode(charset, "replace")
    return Decoded(text=text, charset=charset, overruled=None if charset == declared else declared)


def is_binary(text: str) -> bool:
    """Tell whether a decoded page is no text but a picture, a PDF or other data.

    By the control characters at its beginning, as the WHATWG's MIME Sniffing Standard (section
    7.1) does; a page may have a few of them by mistake.
    """
    start = text[:_HEADER_LENGTH]
    return start.startswith("%PDF-") or len(_CONTROL.findall(start)) * 50 > len(start)


def _declared(body: bytes, content_type: str | None) -> str | None:
    """Return the Python name of the first charset that is declared and known."""
    labels = _HEADER.findall(content_type or "")
    head = body[:4096]
    labels += [label.decode("ascii", "replace") for label in _XML.findall(head)]
    labels += [label.decode("ascii", "replace") for label in _META.findall(head)]
    for label in labels:
        try:
            name = codecs.lookup(label).name
        except (LookupError, ValueError):
            continue
        if name in _DECLARABLE:
            return _DECLARABLE[name]
    return None


def _as_utf8(body: bytes) -> str | None:
    """Return `body` as text if it is UTF-8, a torn end or a few broken letters allowed for."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        torn = error.end == len(body) and error.reason == "unexpected end of data"
    text = body[:_SAMPLE].decode("utf-8", "replace")
    wide = len(text) - len(text.encode("ascii", "ignore"))
    meant = wide > 0 and text.count("\N{REPLACEMENT CHARACTER}") < wide * _BROKEN_SHARE
    return body.decode("utf-8", "replace") if torn or meant else None


def _best(body: bytes, declared: str | None) -> str:
    """Return the charset under which the high bytes read most like letters of this field."""
    sample = body[:_SAMPLE]
    high = sample.translate(None, _ASCII)
    marked = b" " + sample.translate(_MASK) + b" "
    lone = marked.replace(b" ", b"  ").count(b" 1 ")  # each between blanks of its own
    charsets = dict.fromkeys((declared, *_UNDECLARED) if declared else _UNDECLARED)
    for wide in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):  # these had their turn
        charsets.pop(wide, None)
    scores = {charset: _commonness(high, lone, charset) for charset in charsets}
    best = max(scores, key=lambda charset: scores[charset])
    if declared in scores and scores[declared] >= scores[best] - _MEANT:
        return declared
    return best


def _commonness(high: bytes, lone: int, charset: str) -> float:
    """Return how common, on average, the characters of non-ASCII bytes are (0 to 3).

    A Latin accent counts only alone (`lone` of them are) between ASCII letters: a run of them is
    Arabic misread.
    """
    values = high.translate(_worths(charset))
    score = sum(worth * values.count(worth + 1) for worth in (-1, 1, 2, 3))
    if charset in _LATIN:
        score += 2 * lone
    return score / max(1, len(values))


@lru_cache
def _worths(charset: str) -> bytes:
    """Return how common the character of each byte is, plus one: letters of Latin count nothing."""
    chars = (bytes([code]).decode(charset, "replace") for code in range(256))
    return bytes(COMMON.get(char, -1) + 1 if char > "\u024f" else 1 for char in chars)
