"""Fictional pages that are more, or less, than an article: live blogs, films, lists, walls, tongues."""

# ruff: noqa: E501 - markup is harder to read cut up than long

from tests.crawler.extract_pages import Case
from tests.crawler.system_pages import (
    OTHERS,
    TITLE_A,
    TITLE_B,
    A,
    B,
    cards,
    document,
    ld,
    lines,
    ps,
)

_MENU = "<header><nav><a href='/'>الرئيسية</a><a href='/e'>اقتصاد</a></nav><span>الخميس 15 فبراير 2024</span></header>"
LONG = OTHERS * 3

_LIVE_LD = Case(
    name="live-blog-json-ld",
    url="https://nakhl.example/news/2024/2/14/storm-live",
    html=document(
        "<title>تغطية مباشرة: العاصفة تضرب الساحل</title>"
        + ld(
            {
                "@context": "https://schema.org",
                "@type": "LiveBlogPosting",
                "headline": "تغطية مباشرة: العاصفة تضرب الساحل",
                "datePublished": "2024-02-14T05:00:00Z",
                "coverageStartTime": "2024-02-14T05:00:00Z",
                "coverageEndTime": "2024-02-15T05:00:00Z",
                "liveBlogUpdate": [
                    {
                        "@type": "BlogPosting",
                        "headline": "انقطاع الكهرباء",
                        "datePublished": "2024-02-14T09:40:00Z",
                        "articleBody": B[0],
                    },
                    {
                        "@type": "BlogPosting",
                        "headline": "إغلاق الميناء",
                        "datePublished": "2024-02-14T08:10:00Z",
                        "articleBody": B[1],
                    },
                ],
            }
        ),
        f"<body>{_MENU}<main><h1>تغطية مباشرة: العاصفة تضرب الساحل</h1><div class='live-blog'><div class='live-entries'>"
        f"<article class='live-entry' id='e2'><div class='entry-time'><time datetime='2024-02-14T09:40:00Z'>11:40</time></div><h2>انقطاع الكهرباء</h2><div class='entry-text'><p>{A[0]}</p></div></article>"
        f"<article class='live-entry' id='e1'><div class='entry-time'><time datetime='2024-02-14T08:10:00Z'>10:10</time></div><h2>إغلاق الميناء</h2><div class='entry-text'><p>{A[1]}</p><p>{A[3]}</p></div></article>"
        f"</div></div></main><aside><h2>الأكثر قراءة</h2>{cards('li', 'h3')}</aside></body>",
    ),
    expected={
        "kind": "liveblog",
        "title": "تغطية مباشرة: العاصفة تضرب الساحل",
        "text": lines("11:40", "انقطاع الكهرباء", A[0], "10:10", "إغلاق الميناء", A[1], A[3]),
        "published_at": "2024-02-14T05:00:00+00:00",
    },
)

_LIVE_ADDRESS = Case(
    name="live-blog-by-its-address",
    url="https://nakhl.example/liveblog/2024/storm",
    html=document(
        "<title>العاصفة لحظة بلحظة</title><meta property='og:type' content='article'>",
        f"<body>{_MENU}<div class='container'><h1>العاصفة لحظة بلحظة</h1><ul class='timeline'>"
        f"<li><span class='time'>11:40 ص</span><div class='update'><h3>انقطاع الكهرباء</h3><p>{A[0]}</p></div></li>"
        f"<li><span class='time'>منذ 3 ساعات</span><div class='update'><h3>إغلاق الميناء</h3><p>{A[1]}</p><p>{A[3]}</p></div></li>"
        f"<li><span class='time'>14 فبراير 08:05</span><div class='update'><p>{A[4]}</p></div></li></ul></div></body>",
    ),
    expected={
        "kind": "liveblog",
        "text": lines(
            "11:40 ص",
            "انقطاع الكهرباء",
            A[0],
            "إغلاق الميناء",
            A[1],
            A[3],
            "14 فبراير 08:05",
            A[4],
        ),
    },
)

_LIVE_MARKED = Case(
    name="live-blog-by-its-title-and-times",
    url="https://nakhl.example/world/7712",
    html=document(
        "<title>مباشر.. تطورات العاصفة على الساحل</title><meta property='og:type' content='article'>",
        f"<body class='liveblog'>{_MENU}<article class='post'><span class='label'>مباشر</span><h1>مباشر.. تطورات العاصفة على الساحل</h1><div class='live-blog-updates'>"
        f"<div class='live-update'><span class='live-update-time'>11:40</span><div class='live-update-body'><p>{A[0]}</p></div></div>"
        f"<div class='live-update'><span class='live-update-time'>10:10</span><div class='live-update-body'><p>{A[1]}</p></div></div>"
        f"<div class='live-update'><span class='live-update-time'>09:30</span><div class='live-update-body'><p>{A[3]}</p></div></div>"
        "</div></article></body>",
    ),
    expected={
        "kind": "liveblog",
        "text": lines("11:40", A[0], "10:10", A[1], "09:30", A[3]),
    },
)

_VIDEO_LD = Case(
    name="video-json-ld",
    url="https://nakhl.example/programs/2024/2/14/raseef",
    html=document(
        f"<title>{TITLE_A}</title>"
        + ld(
            {
                "@context": "https://schema.org",
                "@type": "VideoObject",
                "name": TITLE_A,
                "description": A[0],
                "uploadDate": "2024-02-14T07:20:00Z",
                "duration": "PT2M10S",
                "thumbnailUrl": "https://nakhl.example/v.jpg",
                "contentUrl": "https://nakhl.example/v.mp4",
            }
        ),
        f"<body>{_MENU}<main><div class='player'><video src='/v.mp4'></video></div><h1>{TITLE_A}</h1><div class='video-date'>14 فبراير 2024</div><div class='video-description'><p>{A[0]}</p></div><h2>فيديوهات أخرى</h2>{cards('li', 'h3')}</main></body>",
    ),
    expected={
        "kind": "video",
        "title": TITLE_A,
        "text": A[0],
        "published_on": "2024-02-14",
        "image_url": "https://nakhl.example/v.jpg",
    },
)

_VIDEO_OG = Case(
    name="video-open-graph",
    url="https://nakhl.example/video/1231/raseef",
    html=document(
        f"<title>بالفيديو: {TITLE_A}</title><meta property='og:type' content='video.other'><meta property='og:video' content='https://nakhl.example/v.mp4'>",
        f"<body>{_MENU}<h1>بالفيديو: {TITLE_A}</h1><div class='embed'><iframe src='https://www.youtube.com/embed/x'></iframe></div><div class='desc'>{A[1]}</div></body>",
    ),
    expected={"kind": "video", "text": A[1]},
)

_GALLERY = Case(
    name="gallery-with-captions",
    url="https://nakhl.example/galleries/2024/2/14/raseef",
    html=document(
        f"<title>رأس النخل بعيون مصوريها</title>{ld({'@context': 'https://schema.org', '@type': 'ImageGallery', 'name': 'رأس النخل بعيون مصوريها', 'datePublished': '2024-02-14T07:20:00Z'})}",
        f"<body>{_MENU}<h1>رأس النخل بعيون مصوريها</h1><p class='gallery-intro'>{A[0]}</p><div class='slides'>"
        + "".join(
            f"<div class='slide'><img src='/{n}.jpg' width='900'><div class='slide-text'>{one}</div></div>"
            for n, one in enumerate(B)
        )
        + "</div></body>",
    ),
    expected={
        "kind": "gallery",
        "title": "رأس النخل بعيون مصوريها",
        "published_at": "2024-02-14T07:20:00+00:00",
    },
)

_FILM_INSIDE = Case(
    name="article-with-a-film",
    url="https://nakhl.example/economy/771/raseef",
    html=document(
        f"<title>{TITLE_A}</title><meta property='og:type' content='article'><meta property='og:video' content='https://nakhl.example/v.mp4'>"
        + ld(
            {
                "@context": "https://schema.org",
                "@type": "VideoObject",
                "name": TITLE_A,
                "uploadDate": "2024-02-14",
            }
        ),
        f"<body>{_MENU}<article><h1>{TITLE_A}</h1><time datetime='2024-02-14T07:20:00Z'></time><div class='article-body'>{ps(A)}</div></article></body>",
    ),
    expected={"kind": "article", "text": lines(A)},
)

_SECTIONS = tuple(
    Case(
        name=name,
        url=url,
        html=html,
        expected={"kind": "section", "text": "", "title": None, "published_on": None},
    )
    for name, url, html in (
        (
            "front-page-with-leads",
            "https://nakhl.example/",
            document(
                "<title>صوت النخل - أخبار الساحل</title><meta property='og:type' content='website'><meta name='description' content='صحيفة يومية'>",
                f"<body>{_MENU}<h1>صوت النخل</h1><div class='lead'><h2><a href='/n/1'>{TITLE_A}</a></h2><p>{A[0]}</p></div>"
                + "".join(
                    f"<div class='card'><h3><a href='/n/{n}'>{one}</a></h3><p>{B[n % 5]}</p></div>"
                    for n, one in enumerate(LONG)
                )
                + "</body>",
            ),
        ),
        (
            "category-with-excerpts",
            "https://nakhl.example/category/economy/",
            document(
                "<title>اقتصاد - صوت النخل</title><meta property='og:type' content='object'>",
                f"<body class='archive category'>{_MENU}<h1 class='page-title'>اقتصاد</h1>"
                + "".join(
                    f"<article class='post'><h2 class='entry-title'><a href='/n/{n}'>{one}</a></h2><time datetime='2024-02-1{n % 5}'>1{n % 5} فبراير 2024</time><div class='entry-summary'><p>{A[n % 5]}</p></div></article>"
                    for n, one in enumerate(LONG)
                )
                + "</body>",
            ),
        ),
        (
            "section-without-a-telling-address",
            "https://nakhl.example/economy",
            document(
                "<title>أخبار الاقتصاد | صوت النخل</title><meta property='og:type' content='website'>",
                f"<body>{_MENU}<main><h1>اقتصاد</h1>"
                + "".join(
                    f"<div class='card'><a href='/economy/2024/{n}'><h3>{one}</h3><p>{A[n % 5]}</p></a><span>14 فبراير 2024</span></div>"
                    for n, one in enumerate(LONG)
                )
                + "</main></body>",
            ),
        ),
        (
            "author-page",
            "https://nakhl.example/author/hala",
            document(
                "<title>هالة الشامي - صوت النخل</title><meta property='og:type' content='profile'>",
                f"<body>{_MENU}<main><h1>هالة الشامي</h1><p>صحفية تكتب في الاقتصاد المحلي منذ عشر سنوات وتقيم في رأس النخل وتدرس الاقتصاد في جامعتها.</p>"
                + "".join(
                    f"<div class='card'><h3><a href='/n/{n}'>{one}</a></h3></div>"
                    for n, one in enumerate(LONG)
                )
                + "</main></body>",
            ),
        ),
        (
            "search-results",
            "https://nakhl.example/search?q=x",
            document(
                "<title>نتائج البحث عن: ميناء</title>",
                f"<body>{_MENU}<h1>نتائج البحث</h1><ul>{cards('li', 'h3', '<p>مقتطف طويل من خبر يتحدث عن الميناء والسفن والبضائع التي وصلت هذا الأسبوع.</p>')}{cards('li', 'h3')}</ul></body>",
            ),
        ),
        (
            "tag-page",
            "https://nakhl.example/tags/ports",
            document(
                "<title>موانئ</title>",
                f"<body>{_MENU}<h1>موانئ</h1>{cards('div', 'h2')}{cards('div', 'h2')}</body>",
            ),
        ),
    )
)

_OTHERS = tuple(
    Case(
        name=name,
        url=url,
        html=html,
        expected={"kind": "other", "published_on": None, "problems": problems},
    )
    for name, url, html, problems in (
        (
            "not-found-page",
            "https://nakhl.example/economy/2024/1/1/gone",
            document(
                "<title>الصفحة غير موجودة | صوت النخل</title>",
                f"<body>{_MENU}<h1>404</h1><p>عذراً، الصفحة التي تبحث عنها غير موجودة.</p></body>",
            ),
            ("missing",),
        ),
        (
            "cloudflare-challenge",
            "https://nakhl.example/economy/1",
            "<!DOCTYPE html><html lang='en-US'><head><title>Just a moment...</title><meta http-equiv='refresh' content='360'></head><body><div class='main-wrapper'><noscript><div class='h2'>Enable JavaScript and cookies to continue</div></noscript></div><script>(function(){window._cf_chl_opt={cvId:'3'};}());</script></body></html>",
            ("challenge",),
        ),
        (
            "arabic-cookie-wall",
            "https://nakhl.example/economy/1",
            document(
                "<title>نحن نهتم بخصوصيتك</title>",
                "<body><div class='cmp'><h1>نحن نهتم بخصوصيتك</h1><p>نستخدم نحن وشركاؤنا ملفات تعريف الارتباط لتخزين المعلومات على الجهاز والوصول إليها، ونعالج البيانات الشخصية.</p><button>موافق</button></div></body>",
            ),
            ("consent",),
        ),
        (
            "subscriber-login",
            "https://nakhl.example/economy/1",
            document(
                "<title>تسجيل الدخول - صوت النخل</title>",
                "<body><form><h1>تسجيل الدخول</h1><label>البريد الإلكتروني</label><input type='email'><label>كلمة المرور</label><input type='password'><button>دخول</button></form></body>",
            ),
            ("login",),
        ),
        (
            "own-outage",
            "https://nakhl.example/economy/1",
            document(
                "<title>صوت النخل</title>",
                "<body><img src='/logo.png'><h1>الموقع تحت الصيانة</h1><p>نعتذر لقرائنا، سنعود قريباً.</p></body>",
            ),
            ("outage",),
        ),
        (
            "wordpress-database-error",
            "https://nakhl.example/economy/1",
            "<!DOCTYPE html><html><head><title>Database Error</title></head><body><h1>Error establishing a database connection</h1></body></html>",
            ("outage",),
        ),
        (
            "parked-domain",
            "https://nakhl.example/economy/1",
            "<html><head><title>nakhl.example - This website is for sale! - nakhl Resources and Information.</title></head><body><div id='sedoparking'><h1>nakhl.example</h1><p>The domain nakhl.example may be for sale. Click here to inquire about this domain.</p></div></body></html>",
            ("parked",),
        ),
        (
            "suspended-account",
            "https://nakhl.example/economy/1",
            "<html><head><title>Account Suspended</title></head><body><h1>Account Suspended</h1><p>This Account has been suspended. Contact your hosting provider for more information.</p></body></html>",
            ("parked",),
        ),
        (
            "hijacked-domain",
            "https://nakhl.example/economy/1",
            "<html lang='en'><head><title>Best Online Casino 2024 | Play Slots</title><meta name='robots' content='index'></head><body><h1>Best Online Casino</h1><a href='/p'>Play now</a></body></html>",
            ("no-text",),
        ),
        (
            "captcha",
            "https://nakhl.example/economy/1",
            document(
                "<title>التحقق الأمني</title>",
                "<body><p>يرجى إثبات أنك لست روبوتاً</p><div class='g-recaptcha' data-sitekey='x'></div><script src='https://www.google.com/recaptcha/api.js'></script></body>",
            ),
            ("captcha",),
        ),
    )
)

FA = (
    "رئیس سازمان بنادر اعلام کرد که اسکلهٔ جنوبی بندر نخلستان پس از سه سال دوباره باز شد و کشتی‌ها پهلو گرفتند.",
    "او گفت این اسکله روزانه شش کشتی را می‌پذیرد که دو برابر گذشته است و هزینه‌ها افزایش نخواهد یافت.",
    "مرحلهٔ دوم این طرح نیز در بهار آینده آغاز می‌شود و برای آن بودجه‌ای در نظر گرفته شده است.",
)
UR = (
    "بندرگاہوں کے ادارے نے اعلان کیا ہے کہ جنوبی گھاٹ تین سال بعد دوبارہ کھول دیا گیا ہے اور جہاز آنے لگے ہیں۔",
    "ادارے کے سربراہ نے کہا کہ یہاں روزانہ چھ جہاز آ سکیں گے، جو پہلے سے دگنی تعداد ہے۔",
    "منصوبے کا دوسرا مرحلہ اگلے موسم بہار میں شروع ہوگا، جس کے لیے رقم مختص کر دی گئی ہے۔",
)
CKB = (
    "بەڕێوەبەری بەندەرەکان ڕایگەیاند کە شۆستەی باشوور دوای سێ ساڵ کرایەوە و کەشتییەکان گەیشتن.",
    "ئەو گوتی ڕۆژانە شەش کەشتی وەردەگیرێن، کە دوو هێندەی پێشووە و باجەکان زیاد ناکرێن.",
    "قۆناغی دووەمی پڕۆژەکە لە بەهاری داهاتوودا دەست پێ دەکات و بودجەی بۆ دابین کراوە.",
)
FR = (
    "L'autorité portuaire a annoncé mercredi la réouverture du quai sud, fermé depuis trois ans après la tempête.",
    "Le quai accueillera six navires par jour, soit deux fois plus qu'avant, a précisé son directeur.",
    "La deuxième phase du projet doit commencer au printemps prochain, selon la même source.",
)
EN = (
    "The port authority said on Wednesday that the southern quay had reopened, three years after the storm.",
    "It will take six ships a day, twice as many as before, its director told reporters at the site.",
    "The second phase of the project is due to begin next spring, according to the same source.",
)
_TONGUES = tuple(
    Case(
        name=f"in-{language}",
        url=f"https://nakhl.example/{language}/news/771",
        html=document(
            f"<title>{paragraphs[0][:50]}</title><meta property='og:type' content='article'><meta property='og:locale' content='ar_AR'><meta property='article:published_time' content='2024-02-14T07:20:00Z'>",
            f"<body>{_MENU}<article><h1>{paragraphs[0][:50]}</h1><div class='entry-content'>{ps(paragraphs)}</div></article></body>",
        ),
        expected={
            "language": language,
            "text": lines(paragraphs),
            "kind": "article",
            "published_on": "2024-02-14",
        },
    )
    for language, paragraphs in (("fa", FA), ("ur", UR), ("ckb", CKB), ("fr", FR), ("en", EN))
)


def _bytes(charset: str, meta: str) -> bytes:
    html = (
        f"<html dir=rtl><head>{meta}<title>{TITLE_B} - صوت النخل</title></head><body bgcolor=white>"
        f"<table width=100%><tr><td><a href='/'>الرئيسية</a> | <a href='/e'>اقتصاد</a></td></tr></table><table><tr><td class=sidebar><ul>{cards('li', 'b')}</ul></td>"
        f"<td><h1>{TITLE_B}</h1><font size=2 color=gray>13/2/2024</font><br>{''.join(f'<p align=justify><font face=Tahoma>{one}</font></p>' for one in B)}"
        "<p>حقوق الطبع محفوظة © صوت النخل 2024</p></td></tr></table></body></html>"
    )
    return html.encode(charset, "xmlcharrefreplace")


_WIN = "<meta http-equiv='Content-Type' content='text/html; charset=windows-1256'>"
_CHARSETS = tuple(
    Case(
        name=name,
        html=_bytes(charset, meta),
        url="https://nakhl.example/news.asp?id=771",
        expected={
            "title": TITLE_B,
            "text": lines(B),
            "published_on": "2024-02-13",
            "language": "ar",
            "problems": problems,
        },
    )
    for name, charset, meta, problems in (
        ("windows-1256-declared", "cp1256", _WIN, ()),
        ("windows-1256-undeclared", "cp1256", "", ()),
        ("windows-1256-called-utf-8", "cp1256", "<meta charset=utf-8>", ("charset",)),
        ("windows-1256-called-latin-1", "cp1256", "<meta charset=iso-8859-1>", ("charset",)),
        ("iso-8859-6-declared", "iso8859_6", "<meta charset=iso-8859-6>", ()),
        ("iso-8859-6-undeclared", "iso8859_6", "", ()),
        ("iso-8859-6-called-windows-1256", "iso8859_6", _WIN, ("charset",)),
        ("utf-8-called-windows-1256", "utf-8", _WIN, ("charset",)),
        ("utf-8-with-a-mark", "utf-8-sig", _WIN, ()),
        ("utf-16", "utf-16", "", ()),
    )
)

CASES = (
    _LIVE_LD,
    _LIVE_ADDRESS,
    _LIVE_MARKED,
    _VIDEO_LD,
    _VIDEO_OG,
    _GALLERY,
    _FILM_INSIDE,
    *_SECTIONS,
    *_OTHERS,
    *_TONGUES,
    *_CHARSETS,
)
