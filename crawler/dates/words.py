"""A printed date is cut into the words and numbers that dates are made of.

One word that dates are not made of, and the whole string is none. All Arabic words are folded
(`archive.search.arabic.fold`): ا for every alef, ه for ة, ي for ى, no marks.
"""

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from archive.search.arabic import fold

# Gulf and Egypt; Levant and Iraq; Morocco; Algeria and Tunisia; spelling variants of each.
_ARABIC = (
    "يناير|كانون الثاني|كانون ثاني|كانون ثان|كانون2|كانون 2|ك2|ك 2|جانفي|ينايير",
    "فبراير|شباط|فيفري|فيبراير|فبرابر",
    "مارس|اذار|مارص",
    "ابريل|نيسان|افريل|أبريل|ابرايل",
    "مايو|ايار|ماي|نوار",
    "يونيو|يونيه|حزيران|جوان|يونيوه|يونية",
    "يوليو|يوليه|تموز|جويليه|يوليوز|جوييه|جويلي",
    "اغسطس|اب|اوت|غشت|آب|أوغسطس|اغسطوس",
    "سبتمبر|ايلول|شتنبر|شتمبر|سبتمير",
    "اكتوبر|تشرين الاول|تشرين اول|تشرين1|تشرين 1|ت1|ت 1|اكتوبير",
    "نوفمبر|تشرين الثاني|تشرين ثاني|تشرين ثان|تشرين2|تشرين 2|ت2|ت 2|نونبر|نوفمبير|نوفنبر",
    "ديسمبر|كانون الاول|كانون اول|كانون1|كانون 1|ك1|ك 1|دجنبر|ديسمبير|دسمبر",
)
_LATIN = (
    "january|jan|janvier|janv",
    "february|feb|février|fevrier|févr|fév",
    "march|mar|mars",
    "april|apr|avril|avr",
    "may|mai",
    "june|jun|juin",
    "july|jul|juillet|juil",
    "august|aug|août|aout",
    "september|sep|sept|septembre",
    "october|oct|octobre",
    "november|nov|novembre",
    "december|dec|décembre|decembre|déc",
)
# Iran's and Afghanistan's names of the common months; Pakistan's; Iraqi Kurdistan's.
_PERSIAN = (
    *("ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن|ژوین", "ژوئیه|جولای", "اوت|آگوست"),
    *("سپتامبر", "اکتبر", "نوامبر", "دسامبر"),
)
_URDU = (
    *("جنوری", "فروری", "مارچ", "اپریل", "مئی", "جون", "جولائی", "اگست", "ستمبر", "اکتوبر"),
    *("نومبر", "دسمبر"),
)
_KURDISH = (
    *(
        "کانوونی دووەم",
        "شوبات",
        "ئازار|ئادار",
        "نیسان",
        "ئایار|گوڵان",
        "حوزەیران",
        "تەممووز|تەمووز",
    ),
    *("ئاب", "ئەیلوول|ئەیلول", "تشرینی یەکەم", "تشرینی دووەم", "کانوونی یەکەم"),
)
_JALALI = (
    *("فروردین|حمل", "اردیبهشت|ثور", "خرداد|جوزا", "تیر|سرطان", "مرداد|امرداد|اسد", "شهریور|سنبله"),
    *("مهر|میزان", "آبان|عقرب", "آذر|قوس", "دی|جدی", "بهمن|دلو", "اسفند|حوت"),
)
_HIJRI = (
    "محرم|محرم الحرام|المحرم",
    "صفر|صفر الخير|صفر المظفر",
    "ربيع الاول|ربيع اول|ربيع الأول",
    "ربيع الاخر|ربيع الثاني|ربيع اخر|ربيع ثاني|ربيع ثان",
    "جمادي الاولي|جمادي الاول|جماد الاول|جمادي اولي|جماد اول",
    "جمادي الاخره|جمادي الثانيه|جمادي الثاني|جماد الثاني|جماد الاخر|جمادي الاخر|جمادي اخره",
    "رجب|رجب المرجب",
    "شعبان|شعبان المعظم",
    "رمضان|رمضان المبارك|رمضان المعظم",
    "شوال|شوال المكرم",
    "ذو القعده|ذي القعده|ذوالقعده|ذي قعده|ذو قعده",
    "ذو الحجه|ذي الحجه|ذوالحجه|ذي حجه|ذو حجه",
)
_WEEKDAYS = (
    "الاثنين|الإثنين|اثنين|الاتنين|monday|mon|lundi|دوشنبه",
    "الثلاثاء|ثلاثاء|الثلثاء|الثلاثا|tuesday|tue|tues|mardi|سه شنبه|سه‌شنبه",
    "الاربعاء|اربعاء|الاربعا|wednesday|wed|mercredi|چهارشنبه|چهار شنبه",
    "الخميس|خميس|thursday|thu|thur|thurs|jeudi|پنجشنبه|پنج شنبه",
    "الجمعه|جمعه|friday|fri|vendredi",
    "السبت|سبت|saturday|sat|samedi|شنبه",
    "الاحد|احد|الأحد|sunday|sun|dimanche|یکشنبه|یک شنبه",
)


def _numbered(*tables: tuple[str, ...], first: int = 1) -> dict[str, int]:
    """Map every folded spelling to its number."""
    return {
        fold(name): number
        for table in tables
        for number, names in enumerate(table, first)
        for name in names.split("|")
    }


MONTHS = _numbered(_PERSIAN, _URDU, _KURDISH) | _numbered(_ARABIC, _LATIN)
JALALI_MONTHS = _numbered(_JALALI)
HIJRI_MONTHS = _numbered(_HIJRI)
WEEKDAYS = _numbered(_WEEKDAYS, first=0)

_UNITS_OF_TEN = [
    "الاول",
    "الثاني",
    "الثالث",
    "الرابع",
    "الخامس",
    "السادس",
    "السابع",
    "الثامن",
    "التاسع",
    "العاشر",
    "الحادي عشر",
    "الثاني عشر",
    "الثالث عشر",
    "الرابع عشر",
    "الخامس عشر",
    "السادس عشر",
    "السابع عشر",
    "الثامن عشر",
    "التاسع عشر",
    "العشرين",
    "الحادي والعشرين",
    "الثاني والعشرين",
    "الثالث والعشرين",
    "الرابع والعشرين",
    "الخامس والعشرين",
    "السادس والعشرين",
    "السابع والعشرين",
    "الثامن والعشرين",
    "التاسع والعشرين",
    "الثلاثين",
    "الحادي والثلاثين",
]
ORDINALS = {word: number for number, word in enumerate(_UNITS_OF_TEN, 1)}
ORDINALS |= {word.replace("ين", "ون"): n for word, n in list(ORDINALS.items()) if n >= 20}
_HOURS = [
    "الواحده",
    "الثانيه",
    "الثالثه",
    "الرابعه",
    "الخامسه",
    "السادسه",
    "السابعه",
    "الثامنه",
    "التاسعه",
    "العاشره",
    "الحاديه عشره",
    "الثانيه عشره",
]
ORDINALS |= {word: number for number, word in enumerate(_HOURS, 1)}
ORDINALS["اول"] = ORDINALS["الفاتح"] = ORDINALS["فاتح"] = 1

# Parts of an hour after its number, in minutes.
PARTS_OF_HOUR = {
    **dict.fromkeys(("والنصف", "و النصف", "ونصف", "و نصف"), 30),
    **dict.fromkeys(("والربع", "و الربع", "وربع", "و ربع"), 15),
    **dict.fromkeys(("والثلث", "و الثلث", "وثلث", "و ثلث"), 20),
    **dict.fromkeys(("الا ربعا", "الا ربع", "الا الربع"), -15),
    **dict.fromkeys(("الا ثلثا", "الا ثلث", "الا الثلث"), -20),
}

# Words after which a day lies before today by so many days.
DAYS_BACK = {
    "اليوم": 0,
    "امس": 1,
    "البارحه": 1,
    "يوم امس": 1,
    "today": 0,
    "yesterday": 1,
    "امس الاول": 2,
    "اول امس": 2,
    "اول من امس": 2,
    "قبل امس": 2,
}

# am, pm; night and noon depend on the hour and are resolved where they are read.
_MERIDIEMS = {
    "am": "ص|صباحا|الصباح|صباح|فجرا|الفجر|قبل الظهر|am|a.m|a.m.|ق.ظ",
    "pm": "م|مساء|مسا|المساء|عصرا|العصر|بعد الظهر|pm|p.m|p.m.|ب.ظ",
    "noon": "ظهرا|الظهر|ظهر",
    "night": "ليلا|الليل|منتصف الليل",
}
MERIDIEM_OF = {fold(word): key for key, words in _MERIDIEMS.items() for word in words.split("|")}

# Places named after "بتوقيت" (and alone only where they are abbreviations).
_ZONES = {
    "UTC": "غرينتش|جرينتش|غرينيتش|جرينيتش|غرينتيش|كرينتش|غرينتش الدولي|العالمي",
    "Asia/Riyadh": "مكه|مكه المكرمه|السعوديه|الرياض|المملكه",
    "Asia/Jerusalem": "القدس|القدس المحتله|فلسطين|غزه|رام الله",
    "Asia/Damascus": "دمشق|سوريا|سوريه",
    "Asia/Beirut": "بيروت|لبنان",
    "Africa/Cairo": "القاهره|مصر",
    "Asia/Baghdad": "بغداد|العراق",
    "Asia/Amman": "الاردن",
    "Asia/Dubai": "ابوظبي|ابو ظبي|الامارات|دبي",
    "Asia/Muscat": "مسقط|سلطنه عمان",
    "Asia/Qatar": "الدوحه|قطر",
    "Asia/Kuwait": "الكويت",
    "Asia/Bahrain": "المنامه|البحرين",
    "Asia/Aden": "صنعاء|عدن|اليمن",
    "Africa/Tunis": "تونس",
    "Africa/Algiers": "الجزائر",
    "Africa/Casablanca": "الرباط|المغرب|الدار البيضاء",
    "Africa/Tripoli": "طرابلس|ليبيا",
    "Africa/Khartoum": "الخرطوم|السودان",
    "Europe/London": "لندن",
    "Europe/Paris": "باريس|فرنسا",
    "Europe/Moscow": "موسكو",
    "Europe/Istanbul": "اسطنبول|تركيا|انقره",
    "America/New_York": "واشنطن|نيويورك|شرق الولايات المتحده",
}
ZONE_OF = {fold(place): zone for zone, places in _ZONES.items() for place in places.split("|")}
# Hours east of UTC of the abbreviations that mean one zone only.
OFFSETS = dict.fromkeys(("gmt", "utc", "z", "ت.غ", "ت.غ.", "ت غ"), 0) | {
    "est": -5,
    "edt": -4,
    "cet": 1,
    "cest": 2,
}
OFFSETS |= {"eet": 2, "eest": 3, "gst": 4, "ksa": 3, "uae": 4, "msk": 3, "trt": 3}

# Words that stand around a date without changing it.
_AROUND = (
    "اخر تحديث|تم التحديث|التحديث|تم تحديثه|تحديثه|تم تحديثها|تم التعديل|التعديل|تم|تحديث|محدثه|"
    "محدث|حدث|حدثت|عدل|تم النشر|تم نشر|تم نشره|نشر|نشرت|النشر|نشر الخبر|منشور|تاريخ النشر|"
    "تاريخ نشر|تاريخ اول نشر|تاريخ الخبر|تاريخ المقال|تاريخ الاضافه|تاريخ|"
    "تمام|لعام|لسنه|الي|التاريخ|بتاريخ|وقت النشر|وقت|الوقت|اضيف|اضيفت|كتب|حرر|ادرج|عند|علي|في|فى|"
    "من|يوم|شهر|سنه|عام|الموافق|الموافق ل|المصادف|بالتوقيت المحلي|التوقيت المحلي|توقيت محلي|"
    "تاریخ انتشار|تاریخ|انتشار|زمان انتشار|"
    "posted|published|updated|last|modified|update|on|at|date|the|of|le|à|publié|mis|jour"
)
AROUND_WORDS = frozenset(map(fold, _AROUND.split("|")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word or number of a date: one letter for its kind, and what it says.

    D day, Y year, M month, H Hijri month, J Jalali month, W weekday, N a date in three numbers,
    T time (hour, minute and perhaps second), q a part of an hour in minutes, P half of the day,
    Z zone, h the mark of a Hijri year, m the letter that marks either afternoon or a common year,
    o "o'clock", r a day counted back from today; a word that only stands around a date has no kind.
    """

    kind: str
    numbers: tuple[int, ...] = ()
    word: str = ""
    zone: tzinfo | None = None


def _words() -> dict[str, Token]:
    """Map every known word and phrase to its token; later tables win over earlier ones."""
    tables: tuple[tuple[str, dict[str, int]], ...] = (
        ("", dict.fromkeys(AROUND_WORDS, 0)),
        ("D", ORDINALS),
        ("W", WEEKDAYS),
        ("J", JALALI_MONTHS),
        ("H", HIJRI_MONTHS),
        ("M", MONTHS),
        ("r", DAYS_BACK),
        ("h", dict.fromkeys(("ه", "هجري", "هجريه", "للهجره"), 0)),
        ("o", dict.fromkeys(("الساعه", "ساعه", "ساعت"), 0)),
        ("q", PARTS_OF_HOUR),
        ("", dict.fromkeys(("ميلادي", "ميلاديه", "للميلاد"), 0)),
    )
    words = {w: Token(kind=k, numbers=(n,)) for k, table in tables for w, n in table.items()}
    words |= {word: Token(kind="P", word=half) for word, half in MERIDIEM_OF.items()}
    for name, hours in OFFSETS.items():
        words[name] = Token(kind="Z", zone=timezone(timedelta(hours=hours)))
    return words | {"م": Token(kind="m")}


_WORDS = _words()


def _any(words: list[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_PLACES = _any(list(ZONE_OF))
_GREENWICH = _any([place for place, zone in ZONE_OF.items() if zone == "UTC"])
_ISO = re.compile(
    r"(\d{4})(-?)(\d{2})\2(\d{2})(?:t| (?=\s?\d\d:))\s?(\d{2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)?"
    r"\s?(?:(z)|([+-]\d{2}):?(\d{2})?)?(?!\d)"
)
_NUMERIC = re.compile(r"(\d{1,4})\s?([/.\-\\])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?![\d/]|[.,]\d)")
_TIME = re.compile(
    r"([01]?\d|2[0-3])\s?(?::\s?|(?:h|سا?)\s?(?=\d))([0-5]\d)(?:\s?:\s?([0-5]\d)(?:[.,]\d+)?)?(?![\d:])"
)
_YEAR = re.compile(r"\d{4}(?!\d|\s?[/.,:]\d|[+%])")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er)?(?!\d|\s?[/.:]\s?\d|,\d|[+%])")
_SHIFT = re.compile(
    rf"(?:(?:gmt|utc|(?:ب?توقيت )?(?:{_GREENWICH}))\s?)?"
    rf"([+\-−]\s?\d{{1,2}})(?::?(\d{{2}}))?(?![\d/]|[-.]\d|\W*(?:{_any(list(MONTHS))}))"
)
_PLACE = re.compile(
    rf"(?:(?:حسب |وفق )?(?:ب|ال|بال)?توقيت (?:مدينه )?({_PLACES})|({_GREENWICH}))(?!\w)"
)
_PHRASE = re.compile(rf"(?:{_any(list(_WORDS))})(?![^\W\d_])")
# The number of a newspaper's issue, printed beside its day.
_ISSUE = re.compile(r"(?:رقم )?العدد\s*[:\[(]?\s*\d{1,6}(?!\d)[\])]?")
_IN_BRACKETS = re.compile(rf"[\s,،]*\((?:بتوقيت )?({_PLACES})\)")
_IN_NUMBER = re.compile(r"[\d.+]$|\d,$")  # what stands before a digit of some other number
_DOTTED = re.compile(r"(\d{1,2})[.,](\d{2})(?!\d)")
_GAP = re.compile(r"[\s|،,؛;:()\[\]/\\\-–—−_•·.*«»\"']+")
# «الساعة 14 و30 دقيقة»
_SPOKEN = re.compile(r"(\d{1,2}) و ?(\d{1,2}) دقيقه")
_AFTER_TIME = frozenset("TP")


def cut(folded: str) -> list[Token]:
    """Return the tokens of a folded string, those around a date left out; empty for no date."""
    tokens: list[Token] = []
    place = 0
    while place < len(folded):
        found, end = _read(folded, place, tokens)
        if not end:
            return []
        place = end
        tokens.extend(token for token in found if token.kind)
    dated = any(token.kind in "YN" for token in tokens)
    return [token for token in tokens if token.kind != "r" or not dated]


def _read(folded: str, place: int, before: list[Token]) -> tuple[list[Token], int]:
    """Read what stands at `place`: its tokens and where it ends, which is 0 if nobody knows it."""
    last = before[-1].kind if before else ""
    if last in _AFTER_TIME and (match := _SHIFT.match(folded, place)):
        return [Token(kind="Z", zone=_shift(match[1], match[2]))], match.end()
    if last in _AFTER_TIME and (match := _IN_BRACKETS.match(folded, place)):
        return [_zone(match[1])], match.end()
    if match := _GAP.match(folded, place):
        return [], match.end()
    if match := _ISSUE.match(folded, place):
        return [], match.end()
    if last == "o" and (match := _DOTTED.match(folded, place) or _SPOKEN.match(folded, place)):
        return [Token(kind="T", numbers=_numbers(match.groups()))], match.end()
    if folded[place].isdigit():
        return _number(folded, place)
    if match := _PLACE.match(folded, place):
        return [_zone(match[1] or match[2])], match.end()
    if match := _PHRASE.match(folded, place):
        token = _WORDS[match.group()]
        if token.kind == "m":
            token = Token(kind="P" if last in {"T", "D", "Z"} else "", word="pm")
        return [token], match.end()
    if match := _SHIFT.match(folded, place):  # "GMT+3" before the time
        return [Token(kind="Z", zone=_shift(match[1], match[2]))], match.end() * (
            folded[place] == "g"
        )
    return [], 0


def _zone(place: str) -> Token:
    name = ZONE_OF[place]
    return Token(kind="Z", zone=UTC if name == "UTC" else ZoneInfo(name))


def _number(folded: str, place: int) -> tuple[list[Token], int]:
    if _IN_NUMBER.search(folded[max(0, place - 2) : place]):
        return [], 0
    if match := _ISO.match(folded, place):
        return _iso(match), match.end()
    if match := _TIME.match(folded, place):
        return [Token(kind="T", numbers=_numbers(match.groups()))], match.end()
    if match := _NUMERIC.match(folded, place):
        return [Token(kind="N", numbers=_numbers((match[1], match[3], match[4])))], match.end()
    if match := _YEAR.match(folded, place):
        return [Token(kind="Y", numbers=(int(match.group()),))], match.end()
    if match := _DAY.match(folded, place):
        return [Token(kind="D", numbers=(int(match[1]),))], match.end()
    return [], 0


def _iso(match: re.Match[str]) -> list[Token]:
    tokens = [
        Token(kind="N", numbers=_numbers(match.group(1, 3, 4))),
        Token(kind="T", numbers=_numbers(match.group(5, 6, 7))),
    ]
    if match[8]:
        tokens.append(Token(kind="Z", zone=UTC))
    elif match[9]:
        tokens.append(Token(kind="Z", zone=_shift(match[9], match[10])))
    return tokens


def _numbers(parts: tuple[str | None, ...]) -> tuple[int, ...]:
    return tuple(int(part) for part in parts if part is not None)


def _shift(hours: str, minutes: str | None) -> tzinfo:
    whole = int(hours.replace(" ", "").replace("−", "-"))
    part = int(minutes or 0)
    return timezone(timedelta(hours=whole, minutes=-part if whole < 0 else part))
