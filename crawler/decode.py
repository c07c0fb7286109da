"""Stop 8, first step: the bytes of a page become characters, whatever charset it claims.

Strict UTF-8 that decodes is UTF-8, whatever the page says: no other text looks like it by chance.
Otherwise the declarations are tried (byte order mark, header, meta) against what Arabic pages
really use, and the commonness of the letters that come out decides.
"""

import codecs
import re
from dataclasses import dataclass

_META = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})""")
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# What browsers take a label for (WHATWG Encoding): ASCII and Latin-1 are windows-1252.
_ALIASES = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-6": "iso8859_6",
    "windows-1256": "cp1256",
}
# Charsets a page may be in without saying so, the commonest first.
_UNDECLARED = ("cp1256", "iso8859_6", "cp1252")

# How common letters are in Arabic news, in four steps; letters not named are not expected.
_COMMON = dict.fromkeys("اليمونرت", 3) | dict.fromkeys("ةبعدأسهفكقحج", 2)
_COMMON |= dict.fromkeys("صشطىخإذضءزثئغظؤآپچژگکی", 1) | dict.fromkeys("،؛؟«»“”‘’–…•ـ", 1)
_COMMON |= dict.fromkeys("éèêëàâçùûüôöîïÉÀÇœß°·©®", 1)
_MEANT = 0.5  # the declared charset stands unless another one reads this much better
_SAMPLE = 40_000
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
    if _is_utf8(body):
        overruled = declared if declared not in {None, "utf-8"} and not body.isascii() else None
        return Decoded(text=body.decode("utf-8", "replace"), charset="utf-8", overruled=overruled)
    charset = _best(body, declared)
    text = body.decode(charset, "replace")
    return Decoded(text=text, charset=charset, overruled=None if charset == declared else declared)


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
        if codecs.lookup(name)._is_text_encoding:  # noqa: SLF001 - keeps base64 and rot13 out
            return _ALIASES.get(name, name)
    return None


def _is_utf8(body: bytes) -> bool:
    """Tell whether `body` is UTF-8, a torn end or a few broken letters allowed for."""
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(body, final=False)
    except UnicodeDecodeError:
        sample = body[: _SAMPLE * 4]
        text = sample.decode("utf-8", "replace")
        wide = sum(char > "\x7f" for char in text)
        return wide > 0 and text.count("\N{REPLACEMENT CHARACTER}") < wide * _BROKEN_SHARE
    return True


def _best(body: bytes, declared: str | None) -> str:
    """Return the charset under which the high bytes read most like letters of this field."""
    charsets = dict.fromkeys((declared, *_UNDECLARED) if declared else _UNDECLARED)
    charsets.pop("utf-8", None)
    scores = {charset: _commonness(body, charset) for charset in charsets}
    best = max(scores, key=lambda charset: scores[charset])
    if declared in scores and scores[declared] >= scores[best] - _MEANT:
        return declared
    return best


def _commonness(body: bytes, charset: str) -> float:
    """Return how common, on average, the non-ASCII characters of `body` are (0 to 3).

    A Latin accent counts only beside an ASCII letter: a run of them is Arabic misread.
    """
    text = body[: _SAMPLE * 4].decode(charset, "replace")
    wide = [match.group() for match in re.finditer(r"[^\x00-\x7f]+", text)][:_SAMPLE]
    score = count = 0
    for run in wide:
        count += len(run)
        accents = run[0] < "\u0250"
        score += (2 if len(run) == 1 else 0) if accents else sum(_COMMON.get(c, -1) for c in run)
    return score / count if count else 0.0
