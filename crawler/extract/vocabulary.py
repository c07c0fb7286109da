"""The words of `words/*.toml`, and the questions that every stage asks of a text.

What it is made of: names, places and agencies; the language it is in; the counters around it. Ages,
reading times, counts of words and readers change from visit to visit («منذ 4 ساعات», «1,204
مشاهدة»): nobody wrote them, so they belong to no text, no byline and no dateline. A line is made
of them where nothing is left once they are taken out.
"""

import re
import tomllib
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from archive.search.arabic import fold, tidy
from crawler.dates.words import AGE

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")  # where camel case joins two words
_WORD = re.compile(r"\w+")
_WORDS = Path(__file__).parent / "words"


@cache
def table(name: str) -> dict[str, Any]:
    """Return what `words/NAME.toml` holds."""
    return tomllib.loads((_WORDS / f"{name}.toml").read_text("utf-8"))


def words(name: str, *keys: str) -> tuple[str, ...]:
    """Return a list of `words/NAME.toml`; a text there is the list of its words, _ for a blank."""
    value: Any = table(name)
    for each in keys:
        value = value[each]
    if isinstance(value, str):
        return tuple(word.replace("_", " ") for word in value.split())
    return tuple(value)


def alternatives(name: str, *keys: str) -> str:
    """Return a list of regular expressions as one, in no group."""
    return "|".join(words(name, *keys))


def pattern(name: str, key: str, form: str = "{}", flags: int = 0) -> re.Pattern[str]:
    """Return a list of regular expressions as one; in `form`, {} stands for them."""
    return re.compile(form.replace("{}", alternatives(name, key)), flags)


def class_pattern(key: str) -> re.Pattern[str]:
    """Return what finds one of a list of `words/classes.toml` among the names of an element."""
    return pattern("classes", key, r"(?:^|[\s_-])(?:{})(?=$|[\s_-])", re.IGNORECASE)


def one_line(text: str) -> str:
    """Return `text` as the archive stores it, on one line and without blanks at its ends."""
    return " ".join(tidy(text).split())


@lru_cache(maxsize=4096)  # menus and tickers are the same on every page of a newspaper
def key(text: str) -> str:
    """Return what two spellings of one headline have in common: its folded words."""
    return " ".join(_WORD.findall(fold(text)))


_TITLES = frozenset({"د", "م", "ا"})
GIVEN = frozenset(map(fold, words("names", "given")))


def is_person(names: list[str]) -> bool:
    """Return whether the first of some words is a given name, titles like د. passed over."""
    kept = [name for name in names if not name.endswith(".") and fold(name) not in _TITLES]
    return bool(kept) and fold(kept[0]) in GIVEN


PLACES = frozenset(map(fold, words("names", "places")))

AGENCIES = frozenset(fold(name).strip() for name in words("names", "agencies"))
_UNNAMED = frozenset(words("names", "unnamed"))

_AGENCY_LIKE = pattern("names", "agency_like")
_SPACED = re.compile(r"[\s.]+")


def is_place(text: str) -> bool:
    """Tell whether `text` is a place datelines name."""
    return fold(text).strip(" .:") in PLACES


def is_agency(text: str) -> bool:
    """Tell whether `text` is a news agency, named or not ("وكالات")."""
    folded = fold(text).strip(" :")
    known = folded in AGENCIES | _UNNAMED or _SPACED.sub(" ", folded).strip() in AGENCIES
    return known or _AGENCY_LIKE.fullmatch(folded) is not None


def is_unnamed_agency(text: str) -> bool:
    """Tell whether `text` says only that agencies reported."""
    return fold(text).strip(" .:") in _UNNAMED


# Words that make up much of any text of a language and little of its neighbours'.
_FUNCTION_WORDS = {
    "ar": "ال في من على إلى أن التي الذي عن مع هذا هذه كان قد لا ما بعد بين ذلك كما وقال وفي إن",
    "fa": "و در به از که این را با است برای آن های می بر یک تا کرد خود شد نیز شده باید",
    "ur": "کے میں کی ہے سے کا کو اور نے پر کہ ہیں یہ اس بھی تھا کر ایک نہیں گے",
    "ckb": "لە بە کە و بۆ ئەم ئەو لەگەڵ دەکات سەر کرد بوو هەر یان ئەوە نێوان هەیە",
    "en": "the of and to in a is that for on was with as by it at from be are this has have",
    "fr": "de la le et les des en un une du que est pour dans par sur au qui ne pas avec plus",
}
# Letters of one alphabet that the others on this list do without, and what one of them counts.
# Those of Persian are Urdu's and Kurdish's too; it is often typed with Arabic's yeh and kaf.
_LETTERS = {"ckb": ("ێۆڵڕەڤ", 8), "ur": ("ٹڈڑںےہھ", 8), "fa": ("پچژگیک", 3), "ar": ("ةىأإ", 6)}
_TYPED = str.maketrans("يك", "یک")
_ARTICLES = ("ال", "وال", "بال", "لل")
_COMMON = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
_WHOLE_WORD = re.compile(r"[^\W\d_]+(?:\u200c[^\W\d_]+)*")
_SAMPLE = 4000
_FEWEST_WORDS = 3  # words below which a text is too short to tell by


ARABIC_SCRIPT = ("ar", "fa", "ur", "ckb")


def changes_script(language: str | None, text: str) -> bool:
    """Tell whether a text is surely not in the script of a language of `detect`."""
    if language is None:
        return False
    words = _WHOLE_WORD.findall(text[:_SAMPLE])
    if len(words) < _FEWEST_WORDS:
        return False
    return _is_arabic(words) != (language in ARABIC_SCRIPT)


def _is_arabic(words: list[str]) -> bool:
    return sum("\u0600" <= word[0] <= "\u06ff" for word in words) * 2 >= len(words)


def detect_language(text: str) -> str | None:
    """Return the BCP 47 code of the language of `text`: ar, fa, ur, ckb, en or fr; None if unsure.

    Arabic-script text is told apart by letters first (ۆ is Kurdish, ے Urdu, ة Arabic), then by
    function words; Latin-script text by function words alone.
    """
    sample = text[:_SAMPLE]
    words = _WHOLE_WORD.findall(sample.lower())
    if len(words) < _FEWEST_WORDS:
        return None
    script = ARABIC_SCRIPT if _is_arabic(words) else ("en", "fr")
    counts = Counter(words)
    counts.update([word.translate(_TYPED) for word in words if "ي" in word or "ك" in word])
    counts["ال"] = sum(word.startswith(_ARTICLES) for word in words)
    scores = {one: _score(one, counts, sample, len(words)) for one in script}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > 0.02 else None


def _score(language: str, counts: Counter[str], sample: str, words: int) -> float:
    """Return how much of a text are a language's own words and letters."""
    alphabet, weight = _LETTERS.get(language, ("", 0))
    own = sum(map(sample.count, alphabet))
    if language == "fa" and not own:
        return 0.0
    common = sum(counts[word] for word in _COMMON[language])
    return common / words + weight * own / len(sample)


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
_LONGEST_COUNTER = 160  # characters of a line that may be one of them
_EDGES = " |•·-–—,،:/"


def is_info(folded: str) -> bool:
    """Return whether a folded line is nothing but reading time, counts, buttons and the like."""
    return len(folded) <= _LONGEST_COUNTER and _LINE.fullmatch(folded) is not None


def is_reading_time(folded: str) -> bool:
    """Return whether a folded line is a number of minutes alone: «2min», «3 دقائق»."""
    return _ONLY_MINUTES.fullmatch(folded) is not None


def without_info(folded: str) -> str:
    """Return a folded line without reading time, counts and buttons, if it holds any."""
    return " ".join(_PART.sub(" ", folded).split()) if len(folded) <= _LONGEST_COUNTER else folded


def without_counters(text: str) -> str:
    """Return a line without ages, reading times and counts: as it is where it holds none.

    Whole words go, so that «منذ ساعة، كتب» leaves «كتب». A line that says more than they do is for
    the caller to judge: sentences count as well.
    """
    if len(text) > _LONGEST_COUNTER or not _LIKELY.search(fold(text)):
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
