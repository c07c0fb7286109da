"""What pages that stand before an article hold and say: data of walls.py.

The phrases are folded (walls.py folds what it reads) and stand apart by two spaces or more.
"""

# In the source, as written.
SHOWN = {
    "challenge": r"""cf-chl  __cf_chl  challenge-platform/h/  _Incapsula_Resource  ddos-guard
        awswaf  /_sec/cp_challenge  sucuri_cloudproxy  window\._cf_chl_opt  px-captcha  datadome""",
    "captcha": r"""g-recaptcha  hcaptcha\.com  recaptcha/api\.js  cf-turnstile  geetest
        name=["']?captcha""",
    "consent": r"consent\.google  guce\.  consent\.yahoo  sp_message_iframe",
    "parked": r"""sedoparking  parkingcrew  bodis\.com  domainparking  hugedomains  dan\.com/
        afternic  above\.com/marketplace  parklogic  href\s*=\s*["']/lander""",
    "login": r"""type=["']?password""",
    "outage": r"""wp-die-message  error establishing a database connection  <b>Fatal error</b>:
        mysqli?_connect\(\)""",
    "missing": r"error-?404  page-?404  not-?found",
}
# In its title, its headline or its text, folded.
SAID = {
    "challenge": r"""just a moment  one moment,? please  attention required
        checking your browser  access denied  ddos-guard  access to this page has been denied
        checking if the site connection  pardon our interruption  ddos protection by
        request unsuccessful  you have been blocked  verify(?:ing)? (?:that )?you are human
        your request is being verified  security check  you are being redirected
        enable java ?script and cookies  جار(?:ي)? التحقق من (?:المتصفح|متصفحك|ان|هويتك)
        (?:يتحقق|نتحقق) (?:الموقع )?من (?:متصفحك|امان|امن|انك|ان)  التحقق من (?:المتصفح|متصفحك)
        (?:يرجي|الرجاء) تفعيل (?:جافا|java ?script)  تم حظر(?:ك| وصولك| عنوان)
        غير مصرح لك بالوصول  لا تملك صلاحيه الوصول  لحظه من فضلك  تحقق امني  فحص امني
        un instant  verification de (?:la securite|votre navigateur)
        verifiez que vous etes humain  acces (?:refuse|interdit)  vous avez ete bloque
        (?:veuillez )?activer java ?script et les cookies  الوصول مرفوض  تم رفض الوصول""",
    "captcha": r"""captcha  i['’]?m not a robot  are you a robot  complete the security check
        انا لست (?:برنامج )?روبوت  لست (?:برنامج )?روبوت  رمز التحقق
        تحقق من انك (?:انسان|لست)  اكتب (?:الاحرف|الحروف)  ادخل (?:الاحرف|الحروف)
        pas un robot  etes-vous un robot""",
    "consent": r"""before you continue  we value your privacy  cookie consent
        accept (?:all )?cookies  (?:we|our partners) use cookies
        قبل (?:ان تتابع|المتابعه)  ملفات تعريف الارتباط  خصوصيتك (?:تهمنا|مهمه)
        نحن نهتم بخصوصيتك  (?:نستخدم|استخدام) .{0,20}(?:الكوكيز|الكوكي|cookies)
        respectons votre vie privee  votre vie privee  utilis\w+ des cookies  tout accepter""",
    "parked": r"""(?:domain|website|site)(?: name)?(?: \S+)? (?:is )?(?:may be )?for sale
        buy this domain
        this domain (?:is|may be)  parked (?:free|domain)  domain (?:name )?(?:has )?expired
        (?:account|website|site|domain) (?:has been |is )?suspended
        (?:النطاق|الدومين|اسم النطاق) (?:معروض )?للبيع
        تم (?:ايقاف|تعليق) (?:هذا )?(?:الموقع|الحساب|حساب الاستضافه)  الموقع (?:موقوف|معلق|محجوز)
        انتهت صلاحيه (?:النطاق|الدومين|اسم النطاق|الاستضافه)  domaine (?:est )?a vendre
        domaine (?:a )?expire  (?:compte|site) (?:a ete |est )?suspendu
        welcome to nginx  apache2? .{0,20}default page  iis windows server  default web site page
        index of /  it works!?""",
    "login": r"""تسجيل الدخول  سجل(?:وا)? الدخول  تسجيل دخول  دخول (?:الاعضاء|المستخدم|المشتركين)
        log ?in  sign ?in  (?:للمشتركين|للاعضاء|للمسجلين) فقط
        اشترك(?:وا)? (?:الان )?(?:لمتابعه|لاكمال) القراءه  subscribe to (?:continue|read)
        for subscribers only  se connecter  connexion  reserve aux abonnes
        abonnez-vous pour (?:lire|continuer)""",
    "outage": r"""under (?:maintenance|construction)  (?:service|site) (?:temporarily )?unavailable
        briefly unavailable for  bad gateway  gateway time-?out  internal server error
        database (?:connection )?error  too many (?:requests|connections)
        establishing a database connection  back soon  runtime error  server error in
        critical error on this  encountered an unexpected error  connection timed out
        web server is down  fatal error  service indisponible
        (?:تحت|اعمال|قيد) الصيانه  الخدمه غير متاحه
        الموقع (?:تحت|قيد) (?:الانشاء|التحديث|التطوير|الصيانه)
        الموقع (?:متوقف|مغلق|غير متاح) .{0,10}(?:الصيانه|موقتا|حاليا)
        موقعنا (?:متوقف|مغلق|غير متاح)  خطا في (?:الخادم|الاتصال|قاعده|انشاء|السيرفر)
        خطا (?:اثناء|عند) (?:الاتصال|الوصول)  خطا (?:حرج|داخلي|غير متوقع)
        نعتذر .{0,60}(?:العطل|الخلل|الصيانه|توقف)  عطل (?:فني|تقني)
        (?:سنعود|نعود) .{0,12}قريبا  (?:site |cours de |en )maintenance  de retour (?:tres )?bientot
        connexion a la base de donnees  erreur (?:interne|fatale|critique|de base)""",
    "missing": r"""(?:الصفحه|المقاله?|الماده|الخبر|المحتوي|الرابط) غير (?:موجوده?|متوفره?|متاحه?)
        لم (?:يتم|نتمكن من) العثور علي (?:الصفحه|المقال|الماده|الخبر|المحتوي|ما تبحث|اي)
        (?:الصفحه|المقال|الخبر) .{0,40}(?:غير موجوده?|غير متوفره?|غير متاحه?|لم تعد? موجوده?)
        تم حذف (?:هذا |هذه )?(?:المقال|الخبر|الصفحه|الماده|المحتوي)
        (?:خطا|error|erreur) 404  \A404\b
        (?:page|article|content|post|story) (?:was |is |could )?not (?:be )?found
        page (?:you .{0,40})?(?:does(?:n't| not)|no longer) exists?
        page (?:introuvable|non trouvee|inexistante)  n['’]existe (?:pas|plus)""",
}
DETAILS = {
    "challenge": "a page that tests browsers stands before the article",
    "captcha": "a captcha stands before the article",
    "consent": "a consent wall stands before the article",
    "parked": "the domain is parked, for sale, suspended or not set up",
    "login": "a log-in page or paywall stands before the article",
    "outage": "the site shows its own outage or maintenance page",
    "missing": "the site says that there is no such page, though with another status",
    "hijacked": "the domain advertises gambling; it is not the newspaper's any more",
}
# Of a domain that somebody else took over: what is advertised, and how people are called to it.
WARES = r"""\bslots?\b  \bgacor\b  \bjudi\b  casino  \btogel\b  \bpoker\b  betting  sportsbook
    jackpot  1xbet  melbet  \bpg ?soft\b  كازينو  مراهنات  سلوتس  روليت  جاكبوت  بلاك ?جاك"""
CALLS = r"""terpercaya  daftar  \bsitus\b  \bbonus  \blogin\b  free spins?  sign ?up  register now
    \bdeposit\b  promo ?code  win real money  مكافاه ترحيبيه  لفات مجانيه  سجل الان  العب الان
    اون ?لاين  رمز (?:ترويجي|العرض)  اربح  سحب سريع  بونص"""
