"""Stop 8: pages that stand before an article instead of being one.

Challenges, captchas, consent walls, parked domains, log-ins and outages. Such a page is a problem
of its capture, never a revision and never proof that an article is gone.
"""

import re

from archive.arabic import fold
from archive.records import Problem

# For each kind: what its source holds (as written), and what its title or text says (folded).
_SHOWN = {
    "challenge": r"""cf-chl  __cf_chl  challenge-platform/h/  _Incapsula_Resource  ddos-guard
        awswaf  /_sec/cp_challenge  sucuri_cloudproxy  window\._cf_chl_opt  px-captcha  datadome""",
    "captcha": r"g-recaptcha  hcaptcha\.com  recaptcha/api\.js  cf-turnstile  geetest",
    "consent": r"consent\.google  guce\.  consent\.yahoo  sp_message_iframe",
    "parked": r"""sedoparking  parkingcrew  bodis\.com  domainparking  hugedomains  dan\.com/
        afternic  above\.com/marketplace  parklogic""",
    "login": r"""type=["']?password""",
    "outage": r"wp-die-message  error establishing a database connection",
}
_SAID = {
    "challenge": r"""just a moment  attention required  checking your browser  access denied
        checking if the site connection  pardon our interruption  ddos protection by
        request unsuccessful  you have been blocked  verify you are human
        enable javascript and cookies to continue  جار(?:ي)? التحقق من (?:المتصفح|متصفحك|ان)
        يرجي تفعيل (?:جافا|جافاسكربت)  تم حظر(?:ك| وصولك| عنوان)  غير مصرح لك بالوصول""",
    "captcha": r"""captcha  i'?m not a robot  are you a robot  انا لست (?:برنامج )?روبوت  لست روبوت
        رمز التحقق  تحقق من انك (?:انسان|لست)  اكتب الاحرف""",
    "consent": r"""before you continue  we value your privacy  cookie consent
        accept (?:all )?cookies
        قبل (?:ان تتابع|المتابعه)  ملفات تعريف الارتباط  نحن نهتم بخصوصيتك""",
    "parked": r"""(?:domain|website|site)(?: name)?(?: \S+)? (?:is |may be )?for sale
        buy this domain  this domain (?:is|may be)
        parked (?:free|domain)  domain has expired  account (?:has been )?suspended
        (?:النطاق|الدومين|اسم النطاق) (?:معروض )?للبيع  تم ايقاف (?:هذا )?(?:الموقع|الحساب)
        انتهت صلاحيه النطاق  welcome to nginx  apache2? .{0,20}default page  iis windows server""",
    "login": r"""تسجيل الدخول  سجل الدخول  تسجيل دخول  log ?in  sign ?in  للمشتركين فقط
        اشترك لمتابعه القراءه""",
    "outage": r"""under (?:maintenance|construction)  service (?:temporarily )?unavailable
        bad gateway
        gateway time-?out  internal server error  database (?:connection )?error  too many requests
        establishing a database connection  back soon  (?:تحت|اعمال) الصيانه  الخدمه غير متاحه
        الموقع (?:تحت|قيد) (?:الانشاء|التحديث|التطوير|الصيانه)  خطا في (?:الخادم|الاتصال|قاعده)
        نعتذر .{0,60}(?:العطل|الخلل|الصيانه|توقف)  عطل (?:فني|تقني)  (?:سنعود|نعود) .{0,12}قريبا""",
}


def _any(phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(re.split(r"\s{2,}", phrases)), re.IGNORECASE)


_WALLS = tuple((kind, _any(shown), _any(_SAID[kind])) for kind, shown in _SHOWN.items())
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
    for kind, in_source, in_text in _WALLS:
        titled = in_text.search(heading) is not None
        said = titled or (running < 200 and in_text.search(words) is not None)
        if (said and (titled or len(visible) < 700 or in_source.search(source))) or (
            kind == "challenge" and len(visible) < 400 and in_source.search(source)
        ):
            return Problem(kind=kind, detail=_DETAILS[kind], stage="extract")
    if status >= 500:
        return Problem(kind="outage", detail=_DETAILS["outage"], stage="extract")
    return None
