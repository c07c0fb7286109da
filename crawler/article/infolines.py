"""Stop 8: the lines of buttons and figures around a text: reading time, counts, font size, players.

A line is one of them where nothing is left of it once all that such lines are made of is taken out.
"""

import re

# All patterns read folded text: ا for every alef, ه for ة, ي for ى, no marks, lower case.
_COUNT = r"(?:\d[\d.,]*|اقل من|دقيقه واحده|دقيقه|دقيقتان|دقيقتين|ثلاث|اربع|خمس|ست|سبع|ثمان|تسع|عشر)"
_TIME = r"(?:دقيقه|دقايق|دقائق|دقيقتان|دقيقتين|ثانيه|ثوان|ثواني|د|min(?:utes?|s)?)"
_SITES = (
    r"فيس ?بوك|الفيس ?بوك|تويتر|واتس ?اب|الواتس ?اب|تي?لي?[غجق]رام|ماسنجر|لينكد ?ان|بينتريست|ايميل|"
    r"(?:ال)?بريد(?: (?:ال)?الكتروني)?|facebook|twitter|x|whatsapp|telegram|messenger|linkedin|"
    r"pinterest|e-?mail|viber|فايبر|reddit|tumblr|print|copy link"
)
_COUNTED = (
    r"كلمه|كلمات|مشاهده|مشاهدات|زياره|زيارات|قراءه|قراءات|تعليق|تعليقات|تعليقا|مشاركه|مشاركات|اعجاب|"
    r"اعجابات|views?|shares?|comments?|likes?|words?"
)
_COUNTS = "مشاهدات|قراءات|زيارات|تعليقات|مشاركات|كلمات|زوار|قراء|مرات القراءه"
_BUTTONS = "طباعه|اطبع|حفظ|نسخ|ارسال|ارسل|شارك|مشاركه|انشر|نشر|استمع|استماع|اقرا|حمل|تحميل|تنزيل"
_THIS = "مقال|مقاله|خبر|صفحه|موضوع|رابط|نص|تقرير|ماده"
_PARTS = (
    (
        rf"(?:مده|وقت|زمن|معدل) (?:ال)?قراءه\s*(?:ال(?:{_THIS}))?\s*:?\s*(?:حوالي |نحو )?"
        rf"{_COUNT}(?:\s*{_TIME})*"
    ),
    rf"{_COUNT}\s*{_TIME}\s*(?:من القراءه|لقراءه|للقراءه|قراءه|read(?:ing)?)",
    rf"قراءه (?:في )?{_COUNT}\s*{_TIME}",
    rf"يقرا في {_COUNT}(?:\s*{_TIME})?",
    rf"\d[\d.,]*\s*(?:{_COUNTED})",
    rf"(?:عدد )?(?:ال)?(?:{_COUNTS})\s*:?\s*\d[\d.,]*",
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
_ANY = "|".join(f"(?:{part})" for part in _PARTS)
_PART = re.compile(rf"(?<!\w)(?:{_ANY})(?!\w)")
_LINE = re.compile(rf"(?:[\W_]*(?:{_ANY})(?!\w))+[\W_]*")
_LONGEST = 160


def is_info(folded: str) -> bool:
    """Tell whether a folded line is nothing but reading time, counts, buttons and the like."""
    return len(folded) <= _LONGEST and _LINE.fullmatch(folded) is not None


def without_info(folded: str) -> str:
    """Return a folded line without reading time, counts and buttons, if it holds any."""
    return " ".join(_PART.sub(" ", folded).split()) if len(folded) <= _LONGEST else folded
