"""Stop 8: pages that stand before an article instead of being one.

Challenges, captchas, consent walls, parked domains, log-ins and outages. Such a page is a problem
of its capture, never a revision and never proof that an article is gone.
"""

import re

from archive.arabic import fold
from archive.records import Problem

# kind, pattern for the source of the page (as written), pattern for title and visible text (folded).
# What the source shows counts only where the page holds no running text.
_WALLS: tuple[tuple[str, str, str], ...] = (
    (
        "challenge",
        r"cf-chl|__cf_chl|challenge-platform/h/|_Incapsula_Resource|/_sec/cp_challenge|"
        r"ddos-guard|sucuri_cloudproxy|awswaf|window\._cf_chl_opt|px-captcha|datadome",
        r"just a moment|attention required|checking your browser|checking if the site connection|"
        r"pardon our interruption|ddos protection by|request unsuccessful|access denied|"
        r"you have been blocked|verify you are human|enable javascript and cookies to continue|"
        r"جار(?:ي)? التحقق من (?:المتصفح|متصفحك|ان)|يرجي تفعيل (?:جافا|جافاسكربت)|تم حظر|"
        r"غير مصرح لك بالوصول",
    ),
    (
        "captcha",
        r"g-recaptcha|hcaptcha\.com|recaptcha/api\.js|cf-turnstile|geetest",
        r"captcha|i'?m not a robot|are you a robot|انا لست (?:روبوت|برنامج روبوت)|لست روبوت|"
        r"رمز التحقق|تحقق من انك (?:انسان|لست)|اكتب الاحرف",
    ),
    (
        "consent",
        r"consent\.google|guce\.|consent\.yahoo|sp_message_iframe",
        r"before you continue|we value your privacy|cookie consent|accept (?:all )?cookies|"
        r"قبل (?:ان تتابع|المتابعه)|ملفات تعريف الارتباط|نحن نهتم بخصوصيتك",
    ),
    (
        "parked",
        r"sedoparking|parkingcrew|bodis\.com|domainparking|hugedomains|dan\.com/|afternic|"
        r"above\.com/marketplace|parklogic",
        r"domain (?:name )?(?:is )?for sale|buy this domain|this domain (?:is|may be)|parked (?:free|domain)|"
        r"domain has expired|account (?:has been )?suspended|(?:النطاق|الدومين|اسم النطاق) "
        r"(?:معروض )?للبيع|تم ايقاف (?:هذا )?(?:الموقع|الحساب)|انتهت صلاحيه النطاق|"
        r"(?:welcome to nginx|apache2? .{0,20}default page|it works!|iis windows server)",
    ),
    (
        "login",
        r"type=[\"']?password",
        r"تسجيل الدخول|سجل الدخول|تسجيل دخول|log ?in|sign ?in|للمشتركين فقط|اشترك لمتابعه القراءه",
    ),
    (
        "outage",
        r"wp-die-message|error establishing a database connection",
        r"under (?:maintenance|construction)|service (?:temporarily )?unavailable|bad gateway|"
        r"gateway time-?out|internal server error|database (?:connection )?error|"
        r"establishing a database connection|too many requests|(?:be|we'll be) (?:right )?back soon|"
        r"الموقع (?:تحت|قيد) (?:الصيانه|الانشاء|التحديث|التطوير)|(?:تحت|اعمال) الصيانه|"
        r"خطا في (?:الخادم|الاتصال|قاعده)|الخدمه غير متاحه|نعتذر .{0,60}(?:العطل|الخلل|الصيانه|توقف)|"
        r"عطل (?:فني|تقني)|سنعود قريبا|نعود (?:اليكم )?قريبا",
    ),
)
_COMPILED = tuple((k, re.compile(s, re.I), re.compile(v)) for k, s, v in _WALLS)
_DETAILS = {
    "challenge": "a page that tests browsers stands before the article",
    "captcha": "a captcha stands before the article",
    "consent": "a consent wall stands before the article",
    "parked": "the domain is parked, for sale or suspended",
    "login": "a log-in page stands before the article",
    "outage": "the site shows its own outage or maintenance page",
}
# More running text than this, in characters, is a page of its own, whatever it mentions.
_WALL_TEXT = 1200


def wall(source: str, title: str, visible: str, *, running: int, status: int) -> Problem | None:
    """Return the problem a page is, if it stands where an article should; else None.

    `source` is the HTML, `visible` its readable text, `running` how many characters of it are
    running text. A page with an article's length of that is no wall.
    """
    if running > _WALL_TEXT:
        return None
    words = fold(f"{title} {visible[:1500]}")
    heading = fold(title)
    for kind, in_source, in_text in _COMPILED:
        said = in_text.search(heading) or (running < 500 and in_text.search(words))
        shown = in_source.search(source)
        if said and (shown or in_text.search(heading) or len(visible) < 700):
            return Problem(kind=kind, detail=_DETAILS[kind], stage="extract")
        if shown and kind == "challenge" and len(visible) < 400:
            return Problem(kind=kind, detail=_DETAILS[kind], stage="extract")
    if status >= 500:
        return Problem(kind="outage", detail=_DETAILS["outage"], stage="extract")
    return None
