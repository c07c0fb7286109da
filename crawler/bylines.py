"""Stop 8: what a page prints as its byline becomes the names of people and agencies, or nothing."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from archive.arabic import fold, tidy
from crawler.calendars import WEEKDAYS
from crawler.datelines import is_agency, is_place, is_unnamed_agency
from crawler.moments import parse
from crawler.people import is_person

# Verbs and labels before a name, folded.
_VERBS = (
    "كتب|كتبت|كتبه|كتبها|يكتب|تكتب|بقلم|بقلم الكاتب|بقلم الكاتبه|اعداد|اعداد وتقديم|اعده|اعدته|"
    "اعدها|اعده للنشر|اعدته للنشر|اعد التقرير|حوار|حاوره|حاورته|حاورها|اجري الحوار|اجرت الحوار|"
    "اجراه|تقرير|تحقيق|متابعه|متابعات|ترجمه|ترجمها|تحرير|تغطيه|قراءه|تحليل|رصد|بواسطه|الكاتب|"
    "الكاتبه|كاتب المقال|المولف|المؤلف|الصحفي|الصحفيه|المحرر|مراسل|مراسله|مراسلنا|مراسلتنا|"
    "نشر بواسطه|اسم الكاتب|كتب المحرر|written by|posted by|reported by|by|author|par"
)
_ANY_VERB = "|".join(sorted(map(fold, _VERBS.split("|")), key=len, reverse=True))
_VERB = re.compile(rf"\W*(?:{_ANY_VERB})(?:\s*[:：/\-–—ـ|.،]+\s*|\s+|$)")
_SIGNED = re.compile(
    r"\W*(?:(?:كتب|كتبت|بقلم)\b|(?:اعداد|اعده|اعدته|حوار|حاوره|حاورته|تقرير|تحقيق|متابعه|ترجمه|"
    r"تحرير|تغطيه)(?: \w+)?\s*(?P<mark>[:：/\-–—|])|(?:اعداد|حوار|تقرير|تحقيق|متابعه|ترجمه)\b)"
)
_NOT_WRITERS = re.compile(r"\W*(?:تصوير|عدسه|كاميرا|مونتاج|رسوم|تدقيق|مراجعه|photo|photos)\b")
_ROLES = re.compile(
    r"(?:^|\s)(?:رييس|رئيس|مدير|كاتب|كاتبه|محرر|محرره|صحفي|صحافي|صحافيه|صحفيه|باحث|باحثه|مراسل|"
    r"مراسله|اعلامي|اعلاميه|استاذ|سفير|خبير|ناشط|اكاديمي|editor|writer|journalist|reporter)(?:\s|$)"
)
_ACCOUNTS = re.compile(
    r"(?:admin\w*|administrator|editor\w*|webmaster|web ?master|user\w*|root|test\w*|author|staff|"
    r"desk|newsroom|news ?desk|super ?(?:admin|user)|manager|moderator|null|none|unknown|"
    r"anonymous|guest|"
    r"محرر\w*|المحرر|التحرير|هييه التحرير|هيئه التحرير|اسره التحرير|فريق التحرير|قسم التحرير|"
    r"غرفه (?:الاخبار|التحرير)|قسم الاخبار|فريق العمل|فريق الموقع|اداره (?:الموقع|التحرير)|"
    r"مدير الموقع|الموقع|ادمن|مشرف|متابعات|خاص|الاخبار|اخبار|مصادر|مواقع|مواقع الكترونيه|"
    r"مجهول|غير معروف|المصدر|كاتب|ضيف|زاير)(?:[\W_]*\d+)?"
)
_SPLIT = re.compile(r"\s*(?:[,،;؛|/&+•·–—()\[\]]|\s-\s|\s-|-\s|\sو\s|\sand\s|\set\s|\n)\s*")
_MARKS = re.compile(r"\s*(?:[/()\[\]|–—]|\s-|-\s)\s*")  # what parts a name from its place
_ADDRESS = re.compile(r"\S+@\S+|https?:\S*|www\.\S+|@\w+")
_NAME = re.compile(r"[^\W\d_][\w .’'`\-\u064b-\u0652ـ]*", re.UNICODE)
# Names that begin with waw: elsewhere a waw before the second name of a list is "and".
_WAW_NAMES = frozenset(
    [
        "وليد",
        "وائل",
        "وايل",
        "وسام",
        "وفاء",
        "وداد",
        "وجدي",
        "وحيد",
        "ورد",
        "ورده",
        "وهبه",
        "وهيب",
        "وهبي",
        "وديع",
        "واصف",
        "وجيه",
        "وضاح",
        "وعد",
        "وصال",
        "والي",
        "ونوس",
        "وهدان",
        "وفيق",
        "وفيقه",
        "وطفه",
        "واكد",
        "وازن",
        "وسيم",
        "وسن",
        "وئام",
        "ويليام",
        "ويل",
        "والتر",
        "وديان",
        "وعري",
        "وصفي",
        "وحش",
        "ودود",
        "وقاص",
        "وضحي",
        "والد",
        "وسوف",
    ]
)
_MOST = 8
_WROTE = frozenset({"كتب", "كتبت", "بقلم"})
_HEAD = re.compile(r"\s*([^-–—:/|]{2,30}?)\s*[-–—:/|]")
_GOES_ON = (".", "،", "؟", "!", "…")


def names(printed: str, *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the people and agencies that a printed byline names, in order.

    Verbs, places, dates, roles, e-mail addresses and system accounts are left out, and so is
    whoever is in `without` (the folded names of the newspaper itself). Empty if nobody is left.
    """
    text = _ADDRESS.sub(" ", tidy(printed)).strip()
    if not text or len(text) > 200:
        return ()
    place, colon, rest = text.partition(":")
    if colon and is_person(rest.split()) and len(place.split()) <= 3 and not _is_label(place):
        text = rest
    groups = [[_name(part, without) for part in _parts(group)] for group in _MARKS.split(text)]
    named = _placeless([[name for name in group if name] for group in groups])
    return tuple(dict.fromkeys(name for group in named for name in group))[:_MOST]


def _is_label(text: str) -> bool:
    """Tell whether the words before a colon say what someone did, not where."""
    folded = fold(text).strip()
    return bool(_VERB.match(folded) or _NOT_WRITERS.match(folded))


def _placeless(groups: list[list[str]]) -> list[list[str]]:
    """Return the names between marks without a place nobody knows: «بلدة ما - فلان»."""
    people = [any(is_person(n.split()) or is_agency(n) for n in group) for group in groups]
    if not any(people):
        return groups
    first = people.index(True)
    return [
        group
        for place, group in enumerate(groups)
        if people[place] or (place > first and any(" " in name for name in group))
    ]


def signature(line: str, *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the names of a line of the text that is nothing but a byline.

    «كتب: فلان» and «تقرير فلان», or, before a person, the newspaper itself, an agency or a place:
    «الجريدة - فلان». Only a short line counts, and only names of two to four words; without a
    verb of writing or a mark after it, they must begin with a known given name.
    """
    folded = fold(line)
    if len(line) > 70 or line.rstrip().endswith(_GOES_ON):
        return ()
    verb = _SIGNED.match(folded)
    if not verb and not _is_headed(line, without):
        return ()
    found = names(line, without=without)
    people = [name for name in found if not is_agency(name)]
    if not all(2 <= len(name.split()) <= 4 for name in people or found):
        return ()
    certain = verb and (verb["mark"] or folded.split()[0].strip(":/-") in _WROTE)
    return found if certain or all(is_person(name.split()) for name in people or found) else ()


def _is_headed(line: str, without: frozenset[str]) -> bool:
    """Tell whether the newspaper's name, an agency or a place stands before a mark."""
    match = _HEAD.match(line)
    head = match[1] if match else ""
    parts = [part.strip() for part in _MARKS.split(line)]
    if len(parts) > 2 and is_agency(parts[-1]) and is_person(parts[-2].split()):
        return True
    own = len(head) > 3 and any(name.startswith(_key(fold(head))) for name in without)
    return own or (bool(head) and (is_agency(head) or is_place(head)))


def is_named(text: str) -> bool:
    """Tell whether a text is the name of one known agency or of a person with a known name."""
    return bool(text) and (is_agency(text) or is_person(text.split()))


def is_placed_name(text: str) -> bool:
    """Tell whether a line is one known person's name of two to four words, or that and a place."""
    parts = [part.split() for part in _MARKS.split(text) if part.strip()]
    people = [words for words in parts if is_person(words) and 2 <= len(words) <= 4]
    rest = [words for words in parts if words not in people]
    plain = not any(char.isdigit() or char in ".،؟!:" for char in text)
    return plain and len(people) == 1 and len(rest) <= 1 and all(len(words) <= 3 for words in rest)


def as_line(authors: Sequence[str]) -> str | None:
    """Return several names as one readable string, None for nobody."""
    latin = all(name.isascii() for name in authors)
    return (", " if latin else " و").join(authors) or None


def _parts(text: str) -> Iterable[str]:
    """Split a byline into what may be one name each."""
    for part in _SPLIT.split(text.strip(" .:-–—|()[]")):
        words = part.split()
        cut = next(
            (
                index
                for index, word in enumerate(words)
                if index >= 2
                and word.startswith("و")
                and len(word) > 3
                and len(words) - index >= 2
                and (fold(word) not in _WAW_NAMES or is_person([word[1:]]))
            ),
            None,
        )
        if cut is None:
            yield part
        else:
            yield " ".join(words[:cut])
            yield " ".join([words[cut][1:], *words[cut + 1 :]])


def _name(part: str, without: frozenset[str]) -> str | None:
    """Return the name in one part of a byline; None if it is no person and no agency."""
    name = part.strip(" .:،*\"'«»“”()[]")
    if _NOT_WRITERS.match(fold(name)):
        return None
    for _ in range(3):
        match = _VERB.match(fold(name))
        if not match:
            break
        name = _after_words(name, fold(name)[match.end() :])
    if role := _ROLES.search(fold(name)):
        name = " ".join(name.split()[: len(fold(name)[: role.start()].split())])
    folded = fold(name).strip()
    if not _NAME.fullmatch(name) or _key(folded) in without or _ACCOUNTS.fullmatch(folded):
        return None
    if folded in WEEKDAYS:
        return None
    if is_agency(name):
        return None if is_unnamed_agency(name) else name
    compact = _key(folded).replace(" ", "")
    if len(compact) > 4 and any(compact in known for known in without):
        return None
    if is_place(name) or len(name) > 50 or len(name.split()) > 6:
        return None
    if len(name) < 3 or (name.isascii() and name.islower()) or parse(name, now=_NOW, zone=None):
        return None
    return name


def _key(folded: str) -> str:
    return " ".join(_WORDS.findall(folded))


_WORDS = re.compile(r"\w+")
_NOW = datetime(2000, 1, 1, tzinfo=UTC)


def _after_words(name: str, rest: str) -> str:
    """Return the end of `name` whose folded form is `rest`: the same last words."""
    count = len(rest.split())
    words = re.sub(r"[:：/|]+", " ", name).split()
    return " ".join(words[-count:]).strip(" -–—ـ.،") if count else ""
