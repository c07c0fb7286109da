"""Citations of a state of an article: as a sentence, and in the formats of reference managers.

Each names the page, the moment at which it was recorded, the address of the state in the archive,
and the digest of the recorded bytes.
"""

import json
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import quote

from archive.clock import iso
from archive.evidence import Evidence
from archive.site import wording
from archive.site.language import ARABIC, speaking

# What TeX takes for its own (The TeXbook, chapter 7).
_TEX = {letter: f"\\{letter}" for letter in "&%$#_{}"}
_TEX |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_SAFE = "!#$%&'()*+,/:;=?@[]~"


def arabic(stated: Evidence, address: str) -> str:
    """Return a citation in an Arabic sentence; `address` is that of the state in the archive."""
    with speaking(ARABIC):
        day, moment = wording.day(stated.published_on), wording.time(iso(stated.at))
    source = "، ".join(filter(None, (stated.publisher, day)))
    parts = "، ".join(_authors(stated)), f"«{_title(stated) or 'بلا عنوان'}»", source
    where = f"{moment}: {address} (SHA-256: {stated.sha256 or '—'})"
    return f"{'. '.join(filter(None, parts))}. {_url(stated)} — لقطة محفوظة في {where}"


def english(stated: Evidence, address: str) -> str:
    """Return a citation in an English sentence; `address` as above."""
    day = date.fromisoformat(stated.published_on) if stated.published_on else None
    source = f"{stated.publisher}, {day.day} {day:%B %Y}" if day else stated.publisher
    parts = ", ".join(_authors(stated)), f"“{_title(stated) or 'Untitled'}”", source
    return f"{'. '.join(filter(None, parts))}. {_url(stated)} — {_note(stated, address)}"


def bibtex(stated: Evidence, address: str) -> str:
    """Return an entry for BibLaTeX; names are whole, so that none is torn into first and last."""
    fields = {
        "author": " and ".join(f"{{{_tex(name)}}}" for name in _authors(stated)),
        "title": _title(stated) and f"{{{_tex(_title(stated))}}}",
        "organization": f"{{{_tex(stated.publisher)}}}",
        "date": stated.published_on,
        "url": _url(stated),
        "urldate": f"{stated.at:%Y-%m-%d}",
        "langid": {"ar": "arabic", "en": "english"}.get(stated.language or ""),
        "note": _tex(_note(stated, address)),
    }
    lines = (f"  {name} = {{{text}}},\n" for name, text in fields.items() if text)
    return f"@online{{warraq-{stated.article}-{stated.capture},\n{''.join(lines)}}}\n"


def ris(stated: Evidence, address: str) -> str:
    """Return a reference in RIS, whose lines end with CR and LF."""
    tags = [("TY", "NEWS"), *(("AU", name) for name in _authors(stated)), ("TI", _title(stated))]
    tags += [("PB", stated.publisher), ("DA", (stated.published_on or "").replace("-", "/"))]
    tags += [("PY", (stated.published_on or "")[:4]), ("Y2", f"{stated.at:%Y/%m/%d}")]
    tags += [("LA", stated.language or ""), ("UR", _url(stated)), ("N1", _note(stated, address))]
    lines = (f"{tag}  - {' '.join(text.split())}\r\n" for tag, text in tags if text)
    return "".join([*lines, "ER  - \r\n"])


def csl(stated: Evidence, address: str) -> str:
    """Return an item of CSL-JSON, in a list."""
    item = {
        "id": f"warraq-{stated.article}-{stated.capture}",
        "type": "article-newspaper",
        "author": [{"literal": name} for name in _authors(stated)],
        "title": _title(stated),
        "container-title": stated.publisher,
        "issued": stated.published_on and {"date-parts": [_parts(stated.published_on)]},
        "accessed": {"date-parts": [_parts(iso(stated.at))]},
        "language": stated.language,
        "URL": _url(stated),
        "archive": "Warraq",
        "archive_location": address,
        "note": _note(stated, address),
    }
    said = {name: text for name, text in item.items() if text}
    return json.dumps([said], ensure_ascii=False, indent=2)


# By the ending of their address: media type and writer.
FORMATS: dict[str, tuple[str, Callable[[Evidence, str], str]]] = {
    "bib": ("application/x-bibtex", bibtex),
    "ris": ("application/x-research-info-systems", ris),
    "json": ("application/vnd.citationstyles.csl+json", csl),
}


def _authors(stated: Evidence) -> tuple[str, ...]:
    return stated.authors or ((stated.byline,) if stated.byline else ())


def _title(stated: Evidence) -> str:
    return " ".join((stated.title or "").split())


def _url(stated: Evidence) -> str:
    """Return the address of the page, with no sign that one of the formats takes for its own."""
    return quote(stated.article_url, safe=_SAFE)


def _note(stated: Evidence, address: str) -> str:
    return f"archived {iso(stated.at)} at {address}, SHA-256 {stated.sha256 or '—'}"


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in re.sub(r"\s+", " ", text))


def _parts(day: str) -> list[int]:
    return [int(part) for part in day[:10].split("-")]
