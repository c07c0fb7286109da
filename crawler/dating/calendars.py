"""The words dates are written in: months of every system, weekdays, units, zones. Tables only.

All Arabic keys are folded (`fold`): ا for every alef, ه for ة, ي for ى, no marks.
"""

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
