"""Small fictional pages in the layouts of Arabic newspapers and agencies, each with what it says."""

# ruff: noqa: E501 - paragraphs and markup are harder to read cut up than long

from tests.crawler.extract_pages import P1, P2, P3, P4, TEASERS, TEXT, TITLE, Case, page, ps

PS = (P1, P2, P3, P4)
QUOTE = "«البحر لا ينتظر أحداً»"
STAND = "السوق الجديد يضم ثمانين محلاً ومخزناً مبرداً ومطعماً صغيراً على الرصيف"

UNSEEN = (
    Case(
        name="player-and-share-bar-in-the-body",
        html=page(
            f"<main><h1>{TITLE}</h1><p class='article__standfirst'>{STAND}</p>"
            "<div class='x-a1'><span>26 ديسمبر 2023 - 10:15 بتوقيت بيروت</span> <span>مدة القراءة: 3 دقائق</span></div>"
            "<div class='x-b2'><span>استمع إلى المقال</span> <span>00:00 / 03:21</span> <span>1x</span></div>"
            "<div class='x-c3'><span>فيسبوك</span> <span>تويتر</span> <span>نسخ الرابط</span> <span>أ+</span> <span>أ-</span></div>"
            f"<div class='x-d4'>{ps(*PS)}</div></main>"
        ),
        expected={
            "deck": STAND,
            "published_at": "2023-12-26T08:15:00+00:00",
            "published_from": "dateline",
        },
    ),
    Case(
        name="everything-in-one-container",
        html=page(
            f"<div class='node'><h1>{TITLE}</h1><div>منذ 3 أيام · 118 كلمة · 1,204 مشاهدة</div>"
            "<div><a href='#'>طباعة</a> <a href='#'>إرسال إلى صديق</a></div>"
            f"{ps(*PS)}<p>حقوق إعادة النشر محفوظة للمشتركين في خدمات الوكالة.</p></div>"
        ),
        expected={"published_on": None, "problems": ("date-age",)},
    ),
    Case(
        name="age-with-epoch",
        html=page(
            "<ol class='breadcrumb'><li class='breadcrumb-item'><a href='/local'>محليات</a></li>"
            f"<li class='breadcrumb-item active'>خبر رقم 12</li></ol><h2 class='wire-title'>{TITLE}</h2>"
            "<div class='wire-info'><i></i> <span class='ago' data-livestamp='1703578500'>منذ 3 أيام</span> "
            "<span class='writer'>كتب: سليم الرفاعي</span> <span>118 كلمة</span></div>"
            f"<div class='wire-body'><p>عمّان (بترا) - {P1}</p>{ps(P2, P3, P4)}</div>"
            "<div class='wire-tags'><span class='badge'>صيد</span> <span class='badge'>أسواق</span></div>"
            "<div class='alert'>حقوق إعادة النشر محفوظة للمشتركين. للاشتراك تواصلوا مع دائرة التسويق.</div>"
        ),
        expected={
            "text": f"عمّان (بترا) - {P1}\n{P2}\n{P3}\n{P4}",
            "dateline": "عمّان (بترا)",
            "section": "محليات",
            "tags": ("صيد", "أسواق"),
            "authors": ("سليم الرفاعي",),
            "published_at": "2023-12-26T08:15:00+00:00",
            "published_from": "time",
        },
    ),
    Case(
        name="milliseconds-in-data-timestamp",
        html=page(
            f"<h1>{TITLE}</h1><div class='meta'><span data-timestamp='1703578500000'>26 ديسمبر</span></div>"
            f"<div class='article-body'>{ps(*PS)}</div>"
        ),
        expected={"published_on": None},
    ),
    Case(
        name="data-published",
        html=page(
            f"<h1>{TITLE}</h1><div><span data-published-at='2023-12-26T08:15:00Z'></span></div>"
            f"<div class='article-body'>{ps(*PS)}</div>"
        ),
        expected={"published_at": "2023-12-26T08:15:00+00:00"},
    ),
    Case(
        name="two-calendars-and-a-french-clock",
        html=page(
            f"<h1>{TITLE}</h1><div class='story_stamp'><span>جريدة الساحل - مها العلي</span><br>"
            "<span>الثلاثاء 13 جمادى الآخرة 1445 هـ الموافق 26 دجنبر 2023، 10س15</span></div>"
            f"<div id='article_body'>{ps(*PS)}</div><div class='mots-cles'>وسوم : <a href='/t/1'>صيد</a>، <a href='/t/2'>أسواق</a></div>"
            "<div class='suivez'>تابعوا آخر الأخبار من الساحل على <a href='/f'>Facebook</a> و <a href='/w'>WhatsApp</a></div>"
        ),
        expected={"published_at": "2023-12-26T08:15:00+00:00", "tags": ("صيد", "أسواق")},
    ),
    Case(
        name="agency-with-day-in-its-dateline",
        html=page(
            f"<h1>{TITLE}</h1><div class='news-body'><p>المرجان في 26 ديسمبر / وام / {P1}</p>{ps(P2, P3, P4)}"
            "<p>وام/سالم/مها</p></div>"
        ),
        expected={"text": f"المرجان في 26 ديسمبر / وام / {P1}\n{P2}\n{P3}\n{P4}\nوام/سالم/مها"},
    ),
    Case(
        name="petra",
        html=page(
            f"<h1>{TITLE}</h1><div class='news-body'><p>عمان 26 كانون الأول (بترا)-- {P1}</p>{ps(P2, P3, P4)}</div>"
        ),
        expected={
            "text": f"عمان 26 كانون الأول (بترا)-- {P1}\n{P2}\n{P3}\n{P4}",
            "dateline": "عمان 26 كانون الأول (بترا)",
        },
    ),
    Case(
        name="sana",
        html=page(f"<h1>{TITLE}</h1><div class='entry-content'>{ps('دمشق-سانا', *PS)}</div>"),
        expected={"dateline": "دمشق-سانا"},
    ),
    Case(
        name="spa",
        html=page(
            f"<h1>{TITLE}</h1><div class='article-text'>{ps('الرياض 13 جمادى الآخرة 1445 هـ الموافق 26 ديسمبر 2023 م واس', *PS)}</div>"
        ),
        expected={"dateline": "الرياض 13 جمادى الآخرة 1445 هـ الموافق 26 ديسمبر 2023 م واس"},
    ),
    Case(
        name="a-paper-nobody-knows",
        html=page(f"<h1>{TITLE}</h1><div class='story-text'>{ps('بيروت - المدن', *PS)}</div>"),
        expected={"dateline": "بيروت - المدن"},
    ),
    Case(
        name="boxes-inside",
        html=page(
            f"<h1>{TITLE}</h1><div class='article__content'>{ps(P1)}"
            "<div class='newsletter-box'><p>سجّل بريدك ليصلك موجز الصباح من غرفة الأخبار كل يوم قبل الثامنة.</p></div>"
            f"{ps(P2)}<div class='poll'><p>هل تؤيد نقل السوق إلى الرصيف الشرقي؟</p><p>نعم</p><p>لا</p></div>"
            f"<h3>1. انتظار طويل</h3><blockquote class='pull-quote'><p>{QUOTE}</p></blockquote>{ps(P3)}"
            "<ol><li>ثمانون محلاً</li><li>مخزن مبرد</li></ol>"
            f"<div class='wp-caption'><img src='a.jpg'><p class='wp-caption-text'>السوق صباحاً</p></div>{ps(P4)}"
            "<p>تصويب: ورد في نسخة سابقة من هذا الخبر أن السوق يضم تسعين محلاً.</p>"
            "<p>المصدر: وكالات</p></div>"
        ),
        expected={
            "text": f"{P1}\n{P2}\n1. انتظار طويل\n{QUOTE}\n{P3}\nثمانون محلاً\nمخزن مبرد\n{P4}\n"
            "تصويب: ورد في نسخة سابقة من هذا الخبر أن السوق يضم تسعين محلاً.",
        },
    ),
    Case(
        name="lead-in-json-ld-only",
        html=page(
            f"<h1>{TITLE}</h1><div class='Article_body__x1'>{ps(P2, P3, P4)}</div>",
            """<script type="application/ld+json">{"@type":"NewsArticle","headline":"TITLE","description":"LEAD","articleBody":"BODY"}</script>""".replace(
                "TITLE", TITLE
            )
            .replace("LEAD", P1)
            .replace("BODY", TEXT.replace("\n", "\\n")),
        ),
    ),
    Case(
        name="body-in-two-parts",
        html=page(
            f"<h1>{TITLE}</h1><div class='row'><div class='article-text'>{ps(P1, P2, P3)}</div><div class='ad'>إعلان</div>"
            f"<div class='article-text'>{ps(P4)}</div></div>"
        ),
    ),
    Case(
        name="hijri-and-arabic-digits",
        html=page(
            f"<div class='post'><h1>{TITLE}</h1><ul class='info'><li>الثلاثاء - ١٣ جمادى الآخرة ١٤٤٥ هـ - ٢٦ ديسمبر ٢٠٢٣ مـ</li>"
            f"<li>مها العلي</li></ul><div class='post-body'>{ps(*PS)}</div></div>"
        ),
        expected={"published_on": "2023-12-26"},
    ),
    Case(
        name="published-and-updated-in-one-line",
        html=page(
            f"<h1>{TITLE}</h1><p class='dates'>نُشر: 26 ديسمبر 2023، 10:15 ص آخر تحديث: 27 ديسمبر 2023، 09:00 م</p>"
            f"<div class='post-content'>{ps(*PS)}</div>"
        ),
        expected={
            "published_at": "2023-12-26T08:15:00+00:00",
            "modified_at": "2023-12-27T19:00:00+00:00",
        },
    ),
    Case(
        name="amp",
        html=page(
            f"<article><h1 class='amp-title'>{TITLE}</h1><div class='amp-meta'>بقلم مها العلي | 26 ديسمبر 2023 | 10:15</div>"
            f"<amp-img src='/a.jpg'></amp-img><div class='amp-body'>{ps(P1, P2)}<amp-ad width='300'></amp-ad>{ps(P3, P4)}</div></article>"
        ),
        expected={"published_at": "2023-12-26T08:15:00+00:00", "authors": ("مها العلي",)},
    ),
    Case(
        name="related-between-paragraphs",
        html=page(
            f"<h1>{TITLE}</h1><div class='td-post-content'>{ps(P1)}<p><a href='/x'>طالع أيضاً: أسعار السمك ترتفع في المرجان</a></p>{ps(P2)}"
            "<p><strong>نرشح لك:</strong> <a href='/y'>خط حافلات جديد في المدينة</a></p>"
            f"{ps(P3)}<ul class='wp-block-latest-posts'>{TEASERS}</ul>{ps(P4)}</div>"
        ),
    ),
    Case(
        name="a-region-to-skip",
        html=page(
            f"<main role='main'><h1>{TITLE}</h1><time datetime='2023-12-26'>26 ديسمبر/ كانون الأول 2023</time>"
            f"<div dir='rtl'>{ps(P1)}</div><div dir='rtl'>{ps(P2)}</div>"
            "<section role='region' aria-label='تخطى البودكاست وواصل القراءة'><p>حديث الصيادين</p>"
            "<p>بودكاست أسبوعي عن البحر وأهله، من تقديم مها العلي وإعداد سليم الرفاعي.</p></section>"
            f"<div dir='rtl'>{ps(P3)}</div><div dir='rtl'>{ps(P4)}</div></main>"
        ),
        expected={"published_on": "2023-12-26"},
    ),
    Case(
        name="place-writer-and-agency",
        html=page(
            f"<h1>{TITLE}</h1><span class='tarih'>26.12.2023 - محدث : 27.12.2023</span>"
            f"<div class='detay-icerik'>{ps('بيروت/ مها العلي/ الأناضول', *PS)}<p>الأخبار المنشورة على الصفحة الرسمية "
            "للوكالة هي اختصار لجزء من الأخبار التي تُعرض للمشتركين.</p></div>"
        ),
        expected={"authors": ("مها العلي", "الأناضول"), "published_on": "2023-12-26"},
    ),
    Case(
        name="day-and-time-in-an-element-each",
        html=page(
            f"<article><h1>{TITLE}</h1><div class='m'><span>26/12/2023</span><span>10:15 ص</span></div>"
            f"<div class='post-content'>{ps(*PS)}<p>إذا كنت تعتقد أن المقال يحوي معلومات خاطئة أرسل تصحيحاً</p>"
            "</div></article>"
        ),
        expected={"published_at": "2023-12-26T08:15:00+00:00"},
    ),
)
