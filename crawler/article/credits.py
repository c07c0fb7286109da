"""Stop 8: whom a caption names as the source of its image."""

import re

from archive.search.arabic import fold
from crawler.article.datelines import is_agency
from crawler.article.headline import key

# Read folded: ا for every alef, ه for ة, ي for ى, no marks, lower case.
_LABEL = re.compile(
    r"(?:(?:ال)?مصدر(?: ال(?:صوره|صور))?|صدر الصوره|تصوير|عدسه|بعدسه|كاميرا|حقوق الصوره|"
    r"(?:ال)?صوره(?: من)?|photo(?: by)?|credits?|image(?: source)?|source|©|copyright)"
    r"\s*[:：/،|\-–]\s*(\S.*)"
)
_BARE = re.compile(r"(?:تصوير|بعدسه|عدسه|©)\s+(\S.*)")
_SOURCES = re.compile(
    r"(?:(?:صوره )?(?:من )?(?:مواقع التواصل(?: الاجتماعي)?|وسائل التواصل(?: الاجتماعي)?|الانترنت|"
    r"السوشيال ميديا|ارشيف\w*|الارشيف|ارشيفيه|صوره ارشيفيه|متداوله|ناشطون|خاص|"
    r"الصحيفه|الجريده|الموقع|الوكاله)|getty(?: images)?|"
    r"غيتي(?: ايمجز)?|جيتي(?: ايمجز)?|شترستوك|shutterstock|istock|unsplash|pixabay|alamy|epa|ا ب ا|"
    r"عن الانترنت|(?:x|twitter|facebook|فيسبوك|تويتر|اكس|انستغرام|تلغرام|تيليغرام|يوتيوب))"
)
_CLOSING = re.compile(r"^(.*?)\s*[(\[（]([^()\[\]（）]{2,60})[)\]）]\s*\.?\s*$", re.DOTALL)
_PARTED = re.compile(r"^(.*\S)\s*(?:[|©]|\s[-–—]\s)\s*([^|©]{2,60})$", re.DOTALL)
_LONGEST = 80  # characters; what is longer says more than a name


def split_credit(caption: str, names: frozenset[str] = frozenset()) -> tuple[str, str | None]:
    """Split a caption into what it tells and whom it credits; None where it credits nobody.

    A credit is labelled, or stands last, in brackets or behind a bar, and is an agency, an image
    library, a kind of source, or one of `names` (keys of what the newspaper is called).
    """
    if (credit := _labelled(caption)) is not None:
        return "", credit
    for pattern in (_CLOSING, _PARTED):
        if found := pattern.match(caption):
            inner = _labelled(found[2]) or (found[2] if _is_source(found[2], names) else None)
            if inner:
                return found[1].strip(), inner.strip()
    return caption, None


def _labelled(text: str) -> str | None:
    """Return the name that a label (`تصوير:`, `المصدر:`) introduces, if that is all there is."""
    if len(text) > _LONGEST:
        return None
    folded = fold(text)
    found = _LABEL.fullmatch(folded.strip()) or _BARE.fullmatch(folded.strip())
    if found is None:
        return None
    name = _behind(text.strip(), len(found[1]))
    return name or None


def _behind(text: str, length: int) -> str:
    """Return the last `length` folded characters of a text as they are written."""
    start = len(text)
    while start > 0 and len(fold(text[start:]).strip()) < length:
        start -= 1
    return text[start:].strip(" :：/،|-–")


def _is_source(text: str, names: frozenset[str]) -> bool:
    folded = fold(text).strip(" .")
    parts = [part.strip() for part in re.split(r"[/،,–-]|\sو(?=\S)", text) if part.strip()]
    return _SOURCES.fullmatch(folded) is not None or any(
        is_agency(part) or key(part) in names or _SOURCES.fullmatch(fold(part).strip(" ."))
        for part in parts
    )
