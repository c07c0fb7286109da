"""Ages, reading times, counts of words and readers, buttons: what a page shows, and nobody wrote.

They change from visit to visit («منذ 4 ساعات», «1,204 مشاهدة»), and so they belong to no text, no
byline and no dateline. A line is made of them where nothing is left once they are taken out.
"""

import re

from archive.search.arabic import fold
from crawler.dates.ages import AGE
from crawler.extract.vocabulary import alternatives

# All patterns read folded text: ا for every alef, ه for ة, ي for ى, no marks, lower case.
_COUNT = f"(?:{alternatives('counters', 'count')})"
_TIME = f"(?:{alternatives('counters', 'time')})"
_MINUTES = rf"(?:{_COUNT}\s*{_TIME}(?: واحده)?|دقيقه واحده|دقيقتان|دقيقتين)"
_NUMBER = r"\d[\d.,]*(?:\s?(?:[km]|الف|الاف|مليون)(?!\w))?"
_COUNTED = alternatives("counters", "counted")
_COUNTS = alternatives("counters", "counts")
_DONE = alternatives("counters", "done")
_SITES = alternatives("counters", "sites")
_BUTTONS = alternatives("counters", "buttons")
_THIS = alternatives("counters", "this")
# What counts: it differs from one visit to the next, or only measures the text.
_COUNTERS = (
    (
        rf"(?:مده|وقت|زمن|معدل) (?:ال)?قراءه\s*(?:ال(?:{_THIS}))?\s*:?\s*(?:حوالي |نحو )?"
        rf"{_COUNT}(?:\s*{_TIME})*(?: واحده)?"
    ),
    rf"{_MINUTES}\s*(?:قراءه|read(?:ing)?|de lecture)",
    rf"{_COUNT}(?:\s*{_TIME})?(?: واحده)?\s*(?:من القراءه|من قراءه|لقراءه|للقراءه)",
    r"(?:less than|about) a minute(?: read)?",
    rf"(?:reading time|read time|temps de lecture|lecture|duree de lecture)\s*:?\s*{_MINUTES}",
    rf"قراءه (?:في )?{_MINUTES}",
    rf"يقرا في {_COUNT}(?:\s*{_TIME})?",
    rf"{_NUMBER}\s*(?:{_COUNTED})",
    rf"(?:عدد )?(?:ال)?(?:{_COUNTS})\s*:?\s*{_NUMBER}",
    rf"(?:{_DONE})\s*:?\s*{_NUMBER}(?:\s*(?:مره|مرات))?",
    r"(?:لا (?:يوجد |توجد )?|بدون )(?:تعليقات|تعليق|مشاهدات)|no comments?",
)
_CONTROLS = (
    r"(?:تكبير|تصغير|تغيير)(?: حجم)?(?: ال)?(?:خط|نص)?",
    r"حجم (?:ال)?(?:خط|نص)",
    r"نوع الخط",
    r"[اa]\s?[+\-−]",
    (
        rf"(?:{_BUTTONS})(?: (?:الي|ل)\s?صديق|(?: (?:الي|هذا|هذه))?(?: ?(?:ال|لل)(?:{_THIS}))?)"
        r"(?: (?:ك )?pdf)?"
    ),
    r"رابط (?:مختصر|المقال|الخبر)|(?:تم )?نسخ الرابط|انسخ الرابط",
    r"الصوت بتقنيه اليه|(?:ب)?صوت (?:الي|اصطناعي)|سرعه (?:القراءه|الصوت|التشغيل)",
    r"(?:ايقاف|تشغيل)(?: مؤقت| موقت)?",
    r"\d{1,2}:\d{2}\s*/\s*\d{1,2}:\d{2}|\d(?:\.\d+)?x",
    rf"(?:(?:علي|عبر|في|الي|on|via|to)\s+)?(?:{_SITES})",
)
_ANY = "|".join(f"(?:{part})" for part in (*_COUNTERS, *_CONTROLS))
_PART = re.compile(rf"(?<!\w)(?:{_ANY})(?!\w)")
_LINE = re.compile(rf"(?:[\W_]*(?:{_ANY})(?!\w))+[\W_]*")
_COUNTER = re.compile(rf"(?<!\w)(?:{'|'.join(_COUNTERS)}|{AGE})(?!\w)")
_ONLY_MINUTES = re.compile(rf"\W*{_MINUTES}\W*")
# A quick look for what each of the counters holds.
_LIKELY = re.compile(
    r"\d|منذ|قبل |من (?:ساع|دقي|يوم|اسب|شهر|سن|عام|نصف|ربع|ثل|حوا|نحو|اكثر|اقل)|دقيق|تعليق|لقراءه"
    r"|ago|minute|just now|depuis|il y a|l.instant|comment"
)
_LONGEST = 160  # characters of a line that may be one of them
_EDGES = " |•·-–—,،:/"


def is_info(folded: str) -> bool:
    """Return whether a folded line is nothing but reading time, counts, buttons and the like."""
    return len(folded) <= _LONGEST and _LINE.fullmatch(folded) is not None


def is_reading_time(folded: str) -> bool:
    """Return whether a folded line is a number of minutes alone: «2min», «3 دقائق»."""
    return _ONLY_MINUTES.fullmatch(folded) is not None


def without_info(folded: str) -> str:
    """Return a folded line without reading time, counts and buttons, if it holds any."""
    return " ".join(_PART.sub(" ", folded).split()) if len(folded) <= _LONGEST else folded


def without_counters(text: str) -> str:
    """Return a line without ages, reading times and counts: as it is where it holds none.

    Whole words go, so that «منذ ساعة، كتب» leaves «كتب». A line that says more than they do is for
    the caller to judge: sentences count as well.
    """
    if len(text) > _LONGEST or not _LIKELY.search(fold(text)):
        return text
    words = text.split()
    folded = [fold(word) for word in words]
    line = " ".join(folded)
    if not _COUNTER.search(line):
        return text
    places = _spans(folded)
    dropped = {
        index
        for match in _COUNTER.finditer(line)
        for index, (start, end) in enumerate(places)
        if start < match.end() and match.start() < end
    }
    kept = (word for index, word in enumerate(words) if index not in dropped)
    return " ".join(kept).strip(_EDGES)


def _spans(words: list[str]) -> list[tuple[int, int]]:
    """Return where each of some words begins and ends in the line that they make."""
    spans: list[tuple[int, int]] = []
    start = 0
    for word in words:
        spans.append((start, start + len(word)))
        start += len(word) + 1
    return spans
