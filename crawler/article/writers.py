"""Stop 8: one part of a byline becomes the name of a person or an agency, or nothing."""

import re
from datetime import UTC, datetime

from archive.search.arabic import fold
from crawler.article.datelines import is_agency, is_place, is_unnamed_agency
from crawler.article.people import is_person
from crawler.dating.calendars import WEEKDAYS
from crawler.dating.moments import parse

# Verbs and labels before a name, folded.
_VERBS = (
    "كتب|كتبت|كتبه|كتبها|يكتب|تكتب|بقلم|بقلم الكاتب|بقلم الكاتبه|اعداد|اعداد وتقديم|اعده|اعدته|"
    "اعدها|اعده للنشر|اعدته للنشر|اعد التقرير|حوار|حاوره|حاورته|حاورها|اجري الحوار|اجرت الحوار|"
    "اجراه|تقرير|تحقيق|متابعه|متابعات|ترجمه|ترجمها|تحرير|تغطيه|قراءه|تحليل|رصد|بواسطه|الكاتب|"
    "الكاتبه|كاتب المقال|المولف|المؤلف|الصحفي|الصحفيه|المحرر|مراسل|مراسله|مراسلنا|مراسلتنا|"
    "نشر بواسطه|اسم الكاتب|من مراسلنا|من مراسلتنا|من مراسل|كتب المحرر|"
    "written by|posted by|reported by|by|author|par"
)
_ANY_VERB = "|".join(sorted(map(fold, _VERBS.split("|")), key=len, reverse=True))
_VERB = re.compile(rf"\W*(?:{_ANY_VERB})(?: و(?:{_ANY_VERB}))?(?:\s*[:：/\-–—ـ|.،]+\s*|\s+|$)")
_NOT_WRITERS = re.compile(
    r"\W*(?:تصوير|عدسه|كاميرا|مونتاج|رسوم|تدقيق|مراجعه|photo|photos|powered by|"
    r"(?:designed|developed|built) by|wordpress|drupal|joomla|blogger)\b"
)
_ROLES = re.compile(
    r"(?:^|\s)(?:رييس|رئيس|مدير|كاتب|كاتبه|محرر|محرره|صحفي|صحافي|صحافيه|صحفيه|باحث|باحثه|مراسل|"
    r"مراسله|اعلامي|اعلاميه|استاذ|سفير|خبير|ناشط|اكاديمي|editor|writer|journalist|reporter)(?:\s|$)"
)
_ACCOUNTS = re.compile(
    r"(?:admin\w*|administrator|editor\w*|webmaster|web ?master|user\w*|root|test\w*|author|staff|"
    r"(?:\w+ )?desk|newsroom|super ?(?:admin|user)|manager|moderator|null|none|unknown|"
    r"anonymous|guest|"
    r"محرر\w*|المحرر|التحرير|هييه التحرير|هيئه التحرير|اسره التحرير|فريق التحرير|قسم التحرير|"
    r"غرفه (?:الاخبار|التحرير)|قسم الاخبار|فريق العمل|فريق الموقع|اداره (?:الموقع|التحرير)|"
    r"مدير الموقع|الموقع|ادمن|مشرف|متابعات|خاص|الاخبار|اخبار|مصادر|مواقع|مواقع الكترونيه|"
    r"مجهول|غير معروف|المصدر|كاتب|ضيف|زاير)(?:[\W_]*\d+)?"
)
# Labels that say what someone is: what follows one may be the field, «المحرر السياسي».
_POSITION = re.compile(
    r"\W*(?:من )?(?:ال)?(?:محرر|مراسل|مراسله|كاتب|كاتبه|صحفي|صحفيه)(?:نا|تنا)?\b"
)
_NO_NAMES = (
    "اخبار قسم شؤون الشؤون كل جميع عرض المزيد مقالات تقارير هذا هذه خدمه برنامج صفحه في من عن مع"
)
_OPENING = frozenset(map(fold, _NO_NAMES.split()))  # words no name begins with
# Words that end a name, folded.
CLOSING = frozenset(("في", "من", "عن", "مع", "بين", "عبر", "منذ", "قبل", "الي", "نشر"))
_OWN = re.compile(r"\b(?:خاص|فريق|موقع|صحيفه|جريده|وكاله|شبكه|مكتب|قناه|نت|نيوز|اونلاين|تحرير)\b")
_NAME = re.compile(r"[^\W\d_][\w .’'`\-\u064b-\u0652ـ]*", re.UNICODE)


def name_of(part: str, without: frozenset[str]) -> str | None:
    """Return the name in one part of a byline; None if it is no person and no agency.

    `without` holds the keys of what the newspaper itself is called.
    """
    printed = part.strip(" .:،*\"'«»“”()[]")
    if is_label(printed, writes=False):
        return None
    name = _within(_unlabelled(printed))
    folded = fold(name).strip()
    if not _NAME.fullmatch(name) or _ACCOUNTS.fullmatch(folded) or _is_own(folded, without):
        return None
    if is_agency(name):
        return None if is_unnamed_agency(name) else name
    words = name.split()
    if is_place(name) or folded in WEEKDAYS or len(name) > 50 or len(words) > 6:
        return None
    if not is_person(words) and not _may_be_name(
        words, positioned=bool(_POSITION.match(fold(printed)))
    ):
        return None
    return None if parse(name, now=_NOW, zone=None) else name


def is_label(text: str, *, writes: bool = True) -> bool:
    """Tell whether a text begins with a word for what someone did: one that `writes`, or others."""
    folded = fold(text).strip()
    return bool(_NOT_WRITERS.match(folded) or (writes and _VERB.match(folded)))


def _unlabelled(name: str) -> str:
    """Return a part of a byline without the verbs and labels it begins with."""
    for _ in range(3):
        match = _VERB.match(fold(name))
        if not match:
            break
        name = _after_words(name, fold(name)[match.end() :])
    return name


def _within(name: str) -> str:
    """Return the beginning of a part that is the name: before a role, a place or a date."""
    words = name.split()
    if role := _ROLES.search(fold(name)):
        words = words[: len(fold(name)[: role.start()].split())]
    for index, word in enumerate(words):
        if index and (fold(word) in CLOSING or any(map(str.isdigit, word))):
            return " ".join(words[:index])
    return " ".join(words)


def _may_be_name(words: list[str], *, positioned: bool) -> bool:
    """Tell whether words that begin with no known given name may be somebody's name after all."""
    first, name = fold(words[0]), " ".join(words)
    if first in _OPENING or len(name) < 3 or (name.isascii() and name.islower()):
        return False
    if all(len(word.strip(".")) <= 2 for word in words):  # initials
        return False
    if len(words) == 1 and not name.isascii():
        return False
    return not (positioned and first.startswith("ال"))


def _is_own(folded: str, without: frozenset[str]) -> bool:
    """Tell whether a name is the newspaper's own, or one of its desks'."""
    key = key_of(folded)
    bare = key_of(_OWN.sub(" ", folded))
    compact = key.replace(" ", "")
    inside = len(compact) > 4 and any(compact in known for known in without)
    return inside or key in without or bare in without


def key_of(folded: str) -> str:
    return " ".join(_WORDS.findall(folded))


_WORDS = re.compile(r"\w+")
_NOW = datetime(2000, 1, 1, tzinfo=UTC)


def _after_words(name: str, rest: str) -> str:
    """Return the end of `name` whose folded form is `rest`: the same last words."""
    count = len(rest.split())
    words = re.sub(r"[:：/|]+", " ", name).split()
    return " ".join(words[-count:]).strip(" -–—ـ.،") if count else ""
